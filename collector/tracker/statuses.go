package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var statusLabel = lazyregexp.New(`(?i)^(?:packet |task |current )?(?:status|state)$`)

// statusLine reads "Status: …" in a packet's section: the board may say otherwise.
// It reports false where the label is another.
func (p *reader) statusLine(label string, value *inline, d *document) bool {
	if p.packet < 0 || p.part != partPacket || !statusLabel.MatchString(label) {
		return false
	}
	line, _, _ := strings.Cut(value.text, "\n")
	p.stated(strings.TrimSpace(line), d.pos(value.offset))
	return true
}

// stated keeps what a packet's section says of its status, where it says a state.
func (p *reader) stated(said string, pos Pos) {
	state := Status(p.words.state(said))
	if !p.words.isStatus(state) && !hedged.MatchString(said) {
		return
	}
	pk := &p.t.Packets[p.packet]
	pk.Statuses = append(pk.Statuses, Stated{Status: state, Text: said, Pos: pos})
}

// isStatus reports whether a status is one that words are known for.
func (l *lexicon) isStatus(s Status) bool {
	for _, state := range l.statuses {
		if state == string(s) {
			return true
		}
	}
	return false
}
