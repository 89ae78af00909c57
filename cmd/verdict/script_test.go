package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/command"
)

func TestMain(m *testing.M) {
	if command.IsWitness(os.Args) {
		os.Exit(command.WitnessMain(os.Args))
	}
	testscript.Main(m, map[string]func(){"verdict": main})
}

// TestScripts runs the command line as a user does, in real repositories.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	testscript.Run(t, scriptParams("testdata/script"))
}

// scriptParams gives scripts git, an identity and this machine's Go caches.
func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GOFLAGS"} {
				out, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				e.Setenv(name, strings.TrimSpace(string(out)))
			}
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("GIT_AUTHOR_NAME", "Ada")
			e.Setenv("GIT_AUTHOR_EMAIL", "ada@example.com")
			e.Setenv("GIT_COMMITTER_NAME", "Ada")
			e.Setenv("GIT_COMMITTER_EMAIL", "ada@example.com")
			e.Setenv("GIT_AUTHOR_DATE", "1770000000 +0000")
			e.Setenv("GIT_COMMITTER_DATE", "1770000000 +0000")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exitcode": exitCodeIs, "hash": hashInto},
	}
}

// exitCodeIs runs "exitcode N program args…" and fails on any other exit code.
func exitCodeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// hashInto replaces HASH in a file with the short hash of HEAD.
func hashInto(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("git", "rev-parse", "--short=8", "HEAD")
	cmd.Dir = ts.MkAbs(".")
	out, err := cmd.Output()
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "HASH", strings.TrimSpace(string(out)))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// TestExitCodesAreDocumented compares the constants with the package comment and
// docs/exit-codes.md.
func TestExitCodesAreDocumented(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	document, err := os.ReadFile("../../docs/exit-codes.md")
	require.NoError(t, err)
	constants, err := os.ReadFile("root.go")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^\texit\w+\s*=\s*(\d+)\s*// (.*)$`).FindAllStringSubmatch(string(constants), -1)
	require.Len(t, found, 5)
	for _, m := range found {
		words := regexp.MustCompile("`").ReplaceAllString(string(document), "")
		assert.Regexp(t, `(?m)^//\t`+m[1]+`\s+`+regexp.QuoteMeta(m[2])+`$`, string(source))
		assert.Contains(t, words, "| "+m[1]+" | "+m[2]+" |")
	}
}
