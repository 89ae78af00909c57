package tracker

import (
	"regexp"
	"strings"
)

// risk reads an item under "Residual risk".
func (p *reader) risk(b *block, d *document) {
	text := strings.TrimSpace(b.text)
	if text == "" || strings.HasPrefix(text, "<") {
		return
	}
	if p.packet < 0 {
		t := p.looseTable(RiskTableReconciled, b, d)
		t.Rows = append(t.Rows, p.riskOf(b, d))
		return
	}
	risks := &p.t.Packets[p.packet].Risks
	if b.level > 0 && len(*risks) > 0 {
		last := &(*risks)[len(*risks)-1]
		last.Note = strings.TrimSpace(last.Note + " " + text)
		return
	}
	r := p.riskOf(b, d)
	r.Packet = p.t.Packets[p.packet].ID
	if said := remark.FindString(p.run); said != "" { // "Residual Items (Accepted)"
		r.Note = strings.TrimSpace(r.Note + " " + strings.Trim(said, " ()"))
	}
	*risks = append(*risks, r)
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
	severityPrefix = regexp.MustCompile(`(?i)^[\[(*]*(critical|high|medium|moderate|low|very low|info|informational|P[0-4]|sev-?[0-4])[\])*]*(?:\s+(?:severity|risk))?\s*[:—–-]\s*`)
	severityInside = regexp.MustCompile(`(?i)\b(?:severity\s*[:=]?\s*)(critical|high|medium|moderate|low|very low|info)\b|\b(critical|high|medium|low|very low)(?:[ -]severity\b| risk(?:[,.;:)]|$))|\(\s*(critical|high|medium|low|very low|info)\b|\b(P[0-4])\s+[—–-]`)
	ownerField     = regexp.MustCompile(`(?i)\bowner:\s*([^.;\n]+)`)
	followField    = regexp.MustCompile(`(?i)\bfollow-?up:\s*([^\n]+?)(?:\.\s|\.?$|\n)`)
)

// riskOf reads one statement of a risk.
func (p *reader) riskOf(b *block, d *document) Risk {
	line, note, _ := strings.Cut(b.text, "\n")
	r := Risk{Raw: strings.ReplaceAll(b.text, "\n", " "), Note: strings.ReplaceAll(note, "\n", " "), Pos: d.pos(b.offset)}
	r.Text = strings.TrimSpace(line)
	if m := severityPrefix.FindStringSubmatch(r.Text); m != nil {
		r.Severity, r.Text = m[1], r.Text[len(m[0]):]
	} else if m := severityInside.FindStringSubmatch(b.text); m != nil {
		r.Severity = m[1] + m[2] + m[3] + m[4]
	}
	r.Struck = mostlyStruck(&b.inline, len(line))
	if m := ownerField.FindStringSubmatch(b.text); m != nil {
		r.Owner = strings.Trim(m[1], " ().,")
	}
	if m := followField.FindStringSubmatch(b.text); m != nil {
		r.FollowUp = strings.TrimSpace(m[1])
	}
	return r
}

// mostlyStruck reports whether the statement begins with struck-through text.
func mostlyStruck(in *inline, _ int) bool {
	return len(in.struck) > 0 && in.struck[0].start <= 2 && in.struck[0].end-in.struck[0].start > 2
}

// condition reads an item of a verdict's list of conditions.
func (p *reader) condition(b *block, d *document) {
	if b.level > 0 || b.text == "" || strings.HasPrefix(b.text, "<") {
		return
	}
	t := p.looseTable(RiskTableConditions, b, d)
	r := p.riskOf(b, d)
	for _, id := range p.words.idsIn(r.Raw, p.index) {
		r.Packet = id
		break
	}
	t.Rows = append(t.Rows, r)
}

// table reads what a table in a packet or outside of packets says of risks,
// debts and checkpoints.
func (p *reader) table(b *block, d *document, group string) {
	if len(b.rows) < 2 {
		return
	}
	columns := map[string]int{}
	for i, cell := range b.rows[0] {
		for key, re := range tableColumns {
			if _, taken := columns[key]; !taken && re.MatchString(strings.TrimSpace(cell.text)) {
				columns[key] = i
			}
		}
	}
	if _, ok := columns["risk"]; ok && len(b.rows[0]) > 1 {
		p.riskTable(b, d, columns, group)
		return
	}
	_, hasPacket := columns["packet"]
	if c, ok := columns["commit"]; ok && hasPacket {
		p.checkpointTable(b, d, columns["packet"], c)
	}
}

var tableColumns = map[string]*regexp.Regexp{
	"risk":     regexp.MustCompile(`(?i)^((residual )?risks?( description)?|debt|item|debt item)$`),
	"source":   regexp.MustCompile(`(?i)^(source|packet|from|origin)$`),
	"severity": regexp.MustCompile(`(?i)^(severity|sev|priority|level)$`),
	"note":     regexp.MustCompile(`(?i)^(mitigation( packet| mapping)?|mitigated (by|in)|disposition|status|resolution|notes?|acceptance)$`),
	"owner":    regexp.MustCompile(`(?i)^owner$`),
	"follow":   regexp.MustCompile(`(?i)^(follow-?up|target|due|when)$`),
	"packet":   regexp.MustCompile(`(?i)^(packet|id)$`),
	"commit":   regexp.MustCompile(`(?i)^(checkpoint|commit)( commit| hash)?s?$`),
}

func (p *reader) riskTable(b *block, d *document, columns map[string]int, group string) {
	title := group
	if p.run != "" {
		title = p.run
	}
	if _, severity := columns["severity"]; !severity && !partHeadings[partRisks].MatchString(title) {
		if _, note := columns["note"]; !note {
			return
		}
	}
	t := RiskTable{Kind: RiskTableReconciled, Title: title, Pos: d.pos(b.offset)}
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
			Packet: source, Text: strings.ReplaceAll(risk.text, "\n", " "), Struck: mostlyStruck(risk, 0),
			Severity: severityCell(cell("severity")), Note: strings.TrimSpace(cell("note").text),
			Owner: strings.TrimSpace(cell("owner").text), FollowUp: strings.TrimSpace(cell("follow").text), Raw: rowText(row), Pos: d.pos(risk.offset),
		}
		if ids := p.words.idsIn(source, p.index); len(ids) > 0 {
			r.Packet = ids[0]
		}
		t.Rows = append(t.Rows, r)
	}
	p.t.RiskTables = append(p.t.RiskTables, t)
}

// severityCell reads the first word of a severity cell: "~~Low~~ RESOLVED" is Low.
func severityCell(in *inline) string {
	fields := strings.Fields(in.text)
	switch {
	case len(fields) == 0:
		return ""
	case len(fields) > 1 && strings.EqualFold(fields[0], "very"):
		return fields[0] + " " + fields[1]
	}
	return strings.Trim(fields[0], ",;:()")
}
