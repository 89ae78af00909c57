package verdict_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

// TestRisksAreReadAsAReaderWould compares dispositions and severities with a
// list made by hand.
func TestRisksAreReadAsAReaderWould(t *testing.T) {
	file, err := os.Open("testdata/risks.tsv")
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		want := strings.SplitN(lines.Text(), "\t", 3)
		require.Len(t, want, 3, lines.Text())
		f := &fixture{doc: goodTracker}
		f.replace(t, "- None.", "- "+want[2])
		got := []string{"none", "-"}
		if risks := f.lint(t).Risks; len(risks) > 0 {
			got = []string{string(risks[0].Disposition), risks[0].Severity}
			if got[1] == "" {
				got[1] = "-"
			}
			assert.NotEmpty(t, risks[0].Why)
		}
		assert.Equal(t, want[:2], got, want[2])
	}
	require.NoError(t, lines.Err())
}

// ledgerOf is the ledger of the good tracker with other risks and a final table.
func ledgerOf(t *testing.T, first, second, table string) *verdict.Report {
	f := &fixture{doc: goodTracker}
	f.replace(t, "- None.", "- "+first)
	f.replace(t, "- None for this packet.", "- "+second)
	f.doc += table
	return f.lint(t)
}

func ruleOf(r *verdict.Report, rule string) []string {
	var said []string
	for i := range r.Findings {
		if r.Findings[i].Rule == rule {
			said = append(said, r.Findings[i].Message)
		}
	}
	return said
}

func TestTheSameRiskIsOne(t *testing.T) {
	r := ledgerOf(t, "Retries are unbounded.", "Retries are unbounded — accepted by Grace", "")
	require.Len(t, r.Risks, 1)
	assert.Len(t, r.Risks[0].Places, 2)
	assert.Equal(t, verdict.DispositionAccepted, r.Risks[0].Disposition)

	r = ledgerOf(t, "The importer has no limit on rows", "The exporter has no limit on rows", "")
	assert.Len(t, r.Risks, 2, "two that are alike are two")
}

func TestTableColumns(t *testing.T) {
	const head = "\n## Residual Risks\n\n| ID | Risk | Likelihood | Impact | Mitigation | Owner | Status |\n|---|---|---|---|---|---|---|\n"
	for row, want := range map[string][3]string{
		"| R1 | Retries are unbounded | High | High | Backoff | Ada | Open |":                {"open", "high", "Ada"},
		"| R1 | Retries are unbounded | Low | High | Backoff | Ada | Mitigated |":            {"mitigated", "medium", "Ada"},
		"| R1 | Retries are unbounded | Medium | Medium | Backoff | Ada | Accepted |":        {"accepted", "medium", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | — | Ada | Closed (AB-01) |":           {"resolved", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | No mitigation yet | Ada | |":          {"open", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | None | Ada | |":                       {"open", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | Backoff | Ada | |":                    {"mitigated", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | TBD | Ada | |":                        {"deferred", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | Backoff | Ada | Unresolved |":         {"open", "low", "Ada"},
		"| R1 | Retries are unbounded | Medium | Low | Backoff | Ada | In progress |":        {"deferred", "low", "Ada"},
		"| R1 | ~~Retries are unbounded~~ | Medium | Low | Backoff | Ada | Resolved AB-01 |": {"resolved", "low", "Ada"},
	} {
		r := ledgerOf(t, "None.", "None.", head+row+"\n")
		require.Len(t, r.Risks, 1, row)
		assert.Equal(t, want, [3]string{string(r.Risks[0].Disposition), r.Risks[0].Severity, r.Risks[0].Owner}, row)
	}
}

func TestNothingIsLostBetweenPacketsAndTable(t *testing.T) {
	r := ledgerOf(t, "Retries are unbounded", "The log may grow (acceptable)", table+"| Dates are local | AB-00 | Low | Accepted |\n")
	assert.Len(t, r.Risks, 3)
	require.Len(t, ruleOf(r, "risk/dropped"), 2)
	assert.Len(t, ruleOf(r, "risk/unrecorded"), 1)
	assert.Empty(t, ruleOf(r, "risk/open"), "what is dropped is not said twice")

	// A packet's own table is no list over all packets.
	f := &fixture{doc: goodTracker}
	f.replace(t, "- None.\n", "\n| Risk | Severity | Mitigation |\n|---|---|---|\n| Dates are local | Low | Accepted |\n")
	f.replace(t, "- None for this packet.", "- Retries are unbounded")
	r = f.lint(t)
	assert.Empty(t, ruleOf(r, "risk/dropped"))
	assert.Empty(t, ruleOf(r, "risk/unrecorded"))
	assert.Len(t, r.Risks, 2)
}

// A packet that is merely named, or that came before, takes care of nothing.
func TestLeftToAPacket(t *testing.T) {
	for text, want := range map[string]verdict.Disposition{
		"No limits yet; AB-01 adds them":           verdict.DispositionResolved,
		"Limits, for AB-01":                        verdict.DispositionResolved,
		"The code that AB-01 needs may overflow":   verdict.DispositionOpen,
		"Limits are missing, as AB-01 showed":      verdict.DispositionOpen,
		"Limits, to be decided in AB-02":           verdict.DispositionDeferred,
		"Limits are resolved in AB-09":             verdict.DispositionResolved,
		"Limits are to be added once AB-02 is out": verdict.DispositionDeferred,
	} {
		r := ledgerOf(t, text, "None.", "")
		require.Len(t, r.Risks, 1, text)
		assert.Equal(t, want, r.Risks[0].Disposition, text)
	}
	r := ledgerOf(t, "None.", "Overflow, deferred to AB-00", "")
	assert.Equal(t, verdict.DispositionDeferred, r.Risks[0].Disposition, "what is put off to an earlier packet is not resolved by it")
	assert.NotEmpty(t, ruleOf(ledgerOf(t, "Limits are resolved in AB-09", "None.", ""), "risk/resolved-by-nobody"))
}

// The conditions of a verdict that a later GO says are met resolve the risks that
// they repeat, and no others.
func TestConditionsThatWereMet(t *testing.T) {
	const said = "\n## Verdict: GO_WITH_CONDITIONS\n\nConditions:\n\n1. Retries are unbounded in the client (Low)\n\n## Final Status\n\n"
	r := ledgerOf(t, "Retries are still unbounded in the client", "The log may grow without end", said+"Verdict: GO (all conditions are met)\n")
	require.Len(t, r.Risks, 2)
	assert.Equal(t, verdict.DispositionResolved, r.Risks[0].Disposition)
	assert.Len(t, r.Risks[0].Places, 2)
	assert.Equal(t, verdict.DispositionOpen, r.Risks[1].Disposition)
}

func TestRisksAgainstTheBase(t *testing.T) {
	parse := func(first, second string) *tracker.Tracker {
		f := &fixture{doc: goodTracker}
		f.replace(t, "- None.", "- "+first)
		f.replace(t, "- None for this packet.", "- "+second)
		return tracker.Parse("t.md", []byte(f.doc), nil)
	}
	decide := func(base, now *tracker.Tracker) *verdict.Report {
		return verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{now}, Base: &verdict.Base{Trackers: []*tracker.Tracker{base}}, LintOnly: true})
	}
	r := decide(parse("Retries are unbounded", "The log may grow"), parse("Retries are unbounded: accepted", "Dates are local"))
	changes := map[string]string{}
	for _, k := range r.Risks {
		changes[k.Text] = k.Change
	}
	assert.Equal(t, map[string]string{"Retries are unbounded: accepted": "changed", "Dates are local": "new", "The log may grow": "gone"}, changes)
	require.Len(t, ruleOf(r, "risk/dropped"), 1)
	assert.Contains(t, ruleOf(r, "risk/dropped")[0], "The log may grow")
	assert.Empty(t, ruleOf(decide(parse("Retries: accepted", "None."), parse("None.", "None.")), "risk/dropped"), "what was decided may go")
}
