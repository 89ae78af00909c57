package checkpoint

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// goTests reads the tests, subtests and rows of tables of a Go file; what cannot be
// parsed is left out.
func goTests(source string) []testCase {
	files := token.NewFileSet()
	f, _ := parser.ParseFile(files, "", source, parser.ParseComments|parser.SkipObjectResolution)
	if f == nil {
		return nil
	}
	r := goReader{source: source, files: files, file: f, excluded: excluded(f)}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			r.function(d)
		case *ast.GenDecl: // a table that several tests share
			r.rows(d, "", false)
		}
	}
	return r.tests
}

type goReader struct {
	source   string
	files    *token.FileSet
	file     *ast.File
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
		t.checks = 0
		t.empty = !r.hasOutput(d.Body)
	}
	r.tests = append(r.tests, t)
	r.within(d.Body, name)
}

// test describes a test by its body.
func (r *goReader) test(name, parent string, at ast.Node, body *ast.BlockStmt) testCase {
	t := testCase{name: name, parent: parent, line: r.files.Position(at.Pos()).Line, body: r.text(body), empty: true, skipped: r.excluded}
	for i, s := range body.List {
		if _, ok := s.(*ast.ReturnStmt); ok && i == 0 {
			break
		}
		if always, ok := s.(*ast.IfStmt); ok && r.text(always.Cond) == "true" && len(always.Body.List) > 0 {
			s = always.Body.List[0]
		}
		call := callOf(s)
		if call != nil && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, methodOf(call)) {
			t.skipped = true
		}
		t.empty = t.empty && r.inert(s, call)
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && r.mayFail(call) {
			t.checks++
		}
		return true
	})
	return t
}

// inert reports whether a statement checks nothing, whatever the code under test
// does.
func (r *goReader) inert(s ast.Stmt, call *ast.CallExpr) bool {
	if call != nil {
		return slices.Contains([]string{"Parallel", "Helper", "Log", "Logf", "Skip", "Skipf", "SkipNow"}, methodOf(call))
	}
	assign, ok := s.(*ast.AssignStmt)
	if ok {
		ast.Inspect(assign, func(n ast.Node) bool {
			_, isCall := n.(*ast.CallExpr)
			ok = ok && !isCall
			return ok
		})
		return ok
	}
	_, ok = s.(*ast.EmptyStmt)
	return ok
}

var (
	goFails = lazyregexp.New(`^(Error|Fatal|Fail|panic$|Run$|Fuzz$)`)
	goTimes = lazyregexp.New(`^(Loop|ReportAllocs|ResetTimer|StartTimer|StopTimer)$`)

	// goAsserts is the name of a library or a suite that fails the test.
	goAsserts = lazyregexp.New(`(?i)assert|require|expect|suite|\bs\b`)
)

// mayFail reports whether a call may make a test fail: one of the test's own, or one
// that is given the test.
func (r *goReader) mayFail(call *ast.CallExpr) bool {
	name := methodOf(call)
	if id, ok := call.Fun.(*ast.Ident); ok {
		name = id.Name
	}
	if goFails.MatchString(name) || goTimes.MatchString(name) {
		return true
	}
	if s, ok := call.Fun.(*ast.SelectorExpr); ok && goAsserts.MatchString(r.text(s.X)) {
		return true
	}
	return slices.ContainsFunc(call.Args, func(a ast.Expr) bool {
		id, ok := a.(*ast.Ident)
		return ok && (id.Name == "t" || id.Name == "b" || id.Name == "tb" || id.Name == "f")
	})
}

// within reads the subtests and the rows of tables in a test.
func (r *goReader) within(body *ast.BlockStmt, parent string) {
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
			r.within(f.Body, parent+"/"+name)
			return false
		}
		r.tests = append(r.tests, testCase{name: parent + "/" + name, parent: parent, line: r.files.Position(call.Pos()).Line, body: r.text(call.Args[1]), checks: 1})
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
			name: full, parent: parent, line: r.files.Position(at.Pos()).Line, body: strings.Replace(body, strconv.Quote(name), "", 1), checks: 1, row: true, weak: !run, skipped: r.excluded,
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
	from, to := r.files.Position(n.Pos()).Offset, r.files.Position(n.End()).Offset
	if from < 0 || to > len(r.source) || from > to {
		return ""
	}
	var b strings.Builder
	for _, group := range r.file.Comments {
		for _, c := range group.List {
			start, end := r.files.Position(c.Pos()).Offset, r.files.Position(c.End()).Offset
			if start >= from && end <= to {
				b.WriteString(r.source[from:start])
				from = end
			}
		}
	}
	b.WriteString(r.source[from:to])
	return strings.Join(strings.Fields(b.String()), " ")
}

var outputComment = lazyregexp.New(`(?i)^//\s*(unordered )?output:|^/\*\s*(unordered )?output:`)

// hasOutput reports whether an example says what it prints; without, it is not run.
func (r *goReader) hasOutput(body *ast.BlockStmt) bool {
	for _, group := range r.file.Comments {
		if group.Pos() > body.Pos() && group.End() < body.End() && slices.ContainsFunc(group.List, func(c *ast.Comment) bool { return outputComment.MatchString(c.Text) }) {
			return true
		}
	}
	return false
}

// defaultTags hold in an ordinary build.
var defaultTags = lazyregexp.New(`^(linux|unix|darwin|windows|amd64|arm64|cgo|gc|race|go1\..*)$`)

// excluded reports whether a build constraint keeps a file out of ordinary builds.
func excluded(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			if e, err := constraint.Parse(c.Text); err == nil && !e.Eval(defaultTags.MatchString) {
				return true
			}
		}
	}
	return false
}
