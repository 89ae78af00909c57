package tracker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// scopeOf writes a packet's scope as "in" and "-out" patterns.
func scopeOf(p *tracker.Packet) string {
	var out []string
	for _, s := range p.Scope {
		if s.Out {
			s.Pattern = "-" + s.Pattern
		}
		out = append(out, s.Pattern)
	}
	return strings.Join(out, " ")
}

// One line of a scope, where it says what may be touched and where it says what must
// not be.
func TestScopeLines(t *testing.T) {
	for _, c := range []struct{ line, in, out string }{
		{"src/importer/**", "src/importer/**", "-src/importer/**"},
		{"`src/importer/**`", "src/importer/**", "-src/importer/**"},
		{"src/**, docs/**", "src/** docs/**", "-src/** -docs/**"},
		{"`src/a.go`; `src/b.go` and `go.mod`", "src/a.go src/b.go go.mod", "-src/a.go -src/b.go -go.mod"},
		{"src/a.go,src/b.go", "src/a.go src/b.go", "-src/a.go -src/b.go"},
		{"./src/a.go and /docs/", "src/a.go docs/", "-src/a.go -docs/"},
		{"**src/a.go**, *src/b.go*", "src/a.go src/b.go", "-src/a.go -src/b.go"},
		{"**/*_test.go", "**/*_test.go", "-**/*_test.go"},
		{"*.go", "*.go", "-*.go"},
		{"src/**/*.{ts,tsx}, e2e/", "src/**/*.{ts,tsx} e2e/", "-src/**/*.{ts,tsx} -e2e/"},
		{"app/(shop)/[id]/page.tsx", "app/(shop)/[id]/page.tsx", "-app/(shop)/[id]/page.tsx"},
		{"src/__tests__/a.ts and __mocks__/b.ts", "src/__tests__/a.ts __mocks__/b.ts", "-src/__tests__/a.ts -__mocks__/b.ts"},
		{"./internal/...", "internal/...", "-internal/..."},
		{"internal/importer", "internal/importer", "-internal/importer"},
		{"src/a.go:12-40", "src/a.go", "-src/a.go"},
		{"\"src/a.go\"", "src/a.go", "-src/a.go"},
		{"`docs/release notes/a b.md`", "docs/release notes/a b.md", "-docs/release notes/a b.md"},
		{"[src/a b.go](../src/a%20b.go)", "src/a b.go", "-src/a b.go"},
		{"`Makefile`, `.github/`, .gitignore", "Makefile .github/ .gitignore", "-Makefile -.github/ -.gitignore"},
		{"only files under `src/importer/` and its tests in `test/importer/`", "src/importer/ test/importer/", "-src/importer/ -test/importer/"},
		{"Everything in src/importer/.", "src/importer/", "-src/importer/"},
		{"Limited to `src/importer/**`", "src/importer/**", "-src/importer/**"},
		{"harden the importer (`src/importer/**`)", "src/importer/**", "-src/importer/**"},

		// exceptions
		{"src/** except src/gen/**", "src/** -src/gen/**", ""},
		{"src/** except src/gen/**, docs/**", "src/** -src/gen/** docs/**", ""},
		{"`src/**` (not `src/gen/`)", "src/** -src/gen/", ""},
		{"`src/**`, `!src/gen/**`", "src/** -src/gen/**", ""},
		{"everything but `src/auth/`", "-src/auth/", "src/auth/"},
		{"anything outside `src/importer/`", "-src/importer/", "src/importer/"},
		{"nothing outside src/importer/", "src/importer/", ""},
		{"`go.mod`, except for its version", "go.mod", ""},

		// a remark allows more, and forbids nothing
		{"src/a.go — and its page docs/a.md", "src/a.go docs/a.md", "-src/a.go"},
		{"`src/a.go`: the change that docs/a.md asks for", "src/a.go docs/a.md", "-src/a.go"},
		{"src/a.go (see `docs/a.md`)", "src/a.go", "-src/a.go"},
		{"`src/a.go` rounds down", "src/a.go", ""},
		{"`src/a.go` and update `docs/a.md` for it", "src/a.go docs/a.md", ""},

		// prose
		{"harden the importer", "", ""},
		{"Harden the importer; no API changes.", "", ""},
		{"fix what docs/issue.md describes", "", ""},
		{"fix the rounding (docs/issue.md)", "", ""},
		{"read/write locks of the store", "", ""},
		{"client/server", "", ""},
		{"Node.js", "", ""},
		{"Node.js and Next.js support", "", ""},
		{"`Importer` and `Parser`", "", ""},
		{"importer.Parse and importer.Read()", "", ""},
		{"`*Config`", "", ""},
		{"`/api/v1/prices`", "", ""},
		{"`go test ./...` passes", "", ""},
		{"https://example.com/a/b.md", "", ""},
		{"github.com/acme/shop", "", ""},
		{"version 1.5, e.g. for i/o", "", ""},
		{"None.", "", ""},
		{"n/a", "", ""},
		{"<path>", "", ""},
	} {
		for label, want := range map[string]string{"Scope": c.in, "Out of scope": c.out} {
			for _, form := range []string{"%:\n\n- *", "%: *", "**%:** *", "- %: *", "- **%**: *", "### %\n\n* *", "### %\n\n*", "%:\n| Path | Why |\n|---|---|\n| * | so |\n", "| Field | Value |\n|---|---|\n| % | * |"} {
				src := strings.Replace(strings.Replace(form, "%", label, 1), "* *", "* "+c.line, 1)
				if src == strings.Replace(form, "%", label, 1) {
					at := strings.LastIndex(src, "*")
					src = src[:at] + c.line + src[at+1:]
				}
				p := packetOf(t, src+"\n")
				assert.Equal(t, want, scopeOf(&p), "%s", src)
				for _, s := range p.Scope {
					line := strings.Split(src, "\n")[s.Pos.Line-9]
					assert.True(t, strings.HasPrefix(string([]rune(line)[s.Pos.Column-1:]), s.Pattern), "%s at %s", s.Pattern, s.Pos)
				}
			}
		}
	}
}

// TestScopeParts is about where a scope stands and where it ends.
func TestScopeParts(t *testing.T) {
	for _, c := range []struct{ name, src, scope, words string }{
		{"both ways", "### Scope\n\n- In: `src/a/**`\n- Out: `src/b/**`\n", "src/a/** -src/b/**", ""},
		{"nested", "- In scope:\n  - src/a/**\n  - src/c.go\n- Out of scope:\n  - src/b/**\n- [x] `src/d.go` is new\n", "src/a/** src/c.go -src/b/**", ""},
		{"nested under a heading", "### Scope\n\n- In scope:\n  - src/a/**\n- Must not touch:\n  - src/b/**\n", "src/a/** -src/b/**", ""},
		{"code block", "Allowed files:\n\n```\n# the importer\nsrc/a/**\nsrc/c.go  # with its test\n```\n", "src/a/**", ""},
		{"table of both", "### Scope\n\n| In scope | Out of scope |\n|---|---|\n| src/a/** | `src/b/**` |\n| src/c.go | |\n", "src/a/** src/c.go -src/b/**", ""},
		{"lines", "### Scope\n\nCode: src/a/**\nTests: test/a/**\n", "src/a/** test/a/**", ""},
		{"labels in a list", "### Allowed files\n\n- Code: src/a/**\n- Tests: `test/a/**`\n", "src/a/** test/a/**", ""},
		{"boxes", "### Scope\n\n- [x] `src/a/**`\n- [x] `src/b.go` rounds down\n", "src/a/**", ""},
		{"boxes below are none", "Must not touch: `src/a/**`\n\n- [x] `src/b.go`\n- `src/c.go`\n", "-src/a/**", ""},
		{"other labels end it", "Scope:\n- src/a/**\n\nRollback:\n- git revert src/b.go\n\nRequired Tests:\n- `go test ./src/c`\n", "src/a/**", ""},
		{"two lines", "Touches: src/a.go,\nsrc/b.go\n", "src/a.go src/b.go", ""},
		{"id in the heading", "### A-1 Scope\n\n- src/a/**\n", "src/a/**", ""},
		{"words beside patterns", "### Scope\n\n- src/a/**\n  - with a retry\n- update the documents\n", "src/a/**", "update the documents"},
		{"words alone", "Scope: harden the importer\n", "", "harden the importer"},
		{"words that lead to a list", "### Scope\n\nOnly these may change:\n\n- src/a/**\n", "src/a/**", ""},
		{"forbidden in words", "Out of scope:\n- the login\n", "", ""},
		{"evidence", "### A-1 Review Evidence\n\n```markdown\nScope:\n- src/a/**\n\nTouches: src/b.go\n```\n", "", ""},
		{"a sentence", "The scope: is set elsewhere.\n\n**Scope** creep in src/a.go is bad.\n", "", ""},
		{"of no packet", "## Scope\n\n- src/a/**\n", "", ""},
	} {
		p := packetOf(t, c.src)
		assert.Equal(t, c.scope, scopeOf(&p), c.name)
		var words []string
		for _, w := range p.ScopeWords {
			words = append(words, w.Text)
		}
		if c.name != "a sentence" {
			assert.Equal(t, c.words, strings.Join(words, "; "), c.name)
		}
	}
}

func TestScopeLabels(t *testing.T) {
	for label, out := range map[string]bool{
		"Scope": false, "In scope": false, "In-scope files": false, "Scope (files)": false, "Allowed files": false, "Allowed paths": false, "Files in scope": false, "Touches": false, "May touch": false, "Files to change": false,
		"Out of scope": true, "Out-of-scope files": true, "Not in scope": true, "Must not touch": true, "Must not be changed": true, "Do not touch": true, "Don't touch": true, "Don’t modify": true, "Forbidden files": true, "Protected paths": true, "Off limits": true, "Off-limits": true, "MUST NOT TOUCH": true,
	} {
		p := packetOf(t, label+":\n- src/a.go\n")
		if assert.Len(t, p.Scope, 1, label) {
			assert.Equal(t, tracker.Scope{Pattern: "src/a.go", Out: out, Pos: tracker.Pos{File: "t.md", Line: 10, Column: 3}}, p.Scope[0], label)
		}
	}
	for _, label := range []string{"Scoped", "Scope creep", "Files changed", "Touched", "Periscope", "Outlook", "Allowed"} {
		p := packetOf(t, label+":\n- src/a.go\n")
		require.Empty(t, p.Scope, label)
	}
}
