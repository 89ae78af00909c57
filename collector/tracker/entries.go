package tracker

import "github.com/verdictci/verdict/collector/lazyregexp"

// leadingDate is what an entry of a log begins with.
var leadingDate = lazyregexp.New(`^[\[(]?\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?[\])]?\s*[:,|/—–-]*\s*`)

// entryOf is the packet that a heading outside of its section speaks of, and what of
// it: "### 2026-02-04 AB-01 Review Evidence" in a log, or "## Evidence for AB-01".
func (p *reader) entryOf(b *block, current string) (id string, of part) {
	text := b.text
	if mayBegin(text, "0123456789[(") {
		text = leadingDate.ReplaceAllString(text, "")
	}
	id, rest := p.words.leadingID(text)
	if _, known := p.index[NormalID(id)]; !known || !namedID.MatchString(id) {
		if p.packet >= 0 && b.level > p.level || p.words.partOf(text) != partEvidence {
			return "", partOther
		}
		ids := p.words.idsIn(text, p.index)
		if len(ids) != 1 || !namedID.MatchString(ids[0]) {
			return "", partOther
		}
		id, rest = ids[0], text
	}
	of = p.words.partOf(rest)
	if SameID(id, current) || of == partOther {
		return "", partOther
	}
	return id, of
}

// enter turns to a packet for what a heading holds.
func (p *reader) enter(id string, level int, pos Pos) {
	if level <= p.level {
		p.leave(pos)
	}
	p.back, p.entry, p.packet = p.packet, level, p.index[NormalID(id)]
}

// leaveEntry turns back to the packet whose section is read when a heading ends what
// was written about another one.
func (p *reader) leaveEntry(level int) {
	if p.entry == 0 || level > p.entry {
		return
	}
	p.packet, p.entry, p.part, p.mode = -1, 0, partOther, modeNone
	if p.back >= 0 && level > p.level {
		p.packet, p.part = p.back, partPacket
	}
}
