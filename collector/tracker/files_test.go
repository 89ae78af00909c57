package tracker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// packetOf reads a packet whose evidence is given.
func packetOf(t *testing.T, evidence string) tracker.Packet {
	t.Helper()
	tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1 Checklist: x\n\n"+evidence), nil)
	require.Len(t, tr.Packets, 1)
	return tr.Packets[0]
}

// A path has characters that Markdown takes for emphasis, and git has forms of its
// own in which it lists files.
func TestListedFiles(t *testing.T) {
	for _, c := range []struct {
		line, path string
		names      string // what the rest of the line still names
	}{
		{"src/__snapshots__/calc.test.ts.snap: the change", "src/__snapshots__/calc.test.ts.snap", ""},
		{"__tests__/a.test.ts: the change", "__tests__/a.test.ts", ""},
		{"__tests__: the change", "__tests__", ""},
		{"src/__tests__: the change", "src/__tests__", ""},
		{"pkg/_x_/a.go", "pkg/_x_/a.go", ""},
		{"_x_/a.go (new)", "_x_/a.go", ""},
		{"src/*/a.ts and lib/*/b.ts", "src/*/a.ts", "lib/*/b.ts"},
		{"**/*_test.go: the change", "**/*_test.go", ""},
		{"src/**/*.snap: the change", "src/**/*.snap", ""},
		{"src/List<T>.cs: the change", "src/List<T>.cs", ""},
		{"app/[id]/page.tsx: the change", "app/[id]/page.tsx", ""},
		{`src/\_\_init\_\_.py: the change`, "src/__init__.py", ""},
		{`src\calc\a.cs: the change`, `src\calc\a.cs`, ""},
		{"a&amp;b.go", "a&b.go", ""},
		{"**src/__tests__/a.ts**: the change", "src/__tests__/a.ts", ""},
		{"**src/a.ts: the change**", "src/a.ts", ""},
		{"*src/a.ts*", "src/a.ts", ""},
		{"[src/__tests__/a.ts](../src/__tests__/a.ts): the change", "src/__tests__/a.ts", ""},
		{"`src/__tests__/a b.ts`: the change", "src/__tests__/a b.ts", ""},
		{"no-cache.go: the change", "no-cache.go", ""},
		{"src/a.ts\n  which goes on", "src/a.ts", ""},
		{"a.go, b.go", "a.go", "b.go"},

		{"M internal/x.go", "internal/x.go", ""},
		{"A  internal/x.go", "internal/x.go", ""},
		{"A\tinternal/x.go", "internal/x.go", ""},
		{"D internal/x.go", "internal/x.go", ""},
		{"?? internal/x.go", "internal/x.go", ""},
		{"MM src/__tests__/x.ts", "src/__tests__/x.ts", ""},
		{"R100 a.go b.go", "a.go", "b.go"},
		{"R100\ta.go\tb.go", "a.go", "b.go"},
		{"R a.go -> b.go", "a.go", "b.go"},
		{"a.go → b.go", "a.go", "b.go"},
		{"`a.go` → `b.go`", "a.go", "b.go"},
		{"`M internal/x.go`", "internal/x.go", ""},
		{"M `internal/x.go`: the change", "internal/x.go", ""},
		{"`R100 a.go -> b.go`", "a.go", "b.go"},
		{"x.go | 12 +++--", "x.go", ""},
		{"`x.go | 12 +++--`", "x.go", ""},
		{".../deep/x.go | 12 +++--", "deep/x.go", ""},
		{"src/{old => new}/x.go | 4 +-", "src/old/x.go", "src/new/x.go"},
		{"src/{ => new}/x.go | 0", "src/x.go", "src/new/x.go"},
		{"12\t3\tx.go", "x.go", ""},
		{"modified: x.go", "x.go", ""},
		{"modified:   src/__tests__/x.ts", "src/__tests__/x.ts", ""},
		{"**Modified:** `x.go`", "x.go", ""},
		{"new file: x.go", "x.go", ""},
		{"renamed: a.go -> b.go", "a.go", "b.go"},
		{"Added `x.go`", "x.go", ""},
		{"Updated src/x.go for it", "src/x.go", ""},
		{"create mode 100644 x.go", "x.go", ""},
		{"x.go (new)", "x.go", ""},
		{"x.go (+12/-3)", "x.go", ""},
		{`"docs/\303\244.md" (new)`, `"docs/\303\244.md"`, ""},
		{`"docs/a b.md": the change`, `"docs/a b.md"`, ""},
	} {
		files := packetOf(t, "### A-1 Review Evidence\n\n```markdown\nFiles changed:\n- "+c.line+"\n```\n").Evidence.Files
		if assert.Len(t, files, 1, c.line) {
			assert.Equal(t, c.path, files[0].Path, c.line)
			assert.Contains(t, files[0].Note, c.names, c.line)
		}
	}
	for _, line := range []string{"None.", "(none)", "n/a", "—", "<path>: <reason>", "2 files changed, 3 insertions(+)", "No code changes."} {
		assert.Empty(t, packetOf(t, "### A-1 Review Evidence\n\n```markdown\nFiles changed:\n- "+line+"\n```\n").Evidence.Files, line)
	}
}

// A command that does not stand in code is what was written all the same.
func TestCommandsOutsideOfCode(t *testing.T) {
	for written, command := range map[string]string{
		"npx vitest run src/__tests__/a.test.ts":      "npx vitest run src/__tests__/a.test.ts",
		"go test ./a/*_test.go ./b/*_test.go":         "go test ./a/*_test.go ./b/*_test.go",
		`go test ./... -run ^Test\_A\_$ -count=1`:     `go test ./... -run ^Test_A_$ -count=1`,
		"go test ./... -run 'Test<T>|_x_' -count=1":   "go test ./... -run 'Test<T>|_x_' -count=1",
		"**npx vitest run src/__tests__/a.test.ts**":  "npx vitest run src/__tests__/a.test.ts",
		"`npx vitest run src/__tests__/a_b_.test.ts`": "npx vitest run src/__tests__/a_b_.test.ts",
	} {
		p := packetOf(t, "### Required Tests\n\n- [x] "+written+" -> exit 0\n\n### A-1 Review Evidence\n\n```markdown\nCommands run + exit codes:\n1. "+written+" -> exit 0\n```\n")
		if assert.Len(t, p.Required, 1, written) && assert.Len(t, p.Evidence.Claims, 1, written) {
			assert.Equal(t, command, p.Required[0].Command)
			assert.Equal(t, command, p.Evidence.Claims[0].Command)
			assert.Equal(t, tracker.ResultExit, p.Required[0].Result.Kind)
		}
	}
	p := packetOf(t, "### A-1 Review Evidence\n\n| Command | Exit |\n|---|---|\n| npx vitest run src/__tests__/a.test.ts | 0 |\n\nnpx vitest run __tests__/b.test.ts -> exit 0\n")
	require.Len(t, p.Evidence.Claims, 2)
	assert.Equal(t, "npx vitest run src/__tests__/a.test.ts", p.Evidence.Claims[0].Command)
	assert.Equal(t, "npx vitest run __tests__/b.test.ts", p.Evidence.Claims[1].Command)
}

// Lists of changed files that are no lists in Markdown.
func TestListedFilesWithoutBullets(t *testing.T) {
	const three = "src/a.go|src/b c.go|docs/d.md"
	for name, c := range map[string]struct{ src, want string }{
		"lines":            {"Files changed:\nsrc/a.go\n`src/b c.go`: the change\ndocs/d.md (new)\n", three},
		"a paragraph":      {"Files changed:\n\nsrc/a.go\n`src/b c.go`\ndocs/d.md\n", three},
		"commas":           {"Files changed: src/a.go, `src/b c.go`, docs/d.md\n", three},
		"commas, notes":    {"Files changed: src/a.go (new, tested), `src/b c.go`; docs/d.md — its page\n", three},
		"commas below":     {"**Files changed**\n\nsrc/a.go, [src/b c.go](../src/b%20c.go), docs/d.md.\n", three},
		"links":            {"Files changed:\n- [src/a.go](../src/a.go)\n- [src/b c.go](../src/b%20c.go): spaces\n- [docs/d.md](d.md)\n", three},
		"code block":       {"### Files changed\n\n```\nsrc/a.go\n\"src/b c.go\"\ndocs/d.md\n```\n", strings.Replace(three, "src/b c.go", `"src/b c.go"`, 1)},
		"indented":         {"Files changed:\n\n    src/a.go\n    docs/d.md\n", "src/a.go|docs/d.md"},
		"table":            {"Files changed:\n\n| Status | Filename |\n|---|---|\n| M | src/a.go |\n| A | `src/b c.go` |\n| M | docs/d.md |\n", three},
		"stat":             {"Files changed:\n\n```\n src/a.go           | 12 ++--\n src/{old => new}/x.go |  4 +-\n docs/p.png         | Bin 0 -> 12 bytes\n 3 files changed, 9 insertions(+), 7 deletions(-)\n```\n", "src/a.go|src/old/x.go|docs/p.png"},
		"stat, in lines":   {"Files changed:\n src/a.go | 12 ++--\n {old => new}/x.go | 4 +-\n 2 files changed, 8 insertions(+)\n", "src/a.go|old/x.go"},
		"name-status":      {"Files changed:\n```text\nM\tsrc/a.go\nR100\told.go\tnew.go\nA  docs/d.md\n```\n", "src/a.go|old.go|docs/d.md"},
		"status, in lines": {"Files changed:\nM  src/a.go\nR100 old.go new.go\n?? docs/d.md\n", "src/a.go|old.go|docs/d.md"},
		"terminal":         {"Files changed:\n```console\n$ git diff --stat main\n src/a.go | 2 +-\n```\n", "src/a.go"},
		"folders":          {"Files changed:\ninternal/importer\nsrc/: all of it\n", "internal/importer|src/"},

		"prose":               {"Files changed:\nOnly the importer, as src/a.go shows.\n", ""},
		"prose with a pair":   {"Files changed:\nread/write locks and client/server code\n", ""},
		"prose in code":       {"Files changed:\n\n```\nOnly the importer.\nsrc/a.go\n```\n", ""},
		"none":                {"Files changed:\nNone.\n", ""},
		"a remark's commas":   {"Files changed: src/a.go: new, tested, and reviewed\n", "src/a.go"},
		"what follows a list": {"Files changed:\n- src/a.go\n\nThe change is small.\n", "src/a.go"},
	} {
		for _, form := range []string{"### A-1 Review Evidence\n\n%", "### A-1 Review Evidence\n\n~~~~markdown\n%~~~~\n"} {
			var paths []string
			src := strings.Replace(form, "%", c.src, 1)
			for _, f := range packetOf(t, src).Evidence.Files {
				paths = append(paths, f.Path)
				line := strings.Split(src, "\n")[f.Pos.Line-9]
				name, _, _ := strings.Cut(strings.ReplaceAll(f.Path, "src/old", "src/{old"), "/")
				assert.Contains(t, string([]rune(line)[f.Pos.Column-1:]), name, "%s: %s", name, f.Pos)
			}
			assert.Equal(t, c.want, strings.Join(paths, "|"), "%s: %s", name, src)
		}
	}
}
