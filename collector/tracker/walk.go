package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
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
		p.watched(b, d, group, func(b *block, d *document, group string) { p.readPart(b, d, group, &label) })
	}
	p.endSection(d.end)
}

// readPart reads a block by the part that it stands in.
func (p *reader) readPart(b *block, d *document, group string, label *string) {
	switch p.part {
	case partHeader:
		p.readHeader(b, d, label)
	case partBoard:
		// readBoard has read it; what else stands here explains it
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

// staysInPacket are the words of headings that do not end a packet although they
// stand on its level: verdicts and later additions.
var staysInPacket = lazyregexp.New(`(?i)verdict|addendum|recommendation|rollback|certification|sign-?off`)

// heading moves to the part that a heading begins. It reports false for the
// headings that only belong to the part they stand in.
func (p *reader) heading(b *block, d *document) bool {
	pos := d.pos(b.offset)
	p.endShare(b.level)
	p.leaveEntry(b.level)
	id, rest := p.words.leadingID(b.text)
	also, rest := p.alsoNamed(id, rest)
	defer p.share(id, also, b.level)
	current := ""
	if p.packet >= 0 {
		current = p.t.Packets[p.packet].ID
	}
	if p.isPacketHeading(b.text) && !SameID(id, current) && (p.level == 0 || b.level <= p.level) {
		p.beginPacket(id, rest, pos, b.level)
		if _, checked, isBox := box(b); isBox && !checked { // "## [ ] AB-01", "## ❌ AB-01"
			p.t.Packets[p.packet].Statuses = append(p.t.Packets[p.packet].Statuses, Stated{Status: StatusTodo, Text: strings.TrimSpace(boxMark.FindString(b.text)), Pos: pos})
		}
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
	if other, of := p.entryOf(b, current); other != "" {
		p.enter(other, b.level, pos)
		p.subPart(of, sub, b, d)
		return true
	}
	if p.packet >= 0 && b.level > p.level {
		p.subPart(part, sub, b, d)
		return true
	}
	if id != "" && known && part != partOther { // "## TRR-02 Review Evidence" beside "## TRR-02"
		p.leave(pos)
		p.packet = p.index[NormalID(id)]
		p.subPart(part, sub, b, d)
		return true
	}
	switch {
	case p.part == partHeader && b.level == 1:
		return false
	case part == partOther && p.packet >= 0 && staysInPacket.MatchString(b.text), p.packet >= 0 && b.level >= p.level && (part == partEvidence || part == partRequired || part == partGates):
		p.subPart(part, sub, b, d)
		return true
	}
	p.leave(pos)
	p.part = part
	if part == partEvidence || part == partGates {
		p.part = partOther // of no packet
	}
	p.run = b.text
	switch mode := p.modeOf(b.text); {
	case part == partRisks:
		p.mode = modeRisks
	case part == partOther && mode == modeVerdict: // "## Decision"
		p.mode = mode
	}
	return true
}

// leave ends the section of the packet that is being read.
func (p *reader) leave(pos Pos) {
	p.endSection(pos.Line - 1)
	p.packet, p.entry = -1, 0
}

// endSection says with which line the section ends that is being read.
func (p *reader) endSection(line int) {
	of := p.packet
	if p.entry > 0 {
		of = p.back
	}
	if of >= 0 && p.t.Packets[of].Section != nil {
		p.t.Packets[of].Section.End = line
	}
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
	p.part, p.mode, p.run = partPacket, modeNone, ""
	if said := remark.FindString(title); p.words.isState(title) {
		p.stated(title, pos)
	} else if said = strings.Trim(said, " ()"); p.words.isState(said) { // "Replay (in progress)"
		p.stated(said, pos)
	}
}

// subPart moves to a part of the packet that is being read. title is the heading
// without the packet's id.
func (p *reader) subPart(part part, title string, b *block, d *document) {
	p.run = b.text
	switch part {
	case partRequired, partGates:
		p.part = part
	case partEvidence:
		p.beginEvidence(d.pos(b.offset))
	default:
		if p.part != partEvidence || b.level <= p.level+1 {
			p.part = partPacket
		}
		if p.mode = p.modeOf(b.text); p.mode == modeOther {
			p.mode = p.modeOf(title)
		}
		switch {
		case p.mode != modeOther:
		case part == partRisks:
			p.mode = modeRisks
		case part == partCheckpoints:
			p.mode = modeCommit
		}
	}
}

// readBoard reads the packets' tables before anything else, so that the ids are
// known when the sections are read. Where none stands under a heading that says
// so, every table of ids and statuses is one: some documents have a table for
// each phase.
func (p *reader) readBoard(blocks []block, d *document) {
	p.readBoards(blocks, d, false)
	if !p.hasBoard {
		p.readBoards(blocks, d, true)
	}
	if !p.hasBoard {
		p.readBoardList(blocks, d)
	}
	if !p.hasBoard {
		p.readStatusLines(blocks, d)
	}
}

var (
	statusLine = lazyregexp.New(`(?im)^status:\s*(\S.*)$`)
	// namedNumber is a number that is said to be a packet's.
	namedNumber = lazyregexp.New(`(?i)^(?:packet|task|step|milestone)\s+\d`)
	namedID     = lazyregexp.New(`^\pL`) // a bare number may be a chapter's
)

// readStatusLines reads a document without any table: sections that begin with an
// id and say their status on a line of their own.
func (p *reader) readStatusLines(blocks []block, d *document) {
	var heading *block
	for i := range blocks {
		b := &blocks[i]
		if b.kind == blockHeading {
			heading = nil
			if id, rest := p.words.leadingID(b.text); id != "" && b.level >= 2 && namedID.MatchString(id) {
				heading = b
				if _, _, isBox := box(b); isBox {
					p.addRow(id, rest, b.text[:len(b.text)-len(rest)], d.pos(b.offset))
				}
			}
			continue
		}
		if b.kind != blockPara && b.kind != blockItem || heading == nil {
			continue
		}
		if m := statusLine.FindStringSubmatchIndex(b.text); m != nil {
			id, rest := p.words.leadingID(heading.text)
			p.addRow(id, rest, strings.TrimSpace(b.text[m[2]:m[3]]), d.pos(b.offsetOf(m[2])))
			heading = nil
		}
	}
}

// addRow makes a row of the board out of a packet's own statement of its status;
// the first word on it counts, a later one where that was a check box.
func (p *reader) addRow(id, title, said string, pos Pos) {
	_, seen := p.index[NormalID(id)]
	pk := &p.t.Packets[p.packetAt(id)]
	mark, checked, isBox := box(&block{inline: inline{text: said + " "}})
	if seen && (isBox || pk.Row.said != "") {
		return
	}
	row := &Row{Title: strings.TrimLeft(title, " \t:—–-"), Status: Status(p.words.state(said)), Pos: pos, said: said}
	switch {
	case isBox && (strings.TrimSpace(mark.text) == "" || strings.HasPrefix(strings.TrimSpace(mark.text), id)):
		row.Status, row.said = StatusTodo, ""
		if checked {
			row.Status = StatusDone
		}
	case row.Status == "APPROVED", row.Status == StatusDone && p.words.names(said, "APPROVED"):
		row.Status, row.ReviewState = StatusDone, ReviewApproved
	}
	pk.Row, p.hasBoard = row, true
}

// readBoardList reads a board that is a list of check boxes: "- [x] AB-01 Parser".
func (p *reader) readBoardList(blocks []block, d *document) {
	under := false
	for i := range blocks {
		b := &blocks[i]
		if b.kind == blockHeading {
			under = p.words.partOf(b.text) == partBoard
			continue
		}
		rest, _, isBox := box(b)
		if !under || b.kind != blockItem || b.level > 0 || !isBox {
			continue
		}
		if id, title := p.words.leadingID(rest.text); id != "" && (namedID.MatchString(id) || namedNumber.MatchString(rest.text)) {
			p.addRow(id, title, b.text[:len(b.text)-len(rest.text)], d.pos(rest.offset))
			continue
		}
		p.warn(d.pos(rest.offset), "an entry of the board that begins with no packet id: "+firstWords(rest.text), "an id such as TRR-01, M2.1 or 03", "give the packet an id, or state the form under 'tracker: packet_id' in the policy")
	}
}

func firstWords(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return line
}

func (p *reader) readBoards(blocks []block, d *document, anywhere bool) {
	underHeading := false
	sections := p.sections(blocks)
	for i := range blocks {
		b := &blocks[i]
		if b.kind == blockHeading {
			underHeading = p.words.partOf(b.text) == partBoard
			if underHeading && !p.t.Board.IsValid() {
				p.t.Board = d.pos(b.offset)
			}
		}
		if b.kind != blockTable || len(b.rows) == 0 {
			continue
		}
		columns := p.boardColumns(b.rows[0])
		has := func(key string) bool { _, ok := columns[key]; return ok }
		titled := has("packet") && has("status") && has("title")
		p.byContent(b.rows, columns)
		if !has("packet") || !has("status") {
			continue
		}
		if anywhere && !p.isBoard(b.rows, columns, titled, sections) || !anywhere && (!underHeading || p.hasBoard && !titled) {
			continue
		}
		p.hasBoard = true
		p.boards++
		if !p.t.Board.IsValid() {
			p.t.Board = d.pos(b.offset)
		}
		for _, row := range b.rows[1:] {
			p.readRow(row, columns, d)
		}
	}
}

// mostlyIDs reports whether more than half of a column's cells are packet ids
// and nothing else.
func (p *reader) mostlyIDs(rows [][]inline, column int) bool {
	ids := 0
	for _, row := range rows {
		if column < len(row) {
			if id, rest := p.words.leadingID(row[column].text); id != "" && strings.TrimSpace(rest) == "" {
				ids++
			}
		}
	}
	return ids*2 > len(rows)
}

func (p *reader) boardColumns(header []inline) map[string]int {
	columns := map[string]int{}
	for i, cell := range header {
		key, ok := p.words.columns[strings.ToLower(strings.TrimSpace(cell.text))]
		if _, taken := columns[key]; ok && taken && key == "packet" {
			key = "title" // "ID | Work Item"
		}
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
	if id == "" && sumRow.MatchString(cell("packet")) {
		return
	}
	if id == "" {
		p.warn(pos, "a board row whose first cell is no packet id: "+cell("packet"), "an id such as TRR-01, M2.1 or 03", "give the packet an id, or state the form under 'tracker: packet_id' in the policy")
		return
	}
	title := cell("title")
	if title == "" {
		title = strings.TrimLeft(strings.TrimSpace(rest), ":—–- ")
	}
	if i, dup := p.index[NormalID(id)]; dup {
		if first := p.t.Packets[i].Row; first != nil && first.table != p.boards && first.said == cell("status") {
			return // two tables say the same
		}
		p.warn(pos, "packet "+id+" stands twice on the board", "one row for each packet", "remove one row; the first was read")
		return
	}
	pk := &p.t.Packets[p.packetAt(id)]
	pk.Row = &Row{
		Title: title, Status: Status(p.words.state(cell("status"))), Implementer: person(cell("implementer")), Reviewer: person(cell("reviewer")),
		ReviewState: p.reviewState(cell("review")), Evidence: cell("evidence"), Pos: pos, said: cell("status"), reviewSaid: cell("review"), table: p.boards,
	}
	for key, at := range map[string]*Pos{"status": &pk.Row.statusPos, "review": &pk.Row.reviewPos, "evidence": &pk.Row.evidencePos} {
		if i, ok := columns[key]; ok && i < len(row) && row[i].text != "" {
			*at = d.pos(row[i].offset)
		}
	}
	if pk.Row.Status == "APPROVED" { // one column for both
		pk.Row.Status, pk.Row.ReviewState = StatusDone, ReviewApproved
	}
	if _, pk.Row.Reviewed = columns["review"]; !pk.Row.Reviewed && pk.Row.Status == StatusDone {
		if strings.Contains(strings.ToUpper(cell("status")), "APPROVED") {
			pk.Row.ReviewState = ReviewApproved
		}
	}
	if depends := cell("depends"); depends != "" {
		pk.DependsOn = p.dependsOn(depends)
	}
	if i, ok := columns["commit"]; ok && i < len(row) && person(row[i].text) != "" {
		p.addCheckpoint(id, &row[i], "board", d)
	} else if i, ok := columns["evidence"]; ok && i < len(row) && len(row[i].spans) > 0 && fullHash.MatchString(row[i].text) {
		p.addCheckpoint(id, &row[i], "board", d) // a hash alone in the place of a link
	}
}

var fullHash = lazyregexp.New(`^[0-9a-f]{7,40}$`)

var sumRow = lazyregexp.New(`(?i)^(sub-?total|total|sum|all|overall)s?:?$`)

// reviewState reads a review cell; a state word of work done counts as approval
// there ("Done", "✅").
func (p *reader) reviewState(cell string) ReviewState {
	switch s := p.words.state(cell); s {
	case "DONE":
		return ReviewApproved
	case "OK", "PASS", "PASSED", "SIGNED_OFF", "GRANTED", "YES":
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
