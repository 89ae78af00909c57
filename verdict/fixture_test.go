package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

const (
	hashA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"
	hashB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2"
	head  = "cccccccccccccccccccccccccccccccccccccccc"
)

// goodTracker is true in every respect; cases change one thing in it.
const goodTracker = `# Calc

Status: Active

## Rules

1. A packet can only move to DONE when every checkbox is checked.
2. Reviewer must provide explicit command exit-code evidence.
3. After every APPROVED packet, create a checkpoint commit and record the hash.

## Packet Board

| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |
|---|---|---|---|---|---|---|
| AB-00 | Base | DONE | Ada | Grace | APPROVED | below |
| AB-01 | Limits | DONE | Ada | Grace | APPROVED | below |
| AB-02 | Final Verdict | TODO | Grace | Grace | — | — |

## AB-00 Checklist: Base

- [x] It adds.

### Required Tests

- [x] ` + "`go test ./... -count=1`" + ` -> exit 0

### Review Gates

- [x] P0 PASS
- [x] P1 PASS
- [x] Verdict recorded: ` + "`APPROVED`" + `

### AB-00 Review Evidence

` + "```markdown" + `
Files changed:
- calc/calc.go: new

Commands run + exit codes:
1. ` + "`go test ./... -count=1`" + ` -> exit 0 (3 tests)

Gate checklist:
- P0: PASS
- P1: PASS

Verdict: APPROVED

Residual risk:
- None.
` + "```" + `

## AB-01 Checklist: Limits

- [x] Limits are checked.

### Required Tests

- [x] ` + "`go vet ./...`" + ` -> exit 0

### AB-01 Review Evidence

` + "```markdown" + `
Files changed:
- calc/limits.go: new

Commands run + exit codes:
1. ` + "`go vet ./...`" + ` -> exit 0

Verdict: APPROVED

Residual risk:
- None for this packet.
` + "```" + `

## AB-02 Checklist: Final Verdict

- [ ] Final verdict recorded (` + "`GO` / `GO_WITH_CONDITIONS` / `NO_GO`" + `).

### Required Tests

- [ ] ` + "`go build ./...`" + ` -> exit 0

## Checkpoint Commits

- AB-00: ` + "`aaaaaaaa`" + `
- AB-01: ` + "`bbbbbbbb`" + `
- AB-02: TODO

## Current Recommended Next Packet

- ` + "`AB-02`" + ` (Final Verdict)
`

// fixture is an input that cases change.
type fixture struct {
	doc    string
	input  verdict.Input
	change func(*evidence.Bundle) // after the bundle was made for the document
}

// replace changes the document; what is replaced must be there.
func (f *fixture) replace(t *testing.T, old, new string) {
	t.Helper()
	require.Contains(t, f.doc, old)
	f.doc = strings.Replace(f.doc, old, new, 1)
}

// command changes the one command of AB-00, in every place.
func (f *fixture) command(text string) {
	f.doc = strings.ReplaceAll(f.doc, "go test ./... -count=1", text)
}

func (f *fixture) decide(t *testing.T) *verdict.Report {
	t.Helper()
	in := f.input
	tr := tracker.Parse("t.md", []byte(f.doc), nil)
	in.Trackers = []*tracker.Tracker{tr}
	if in.Policy == nil {
		in.Policy = policy.Default()
	}
	required := in.Trackers
	if in.Base != nil {
		required = append(required, in.Base.Trackers...)
	}
	in.Bundle = goodBundle(plan.Build(required, in.Policy))
	if f.change != nil {
		f.change(in.Bundle)
	}
	return verdict.Decide(in)
}

// lint judges the document alone.
func (f *fixture) lint(t *testing.T) *verdict.Report {
	t.Helper()
	in := f.input
	in.Trackers, in.LintOnly = []*tracker.Tracker{tracker.Parse("t.md", []byte(f.doc), nil)}, true
	return verdict.Decide(in)
}

// goodBundle bears every command of a plan out.
func goodBundle(p *plan.Plan) *evidence.Bundle {
	at := time.Date(2026, 2, 9, 12, 0, 0, 0, time.UTC)
	b := &evidence.Bundle{
		Schema: evidence.Schema, Tool: evidence.Tool{Name: "verdict", Version: "test"}, Started: at, Finished: at.Add(time.Minute), Complete: true,
		Subject: evidence.Subject{Commit: head, Tree: hashA, Worktree: evidence.Worktree{State: evidence.WorktreeClean}},
		Repository: evidence.Repository{
			State: "ok", Head: head,
			Checkpoints: []evidence.Checkpoint{
				{Tracker: "t.md", Packet: "AB-00", Token: "aaaaaaaa", State: evidence.CheckpointReachable, Hash: hashA, Subject: "AB-00: base", Names: []string{"AB-00"}, Files: []evidence.FileChange{{Path: "calc/calc.go", Status: "A"}}, Left: "some", Parents: 1},
				{Tracker: "t.md", Packet: "AB-01", Token: "bbbbbbbb", State: evidence.CheckpointReachable, Hash: hashB, Subject: "AB-01: limits", Names: []string{"AB-01"}, Files: []evidence.FileChange{{Path: "calc/limits.go", Status: "A"}}, Left: "some", Parents: 1},
			},
			Relations: []evidence.Relation{{Tracker: "t.md", Earlier: "AB-00", Later: "AB-01", Kind: "ancestor"}},
		},
	}
	for i := range p.Commands {
		b.Commands = append(b.Commands, goodEvidence(&p.Commands[i]))
	}
	return b
}

func goodEvidence(c *plan.Command) evidence.Command {
	e := evidence.Command{Key: c.Key, Text: c.Text, Outcome: evidence.Exited, ExitCode: c.Needs[0].Expected, DurationMS: 10, Log: evidence.Log{Complete: true}, Steps: []evidence.Step{}}
	for i, s := range c.Shape.Steps {
		step := evidence.Step{Index: i, Argv: s.Argv, Tool: s.Tool, Probative: s.Probative, Outcome: evidence.Exited}
		if s.Tool == "go test" || s.Tool == "vitest" {
			step.Tests = &evidence.Tests{Complete: true, Passed: 3, Files: 1, Packages: 1}
		}
		if s.Tool == "tsc" {
			step.Check = &evidence.Check{Files: 4, Packages: -1}
		}
		e.Steps = append(e.Steps, step)
	}
	return e
}

// first returns the evidence of AB-00's command.
func first(b *evidence.Bundle) *evidence.Command { return &b.Commands[0] }

func tests(b *evidence.Bundle) *evidence.Tests { return first(b).Steps[0].Tests }
