package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/publish"
	"github.com/verdictci/verdict/verdict/render"
)

// needNpm skips a test for want of npm, or of what npm fetches.
func needNpm(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
		t.Fatalf("%s is needed: %v", what, err)
	}
	t.Skipf("%s cannot be had here: %v", what, err)
}

// emulated starts a GitHub that nobody here wrote, https://github.com/vercel-labs/emulate,
// installed once for this machine.
func emulated(t *testing.T) (address, appKey string) {
	t.Helper()
	lock, err := os.ReadFile("testdata/emulate/package-lock.json")
	require.NoError(t, err)
	sum := sha256.Sum256(lock)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "verdict-tests", "emulate-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "emulate")); err != nil {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		for _, name := range []string{"package.json", "package-lock.json"} {
			data, err := os.ReadFile("testdata/emulate/" + name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
		}
		out, err := exec.Command("npm", "ci", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		needNpm(t, "emulate", err)
	}
	script, err := os.ReadFile("testdata/emulate/serve.mjs")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serve.mjs"), script, 0o644))
	cmd := exec.Command("node", filepath.Join(dir, "serve.mjs"))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	lines := bufio.NewReader(stdout)
	address, err = lines.ReadString('\n')
	require.NoError(t, err)
	key, err := lines.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(key, &appKey))
	return strings.TrimSpace(address), appKey
}

// TestCommentOnAnotherServer posts to a server that nobody here wrote: one comment,
// found again behind a hundred others, whoever else copies its marker.
func TestCommentOnAnotherServer(t *testing.T) {
	address, appKey := emulated(t)
	ask := func(token, method, path string, body any) map[string]any {
		t.Helper()
		data, err := json.Marshal(body)
		require.NoError(t, err)
		req, err := http.NewRequest(method, address+path, bytes.NewReader(data))
		require.NoError(t, err)
		req.Header.Set("Authorization", "token "+token)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Less(t, resp.StatusCode, 300, "%s %s: %s", method, path, text)
		var out map[string]any
		json.Unmarshal(text, &out)
		return out
	}
	main := ask("tok", "GET", "/repos/octo/r/git/ref/heads/main", nil)["object"].(map[string]any)["sha"].(string)
	root := ask("tok", "GET", "/repos/octo/r/git/commits/"+main, nil)["tree"].(map[string]any)["sha"]
	tree := ask("tok", "POST", "/repos/octo/r/git/trees", map[string]any{"base_tree": root, "tree": []any{map[string]any{"path": "a.txt", "mode": "100644", "type": "blob", "content": "a"}}})["sha"]
	head := ask("tok", "POST", "/repos/octo/r/git/commits", map[string]any{"message": "change", "tree": tree, "parents": []any{main}})["sha"].(string)
	ask("tok", "POST", "/repos/octo/r/git/refs", map[string]any{"ref": "refs/heads/change", "sha": head})
	number := int(ask("tok", "POST", "/repos/octo/r/pulls", map[string]any{"title": "change", "head": "change", "base": "main"})["number"].(float64))

	r := &verdict.Report{Schema: verdict.ReportSchema, Verdict: verdict.Go, Summary: "All is well.", Generated: time.Date(2026, 2, 9, 10, 0, 0, 0, time.UTC), Head: head, Subject: evidence.Subject{Commit: head}}
	file := filepath.Join(t.TempDir(), "report.json")
	post := func() string {
		t.Helper()
		var data bytes.Buffer
		require.NoError(t, render.JSON(&data, r))
		require.NoError(t, os.WriteFile(file, data.Bytes(), 0o644))
		var out, errs bytes.Buffer
		code := execute(context.Background(), []string{"comment", "--repo", "octo/r", "--pr", fmt.Sprint(number), file}, streams{out: &out, err: &errs})
		require.Equal(t, 0, code, errs.String())
		return errs.String()
	}
	t.Setenv("GITHUB_API_URL", address)
	t.Setenv("GITHUB_TOKEN", "tok")
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	marker, err := render.Marker("main")
	require.NoError(t, err)
	comments := fmt.Sprintf("/repos/octo/r/issues/%d/comments", number)
	ask("ada", "POST", comments, map[string]any{"body": marker + "\nmine"})
	assert.Contains(t, post(), "comment created")
	for i := range 110 {
		ask("ada", "POST", comments, map[string]any{"body": fmt.Sprint("remark ", i)})
	}
	assert.Contains(t, post(), "comment unchanged")
	r.Generated = r.Generated.Add(time.Hour)
	assert.Contains(t, post(), "comment updated")

	client, err := publish.New(os.Getenv, nil)
	require.NoError(t, err)
	talk, err := client.Conversation(context.Background(), "octo", "r", number)
	require.NoError(t, err)
	require.Len(t, talk, 112)
	own := 0
	for _, remark := range talk {
		if remark.Own {
			own++
			assert.True(t, strings.HasPrefix(remark.Body, marker))
			assert.Contains(t, remark.Body, "evidence=2026-02-09T11:00:00Z")
		}
	}
	assert.Equal(t, 1, own)
	pr, err := client.FindPullRequest(context.Background(), "octo", "r", head, "octo", "change")
	require.NoError(t, err)
	assert.Equal(t, number, pr.Number)

	// Ten at once leave one comment, with the text of the latest evidence.
	self, err := os.Executable()
	require.NoError(t, err)
	var all []*exec.Cmd
	for i := range 10 {
		r.Generated = time.Date(2026, 2, 10, 10, (i*7)%10, 0, 0, time.UTC)
		var data bytes.Buffer
		require.NoError(t, render.JSON(&data, r))
		file := filepath.Join(t.TempDir(), "report.json")
		require.NoError(t, os.WriteFile(file, data.Bytes(), 0o644))
		cmd := exec.Command(self)
		cmd.Args = []string{"verdict", "comment", "--repo", "octo/r", "--pr", fmt.Sprint(number), "--id", "ten", file}
		require.NoError(t, cmd.Start())
		all = append(all, cmd)
	}
	for _, cmd := range all {
		assert.NoError(t, cmd.Wait())
	}
	ten, err := render.Marker("ten")
	require.NoError(t, err)
	talk, err = client.Conversation(context.Background(), "octo", "r", number)
	require.NoError(t, err)
	var left []string
	for _, remark := range talk {
		if strings.HasPrefix(remark.Body, ten) {
			left = append(left, remark.Body)
		}
	}
	require.Len(t, left, 1)
	assert.Contains(t, left[0], "evidence=2026-02-10T10:09:00Z")

	// An App has comments of its own, and finds them again.
	key := filepath.Join(t.TempDir(), "app.pem")
	require.NoError(t, os.WriteFile(key, []byte(appKey), 0o600))
	t.Setenv("GITHUB_TOKEN", "")
	t.Setenv("VERDICT_APP_ID", "12")
	t.Setenv("VERDICT_APP_KEY_FILE", key)
	assert.Contains(t, post(), "comment created")
	r.Generated = r.Generated.Add(time.Hour)
	assert.Contains(t, post(), "comment updated")
}

// TestEventsOfOthers reads the payloads that GitHub's own examples have.
func TestEventsOfOthers(t *testing.T) {
	dir := t.TempDir()
	script := exec.Command("bash", "-ec", `npm pack --silent @octokit/webhooks-examples@7.6.1 >/dev/null; tar -xzf *.tgz package/api.github.com/index.json`)
	script.Dir = dir
	out, err := script.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	needNpm(t, "@octokit/webhooks-examples", err)
	data, err := os.ReadFile(filepath.Join(dir, "package", "api.github.com", "index.json"))
	require.NoError(t, err)
	var events []struct {
		Name     string
		Examples []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(data, &events))
	seen := map[string]int{}
	for _, e := range events {
		for _, payload := range e.Examples {
			path := filepath.Join(dir, "event.json")
			require.NoError(t, os.WriteFile(path, payload, 0o644))
			t.Setenv("GITHUB_EVENT_PATH", path)
			var whole map[string]any
			require.NoError(t, json.Unmarshal(payload, &whole))
			member := func(names ...string) float64 {
				var at any = whole
				for _, name := range names {
					at, _ = at.(map[string]any)[name]
				}
				n, _ := at.(float64)
				return n
			}
			switch got := readEvent(); e.Name {
			case "pull_request":
				assert.EqualValues(t, member("number"), got.PullRequest.Number)
			case "workflow_run":
				assert.EqualValues(t, member("workflow_run", "id"), got.WorkflowRun.ID)
			case "merge_group":
				assert.Equal(t, 104, publish.QueuedPullRequest(whole["merge_group"].(map[string]any)["head_ref"].(string)))
			case "issue_comment":
				var got remarked
				require.NoError(t, json.Unmarshal(payload, &got))
				assert.EqualValues(t, member("comment", "id"), got.Comment.ID)
				assert.EqualValues(t, member("issue", "number"), got.Issue.Number)
			default:
				continue
			}
			seen[e.Name]++
		}
	}
	assert.GreaterOrEqual(t, seen["pull_request"], 20)
	assert.GreaterOrEqual(t, seen["workflow_run"], 4)
	assert.GreaterOrEqual(t, seen["merge_group"], 2)
	assert.GreaterOrEqual(t, seen["issue_comment"], 5)
}
