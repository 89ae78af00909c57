package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
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

// Effective is the policy that decides. Without a base it is the change's own; with
// one it is the base's, and of the change's own only what makes the gate stricter:
// further required commands, contracts and known risks. Where the base has no policy, the
// change's first one tells how commands run, and loosens nothing.
func Effective(own *policy.Policy, base *Base) *policy.Policy {
	own = orDefault(own)
	if base == nil {
		return own
	}
	if base.Policy == nil {
		first := *own
		first.Severities, first.Waivers, first.Risks, first.Accept = nil, nil, policy.Default().Risks, policy.Accept{}
		first.Commands.Trusted, first.Commands.Allowed, first.Commands.PassThrough, first.Checkpoints.IgnorePaths = nil, nil, nil, nil
		return &first
	}
	merged := *base.Policy
	merged.Commands.Required = append(slices.Clone(base.Policy.Commands.Required), own.Commands.Required...)
	for _, c := range own.Contracts {
		if !slices.ContainsFunc(merged.Contracts, func(b policy.Contract) bool { return b.ID == c.ID && b.Pattern == c.Pattern }) {
			merged.Contracts = append(slices.Clip(merged.Contracts), c)
		}
	}
	for _, r := range own.Risks.Known {
		if !slices.ContainsFunc(merged.Risks.Known, func(b policy.KnownRisk) bool { return b.Text == r.Text }) {
			merged.Risks.Known = append(slices.Clip(merged.Risks.Known), r)
		}
	}
	return &merged
}

func orDefault(p *policy.Policy) *policy.Policy {
	if p == nil {
		return policy.Default()
	}
	return p
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
	case (w.From != "" || w.To != "") && !j.inRange(w):
		return "out of range"
	}
	return ""
}

// inRange reports whether the head was seen to lie in the waiver's part of the
// history.
func (j *judge) inRange(w *policy.Waiver) bool {
	return j.Bundle != nil && slices.ContainsFunc(j.Bundle.Repository.Ranges, func(r evidence.Range) bool {
		return r.From == w.From && r.To == w.To && r.State == "inside"
	})
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
			switch {
			case f.Rule == "policy/changed":
				f.Severity = Note // this is the person whom the finding asks for
			case f.Severity == Blocker:
				f.Severity = Condition
			}
			f.Waived = &WaiverReport{Rule: f.Rule, Packet: f.Packet, Reason: a.Reason, Owner: a.By, Expires: a.Until.Format("2006-01-02"), State: "used"}
			j.report.Waivers = append(j.report.Waivers, *f.Waived)
		}
	}
}
