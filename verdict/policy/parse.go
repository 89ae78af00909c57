package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/verdictci/verdict/collector/tracker"
)

// Limits on a file that somebody else may have written: the YAML parser's time
// grows with the square of the nesting.
const (
	maxBytes = 64 << 10
	maxDepth = 16
	maxShown = 50
)

// Problem is one thing that is wrong with a policy.
type Problem struct {
	Pos        tracker.Pos
	Message    string // what stands there
	Expected   string // what was expected instead; may be empty
	Suggestion string // what was probably meant; may be empty
}

// String gives one line that editors and problem matchers read.
func (p Problem) String() string {
	text := p.Pos.String() + ": " + p.Message
	if p.Expected != "" {
		text += "; expected " + p.Expected
	}
	if p.Suggestion != "" {
		text += "; did you mean " + p.Suggestion + "?"
	}
	return text
}

// Error is everything that is wrong with one file, in the file's order.
type Error struct {
	Problems []Problem // never empty
}

// Error gives one line for each problem, and says how many more there are where
// they are very many.
func (e *Error) Error() string {
	var lines []string
	for i, p := range e.Problems {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Problems)-maxShown))
			break
		}
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Parse reads a policy over the defaults. The path is only cited. The rules are
// the ids that severities and waivers may name; nil leaves them unchecked. An
// error is an [*Error] that holds every problem of the file; the policy is nil
// then, since half a policy would be a weaker gate than the one that was meant.
func Parse(path string, src []byte, rules []string) (*Policy, error) {
	p := Default()
	p.Path = path
	if sum := sha256.Sum256(src); len(src) > 0 {
		p.SHA256 = hex.EncodeToString(sum[:]) // an empty file asks for what no file asks for
	}
	r := &reader{path: path, rules: rules}
	if body := r.document(src); body != nil {
		form := fileForm(p)
		r.root = form.schema
		form.read(r, body)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Pos.Line != b.Pos.Line {
				return a.Pos.Line - b.Pos.Line
			}
			return a.Pos.Column - b.Pos.Column
		})
		return nil, &Error{r.problems}
	}
	return p, nil
}

// reader gathers what is wrong while forms read a document.
type reader struct {
	path     string
	rules    []string
	root     *schema // for suggestions across the whole file
	problems []Problem
}

func (r *reader) at(line, column int) tracker.Pos {
	return tracker.Pos{File: r.path, Line: max(line, 1), Column: max(column, 1)}
}

func (r *reader) pos(n ast.Node) tracker.Pos {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return r.pos(m.Values[0].Key)
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return r.pos(v.Key)
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return r.at(1, 1)
	}
	return r.at(t.Position.Line, t.Position.Column)
}

func (r *reader) problem(pos tracker.Pos, expected, message string, args ...any) {
	r.problems = append(r.problems, Problem{Pos: pos, Message: fmt.Sprintf(message, args...), Expected: expected})
}

// document turns the bytes into the one mapping that they hold; nil when there
// is none, or none that can be read.
func (r *reader) document(src []byte) ast.Node {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if !r.text(src) {
		return nil
	}
	tokens := lexer.Tokenize(string(src))
	if !r.plain(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err, src)
		return nil
	}
	if len(file.Docs) > 1 && file.Docs[1].Body != nil {
		r.problem(r.pos(file.Docs[1].Body), "one document", "a second document begins")
		return nil
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil
	}
	return file.Docs[0].Body
}

// text checks that the file is a text of a bearable size.
func (r *reader) text(src []byte) bool {
	if len(src) > maxBytes {
		r.problem(r.at(1, 1), fmt.Sprintf("at most %d KiB", maxBytes>>10), "the file has %d KiB", len(src)>>10)
		return false
	}
	for i := 0; i < len(src); {
		c, size := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && size == 1 || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			start := bytes.LastIndexByte(src[:i], '\n') + 1
			r.problem(r.at(bytes.Count(src[:i], []byte("\n"))+1, utf8.RuneCount(src[start:i])+1), "text in UTF-8", "the byte 0x%02x", src[i])
			return false
		}
		i += size
	}
	return true
}

// plain refuses what makes a file mean something else than it seems to, or cost
// more than it should, before it is parsed.
func (r *reader) plain(tokens token.Tokens) bool {
	depth, run := 0, 0
	for _, t := range tokens {
		run++
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
		default:
			run = 0
		}
		at := r.at(t.Position.Line, t.Position.Column)
		switch {
		case depth > maxDepth || run > maxDepth:
			r.problem(at, fmt.Sprintf("at most %d levels", maxDepth), "the nesting is too deep")
			return false
		case t.Type == token.AnchorType || t.Type == token.AliasType || t.Type == token.MergeKeyType:
			r.problem(at, "the value itself", "anchors, aliases and merge keys have no place here")
		case t.Type == token.TagType || t.Type == token.DirectiveType:
			r.problem(at, "plain YAML", "tags and directives have no place here")
		}
	}
	return len(r.problems) == 0
}

// syntax notes why the YAML parser gave up. Tabs are the usual reason, and its
// own words do not say so.
func (r *reader) syntax(err error, src []byte) {
	pos, message := r.at(1, 1), err.Error()
	if e := (yaml.Error)(nil); errors.As(err, &e) {
		message = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			pos = r.at(t.Position.Line, t.Position.Column)
		}
	}
	for i, line := range strings.Split(string(src), "\n") {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && i+1 >= pos.Line-1 && i <= pos.Line {
			r.problem(r.at(i+1, tab+1), "spaces", "a tab in the indentation")
			return
		}
	}
	r.problem(pos, "", "not YAML: %s", message)
}
