package tracker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// open is a tracker whose last packet asks for the verdict; the evidence follows
// its heading.
const open = `# T

## Packet Board

| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |
|---|---|---|---|---|---|---|
| AB-01 | First \| one | ✅ Done | Ada | Grace | **APPROVED** | below |
| AB-02 | Verdict | TODO | Grace | Grace | — | — |

## AB-01 Checklist: First

- [ ] Never touched.

## AB-02 Checklist: Verdict

- [ ] Final verdict recorded (` + "`GO` / `NO_GO`" + `).
* [X] Read.

### Required Tests

- [ ] ` + "`go vet ./...`" + ` -> exit 0

### Review Gates

- [x] P0 PASS

EVIDENCE---

## Checkpoint Commits

- AB-01: TODO (soon)
- AB-02: TODO
`

const decided = "Decided by verdict at commit `1a2b3c4d`.\n\n## Final Verdict: GO\n\n### Commands run + exit codes\n\n1. `go vet ./...` -> exit 0\n"

// filling says that everything about AB-02 holds, P0 aside.
func filling(t *testing.T, tr *tracker.Tracker) tracker.Filling {
	t.Helper()
	require.Len(t, tr.Packets, 2)
	p := &tr.Packets[1]
	require.True(t, p.Final)
	f := tracker.Filling{
		Packet: "ab-02", State: tracker.StatusDone, Evidence: decided, Tick: []tracker.Pos{p.Boxes[0].Pos, p.Boxes[1].Pos, p.Required[0].Pos},
		Untick: []tracker.Pos{p.Gates[0].Pos}, Hashes: map[tracker.Pos]string{tr.Packets[0].Checkpoint().Pos: "1a2b3c4d"},
	}
	return f
}

func TestFill(t *testing.T) {
	fenced := "```markdown\n" + decided + "```\n"
	cases := map[string]struct{ before, after string }{
		"a fence that keeps the place": {"### AB-02 Review Evidence\n\n```markdown\nTODO\n```\n\n", "### AB-02 Review Evidence\n\n" + fenced + "\n"},
		"an empty fence":               {"### AB-02 Review Evidence\n\n~~~\n~~~\n\n", "### AB-02 Review Evidence\n\n~~~\n" + decided + "~~~\n\n"},
		"a word":                       {"### AB-02 Review Evidence\n\nTODO\n\n", "### AB-02 Review Evidence\n\n" + fenced + "\n"},
		"a heading alone":              {"### AB-02 Review Evidence\n\n", "### AB-02 Review Evidence\n\n" + fenced + "\n"},
		"no heading":                   {"", "### AB-02 Review Evidence\n\n" + fenced + "\n"},
		"an earlier decision":          {"### AB-02 Review Evidence\n\n```\nDecided by verdict at commit `0`.\n\nVerdict: CHANGES_REQUESTED\n```\n\n", "### AB-02 Review Evidence\n\n```\n" + decided + "```\n\n"},
	}
	want := strings.NewReplacer(
		"| AB-02 | Verdict | TODO | Grace | Grace | — | — |", "| AB-02 | Verdict | ✅ Done | Grace | Grace | APPROVED | AB-02 Review Evidence |",
		"- [ ] Final", "- [x] Final", "- [ ] `go vet", "- [x] `go vet", "- [x] P0", "- [ ] P0", "AB-01: TODO (soon)", "AB-01: `1a2b3c4d` (soon)",
	).Replace(open)
	for name, c := range cases {
		for ends, newline := range map[string]string{"": "\n", " with CRLF": "\r\n", " with a byte order mark": "\n"} {
			t.Run(name+ends, func(t *testing.T) {
				lines := func(s, evidence string) string {
					s = strings.ReplaceAll(strings.ReplaceAll(s, "EVIDENCE", evidence), "\n", newline)
					if strings.Contains(ends, "mark") {
						s = "\ufeff" + s
					}
					return s
				}
				src := lines(open, c.before)
				tr := tracker.Parse("t.md", []byte(src), nil)
				out, err := tracker.Fill([]byte(src), tr, filling(t, tr))
				require.NoError(t, err)
				assert.Equal(t, lines(want, c.after), string(out))

				again := tracker.Parse("t.md", out, nil)
				assert.True(t, again.Packets[1].Done() && again.Packets[1].Approved())
				assert.Len(t, again.Packets[1].Evidence.Claims, 1, "what is written reads back")
				require.NotNil(t, again.Recorded())
				assert.Equal(t, "GO", again.Recorded().Decision)
				twice, err := tracker.Fill(out, again, filling(t, again))
				require.NoError(t, err)
				assert.Equal(t, string(out), string(twice), "a second time changes nothing")
			})
		}
	}
}

func TestFillKeepsOwnWords(t *testing.T) {
	src := []byte(strings.ReplaceAll(open, "EVIDENCE", "### AB-02 Review Evidence\n\n```\nFiles changed:\n- a.go: mine\n```\n\n"))
	tr := tracker.Parse("t.md", src, nil)
	_, err := tracker.Fill(src, tr, filling(t, tr))
	require.ErrorIs(t, err, tracker.ErrOwnWords)
	assert.Contains(t, err.Error(), "t.md:30:")
}

func TestFillOfAnotherTracker(t *testing.T) {
	src := []byte(strings.ReplaceAll(open, "EVIDENCE", ""))
	tr := tracker.Parse("t.md", src, nil)
	_, err := tracker.Fill([]byte("# Short\n"), tr, filling(t, tr))
	require.ErrorIs(t, err, tracker.ErrMoved)
}
