package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/tracker"
)

// ReadJSONList returns the commands of a JSON file that the team keeps elsewhere.
// The pointer names a list, or one command; a command is an object whose members
// hold words and folder, an array of words, or shell text. Words are quoted into
// shell text that means the same. An error is an [*Error] with every problem; a
// list without any command is one, since it would require nothing.
func ReadJSONList(l JSONList, src []byte) ([]Required, error) {
	if l.Argv == "" {
		l.Argv = "argv"
	}
	if l.Dir == "" {
		l.Dir = "cwd"
	}
	r := &listReader{list: l}
	if root := r.parse(src); root != nil {
		r.walk(root, strings.Split(l.Pointer, "/")[1:], l.Pointer == "", false)
	}
	if len(r.problems) == 0 && len(r.found) == 0 {
		r.problem(&jsonNode{line: 1, column: 1}, "at least one command", "nothing stands at %q", l.Pointer)
	}
	if len(r.problems) > 0 {
		return nil, &Error{r.problems}
	}
	return r.found, nil
}

// listReader gathers the commands of one file.
type listReader struct {
	list     JSONList
	found    []Required
	problems []Problem
}

func (r *listReader) pos(n *jsonNode) tracker.Pos {
	return tracker.Pos{File: r.list.Path, Line: n.line, Column: n.column}
}

func (r *listReader) problem(n *jsonNode, expected, message string, args ...any) {
	r.problems = append(r.problems, Problem{Pos: r.pos(n), Message: fmt.Sprintf(message, args...), Expected: expected})
}

// walk follows the pointer's tokens from n. wild: a "*" was passed, so members
// that only some elements have may be missing.
func (r *listReader) walk(n *jsonNode, tokens []string, whole, wild bool) {
	if len(tokens) == 0 || whole {
		r.commands(n)
		return
	}
	token := strings.NewReplacer("~1", "/", "~0", "~").Replace(tokens[0])
	if token == "*" {
		if n.kind != jsonArray && n.kind != jsonObject {
			r.problem(n, "a list or an object", "%s where the pointer %q goes through *", n.kind, r.list.Pointer)
		}
		for i := range n.items {
			if len(tokens) == 1 {
				r.command(&n.items[i])
				continue
			}
			r.walk(&n.items[i], tokens[1:], false, true)
		}
		return
	}
	next := n.member(token)
	if next == nil {
		if !wild {
			r.problem(n, "", "the pointer %q finds no %q here", r.list.Pointer, token)
		}
		return
	}
	r.walk(next, tokens[1:], false, wild)
}

// commands reads the node that a pointer ends at: a list, or one command. An array
// of texts is one command's words when the first could be the name of a program;
// a pointer that ends in "*" says that it is a list.
func (r *listReader) commands(n *jsonNode) {
	if n.kind != jsonArray || isArgv(n) {
		r.command(n)
		return
	}
	for i := range n.items {
		r.command(&n.items[i])
	}
}

func isArgv(n *jsonNode) bool {
	if len(n.items) == 0 || strings.ContainsAny(n.items[0].text, " \t\n") {
		return false
	}
	return !slices.ContainsFunc(n.items, func(item jsonNode) bool { return item.kind != jsonString })
}

func (r *listReader) command(n *jsonNode) {
	argv, dir := n, ""
	if n.kind == jsonObject {
		if argv = n.member(r.list.Argv); argv == nil {
			r.problem(n, "", "the command has no %q", r.list.Argv)
			return
		}
		if d := n.member(r.list.Dir); d != nil && d.kind != jsonNull {
			if d.kind != jsonString {
				r.problem(d, "a folder below the root", "%s", d.kind)
				return
			}
			if err := inside(d.text); err != nil && d.text != "" {
				r.problem(d, "a folder below the root", "%q: %s", d.text, err)
				return
			}
			dir = path.Clean(d.text)
		}
	}
	if dir == "." {
		dir = ""
	}
	if text, ok := r.shellText(argv); ok {
		r.found = append(r.found, Required{Command: text, Dir: dir, Pos: r.pos(argv)})
	}
}

// shellText turns words into text that a shell splits into the same words.
func (r *listReader) shellText(n *jsonNode) (string, bool) {
	if n.kind == jsonString && strings.TrimSpace(n.text) != "" {
		return n.text, true
	}
	if n.kind != jsonArray || len(n.items) == 0 {
		r.problem(n, "shell text, or an array of words", "%s", n.kind)
		return "", false
	}
	words := make([]string, len(n.items))
	for i := range n.items {
		word := &n.items[i]
		if word.kind != jsonString {
			r.problem(word, "a word, as a string", "%s", word.kind)
			return "", false
		}
		quoted, err := syntax.Quote(word.text, syntax.LangBash)
		if err != nil {
			r.problem(word, "a word that a shell can take", "%q: %s", word.text, err)
			return "", false
		}
		words[i] = quoted
	}
	if n.items[0].text == "" {
		r.problem(n, "the name of a program", "the first word is empty")
		return "", false
	}
	return strings.Join(words, " "), true
}
