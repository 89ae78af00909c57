package verdict_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// What the base requires counts, also where the change takes the tracker away,
// packets out of it, or boxes out of a packet.
func TestTheBasesRequirementsStand(t *testing.T) {
	parse := func(path, doc string) *tracker.Tracker { return tracker.Parse(path, []byte(doc), nil) }
	base := parse("t.md", goodTracker)
	changed := func(r *verdict.Report) string { return strings.Join(ruleOf(r, "policy/changed"), "\n") }
	decide := func(own *tracker.Tracker, failing bool) *verdict.Report {
		in := verdict.Input{Trackers: []*tracker.Tracker{own}, Base: &verdict.Base{Trackers: []*tracker.Tracker{base}, Policy: policy.Default()}}
		in.Bundle = goodBundle(plan.Build([]*tracker.Tracker{own, base}, nil))
		for i := range in.Bundle.Commands {
			if failing && in.Bundle.Commands[i].Key == "go test ./... -count=1" {
				in.Bundle.Commands[i].ExitCode = 1
			}
		}
		return verdict.Decide(in)
	}
	other := parse("other.md", strings.ReplaceAll(goodTracker, "go test ./... -count=1", "go vet ./a"))
	assert.Equal(t, verdict.NoGo, decide(other, true).Verdict, "a finding about the base's tracker")
	assert.Contains(t, changed(decide(other, false)), "the tracker t.md of the base branch")

	renamed := parse("t.md", strings.ReplaceAll(goodTracker, "AB-00", "AB-07"))
	assert.Contains(t, changed(decide(renamed, false)), "AB-00 of the base branch's t.md is gone")
	fewer := parse("t.md", strings.Replace(goodTracker, "- [x] It adds.\n", "", 1))
	assert.Contains(t, changed(decide(fewer, false)), "AB-00 no longer asks for “it adds”")
	ticked := parse("t.md", strings.Replace(goodTracker, "- [x] It adds.", "- [x] It adds. (seen by Grace)", 1))
	assert.Empty(t, changed(decide(ticked, false)), "a remark behind a box")
	lawless := parse("t.md", strings.Replace(goodTracker, "2. Reviewer must provide explicit command exit-code evidence.\n", "", 1))
	assert.Contains(t, changed(decide(lawless, false)), "exit-code evidence")

	scoped := func(scope string) *tracker.Tracker {
		return parse("t.md", strings.Replace(goodTracker, "- [x] It adds.", "Scope: "+scope+"\n\n- [x] It adds.", 1))
	}
	base = scoped("`calc/**`, except `calc/gen/`")
	for scope, want := range map[string]string{
		"`calc/**`, except `calc/gen/`":            "",
		"`calc/**`, except `calc/gen/` and `*.pb`": "",
		"`calc/**`":                             "no longer forbids `calc/gen/`",
		"`calc/**`, `lib/`, except `calc/gen/`": "allows `lib/`",
		"as agreed; nothing else":               "no longer says what may be touched",
	} {
		if got := changed(decide(scoped(scope), false)); want == "" {
			assert.Empty(t, got, scope)
		} else {
			assert.Contains(t, got, want, scope)
		}
	}

	// A command that the base expects to fail may be mended.
	base = parse("t.md", strings.ReplaceAll(goodTracker, "`go vet ./...` -> exit 0", "`go vet ./...` -> exit 3"))
	r := decide(parse("t.md", goodTracker), false)
	assert.Equal(t, verdict.GoWithConditions, r.Verdict)
	assert.Contains(t, changed(r), "is expected to exit 0; on the base branch, 3")
}
