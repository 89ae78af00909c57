package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
