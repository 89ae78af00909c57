package command

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

// maxSteps bounds the steps of one command that are kept.
const maxSteps = 10_000

// readSteps reads what the witnesses reported, in the order of the steps' start.
// A step without an end was ended with the command: its outcome is not known.
func readSteps(log, root, bundle string, c *plan.Command, secrets *Secrets) []evidence.Step {
	steps := []evidence.Step{}
	f, err := os.Open(log)
	if err != nil {
		return steps
	}
	defer f.Close()
	open := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 64<<10), 4<<20)
	for lines.Scan() && len(steps) < maxSteps {
		l, ok := readLine(lines.Bytes())
		if !ok {
			continue
		}
		if !l.End {
			l.Step.Saw, l.Step.Lent = others(root, l.Written), gone(root, l.Written)
		}
		i, started := open[l.ID]
		switch {
		case !l.End:
			open[l.ID] = len(steps)
			steps = append(steps, l.Step)
		case started && l.ended != nil:
			delete(open, l.ID)
			l.ended(&steps[i])
		case started:
			delete(open, l.ID)
			l.Step.Saw, l.Step.Lent = steps[i].Saw, steps[i].Lent
			steps[i] = l.Step
		default:
			i = len(steps)
			steps = append(steps, l.Step)
		}
		if l.End && l.Raw != "" {
			steps[i].Raw = relativeTo(bundle, l.Raw)
			if secrets.File(l.Raw) != nil {
				os.Remove(l.Raw) // rather no results than a secret in them
				steps[i].Raw = ""
			}
		}
	}
	for i := range steps {
		tidy(&steps[i], root, c, secrets)
	}
	slices.SortStableFunc(steps, func(a, b evidence.Step) int { return a.Started.Compare(b.Started) })
	return steps
}

// readLine reads what a witness wrote, or the shell itself.
func readLine(line []byte) (witnessLine, bool) {
	var l witnessLine
	if json.Unmarshal(line, &l) == nil {
		return l, true
	}
	r, ok := plan.ReadReport(string(line))
	if !ok {
		return l, false
	}
	l.ID, l.End = r.ID, r.End
	if !r.End {
		l.Step = evidence.Step{Index: r.Index, Argv: r.Argv, Dir: r.Dir, Started: r.At, Outcome: evidence.NotRun, ExitCode: -1}
		l.Step.Tool, l.Step.Probative = plan.Tool(r.Argv)
		return l, true
	}
	l.ended = func(s *evidence.Step) {
		s.Outcome, s.ExitCode = evidence.Exited, r.ExitCode
		if r.NotFound {
			s.Outcome, s.ExitCode = evidence.StartFailed, -1
		}
		if !s.Started.IsZero() && !r.At.IsZero() {
			s.DurationMS = r.At.Sub(s.Started).Milliseconds()
		}
	}
	return l, true
}

func relativeTo(base, path string) string {
	if path == "" {
		return ""
	}
	rel, err := filepath.Rel(base, path)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(rel)
}

// below is a folder relative to the root, and whether it is below it, be it by a
// symbolic link.
func below(root, dir string) (string, bool) {
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		real, err := filepath.EvalSymlinks(dir)
		realRoot, err2 := filepath.EvalSymlinks(root)
		if err != nil || err2 != nil {
			return "", false
		}
		rel, err = filepath.Rel(realRoot, real)
		if err != nil || !filepath.IsLocal(rel) {
			return "", false
		}
	}
	return strings.TrimPrefix(filepath.ToSlash(rel), "."), true
}

func tidy(s *evidence.Step, root string, c *plan.Command, secrets *Secrets) {
	if dir, inside := below(root, s.Dir); inside {
		s.Dir = dir
	}
	secrets.Words(s.Argv)
	secrets.Words(s.Env)
	if s.Index >= len(c.Shape.Steps) {
		s.Index = -1
	}
	if s.Index >= 0 && len(c.Shape.Steps[s.Index].Env) > 0 {
		for _, v := range c.Shape.Steps[s.Index].Env {
			if !slices.Contains(s.Env, v) {
				s.Env = append(s.Env, v)
			}
		}
	}
	if s.Tests != nil {
		for i := range s.Tests.Failures {
			f := &s.Tests.Failures[i]
			f.Message, f.Test = secrets.Text(f.Message), secrets.Text(f.Test)
			if f.File != "" && s.Tool == "go test" {
				f.File = goFile(root, s.Dir, f.File)
			}
		}
	}
	if s.Check != nil {
		for i := range s.Check.Diagnostics {
			d := &s.Check.Diagnostics[i]
			d.Message = secrets.Text(d.Message)
			if d.File != "" && !filepath.IsAbs(d.File) && s.Dir != "" {
				d.File = s.Dir + "/" + d.File
			}
		}
	}
}

// goFile keeps the name as go prints it: it is relative to its package, which the
// failure names.
func goFile(_, _, name string) string { return filepath.ToSlash(name) }
