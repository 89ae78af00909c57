package tracker_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// foreign is a board under no heading that says so, with titles in no language that
// the reader knows: its cells say what the columns are.
const foreign = `# Paletten

| Vorgang | Was | Stand | Wer | Freigabe | Ablage |
|---|---|---|---|---|---|
| PAL-1 | Stapeln | erledigt | Uta | — | — |
| PAL-2 | Wiegen | DONE | Uta | APPROVED | 0d1e2f3a |
| PAL-3 | Laden | TODO | Uta | — | — |

| Kennung | Was | Note |
|---|---|---|
| R-1 | Palette kippt | HIGH |

## PAL-1 Stapeln

## PAL-2 Wiegen

## PAL-3 Laden
`

func TestColumnsByTheirCells(t *testing.T) {
	words := &tracker.Vocabulary{Statuses: map[string][]string{"DONE": {"erledigt"}}}
	tr := tracker.Parse("t.md", []byte(foreign), words)
	require.Len(t, tr.Packets, 3, "the table of risks is no board")
	p := &tr.Packets[1]
	assert.Equal(t, "Wiegen", p.Title)
	assert.True(t, p.Done() && p.Approved())
	require.NotNil(t, p.Checkpoint())
	assert.Equal(t, "0d1e2f3a", p.Checkpoint().Hash)
	assert.Equal(t, tracker.StatusTodo, tr.Packets[2].Row.Status)

	tr = tracker.Parse("t.md", []byte(foreign), nil)
	assert.Empty(t, tr.Packets, "a status that nobody knows makes no column of states")
}

// TestTablesThatAreNoBoards: ids and states alone make no board where no section is
// about them.
func TestTablesThatAreNoBoards(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("# Hosts\n\n| Host | Where | Health |\n|---|---|---|\n| web1 | Oslo | OK |\n| web2 | Bonn | CLOSED |\n\n## Notes\n"), nil)
	assert.Empty(t, tr.Packets)
}

func TestStatusOfTheSection(t *testing.T) {
	cases := map[string]struct {
		section string
		want    []tracker.Status
	}{
		"a line":                    {"## CAR-1 Brakes\n\nStatus: in progress\n", []tracker.Status{tracker.StatusInProgress}},
		"bold":                      {"## CAR-1 Brakes\n\n**Status:** Done (2026-03-01)\n", []tracker.Status{tracker.StatusDone}},
		"an item":                   {"## CAR-1 Brakes\n\n- Status: blocked by the supplier\n", []tracker.Status{tracker.StatusBlocked}},
		"a heading":                 {"## CAR-1 Brakes\n\n### Status\n\nRejected, see the notes\n", []tracker.Status{tracker.StatusChangesRequested}},
		"a table":                   {"## CAR-1 Brakes\n\n| Field | Value |\n|---|---|\n| Status | Deferred |\n", []tracker.Status{tracker.StatusDeferred}},
		"the title":                 {"## CAR-1 — REJECTED\n", []tracker.Status{tracker.StatusChangesRequested}},
		"a mark":                    {"## ❌ CAR-1 Brakes\n", []tracker.Status{tracker.StatusTodo}},
		"not yet":                   {"## CAR-1 Brakes\n\nStatus: not done yet\n", []tracker.Status{"NOT_DONE_YET"}},
		"done, no doubts":           {"## CAR-1 Brakes\n\nStatus: DONE, no open points\n", []tracker.Status{tracker.StatusDone}},
		"no state":                  {"## CAR-1 Brakes\n\nStatus: as the board says\n", nil},
		"title with a state's word": {"## CAR-1 Open the valve\n", nil},
		"another label":             {"## CAR-1 Brakes\n\nExit status: 0\n", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n"+c.section), nil)
			require.Len(t, tr.Packets, 1)
			var got []tracker.Status
			for _, s := range tr.Packets[0].Statuses {
				assert.True(t, s.Pos.IsValid())
				got = append(got, s.Status)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// TestLabelsWithoutColons: a line that is a label and nothing else labels the list
// below it.
func TestLabelsWithoutColons(t *testing.T) {
	tr := parse(t, "- [x] `go vet ./...` -> exit 0", "Commands run\n\n1. `go vet ./...` -> exit 0\n\nResidual risks\n\n- HIGH: the valve may stick\n- P2 – the gauge drifts", "- AB-01: TODO")
	p := &tr.Packets[0]
	assert.Len(t, p.Evidence.Claims, 1)
	require.Len(t, p.Risks, 2)
	assert.Equal(t, "HIGH", p.Risks[0].Severity)
}

func TestReviewsOfSeveralWords(t *testing.T) {
	for said, want := range map[string]tracker.ReviewState{
		"changes requested by Ida": tracker.ReviewChangesRequested, "needs work": tracker.ReviewChangesRequested, "in review": tracker.ReviewPending,
		"not approved yet": tracker.ReviewPending, "approved by Ida after changes": tracker.ReviewApproved, "✅ approved": tracker.ReviewApproved,
	} {
		tr := parse(t, "- [x] `go vet ./...` -> exit 0", "1. `go vet ./...` -> exit 0\n\nReview: "+said, "- AB-01: TODO")
		require.Len(t, tr.Packets[0].Reviews, 1, said)
		assert.Equal(t, want, tr.Packets[0].Reviews[0].State, said)
	}
}

// TestExpectedAndActual: what a command is to give and what it gave stand side by
// side.
func TestExpectedAndActual(t *testing.T) {
	table := "| Check | Command | Expected | Actual |\n|---|---|---|---|\n| a | `go vet ./...` | exit 0 | exit 2 (one left) |\n| b | `go build ./...` | exit 0 | ok |\n| c | `scan .` | exit 3 | 3 ✅ |\n| d | `go test ./...` | exit 0 | failed |"
	tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n## CAR-1 Brakes\n\n"+table+"\n"), nil)
	r := tr.Packets[0].Required
	require.Len(t, r, 4)
	assert.Equal(t, []int{0, 0, 3, 0}, []int{r[0].Expected, r[1].Expected, r[2].Expected, r[3].Expected})
	assert.Equal(t, 2, r[0].Result.ExitCode)
	assert.Equal(t, 0, r[1].Result.ExitCode, "passed as expected")
	assert.Equal(t, 3, r[2].Result.ExitCode)
	assert.Equal(t, tracker.ResultFailed, r[3].Result.Kind)
}

// TestEndsThatATerminalWasAskedFor: "echo $?" in any dress says how the command
// above it ended.
func TestEndsThatATerminalWasAskedFor(t *testing.T) {
	for _, asked := range []string{"echo $?", `echo "exit: $?"`, `printf 'rc=%s\n' "$?"`, "echo status ${?}"} {
		tr := parse(t, "- [x] `go vet ./...`", "```console\nida@build:~/car$ go vet ./...\nida@build:~/car$ "+asked+"\nexit: 1\nida@build:~/car$ go build ./...\nida@build:~/car$ "+asked+"\n0\n```", "- AB-01: TODO")
		claims := tr.Packets[0].Evidence.Claims
		require.Len(t, claims, 2, asked)
		assert.Equal(t, 1, claims[0].Result.ExitCode, asked)
		assert.Equal(t, 0, claims[1].Result.ExitCode, asked)
	}
}

// TestEntriesOfALog: what a log says of packets belongs to them, and what it says of
// none to none.
func TestEntriesOfALog(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n| CAR-2 | Lamps | DONE |\n\n"+
		"## CAR-1 Brakes\n\n- [x] they hold\n\n### Evidence for the reader of CAR-2\n\n1. `go vet ./...` -> exit 0\n\n## CAR-2 Lamps\n\n- [x] they shine\n\n"+
		"## Log\n\n### 2026-03-01 CAR-1 evidence\n\n1. `go build ./...` -> exit 0\n\nVerdict: APPROVED\n\n#### Residual risk\n\n- HIGH: fading\n\n### 2026-03-02 09:30 – CAR-2 review record\n\nVerdict: CHANGES_REQUESTED\n\nCommit: `1a2b3c4d`\n\n"+
		"### Notes\n\n- Commit: `5e6f7a8b`\n\n## Evidence for CAR-2\n\n1. `go test ./...` -> exit 1\n"), nil)
	one, two := &tr.Packets[0], &tr.Packets[1]
	require.Len(t, one.Evidence.Claims, 2)
	assert.Equal(t, "go build ./...", one.Evidence.Claims[1].Command)
	assert.Len(t, one.Risks, 1)
	require.Len(t, one.Reviews, 1)
	require.Len(t, two.Reviews, 1)
	assert.Equal(t, tracker.ReviewChangesRequested, two.Reviews[0].State)
	require.Len(t, two.Checkpoints, 1, "notes belong to no packet")
	require.Len(t, two.Evidence.Claims, 1)
	assert.Equal(t, 1, two.Evidence.Claims[0].Result.ExitCode)
	assert.Equal(t, 19, two.Section.End, "the section ends where the log begins")
}

// TestFailuresThatBelongToNoPacket: a failure outside of packets is said, although the
// command passes elsewhere.
func TestFailuresThatBelongToNoPacket(t *testing.T) {
	for end, want := range map[string]int{"exit 0": 0, "exit 1": 1} {
		tr := parse(t, "- [x] `go vet ./...` -> exit 0", "1. `go vet ./...` -> exit 0", "- AB-01: TODO\n\n## Diary\n\n- on Monday `go vet ./...` -> "+end)
		assert.Len(t, tr.Warnings, want, end)
	}
}

func TestRangesOfCommits(t *testing.T) {
	tr := parse(t, "- [x] `go vet ./...` -> exit 0", "Commits: `1a2b3c4..5d6e7f8`", "- AB-02: TODO")
	c := tr.Packets[0].Checkpoints
	require.Len(t, c, 2)
	assert.True(t, c[0].Start)
	assert.Equal(t, "1a2b3c4", c[0].Hash)
	assert.Equal(t, "5d6e7f8", tr.Packets[0].Checkpoint().Hash)
}

// TestMatricesOfNumbers: likelihood times impact, a score, CVSS and letters weigh as
// words do.
func TestMatricesOfNumbers(t *testing.T) {
	cases := map[string]struct {
		header, row string
		want        string
	}{
		"five by five":      {"| Risk | Likelihood | Impact |", "| a | 4 | 5 |\n| b | 1 | 1 |", "critical"},
		"high":              {"| Risk | Probability (1-5) | Impact (1-5) |", "| a | 2 | 5 |\n| b | 1 | 1 |", "high"},
		"three by three":    {"| Risk | L | I |", "| a | 3 | 2 |\n| b | 1 | 1 |", "high"},
		"score":             {"| Risk | Owner | Score |", "| a | Ida | 6 |\n| b | Ida | 25 |", "medium"},
		"words and score":   {"| Risk | Severity | Score |", "| a | Low | 20 |\n| b | Low | 1 |", "low"},
		"cvss":              {"| Risk | Owner | CVSS |", "| a | Ida | 9.1 |\n| b | Ida | 0 |", "critical"},
		"letters":           {"| Risk | Severity | Owner |", "| a | H | Ida |\n| b | L | Ida |", "high"},
		"letters, unlikely": {"| Risk | Likelihood | Impact |", "| a | Low | H |\n| b | H | L |", "medium"},
		"no numbers":        {"| Risk | Owner | Score |", "| a | Ida | tbd |\n| b | Ida | – |", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n## RAID log\n\n### Risks\n\n"+c.header+"\n|---|---|---|\n"+c.row+"\n"), nil)
			require.Len(t, tr.RiskTables, 1)
			assert.Equal(t, c.want, tracker.SeverityLevel(tr.RiskTables[0].Rows[0].Severity))
		})
	}
}

// TestKnownIssues: issues are risks where a heading says that they are known or open.
func TestKnownIssues(t *testing.T) {
	for heading, want := range map[string]int{"Known issues": 1, "Open defects": 1, "Related issues": 0} {
		tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n## "+heading+"\n\n- HIGH: lamps flicker\n"), nil)
		assert.Len(t, tr.RiskTables, want, heading)
	}
}

// TestLogsOfCommands: a table of results that says for which packet each was run holds
// their evidence, and requires nothing.
func TestLogsOfCommands(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("## Status overview\n\n| No. | Item | State |\n|---|---|---|\n| CAR-1 | Brakes | done |\n| CAR-2 | Lamps | done |\n\n"+
		"## Milestone\n\n### CAR-1 Brakes\n\n- [x] they hold\n\n### CAR-2 Lamps\n\n- [x] they shine\n\n## Required checks\n\n- `go vet ./...`\n\n"+
		"## Validation log\n\n| Date | Item | Command | Exit | Remarks |\n|---|---|---|---|---|\n| 2026-03-01 | CAR-1 | `go vet ./...` | 0 | |\n| 2026-03-02 | CAR-2 | `go vet ./...` | 1 | a hint |\n"), nil)
	require.Len(t, tr.Packets, 2)
	assert.Len(t, tr.Required, 1, "a heading above the packets' level is of no packet")
	for i, end := range []int{0, 1} {
		p := &tr.Packets[i]
		assert.Equal(t, []string{"Brakes", "Lamps"}[i], p.Row.Title)
		require.Len(t, p.Evidence.Claims, 1)
		assert.Equal(t, end, p.Evidence.Claims[0].Result.ExitCode)
		assert.Empty(t, p.Required)
	}
}

// TestNumbersThatAreSaidToBePackets: "Packet 2" in a list is the packet 2.
func TestNumbersThatAreSaidToBePackets(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("## Packet overview\n\n- [x] Packet 1 Brakes\n- [ ] Packet 2 Lamps\n\n## Packet 1: Brakes\n\n## Packet 2: Lamps\n"), nil)
	require.Len(t, tr.Packets, 2)
	assert.True(t, tr.Packets[0].Done())
	assert.False(t, tr.Packets[1].Done())
	assert.NotNil(t, tr.Packets[1].Section)
}

// TestBoxesWithBlanks: a box with blanks inside is a box.
func TestBoxesWithBlanks(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n## CAR-1 Brakes (in review)\n\n- [ x ] they hold\n- [  ] they do not fade\n"), nil)
	boxes := tr.Packets[0].Boxes
	require.Len(t, boxes, 2)
	assert.True(t, boxes[0].Checked)
	assert.False(t, boxes[1].Checked)
	require.Len(t, tr.Packets[0].Statuses, 1)
	assert.Equal(t, "in review", tr.Packets[0].Statuses[0].Text)
}

// TestSeveralCommits: each commit of a list is recorded, and what a remark names is not.
func TestSeveralCommits(t *testing.T) {
	for said, want := range map[string]int{"`1a2b3c4`, `5d6e7f8`": 2, "1a2b3c4 and 5d6e7f8 + 9a8b7c6": 3, "`1a2b3c4` (reverts `5d6e7f8`)": 1, "`1a2b3c4`, `1a2b3c4`": 1} {
		tr := parse(t, "- [x] `go vet ./...` -> exit 0", "Commit: "+said, "- AB-02: TODO")
		assert.Len(t, tr.Packets[0].Checkpoints, want, said)
	}
}
