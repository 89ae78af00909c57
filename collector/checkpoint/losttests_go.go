package checkpoint

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// goTests reads the tests of two versions of a Go file of a name, without those that
// are the same in both.
func goTests(name, old, new string) (before, after []testCase) {
	if old != "" && new != "" {
		a, b := changedDecls(old, new)
		before, ok := goTestsOf(name, a)
		if after, ok2 := goTestsOf(name, b); ok && ok2 {
			return before, after
		}
	}
	before, _ = goTestsOf(name, old)
	after, _ = goTestsOf(name, new)
	return before, after
}

// changedDecls blanks the declarations that two versions of a file both have: what is
// in them stayed as it was. Where something else stands before the first, as a build
// constraint, none is the same.
func changedDecls(old, new string) (string, string) {
	a, b := goDecls(old), goDecls(new)
	if a[0] != b[0] {
		return old, new
	}
	more := map[string]int{} // how many more the new version has
	for _, d := range a[1:] {
		more[d]--
	}
	for _, d := range b[1:] {
		more[d]++
	}
	rest := func(decls []string) string {
		var text strings.Builder
		for i, d := range decls {
			if i > 0 && more[d] == 0 {
				d = strings.Repeat("\n", strings.Count(d, "\n"))
			}
			text.WriteString(d)
		}
		return text.String()
	}
	return rest(a), rest(b)
}

var goDeclBegins = []string{"func ", "var ", "const ", "type ", "import "}

// goDecls cuts a Go file in front of each declaration that begins a line. It knows
// no more of Go than brackets, texts and comments: what is left of the file when
// pieces are taken out must still be parsed.
func goDecls(source string) (pieces []string) {
	from, depth, length := 0, 0, 1
	for i := 0; i < len(source) && length > 0; i += length {
		length = 1
		switch source[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '"', '\'':
			length = textLength(source[i:])
		case '`':
			length = lengthTo(source[i:], "`")
		case '/':
			if strings.HasPrefix(source[i:], "//") {
				length = lineLength(source[i:])
			} else if strings.HasPrefix(source[i:], "/*") {
				length = lengthTo(source[i:], "*/")
			}
		case '\n':
			if depth == 0 && slices.ContainsFunc(goDeclBegins, func(b string) bool { return strings.HasPrefix(source[i+1:], b) }) {
				pieces, from = append(pieces, source[from:i+1]), i+1
			}
		}
	}
	return append(pieces, source[from:])
}

// lengthTo is the length of a text or a comment with the signs around it; 0 where it
// has no end.
func lengthTo(s, end string) int {
	if n := strings.Index(s[len(end):], end); n >= 0 {
		return n + 2*len(end)
	}
	return 0
}

// goTestsOf reads the tests, subtests and rows of tables of a Go file; what cannot
// be parsed is left out, and ok is false.
func goTestsOf(name, source string) (tests []testCase, ok bool) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if f == nil {
		return nil, false
	}
	r := goReader{source: source, at: files.File(f.FileStart), excluded: excluded(name, source)}
	for _, group := range f.Comments {
		r.comments = append(r.comments, group.List...)
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.function(d)
		case *ast.GenDecl: // a table that several tests share
			r.rows(d, "", false)
		}
	}
	return r.tests, err == nil
}

type goReader struct {
	source   string
	at       *token.File
	comments []*ast.Comment // in their order
	excluded bool
	tests    []testCase
}

var goTestName = lazyregexp.New(`^(Test|Fuzz|Benchmark|Example)([^a-z].*)?$`)

func (r *goReader) function(d *ast.FuncDecl) {
	if d.Body == nil || !goTestName.MatchString(d.Name.Name) {
		return
	}
	name := d.Name.Name
	if d.Recv != nil && len(d.Recv.List) == 1 { // a method of a suite
		name = strings.Trim(r.text(d.Recv.List[0].Type), "*") + "." + name
	}
	t := r.test(name, "", d.Name, d.Body)
	if strings.HasPrefix(d.Name.Name, "Example") {
		t.checks = false
		t.empty = !r.hasOutput(d.Body)
	}
	if t.listed = true; strings.Contains(t.body, "range") {
		t.rows = ranged(d.Body)
	}
	r.tests = append(r.tests, t)
	r.within(d.Body, name, 1)
}

// test describes a test by its body.
func (r *goReader) test(name, parent string, at ast.Node, body *ast.BlockStmt) testCase {
	t := testCase{name: name, parent: parent, line: r.at.Line(at.Pos()), body: r.text(body), empty: true, skipped: r.excluded}
	for i, s := range body.List {
		if _, ok := s.(*ast.ReturnStmt); ok && i == 0 {
			break
		}
		if always, ok := s.(*ast.IfStmt); ok && isTrue(always.Cond) && len(always.Body.List) > 0 {
			s = always.Body.List[0]
		}
		call := callOf(s)
		if call != nil && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, methodOf(call)) {
			t.skipped = true
		}
		t.empty = t.empty && r.inert(s, call)
	}
	t.checks = anyCall(body, mayFail) || anyCall(body, r.asserts)
	return t
}

// anyCall reports whether something holds for a call within a node.
func anyCall(in ast.Node, holds func(*ast.CallExpr) bool) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !found {
			found = holds(call)
		}
		return !found
	})
	return found
}

// inert reports whether a statement checks nothing, whatever the code under test
// does.
func (r *goReader) inert(s ast.Stmt, call *ast.CallExpr) bool {
	if call != nil {
		return slices.Contains([]string{"Parallel", "Helper", "Log", "Logf", "Skip", "Skipf", "SkipNow"}, methodOf(call))
	}
	assign, ok := s.(*ast.AssignStmt)
	if ok {
		return !anyCall(assign, func(*ast.CallExpr) bool { return true })
	}
	_, ok = s.(*ast.EmptyStmt)
	return ok
}

// mayFail reports whether a call may make a test fail: one of the test's own, or one
// that is given the test. What a benchmark calls to measure counts as well.
func mayFail(call *ast.CallExpr) bool {
	name := methodOf(call)
	if id, ok := call.Fun.(*ast.Ident); ok {
		name = id.Name
	}
	switch name {
	case "panic", "Run", "Fuzz", "Loop", "ReportAllocs", "ResetTimer", "StartTimer", "StopTimer":
		return true
	}
	for _, begin := range []string{"Error", "Fatal", "Fail"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return slices.ContainsFunc(call.Args, func(a ast.Expr) bool {
		id, ok := a.(*ast.Ident)
		return ok && (id.Name == "t" || id.Name == "b" || id.Name == "tb" || id.Name == "f")
	})
}

// goAsserts is the name of a library or a suite that fails the test.
var goAsserts = lazyregexp.New(`(?i)assert|require|expect|suite|\bs\b`)

func (r *goReader) asserts(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && goAsserts.MatchString(r.text(s.X))
}

// within reads the subtests and the rows of tables in a test.
func (r *goReader) within(body *ast.BlockStmt, parent string, depth int) {
	if depth > maxNested {
		return
	}
	dynamic := false
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || methodOf(call) != "Run" || len(call.Args) != 2 {
			return true
		}
		name, ok := literal(call.Args[0])
		if !ok {
			dynamic = true
			return true
		}
		if f, ok := call.Args[1].(*ast.FuncLit); ok {
			r.tests = append(r.tests, r.test(parent+"/"+name, parent, call, f.Body))
			r.within(f.Body, parent+"/"+name, depth+1)
			return false
		}
		r.tests = append(r.tests, testCase{name: parent + "/" + name, parent: parent, line: r.at.Line(call.Pos()), body: r.text(call.Args[1]), checks: true})
		return true
	})
	r.rows(body, parent, dynamic)
}

// rows reads the rows of tables: literals with a name in them, or keys of a map.
func (r *goReader) rows(in ast.Node, parent string, run bool) {
	add := func(name string, at ast.Node, body string) {
		full := name
		if parent != "" {
			full = parent + "/" + name
		}
		r.tests = append(r.tests, testCase{
			name: full, parent: parent, line: r.at.Line(at.Pos()), body: strings.Replace(body, strconv.Quote(name), "", 1), checks: true, row: true, weak: !run, skipped: r.excluded,
		})
	}
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && methodOf(call) == "Run" && len(call.Args) == 2 && n != in {
			if _, named := literal(call.Args[0]); named {
				return false // a subtest has its own tables
			}
		}
		table, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, e := range table.Elts {
			switch e := e.(type) {
			case *ast.CompositeLit:
				if name, ok := rowName(e); ok {
					add(name, e, r.text(e))
				}
			case *ast.KeyValueExpr:
				if name, ok := literal(e.Key); ok {
					add(name, e, r.text(e))
				}
			}
		}
		return true
	})
}

var rowKey = lazyregexp.New(`(?i)^(test)?(name|desc|description|title|label|scenario|case|what)$`)

// rowName is the name of a table's row: the field that is called so, else the first
// value.
func rowName(row *ast.CompositeLit) (string, bool) {
	for i, e := range row.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := pair.Key.(*ast.Ident); ok && rowKey.MatchString(id.Name) {
				return literal(pair.Value)
			}
		} else if i == 0 {
			return literal(e)
		}
	}
	return "", false
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func isTrue(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "true"
}

func callOf(s ast.Stmt) *ast.CallExpr {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return nil
	}
	call, _ := e.X.(*ast.CallExpr)
	return call
}

// methodOf is the name of a called method; empty for another call.
func methodOf(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// text is the source of a node without comments, its blanks made even.
func (r *goReader) text(n ast.Node) string {
	from := r.at.Offset(n.Pos())
	to := max(from, r.at.Offset(n.End())) // what cannot be parsed may end before it begins
	first, _ := slices.BinarySearchFunc(r.comments, n.Pos(), func(c *ast.Comment, at token.Pos) int { return cmp.Compare(c.Pos(), at) })
	var code []string
	for _, c := range r.comments[first:] {
		if c.End() > n.End() {
			break
		}
		code = append(code, r.source[from:r.at.Offset(c.Pos())])
		from = r.at.Offset(c.End())
	}
	return evenBlanks(strings.Join(append(code, r.source[from:to]), ""))
}

var outputComment = lazyregexp.New(`(?i)^//\s*(unordered )?output:|^/\*\s*(unordered )?output:`)

// hasOutput reports whether an example says what it prints; without, it is not run.
func (r *goReader) hasOutput(body *ast.BlockStmt) bool {
	return slices.ContainsFunc(r.comments, func(c *ast.Comment) bool {
		return c.Pos() > body.Pos() && c.End() < body.End() && outputComment.MatchString(c.Text)
	})
}

// ranged counts the rows of the tables that a test goes through: the most that one
// loop has. What is no literal in the test, or a list of plain values, is a table where
// the loop runs subtests.
func ranged(body *ast.BlockStmt) (rows int) {
	literals := map[string]*ast.CompositeLit{} // by the variable that holds one
	hold := func(name, value ast.Expr) {
		id, ok := name.(*ast.Ident)
		if table, is := value.(*ast.CompositeLit); ok && is {
			literals[id.Name] = table
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i := range min(len(n.Lhs), len(n.Rhs)) {
				hold(n.Lhs[i], n.Rhs[i])
			}
		case *ast.ValueSpec:
			for i := range n.Values {
				hold(n.Names[i], n.Values[i])
			}
		case *ast.RangeStmt:
			table, _ := n.X.(*ast.CompositeLit)
			if id, ok := n.X.(*ast.Ident); ok {
				table = literals[id.Name]
			}
			switch {
			case rows == unknownRows:
			case table != nil && (slices.ContainsFunc(table.Elts, isRow) || anyCall(n.Body, namesSubtest)):
				rows = max(rows, len(table.Elts))
			case table == nil && anyCall(n.Body, namesSubtest):
				rows = unknownRows
			}
		}
		return true
	})
	return rows
}

// isRow reports whether an element of a list, or its value, has parts.
func isRow(e ast.Expr) bool {
	if pair, ok := e.(*ast.KeyValueExpr); ok {
		e = pair.Value
	}
	_, ok := e.(*ast.CompositeLit)
	return ok
}

// namesSubtest reports whether a call runs a subtest whose name is no literal.
func namesSubtest(call *ast.CallExpr) bool {
	if methodOf(call) != "Run" || len(call.Args) != 2 {
		return false
	}
	_, ok := literal(call.Args[0])
	return !ok
}
