package tracker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// board is a board of packets C-1 to C-n, all of them done.
func board(n int) string {
	var b strings.Builder
	b.WriteString("## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n")
	for i := range n {
		fmt.Fprintf(&b, "| C-%d | title %d | DONE | APPROVED |\n", i+1, i+1)
	}
	return b.String() + "\n"
}

// What stands under a heading of several packets belongs to each; a heading that
// mentions another packet is about the first.
func TestCombinedHeadings(t *testing.T) {
	for heading, ids := range map[string]string{
		"C-1/C-2/C-4: parser":           "124",
		"C-1, C-2 and C-4":              "124",
		"C-1, C-2, and C-4 — parser":    "124",
		"C-1 & C-2 Checklist: parser":   "12",
		"C-1 + C-2 (parser)":            "12",
		"C-1/2/4: parser":               "124",
		"C-1 through C-3: parser":       "123",
		"C-2–C-4 Checklist: parser":     "234",
		"C-1..C-3":                      "123",
		"Packet C-1 / C-2: parser":      "12",
		"C-1: parser for C-2":           "1",
		"C-1 and C-2 were merged":       "1",
		"C-1, 2 fixes":                  "1",
		"C-1/C-9: parser":               "1",
		"C-1 - C-2 follow-up":           "1",
		"C-1 Checklist: C-2 comes next": "1",
	} {
		tr := tracker.Parse("t.md", []byte(board(4)+"## "+heading+"\n\n- [ ] box\n\nScope: src/**\n\n### Required Tests\n\n- [x] `go vet ./...`\n\n### Evidence\n\n```\nFiles changed:\n- a.go\n\nCommands run:\n1. `go vet ./...` -> exit 0\n\nVerdict: APPROVED\n\nCommit:\n- `0a7ede65`\n\nResidual risk:\n- It is slow.\n\nRollback:\n- Revert.\n```\n\n## C-3 Checklist: other\n\n- [x] done\n"), nil)
		require.Len(t, tr.Packets, 4, heading)
		risks := 0
		for i, p := range tr.Packets {
			if !strings.Contains(ids, fmt.Sprint(i+1)) {
				assert.Empty(t, p.Required, "%s: %s", heading, p.ID)
				assert.Empty(t, p.Evidence.Raw, "%s: %s", heading, p.ID)
				continue
			}
			require.NotNil(t, p.Section, "%s: %s", heading, p.ID)
			require.NotEmpty(t, p.Boxes, "%s: %s", heading, p.ID)
			assert.Equal(t, "box", p.Boxes[0].Text, heading)
			assert.Len(t, p.Scope, 1)
			assert.Len(t, p.Required, 1)
			assert.Equal(t, tracker.EvidenceFilled, p.Evidence.State, "%s: %s", heading, p.ID)
			assert.Len(t, p.Evidence.Claims, 1)
			assert.Len(t, p.Evidence.Files, 1)
			assert.Contains(t, p.Evidence.Raw, "go vet")
			assert.Equal(t, "Revert.", strings.TrimSpace(p.Evidence.Rollback))
			assert.Len(t, p.Reviews, 1)
			assert.Equal(t, "0a7ede65", p.Checkpoint().Hash)
			risks += len(p.Risks)
		}
		assert.Equal(t, 1, risks, "%s: a risk is one", heading)
	}
}

// Evidence of several packets beside their own sections, and one commit for several in
// the closing list.
func TestCombinedEvidence(t *testing.T) {
	tr := tracker.Parse("t.md", []byte(board(3)+"## C-1 Checklist: a\n\n- [x] a\n\n## C-2 Checklist: b\n\n- [x] b\n\n## C-1/C-2 Review Evidence\n\n1. `go vet ./...` -> exit 0\n\n## C-3 Checklist: c\n\n- [x] c\n\n## Checkpoint Commits\n\n- C-1, C-2: `0a7ede65`\n- C-3: `1a7ede65`\n"), nil)
	assert.Empty(t, tr.Warnings)
	for i, p := range tr.Packets {
		require.Len(t, p.Boxes, 1)
		assert.Equal(t, string(rune('a'+i)), p.Boxes[0].Text)
		assert.Len(t, p.Evidence.Claims, map[bool]int{true: 1, false: 0}[i < 2], p.ID)
		require.Len(t, p.Checkpoints, 1, p.ID)
		assert.Equal(t, i < 2, p.Checkpoint().Hash == "0a7ede65")
	}
}

// A section of its own beside a combined one is no second section.
func TestCombinedAndOwn(t *testing.T) {
	tr := tracker.Parse("t.md", []byte(board(2)+"## C-1/C-2: both\n\n- [x] both\n\n## C-2 Checklist: own\n\n- [x] own\n"), nil)
	assert.Empty(t, tr.Warnings)
	require.Len(t, tr.Packets[1].Boxes, 2)
	assert.Equal(t, "own", tr.Packets[1].Section.Title)
	assert.Equal(t, "both", tr.Packets[0].Section.Title)
}
