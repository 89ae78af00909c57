package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// ledger collects a tracker's risks.
type ledger struct {
	*trackerJudge
	entries []*entry
	tokens  map[string][]int // word → entries
}

type entry struct {
	Risk
	pos        tracker.Pos
	reconciled bool // a list that reconciles the risks has it
	packet     *tracker.Packet
	condition  bool // it comes from a list of conditions
	register   bool // it comes from the plan's register
}

// risks builds the ledger and judges it.
func (k *trackerJudge) risks() {
	l := &ledger{trackerJudge: k, tokens: map[string][]int{}}
	for i := range k.t.Packets {
		p := &k.t.Packets[i]
		for n := range p.Risks {
			if len(p.Risks) == 1 || !noRisk.MatchString(p.Risks[n].Text) {
				l.fromPacket(p, &p.Risks[n])
			}
		}
	}
	reconciled := false
	for i := range k.t.RiskTables {
		t := &k.t.RiskTables[i]
		if t.Kind == tracker.RiskTableConditions {
			l.fromConditions(t)
			continue
		}
		reconciled = reconciled || len(t.Rows) > 0
		for n := range t.Rows {
			l.fromTable(t, &t.Rows[n])
		}
	}
	for n := range k.t.Register {
		l.fromRegister(&k.t.Register[n])
	}
	for _, e := range l.entries {
		l.override(e)
		l.settle(e)
		if reconciled && !e.reconciled && !e.condition && !e.register && (e.Disposition == DispositionOpen || e.Disposition == DispositionDeferred) {
			k.at("risk/dropped", e.packet, e.pos, Finding{Message: fmt.Sprintf("the reconciled list of risks leaves one out that %s records: %s", e.Packet, clip(e.Text, 120)), Claimed: clip(e.Text, 120), Risk: e.ID})
		}
		l.judge(e)
		if e.Disposition != DispositionNone {
			k.report.Risks = append(k.report.Risks, e.Risk)
		}
	}
	k.baseRisks(l)
}

// knownRisks judges the risks that the policy itself records.
func (j *judge) knownRisks() {
	l := &ledger{trackerJudge: &trackerJudge{judge: j, t: &tracker.Tracker{Path: j.policy.Path}, byID: map[string]*tracker.Packet{}}, tokens: map[string][]int{}}
	for i := range j.policy.Risks.Known {
		r := &j.policy.Risks.Known[i]
		e := l.add("", r.Text, r.Severity, r.Pos)
		d := dispose(r.Text, false)
		e.Disposition, e.Why, e.To, e.Owner = d.disposition, d.why, d.to, r.Owner
		if r.Disposition != "" {
			e.Disposition, e.Why = Disposition(r.Disposition), "the policy says so"
		}
		l.judge(e)
		if e.Disposition != DispositionNone {
			j.report.Risks = append(j.report.Risks, e.Risk)
		}
	}
}

func (l *ledger) add(packet, text, severity string, pos tracker.Pos) *entry {
	sum := sha256.Sum256([]byte(strings.ToLower(text)))
	e := &entry{Risk: Risk{
		ID: orElse(packet, "–") + "/" + hex.EncodeToString(sum[:3]), Tracker: l.t.Path, Text: text, Packet: packet, Stated: severity,
		Severity: severities[strings.ToLower(severity)], Places: []tracker.Pos{pos},
	}, pos: pos}
	if p := l.byID[tracker.NormalID(packet)]; p != nil {
		e.packet = p
	}
	for _, w := range words(text) {
		l.tokens[w] = append(l.tokens[w], len(l.entries))
	}
	l.entries = append(l.entries, e)
	return e
}

func (l *ledger) fromPacket(p *tracker.Packet, r *tracker.Risk) {
	if pointerRisk.MatchString(r.Text) {
		return
	}
	e := l.add(p.ID, r.Text, r.Severity, r.Pos)
	e.packet, e.Owner = p, r.Owner
	d := dispose(strings.TrimSpace(r.Text+" "+r.Note), r.Struck)
	e.Disposition, e.Why, e.To = d.disposition, d.why, d.to
	if d.disposition != DispositionOpen {
		return
	}
	if other := l.otherPacket(p, r.Text+" "+r.Note); other != nil {
		e.Disposition, e.Why, e.To = DispositionDeferred, "it is left to "+other.ID, other.ID
	}
}

var idWord = regexp.MustCompile(`(?i)\bpacket \d{1,3}\b|\b[a-z][a-z0-9]*[-_.]?\d+[a-z]?(?:[-.][a-z0-9]+)*\b`)

// otherPacket is the first packet of the tracker that a text names, the one it
// stands in aside.
func (l *ledger) otherPacket(p *tracker.Packet, text string) *tracker.Packet {
	for _, word := range idWord.FindAllString(text, -1) {
		if other := l.named(word); other != nil && other != p {
			return other
		}
	}
	return nil
}

// named is the packet that an id names; CP-01 is 01 where packets have numbers
// alone.
func (l *ledger) named(id string) *tracker.Packet {
	if p := l.byID[tracker.NormalID(id)]; p != nil {
		return p
	}
	if _, number, ok := strings.Cut(id, "-"); ok && strings.Trim(number, "0123456789") == "" {
		return l.byID[number]
	}
	return nil
}

// fromTable takes a row of a reconciling table: the same risk as a packet's own
// statement, with the later word on it, or one that no packet records.
func (l *ledger) fromTable(t *tracker.RiskTable, r *tracker.Risk) {
	e := l.same(r)
	if e == nil {
		packet := r.Packet
		if l.byID[tracker.NormalID(packet)] == nil {
			packet = t.Packet
		}
		e = l.add(packet, r.Text, r.Severity, r.Pos)
		e.Disposition = DispositionOpen
	} else if e.pos != r.Pos {
		e.Places = append(e.Places, r.Pos)
	}
	e.reconciled = true
	if r.Severity != "" {
		e.Stated, e.Severity = r.Severity, severities[strings.ToLower(r.Severity)]
	}
	if r.Owner != "" {
		e.Owner = r.Owner
	}
	d := dispose(strings.TrimSpace(r.Note+" "+r.FollowUp+" "+r.Text), r.Struck || strings.Contains(strings.ToUpper(r.Raw), "RESOLVED"))
	if m := statedDisposition.FindStringSubmatch(r.Note); m != nil {
		d.disposition, d.why = Disposition(strings.ToLower(m[1])), "“"+m[1]+"” in the table"
	} else if d.disposition == DispositionOpen && r.Note != "" {
		d.disposition, d.why = DispositionMitigated, "the table's column says “"+clip(r.Note, 80)+"”"
	} else if d.disposition == DispositionOpen && r.FollowUp != "" {
		d.disposition, d.why = DispositionDeferred, "the table's column says “"+clip(r.FollowUp, 80)+"”"
	}
	if d.disposition != DispositionOpen || e.Why == "" {
		e.Disposition, e.Why = d.disposition, d.why
		if d.to != "" {
			e.To = d.to
		}
	}
}

// fromRegister takes a row of the plan's register: the packet that it names takes
// care of the risk.
func (l *ledger) fromRegister(r *tracker.Risk) {
	if e := l.same(&tracker.Risk{Text: r.Text}); e != nil {
		e.Places = append(e.Places, r.Pos)
		return
	}
	e := l.add("", r.Text, r.Severity, r.Pos)
	e.register, e.Owner = true, r.Owner
	if p := l.otherPacket(nil, r.Packet+" "+r.Note); p != nil {
		e.Packet, e.packet, e.To = p.ID, p, p.ID
		e.Disposition, e.Why = DispositionDeferred, "the plan leaves it to "+p.ID
		if p.Done() && p.Approved() {
			e.Disposition, e.Why = DispositionResolved, p.ID+" takes care of it, and is approved"
		}
		return
	}
	d := dispose(strings.TrimSpace(r.Note+" "+r.FollowUp+" "+r.Text), r.Struck)
	if d.disposition == DispositionOpen && r.Note != "" {
		d.disposition, d.why = DispositionMitigated, "the plan says “"+clip(r.Note, 80)+"”"
	}
	e.Disposition, e.Why, e.To = d.disposition, d.why, d.to
}

// statedDisposition is a disposition that stands at the beginning of a table's
// column, in its own word.
var statedDisposition = regexp.MustCompile(`(?i)^(resolved|mitigated|accepted|deferred|open)\b`)

// otherConditions are titles of lists that are no conditions of the verdict: those
// that were met, and those of a later step.
var otherConditions = regexp.MustCompile(`(?i)\bresolved\b|\bmet\b|\bconditions for .*\b(upgrade|later|next)`)

// fromConditions takes the conditions of a verdict that still stands.
func (l *ledger) fromConditions(t *tracker.RiskTable) {
	v := l.t.Recorded()
	if v == nil || v.Decision != string(GoWithConditions) || otherConditions.MatchString(t.Title) {
		return
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		if e := l.same(r); e != nil {
			e.Places, e.reconciled = append(e.Places, r.Pos), true
			continue
		}
		e := l.add(t.Packet, r.Text, r.Severity, r.Pos)
		d := dispose(r.Text, r.Struck)
		e.condition, e.Disposition, e.Why, e.To = true, DispositionDeferred, "it is a condition of the recorded verdict", d.to
		if d.disposition == DispositionResolved {
			e.Disposition, e.Why = d.disposition, d.why
		}
	}
}

// same finds the entry that states the same risk: of the same packet where one is
// named, with most of the words in common.
func (l *ledger) same(r *tracker.Risk) *entry {
	hits := map[int]int{}
	own := words(r.Text)
	for _, w := range own {
		if at := l.tokens[w]; len(at) <= 64 { // a word that stands everywhere tells nothing
			for _, i := range at {
				hits[i]++
			}
		}
	}
	best, score := -1, 0.0
	for i, n := range hits {
		e := l.entries[i]
		if r.Packet != "" && l.byID[tracker.NormalID(r.Packet)] != nil && !tracker.SameID(e.Packet, r.Packet) {
			continue
		}
		s := float64(n) / float64(max(1, min(len(own), len(words(e.Text)))))
		if s > score || s == score && i < best {
			best, score = i, s
		}
	}
	if best < 0 || score < 0.5 {
		return nil
	}
	return l.entries[best]
}

var wordForm = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_]{3,}|\d{2,}`)

// words are the words of a text that tell it from others, each once.
func words(text string) []string {
	var out []string
	for _, w := range wordForm.FindAllString(strings.ToLower(text), -1) {
		switch w {
		case "with", "from", "this", "that", "have", "been", "does", "will", "into", "only", "when", "which", "packet", "risk", "test", "tests":
			continue
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// override applies the policy's own word on a risk.
func (l *ledger) override(e *entry) {
	i := slices.IndexFunc(l.policy.Risks.Overrides, func(o policy.RiskOverride) bool {
		return (o.Packet == "" || tracker.SameID(o.Packet, e.Packet)) && strings.Contains(strings.ToLower(e.Text), strings.ToLower(o.Match))
	})
	if i < 0 {
		return
	}
	o := &l.policy.Risks.Overrides[i]
	if o.Disposition != "" {
		e.Disposition, e.Why = Disposition(o.Disposition), "the policy: "+o.Reason
	}
	if o.Severity != "" {
		e.Severity = o.Severity
	}
}

// settle follows a risk to the packet that it names: one that is approved has
// resolved what was put off to it, unless it is the one that asks for the verdict.
func (l *ledger) settle(e *entry) {
	if e.To == "" {
		return
	}
	p := l.named(e.To)
	switch {
	case e.Disposition == DispositionDeferred && p != nil && !p.Final && p.Done() && p.Approved() && !tracker.SameID(p.ID, e.Packet):
		e.Disposition, e.Why = DispositionResolved, e.Why+", and "+p.ID+" is approved"
	case e.Disposition == DispositionDeferred || e.Disposition == DispositionResolved:
		if p != nil && tracker.SameID(p.ID, e.Packet) {
			e.To = ""
		}
	}
}

// judge weighs one entry.
func (l *ledger) judge(e *entry) {
	f := Finding{Claimed: clip(e.Text, 160), Risk: e.ID}
	text := "“" + clip(e.Text, 120) + "”"
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
		rule, f.Message = "risk/open", fmt.Sprintf("%s leaves a risk without a decision%s: %s", orElse(e.Packet, l.source()), who, text)
		if rank >= severityRanks["high"] && !e.register { // a plan foresees; it does not find
			rule, f.Message = "risk/open-high", fmt.Sprintf("%s leaves a %s risk open%s: %s", orElse(e.Packet, l.source()), e.Severity, who, text)
		}
	case DispositionDeferred:
		rule, f.Message = "risk/deferred", fmt.Sprintf("%s puts a risk off (%s)%s: %s", orElse(e.Packet, l.source()), e.Why, who, text)
		if e.To != "" {
			f.Hint = "decide it in " + e.To + ", or name who owes it until when"
		}
		if e.condition {
			rule, f.Message = "risk/condition", "the recorded verdict has a condition: "+text
		}
	case DispositionResolved:
		if p := l.byID[tracker.NormalID(e.To)]; e.To != "" && sameFamily(e.To, l.t) && (p == nil || !p.Done() || !p.Approved()) {
			rule = "risk/resolved-by-nobody"
			f.Message = fmt.Sprintf("%s says that a risk is resolved in %s, which is no approved packet: %s", orElse(e.Packet, l.source()), e.To, text)
			break
		}
		f.Message = fmt.Sprintf("resolved (%s): %s", e.Why, text)
	case DispositionAccepted, DispositionMitigated:
		f.Message = fmt.Sprintf("%s (%s)%s: %s", e.Disposition, e.Why, who, text)
		if rank >= severityRanks["medium"] {
			rule, f.Message = "risk/accepted", fmt.Sprintf("a %s risk of %s is %s (%s)%s: %s", e.Severity, orElse(e.Packet, l.source()), e.Disposition, e.Why, who, text)
		}
	}
	l.at(rule, e.packet, e.pos, f)
}

// source is what records a risk that no packet does.
func (l *ledger) source() string {
	if len(l.t.Packets) == 0 {
		return "the policy"
	}
	return "the tracker"
}

// sameFamily reports whether an id has the form of the tracker's own: another
// lane's packets cannot be looked up here.
func sameFamily(id string, t *tracker.Tracker) bool {
	head := func(s string) string {
		at := strings.IndexAny(s, "0123456789")
		return strings.ToUpper(strings.TrimPrefix(strings.ToLower(s[:max(at, 0)]), "packet "))
	}
	for i := range t.Packets {
		if head(t.Packets[i].ID) == head(id) {
			return true
		}
	}
	return false
}

// baseRisks marks what changed against the base branch's tracker.
func (k *trackerJudge) baseRisks(l *ledger) {
	if k.Base == nil {
		return
	}
	i := slices.IndexFunc(k.Base.Trackers, func(t *tracker.Tracker) bool { return t.Path == k.t.Path })
	if i < 0 {
		return
	}
	old := map[string]bool{}
	base := k.Base.Trackers[i]
	for n := range base.Packets {
		for _, r := range base.Packets[n].Risks {
			old[strings.ToLower(r.Text)] = true
		}
	}
	for n := range k.report.Risks {
		r := &k.report.Risks[n]
		if r.Tracker == k.t.Path && !old[strings.ToLower(r.Text)] {
			r.Change = "new"
		}
	}
	_ = l
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
