package collector

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/verdict/policy"
)

// journalName is the file that each result is written to when it is there. It is
// gone when the run has ended: bundle.json holds everything then.
const journalName = "journal.jsonl"

type journal struct {
	f   *os.File
	err error
}

func openJournal(dir string) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(dir, journalName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &journal{f: f}, nil
}

func (j *journal) add(e *evidence.Command) {
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.f.Write(append(line, '\n'))
	}
	j.err = errors.Join(j.err, err)
}

func (j *journal) close() error {
	if err := j.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

func (j *journal) remove() error {
	if err := j.close(); err != nil {
		return err
	}
	return os.Remove(j.f.Name())
}

// readJournal reads what an interrupted run had collected. A last line that was
// cut by the interruption is no result.
func readJournal(dir string) ([]evidence.Command, error) {
	data, err := os.ReadFile(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var done []evidence.Command
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c evidence.Command
		if json.Unmarshal(lines.Bytes(), &c) == nil && c.Key != "" {
			done = append(done, c)
		}
	}
	return done, lines.Err()
}

// prepare makes the folders of a run and keeps others out of the repository's
// runs while it goes on.
func prepare(o *Options) (unlock func(), err error) {
	home := filepath.Join(o.Root, ".verdict")
	if err := os.MkdirAll(filepath.Join(o.Dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make run folder: %w", err)
	}
	if rel, err := filepath.Rel(home, o.Dir); err == nil && filepath.IsLocal(rel) {
		ignore := filepath.Join(home, ".gitignore")
		if _, err := os.Stat(ignore); err != nil {
			if err := evidence.WriteFile(ignore, []byte("*\n")); err != nil {
				return nil, fmt.Errorf("make run folder: %w", err)
			}
		}
	} else {
		return func() {}, nil
	}
	return lock(filepath.Join(home, "lock"))
}

// history is what earlier runs kept here say. A run is read when it is first asked
// about: most runs ask nothing.
type history struct {
	runs []pastRun // newest first
}

type pastRun struct {
	id     string
	bundle func() *evidence.Bundle // nil where none can be read
}

// maxHistory is how many earlier runs are looked at.
const maxHistory = 5

func readHistory(runs, current string) *history {
	h := &history{}
	entries, err := os.ReadDir(runs)
	if err != nil {
		return h
	}
	slices.Reverse(entries)
	for _, e := range entries {
		dir := filepath.Join(runs, e.Name())
		if dir == current || len(h.runs) >= maxHistory {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, evidence.FileName)); err != nil {
			continue
		}
		h.runs = append(h.runs, pastRun{e.Name(), sync.OnceValue(func() *evidence.Bundle {
			if b, err := evidence.ReadRecord(dir); err == nil && !b.Altered {
				return b
			}
			return nil
		})})
	}
	return h
}

// read reads all of them.
func (h *history) read() {
	for _, p := range h.runs {
		p.bundle()
	}
}

// duration is how long a command took last time; 0 where none is known.
func (h *history) duration(key string) time.Duration {
	for _, p := range h.runs {
		if c := p.bundle().Command(key); c != nil && c.Outcome == evidence.Exited {
			return time.Duration(c.DurationMS) * time.Millisecond
		}
	}
	return 0
}

// reusable returns the evidence of an earlier pass of the same command on the
// same clean tree with the same environment and tools, if it is new enough.
func (h *history) reusable(c *plan.Command, now *evidence.Bundle, limit time.Duration) *evidence.Command {
	if limit <= 0 || now.Subject.Worktree.State != evidence.WorktreeClean || len(now.Subject.Worktree.Beside)+len(now.Subject.Worktree.ByHand) > 0 {
		return nil
	}
	for _, p := range h.runs {
		old := p.bundle()
		e := old.Command(c.Key)
		if e == nil || e.Reused != nil || time.Since(e.Started) > limit || failed(e, c) || e.Outcome != evidence.Exited || len(e.TreeChanges) > 0 {
			continue
		}
		if slices.ContainsFunc(e.Steps, func(s evidence.Step) bool { return !command.Installed(s.Ran) }) {
			continue
		}
		if len(old.Subject.Worktree.Beside)+len(old.Subject.Worktree.ByHand) > 0 { // what it saw is not all here
			continue
		}
		if old.Subject.Tree != now.Subject.Tree || old.Subject.Worktree.State != evidence.WorktreeClean || !sameEnvironment(&old.Environment, &now.Environment) {
			continue
		}
		again := *e
		again.Reused = &evidence.Reuse{Run: p.id, At: e.Started}
		return &again
	}
	return nil
}

func sameEnvironment(a, b *evidence.Environment) bool {
	return a.OS == b.OS && a.Arch == b.Arch && a.Others == b.Others && slices.Equal(a.Tools, b.Tools) && slices.Equal(a.Set, b.Set)
}

// toolVersions asks the tools that the plan needs for their versions.
func toolVersions(ctx context.Context, p *plan.Plan, env []string) []evidence.Tool {
	asked := map[string][]string{"bash": {"bash", "--version"}}
	for i := range p.Commands {
		for _, s := range p.Commands[i].Shape.Steps {
			switch {
			case strings.HasPrefix(s.Tool, "go ") || s.Tool == "gofmt":
				asked["go"] = []string{"go", "version"}
			case slices.Contains([]string{"vitest", "tsc", "jest", "eslint"}, s.Tool) || strings.HasPrefix(s.Tool, "npm"):
				asked["node"] = []string{"node", "--version"}
			}
		}
	}
	tools := []evidence.Tool{}
	for name, argv := range asked {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = env
		out, err := cmd.Output()
		cancel()
		version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if err != nil {
			version = ""
		}
		tools = append(tools, evidence.Tool{Name: name, Version: version})
	}
	slices.SortFunc(tools, func(a, b evidence.Tool) int { return strings.Compare(a.Name, b.Name) })
	return tools
}

func setupPolicy(limit time.Duration, text string) *policy.Policy {
	return &policy.Policy{Commands: policy.Commands{Timeout: limit, Required: []policy.Required{{Command: text}}}}
}

func sortChanges(changes []evidence.FileChange) {
	slices.SortFunc(changes, func(a, b evidence.FileChange) int { return strings.Compare(a.Path, b.Path) })
}
