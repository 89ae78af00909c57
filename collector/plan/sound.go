package plan

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// sound reports whether exit 0 of the whole proves exit 0 of every simple
// command: one and-list of simple commands.
func sound(f *syntax.File) bool {
	if len(f.Stmts) != 1 {
		return false
	}
	var check func(s *syntax.Stmt) bool
	check = func(s *syntax.Stmt) bool {
		if s.Negated || s.Background || s.Coprocess || slices.ContainsFunc(s.Redirs, func(r *syntax.Redirect) bool { return substitutes(r) }) {
			return false
		}
		switch c := s.Cmd.(type) {
		case *syntax.CallExpr:
			return !substitutes(c) && soundCall(c)
		case *syntax.BinaryCmd:
			return c.Op == syntax.AndStmt && check(c.X) && check(c.Y)
		case *syntax.TestClause, *syntax.ArithmCmd:
			return !substitutes(c)
		}
		return false
	}
	return check(f.Stmts[0])
}

// leaving are programs after which what follows in the list may never run, or may
// be something else, while the whole still ends with 0.
var leaving = []string{"exit", "return", "break", "continue", "exec", "set", "trap", "eval", "source", ".", "hash", "enable", "alias", "shopt", "kill", "setsid"}

// redirecting are the variables by which a name leads to another program, or a
// program to other code.
var redirecting = []string{"PATH", "BASH_ENV", "ENV", "LD_PRELOAD", "IFS"}

// soundCall reports whether a simple command's exit 0 is that of the program it
// names, and leaves the rest of the list as it is. The text of "bash -c" must be
// sound itself.
func soundCall(c *syntax.CallExpr) bool {
	for _, a := range c.Assigns {
		if a.Name != nil && slices.Contains(redirecting, a.Name.Value) {
			return false
		}
	}
	if len(c.Args) == 0 {
		return true
	}
	args, _ := argv(c.Args)
	if path.Base(args[0]) == "env" && slices.ContainsFunc(args, func(a string) bool {
		name, _, ok := strings.Cut(a, "=")
		return ok && slices.Contains(redirecting, name)
	}) {
		return false
	}
	for inner, ok := args, true; ok; inner, ok = unwrap(inner) {
		if slices.Contains(leaving, path.Base(inner[0])) {
			return false
		}
		if slices.Contains(shells, path.Base(inner[0])) {
			text, _, ok := shellText(inner, nil)
			if !ok {
				return true // a script: opaque, and its status is its own
			}
			f, err := parse(text)
			return err == nil && len(inner) > 1 && inner[1] == "-c" && sound(f)
		}
	}
	return true
}

func substitutes(n syntax.Node) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			found = true
		}
		return !found
	})
	return found
}
