package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector"
	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// collectVariable makes this test binary collect and nothing else: what a kill
// test kills.
const collectVariable = "COLLECT_FOR_TEST"

func TestMain(m *testing.M) {
	if command.IsWitness(os.Args) {
		os.Exit(command.WitnessMain(os.Args))
	}
	if spec := os.Getenv(collectVariable); spec != "" {
		os.Exit(collectFor(spec))
	}
	os.Exit(m.Run())
}

type collectSpec struct {
	Root, Dir string
	Commands  []string
	Resume    bool
}

func collectFor(spec string) int {
	var s collectSpec
	if json.Unmarshal([]byte(spec), &s) != nil {
		return 2
	}
	_, err := collector.Collect(context.Background(), options(s.Root, s.Dir, s.Resume, s.Commands...))
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

func options(root, dir string, resume bool, commands ...string) collector.Options {
	p := policy.Default()
	for _, c := range commands {
		p.Commands.Required = append(p.Commands.Required, policy.Required{Command: c})
	}
	return collector.Options{Root: root, Dir: dir, Policy: p, Plan: plan.Build(nil, p), Resume: resume, ToolVersion: "test"}
}

func newRepo(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("1\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*.out\n"), 0o644))
	git(t, dir, "init", "-q", ".")
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "start")
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func runDir(root, name string) string { return filepath.Join(root, ".verdict", "runs", name) }

func collect(t *testing.T, o collector.Options) *evidence.Bundle {
	t.Helper()
	b, err := collector.Collect(context.Background(), o)
	require.NoError(t, err)
	read, err := evidence.Read(o.Dir)
	require.NoError(t, err)
	assert.Equal(t, len(b.Commands), len(read.Commands))
	return b
}

func TestCollect(t *testing.T) {
	root := newRepo(t)
	o := options(root, runDir(root, "1"), false, "echo a", "false", "echo  a", "cat nosuch; echo b", "exit 3")
	var mu sync.Mutex
	var kinds []collector.EventKind
	o.Progress = func(e collector.Event) { mu.Lock(); kinds = append(kinds, e.Kind); mu.Unlock() }
	b := collect(t, o)
	require.Len(t, b.Commands, 4, "equal commands run once")
	assert.True(t, b.Complete)
	assert.Equal(t, []int{0, 1, 0, 3}, []int{b.Commands[0].ExitCode, b.Commands[1].ExitCode, b.Commands[2].ExitCode, b.Commands[3].ExitCode}, "a failure never stops the rest")
	assert.Equal(t, evidence.WorktreeClean, b.Subject.Worktree.State)
	assert.Len(t, b.Subject.Commit, 40)
	assert.Equal(t, "ok", b.Repository.State)
	assert.Contains(t, kinds, collector.EventStart)
	assert.Contains(t, kinds, collector.EventEnd)
	_, err := os.Stat(filepath.Join(o.Dir, "journal.jsonl"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	ignore, err := os.ReadFile(filepath.Join(root, ".verdict", ".gitignore"))
	require.NoError(t, err)
	assert.Equal(t, "*\n", string(ignore))
}

func TestTreeChangesAreSeen(t *testing.T) {
	root := newRepo(t)
	b := collect(t, options(root, runDir(root, "1"), false, "echo 2 > a.txt", "echo 1 > new.txt", "echo 1 > ignored.out", "echo 3 > a.txt", "cat a.txt"))
	var got [][]evidence.FileChange
	for _, c := range b.Commands {
		got = append(got, c.TreeChanges)
	}
	assert.Equal(t, [][]evidence.FileChange{{{Path: "a.txt", Status: "M"}}, {{Path: "new.txt", Status: "?"}}, nil, {{Path: "a.txt", Status: "M"}}, nil}, got)
}

// What a line changes before a check and puts back after it shows, where it was no
// check that wrote.
func TestFilesThatWerePutBackAreSeen(t *testing.T) {
	root := newRepo(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "x.go"), []byte("package x\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "back.sh"), []byte("echo 9 > a.txt\ngo vet x.go\ngit show HEAD:a.txt > a.txt\n"), 0o644))
	golden := "package x\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestX(t *testing.T) {\n\told, _ := os.ReadFile(\"a.txt\")\n\tos.WriteFile(\"a.txt\", nil, 0o644)\n\tos.WriteFile(\"a.txt\", old, 0o644)\n}\n"
	require.NoError(t, os.WriteFile(filepath.Join(root, "x_test.go"), []byte(golden), 0o644))
	git(t, root, "add", "-A")
	git(t, root, "commit", "-qm", "x")
	b := collect(t, options(root, runDir(root, "1"), false,
		"echo 9 > a.txt; go vet x.go; git show HEAD:a.txt > a.txt",
		"mv a.txt ignored.out && go vet x.go && mv ignored.out a.txt",
		"bash ./back.sh",
		"mv x_test.go ignored.out && go test x.go && mv ignored.out x_test.go",
		"go vet x.go && (sleep 0.1; git show HEAD:a.txt > a.txt) & wait $!",
		"git show HEAD:a.txt > a.txt; go vet x.go",
		"go vet x.go; git show HEAD:a.txt > a.txt",
		"gofmt -w x.go && touch x.go && go vet x.go",
		"go test x.go x_test.go && go vet x.go; mkdir -p ignored.out.d",
		"go vet x.go && cat a.txt",
		"(echo '// Code generated by x. DO NOT EDIT.'; cat x.go) > y.go && go vet x.go; rm y.go",
		"cp x.go y.go && go vet x.go y.go; rm y.go",
	))
	saw := func(c evidence.Command) (all []string) {
		for _, s := range c.Steps {
			all = append(all, s.Saw...)
		}
		return all
	}
	last := b.Commands[len(b.Commands)-1]
	assert.Equal(t, []string{"y.go"}, last.Steps[len(last.Steps)-2].Lent, last.Key)
	for i, want := range [][2][]string{{{"a.txt"}}, {{"a.txt"}}, {{"a.txt"}}, {{"x_test.go"}}, {nil, {"a.txt"}}} {
		c := b.Commands[i]
		assert.ElementsMatch(t, want[0], saw(c), c.Key)
		assert.ElementsMatch(t, want[1], c.Rewritten, c.Key)
		assert.Empty(t, c.TreeChanges, c.Key)
	}
	for _, c := range b.Commands[5:] {
		assert.Empty(t, saw(c), c.Key)
		assert.Empty(t, c.Rewritten, c.Key)
		assert.Equal(t, 0, c.ExitCode, c.Log.Head)
	}
}

func TestWriteTokenIsRefused(t *testing.T) {
	root := newRepo(t)
	t.Setenv("GITHUB_EVENT_NAME", "pull_request_target")
	t.Setenv("GITHUB_TOKEN", "x")
	_, err := collector.Collect(context.Background(), options(root, runDir(root, "1"), false, "touch ran"))
	assert.ErrorIs(t, err, collector.ErrWriteToken)
	_, err = os.Stat(filepath.Join(root, "ran"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestOneRunAtATime(t *testing.T) {
	root := newRepo(t)
	o := options(root, runDir(root, "1"), false, "until [ -e go.out ]; do sleep 0.05; done")
	started := make(chan struct{})
	var once sync.Once
	o.Progress = func(e collector.Event) { once.Do(func() { close(started) }) }
	done := make(chan error, 1)
	go func() {
		_, err := collector.Collect(context.Background(), o)
		done <- err
	}()
	<-started
	_, err := collector.Collect(context.Background(), options(root, runDir(root, "2"), false, "true"))
	assert.ErrorIs(t, err, collector.ErrLocked)
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.out"), nil, 0o644))
	require.NoError(t, <-done)
}

func TestInterruptionKeepsWhatWasCollected(t *testing.T) {
	root := newRepo(t)
	ctx, cancel := context.WithCancel(context.Background())
	o := options(root, runDir(root, "1"), false, "echo first", "sleep 60", "echo last")
	o.Progress = func(e collector.Event) {
		if e.Kind == collector.EventStart && e.Key == "sleep 60" {
			cancel()
		}
	}
	b, err := collector.Collect(ctx, o)
	require.NoError(t, err)
	assert.False(t, b.Complete)
	require.Len(t, b.Commands, 3)
	assert.Equal(t, []evidence.Outcome{evidence.Exited, evidence.Canceled, evidence.NotRun}, []evidence.Outcome{b.Commands[0].Outcome, b.Commands[1].Outcome, b.Commands[2].Outcome})
	again := options(root, runDir(root, "1"), true, "echo first", "sleep 60", "echo last")
	again.Plan.Commands[1].Timeout = 100 * time.Millisecond
	b = collect(t, again)
	assert.True(t, b.Complete)
	assert.Equal(t, []evidence.Outcome{evidence.Exited, evidence.TimedOut, evidence.Exited}, []evidence.Outcome{b.Commands[0].Outcome, b.Commands[1].Outcome, b.Commands[2].Outcome})
}

// TestKilled kills a collecting process at random moments: what was collected
// stays readable and says that it is incomplete, nothing is invented, and the run
// goes on. KILL_ROUNDS sets how often.
func TestKilled(t *testing.T) {
	rounds := 6
	if n, err := strconv.Atoi(os.Getenv("KILL_ROUNDS")); err == nil {
		rounds = n
	}
	random := rand.New(rand.NewPCG(5, 6))
	commands := []string{"echo one; sleep 0.05", "echo two; sleep 0.05", "echo three; sleep 0.05; exit 4", "echo four", "echo five; sleep 0.05"}
	program, err := os.Executable()
	require.NoError(t, err)
	for round := range rounds {
		root := newRepo(t)
		dir := runDir(root, "1")
		start := func(resume bool) *exec.Cmd {
			spec, err := json.Marshal(collectSpec{root, dir, commands, resume})
			require.NoError(t, err)
			cmd := exec.Command(program)
			cmd.Env = append(os.Environ(), collectVariable+"="+string(spec))
			cmd.Stderr = os.Stderr
			return cmd
		}
		cmd := start(false)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(random.IntN(600))*time.Millisecond, func() { cmd.Process.Kill() })
		cmd.Wait()
		b, err := evidence.ReadRecord(dir)
		if err != nil {
			_, statErr := os.Stat(filepath.Join(dir, evidence.FileName))
			require.ErrorIs(t, statErr, os.ErrNotExist, "round %d: %v", round, err)
			continue // killed before there was anything
		}
		if !b.Complete {
			require.NoError(t, start(true).Run(), "round %d", round)
		}
		whole, err := evidence.Read(dir)
		require.NoError(t, err)
		require.True(t, whole.Complete)
		var codes []int
		for _, c := range whole.Commands {
			codes = append(codes, c.ExitCode)
		}
		assert.Equal(t, []int{0, 0, 4, 0, 0}, codes, "round %d", round)
	}
}

func TestCleanCheckout(t *testing.T) {
	root := newRepo(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.txt"), []byte("changed\n"), 0o644))
	o := options(root, runDir(root, "1"), false, "cat a.txt", "test -e made")
	o.Policy.Commands.Setup = []string{"touch made"}
	o.At = "HEAD"
	b := collect(t, o)
	assert.True(t, b.Subject.CleanCheckout)
	assert.Equal(t, "1\n", b.Commands[0].Log.Head)
	assert.Equal(t, 0, b.Commands[1].ExitCode)
	require.Len(t, b.Setup, 1)
	_, err := os.Stat(filepath.Join(root, "made"))
	assert.ErrorIs(t, err, os.ErrNotExist, "the user's work tree is never touched")

	o = options(root, runDir(root, "2"), false, "cat a.txt")
	o.Policy.Commands.Setup = []string{"exit 1"}
	o.At = "HEAD"
	b = collect(t, o)
	assert.True(t, b.Commands[0].NotEvaluated)
}

func TestReuse(t *testing.T) {
	root := newRepo(t)
	collect(t, options(root, runDir(root, "1"), false, "echo once", "exit 1"))
	o := options(root, runDir(root, "2"), false, "echo once", "exit 1")
	o.Reuse = time.Hour
	b := collect(t, o)
	require.NotNil(t, b.Commands[0].Reused)
	assert.Equal(t, "1", b.Commands[0].Reused.Run)
	assert.Nil(t, b.Commands[1].Reused, "a failure is never reused")
	again := func(run string) *evidence.Reuse {
		o := options(root, runDir(root, run), false, "echo once")
		o.Reuse = time.Hour
		return collect(t, o).Commands[0].Reused
	}
	t.Setenv("SHLVL", "9")
	assert.NotNil(t, again("2a"), "of the session")
	t.Setenv("NODE_ENV", "production")
	assert.Nil(t, again("2b"), "a variable that the command sees is another one")
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.txt"), []byte("2\n"), 0o644))
	o = options(root, runDir(root, "3"), false, "echo once")
	o.Reuse = time.Hour
	assert.Nil(t, collect(t, o).Commands[0].Reused, "not on another tree")
}

func TestLanesRunSideBySide(t *testing.T) {
	root := newRepo(t)
	o := options(root, runDir(root, "1"), false, "x", "y")
	// two commands in two lanes, each of which waits for the other
	for i, other := range []string{"b", "a"} {
		c := &o.Plan.Commands[i]
		me := []string{"a", "b"}[i]
		c.Run, c.Lane = "touch "+me+".out; for i in $(seq 100); do [ -e "+other+".out ] && exit 0; sleep 0.05; done; exit 1", "lane "+me
	}
	b := collect(t, o)
	assert.Equal(t, []int{0, 0}, []int{b.Commands[0].ExitCode, b.Commands[1].ExitCode})
}

func TestBundleIsCheckedWhenRead(t *testing.T) {
	root := newRepo(t)
	o := options(root, runDir(root, "1"), false, "echo a")
	b := collect(t, o)
	log := filepath.Join(o.Dir, filepath.FromSlash(b.Commands[0].Log.Path))
	cases := map[string]func(*evidence.Bundle){
		"path leaves the folder": func(b *evidence.Bundle) { b.Commands[0].Log.Path = "../../../etc/passwd" },
		"absolute path":          func(b *evidence.Bundle) { b.Commands[0].Log.Path = "/etc/passwd" },
		"log is not there":       func(b *evidence.Bundle) { b.Commands[0].Log.Path = "logs/nosuch" },
		"wrong digest":           func(b *evidence.Bundle) { b.Commands[0].Log.SHA256 = "00" },
		"wrong schema":           func(b *evidence.Bundle) { b.Schema = "x" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			bad := *b
			bad.Commands = slices.Clone(b.Commands)
			change(&bad)
			require.NoError(t, evidence.Write(o.Dir, &bad))
			_, err := evidence.Read(o.Dir)
			assert.Error(t, err)
		})
	}
	require.NoError(t, evidence.Write(o.Dir, b))
	read, err := evidence.Read(o.Dir)
	require.NoError(t, err)
	assert.False(t, read.Altered)
	record := filepath.Join(o.Dir, evidence.FileName)
	whole, err := os.ReadFile(record)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(record, bytes.Replace(whole, []byte(`"complete": true`), []byte(`"complete": false`), 1), 0o644))
	read, err = evidence.Read(o.Dir)
	require.NoError(t, err)
	assert.True(t, read.Altered)
	o.Resume = true
	_, err = collector.Collect(context.Background(), o)
	assert.ErrorContains(t, err, "was changed after it was written")
	require.NoError(t, os.WriteFile(record, whole, 0o644))
	require.NoError(t, os.Remove(log))
	require.NoError(t, os.Symlink("/etc/passwd", log))
	_, err = evidence.Read(o.Dir)
	assert.ErrorContains(t, err, "no plain file")
	require.NoError(t, os.WriteFile(record, []byte(`{"schema":"verdict/bundle/v1","surprise":1}`), 0o644))
	_, err = evidence.Read(o.Dir)
	assert.ErrorContains(t, err, "surprise")
}

func TestTrackersDoNotCountAsChanges(t *testing.T) {
	root := newRepo(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "t.md"), []byte("x"), 0o644))
	o := options(root, runDir(root, "1"), false, "true")
	o.Trackers = []*tracker.Tracker{{Path: "t.md", SHA256: "0"}}
	assert.Equal(t, evidence.WorktreeClean, collect(t, o).Subject.Worktree.State)
}

// TestRevisionsAreThere: a revision that is none is an error before anything runs.
func TestRevisionsAreThere(t *testing.T) {
	root := newRepo(t)
	for _, set := range []func(*collector.Options){func(o *collector.Options) { o.At = "nosuch" }, func(o *collector.Options) { o.Baseline = "nosuch" }, func(o *collector.Options) { o.Head = "nosuch" }} {
		o := options(root, runDir(root, "1"), false, "touch ran.out")
		set(&o)
		_, err := collector.Collect(context.Background(), o)
		assert.ErrorIs(t, err, checkpoint.ErrNoRevision)
		assert.NoFileExists(t, filepath.Join(root, "ran.out"))
	}
}

// TestStepsOfAKilledRun: what witnesses reported to a run that was killed is not taken
// for what they report to the one that goes on.
func TestStepsOfAKilledRun(t *testing.T) {
	root := newRepo(t)
	dir := runDir(root, "1")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "logs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "logs", "001."+strconv.Itoa(os.Getpid())+".steps.jsonl"), []byte(`{"id":"7","step":{"index":0,"argv":["gofmt","-d","."],"tool":"gofmt","probative":true,"outcome":"not_run","exit_code":-1}}`+"\n"), 0o644))
	c := collect(t, options(root, dir, false, "gofmt -d .")).Commands[0]
	require.Len(t, c.Steps, 1)
	assert.Equal(t, evidence.Exited, c.Steps[0].Outcome)
}
