package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// table reads what a table in a packet or outside of packets says of commands,
// gates, files, risks and checkpoints.
func (p *reader) table(b *block, d *document, group string) {
	if len(b.rows) < 2 {
		return
	}
	columns := columnsOf(b.rows)
	title := group
	if p.run != "" {
		title = p.run
	}
	if weak, ok := columns["weak"]; ok && partHeadings[partRisks].MatchString(title) {
		if _, strong := columns["risk"]; !strong {
			columns["risk"] = weak
		}
	}
	has := func(key string) bool { _, ok := columns[key]; return ok }
	switch {
	case p.inScope():
		p.scopeTable(b, d, columns)
	case has("command") && p.commandTable(b, d, columns):
	case has("risk") && len(b.rows[0]) > 1:
		p.riskTable(b, d, columns, title)
	case has("commit") && has("packet"):
		p.checkpointTable(b, d, columns["packet"], columns["commit"])
	case has("gate") && p.packet >= 0:
		p.gateTable(b, d, columns["gate"])
	case p.packet >= 0 && (p.mode == modeFiles || p.part == partEvidence && has("file")):
		for _, row := range b.rows[1:] {
			if i := columns["file"]; i < len(row) {
				p.changedFile(&block{kind: blockItem, inline: row[i]}, d)
			}
		}
	case p.packet >= 0 && len(b.rows[0]) == 2:
		p.fieldTable(b, d)
	}
}

var tableColumns = map[string]lazyregexp.Regexp{
	"command":  lazyregexp.New(`(?i)^((required |test |validation )?commands?( run| line)?|cmd)$`),
	"expected": lazyregexp.New(`(?i)^(expected|expectation|threshold|must|pass criteria|criterion|expected (exit|exit code|result))$`),
	"result":   lazyregexp.New(`(?i)^(exit( code| status)?|rc|result|outcome|observed|actual|actual (exit|exit code|result)|status)$`),
	"number":   lazyregexp.New(`(?i)^(#|no\.?|nr\.?|step)$`),
	"gate":     lazyregexp.New(`(?i)^(review )?gates?$`),
	"file":     lazyregexp.New(`(?i)^(changed |modified |touched )?(files?|paths?|file ?names?|file ?paths?)( changed| modified| touched)?$`),
	"risk":     lazyregexp.New(`(?i)^((residual |known |open )?risks?( description)?|debt( item)?)$`),
	"weak":     lazyregexp.New(`(?i)^(items?|issue|concern|gap|limitation|description)$`), // a risk under a heading that says so
	"source":   lazyregexp.New(`(?i)^(source|packet|from|origin)$`),
	"severity": lazyregexp.New(`(?i)^((risk )?(severity|sev|priority|level|rating))$`),
	"impact":   lazyregexp.New(`(?i)^(impact|consequence)\b|^i( \(1-\d\))?$`),
	"likely":   lazyregexp.New(`(?i)^(likelihood|probability)\b|^[lp]( \(1-\d\))?$`),
	"score":    lazyregexp.New(`(?i)^((risk )?score|risk level|l ?[x×] ?i|p ?[x×] ?i)$`),
	"cvss":     lazyregexp.New(`(?i)^cvss\b`),
	"note":     lazyregexp.New(`(?i)^(mitigations?( packet| mapping| plan)?|mitigated (by|in)|countermeasures?|response|notes?|comments?)$`),
	"status":   lazyregexp.New(`(?i)^(disposition|status|state|resolution|decision|acceptance|accepted( by)?|treatment)$`),
	"owner":    lazyregexp.New(`(?i)^(risk )?owner(s|ship)?$`),
	"follow":   lazyregexp.New(`(?i)^(follow-?up|target( date)?|due( date)?|when|deadline|eta)$`),
	"packet":   lazyregexp.New(`(?i)^(packet|id)$`),
	"commit":   lazyregexp.New(`(?i)^(checkpoint|commit)( commit| hash)?s?$`),
}

// columnsOf finds the columns of a table by their titles. Where none is titled so,
// the commands are the column whose cells mostly are.
func columnsOf(rows [][]inline) map[string]int {
	columns := map[string]int{}
	for i, cell := range rows[0] {
		for key, re := range tableColumns {
			if _, taken := columns[key]; !taken && re.MatchString(strings.TrimSpace(cell.text)) {
				columns[key] = i
			}
		}
	}
	if _, titled := columns["command"]; titled {
		return columns
	}
	for i := range rows[0] {
		commands := 0
		for _, row := range rows[1:] {
			if i < len(row) && len(row[i].spans) > 0 && row[i].spans[0].start == 0 && typedOrKnown(row[i].code(0)) {
				commands++
			}
		}
		if commands*2 > len(rows)-1 {
			columns["command"] = i
			break
		}
	}
	return columns
}

// commandTable reads a table of commands: required ones under such a heading, or
// where a column says what is expected; claims in evidence. It reports false
// where it is neither.
func (p *reader) commandTable(b *block, d *document, columns map[string]int) bool {
	_, expects := columns["expected"]
	if owner := p.ownerColumn(b.rows, columns); owner >= 0 && !expects {
		p.claimsOfMany(b, d, columns, owner)
		return true
	}
	switch {
	case p.part == partRequired || p.mode == modeRequired && p.packet >= 0:
	case p.packet < 0:
		return false
	case p.part == partEvidence || p.mode == modeCommands:
		for _, row := range b.rows[1:] {
			p.claimRow(row, columns, d)
		}
		return true
	case !expects:
		return false
	}
	for _, row := range b.rows[1:] {
		p.requiredRow(row, columns, d)
	}
	return true
}

// ownerColumn is the column of a table of results whose cells all are packets, each
// row's own; −1 where there is none.
func (p *reader) ownerColumn(rows [][]inline, columns map[string]int) int {
	if _, ok := columns["result"]; !ok || p.packet >= 0 {
		return -1
	}
	for i := range rows[0] {
		if eachCell(rows[1:], i, p.isPacket) {
			return i
		}
	}
	return -1
}

// isPacket reports whether a text is the id of a packet, and nothing else.
func (p *reader) isPacket(text string) bool {
	id, rest := p.words.leadingID(text)
	_, known := p.index[NormalID(id)]
	return id != "" && known && strings.TrimSpace(rest) == ""
}

// claimsOfMany reads a log of commands, each with the packet that it was run for.
func (p *reader) claimsOfMany(b *block, d *document, columns map[string]int, owner int) {
	defer func(packet int) { p.packet = packet }(p.packet)
	for _, row := range b.rows[1:] {
		if owner >= len(row) {
			continue
		}
		if id, _ := p.words.leadingID(row[owner].text); id != "" {
			p.packet = p.index[NormalID(id)]
			p.claimRow(row, columns, d)
		}
	}
}

// commandCell is the command of a row: what stands in code, else the cell.
func commandCell(row []inline, columns map[string]int, d *document) (command string, offset int, ok bool) {
	i := columns["command"]
	if i >= len(row) || strings.TrimSpace(row[i].text) == "" {
		return "", 0, false
	}
	cell := &row[i]
	if len(cell.spans) > 0 {
		return strings.TrimSpace(cell.code(0)), cell.spans[0].offset, true
	}
	return strings.TrimSpace(strings.ReplaceAll(cell.written(d, 0, len(cell.text)), "\n", " ")), cell.offset, true
}

var bareCode = lazyregexp.New(`^\W*(-?\d{1,3})(?:$|\s*[(,;—–-]|\s+[^\pL\pN_.%/:*+])`)

// endOf reads a cell that says how a command ends; a bare number is an exit code.
func endOf(cell string) Result {
	if m := bareCode.FindStringSubmatch(cell); m != nil && exitIn(cell) == nil {
		cell = "exit " + m[1] + strings.TrimPrefix(cell[strings.Index(cell, m[1]):], m[1])
	}
	return result(" -> " + cell)
}

func (p *reader) requiredRow(row []inline, columns map[string]int, d *document) {
	command, offset, ok := commandCell(row, columns, d)
	if !ok {
		return
	}
	r := Required{Command: command, Raw: rowText(row), Pos: d.pos(offset), Result: noResult()}
	for _, key := range []string{"result", "expected"} {
		i, ok := columns[key]
		if !ok || i >= len(row) {
			continue
		}
		text := strings.TrimSpace(row[i].text)
		if _, checked, isBox := box(&block{inline: inline{text: text + " "}}); isBox {
			r.HasBox, r.Checked = true, checked
		}
		switch end := endOf(text); {
		case key == "expected" && end.Kind == ResultExit:
			r.Expected, r.Stated = end.ExitCode, true
			if r.Result.Kind == ResultNone || r.Result.Kind == ResultPassed {
				r.Result = end
			}
		case end.Kind == ResultExit:
			r.Result, r.Expected, r.Stated = end, end.ExitCode, true
		case key == "result" && end.Kind != ResultOther:
			r.Result = end
		}
	}
	if !r.Stated { // an exit code in any other column
		for i := range row {
			if end := result(" -> " + row[i].text); i != columns["command"] && end.Kind == ResultExit {
				r.Result, r.Expected, r.Stated = end, end.ExitCode, true
			}
		}
	}
	required := p.required()
	*required = append(*required, r)
}

func (p *reader) claimRow(row []inline, columns map[string]int, d *document) {
	command, offset, ok := commandCell(row, columns, d)
	if !ok || strings.HasPrefix(command, "<") {
		return
	}
	c := Claim{Command: command, Run: p.run, Raw: rowText(row), Pos: d.pos(offset), Result: noResult()}
	if i, ok := columns["number"]; ok && i < len(row) {
		c.Number = leadingNumber(row[i].text)
	}
	if i, ok := columns["result"]; ok && i < len(row) {
		words := row[i].text
		for n := range row {
			if n > i && n != columns["command"] && strings.TrimSpace(row[n].text) != "" {
				words += " (" + strings.TrimSpace(row[n].text) + ")"
			}
		}
		c.Result = endOf(strings.TrimSpace(words))
	} else {
		for i := range row {
			if end := result(" -> " + row[i].text); i != columns["command"] && end.Kind == ResultExit {
				c.Result = end
			}
		}
	}
	p.addClaim(c)
}

func leadingNumber(text string) int {
	n := 0
	for _, c := range strings.TrimSpace(text) {
		if c < '0' || c > '9' || n > 1_000_000 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// gateTable reads a row for each gate.
func (p *reader) gateTable(b *block, d *document, gate int) {
	for _, row := range b.rows[1:] {
		if gate >= len(row) {
			continue
		}
		in := row[gate]
		for i := range row {
			if i != gate && strings.TrimSpace(row[i].text) != "" {
				in.text += " " + strings.TrimSpace(row[i].text)
			}
		}
		p.gateLine(&block{kind: blockItem, inline: in}, d, false, false)
	}
}

// fieldTable reads a table of two columns whose rows are labels and what they
// label.
func (p *reader) fieldTable(b *block, d *document) {
	for _, row := range b.rows {
		if len(row) < 2 {
			continue
		}
		label := strings.Trim(row[0].text, " :*")
		if p.statusLine(label, &row[1], d) {
			continue
		}
		if isReviewLabel(label) {
			p.verdictLine(&row[1], label, row[1].text, d)
		} else if mode := p.modeOf(label); mode == modeCommit && checkpointOf(&row[1]).Kind != CheckpointWords {
			p.addCheckpoint(p.t.Packets[p.packet].ID, &row[1], "commit", d)
		} else if mode == modeScope || mode == modeOutOfScope {
			p.scopeCell(&row[1], d, mode)
		}
	}
}

func rowText(row []inline) string {
	var cells []string
	for _, c := range row {
		cells = append(cells, strings.ReplaceAll(c.text, "\n", " "))
	}
	return strings.Join(cells, " | ")
}

func tableText(b *block) string {
	var rows []string
	for _, row := range b.rows {
		rows = append(rows, rowText(row))
	}
	return strings.Join(rows, "\n")
}
