package tracker_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

// doc is a small tracker with one packet; %s is its evidence, between the fences.
const doc = `# Tracker

Status: Active

## Packet Board

| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |
|---|---|---|---|---|---|---|
| AB-01 | First | DONE | Ada | Grace | APPROVED | below |
| AB-02 | Verdict | TODO | Grace | Grace | — | — |

## AB-01 Checklist: First

- [x] Done.

### Required Tests

%s

### AB-01 Review Evidence

%s

## AB-02 Checklist: Verdict

- [ ] Final verdict recorded (` + "`GO` / `NO_GO`" + `).

## Checkpoint Commits

%s
`

func parse(t *testing.T, required, evidence, commits string) *tracker.Tracker {
	t.Helper()
	return tracker.Parse("t.md", fmt.Appendf(nil, doc, required, evidence, commits), nil)
}

func TestResults(t *testing.T) {
	cases := map[string]struct {
		line string
		kind tracker.ResultKind
		exit int
	}{
		"arrow":                  {"-> exit 0", tracker.ResultExit, 0},
		"unicode arrow":          {"→ exit 0", tracker.ResultExit, 0},
		"equals":                 {"-> exit=0", tracker.ResultExit, 0},
		"rc":                     {"-> rc=2", tracker.ResultExit, 2},
		"variable":               {"-> EXIT_CODE=1", tracker.ResultExit, 1},
		"exited with":            {"exited with 3", tracker.ResultExit, 3},
		"exit code words":        {"=> exit code: 7 (expected)", tracker.ResultExit, 7},
		"in parentheses":         {"passed (exit 0)", tracker.ResultExit, 0},
		"rerun after a time-out": {"-> exit 0 (a first try timed out after 10s)", tracker.ResultExit, 0},
		"remark names a failure": {"-> exit 0 (the earlier failure is gone)", tracker.ResultExit, 0},
		"timed out":              {"-> timed out after 120s, what was seen was clean", tracker.ResultTimedOut, -1},
		"truncated":              {"-> output truncated", tracker.ResultTruncated, -1},
		"failed":                 {"-> BUILD FAILED (out of scope)", tracker.ResultFailed, -1},
		"partial":                {"-> PARTIAL (only `TestA` fails)", tracker.ResultFailed, -1},
		"words":                  {"passes, all green", tracker.ResultPassed, -1},
		"no failures":            {"-> 12 passed, 0 failed", tracker.ResultPassed, -1},
		"not run":                {"-> not run", tracker.ResultNotRun, -1},
		"other":                  {"-> 7316 bytes", tracker.ResultOther, -1},
		"nothing":                {"", tracker.ResultNone, -1},
		"code in the template":   {"-> exit <code>", tracker.ResultTemplate, -1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tr := parse(t, "- [x] `go test ./...` "+c.line, "", "")
			require.Len(t, tr.Packets[0].Required, 1)
			got := tr.Packets[0].Required[0]
			assert.Equal(t, c.kind, got.Result.Kind)
			assert.Equal(t, c.exit, got.Result.ExitCode)
			assert.Equal(t, "go test ./...", got.Command)
		})
	}
}

func TestCounts(t *testing.T) {
	cases := map[string]tracker.Counts{
		"(10 tests: 5 existing + 5 new, 1.7s)": {Tests: 10, Passed: -1, Failed: -1, Skipped: -1, Subtests: -1, Packages: -1, Files: -1},
		"(25 pass, 1 skip)":                    {Tests: -1, Passed: 25, Failed: -1, Skipped: 1, Subtests: -1, Packages: -1, Files: -1},
		"(11 tests + 13 subtests)":             {Tests: 11, Passed: -1, Failed: -1, Skipped: -1, Subtests: 13, Packages: -1, Files: -1},
		"(75 files, 682 tests)":                {Tests: 682, Passed: -1, Failed: -1, Skipped: -1, Subtests: -1, Packages: -1, Files: 75},
		"(682/682, 9.4s)":                      {Tests: 682, Passed: 682, Failed: -1, Skipped: -1, Subtests: -1, Packages: -1, Files: -1},
		"(0.309s, 1 package)":                  {Tests: -1, Passed: -1, Failed: -1, Skipped: -1, Subtests: -1, Packages: 1, Files: -1},
	}
	for words, want := range cases {
		t.Run(words, func(t *testing.T) {
			tr := parse(t, "- [x] `go test ./...` -> exit 0 "+words, "", "")
			assert.Equal(t, want, tr.Packets[0].Required[0].Result.Counts)
		})
	}
}

func TestRequiredForms(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"other bullets":    {"* [X] `make test` -> exit 0\n+ [x] `./check.sh`", []string{"make test", "./check.sh"}},
		"label":            {"- [ ] Routes: `rg -c 'a|b' x/*.go` -> exit 0", []string{"rg -c 'a|b' x/*.go"}},
		"prose":            {"- [x] Matrix: zero features with `status: UNMAPPED` below.", nil},
		"prose no command": {"- [x] Exit codes recorded for all commands.", nil},
		"two commands":     {"- [x] `go vet ./...` and `go test ./...` -> exit 0", []string{"go vet ./...", "go test ./..."}},
		"assignment":       {"- [x] `CGO_ENABLED=0 go build ./...` -> exit 0", []string{"CGO_ENABLED=0 go build ./..."}},
		"pipe":             {"- [x] `go test ./... 2>&1 | tail -5` -> exit 0", []string{"go test ./... 2>&1 | tail -5"}},
		"unknown tool":     {"- [x] `frobnicate --all` -> exit 0", []string{"frobnicate --all"}},
		"arrow in quotes":  {"- [x] `rg 'a -> b' src` -> exit 0", []string{"rg 'a -> b' src"}},
		"script":           {"```bash\n# first\n$ go vet ./...\ngo test \\\n  ./...\n```", []string{"go vet ./...", "go test ./..."}},
		"table":            {"| Command | Result |\n|---|---|\n| `go test -run 'A|B' ./...` | exit 0 |", []string{"go test -run 'A|B' ./..."}},
		"numbered":         {"1. `go build ./...`\n2. `go test ./...` (slow)", []string{"go build ./...", "go test ./..."}},
		"verb":             {"- [x] Run `go test ./...` with the race detector", []string{"go test ./..."}},
		"a test's name":    {"- [x] `TestAdd` is there", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tr := parse(t, c.text, "", "")
			var got []string
			for _, r := range tr.Packets[0].Required {
				got = append(got, r.Command)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

const evidence = `Files changed:
- a/b.go: new
- ` + "`c d.go`" + ` (modified): more

Commands run + exit codes (reviewer):
1. ` + "`go test ./...`" + ` -> exit 0 (3 tests)
2. ` + "`make lint`" + ` -> FAIL

Gate checklist:
- P0: PASS (fine)
- P1: N/A (docs)

Verdict: APPROVED (a first review said CHANGES_REQUESTED)

Commit:
- ` + "`0a7ede65`" + ` feat: it

Residual risk:
- High: it may break
  Owner: Ada. Follow-up: next week.
- ~~it is slow~~ — RESOLVED in AB-02

Rollback:
- Revert.
`

func TestEvidence(t *testing.T) {
	indented := "    " + strings.ReplaceAll(evidence, "\n", "\n    ")
	for name, text := range map[string]string{
		"fence":      "```markdown\n" + evidence + "```",
		"bare fence": "```\n" + evidence + "```",
		"tildes":     "~~~md\n" + evidence + "~~~",
		"long fence": "````markdown\n" + evidence + "\n```go\nx := 1\n```\n````",
		"no fence":   evidence,
		"indented":   indented,
		"in an item": "- The evidence:\n\n  ```\n  " + strings.ReplaceAll(evidence, "\n", "\n  ") + "```",
	} {
		t.Run(name, func(t *testing.T) {
			tr := parse(t, "- [x] `go test ./...` -> exit 0", text, "- AB-01: TODO")
			p := tr.Packets[0]
			assert.Equal(t, tracker.EvidenceFilled, p.Evidence.State)
			require.Len(t, p.Evidence.Claims, 2)
			assert.Equal(t, "go test ./...", p.Evidence.Claims[0].Command)
			assert.Equal(t, 3, p.Evidence.Claims[0].Result.Counts.Tests)
			assert.Equal(t, tracker.ResultFailed, p.Evidence.Claims[1].Result.Kind)
			require.Len(t, p.Evidence.Files, 2)
			assert.Equal(t, "a/b.go", p.Evidence.Files[0].Path)
			assert.Equal(t, "c d.go", p.Evidence.Files[1].Path)
			require.Len(t, p.Gates, 2)
			assert.Equal(t, "N/A", p.Gates[1].State)
			require.Len(t, p.Reviews, 1)
			assert.Equal(t, tracker.ReviewApproved, p.Reviews[0].State)
			require.Len(t, p.Risks, 2)
			assert.Equal(t, "High", p.Risks[0].Severity)
			assert.Equal(t, "Ada", p.Risks[0].Owner)
			assert.True(t, p.Risks[1].Struck)
			assert.Equal(t, "0a7ede65", p.Checkpoint().Hash)
			assert.True(t, tr.Packets[1].Final)
			assert.Empty(t, tr.Warnings)
		})
	}
}

func TestPlaceholders(t *testing.T) {
	template := "```\nFiles changed:\n- <path>: <reason>\n\nCommands run + exit codes:\n1. `<command>` -> exit <code>\n\nVerdict: APPROVED | CHANGES_REQUESTED\n\nCommit:\n- `<hash>` (<message>)\n```"
	for name, text := range map[string]string{"todo": "```\nTODO\n```", "template": template, "empty": ""} {
		t.Run(name, func(t *testing.T) {
			p := parse(t, "", text, "").Packets[0]
			assert.Equal(t, tracker.EvidencePlaceholder, p.Evidence.State)
			assert.Empty(t, p.Evidence.Claims)
			assert.Empty(t, p.Reviews)
		})
	}
}

func TestCheckpointForms(t *testing.T) {
	full := strings.Repeat("0a7ede65", 5)
	cases := map[string]struct {
		text string
		kind tracker.CheckpointKind
		hash string
	}{
		"code":        {"`687ecd79`", tracker.CheckpointHash, "687ecd79"},
		"digits":      {"`41964648`", tracker.CheckpointHash, "41964648"},
		"bare":        {"41964648 docs: it", tracker.CheckpointHash, "41964648"},
		"full":        {"`" + full + "` subject", tracker.CheckpointHash, full},
		"upper case":  {"`0A7EDE6`", tracker.CheckpointHash, "0a7ede6"},
		"four digits": {"`1a2b`", tracker.CheckpointHash, "1a2b"},
		"todo":        {"TODO", tracker.CheckpointTodo, ""},
		"pending":     {"PENDING (later)", tracker.CheckpointTodo, ""},
		"no-op":       {"`NO-OP` (docs only)", tracker.CheckpointNone, ""},
		"self":        {"this commit", tracker.CheckpointSelf, ""},
		"template":    {"`<hash>`", tracker.CheckpointPlaceholder, ""},
		"words":       {"See the hash below.", tracker.CheckpointWords, ""},
		"a branch":    {"`main`", tracker.CheckpointHash, "main"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := parse(t, "", "", "- AB-01: "+c.text).Packets[0].Checkpoint()
			require.NotNil(t, got)
			assert.Equal(t, c.kind, got.Kind)
			assert.Equal(t, c.hash, got.Hash)
		})
	}
}

func TestForms(t *testing.T) {
	plain := fmt.Appendf(nil, doc, "- [x] `go test ./...` -> exit 0", evidence, "- AB-01: `0a7ede65`")
	want := tracker.Parse("t.md", plain, nil)
	for name, change := range map[string]func(string) string{
		"CRLF": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"BOM":  func(s string) string { return "\ufeff" + s },
		"setext": func(s string) string {
			return strings.Replace(s, "## AB-02 Checklist: Verdict\n", "AB-02 Checklist: Verdict\n---\n", 1)
		},
		"capitals":         func(s string) string { return strings.Replace(s, "## Packet Board", "## PACKET BOARD", 1) },
		"no final newline": func(s string) string { return strings.TrimRight(s, "\n") },
	} {
		t.Run(name, func(t *testing.T) {
			got := tracker.Parse("t.md", []byte(change(string(plain))), nil)
			require.Len(t, got.Packets, len(want.Packets))
			assert.Equal(t, want.Packets[0].Required[0].Command, got.Packets[0].Required[0].Command)
			assert.Equal(t, len(want.Packets[0].Evidence.Claims), len(got.Packets[0].Evidence.Claims))
			assert.Equal(t, "0a7ede65", got.Packets[0].Checkpoint().Hash)
			assert.True(t, got.Packets[1].Final)
			assert.Empty(t, got.Warnings)
		})
	}
}

func TestBrokenFence(t *testing.T) {
	text := string(fmt.Appendf(nil, doc, "- [x] `go test ./...`", "```markdown\n"+evidence, "- AB-01: `0a7ede65`"))
	tr := tracker.Parse("t.md", []byte(text), nil)
	require.NotEmpty(t, tr.Warnings)
	assert.Contains(t, tr.Warnings[0].Message, "fence")
	assert.Equal(t, "```markdown", strings.Split(text, "\n")[tr.Warnings[0].Pos.Line-1])
	require.Len(t, tr.Packets, 2)
	require.NotNil(t, tr.Packets[1].Section, "the packet after the fence is read")
	assert.True(t, strings.HasPrefix(strings.Split(text, "\n")[tr.Packets[1].Section.Pos.Line-1], "## AB-02"))
	assert.Equal(t, tracker.CheckpointHash, tr.Packets[0].Checkpoint().Kind)
}

func TestWarnings(t *testing.T) {
	cases := map[string]struct{ src, message string }{
		"empty":      {"", "no packet"},
		"prose":      {"# Notes\n\nNothing here.\n", "no packet"},
		"not UTF-8":  {"# T\n\xff\xfe\n", "not UTF-8"},
		"duplicate":  {"## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n| A-1 | y | DONE | APPROVED |\n", "twice"},
		"no id":      {"## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| ??? | x | DONE | APPROVED |\n", "no packet id"},
		"no board":   {"## A-1 Checklist: x\n\n- [ ] y\n", "no packet board"},
		"stray hash": {"## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## Checkpoint Commits\n\n- A-9: `0a7ede65`\n", "no packet of this tracker"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var messages []string
			for _, w := range tracker.Parse("t.md", []byte(c.src), nil).Warnings {
				assert.True(t, w.Pos.IsValid())
				assert.NotEmpty(t, w.Hint)
				messages = append(messages, w.Message)
			}
			assert.Contains(t, strings.Join(messages, "\n"), c.message)
		})
	}
}

func TestVocabulary(t *testing.T) {
	src := "# T\n\n## Übersicht\n\n| Paket | Name | Stand | Prüfung |\n|---|---|---|---|\n| Teil_7 | x | fertig | gut |\n\n## Teil_7 Arbeit\n\n### Befehle\n\n- [x] `go test ./...`\n\n### Restrisiken\n\n- Es könnte regnen.\n"
	words := &tracker.Vocabulary{
		Headings: map[string][]string{"board": {"Übersicht"}, "required": {"Befehle"}, "risks": {"Restrisiken"}},
		Columns:  map[string][]string{"packet": {"Paket"}, "title": {"Name"}, "status": {"Stand"}, "review": {"Prüfung"}},
		Statuses: map[string][]string{"DONE": {"fertig"}, "APPROVED": {"gut"}},
		PacketID: `Teil_\d+`,
	}
	tr := tracker.Parse("t.md", []byte(src), words)
	require.Len(t, tr.Packets, 1)
	assert.False(t, tr.Packets[0].Final)
	for _, word := range []string{"arbeit", "Teil_7"} {
		words.Final = []string{word}
		assert.True(t, tracker.Parse("t.md", []byte(src), words).Packets[0].Final, word)
	}
	p := tr.Packets[0]
	assert.Equal(t, "Teil_7", p.ID)
	assert.True(t, p.Done())
	assert.True(t, p.Approved())
	require.NotNil(t, p.Section)
	assert.Len(t, p.Required, 1)
	assert.Len(t, p.Risks, 1)
}

func TestOtherBoards(t *testing.T) {
	src := "## Status\n\n## Work Items\n\n| ID | Summary | Depends on | State | Review |\n|---|---|---|---|---|\n| M2.1 | x | – | ✅ Done | ✅ |\n| M2.2 | y | M2.1 | In progress | pending |\n"
	tr := tracker.Parse("t.md", []byte(src), nil)
	require.Len(t, tr.Packets, 2)
	assert.True(t, tr.Packets[0].Done())
	assert.True(t, tr.Packets[0].Approved())
	assert.Equal(t, tracker.StatusInProgress, tr.Packets[1].Row.Status)
	assert.Equal(t, []string{"M2.1"}, tr.Packets[1].DependsOn)
}

// large is a tracker of n packets.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString("# Large\n\n## Packet Board\n\n| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |\n|---|---|---|---|---|---|---|\n")
	for i := range n {
		fmt.Fprintf(&b, "| BIG-%05d | Part | DONE | Ada | Grace | APPROVED | below |\n", i)
	}
	for i := range n {
		fmt.Fprintf(&b, "\n---\n\n## BIG-%05d Checklist: Part\n\n- [x] It is done.\n\n### Required Tests\n\n- [x] `go test ./part%d/...` -> exit 0\n\n### Review Gates\n\n- [x] P0 PASS\n- [x] Verdict recorded: `APPROVED`\n\n### BIG-%05d Review Evidence\n\n```markdown\n%s%s```\n", i, i, i, evidence, strings.Repeat("- a line of text that fills the evidence\n", 30))
	}
	return b.Bytes()
}

// BenchmarkParse reports the time for a byte at two sizes; equal numbers mean
// that time grows linearly.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1250, 5000} {
		src := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if got := len(tracker.Parse("t.md", src, nil).Packets); got != n {
					b.Fatalf("%d packets, want %d", got, n)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fmt.Appendf(nil, doc, "- [x] `go test ./...` -> exit 0", "```markdown\n"+evidence+"```", "- AB-01: `0a7ede65`"))
	f.Add([]byte("## Packet Board\n|a|\n|-|\n```\n## A-1 Checklist\n"))
	f.Add([]byte("## A-1 Checklist: x\n### Scope\n- src/**, not `b c/d.go` (e/*)\n- Out: [x/](y)\n\n|Must not touch|\n|-|\n|a/b|\n\nTouches: **c/d.go**:\n```\n*.go\n```\n"))
	f.Add([]byte(board(3) + "## C-1/C-2: x\n\nReviewed by: Grace — approved\n\nFiles changed:\n M  a/b.go\n{a => b}/c.go | 2 +-, d e\n\n```\na/b.go\n```\n\n### C-1 to C-3 Review Evidence\n\n- LGTM (x)\n2.\n3. [a b/](c), `d`\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		tr := tracker.Parse("t.md", src, nil)
		lines := bytes.Count(src, []byte("\n")) + bytes.Count(src, []byte("\r")) + 1
		for _, p := range tr.Packets {
			if p.Row == nil && p.Section == nil {
				t.Fatalf("packet %q stands nowhere", p.ID)
			}
			if pos := p.Pos(); pos.Line < 1 || pos.Line > lines || pos.Column < 1 {
				t.Fatalf("position %s is not in the file", pos)
			}
			for _, pos := range positions(&p) {
				if pos.Line < 1 || pos.Line > lines || pos.Column < 1 {
					t.Fatalf("position %s is not in the file", pos)
				}
			}
		}
		for _, w := range tr.Warnings {
			if w.Pos.Line < 1 || w.Pos.Line > lines || w.Pos.Column < 1 {
				t.Fatalf("position %s of %q is not in the file", w.Pos, w.Message)
			}
		}
		if again := tracker.Parse("t.md", src, nil); !reflect.DeepEqual(again, tr) {
			t.Fatal("two readings of one text differ")
		}
	})
}

// positions are the places of everything that a packet claims.
func positions(p *tracker.Packet) []tracker.Pos {
	var out []tracker.Pos
	for _, r := range p.Required {
		out = append(out, r.Pos)
	}
	for _, r := range p.Boxes {
		out = append(out, r.Pos)
	}
	for _, r := range p.Gates {
		out = append(out, r.Pos)
	}
	for _, r := range p.Reviews {
		out = append(out, r.Pos)
	}
	for _, r := range p.Evidence.Claims {
		out = append(out, r.Pos)
	}
	for _, r := range p.Evidence.Files {
		out = append(out, r.Pos)
	}
	for _, r := range p.Checkpoints {
		out = append(out, r.Pos)
	}
	for _, r := range p.Risks {
		out = append(out, r.Pos)
	}
	for _, r := range p.Scope {
		out = append(out, r.Pos)
	}
	for _, r := range p.ScopeWords {
		out = append(out, r.Pos)
	}
	return out
}

// A state that is not reached yet is none.
func TestHedgedStates(t *testing.T) {
	for cell, done := range map[string]bool{"DONE": true, "✅ Done": true, "Done (no findings)": true, "Done/Approved": true, "NOT DONE": false, "Not yet done": false, "almost done": false, "80% done": false, "100% done": true, "Partially complete": false, "to be done": false} {
		doc := "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | " + cell + " | APPROVED |\n\n## A-1\n\n- [x] box\n"
		tr := tracker.Parse("t.md", []byte(doc), nil)
		require.Len(t, tr.Packets, 1, cell)
		assert.Equal(t, done, tr.Packets[0].Done(), cell)
	}
}
