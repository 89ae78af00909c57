package verdict_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// TestChangesAreThoseOfTheDecision: what is said to have changed is what the two
// reports say in the end, with waivers applied and the decision taken.
func TestChangesAreThoseOfTheDecision(t *testing.T) {
	failing := func() *fixture {
		waived := *policy.Default()
		waived.Waivers = []policy.Waiver{waiver("2026-12-01")}
		return &fixture{doc: goodTracker, input: verdict.Input{Policy: &waived}, change: func(b *evidence.Bundle) { first(b).ExitCode = 1 }}
	}
	before := failing().decide(t)
	same := failing()
	same.input.Previous, same.input.PreviousName = before, "before"
	assert.Empty(t, same.decide(t).Changes, "a waived failure is no worse than the same waived failure")

	good := &fixture{doc: goodTracker, input: verdict.Input{Previous: before, PreviousName: "before"}}
	after := good.decide(t)
	assert.Contains(t, after.Changes, verdict.Change{Kind: "verdict", What: "decision", Before: string(before.Verdict), After: string(after.Verdict)})
	assert.NotEqual(t, before.Verdict, after.Verdict)
	assert.Equal(t, verdict.Compare(before, after), after.Changes)
}

func TestLessThanLastTime(t *testing.T) {
	last := (&fixture{doc: goodTracker}).decide(t)
	for name, worse := range map[string]func(*verdict.Report, *evidence.Bundle){
		"was required last time": func(r *verdict.Report, _ *evidence.Bundle) {
			r.Commands = append(r.Commands, verdict.CommandReport{Key: "go vet ./gone"})
		},
		"matches no test any more":  func(_ *verdict.Report, b *evidence.Bundle) { tests(b).Unmatched = []string{"TestGone"} },
		"ran fewer tests than last": func(r *verdict.Report, _ *evidence.Bundle) { r.Commands[0].Evidence.Steps[0].Tests.Passed = 43 },
	} {
		t.Run(name, func(t *testing.T) {
			before := (&fixture{doc: goodTracker}).decide(t)
			f := &fixture{doc: goodTracker, input: verdict.Input{Previous: before}, change: func(b *evidence.Bundle) { worse(before, b) }}
			r := f.decide(t)
			assert.True(t, finds(r, "history/worse"))
			said := ""
			for _, x := range r.Findings {
				if x.Rule == "history/worse" {
					said += x.Message
				}
			}
			assert.Contains(t, said, name)
		})
	}
	f := &fixture{doc: goodTracker, input: verdict.Input{Previous: last}}
	assert.False(t, finds(f.decide(t), "history/worse"))
}

// A recorded decision that is another one than the computed is explained.
func TestTheDifferenceIsExplained(t *testing.T) {
	f := &fixture{doc: goodTracker}
	f.replace(t, "- None.", "- Retries are unbounded")
	f.replace(t, "## Checkpoint Commits", "## Final Verdict: `GO`\n\n## Checkpoint Commits")
	said := ruleOf(f.decide(t), "tracker/recorded-verdict")
	require.Len(t, said, 1)
	assert.Equal(t, "the tracker records GO; this run computes GO_WITH_CONDITIONS, because of risk/open", said[0])

	f = &fixture{doc: goodTracker}
	f.replace(t, "## Checkpoint Commits", "## Final Verdict: `NO_GO`\n\n## Checkpoint Commits")
	said = ruleOf(f.decide(t), "tracker/recorded-verdict")
	require.Len(t, said, 1)
	assert.Contains(t, said[0], "computes GO: nothing that was found stands against it")
}
