package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	inScope = lazyregexp.New(`(?i)^(?:(?:in[ -])?scope|scope of (?:the |this )?(?:work|changes?|packet|task)|(?:files|paths|folders|code)(?: and (?:files|paths|folders))? in scope` +
		`|(?:in[- ]scope|allowed|permitted) (?:files|paths|folders|areas|changes)(?: and (?:files|paths|folders))?|(?:may|can|allowed to|permitted to) (?:touch|change|edit|modify)` +
		`|(?:only )?(?:these|the following)(?: files| paths| folders)? (?:may|can) (?:be )?(?:change|touched|changed|edited|modified)` +
		`|touches|(?:files|paths|folders) to (?:touch|change|edit|modify))$`)
	outOfScope = lazyregexp.New(`(?i)^(?:(?:out[ -]of|not in|outside(?: of)?)[ -](?:the )?scope(?: (?:files|paths|folders|areas|changes))?|(?:files|paths|folders|code) (?:out of|not in|outside(?: of)?) scope` +
		`|(?:(?:these|the following)(?: files| paths| folders)? )?(?:must|may|do|should|shall|can|are)(?: ?not|n['’]t) (?:to )?(?:be )?(?:touch|change|edit|modify|touched|changed|edited|modified)|not to (?:touch|change|edit|modify)|never (?:touch|change|edit|modify)` +
		`|(?:forbidden|protected|excluded|off[- ]limits|untouchable) (?:files|paths|folders|areas)|off[- ]limits)$`)
)

// scopeMode is the mode of a label that says what a packet may touch or must not.
func scopeMode(label string) mode {
	switch {
	case inScope.MatchString(label):
		return modeScope
	case outOfScope.MatchString(label):
		return modeOutOfScope
	}
	return modeOther
}

// scopeItem reads an item of a packet's scope. Below the first level it goes on with
// what the item above it says, else it explains it.
func (p *reader) scopeItem(in *inline, d *document, level int) {
	if level == 0 {
		p.outside = p.mode == modeOutOfScope
	}
	lines := eachLine(in)
	if p.scopeLine(&lines[0], d, false) {
		for i := range lines[1:] {
			p.scopeLine(&lines[1+i], d, true)
		}
		return
	}
	if label, value, ok := p.labelOf(&lines[0]); ok && level == 0 {
		label = strings.ToLower(strings.Trim(label, " *"))
		switch way := scopeMode(label); {
		case way == modeScope, label == "in", label == "included":
			p.outside = false
		case way == modeOutOfScope, label == "out", label == "excluded":
			p.outside = true
		}
		if value.text == "" || p.scopeLine(&value, d, false) {
			return
		}
	}
	p.scopeWords(in, d, level)
}

// scopeWords keeps what the scope says in words: then its patterns are not all of it.
func (p *reader) scopeWords(in *inline, d *document, level int) {
	text := strings.TrimSpace(strings.ReplaceAll(in.text, "\n", " "))
	if p.outside || level > 0 || text == "" || strings.HasPrefix(text, "<") || strings.HasSuffix(text, ":") || noneWord.MatchString(text) || placeholderWord.MatchString(text) {
		return
	}
	pk := &p.t.Packets[p.packet]
	pk.ScopeWords = append(pk.ScopeWords, Text{Text: text, Pos: d.pos(in.offset)})
}

// scopeLine reads a line that is a list of patterns, and reports whether it is one.
// alone: it is none where it says anything else.
func (p *reader) scopeLine(in *inline, d *document, alone bool) bool {
	if in.text == "" {
		return false
	}
	from := in.offsetOf(0)
	for from > 0 && strings.IndexByte("*_`[", d.source[from-1]) >= 0 { // markup around the first word
		from--
	}
	end := len(d.source)
	if n := d.line(from); n+1 < len(d.lines) {
		end = d.lines[n+1] - 1
	}
	raw := strings.TrimRight(string(d.source[min(from, end):end]), "\r\n")
	if in.cell {
		raw = raw[:cellEnd(raw)]
	}
	patterns := scopePatterns(raw, p.outside, alone)
	pk := &p.t.Packets[p.packet]
	for _, s := range patterns {
		pk.Scope = append(pk.Scope, Scope{Pattern: s.text, Out: s.out, Pos: d.pos(from + s.at)})
	}
	return len(patterns) > 0
}

// scopeCell reads a cell of a table that says what may be touched, or must not.
func (p *reader) scopeCell(in *inline, d *document, way mode) {
	p.outside = way == modeOutOfScope
	if !p.scopeLine(in, d, false) {
		p.scopeWords(in, d, 0)
	}
}

// cellEnd is where a table's cell ends: at a "|" that is neither escaped nor in code.
func cellEnd(raw string) int {
	inCode := false
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '`':
			inCode = !inCode
		case '|':
			if !inCode {
				return i
			}
		}
	}
	return len(raw)
}

// scopeFence reads a code block in a scope: patterns, one a line or more.
func (p *reader) scopeFence(d *document) {
	p.outside = p.mode == modeOutOfScope
	for n, start := range d.lines {
		end := len(d.source)
		if n+1 < len(d.lines) {
			end = d.lines[n+1]
		}
		line := string(d.source[start:end])
		if text := strings.TrimSpace(line); text != "" && text[0] != '#' {
			indent := len(line) - len(strings.TrimLeft(line, " \t"))
			in := inline{text: text, offset: start + indent}
			p.scopeLine(&in, d, true)
		}
	}
}

// scopeTable reads a table in a scope: the columns that say which way they are meant,
// and the one of the paths.
func (p *reader) scopeTable(b *block, d *document, columns map[string]int) {
	file, hasFile := columns["file"]
	for i, title := range b.rows[0] {
		way := scopeMode(strings.TrimSpace(title.text))
		if hasFile && i == file {
			way = p.mode
		}
		if way == modeOther {
			continue
		}
		for _, row := range b.rows[1:] {
			if i < len(row) {
				p.scopeCell(&row[i], d, way)
			}
		}
	}
}

// inScope reports whether what is read now belongs to a packet's scope.
func (p *reader) inScope() bool {
	return p.packet >= 0 && (p.mode == modeScope || p.mode == modeOutOfScope)
}

// patterns counts those of the packet's scope.
func (p *reader) patterns() int {
	if p.packet < 0 {
		return 0
	}
	return len(p.t.Packets[p.packet].Scope)
}
