package tracker

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// blockKind sorts the blocks that a tracker is made of.
type blockKind int

const (
	blockHeading blockKind = iota
	blockPara
	blockItem
	blockFence
	blockTable
	blockHTML // text that only HTML arranges
)

// block is one piece of the document, in document order. Lists are flat: an item
// knows its depth.
type block struct {
	kind    blockKind
	level   int  // of a heading; depth of an item, 0 outermost
	ordered bool // an item of a numbered list
	number  int  // of such an item, as printed
	inline
	rows     [][]inline // of a table; the first row is its header
	info     string     // of a fence
	content  *document  // of a fence
	unclosed bool       // a fence that ends with the document
}

// document is a Markdown source with its place in the file. A fence's content is
// a document of its own.
type document struct {
	file    string
	source  []byte
	lines   []int // offset of each line's start
	first   int   // line of the file that line 0 stands on, 1-based
	indents []int // columns that stand before each line in the file; nil: none
	end     int   // last line of the file that belongs to it, 1-based

	// the place that was asked for last: most are asked for in order
	lastLine, lastOffset, lastColumn int
}

func newDocument(file string, source []byte) *document {
	d := &document{file: file, source: source, first: 1}
	d.lines = append(make([]int, 0, bytes.Count(source, []byte{'\n'})+1), 0)
	for at := 0; ; {
		n := bytes.IndexByte(source[at:], '\n')
		if at += n + 1; n < 0 || at == len(source) {
			break
		}
		d.lines = append(d.lines, at)
	}
	d.end = len(d.lines)
	return d
}

// line returns the index of the line that offset is on.
func (d *document) line(offset int) int {
	low, high := 0, len(d.lines)-1
	for low < high {
		mid := (low + high + 1) / 2
		if d.lines[mid] <= offset {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// pos gives the place in the file of an offset in the source.
func (d *document) pos(offset int) Pos {
	offset = min(max(offset, 0), len(d.source))
	n := d.lastLine
	if offset < d.lines[n] || n+1 < len(d.lines) && offset >= d.lines[n+1] {
		n = d.line(offset)
	}
	from, column := d.lines[n], 1
	if n == d.lastLine && offset >= d.lastOffset && d.lastColumn > 0 {
		from, column = d.lastOffset, d.lastColumn
	}
	column += utf8.RuneCount(d.source[from:offset])
	d.lastLine, d.lastOffset, d.lastColumn = n, offset, column
	if d.indents != nil {
		column += d.indents[n]
	}
	return Pos{File: d.file, Line: d.first + n, Column: column}
}

// blocks parses a document, and warns of what would take too long. It writes over
// what into holds, which may be nil.
func (p *reader) blocks(d *document, into []block) []block {
	root, refused := parseMarkdown(d.source)
	for _, r := range refused {
		p.warn(d.pos(r.offset), r.message, r.expected, "write it otherwise; it was read as plain text")
		p.refused = true
	}
	if into == nil {
		into = make([]block, 0, atMostBlocks(root))
	}
	r := blockReader{doc: d, out: into[:0], room: &p.room}
	r.children(root, 0)
	return r.out
}

// atMostBlocks counts what will be blocks; hardly ever there are more.
func atMostBlocks(n ast.Node) int {
	count := 0
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.Kind() {
		case ast.KindList, ast.KindBlockquote:
			count += atMostBlocks(c)
		case ast.KindListItem:
			count++
			for inner := c.FirstChild(); inner != nil; inner = inner.NextSibling() {
				if k := inner.Kind(); k != ast.KindTextBlock && k != ast.KindParagraph {
					count += 1 + atMostBlocks(inner)
				}
			}
		default:
			count++
		}
	}
	return count
}

type blockReader struct {
	doc  *document
	out  []block
	room *room
}

// room is where inlines are built, one after the other.
type room struct {
	text   []byte // of the one that is being built
	pieces []span // of several; those that are in use stand before it
}

func (r *blockReader) children(n ast.Node, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.block(c, depth)
	}
}

func (r *blockReader) block(n ast.Node, depth int) {
	switch n := n.(type) {
	case *ast.Heading:
		r.out = append(r.out, block{kind: blockHeading, level: n.Level, inline: r.inline(n)})
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(n)
	case *ast.List:
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			r.item(item, depth, n.IsOrdered(), number)
			number++
		}
	case *ast.FencedCodeBlock:
		r.fence(n, string(n.Language(r.doc.source)))
	case *ast.CodeBlock:
		r.fence(n, "")
	case *ast.HTMLBlock:
		r.html(n)
	case *east.Table:
		r.table(n)
	case *east.FootnoteList:
		r.footnotes(n)
	default:
		r.children(n, depth)
	}
}

var anyTag = lazyregexp.New(`(?s)<!--.*?(?:-->|$)|</?[A-Za-z][^<>]*>`)

// html keeps the text of an HTML block, for the warning that it was not read.
func (r *blockReader) html(n *ast.HTMLBlock) {
	var raw []byte
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		raw = append(raw, seg.Value(r.doc.source)...)
	}
	start := r.start(n)
	if n.HTMLBlockType == ast.HTMLBlockType2 { // a comment claims nothing, but where it never closes it hides the rest
		if !n.HasClosure() && !strings.Contains(string(raw), "-->") {
			r.out = append(r.out, block{kind: blockHTML, unclosed: true, inline: inline{offset: start}})
		}
		return
	}
	if text := strings.TrimSpace(anyTag.ReplaceAllString(string(raw), " ")); text != "" {
		r.out = append(r.out, block{kind: blockHTML, info: "html", inline: inline{text: text, offset: start}})
	}
}

// footnotes keeps the text of footnotes, like that of HTML.
func (r *blockReader) footnotes(n ast.Node) {
	notes := blockReader{doc: r.doc, room: r.room}
	notes.children(n, 0)
	for _, b := range notes.out {
		if b.kind == blockPara || b.kind == blockItem {
			r.out = append(r.out, block{kind: blockHTML, inline: b.inline})
		}
	}
}

// numbered finds the lines of a paragraph that are items of a numbered list all
// the same: Markdown lets such a list follow a paragraph only when it starts at 1.
var numbered = lazyregexp.New(`^\s*(\d{1,6})[.)]\s+`)

func (r *blockReader) paragraph(n ast.Node) {
	in := r.inline(n)
	start := 0
	number := 0
	ordered := false
	flush := func(end int) {
		if start > end {
			return // "2." and nothing, then "3. …"
		}
		if part := in.slice(start, end); strings.TrimSpace(part.text) != "" {
			kind := blockPara
			if ordered {
				kind = blockItem
			}
			r.out = append(r.out, block{kind: kind, ordered: ordered, number: number, inline: part})
		}
	}
	for at := strings.IndexByte(in.text, '\n'); at >= 0; {
		rest := in.text[at+1:]
		if m := numbered.FindStringSubmatch(rest); m != nil {
			flush(at)
			start, ordered = at+1+len(m[0]), true
			number, _ = strconv.Atoi(m[1])
		}
		next := strings.IndexByte(rest, '\n')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	flush(len(in.text))
}

func (r *blockReader) item(n ast.Node, depth int, ordered bool, number int) {
	b := block{kind: blockItem, level: depth, ordered: ordered, number: number}
	at := len(r.out)
	r.out = append(r.out, b)
	first := true
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			in := r.inline(c)
			if first {
				r.out[at].inline = in
			} else {
				r.out[at].append(in)
			}
			first = false
		default:
			r.block(c, depth+1)
		}
	}
	if first {
		r.out[at].offset = r.start(n)
	}
}

func (r *blockReader) start(n ast.Node) int {
	for c := n; c != nil; c = c.FirstChild() {
		if c.Type() == ast.TypeBlock && c.Lines().Len() > 0 {
			return c.Lines().At(0).Start
		}
	}
	return 0
}

// fence keeps a code block's content as a document of its own.
func (r *blockReader) fence(n ast.Node, info string) {
	lines := n.Lines()
	content := &document{file: r.doc.file}
	count := lines.Len()
	places := make([]int, 2*max(count, 1))
	content.lines, content.indents = places[:max(count, 1)], places[max(count, 1):]
	whole := true // the lines stand in the source as they are
	size := 0
	for i := range count {
		seg := lines.At(i)
		at := r.doc.pos(seg.Start)
		if i == 0 {
			content.first = at.Line
		}
		content.lines[i], content.indents[i] = size, at.Column-1
		size += seg.Len()
		whole = whole && seg.Padding == 0 && !seg.ForceNewline && (i == 0 || seg.Start == lines.At(i-1).Stop)
	}
	switch {
	case count == 0:
		content.first = r.doc.pos(r.start(n)).Line
	case whole:
		content.source = r.doc.source[lines.At(0).Start:lines.At(count-1).Stop]
	default:
		content.source = make([]byte, 0, size)
		for i := range count {
			seg := lines.At(i)
			content.lines[i] = len(content.source)
			content.source = append(content.source, seg.Value(r.doc.source)...)
		}
	}
	content.end = content.first + len(content.lines) - 1
	b := block{kind: blockFence, info: strings.ToLower(info), content: content}
	b.offset = r.start(n)
	if lines.Len() > 0 {
		b.unclosed = n.Kind() == ast.KindFencedCodeBlock && !closesFence(r.doc.source[lines.At(lines.Len()-1).Stop:])
	}
	r.out = append(r.out, b)
}

var fenceLine = lazyregexp.New("^[ \t>]*(`{3,}|~{3,})[ \t]*\r?(?:\n|$)")

// closesFence reports whether the source that follows a fence's last line begins
// with its closing line.
func closesFence(rest []byte) bool { return fenceLine.Match(rest) }

func (r *blockReader) table(n *east.Table) {
	b := block{kind: blockTable, rows: make([][]inline, 0, n.ChildCount())}
	columns := 0
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		cells := make([]inline, 0, row.ChildCount())
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			in := r.inline(cell)
			in.cell = true
			cells = append(cells, in)
		}
		if columns == 0 {
			columns = len(cells)
			if columns > 0 {
				b.offset = cells[0].offset
			}
		} else if repaired := r.repairRow(cells, columns); repaired != nil {
			cells = repaired
		}
		b.rows = append(b.rows, cells)
	}
	r.out = append(r.out, b)
}

// repairRow splits a row again whose code holds an unescaped "|": Markdown ends
// the cell there, which no author means. It returns nil when the row is fine.
func (r *blockReader) repairRow(cells []inline, columns int) []inline {
	if len(cells) == 0 {
		return nil
	}
	source := r.doc.source
	n := r.doc.line(min(cells[0].offset, len(source)))
	end := len(source)
	if n+1 < len(r.doc.lines) {
		end = r.doc.lines[n+1]
	}
	from := r.doc.lines[n]
	line := strings.TrimRight(string(source[from:end]), "\r\n \t")
	if strings.Count(line, "`") < 2 || strings.Count(line, "|") <= columns+1 {
		return nil
	}
	parts := splitRow(line)
	if len(parts) != columns {
		return nil
	}
	out := make([]inline, columns)
	for i, p := range parts {
		out[i] = r.cell(from+p.start, from+p.end)
	}
	return out
}

// splitRow splits a table row at each "|" that is neither escaped nor in code.
func splitRow(line string) []span {
	var parts []span
	start, inCode := -1, false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '`':
			inCode = !inCode
		case '|':
			if inCode {
				continue
			}
			if start >= 0 {
				parts = append(parts, span{start: start, end: i})
			}
			start = i + 1
		}
	}
	if start >= 0 && strings.TrimSpace(line[start:]) != "" {
		parts = append(parts, span{start: start, end: len(line)})
	}
	return parts
}
