package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
)

// alter replaces a text in a stored record.
func alter(t *testing.T, dir, old, new string) {
	t.Helper()
	path := filepath.Join(dir, evidence.FileName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), old)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(data, []byte(old), []byte(new)), 0o644))
}

// forge edits a stored record, and seals it as verdict would have.
func forge(t *testing.T, dir, old, new string) {
	t.Helper()
	alter(t, dir, old, new)
	b, err := evidence.ReadRecord(dir)
	require.NoError(t, err)
	require.NoError(t, evidence.Write(dir, b))
}

func TestCommentOfARun(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	cases := map[string]struct {
		change  func(t *testing.T, h *hub, dir string)
		verdict string
		says    string
	}{
		"as it was collected":   {func(*testing.T, *hub, string) {}, "GO", "bears out|borne out"},
		"of another commit":     {func(t *testing.T, h *hub, dir string) { forge(t, dir, h.head, strings.Repeat("ab", 20)) }, "NO_GO", "the run was about"},
		"of another run":        {func(t *testing.T, _ *hub, dir string) { forge(t, dir, `"run_id": 77`, `"run_id": 78`) }, "NO_GO", "run 78"},
		"of an earlier attempt": {func(t *testing.T, _ *hub, dir string) { forge(t, dir, `"run_attempt": 2`, `"run_attempt": 1`) }, "NO_GO", "attempt 1"},
		"of another event":      {func(t *testing.T, _ *hub, dir string) { forge(t, dir, `"event": "pull_request"`, `"event": "push"`) }, "NO_GO", "push"},
		"without a command": {func(t *testing.T, _ *hub, dir string) {
			b, err := evidence.ReadRecord(dir)
			require.NoError(t, err)
			b.Commands = nil
			require.NoError(t, evidence.Write(dir, b))
		}, "NO_GO", "holds no run of it"},
		"edited where it was stored": {func(t *testing.T, _ *hub, dir string) { alter(t, dir, `"arch": "`, `"arch": "x`) }, "NO_GO", "its seal does not fit"},
		"with another log": {func(t *testing.T, _ *hub, dir string) {
			require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err == nil && strings.HasSuffix(path, ".log") {
					return os.WriteFile(path, []byte("ok\n"), 0o644)
				}
				return err
			}))
		}, "NO_GO", "digest"},
		"with an unknown member":      {func(t *testing.T, _ *hub, dir string) { alter(t, dir, `"schema"`, `"trusted": true, "schema"`) }, "NO_GO", "trusted"},
		"for another tracker":         {func(t *testing.T, _ *hub, dir string) { forge(t, dir, `docs/progress.md`, `other/tracker.md`) }, "NO_GO", "another docs/progress.md"},
		"by a changed workflow":       {func(_ *testing.T, h *hub, _ string) { h.files = append(h.files, ".github/workflows/collect.yml") }, "GO_WITH_CONDITIONS", "alters how its own evidence"},
		"by a run that failed":        {func(_ *testing.T, h *hub, _ string) { h.run["conclusion"] = "failure" }, "GO_WITH_CONDITIONS", "ended with failure"},
		"by a job that was cancelled": {func(_ *testing.T, h *hub, _ string) { h.jobs[0]["conclusion"] = "cancelled" }, "NO_GO", "cancelled"},
		"that is no archive": {func(_ *testing.T, h *hub, dir string) {
			os.RemoveAll(dir)
			os.MkdirAll(dir, 0o755)
			os.WriteFile(filepath.Join(dir, "x"), nil, 0o644)
		}, "NO_GO", "holds no bundle.json"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, dir := pulled(t)
			c.change(t, h, dir)
			h.artifact = zipped(t, dir)
			code, out, stderr := h.comment("--run-id", "77", "--check", "-o", "report.json")
			require.Equal(t, 0, code, stderr)
			assert.Equal(t, c.verdict+"\n", out)
			report, err := os.ReadFile("report.json")
			require.NoError(t, err)
			assert.Regexp(t, c.says, string(report))
			require.Len(t, h.comments, 1)
			assert.Contains(t, h.comments[0], "class="+c.verdict+" ")
			require.Len(t, h.checks, 1)
			want := "success"
			if c.verdict == "NO_GO" {
				want = "failure"
			}
			assert.Equal(t, want, h.checks[0]["conclusion"])
			assert.Equal(t, "verdict: docs/progress.md (main)", h.checks[0]["name"])
			assert.Equal(t, h.head, h.checks[0]["head_sha"])

			_, _, stderr = h.comment("--run-id", "77")
			assert.Contains(t, stderr, "comment ")
			assert.Len(t, h.comments, 1, "one comment, edited in place")
		})
	}
}

// TestCommentFallsBack: what is refused is said, and the next way is taken; the
// decision stays what it is.
func TestCommentFallsBack(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	h.refuse["POST comments"] = 403
	code, out, stderr := h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Equal(t, "GO\n", out)
	assert.Contains(t, stderr, "comment not posted")
	assert.Contains(t, stderr, "comments=write", "the permission that was missing is named")
	assert.Len(t, h.checks, 1)

	h.refuse["POST check-runs"] = 403
	code, _, stderr = h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Contains(t, stderr, "status created")
	require.Len(t, h.statuses, 1)
	assert.Equal(t, "success", h.statuses[0]["state"])
	assert.LessOrEqual(t, len([]rune(h.statuses[0]["description"].(string))), 140)

	h.refuse["POST statuses"] = 403
	summary := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	code, out, stderr = h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Equal(t, "GO\n", out, "posting never changes the decision")
	assert.Contains(t, stderr, "job's summary")
	text, err := os.ReadFile(summary)
	require.NoError(t, err)
	assert.Contains(t, string(text), "GO")

	t.Setenv("GITHUB_STEP_SUMMARY", "")
	_, _, stderr = h.comment("--run-id", "77")
	assert.Contains(t, stderr, "in the log")
	assert.Contains(t, stderr, "docs/progress.md at")
}

func TestCommentDryRun(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	code, out, stderr := h.comment("--run-id", "77", "--check", "--dry-run")
	assert.Equal(t, 0, code)
	assert.Equal(t, "comment would be created\ncheck would be created\n", stderr)
	assert.Contains(t, out, "POST "+h.server.URL+"/repos/o/r/issues/7/comments\n{\n  \"body\": \"<!-- verdict:comment id=main -->")
	assert.Contains(t, out, "POST "+h.server.URL+"/repos/o/r/check-runs\n{\n  \"name\": \"verdict: docs/progress.md (main)\"")
	assert.Contains(t, out, `"conclusion": "success"`)
	assert.Empty(t, h.comments)
	assert.Empty(t, h.checks)
}

// TestCommentOfANewDecision: people are told of another decision by another
// comment; the same decision is edited in place.
func TestCommentOfANewDecision(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	h.comment("--run-id", "77")
	h.jobs[0]["conclusion"] = "cancelled"
	_, _, stderr := h.comment("--run-id", "77")
	assert.Contains(t, stderr, "comment created")
	require.Len(t, h.comments, 2)
	assert.Contains(t, h.comments[1], "class=NO_GO")

	later := time.Now().UTC().Add(time.Minute).Format(time.RFC3339)
	h.comments[1] = regexp.MustCompile(`evidence=\S+`).ReplaceAllLiteralString(h.comments[1], "evidence="+later)
	code, _, stderr := h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Contains(t, stderr, "later evidence is there already")
	assert.Contains(t, h.comments[1], "evidence="+later)
}

// TestCommentSaysWhatChanged: the next report is compared with the one that the
// workflow itself kept, and with nothing that a run of the change uploaded under the
// same name.
func TestCommentSaysWhatChanged(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	outputs, kept := filepath.Join(t.TempDir(), "outputs"), t.TempDir()
	t.Setenv("GITHUB_OUTPUT", outputs)
	t.Setenv("GITHUB_WORKFLOW_REF", "o/r/.github/workflows/comment.yml@refs/heads/main")
	_, out, stderr := h.comment("--run-id", "77", "-o", filepath.Join(kept, "report.json"))
	require.Equal(t, "GO\n", out, stderr)
	data, err := os.ReadFile(outputs)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^keep<<(\S+)\nverdict-report-main-7\n`, string(data))

	h.kept, h.keptBy = zipped(t, kept), "pull_request"
	h.jobs[0]["conclusion"] = "cancelled"
	h.comment("--run-id", "77")
	require.Len(t, h.comments, 2)
	assert.NotContains(t, h.comments[1], "Changes since the last report")

	h.keptBy = "workflow_run"
	_, _, stderr = h.comment("--run-id", "77")
	assert.NotContains(t, stderr, "not compared")
	require.Len(t, h.comments, 2)
	assert.Regexp(t, `(?s)Changes since the last report .*GO → `+"`NO_GO`"+``, h.comments[1])

	h.kept = []byte("PK")
	_, out, stderr = h.comment("--run-id", "77")
	assert.Equal(t, "NO_GO\n", out)
	assert.Contains(t, stderr, "not compared with the last report")
}

// TestCommentOfACommit: on a push and in a merge queue there is no pull request to
// comment on; the check run shows the decision on the commit.
func TestCommentOfACommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	for event, branch := range map[string]string{"push": "main", "merge_group": "gh-readonly-queue/main/pr-7-" + strings.Repeat("a", 40)} {
		t.Run(event, func(t *testing.T) {
			h, dir := pulled(t)
			forge(t, dir, `"event": "pull_request"`, `"event": "`+event+`"`)
			h.artifact = zipped(t, dir)
			commit := h.head
			h.run["event"], h.run["head_branch"] = event, branch
			h.head = strings.Repeat("b", 40) // the pull request's own
			code, out, stderr := h.comment("--run-id", "77")
			require.Equal(t, 0, code, stderr)
			assert.Equal(t, "GO\n", out)
			assert.Empty(t, h.comments)
			require.Len(t, h.checks, 1)
			assert.Equal(t, commit, h.checks[0]["head_sha"])
		})
	}
	h, _ := pulled(t)
	h.run["event"], h.run["head_branch"] = "merge_group", "main"
	code, _, stderr := h.comment("--run-id", "77")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "no branch of a merge queue")
	h.run["event"] = "pull_request_target"
	code, _, stderr = h.comment("--run-id", "77")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "pull_request_target")
}

// TestCommentTakesFromGitHub: what the evidence leaves out, or says of itself, is not
// asked of it.
func TestCommentTakesFromGitHub(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	decide := func(t *testing.T, h *hub, dir string) (decision, report string) {
		t.Helper()
		h.artifact = zipped(t, dir)
		code, out, stderr := h.comment("--run-id", "77", "-o", "report.json")
		require.Equal(t, 0, code, stderr)
		data, err := os.ReadFile("report.json")
		require.NoError(t, err)
		return strings.TrimSpace(out), string(data)
	}
	second := strings.ReplaceAll(pulledTracker, "A-00", "B-00")
	globbed := map[string]string{"verdict.yaml": "version: 1\ntrackers: ['docs/*.md']\n", "docs/second.md": second}

	t.Run("a tracker that a pattern names", func(t *testing.T) {
		h, dir := pulled(t, globbed)
		decision, report := decide(t, h, dir)
		assert.Equal(t, "NO_GO", decision)
		assert.Contains(t, report, "another docs/second.md")
		h.truncated = true
		_, report = decide(t, h, dir)
		assert.Contains(t, report, "more files than GitHub lists")
	})
	t.Run("one that the change renames away", func(t *testing.T) {
		h, dir := pulled(t, globbed)
		h.git("rm", "-q", "docs/second.md")
		h.git("-c", "user.name=Ada", "-c", "user.email=a@example.com", "commit", "-q", "-m", "A-00: less")
		old := h.head
		h.head = strings.TrimSpace(h.git("rev-parse", "HEAD"))
		h.run["head_sha"] = h.head
		forge(t, dir, old, h.head)
		decision, report := decide(t, h, dir)
		assert.Equal(t, "NO_GO", decision)
		assert.Contains(t, report, "the head has no tracker docs/second.md")
	})
	t.Run("the register of the plan", func(t *testing.T) {
		plan := "# Plan\n\n## Risk Register\n\n| ID | Severity | Risk | Mitigation Packet |\n|---|---|---|---|\n| R1 | High | The pump may stop | |\n"
		h, dir := pulled(t, map[string]string{"docs/plan.md": plan, "docs/progress.md": "# Calc\n\nPlan:\n\n- `docs/plan.md`\n\n" + pulledTracker})
		_, report := decide(t, h, dir)
		assert.Contains(t, report, "The pump may stop")
	})
	t.Run("where it belongs", func(t *testing.T) {
		h, dir := pulled(t)
		h.run["run_started_at"], h.run["updated_at"] = "2026-02-09T10:00:00Z", "2026-02-09T10:05:00Z"
		forge(t, dir, `"subject": {`, `"subject": {"remote": "https://evil.example/o/r",`)
		_, report := decide(t, h, dir)
		assert.NotContains(t, report, "evil.example")
		assert.Contains(t, h.comments[0], "evidence=2026-02-09T10:05:00Z run=77.2 head="+h.head, "no later than GitHub says that the run ended")
		assert.Contains(t, h.comments[0], "- Base `"+h.base+"`")
		assert.Contains(t, h.comments[0], "- Policy `verdict.yaml sha256 ")
		assert.NotContains(t, h.comments[0], "evil.example")
	})
	t.Run("evidence that cannot be read", func(t *testing.T) {
		h, _ := pulled(t)
		h.artifact = []byte("PK")
		code, out, stderr := h.comment("--run-id", "77")
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, "NO_GO\n", out)
		assert.Contains(t, h.comments[0], " run=77.2 head="+h.head+" -->")
		assert.Contains(t, h.comments[0], "- Head `"+h.head+"`")
	})
	for event, branch := range map[string]string{"push": "feature", "merge_group": "gh-readonly-queue/main/pr-7-" + strings.Repeat("a", 40)} {
		for _, changed := range []bool{false, true} {
			t.Run(fmt.Sprint(event, " with other workflows: ", changed), func(t *testing.T) {
				change := map[string]string{}
				if changed {
					change[".github/workflows/collect.yml"] = "on: push\n"
				}
				h, dir := pulled(t, map[string]string{".github/workflows/collect.yml": "on: pull_request\n"}, change)
				forge(t, dir, `"event": "pull_request"`, `"event": "`+event+`"`)
				h.run["event"], h.run["head_branch"] = event, branch
				decision, report := decide(t, h, dir)
				if !changed {
					assert.Equal(t, "GO", decision)
					return
				}
				assert.Equal(t, "GO_WITH_CONDITIONS", decision)
				assert.Contains(t, report, "in another way than on main")
			})
		}
	}
}

// TestCommentOfAClosedPullRequest: the check run shows the decision all the same.
func TestCommentOfAClosedPullRequest(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	h.state = "closed"
	code, out, stderr := h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Equal(t, "GO\n", out)
	assert.Contains(t, stderr, "comment not posted: post comment: it is closed")
	assert.Empty(t, h.comments)
	assert.Len(t, h.checks, 1)

	h.state, h.head = "open", strings.Repeat("b", 40) // it was pushed over
	code, _, stderr = h.comment("--run-id", "77")
	assert.Equal(t, 0, code)
	assert.Contains(t, stderr, "nothing to decide")
	assert.Empty(t, h.comments)
}

// TestRenderIsWhatIsPosted: byte for byte.
func TestRenderIsWhatIsPosted(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.artifact = zipped(t, dir)
	h.permission["ada"] = "write"
	for _, flags := range [][]string{nil, {"--id", "nightly", "--report-url", "https://ci.example/7"}} {
		code, _, stderr := h.comment(append([]string{"--run-id", "77", "--check", "-o", "report.json"}, flags...)...)
		require.Equal(t, 0, code, stderr)
		shown := func(target string) string {
			var out, errs bytes.Buffer
			args := append([]string{"render", "--target", target, "report.json"}, flags...)
			require.Equal(t, 0, execute(context.Background(), args, streams{out: &out, err: &errs}), errs.String())
			return out.String()
		}
		check := h.checks[len(h.checks)-1]["output"].(map[string]any)
		assert.Equal(t, h.last(), shown("comment"))
		assert.Equal(t, check["title"], shown("status"))
		assert.Equal(t, check["summary"], shown("check"))
		assert.Equal(t, check["text"], shown("check-text"))
	}
	assert.Len(t, h.comments, 2, "another id is another comment")
	assert.Equal(t, "verdict nightly: docs/progress.md (main)", h.checks[1]["name"])
}
