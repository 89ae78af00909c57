package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// risk reads an item under "Residual risk"; ticked: its box is.
func (p *reader) risk(b *block, d *document, ticked bool) {
	text := strings.TrimSpace(b.text)
	if text == "" || strings.HasPrefix(text, "<") {
		return
	}
	if p.packet < 0 {
		t := p.looseTable(RiskTableReconciled, b, d)
		r := p.riskOf(b, d)
		r.Status = tickedStatus(ticked)
		t.Rows = append(t.Rows, r)
		return
	}
	risks := &p.t.Packets[p.packet].Risks
	if b.level > 0 && len(*risks) > 0 {
		last := &(*risks)[len(*risks)-1]
		last.Note = strings.TrimSpace(last.Note + " " + text)
		return
	}
	r := p.riskOf(b, d)
	r.Packet, r.Status = p.t.Packets[p.packet].ID, tickedStatus(ticked)
	if said := remark.FindString(p.run); said != "" { // "Residual Items (Accepted)"
		r.Note = strings.TrimSpace(r.Note + " " + strings.Trim(said, " ()"))
	}
	*risks = append(*risks, r)
}

// tickedStatus is what the box of a risk says: it is gone, or nothing.
func tickedStatus(ticked bool) string {
	if ticked {
		return "closed"
	}
	return ""
}

// looseTable is the list that a bullet outside of any table belongs to.
func (p *reader) looseTable(kind RiskTableKind, b *block, d *document) *RiskTable {
	n := len(p.t.RiskTables)
	if n == 0 || p.t.RiskTables[n-1].Kind != kind || p.t.RiskTables[n-1].Title != p.run {
		packet := ""
		if p.packet >= 0 {
			packet = p.t.Packets[p.packet].ID
		}
		p.t.RiskTables = append(p.t.RiskTables, RiskTable{Kind: kind, Title: p.run, Packet: packet, Pos: d.pos(b.offset)})
		n++
	}
	return &p.t.RiskTables[n-1]
}

var (
	ownerField  = lazyregexp.New(`(?i)\bowner:\s*([^.;\n]+)`)
	followField = lazyregexp.New(`(?i)\bfollow-?up:\s*([^\n]+?)(?:\.\s|\.?$|\n)`)
)

var blockersTitle = lazyregexp.New(`(?i)\bblockers?$`)

// riskOf reads one statement of a risk.
func (p *reader) riskOf(b *block, d *document) Risk {
	line, note, _ := strings.Cut(b.text, "\n")
	r := Risk{Raw: strings.ReplaceAll(b.text, "\n", " "), Note: strings.ReplaceAll(note, "\n", " "), Pos: d.pos(b.offset)}
	r.Text = strings.TrimSpace(line)
	r.Packet, r.Text = p.riskPacket(r.Text)
	if r.Severity, r.Text = textSeverity(r.Text, b.text); r.Severity == "" && blockersTitle.MatchString(p.run) {
		r.Severity = "blocker"
	}
	if r.Struck = mostlyStruck(&b.inline); r.Struck {
		r.After = strings.TrimSpace(b.text[b.struck[0].end:])
	}
	if mayHold(b.text, "owner:") {
		if m := ownerField.FindStringSubmatch(b.text); m != nil {
			r.Owner = strings.Trim(m[1], " ().,")
		}
	}
	if mayHold(b.text, "follow") {
		if m := followField.FindStringSubmatch(b.text); m != nil {
			r.FollowUp = strings.TrimSpace(m[1])
		}
	}
	return r
}

// riskPacket splits off the packet that a risk begins with: "AB-01 – high: …".
func (p *reader) riskPacket(text string) (id, rest string) {
	id, rest = p.words.leadingID(text)
	if _, known := p.index[NormalID(id)]; !known || id == "" || !namedID.MatchString(id) {
		return "", text
	}
	if trimmed := strings.TrimLeft(rest, " ])"); strings.IndexAny(trimmed, ":—–-(") == 0 {
		if rest = strings.TrimLeft(trimmed, " :—–-("); rest != "" {
			return id, rest
		}
	}
	return "", text
}

// mostlyStruck reports whether the statement begins with struck-through text.
func mostlyStruck(in *inline) bool {
	return len(in.struck) > 0 && in.struck[0].start <= 2 && in.struck[0].end-in.struck[0].start > 2
}

// condition reads an item of a verdict's list of conditions.
func (p *reader) condition(b *block, d *document) {
	if b.level > 0 || b.text == "" || strings.HasPrefix(b.text, "<") {
		return
	}
	t := p.looseTable(RiskTableConditions, b, d)
	r := p.riskOf(b, d)
	if ids := p.words.idsIn(r.Raw, p.index); len(ids) > 0 {
		r.Packet = ids[0]
	}
	t.Rows = append(t.Rows, r)
}

func (p *reader) riskTable(b *block, d *document, columns map[string]int, title string) {
	if _, severity := columns["severity"]; !severity && !partHeadings[partRisks].MatchString(title) {
		_, note := columns["note"]
		_, status := columns["status"]
		if !note && !status {
			return
		}
	}
	t := RiskTable{Kind: RiskTableReconciled, Title: title, Pos: d.pos(b.offset)}
	scale := matrixScale(b.rows[1:], columns)
	if strings.Contains(strings.ToLower(title), "debt") {
		t.Kind = RiskTableDebt
	}
	if p.packet >= 0 {
		t.Packet = p.t.Packets[p.packet].ID
	}
	for _, row := range b.rows[1:] {
		cell := func(key string) *inline {
			if i, ok := columns[key]; ok && i < len(row) {
				return &row[i]
			}
			return &inline{}
		}
		risk := cell("risk")
		if strings.TrimSpace(risk.text) == "" || strings.HasPrefix(risk.text, "<") {
			continue
		}
		source := strings.TrimSpace(cell("source").text)
		r := Risk{
			Packet: source, Text: strings.ReplaceAll(risk.text, "\n", " "), Struck: mostlyStruck(risk),
			Severity: rowSeverity(cell, scale), Note: strings.TrimSpace(cell("note").text), Status: strings.TrimSpace(cell("status").text),
			Owner: strings.TrimSpace(cell("owner").text), FollowUp: strings.TrimSpace(cell("follow").text), Raw: rowText(row), Pos: d.pos(risk.offset),
		}
		if r.Status == "" {
			r.Status = besideSeverity(cell("severity").text, r.Severity)
		}
		if r.Struck {
			r.After = strings.TrimSpace(risk.text[risk.struck[0].end:])
		}
		if ids := p.words.idsIn(source, p.index); len(ids) > 0 {
			r.Packet = ids[0]
		}
		t.Rows = append(t.Rows, r)
	}
	p.t.RiskTables = append(p.t.RiskTables, t)
}

// rowSeverity is the severity of a table's row, from its own column, from impact and
// likelihood in words or on a scale of numbers, or from a score.
func rowSeverity(cell func(string) *inline, scale int) string {
	if stated := cellSeverity(cell("severity").text); stated != "" {
		return stated
	}
	impact, likely := cell("impact").text, cell("likely").text
	if SeverityLevel(impact) != "" {
		return byImpact(impact, likely)
	}
	if level := byMatrix(leadingNumber(impact)*leadingNumber(likely), scale); level != "" {
		return level
	}
	score := cell("score").text
	if SeverityLevel(score) != "" {
		return cellSeverity(score)
	}
	if level := byMatrix(leadingNumber(score), scale); level != "" {
		return level
	}
	if level := byCVSS(cell("cvss").text); level != "" {
		return level
	}
	severity, _ := textSeverity(cell("risk").text, cell("risk").text)
	return severity
}

// besideSeverity is what a severity's cell says beside it: "~~Low~~ RESOLVED".
func besideSeverity(cell, severity string) string {
	_, rest, ok := strings.Cut(cell, severity)
	if !ok || severity == "" {
		return ""
	}
	return strings.Trim(rest, " ,;:—–-()~")
}
