package collector

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/testout"
)

// Sources that git ignores were found by their names. Which of them the checks
// compiled, go knows.

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath, Dir                              string
	Standard                                     bool
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles []string
	Imports                                      []string
}

// besideCompiled replaces the Go sources among what no commit holds by those that a
// check compiled, where it can be told: the others say nothing. Those that nobody
// generated are told apart.
func (r *run) besideCompiled(ctx context.Context) {
	w := &r.bundle.Subject.Worktree
	source := func(name string) bool {
		return path.Ext(name) == ".go" || strings.HasSuffix(name, "/") && path.Base(name) != "vendor"
	}
	if !slices.ContainsFunc(w.Beside, source) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	compiled, ok := r.compiled(ctx)
	if !ok {
		return
	}
	ignored := w.Beside
	w.Beside = slices.DeleteFunc(slices.Clone(w.Beside), source)
	for _, name := range compiled {
		if !slices.ContainsFunc(ignored, func(i string) bool { return i == name || strings.HasSuffix(i, "/") && strings.HasPrefix(name, i) }) {
			continue // a submodule's, or untracked and listed as such
		}
		if generated(filepath.Join(r.where, name)) {
			w.Beside = append(w.Beside, name)
		} else {
			w.ByHand = append(w.ByHand, name)
		}
	}
	slices.Sort(w.Beside)
}

// compiled lists the files that were there before the run, that no commit holds, and
// that the packages of the commit need, as the go checks of the run compiled them.
// ok is false where there was none, or go does not tell.
func (r *run) compiled(ctx context.Context) (files []string, ok bool) {
	tracked, _ := r.trackedIn(ctx, r.where)
	held := map[string]bool{}
	for _, name := range tracked {
		held[name] = true
	}
	asked := map[string]bool{}
	for i := range r.bundle.Commands {
		for _, s := range r.bundle.Commands[i].Steps {
			args := r.listArgs(&s)
			key := s.Dir + "\x00" + strings.Join(args, "\x00")
			if args == nil || asked[key] || len(asked) > 20 {
				continue
			}
			asked[key] = true
			packages, err := r.goList(ctx, filepath.Join(r.where, s.Dir), args)
			if err != nil {
				return nil, false
			}
			files = append(files, r.needed(packages, held)...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), len(asked) > 0
}

// listArgs are the words of go list for the packages of a check; nil for a step that
// compiles nothing, or not here.
func (r *run) listArgs(s *evidence.Step) []string {
	switch {
	case s.Tool != "go test" && s.Tool != "go build" && s.Tool != "go vet", s.Outcome != evidence.Exited, path.IsAbs(s.Dir):
		return nil
	}
	argv := slices.Clone(s.Argv)
	if at := slices.Index(argv, strings.TrimPrefix(s.Tool, "go ")); path.Base(argv[0]) != "go" || at < 0 {
		return nil
	} else {
		argv[at] = "test" // the flags that matter are the same
	}
	run, _ := testout.ParseGoTest(argv)
	args := []string{"list", "-e", "-deps", "-test", "-json=ImportPath,Dir,Standard,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports"}
	if run.Chdir != "" {
		args = slices.Insert(args, 0, "-C", run.Chdir)
	}
	if run.Tags != "" {
		args = append(args, "-tags", run.Tags)
	}
	return append(args, run.Packages()...)
}

func (r *run) goList(ctx context.Context, dir string, args []string) (map[string]*goPackage, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, r.environment.Env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	packages := map[string]*goPackage{}
	for d := json.NewDecoder(out); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, errors.Join(err, cmd.Wait())
		}
		packages[p.ImportPath] = &p
	}
	return packages, cmd.Wait()
}

// needed lists the files that are not held, of packages that have a file that is
// held, and of those that such packages import.
func (r *run) needed(packages map[string]*goPackage, held map[string]bool) (files []string) {
	var next []*goPackage
	for _, p := range packages {
		if slices.ContainsFunc(r.filesOf(p), func(name string) bool { return held[name] }) {
			next = append(next, p)
		}
	}
	seen := map[*goPackage]bool{}
	for len(next) > 0 {
		p := next[0]
		next = next[1:]
		if p == nil || p.Standard || seen[p] {
			continue
		}
		seen[p] = true
		for _, name := range r.filesOf(p) {
			info, err := os.Stat(filepath.Join(r.where, name))
			if !held[name] && err == nil && info.ModTime().Before(r.bundle.Started) {
				files = append(files, name)
			}
		}
		for _, i := range p.Imports {
			next = append(next, packages[i])
		}
	}
	return files
}

// filesOf are the sources of a package, relative to the root; none where it is
// outside of it, or vendored.
func (r *run) filesOf(p *goPackage) (files []string) {
	dir, err := filepath.Rel(r.where, p.Dir)
	if dir = filepath.ToSlash(dir); err != nil || !filepath.IsLocal(dir) || strings.HasPrefix(dir+"/", "vendor/") || strings.Contains(dir+"/", "/vendor/") {
		return nil
	}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.TestGoFiles, p.XTestGoFiles) {
		if !filepath.IsAbs(name) { // else it is in go's cache
			files = append(files, path.Join(dir, name))
		}
	}
	return files
}

// generated reports whether a Go file says that it is generated.
func generated(name string) bool {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
	return err == nil && ast.IsGenerated(f)
}
