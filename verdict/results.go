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
		if len(s.Tests.Flags) > 0 && s.Tool == "go test" { // those of vitest show in what it counts
			c.weak(name, s, s.Tests.Flags)
		}
		t := *s.Tests
		if s.Tool == "go test" && strings.Contains(t.Filter, "/") && t.Subtests == 0 {
			t.Passed = 0 // those are the parents of what the filter names
		}
		addTests(&sum, &t)
		complete = complete && s.Tests.Complete
	}
	if s := unseen(checks); s != nil && !c.plan.Trusted {
		c.state = CommandUnproven
		c.found("evidence/incomplete-results", Finding{Message: fmt.Sprintf("what `%s` did inside %s was not seen", clip(strings.Join(s.Argv, " "), 100), name), Observed: "no results"})
		return
	}
	if runners == 0 {
		if c.plan.MinTests > 0 {
			c.state = CommandVacuous
			c.found("evidence/too-few-tests", Finding{Message: fmt.Sprintf("no test of %s was seen to pass; the policy asks for %d", name, c.plan.MinTests), Observed: "no results"})
		}
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
	case len(sum.Invented) > 0:
		c.state = CommandFailed
		c.found("evidence/invented", Finding{Message: "results of " + name + " are of no test that ran: " + list(sum.Invented), Observed: list(sum.Invented)})
	case (sum.Failed > 0 || sum.FailedUnits > 0) && c.expected == 0:
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

// unseen is a check of a tool that always gives results, and whose results are not
// in the evidence: go test, vitest where it runs tests, tsc.
func unseen(checks []*evidence.Step) *evidence.Step {
	for _, s := range checks {
		inside := seenInside(s, checks)
		switch {
		case !ran(s) || s.Tests != nil || s.Check != nil:
		case s.Tool == "go test" && (path.Base(s.Argv[0]) == "go" || !inside), // timeout 60 go test starts another
			s.Tool == "tsc" && !inside,
			s.Tool == "vitest" && !inside && !slices.ContainsFunc(s.Argv, func(a string) bool { return a == "bench" || a == "typecheck" || strings.HasPrefix(a, "--mergeReports") }):
			return s
		}
	}
	return nil
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
	if len(sum.Unrun) > 0 {
		c.found("evidence/some-skipped", Finding{Severity: Condition, Message: fmt.Sprintf("in %s, TestMain runs no test of %s", name, list(sum.Unrun)), Observed: seen})
	}
	if sum.Inverted > 0 {
		severity := Note
		if sum.Inverted == sum.Passed {
			severity = Condition
		}
		c.found("evidence/some-skipped", Finding{Severity: severity, Message: fmt.Sprintf("in %s, %s marked .fails: what they check does not hold", name, plural(sum.Inverted, "test that passed is", "tests that passed are")), Observed: seen})
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
	sum.Inverted += t.Inverted
	sum.Unhandled += t.Unhandled
	sum.Snapshots += t.Snapshots
	sum.FailedUnits += t.FailedUnits
	sum.Forged += t.Forged
	sum.Invented = append(sum.Invented, t.Invented...)
	sum.Unrun = append(sum.Unrun, t.Unrun...)
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
			if s.Tests == nil && !seenInside(s, checks) {
				read++
			}
			continue
		}
		if len(k.Flags) > 0 {
			c.weak(name, s, k.Flags)
		}
		if k.Files > 0 && len(k.Unchecked) > 0 {
			c.unchecked(name, s, k.Unchecked)
		}
		switch {
		case s.Tool == "go test":
			nothing = append(nothing, fmt.Sprintf("`%s` runs no test", clip(strings.Join(s.Argv, " "), 100)))
		case s.Tool == "tsc" && untyped(k.Flags) && slices.Contains(s.Argv, "--noEmit"): // a build would come of it otherwise
			nothing = append(nothing, "tsc is told to check no types and to write no files")
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
	opaque := slices.ContainsFunc(c.plan.Shape.Steps, func(s plan.Step) bool { return s.Opaque }) // it may run what was only built
	if len(nothing) > 0 && (read == 0 || len(checks) == len(nothing)) && !(opaque && onlyBuilt(checks)) {
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Message: fmt.Sprintf("%s exits 0, and %s", name, nothing[0]), Observed: "nothing was checked"})
	} else if len(nothing) > 0 {
		c.found("evidence/nothing-checked", Finding{Severity: Condition, Message: fmt.Sprintf("inside %s, %s", name, nothing[0]), Observed: nothing[0]})
	}
}

func (c *commandJudge) weak(name string, s *evidence.Step, flags []string) {
	c.found("evidence/weak-flags", Finding{Message: fmt.Sprintf("inside %s, %s makes %s check less than it says", name, strings.Join(flags, " "), s.Tool), Observed: strings.Join(flags, " ")})
}

// unchecked judges files that ask not to be checked: those that the packets' commits
// changed are what the check was required for.
func (c *commandJudge) unchecked(name string, s *evidence.Step, files []string) {
	f := Finding{Severity: Note, Message: fmt.Sprintf("inside %s, @ts-nocheck keeps %s from looking at %s", name, s.Tool, list(files)), Observed: list(files)}
	for _, file := range files {
		if packet := c.changedBy(file); packet != "" {
			f.Severity = Condition
			f.Message += fmt.Sprintf("; %s changed %s", packet, file)
			break
		}
	}
	c.found("evidence/weak-flags", f)
}

// changedBy returns a packet whose commit, in the history, changes a file; empty: none.
func (j *judge) changedBy(file string) string {
	if j.Bundle == nil {
		return ""
	}
	for i := range j.Bundle.Repository.Checkpoints {
		e := &j.Bundle.Repository.Checkpoints[i]
		if e.State == evidence.CheckpointReachable && slices.ContainsFunc(e.Files, func(c evidence.FileChange) bool { return c.Path == file }) {
			return e.Packet
		}
	}
	return ""
}

// untyped reports whether tsc looks at the syntax alone.
func untyped(flags []string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(strings.TrimLeft(f, "-"), "noCheck") })
}

// onlyBuilt reports whether the checks are tests that were built and not run.
func onlyBuilt(checks []*evidence.Step) bool {
	return !slices.ContainsFunc(checks, func(s *evidence.Step) bool { return s.Tool != "go test" || s.Check == nil })
}

// seenInside reports whether what a check did was seen in a check that it started:
// npm exec vitest starts vitest.
func seenInside(s *evidence.Step, checks []*evidence.Step) bool {
	return slices.ContainsFunc(checks, func(o *evidence.Step) bool { return startedBy(o, s) && (o.Tests != nil || o.Check != nil) })
}

// startedBy reports whether a check ran inside another of the same tool: it stands
// nowhere in the line, and began while the other ran.
func startedBy(inner, outer *evidence.Step) bool {
	end := outer.Started.Add(time.Duration(outer.DurationMS+1) * time.Millisecond)
	return inner != outer && inner.Index < 0 && inner.Tool == outer.Tool && !inner.Started.Before(outer.Started) && !inner.Started.After(end)
}

// effects judges what the command did beside its work.
func (c *commandJudge) effects(name string) {
	e := c.evidence
	var changed, left, sources []string
	for _, f := range e.TreeChanges {
		switch {
		case f.Status != "?":
			changed = append(changed, f.Path)
		case compiledFile(f.Path):
			sources = append(sources, f.Path)
		default:
			left = append(left, f.Path)
		}
	}
	if len(changed) > 0 {
		c.state = CommandFailed
		c.found("evidence/tree-changed", Finding{Message: name + " changes files that it is to check: " + list(changed), Observed: "changed " + list(changed)})
	}
	var saw []string
	for i := range e.Steps {
		saw, sources = append(saw, e.Steps[i].Saw...), append(sources, e.Steps[i].Lent...)
	}
	slices.Sort(sources)
	sources = slices.Compact(sources)
	if slices.Sort(saw); len(saw) > 0 {
		saw = slices.Compact(saw)
		c.state = CommandFailed
		c.found("evidence/tree-changed", Finding{Message: name + " changes files, checks them, and puts them back; what was checked is not what is there: " + list(saw), Observed: "checked with other " + list(saw)})
	}
	if len(e.Rewritten) > 0 {
		c.found("evidence/tree-changed", Finding{Severity: Condition, Message: name + " writes files after what it checks, beside which something else may have run, and leaves them as they were; what was checked may have been others: " + list(e.Rewritten), Observed: "written " + list(e.Rewritten)})
	}
	if len(sources) > 0 {
		c.found("evidence/untracked-output", Finding{Severity: Condition, Message: name + " made sources that no commit holds, and that git does not ignore; what was checked with them holds together with the command alone: " + list(sources), Observed: list(sources), Hint: "commit them, or add them to .gitignore where every build makes them"})
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

// withSubtests is tests with its subtests, where a claim is held against both.
func withSubtests(t *evidence.Tests) string {
	if t.Subtests == 0 {
		return tests(t)
	}
	return tests(t) + ", " + plural(t.Subtests, "subtest", "subtests")
}
