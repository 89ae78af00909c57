package command

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/testout"
)

// result opens a file for a tool's own results.
func (w *witness) result(kind string) (*os.File, string) {
	name := os.Getenv(envOutputs) + "." + id() + "." + kind + ".jsonl"
	f, err := os.Create(name)
	if err != nil {
		return nil, ""
	}
	return f, name
}

func (w *witness) goTest(cmd *exec.Cmd) func() {
	run, ok := testout.ParseGoTest(w.argv)
	if !ok {
		w.check = &evidence.Check{Files: -1, Packages: -1, Flags: testout.WeakFlags("go test", w.argv)}
		return nil
	}
	r, pw, err := waitedPipe()
	if err != nil {
		return nil
	}
	raw, name := w.result("gotest")
	cmd.Args, cmd.Stdout = fresh(run.Args), pw
	return func() {
		defer r.Close()
		var in io.Reader = &gathered{r: r}
		if raw != nil {
			defer raw.Close()
			in = io.TeeReader(in, &bounded{w: raw, left: maxRaw})
			w.raw = name
		}
		at := place(run.Chdir)
		t, packages, err := run.Read(in, os.Stdout, at)
		if err != nil {
			t.Complete = false
		}
		t.Invented, t.Unrun = w.invented(cmd, run, at, packages)
		t.Flags = weakGoFlags("go test", w.argv)
		w.tests = &t
	}
}

// gathered reads a pipe in few pieces. go test writes each of its results by itself,
// and whoever waits at the pipe is woken for each: it costs go test more than verdict.
type gathered struct {
	r     io.Reader
	empty bool // the last piece was all that was there
}

// gatherFor is how long results may gather: a full pipe never holds go test up, and
// nobody sees the delay.
const gatherFor = 4 * time.Millisecond

func (g *gathered) Read(p []byte) (int, error) {
	if g.empty {
		time.Sleep(gatherFor)
	}
	n, err := g.r.Read(p)
	g.empty = n < len(p)
	return n, err
}

// weakGoFlags are options by which a go command checks less, those in GOFLAGS among
// them.
func weakGoFlags(tool string, argv []string) []string {
	return testout.WeakFlags(tool, append(slices.Clone(argv), strings.Fields(os.Getenv("GOFLAGS"))...))
}

// fresh keeps go test from answering out of its cache: what it remembers of an
// earlier run was not seen in this one.
func fresh(args []string) []string {
	at := slices.Index(args, "-json")
	counted := slices.ContainsFunc(args, func(a string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		return strings.HasPrefix(a, "-") && (name == "count" || name == "test.count")
	})
	if at < 0 || counted || strings.Contains(os.Getenv("GOFLAGS"), "-count") {
		return args
	}
	return slices.Insert(slices.Clone(args), at+1, "-count=1")
}

// maxRaw bounds what is kept of a tool's own results.
const maxRaw = 256 << 20

// bounded writes the first bytes and drops the rest.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	b.w.Write(p[:n]) // what cannot be kept is still counted
	return len(p), nil
}

func (w *witness) vitest(cmd *exec.Cmd) func() {
	reporter := os.Getenv(envReporter)
	args, ok := testout.VitestArgs(w.argv, reporter)
	if !ok || putReporter(reporter) != nil {
		return nil
	}
	raw, name := w.result("vitest")
	if raw == nil {
		return nil
	}
	raw.Close()
	cmd.Args = args
	cmd.Env = append(cmd.Env, testout.VitestOut+"="+name)
	return func() {
		w.tests, w.raw = &evidence.Tests{}, name
		f, err := os.Open(name)
		if err != nil {
			return
		}
		defer f.Close()
		t, err := testout.ReadVitest(f, testout.Place{Root: os.Getenv(envRoot)})
		t.Complete = t.Complete && err == nil
		t.Flags = append(t.Flags, testout.WeakFlags("vitest", w.argv)...)
		w.tests = &t
	}
}

// putReporter makes vitest's reporter where it is not yet; other witnesses may do
// so at the same time.
func putReporter(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return evidence.WriteFile(path, testout.VitestReporter)
}

func (w *witness) goCheck(cmd *exec.Cmd) func() {
	r, pw, err := os.Pipe()
	if err != nil {
		return nil
	}
	cmd.Stderr = pw
	return func() {
		defer r.Close()
		c := testout.ReadCheck(w.tool, io.TeeReader(r, os.Stderr), place(""))
		c.Flags = weakGoFlags(w.tool, w.argv)
		w.check = &c
	}
}
