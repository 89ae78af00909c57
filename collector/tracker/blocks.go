package tracker

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

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
	d := &document{file: file, source: source, lines: []int{0}, first: 1}
	for i, c := range source {
		if c == '\n' && i+1 < len(source) {
			d.lines = append(d.lines, i+1)
		}
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
	n := d.line(offset)
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

// markdown is goldmark with what trackers use. Check boxes are read from the
// text, since trackers use forms that GitHub does not.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Footnote))

// blocks parses the document.
func (d *document) blocks() []block {
	root := markdown.Parser().Parse(text.NewReader(d.source), parser.WithContext(parser.NewContext()))
	r := blockReader{doc: d}
	r.children(root, 0)
	return r.out
}

type blockReader struct {
	doc *document
	out []block
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
		r.out = append(r.out, block{kind: blockHTML, inline: inline{text: text, offset: start}})
	}
}

// footnotes keeps the text of footnotes, like that of HTML.
func (r *blockReader) footnotes(n ast.Node) {
	notes := blockReader{doc: r.doc}
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
	var source []byte
	for i := range lines.Len() {
		seg := lines.At(i)
		at := r.doc.pos(seg.Start)
		if i == 0 {
			content.first = at.Line
		}
		content.lines = append(content.lines, len(source))
		content.indents = append(content.indents, at.Column-1)
		source = append(source, seg.Value(r.doc.source)...)
	}
	if len(content.lines) == 0 {
		content.lines, content.indents = []int{0}, []int{0}
		content.first = r.doc.pos(r.start(n)).Line
	}
	content.source = source
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
	b := block{kind: blockTable}
	columns := 0
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []inline
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
