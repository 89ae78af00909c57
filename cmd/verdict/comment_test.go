package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hub is a small GitHub with one repository, one pull request and one run, as far
// as posting a decision asks for it. What GitHub refuses beyond its own
// description is written after its documentation.
type hub struct {
	t         *testing.T
	mu        sync.Mutex
	dir       string // the repository
	base      string
	head      string
	run       map[string]any
	jobs      []map[string]any
	files     []string // that the pull request changes
	artifact  []byte
	kept      []byte         // the archive of the report that an earlier run kept
	keptBy    string         // the event of that run
	refuse    map[string]int // "POST check-runs" → status
	state     string         // of the pull request
	truncated bool           // the list of a commit's files
	comments  []string
	checks    []map[string]any
	statuses  []map[string]any
	server    *httptest.Server

	permission map[string]string // login → what the person may do
	authors    map[int]string    // comment → login; none: the workflow's own
	edited     map[int]bool
	reruns     map[string]int

	api   *description                           // nil: it cannot be had
	asked *openapi3filter.RequestValidationInput // the request that is being answered
}

func newHub(t *testing.T, dir, base, head string) *hub {
	h := &hub{t: t, dir: dir, base: base, head: head, jobs: []map[string]any{{"name": "collect", "conclusion": "success"}}, files: []string{"calc/calc.go"}, refuse: map[string]int{}, state: "open",
		permission: map[string]string{}, authors: map[int]string{}, edited: map[int]bool{}, reruns: map[string]int{}}
	h.run = map[string]any{
		"id": 77, "run_attempt": 2, "event": "pull_request", "head_sha": head, "head_branch": "change", "path": ".github/workflows/collect.yml@refs/heads/main",
		"status": "completed", "conclusion": "success", "html_url": "https://github.com/o/r/actions/runs/77",
		"repository": map[string]any{"full_name": "o/r"}, "head_repository": map[string]any{"owner": map[string]any{"login": "ada"}}, "pull_requests": []any{},
	}
	h.api = published(t)
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	t.Setenv("GITHUB_API_URL", h.server.URL)
	t.Setenv("GITHUB_REPOSITORY", "o/r")
	t.Setenv("GITHUB_TOKEN", "token")
	return h
}

func (h *hub) answer(w http.ResponseWriter, r *http.Request, status int, body any) {
	body = h.api.complete(h.t, h.asked, status, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (h *hub) pull() map[string]any {
	return map[string]any{
		"number": 7, "state": h.state, "head": map[string]any{"sha": h.head, "ref": "change", "repo": map[string]any{"full_name": "ada/r"}},
		"base": map[string]any{"sha": h.base, "ref": "main", "repo": map[string]any{"full_name": "o/r"}},
	}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data, err := io.ReadAll(r.Body)
	assert.NoError(h.t, err)
	h.asked = h.api.judge(h.t, r, data)
	var in map[string]any
	json.Unmarshal(data, &in)
	path := strings.TrimPrefix(r.URL.Path, "/repos/o/r/")
	last := path[strings.LastIndex(path, "/")+1:]
	if strings.HasPrefix(path, "statuses/") {
		last = "statuses"
	}
	if status := h.refuse[r.Method+" "+last]; status != 0 {
		w.Header().Set("X-Accepted-GitHub-Permissions", last+"=write")
		h.answer(w, r, status, map[string]any{"message": "Resource not accessible by integration"})
		return
	}
	switch key := r.Method + " " + path; {
	case key == "GET /user":
		h.answer(w, r, 403, map[string]any{"message": "Resource not accessible by integration"})
	case key == "GET actions/runs/77":
		h.answer(w, r, 200, h.run)
	case key == "GET actions/runs/77/jobs":
		h.answer(w, r, 200, map[string]any{"total_count": len(h.jobs), "jobs": h.jobs})
	case key == "GET actions/runs/77/artifacts":
		h.answer(w, r, 200, map[string]any{"total_count": 1, "artifacts": []any{map[string]any{"id": 5, "name": "verdict-2", "size_in_bytes": len(h.artifact)}}})
	case key == "GET actions/artifacts/5/zip":
		http.Redirect(w, r, h.server.URL+"/blob", http.StatusFound)
	case key == "GET /blob":
		assert.Empty(h.t, r.Header.Get("Authorization"), "the address of an artifact takes no token")
		w.Write(h.artifact)
	case key == "GET actions/artifacts":
		list := []any{}
		if h.kept != nil {
			list = append(list, map[string]any{"id": 6, "name": r.URL.Query().Get("name"), "size_in_bytes": len(h.kept), "workflow_run": map[string]any{"id": 70}})
		}
		h.answer(w, r, 200, map[string]any{"total_count": len(list), "artifacts": list})
	case key == "GET actions/runs/70":
		h.answer(w, r, 200, map[string]any{"id": 70, "event": h.keptBy, "path": ".github/workflows/comment.yml@refs/heads/main"})
	case key == "GET actions/artifacts/6/zip":
		http.Redirect(w, r, h.server.URL+"/blob/kept", http.StatusFound)
	case key == "GET /blob/kept":
		w.Write(h.kept)
	case key == "GET pulls" && h.state == "closed":
		h.answer(w, r, 200, []any{})
	case key == "GET pulls" && r.URL.Query().Get("head") == "ada:change", strings.HasPrefix(key, "GET commits/") && strings.HasSuffix(key, "/pulls"):
		h.answer(w, r, 200, []any{h.pull()})
	case key == "GET /repos/o/r":
		h.answer(w, r, 200, map[string]any{"full_name": "o/r", "default_branch": "main"})
	case strings.HasPrefix(key, "GET git/trees/"):
		entries := []any{}
		for _, name := range strings.Fields(h.git("ls-tree", "-r", "--name-only", last)) {
			entries = append(entries, map[string]any{"path": name, "type": "blob", "mode": "100644", "sha": "0"})
		}
		h.answer(w, r, 200, map[string]any{"sha": last, "truncated": h.truncated, "tree": entries})
	case key == "GET branches/main":
		h.answer(w, r, 200, map[string]any{"name": "main", "commit": map[string]any{"sha": h.base}})
	case key == "GET pulls/7":
		h.answer(w, r, 200, h.pull())
	case key == "GET pulls/7/files":
		var list []any
		for _, f := range h.files {
			list = append(list, map[string]any{"filename": f})
		}
		h.answer(w, r, 200, list)
	case strings.HasPrefix(key, "GET contents/"):
		h.contents(w, r, strings.TrimPrefix(path, "contents/"))
	case key == "GET issues/7/comments":
		list := []any{}
		for i, body := range h.comments {
			user := map[string]any{"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}
			if login := h.authors[i+1]; login != "" {
				user = map[string]any{"id": 1, "login": login, "type": "User"}
			}
			made := time.Date(2026, 2, 9, 10, i, 0, 0, time.UTC)
			changed := made
			if h.edited[i+1] {
				changed = made.Add(time.Hour)
			}
			list = append(list, map[string]any{
				"id": i + 1, "node_id": fmt.Sprint("node", i+1), "body": body, "user": user, "html_url": fmt.Sprint("https://github.com/c/", i+1), "created_at": made, "updated_at": changed,
			})
		}
		h.answer(w, r, 200, list)
	case key == "POST issues/7/comments":
		h.comments = append(h.comments, in["body"].(string))
		h.answer(w, r, 201, map[string]any{"id": len(h.comments), "body": in["body"], "user": map[string]any{"id": 41898282}, "html_url": fmt.Sprint("https://github.com/c/", len(h.comments))})
	case strings.HasPrefix(key, "PATCH issues/comments/"):
		var n int
		fmt.Sscan(last, &n)
		h.comments[n-1] = in["body"].(string)
		h.answer(w, r, 200, map[string]any{"id": n, "html_url": fmt.Sprint("https://github.com/c/", n)})
	case key == "POST check-runs":
		h.checks = append(h.checks, in)
		h.answer(w, r, 201, map[string]any{"id": 9, "html_url": "https://github.com/check/9"})
	case strings.HasPrefix(key, "POST statuses/"):
		h.statuses = append(h.statuses, in)
		h.answer(w, r, 201, map[string]any{"id": 3})
	case strings.HasPrefix(key, "GET collaborators/"):
		login := strings.Split(path, "/")[1]
		h.answer(w, r, 200, map[string]any{"permission": h.permission[login]})
	case key == "GET actions/workflows/collect.yml/runs":
		h.answer(w, r, 200, map[string]any{"total_count": 1, "workflow_runs": []any{map[string]any{"id": 77}}})
	case key == "POST actions/runs/77/rerun":
		h.reruns["77"]++
		h.answer(w, r, 201, map[string]any{})
	case strings.HasPrefix(key, "GET git/commits/"):
		h.answer(w, r, 200, map[string]any{"sha": last, "tree": map[string]any{"sha": strings.Repeat("9", 40)}})
	case key == "POST /graphql":
		h.answer(w, r, 200, map[string]any{"data": map[string]any{}})
	default:
		h.t.Errorf("request that GitHub does not expect here: %s?%s", key, r.URL.RawQuery)
		w.WriteHeader(http.StatusNotFound)
	}
}

// git asks the repository; empty when it does not know.
func (h *hub) git(args ...string) string {
	cmd := exec.Command("git", args...)
	cmd.Dir = h.dir
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

func (h *hub) contents(w http.ResponseWriter, r *http.Request, path string) {
	object := r.URL.Query().Get("ref") + ":" + path
	switch strings.TrimSpace(h.git("cat-file", "-t", object)) {
	case "":
		h.answer(w, r, 404, map[string]any{"message": "Not Found"})
		return
	case "tree":
		entries := []any{}
		for line := range strings.Lines(h.git("ls-tree", object)) {
			f := strings.Fields(line)
			entries = append(entries, map[string]any{"type": map[string]string{"tree": "dir", "blob": "file"}[f[1]], "name": f[3], "path": path + "/" + f[3], "sha": f[2], "size": 0})
		}
		h.answer(w, r, 200, entries)
		return
	}
	out := []byte(h.git("show", object))
	h.answer(w, r, 200, map[string]any{"type": "file", "encoding": "base64", "size": len(out), "sha": "0", "path": path, "content": base64.StdEncoding.EncodeToString(out)})
}

const pulledTracker = `## Packet Board

| Packet | Title | Status | Review State |
|---|---|---|---|
| A-00 | Calc | DONE | APPROVED |

## A-00

Required Tests:
- [x] ` + "`go test ./... -count=1`" + ` -> exit 0
`

// pulled is a repository with a base and a change, and the evidence of the change,
// collected as a workflow would.
func pulled(t *testing.T, files ...map[string]string) (h *hub, evidenceDir string) {
	t.Helper()
	files = append(files, nil, nil) // more of the base, and of the change
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	git("init", "-q", "-b", "main", ".")
	write("go.mod", "module example.com/calc\n\ngo 1.22\n")
	write(".gitignore", ".verdict/\n")
	write("calc/calc_test.go", "package calc\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {}\n")
	write("docs/progress.md", pulledTracker)
	write("verdict.yaml", "version: 1\ntrackers: [docs/progress.md]\n")
	for name, text := range files[0] {
		write(name, text)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "A-00: base")
	base := git("rev-parse", "HEAD")
	write("calc/calc.go", "package calc\n")
	for name, text := range files[1] {
		write(name, text)
	}
	git("add", "-A")
	git("commit", "-q", "-m", "A-00: change")
	head := git("rev-parse", "HEAD")

	t.Chdir(dir)
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": head, "GITHUB_STEP_SUMMARY": "",
	} {
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	code := execute(context.Background(), []string{"collect", "docs/progress.md"}, streams{out: &out, err: &bytes.Buffer{}})
	require.Equal(t, 0, code)
	h = newHub(t, dir, base, head)
	return h, strings.TrimSpace(out.String())
}

// zipped is a folder as an artifact.
func zipped(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	require.NoError(t, w.AddFS(os.DirFS(dir)))
	require.NoError(t, w.Close())
	return b.Bytes()
}

func (h *hub) comment(args ...string) (code int, stdout, stderr string) {
	h.t.Helper()
	var out, err bytes.Buffer
	code = execute(context.Background(), append([]string{"comment"}, args...), streams{out: &out, err: &err})
	return code, out.String(), err.String()
}

func TestCommentOfARun(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	edit := func(t *testing.T, dir, old, new string) {
		t.Helper()
		path := filepath.Join(dir, "bundle.json")
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(data), old)
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(data, []byte(old), []byte(new)), 0o644))
	}
	cases := map[string]struct {
		change  func(t *testing.T, h *hub, dir string)
		verdict string
		says    string
	}{
		"as it was collected":   {func(*testing.T, *hub, string) {}, "GO", "bears out|borne out"},
		"of another commit":     {func(t *testing.T, h *hub, dir string) { edit(t, dir, h.head, strings.Repeat("ab", 20)) }, "NO_GO", "the run was about"},
		"of another run":        {func(t *testing.T, _ *hub, dir string) { edit(t, dir, `"run_id": 77`, `"run_id": 78`) }, "NO_GO", "run 78"},
		"of an earlier attempt": {func(t *testing.T, _ *hub, dir string) { edit(t, dir, `"run_attempt": 2`, `"run_attempt": 1`) }, "NO_GO", "attempt 1"},
		"of another event":      {func(t *testing.T, _ *hub, dir string) { edit(t, dir, `"event": "pull_request"`, `"event": "push"`) }, "NO_GO", "push"},
		"without a command": {func(t *testing.T, _ *hub, dir string) {
			path := filepath.Join(dir, "bundle.json")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			var b map[string]any
			require.NoError(t, json.Unmarshal(data, &b))
			b["commands"] = []any{}
			data, err = json.Marshal(b)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, data, 0o644))
		}, "NO_GO", "holds no run of it"},
		"with another log": {func(t *testing.T, _ *hub, dir string) {
			require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err == nil && strings.HasSuffix(path, ".log") {
					return os.WriteFile(path, []byte("ok\n"), 0o644)
				}
				return err
			}))
		}, "NO_GO", "digest"},
		"with an unknown member":      {func(t *testing.T, _ *hub, dir string) { edit(t, dir, `"schema"`, `"trusted": true, "schema"`) }, "NO_GO", "trusted"},
		"for another tracker":         {func(t *testing.T, _ *hub, dir string) { edit(t, dir, `docs/progress.md`, `other/tracker.md`) }, "NO_GO", "another docs/progress.md"},
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
			path := filepath.Join(dir, "bundle.json")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(data, []byte(`"event": "pull_request"`), []byte(`"event": "`+event+`"`)), 0o644))
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
	rewrite := func(t *testing.T, dir, old, new string) {
		t.Helper()
		path := filepath.Join(dir, "bundle.json")
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(data), old)
		require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(data, []byte(old), []byte(new)), 0o644))
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
		rewrite(t, dir, old, h.head)
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
		rewrite(t, dir, `"subject": {`, `"subject": {"remote": "https://evil.example/o/r",`)
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
				rewrite(t, dir, `"event": "pull_request"`, `"event": "`+event+`"`)
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
