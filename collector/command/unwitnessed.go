package command

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/plan"
)

// The witness behind a name on PATH does not see a tool that a script starts by its
// file, or on a PATH of its own. Its text shows that it may.

const (
	maxScript  = 1 << 20 // bytes of a script that are read
	maxScripts = 50      // read for one command
)

var (
	tools  = strings.Join(plan.WitnessedPrograms, "|")
	byFile = lazyregexp.New(`([^\s"'=;|&<>,\[]*)/(` + tools + `)["')}]*(?:\s+(?:test|vet|build|run)\b|(?:[^\w./-]|$))`)
	ownDir = lazyregexp.New(`(?:^|/)s?bin$|/\.bin$`)
	// ownPath finds a PATH that a script sets, up to the one that it was given.
	ownPath = lazyregexp.New(`\bPATH\s*:?=\s*["']?([^\s"'$;][^\s"';]*)`)
	// started finds the scripts that a line starts: in a command's place, or behind
	// what interprets them.
	started = lazyregexp.New(`(?:^|[;&|(!]\s*|\b(?:bash|sh|zsh|dash|source|exec|time|then|do|else|python3?|node|perl|ruby)\s+(?:-\w+\s+)*|\.\s+)["']?((?:[\w.-]+/)*[\w.-]+\.(?:sh|bash|zsh|py|pl|rb|mjs|cjs|js)\b|(?:\.{1,2}/)+[\w./-]+)`)
	says    = lazyregexp.New("^(?:echo|printf)\\s[^$`]*$")
)

// unwitnessed lists the known tools that the scripts of a command name so that no
// witness stands in front of them, each with its script.
func (s *Spec) unwitnessed(steps []evidence.Step) []string {
	r := scriptReader{root: s.Root, steps: steps}
	for _, step := range s.Command.Shape.Steps {
		if step.Opaque {
			r.call(step.Argv, s.Command.Dir)
		}
	}
	for i := range steps {
		if plan.Opaque(steps[i].Argv) {
			r.call(steps[i].Argv, steps[i].Dir)
		}
	}
	for len(r.todo) > 0 && len(r.seen) < maxScripts {
		file := r.todo[0]
		r.todo = r.todo[1:]
		r.read(file)
	}
	return r.found
}

type scriptReader struct {
	root  string
	steps []evidence.Step
	todo  []string // relative to the root
	seen  []string
	found []string
}

// call finds the script that a call runs: the program, or the first word that is a
// file.
func (r *scriptReader) call(argv []string, dir string) {
	for i, word := range argv {
		if name := path.Base(word); name == "make" || name == "gmake" {
			r.make(dir, argv[i+1:])
			return
		}
		if r.add(dir, word) {
			return
		}
	}
}

// add takes a file of the repository, if there is such a one.
func (r *scriptReader) add(dir, name string) bool {
	file := path.Join(dir, name)
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(r.root, name)
		if err != nil {
			return false
		}
		file = filepath.ToSlash(rel)
	}
	if !fs.ValidPath(file) || file == "." {
		return false
	}
	if info, err := os.Stat(filepath.Join(r.root, filepath.FromSlash(file))); err != nil || !info.Mode().IsRegular() || info.Size() > maxScript {
		return false
	}
	if !slices.Contains(r.seen, file) {
		r.seen = append(r.seen, file)
		r.todo = append(r.todo, file)
	}
	return true
}

// read looks through one script, and finds those that it starts.
func (r *scriptReader) read(file string) {
	if src := r.text(file); src != "" {
		r.lines(file, strings.Split(src, "\n"))
	}
}

// text is a script's text; empty for a program, whose text says nothing.
func (r *scriptReader) text(file string) string {
	src, err := os.ReadFile(filepath.Join(r.root, filepath.FromSlash(file)))
	if err != nil || len(src) > maxScript || bytes.IndexByte(src, 0) >= 0 {
		return ""
	}
	return string(src)
}

// make looks through what a makefile does for its goals.
func (r *scriptReader) make(dir string, args []string) {
	var goals []string
	files := []string{"GNUmakefile", "makefile", "Makefile"}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-C" && i+1 < len(args):
			i++
			dir = path.Join(dir, args[i])
		case arg == "-f" && i+1 < len(args):
			i++
			files = []string{args[i]}
		case !strings.HasPrefix(arg, "-") && !strings.Contains(arg, "="):
			goals = append(goals, arg)
		}
	}
	for _, name := range files {
		if file := path.Join(dir, name); fs.ValidPath(file) {
			if src := r.text(file); src != "" {
				r.lines(file, recipes(src, goals))
				return
			}
		}
	}
}

func (r *scriptReader) lines(file string, lines []string) {
	all := strings.Join(lines, "\n")
	for _, line := range lines {
		text := strings.TrimLeft(line, " \t@-+")
		if !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "//") && !says.MatchString(text) {
			r.line(file, text, all)
		}
	}
}

func (r *scriptReader) line(file, text, src string) {
	for _, m := range byFile.FindAllStringSubmatch(text, -1) {
		verb := strings.ContainsAny(strings.TrimRight(m[0], " \t"), " \t")
		if (ownDir.MatchString(m[1]) || verb) && !r.byNode(m[2]) {
			r.report(file, m[1]+"/"+m[2])
		}
	}
	for _, m := range ownPath.FindAllStringSubmatch(text, -1) {
		before, _, _ := strings.Cut(m[1], "$")
		for _, dir := range strings.Split(before, ":") {
			for _, tool := range plan.WitnessedPrograms {
				info, err := os.Stat(filepath.Join(dir, tool))
				if filepath.IsAbs(dir) && err == nil && isExecutable(info) && !r.byNode(tool) && regexp.MustCompile(`\b`+tool+`\b`).MatchString(src) {
					r.report(file, dir+"/"+tool)
				}
			}
		}
	}
	for _, m := range started.FindAllStringSubmatch(text, -1) {
		if !r.add("", m[1]) {
			r.add(path.Dir(file), m[1])
		}
	}
}

func (r *scriptReader) report(file, tool string) {
	if words := file + ": " + tool; !slices.Contains(r.found, words) {
		r.found = append(r.found, words)
	}
}

// byNode reports whether a tool was seen to run in Node, behind whose name a
// witness stands, whatever the tool's own file.
func (r *scriptReader) byNode(tool string) bool {
	return slices.ContainsFunc(r.steps, func(s evidence.Step) bool {
		return s.Tool == tool && len(s.Argv) > 0 && path.Base(s.Argv[0]) == "node"
	})
}
