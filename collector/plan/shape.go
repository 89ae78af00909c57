package plan

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ShapeOf reads a command's syntax; dir is the folder that it runs in, relative
// to the root.
func ShapeOf(text, dir string) Shape {
	f, err := parse(text)
	if err != nil {
		return Shape{Error: err.Error()}
	}
	r := read(f, dir)
	r.shape.Sound = len(r.shape.Masks) == 0 && sound(f)
	return r.shape
}

// read reads a parsed text from its first statement to its last.
func read(f *syntax.File, dir string) *shapeReader {
	r := &shapeReader{shape: Shape{Parses: true, dir: dir}, dir: dir, calls: map[*syntax.CallExpr]int{}, inner: map[*syntax.CallExpr]innerText{}}
	r.file(f, context{})
	return r
}

// shapeReader walks a text in the order in which it would run. A function's body
// is read where it is called first.
type shapeReader struct {
	shape     Shape
	functions map[string]*function
	kept      keptStatus
	pipefail  bool
	errexit   bool
	dir       string                   // the folder that cd led to
	known     map[string]string        // see variables
	calls     map[*syntax.CallExpr]int // which step each call is
	inner     map[*syntax.CallExpr]innerText
}

type function struct {
	body     *syntax.Stmt
	called   bool
	from, to int // its steps
}

// file reads a whole text. Functions that nothing calls come last.
func (r *shapeReader) file(f *syntax.File, c context) {
	r.functions, r.kept, r.known = map[string]*function{}, keptIn(f), variables(f)
	names := r.declare(f)
	r.list(f.Stmts, c)
	for _, name := range names {
		if fn := r.functions[name]; !fn.called {
			fn.called = true
			r.stmt(fn.body, c.losing("function", fn.body).process())
		}
	}
}

// declare notes a text's functions, and returns their names in order.
func (r *shapeReader) declare(f *syntax.File) (names []string) {
	syntax.Walk(f, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok {
			r.functions[d.Name.Value] = &function{body: d.Body}
			names = append(names, d.Name.Value)
		}
		return true
	})
	return names
}

// list reads statements that follow each other: only the last one's status
// counts, unless what follows asks for it.
func (r *shapeReader) list(stmts []*syntax.Stmt, c context) {
	for i, s := range stmts {
		inner := c
		inner.waited, inner.head = false, nil
		if rest := stmts[i+1:]; len(rest) > 0 {
			inner.waited = waitedFor(s, rest)
			if !s.Background {
				e, head := r.asked(rest, c)
				if e != open && !head {
					inner = inner.after(e)
				} else {
					inner = inner.losing("sequence", s)
				}
				if head && e != open {
					kept := c.after(e).loss
					inner.head = &kept
				}
			}
		}
		r.stmt(s, inner)
	}
}

// waitedFor reports whether a later statement asks for the background
// statement's own status: wait $!.
func waitedFor(s *syntax.Stmt, rest []*syntax.Stmt) bool {
	return s.Background && slices.ContainsFunc(rest, func(later *syntax.Stmt) bool {
		text := printed(later)
		return strings.HasPrefix(text, "wait ") && strings.Contains(text, "$")
	})
}

func (r *shapeReader) stmt(s *syntax.Stmt, c context) {
	if s.Negated {
		c = c.losing("negation", s).condition()
	}
	if s.Background {
		if !c.waited {
			c = c.losing("background", s)
		}
		defer r.apart()()
		c = c.process()
	}
	head := c.head
	c.head = nil
	whole := c // what becomes of a failure inside an and-list, which set -e passes over
	if r.errexit && !c.suppressed {
		c.loss = c.exit
	}
	for _, redirect := range s.Redirs {
		r.redirect(redirect, c)
	}
	switch cmd := s.Cmd.(type) {
	case nil:
	case *syntax.CallExpr:
		r.call(cmd, c, s.Redirs)
	case *syntax.BinaryCmd:
		if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
			r.pipe(cmd, c, head)
		} else {
			r.binary(cmd, c, whole)
		}
	case *syntax.Subshell:
		restore := r.apart()
		r.list(cmd.Stmts, c.process())
		restore()
	case *syntax.Block:
		r.list(cmd.Stmts, c)
	case *syntax.IfClause:
		r.ifClause(cmd, c)
	case *syntax.WhileClause:
		if c.loop == 0 {
			c.loop = s.Pos().Offset() + 1
		}
		r.list(cmd.Cond, c.losing("condition", s).condition())
		r.list(cmd.Do, c.losing("loop", s))
	case *syntax.ForClause:
		r.substitutions(cmd.Loop, c.losing("substitution", s))
		if c.loop == 0 {
			c.loop = s.Pos().Offset() + 1
		}
		r.list(cmd.Do, c.losing("loop", s))
	case *syntax.CaseClause:
		r.substitutions(cmd.Word, c.losing("substitution", s))
		for _, item := range cmd.Items {
			for _, pattern := range item.Patterns {
				r.substitutions(pattern, c.losing("substitution", s))
			}
			r.list(item.Stmts, c)
		}
	case *syntax.FuncDecl: // read where it is called
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			r.stmt(cmd.Stmt, c)
		}
	case *syntax.CoprocClause:
		r.stmt(cmd.Stmt, c.losing("background", s).process())
	case *syntax.TestClause:
		r.substitutions(cmd, c.losing("substitution", s))
		r.add(Step{Argv: []string{"[["}, Literal: true, Tool: "[[", Status: true, Text: printed(cmd)}, c)
	case *syntax.ArithmCmd:
		r.substitutions(cmd, c.losing("substitution", s))
		r.add(Step{Argv: []string{"(("}, Literal: true, Tool: "((", Status: true, Text: printed(cmd)}, c)
	default:
		r.substitutions(cmd, c.losing("substitution", s))
	}
}

// apart begins a process of its own, whose folder and options do not last; it
// returns what ends that.
func (r *shapeReader) apart() func() {
	dir, pipefail, errexit := r.dir, r.pipefail, r.errexit
	return func() { r.dir, r.pipefail, r.errexit = dir, pipefail, errexit }
}

// ifClause reads a condition: its status is not lost where the branch for its
// failure fails as well.
func (r *shapeReader) ifClause(cmd *syntax.IfClause, c context) {
	last := len(cmd.Cond) - 1
	failure, fresh := cmd.Else, true
	var branch []*syntax.Stmt
	if cmd.Cond[last].Negated {
		branch, fresh = cmd.Then, false
	} else if failure != nil && len(failure.Cond) == 0 {
		branch = failure.Then
	}
	inner := c.condition()
	if e := r.endingOfAll(branch, fresh, c); e != open {
		inner = inner.after(e)
		cond := slices.Clone(cmd.Cond)
		plain := *cond[last]
		plain.Negated = false
		cond[last] = &plain
		r.list(cond, inner)
	} else {
		r.list(cmd.Cond, inner.losing("condition", cmd))
	}
	r.list(cmd.Then, c)
	switch {
	case cmd.Else == nil:
	case len(cmd.Else.Cond) == 0:
		r.list(cmd.Else.Then, c)
	default:
		r.ifClause(cmd.Else, c)
	}
}

func (r *shapeReader) binary(cmd *syntax.BinaryCmd, c, whole context) {
	switch cmd.Op {
	case syntax.AndStmt:
		r.stmt(cmd.X, whole.condition())
		r.stmt(cmd.Y, c)
	case syntax.OrStmt:
		left := c.condition()
		if e := r.endingOf(cmd.Y, true, c); e != open {
			left = left.after(e)
		} else {
			left = left.losing("or", cmd)
		}
		r.stmt(cmd.X, left)
		r.stmt(cmd.Y, c)
	}
}

// pipe reads both sides, each a process of its own; head is what loses the first
// part's status where that is asked for.
func (r *shapeReader) pipe(cmd *syntax.BinaryCmd, c context, head *loss) {
	left := c
	if !r.pipefail {
		left = c.losing("pipe", cmd)
	}
	if inner, ok := cmd.X.Cmd.(*syntax.BinaryCmd); ok && (inner.Op == syntax.Pipe || inner.Op == syntax.PipeAll) {
		left.head = head
	} else if head != nil {
		left.loss = *head
	}
	restore := r.apart()
	r.stmt(cmd.X, left.process())
	restore()
	r.stmt(cmd.Y, c.process())
	restore()
}

// redirect reads a redirection: what its word runs, and the file that it writes.
func (r *shapeReader) redirect(redirect *syntax.Redirect, c context) {
	for _, w := range []*syntax.Word{redirect.Word, redirect.Hdoc} {
		if w != nil {
			r.substitutions(w, c.losing("substitution", w))
		}
	}
	switch redirect.Op {
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll, syntax.RdrInOut:
		target, ok := literal(redirect.Word)
		if !ok {
			target = printed(redirect.Word)
		}
		r.shape.written = append(r.shape.written, inFolder(r.dir, target))
	}
}

// substitutions reads the commands inside $(…) and <(…).
func (r *shapeReader) substitutions(n syntax.Node, c context) {
	syntax.Walk(n, func(n syntax.Node) bool {
		var stmts []*syntax.Stmt
		switch n := n.(type) {
		case *syntax.CmdSubst:
			stmts = n.Stmts
		case *syntax.ProcSubst:
			stmts = n.Stmts
		default:
			return true
		}
		restore := r.apart()
		r.errexit = false // bash does not pass it on
		r.list(stmts, c.process())
		restore()
		return false
	})
}

// add keeps a step, and the mask over it where its status can get lost.
func (r *shapeReader) add(s Step, c context) {
	s.dir = r.dir
	s.Idle = s.Idle && c.kind == ""
	if c.kind != "" && lossCounts(&s) {
		r.mask(c.kind, c.text, len(r.shape.Steps))
	}
	r.shape.Steps = append(r.shape.Steps, s)
}

// lossCounts reports whether it matters that a step's status gets lost: a test of
// $? is about the step before it.
func lossCounts(s *Step) bool {
	if s.Status && strings.Contains(s.Text, "$?") {
		return false
	}
	return s.Probative || s.Status || s.Opaque || s.Argv[0] == "cd"
}

func (r *shapeReader) mask(kind, text string, step int) {
	r.shape.Masks = append(r.shape.Masks, Mask{Kind: kind, Text: text, Step: step})
}
