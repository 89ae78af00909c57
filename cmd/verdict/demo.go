package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/examples"
)

func newDemoCommand(s streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Build a throwaway repository with false claims, decide, put it right, decide again",
		Long: `Demo builds a small repository with a Go module and a TypeScript front end, whose
tracker says things that the repository does not bear out. It decides (NO_GO),
explains why, puts the work right and decides again (GO_WITH_CONDITIONS).`,
		Example: "  verdict demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), dir, s)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "build the repository in `DIR`, which must not exist (default: a new temporary folder)")
	return cmd
}

// demoTracker is where the demo's tracker stands.
const demoTracker = "docs/progress.md"

// demo is the repository while it is being built.
type demo struct {
	dir      string
	frontend bool     // vitest and tsc are there
	commits  []string // short hashes, one for each archive
}

func runDemo(ctx context.Context, dir string, s streams) error {
	d, err := newDemo(ctx, dir, s)
	if err != nil {
		return err
	}
	for _, archive := range []string{"0-base", "1-discount", "2-vat"} {
		if err := d.commitArchive(ctx, archive); err != nil {
			return err
		}
	}
	if err := d.writeTracker(ctx, false); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "A repository was made in %s.\nIts tracker, %s, says that three packets are done, tested and committed.\n\n$ verdict run %s\n", d.dir, demoTracker, demoTracker)
	if err := d.run(ctx, s, exitNoGo); err != nil {
		return err
	}
	fmt.Fprint(s.out, "\n"+d.explanation()+"\n")
	if err := d.commitArchive(ctx, "3-fixed"); err != nil {
		return err
	}
	if err := d.writeTracker(ctx, true); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "$ verdict run %s\n", demoTracker)
	if err := d.run(ctx, s, exitGo); err != nil {
		return err
	}
	first := ""
	if _, err := exec.LookPath("verdict"); err != nil {
		first = "go install github.com/verdictci/verdict/cmd/verdict@latest, or ./cmd/verdict in a clone; then "
	}
	fmt.Fprintf(s.out, `
What is left is the risk that SHOP-01 defers: no command can decide that.

To try: %scd %s
  verdict show page                             the same as a page
  verdict show                                  the runs so far
  verdict explain                               the rules
  %s          the tracker, to change and run again
`, first, d.dir, demoTracker)
	return nil
}

func newDemo(ctx context.Context, dir string, s streams) (*demo, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, badInput("install git", "build demo: %w", err)
	}
	if dir == "" {
		temp, err := os.MkdirTemp("", "verdict-demo-")
		if err != nil {
			return nil, fmt.Errorf("build demo: %w", err)
		}
		dir = temp
	} else if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, badInput("name a folder that does not exist yet", "build demo: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	d := &demo{dir: dir}
	if err := d.git(ctx, nil, "init", "-q", "-b", "main"); err != nil {
		return nil, err
	}
	d.frontend = d.installFrontend(ctx, s)
	return d, nil
}

// installFrontend installs vitest and tsc from the lock file. Where npm cannot,
// it says so, and the demo does the Go part alone.
func (d *demo) installFrontend(ctx context.Context, s streams) bool {
	npm, err := exec.LookPath("npm")
	if err != nil {
		fmt.Fprintln(s.out, "npm is not installed, so the demo does the Go part alone.")
		return false
	}
	fmt.Fprintln(s.err, "installing vitest and tsc for the demo (npm ci) …")
	lock, err := examples.Demo.ReadFile("demo/package-lock.json")
	if err == nil {
		err = d.write("frontend/package-lock.json", lock)
	}
	if err == nil {
		err = d.extract("0-base")
	}
	var out []byte
	if err == nil {
		cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
		cmd.Dir = filepath.Join(d.dir, "frontend")
		out, err = cmd.CombinedOutput()
	}
	if err != nil {
		fmt.Fprintf(s.out, "npm could not install vitest and tsc, so the demo does the Go part alone.\n  npm ci: %v: %s\n", err, firstLine(out))
		return false
	}
	return true
}

// archive reads one of the demo's archives.
func archive(name string) (*txtar.Archive, error) {
	src, err := examples.Demo.ReadFile("demo/" + name + ".txtar")
	if err != nil {
		return nil, err
	}
	return txtar.Parse(src), nil
}

func (d *demo) extract(name string) error {
	a, err := archive(name)
	if err != nil {
		return err
	}
	for _, f := range a.Files {
		if err := d.write(f.Name, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// commitArchive writes an archive's files and commits them with its comment.
func (d *demo) commitArchive(ctx context.Context, name string) error {
	a, err := archive(name)
	if err != nil {
		return err
	}
	if err := d.extract(name); err != nil {
		return err
	}
	return d.commit(ctx, strings.TrimSpace(string(a.Comment)))
}

func (d *demo) write(name string, data []byte) error {
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("build demo: %w", err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("build demo: %w", err)
	}
	return nil
}

// commit commits everything, at times that give the same hashes on each run.
func (d *demo) commit(ctx context.Context, message string) error {
	when := strconv.Itoa(1770600000+3600*len(d.commits)) + " +0000"
	env := []string{
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=" + when,
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com", "GIT_COMMITTER_DATE=" + when,
	}
	if err := d.git(ctx, env, "add", "-A"); err != nil {
		return err
	}
	if err := d.git(ctx, env, "commit", "-q", "--no-gpg-sign", "-m", message); err != nil {
		return err
	}
	out, err := d.gitCommand(ctx, nil, "rev-parse", "--short=8", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("build demo: %w", err)
	}
	d.commits = append(d.commits, strings.TrimSpace(string(out)))
	return nil
}

func (d *demo) gitCommand(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = d.dir
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull), env...)
	return cmd
}

func (d *demo) git(ctx context.Context, env []string, args ...string) error {
	if out, err := d.gitCommand(ctx, env, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build demo: git %s: %w: %s", args[0], err, firstLine(out))
	}
	return nil
}

// writeTracker writes the tracker with the hashes so far.
func (d *demo) writeTracker(_ context.Context, fixed bool) error {
	t, err := template.ParseFS(examples.Demo, "demo/tracker.md.tmpl")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, struct {
		Commits         []string
		Frontend, Fixed bool
	}{d.commits, d.frontend, fixed}); err != nil {
		return err
	}
	return d.write(demoTracker, out.Bytes())
}

// run does the main job on the demo's repository; want is the exit code that
// the decision should give.
func (d *demo) run(ctx context.Context, s streams, want int) error {
	var flags projectFlags
	p, err := flags.openAt(d.dir, []string{demoTracker})
	if err != nil {
		return err
	}
	err = runAndReport(ctx, p, collectFlags{color: "auto"}, reportFlags{format: "text", failOn: "no-go"}, s)
	got := exitGo
	var status statusError
	if errors.As(err, &status) {
		got = int(status)
	} else if err != nil {
		return err
	}
	if got == exitInterrupted {
		return err
	}
	if got != want {
		return fmt.Errorf("demo ended with exit code %d, want %d; its repository is %s", got, want, d.dir)
	}
	return nil
}

// explanation says which of the tracker's statements the repository does not
// bear out.
func (d *demo) explanation() string {
	lines := []string{}
	if d.frontend {
		lines = append(lines, "'npx vitest run' is said to exit 0; it fails: the price label lacks its colon.")
	}
	lines = append(lines,
		"'go test -run VAT' exits 0, as it says; but no test has that name, so nothing was tested.",
		"The checkpoint 4f2a9c1e is no commit of this repository.")
	var b strings.Builder
	fmt.Fprintf(&b, "Why NO_GO: packet SHOP-02 is said to be done, and %s of its statements do not hold.\n", []string{"", "one", "two", "three"}[len(lines)])
	for i, line := range lines {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, line)
	}
	b.WriteString("Now the work is put right: the label and a test for the VAT are committed, and the\ncommit is recorded as SHOP-02's checkpoint.\n")
	return b.String()
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return oneLine(line)
}
