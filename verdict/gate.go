package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// policyFindings says where the policy is softer than the defaults.
func (j *judge) policyFindings() {
	var ids []string
	for id := range j.policy.Severities {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		rule, ok := RuleByID(id)
		if !ok {
			continue
		}
		want := j.policy.Severities[id]
		switch {
		case rule.Guard && want != string(rule.Severity):
			j.find("policy/severity", Finding{Message: fmt.Sprintf("the policy sets %s to %s; it stays %s, since it is about what was not seen", id, want, rule.Severity), Claimed: id})
		case severityRank(Severity(want)) > severityRank(rule.Severity) || want == "off":
			j.find("policy/severity", Finding{Message: fmt.Sprintf("the policy lowers %s from %s to %s", id, rule.Severity, want), Claimed: id})
		}
	}
}

// baseFindings says what a change alters of the gate that it must pass, and keeps
// the decision below GO until somebody accepts it.
func (j *judge) baseFindings() {
	if j.Base == nil {
		return
	}
	var changed []string
	if a, b := digestOf(j.Base.Policy), digestOf(j.policy); a != b {
		changed = append(changed, "the policy is another one than on the base branch")
	}
	now := map[string]bool{}
	own := plan.Build(j.Trackers, j.policy)
	for i := range own.Commands {
		now[own.Commands[i].Key] = true
	}
	base := plan.Build(j.Base.Trackers, j.Base.Policy)
	had := map[string]bool{}
	for i := range base.Commands {
		c := &base.Commands[i]
		had[c.Key] = true
		if !now[c.Key] {
			changed = append(changed, "`"+c.Key+"` is no longer required here; it still is on the base branch")
		}
	}
	for i := range own.Commands {
		c := &own.Commands[i]
		for n := range c.Needs {
			if b := base.Command(c.Key); b != nil && n == 0 && b.Needs[0].Expected != c.Needs[0].Expected {
				changed = append(changed, fmt.Sprintf("`%s` is expected to exit %d; on the base branch, %d", c.Key, c.Needs[0].Expected, b.Needs[0].Expected))
			}
		}
	}
	for _, text := range changed {
		j.find("policy/changed", Finding{Message: text, Claimed: text})
	}
}

func digestOf(p *policy.Policy) string {
	if p == nil {
		return ""
	}
	return p.SHA256
}

// applyWaivers turns blockers that somebody accepted into conditions. A waiver
// never makes a GO, and stays visible whatever became of it.
func (j *judge) applyWaivers() {
	used := make([]int, len(j.policy.Waivers))
	state := make([]string, len(j.policy.Waivers))
	for i := range j.policy.Waivers {
		state[i] = j.waiverState(&j.policy.Waivers[i])
	}
	for n := range j.report.Findings {
		f := &j.report.Findings[n]
		for i := range j.policy.Waivers {
			w := &j.policy.Waivers[i]
			if state[i] != "" || !waives(w, f) {
				continue
			}
			used[i]++
			if f.Waived != nil {
				state[i] = "overlapping"
				continue
			}
			if f.Severity == Blocker {
				f.Severity = Condition
			}
			r := waiverReport(w, "used")
			f.Waived = &r
		}
	}
	for i := range j.policy.Waivers {
		w := &j.policy.Waivers[i]
		s := state[i]
		if s == "" && used[i] > 0 {
			s = "used"
		} else if s == "" {
			s = "unused"
		}
		j.report.Waivers = append(j.report.Waivers, waiverReport(w, s))
		if s != "used" {
			j.find("policy/waiver", Finding{Pos: w.Pos, Packet: w.Packet, Message: fmt.Sprintf("the waiver of %s by %s is %s", w.Rule, w.Owner, s), Claimed: w.Rule + " " + w.Match})
		}
	}
}

// waiverState says why a waiver does not hold; empty when it does.
func (j *judge) waiverState(w *policy.Waiver) string {
	commit := j.report.Subject.Commit
	switch {
	case w.Expires.IsZero() || j.at().After(w.Expires.Add(24*time.Hour)):
		return "expired"
	case w.Commit != "" && (commit == "" || !strings.HasPrefix(commit, w.Commit)):
		return "out of range"
	case w.From != "" || w.To != "":
		return "out of range" // a range needs the history, which a waiver by commit does not
	}
	return ""
}

func waives(w *policy.Waiver, f *Finding) bool {
	return w.Rule == f.Rule && f.Severity != Note && (w.Packet == "" || tracker.SameID(w.Packet, f.Packet)) && (w.Match == "" || strings.Contains(f.Message, w.Match) || w.Match == f.ID)
}

func waiverReport(w *policy.Waiver, state string) WaiverReport {
	return WaiverReport{Rule: w.Rule, Packet: w.Packet, Reason: w.Reason, Owner: w.Owner, Expires: w.Expires.Format("2006-01-02"), State: state, Line: w.Pos.Line}
}

// accept applies decisions that people took elsewhere, bound to what they saw.
func (j *judge) accept() {
	s := &j.report.Subject
	for i := range j.Acceptances {
		a := &j.Acceptances[i]
		if a.Until.IsZero() || j.at().After(a.Until.Add(24*time.Hour)) || a.Commit == "" && a.Tree == "" {
			continue
		}
		if a.Commit != s.Commit && a.Commit != j.report.Head && (a.Tree == "" || a.Tree != s.Tree) {
			continue // given for something else
		}
		for n := range j.report.Findings {
			f := &j.report.Findings[n]
			if f.ID != a.ID && f.Risk != a.ID || f.Waived != nil || f.Severity == Note {
				continue
			}
			if f.Severity == Blocker {
				f.Severity = Condition
			}
			f.Waived = &WaiverReport{Rule: f.Rule, Packet: f.Packet, Reason: a.Reason, Owner: a.By, Expires: a.Until.Format("2006-01-02"), State: "used"}
			j.report.Waivers = append(j.report.Waivers, *f.Waived)
		}
	}
}
