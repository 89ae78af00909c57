package collector

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

// defaultJobs is how many lanes run side by side: more than two make timing
// sensitive tests fail on small machines.
const defaultJobs = 2

// runAll runs the planned commands. Neighbours in the plan that have lanes run
// lane beside lane; a command without a lane waits for all before it and runs
// alone.
func (r *run) runAll(ctx context.Context) {
	r.tree = newTreeWatch(r.where, r.ignored(), &r.bundle.Subject.Worktree)
	var group []int
	flush := func() {
		r.runGroup(ctx, group)
		group = nil
	}
	for i := range r.Plan.Commands {
		if r.Plan.Commands[i].Lane == "" {
			flush()
			group = []int{i}
			flush()
			continue
		}
		group = append(group, i)
	}
	flush()
}

// runGroup runs commands lane beside lane, each lane in order.
func (r *run) runGroup(ctx context.Context, group []int) {
	var order []string
	lanes := map[string][]int{}
	for _, i := range group {
		lane := r.Plan.Commands[i].Lane
		if lanes[lane] == nil {
			order = append(order, lane)
		}
		lanes[lane] = append(lanes[lane], i)
	}
	jobs := r.Jobs
	if jobs <= 0 {
		jobs = r.Policy.Commands.Jobs
	}
	if jobs <= 0 {
		jobs = defaultJobs
	}
	slots := make(chan struct{}, jobs)
	var wait sync.WaitGroup
	for _, lane := range order {
		slots <- struct{}{}
		wait.Add(1)
		go func() {
			defer func() { <-slots; wait.Done() }()
			for _, i := range lanes[lane] {
				r.runPlanned(ctx, i)
			}
		}()
	}
	wait.Wait()
}

// runPlanned runs one planned command, unless its evidence is there already.
func (r *run) runPlanned(ctx context.Context, i int) {
	c := &r.Plan.Commands[i]
	if r.has(c.Key) {
		r.Progress(Event{Kind: EventKept, Key: c.Key, Lane: c.Lane})
		return
	}
	if ctx.Err() != nil {
		r.add(evidence.Command{Key: c.Key, Text: c.Text, Dir: c.Dir, Lane: c.Lane, Outcome: evidence.NotRun, ExitCode: -1, Steps: []evidence.Step{}, Reason: "the run ended before it"})
		return
	}
	if e := r.past.reusable(c, r.bundle, r.Reuse); e != nil {
		if err := r.adopt(e); err == nil {
			r.add(*e)
			r.Progress(Event{Kind: EventEnd, Key: c.Key, Lane: c.Lane, Command: e})
			return
		}
	}
	r.Progress(Event{Kind: EventStart, Key: c.Key, Lane: c.Lane, Packet: c.Needs[0].Packet, Expected: func() time.Duration { return r.past.duration(c.Key) }})
	name := fmt.Sprintf("%03d", i+1)
	e := r.runOne(ctx, c, name, r.where)
	for attempt := 1; attempt <= r.Policy.Commands.Retries && failed(&e, c) && ctx.Err() == nil; attempt++ {
		again := r.runOne(ctx, c, fmt.Sprintf("%s-%d", name, attempt+1), r.where)
		again.Attempts = append(e.Attempts, attemptOf(&e, ""))
		e = again
	}
	if !onlyReads(c) {
		e.TreeChanges = r.tree.changes(ctx)
		e.Rewritten = r.rewritten(ctx, c, &e)
	}
	r.add(e)
	r.Progress(Event{Kind: EventEnd, Key: c.Key, Lane: c.Lane, Packet: c.Needs[0].Packet, Command: &e})
}

// onlyReads reports whether a command cannot change a file: then nobody need look.
func onlyReads(c *plan.Command) bool {
	return c.Shape.Parses && c.Shape.OnlyLooks() && !strings.ContainsAny(c.Run, ">$`")
}

// failed reports whether a command ended otherwise than somebody expects.
func failed(e *evidence.Command, c *plan.Command) bool {
	if e.NotEvaluated || e.Outcome == evidence.Refused || e.Outcome == evidence.Canceled {
		return false
	}
	return e.Outcome != evidence.Exited || e.ExitCode != c.Needs[0].Expected
}

func attemptOf(e *evidence.Command, commit string) evidence.Attempt {
	return evidence.Attempt{Commit: commit, Outcome: e.Outcome, ExitCode: e.ExitCode, DurationMS: e.DurationMS, Log: e.Log}
}

func (r *run) runOne(ctx context.Context, c *plan.Command, name, where string) evidence.Command {
	return command.Run(ctx, command.Spec{
		Command: c, Root: where, LogDir: filepath.Join(r.Dir, "logs"), Bundle: r.Dir, Name: name, Env: r.environment.Env, Timeout: c.Timeout,
		MaxLog: r.Policy.Commands.MaxLogBytes, Secrets: r.secrets, Witness: r.witness, EveryLine: r.EveryLine, Tracked: r.trackedList(ctx, c, where),
		Lines: func(line string) {
			r.Progress(Event{Kind: EventLine, Key: c.Key, Lane: c.Lane, Line: r.secrets.Text(line)})
		},
	})
}

var bundleLock sync.Mutex

func (r *run) has(key string) bool {
	bundleLock.Lock()
	defer bundleLock.Unlock()
	return r.bundle.Command(key) != nil
}

// add keeps a result: in the bundle, and at once in the journal.
func (r *run) add(e evidence.Command) {
	bundleLock.Lock()
	defer bundleLock.Unlock()
	r.bundle.Commands = append(r.bundle.Commands, e)
	r.journal.add(&e)
}

// adopt copies the log of an earlier run into this one.
func (r *run) adopt(e *evidence.Command) error {
	if e.Log.Path == "" {
		return nil
	}
	from := filepath.Join(filepath.Dir(r.Dir), e.Reused.Run, filepath.FromSlash(e.Log.Path))
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	e.Log.Path = "logs/reused-" + filepath.Base(from)
	return os.WriteFile(filepath.Join(r.Dir, filepath.FromSlash(e.Log.Path)), data, 0o644)
}

// baseline runs what failed at the baseline as well, so that a new failure can be
// told from an old one.
func (r *run) baseline(ctx context.Context) {
	if r.Baseline == "" || ctx.Err() != nil {
		return
	}
	var bad []int
	for i := range r.Plan.Commands {
		if e := r.bundle.Command(r.Plan.Commands[i].Key); e != nil && failed(e, &r.Plan.Commands[i]) {
			bad = append(bad, i)
		}
	}
	if len(bad) == 0 {
		return
	}
	dir, err := os.MkdirTemp("", "verdict-baseline-")
	if err != nil {
		r.Progress(Event{Kind: EventNote, Line: "baseline: " + err.Error()})
		return
	}
	defer os.RemoveAll(dir)
	commit, err := checkpoint.Checkout(ctx, r.Root, r.Baseline, dir)
	if err != nil {
		r.Progress(Event{Kind: EventNote, Line: "baseline: " + err.Error()})
		return
	}
	for n, text := range r.Policy.Commands.Setup {
		c := plan.Build(nil, setupPolicy(r.Policy.Commands.Timeout, text)).Commands[0]
		r.runOne(ctx, &c, fmt.Sprintf("baseline-setup-%d", n+1), dir)
	}
	for _, i := range bad {
		c := &r.Plan.Commands[i]
		r.Progress(Event{Kind: EventNote, Line: "at the baseline: " + c.Key})
		e := r.runOne(ctx, c, fmt.Sprintf("baseline-%03d", i+1), dir)
		a := attemptOf(&e, commit)
		r.bundle.Command(c.Key).Baseline = &a
	}
}

// treeWatch sees which files of the work tree a command changed.
type treeWatch struct {
	mu     sync.Mutex
	root   string
	ignore []string
	last   map[string]stamp
	ok     bool
}

// stamp tells one state of a file from another.
type stamp struct {
	change   evidence.FileChange
	size     int64
	modified time.Time
}

// newTreeWatch begins with the state that the subject was found in.
func newTreeWatch(root string, ignore []string, now *evidence.Worktree) *treeWatch {
	w := &treeWatch{root: root, ignore: ignore}
	w.last, w.ok = w.stamps(now)
	return w
}

func (w *treeWatch) look(ctx context.Context) (map[string]stamp, bool) {
	status := checkpoint.Status(ctx, w.root, w.ignore)
	return w.stamps(&status)
}

func (w *treeWatch) stamps(status *evidence.Worktree) (map[string]stamp, bool) {
	if status.State != evidence.WorktreeClean && status.State != evidence.WorktreeDirty {
		return nil, false
	}
	now := map[string]stamp{}
	for _, c := range status.Changes {
		s := stamp{change: c}
		if info, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(c.Path))); err == nil {
			s.size, s.modified = info.Size(), info.ModTime()
		}
		now[c.Path] = s
	}
	return now, true
}

// changes are the files that differ from what they were when it was asked last.
func (w *treeWatch) changes(ctx context.Context) []evidence.FileChange {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ok {
		return nil
	}
	now, ok := w.look(context.WithoutCancel(ctx))
	if !ok {
		return nil
	}
	var out []evidence.FileChange
	for path, s := range now {
		if w.last[path] != s {
			out = append(out, s.change)
		}
	}
	for path, s := range w.last {
		if _, still := now[path]; !still && s.change.Status != "?" {
			out = append(out, evidence.FileChange{Path: path, Status: "M"})
		}
	}
	w.last = now
	sortChanges(out)
	return out
}
