package command

import (
	"bytes"
	"context"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/testout"
)

// go test reads results out of what the tests' program prints, and the whole program
// can print: before its tests run, and instead of them. The sources say which tests
// there are, and where something in them looks as if it printed results of its own,
// the program is started once more with no test to run: what it reports then, no
// test gave.

// goSources are the Go files of one folder.
type goSources struct {
	tests   map[string]bool // functions that are tests, in any file
	built   bool            // a test stands in a file that is built here
	main    *ast.FuncDecl   // TestMain, where it is built
	suspect bool            // what runs before the tests could report results
	lends   bool            // so could whatever imports the package
}

// invented compares the results with the sources: tests that no source declares, or
// that no test gave, and packages whose TestMain ran none of their tests.
func (w *witness) invented(cmd *exec.Cmd, run testout.GoTest, at testout.Place, packages []testout.GoPackage) (invented, unrun []string) {
	flags := os.Getenv("GOFLAGS")
	if run.Overlay || strings.Contains(flags, "-overlay") {
		return nil, nil
	}
	folders := goFolders(run, at, packages)
	if left := slices.DeleteFunc(slices.Clone(packages), func(p testout.GoPackage) bool { return folders[p.Path] != "" || len(p.Tests) == 0 }); len(left) > 0 {
		listed(cmd, run, left, folders)
	}
	some := run.Some || run.Times == 0 || strings.Contains(flags, "-run") || strings.Contains(flags, "-skip") || strings.Contains(flags, "-short")
	var doubted []testout.GoPackage
	all := false
	for _, p := range packages {
		dir := folders[p.Path]
		if dir == "" {
			continue
		}
		s := readGoSources(dir, run.Tags)
		all = all || s.lends
		unknown := s.unknown(p)
		for _, test := range p.Early {
			if s.tests[test] {
				invented = append(invented, p.Path+"."+test)
			}
		}
		switch {
		case len(p.Tests) == 0:
			if s.main != nil && s.built && !some {
				unrun = append(unrun, p.Path)
			}
		case len(unknown) > 0:
			listed(cmd, run, []testout.GoPackage{p}, folders)
			again := readGoSources(folders[p.Path], run.Tags)
			invented = append(invented, again.unknown(p)...)
		case s.main != nil && !uses(s.main):
			invented = append(invented, named(p)...)
		case s.suspect || p.Twice && !strings.Contains(flags, "-count") && !strings.Contains(flags, "-cpu"):
			doubted = append(doubted, p)
		}
	}
	if all {
		doubted = slices.DeleteFunc(slices.Clone(packages), func(p testout.GoPackage) bool { return len(p.Tests) == 0 })
	}
	invented = append(invented, reportsAnyway(cmd, run, doubted)...)
	return invented[:min(len(invented), evidence.MaxFailures)], unrun[:min(len(unrun), evidence.MaxFailures)]
}

// unknown are the tests of a package's results that its sources do not declare. What
// a test prints while it runs is a line too many, and no result that counts.
func (s *goSources) unknown(p testout.GoPackage) []string {
	p.Tests = slices.DeleteFunc(slices.Clone(p.Tests), func(test string) bool { return s.tests[test] || slices.Contains(p.Early, test) })
	return named(p)
}

func named(p testout.GoPackage) []string {
	var names []string
	for _, test := range p.Tests {
		names = append(names, p.Path+"."+test)
	}
	return names
}

// goFolders finds the folders of packages by the module that the tool ran in.
func goFolders(run testout.GoTest, at testout.Place, packages []testout.GoPackage) map[string]string {
	folders := map[string]string{}
	for _, p := range packages {
		sub, inside := strings.CutPrefix(p.Path, at.Module)
		switch {
		case p.Path == "command-line-arguments" && run.Files != "":
			folders[p.Path] = filepath.Join(at.Root, at.Dir, run.Files)
			if filepath.IsAbs(run.Files) {
				folders[p.Path] = run.Files
			}
		case inside && at.Module != "" && (sub == "" || sub[0] == '/'):
			dir := filepath.Join(at.Root, at.ModuleDir, filepath.FromSlash(sub))
			if files, err := filepath.Glob(filepath.Join(dir, "*.go")); err == nil && len(files) > 0 {
				folders[p.Path] = dir
			}
		}
	}
	return folders
}

// probeTime bounds what is asked of go beside the run itself.
const probeTime = 2 * time.Minute

// listed asks go for the folders of packages.
func listed(cmd *exec.Cmd, run testout.GoTest, packages []testout.GoPackage, folders map[string]string) {
	args := []string{"list", "-e", "-f", "{{.ImportPath}}\t{{.Dir}}"}
	if run.Chdir != "" {
		args = slices.Insert(args, 0, "-C", run.Chdir)
	}
	for _, p := range packages {
		args = append(args, p.Path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	ask := exec.CommandContext(ctx, cmd.Path, args...)
	ask.Dir, ask.Env = cmd.Dir, cmd.Env
	out, _ := ask.Output() // what it cannot find stays where it was looked for
	for line := range strings.Lines(string(out)) {
		if name, dir, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t"); dir != "" {
			folders[name] = dir
		}
	}
}

// reportsAnyway starts the tests' programs of packages with no test to run, and
// lists the tests that they report all the same.
func reportsAnyway(cmd *exec.Cmd, run testout.GoTest, packages []testout.GoPackage) (invented []string) {
	if len(packages) == 0 {
		return nil
	}
	var names []string
	for _, p := range packages {
		names = append(names, p.Path)
		if p.Path == "command-line-arguments" {
			names = run.Packages()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	args := run.RunsNone(names)
	again := exec.CommandContext(ctx, cmd.Path, args[1:]...)
	again.Dir, again.Env = cmd.Dir, cmd.Env
	out, _ := again.Output() // its results count, not its end
	_, gave, _ := run.Read(bytes.NewReader(out), io.Discard, testout.Place{})
	for _, p := range gave {
		invented = append(invented, named(p)...)
	}
	return invented
}

var goTestFunc = lazyregexp.New(`^(?:Test|Fuzz|Example|Benchmark)`)

// framed is how results look, and the byte that stands before them.
var framed = lazyregexp.New(`=== ?(?:RUN|PASS)|--- ?(?:PASS|FAIL|SKIP)|\\x16|\\u0016|\\026|\x16`)

// readGoSources reads the Go files of a folder. Files that are not built here count
// as well where they declare tests: tags and toolchains decide that.
func readGoSources(dir, tags string) *goSources {
	s := &goSources{tests: map[string]bool{}}
	here := build.Default
	here.BuildTags = strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ' ' })
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return s
	}
	functions := map[string][]*ast.FuncDecl{}
	var source, before, main []ast.Node // what runs before any test: of the package, of its tests, TestMain
	prints := false
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		isTest := strings.HasSuffix(name, "_test.go")
		prints = prints || framed.Match(src)
		if !isTest && !framed.Match(src) && !bytes.Contains(src, []byte("Exit(")) {
			continue
		}
		f, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		first := &before
		if !isTest {
			first = &source
		}
		matches, _ := here.MatchFile(filepath.Split(name))
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				functions[d.Name.Name] = append(functions[d.Name.Name], d)
				switch {
				case d.Recv != nil:
				case d.Name.Name == "init":
					*first = append(*first, d)
				case isTest && d.Name.Name == "TestMain":
					main = append(main, d)
					if matches {
						s.main = d
					}
				case isTest && goTestFunc.MatchString(d.Name.Name):
					s.tests[d.Name.Name] = true
					s.built = s.built || matches && strings.HasPrefix(d.Name.Name, "Test")
				}
			case *ast.GenDecl:
				if runs(d) {
					*first = append(*first, d)
				}
			}
		}
	}
	s.lends = speaks(source, functions, true)
	s.suspect = s.lends || speaks(before, functions, true) || prints && speaks(main, functions, false)
	return s
}

// runs reports whether a declaration runs a function that stands in it.
func runs(d *ast.GenDecl) (found bool) {
	ast.Inspect(d, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch fun := ast.Unparen(call.Fun).(type) {
			case *ast.FuncLit:
				found = true
			case *ast.Ident:
				found = found || fun.Obj == nil && !slices.Contains([]string{"make", "new", "len", "string"}, fun.Name)
			}
		}
		return !found
	})
	return found
}

// speaks reports whether some code, and the functions of the folder that it names,
// holds text that looks like results, or, where that counts, ends the program.
func speaks(from []ast.Node, functions map[string][]*ast.FuncDecl, exit bool) (found bool) {
	seen := map[ast.Node]bool{}
	for len(from) > 0 && !found {
		node := from[0]
		from = from[1:]
		if seen[node] {
			continue
		}
		seen[node] = true
		ast.Inspect(node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				found = found || framed.MatchString(n.Value)
			case *ast.SelectorExpr:
				found = found || exit && n.Sel.Name == "Exit"
			case *ast.Ident:
				for _, fn := range functions[n.Name] {
					from = append(from, fn)
				}
			}
			return !found
		})
	}
	return found
}

// uses reports whether a TestMain does anything with what it is given.
func uses(main *ast.FuncDecl) (found bool) {
	if len(main.Type.Params.List) != 1 || len(main.Type.Params.List[0].Names) != 1 || main.Body == nil {
		return false
	}
	name := main.Type.Params.List[0].Names[0].Name
	ast.Inspect(main.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
