package tracker

import (
	"regexp"
	"strings"
)

// walk reads blocks in document order. d is the document that they come from.
func (p *reader) walk(blocks []block, d *document) {
	label := ""
	group := ""
	for i := range blocks {
		b := &blocks[i]
		if b.kind == blockHeading && p.heading(b, d) {
			group = b.text
			continue
		}
		if p.part == partHeader {
			p.readHeader(b, d, &label)
			continue
		}
		switch p.part {
		case partBoard:
			// readBoard has read the table; what else stands here explains it
		case partRules:
			p.readRule(b, d)
		case partCheckpoints:
			p.readClosing(b, d)
		case partNext:
			p.readNext(b, d)
		case partStatus:
			p.recordFrom(b, d)
		case partRequired:
			p.readRequired(b, d, group)
		case partGates:
			p.readGate(b, d)
		default:
			p.content(b, d, group)
		}
	}
	if p.packet >= 0 && p.t.Packets[p.packet].Section != nil {
		p.t.Packets[p.packet].Section.End = d.end
	}
}

// staysInPacket are the words of headings that do not end a packet although they
// stand on its level: verdicts and later additions.
var staysInPacket = regexp.MustCompile(`(?i)verdict|addendum|recommendation|rollback|certification|sign-?off`)

// heading moves to the part that a heading begins. It reports false for the
// headings that only belong to the part they stand in.
func (p *reader) heading(b *block, d *document) bool {
	pos := d.pos(b.offset)
	id, rest := p.words.leadingID(b.text)
	current := ""
	if p.packet >= 0 {
		current = p.t.Packets[p.packet].ID
	}
	if p.isPacketHeading(b.text) && !SameID(id, current) && (p.level == 0 || b.level <= p.level) {
		p.beginPacket(id, rest, pos, b.level)
		return true
	}
	p.recordFrom(b, d)
	sub := b.text
	_, known := p.index[NormalID(id)]
	if id != "" && known {
		sub = rest
	}
	part := p.words.partOf(sub)
	p.mode = modeNone
	if p.packet >= 0 && b.level > p.level {
		p.subPart(part, b, d)
		return true
	}
	if id != "" && known && part != partOther { // "## TRR-02 Review Evidence" beside "## TRR-02"
		p.leave(pos)
		p.packet = p.index[NormalID(id)]
		p.subPart(part, b, d)
		return true
	}
	switch {
	case p.part == partHeader && b.level == 1:
		return false
	case part == partOther && p.packet >= 0 && staysInPacket.MatchString(b.text), part == partEvidence && p.packet >= 0, part == partRequired && p.packet >= 0, part == partGates && p.packet >= 0:
		p.subPart(part, b, d)
		return true
	}
	p.leave(pos)
	p.part = part
	if part == partEvidence || part == partGates {
		p.part = partOther // of no packet
	}
	if part == partRisks {
		p.mode = modeRisks
	}
	return true
}

// leave ends the section of the packet that is being read.
func (p *reader) leave(pos Pos) {
	if p.packet >= 0 && p.t.Packets[p.packet].Section != nil {
		p.t.Packets[p.packet].Section.End = pos.Line - 1
	}
	p.packet = -1
}

func (p *reader) beginPacket(id, rest string, pos Pos, level int) {
	p.leave(pos)
	if p.level == 0 {
		p.level = level
	}
	p.packet = p.packetAt(id)
	pk := &p.t.Packets[p.packet]
	title := strings.TrimSpace(checklistWord.ReplaceAllString(strings.TrimLeft(rest, " \t:—–-"), ""))
	title = strings.TrimLeft(title, " \t:—–-")
	if pk.Section != nil {
		p.warn(pos, "packet "+id+" has a second section", "one section for each packet", "merge the two sections; the boxes of both were read")
	} else {
		pk.Section = &Section{Title: title, Pos: pos, End: pos.Line}
	}
	p.part, p.mode = partPacket, modeNone
}

// subPart moves to a part of the packet that is being read.
func (p *reader) subPart(part part, b *block, d *document) {
	switch part {
	case partRequired, partGates:
		p.part = part
	case partEvidence:
		p.part = part
		ev := &p.t.Packets[p.packet].Evidence
		if !ev.Pos.IsValid() {
			ev.Pos = d.pos(b.offset)
		}
	default:
		if p.part != partEvidence || b.level <= p.level+1 {
			p.part = partPacket
		}
		p.mode = p.modeOf(b.text)
		p.run = b.text
	}
}

// readBoard reads the packets' table before anything else, so that the ids are
// known when the sections are read.
func (p *reader) readBoard(blocks []block, d *document) {
	underHeading := false
	for i := range blocks {
		b := &blocks[i]
		if b.kind == blockHeading {
			underHeading = p.words.partOf(b.text) == partBoard
			if underHeading && !p.hasBoard {
				p.t.Board = d.pos(b.offset)
			}
		}
		if b.kind != blockTable || len(b.rows) == 0 {
			continue
		}
		columns := p.boardColumns(b.rows[0])
		_, hasStatus := columns["status"]
		_, hasReview := columns["review"]
		_, hasTitle := columns["title"]
		if _, ok := columns["packet"]; !ok || !hasStatus || !underHeading && (!hasReview || !hasTitle) {
			continue
		}
		if p.hasBoard {
			if underHeading && hasTitle {
				p.warn(d.pos(b.offset), "a second packet board", "one board", "merge the boards; this one was not read")
			}
			continue
		}
		p.hasBoard = true
		if !p.t.Board.IsValid() {
			p.t.Board = d.pos(b.offset)
		}
		for _, row := range b.rows[1:] {
			p.readRow(row, columns, d)
		}
	}
}

func (p *reader) boardColumns(header []inline) map[string]int {
	columns := map[string]int{}
	for i, cell := range header {
		key, ok := p.words.columns[strings.ToLower(strings.TrimSpace(cell.text))]
		if _, taken := columns[key]; ok && !taken {
			columns[key] = i
		}
	}
	return columns
}

func (p *reader) readRow(row []inline, columns map[string]int, d *document) {
	cell := func(key string) string {
		if i, ok := columns[key]; ok && i < len(row) {
			return strings.TrimSpace(row[i].text)
		}
		return ""
	}
	first := columns["packet"]
	if first >= len(row) || strings.TrimSpace(row[first].text) == "" {
		return
	}
	pos := d.pos(row[first].offset)
	id, rest := p.words.leadingID(cell("packet"))
	if id == "" {
		p.warn(pos, "a board row whose first cell is no packet id: "+cell("packet"), "an id such as TRR-01, M2.1 or 03", "give the packet an id, or state the form under 'tracker: packet_id' in the policy")
		return
	}
	title := cell("title")
	if title == "" {
		title = strings.TrimLeft(strings.TrimSpace(rest), ":—–- ")
	}
	if _, dup := p.index[NormalID(id)]; dup {
		p.warn(pos, "packet "+id+" stands twice on the board", "one row for each packet", "remove one row; the first was read")
		return
	}
	pk := &p.t.Packets[p.packetAt(id)]
	pk.Row = &Row{
		Title: title, Status: Status(p.words.state(cell("status"))), Implementer: person(cell("implementer")), Reviewer: person(cell("reviewer")),
		ReviewState: p.reviewState(cell("review")), Evidence: cell("evidence"), Pos: pos,
	}
	if pk.Row.Status == "APPROVED" { // one column for both
		pk.Row.Status, pk.Row.ReviewState = StatusDone, ReviewApproved
	}
	if _, has := columns["review"]; !has && pk.Row.Status == StatusDone {
		if strings.Contains(strings.ToUpper(cell("status")), "APPROVED") {
			pk.Row.ReviewState = ReviewApproved
		}
	}
	if depends := cell("depends"); depends != "" {
		pk.DependsOn = p.dependsOn(depends)
	}
}

// reviewState reads a review cell; a state word of work done counts as approval
// there ("Done", "✅").
func (p *reader) reviewState(cell string) ReviewState {
	switch s := p.words.state(cell); s {
	case "DONE":
		return ReviewApproved
	case "TODO", "IN_PROGRESS":
		return ReviewPending
	default:
		return ReviewState(s)
	}
}

func person(cell string) string {
	switch strings.ToLower(cell) {
	case "", "—", "–", "-", "unassigned", "tbd", "n/a":
		return ""
	}
	return cell
}

var idList = regexp.MustCompile(idForm)

func (p *reader) dependsOn(text string) []string {
	return append([]string{}, idList.FindAllString(text, -1)...)
}
