package plan

import (
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// ending is what becomes of a failure that a statement deals with.
type ending int

const (
	open    ending = iota // it may be forgotten
	fails                 // the statement itself fails
	returns               // the function is left with a failure
	exits                 // the shell is left with a failure, at once or at its end
)

// endingOf says how a statement ends that runs because another failed: what
// stands right of ||, or in the branch for the failure. fresh: $? is still the
// failure's.
func (r *shapeReader) endingOf(s *syntax.Stmt, fresh bool, c context) ending {
	if s.Negated || s.Background {
		return open
	}
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		if len(cmd.Args) == 0 {
			if r.kept.by(cmd, fresh, c) {
				return exits
			}
			return open
		}
		return leaves(cmd, fresh)
	case *syntax.Block:
		return r.endingOfAll(cmd.Stmts, fresh, c)
	case *syntax.Subshell:
		c.sub = true
		if r.endingOfAll(cmd.Stmts, fresh, c) != open {
			return fails
		}
	}
	return open
}

// endingOfAll is endingOf for a branch: its last statement decides.
func (r *shapeReader) endingOfAll(stmts []*syntax.Stmt, fresh bool, c context) ending {
	if len(stmts) == 0 {
		return open
	}
	for i, s := range stmts {
		if call, ok := s.Cmd.(*syntax.CallExpr); ok && len(call.Args) == 0 && r.kept.by(call, fresh && i == 0, c) {
			return exits
		}
	}
	last := stmts[len(stmts)-1]
	if first := printed(stmts[0]); fresh && strings.HasSuffix(first, "=$?") {
		name := strings.TrimSuffix(first, "=$?")
		switch printed(last) {
		case "exit $" + name, `exit "$` + name + `"`:
			return exits
		case "return $" + name, `return "$` + name + `"`:
			return returns
		}
	}
	return r.endingOf(last, fresh && len(stmts) == 1, c)
}

// leaves says how a simple command ends: exit and return without a word take the
// status of what ran before.
func leaves(cmd *syntax.CallExpr, fresh bool) ending {
	args, _ := argv(cmd.Args)
	how := map[string]ending{"exit": exits, "return": returns, "false": fails}[args[0]]
	if how == open || how == fails {
		return how
	}
	switch {
	case len(args) == 1 || args[1] == "$?" || args[1] == `"$?"`:
		if fresh {
			return how
		}
	case len(args) == 2 && nonZero.MatchString(args[1]):
		return how
	}
	return open
}

var nonZero = lazyregexp.New(`^[0-9]*[1-9][0-9]*$`)

var (
	statusBad  = lazyregexp.New(`^(?:\[\[?|test) "?\$\?"? (?:-ne|!=|-gt) "?0"?(?: \]\]?)?$|^\(\(\$\? (?:!=|>) 0\)\)$`)
	statusGood = lazyregexp.New(`^(?:\[\[?|test) "?\$\?"? (?:-eq|=|==) "?0"?(?: \]\]?)?$|^\(\(\$\? == 0\)\)$`)
)

// asked says how the statements after another deal with its status: exit $?,
// rc=$? with exit $rc at the end, [ $? = 0 ], and if [ $? != 0 ]. head: they ask
// for the status of a pipe's first part alone.
func (r *shapeReader) asked(rest []*syntax.Stmt, c context) (e ending, head bool) {
	if len(rest[0].Redirs) > 0 {
		return open, false
	}
	switch text := printed(rest[0]); {
	case pipeExit.MatchString(text):
		return exits, true
	case pipeGood.MatchString(text) && len(rest) == 1:
		return fails, true
	}
	return r.askedWhole(rest, c), false
}

var (
	pipeExit = lazyregexp.New(`^exit "?\$\{PIPESTATUS(?:\[0\])?\}"?$`)
	pipeGood = lazyregexp.New(`^(?:\[\[?|test) "?\$\{PIPESTATUS(?:\[0\])?\}"? (?:-eq|=|==) "?0"?(?: \]\]?)?$`)
)

func (r *shapeReader) askedWhole(rest []*syntax.Stmt, c context) ending {
	next := rest[0]
	switch cmd := next.Cmd.(type) {
	case *syntax.CallExpr:
		if e := r.endingOf(next, true, c); (e == exits || e == returns) && !fixed(cmd) {
			return e
		}
	case *syntax.IfClause:
		if len(cmd.Cond) == 1 && statusBad.MatchString(printed(cmd.Cond[0])) {
			return r.endingOfAll(cmd.Then, false, c)
		}
	case *syntax.BinaryCmd:
		asks := statusBad
		if cmd.Op == syntax.OrStmt {
			asks = statusGood
		}
		if (cmd.Op == syntax.OrStmt || cmd.Op == syntax.AndStmt) && asks.MatchString(printed(cmd.X)) {
			return r.endingOf(cmd.Y, false, c)
		}
	}
	if len(rest) == 1 && statusGood.MatchString(printed(next)) {
		return fails
	}
	return open
}

// fixed reports whether a call leaves, or sets a variable, with a status of its
// own, which says nothing about what ran before.
func fixed(cmd *syntax.CallExpr) bool {
	if len(cmd.Args) > 0 {
		args, _ := argv(cmd.Args)
		return len(args) > 1 && !strings.Contains(args[1], "$?")
	}
	return len(cmd.Assigns) != 1 || cmd.Assigns[0].Value == nil || !strings.Contains(printed(cmd.Assigns[0].Value), "$?")
}

// keptStatus is the variable by which a text remembers failures until its last
// statement asks for it: rc=0; … || rc=1; exit $rc.
type keptStatus struct {
	name string // empty: there is none
	// plain are the places that set it to something that may be 0.
	plain []uint
}

var lastAsks = lazyregexp.New(`^(?:exit|\(exit) "?\$\{?(\w+)\}?"?\)?$|^(?:\[\[?|test) "?\$\{?(\w+)\}?"? (?:-eq|=|==) "?0"?(?: \]\]?)?$|^\(\((\w+) == 0\)\)$`)

// keptIn looks for the variable, and gives up where it is set by other means than
// an assignment.
func keptIn(f *syntax.File) keptStatus {
	last := f.Stmts[len(f.Stmts)-1]
	m := lastAsks.FindStringSubmatch(printed(last))
	if m == nil {
		return keptStatus{}
	}
	k := keptStatus{name: m[1] + m[2] + m[3]}
	raised := map[uint]bool{} // assignments that only a failure reaches
	unclear := false
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if n.Op == syntax.OrStmt {
				raised[n.Y.Pos().Offset()] = true
			}
		case *syntax.IfClause:
			if n.Else != nil && len(n.Else.Cond) == 0 && len(n.Else.Then) > 0 && !n.Cond[len(n.Cond)-1].Negated {
				raised[n.Else.Then[0].Pos().Offset()] = true
			}
		case *syntax.FuncDecl:
			unclear = unclear || mentions(n, k.name)
		case *syntax.WordIter:
			unclear = unclear || n.Name.Value == k.name
		case *syntax.ArithmCmd, *syntax.LetClause, *syntax.ArithmExp:
			unclear = unclear || n.Pos() != last.Pos() && mentions(n, k.name)
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				args, _ := argv(n.Args)
				switch args[0] {
				case "read", "unset", "eval", "source", ".", "mapfile", "readarray", "getopts", "printf":
					unclear = unclear || args[0] == "eval" || args[0] == "source" || args[0] == "." || mentions(n, k.name)
				}
			}
		case *syntax.Assign:
			if n.Name == nil || n.Name.Value != k.name {
				return true
			}
			value := ""
			if n.Value != nil {
				value = printed(n.Value)
			}
			if n.Append || !nonZero.MatchString(value) && !(value == "$?" && raised[n.Pos().Offset()]) {
				k.plain = append(k.plain, n.Pos().Offset())
			}
		}
		return true
	})
	if unclear {
		return keptStatus{}
	}
	return k
}

func mentions(n syntax.Node, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(printed(n))
}

// by reports whether an assignment makes the text's own end a failure: nothing
// after it sets the variable back.
func (k keptStatus) by(cmd *syntax.CallExpr, fresh bool, c context) bool {
	if k.name == "" || c.sub || len(cmd.Assigns) != 1 || cmd.Assigns[0].Name == nil || cmd.Assigns[0].Name.Value != k.name || cmd.Assigns[0].Value == nil {
		return false
	}
	value, at := printed(cmd.Assigns[0].Value), cmd.Assigns[0].Pos().Offset()
	if !nonZero.MatchString(value) && !(fresh && value == "$?") {
		return false
	}
	if c.loop > 0 {
		at = c.loop - 1
	}
	for _, p := range k.plain {
		if p > at || p == at && c.loop > 0 {
			return false
		}
	}
	return true
}
