package plan

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxNesting bounds how deep "bash -c" is looked into.
const maxNesting = 8

// shapeOf reads a command's syntax.
func shapeOf(text string) Shape {
	f, err := parse(text)
	if err != nil {
		return Shape{Error: err.Error()}
	}
	r := shapeReader{shape: Shape{Parses: true}, functions: map[string]bool{}}
	syntax.Walk(f, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok {
			r.functions[d.Name.Value] = true
		}
		return true
	})
	r.list(f.Stmts, context{last: true})
	r.shape.Sound = len(r.shape.Masks) == 0 && sound(f)
	return r.shape
}

// sound reports whether exit 0 of the whole proves exit 0 of every simple
// command: one and-list of simple commands.
func sound(f *syntax.File) bool {
	if len(f.Stmts) != 1 {
		return false
	}
	var check func(s *syntax.Stmt) bool
	check = func(s *syntax.Stmt) bool {
		if s.Negated || s.Background || s.Coprocess {
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

// soundCall reports whether a simple command's exit 0 is that of the program it
// names, and leaves the rest of the list as it is. The text of "bash -c" must be
// sound itself.
func soundCall(c *syntax.CallExpr) bool {
	if len(c.Args) == 0 {
		return true
	}
	args, _ := argv(c.Args)
	for inner, ok := args, true; ok; inner, ok = unwrap(inner) {
		if slices.Contains(leaving, path.Base(inner[0])) {
			return false
		}
		if base := path.Base(inner[0]); slices.Contains([]string{"bash", "sh", "zsh", "dash"}, base) {
			text, ok := shellText(inner)
			if !ok {
				return true // a script: opaque, and its status is its own
			}
			f, err := parse(text)
			return err == nil && len(inner) > 1 && inner[1] == "-c" && sound(f)
		}
	}
	return true
}

// context is what stands around a statement.
type context struct {
	lost string // kind of the mask that loses the status; empty: it counts
	text string // the shell text that does it
	last bool   // its status is the status of the list
	// waited: it runs in the background, and its status is asked for later
	waited bool
	depth  int
}

func (c context) losing(kind string, n syntax.Node) context {
	if c.lost == "" {
		c.lost, c.text = kind, printed(n)
	}
	return c
}

type shapeReader struct {
	shape     Shape
	functions map[string]bool
	pipefail  bool
	errexit   bool
	calls     map[*syntax.CallExpr]int // which step each call is; nil: not asked for
}

// list reads statements that follow each other: only the last one's status
// counts, unless errexit is on.
func (r *shapeReader) list(stmts []*syntax.Stmt, c context) {
	for i, s := range stmts {
		inner := c
		inner.waited = false
		if i < len(stmts)-1 {
			inner.last = false
			inner.waited = r.waitedFor(s, stmts[i+1:])
			if !r.errexit && c.lost == "" && !s.Background {
				inner = inner.losing("sequence", s)
			}
		}
		r.stmt(s, inner)
	}
}

// waitedFor reports whether a later statement asks for the background
// statement's own status: wait $!.
func (r *shapeReader) waitedFor(s *syntax.Stmt, rest []*syntax.Stmt) bool {
	if !s.Background {
		return false
	}
	for _, later := range rest {
		if text := printed(later); strings.HasPrefix(text, "wait ") && strings.Contains(text, "$") {
			return true
		}
	}
	return false
}

func (r *shapeReader) stmt(s *syntax.Stmt, c context) {
	if s.Negated {
		c = c.losing("negation", s)
	}
	if s.Background && !c.waited {
		c = c.losing("background", s)
	}
	for _, redirect := range s.Redirs {
		r.words(c, redirect.Word, redirect.Hdoc)
	}
	switch cmd := s.Cmd.(type) {
	case nil:
	case *syntax.CallExpr:
		r.call(cmd, c)
	case *syntax.BinaryCmd:
		r.binary(cmd, c)
	case *syntax.Subshell:
		pipefail, errexit := r.pipefail, r.errexit
		r.list(cmd.Stmts, c)
		r.pipefail, r.errexit = pipefail, errexit
	case *syntax.Block:
		r.list(cmd.Stmts, c)
	case *syntax.IfClause:
		r.ifClause(cmd, c)
	case *syntax.WhileClause:
		r.list(cmd.Cond, c.losing("condition", s))
		r.list(cmd.Do, c.losing("loop", s))
	case *syntax.ForClause:
		r.list(cmd.Do, c.losing("loop", s))
	case *syntax.CaseClause:
		for _, item := range cmd.Items {
			r.list(item.Stmts, c.losing("case", s))
		}
	case *syntax.FuncDecl:
		r.stmt(cmd.Body, c.losing("function", s))
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			r.stmt(cmd.Stmt, c)
		}
	case *syntax.CoprocClause:
		r.stmt(cmd.Stmt, c.losing("background", s))
	case *syntax.DeclClause:
		r.substitutions(cmd, c.losing("substitution", s))
	case *syntax.TestClause:
		r.add(Step{Argv: []string{"[["}, Literal: true, Tool: "[[", Status: true, Text: printed(cmd)}, c)
		r.substitutions(cmd, c.losing("substitution", s))
	case *syntax.ArithmCmd:
		r.add(Step{Argv: []string{"(("}, Literal: true, Tool: "((", Status: true, Text: printed(cmd)}, c)
	default:
		r.substitutions(cmd, c.losing("substitution", s))
	}
}

func (r *shapeReader) ifClause(cmd *syntax.IfClause, c context) {
	fails := len(cmd.Then) > 0 && failsForSure(cmd.Then[len(cmd.Then)-1]) || cmd.Else != nil && endsInFailure(cmd.Else)
	inner := c
	if !fails {
		inner = c.losing("condition", cmd)
	} else if c.lost == "" {
		inner = c.losing("condition-checked", cmd)
	}
	r.list(cmd.Cond, inner)
	r.list(cmd.Then, c)
	if cmd.Else != nil {
		if cmd.Else.Cond == nil {
			r.list(cmd.Else.Then, c)
		} else {
			r.ifClause(cmd.Else, c)
		}
	}
}

func endsInFailure(c *syntax.IfClause) bool {
	return c.Cond == nil && len(c.Then) > 0 && failsForSure(c.Then[len(c.Then)-1])
}

func (r *shapeReader) binary(cmd *syntax.BinaryCmd, c context) {
	switch cmd.Op {
	case syntax.AndStmt:
		left := c
		if !c.last && r.errexit || c.lost == "" && !c.last {
			left = c.losing("sequence", cmd)
		}
		r.stmt(cmd.X, left)
		r.stmt(cmd.Y, c)
	case syntax.OrStmt:
		left := c
		if !failsForSure(cmd.Y) {
			left = c.losing("or", cmd)
		}
		r.stmt(cmd.X, left)
		r.stmt(cmd.Y, c)
	case syntax.Pipe, syntax.PipeAll:
		left := c
		if !r.pipefail {
			left = c.losing("pipe", cmd)
		}
		r.stmt(cmd.X, left)
		r.stmt(cmd.Y, c)
	}
}

// failsForSure reports whether a statement never ends with 0: what stands right
// of || then hides nothing.
func failsForSure(s *syntax.Stmt) bool {
	if s.Negated || s.Background {
		return false
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		args, _ := argv(c.Args)
		if len(args) == 0 {
			return false
		}
		return args[0] == "false" || (args[0] == "exit" || args[0] == "return") && (len(args) == 2 && args[1] != "0" && !strings.Contains(args[1], "$") || len(args) == 1)
	case *syntax.Block:
		return len(c.Stmts) > 0 && failsForSure(c.Stmts[len(c.Stmts)-1])
	case *syntax.Subshell:
		return len(c.Stmts) > 0 && failsForSure(c.Stmts[len(c.Stmts)-1])
	}
	return false
}

// call reads a simple command.
func (r *shapeReader) call(cmd *syntax.CallExpr, c context) {
	inner := c
	if len(cmd.Args) > 0 {
		inner = c.losing("substitution", cmd)
	}
	r.substitutions(cmd, inner)
	if len(cmd.Args) == 0 {
		return
	}
	args, lit := argv(cmd.Args)
	step := Step{Argv: args, Literal: lit, Text: printed(cmd)}
	for _, a := range cmd.Assigns {
		step.Env = append(step.Env, printed(a))
	}
	r.options(args)
	if r.functions[args[0]] {
		return // its body was read
	}
	t := toolOf(args)
	step.Tool, step.Probative, step.Status, step.Opaque = t.name, t.kind == "check", t.kind == "status", t.kind == "script"
	if inner, ok := shellText(args); ok && c.depth < maxNesting {
		r.nested(inner, c)
		return
	}
	r.wrapped(args, &step, c)
	if args[0] == "trap" && len(args) > 2 && strings.Contains(args[1], "exit 0") {
		r.shape.Masks = append(r.shape.Masks, Mask{Kind: "trap", Text: step.Text, Step: -1})
	}
	if args[0] == "exit" && len(args) == 2 && args[1] == "0" && len(r.shape.Steps) > 0 {
		r.shape.Masks = append(r.shape.Masks, Mask{Kind: "exit-0", Text: step.Text, Step: len(r.shape.Steps) - 1})
	}
	if r.calls != nil {
		r.calls[cmd] = len(r.shape.Steps)
	}
	r.add(step, c)
}

// wrapped notes wrappers by which the status of what they run can get lost.
func (r *shapeReader) wrapped(args []string, step *Step, c context) {
	mask := func(kind string) {
		r.shape.Masks = append(r.shape.Masks, Mask{Kind: kind, Text: step.Text, Step: len(r.shape.Steps)})
	}
	switch path.Base(args[0]) {
	case "xargs":
		if inner, ok := unwrap(args); ok {
			t := toolOf(inner)
			step.Tool, step.Probative, step.Opaque = t.name, t.kind == "check", t.kind == "script"
			mask("xargs")
		}
	case "find":
		if at := slices.IndexFunc(args, func(s string) bool { return s == "-exec" || s == "-execdir" || s == "-ok" }); at >= 0 && at+1 < len(args) {
			t := toolOf(args[at+1:])
			step.Tool, step.Probative, step.Opaque = t.name, t.kind == "check", t.kind == "script"
			mask("find-exec")
		}
	case "timeout", "gtimeout":
		if slices.Contains(args, "--preserve-status") {
			mask("timeout")
		}
	case "make", "gmake":
		if slices.Contains(args, "-i") || slices.Contains(args, "-n") || slices.Contains(args, "--dry-run") || slices.Contains(args, "-k") {
			mask("make")
		}
	case "npm", "pnpm", "yarn":
		if slices.Contains(args, "--if-present") {
			mask("if-present")
		}
	}
}

// options follows set -e, set +e and pipefail.
func (r *shapeReader) options(args []string) {
	if args[0] != "set" {
		return
	}
	for i, arg := range args[1:] {
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' {
			continue
		}
		on := arg[0] == '-'
		if strings.Contains(arg[1:], "e") {
			r.errexit = on
		}
		if strings.Contains(arg[1:], "o") && i+2 < len(args) {
			switch args[i+2] {
			case "pipefail":
				r.pipefail = on
			case "errexit":
				r.errexit = on
			}
		}
	}
}

// shellText returns the text that "bash -c TEXT" runs.
func shellText(args []string) (string, bool) {
	if inner, ok := unwrap(args); ok {
		return shellText(inner)
	}
	switch path.Base(args[0]) {
	case "bash", "sh", "zsh", "dash":
	default:
		return "", false
	}
	for i, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") && strings.Contains(arg, "c") && !strings.HasPrefix(arg, "--") && i+2 < len(args) {
			return args[i+2], true
		}
		if !strings.HasPrefix(arg, "-") {
			return "", false
		}
	}
	return "", false
}

// nested reads the text of "bash -c" as a part of the command.
func (r *shapeReader) nested(text string, c context) {
	f, err := parse(text)
	if err != nil {
		r.add(Step{Argv: []string{"bash", "-c", text}, Tool: "bash", Opaque: true, Text: text}, c)
		return
	}
	inner := shapeReader{shape: r.shape, functions: map[string]bool{}}
	c.depth++
	inner.list(f.Stmts, c)
	r.shape = inner.shape
}

// substitutions reads the commands inside $(…), <(…) and here-documents.
func (r *shapeReader) substitutions(n syntax.Node, c context) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			r.list(n.Stmts, c)
			return false
		case *syntax.ProcSubst:
			r.list(n.Stmts, c)
			return false
		}
		return true
	})
}

func (r *shapeReader) words(c context, words ...*syntax.Word) {
	for _, w := range words {
		if w != nil {
			r.substitutions(w, c.losing("substitution", w))
		}
	}
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

// add keeps a step, and the mask over it where its status can get lost.
func (r *shapeReader) add(s Step, c context) {
	if c.lost != "" && (s.Probative || s.Status || s.Opaque || s.Argv[0] == "cd") {
		r.shape.Masks = append(r.shape.Masks, Mask{Kind: c.lost, Text: c.text, Step: len(r.shape.Steps)})
	}
	r.shape.Steps = append(r.shape.Steps, s)
}
