package survey

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		version, wanted string
		ok, known       bool
	}{
		{"v20.20.2", ">=20", true, true},
		{"v20.20.2", ">= 20.19.0", true, true},
		{"v20.18.0", "^20.19.0 || >=22.12.0", false, true},
		{"v22.12.0", "^20.19.0 || >=22.12.0", true, true},
		{"v21.0.0", "^20.19.0 || >=22.12.0", false, true},
		{"v20.1.0", "20.x", true, true},
		{"v20.1.0", "20", true, true},
		{"v21.1.0", "20", false, true},
		{"v18.3.1", "18 - 20", true, true},
		{"v20.9.0", "18 - 20", true, true},
		{"v21.0.0", "18 - 20", false, true},
		{"v20.1.5", "~20.1.3", true, true},
		{"v20.2.0", "~20.1.3", false, true},
		{"v0.2.9", "^0.2.3", true, true},
		{"v0.3.0", "^0.2.3", false, true},
		{"v20.0.0", ">20", false, true},
		{"v21.0.0", ">20", true, true},
		{"v20.9.9", "<=20", true, true},
		{"v20.0.0", "<20", false, true},
		{"v20.0.0", "*", true, true},
		{"v20.0.0", "", true, true},
		{"v20.0.0", ">=18 <20", false, true},
		{"v20.0.0", "lts/*", false, false},
		{"v20.0.0", "latest", false, false},
	} {
		v, _ := readVersion(c.version)
		ok, known := satisfies(v, c.wanted)
		assert.Equal(t, c.ok, ok, "%s in %s", c.version, c.wanted)
		assert.Equal(t, c.known, known, c.wanted)
	}
}

const goodWorkflow = `name: verdict
on:
  pull_request:
permissions:
  contents: read
jobs:
  collect:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: verdict collect docs/progress.md
  decide:
    needs: collect
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: actions/checkout@v4
      - run: verdict decide bundle && verdict comment report.json
`

func TestReadWorkflow(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to string // a change to the good one
		want     []string
		fatal    bool
	}{
		{"good", "", "", nil, false},
		{"windows line ends", "\n", "\r\n", nil, false},
		{"quoted depth", "fetch-depth: 0", `fetch-depth: "0"`, nil, false},
		{"one commit alone", "fetch-depth: 0", "fetch-depth: 1", []string{"job collect checks out one commit alone"}, false},
		{"commented depth", "fetch-depth: 0", "# fetch-depth: 0", []string{"job collect checks out one commit alone"}, false},
		{"no permissions", "permissions:\n  contents: read\njobs", "jobs", []string{"job collect has no permissions of its own"}, false},
		{"may write", "permissions:\n  contents: read\njobs", "permissions:\n  contents: write\njobs", []string{"job collect runs the commands and may write"}, false},
		{"one job for both", "run: verdict collect docs/progress.md", "run: verdict run -o r.json; verdict comment r.json", []string{"job collect both runs the commands and comments"}, false},
		{"a module may write", "run: verdict collect docs/progress.md", "run: go run github.com/verdictci/verdict/cmd/verdict@latest collect\n    permissions: write-all", []string{"job collect runs the commands and may write"}, false},
		{"the action may write", "run: verdict collect docs/progress.md", "uses: verdictci/verdict/.github/actions/verdict@main\n    permissions: write-all", []string{"job collect runs the commands and may write"}, false},
		{"foreign code beside the token", "pull_request:", "pull_request_target:", []string{"job collect runs the commands of a pull request on an event"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(goodWorkflow, c.from, c.to)
			if c.from == "" {
				text = goodWorkflow
			}
			w, ok := readWorkflow("v.yml", text)
			require.True(t, ok)
			assert.Equal(t, c.fatal, w.Fatal)
			require.Len(t, w.Problems, len(c.want), "%q", w.Problems)
			for i := range c.want {
				assert.True(t, strings.HasPrefix(w.Problems[i], c.want[i]), w.Problems[i])
			}
		})
	}
	_, ok := readWorkflow("v.yml", "jobs:\n  a:\n    steps:\n      - run: go test ./... # verdict run\n")
	assert.False(t, ok, "a comment runs nothing")
}

// TestDocumentedWorkflowsAreRight: doctor knows the workflows that it sends people
// to, and has nothing against them.
func TestDocumentedWorkflowsAreRight(t *testing.T) {
	text, err := os.ReadFile("../../docs/github.md")
	require.NoError(t, err)
	found := 0
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1) {
		if !bytes.Contains(m[1], []byte("runs-on:")) {
			continue
		}
		found++
		w, ok := readWorkflow("v.yml", string(m[1]))
		assert.True(t, ok, "it runs verdict:\n%s", m[1])
		assert.Empty(t, w.Problems, "%s", m[1])
	}
	assert.Greater(t, found, 2)
}

// repository makes a git repository with two commits.
func repository(t *testing.T, pairs ...string) string {
	t.Helper()
	root := t.TempDir()
	git(t, root, "init", "-q", "-b", "main")
	for n := range 2 {
		for i := 0; i+1 < len(pairs); i += 2 {
			write(t, filepath.Join(root, pairs[i]), pairs[i+1])
		}
		write(t, filepath.Join(root, "n.txt"), strings.Repeat("x", n+1))
		git(t, root, "add", "-A")
		git(t, root, "commit", "-q", "-m", "change")
	}
	return root
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %s: %s", strings.Join(args, " "), out)
}

func check(t *testing.T, checks []Check, name string) Check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, "no check of %s among %v", name, checks)
	c := checks[i]
	assert.NotEmpty(t, c.Detail)
	assert.Equal(t, c.State != OK, c.Cure != "", "a cure where there is something to cure: %v", c)
	return c
}

func TestDoctorOnAHealthyRepository(t *testing.T) {
	root := repository(t, "go.mod", "module a\n\ngo 1.20\n", "a.go", "package a\n", "docs/progress.md", string((&Found{}).Tracker(time.Now())), ".github/workflows/v.yml", goodWorkflow)
	checks := Doctor(context.Background(), root, nil)
	for _, name := range []string{"bash", "git", "go", "clone", "policy", "tracker", "workflow"} {
		assert.Equal(t, OK, check(t, checks, name).State, name)
	}
	assert.Equal(t, "docs/progress.md: 3 packets, 3 required commands", check(t, checks, "tracker").Detail)
	assert.NotContains(t, names(checks), "node", "nothing asks for it")
}

func names(checks []Check) (out []string) {
	for _, c := range checks {
		out = append(out, c.Name)
	}
	return out
}

func TestDoctorOnClones(t *testing.T) {
	origin := repository(t)
	git(t, origin, "config", "uploadpack.allowFilter", "true")
	for _, c := range []struct {
		name  string
		args  []string
		state State
		says  string
	}{
		{"whole", nil, OK, "complete"},
		{"shallow", []string{"--depth=1"}, Warn, "shallow"},
		{"partial", []string{"--filter=blob:none"}, Warn, "partial clone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "clone")
			git(t, origin, slices.Concat([]string{"clone", "-q"}, c.args, []string{"file://" + filepath.ToSlash(origin), dir})...)
			tree := filepath.Join(t.TempDir(), "linked")
			git(t, dir, "worktree", "add", "-q", tree)
			for _, root := range []string{dir, tree} {
				got := check(t, Doctor(context.Background(), root, nil), "clone")
				assert.Equal(t, c.state, got.State)
				assert.Contains(t, got.Detail, c.says)
			}
		})
	}
	assert.Equal(t, Fail, check(t, Doctor(context.Background(), t.TempDir(), nil), "clone").State)
}

func TestDoctorOnPolicyAndTrackers(t *testing.T) {
	one := string((&Found{}).Tracker(time.Now()))
	for _, c := range []struct {
		name            string
		pairs           []string
		policy, tracker State
		says            string
	}{
		{"no tracker", nil, OK, Warn, "no Markdown file"},
		{"two trackers", []string{"a.md", one, "b.md", one}, OK, Warn, "2 files look like trackers: a.md, b.md"},
		{"the policy names one of them", []string{"a.md", one, "b.md", one, "verdict.yaml", "trackers: [b.md]\n"}, OK, OK, "b.md: 3 packets"},
		{"the policy names none that is there", []string{"a.md", one, "verdict.yaml", "trackers: [c.md]\n"}, OK, Fail, `no file matches "c.md"`},
		{"the policy requires commands", []string{"verdict.yaml", "commands: {required: [go vet ./...]}\n"}, OK, OK, "requires commands"},
		{"a policy that cannot be read", []string{"a.md", one, "verdict.yaml", "trackrs: [b.md]\n"}, Fail, OK, "a.md: 3 packets"},
		{"an unknown rule", []string{"a.md", one, "verdict.yaml", "severities: {a/b: note}\n"}, Fail, OK, "a.md"},
		{"a tracker without packets", []string{"c.md", "# Empty\n", "verdict.yaml", "trackers: [c.md]\n"}, OK, Fail, "no packet found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checks := Doctor(context.Background(), repository(t, c.pairs...), []string{"evidence/failed"})
			assert.Equal(t, c.policy, check(t, checks, "policy").State)
			got := check(t, checks, "tracker")
			assert.Equal(t, c.tracker, got.State)
			assert.Contains(t, got.Detail, c.says)
		})
	}
}

// Tools are real programs that say another version, or are missing.
func TestDoctorOnTools(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins for tools are shell scripts")
	}
	root := repository(t, "go.mod", "module a\n\ngo 1.26.3\n", "a.go", "package a\n",
		"package.json", `{"engines": {"node": ">=22"}, "devDependencies": {"vitest": "4"}}`, "package-lock.json", "{}", "a.test.ts", "")
	bin := t.TempDir()
	script := func(name, text string) {
		write(t, filepath.Join(bin, name), "#!/bin/sh\n"+text+"\n")
		require.NoError(t, os.Chmod(filepath.Join(bin, name), 0o755))
	}
	script("bash", "echo GNU bash, version 5.2")
	script("go", `test "$GOTOOLCHAIN" = local && echo go version go1.25.9 linux/amd64`)
	script("node", "echo v20.20.2")
	script("npm", "exit 3")
	t.Setenv("PATH", bin)
	checks := Doctor(context.Background(), root, nil)
	want := map[string]struct {
		state State
		says  string
	}{
		"bash":     {OK, "GNU bash, version 5.2"},
		"git":      {Warn, "not installed"},
		"go":       {Warn, "go1.25.9 linux/amd64; go.mod asks for 1.26.3"},
		"node":     {Warn, "v20.20.2; package.json asks for >=22"},
		"npm":      {Warn, "exit status 3"},
		"packages": {Warn, "nothing is installed in ."},
	}
	for name, w := range want {
		got := check(t, checks, name)
		assert.Equal(t, w.state, got.State, name)
		assert.Contains(t, got.Detail, w.says)
	}
	assert.Equal(t, "run: npm ci", check(t, checks, "packages").Cure)
	require.NoError(t, os.Mkdir(filepath.Join(root, "node_modules"), 0o755))
	assert.Equal(t, OK, check(t, Doctor(context.Background(), root, nil), "packages").State)
}
