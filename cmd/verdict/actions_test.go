package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// obeyed finds what a runner of GitHub Actions takes for a command: a line that
// begins with ::, whatever blanks are before it, or that holds ##[. A carriage return
// ends a line as well.
var obeyed = regexp.MustCompile(`(?:^|[\n\r])[\s\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*::|##\[`)

func TestActionsLog(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	for in, want := range map[string]string{
		"plain: a::b\n":       "plain: a::b\n",
		"::error::x\n":        ":\u200b:error::x\n",
		" \u00a0::error::x\n": " \u00a0:\u200b:error::x\n",
		"a\r::error::x\n":     "a\r:\u200b:error::x\n",
		"a ##[error]x":        "a #\u200b#[error]x",
		"####[x]":             "###\u200b#[x]",
		"a\r\nb\r\n":          "a\r\nb\r\n",
	} {
		var out bytes.Buffer
		w := guarded(&out)
		for i := range len(in) { // in pieces
			w.Write([]byte(in[i : i+1]))
		}
		flush(w)
		assert.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	w := guarded(&out)
	w.Write([]byte("before"))
	workflowCommand(w, "group", "a%\n::error::b ##[error]c")
	assert.Equal(t, "before::group::a%25%0A::error::b #\u200b#[error]c\n", out.String())
}

func FuzzActionsLog(f *testing.F) {
	f.Add([]byte("::error::x"), 3)
	f.Add([]byte("\u2003::x\r ##[y]"), 1)
	f.Fuzz(func(t *testing.T, in []byte, at int) {
		t.Setenv("GITHUB_ACTIONS", "true")
		var out bytes.Buffer
		w := guarded(&out)
		at = max(0, min(at, len(in)))
		w.Write(in[:at])
		w.Write(in[at:])
		flush(w)
		assert.False(t, obeyed.Match(out.Bytes()), "%q", out.String())
		assert.Equal(t, strings.ReplaceAll(string(in), "\u200b", ""), strings.ReplaceAll(out.String(), "\u200b", ""))
	})
}

// TestFormatsUnderActions: what machines read says the same under a runner, and holds
// nothing that it obeys.
func TestFormatsUnderActions(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	const hostile = "::error::a ##[error]b\n::error::c ###[x"
	r := &verdict.Report{
		Schema: verdict.ReportSchema, Verdict: verdict.NoGo, Summary: hostile, Subject: evidence.Subject{Commit: strings.Repeat("c", 40)},
		Findings: []verdict.Finding{{Rule: "evidence/failed", ID: hostile, Severity: verdict.Blocker, Message: hostile + strings.Repeat(" ::error::d", 40)}},
		Commands: []verdict.CommandReport{{Key: hostile, Text: hostile, State: verdict.CommandFailed, Evidence: &evidence.Command{Key: hostile, Log: evidence.Log{Tail: hostile}}}},
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "report.json")
	var data bytes.Buffer
	require.NoError(t, render.JSON(&data, r))
	require.NoError(t, os.WriteFile(file, data.Bytes(), 0o644))
	for _, format := range formats[:5] {
		var out, errs bytes.Buffer
		require.Equal(t, 0, execute(t.Context(), []string{"render", "--format", format, file}, streams{out: &out, err: &errs}), errs.String())
		assert.Empty(t, obeyed.FindString(out.String()), format)
		switch format {
		case "json":
			back, err := render.ReadJSON(&out)
			require.NoError(t, err)
			assert.Equal(t, r.Summary, back.Summary)
			assert.Equal(t, r.Findings[0].Message, back.Findings[0].Message)
		case "sarif":
			assert.True(t, json.Valid(out.Bytes()))
		case "junit":
			var all struct{}
			assert.NoError(t, xml.Unmarshal(out.Bytes(), &all))
		}
	}
}

// TestStepOutputs: nothing that is said can end its own value and begin another.
func TestStepOutputs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outputs")
	t.Setenv("GITHUB_OUTPUT", path)
	require.NoError(t, stepOutputs(&verdict.Report{Verdict: "nonsense\ndecision=GO"}, "x\ndecision=GO"))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(data), "\n")
	_, end, ok := strings.Cut(lines[0], "decision<<")
	require.True(t, ok)
	assert.Equal(t, []string{"NO_GO", end}, lines[1:3])
	assert.Equal(t, "bundle<<"+end, lines[3])
	assert.Equal(t, "decision=GO", lines[5], "it is still the value's")
	assert.Equal(t, end, lines[6])
}
