package tracker

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown is goldmark with what trackers use, and bounds on what takes it more than
// linear time. Check boxes are read from the text, since trackers use forms that
// GitHub does not; "\|" in a table's code is read by flattener.code.
var markdown = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(lists{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(quotes{parser.NewBlockquoteParser()}, 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900),
		util.Prioritized(footnotes{extension.NewFootnoteBlockParser()}, 999),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(codeSpans{parser.NewCodeSpanParser()}, 100),
		util.Prioritized(footnoteLinks{extension.NewFootnoteParser()}, 101),
		util.Prioritized(links{parser.NewLinkParser()}, 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewRawHTMLParser(), 400),
		util.Prioritized(parser.NewEmphasisParser(), 500),
		util.Prioritized(extension.NewStrikethroughParser(), 500),
	),
	parser.WithParagraphTransformers(
		util.Prioritized(references{parser.LinkReferenceParagraphTransformer}, 100),
		util.Prioritized(tables{extension.NewTableParagraphTransformer()}, 200),
	),
	parser.WithASTTransformers(util.Prioritized(extension.NewFootnoteASTTransformer(), 999)),
)

const (
	maxDepth     = 32      // of lists and quotes in each other
	maxOpen      = 128     // brackets in one block
	maxFootnotes = 2_000   // of one document
	maxNoteLinks = 100_000 // to them
	maxEmpty     = 100_000 // cells that a table's rows leave out
	maxScan      = 1 << 20 // bytes, besides 16 for each of the document's, in which the end of a link is sought in vain
)

// refusal is what was read as plain text since it would take too long otherwise.
type refusal struct {
	message  string
	expected string
	offset   int
}

var (
	refusalsKey = parser.NewContextKey()
	openKey     = parser.NewContextKey()
	scannedKey  = parser.NewContextKey()
	notesKey    = parser.NewContextKey()
	noteLinkKey = parser.NewContextKey()
	runsKey     = parser.NewContextKey()
)

// refuse keeps the first refusal of each kind.
func refuse(pc parser.Context, message, expected string, offset int) {
	all, _ := pc.Get(refusalsKey).([]refusal)
	for _, r := range all {
		if r.message == message {
			return
		}
	}
	pc.Set(refusalsKey, append(all, refusal{message, expected, offset}))
}

// parseMarkdown parses a source, and says what it refused to.
func parseMarkdown(source []byte) (ast.Node, []refusal) {
	pc := parser.NewContext()
	root := markdown.Parse(text.NewReader(source), parser.WithContext(pc))
	refused, _ := pc.Get(refusalsKey).([]refusal)
	return root, refused
}

// tooDeep reports whether no list or quote may begin in a block.
func tooDeep(parent ast.Node) bool {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if k := n.Kind(); k == ast.KindListItem || k == ast.KindBlockquote {
			depth++
		}
	}
	return depth >= maxDepth
}

func refuseDepth(pc parser.Context, reader text.Reader) {
	_, at := reader.PeekLine()
	refuse(pc, "lists or quotes in each other, more than 32 deep", "fewer levels", at.Start)
}

// lists are not read too deep in each other: each level is looked at for each line.
type lists struct{ parser.BlockParser }

func (l lists) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	node, state := l.BlockParser.Open(parent, reader, pc)
	if node != nil && tooDeep(parent) {
		refuseDepth(pc, reader)
		return nil, parser.NoChildren
	}
	return node, state
}

// quotes are not read too deep in each other, like lists.
type quotes struct{ parser.BlockParser }

func (q quotes) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if line, _ := reader.PeekLine(); tooDeep(parent) {
		if at := pc.BlockOffset(); at >= 0 && at < len(line) && line[at] == '>' {
			refuseDepth(pc, reader)
		}
		return nil, parser.NoChildren
	}
	return q.BlockParser.Open(parent, reader, pc)
}

// footnotes are counted: each is compared with each link to one.
type footnotes struct{ parser.BlockParser }

func (f footnotes) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	_, at := reader.PeekLine()
	if count, _ := pc.Get(notesKey).(int); count >= maxFootnotes {
		return nil, parser.NoChildren
	}
	node, state := f.BlockParser.Open(parent, reader, pc)
	if node != nil {
		count, _ := pc.Get(notesKey).(int)
		if pc.Set(notesKey, count+1); count+1 == maxFootnotes {
			refuse(pc, "more than 2,000 footnotes", "fewer footnotes", at.Start)
		}
	}
	return node, state
}

// footnoteLinks are counted, like footnotes.
type footnoteLinks struct{ parser.InlineParser }

func (f footnoteLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	count, _ := pc.Get(noteLinkKey).(int)
	if count >= maxNoteLinks {
		return nil
	}
	node := f.InlineParser.Parse(parent, block, pc)
	if node != nil {
		pc.Set(noteLinkKey, count+1)
	}
	return node
}

// endOfBlock is where the text of a block ends.
func endOfBlock(block ast.Node) int {
	for block != nil && block.Type() != ast.TypeBlock {
		block = block.Parent()
	}
	if block == nil || block.Lines().Len() == 0 {
		return 0
	}
	return block.Lines().At(block.Lines().Len() - 1).Stop
}

// links are given up where too many brackets are open, or their ends were sought too
// long in vain, as in "[a]([a](…".
type links struct{ parser.InlineParser }

func (l links) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, at := block.PeekLine()
	open, _ := pc.Get(openKey).(int)
	if line[0] != ']' {
		if open >= maxOpen {
			refuse(pc, "brackets that are not closed, too many to look for links among them", "links that are closed", at.Start)
			return nil
		}
		node := l.InlineParser.Parse(parent, block, pc)
		if node != nil {
			pc.Set(openKey, open+1)
		}
		return node
	}
	pc.Set(openKey, max(open-1, 0))
	if len(line) < 2 || line[1] != '(' && line[1] != '[' {
		return l.InlineParser.Parse(parent, block, pc)
	}
	scanned, _ := pc.Get(scannedKey).(int)
	if scanned > maxScan+16*len(block.Source()) {
		refuse(pc, "brackets that are not closed, too many to look for links among them", "links that are closed", at.Start)
		return nil
	}
	node := l.InlineParser.Parse(parent, block, pc)
	if node == nil {
		pc.Set(scannedKey, scanned+max(endOfBlock(parent)-at.Start, 0))
	}
	return node
}

// CloseBlock forgets the brackets that are open at a block's end.
func (l links) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	pc.Set(openKey, 0)
	l.InlineParser.(parser.CloseBlocker).CloseBlock(parent, block, pc)
}

// codeSpans know which runs of back-quotes are not closed in a block: each would be
// sought to its end again.
type codeSpans struct{ parser.InlineParser }

// openRuns are the lengths of runs that are not closed in the block that ends at end.
type openRuns struct {
	end     int
	lengths map[int]bool
}

func (c codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, at := block.PeekLine()
	size := len(line) - len(bytes.TrimLeft(line, "`"))
	open, _ := pc.Get(runsKey).(*openRuns)
	if open != nil && open.lengths[size] && open.end == endOfBlock(parent) {
		block.Advance(size)
		return ast.NewTextSegment(at.WithStop(at.Start + size))
	}
	node := c.InlineParser.Parse(parent, block, pc)
	if node != nil && node.Kind() == ast.KindText {
		end := endOfBlock(parent)
		if open == nil || open.end != end {
			open = &openRuns{end, map[int]bool{}}
			pc.Set(runsKey, open)
		}
		open.lengths[size] = true
	}
	return node
}

// references takes definitions of links from paragraphs that begin like one, some
// lines at a time, since all lines after a definition are copied.
type references struct{ parser.ParagraphTransformer }

func (r references) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	const some = 256
	lines := node.Lines()
	begins := func(i int) bool {
		at := lines.At(i)
		line := bytes.TrimLeft(at.Value(reader.Source()), " \t")
		return len(line) > 0 && line[0] == '['
	}
	if lines.Len() == 0 || !begins(0) {
		return
	}
	for lines.Len() > some {
		cut := some
		for cut < lines.Len() && !begins(cut) {
			cut++
		}
		if cut == lines.Len() {
			break
		}
		part := ast.NewParagraph()
		part.Lines().AppendAll(lines.Sliced(0, cut))
		parent := node.Parent()
		parent.InsertBefore(parent, node, part)
		r.ParagraphTransformer.Transform(part, reader, pc)
		rest := text.NewSegments()
		left := part.Parent() != nil
		if left { // a line that is no definition ends them
			rest.AppendAll(part.Lines().Sliced(0, part.Lines().Len()))
			parent.RemoveChild(parent, part)
		}
		rest.AppendAll(lines.Sliced(cut, lines.Len()))
		node.SetLines(rest)
		if lines = rest; left {
			return
		}
	}
	r.ParagraphTransformer.Transform(node, reader, pc)
}

// tables are not read where nearly all of their cells are missing: each row is filled
// up to the header's length.
type tables struct{ parser.ParagraphTransformer }

func (t tables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	if lines.Len() < 2 {
		return
	}
	first, last := lines.At(0), lines.At(lines.Len()-1)
	if size := last.Stop - first.Start; lines.Len()*size > maxEmpty { // there may be that many columns
		columns := 0
		for i := range lines.Len() {
			at := lines.At(i)
			line := at.Value(reader.Source())
			columns = max(columns, bytes.Count(line, []byte{'|'}))
		}
		if cells := columns * lines.Len(); cells > size && cells > maxEmpty {
			refuse(pc, "a table whose rows are nearly empty", "a cell in each column", first.Start)
			return
		}
	}
	t.ParagraphTransformer.Transform(node, reader, pc)
}
