// Package command runs one planned command and says how it ended.
//
// What decides is real bash: the text runs as written, with no standard input, in
// a session of its own. Its output goes through one pipe into a log and a digest;
// a witness in front of the commands inside (see witness.go) reports how each of
// them ended, whatever the shell made of it. When the command has ended, or its
// time is over, everything that it started is ended too.
//
// [Run] never fails: each way in which a process can end is an outcome.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/plan"
)

// Spec is one run of one command.
type Spec struct {
	Command *plan.Command
	Root    string // absolute; the command's folder is relative to it
	LogDir  string // absolute and existing; logs are named after Name
	Name    string // unique in LogDir: "001"
	Bundle  string // the folder that evidence.Log.Path is relative to
	Env     []string
	Timeout time.Duration
	MaxLog  int64 // bytes of output that are kept
	Secrets *Secrets
	Lines   func(line string) // called with a line of output from time to time; may be nil
	Witness *Witness          // nil: no step is seen

	Tracked string // a file that lists the tracked files, each with a zero byte behind it: each check says which of them it found changed; empty: none looks

	EveryLine bool // Lines is called with every line
}

// The time that a command has for each part of its end.
const (
	graceTerm  = 2 * time.Second        // between SIGTERM and SIGKILL
	preDrain   = 300 * time.Millisecond // for output that is still on its way
	finalDrain = 2 * time.Second        // for the end of the output once everything was killed
)

// Run runs the command and waits until nothing of it is left.
func Run(ctx context.Context, s Spec) evidence.Command {
	e := evidence.Command{
		Key: s.Command.Key, Text: s.Command.Text, Dir: s.Command.Dir, Lane: s.Command.Lane,
		Outcome: evidence.NotRun, ExitCode: -1, Steps: []evidence.Step{},
	}
	if r := s.Command.Refusal; r != nil {
		e.Outcome, e.Reason = evidence.Refused, r.Reason
		return e
	}
	if reason := s.missing(); reason != "" {
		e.Outcome, e.NotEvaluated, e.Reason = evidence.StartFailed, true, reason
		return e
	}
	s.run(ctx, &e)
	return e
}

func (s *Spec) run(ctx context.Context, e *evidence.Command) {
	fail := func(format string, args ...any) {
		e.Outcome, e.Reason = evidence.StartFailed, fmt.Sprintf(format, args...)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		fail("find bash: %v", err)
		e.NotEvaluated = true
		return
	}
	out, err := newCapture(filepath.Join(s.LogDir, s.Name+".log"), s.MaxLog, s.Secrets, s.Lines)
	if err != nil {
		fail("keep output: %v", err)
		return
	}
	out.every = s.EveryLine
	text, env := s.Command.Run, s.Env
	var log string
	var temp *goTemp
	if s.Witness != nil && s.witnessed() {
		text, env, log = s.watch(text, env)
		if temp, err = newGoTemp(env); err == nil {
			env = temp.environment(env)
			defer temp.remove()
		}
	}
	cmd := exec.Command(bash, "--noprofile", "--norc", "-c", text)
	cmd.Dir = filepath.Join(s.Root, filepath.FromSlash(s.Command.Dir))
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = out.writer, out.writer
	e.Started = time.Now().UTC()
	p, err := start(cmd)
	if err != nil {
		out.abandon()
		fail("start bash: %v", err)
		return
	}
	out.started()
	s.wait(ctx, p, out, e)
	e.DurationMS = time.Since(e.Started).Milliseconds()
	e.Log = out.finish(s.Bundle)
	if e.Watched = log != ""; e.Watched {
		e.Steps = readSteps(log, s.Root, s.Bundle, s.Command, s.Secrets)
		os.Remove(log)
	} else {
		e.Steps = plainStep(s.Command, e)
	}
	e.Unwitnessed = s.unwitnessed(e.Steps)
	if temp != nil && temp.used() && len(e.Unwitnessed) == 0 {
		e.Unwitnessed = []string{"go"}
	}
	s.explain(e, out)
}

// watch puts the witness into the command's text and environment; log is the file
// that it reports to. Where that cannot be, nothing changes, and log is empty.
func (s *Spec) watch(text string, env []string) (_ string, _ []string, log string) {
	// of this process: what a killed run left running may still report to its own
	log = filepath.Join(s.LogDir, s.Name+"."+strconv.Itoa(os.Getpid())+".steps.jsonl")
	os.Remove(log)
	tracked := s.Tracked
	if tracked != "" {
		tracked += "@" + strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	seen, shims, err := s.Witness.environment(env, s.Name, log, filepath.Join(s.LogDir, s.Name), s.Root, tracked)
	if err != nil {
		return text, env, ""
	}
	instrumented, err := plan.Instrument(text, plan.Bash, plan.Witness{Program: filepath.Join(shims, stepName), Log: log})
	if err != nil {
		return text, env, ""
	}
	return instrumented, seen, log
}

// witnessed reports whether the steps are to be seen: where one of them checks
// something or can start others, or where the shell could hide how one ended. What
// only looks needs no witness.
func (s *Spec) witnessed() bool {
	return !s.Command.Shape.Sound || !s.Command.Shape.OnlyLooks()
}

// wait waits for the end of the command, or ends it: at its time limit, or when
// the run is interrupted. Then it ends what is left.
func (s *Spec) wait(ctx context.Context, p *process, out *capture, e *evidence.Command) {
	limit := time.NewTimer(s.Timeout)
	defer limit.Stop()
	if s.Timeout <= 0 {
		limit.Stop()
	}
	stopped := evidence.Outcome("")
	select {
	case <-p.ended:
	case <-limit.C:
		stopped, e.Reason = evidence.TimedOut, fmt.Sprintf("ended by verdict after %s", s.Timeout)
	case <-ctx.Done():
		stopped = evidence.Canceled
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			stopped, e.Reason = evidence.TimedOut, "ended by verdict when the run's own time limit was reached"
		}
	}
	if stopped != "" {
		p.terminate()
		select {
		case <-p.ended:
		case <-time.After(graceTerm):
		}
	} else {
		out.waitEnd(preDrain)
	}
	leftover := p.kill()
	state := p.reap()
	out.waitEnd(finalDrain)
	e.Outcome, e.ExitCode, e.Signal = ending(state)
	e.CPUMS = cpuTime(state).Milliseconds()
	if stopped == "" {
		e.Leftover = leftover
		return
	}
	e.Outcome, e.ExitCode, e.Signal = stopped, -1, ""
}

// ending reads how a process ended.
func ending(state *os.ProcessState) (evidence.Outcome, int, string) {
	if state == nil {
		return evidence.Signaled, -1, "unknown"
	}
	if name := signalName(state); name != "" {
		return evidence.Signaled, -1, name
	}
	return evidence.Exited, state.ExitCode(), ""
}

func cpuTime(state *os.ProcessState) time.Duration {
	if state == nil {
		return 0
	}
	return state.UserTime() + state.SystemTime()
}

// plainStep is the step of a command that ran without a witness: only a single
// simple command can be told from outside.
func plainStep(c *plan.Command, e *evidence.Command) []evidence.Step {
	if len(c.Shape.Steps) != 1 {
		return []evidence.Step{}
	}
	s := c.Shape.Steps[0]
	return []evidence.Step{{
		Index: 0, Argv: s.Argv, Dir: e.Dir, Env: s.Env, Tool: s.Tool, Probative: s.Probative, Outcome: e.Outcome, ExitCode: e.ExitCode,
		Signal: e.Signal, Started: e.Started, DurationMS: e.DurationMS,
	}}
}

// setupFailures are what programs print when they could not be set up, so that
// their status says nothing about the work.
var setupFailures = []struct{ text, reason string }{
	{"npx canceled due to missing packages", "the package that npx should run is not installed"},
	{"npm error canceled due to missing packages", "the package that npx should run is not installed"},
	{"npm ERR! code ENOTCACHED", "a package is not installed and the registry is not asked"},
	{"ERR_MODULE_NOT_FOUND", "a package is not installed"},
	{"Cannot find package '", "a package is not installed"},
	{"requires go >= ", "the Go toolchain is too old"},
	{"go: download go1.", "the Go toolchain could not be downloaded"},
	{"getaddrinfo EAI_AGAIN", "a package registry is out of reach"},
	{"getaddrinfo ENOTFOUND", "a package registry is out of reach"},
	{"No space left on device", "the disk is full"},
}

// moduleDownload is what go says of a module that it could not get.
var moduleDownload = lazyregexp.New(`: (Get|reading) "?https?://\S+/@(v/|latest)`)

// explain tells a failed set-up from a failed check.
func (s *Spec) explain(e *evidence.Command, out *capture) {
	if out.err != nil && e.Reason == "" {
		e.Reason = fmt.Sprintf("keep output: %v", out.err)
	}
	if e.Outcome != evidence.Exited || e.ExitCode == 0 {
		return
	}
	if e.ExitCode == 127 || e.ExitCode == 126 {
		e.NotEvaluated = true
		e.Reason = "a program could not be started: " + firstLine(e.Log.Head)
		return
	}
	if moduleDownload.MatchString(e.Log.Head) || moduleDownload.MatchString(e.Log.Tail) {
		e.NotEvaluated, e.Reason = true, "a Go module could not be downloaded"
		return
	}
	for _, f := range setupFailures {
		if strings.Contains(e.Log.Head, f.text) || strings.Contains(e.Log.Tail, f.text) {
			if f.text == "ERR_MODULE_NOT_FOUND" || strings.HasPrefix(f.text, "Cannot find package") {
				if hasNodeModules(filepath.Join(s.Root, filepath.FromSlash(s.Command.Dir)), s.Command) {
					continue // the work imports what it does not name
				}
			}
			e.NotEvaluated, e.Reason = true, f.reason
			return
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
