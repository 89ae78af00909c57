package verdict_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

var update = flag.Bool("update", false, "write the generated documents")

// ruleCase is a lie that a rule finds, and an honest twin that it lets through.
// Without a twin of its own, the good tracker is the twin.
type ruleCase struct {
	lie, twin func(t *testing.T, f *fixture)
}

func bundle(change func(*evidence.Bundle)) func(*testing.T, *fixture) {
	return func(_ *testing.T, f *fixture) { f.change = change }
}

func document(old, new string) func(*testing.T, *fixture) {
	return func(t *testing.T, f *fixture) { f.replace(t, old, new) }
}

func command(text string, change func(*evidence.Bundle)) func(*testing.T, *fixture) {
	return func(_ *testing.T, f *fixture) { f.command(text); f.change = change }
}

func withPolicy(p func(*policy.Policy), change func(*evidence.Bundle)) func(*testing.T, *fixture) {
	return func(_ *testing.T, f *fixture) {
		f.input.Policy = policy.Default()
		p(f.input.Policy)
		f.change = change
	}
}

func step(change func(*evidence.Step)) func(*evidence.Bundle) {
	return func(b *evidence.Bundle) { change(&first(b).Steps[0]) }
}

func counted(change func(*evidence.Tests)) func(*testing.T, *fixture) {
	return bundle(func(b *evidence.Bundle) { change(tests(b)) })
}

// signed is a commit whose signature has a state.
func signed(state string) func(*testing.T, *fixture) {
	return checkpointA(func(c *evidence.Checkpoint) { c.Signature = &evidence.Signature{State: state} })
}

func checkpointA(change func(*evidence.Checkpoint)) func(*testing.T, *fixture) {
	return bundle(func(b *evidence.Bundle) { change(&b.Repository.Checkpoints[0]) })
}

func risk(text string) func(*testing.T, *fixture) {
	return document("- None.", "- "+text)
}

const table = "\n### Residual Risks (Reconciled)\n\n| Risk | Source | Severity | Mitigation |\n|---|---|---|---|\n"

func unrecorded(commits ...string) func(*testing.T, *fixture) {
	return func(t *testing.T, f *fixture) {
		f.replace(t, "- AB-01: `bbbbbbbb`", "- AB-01: TODO")
		f.change = func(b *evidence.Bundle) {
			n := evidence.Naming{Tracker: "t.md", Packet: "AB-01", Complete: true, Searched: 9, Commits: []evidence.Commit{}}
			for _, h := range commits {
				n.Commits = append(n.Commits, evidence.Commit{Hash: h, Subject: "AB-01: limits"})
			}
			b.Repository.Naming = []evidence.Naming{n}
		}
	}
}

var ruleCases = map[string]ruleCase{
	"evidence/missing": {lie: bundle(func(b *evidence.Bundle) { b.Commands = b.Commands[1:] })},
	"evidence/failed":  {lie: bundle(func(b *evidence.Bundle) { first(b).ExitCode = 1 })},
	"evidence/hidden-failure": {
		lie:  command("go test ./... -count=1 || true", step(func(s *evidence.Step) { s.ExitCode, s.Tests.Failed = 1, 1 })),
		twin: command("go test ./... -count=1 || true", nil),
	},
	"evidence/timed-out":     {lie: bundle(func(b *evidence.Bundle) { first(b).Outcome, first(b).ExitCode = evidence.TimedOut, -1 })},
	"evidence/killed":        {lie: bundle(func(b *evidence.Bundle) { first(b).Outcome, first(b).ExitCode = evidence.Signaled, -1 })},
	"evidence/not-run":       {lie: bundle(func(b *evidence.Bundle) { first(b).Outcome, first(b).ExitCode = evidence.NotRun, -1 })},
	"evidence/refused":       {lie: command("git reset --hard", func(b *evidence.Bundle) { first(b).Outcome = evidence.Refused }), twin: command("git diff --exit-code && go test ./...", nil)},
	"evidence/not-evaluated": {lie: bundle(func(b *evidence.Bundle) { first(b).NotEvaluated, first(b).Outcome = true, evidence.StartFailed })},
	"evidence/no-tests":      {lie: counted(func(t *evidence.Tests) { t.Passed = 0 }), twin: counted(func(t *evidence.Tests) { t.NoTests = 5 })},
	"evidence/all-skipped":   {lie: counted(func(t *evidence.Tests) { t.Passed, t.Skipped = 0, 2 }), twin: counted(func(t *evidence.Tests) { t.Skipped = 1 })},
	"evidence/too-few-tests": {
		lie: withPolicy(func(p *policy.Policy) {
			p.Commands.Required = []policy.Required{{Command: "go test ./... -count=1", MinTests: 40}}
		}, nil),
		twin: withPolicy(func(p *policy.Policy) {
			p.Commands.Required = []policy.Required{{Command: "go test ./... -count=1", MinTests: 3}}
		}, nil),
	},
	"evidence/nothing-checked": {
		lie:  command("npx tsc --noEmit -p tsconfig.json", step(func(s *evidence.Step) { s.Check.Files = 0 })),
		twin: command("npx tsc --noEmit -p tsconfig.app.json", nil),
	},
	"evidence/invented":           {lie: counted(func(t *evidence.Tests) { t.Invented = []string{"example.com/m.TestGhost"} })},
	"evidence/incomplete-results": {lie: counted(func(t *evidence.Tests) { t.Complete = false })},
	"evidence/wrong-folder": {
		lie:  command("cd a; cd b; go build ./...", func(b *evidence.Bundle) { first(b).Steps[1].ExitCode = 1 }),
		twin: command("cd a; cd b; go build ./...", nil),
	},
	"evidence/tree-changed": {lie: bundle(func(b *evidence.Bundle) {
		first(b).TreeChanges = []evidence.FileChange{{Path: "calc/calc.go", Status: "M"}}
	})},
	"evidence/unseen-step": {lie: command("set +e; go test ./... -count=1; go vet ./x", func(b *evidence.Bundle) { first(b).Steps = first(b).Steps[:2] }), twin: command("set +e; go test ./... -count=1; go vet ./x", nil)},
	"evidence/unproven": {lie: command("./scan.sh", nil), twin: command("./check.sh", func(b *evidence.Bundle) {
		first(b).Steps = append(first(b).Steps, evidence.Step{Index: -1, Argv: []string{"go", "vet"}, Tool: "go vet", Probative: true, Outcome: evidence.Exited, Via: "path"})
	})},
	"evidence/cannot-fail": {lie: command("echo ok", nil)},
	"evidence/expected-code": {lie: func(t *testing.T, f *fixture) {
		f.command("govulncheck ./...")
		f.replace(t, "govulncheck ./...` -> exit 0", "govulncheck ./...` -> exit 3")
		f.replace(t, "1. `govulncheck ./...` -> exit 0", "1. `govulncheck ./...` -> exit 3")
	}},
	"evidence/cached":        {lie: counted(func(t *evidence.Tests) { t.Cached = 1 })},
	"evidence/retried":       {lie: counted(func(t *evidence.Tests) { t.Retried = 1 })},
	"evidence/only":          {lie: counted(func(t *evidence.Tests) { t.Only = 1 })},
	"evidence/snapshots":     {lie: counted(func(t *evidence.Tests) { t.Snapshots = 1 })},
	"evidence/unhandled":     {lie: counted(func(t *evidence.Tests) { t.Unhandled = 1 })},
	"evidence/foreign-lines": {lie: counted(func(t *evidence.Tests) { t.Forged, t.Complete = 1, false })},
	"evidence/weak-flags":    {lie: command("npx tsc --noCheck", step(func(s *evidence.Step) { s.Check.Flags = []string{"--noCheck"} }))},
	"evidence/cut-log":       {lie: bundle(func(b *evidence.Bundle) { first(b).Log.Complete = false })},
	"evidence/masked":        {lie: command("go test ./... -count=1 | tail", nil)},
	"evidence/leftover":      {lie: bundle(func(b *evidence.Bundle) { first(b).Leftover = 1 })},
	"evidence/untracked-output": {lie: bundle(func(b *evidence.Bundle) {
		first(b).TreeChanges = []evidence.FileChange{{Path: "cover.out", Status: "?"}}
	})},
	"evidence/some-skipped": {lie: counted(func(t *evidence.Tests) { t.Skipped = 1 })},
	"evidence/reused":       {lie: bundle(func(b *evidence.Bundle) { first(b).Reused = &evidence.Reuse{Run: "x"} })},
	"evidence/redacted":     {lie: bundle(func(b *evidence.Bundle) { b.Redacted = 1 })},
	"evidence/environment":  {lie: bundle(func(b *evidence.Bundle) { b.Environment.SetAside = []string{"GOFLAGS"} }), twin: bundle(func(b *evidence.Bundle) { b.Environment.SetAside = []string{"GITHUB_TOKEN"} })},
	"evidence/altered":      {lie: bundle(func(b *evidence.Bundle) { b.Altered = true })},
	"evidence/incomplete":   {lie: bundle(func(b *evidence.Bundle) { b.Complete = false })},

	"claims/missing":       {lie: document("1. `go vet ./...` -> exit 0\n", "1. `git log` -> exit 0\n"), twin: document("1. `go test ./... -count=1` -> exit 0 (3 tests)", "1. `go test ./... -count=1 -v` -> exit 0")},
	"claims/other-command": {lie: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./calc` -> exit 0\n")},
	"claims/no-exit-code":  {lie: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` passes, all green\n")},
	"claims/failed":        {lie: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 1 (unrelated)\n"), twin: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 0 (0 failed)\n")},
	"claims/timed-out":     {lie: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> timed out after 9s\n"), twin: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 0 (a first try timed out)\n")},
	"claims/flaky":         {lie: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 1\n2. `go vet ./...` -> exit 0\n"), twin: document("1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 0\n2. `go vet ./...` -> exit 0\n")},
	"claims/count":         {lie: document("(3 tests)", "(12 tests)"), twin: document("(3 tests)", "(2 tests)")},
	"claims/vacuous":       {lie: document("(3 tests)", "(no matching tests)")},

	"packet/not-done":       {lie: document("| AB-01 | Limits | DONE |", "| AB-01 | Limits | IN_PROGRESS |")},
	"packet/left-out":       {lie: document("| AB-01 | Limits | DONE |", "| AB-01 | Limits | OBSOLETE |")},
	"packet/not-approved":   {lie: document("| AB-01 | Limits | DONE | Ada | Grace | APPROVED |", "| AB-01 | Limits | DONE | Ada | Grace | PENDING |")},
	"packet/status-differs": {lie: document("- [x] It adds.", "Status: blocked\n\n- [x] It adds."), twin: document("- [x] It adds.", "Status: done, 2026-02-09\n\n- [x] It adds.")},
	"packet/unchecked-box":  {lie: document("- [x] It adds.", "- [ ] It adds."), twin: document("- [x] It adds.", "- [X] It adds.")},
	"packet/no-evidence": {lie: func(t *testing.T, f *fixture) {
		f.replace(t, "Files changed:\n- calc/limits.go: new\n\nCommands run + exit codes:\n1. `go vet ./...` -> exit 0\n\nVerdict: APPROVED\n\nResidual risk:\n- None for this packet.\n", "TODO\n")
	}},
	"packet/no-section":  {lie: document("| AB-02 | Final Verdict |", "| AB-09 | Ghost | DONE | Ada | Grace | APPROVED | below |\n| AB-02 | Final Verdict |")},
	"packet/no-row":      {lie: document("| AB-01 | Limits | DONE | Ada | Grace | APPROVED | below |\n", "")},
	"packet/dependency":  {lie: document("- [x] It adds.", "Depends on: AB-02\n\n- [x] It adds."), twin: document("- [x] It adds.", "Depends on: AB-01\n\n- [x] It adds.")},
	"gate/failed":        {lie: document("- P0: PASS", "- P0: FAIL")},
	"gate/disagrees":     {lie: document("- P1: PASS", "- P1: N/A (docs)")},
	"review/contradicts": {lie: document("Verdict: APPROVED", "Verdict: CHANGES_REQUESTED"), twin: document("Verdict: APPROVED", "Verdict: APPROVED (a first review said CHANGES_REQUESTED)")},
	"review/self":        {lie: document("| DONE | Ada | Grace |", "| DONE | Ada | Ada |")},

	"tracker/empty": {lie: func(_ *testing.T, f *fixture) {
		f.doc = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n"
	}},
	"tracker/claims-only": {lie: func(_ *testing.T, f *fixture) {
		f.doc = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1\n\nCommands run:\n- `go vet ./...` -> exit 0\n"
	}, twin: func(_ *testing.T, f *fixture) {
		f.doc = "## Packet Board\n\n| Packet | Title | Status | Review State |\n|---|---|---|---|\n| A-1 | x | DONE | APPROVED |\n\n## A-1\n\nRequired tests:\n- [x] `go vet ./...` -> exit 0\n\nCommands run:\n- `go vet ./...` -> exit 0\n"
	}},
	"tracker/unreadable": {lie: document("| AB-02 | Final Verdict |", "| ??? | Odd | DONE | Ada | Grace | APPROVED | below |\n| AB-02 | Final Verdict |")},
	"tracker/stale-next": {lie: document("- `AB-02` (Final Verdict)", "- `AB-00` can begin"), twin: document("- `AB-02` (Final Verdict)", "- All packets complete.")},
	"tracker/recorded-verdict": {lie: func(t *testing.T, f *fixture) {
		f.replace(t, "Status: Active", "Status: Complete — `GO`")
		f.replace(t, "- [x] It adds.", "- [ ] It adds.")
	}, twin: document("Status: Active", "Status: Complete — `GO`")},

	"checkpoint/missing":     {lie: checkpointA(func(c *evidence.Checkpoint) { c.State = evidence.CheckpointMissing })},
	"checkpoint/unreachable": {lie: checkpointA(func(c *evidence.Checkpoint) { c.State = evidence.CheckpointUnreachable })},
	"checkpoint/rewritten": {lie: checkpointA(func(c *evidence.Checkpoint) {
		c.State, c.Twin = evidence.CheckpointUnreachable, &evidence.Twin{Hash: hashB, By: "patch"}
	})},
	"checkpoint/ambiguous":    {lie: checkpointA(func(c *evidence.Checkpoint) { c.State = evidence.CheckpointAmbiguous })},
	"checkpoint/malformed":    {lie: checkpointA(func(c *evidence.Checkpoint) { c.State = evidence.CheckpointMalformed })},
	"checkpoint/unverifiable": {lie: checkpointA(func(c *evidence.Checkpoint) { c.State = evidence.CheckpointUnverifiable })},
	"checkpoint/unrecorded":   {lie: unrecorded(hashB)},
	"checkpoint/never":        {lie: unrecorded(), twin: unrecorded(hashB)},
	"checkpoint/no-commit":    {lie: document("- AB-01: `bbbbbbbb`", "- AB-01: NO-OP (docs)")},
	"checkpoint/reused":       {lie: bundle(func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = "same" })},
	"checkpoint/out-of-order": {lie: bundle(func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = "descendant" }), twin: bundle(func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = "unrelated" })},
	"checkpoint/other-packet": {lie: checkpointA(func(c *evidence.Checkpoint) { c.Names = []string{"AB-04"} }), twin: checkpointA(func(c *evidence.Checkpoint) { c.Names = []string{"AB-04", "ab-00"} })},
	"checkpoint/empty":        {lie: checkpointA(func(c *evidence.Checkpoint) { c.Files = []evidence.FileChange{} })},
	"checkpoint/undone":       {lie: checkpointA(func(c *evidence.Checkpoint) { c.Left = "none" })},
	"checkpoint/scope": {lie: checkpointA(func(c *evidence.Checkpoint) {
		c.Files = append(c.Files, evidence.FileChange{Path: "licence/l.go", Status: "A"})
	}), twin: checkpointA(func(c *evidence.Checkpoint) {
		c.Files = append(c.Files, evidence.FileChange{Path: "t.md", Status: "M"})
	})},
	"checkpoint/out-of-scope":           {lie: document("- [x] It adds.", "Scope: `lib/**`\n\n- [x] It adds."), twin: document("- [x] It adds.", "Scope: `calc/**`\n\n- [x] It adds.")},
	"checkpoint/untouched":              {lie: document("- calc/calc.go: new", "- calc/calc.go: new\n- calc/other.go: new")},
	"checkpoint/signature":              {lie: signed("unsigned"), twin: signed("good")},
	"checkpoint/signature-bad":          {lie: signed("bad"), twin: signed("unknown key")},
	"checkpoint/signature-unverifiable": {lie: signed("unsupported"), twin: signed("expired key")},
	"checkpoint/short-hash":             {lie: withPolicy(func(p *policy.Policy) { p.Checkpoints.FullHash = true }, nil)},
	"checkpoint/tests-lost": {lie: bundle(func(b *evidence.Bundle) {
		b.Repository.Tests = []evidence.TestChange{{File: "a_test.go", Name: "TestA", Kind: "deleted"}}
	})},

	"worktree/changed":   {lie: dirty("calc/calc.go", "M"), twin: dirty("README.md", "M")},
	"worktree/untracked": {lie: dirty("calc/more.go", "?"), twin: dirty("notes.txt", "?")},
	"worktree/documents": {lie: dirty("README.md", "M")},
	"worktree/unknown":   {lie: bundle(func(b *evidence.Bundle) { b.Subject.Worktree.State = "" }), twin: bundle(func(b *evidence.Bundle) { b.Subject.Worktree.State, b.Subject.CleanCheckout = "", true })},

	"risk/open-high":          {lie: risk("HIGH: it corrupts balances; nothing is done yet"), twin: risk("HIGH: it corrupts balances; mitigated by a check before each write")},
	"risk/open":               {lie: risk("Add is not checked for overflow"), twin: risk("Add is not checked for overflow (acceptable: no input is large)")},
	"risk/deferred":           {lie: risk("Add may overflow — deferred to AB-02 final verdict."), twin: risk("Add may overflow — will be addressed in AB-01.")},
	"risk/accepted":           {lie: risk("P2: it is slow; accepted"), twin: risk("Low: it is slow; accepted")},
	"risk/noted":              {lie: risk("Low: it is slow; accepted")},
	"risk/resolved-by-nobody": {lie: risk("Add may overflow — RESOLVED in AB-07"), twin: risk("Add may overflow — RESOLVED in AB-01")},
	"risk/dropped": {
		lie: func(t *testing.T, f *fixture) {
			risk("Add is not checked for overflow")(t, f)
			f.replace(t, "### Required Tests\n\n- [ ] `go build", table+"| Something else entirely | AB-01 | Low | Accepted |\n\n### Required Tests\n\n- [ ] `go build")
		},
		twin: func(t *testing.T, f *fixture) {
			risk("Add is not checked for overflow")(t, f)
			f.replace(t, "### Required Tests\n\n- [ ] `go build", table+"| Add is not checked for overflow | AB-00 | Low | Accepted: inputs are small |\n\n### Required Tests\n\n- [ ] `go build")
		},
	},
	"risk/unrecorded": {
		lie: document("## Checkpoint Commits", "Verdict\n"+table+"| It is slow | AB-00 | Low | Accepted |\n\n## Checkpoint Commits"),
		twin: func(t *testing.T, f *fixture) {
			risk("It is slow")(t, f)
			document("## Checkpoint Commits", "Verdict\n"+table+"| It is slow | AB-00 | Low | Accepted |\n\n## Checkpoint Commits")(t, f)
		},
	},
	"risk/condition": {lie: document("## Checkpoint Commits", "## Final Verdict: `GO_WITH_CONDITIONS`\n\nConditions:\n1. Upgrade the toolchain.\n\n## Checkpoint Commits"), twin: document("## Checkpoint Commits", "## Final Verdict: `GO`\n\nPrior condition (resolved):\n1. Upgrade the toolchain.\n\n## Checkpoint Commits")},
	"risk/too-many": {
		lie: func(t *testing.T, f *fixture) {
			risk("Add is not checked for overflow")(t, f)
			f.input.Policy = policy.Default()
			f.input.Policy.Risks.MaxOpen = 0
		},
		twin: func(t *testing.T, f *fixture) {
			risk("Add is not checked for overflow")(t, f)
			f.input.Policy = policy.Default()
			f.input.Policy.Risks.MaxOpen = 1
		},
	},

	"contract/violated": {
		lie: withPolicy(contract, func(b *evidence.Bundle) {
			b.Repository.Base = hashA
			b.Repository.Contracts = []evidence.Contract{{ID: "legacy", File: "a.go", Line: 3, Text: "x"}}
		}),
		twin: withPolicy(contract, func(b *evidence.Bundle) { b.Repository.Base = hashA }),
	},
	"contract/unverifiable": {
		lie:  withPolicy(contract, nil),
		twin: withPolicy(contract, func(b *evidence.Bundle) { b.Repository.Base = hashA }),
	},

	"policy/changed": {
		lie: func(t *testing.T, f *fixture) {
			f.input.Base = base(t, "go vet ./..."+"` -> exit 0\n- [x] `go vet ./more")
		},
		twin: func(t *testing.T, f *fixture) { f.input.Base = base(t, "go vet ./...") },
	},
	"policy/waiver": {
		lie:  withPolicy(func(p *policy.Policy) { p.Waivers = []policy.Waiver{waiver("2026-01-01")} }, func(b *evidence.Bundle) { first(b).ExitCode = 1 }),
		twin: withPolicy(func(p *policy.Policy) { p.Waivers = []policy.Waiver{waiver("2026-12-01")} }, func(b *evidence.Bundle) { first(b).ExitCode = 1 }),
	},
	"policy/severity": {lie: withPolicy(func(p *policy.Policy) { p.Severities = map[string]string{"checkpoint/scope": "off"} }, nil), twin: withPolicy(func(p *policy.Policy) { p.Severities = map[string]string{"checkpoint/scope": "blocker"} }, nil)},
	"history/worse": {
		lie: func(t *testing.T, f *fixture) {
			more := &fixture{doc: goodTracker, change: func(b *evidence.Bundle) { tests(b).Passed = 43 }}
			f.input.Previous = more.decide(t)
		},
		twin: func(t *testing.T, f *fixture) { f.input.Previous = (&fixture{doc: goodTracker}).decide(t) },
	},
	"trust/distrusted": {lie: func(_ *testing.T, f *fixture) {
		f.input.Distrust = []verdict.Distrust{{Rule: "head", Message: "another commit"}}
	}},
}

func dirty(path, status string) func(*testing.T, *fixture) {
	return bundle(func(b *evidence.Bundle) {
		b.Subject.Worktree = evidence.Worktree{State: evidence.WorktreeDirty, Changes: []evidence.FileChange{{Path: path, Status: status}}}
	})
}

func contract(p *policy.Policy) {
	p.Contracts = []policy.Contract{{ID: "legacy", Pattern: "x", Severity: "blocker"}}
}

func waiver(expires string) policy.Waiver {
	day, _ := time.Parse("2006-01-02", expires)
	return policy.Waiver{Rule: "evidence/failed", Reason: "known", Owner: "ada", Expires: day}
}

func base(t *testing.T, command string) *verdict.Base {
	t.Helper()
	f := &fixture{doc: goodTracker}
	f.replace(t, "- [x] `go vet ./...", "- [x] `"+command)
	return &verdict.Base{Commit: hashA, Trackers: []*tracker.Tracker{tracker.Parse("t.md", []byte(f.doc), nil)}}
}

func finds(r *verdict.Report, rule string) bool {
	for _, f := range r.Findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func TestGoodTrackerIsGo(t *testing.T) {
	r := (&fixture{doc: goodTracker}).decide(t)
	assert.Equal(t, verdict.Go, r.Verdict)
	assert.Empty(t, r.Findings)
}

// TestRules: every rule finds its lie, lets its honest twin through, and has both.
func TestRules(t *testing.T) {
	for _, rule := range verdict.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			c, ok := ruleCases[rule.ID]
			require.True(t, ok, "the rule has no case")
			lie := &fixture{doc: goodTracker}
			c.lie(t, lie)
			r := lie.decide(t)
			assert.True(t, finds(r, rule.ID), "the lie is not found; found: %v", r.Findings)
			if rule.Severity == verdict.Blocker {
				assert.Equal(t, verdict.NoGo, r.Verdict)
			} else if rule.Severity == verdict.Condition {
				assert.NotEqual(t, verdict.Go, r.Verdict)
			}
			for _, f := range r.Findings {
				assert.NotEmpty(t, f.Message)
				assert.NotEmpty(t, f.Hint)
				assert.NotEmpty(t, f.ID)
			}
			twin := &fixture{doc: goodTracker}
			if c.twin != nil {
				c.twin(t, twin)
			}
			r = twin.decide(t)
			assert.False(t, finds(r, rule.ID), "the twin is refused: %v", r.Findings)
		})
	}
	for id := range ruleCases {
		_, ok := verdict.RuleByID(id)
		assert.True(t, ok, "the case %s is for no rule", id)
	}
}

// TestGeneratedDocuments: docs/rules.md and docs/risks.md are made from the source.
func TestGeneratedDocuments(t *testing.T) {
	var rules bytes.Buffer
	require.NoError(t, verdict.WriteRules(&rules))
	for path, want := range map[string]string{"../docs/rules.md": rules.String(), "../docs/risks.md": verdict.WriteRiskWords()} {
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "run: go test ./verdict -update")
	}
}
