package tracker

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	joinsIDs = lazyregexp.New(`(?i)^\s*(?:/|,?\s*and\s|,|&|\+|;)\s*`)
	rangesTo = lazyregexp.New(`(?i)^(?:\s*(?:…|\.\.\.?|–)\s*|\s+(?:through|to|-)\s+)`)
	// listEnds is what follows a list of packets in a heading; "C-1 and C-2 were
	// merged" is about C-1.
	listEnds = lazyregexp.New(`(?i)^\s*(?:$|[:—–(\])-]|checklist\b)`)
)

// alsoNamed are the packets that a heading or entry names after the first one, and the
// text after them: "C-1/C-2/C-4: …", "C-1, C-2 and C-4", "C-1/2/4", "C-1 to C-4". rest
// is what follows the first id.
func (p *reader) alsoNamed(first, rest string) (also []int, after string) {
	at, known := p.index[NormalID(first)]
	if !known || !hasDigit(rest) {
		return nil, rest
	}
	prefix := strings.TrimRight(first, "0123456789")
	seen := []int{at}
	for after = rest; ; {
		m, ranged := joinsIDs.FindString(after), false
		if m == "" {
			m, ranged = rangesTo.FindString(after), true
		}
		if m == "" {
			break
		}
		id, next := p.words.leadingID(after[len(m):])
		if id == "" || !strings.HasPrefix(after[len(m):], id) {
			break
		}
		i, known := p.index[NormalID(id)]
		if !known && prefix != "" && strings.Trim(id, "0123456789") == "" { // C-1/2
			i, known = p.index[NormalID(prefix+id)]
		}
		if !known {
			break
		}
		from := i
		if last := seen[len(seen)-1]; ranged && i > last {
			from = last + 1
		}
		for ; from <= i; from++ {
			if !slices.Contains(seen, from) {
				seen = append(seen, from)
			}
		}
		after = next
	}
	if len(seen) == 1 || !listEnds.MatchString(after) && p.words.partOf(after) == partOther {
		return nil, rest
	}
	return seen[1:], after
}

// shared is what is read for several packets at once: it is read for one, and given to
// the others when it ends.
type shared struct {
	of      int    // the packet that it is read for
	with    []int  // the others
	level   int    // of the heading that names them
	before  Packet // what the packet had
	raw     int    // sizes of its texts
	rolling int
}

// share begins what a heading says is about several packets, where it is read for the
// first of them.
func (p *reader) share(first string, with []int, level int) {
	if len(with) == 0 || p.shared != nil || p.packet < 0 || p.packet != p.index[NormalID(first)] {
		return
	}
	p.shared = &shared{
		of: p.packet, with: with, level: level, before: p.t.Packets[p.packet],
		raw: builderOf(p.raw, p.packet).Len(), rolling: builderOf(p.rollback, p.packet).Len(),
	}
}

// endShare gives the others what was read since, where a heading of a level ends it.
// A risk is one, and stays with the first packet.
func (p *reader) endShare(level int) {
	s := p.shared
	if s == nil || level > s.level {
		return
	}
	p.shared = nil
	of, had := &p.t.Packets[s.of], &s.before
	raw, rollback := builderOf(p.raw, s.of).String()[s.raw:], builderOf(p.rollback, s.of).String()[s.rolling:]
	for _, i := range s.with {
		pk := &p.t.Packets[i]
		if p.standIn[i] == nil {
			p.standIn[i] = of.Section
		}
		pk.Boxes = append(pk.Boxes, of.Boxes[len(had.Boxes):]...)
		pk.Scope = append(pk.Scope, of.Scope[len(had.Scope):]...)
		pk.ScopeWords = append(pk.ScopeWords, of.ScopeWords[len(had.ScopeWords):]...)
		pk.Required = append(pk.Required, of.Required[len(had.Required):]...)
		pk.Gates = append(pk.Gates, of.Gates[len(had.Gates):]...)
		pk.Reviews = append(pk.Reviews, of.Reviews[len(had.Reviews):]...)
		pk.Statuses = append(pk.Statuses, of.Statuses[len(had.Statuses):]...)
		pk.Checkpoints = append(pk.Checkpoints, of.Checkpoints[len(had.Checkpoints):]...)
		pk.DependsOn = append(pk.DependsOn, of.DependsOn[len(had.DependsOn):]...)
		pk.Evidence.Claims = append(pk.Evidence.Claims, of.Evidence.Claims[len(had.Evidence.Claims):]...)
		pk.Evidence.Files = append(pk.Evidence.Files, of.Evidence.Files[len(had.Evidence.Files):]...)
		if !pk.Evidence.Pos.IsValid() {
			pk.Evidence.Pos = of.Evidence.Pos
		}
		if raw != "" {
			builderOf(p.raw, i).WriteString(raw)
		}
		if rollback != "" {
			builderOf(p.rollback, i).WriteString(rollback)
		}
	}
}
