package tracker

import "strings"

// byContent adds the columns of a board that no known title names, by what their
// cells hold: ids alone are the packets, states alone their status and then their
// review, hashes alone their commits. A title in another language, or of another
// method, hides no packet.
func (p *reader) byContent(rows [][]inline, columns map[string]int) {
	if at, ok := columns["packet"]; ok && !eachCell(rows[1:], at, p.beginsWithID) {
		for i := range rows[0] {
			if i != at && eachCell(rows[1:], i, p.isNamedID) { // "Item", beside a column of ids
				columns["packet"] = i
				if _, titled := columns["title"]; !titled {
					columns["title"] = at
				}
				break
			}
		}
	}
	taken := map[int]bool{}
	for _, i := range columns {
		taken[i] = true
	}
	find := func(key string, fits func(cell string) bool) {
		if _, ok := columns[key]; ok {
			return
		}
		for i := range rows[0] {
			if !taken[i] && eachCell(rows[1:], i, fits) {
				columns[key], taken[i] = i, true
				return
			}
		}
	}
	find("packet", p.isNamedID)
	if _, ok := columns["status"]; !ok {
		for i := range rows[0] {
			if !taken[i] && p.saysStatuses(rows[1:], i) {
				columns["status"], taken[i] = i, true
				break
			}
		}
	}
	find("review", p.words.isState)
	find("commit", fullHash.MatchString)
	if i, ok := columns["packet"]; ok {
		if _, titled := columns["title"]; !titled && i+1 < len(rows[0]) && !taken[i+1] {
			columns["title"] = i + 1
		}
	}
}

// maxColumns bounds what is looked at of a very wide table.
const maxColumns = 32

// eachCell reports whether every cell of a column fits, those aside that hold
// nothing, and one at least does.
func eachCell(rows [][]inline, column int, fits func(string) bool) bool {
	some := false
	if column >= maxColumns {
		return false
	}
	for _, row := range rows {
		if column >= len(row) || person(strings.TrimSpace(row[column].text)) == "" {
			continue
		}
		if !fits(strings.TrimSpace(row[column].text)) {
			return false
		}
		some = true
	}
	return some
}

// saysStatuses reports whether every cell of a column says a state, and not the
// review's alone.
func (p *reader) saysStatuses(rows [][]inline, column int) bool {
	some := false
	for _, row := range rows {
		if column >= len(row) || !p.words.isState(row[column].text) {
			return false
		}
		state := p.words.state(row[column].text)
		some = some || state != string(ReviewApproved) && state != string(ReviewPending)
	}
	return some
}

func (p *reader) beginsWithID(text string) bool {
	id, _ := p.words.leadingID(text)
	return id != ""
}

// isNamedID reports whether a text is a packet's id of letters and digits, and
// nothing else.
func (p *reader) isNamedID(text string) bool {
	id, rest := p.words.leadingID(text)
	return id != "" && strings.TrimSpace(rest) == "" && namedID.MatchString(id)
}

// sections are the ids that headings begin with.
func (p *reader) sections(blocks []block) map[string]bool {
	ids := map[string]bool{}
	for i := range blocks {
		if b := &blocks[i]; b.kind == blockHeading {
			if id, _ := p.words.leadingID(b.text); id != "" && namedID.MatchString(id) {
				ids[NormalID(id)] = true
			}
		}
	}
	return ids
}

// isBoard reports whether a table that stands anywhere lists the packets: ids with
// titles and statuses, or ids that most have a section in the document. A table of
// risks has ids and states too.
func (p *reader) isBoard(rows [][]inline, columns map[string]int, titled bool, sections map[string]bool) bool {
	if titled {
		return p.mostlyIDs(rows[1:], columns["packet"])
	}
	for _, cell := range rows[0] {
		title := strings.TrimSpace(cell.text)
		if tableColumns["risk"].MatchString(title) || tableColumns["severity"].MatchString(title) {
			return false
		}
	}
	known := 0
	for _, row := range rows[1:] {
		if at := columns["packet"]; at < len(row) {
			if id, _ := p.words.leadingID(row[at].text); sections[NormalID(id)] {
				known++
			}
		}
	}
	return known*2 > len(rows)-1
}
