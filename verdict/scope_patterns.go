package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// outOfScope finds the files that a commit changes and that the packet's own scope
// forbids or does not allow. Whether they are listed does not matter: what is listed
// afterwards does not widen what was agreed on before. A pattern that fits nothing is
// no finding.
func (k *trackerJudge) outOfScope(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint) {
	allows := slices.ContainsFunc(p.Scope, func(s tracker.Scope) bool { return !s.Out })
	var forbidden, outside, names []string
	for i := range e.Files {
		f := &e.Files[i]
		if s := k.forbids(p.Scope, f.Path, f.From); s != nil {
			forbidden = append(forbidden, fmt.Sprintf("%s (`%s`)", changedName(f), s.Pattern))
			names = append(names, f.Path)
		} else if allows && (k.outside(p.Scope, f.Path) || f.From != "" && k.outside(p.Scope, f.From)) {
			outside = append(outside, changedName(f))
			names = append(names, f.Path)
		}
	}
	finding := Finding{Claimed: e.Hash, Commit: e.Hash, Observed: strings.Join(names, ", ")}
	var said []string
	if len(forbidden) > 0 {
		said = append(said, "files that the packet's scope says must not be touched: "+list(forbidden))
	}
	if len(outside) > 0 {
		said = append(said, "files outside of the packet's scope: "+list(outside))
		if len(p.ScopeWords) > 0 && len(forbidden) == 0 {
			said[0] += "; whether they belong to what it says in words is for a person to tell: " + clip(p.ScopeWords[0].Text, 100)
			finding.Severity = Note
		}
	}
	if len(said) > 0 {
		finding.Message = fmt.Sprintf("the commit of %s, %s, changes %s", p.ID, aboutCommit(e), strings.Join(said, "; and "))
		k.at("checkpoint/out-of-scope", p, c.Pos, finding)
	}
}

// outside reports whether a scope does not allow a file. One that moves has two names,
// and is changed under both.
func (k *trackerJudge) outside(scope []tracker.Scope, name string) bool {
	return !k.implicit(name) && !allowed(scope, name)
}

func changedName(f *evidence.FileChange) string {
	if f.From != "" {
		return f.From + " → " + f.Path
	}
	return f.Path
}

// forbids returns the pattern of a scope that says that one of a file's names must
// not be touched; nil where there is none. What the scope allows by its full name, or
// as a part of what it forbids, is an exception.
func (k *trackerJudge) forbids(scope []tracker.Scope, names ...string) *tracker.Scope {
	for _, name := range names {
		if name == "" || name == k.t.Path || k.ignored(name) {
			continue
		}
		for i := range scope {
			out := &scope[i]
			excepted := func(in tracker.Scope) bool {
				return !in.Out && covers(in.Pattern, name, true) && (in.Pattern == name && out.Pattern != name || below(in.Pattern, out.Pattern))
			}
			if out.Out && covers(out.Pattern, name, false) && !slices.ContainsFunc(scope, excepted) {
				return out
			}
		}
	}
	return nil
}

// below reports whether a pattern names a part of the folder that another stands for.
func below(pattern, of string) bool {
	folder := strings.TrimRight(strings.TrimSuffix(of, "**"), "./")
	part, ok := strings.CutPrefix(pattern, folder+"/")
	return ok && folder != "" && strings.Trim(part, "*./") != ""
}

// allowed reports whether a scope names a file, or the file that this one is made
// from: a lock file goes with its manifest, a snapshot with its test.
func allowed(scope []tracker.Scope, name string) bool {
	for _, name := range append(madeFrom(name), name) {
		if slices.ContainsFunc(scope, func(s tracker.Scope) bool { return !s.Out && covers(s.Pattern, name, true) }) {
			return true
		}
	}
	return false
}

// manifests are the files that tools make lock files from, in the same folder.
var manifests = map[string][]string{
	"go.sum": {"go.mod"}, "go.work.sum": {"go.work"},
	"package-lock.json": {"package.json"}, "npm-shrinkwrap.json": {"package.json"}, "yarn.lock": {"package.json"}, "pnpm-lock.yaml": {"package.json"},
	"bun.lock": {"package.json"}, "bun.lockb": {"package.json"}, "deno.lock": {"deno.json", "deno.jsonc"},
	"Cargo.lock": {"Cargo.toml"}, "poetry.lock": {"pyproject.toml"}, "uv.lock": {"pyproject.toml"}, "Pipfile.lock": {"Pipfile"},
	"Gemfile.lock": {"Gemfile"}, "composer.lock": {"composer.json"}, "flake.lock": {"flake.nix"},
}

// madeFrom lists the files that a tool makes a file from.
func madeFrom(name string) []string {
	dir, base := path.Split(name)
	if test, ok := strings.CutSuffix(base, ".snap"); ok && path.Base(dir) == "__snapshots__" {
		return []string{path.Join(path.Dir(path.Clean(dir)), test)}
	}
	var from []string
	for _, manifest := range manifests[base] {
		from = append(from, dir+manifest)
	}
	return from
}

// covers reports whether a pattern of a scope names a file: its path or, without a
// "/", its last part, a folder that it is in, or a glob of any of these. In doubt a
// pattern that allows covers more than one that forbids: what ends so, and what lies
// below the folders that a "*" at its end may name.
func covers(pattern, name string, allows bool) bool {
	folder := strings.HasSuffix(pattern, "/") || strings.HasSuffix(pattern, "/...")
	pattern = strings.TrimRight(strings.TrimPrefix(pattern, "./"), "./")
	switch {
	case pattern == "": // the repository
		return true
	case folder:
	case tracker.Glob(pattern, name), !strings.Contains(pattern, "/") && pattern == path.Base(name), allows && fits(pattern, name):
		return true
	case !allows && strings.Contains(path.Base(pattern), "*"):
		return false
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if tracker.Glob(pattern, dir) {
			return true
		}
	}
	return false
}
