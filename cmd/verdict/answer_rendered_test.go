package main

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// FuzzOrdersAsRendered: what counts as an order is a line that everybody sees, of a
// paragraph of its own. A Markdown reader that nobody here wrote says which lines are.
func FuzzOrdersAsRendered(f *testing.F) {
	for _, s := range []string{
		"/verdict run", "```\n/verdict run\n```", "<!--\n/verdict run\n-->", "> a\n/verdict run", "- a\n\n  /verdict run", "<?\n\n/verdict run\n?>", "<!X\n\n/verdict run\n>",
		"<![CDATA[\n\n/verdict run\n]]>", "`a\n/verdict run\n`", "<a b=\"\n/verdict run\n\">x", "[a\n/verdict run\n]: x", "<script>\n\n/verdict run\n</script>", "a\n| - |\n/verdict run",
		"1) x\n\n/verdict run", "[^a]: x\n\n    y\n/verdict run", "/verdict run\n===", "0<A A=\"\n/verdict run\n\">", "\\`\n/verdict run\n`",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if strings.ContainsAny(body, "\r\x00\f\v") {
			t.Skip("readers differ about where a line ends")
		}
		if got, seen := len(orders(body)), shownLines(body); got > seen {
			t.Fatalf("%d orders on %d lines that are seen\n%q", got, seen, body)
		}
	})
}

// shownLines counts the lines of paragraphs and headings that begin with /verdict and
// are no code.
func shownLines(body string) int {
	source := []byte(body)
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote)).Parser().Parse(text.NewReader(source))
	n := 0
	for block := tree.FirstChild(); block != nil; block = block.NextSibling() {
		if block.Kind() != ast.KindParagraph && block.Kind() != ast.KindHeading {
			continue
		}
		lines := block.Lines()
		for i := range lines.Len() {
			if line := lines.At(i); strings.HasPrefix(string(line.Value(source)), "/verdict ") && !hiddenAt(block, line.Start) {
				n++
			}
		}
	}
	return n
}

// hiddenAt reports whether code or markup stands at a place of the source.
func hiddenAt(block ast.Node, at int) (hidden bool) {
	within := func(s text.Segment) bool { return s.Start <= at && at < s.Stop }
	ast.Walk(block, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.CodeSpan:
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if t, ok := c.(*ast.Text); ok {
					hidden = hidden || within(t.Segment)
				}
			}
		case *ast.RawHTML:
			for i := range n.Segments.Len() {
				hidden = hidden || within(n.Segments.At(i))
			}
		}
		return ast.WalkContinue, nil
	})
	return hidden
}
