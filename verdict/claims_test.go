package verdict_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/verdict"
)

// Of several commands of the same tool, the evidence's nearest is the one to show.
func TestTheNearestOtherCommandIsNamed(t *testing.T) {
	f := &fixture{doc: goodTracker}
	f.replace(t, "1. `go vet ./...` -> exit 0\n", "1. `go vet ./other` -> exit 0\n2. `go vet -tags x ./...` -> exit 0\n")
	observed := ""
	for _, finding := range f.lint(t).Findings {
		if finding.Rule == "claims/other-command" {
			observed = finding.Observed
		}
	}
	assert.Equal(t, "go vet -tags x ./...", observed)
}

// What a table's columns say of a command's end is claimed, and held against what is
// expected and against what was seen.
func TestTheActualColumnIsAClaim(t *testing.T) {
	for actual, want := range map[string][]string{
		"exit 0 (3 tests)": nil, "0 ✅": nil, "exit 1 (a flake)": {"claims/failed"}, "timed out": {"claims/failed", "packet/no-evidence"}, "exit 0 (9 tests)": {"claims/count"},
	} {
		f := &fixture{doc: "## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n\n## CAR-1 Brakes\n\n| Command | Expected | Actual |\n|---|---|---|\n| `go test ./... -count=1` | exit 0 | " + actual + " |\n"}
		var rules []string
		for _, finding := range f.decide(t).Findings {
			if finding.Rule != "packet/not-approved" && finding.Rule != "packet/no-evidence" || finding.Rule == "packet/no-evidence" && actual == "timed out" {
				rules = append(rules, finding.Rule)
			}
		}
		assert.ElementsMatch(t, want, rules, actual)
	}
}

// A tracker that records reviews is held to them in every packet.
func TestAReviewThatIsMissingAmongOthers(t *testing.T) {
	doc := "## Packet Board\n\n| Packet | Title | Status |\n|---|---|---|\n| CAR-1 | Brakes | DONE |\n| CAR-2 | Lamps | DONE |\n\n## CAR-1 Brakes\n\nReview: %s\n\n## CAR-2 Lamps\n"
	for first, want := range map[string]verdict.Severity{"approved": verdict.Blocker, "by Ida": verdict.Condition} {
		f := &fixture{doc: strings.Replace(doc, "%s", first, 1)}
		for _, finding := range f.lint(t).Findings {
			if finding.Rule == "packet/not-approved" && finding.Packet == "CAR-2" {
				assert.Equal(t, want, finding.Severity, first)
			}
		}
	}
}

// A failure that a packet's evidence records counts although another packet, or the
// whole work, requires the command.
func TestFailuresOfCommandsThatOthersRequire(t *testing.T) {
	for end, want := range map[string]int{"exit 1": 1, "timed out": 1, "exit 0": 0, "passed": 0, "exit 1 (before the fix)\n3. `go test ./... -count=1` -> exit 0 (after the fix)": 0} {
		f := &fixture{doc: goodTracker}
		f.replace(t, "1. `go vet ./...` -> exit 0\n", "1. `go vet ./...` -> exit 0\n2. `go test ./... -count=1` -> "+end+"\n")
		found := 0
		for _, finding := range f.lint(t).Findings {
			if (finding.Rule == "claims/failed" || finding.Rule == "claims/timed-out") && finding.Packet == "AB-01" {
				found++
			}
		}
		assert.Equal(t, want, found, end)
	}
}

// TestHopedExitCodes: an exit code that should come is none that came.
func TestHopedExitCodes(t *testing.T) {
	for claim, want := range map[string]verdict.Decision{
		"-> should exit 0": verdict.NoGo, "-> expected exit 0": verdict.NoGo, "-> presumably exit 0": verdict.NoGo, "-> will exit 0 once CI is back": verdict.NoGo,
		"-> exit 0 (as expected)": verdict.Go, "-> expected exit 0, observed exit 0": verdict.Go, "-> exit 0": verdict.Go,
	} {
		f := &fixture{doc: goodTracker}
		f.replace(t, "1. `go test ./... -count=1` -> exit 0", "1. `go test ./... -count=1` "+claim)
		assert.Equal(t, want, f.decide(t).Verdict, claim)
	}
}

// What a tracker says beside its packets counts: blockers, open items, a NO_GO of its
// own; and what it says of nothing left does not.
func TestWhatStandsBesideThePackets(t *testing.T) {
	for end, want := range map[string]verdict.Decision{
		"## Blockers\n\n- The licence is not cleared": verdict.NoGo, "## Blockers\n\n- None": verdict.Go, "## Open items\n\n- Offsets overflow": verdict.GoWithConditions,
		"## Known issues\n\n- Low: lamps flicker, won't fix": verdict.Go, "## Summary\n\nRecommendation: NO-GO until the offsets are fixed.": verdict.GoWithConditions,
		"## Summary\n\nRecommendation: GO": verdict.Go, "## Notes\n\n- a critical risk of data loss": verdict.GoWithConditions, "## Notes\n\n- a risk assessment was made": verdict.Go,
		"<table><tr><td>Data loss on replay</td></tr></table>": verdict.GoWithConditions, "A remark.[^1]\n\n[^1]: At half past two it runs at three.": verdict.Go, "<p align=\"center\"><img src=\"a.png\"></p>": verdict.Go,
	} {
		f := &fixture{doc: goodTracker}
		f.doc += "\n" + end + "\n"
		r := f.decide(t)
		assert.Equal(t, want, r.Verdict, end)
		assert.False(t, finds(r, "risk/dropped") || finds(r, "risk/unrecorded"), end)
	}
}
