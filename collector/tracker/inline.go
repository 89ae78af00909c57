package tracker

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// inline is flattened text with the marked parts in it.
type inline struct {
	text   string // markup removed; lines separated by "\n"
	spans  []span // code spans, in order
	struck []span // struck-through parts, in order
	strong []span // parts in bold, in order
	marked []mark // parts in emphasis, bold or not, in order
	links  []link // links and images, in order
	offset int    // of the first character, in the document's source
	cell   bool   // of a table
	pieces []span // where each stretch of the text comes from, in order; end is not used
}

// span is a part of an inline's text.
type span struct {
	start, end int // in inline.text
	offset     int // of the first character, in the document's source
}

// mark is a part of an inline's text with so many "*" or "_" on either side of it.
type mark struct{ start, end, level int }

// link is a part of an inline's text that leads elsewhere.
type link struct {
	span
	to string
}

// code is the content of a code span; a line that ends with "\" goes on as a
// shell would have it.
func (in *inline) code(i int) string {
	text := in.text[in.spans[i].start:in.spans[i].end]
	return strings.ReplaceAll(strings.ReplaceAll(text, "\\\n", ""), "\n", " ")
}

// slice cuts a part out of an inline.
func (in *inline) slice(start, end int) inline {
	for start < end && (in.text[start] == ' ' || in.text[start] == '\n') {
		start++
	}
	part := inline{text: in.text[start:end], offset: in.offsetOf(start), cell: in.cell}
	part.spans, part.struck, part.strong = within(in.spans, start, end), within(in.struck, start, end), within(in.strong, start, end)
	for _, l := range in.links[sort.Search(len(in.links), func(i int) bool { return in.links[i].start >= start }):] {
		if l.end > end {
			break
		}
		l.start, l.end = l.start-start, l.end-start
		part.links = append(part.links, l)
	}
	for _, m := range in.marked {
		if m.start >= start && m.end <= end {
			part.marked = append(part.marked, mark{m.start - start, m.end - start, m.level})
		}
	}
	for _, p := range in.pieces[max(0, in.piece(start)):] {
		if p.start >= end {
			break
		}
		if p.start < start {
			p.offset, p.start = p.offset+start-p.start, start
		}
		part.pieces = append(part.pieces, span{start: p.start - start, offset: p.offset})
	}
	return part
}

// eachLine cuts a text into its lines.
func eachLine(in *inline) []inline {
	out := make([]inline, 0, strings.Count(in.text, "\n")+1)
	start := 0
	for line := range strings.SplitSeq(in.text, "\n") {
		out = append(out, in.slice(start, start+len(line)))
		start += len(line) + 1
	}
	return out
}

// within are the spans that lie in a part of the text, moved to its beginning.
func within(spans []span, start, end int) []span {
	var out []span
	for _, s := range spans[sort.Search(len(spans), func(i int) bool { return spans[i].start >= start }):] {
		if s.start >= end {
			break
		}
		if s.end <= end {
			out = append(out, span{s.start - start, s.end - start, s.offset})
		}
	}
	return out
}

// piece is the index of the stretch that a place of the text belongs to; −1: none.
func (in *inline) piece(at int) int {
	return sort.Search(len(in.pieces), func(i int) bool { return in.pieces[i].start > at }) - 1
}

// offsetOf gives the source offset of a place in the text.
func (in *inline) offsetOf(at int) int {
	if i := in.piece(at); i >= 0 {
		return in.pieces[i].offset + at - in.pieces[i].start
	}
	return in.offset + at
}

// written is a part of one line of the text as its author wrote it. What stands
// outside of code and is no prose, a path or a command, has "_" and "*" of its own,
// which Markdown takes for emphasis (src/__snapshots__/a.snap); emphasis of the whole
// part, escapes and entities are Markdown's all the same.
func (in *inline) written(d *document, start, end int) string {
	text := in.text[start:end]
	if text == "" || strings.Contains(text, "\n") || slices.ContainsFunc(in.spans, func(s span) bool { return s.start < end && s.end > start }) {
		return text
	}
	from, to := in.offsetOf(start), in.offsetOf(end-1)+1
	for _, m := range in.marked {
		if m.start == start && m.end < end {
			from -= m.level
		}
		if m.end == end && m.start > start {
			to += m.level
		}
	}
	if from < 0 || to > len(d.source) || from > to {
		return text
	}
	f := flattener{source: d.source}
	f.plain(from, to)
	return string(f.text)
}

// append adds another paragraph of the same item.
func (in *inline) append(more inline) {
	shift := len(in.text) + 1
	if in.text == "" {
		*in = more
		return
	}
	in.text += "\n" + more.text
	move := func(to *[]span, from []span) {
		for _, s := range from {
			*to = append(*to, span{s.start + shift, s.end + shift, s.offset})
		}
	}
	move(&in.spans, more.spans)
	move(&in.struck, more.struck)
	move(&in.strong, more.strong)
	move(&in.pieces, more.pieces)
	for _, m := range more.marked {
		in.marked = append(in.marked, mark{m.start + shift, m.end + shift, m.level})
	}
	for _, l := range more.links {
		l.start, l.end = l.start+shift, l.end+shift
		in.links = append(in.links, l)
	}
}

// inline flattens the text of a block.
func (r *blockReader) inline(n ast.Node) inline {
	f := flattener{source: r.doc.source, text: r.room.text[:0], in: inline{offset: -1, pieces: r.room.pieces[:0]}, html: -1}
	f.children(n)
	r.room.text = f.text
	in := f.done(r.start(n))
	if used := len(in.pieces); used > 0 { // what it leaves is for the next
		in.pieces, r.room.pieces = in.pieces[:used:used], in.pieces[used:]
	}
	if cap(r.room.pieces) < 4 {
		r.room.pieces = make([]span, 0, 256)
	}
	return in
}

type flattener struct {
	source []byte
	text   []byte
	in     inline
	html   int // where a <code> began; −1: none is open
}

func (f *flattener) done(start int) inline {
	f.in.text = string(f.text)
	if f.in.offset < 0 {
		f.in.offset = start
	}
	return f.in
}

func (f *flattener) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		f.node(c)
	}
}

// add appends text that comes from a place in the source.
func (f *flattener) add(text []byte, offset int) {
	if len(text) == 0 {
		return
	}
	if f.in.offset < 0 {
		f.in.offset = offset
	}
	if n := len(f.in.pieces); n == 0 || f.in.pieces[n-1].offset+len(f.text)-f.in.pieces[n-1].start != offset {
		f.in.pieces = append(f.in.pieces, span{start: len(f.text), offset: offset})
	}
	f.text = append(f.text, text...)
}

func (f *flattener) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		f.plain(n.Segment.Start, n.Segment.Stop)
		if n.SoftLineBreak() || n.HardLineBreak() {
			f.add([]byte{'\n'}, n.Segment.Stop)
		}
	case *ast.String:
		f.text = append(f.text, n.Value...)
	case *ast.CodeSpan:
		f.codeSpan(n)
	case *ast.RawHTML:
		f.rawHTML(n)
	case *ast.AutoLink:
		f.text = append(f.text, n.Label(f.source)...)
	case *ast.Link:
		f.link(n, string(n.Destination))
	case *ast.Image:
		f.link(n, string(n.Destination))
	case *ast.Emphasis:
		start, at := len(f.text), len(f.in.marked)
		f.in.marked = append(f.in.marked, mark{start: start, level: n.Level})
		f.children(n)
		f.in.marked[at].end = len(f.text)
		if n.Level == 2 {
			f.in.strong = append(f.in.strong, span{start: start, end: len(f.text), offset: f.in.offset})
		}
	case *east.Strikethrough:
		start := len(f.text)
		f.children(n)
		f.in.struck = append(f.in.struck, span{start: start, end: len(f.text), offset: f.in.offset})
	default:
		f.children(n)
	}
}

func (f *flattener) link(n ast.Node, to string) {
	start := len(f.text)
	f.children(n)
	f.in.links = append(f.in.links, link{span{start: start, end: len(f.text), offset: f.in.offset}, to})
}

// plain adds text outside of code: escapes and entities are what they stand for.
func (f *flattener) plain(start, stop int) {
	for start < stop {
		rest := f.source[start:stop]
		at := bytes.IndexAny(rest, `\&`)
		if at < 0 {
			f.add(rest, start)
			return
		}
		f.add(rest[:at], start)
		rest, start = rest[at:], start+at
		size := 1
		switch {
		case rest[0] == '\\' && len(rest) > 1 && util.IsPunct(rest[1]):
			f.add(rest[1:2], start+1)
			size = 2
		case rest[0] == '&':
			if m := entity.Find(rest); m != nil {
				size = len(m)
			}
			f.add(util.ResolveEntityNames(util.ResolveNumericReferences(bytes.Clone(rest[:size]))), start)
		default:
			f.add(rest[:1], start)
		}
		start += size
	}
}

var entity = lazyregexp.New(`^&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});`)

var (
	// layoutTag is a tag that only says how text looks.
	layoutTag = lazyregexp.New(`(?is)^</?(?:a|b|i|u|s|em|strong|small|big|sub|sup|span|font|mark|kbd|tt|samp|ins|del|p|div|center|img|details|summary|nobr|wbr|picture|source|section|article)\b[^>]*>$`)
	breakTag  = lazyregexp.New(`(?i)^<br\s*/?>$`)
	codeTag   = lazyregexp.New(`(?i)^<(/?)code>$`)
)

// rawHTML drops what is layout and keeps what is no HTML at all ("<hash>").
func (f *flattener) rawHTML(n *ast.RawHTML) {
	for i := range n.Segments.Len() {
		seg := n.Segments.At(i)
		tag := seg.Value(f.source)
		switch m := codeTag.FindSubmatch(tag); {
		case m != nil && len(m[1]) == 0 && !f.closed(n):
			f.add(tag, seg.Start) // "exit <code>"
		case m != nil && len(m[1]) == 0:
			f.html = len(f.text)
		case m != nil:
			if f.html >= 0 && f.html < len(f.text) {
				offset := f.in.offset
				if i := f.in.piece(f.html); i >= 0 {
					offset = f.in.pieces[i].offset + f.html - f.in.pieces[i].start
				}
				f.in.spans = append(f.in.spans, span{f.html, len(f.text), offset})
			}
			f.html = -1
		case breakTag.Match(tag):
			f.add([]byte{'\n'}, seg.Start)
		case layoutTag.Match(tag), bytes.HasPrefix(tag, []byte("<!--")):
		default:
			f.add(tag, seg.Start)
		}
	}
}

// closed reports whether the code that a tag opens ends in the same block.
func (f *flattener) closed(n ast.Node) bool {
	for n = n.NextSibling(); n != nil; n = n.NextSibling() {
		if raw, ok := n.(*ast.RawHTML); ok && raw.Segments.Len() > 0 {
			seg := raw.Segments.At(0)
			if m := codeTag.FindSubmatch(seg.Value(f.source)); m != nil {
				return len(m[1]) > 0
			}
		}
	}
	return false
}

func (f *flattener) codeSpan(n *ast.CodeSpan) {
	s := span{start: len(f.text), offset: -1}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		t, ok := c.(*ast.Text)
		if !ok {
			f.node(c)
			continue
		}
		if s.offset < 0 {
			s.offset = t.Segment.Start
		}
		f.code(t.Segment.Start, t.Segment.Stop, insideTable(n))
	}
	s.end = len(f.text)
	if s.end > s.start && f.html < 0 {
		f.in.spans = append(f.in.spans, s)
	}
}

// code adds the content of a code span; in a table "\|" stands for "|".
func (f *flattener) code(start, stop int, table bool) {
	for table && start < stop {
		at := bytes.Index(f.source[start:stop], []byte(`\|`))
		if at < 0 {
			break
		}
		f.add(f.source[start:start+at], start)
		f.add([]byte{'|'}, start+at+1)
		start += at + 2
	}
	f.add(f.source[start:stop], start)
}

func insideTable(n ast.Node) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == east.KindTableCell {
			return true
		}
	}
	return false
}

// cell reads the inline markup of one table cell without a parser.
func (r *blockReader) cell(start, end int) inline {
	source := r.doc.source
	for start < end && (source[start] == ' ' || source[start] == '\t') {
		start++
	}
	for end > start && (source[end-1] == ' ' || source[end-1] == '\t') {
		end--
	}
	f := flattener{source: source, in: inline{offset: start, cell: true}, html: -1}
	for start < end {
		rest := source[start:end]
		at := bytes.IndexByte(rest, '`')
		if at < 0 {
			f.unmarked(start, end)
			break
		}
		f.unmarked(start, start+at)
		tail := rest[at+1:]
		stop := bytes.IndexByte(tail, '`')
		if stop < 0 {
			f.unmarked(start+at, end)
			break
		}
		s := span{start: len(f.text), offset: start + at + 1}
		f.code(s.offset, s.offset+stop, true)
		s.end = len(f.text)
		f.in.spans = append(f.in.spans, s)
		start = s.offset + stop + 1
	}
	return f.done(start)
}

// unmarked adds text without its asterisks.
func (f *flattener) unmarked(start, end int) {
	for start < end {
		at := bytes.Index(f.source[start:end], []byte("**"))
		if at < 0 {
			break
		}
		f.plain(start, start+at)
		start += at + 2
	}
	f.plain(start, end)
}
