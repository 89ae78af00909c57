package tracker_test

import (
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
