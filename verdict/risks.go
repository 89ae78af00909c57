package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// risks builds the tracker's ledger and judges it.
func (k *trackerJudge) risks() {
	l := newLedger(k.t)
	first := len(k.report.Risks)
	for _, e := range l.entries {
		k.override(e)
		l.settle(e)
		said := k.reconcile(l, e)
		if !said || severityRanks[e.Severity] >= severityRanks["high"] {
			k.weigh(l, e)
		}
		k.report.Risks = append(k.report.Risks, e.Risk)
	}
	k.baseRisks(first)
}

// reconcile says what the reconciled list and the packets leave out of each other.
// It reports whether that is all there is to say.
func (k *trackerJudge) reconcile(l *ledger, e *entry) bool {
	f := Finding{Claimed: clip(e.Text, 120), Risk: e.ID}
	switch {
	case e.unrecorded:
		f.Message = "the reconciled list has a risk that no packet records: " + e.describe(120)
		k.at("risk/unrecorded", e.packet, e.pos, f)
		return false
	case !l.reconciled || e.reconciled || e.condition || e.register || e.Disposition == DispositionResolved || e.Disposition == DispositionNone:
		return false
	}
	f.Message = fmt.Sprintf("the reconciled list of risks leaves one out that %s records (%s): %s", e.Packet, e.Disposition, clip(e.Text, 120))
	if settled(e.Disposition) {
		f.Severity = Note
	}
	k.at("risk/dropped", e.packet, e.pos, f)
	return !settled(e.Disposition)
}

// knownRisks judges the risks that the policy itself records.
func (j *judge) knownRisks() {
	k := &trackerJudge{judge: j, t: &tracker.Tracker{Path: j.policy.Path}, byID: map[string]*tracker.Packet{}}
	l := newLedger(k.t)
	for i := range j.policy.Risks.Known {
		r := &j.policy.Risks.Known[i]
		e := l.add("", &tracker.Risk{Text: r.Text, Severity: r.Severity, Owner: r.Owner, Pos: r.Pos})
		e.set(dispose(r.Text))
		if r.Disposition != "" {
			e.Disposition, e.Why = Disposition(r.Disposition), "the policy says so"
		}
		k.weigh(l, e)
		if e.Disposition != DispositionNone {
			j.report.Risks = append(j.report.Risks, e.Risk)
		}
	}
}

// override applies the policy's own word on a risk.
func (k *trackerJudge) override(e *entry) {
	i := slices.IndexFunc(k.policy.Risks.Overrides, func(o policy.RiskOverride) bool {
		return (o.Packet == "" || tracker.SameID(o.Packet, e.Packet)) && strings.Contains(strings.ToLower(e.Text), strings.ToLower(o.Match))
	})
	if i < 0 {
		return
	}
	o := &k.policy.Risks.Overrides[i]
	if o.Disposition != "" {
		e.Disposition, e.Why = Disposition(o.Disposition), "the policy: "+o.Reason
	}
	if o.Severity != "" {
		e.Severity = o.Severity
	}
}

// weigh judges one entry.
func (k *trackerJudge) weigh(l *ledger, e *entry) {
	f := Finding{Claimed: clip(e.Text, 160), Risk: e.ID}
	text, from := e.describe(120), l.source(e)
	who := ""
	if e.Owner != "" {
		who = "; owner " + e.Owner
	}
	if e.register && e.Disposition != DispositionOpen && e.Disposition != DispositionDeferred {
		return // what the plan foresaw and the packets took care of
	}
	rank := severityRanks[e.Severity]
	rule := "risk/noted"
	switch e.Disposition {
	case DispositionNone:
		return
	case DispositionOpen:
		rule, f.Message = "risk/open", fmt.Sprintf("%s leaves a risk without a decision%s: %s", from, who, text)
		if rank >= severityRanks["high"] && !e.register { // a plan foresees; it does not find
			rule, f.Message = "risk/open-high", fmt.Sprintf("%s leaves a %s risk open%s: %s", from, e.Severity, who, text)
		}
	case DispositionDeferred:
		rule, f.Message = "risk/deferred", fmt.Sprintf("%s puts a risk off (%s)%s: %s", from, e.Why, who, text)
		if l.named(e.To) != nil {
			f.Hint = "decide it in " + e.To + ", or name who owes it until when"
		}
		if e.condition {
			rule, f.Message = "risk/condition", "the recorded verdict has a condition: "+text
		}
	case DispositionResolved:
		if p := l.named(e.To); e.To != "" && l.sameFamily(e.To) && (p == nil || !p.Done() || !p.Approved()) {
			rule = "risk/resolved-by-nobody"
			f.Message = fmt.Sprintf("%s says that a risk is resolved in %s, which is no approved packet: %s", from, e.To, text)
			break
		}
		f.Message = fmt.Sprintf("resolved (%s): %s", e.Why, text)
	case DispositionAccepted, DispositionMitigated:
		f.Message = fmt.Sprintf("%s (%s)%s: %s", e.Disposition, e.Why, who, text)
		if rank >= severityRanks["medium"] {
			rule, f.Message = "risk/accepted", fmt.Sprintf("a %s risk of %s is %s (%s)%s: %s", e.Severity, from, e.Disposition, e.Why, who, text)
		}
	}
	k.at(rule, e.packet, e.pos, f)
}

// baseRisks says what changed against the base branch's tracker. A risk that
// nobody decided there does not go away by leaving its line out.
func (k *trackerJudge) baseRisks(first int) {
	if k.Base == nil {
		return
	}
	i := slices.IndexFunc(k.Base.Trackers, func(t *tracker.Tracker) bool { return t.Path == k.t.Path })
	if i < 0 {
		return
	}
	base := newLedger(k.Base.Trackers[i])
	seen := map[*entry]bool{}
	for n := first; n < len(k.report.Risks); n++ {
		r := &k.report.Risks[n]
		e := base.same(&tracker.Risk{Text: r.Text, Packet: r.Packet})
		if e == nil {
			r.Change = "new"
			continue
		}
		seen[e] = true
		k.override(e)
		base.settle(e)
		if e.Disposition != r.Disposition || e.Severity != r.Severity {
			r.Change = "changed"
		}
	}
	for _, e := range base.entries {
		if seen[e] || e.register || e.condition || e.Disposition == DispositionNone {
			continue
		}
		k.override(e)
		base.settle(e)
		e.Change = "gone"
		k.report.Risks = append(k.report.Risks, e.Risk)
		if e.Disposition == DispositionOpen || e.Disposition == DispositionDeferred {
			k.at("risk/dropped", nil, tracker.Pos{}, Finding{Packet: e.Packet, Message: fmt.Sprintf("the tracker leaves a risk out that the base branch's records for %s (%s): %s", base.source(e), e.Disposition, e.describe(120)), Claimed: clip(e.Text, 120), Risk: e.ID})
		}
	}
}

// riskLimit compares the number of conditions from risks with the policy.
func (j *judge) riskLimit() {
	limit := j.policy.Risks.MaxOpen
	if limit < 0 {
		return
	}
	open := 0
	for i := range j.report.Findings {
		f := &j.report.Findings[i]
		if strings.HasPrefix(f.Rule, "risk/") && f.Severity != Note {
			open++
		}
	}
	if open > limit {
		j.find("risk/too-many", Finding{Message: fmt.Sprintf("%s stand, the policy allows %d", plural(open, "risk", "risks"), limit)})
	}
}
