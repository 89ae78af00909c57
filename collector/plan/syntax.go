package plan

import (
	"bytes"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// parse reads text as bash would.
func parse(text string) (*syntax.File, error) {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	if len(f.Stmts) == 0 {
		return nil, fmt.Errorf("no command")
	}
	return f, nil
}

func printed(n syntax.Node) string {
	var b bytes.Buffer
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, n); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// Canonical gives the shell text of a command in one form: without comments,
// with single blanks, and with quotes only where they are needed. Two commands
// with the same canonical text do the same. The error says why text is no shell
// command.
func Canonical(command string) (string, error) {
	f, err := parse(command)
	if err != nil {
		return "", fmt.Errorf("parse command: %w", err)
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		if w, ok := n.(*syntax.Word); ok {
			unquote(w)
		}
		return true
	})
	return printed(f), nil
}

// unquote brings a word that the shell does not expand into one form.
func unquote(w *syntax.Word) {
	value, ok := literal(w)
	if !ok || value == "" {
		return
	}
	if plainWord.MatchString(value) {
		w.Parts = []syntax.WordPart{&syntax.Lit{Value: value}}
		return
	}
	quoted, err := syntax.Quote(value, syntax.LangBash)
	if err != nil || strings.HasPrefix(quoted, "$'") {
		return
	}
	if quoted == value {
		w.Parts = []syntax.WordPart{&syntax.Lit{Value: value}}
	} else if !strings.Contains(value, "'") {
		w.Parts = []syntax.WordPart{&syntax.SglQuoted{Value: value}}
	}
}

// plainWord is a word that no shell changes: an option with its value needs no
// quotes, though a first word of that form would be an assignment.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_@%+:,./^-]+$|^-[A-Za-z0-9_@%+:,./^=-]+$`)

// literal returns the value of a word that no expansion changes.
func literal(w *syntax.Word) (string, bool) {
	if w == nil {
		return "", false
	}
	var b strings.Builder
	for i, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			if hasGlob(part.Value) || i == 0 && strings.HasPrefix(part.Value, "~") {
				return b.String(), false
			}
			b.WriteString(unescape(part.Value))
		case *syntax.SglQuoted:
			if part.Dollar {
				return b.String(), false
			}
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return b.String(), false
				}
				b.WriteString(unescapeQuoted(lit.Value))
			}
		default:
			return b.String(), false
		}
	}
	return b.String(), true
}

func hasGlob(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '*', '?', '[', '{':
			return s[i] != '{' || strings.Contains(s[i:], "}") && s[i:] != "{}"
		}
	}
	return false
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescapeQuoted undoes the escapes that count inside double quotes.
func unescapeQuoted(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0 {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// argv returns the words of a call; a word that the shell expands is kept as
// written, and literal is false then.
func argv(words []*syntax.Word) (args []string, allLiteral bool) {
	allLiteral = true
	for _, w := range words {
		value, ok := literal(w)
		if !ok {
			value, allLiteral = printed(w), false
		}
		args = append(args, value)
	}
	return args, allLiteral
}

func allLiteral(words []*syntax.Word) bool {
	_, all := argv(words)
	return all
}
