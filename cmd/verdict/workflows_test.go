package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// actVersion is the runner of workflows without GitHub, https://github.com/nektos/act.
const actVersion = "v0.2.89"

// act installs the runner once for this machine.
func act(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "verdict-tests", "act-"+actVersion)
	bin := filepath.Join(dir, "act")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	cmd := exec.Command("go", "install", "github.com/nektos/act@"+actVersion)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
			t.Fatalf("act cannot be installed: %s", out)
		}
		t.Skipf("act cannot be installed here: %s", out)
	}
	return bin
}

// stub stands in for an action that needs GitHub itself.
func stub(t *testing.T, dir, name, run string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(path, 0o755))
	text := "name: stub\ninputs:\n  path:\n    default: ''\n  name:\n    default: ''\n  ref:\n    default: ''\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: " + run + "\n      env:\n        FROM: ${{ inputs.path }}\n        NAME: ${{ inputs.name }}\n        REF: ${{ inputs.ref }}\n"
	require.NoError(t, os.WriteFile(filepath.Join(path, "action.yml"), []byte(text), 0o644))
	return path
}

// TestWorkflows runs the shipped workflows as they are, from the event of a pull
// request to the comment on it. act knows nothing of permissions: it proves that
// the parts fit together.
func TestWorkflows(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("act runs workflows on the host on Linux")
	}
	if testing.Short() {
		t.Skip("it builds verdict in workflows")
	}
	runner := act(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	scratch := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	// This repository, with a tracker that is decided about in a moment.
	commitInto(t, dir)
	git("init", "-q", "-b", "main", ".")
	git("remote", "add", "origin", "https://github.com/o/r.git")
	tracker := strings.ReplaceAll(pulledTracker, "go test ./... -count=1", "go vet ./templates")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "docs", "release-progress.md"), []byte(tracker), 0o644))
	git("add", "-A")
	git("commit", "-q", "-m", "A-00: base")
	base := git("rev-parse", "HEAD")
	git("commit", "-q", "--allow-empty", "-m", "A-00: change")
	head := git("rev-parse", "HEAD")
	h := newHub(t, dir, base, head)

	uploads := filepath.Join(scratch, "uploads")
	require.NoError(t, os.MkdirAll(uploads, 0o755))
	stubs := map[string]string{
		"actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683":        stub(t, scratch, "checkout", `git clone -q "$CLONED" . && git checkout -q "$REF"`),
		"actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02": stub(t, scratch, "upload", `mkdir -p "$UPLOADS/$NAME" && if [ -d "$FROM" ]; then cp -r "$FROM/." "$UPLOADS/$NAME/"; else cp "$FROM" "$UPLOADS/$NAME/"; fi`),
		"actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5":        stub(t, scratch, "setup-go", "go version"),
	}
	run := func(event string, payload any, workflow string) (string, error) {
		data, err := json.Marshal(payload)
		require.NoError(t, err)
		file := filepath.Join(scratch, event+".json")
		require.NoError(t, os.WriteFile(file, data, 0o644))
		args := []string{event, "-W", ".github/workflows/" + workflow, "-e", file, "--no-cache-server", "--artifact-server-addr", "127.0.0.1", "-P", "ubuntu-24.04=-self-hosted", "-s", "GITHUB_TOKEN=token"}
		for name, value := range map[string]string{"GITHUB_API_URL": h.server.URL, "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "UPLOADS": uploads, "CLONED": dir} {
			args = append(args, "--env", name+"="+value)
		}
		for action, path := range stubs {
			args = append(args, "--local-repository", action+"="+path)
		}
		cmd := exec.Command(runner, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(scratch, "cache"), "GITHUB_TOKEN=", "GITHUB_ACTIONS=")
		for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
			out, err := exec.Command("go", "env", name).Output()
			require.NoError(t, err)
			cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(out)))
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}

	out, err := run("pull_request", map[string]any{"pull_request": map[string]any{"number": 7, "head": map[string]any{"sha": head, "ref": "change"}, "base": map[string]any{"sha": base, "ref": "main"}}}, "collect.yml")
	require.NoError(t, err, out)
	names, err := filepath.Glob(filepath.Join(uploads, "*", "bundle.json"))
	require.NoError(t, err)
	require.Len(t, names, 1, out)
	h.artifact = zipped(t, filepath.Dir(names[0]))

	out, err = run("workflow_run", map[string]any{"workflow_run": map[string]any{"id": 77, "head_branch": "change", "head_repository": map[string]any{"owner": map[string]any{"login": "ada"}}}}, "comment.yml")
	require.NoError(t, err, out)
	require.Len(t, h.comments, 1, out)
	assert.Contains(t, h.comments[0], "class=GO ")
	require.Len(t, h.checks, 1)
	assert.Equal(t, "success", h.checks[0]["conclusion"])
	assert.Equal(t, "verdict: docs/release-progress.md (main)", h.checks[0]["name"])
	assert.FileExists(t, filepath.Join(uploads, "verdict-report-main-7", "report.json"), "the next report is compared with it")
}

// commitInto writes this repository's files, as they are committed, into dir.
func commitInto(t *testing.T, dir string) {
	t.Helper()
	data, err := exec.Command("git", "-C", "../..", "archive", "HEAD").Output()
	if err != nil {
		t.Skip("not in a clone of the repository")
	}
	unpack := exec.Command("tar", "-x", "-C", dir)
	unpack.Stdin = bytes.NewReader(data)
	out, err := unpack.CombinedOutput()
	require.NoError(t, err, string(out))
}
