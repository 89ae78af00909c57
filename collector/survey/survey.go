// Package survey looks at what a repository offers: its modules, packages, scripts,
// workflows and trackers. 'verdict init' writes a tracker and a policy from that,
// and 'verdict doctor' says what is missing.
package survey

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// Found is what a repository offers. Paths are relative to its root, with forward
// slashes; "." is the root itself. Lists are in the order of the paths, the root first.
type Found struct {
	Modules   []Module
	Packages  []Package
	Trackers  []string   // Markdown files that look like trackers
	Policy    bool       // verdict.yaml is there
	Workflows []Workflow // those that run verdict
	Makefile  []string   // targets of the Makefile that check something, as they stand there
	Truncated bool       // there was more than a survey looks at
}

// Module is a folder with a go.mod.
type Module struct {
	Dir   string
	Go    string // the version of its go line; empty: none
	Code  bool   // Go files belong to it
	Tests bool   // Go tests belong to it
}

// The bounds of a survey.
const (
	maxEntries = 100_000 // files and folders
	maxTracker = 4 << 20 // bytes of a Markdown file
	maxFile    = 1 << 20 // bytes of any other file
)

// skipped are folders that hold nothing of the project's own.
var skipped = []string{"node_modules", ".git", "vendor", ".verdict", "testdata", ".venv"}

// Survey looks at a repository. It reads names, and the few files that say what
// there is to run; it follows no symbolic links. What cannot be read is left out;
// the error is for a root that cannot be listed.
func Survey(fsys fs.FS) (Found, error) {
	s := surveyor{fsys: fsys, ignored: ignoredBy(fsys)}
	if err := s.walk(); err != nil {
		return Found{}, err
	}
	s.assign()
	return s.found, nil
}

// FindTrackers lists the Markdown files of a repository that look like trackers:
// they have a board, and a section for a packet on it.
func FindTrackers(fsys fs.FS) []string {
	s := surveyor{fsys: fsys, ignored: ignoredBy(fsys), trackersOnly: true}
	if s.walk() != nil {
		return nil
	}
	return s.found.Trackers
}

// surveyor walks one repository.
type surveyor struct {
	fsys         fs.FS
	ignored      []string
	trackersOnly bool
	found        Found
	goFiles      map[string]bool // folder with Go files → with tests
	webTests     []string        // folders with tests of vitest or jest
}

func (s *surveyor) walk() error {
	s.goFiles = map[string]bool{}
	entries := 0
	return fs.WalkDir(s.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == "." {
				return err
			}
			return nil // what cannot be read offers nothing
		}
		if entries++; entries > maxEntries {
			s.found.Truncated = true
			return fs.SkipAll
		}
		if d.IsDir() {
			if name != "." && (slices.Contains(skipped, d.Name()) || s.ignores(name)) {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() {
			s.file(name)
		}
		return nil
	})
}

var webTest = lazyregexp.New(`\.(test|spec)\.[cm]?[jt]sx?$`)

func (s *surveyor) file(name string) {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if strings.EqualFold(path.Ext(base), ".md") {
		if isTracker(s.fsys, name) {
			s.found.Trackers = append(s.found.Trackers, name)
		}
		return
	}
	if s.trackersOnly {
		return
	}
	switch {
	case strings.HasSuffix(base, ".go"):
		s.goFiles[dir] = s.goFiles[dir] || strings.HasSuffix(base, "_test.go")
	case webTest.MatchString(base):
		s.webTests = append(s.webTests, dir)
	case base == "go.mod":
		s.found.Modules = append(s.found.Modules, Module{Dir: dir, Go: goLine(s.read(name))})
	case base == "package.json":
		if p, ok := s.readPackage(dir); ok {
			s.found.Packages = append(s.found.Packages, p)
		}
	case name == "Makefile":
		s.found.Makefile = makeTargets(s.read(name))
	case name == policy.FileName:
		s.found.Policy = true
	case dir == ".github/workflows" && slices.Contains([]string{".yml", ".yaml"}, path.Ext(base)):
		if w, ok := readWorkflow(name, string(s.read(name))); ok {
			s.found.Workflows = append(s.found.Workflows, w)
		}
	}
}

// assign gives each Go file to the module, and each test to the package, that is
// nearest above it.
func (s *surveyor) assign() {
	slices.SortFunc(s.found.Modules, func(a, b Module) int { return strings.Compare(a.Dir, b.Dir) })
	slices.SortFunc(s.found.Packages, func(a, b Package) int { return strings.Compare(a.Dir, b.Dir) })
	for dir, tests := range s.goFiles {
		best := nearestAbove(dir, len(s.found.Modules), func(i int) string { return s.found.Modules[i].Dir })
		if best >= 0 {
			m := &s.found.Modules[best]
			m.Code, m.Tests = true, m.Tests || tests
		}
	}
	for _, dir := range s.webTests {
		best := nearestAbove(dir, len(s.found.Packages), func(i int) string { return s.found.Packages[i].Dir })
		if best >= 0 {
			s.found.Packages[best].Tests = true
		}
	}
	for i := range s.found.Packages {
		p := &s.found.Packages[i]
		if root := nearestAbove(path.Dir(p.Dir), len(s.found.Packages), func(i int) string { return s.found.Packages[i].Dir }); root >= 0 && p.Dir != "." {
			p.Workspace = p.Lock == "" && s.found.Packages[root].workspaces
		}
	}
}

func nearestAbove(dir string, n int, at func(int) string) int {
	best := -1
	for i := range n {
		d := at(i)
		if (d == "." || dir == d || strings.HasPrefix(dir, d+"/")) && (best < 0 || len(d) > len(at(best)) || at(best) == ".") {
			best = i
		}
	}
	return best
}

// isTracker reports whether a file is a tracker: Markdown with a packet that has a
// status and a section of its own, and a board, or commands to run or that were.
func isTracker(fsys fs.FS, name string) bool {
	src, err := readFile(fsys, name, maxTracker)
	return err == nil && IsTracker(name, src)
}

// IsTracker reports whether a document is a tracker, by its path and text.
func IsTracker(name string, src []byte) bool {
	if slices.ContainsFunc(strings.Split(path.Dir(name), "/"), func(dir string) bool { return slices.Contains(skipped, dir) }) || !strings.EqualFold(path.Ext(name), ".md") {
		return false
	}
	text := string(src)
	if !strings.Contains(text, "exit") && !(strings.Contains(text, "|") && strings.Contains(text, "- [")) {
		return false // parsing every document would take long
	}
	t := tracker.Parse(name, src, nil)
	return slices.ContainsFunc(t.Packets, func(p tracker.Packet) bool {
		return p.Row != nil && p.Section != nil && (t.Board.IsValid() || len(p.Required)+len(p.Evidence.Claims) > 0)
	})
}

func (s *surveyor) read(name string) []byte {
	src, err := readFile(s.fsys, name, maxFile)
	if err != nil {
		return nil
	}
	return src
}

var errLarge = errors.New("too large to be read")

// readFile reads a regular file of at most max bytes.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(src)) > limit {
		err = errLarge
	}
	return src, err
}

// ignoredBy reads the folders that the root's .gitignore names plainly. Patterns
// and exceptions are left to git: a folder too many is only slower.
func ignoredBy(fsys fs.FS) []string {
	src, err := readFile(fsys, ".gitignore", maxFile)
	if err != nil {
		return nil
	}
	var dirs []string
	for _, line := range strings.Split(string(src), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.ContainsAny(line, `*?[!\`) {
			continue
		}
		dirs = append(dirs, strings.TrimSuffix(line, "/"))
	}
	return dirs
}

func (s *surveyor) ignores(name string) bool {
	return slices.ContainsFunc(s.ignored, func(dir string) bool {
		if strings.Contains(dir, "/") {
			return name == strings.TrimPrefix(dir, "/")
		}
		return path.Base(name) == dir
	})
}

var goDirective = lazyregexp.New(`(?m)^go\s+(\S+)`)

func goLine(src []byte) string {
	if m := goDirective.FindSubmatch(src); m != nil {
		return string(m[1])
	}
	return ""
}

var makeTarget = lazyregexp.New(`(?m)^(test|tests|check|verify|ci|lint)\s*:([^=]|$)`)

func makeTargets(src []byte) []string {
	var out []string
	for _, m := range makeTarget.FindAllSubmatch(src, -1) {
		if t := string(m[1]); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
