package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

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
	c.looked(name)
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
		if slices.ContainsFunc(checks, func(o *evidence.Step) bool { return startedBy(o, s) && stepEnd(o) == stepEnd(s) }) {
			continue // timeout go test fails as the go test in it does, which says more
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

// looked asks of what only looks, where it counts that it finds nothing, whether it
// could look: ! grep succeeds where grep cannot read the file, and test -z "$(…)"
// where the program inside is not there.
func (c *commandJudge) looked(name string) {
	for i := range c.evidence.Steps {
		s := &c.evidence.Steps[i]
		if s.Index < 0 || s.Index >= len(c.plan.Shape.Steps) || s.Probative || len(s.Argv) == 0 {
			continue
		}
		broken := s.Outcome == evidence.StartFailed || s.Outcome == evidence.Exited && s.ExitCode > 1 && c.plan.Shape.Steps[s.Index].Status
		turned := slices.ContainsFunc(c.plan.Shape.Masks, func(m plan.Mask) bool {
			return m.Step == s.Index && (m.Kind == "negation" || m.Kind == "substitution")
		})
		if broken && turned {
			c.found("evidence/hidden-failure", Finding{Severity: Condition, Message: fmt.Sprintf("inside %s, `%s` could not look", name, clip(strings.Join(s.Argv, " "), 100)), Observed: stepEnd(s)})
		}
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
	probative, status, opaque, idle := false, false, false, false
	for _, s := range c.plan.Shape.Steps {
		probative, status, opaque = probative || s.Probative, status || s.Status, opaque || s.Opaque
		idle = idle || s.Idle && !writes(&s)
	}
	switch {
	case !probative && !status && !opaque && len(checks) == 0 && idle:
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Message: "with its options, " + name + " checks nothing", Observed: "exit 0"})
		return
	case !probative && !status && !opaque && len(checks) == 0:
		c.found("evidence/cannot-fail", Finding{Message: name + " cannot fail: no program in it checks anything", Observed: "exit 0"})
		return
	case probative && (c.watched() || !c.plan.Trusted) && !slices.ContainsFunc(checks, ran):
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Severity: c.reachedNothing(), Message: "no check inside " + name + " ran", Observed: "no check ran"})
		return
	case c.noScript():
		c.state = CommandVacuous
		c.found("evidence/nothing-checked", Finding{Message: name + " exits 0, and there is no such script", Observed: "nothing ran"})
		return
	case opaque && len(checks) == 0 && !c.plan.Trusted:
		c.state = CommandUnproven
		c.found("evidence/unproven", Finding{Message: fmt.Sprintf("%s exits %d; what it checks cannot be seen", name, c.expected), Observed: fmt.Sprintf("exit %d, and no known check inside", c.expected)})
		return
	}
	if u := c.evidence.Unwitnessed; len(u) > 0 && !c.plan.Trusted {
		c.state = CommandUnproven
		c.found("evidence/unproven", Finding{Message: fmt.Sprintf("%s exits %d; it starts tools by their own files, and how they end is not seen: %s", name, c.expected, list(u)), Observed: list(u)})
	}
	if dirs := outside(checks); len(dirs) > 0 && !c.plan.Trusted {
		c.state = CommandUnproven
		c.found("evidence/unproven", Finding{Message: fmt.Sprintf("%s exits %d; its checks ran outside of the repository, on files that may not be those of the commit: %s", name, c.expected, list(dirs)), Observed: list(dirs)})
	}
	c.idle(name)
	if !c.plan.Shape.Sound {
		c.unsound(name)
	}
}

// outside are the folders that are not in the repository, and that checks ran in.
func outside(checks []*evidence.Step) []string {
	var dirs []string
	for _, s := range checks {
		absolute := path.IsAbs(s.Dir) || len(s.Dir) > 1 && s.Dir[1] == ':'
		if absolute && !slices.Contains(dirs, s.Dir) {
			dirs = append(dirs, s.Dir)
		}
	}
	return dirs
}

// noScript reports whether npm was asked to run a script only if there is one, and
// ran none.
func (c *commandJudge) noScript() bool {
	return len(c.plan.Shape.Steps) == 1 && slices.ContainsFunc(c.plan.Shape.Masks, func(m plan.Mask) bool { return m.Kind == "if-present" }) &&
		len(c.evidence.Steps) > 0 && !slices.ContainsFunc(c.evidence.Steps, func(s evidence.Step) bool { return s.Via == "npm" })
}

// watched reports whether what ran inside the line could be seen.
func (c *commandJudge) watched() bool { return c.evidence.Watched || len(c.evidence.Steps) > 0 }

// writes reports whether a tool is told to change what it finds.
func writes(s *plan.Step) bool {
	return slices.ContainsFunc(s.Argv, func(a string) bool { return a == "-w" || a == "--write" || a == "--fix" })
}

// idle names the tools that have words by which they check nothing, beside others
// that check something.
func (c *commandJudge) idle(name string) {
	for _, s := range c.plan.Shape.Steps {
		if s.Idle && !writes(&s) { // what it rewrites shows in the work tree
			c.found("evidence/weak-flags", Finding{Message: fmt.Sprintf("inside %s, `%s` checks nothing", name, clip(s.Text, 100)), Observed: "nothing to fail"})
		}
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
	if slices.ContainsFunc(c.plan.Shape.Steps, func(s plan.Step) bool { return s.Probative && s.Behind }) {
		return Condition
	}
	return Blocker
}

// unsound asks of a line whose exit code proves nothing whether each of its checks
// was seen to end well.
func (c *commandJudge) unsound(name string) {
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
	if !c.watched() {
		c.found("evidence/unseen-step", Finding{Message: "what ran inside " + name + " was not seen", Observed: "no step was seen"})
		c.state = CommandUnproven
	}
}

var maskWords = map[string]string{
	"or": "||", "pipe": "a pipe", "sequence": "; or a new line", "background": "&", "condition": "the condition of an if or a loop", "substitution": "$(…)", "loop": "a loop", "case": "a case",
	"function": "a function", "trap": "a trap", "exit-0": "exit 0", "timeout": "timeout --preserve-status", "xargs": "xargs", "find-exec": "find -exec", "make": "make", "if-present": "--if-present",
}
