package verdict

import (
	"fmt"
	"slices"
	"strings"

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
	if b := j.Bundle; b != nil && b.Altered {
		j.find("evidence/altered", Finding{Message: "the stored evidence is not what was collected: its seal does not fit"})
	}
	if n := len(j.plan.Secrets); n > 0 {
		j.find("evidence/redacted", Finding{Message: plural(n, "secret stands", "secrets stand") + " in the text of required commands; it is not kept and not shown"})
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
		for i, n := range c.plan.Needs[1:] {
			mended := c.expected == 0 && c.ownNeeds != nil && i+1 >= c.ownNeeds[c.plan.Key] // the base expects a failure that is gone
			if n.Expected != c.expected && !mended {
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

// reportOf is the command's entry in the report.
func (c *commandJudge) reportOf() CommandReport {
	r := CommandReport{Key: c.plan.Key, Text: c.plan.Text, Dir: c.plan.Dir, State: c.state, Expected: c.expected, Evidence: c.evidence, RequiredBy: []Requirement{}}
	for _, n := range c.plan.Needs {
		if need := (Requirement{Packet: n.Packet, Pos: n.Pos}); !slices.Contains(r.RequiredBy, need) { // the base may say it on the same line
			r.RequiredBy = append(r.RequiredBy, need)
		}
	}
	return r
}
