package tracker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// leftover is something that looks like a claim and was read as none.
type leftover struct {
	command string // empty: a check box
	text    string
	pos     Pos
	failed  bool // its result is none that passes
}

// maxLeftovers bounds the warnings about one document.
const maxLeftovers = 20

// watched reads a block, and keeps what looks like a claim where nothing came of
// it: nothing that a tracker says is lost in silence.
func (p *reader) watched(b *block, d *document, group string, read func(*block, *document, string)) {
	before := p.readSoFar()
	read(b, d, group)
	if p.readSoFar() == before {
		p.leaveOver(b, d, group)
	}
}

// readSoFar counts what the current packet and the document have given.
func (p *reader) readSoFar() int {
	t := p.t
	n := len(t.Required) + len(t.Verdicts) + len(t.Links) + len(t.Rules) + len(t.RiskTables) + len(t.Warnings)
	if len(t.RiskTables) > 0 {
		n += len(t.RiskTables[len(t.RiskTables)-1].Rows)
	}
	if p.packet >= 0 {
		k := &t.Packets[p.packet]
		n += len(k.Boxes) + len(k.Scope) + len(k.ScopeWords) + len(k.Required) + len(k.Gates) + len(k.Reviews) + len(k.Evidence.Claims) + len(k.Evidence.Files) + len(k.Checkpoints) + len(k.Risks)
		if b := p.rollback[p.packet]; b != nil {
			n += b.Len()
		}
	}
	return n
}

// sample are headings under which a document shows forms instead of filling them.
var sample = lazyregexp.New(`(?i)\b(template|legend|example|sample|format|convention|how (to|this)|key)\b`)

// unheardRisk is a risk of some weight, by its own words.
var unheardRisk = lazyregexp.New(`(?i)\b(?:high|critical|severe)[ -](?:severity )?risks?\b|\b(?:unmitigated|not (?:yet )?mitigated)\b|^(?:high|critical|blocker)\s*:\s`)

func (p *reader) leaveOver(b *block, d *document, group string) {
	switch b.kind {
	case blockItem, blockPara:
		rest, checked, isBox := box(b)
		if isBox && !checked && b.kind == blockItem && p.part != partBoard && !sample.MatchString(group) {
			p.leftovers = append(p.leftovers, leftover{text: rest.text, pos: d.pos(rest.offset)})
		}
		if (p.packet >= 0 || b.kind == blockItem) && mayHoldWord(rest.text, "high", "critical", "severe", "unmitigated", "not", "blocker") && unheardRisk.MatchString(rest.text) && !sample.MatchString(group) {
			p.warn(d.pos(rest.offset), "words of a risk that stand under no label of risks: "+firstWords(rest.text), "risks under “Residual risk:”", "move it there, so that it can be weighed")
		}
		for _, c := range commandsIn(&rest) {
			if end := result(c.tail); end.Kind == ResultExit {
				p.leftovers = append(p.leftovers, leftover{strings.TrimSpace(rest.code(c.span)), rest.text, d.pos(rest.spans[c.span].offset), end.ExitCode != 0})
			}
		}
	case blockTable:
		columns := columnsOf(b.rows)
		if _, ok := columns["command"]; !ok {
			return
		}
		for _, row := range b.rows[1:] {
			command, offset, ok := commandCell(row, columns, d)
			if ok && slices.ContainsFunc(row, func(c inline) bool { return result(" -> "+c.text).Kind == ResultExit }) {
				p.leftovers = append(p.leftovers, leftover{command: command, text: command, pos: d.pos(offset)})
			}
		}
	case blockHTML:
		p.leaveHTML(b, d)
	}
}

// htmlClaim is what an HTML block must not hold unread.
var htmlClaim = lazyregexp.New(`(?im)\[[ x]\]|\bexit(?: code)?\s*[:=]?\s*\d|\bverdict\b|\bresidual\b|^\s*#{1,4} |\bP[0-2]\s*:`)

func (p *reader) leaveHTML(b *block, d *document) {
	switch {
	case b.unclosed:
		p.warn(d.pos(b.offset), "a comment that never closes", "-->", "close the comment; everything after it is hidden")
	case htmlClaim.MatchString(b.text), b.info == "html" && len(strings.Fields(b.text)) > 2, len(p.words.idsIn(b.text, p.index)) > 0:
		p.warn(d.pos(b.offset), "HTML or a footnote that was not read: "+firstWords(b.text), "Markdown in the packet's section", "write it as Markdown there; a blank line after a tag lets Markdown begin again")
	}
}

// warnOfLeftovers warns of what was left: a command that is required or claimed
// elsewhere in the same words is not lost.
func (p *reader) warnOfLeftovers() {
	if len(p.leftovers) == 0 {
		return
	}
	known := map[string]bool{}
	for _, r := range p.t.Required {
		known[r.Command] = true
	}
	for i := range p.t.Packets {
		for _, r := range p.t.Packets[i].Required {
			known[r.Command] = true
		}
		for _, c := range p.t.Packets[i].Evidence.Claims {
			known[c.Command] = true
		}
	}
	n := 0
	for _, l := range p.leftovers {
		if l.command != "" && known[l.command] && !l.failed {
			continue
		}
		if n++; n > maxLeftovers {
			continue
		}
		if l.command == "" {
			p.warn(l.pos, "an open box that belongs to no packet: "+firstWords(l.text), "check boxes in a packet's section", "move it to the packet that it is about, or tick it")
			continue
		}
		p.warn(l.pos, "a command with a result that no packet requires or claims: "+firstWords(l.command), "commands under a packet's required tests or in its evidence", "move it there")
	}
	if n > maxLeftovers {
		p.warn(p.leftovers[len(p.leftovers)-1].pos, fmt.Sprintf("%d more boxes or commands that belong to no packet", n-maxLeftovers), "boxes and commands in a packet's section", "move them there")
	}
}
