package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Plan returns the header's link to the plan that the tracker follows, and
// whether there is one.
func (t *Tracker) Plan() (Link, bool) {
	for _, l := range t.Links {
		if planLabel.MatchString(l.Label) && strings.HasSuffix(strings.ToLower(l.Target), ".md") && !strings.Contains(l.Target, "://") {
			return l, true
		}
	}
	return Link{}, false
}

var planLabel = lazyregexp.New(`(?i)\bplan\b`)

// ReadRegister reads the risk register of the linked plan into t. path and src are
// the plan's. What else stands in the plan is not read: a plan claims nothing.
func (t *Tracker) ReadRegister(path string, src []byte, words *Vocabulary) {
	p := &reader{t: &Tracker{Path: path}, words: newLexicon(words), index: map[string]int{}, modes: map[string]mode{}, raw: map[int]*strings.Builder{}, rollback: map[int]*strings.Builder{}, packet: -1}
	for i := range t.Packets {
		p.index[NormalID(t.Packets[i].ID)] = i
	}
	d := p.document(src)
	heading := ""
	for _, b := range p.blocks(d, nil) {
		switch {
		case b.kind == blockHeading:
			heading = b.text
		case b.kind == blockTable && registerHeading.MatchString(heading):
			p.run = heading
			p.table(&b, d, heading)
		}
	}
	t.Register = nil
	for _, table := range p.t.RiskTables {
		t.Register = append(t.Register, table.Rows...)
	}
}

var registerHeading = lazyregexp.New(`(?i)\brisk (register|ledger|table)\b|^risks$`)
