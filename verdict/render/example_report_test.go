package render_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

const (
	headHash = "1f0c2ab34d5e6f708192a3b4c5d6e7f801234567"
	baseHash = "99aa88bb77cc66dd55ee44ff3300221100aabbcc"
	treeHash = "abcdef0123456789abcdef0123456789abcdef01"
	digest   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

var begun = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func at(line int) tracker.Pos {
	return tracker.Pos{File: "docs/progress.md", Line: line, Column: 3}
}

// goReport is a report with nothing owed.
func goReport() *verdict.Report {
	return &verdict.Report{
		Schema: verdict.ReportSchema, Verdict: verdict.Go,
		Summary:   "All three packets hold: every required command passed and every checkpoint is in the history.",
		Generated: begun.Add(5 * time.Minute), Complete: true, Head: headHash, Base: baseHash,
		Tool: evidence.Tool{Name: "verdict", Version: "v0.4.0"},
		Subject: evidence.Subject{
			Commit: headHash, Tree: treeHash, Branch: "feature/vat", Remote: "https://github.com/acme/shop",
			Worktree: evidence.Worktree{State: evidence.WorktreeClean},
			Trackers: []evidence.FileRef{{Path: "docs/progress.md", SHA256: digest}},
			Policy:   &evidence.FileRef{Path: "verdict.yaml", SHA256: digest},
		},
		Environment: evidence.Environment{OS: "linux", Arch: "amd64", CPUs: 4, Tools: []evidence.Tool{{Name: "go", Version: "go1.26.8"}, {Name: "node", Version: "v22.11.0"}}},
		Trackers:    []verdict.TrackerReport{{Path: "docs/progress.md", SHA256: digest, Title: "Shop: VAT", Verdict: verdict.Go, Summary: "All packets hold."}},
		Packets: []verdict.PacketReport{
			packet("SHOP-00", 12), packet("SHOP-01", 40, "SHOP-00"), packet("SHOP-02", 71, "SHOP-00", "SHOP-01"),
		},
		Commands: []verdict.CommandReport{
			command(0, "go build ./...", 0), command(1, "go test ./... -count=1", 0), command(2, "npx vitest run", 0),
		},
		Checkpoints: []verdict.CheckpointReport{checkpoint("SHOP-00", "4f2a9c1e", 20), checkpoint("SHOP-01", "8d01b7aa", 21)},
	}
}

func packet(id string, line int, depends ...string) verdict.PacketReport {
	return verdict.PacketReport{
		Tracker: "docs/progress.md", ID: id, Title: "Prices with " + id, Pos: at(line), Claimed: "DONE / APPROVED", Verified: "verified",
		Boxes: 6, Checked: 6, Commands: []string{"go build ./..."}, Checkpoint: strings.Repeat("4f2a9c1e", 5), DependsOn: depends,
	}
}

func command(n int, text string, exit int) verdict.CommandReport {
	state := verdict.CommandPassed
	if exit != 0 {
		state = verdict.CommandFailed
	}
	zero := 0
	return verdict.CommandReport{
		Key: text, Text: text, State: state,
		RequiredBy: []verdict.Requirement{{Packet: "SHOP-01", Pos: at(50 + n)}},
		Claims:     []verdict.ClaimReport{{Packet: "SHOP-01", Pos: at(80 + n), Claimed: "exit 0 (12 tests)", Exit: &zero, State: "confirmed"}},
		Evidence: &evidence.Command{
			Key: text, Text: text, Lane: []string{"go", "node"}[n%2], Outcome: evidence.Exited, ExitCode: exit,
			Started: begun.Add(time.Duration(n) * 7 * time.Second), DurationMS: int64(1200 + 900*n),
			Steps: []evidence.Step{{Argv: strings.Fields(text), Outcome: evidence.Exited, ExitCode: exit, Started: begun, Tests: &evidence.Tests{Complete: true, Passed: 12, Failed: exit, Files: 3}}},
			Log:   evidence.Log{Path: fmt.Sprintf("logs/%03d.log", n), Bytes: 40, Kept: 40, SHA256: digest, Complete: true, Head: "ok  \x1b[32mshop/vat\x1b[0m 0.2s\nFAIL: TestVAT: got 19, want 21\n"},
		},
	}
}

func checkpoint(packet, token string, line int) verdict.CheckpointReport {
	return verdict.CheckpointReport{
		Checkpoint: evidence.Checkpoint{
			Tracker: "docs/progress.md", Packet: packet, Token: token, State: evidence.CheckpointReachable, Hash: strings.Repeat(token, 5),
			Subject: packet + ": prices", Author: "Ada", Date: begun, Files: []evidence.FileChange{}, Left: "some", Parents: 1,
		},
		Pos: at(line),
	}
}

func conditionsReport() *verdict.Report {
	r := goReport()
	r.Verdict, r.Trackers[0].Verdict = verdict.GoWithConditions, verdict.GoWithConditions
	r.Summary = "It may go out once the deferred risk of SHOP-01 has an owner."
	r.Risks = []verdict.Risk{{
		ID: "SHOP-01/1f0c2a", Tracker: "docs/progress.md", Text: "Rounding of discounts above 100 %", Packet: "SHOP-01", Severity: "medium",
		Disposition: verdict.DispositionDeferred, Why: "\"deferred to SHOP-09\"", To: "SHOP-09", Owner: "billing", Places: []tracker.Pos{at(95)},
	}}
	r.Findings = []verdict.Finding{{
		ID: "risk/deferred-1f0c2a", Rule: "risk/deferred", Severity: verdict.Condition, Tracker: "docs/progress.md", Packet: "SHOP-01", Pos: at(95),
		Message: "The risk is deferred to SHOP-09, which has no owner.", Hint: "Name the owner of SHOP-09 in the board.", Risk: "SHOP-01/1f0c2a",
	}}
	r.Conditions = []string{"Name the owner of SHOP-09 in the board."}
	return r
}

func noGoReport() *verdict.Report {
	r := conditionsReport()
	r.Verdict, r.Trackers[0].Verdict = verdict.NoGo, verdict.NoGo
	r.Summary = "It may not go out: a required command fails that the tracker says passes, and one tests nothing."
	r.Commands[1] = command(1, "go test ./... -count=1", 1)
	r.Commands[1].Claims[0].State = "contradicted"
	r.Commands[2].State = verdict.CommandVacuous
	r.Packets[1].Verified, r.Packets[1].Blockers = "blocked", 2
	r.Checkpoints[1].State, r.Checkpoints[1].Hash, r.Checkpoints[1].Reason = evidence.CheckpointMissing, "", "no such commit in this complete clone"
	r.Findings = append([]verdict.Finding{
		{
			ID: "evidence/contradicted-7a", Rule: "evidence/contradicted", Severity: verdict.Blocker, Tracker: "docs/progress.md", Packet: "SHOP-01", Pos: at(81),
			Message: "`go test ./... -count=1` is said to exit 0; it exited 1.", Claimed: "exit 0 (12 tests)", Observed: "exit 1, 1 of 13 tests failed: TestVAT",
			Hint: "Fix TestVAT, or record what really happened.", Command: "go test ./... -count=1", TrackerRule: 3,
		},
		{
			ID: "evidence/vacuous-7b", Rule: "evidence/vacuous", Severity: verdict.Blocker, Tracker: "docs/progress.md", Packet: "SHOP-02", Pos: at(82),
			Message: "The command exited 0 and ran no test.", Observed: "0 tests", Hint: "Name a test that exists.", Command: "npx vitest run",
		},
	}, r.Findings...)
	r.Findings = append(r.Findings, verdict.Finding{
		ID: "packet/note-1", Rule: "packet/same-reviewer", Severity: verdict.Note, Packet: "SHOP-00", Pos: at(12), Message: "Implementer and reviewer are the same.",
	})
	r.Changes = []verdict.Change{{Kind: "verdict", What: "docs/progress.md", Before: "GO", After: "NO_GO", Worse: true}, {Kind: "tests", What: "npx vitest run", Before: "12", After: "0", Worse: true}}
	r.Against = "run 2026-03-01"
	r.Waivers = []verdict.WaiverReport{{Rule: "scope/outside", Packet: "SHOP-00", Reason: "generated files", Owner: "ada", Expires: "2026-04-01", State: "unused", Line: 4}}
	return r
}

// hostile is text that tries to be more than text.
const hostile = "@octocat fixes #1 GH-2 owner/repo#3 deadbeefcafe <!-- verdict:comment id=default --> </details></script><script>alert(1)</script>" +
	" <img src=x onerror=alert(1)> | a \\| b ``` ` [x](https://evil.example) https://evil.example www.evil.example a@b.example\n::error::x\n##[error]y\r\x1b[2J\x1b]0;t\a\u202eevil\u2066 {{.}} ]]> \x00\xff"

// hostileReport has that text in every place from outside.
func hostileReport(s string) *verdict.Report {
	r := noGoReport()
	r.Summary, r.Against, r.Subject.Branch, r.Subject.Remote = s, s, s, s
	r.Trackers[0].Path, r.Trackers[0].Title = s, s
	p := &r.Packets[1]
	p.ID, p.Title, p.Claimed, p.Implementer, p.Pos.File, p.DependsOn = s, s, s, s, s, []string{s}
	c := &r.Commands[1]
	c.Key, c.Text, c.Dir, c.Claims[0].Claimed, c.Claims[0].Why = s, s, s, s, s
	c.Evidence.Text, c.Evidence.Lane, c.Evidence.Log.Head, c.Evidence.Reason = s, s, s, s
	k := &r.Checkpoints[1]
	k.Packet, k.Token, k.Subject, k.Reason, k.Author = s, s, s, s, s
	q := &r.Risks[0]
	q.Text, q.Why, q.Owner, q.To, q.Packet, q.Severity = s, s, s, s, s, s
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Packet, f.Message, f.Claimed, f.Observed, f.Hint, f.Rule, f.Pos.File = s, s, s, s, s, s, s
		f.ID = s
		if i == 0 {
			f.Waived = &verdict.WaiverReport{Rule: s, Owner: s, Reason: s, Expires: s, State: "used"}
		}
	}
	r.Base, r.Subject.Tree, r.Tool.Version, r.Trackers[0].SHA256 = s, s, s, s
	r.Subject.Policy = &evidence.FileRef{Path: s, SHA256: s}
	p.Checkpoint, k.Hash = s, s
	r.Changes[0].What, r.Changes[0].Before = s, s
	r.Waivers[0].Reason, r.Waivers[0].Owner, r.Waivers[0].State = s, s, s
	r.Environment.Tools[0].Version = s
	return r
}

// bigReport has n findings and m commands.
func bigReport(n, m int) *verdict.Report {
	r := noGoReport()
	for i := len(r.Findings); i < n; i++ {
		f := r.Findings[i%3]
		f.ID = fmt.Sprintf("%s-%d", f.ID, i)
		f.Pos.Line = 100 + i
		r.Findings = append(r.Findings, f)
	}
	for i := len(r.Commands); i < m; i++ {
		r.Commands = append(r.Commands, command(i, fmt.Sprintf("go test ./pkg%d/... -count=1", i), i%7/6))
	}
	return r
}
