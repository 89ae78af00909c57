package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// content reads a block whose meaning depends on the label above it: of a
// packet's evidence, of a packet itself, or outside of packets.
func (p *reader) content(b *block, d *document, group string) {
	if b.kind != blockItem {
		p.listed = false
	}
	switch b.kind {
	case blockHeading:
		p.recordFrom(b, d)
		p.mode, p.run = p.modeOf(b.text), b.text
	case blockPara:
		p.paragraph(b, d)
	case blockItem:
		p.item(b, d, group)
	case blockTable:
		if p.part == partEvidence {
			p.noteRaw(tableText(b))
		}
		p.table(b, d, group)
	case blockFence:
		p.fence(b)
	}
}

// noteRaw keeps the text of the packet's evidence.
func (p *reader) noteRaw(text string) { note(p.raw, p.packet, text) }

func note(texts map[int]*strings.Builder, packet int, text string) {
	b := builderOf(texts, packet)
	b.WriteString(text)
	b.WriteByte('\n')
}

func builderOf(texts map[int]*strings.Builder, packet int) *strings.Builder {
	b := texts[packet]
	if b == nil {
		b = &strings.Builder{}
		texts[packet] = b
	}
	return b
}

// beginEvidence moves to the packet's evidence, which begins at a heading or label.
func (p *reader) beginEvidence(pos Pos) {
	p.part = partEvidence
	if ev := &p.t.Packets[p.packet].Evidence; !ev.Pos.IsValid() {
		ev.Pos = pos
	}
}

// fence reads the content of a fence in evidence: what was typed in a terminal,
// else Markdown. Elsewhere a fence shows something and claims nothing.
func (p *reader) fence(b *block) {
	plain := b.info == "" || b.info == "markdown" || b.info == "md" || b.info == "text" || b.info == "txt"
	switch {
	case p.mode == modeRequired && p.packet >= 0:
		p.requiredFence(b)
	case p.inScope():
		p.scopeFence(b.content)
	case p.mode == modeFiles && p.packet >= 0 && (plain || isShell(b.info) || b.info == "diff") && p.fileFence(b.content):
		if p.part == partEvidence {
			p.noteRaw(string(b.content.source))
		}
	case p.part != partEvidence && (p.mode != modeCommands || p.packet < 0):
	case isShell(b.info) || plain && typed(b.content):
		p.transcript(b.content)
	case plain && p.part == partEvidence:
		p.mode, p.run = modeNone, ""
		builderOf(p.raw, p.packet).Grow(len(b.content.source) + len(b.content.source)/4) // labels stand in it twice
		inner := p.blocks(b.content, p.spare)
		p.spare = nil // a fence inside has its own
		for i := range inner {
			p.watched(&inner[i], b.content, "", p.content)
		}
		p.mode, p.spare = modeNone, inner[:0]
	}
}

// proseLine reads a line of text that is no label: a recorded decision, or a
// command with its result outside of any list.
func (p *reader) proseLine(in *inline, d *document) {
	if statusLabel.MatchString(p.run) && p.statusLine(p.run, in, d) {
		p.run = ""
		return
	}
	p.recordFrom(&block{inline: *in}, d)
	if p.mode == modeFiles && p.packet >= 0 && p.fileLine(in, d) || p.approvalLine(in, d) {
		return
	}
	if p.mode == modeRequired && p.packet >= 0 {
		p.requiredLine(&block{kind: blockPara, inline: *in}, d, false, false)
		return
	}
	if p.inScope() {
		if p.outside = p.mode == modeOutOfScope; !p.scopeLine(in, d, false) && p.patterns() == 0 {
			p.scopeWords(in, d, 0)
		}
		return
	}
	if p.mode == modeCommit && p.packet >= 0 && hashWord.MatchString(in.text) {
		p.commitEntry(&block{kind: blockItem, inline: *in}, d)
		return
	}
	if p.part == partEvidence && p.packet >= 0 && findArrow(in.text) != nil {
		command, _, _ := cutArrow(in.text)
		if len(in.spans) == 0 && knownCommand(command) {
			p.addClaim(Claim{Command: in.written(d, 0, len(command)), Run: p.run, Result: result(in.text[len(command):]), Raw: in.text, Pos: d.pos(in.offset)})
		} else if len(in.spans) > 0 && in.spans[0].start == 0 {
			p.claim(&block{inline: *in}, d)
		}
	}
}

func (p *reader) dependsLine(label, rest string) bool {
	if p.packet < 0 || !mayBegin(label, "db") || !dependsWord.MatchString(label) {
		return false
	}
	p.depends(rest)
	if strings.TrimSpace(rest) == "" {
		p.mode = modeDepends
	}
	return true
}

func (p *reader) depends(text string) {
	pk := &p.t.Packets[p.packet]
	pk.DependsOn = append(pk.DependsOn, p.dependsOn(text)...)
}

var dependsWord = lazyregexp.New(`(?i)^(depends on|dependencies|blocked by)$`)

var boxMark = lazyregexp.New(`^(?:\[\s*([ xX~✓✔✅☑❌/>!?*-]?)\s*\]\s+|([✅☑✔☐⬜❌])\x{fe0f}?\s+)`)

// box reads the mark of a check box and returns the text after it.
func box(b *block) (rest inline, checked, isBox bool) {
	var m []string
	if mayBegin(b.text, "[") {
		m = boxMark.FindStringSubmatch(b.text)
	}
	if m == nil {
		return b.inline, false, false
	}
	rest = b.slice(len(m[0]), len(b.text))
	checked = strings.ContainsAny(m[1], "xX✓✔✅☑") || strings.ContainsAny(m[2], "✅☑✔")
	return rest, checked, true
}

func (p *reader) item(b *block, d *document, group string) {
	if p.part == partEvidence {
		p.noteRaw(b.text)
	}
	if p.mode == modeRequired {
		p.readRequired(b, d, group)
		return
	}
	if rest, checked, isBox := box(b); isBox {
		if p.inScope() {
			p.outside = p.mode == modeOutOfScope
			p.scopeLine(&rest, d, true)
		}
		if p.packet >= 0 && p.mode == modeCommands && p.part == partEvidence && checked && len(commandsIn(&rest)) > 0 {
			p.claim(&block{kind: blockItem, number: b.number, ordered: b.ordered, inline: rest}, d)
			return
		}
		if p.mode == modeRisks && (p.packet < 0 || p.part == partEvidence) { // a list of risks, ticked off
			p.risk(&block{kind: blockItem, level: b.level, inline: rest}, d, checked)
			return
		}
		if p.packet >= 0 && !p.boxedCommand(&rest, checked, d) {
			pk := &p.t.Packets[p.packet]
			pk.Boxes = append(pk.Boxes, Box{Text: rest.text, Checked: checked, Group: group, Pos: d.pos(rest.offset)})
		}
		return
	}
	if p.resultOfLast(b, d) || p.labelledItem(b, d) || p.reviewItem(b, d) {
		return
	}
	p.itemOf(b, d)
}

// boxedCommand reads a check box anywhere in a packet that is a command with its
// exit code: the packet requires it.
func (p *reader) boxedCommand(in *inline, checked bool, d *document) bool {
	if len(in.spans) == 0 || in.spans[0].start != 0 {
		return false
	}
	tail := in.text[in.spans[0].end:]
	at := findArrow(tail)
	if at == nil || at[0] > 1 || result(tail).Kind != ResultExit {
		return false
	}
	return p.requiredLine(&block{kind: blockItem, inline: *in}, d, true, checked)
}

// eachSpan cuts a line of several commands with their results, or of several
// files, before each one that follows a ";" or ",". A line without any is prose.
func eachSpan(in *inline) []inline {
	var parts []inline
	start := 0
	for i, s := range in.spans {
		before := strings.TrimSpace(in.text[:s.start])
		if i > 0 && (strings.HasSuffix(before, ";") || strings.HasSuffix(before, ",")) {
			parts = append(parts, in.slice(start, len(before)-1))
			start = s.start
		}
	}
	if len(in.spans) == 0 {
		return nil
	}
	return append(parts, in.slice(start, len(in.text)))
}

// itemOf reads an item by what the label above it says.
func (p *reader) itemOf(b *block, d *document) {
	switch p.mode {
	case modeCommands:
		if b.level == 0 || len(b.spans) > 0 && b.spans[0].start == 0 && resultFollows(b.text[b.spans[0].end:]) {
			p.claim(b, d)
		}
	case modeRequired:
		p.readRequired(b, d, "")
	case modeFiles:
		p.changedFile(b, d)
	case modeGates:
		p.gateLine(b, d, false, false)
	case modeCommit:
		p.commitEntry(b, d)
	case modeRisks:
		p.risk(b, d, false)
	case modeConditions:
		p.condition(b, d)
	case modeVerdict:
		p.recordFrom(b, d)
	case modeDepends:
		if id, _ := p.words.leadingID(b.text); id != "" && p.packet >= 0 {
			p.depends(id)
		}
	case modeScope, modeOutOfScope:
		p.scopeItem(&b.inline, d, b.level)
	case modeRollback:
		if p.packet >= 0 {
			note(p.rollback, p.packet, b.text)
		}
	default:
		p.unlabelledItem(b, d)
	}
}

// unlabelledItem reads an item under no known label: in evidence, a command with
// its exit code is a claim wherever it stands.
func (p *reader) unlabelledItem(b *block, d *document) {
	if p.part != partEvidence {
		return
	}
	if len(b.spans) == 0 {
		if command, tail := splitPlain(b.text); command != "" && typedOrKnown(command) && (result(tail).Kind == ResultExit || findArrow(tail) != nil) {
			p.claim(b, d)
		}
		return
	}
	tail := b.text[b.spans[0].end:]
	if at := commandsIn(&b.inline); len(at) > 0 && result(at[0].tail).Kind == ResultExit ||
		b.level == 0 && b.spans[0].start == 0 && findArrow(tail) != nil && exitIn(tail) != nil {
		p.claim(b, d)
	}
}

// readGate reads the check boxes of the gates and of the review's outcome.
func (p *reader) readGate(b *block, d *document) {
	if p.packet < 0 {
		return
	}
	if b.kind != blockItem {
		p.mode = modeGates
		p.content(b, d, "Review Gates")
		return
	}
	rest, checked, isBox := box(b)
	p.gateLine(&block{kind: blockItem, inline: rest}, d, isBox, checked)
}

var (
	gateForm   = lazyregexp.New(`^(P\d)\b\s*[:—–-]?\s*([A-Za-z/]+|[✓✔✅❌✗])?\s*(.*)$`)
	gateList   = lazyregexp.New(`\s\|\s(?:P\d\b)`)
	reviewBox  = lazyregexp.New(`(?i)^(review )?verdict( recorded)?\b\s*:?\s*(.*)$`)
	gateStates = map[string]string{"PASS": "PASS", "PASSED": "PASS", "OK": "PASS", "GREEN": "PASS", "FAIL": "FAIL", "FAILED": "FAIL", "RED": "FAIL", "N/A": "N/A", "NA": "N/A", "BLOCKED": "BLOCKED", "PENDING": "PENDING", "TODO": "TODO", "PARTIAL": "PARTIAL", "WAIVED": "WAIVED", "✓": "PASS", "✔": "PASS", "✅": "PASS", "❌": "FAIL", "✗": "FAIL"}
)

func (p *reader) gateLine(b *block, d *document, isBox, checked bool) {
	if p.packet < 0 {
		return
	}
	pk := &p.t.Packets[p.packet]
	line, _, _ := strings.Cut(b.text, "\n")
	isGate := len(line) > 1 && line[0] == 'P' && isDigit(line[1])
	if !isGate && !isBox {
		return
	}
	if at := gateList.FindStringIndex(line); isGate && at != nil && gateForm.MatchString(line) { // "P0 ✓ … | P1 ✓ …"
		first, more := b.slice(0, at[0]), b.slice(at[0]+3, len(b.text))
		p.gateLine(&block{kind: blockItem, inline: first}, d, isBox, checked)
		p.gateLine(&block{kind: blockItem, inline: more}, d, isBox, checked)
		return
	}
	if m := gateForm.FindStringSubmatch(line); isGate && m != nil {
		if strings.Contains(m[3], "|") && strings.Contains(m[3], "FAIL") {
			return // the template's list of choices
		}
		state, known := gateStates[strings.ToUpper(m[2])]
		note := strings.TrimSpace(m[3])
		if !known {
			state, note = "", strings.TrimSpace(m[2]+" "+m[3])
		}
		pk.Gates = append(pk.Gates, Gate{Name: m[1], State: state, Checked: checked, HasBox: isBox, Note: strings.Trim(note, "—–-() "), Pos: d.pos(b.offset)})
		return
	}
	if m := reviewBox.FindStringSubmatch(line); m != nil && isBox {
		state := ReviewState(p.words.state(m[3]))
		pk.Reviews = append(pk.Reviews, Review{State: state, HasBox: true, Checked: checked, Text: line, Pos: d.pos(b.offset)})
		return
	}
	if isBox {
		pk.Boxes = append(pk.Boxes, Box{Text: b.text, Checked: checked, Group: "Review Gates", Pos: d.pos(b.offset)})
	}
}
