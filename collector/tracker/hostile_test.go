package tracker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// stairs are lists in lists, each on a line of its own.
func stairs(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%s- level %d\n", strings.Repeat("  ", i), i)
	}
	return b.String()
}

// many repeats a form with its number.
func many(n int, form string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, form, i)
	}
	return b.String()
}

// TestHostileForms is about forms that make naive readers slow: each must end.
func TestHostileForms(t *testing.T) {
	const packet = "## A-1 Checklist: x\n\n"
	for name, src := range map[string]string{
		"pipes":             "## Packet Board\n\n| Packet | Status |\n|---|---|\n" + strings.Repeat("|", 300_000) + "\n",
		"nesting":           strings.Repeat("> ", 200_000) + "x\n",
		"lists":             strings.Repeat(" ", 500) + strings.Repeat("- ", 2_000) + "x\n" + strings.Repeat("- ", 200_000) + "x\n",
		"numbered lists":    strings.Repeat("1. ", 200_000) + "x\n",
		"stairs":            stairs(1_500),
		"fences":            strings.Repeat("```markdown\n## A-1 Checklist: x\n", 5_000),
		"quoted fence":      packet + "### Evidence\n\n" + strings.Repeat("> ", 100_000) + "```\n" + strings.Repeat("> ", 100_000) + "x\n",
		"code spans":        strings.Repeat("`a` ", 100_000),
		"back-quotes":       strings.Repeat("`", 100_000),
		"runs":              many(3_000, "%[1]d `"+strings.Repeat("`", 9)) + strings.Repeat(many(300, "`"), 300),
		"one line":          "- [x] " + strings.Repeat("`go test` -> exit 0 ", 20_000),
		"a long line":       strings.Repeat("word ", 2_000_000),
		"stars":             strings.Repeat("*a **b ", 20_000),
		"emphasis":          strings.Repeat("*", 50_000) + "a" + strings.Repeat("*", 50_000),
		"brackets":          strings.Repeat("[", 100_000),
		"pairs of brackets": strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"links":             strings.Repeat("[a](", 100_000),
		"definitions":       many(50_000, "[r%[1]d]: /x\n") + "\n" + many(50_000, "[r%[1]d] "),
		"footnotes":         many(30_000, "[^r%[1]d]\n\n[^r%[1]d]: x\n\n"),
		"rows":              packet + "### Evidence\n\n| Command | Exit |\n|---|---|\n" + strings.Repeat("| `go test ./a` | exit 0 |\n", 50_000),
		"escaped pipes":     packet + "| a | b |\n|---|---|\n" + strings.Repeat("| `a\\|b` | c |\n", 50_000),
		"columns":           packet + strings.Repeat("| a ", 5_000) + "|\n" + strings.Repeat("|---", 5_000) + "|\n" + strings.Repeat("| b ", 5_000) + "|\n",
		"empty rows":        packet + strings.Repeat("|a", 5_000) + "|\n" + strings.Repeat("|-", 5_000) + "|\n" + strings.Repeat("|\n", 50_000),
		"loops":             packet + "### Required Tests\n\n```sh\n" + strings.Repeat("for a in b; do # c\n", 30_000) + "```\n",
		"scope":             packet + "### Scope\n\n- " + strings.Repeat("{", 100_000) + strings.Repeat("`", 100_000) + strings.Repeat("[", 100_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				tracker.Parse("t.md", []byte(src), nil)
			}()
			select {
			case <-done:
			case <-time.After(60 * time.Second):
				t.Fatal("parsing does not end")
			}
		})
	}
}

// TestRefused: what would take too long is read as plain text, with a warning at its
// place; what is only large is read.
func TestRefused(t *testing.T) {
	const head = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1 Checklist: x\n\n"
	for name, c := range map[string]struct {
		hostile, honest, said string
		line                  int // of the warning, in the hostile part
	}{
		"depth":      {stairs(40), stairs(30), "more than 32 deep", 33},
		"quotes":     {strings.Repeat("> ", 40) + "x\n", strings.Repeat("> ", 30) + "x\n", "more than 32 deep", 1},
		"brackets":   {"a\n" + strings.Repeat("[", 200) + "\n", strings.Repeat("[", 100) + "\n\n" + strings.Repeat("[a](b) ", 1_000), "brackets that are not closed", 2},
		"links":      {strings.Repeat("[a](", 5_000) + "\n", strings.Repeat("[a](b) [b]: ", 1_000), "brackets that are not closed", 1},
		"footnotes":  {many(3_000, "[^r%[1]d]: x\n\n"), many(1_000, "a[^r%[1]d]\n\n[^r%[1]d]: b\n\n"), "more than 2,000 footnotes", 3_999},
		"empty rows": {strings.Repeat("|a", 500) + "|\n" + strings.Repeat("|-", 500) + "|\n" + strings.Repeat("|\n", 500), strings.Repeat("|a", 500) + "|\n" + strings.Repeat("|-", 500) + "|\n" + strings.Repeat(strings.Repeat("|b", 500)+"|\n", 500), "nearly empty", 1},
	} {
		t.Run(name, func(t *testing.T) {
			refused := tracker.Parse("t.md", []byte(head+c.hostile+"\n- [x] box\n"), nil)
			require.Len(t, refused.Warnings, 1)
			assert.Contains(t, refused.Warnings[0].Message, c.said)
			assert.Equal(t, strings.Count(head, "\n")+c.line, refused.Warnings[0].Pos.Line)
			require.Len(t, refused.Packets[0].Boxes, 1, "the rest is read")

			read := tracker.Parse("t.md", []byte(head+c.honest+"\n- [x] box\n"), nil)
			assert.Empty(t, read.Warnings)
			require.Len(t, read.Packets[0].Boxes, 1)
		})
	}
	in := tracker.Parse("t.md", []byte(head+"### Evidence\n\n```\nFiles changed:\n- a.go\n"+strings.Repeat("- ", 50)+"x\n```\n"), nil)
	require.Len(t, in.Warnings, 1)
	assert.Equal(t, strings.Count(head, "\n")+6, in.Warnings[0].Pos.Line, "in a fence, too")
}

// TestManyDefinitions: definitions of links are taken from the text, however many.
func TestManyDefinitions(t *testing.T) {
	src := "# T\n\n" + many(1_000, "[r%[1]d]: /x%[1]d.md\n") + "Plan: [the plan][r999]\n"
	tr := tracker.Parse("t.md", []byte(src), nil)
	require.Len(t, tr.Links, 1)
	assert.Equal(t, "/x999.md", tr.Links[0].Target)
	assert.Equal(t, 1_003, tr.Links[0].Pos.Line)
}

// TestEmptyNumber: a number that nothing follows is no item, and no end of another.
func TestEmptyNumber(t *testing.T) {
	p := packetOf(t, "Required Tests:\na\n2.\n3. `go vet ./...`\n")
	require.Len(t, p.Required, 1)
	assert.Equal(t, "go vet ./...", p.Required[0].Command)
}
