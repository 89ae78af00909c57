package tracker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// folded is a tracker of lists and tables, with parts folded away.
const folded = `# Phases

**Plan:** [the plan](docs/plan.md)

## Packets

- [x] **P-1** Parser — done
- [ ] **P-2** Release verdict

<!--
## P-9 Checklist: hidden
- [ ] not visible
-->

## P-1 — Parser ✅

<details><summary><b>Acceptance criteria</b></summary>
- [x] a
- [ ] b
</details>

<a name="tests"></a>
#### 🧪 Tests to run
<br>

| Check | Command | Expected exit |
|---|---|---|
| unit | ` + "`go test ./... -run 'A|B'`" + ` | 0 |
| vuln | <code>govulncheck ./...</code> | 3 |

#### Results

| # | Check | Exit | Notes |
|--:|:--|--:|---|
| 1 | ` + "`go test ./... -run 'A|B'`" + ` | ✅ 0 | 12 tests |
| 2 | ` + "`govulncheck ./...`" + ` | 3 (2 findings) | |
| 3 | ` + "`make lint`" + ` | ✅ 12 passed | |

##### Gates

| Gate | Result |
|---|---|
| P0 | ✅ PASS |
| P2 | ❌ FAIL |

##### Review

| Field | Value |
|---|---|
| Verdict | ❌ CHANGES_REQUESTED |
| Commit | ` + "`deadbee1`" + ` |

## P-2 — Release verdict

1. [ ] Decide: GO / NO_GO
2. [ ] ` + "`go vet ./...`" + ` &rarr; exit 0
`

func TestListsTablesAndFolds(t *testing.T) {
	tr := tracker.Parse("t.md", []byte(folded), nil)
	assert.Empty(t, tr.Warnings)
	link, ok := tr.Plan()
	require.True(t, ok)
	assert.Equal(t, "docs/plan.md", link.Target)
	require.Len(t, tr.Packets, 2)
	p := tr.Packets[0]
	assert.True(t, p.Done())
	require.Len(t, p.Boxes, 2, "also what is folded away, not what is a comment")
	assert.False(t, p.Boxes[1].Checked)
	require.Len(t, p.Required, 2)
	assert.Equal(t, "go test ./... -run 'A|B'", p.Required[0].Command)
	assert.Equal(t, "govulncheck ./...", p.Required[1].Command)
	assert.Equal(t, 3, p.Required[1].Expected)
	require.Len(t, p.Evidence.Claims, 3)
	assert.Equal(t, tracker.ResultPassed, p.Evidence.Claims[2].Result.Kind, "a count is no exit code")
	assert.Equal(t, 12, p.Evidence.Claims[0].Result.Counts.Tests)
	assert.Equal(t, 3, p.Evidence.Claims[1].Result.ExitCode)
	require.Len(t, p.Gates, 2)
	assert.Equal(t, "FAIL", p.Gates[1].State)
	require.Len(t, p.Reviews, 1)
	assert.Equal(t, tracker.ReviewChangesRequested, p.Reviews[0].State)
	assert.Equal(t, "deadbee1", p.Checkpoint().Hash)
	assert.Equal(t, tracker.StatusTodo, tr.Packets[1].Row.Status)
	require.Len(t, tr.Packets[1].Required, 1)
	assert.True(t, tr.Packets[1].Required[0].Stated)
}

// typedIn is evidence as a terminal showed it.
const typedIn = `Status Board
============

| # | Task | Status | Review |
|---|---|---|---|
| ÄB-01 | Größe | done ✔️ | ok |
| 任务-02 | Verdict | todo | |
| **Total** | | | |

## ÄB-01 Checklist: Größe

**Required tests**

~~~sh
# all of it
$ go vet ./...
ok
for d in a b; do
  go test ./$d
done
~~~

- Backend:
  - ` + "`go test ./größe/...`" + `
- go build ./... -> exit 0
- ~~` + "`go test ./old`" + `~~ gone

### Evidence

` + "```console\n$ go vet ./...\n$ echo $?\n0\n$ go test ./größe/...\nok x 0.1s\nexit status 1\n```" + `

1. Größe: ` + "`go test ./a` -> exit 0, then `go test ./b` -> exit 2" + `
2. go build ./... exited with code 0

Review: ✅ Approved

## Security

- [ ] Pen test
`

func TestTypedIn(t *testing.T) {
	tr := tracker.Parse("t.md", []byte("\ufeff"+strings.ReplaceAll(typedIn, "\n", "\r\n")), nil)
	require.Len(t, tr.Packets, 2)
	p := tr.Packets[0]
	assert.Equal(t, "ÄB-01", p.ID)
	assert.True(t, p.Done() && p.Approved())
	var required []string
	for _, r := range p.Required {
		required = append(required, r.Command)
	}
	assert.Equal(t, []string{"go vet ./...", "for d in a b; do\n  go test ./$d\ndone", "go test ./größe/...", "go build ./..."}, required)
	type end struct {
		command      string
		exit, column int
	}
	var ends []end
	for _, c := range p.Evidence.Claims {
		ends = append(ends, end{c.Command, c.Result.ExitCode, c.Pos.Column})
	}
	assert.Equal(t, []end{{"go vet ./...", 0, 3}, {"go test ./größe/...", 1, 3}, {"go test ./a", 0, 12}, {"go test ./b", 2, 42}, {"go build ./...", 0, 4}}, ends)
	require.Len(t, p.Reviews, 1)
	assert.Equal(t, tracker.ReviewApproved, p.Reviews[0].State)

	require.Len(t, tr.Warnings, 2)
	assert.Contains(t, tr.Warnings[0].Message, "struck out: go test ./old")
	assert.Contains(t, tr.Warnings[1].Message, "belongs to no packet: Pen test")
}

// TestNothingIsLostInSilence: what looks like a claim and is read as none is a
// warning at its place; its honest twin is read, or is no claim.
func TestNothingIsLostInSilence(t *testing.T) {
	const head = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1 Checklist: x\n\n### Required Tests\n\n- [x] `go vet ./...`\n\n"
	for name, c := range map[string]struct{ lost, twin string }{
		"a command of no packet": {"## Later\n\n- `go test ./...` -> exit 1\n", "## Later\n\n- `go vet ./...` -> exit 0\n"},
		"a table of no packet":   {"## Later\n\n| Command | Exit |\n|---|---|\n| `go test ./...` | exit 1 |\n", "## Later\n\n| Command | About |\n|---|---|\n| `go test ./...` | tests |\n"},
		"a box of no packet":     {"## Later\n\n- [ ] Sign\n", "## Legend\n\n- [ ] open\n"},
		"HTML":                   {"<table><tr><td>A-1</td><td>exit 1</td></tr></table>\n", "<p align=\"center\"><img src=\"x.png\"></p>\n"},
		"a comment":              {"<!-- and everything after it\n\n## B-1 Checklist: y\n", "<!-- closed -->\n"},
		"another shell":          {"### Required Tests\n\n```powershell\nnpm test\n```\n", "```json\n{}\n```\n"},
		"struck out":             {"### Required Tests\n\n- [x] ~~`go test ./...`~~\n", "### Required Tests\n\n- [x] `go test ./...`\n"},
	} {
		t.Run(name, func(t *testing.T) {
			lost := tracker.Parse("t.md", []byte(head+c.lost), nil)
			require.Len(t, lost.Warnings, 1)
			assert.Greater(t, lost.Warnings[0].Pos.Line, strings.Count(head, "\n"))
			assert.NotEmpty(t, lost.Warnings[0].Hint)
			assert.Empty(t, tracker.Parse("t.md", []byte(head+c.twin), nil).Warnings)
		})
	}
}
