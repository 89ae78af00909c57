package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// Decide judges the evidence. It is pure and total: any input gives a report, the
// same input the same one.
func Decide(in Input) *Report {
	j := newJudge(in)
	if !in.LintOnly {
		j.commands()
		j.worktree()
	}
	for i, t := range in.Trackers {
		j.tracker(i, t)
	}
	if !in.LintOnly {
		j.repository()
	}
	j.knownRisks()
	j.policyFindings()
	j.baseFindings()
	j.distrust()
	j.compareWithPrevious()
	j.riskLimit()
	j.applyWaivers()
	j.accept()
	return j.finish()
}

// judge holds what a decision is made from and what has been found so far.
type judge struct {
	Input
	policy   *policy.Policy
	plan     *plan.Plan
	evidence map[string]*evidence.Command
	states   map[string]CommandState
	keys     map[string]string      // memo of plan.Key
	shapes   map[string]*plan.Shape // memo of plan.ShapeOf
	trackers map[string]*tracker.Tracker
	ownNeeds map[string]int // how many of a command's needs are the change's own; nil without a base
	report   *Report
	ids      map[string]int
	refused  map[string]bool                   // trackers that record a NO_GO which this run does not answer
	byCommit map[string][]*evidence.Checkpoint // by full hash; see recordedAs
}

func newJudge(in Input) *judge {
	j := &judge{Input: in, policy: Effective(in.Policy, in.Base), evidence: map[string]*evidence.Command{}, states: map[string]CommandState{}, keys: map[string]string{}, shapes: map[string]*plan.Shape{}, trackers: map[string]*tracker.Tracker{}, ids: map[string]int{}, refused: map[string]bool{}}
	required := in.Trackers
	if in.Base != nil {
		required = append(slices.Clone(in.Trackers), in.Base.Trackers...)
		j.ownNeeds = map[string]int{}
		for _, c := range plan.Build(in.Trackers, nil).Commands {
			j.ownNeeds[c.Key] = len(c.Needs)
		}
	}
	j.plan = plan.Build(required, j.policy)
	if in.Bundle != nil {
		for i := range in.Bundle.Commands {
			c := &in.Bundle.Commands[i]
			if _, dup := j.evidence[c.Key]; !dup {
				j.evidence[c.Key] = c
			}
		}
	}
	for _, t := range in.Trackers {
		j.trackers[t.Path] = t
	}
	j.report = &Report{
		Schema: ReportSchema, Trackers: []TrackerReport{}, Packets: []PacketReport{}, Commands: []CommandReport{}, Checkpoints: []CheckpointReport{},
		Risks: []Risk{}, Findings: []Finding{}, Conditions: []string{},
	}
	if b := in.Bundle; b != nil {
		r := j.report
		r.Tool, r.Subject, r.Environment, r.Origin, r.Generated = b.Tool, b.Subject, b.Environment, b.Origin, b.Finished
		r.Head, r.Base, r.Complete, r.Redacted = b.Repository.Head, b.Repository.Base, b.Complete, b.Redacted
	}
	return j
}

// at is the day that dates are compared with.
func (j *judge) at() time.Time {
	if !j.At.IsZero() {
		return j.At
	}
	return j.report.Generated
}

func (j *judge) key(command string) string {
	if k, ok := j.keys[command]; ok {
		return k
	}
	k := plan.Key(command, "")
	j.keys[command] = k
	return k
}

// shape is the syntax of a command that the tracker names.
func (j *judge) shape(command string) *plan.Shape {
	s, ok := j.shapes[command]
	if !ok {
		read := plan.ShapeOf(command, "")
		s = &read
		j.shapes[command] = s
	}
	return s
}

// find adds a finding. The severity is the rule's unless f has one; the policy may
// change it, but for the rules that guard what was not seen.
func (j *judge) find(id string, f Finding) *Finding {
	rule, _ := RuleByID(id)
	f.Rule = id
	if f.Severity == "" {
		f.Severity = rule.Severity
	}
	if f.Hint == "" {
		f.Hint = rule.Fix
	}
	if want, ok := j.policy.Severities[id]; ok && !rule.Guard {
		if want == "off" {
			return &f
		}
		f.Severity = Severity(want)
	}
	f.ID = j.identify(&f)
	if f.Severity == Condition {
		rule.Severity = Condition
	}
	if n := len(j.report.Findings); n == cap(j.report.Findings) {
		j.report.Findings = slices.Grow(j.report.Findings, n+16) // append alone would copy tens of thousands more often
	}
	j.report.Findings = append(j.report.Findings, f)
	return &j.report.Findings[len(j.report.Findings)-1]
}

// identify gives a finding an id that stays the same over runs: it is made of what
// the finding is about, not of the line it stands on.
func (j *judge) identify(f *Finding) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.Tracker, f.Packet, f.Command, f.Risk, f.Claimed}, "\x00")))
	id := f.Rule + "/" + hex.EncodeToString(sum[:4])
	j.ids[id]++
	if n := j.ids[id]; n > 1 {
		id += fmt.Sprintf("-%d", n)
	}
	return id
}

// finish sorts the findings and takes the decisions.
func (j *judge) finish() *Report {
	r := j.report
	j.refusals()
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return severityRank(a.Severity) - severityRank(b.Severity) })
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity == Condition {
			r.Conditions = append(r.Conditions, conditionText(f))
		}
	}
	j.countFindings()
	r.Verdict = decisionOf(r.Findings, "") // those about a tracker that the base alone has count as well
	for i := range r.Trackers {
		t := &r.Trackers[i]
		t.Verdict = decisionOf(r.Findings, t.Path)
	}
	if j.LintOnly || j.Bundle == nil {
		r.Verdict = Worse(r.Verdict, GoWithConditions) // nothing was seen
		for i := range r.Trackers {
			r.Trackers[i].Verdict = Worse(r.Trackers[i].Verdict, GoWithConditions)
		}
	}
	j.recordedVerdicts()
	r.Summary = summary(r, j)
	for i := range r.Trackers {
		r.Trackers[i].Summary = trackerSummary(r, &r.Trackers[i])
	}
	if j.Previous != nil && !j.LintOnly {
		r.Changes = Compare(j.Previous, r)
	}
	return conceal(r)
}

func severityRank(s Severity) int {
	switch s {
	case Blocker:
		return 0
	case Condition:
		return 1
	}
	return 2
}

// decisionOf is the decision about one tracker: by its findings, and by those that
// are about no tracker.
func decisionOf(findings []Finding, path string) Decision {
	d := Go
	for i := range findings {
		f := &findings[i]
		if path != "" && f.Tracker != "" && f.Tracker != path {
			continue
		}
		switch f.Severity {
		case Blocker:
			return NoGo
		case Condition:
			d = GoWithConditions
		case Note:
		default:
			return NoGo // a severity that is not known cannot be weighed
		}
	}
	return d
}

func conditionText(f *Finding) string {
	text := f.Message
	if f.Packet != "" && !strings.Contains(text, f.Packet) {
		text = f.Packet + ": " + text
	}
	if f.Waived != nil {
		return text + " (waived by " + f.Waived.Owner + " until " + f.Waived.Expires + ": " + f.Waived.Reason + ")"
	}
	if f.Hint != "" {
		text += "; owed: " + f.Hint
	}
	return text
}

// countFindings fills the counts of packets, commands and checkpoints.
func (j *judge) countFindings() {
	r := j.report
	type place struct{ tracker, packet string }
	blockers, conditions, commands, commits := map[place]int{}, map[place]int{}, map[string]int{}, map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Severity {
		case Blocker:
			blockers[place{f.Tracker, f.Packet}]++
		case Condition:
			conditions[place{f.Tracker, f.Packet}]++
		}
		if f.Severity != Note {
			commands[f.Command]++
			commits[f.Commit+"\x00"+f.Packet]++
		}
	}
	for i := range r.Commands {
		c := &r.Commands[i]
		c.Findings = commands[c.Key]
	}
	for i := range r.Checkpoints {
		c := &r.Checkpoints[i]
		c.Findings = commits[c.Hash+"\x00"+c.Packet]
	}
	for i := range r.Packets {
		p := &r.Packets[i]
		p.Blockers, p.Conditions = blockers[place{p.Tracker, p.ID}], conditions[place{p.Tracker, p.ID}]
		for _, key := range p.Commands {
			if s := j.states[key]; s != CommandPassed && s != "" && p.Blockers == 0 {
				if s == CommandUnproven {
					p.Conditions = max(p.Conditions, 1)
				} else {
					p.Blockers = max(p.Blockers, 1)
				}
			}
		}
		switch {
		case p.Final && !strings.HasPrefix(p.Claimed, "DONE"):
			p.Verified = "final"
		case !strings.HasPrefix(p.Claimed, "DONE"):
			p.Verified = "open"
		case p.Blockers > 0:
			p.Verified = "blocked"
		case p.Conditions > 0:
			p.Verified = "conditions"
		case j.LintOnly:
			p.Verified = "open"
		default:
			p.Verified = "verified"
		}
	}
}

// refusals makes a NO_GO that a tracker records, and that no packet of this run
// answers, a condition where nothing else stands against a GO: somebody who knew more
// may have said it.
func (j *judge) refusals() {
	for i := range j.report.Trackers {
		t := &j.report.Trackers[i]
		if j.refused[t.Path] && !j.LintOnly && decisionOf(j.report.Findings, t.Path) != NoGo {
			j.find("tracker/recorded-verdict", Finding{
				Tracker: t.Path, Pos: *t.RecordedPos, Severity: Condition, Claimed: string(t.Recorded),
				Message: "the tracker itself says " + string(t.Recorded) + ", and nothing that was found says why", Hint: "say under residual risks what stands against it, or record the verdict again",
			})
		} else {
			delete(j.refused, t.Path)
		}
	}
}

// recordedVerdicts compares what the trackers record with what was decided.
func (j *judge) recordedVerdicts() {
	r := j.report
	added := false
	for i := range r.Trackers {
		t := &r.Trackers[i]
		if t.Recorded == "" || t.Recorded == t.Verdict || j.LintOnly || j.refused[t.Path] {
			continue
		}
		n := len(r.Findings)
		j.find("tracker/recorded-verdict", Finding{
			Tracker: t.Path, Pos: *t.RecordedPos, Severity: Note, Claimed: string(t.Recorded), Observed: string(t.Verdict),
			Message: fmt.Sprintf("the tracker records %s; this run computes %s%s", t.Recorded, t.Verdict, difference(r, t)),
		})
		added = added || len(r.Findings) > n
	}
	if added {
		slices.SortStableFunc(r.Findings, func(a, b Finding) int { return severityRank(a.Severity) - severityRank(b.Severity) })
	}
}

// distrust takes over what the side that reads a foreign bundle has against it.
func (j *judge) distrust() {
	for _, d := range j.Distrust {
		j.find("trust/distrusted", Finding{Message: d.Message, Hint: d.Hint, Claimed: d.Rule, Severity: d.Severity})
	}
}
