package checkpoint

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ignoring is what the .gitignore files of a work tree say, as far as they say it
// plainly. Of what they do not decide, git knows more: other files, and other patterns.
type ignoring struct {
	root  string
	rules map[string][]ignoreRule // by folder, relative to the root
}

// ignoreRule is one line of a .gitignore file.
type ignoreRule struct {
	pattern  string // for path.Match, with no wildcard but "*"
	anchored bool   // it is for the path from the file's folder on, else for the last name
	folder   bool   // it is for folders alone
	not      bool   // what matches is not ignored
	unclear  bool   // what it matches is not known here
}

// says reports whether a path is ignored. false says nothing: git may ignore it too.
// Folders above it are not asked about.
func (g *ignoring) says(name string, isDir bool) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) { // the nearest file has the last word
		below := name
		if dir != "." {
			below = name[len(dir)+1:]
		}
		rules := g.of(dir)
		for i := len(rules) - 1; i >= 0; i-- {
			switch r := &rules[i]; {
			case r.not && (r.unclear || r.matches(strings.ToLower(below))): // git may see no difference of case
				return false
			case !r.not && !r.unclear && (isDir || !r.folder) && r.matches(below):
				return true
			}
		}
		if dir == "." {
			return false
		}
	}
}

// matches takes a path from the rule's folder on.
func (r *ignoreRule) matches(below string) bool {
	if !r.anchored {
		below = path.Base(below)
	}
	ok, err := path.Match(r.pattern, below)
	return ok && err == nil
}

// of reads the rules of a folder.
func (g *ignoring) of(dir string) []ignoreRule {
	rules, known := g.rules[dir]
	if known {
		return rules
	}
	file := filepath.Join(g.root, filepath.FromSlash(dir), ".gitignore")
	if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
		rules = []ignoreRule{{not: true, unclear: true}} // whether git follows a link depends on its version
	} else if text, err := os.ReadFile(file); err == nil {
		for line := range strings.Lines(string(text)) {
			if r, ok := readIgnoreRule(strings.TrimSuffix(line, "\n")); ok {
				rules = append(rules, r)
			}
		}
	}
	g.rules[dir] = rules
	return rules
}

// readIgnoreRule reads a line; ok is false where it is none.
func readIgnoreRule(line string) (r ignoreRule, ok bool) {
	plain := strings.TrimRight(line, " ")
	if plain == "" || plain[0] == '#' {
		return r, false
	}
	plain, r.not = strings.CutPrefix(plain, "!")
	plain, r.folder = strings.CutSuffix(plain, "/")
	if deep, ok := strings.CutPrefix(plain, "**/"); ok && !strings.Contains(deep, "/") {
		plain = deep // as without it
	}
	r.anchored = strings.Contains(plain, "/")
	r.pattern = strings.TrimPrefix(plain, "/")
	if r.not {
		r.pattern = strings.ToLower(r.pattern)
	}
	r.unclear = r.pattern == "" || strings.Contains(r.pattern, "**") || strings.ContainsAny(r.pattern, "\\?[\r\t\ufeff")
	return r, true
}
