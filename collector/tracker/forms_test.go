package tracker_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// phases is a tracker without a board's heading: a table for each phase, and a
// log of approvals with inline lists.
const phases = `# Release 2

## Phase 1

| ID | Area | Work Item | Status | Commit | Depends On |
|----|------|-----------|--------|--------|------------|
| P1-A | core | Parse limits | APPROVED | ` + "`1a2b3c4d`" + ` | — |
| P1-B | core | Old importer | OBSOLETE | — | — |

## Phase 2

| ID | Work Item | Status | Commit | Depends On |
|----|-----------|--------|--------|------------|
| X-1 | Server | READY | — | P1-A |
| X-2 | Client | ASSIGNED | — | P1-A |
| X-3 | Docs | DEFERRED | — | X-1 through X-2 |
| P1-A | Parse limits | APPROVED | ` + "`1a2b3c4d`" + ` | — |

## Log

### P1-A — APPROVED
- **Files changed:** ` + "`limits.go`, `limits_test.go`" + `
- **Commands run:** ` + "`go vet ./...` (exit 0); `go test ./...` → ok (2.1s)" + `
- **Gate checklist:** P0 ✓ exit codes | P1 ✓ limits hold | P2 ❌ no document
- **Verdict:** APPROVED — reviewed twice
`

func TestTablesForEachPhase(t *testing.T) {
	tr := tracker.Parse("t.md", []byte(phases), nil)
	assert.Empty(t, tr.Warnings)
	states := map[string]tracker.Status{}
	for _, p := range tr.Packets {
		require.NotNil(t, p.Row, p.ID)
		states[p.ID] = p.Row.Status
	}
	assert.Equal(t, map[string]tracker.Status{
		"P1-A": tracker.StatusDone, "P1-B": tracker.StatusDropped, "X-1": tracker.StatusTodo, "X-2": tracker.StatusInProgress, "X-3": tracker.StatusDeferred,
	}, states)

	p := tr.Packets[0]
	assert.Equal(t, "Parse limits", p.Title, "a state in the section's heading is no title")
	assert.Equal(t, []string{"X-1", "X-2"}, tr.Packets[4].DependsOn)
	require.Len(t, p.Checkpoints, 1)
	assert.Equal(t, "1a2b3c4d", p.Checkpoint().Hash)
	assert.Equal(t, tracker.EvidenceFilled, p.Evidence.State)
	require.Len(t, p.Evidence.Files, 2)
	assert.Equal(t, "limits_test.go", p.Evidence.Files[1].Path)
	require.Len(t, p.Evidence.Claims, 2)
	assert.Equal(t, "go vet ./...", p.Evidence.Claims[0].Command)
	assert.Equal(t, tracker.ResultExit, p.Evidence.Claims[0].Result.Kind)
	assert.Equal(t, tracker.ResultPassed, p.Evidence.Claims[1].Result.Kind)
	require.Len(t, p.Gates, 3)
	assert.Equal(t, "FAIL", p.Gates[2].State)
	assert.True(t, p.Approved())
}

// plain is a packet whose lists stand under labels, with no heading of their own.
const plain = `# Work

## Packet Progress

| Packet | Description | Status | Commit |
|---|---|---|---|
| AB-00 | Limits | DONE | (this commit) |
| AB-01 | Parser | DONE | ` + "`1a2b3c4d`" + ` |

### AB-00: Limits

Required Tests:
- [x] ` + "`go vet ./...`" + ` → exit 0
- [x] ` + "`go test ./...`" + ` → exit 0 (14 tests)

Gate checklist:
- [x] P0: commands rerun

Verdict: APPROVED (with a note)

### AB-01: Parser

Commands run:
- ` + "`go build ./...`" + ` → exit 0

### Verdict: GO (upgraded from GO_WITH_CONDITIONS)
`

func TestListsUnderLabels(t *testing.T) {
	tr := tracker.Parse("t.md", []byte(plain), nil)
	require.Len(t, tr.Packets, 2)
	p := tr.Packets[0]
	assert.True(t, p.Approved(), "the packet's own review counts where the board has no column for it")
	require.Len(t, p.Required, 2)
	assert.Equal(t, tracker.EvidenceOnLines, p.Evidence.State)
	assert.Equal(t, tracker.CheckpointSelf, p.Checkpoint().Kind)
	assert.Empty(t, tr.Packets[1].Required)
	assert.Len(t, tr.Packets[1].Evidence.Claims, 1)
	assert.False(t, tr.Packets[1].Approved())
	require.NotNil(t, tr.Recorded())
	assert.Equal(t, "GO", tr.Recorded().Decision)
}

func TestOpenLinesAreNoEvidence(t *testing.T) {
	open := "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1\n\nRequired Tests:\n- [ ] `go vet ./...` → exit 0\n"
	tr := tracker.Parse("t.md", []byte(open), nil)
	require.Len(t, tr.Packets, 1)
	assert.Equal(t, tracker.EvidenceAbsent, tr.Packets[0].Evidence.State)
}

func TestCheckpointOfSeveralPackets(t *testing.T) {
	const doc = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| 00 | a | DONE | APPROVED |\n| 01 | b | DONE | APPROVED |\n| 02 | c | DONE | APPROVED |\n\n" +
		"## Packet 00 Checklist: a\n\n### Checkpoint Commit (Packets 00-01)\n`1a2b3c4d` — both\n\n## Packet 01 Checklist: b\n\n- [x] Done.\n\n## Packet 02 Checklist: c\n\n### Checkpoint Commit (Packet 02)\n`5e6f7a8b` — c\n"
	tr := tracker.Parse("t.md", []byte(doc), nil)
	var got []string
	for _, p := range tr.Packets {
		require.NotNil(t, p.Checkpoint(), p.ID)
		got = append(got, p.Checkpoint().Hash)
	}
	assert.Equal(t, []string{"1a2b3c4d", "1a2b3c4d", "5e6f7a8b"}, got)
}

func TestBoxesThatAreCommands(t *testing.T) {
	const doc = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| R-0 | a | DONE | APPROVED |\n| R-1 | b | DONE | APPROVED |\n\n" +
		"## R-0 Checklist: a\n\n- [x] Read `go vet ./...` first.\n\n## R-1 Checklist: b\n\nBlocked by:\n- R-0 (DONE)\n\n- [x] `go env GOVERSION` -> `go1.26.0`\n- [x] `go build ./...` -> exit 0\n- [ ] `go test ./...` -> exit 0 (3 tests)\n\n" +
		"### Residual Items (Accepted)\n- Logs are global.\n\nCommit:\n- (pending)\n"
	tr := tracker.Parse("t.md", []byte(doc), nil)
	require.Len(t, tr.Packets, 2)
	assert.Empty(t, tr.Packets[0].Required)
	p := tr.Packets[1]
	assert.Equal(t, []string{"R-0"}, p.DependsOn)
	require.Len(t, p.Required, 2)
	assert.True(t, p.Required[0].Checked)
	assert.False(t, p.Required[1].Checked)
	assert.Len(t, p.Boxes, 1, "a command whose result is no exit code is a box")
	require.Len(t, p.Risks, 1)
	assert.Equal(t, "Accepted", p.Risks[0].Note)
	assert.Equal(t, tracker.CheckpointTodo, p.Checkpoint().Kind)
}

func TestRiskRegisterOfThePlan(t *testing.T) {
	const doc = "# T\n\nLinked plan:\n- `docs/plan.md` (the plan)\n\n## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| TN-01 | a | DONE | APPROVED |\n"
	tr := tracker.Parse("t.md", []byte(doc), nil)
	link, ok := tr.Plan()
	require.True(t, ok)
	assert.Equal(t, "docs/plan.md", link.Target)
	tr.ReadRegister("docs/plan.md", []byte("# Plan\n\n## Packets\n\n| ID | Risk |\n|---|---|\n| a | not read |\n\n## Risk Register\n\n| ID | Severity | Risk | Mitigation Packet |\n|---|---|---|---|\n| R1 | High | It may break | TN-01 (retry) |\n| R2 | Low | It may be slow | |\n"), nil)
	require.Len(t, tr.Register, 2)
	assert.Equal(t, "High", tr.Register[0].Severity)
	assert.Equal(t, "TN-01 (retry)", tr.Register[0].Note)
	assert.Equal(t, tracker.Pos{File: "docs/plan.md", Line: 14, Column: 14}, tr.Register[1].Pos)
	assert.Len(t, tr.Packets, 1, "the plan adds nothing else")
}

func TestStatusLinesWithoutATable(t *testing.T) {
	const doc = "# Work\n\n## Packet Board\n\n### EG-00 - Inventory\n\nStatus: `[x]`\n\nCommands run:\n- `go vet ./...` -> exit 0\n\n### EG-01 - Router\n\nStatus: `[ ]`\n\n### EG-02 - Docs\n\n**Status:** DONE/APPROVED\nOwner: Ada\n\n## 3 Chapter\n\nStatus: open\n"
	tr := tracker.Parse("t.md", []byte(doc), nil)
	assert.Empty(t, tr.Warnings)
	require.Len(t, tr.Packets, 3)
	states := []tracker.Status{}
	for _, p := range tr.Packets {
		states = append(states, p.Row.Status)
	}
	assert.Equal(t, []tracker.Status{tracker.StatusDone, tracker.StatusTodo, tracker.StatusDone}, states)
	assert.Equal(t, "Inventory", tr.Packets[0].Title)
	assert.Len(t, tr.Packets[0].Evidence.Claims, 1)
}

// A result may stand on the item below the command, and a risk may have a box.
func TestResultsAndRisksOnTheirOwnItems(t *testing.T) {
	doc := "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1\n\n### Evidence\n\n" +
		"- Command: `gitleaks detect`\n- Exit code: 3 (expected)\n- Command: `go vet ./...`\n- Findings: none\n\nResidual risk:\n\n- [ ] Retries are unbounded\n- ✅ Dates are local\n- ~~It leaks~~ reopened in A-2\n"
	tr := tracker.Parse("t.md", []byte(doc), nil)
	require.Len(t, tr.Packets, 1)
	p := tr.Packets[0]
	require.Len(t, p.Evidence.Claims, 2)
	assert.Equal(t, tracker.ResultExit, p.Evidence.Claims[0].Result.Kind)
	assert.Equal(t, 3, p.Evidence.Claims[0].Result.ExitCode)
	assert.Equal(t, tracker.ResultNone, p.Evidence.Claims[1].Result.Kind)
	assert.Empty(t, p.Boxes)
	require.Len(t, p.Risks, 3)
	assert.Empty(t, p.Risks[0].Status)
	assert.Equal(t, "closed", p.Risks[1].Status)
	assert.Equal(t, "reopened in A-2", p.Risks[2].After)
}

func TestSeverityLevel(t *testing.T) {
	for stated, want := range map[string]string{
		"High": "high", "P1": "high", "Very low": "low", "very  high": "critical", "Info": "info", "Medium/High": "high", "low–medium": "medium", "S3": "medium",
		"Sev-1": "critical", "🔴": "high", "🔴 Critical": "critical", "**P0**": "critical", "n/a": "", "": "", "highly": "", "P9": "",
	} {
		assert.Equal(t, want, tracker.SeverityLevel(stated), stated)
	}
}
