// Package collector turns a plan into evidence.
//
// [Collect] runs what was planned, each command once: commands of different lanes
// side by side, unknown ones alone and in order. Each result is written as soon as
// it is there, so that whatever happens, what was collected stays readable and says
// that it is incomplete. Then the commits are verified.
package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// Errors that a caller can explain.
var (
	ErrWriteToken = errors.New("this job holds a token that can write, and its event can be caused by a stranger")
	ErrLocked     = errors.New("another run works in this repository")
)

// Options say what is collected, and where.
type Options struct {
	Root     string // absolute, the work tree's root
	Trackers []*tracker.Tracker
	Policy   *policy.Policy // nil: the defaults
	Plan     *plan.Plan
	Dir      string // the bundle's folder; made if need be
	Jobs     int    // lanes side by side; 0: the policy's, else two
	Progress func(Event)

	EveryLine bool // Progress is told every line of output, not one from time to time

	At       string        // a revision whose clean checkout is used; empty: the work tree
	Baseline string        // a revision at which failing commands run as well
	Reuse    time.Duration // how old a pass of an earlier run may be; 0: none is reused
	Resume   bool          // Dir holds a run that was interrupted
	Fetch    bool          // fetch missing history with git
	Head     string        // see checkpoint.Options
	Base     string
	Seen     []string // commits that an earlier run found in the history

	ToolVersion string
	Program     string // the file of a program that calls command.WitnessMain; empty: this one
}

// EventKind says what happened.
type EventKind string

// The events of a run.
const (
	EventStart EventKind = "start" // a command starts
	EventLine  EventKind = "line"  // it wrote a line; see Options.EveryLine
	EventEnd   EventKind = "end"   // it ended
	EventKept  EventKind = "kept"  // it ended before the interruption of the run that is resumed
	EventNote  EventKind = "note"  // something else that a person wants to know
)

// Event is something that happened during a run.
type Event struct {
	Kind     EventKind
	Key      string
	Lane     string
	Packet   string // the first packet that requires the command
	Line     string
	Expected func() time.Duration // for EventStart: how long it took last time; 0: not known
	Command  *evidence.Command    // for EventEnd
}

// run is one run while it goes on.
type run struct {
	Options
	environment command.Environment
	secrets     *command.Secrets
	witness     *command.Witness
	where       string // the folder that commands run in
	bundle      *evidence.Bundle
	journal     *journal
	tree        *treeWatch
	tracked     tracked
	past        *history
}

var fullHash = lazyregexp.New(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// Collect collects evidence into o.Dir and returns it. The error is about verdict
// itself; whatever a command does is evidence. After an interruption the bundle is
// returned as it is, with Complete false.
func Collect(ctx context.Context, o Options) (_ *evidence.Bundle, err error) {
	if o.Policy == nil {
		o.Policy = policy.Default()
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	if err := mayExecute(os.Getenv); err != nil {
		return nil, err
	}
	for _, rev := range []struct{ option, name string }{{"at", o.At}, {"baseline", o.Baseline}, {"head", o.Head}} {
		if rev.name == "" || rev.option == "head" && (o.Fetch || fullHash.MatchString(rev.name)) { // a clone may leave it out
			continue
		}
		if err := checkpoint.HasRevision(o.Root, rev.name); err != nil { // before anything runs
			return nil, fmt.Errorf("find revision of --%s: %w", rev.option, err)
		}
	}
	unlock, err := prepare(&o)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r := &run{Options: o, where: o.Root}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.journal.close()) }()
	if o.Policy.Commands.RunTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Policy.Commands.RunTimeout)
		defer cancel()
	}
	if o.At != "" {
		remove, err := r.checkOut(ctx)
		if err != nil {
			return nil, err
		}
		defer remove()
	}
	r.verifyCommits(ctx) // before anything runs that could write to the repository
	if r.setUp(ctx) {
		r.runAll(ctx)
		r.baseline(ctx)
		r.besideCompiled(ctx)
	}
	return r.bundle, r.finish(ctx)
}

// mayExecute refuses to run anything where a stranger's code could meet a token
// that can write.
func mayExecute(getenv func(string) string) error {
	switch getenv("GITHUB_EVENT_NAME") {
	case "pull_request_target", "workflow_run", "issue_comment":
		for _, name := range []string{"GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"} {
			if getenv(name) != "" {
				return fmt.Errorf("run commands on event %s with %s: %w", getenv("GITHUB_EVENT_NAME"), name, ErrWriteToken)
			}
		}
	}
	return nil
}

// start gathers what holds for the whole run.
func (r *run) start(ctx context.Context) error {
	c := &r.Policy.Commands
	r.environment = command.NewEnvironment(os.Environ(), c.PassThrough, c.Secrets, c.Environment)
	r.secrets = command.NewSecrets(append(r.environment.Secrets, r.Plan.Secrets...))
	program := r.Program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
	}
	r.witness = command.NewWitness(program, filepath.Join(r.Dir, "witness"))
	tools := make(chan []evidence.Tool, 1)
	go func() { tools <- toolVersions(ctx, r.Plan, r.environment.Env) }() // they take their time
	subject, err := checkpoint.Subject(ctx, r.Root, r.ignored())
	if err != nil {
		return err
	}
	for _, t := range r.Trackers {
		subject.Trackers = append(subject.Trackers, evidence.FileRef{Path: t.Path, SHA256: t.SHA256})
	}
	if r.Policy.Path != "" {
		subject.Policy = &evidence.FileRef{Path: r.Policy.Path, SHA256: r.Policy.SHA256}
	}
	r.bundle = &evidence.Bundle{
		Schema: evidence.Schema, Tool: evidence.Tool{Name: "verdict", Version: r.ToolVersion}, Started: time.Now().UTC(), Subject: subject,
		Commands: []evidence.Command{}, Origin: originOf(os.Getenv),
	}
	r.bundle.Environment = evidence.Environment{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Locale: "C.UTF-8", SetAside: r.environment.SetAside, Set: r.environment.Set, Others: r.environment.Digest(),
		Tools: <-tools,
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		r.bundle.Environment.CI = "github-actions"
	}
	r.past = readHistory(filepath.Dir(r.Dir), r.Dir)
	if r.Reuse > 0 {
		r.past.read() // before there are commands that could write one
	}
	if r.Resume {
		if err := r.resume(); err != nil {
			return err
		}
	}
	if err := evidence.Write(r.Dir, r.bundle); err != nil {
		return err
	}
	r.journal, err = openJournal(r.Dir)
	return err
}

// ignored are the paths that never make the work tree differ from the commit.
func (r *run) ignored() []string {
	paths := []string{".verdict/"}
	for _, t := range r.Trackers {
		paths = append(paths, t.Path)
	}
	return paths
}

// resume takes over what an interrupted run had collected, if it was about the
// same thing.
func (r *run) resume() error {
	old, err := evidence.ReadRecord(r.Dir)
	if err != nil {
		return fmt.Errorf("resume run: %w", err)
	}
	if old.Altered {
		return fmt.Errorf("resume run: %s was changed after it was written; start a new run", filepath.Join(r.Dir, evidence.FileName))
	}
	now := &r.bundle.Subject
	if old.Subject.Commit != now.Commit || old.Subject.Worktree.State != now.Worktree.State || !slices.Equal(old.Subject.Trackers, now.Trackers) {
		return fmt.Errorf("resume run: the work tree or the tracker is not what it was; start a new run")
	}
	done, err := readJournal(r.Dir)
	if err != nil {
		return fmt.Errorf("resume run: %w", err)
	}
	for _, c := range append(old.Commands, done...) {
		if r.bundle.Command(c.Key) == nil && c.Outcome != evidence.Canceled && c.Outcome != evidence.NotRun && c.Outcome != "" {
			r.bundle.Commands = append(r.bundle.Commands, c)
		}
	}
	return nil
}

// checkOut makes a clean checkout of the revision that the run is about.
func (r *run) checkOut(ctx context.Context) (func(), error) {
	dir, err := os.MkdirTemp("", "verdict-at-")
	if err != nil {
		return nil, fmt.Errorf("check out %s: %w", r.At, err)
	}
	remove := func() { os.RemoveAll(dir) }
	r.Progress(Event{Kind: EventNote, Line: "checking out " + r.At})
	if _, err := checkpoint.Checkout(ctx, r.Root, r.At, dir); err != nil {
		remove()
		return nil, err
	}
	subject, err := checkpoint.Subject(ctx, dir, nil)
	if err != nil {
		remove()
		return nil, err
	}
	s := &r.bundle.Subject
	s.Commit, s.Tree, s.Worktree, s.CleanCheckout, s.Branch = subject.Commit, subject.Tree, subject.Worktree, true, ""
	r.where = dir
	return remove, nil
}

// setUp runs the policy's set-up commands in a clean checkout. Where one fails,
// nothing else can be evaluated.
func (r *run) setUp(ctx context.Context) bool {
	if r.where == r.Root {
		return true
	}
	for i, text := range r.Policy.Commands.Setup {
		c := &plan.Build(nil, setupPolicy(r.Policy.Commands.Timeout, text)).Commands[0]
		r.Progress(Event{Kind: EventStart, Key: c.Key})
		e := r.runOne(ctx, c, fmt.Sprintf("setup-%d", i+1), r.where)
		r.bundle.Setup = append(r.bundle.Setup, e)
		r.Progress(Event{Kind: EventEnd, Key: c.Key, Command: &e})
		if e.Outcome != evidence.Exited || e.ExitCode != 0 {
			for j := range r.Plan.Commands {
				pc := &r.Plan.Commands[j]
				r.add(evidence.Command{
					Key: pc.Key, Text: pc.Text, Dir: pc.Dir, Lane: pc.Lane, Outcome: evidence.StartFailed, ExitCode: -1, NotEvaluated: true, Steps: []evidence.Step{},
					Reason: "the set-up command failed: " + c.Key,
				})
			}
			return false
		}
	}
	return true
}

// verifyCommits asks the repository about the checkpoints.
func (r *run) verifyCommits(ctx context.Context) {
	o := checkpoint.Options{Head: r.Head, At: r.bundle.Subject.Commit, Base: r.Base, Fetch: r.Fetch, Previous: r.Seen, Policy: r.Policy.Path, Signed: r.Policy.Checkpoints.Signed, KeyRing: r.Policy.Checkpoints.KeyRing, AllowedSigners: r.Policy.Checkpoints.AllowedSigners}
	if r.At != "" && r.Head == "" {
		o.Head = r.bundle.Subject.Commit
	}
	for _, c := range r.Policy.Contracts {
		o.Contracts = append(o.Contracts, checkpoint.Contract{ID: c.ID, Pattern: c.Pattern, Paths: c.Paths})
	}
	for _, w := range r.Policy.Waivers {
		if w.From != "" || w.To != "" {
			o.Ranges = append(o.Ranges, checkpoint.Range{From: w.From, To: w.To})
		}
	}
	repository, err := checkpoint.Verify(ctx, r.Root, r.Trackers, o)
	if err != nil {
		repository = evidence.Repository{State: "unreadable", Reason: err.Error()}
	}
	r.bundle.Repository = repository
}

// finish writes the bundle as it is now.
func (r *run) finish(ctx context.Context) error {
	b := r.bundle
	order := map[string]int{}
	for i := range r.Plan.Commands {
		order[r.Plan.Commands[i].Key] = i
	}
	slices.SortStableFunc(b.Commands, func(x, y evidence.Command) int { return order[x.Key] - order[y.Key] })
	b.Redacted = r.secrets.Count()
	b.Complete = ctx.Err() == nil && len(b.Commands) >= len(r.Plan.Commands)
	b.Finished = time.Now().UTC()
	if err := evidence.Write(r.Dir, b); err != nil {
		return err
	}
	os.RemoveAll(filepath.Join(r.Dir, "witness"))
	if left, err := filepath.Glob(filepath.Join(r.Dir, "logs", "*.steps.jsonl")); err == nil {
		for _, name := range left { // of a run that was killed
			os.Remove(name)
		}
	}
	return r.journal.remove()
}

// originOf describes the run of a CI service that this is.
func originOf(getenv func(string) string) *evidence.Origin {
	if getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	number := func(name string) (n int64) {
		fmt.Sscan(getenv(name), &n)
		return n
	}
	o := &evidence.Origin{
		Service: "github-actions", Repository: getenv("GITHUB_REPOSITORY"), RunID: number("GITHUB_RUN_ID"), RunAttempt: int(number("GITHUB_RUN_ATTEMPT")),
		Event: getenv("GITHUB_EVENT_NAME"), HeadSHA: getenv("GITHUB_SHA"),
	}
	if server := getenv("GITHUB_SERVER_URL"); server != "" {
		o.URL = strings.TrimRight(server, "/") + "/" + o.Repository + "/actions/runs/" + getenv("GITHUB_RUN_ID")
	}
	return o
}
