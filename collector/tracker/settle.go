package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// templateMarks are what an evidence block holds that nobody filled in.
var templateMarks = lazyregexp.New(`<command>|<path>|<code>|<hash>|PASS \| FAIL|APPROVED \| CHANGES`)

// settle decides whether the evidence is there. Under no heading of its own it
// is what the packet claims all the same, and where it claims nothing, the exit
// codes on the lines that require the commands.
func (p *Packet) settle() {
	e := &p.Evidence
	raw := strings.TrimSpace(e.Raw)
	switch {
	case e.Pos.IsValid():
	case len(e.Claims) > 0:
		e.Pos = e.Claims[0].Pos
	case p.selfEvident():
		e.Pos, e.State = p.Required[0].Pos, EvidenceOnLines
		return
	}
	switch {
	case !e.Pos.IsValid():
		e.State = EvidenceAbsent
	case len(e.Claims) > 0 || len(e.Files) > 0:
		e.State = EvidenceFilled
	case raw == "" || strings.ContainsAny(raw, "<|") && templateMarks.MatchString(raw) || placeholderWord.MatchString(raw):
		e.State = EvidencePlaceholder
	default:
		e.State = EvidenceFilled
	}
}

// selfEvident reports whether each required line is ticked, or no box, and has
// an exit code.
func (p *Packet) selfEvident() bool {
	for i := range p.Required {
		if r := &p.Required[i]; r.Result.Kind != ResultExit || r.HasBox && !r.Checked {
			return false
		}
	}
	return len(p.Required) > 0
}

var placeholderWord = lazyregexp.New(`(?i)^[-*\s]*(todo|tbd|pending|none yet|n/a|—|–|-|\.\.\.|…)[\s.]*$`)
