package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

// ledger collects a tracker's risks: what its packets, its lists and the linked
// plan say, each risk once.
type ledger struct {
	t          *tracker.Tracker
	byID       map[string]*tracker.Packet // by normal id
	places     map[string]int             // on the board, by normal id
	entries    []*entry
	tokens     map[string][]int  // word → entries
	texts      map[string]*entry // by normal text
	begun      map[string]*entry // by what a normal text begins with
	reconciled bool              // a list over several packets is there
}

type entry struct {
	Risk
	pos        tracker.Pos
	packet     *tracker.Packet
	reconciled bool // a list that reconciles the risks has it
	unrecorded bool // that list alone has it
	condition  bool // it comes from a list of conditions
	register   bool // it comes from the plan's register
}

// newLedger reads the risks of a tracker.
func newLedger(t *tracker.Tracker) *ledger {
	l := &ledger{t: t, byID: map[string]*tracker.Packet{}, places: map[string]int{}, tokens: map[string][]int{}, texts: map[string]*entry{}, begun: map[string]*entry{}}
	for i := range t.Packets {
		if id := tracker.NormalID(t.Packets[i].ID); l.byID[id] == nil {
			l.byID[id], l.places[id] = &t.Packets[i], i
		}
	}
	recorded := false
	for i := range t.Packets {
		p := &t.Packets[i]
		for n := range p.Risks {
			r := &p.Risks[n]
			if pointerRisk.MatchString(r.Text) {
				continue // its risks stand there
			}
			recorded = true
			if !saysNone(r) {
				l.fromPacket(p, r)
			}
		}
	}
	for i := range t.RiskTables {
		l.fromList(&t.RiskTables[i], recorded)
	}
	for n := range t.Register {
		l.fromRegister(&t.Register[n])
	}
	return l
}

// saysNone reports whether an item says that there is no risk, and nothing else.
func saysNone(r *tracker.Risk) bool {
	m := noRisk.FindString(r.Text)
	return m != "" && !r.Struck && dispose(strings.TrimSpace(r.Text+" "+r.Note)).disposition == DispositionNone
}

func (l *ledger) add(packet string, r *tracker.Risk) *entry {
	sum := sha256.Sum256([]byte(strings.ToLower(r.Text)))
	e := &entry{Risk: Risk{
		ID: orElse(packet, "–") + "/" + hex.EncodeToString(sum[:3]), Tracker: l.t.Path, Text: r.Text, Packet: packet, Stated: r.Severity,
		Severity: tracker.SeverityLevel(r.Severity), Owner: r.Owner, Places: []tracker.Pos{r.Pos},
	}, pos: r.Pos, packet: l.byID[tracker.NormalID(packet)]}
	for _, w := range words(r.Text) {
		l.tokens[w] = append(l.tokens[w], len(l.entries))
	}
	key := normalText(r.Text)
	if l.texts[key] == nil {
		l.texts[key] = e
	}
	for _, start := range beginnings(key) {
		if l.begun[start] == nil {
			l.begun[start] = e
		}
	}
	l.entries = append(l.entries, e)
	return e
}

// again takes another place that states the same risk. A later word that decides
// counts; the worse severity does.
func (e *entry) again(r *tracker.Risk, d disposed) {
	if e.pos != r.Pos {
		e.Places = append(e.Places, r.Pos)
	}
	if e.Owner == "" {
		e.Owner = r.Owner
	}
	if level := tracker.SeverityLevel(r.Severity); e.Stated == "" || severityRanks[level] > severityRanks[e.Severity] {
		e.Stated, e.Severity = orElse(r.Severity, e.Stated), orElse(level, e.Severity)
	}
	if d.disposition != DispositionOpen && d.disposition != DispositionNone {
		e.set(d)
	}
}

func (e *entry) set(d disposed) {
	e.Disposition, e.Why = d.disposition, d.why
	if d.to != "" {
		e.To = d.to
	}
}

// fromPacket takes a packet's own statement.
func (l *ledger) fromPacket(p *tracker.Packet, r *tracker.Risk) {
	said := strings.TrimSpace(r.Text + " " + r.Note)
	d := dispose(said)
	if r.Struck {
		d = disposeStruck(r.Text, strings.TrimSpace(r.After+" "+r.Note))
	} else if r.Status != "" {
		d = disposeRow(r)
	}
	if d.disposition == DispositionOpen {
		if other := l.leftTo(p, said); other != nil {
			d = disposed{disposition: DispositionDeferred, why: "it is left to " + other.ID, to: other.ID}
		}
	}
	if e := l.repeated(r.Text); e != nil && (e.packet != p || normalText(e.Text) == normalText(r.Text)) {
		e.again(r, d)
		return
	}
	l.add(p.ID, r).set(d)
}

var (
	idWord = lazyregexp.New(`(?i)\bpacket \d{1,3}\b|\b[a-z][a-z0-9]*[-_.]?\d+[a-z]?(?:[-.][a-z0-9]+)*\b`)
	// takesCare is what stands behind the id of a packet that a risk is left to,
	// and leaves what stands before it.
	takesCare = lazyregexp.New(`(?i)^(?:/\d+)*(?:\s+final)?(?:\s+\w+)?\s+(?:will|hardens?|adds?|provides?|handles?|covers?|address(?:es)?|fix(?:es)?|creates?|takes?|resolves?|removes?|replaces?|closes?|mitigates?|cannot (?:proceed|start|begin))\b`)
	leaves    = lazyregexp.New(`(?i)\b(?:in|to|for|by|until)\s+(?:the\s+)?$`)
)

// idWords finds the words that may be packets' ids. Only words with a digit are
// looked at closely.
func idWords(text string) (found [][]int) {
	letter := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
	part := func(c byte) bool { return letter(c) || c == '-' || c == '.' }
	end := 0
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		from, to := i, i
		for from > 0 && part(text[from-1]) {
			from--
		}
		for to < len(text) && part(text[to]) {
			to++
		}
		if at := from - len("packet "); from == i && at >= end && strings.EqualFold(text[at:from], "packet ") && (at == 0 || !letter(text[at-1])) {
			from = at
		}
		for _, at := range idWord.FindAllStringIndex(text[from:to], -1) {
			end = from + at[1]
			found = append(found, []int{from + at[0], end})
		}
		i = to
	}
	return found
}

// leftTo is the packet after this one that a text leaves the risk to. A packet
// that is merely named takes care of nothing.
func (l *ledger) leftTo(p *tracker.Packet, text string) *tracker.Packet {
	for _, at := range idWords(text) {
		other := l.named(text[at[0]:at[1]])
		if other == nil || !l.after(other, p) {
			continue
		}
		if takesCare.MatchString(text[at[1]:]) || leaves.MatchString(text[:at[0]]) {
			return other
		}
	}
	return nil
}

// after reports whether a packet comes after another on the board.
func (l *ledger) after(a, b *tracker.Packet) bool {
	return b == nil || l.places[tracker.NormalID(a.ID)] > l.places[tracker.NormalID(b.ID)]
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

// reconciles are titles of lists that speak for all packets.
var reconciles = lazyregexp.New(`(?i)\b(?:reconcil|consolidat|ledger|register|all packets|summary|overall|final)`)

// besidePackets are titles of lists that stand beside the packets' risks, and repeat
// none of them.
var besidePackets = lazyregexp.New(`(?i)\b(?:issues?|defects|bugs|blockers?|items|points|questions|problems)(?: log)?$`)

// fromList takes a list over several packets. One that stands in a packet that
// does not ask for the verdict, under no such title, is that packet's own.
func (l *ledger) fromList(t *tracker.RiskTable, recorded bool) {
	p := l.byID[tracker.NormalID(t.Packet)]
	own := p != nil && !p.Final && !reconciles.MatchString(t.Title)
	switch {
	case t.Kind == tracker.RiskTableConditions:
		l.fromConditions(t)
		return
	case !own && !besidePackets.MatchString(t.Title):
		l.reconciled = l.reconciled || len(t.Rows) > 0
	}
	for n := range t.Rows {
		r := &t.Rows[n]
		switch {
		case saysNone(r) && disposeRow(r).disposition == DispositionNone:
		case own && !l.names(r.Packet):
			l.fromPacket(p, r)
		default:
			l.fromRow(t, r, recorded && !own && !besidePackets.MatchString(t.Title))
		}
	}
}

func (l *ledger) names(id string) bool { return l.byID[tracker.NormalID(id)] != nil }

// fromRow takes a row of a reconciling table: the same risk as a packet's own
// statement, with the later word on it, or one that no packet records.
func (l *ledger) fromRow(t *tracker.RiskTable, r *tracker.Risk, unrecorded bool) {
	d := disposeRow(r)
	e := l.same(r)
	if e == nil {
		packet := r.Packet
		if !l.names(packet) {
			packet = t.Packet
		}
		e = l.add(packet, r)
		e.unrecorded, e.reconciled = unrecorded, true
		e.set(d)
		return
	}
	e.reconciled = true
	before := e.Risk
	e.again(r, d)
	if d.stated {
		e.set(d)
	}
	if r.Severity != "" && settled(e.Disposition) { // decided: what is left of it is what the table says
		e.Stated, e.Severity = r.Severity, tracker.SeverityLevel(r.Severity)
	} else if r.Severity != "" && before.Stated == "" {
		e.Stated, e.Severity = r.Severity, tracker.SeverityLevel(r.Severity)
	}
	if r.Owner != "" {
		e.Owner = r.Owner
	}
}

func settled(d Disposition) bool {
	return d == DispositionResolved || d == DispositionAccepted || d == DispositionMitigated
}

// fromRegister takes a row of the plan's register: the packet that it names takes
// care of the risk.
func (l *ledger) fromRegister(r *tracker.Risk) {
	if e := l.same(&tracker.Risk{Text: r.Text}); e != nil {
		e.Places = append(e.Places, r.Pos)
		return
	}
	e := l.add("", r)
	e.register = true
	for _, word := range idWord.FindAllString(r.Packet+" "+r.Note+" "+r.Status, -1) {
		p := l.named(word)
		if p == nil {
			continue
		}
		e.Packet, e.packet, e.To = p.ID, p, p.ID
		e.Disposition, e.Why = DispositionDeferred, "the plan leaves it to "+p.ID
		if p.Done() && p.Approved() {
			e.Disposition, e.Why = DispositionResolved, p.ID+" takes care of it, and is approved"
		}
		return
	}
	e.set(disposeRow(r))
}

var (
	// otherConditions are titles of lists that are no conditions of the verdict:
	// those that were met, and those of a later step.
	otherConditions = lazyregexp.New(`(?i)\bresolved\b|\bmet\b|\bconditions for .*\b(upgrade|later|next)`)
	// conditionsMet is how a verdict says that the conditions of an earlier one are
	// met.
	conditionsMet = lazyregexp.New(`(?i)\bconditions?\b[^.]*\b(?:resolved|met|burned down|cleared|satisfied|closed|done|completed?)\b`)
)

// fromConditions takes the conditions of a verdict that still stands. Those of an
// earlier one, which the last verdict says are met, resolve the risks they repeat.
func (l *ledger) fromConditions(t *tracker.RiskTable) {
	v := l.t.Recorded()
	if v == nil || otherConditions.MatchString(t.Title) {
		return
	}
	stands := v.Decision == string(GoWithConditions)
	for i := range t.Rows {
		r := &t.Rows[i]
		d := dispose(r.Text)
		if r.Struck {
			d = disposeStruck(r.Text, r.After)
		}
		e := l.same(r)
		switch {
		case e != nil && !stands && v.Decision == string(Go) && conditionsMet.MatchString(v.Text):
			e.again(r, disposed{disposition: DispositionResolved, why: "a condition that “" + clip(v.Text, 80) + "” says is met"})
			e.reconciled = true
		case e != nil:
			e.again(r, disposed{disposition: DispositionOpen})
			e.reconciled = e.reconciled || stands
		case stands:
			e = l.add(t.Packet, r)
			e.condition, e.Disposition, e.Why, e.To = true, DispositionDeferred, "it is a condition of the recorded verdict", d.to
			if d.disposition == DispositionResolved {
				e.set(d)
			}
		}
	}
}

// settle follows a risk to the packet that it names: one that comes later and is
// approved has resolved what was put off to it, unless it is the one that asks for
// the verdict.
func (l *ledger) settle(e *entry) {
	if e.To == "" {
		return
	}
	p := l.named(e.To)
	switch {
	case p == nil && !l.sameFamily(e.To) && strings.Contains(e.Text, e.To) && !owes(e.Text, e.To):
		e.To = "" // an id that the text is about: a vulnerability, a standard
	case p == nil:
	case tracker.SameID(p.ID, e.Packet) && (e.Disposition == DispositionDeferred || e.Disposition == DispositionResolved):
		e.To = ""
	case e.Disposition == DispositionDeferred && !p.Final && p.Done() && p.Approved() && l.after(p, e.packet):
		e.Disposition, e.Why = DispositionResolved, e.Why+", and "+p.ID+" is approved"
	}
}

// owes reports whether a text says that something is for an id to do.
func owes(text, id string) bool {
	return slices.ContainsFunc(targetID.FindAllStringSubmatch(text, -1), func(m []string) bool { return m[1] == id })
}

// source is what records a risk.
func (l *ledger) source(e *entry) string {
	switch {
	case e.Packet != "":
		return e.Packet
	case len(l.t.Packets) == 0:
		return "the policy"
	}
	return "the tracker"
}

// sameFamily reports whether an id has the form of the tracker's own: another
// lane's packets cannot be looked up here.
func (l *ledger) sameFamily(id string) bool {
	head := func(s string) string {
		at := strings.IndexAny(s, "0123456789")
		return strings.ToUpper(strings.TrimPrefix(strings.ToLower(s[:max(at, 0)]), "packet "))
	}
	return slices.ContainsFunc(l.t.Packets, func(p tracker.Packet) bool { return head(p.ID) == head(id) })
}

// describe says what a risk is, for a message.
func (e *entry) describe(n int) string { return fmt.Sprintf("“%s”", clip(e.Text, n)) }
