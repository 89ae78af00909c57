// Package survey looks at what a repository offers: its modules, packages, scripts
// and trackers. 'verdict init' and 'verdict doctor' are made of it.
package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/tracker"
)

// Found is what a repository offers. Paths are relative to its root; "." is the
// root itself.
type Found struct {
	Modules   []string // folders with a go.mod
	Packages  []Package
	Trackers  []string // Markdown files with a packet board
	Policy    bool     // verdict.yaml is there
	Workflow  string   // a workflow that runs verdict; empty: none
	Makefile  []string // targets of the Makefile that check something
	Truncated bool     // the repository has more files than were looked at
}

// Package is a folder with a package.json.
type Package struct {
	Dir      string
	Scripts  map[string]string
	Vitest   bool
	Tsconfig bool // a tsconfig.json that lists files of its own
	Lock     bool // package-lock.json
}

// The bounds of a survey.
const (
	maxFiles   = 50_000
	maxTracker = 4 << 20
)

// skipped are folders that hold nothing of the project's own.
var skipped = []string{"node_modules", ".git", "vendor", ".verdict", "dist", "build", "target", ".venv", "testdata", "third_party"}

// Survey looks at a repository.
func Survey(fsys fs.FS) (Found, error) {
	f := Found{}
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read offers nothing
		}
		if d.IsDir() {
			if name != "." && slices.Contains(skipped, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > maxFiles {
			f.Truncated = true
			return fs.SkipAll
		}
		f.file(fsys, name, d)
		return nil
	})
	return f, err
}

func (f *Found) file(fsys fs.FS, name string, d fs.DirEntry) {
	dir := path.Dir(name)
	switch base := path.Base(name); {
	case base == "go.mod":
		f.Modules = append(f.Modules, dir)
	case base == "package.json":
		if p, ok := readPackage(fsys, dir); ok {
			f.Packages = append(f.Packages, p)
		}
	case base == "Makefile" && dir == ".":
		f.Makefile = makeTargets(fsys, name)
	case name == "verdict.yaml":
		f.Policy = true
	case dir == ".github/workflows":
		if src, err := fs.ReadFile(fsys, name); err == nil && bytes.Contains(src, []byte("verdict ")) && f.Workflow == "" {
			f.Workflow = name
		}
	case strings.EqualFold(path.Ext(name), ".md"):
		if isTracker(fsys, name, d) {
			f.Trackers = append(f.Trackers, name)
		}
	}
}

// isTracker reports whether a Markdown file has a packet board with a packet that
// has a section.
func isTracker(fsys fs.FS, name string, d fs.DirEntry) bool {
	info, err := d.Info()
	if err != nil || info.Size() > maxTracker {
		return false
	}
	src, err := fs.ReadFile(fsys, name)
	if err != nil || !bytes.Contains(src, []byte("|")) || !bytes.Contains(src, []byte("- [")) {
		return false
	}
	t := tracker.Parse(name, src, nil)
	return t.Board.IsValid() && slices.ContainsFunc(t.Packets, func(p tracker.Packet) bool { return p.Row != nil && p.Section != nil })
}

// FindTrackers lists the files of a repository that look like trackers.
func FindTrackers(fsys fs.FS) []string {
	f, err := Survey(fsys)
	if err != nil {
		return nil
	}
	return f.Trackers
}

func readPackage(fsys fs.FS, dir string) (Package, bool) {
	src, err := fs.ReadFile(fsys, path.Join(dir, "package.json"))
	if err != nil {
		return Package{}, false
	}
	var j struct {
		Scripts         map[string]string
		Dependencies    map[string]string
		DevDependencies map[string]string
	}
	if json.Unmarshal(src, &j) != nil {
		return Package{}, false
	}
	p := Package{Dir: dir, Scripts: j.Scripts}
	_, p.Vitest = j.DevDependencies["vitest"]
	if _, err := fs.Stat(fsys, path.Join(dir, "package-lock.json")); err == nil {
		p.Lock = true
	}
	if src, err := fs.ReadFile(fsys, path.Join(dir, "tsconfig.json")); err == nil {
		p.Tsconfig = !bytes.Contains(src, []byte(`"references"`))
	}
	return p, true
}

func makeTargets(fsys fs.FS, name string) []string {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil
	}
	var out []string
	for _, line := range strings.Split(string(src), "\n") {
		target, _, ok := strings.Cut(line, ":")
		if ok && slices.Contains([]string{"test", "check", "lint", "verify", "ci"}, target) {
			out = append(out, target)
		}
	}
	return out
}

// Commands are the checks that the repository offers, as shell texts.
func (f *Found) Commands() []string {
	var out []string
	for _, m := range f.Modules {
		prefix := ""
		if m != "." {
			prefix = "cd " + m + " && "
		}
		out = append(out, prefix+"go build ./...", prefix+"go vet ./...", prefix+"go test ./... -count=1")
	}
	for _, p := range f.Packages {
		prefix, tsc := "cd "+p.Dir+" && ", p.Dir+"/"
		if p.Dir == "." {
			prefix, tsc = "", ""
		}
		if p.Vitest {
			out = append(out, prefix+"npx vitest run")
		} else if p.Scripts["test"] != "" && !strings.Contains(p.Scripts["test"], "no test specified") {
			out = append(out, prefix+"npm test")
		}
		if p.Tsconfig {
			out = append(out, tsc+"node_modules/.bin/tsc --noEmit -p "+tsc+"tsconfig.json")
		}
	}
	if len(out) == 0 {
		for _, t := range f.Makefile {
			out = append(out, "make "+t)
		}
	}
	return out
}

// PolicyText is a verdict.yaml that fits the repository.
func (f *Found) PolicyText() []byte {
	var b strings.Builder
	b.WriteString("# What this repository asks for beyond its tracker. Every key has a default; docs/policy.md\n# of verdict describes them all.\nversion: 1\ntrackers:\n  - docs/progress.md\ncommands:\n  timeout: 15m\n")
	var setup []string
	for _, p := range f.Packages {
		if p.Lock && p.Dir == "." {
			setup = append(setup, "npm ci")
		} else if p.Lock {
			setup = append(setup, "npm --prefix "+p.Dir+" ci")
		}
	}
	if len(setup) > 0 {
		b.WriteString("  # run once in every clean checkout (verdict run --at REV)\n  setup:\n")
		for _, s := range setup {
			b.WriteString("    - " + s + "\n")
		}
	}
	return []byte(b.String())
}

// Tracker is a progress tracker that fits the repository, with its checks as
// required commands and everything still to do.
func (f *Found) Tracker(now time.Time) []byte {
	commands := f.Commands()
	if len(commands) == 0 {
		commands = []string{"git diff --check"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, trackerHead, now.Format("2006-01-02"))
	for _, p := range []struct{ id, title string }{{"PKT-00", "First Packet"}, {"PKT-01", "Second Packet"}} {
		fmt.Fprintf(&b, "\n---\n\n## %s Checklist: %s\n\n- [ ] Say here what must be true when it is done.\n", p.id, p.title)
		writeParts(&b, p.id, commands[:min(2, len(commands))])
	}
	b.WriteString("\n---\n\n## PKT-02 Checklist: Final Verdict\n\n- [ ] All earlier packets are `DONE` and `APPROVED`.\n- [ ] Residual risks reconciled from all packets.\n- [ ] Final verdict recorded (`GO` / `GO_WITH_CONDITIONS` / `NO_GO`).\n")
	writeParts(&b, "PKT-02", commands)
	b.WriteString("\n---\n\n## Checkpoint Commits\n\n- PKT-00: TODO\n- PKT-01: TODO\n- PKT-02: TODO\n\n## Current Recommended Next Packet\n\n- `PKT-00` (First Packet)\n")
	return []byte(b.String())
}

func writeParts(b *strings.Builder, id string, commands []string) {
	b.WriteString("\n### Required Tests\n\n")
	for _, c := range commands {
		fmt.Fprintf(b, "- [ ] `%s` -> exit 0\n", c)
	}
	fmt.Fprintf(b, "\n### Review Gates\n\n- [ ] P0 PASS\n- [ ] P1 PASS\n- [ ] P2 PASS\n- [ ] Verdict recorded: `APPROVED`\n\n### %s Review Evidence\n\n```markdown\nTODO\n```\n", id)
}

const trackerHead = `# Progress Tracker

Status: Active
Date: %s

## Rules

1. A packet is DONE only when every check box in it is ticked.
2. Its evidence names each required command with its exit code.
3. After each approved packet, commit the work and record the commit's hash below.
4. Residual risks say what is done about them: resolved, mitigated, accepted or deferred, and by whom.

## Packet Board

| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |
|---|---|---|---|---|---|---|
| PKT-00 | First Packet | TODO | Unassigned | Unassigned | — | PKT-00 Review Evidence |
| PKT-01 | Second Packet | TODO | Unassigned | Unassigned | — | PKT-01 Review Evidence |
| PKT-02 | Final Verdict | TODO | Unassigned | Unassigned | — | — |
`
