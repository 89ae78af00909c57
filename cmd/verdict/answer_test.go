package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrders(t *testing.T) {
	day := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		body string
		want []order
	}{
		"one":                {"/verdict run", []order{{verb: "run"}}},
		"two among text":     {"Thanks!\n/verdict status\r\n\n/verdict explain evidence/failed\nbye", []order{{verb: "status"}, {verb: "explain", what: "evidence/failed"}}},
		"accept":             {"/verdict accept TRR-03/1f0c2a until 2027-01-31 because the flag stays off", []order{{verb: "accept", what: "TRR-03/1f0c2a", until: day, reason: "the flag stays off"}}},
		"accept for a head":  {"/verdict accept policy/changed/1 @0123abcd4567 until 2027-01-31 because x", []order{{verb: "accept", what: "policy/changed/1", commit: "0123abcd4567", until: day, reason: "x"}}},
		"accept, no reason":  {"/verdict accept A until 2027-01-31", []order{{verb: "accept"}}},
		"accept, no day":     {"/verdict accept A until 2027-02-31 because x", []order{{verb: "accept"}}},
		"quoted":             {"> /verdict run\n> /verdict status", nil},
		"in a fence":         {"```\n/verdict run\n```\n~~~~sh\n/verdict run\n~~~\n/verdict run\n~~~~", nil},
		"after a fence":      {"```\nx\n```\n/verdict run", []order{{verb: "run"}}},
		"an open fence":      {"```\n/verdict run", nil},
		"indented":           {"    /verdict run\n\t/verdict run\n /verdict run", nil},
		"in a list":          {"- /verdict run\n1. /verdict run", nil},
		"in an HTML comment": {"<!--\n/verdict run\n-->\n<!-- /verdict run -->", nil},
		"after one":          {"<!-- x -->\n/verdict run", []order{{verb: "run"}}},
		"in a sentence":      {"say /verdict run to run", nil},
		"a short commit":     {"/verdict accept A @0123abc until 2027-01-31 because x", []order{{verb: "accept"}}}, // one with the same beginning is soon made
		"goes on a quote":    {"> who says\n/verdict run\n\n/verdict status", []order{{verb: "status"}}},
		"goes on a list":     {"- a\n/verdict run", nil},
		"in a code span":     {"see `\n/verdict run\n`", nil},
		"after a code span":  {"see `x`\n/verdict run", []order{{verb: "run"}}},
		"no fence":           {"```x```\n```\n/verdict run\n```", nil},
		"fence of a list":    {"- ```\n  x\n  ```\n\n```\n/verdict run\n```", nil},
		"fence in a list":    {"- a\n  ```\n  x\n```\n/verdict run\n```", nil},
		"in pre":             {"<pre>\n/verdict run\n</pre>\n\n/verdict status", []order{{verb: "status"}}},
		"folded away":        {"<details><summary>x</summary>\n\n/verdict run\n\n</details>", nil},
		"in a longer fence":  {"````\n```\n/verdict run\n  ````\n/verdict status", []order{{verb: "status"}}},
		"in an HTML block":   {"<div>\n```\n\n```\n/verdict run\n```", nil},
		"in a footnote":      {"[^1]: x\n/verdict run", nil},
		"in an instruction":  {"<?\n\n/verdict run\n\n?>", nil},
		"in a declaration":   {"<!DOCTYPE\n\n/verdict run\n\n>", nil},
		"in CDATA":           {"x\n\n<![CDATA[\n\n/verdict run\n]]>", nil},
		"in a link's name":   {"[a\n/verdict run\n]: x", nil},
		"in a table":         {"a\n| - |\n/verdict run", nil},
		"look-alikes":        {"\u2215verdict run\n/v\u0435rdict run\n/verdict\u00a0run\n\ufeff/verdict run\n/verdict r\u200bun\n/VERDICT run", nil},
		"more words":         {"/verdict run now\n/verdict destroy\n/verdictrun\n/verdict", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, orders(c.body)) })
	}
}

// FuzzOrders: whatever stands in a comment, an order is a line of its own that
// begins with /verdict.
func FuzzOrders(f *testing.F) {
	for _, s := range []string{"/verdict run", "```\n/verdict run\n```", "<!--\n/verdict run\n-->", "> /verdict run", "~~~\n```\n/verdict status"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		lines := 0
		for line := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
			if strings.HasPrefix(line, "/verdict ") {
				lines++
			}
		}
		if got := len(orders(body)); got > lines {
			t.Fatalf("%d orders on %d lines", got, lines)
		}
		if quoted := orders("> " + strings.ReplaceAll(body, "\n", "\n> ")); len(quoted) > 0 && !strings.Contains(body, "\r") {
			t.Fatalf("orders in a quote: %v", quoted)
		}
	})
}

// remark posts a comment and lets verdict answer it.
func (h *hub) remark(login, body string, edit func(map[string]any)) (stderr string) {
	h.t.Helper()
	h.mu.Lock()
	h.comments = append(h.comments, body)
	id := len(h.comments)
	h.authors[id] = login
	h.mu.Unlock()
	event := map[string]any{
		"action": "created", "issue": map[string]any{"number": 7, "pull_request": map[string]any{}},
		"comment": map[string]any{"id": id, "body": body, "user": map[string]any{"login": login, "type": "User"}},
	}
	if edit != nil {
		edit(event)
	}
	data, err := json.Marshal(event)
	require.NoError(h.t, err)
	path := filepath.Join(h.t.TempDir(), "event.json")
	require.NoError(h.t, os.WriteFile(path, data, 0o644))
	h.t.Setenv("GITHUB_EVENT_PATH", path)
	var out, errs bytes.Buffer
	code := execute(context.Background(), []string{"answer"}, streams{out: &out, err: &errs})
	require.Equal(h.t, 0, code, errs.String())
	return errs.String()
}

func regexpFind(t *testing.T, form, text string) string {
	t.Helper()
	found := regexp.MustCompile(form).FindString(text)
	require.NotEmpty(t, found, text)
	return found
}

func (h *hub) last() string { return h.comments[len(h.comments)-1] }

func TestAnswer(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	h, dir := pulled(t)
	h.files = append(h.files, ".github/workflows/collect.yml")
	h.artifact = zipped(t, dir)
	h.permission["ada"], h.permission["eve"] = "write", "read"
	code, out, stderr := h.comment("--run-id", "77")
	require.Equal(t, 0, code, stderr)
	require.Equal(t, "GO_WITH_CONDITIONS\n", out)
	decided := len(h.comments)

	n := len(h.comments)
	assert.Contains(t, h.remark("eve", "/verdict run", nil), "may not")
	assert.Contains(t, h.remark("ada", "thanks", nil), "nothing")
	assert.Contains(t, h.remark("ada", "/verdict run", func(e map[string]any) { e["action"] = "edited" }), "nothing")
	assert.Contains(t, h.remark("ada", "/verdict run", func(e map[string]any) { delete(e["issue"].(map[string]any), "pull_request") }), "nothing")
	assert.Len(t, h.comments, n+4, "nobody is answered")
	assert.Empty(t, h.reruns)

	h.remark("ada", "/verdict run", nil)
	assert.Equal(t, 1, h.reruns["77"])
	assert.Contains(t, h.last(), "collected again")
	h.remark("ada", "/verdict status", nil)
	assert.Contains(t, h.last(), `GO\_WITH\_CONDITIONS about`)
	h.remark("ada", "/verdict explain evidence/failed", nil)
	assert.Contains(t, h.last(), "A required command failed")

	// An acceptance is bound to the head, shown, and voided by a push.
	id := regexpFind(t, `trust/distrusted/[0-9a-f]+`, h.comments[decided-1])
	h.remark("ada", "/verdict accept "+id+" @000000000000 until 2099-01-01 because x", nil)
	assert.Contains(t, h.last(), "Not accepted: the head is")
	h.remark("ada", "/verdict accept "+id+" until 2001-01-01 because x", nil)
	assert.Contains(t, h.last(), "that day is over")
	h.remark("ada", "/verdict accept "+id+" until 2099-01-01 because I read the workflow", nil)
	assert.Contains(t, strings.Join(h.comments, "\n"), "Accepted for `"+h.head[:12])
	assert.Contains(t, h.comments[decided-1], "I read the workflow", "who accepted it, and why, is shown")
	assert.Contains(t, h.comments[decided-1], "ada")
	accepted := len(h.comments)

	// Of two lines of a comment only the one counts that was not refused.
	h.remark("ada", "/verdict accept "+id+" @000000000000 until 2099-01-01 because of another head\n/verdict accept nothing/1 until 2099-01-01 because y", nil)
	assert.Contains(t, h.last(), "Not accepted: the head is")
	assert.Contains(t, h.last(), "order=1 ")
	assert.NotContains(t, h.comments[decided-1], "of another head")

	// What the decision said before it was edited is not known.
	h.edited[decided] = true
	h.remark("ada", "/verdict accept nothing/2 until 2099-01-01 because z", nil)
	assert.Contains(t, h.last(), "Not accepted: it is not certain")
	h.remark("ada", "/verdict accept nothing/2 @"+h.head[:12]+" until 2099-01-01 because z", nil)
	assert.Contains(t, h.last(), "Accepted for")
	h.run["status"] = "in_progress" // and nothing is decided about half of the evidence
	assert.Contains(t, h.remark("ada", "/verdict accept nothing/3 @"+h.head[:12]+" until 2099-01-01 because z", nil), "when the run has ended")
	h.run["status"] = "completed"
	delete(h.edited, decided)

	h.edited[accepted-1] = true // the person's own comment, changed afterwards
	h.comment("--run-id", "77")
	assert.NotContains(t, h.comments[decided-1], "I read the workflow")
	delete(h.edited, accepted-1)
	h.permission["ada"] = "read" // the right is asked for again
	h.comment("--run-id", "77")
	assert.NotContains(t, h.comments[decided-1], "I read the workflow")
}
