package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
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

// Effective is the policy that decides. Without a base it is the change's own; with
// one it is the base's, and of the change's own only what makes the gate stricter:
// further required commands and contracts. Where the base has no policy, the
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
	return &merged
}

func orDefault(p *policy.Policy) *policy.Policy {
	if p == nil {
		return policy.Default()
	}
	return p
}

// policyChanges lists what a change alters of the base's policy, the required
// commands aside.
func policyChanges(base, own *policy.Policy) []string {
	if digestOf(base) == digestOf(own) {
		return nil
	}
	if base == nil {
		return []string{"the change brings the first policy; it is not in force until it is on the base branch"}
	}
	var out []string
	if digestOf(own) == "" {
		out = append(out, "the policy is removed")
	}
	for _, id := range sortedKeys(base.Severities, own.Severities) {
		if a, b := base.Severities[id], own.Severities[id]; a != b {
			out = append(out, fmt.Sprintf("the policy sets %s to %s; on the base branch, %s", id, orElse(b, "its default"), orElse(a, "its default")))
		}
	}
	for _, w := range own.Waivers {
		if !slices.ContainsFunc(base.Waivers, func(b policy.Waiver) bool { w.Pos, b.Pos = tracker.Pos{}, tracker.Pos{}; return w == b }) {
			out = append(out, fmt.Sprintf("the policy brings a waiver of %s by %s until %s", w.Rule, w.Owner, w.Expires.Format("2006-01-02")))
		}
	}
	for _, c := range base.Contracts {
		if !slices.ContainsFunc(own.Contracts, func(o policy.Contract) bool { return c.ID == o.ID && c.Pattern == o.Pattern }) {
			out = append(out, fmt.Sprintf("the policy drops or alters the contract %s", c.ID))
		}
	}
	for _, list := range []struct {
		what      string
		base, own []string
	}{
		{"trusts", base.Commands.Trusted, own.Commands.Trusted}, {"allows", base.Commands.Allowed, own.Commands.Allowed}, {"passes through", base.Commands.PassThrough, own.Commands.PassThrough},
		{"leaves out of the packets' scope", base.Checkpoints.IgnorePaths, own.Checkpoints.IgnorePaths},
	} {
		for _, item := range list.own {
			if !slices.Contains(list.base, item) {
				out = append(out, fmt.Sprintf("the policy %s `%s`, which that of the base branch does not", list.what, item))
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "the policy is another one than on the base branch")
	}
	for i := range out {
		out[i] += "; that of the base branch decides"
	}
	return out
}

func sortedKeys(maps ...map[string]string) []string {
	var keys []string
	for _, m := range maps {
		for k := range m {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// baseFindings says what a change alters of the gate that it must pass, and keeps
// the decision below GO until somebody accepts it.
func (j *judge) baseFindings() {
	if j.Base == nil {
		return
	}
	changed := policyChanges(j.Base.Policy, orDefault(j.Input.Policy))
	now := map[string]bool{}
	own := plan.Build(j.Trackers, orDefault(j.Input.Policy))
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
