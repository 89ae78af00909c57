package command_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/verdict/policy"
)

func TestMain(m *testing.M) {
	if command.IsWitness(os.Args) {
		os.Exit(command.WitnessMain(os.Args))
	}
	os.Exit(m.Run())
}

// bench is a folder in which commands run.
type bench struct {
	root, bundle string
	spec         command.Spec
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{root: t.TempDir(), bundle: t.TempDir()}
	logs := filepath.Join(b.bundle, "logs")
	require.NoError(t, os.Mkdir(logs, 0o755))
	program, err := os.Executable()
	require.NoError(t, err)
	w := command.NewWitness(program, filepath.Join(b.bundle, "witness"))
	env := command.NewEnvironment(os.Environ(), nil, nil, nil)
	b.spec = command.Spec{Root: b.root, Bundle: b.bundle, LogDir: logs, Name: "001", Env: env.Env, Timeout: time.Minute, MaxLog: 1 << 20, Secrets: command.NewSecrets(nil), Witness: w}
	return b
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(b.root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
}

func (b *bench) run(t *testing.T, text string) evidence.Command {
	t.Helper()
	return b.runContext(t, context.Background(), text)
}

func (b *bench) runContext(t *testing.T, ctx context.Context, text string) evidence.Command {
	t.Helper()
	p := plan.Build(nil, &policy.Policy{Commands: policy.Commands{Timeout: time.Minute, Required: []policy.Required{{Command: text}}}})
	require.Len(t, p.Commands, 1)
	spec := b.spec
	spec.Command = &p.Commands[0]
	return command.Run(ctx, spec)
}

func (b *bench) log(t *testing.T, e evidence.Command) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.bundle, filepath.FromSlash(e.Log.Path)))
	require.NoError(t, err)
	return string(data)
}

// module is a Go module with one test that passes.
func (b *bench) module(t *testing.T) {
	b.write(t, "go.mod", "module example.com/m\n\ngo 1.22\n")
	b.write(t, "m.go", "package m\n\nfunc Add(a, b int) int { return a + b }\n")
	b.write(t, "m_test.go", "package m\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(2, 2) != 4 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n")
}

func (b *bench) breakTest(t *testing.T) {
	b.write(t, "m.go", "package m\n\nfunc Add(a, b int) int { return a - b }\n")
}

func TestOutcomes(t *testing.T) {
	cases := map[string]struct {
		text    string
		outcome evidence.Outcome
		exit    int
		signal  string
	}{
		"zero":              {"echo a", evidence.Exited, 0, ""},
		"status":            {"exit 7", evidence.Exited, 7, ""},
		"137 is a status":   {"exit 137", evidence.Exited, 137, ""},
		"killed":            {"kill -KILL $$", evidence.Signaled, -1, "SIGKILL"},
		"terminated":        {"kill -TERM $$", evidence.Signaled, -1, "SIGTERM"},
		"and":               {"true && false", evidence.Exited, 1, ""},
		"cd":                {"cd sub && cat x", evidence.Exited, 0, ""},
		"glob":              {"ls sub/*", evidence.Exited, 0, ""},
		"assignment":        {"A=5 bash -c 'exit $A'", evidence.Exited, 5, ""},
		"pipe":              {"echo a | grep -q a", evidence.Exited, 0, ""},
		"pipe masks":        {"false | cat", evidence.Exited, 0, ""},
		"redirection":       {"echo a > out && test -s out", evidence.Exited, 0, ""},
		"no standard input": {"read x || exit 9", evidence.Exited, 9, ""},
		"not found":         {"./nosuch.sh", evidence.Exited, 127, ""},
		"refused":           {"git push", evidence.Refused, -1, ""},
		"no shell text":     {"go test ./... (3s)", evidence.Refused, -1, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write(t, "sub/x", "x\n")
			e := b.run(t, c.text)
			assert.Equal(t, c.outcome, e.Outcome, e.Reason)
			assert.Equal(t, c.exit, e.ExitCode)
			assert.Equal(t, c.signal, e.Signal)
			if c.outcome == evidence.Exited {
				assert.True(t, e.Log.Complete)
			}
		})
	}
}

func TestLogIsKeptExactly(t *testing.T) {
	b := newBench(t)
	e := b.run(t, `printf 'a\xff\x00b\n'; printf 'err\n' >&2; printf 'end'`)
	want := "a\xff\x00b\nerr\nend"
	assert.Equal(t, want, b.log(t, e))
	sum := sha256.Sum256([]byte(want))
	assert.Equal(t, hex.EncodeToString(sum[:]), e.Log.SHA256)
	assert.Equal(t, int64(len(want)), e.Log.Bytes)
	assert.Equal(t, "a\ufffd\x00b\nerr\nend", e.Log.Head)
}

func TestLargeOutputIsCut(t *testing.T) {
	b := newBench(t)
	e := b.run(t, "head -c 50000000 /dev/zero | tr '\\0' a; echo; echo the end")
	assert.Equal(t, int64(50000000+9), e.Log.Bytes)
	assert.True(t, e.Log.Truncated)
	assert.Less(t, e.Log.Kept, int64(3<<20))
	assert.Contains(t, b.log(t, e), "verdict cut")
	assert.True(t, strings.HasSuffix(b.log(t, e), "the end\n"))
	assert.True(t, strings.HasSuffix(e.Log.Tail, "the end\n"))
	assert.Len(t, e.Log.SHA256, 64)
}

// alive counts processes whose command line holds a mark.
func alive(mark string) int {
	out, _ := exec.Command("pgrep", "-fc", mark).Output()
	n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	return n
}

func TestNothingIsLeft(t *testing.T) {
	cases := map[string]struct {
		text     string
		outcome  evidence.Outcome
		timeout  time.Duration
		leftover bool
	}{
		"time limit":               {"sleep MARK", evidence.TimedOut, 300 * time.Millisecond, false},
		"ignores TERM":             {"trap '' TERM; sleep MARK & wait; sleep MARK", evidence.TimedOut, 300 * time.Millisecond, false},
		"exits 0 on TERM":          {"trap 'exit 0' TERM; sleep MARK & wait", evidence.TimedOut, 300 * time.Millisecond, false},
		"background":               {"sleep MARK & echo started", evidence.Exited, time.Minute, true},
		"daemon":                   {"(setsid sleep MARK >/dev/null 2>&1 &); echo started", evidence.Exited, time.Minute, true},
		"daemon of a daemon":       {"(setsid bash -c 'setsid sleep MARK & sleep 0.1' &); echo started", evidence.Exited, time.Minute, true},
		"grandchild holds output":  {"(sleep MARK &); echo started", evidence.Exited, time.Minute, true},
		"daemon without a name":    {"(env -i setsid sleep MARK &); echo started", evidence.Exited, time.Minute, true},
		"inside a witnessed check": {"go version && (setsid sleep MARK &) ; true", evidence.Exited, time.Minute, true},
	}
	i := 0
	for name, c := range cases {
		i++
		mark := fmt.Sprintf("43%d.%d", os.Getpid(), i)
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.spec.Timeout = c.timeout
			start := time.Now()
			e := b.run(t, strings.ReplaceAll(c.text, "MARK", mark))
			assert.Equal(t, c.outcome, e.Outcome, e.Reason)
			if c.outcome == evidence.TimedOut {
				assert.Equal(t, -1, e.ExitCode)
			}
			assert.Equal(t, c.leftover, e.Leftover > 0, "leftover %d", e.Leftover)
			assert.Less(t, time.Since(start), 20*time.Second)
			assert.True(t, e.Log.Complete)
			require.Eventually(t, func() bool { return alive("sleep "+mark) == 0 }, time.Second, 10*time.Millisecond, "a process is left")
		})
	}
}

// TestSideBySide: a command that ends never ends what another one, or this process
// itself, has just started.
func TestSideBySide(t *testing.T) {
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Add(1)
	go func() {
		defer others.Done()
		for {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, exec.Command("sleep", "0.002").Run())
			}
		}
	}()
	var lanes sync.WaitGroup
	for range 3 {
		b := newBench(t)
		lanes.Add(1)
		go func() {
			defer lanes.Done()
			for i := range 50 {
				b.spec.Name = fmt.Sprint(i)
				e := b.run(t, "sleep 5 >/dev/null 2>&1 & true")
				assert.Equal(t, evidence.Exited, e.Outcome, e.Signal)
				assert.LessOrEqual(t, e.Leftover, 2, "sleep, and the witness before it")
			}
		}()
	}
	lanes.Wait()
	close(stop)
	others.Wait()
}

// TestDaemonBesideAnotherCommand: what left everything behind by which it could be
// known is ended with the command that started it, while another still runs.
func TestDaemonBesideAnotherCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var long sync.WaitGroup
	long.Add(1)
	other := newBench(t)
	started := make(chan struct{})
	other.spec.EveryLine, other.spec.Lines = true, func(string) { close(started) }
	go func() {
		defer long.Done()
		e := other.runContext(t, ctx, "echo started; sleep 300 & wait")
		assert.Equal(t, evidence.Canceled, e.Outcome, "the other command is left alone")
	}()
	<-started
	for i, line := range []string{
		"(env -i setsid sleep MARK >/dev/null 2>&1 </dev/null &); true",
		"bash -c 'setsid env -i bash -c \"setsid sleep MARK & disown\" & disown'; true",
		"env -i perl -e 'use POSIX; fork && exit; POSIX::setsid(); fork && exit; exec qw(sleep MARK)'",
	} {
		mark := fmt.Sprintf("44%d.%d", os.Getpid(), i)
		e := newBench(t).run(t, strings.ReplaceAll(line, "MARK", mark))
		assert.Equal(t, evidence.Exited, e.Outcome, e.Reason)
		assert.Zero(t, alive("sleep "+mark), line)
	}
	cancel()
	long.Wait()
}

func TestInterruption(t *testing.T) {
	for _, c := range []struct {
		cause  error
		want   evidence.Outcome
		reason string
	}{{context.Canceled, evidence.Canceled, ""}, {context.DeadlineExceeded, evidence.TimedOut, "the run's own time limit"}} {
		b := newBench(t)
		ctx, stop := context.WithCancelCause(t.Context())
		b.spec.EveryLine, b.spec.Lines = true, func(string) { stop(c.cause) }
		e := b.runContext(t, ctx, "echo started; sleep 60")
		assert.Equal(t, c.want, e.Outcome)
		assert.Contains(t, e.Reason, c.reason)
	}
}

// TestChecksAreSeen: whoever starts a check, and whatever is made of its status,
// its own end is seen.
func TestChecksAreSeen(t *testing.T) {
	program, err := exec.LookPath("go")
	if err != nil {
		t.Skip("go is not installed")
	}
	lines := map[string]string{
		"plain":                   "go test ./... -count=1",
		"or":                      "go test ./... -count=1 || true",
		"pipe":                    "go test ./... -count=1 2>&1 | tail -3",
		"sequence":                "go test ./... -count=1; echo done",
		"negation":                "! go test ./... -count=1",
		"condition":               "if go test ./... -count=1; then :; fi",
		"substitution":            `echo "$(go test ./... -count=1)"`,
		"set +e":                  "set +e; go test ./... -count=1; go version",
		"bash -c":                 "bash -c 'go test ./... -count=1; true'",
		"timeout":                 "timeout 50 go test ./... -count=1 || true",
		"env":                     "env A=1 go test ./... -count=1 || true",
		"xargs":                   "echo ./... | xargs go test -count=1 || true",
		"find":                    "find . -name '*_test.go' -execdir go test -count=1 \\;",
		"script":                  "./check.sh",
		"bash script":             "bash check.sh",
		"make":                    "make test",
		"trap":                    "trap 'exit 0' EXIT; go test ./... -count=1",
		"function":                "f() { go test ./... -count=1; true; }; f",
		"wait":                    "go test ./... -count=1 & wait $!; true",
		"scrubbed":                `env -i PATH="$PATH" HOME="$HOME" go test ./... -count=1 || true`,
		"scrubbed, by a script":   "bash scrub.sh",
		"by its file":             program + " test ./... -count=1 || true",
		"by its file, in bash -c": "bash -c '" + program + " test ./... -count=1; true'",
		"found":                   "$(command -v go) test ./... -count=1 || true",
		"variable":                "GO=$(which go); $GO test ./... -count=1 || true",
		"words in a variable":     "T='go test'; $T ./... -count=1; true",
		"eval":                    "eval '" + program + " test ./... -count=1 || true'",
		"another PATH":            "bash -c 'PATH=/usr/bin:/bin; " + program + " test ./... -count=1; true'",
	}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			for _, fails := range []bool{false, true} {
				b := newBench(t)
				b.module(t)
				b.write(t, "check.sh", "#!/bin/sh\ngo test ./... -count=1\nexit 0\n")
				b.write(t, "scrub.sh", "env -i PATH=\"$PATH\" HOME=\"$HOME\" go test ./... -count=1\nexit 0\n")
				b.write(t, "Makefile", "test:\n\t-go test ./... -count=1\n")
				if fails {
					b.breakTest(t)
				}
				e := b.run(t, line)
				var seen *evidence.Step
				for i := range e.Steps {
					if s := &e.Steps[i]; s.Tool == "go test" && s.Tests != nil {
						seen = s
					}
				}
				require.NotNil(t, seen, "steps: %+v", e.Steps)
				assert.Equal(t, evidence.Exited, seen.Outcome)
				assert.True(t, seen.Tests.Complete)
				if fails {
					assert.Equal(t, 1, seen.ExitCode)
					assert.Equal(t, 1, seen.Tests.Failed)
				} else {
					assert.Equal(t, 0, seen.ExitCode)
					assert.Equal(t, 1, seen.Tests.Passed)
				}
				_, err := os.Stat(filepath.Join(b.bundle, filepath.FromSlash(seen.Raw)))
				assert.NoError(t, err, "the raw results are kept")
			}
		})
	}
}

func TestOutputStaysAsItIs(t *testing.T) {
	b := newBench(t)
	b.module(t)
	e := b.run(t, "go test ./... -count=1")
	assert.Regexp(t, `^ok  \texample.com/m\t[0-9.]+s\n$`, b.log(t, e))
	e = b.run(t, "go test ./... -count=1 -v")
	assert.Regexp(t, `(?s)^=== RUN   TestAdd\n--- PASS: TestAdd .*PASS\nok  \texample.com/m`, b.log(t, e))
}

func TestFreshResults(t *testing.T) {
	b := newBench(t)
	b.module(t)
	for range 2 {
		e := b.run(t, "go test ./...")
		require.NotEmpty(t, e.Steps)
		require.NotNil(t, e.Steps[0].Tests)
		assert.Zero(t, e.Steps[0].Tests.Cached, "a result from the cache is no observation")
	}
}

func TestMissingToolsAreNotEvaluated(t *testing.T) {
	b := newBench(t)
	b.write(t, "frontend/package.json", "{}")
	b.write(t, "go.mod", "module m\n\ngo 1.22\n\nrequire example.invalid/m v1.0.0\n")
	for _, line := range []string{"GOPROXY=http://127.0.0.1:9 go mod download", "npx vitest run", "cd frontend && npx vitest run", "frontend/node_modules/.bin/tsc --noEmit", "govulncheck-nosuch ./...", "nosuchtool --check && golangci-lint-nosuch run"} {
		e := b.run(t, line)
		assert.True(t, e.NotEvaluated, "%s: %+v", line, e)
		assert.NotEmpty(t, e.Reason)
	}
	e := b.run(t, "cd nosuch && npx vitest run")
	assert.False(t, e.NotEvaluated, "a folder that is not there is a failure of the work")
	assert.Equal(t, 1, e.ExitCode)
}

func TestEnvironment(t *testing.T) {
	env := command.NewEnvironment([]string{
		"PATH=/bin", "HOME=/h", "GITHUB_TOKEN=ghs_verysecretvalue", "MY_API_KEY=abcdefgh12345678", "GITHUB_ENV=/f", "GOFLAGS=-run=NONE", "NODE_OPTIONS=--x", "CLAUDECODE=1", "CI=false", "KEEP_TOKEN=keepthisvalue", "npm_config_registry=r", "BASH_ENV=/x",
	}, []string{"KEEP_TOKEN", "GITHUB_TOKEN"}, []string{"HOME2"}, map[string]string{"EXTRA": "1"})
	joined := strings.Join(env.Env, "\n")
	for _, gone := range []string{"GITHUB_TOKEN", "MY_API_KEY", "GITHUB_ENV", "GOFLAGS", "NODE_OPTIONS", "CLAUDECODE", "BASH_ENV", "npm_config_registry"} {
		assert.NotContains(t, joined, gone+"=")
		assert.Contains(t, env.SetAside, gone)
	}
	for _, there := range []string{"PATH=/bin", "HOME=/h", "CI=true", "KEEP_TOKEN=keepthisvalue", "EXTRA=1", "npm_config_yes=false"} {
		assert.Contains(t, env.Env, there)
	}
	assert.Contains(t, env.Secrets, "ghs_verysecretvalue")
}

func TestStepsKnowWhereTheyRan(t *testing.T) {
	b := newBench(t)
	b.write(t, "sub/x", "")
	e := b.run(t, "cd sub && ls x | cat; cd nosuch; ls")
	var dirs, names []string
	for _, s := range e.Steps {
		dirs = append(dirs, s.Dir)
		names = append(names, s.Argv[0])
	}
	assert.Contains(t, names, "cd", "the cd that failed is seen")
	assert.Contains(t, dirs, "sub")
}

func TestFullDiskIsNoLostVerdict(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	b := newBench(t)
	require.NoError(t, os.Symlink("/dev/full", filepath.Join(b.spec.LogDir, "001.log")))
	e := b.run(t, "echo a; exit 3")
	assert.Equal(t, 3, e.ExitCode)
	assert.False(t, e.Log.Complete)
	assert.Contains(t, e.Reason, "no space left")
}
