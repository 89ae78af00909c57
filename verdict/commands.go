package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

// commands judges each required command once.
func (j *judge) commands() {
	if len(j.plan.Commands) == 0 {
		j.find("tracker/empty", Finding{Message: "no command is required, so there is nothing to go by"})
	}
	if b := j.Bundle; b != nil && !b.Complete {
		j.find("evidence/incomplete", Finding{Message: "the run that collected the evidence did not end"})
	}
	if b := j.Bundle; b != nil && b.Redacted > 0 {
		j.find("evidence/redacted", Finding{Message: plural(b.Redacted, "secret was", "secrets were") + " replaced in what is kept of the output"})
	}
	if b := j.Bundle; b != nil {
		if names := telling(b.Environment.SetAside); len(names) > 0 {
			j.find("evidence/environment", Finding{Message: "set aside for every command: " + strings.Join(names, ", ")})
		}
	}
	for i := range j.plan.Commands {
		c := &commandJudge{judge: j, plan: &j.plan.Commands[i]}
		c.evidence = j.evidence[c.plan.Key]
		c.judgeCommand()
		j.states[c.plan.Key] = c.state
		j.report.Commands = append(j.report.Commands, c.reportOf())
	}
}

// telling are the variables whose absence a reader wants to know of.
func telling(names []string) []string {
	var out []string
	for _, n := range names {
		switch n {
		case "GOFLAGS", "NODE_OPTIONS", "BASH_ENV", "MAKEFLAGS", "PYTEST_ADDOPTS", "RUSTFLAGS":
			out = append(out, n)
		}
	}
	return out
}

// commandJudge judges one command.
type commandJudge struct {
	*judge
	plan     *plan.Command
	evidence *evidence.Command
	state    CommandState
	expected int
}

// found adds a finding about the command: at the first place that requires it.
func (c *commandJudge) found(rule string, f Finding) {
	need := c.plan.Needs[0]
	f.Command = c.plan.Key
	if f.Packet == "" {
		f.Packet = need.Packet
	}
	if f.Tracker == "" && need.Tracker != "" && c.sameTracker() {
		f.Tracker = need.Tracker
	}
	if !f.Pos.IsValid() {
		f.Pos = need.Pos
	}
	if f.Claimed == "" {
		f.Claimed = c.claimed()
	}
	c.find(rule, f)
}

// sameTracker reports whether one tracker alone requires the command.
func (c *commandJudge) sameTracker() bool {
	for _, n := range c.plan.Needs {
		if n.Tracker != c.plan.Needs[0].Tracker {
			return false
		}
	}
	return true
}

// claimed is what the tracker says of the command, where it says something.
func (c *commandJudge) claimed() string {
	for _, n := range c.plan.Needs {
		if n.Checked {
			return fmt.Sprintf("exit %d", n.Expected)
		}
	}
	return ""
}

// blocked ends the judgement with a state.
func (c *commandJudge) blocked(state CommandState, rule, message, observed string) {
	c.state = state
	c.found(rule, Finding{Message: message, Observed: observed})
}

func (c *commandJudge) judgeCommand() {
	c.expected = c.plan.Needs[0].Expected
	name := "`" + c.plan.Key + "`"
	e := c.evidence
	switch {
	case e == nil:
		c.blocked(CommandMissing, "evidence/missing", name+" is required, and the evidence holds no run of it", "no run")
		return
	case e.Outcome == evidence.Refused:
		c.state = CommandRefused
		f := Finding{Message: name + " was not run: " + e.Reason, Observed: "refused"}
		if r := c.plan.Refusal; r != nil {
			f.Hint = r.Hint
			if r.Rule != "" {
				f.Message += " (the tracker's own rule: " + r.Rule + ")"
			}
		}
		c.found("evidence/refused", f)
		return
	case e.NotEvaluated || e.Outcome == evidence.StartFailed:
		c.blocked(CommandNotEvaluated, "evidence/not-evaluated", name+" could not be evaluated here: "+e.Reason, "not evaluated")
		return
	case e.Outcome == evidence.TimedOut:
		c.blocked(CommandTimedOut, "evidence/timed-out", fmt.Sprintf("%s did not end within %s", name, c.plan.Timeout), "timed out after "+duration(e.DurationMS))
		return
	case e.Outcome == evidence.Signaled:
		c.blocked(CommandFailed, "evidence/killed", name+" was ended by "+e.Signal, e.Signal)
		return
	case e.Outcome != evidence.Exited:
		c.blocked(CommandMissing, "evidence/not-run", name+" did not run: "+orElse(e.Reason, string(e.Outcome)), orElse(string(e.Outcome), "no outcome"))
		return
	}
	c.state = CommandPassed
	if e.ExitCode != c.expected {
		c.exitCode(name)
		return
	}
	if len(c.plan.Needs) > 1 {
		for _, n := range c.plan.Needs[1:] {
			if n.Expected != c.expected {
				c.blocked(CommandFailed, "evidence/failed", fmt.Sprintf("%s exits %d; %s expects %d", name, e.ExitCode, n.Packet, n.Expected), fmt.Sprintf("exit %d", e.ExitCode))
			}
		}
	}
	c.inside(name)
	c.effects(name)
}

// exitCode reports a status that is not the expected one.
func (c *commandJudge) exitCode(name string) {
	e := c.evidence
	c.state = CommandFailed
	message := fmt.Sprintf("%s exits %d", name, e.ExitCode)
	if c.expected != 0 {
		message += fmt.Sprintf(", not %d as the tracker expects", c.expected)
	}
	if what := firstFailure(e); what != "" {
		message += ": " + what
	}
	switch b := e.Baseline; {
	case b == nil:
	case b.Outcome == evidence.Exited && b.ExitCode == c.expected:
		message += " (new: it passes at the baseline)"
	case b.Outcome == evidence.Exited:
		message += fmt.Sprintf(" (it exits %d at the baseline as well)", b.ExitCode)
	}
	c.found("evidence/failed", Finding{Message: message, Observed: fmt.Sprintf("exit %d", e.ExitCode)})
}

// firstFailure says what failed first, where a tool told.
func firstFailure(e *evidence.Command) string {
	for i := range e.Steps {
		s := &e.Steps[i]
		if s.Tests != nil && len(s.Tests.Failures) > 0 {
			f := s.Tests.Failures[0]
			text := strings.TrimSpace(f.Unit + " " + f.Test)
			if n := s.Tests.Failed; n > 1 {
				text = plural(n, "test", "tests") + " failed, first " + text
			}
			return text
		}
		if s.Check != nil && len(s.Check.Diagnostics) > 0 {
			d := s.Check.Diagnostics[0]
			return fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(e.Log.Tail), "\n")
	if line == "" {
		line, _, _ = strings.Cut(strings.TrimSpace(e.Log.Head), "\n")
	}
	return clip(line, 120)
}

// inside judges what ran inside a command whose own status is as expected.
func (c *commandJudge) inside(name string) {
	var checks []*evidence.Step
	for i := range c.evidence.Steps {
		s := &c.evidence.Steps[i]
		if len(s.Argv) == 0 {
			continue
		}
		if s.Argv[0] == "cd" && s.ExitCode != 0 {
			severity := Blocker
			if slices.ContainsFunc(c.plan.Shape.Masks, func(m plan.Mask) bool { return m.Kind == "or" }) {
				severity = Condition
			}
			c.found("evidence/wrong-folder", Finding{Severity: severity, Message: fmt.Sprintf("inside %s, `%s` failed, and what follows ran in another folder", name, strings.Join(s.Argv, " ")), Observed: fmt.Sprintf("cd exits %d", s.ExitCode)})
			if severity == Blocker {
				c.state = CommandFailed
			}
		}
		if s.Probative {
			checks = append(checks, s)
		}
	}
	c.failedSteps(name, checks)
	if c.state == CommandFailed {
		return
	}
	c.proof(name, checks)
	c.tests(name, checks)
	c.checked(name, checks)
	if c.expected != 0 {
		c.found("evidence/expected-code", Finding{Message: fmt.Sprintf("%s exits %d, as the tracker expects", name, c.expected), Observed: fmt.Sprintf("exit %d", c.expected)})
	}
}

// failedSteps looks for checks that failed although the line ended well.
func (c *commandJudge) failedSteps(name string, checks []*evidence.Step) {
	for i, s := range checks {
		ok := s.Outcome == evidence.Exited && s.ExitCode == 0
		if ok || c.plan.Trusted || c.expected != 0 && s.Outcome == evidence.Exited {
			continue
		}
		words := "`" + clip(strings.Join(s.Argv, " "), 100) + "`"
		if passedLater(s, checks[i+1:]) {
			c.found("evidence/retried", Finding{Message: fmt.Sprintf("inside %s, %s failed once and passed when it was tried again", name, words), Observed: stepEnd(s)})
			continue
		}
		c.state = CommandFailed
		message := fmt.Sprintf("%s exits %d, but inside it %s %s", name, c.evidence.ExitCode, words, stepEnd(s))
		if s.Tests != nil && len(s.Tests.Failures) > 0 {
			message += ": " + strings.TrimSpace(s.Tests.Failures[0].Unit+" "+s.Tests.Failures[0].Test)
		}
		c.found("evidence/hidden-failure", Finding{Message: message, Observed: stepEnd(s)})
		return
	}
}

func passedLater(s *evidence.Step, later []*evidence.Step) bool {
	return slices.ContainsFunc(later, func(o *evidence.Step) bool {
		return o.Outcome == evidence.Exited && o.ExitCode == 0 && o.Dir == s.Dir && slices.Equal(o.Argv, s.Argv)
	})
}

func stepEnd(s *evidence.Step) string {
	switch s.Outcome {
	case evidence.Exited:
		return fmt.Sprintf("exits %d", s.ExitCode)
	case evidence.Signaled:
		return "is ended by " + s.Signal
	case evidence.StartFailed:
		return "could not be started"
	}
	return "had not ended when the line had"
}

// proof asks whether exit 0 of the line proves anything.
func (c *commandJudge) proof(name string, checks []*evidence.Step) {
	probative, status, opaque := false, false, false
	for _, s := range c.plan.Shape.Steps {
		probative, status, opaque = probative || s.Probative, status || s.Status, opaque || s.Opaque
	}
	witnessed := len(c.evidence.Steps) > 0
	switch {
	case !probative && !status && !opaque:
		c.found("evidence/cannot-fail", Finding{Message: name + " cannot fail: no program in it checks anything", Observed: "exit 0"})
		return
	case probative && witnessed && !slices.ContainsFunc(checks, ran):
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Severity: c.reachedNothing(), Message: "no check inside " + name + " ran", Observed: "no check ran"})
		return
	case opaque && len(checks) == 0 && !c.plan.Trusted:
		c.state = CommandUnproven
		c.found("evidence/unproven", Finding{Message: fmt.Sprintf("%s exits %d; what it checks cannot be seen", name, c.expected), Observed: fmt.Sprintf("exit %d, and no known check inside", c.expected)})
		return
	}
	if !c.plan.Shape.Sound {
		c.unsound(name, witnessed)
	}
}

// ran reports whether a step is a check that ran itself: xargs and find run theirs
// as often as they get names, which may be never.
func ran(s *evidence.Step) bool {
	name := path.Base(s.Argv[0])
	return name != "xargs" && name != "find"
}

// reachedNothing is how much it weighs that no check of a line ran: where the line
// gets its words from a pipe, nothing to do may be right.
func (c *commandJudge) reachedNothing() Severity {
	for _, m := range c.plan.Shape.Masks {
		if m.Kind == "xargs" || m.Kind == "loop" || m.Kind == "find-exec" {
			return Condition
		}
	}
	return Blocker
}

// unsound asks of a line whose exit code proves nothing whether each of its checks
// was seen to end well.
func (c *commandJudge) unsound(name string, witnessed bool) {
	seen := map[int]bool{}
	tools := map[string]bool{}
	for _, s := range c.evidence.Steps {
		seen[s.Index] = true
		tools[s.Tool] = true
	}
	for i, s := range c.plan.Shape.Steps {
		if !s.Probative && !s.Opaque {
			continue
		}
		mask := ""
		for _, m := range c.plan.Shape.Masks {
			if m.Step == i {
				mask = m.Kind
			}
		}
		switch {
		case !seen[i] && !(s.Probative && tools[s.Tool]):
			c.found("evidence/unseen-step", Finding{Message: fmt.Sprintf("inside %s, `%s` was not seen to run", name, clip(s.Text, 100)), Observed: "not seen"})
			c.state = CommandUnproven
		case mask != "" && mask != "negation":
			c.found("evidence/masked", Finding{Message: fmt.Sprintf("the status of `%s` can get lost in %s (%s); it was seen to pass", clip(s.Text, 100), name, maskWords[mask]), Observed: "passed"})
		}
	}
	if !witnessed {
		c.found("evidence/unseen-step", Finding{Message: "what ran inside " + name + " was not seen", Observed: "no step was seen"})
		c.state = CommandUnproven
	}
}

var maskWords = map[string]string{
	"or": "||", "pipe": "a pipe", "sequence": "; or a new line", "background": "&", "condition": "the condition of an if or a loop", "substitution": "$(…)", "loop": "a loop", "case": "a case",
	"function": "a function", "trap": "a trap", "exit-0": "exit 0", "timeout": "timeout --preserve-status", "xargs": "xargs", "find-exec": "find -exec", "make": "make", "if-present": "--if-present",
}

// tests judges what the test runners did, summed over the command: that no test
// ran in some packages is normal, that none ran in any of them is not.
func (c *commandJudge) tests(name string, checks []*evidence.Step) {
	var sum evidence.Tests
	runners := 0
	complete := true
	for _, s := range checks {
		if s.Tests == nil {
			continue
		}
		runners++
		addTests(&sum, s.Tests)
		complete = complete && s.Tests.Complete
	}
	if runners == 0 {
		return
	}
	total := sum.Passed + sum.Failed + sum.Subtests + sum.Benchmarks
	if !complete {
		if sum.Forged > 0 && total > 0 {
			c.found("evidence/foreign-lines", Finding{Message: plural(sum.Forged, "line", "lines") + " among the results of " + name + " are no results"})
		} else {
			c.state = CommandUnproven
			c.found("evidence/incomplete-results", Finding{Message: "the test results of " + name + " have no end", Observed: tests(&sum)})
		}
	}
	switch {
	case sum.Failed > 0 || sum.FailedUnits > 0:
		c.state = CommandFailed
		c.found("evidence/hidden-failure", Finding{Message: fmt.Sprintf("%s exits %d, but %s failed", name, c.evidence.ExitCode, plural(max(sum.Failed, sum.FailedUnits), "test", "tests")), Observed: tests(&sum)})
	case total == 0 && sum.Skipped > 0:
		c.state = CommandVacuous
		c.found("evidence/all-skipped", Finding{Message: fmt.Sprintf("%s exits 0, and all %s were skipped or left out", name, plural(sum.Skipped, "test", "tests")), Observed: "0 tests ran, " + fmt.Sprint(sum.Skipped) + " skipped"})
	case total == 0:
		c.state = CommandVacuous
		message := name + " exits 0, and no test ran"
		if sum.Filter != "" {
			message += ": the filter " + sum.Filter + " matches none"
		}
		c.found("evidence/no-tests", Finding{Message: message, Observed: "0 tests ran"})
	case c.plan.MinTests > 0 && sum.Passed < c.plan.MinTests:
		c.state = CommandVacuous
		c.found("evidence/too-few-tests", Finding{Message: fmt.Sprintf("%s passed %s; the policy asks for %d", name, plural(sum.Passed, "test", "tests"), c.plan.MinTests), Observed: tests(&sum)})
	default:
		c.testNotes(name, &sum)
	}
}

// testNotes reports what weakens a pass.
func (c *commandJudge) testNotes(name string, sum *evidence.Tests) {
	seen := tests(sum)
	if sum.Retried > 0 {
		c.found("evidence/retried", Finding{Message: fmt.Sprintf("in %s, %s passed only when tried again", name, plural(sum.Retried, "test", "tests")), Observed: seen})
	}
	if sum.Only > 0 {
		c.found("evidence/only", Finding{Message: fmt.Sprintf("in %s, %s left out because another is marked .only", name, plural(sum.Only, "test was", "tests were")), Observed: seen})
	}
	if sum.Snapshots > 0 {
		c.found("evidence/snapshots", Finding{Message: fmt.Sprintf("%s wrote %s", name, plural(sum.Snapshots, "snapshot", "snapshots")), Observed: seen})
	}
	if sum.Unhandled > 0 {
		c.found("evidence/unhandled", Finding{Message: fmt.Sprintf("in %s, %s outside of any test", name, plural(sum.Unhandled, "error", "errors")), Observed: seen})
	}
	if sum.Cached > 0 {
		c.found("evidence/cached", Finding{Message: fmt.Sprintf("in %s, the result of %s came from a cache", name, plural(sum.Cached, "package", "packages")), Observed: seen})
	}
	if len(sum.Unmatched) > 0 {
		c.found("evidence/some-skipped", Finding{Message: fmt.Sprintf("in %s, no test matches %s", name, strings.Join(sum.Unmatched, ", ")), Observed: seen})
	}
	if sum.Skipped > 0 {
		c.found("evidence/some-skipped", Finding{Message: fmt.Sprintf("in %s, %s skipped or left out", name, plural(sum.Skipped, "test was", "tests were")), Observed: seen})
	}
}

func addTests(sum, t *evidence.Tests) {
	sum.Passed += max(t.Passed, 0)
	sum.Failed += max(t.Failed, 0)
	sum.Skipped += max(t.Skipped, 0)
	sum.Todo += t.Todo
	sum.Subtests += t.Subtests
	sum.Benchmarks += t.Benchmarks
	sum.Files += max(t.Files, 0)
	sum.Packages += t.Packages
	sum.NoTests += t.NoTests
	sum.Cached += t.Cached
	sum.Retried += t.Retried
	sum.Only += t.Only
	sum.Unhandled += t.Unhandled
	sum.Snapshots += t.Snapshots
	sum.FailedUnits += t.FailedUnits
	sum.Forged += t.Forged
	sum.Unmatched = append(sum.Unmatched, t.Unmatched...)
	if t.Filter != "" {
		sum.Filter = t.Filter
	}
}

// checked judges what compilers and linters read.
func (c *commandJudge) checked(name string, checks []*evidence.Step) {
	read, nothing := 0, []string{}
	for _, s := range checks {
		k := s.Check
		if k == nil {
			if s.Tests == nil {
				read++
			}
			continue
		}
		if len(k.Flags) > 0 {
			c.found("evidence/weak-flags", Finding{Message: fmt.Sprintf("inside %s, %s makes %s check less than it says", name, strings.Join(k.Flags, " "), s.Tool), Observed: strings.Join(k.Flags, " ")})
		}
		switch {
		case k.Nothing, k.Files == 0:
			what := s.Tool + " had nothing to check"
			if len(k.References) > 0 {
				what += ": the project only refers to " + strings.Join(k.References, ", ")
			}
			nothing = append(nothing, what)
		default:
			read++
		}
	}
	if len(nothing) > 0 && (read == 0 || len(checks) == len(nothing)) {
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Message: fmt.Sprintf("%s exits 0, and %s", name, nothing[0]), Observed: "nothing was checked"})
	} else if len(nothing) > 0 {
		c.found("evidence/nothing-checked", Finding{Severity: Condition, Message: fmt.Sprintf("inside %s, %s", name, nothing[0]), Observed: nothing[0]})
	}
}

// effects judges what the command did beside its work.
func (c *commandJudge) effects(name string) {
	e := c.evidence
	var changed, left []string
	for _, f := range e.TreeChanges {
		if f.Status == "?" {
			left = append(left, f.Path)
		} else {
			changed = append(changed, f.Path)
		}
	}
	if len(changed) > 0 {
		c.state = CommandFailed
		c.found("evidence/tree-changed", Finding{Message: name + " changes files that it is to check: " + list(changed), Observed: "changed " + list(changed)})
	}
	if len(left) > 0 {
		c.found("evidence/untracked-output", Finding{Message: name + " left files that git does not ignore: " + list(left), Observed: list(left)})
	}
	if e.Leftover > 0 {
		c.found("evidence/leftover", Finding{Message: fmt.Sprintf("%s left %s behind; verdict ended them", name, plural(e.Leftover, "process", "processes"))})
	}
	if !e.Log.Complete && e.Reused == nil {
		c.found("evidence/cut-log", Finding{Message: "the end of the output of " + name + " was not seen"})
	}
	if e.Reused != nil {
		c.found("evidence/reused", Finding{Message: fmt.Sprintf("the pass of %s is of %s, from run %s", name, e.Reused.At.Format("2006-01-02 15:04"), e.Reused.Run)})
	}
	if len(e.Attempts) > 0 && c.state == CommandPassed {
		c.found("evidence/retried", Finding{Message: fmt.Sprintf("%s passed at attempt %d", name, len(e.Attempts)+1), Observed: "failed before"})
	}
}

// reportOf is the command's entry in the report.
func (c *commandJudge) reportOf() CommandReport {
	r := CommandReport{Key: c.plan.Key, Text: c.plan.Text, Dir: c.plan.Dir, State: c.state, Expected: c.expected, Evidence: c.evidence, RequiredBy: []Requirement{}}
	for _, n := range c.plan.Needs {
		r.RequiredBy = append(r.RequiredBy, Requirement{Packet: n.Packet, Pos: n.Pos})
	}
	return r
}

// tests says what test runners did, in words.
func tests(t *evidence.Tests) string {
	parts := []string{plural(t.Passed, "test", "tests") + " passed"}
	if t.Failed > 0 {
		parts = append(parts, fmt.Sprint(t.Failed)+" failed")
	}
	if t.Skipped > 0 {
		parts = append(parts, fmt.Sprint(t.Skipped)+" skipped")
	}
	if t.Benchmarks > 0 {
		parts = append(parts, plural(t.Benchmarks, "benchmark", "benchmarks"))
	}
	return strings.Join(parts, ", ")
}

// worktree judges whether the evidence is about the commit.
func (j *judge) worktree() {
	if j.Bundle == nil || j.Bundle.Subject.CleanCheckout {
		return
	}
	w := &j.Bundle.Subject.Worktree
	var changed, sources, data, documents []string
	for _, c := range w.Changes {
		switch {
		case documentFile(c.Path):
			documents = append(documents, c.Path)
		case c.Status != "?":
			changed = append(changed, c.Path)
		case sourceFile(c.Path):
			sources = append(sources, c.Path)
		case dataFile(c.Path):
			data = append(data, c.Path)
		default:
			documents = append(documents, c.Path)
		}
	}
	if w.State == evidence.WorktreeDirty && w.More > 0 {
		changed = append(changed, fmt.Sprintf("and %d more", w.More))
	}
	commit := short(j.Bundle.Subject.Commit)
	switch {
	case w.State == evidence.WorktreeUnknown:
		j.find("worktree/unknown", Finding{Message: "it is not known whether the files that were tested are those of " + commit + ": " + orElse(w.Reason, "the work tree was not looked at")})
	case w.State == evidence.WorktreeNone:
		j.find("worktree/unknown", Finding{Message: "there is no work tree of a commit, so the evidence is about no commit"})
	}
	if len(changed) > 0 {
		j.find("worktree/changed", Finding{Message: "the files that were tested are not those of " + commit + ": " + list(changed), Observed: list(changed)})
	}
	if len(sources) > 0 {
		j.find("worktree/untracked", Finding{Message: "source files that were there are not in " + commit + ": " + list(sources), Observed: list(sources)})
	}
	if len(data) > 0 {
		j.find("worktree/untracked", Finding{Severity: Condition, Message: "files that a test may read are not in " + commit + ": " + list(data), Observed: list(data)})
	}
	if len(documents) > 0 {
		j.find("worktree/documents", Finding{Message: "not as in " + commit + ", and read by no build: " + list(documents), Observed: list(documents)})
	}
}

// documentFile are files that builds and tests do not read.
func documentFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".rst", ".adoc", ".pdf":
		return true
	}
	return strings.HasPrefix(name, ".verdict/")
}

// sourceFile are files that a build or a test may read.
func sourceFile(name string) bool {
	switch path.Base(name) {
	case "Makefile", "Dockerfile", "go.mod", "go.sum", "go.work", "package.json", "package-lock.json", "BUILD", "Rakefile", "Gemfile", "justfile", "CMakeLists.txt":
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".go", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".py", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt", ".scala", ".rb", ".php", ".cs", ".swift", ".zig", ".sh", ".bash",
		".proto", ".graphql", ".s", ".lua", ".ex", ".exs":
		return true
	}
	return false
}

// dataFile are files that are no source, but that a test may read.
func dataFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".yaml", ".yml", ".toml", ".sql", ".css", ".scss", ".html", ".tmpl", ".txtar", ".golden", ".snap", ".env":
		return path.Base(name) != "verdict.yaml"
	}
	return strings.Contains(name, "testdata/")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(items []string) string {
	const most = 5
	if len(items) > most {
		return strings.Join(items[:most], ", ") + fmt.Sprintf(" and %d more", len(items)-most)
	}
	return strings.Join(items, ", ")
}

func short(hash string) string {
	if hash == "" {
		return "any commit"
	}
	return hash[:min(8, len(hash))]
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func duration(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond).String()
}
