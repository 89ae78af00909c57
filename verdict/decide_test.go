package verdict_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

func rank(d verdict.Decision) int {
	return map[verdict.Decision]int{verdict.NoGo: 0, verdict.GoWithConditions: 1, verdict.Go: 2}[d]
}

// drops are ways to lose evidence.
var drops = []func(b *evidence.Bundle, r *rand.Rand){
	func(b *evidence.Bundle, r *rand.Rand) {
		if n := len(b.Commands); n > 0 {
			i := r.IntN(n)
			b.Commands = append(append([]evidence.Command{}, b.Commands[:i]...), b.Commands[i+1:]...)
		}
	},
	func(b *evidence.Bundle, r *rand.Rand) {
		if n := len(b.Commands); n > 0 {
			c := b.Commands[r.IntN(n)]
			c.Outcome = ""
			b.Commands = append(append([]evidence.Command{}, b.Commands[1:]...), c)
		}
	},
	func(b *evidence.Bundle, r *rand.Rand) {
		if n := len(b.Commands); n > 0 {
			b.Commands = append([]evidence.Command{}, b.Commands...)
			c := &b.Commands[0] // of a test runner: what only compiles has an exit code alone
			steps := append([]evidence.Step{}, c.Steps...)
			for i := range steps {
				steps[i].Tests, steps[i].Check = nil, nil
			}
			c.Steps = steps
		}
	},
	func(b *evidence.Bundle, r *rand.Rand) { b.Repository.Checkpoints = nil },
	func(b *evidence.Bundle, r *rand.Rand) { b.Repository = evidence.Repository{} },
	func(b *evidence.Bundle, r *rand.Rand) { b.Subject.Worktree = evidence.Worktree{} },
	func(b *evidence.Bundle, r *rand.Rand) { b.Complete = false },
}

// TestDroppingEvidenceNeverImproves: for every rule's lie and the good tracker, any
// loss of evidence leaves the decision where it is or makes it stricter.
func TestDroppingEvidenceNeverImproves(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	inputs := map[string]func(*testing.T, *fixture){"good": nil}
	for id, c := range ruleCases {
		inputs[id] = c.lie
	}
	for id, change := range inputs {
		t.Run(id, func(t *testing.T) {
			for i, drop := range drops {
				f := &fixture{doc: goodTracker}
				if change != nil {
					change(t, f)
				}
				whole := f.decide(t).Verdict
				inner := f.change
				f.change = func(b *evidence.Bundle) {
					if inner != nil {
						inner(b)
					}
					drop(b, random)
				}
				if less := f.decide(t).Verdict; rank(less) > rank(whole) && !aboutDropped(id, i) {
					t.Errorf("drop %d turns %s into %s", i, whole, less)
				}
			}
		})
	}
}

// aboutDropped are the findings that evidence itself brings: what is dropped there
// is the accusation, and what takes its place is 'not seen', which is no GO either.
func aboutDropped(id string, drop int) bool {
	accusation := strings.HasPrefix(id, "checkpoint/") || strings.HasPrefix(id, "contract/")
	return accusation && (drop == 3 || drop == 4) || strings.HasPrefix(id, "worktree/") && drop == 5
}

// TestDroppedEvidenceIsNeverGo is the part without exceptions.
func TestDroppedEvidenceIsNeverGo(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for i, drop := range drops {
		f := &fixture{doc: goodTracker, change: func(b *evidence.Bundle) { drop(b, random) }}
		assert.NotEqual(t, verdict.Go, f.decide(t).Verdict, "drop %d", i)
	}
	assert.NotEqual(t, verdict.Go, verdict.Decide(verdict.Input{}).Verdict)
	assert.NotEqual(t, verdict.Go, verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{{}}, Bundle: &evidence.Bundle{Complete: true}}).Verdict)
}

func TestAddingAFailureNeverImproves(t *testing.T) {
	for id, c := range ruleCases {
		t.Run(id, func(t *testing.T) {
			f := &fixture{doc: goodTracker}
			c.lie(t, f)
			before := f.decide(t).Verdict
			inner := f.change
			f.change = func(b *evidence.Bundle) {
				if inner != nil {
					inner(b)
				}
				if len(b.Commands) > 0 {
					last := &b.Commands[len(b.Commands)-1]
					last.Steps = append(last.Steps, evidence.Step{Index: -1, Argv: []string{"go", "test", "./x"}, Tool: "go test", Probative: true, Outcome: evidence.Exited, ExitCode: 1})
				}
			}
			assert.LessOrEqual(t, rank(f.decide(t).Verdict), rank(before))
		})
	}
}

func TestOrderOfTheBundleDoesNotMatter(t *testing.T) {
	want, err := json.Marshal((&fixture{doc: goodTracker}).decide(t))
	require.NoError(t, err)
	f := &fixture{doc: goodTracker, change: func(b *evidence.Bundle) {
		for i, j := 0, len(b.Commands)-1; i < j; i, j = i+1, j-1 {
			b.Commands[i], b.Commands[j] = b.Commands[j], b.Commands[i]
		}
	}}
	got, err := json.Marshal(f.decide(t))
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
}

func TestSameInputSameBytes(t *testing.T) {
	for id, c := range ruleCases {
		f := &fixture{doc: goodTracker}
		c.lie(t, f)
		a, err := json.Marshal(f.decide(t))
		require.NoError(t, err)
		b, err := json.Marshal(f.decide(t))
		require.NoError(t, err)
		assert.Equal(t, string(a), string(b), id)
	}
}

// TestGoMeansSeen: whatever gives GO has passed every required command and reached
// every checkpoint.
func TestGoMeansSeen(t *testing.T) {
	for id, c := range ruleCases {
		for _, change := range []func(*testing.T, *fixture){c.lie, c.twin} {
			if change == nil {
				continue
			}
			f := &fixture{doc: goodTracker}
			change(t, f)
			r := f.decide(t)
			if r.Verdict != verdict.Go {
				continue
			}
			require.NotEmpty(t, r.Commands, id)
			for _, command := range r.Commands {
				assert.Equal(t, verdict.CommandPassed, command.State, "%s: %s", id, command.Key)
			}
			for _, commit := range r.Checkpoints {
				assert.Equal(t, evidence.CheckpointReachable, commit.State, id)
			}
		}
	}
}

func TestWaiver(t *testing.T) {
	f := &fixture{doc: goodTracker}
	ruleCases["policy/waiver"].twin(t, f)
	r := f.decide(t)
	assert.Equal(t, verdict.GoWithConditions, r.Verdict)
	require.Len(t, r.Waivers, 1)
	assert.Equal(t, "used", r.Waivers[0].State)
	assert.Contains(t, strings.Join(r.Conditions, "\n"), "waived by ada")

	f = &fixture{doc: goodTracker}
	ruleCases["policy/waiver"].lie(t, f)
	r = f.decide(t)
	assert.Equal(t, verdict.NoGo, r.Verdict, "an expired waiver holds nothing")
	assert.Equal(t, "expired", r.Waivers[0].State)
}

func TestGuardedRulesCannotBeLowered(t *testing.T) {
	for _, rule := range verdict.Rules() {
		if !rule.Guard {
			continue
		}
		f := &fixture{doc: goodTracker}
		ruleCases[rule.ID].lie(t, f)
		if f.input.Policy == nil {
			f.input.Policy = policy.Default()
		}
		before := f.decide(t).Verdict
		f.input.Policy.Severities = map[string]string{rule.ID: "off"}
		assert.Equal(t, before, f.decide(t).Verdict, rule.ID)
	}
}

func TestDispositions(t *testing.T) {
	cases := map[string]verdict.Disposition{
		"None for docs-only packet.":                                            verdict.DispositionNone,
		"None. Handler CRUD is deferred to AB-02.":                              verdict.DispositionDeferred,
		"None additional. All deferred items are now in the debt ledger.":       verdict.DispositionNone,
		"No explicit poller.Stop() call on router shutdown":                     verdict.DispositionOpen,
		"No explicit poller.Stop() call on shutdown. Acceptable for now":        verdict.DispositionAccepted,
		"Phase 3 requires a code change — deferred to AB-02 verdict.":           verdict.DispositionDeferred,
		"String matching may degrade (acceptable, no data loss)":                verdict.DispositionAccepted,
		"~~String matching~~ — RESOLVED in AB-01: typed errors":                 verdict.DispositionResolved,
		"Line numbers may shift; re-anchor if needed.":                          verdict.DispositionMitigated,
		"See consolidated table above.":                                         verdict.DispositionNone,
		"2 items documented in residual risks table above (2 P2). None are P0.": verdict.DispositionNone,
		"Escaped processes are not swept — deferred to a later release.":        verdict.DispositionDeferred,
		"It is read without its state (accepted: a warning says so)":            verdict.DispositionAccepted,
		"It has not yet been fixed":                                             verdict.DispositionOpen,
		"It is not resolved and nobody owns it":                                 verdict.DispositionOpen,
		"Will be addressed in AB-01":                                            verdict.DispositionResolved,
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			f := &fixture{doc: goodTracker}
			f.replace(t, "- None.", "- "+text)
			r := f.decide(t)
			if want == verdict.DispositionNone {
				assert.Empty(t, r.Risks)
				return
			}
			require.Len(t, r.Risks, 1)
			assert.Equal(t, want, r.Risks[0].Disposition, r.Risks[0].Why)
			assert.NotEmpty(t, r.Risks[0].Why)
		})
	}
}

// TestSeedRisks: the seed tracker leaves three risks, with these dispositions.
func TestSeedRisks(t *testing.T) {
	src, err := os.ReadFile("../../shared/corpus/trackers/truenas-rollout-readiness-progress.md")
	if err != nil {
		t.Skipf("the corpus of real trackers is not there: %v", err)
	}
	tr := tracker.Parse("seed.md", src, nil)
	r := verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{tr}, LintOnly: true})
	got := map[string]verdict.Disposition{}
	for _, risk := range r.Risks {
		got[risk.Packet] = risk.Disposition
	}
	assert.Equal(t, map[string]verdict.Disposition{"TRR-02": verdict.DispositionAccepted, "TRR-03": verdict.DispositionDeferred, "TRR-04": verdict.DispositionAccepted}, got)
	assert.Zero(t, r.Count(verdict.Blocker))
}

// TestCorpusHasFewFalseAlarms bounds what the real trackers are blamed for: the
// blockers that a careful reader found, and no others.
func TestCorpusHasFewFalseAlarms(t *testing.T) {
	blockers := map[string]int{
		"truenas-rollout-readiness-progress.md": 0, "truenas-rollout-readiness-progress-final.md": 0, "truenas-ga-progress-2026-02.md": 4,
		"multi-tenant-rbac-operations-progress-2026-02.md": 0, "release-final-certification-progress-2026-02.md": 0,
		"program-closeout-certification-progress-2026-02.md": 8, "release-security-gate-progress-2026-02.md": 0,
		"storage-page-ga-hardening-progress-2026-02.md": 9, "release-conformance-ratification-progress-2026-02.md": 1,
		"hosted-readiness-progress-2026-02.md": 3,
	}
	dir := "../../shared/corpus/trackers"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the corpus of real trackers is not there: %v", err)
	}
	for file, want := range blockers {
		src, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		r := verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{tracker.Parse(file, src, nil)}, LintOnly: true})
		assert.Equal(t, want, r.Count(verdict.Blocker), file)
	}
}

// large is an input of n packets with five findings each.
func large(n int) verdict.Input {
	t := &tracker.Tracker{Path: "t.md"}
	for i := range n {
		id := fmt.Sprintf("BIG-%05d", i)
		t.Packets = append(t.Packets, tracker.Packet{
			ID: id, Row: &tracker.Row{Status: tracker.StatusDone, ReviewState: tracker.ReviewApproved, Implementer: "Ada", Reviewer: "Ada"}, Section: &tracker.Section{},
			Boxes: []tracker.Box{{Text: "open"}}, Gates: []tracker.Gate{{Name: "P0", State: "FAIL"}}, Evidence: tracker.Evidence{State: tracker.EvidenceFilled},
			Required: []tracker.Required{{Command: fmt.Sprintf("go test ./p%d/... -count=1", i%500), Checked: true, HasBox: true}},
			Risks:    []tracker.Risk{{Packet: id, Text: fmt.Sprintf("write %d may be lost where BIG-%05d left off, when the cache is cold and two replicas answer at once", i, n-1)}},
		})
	}
	return verdict.Input{Trackers: []*tracker.Tracker{t}, Bundle: goodBundle(plan.Build([]*tracker.Tracker{t}, nil))}
}

// BenchmarkDecide reports the time for a packet at two sizes: equal numbers mean
// that time grows linearly.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{2500, 10000} {
		in := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			findings := 0
			for b.Loop() {
				findings = len(verdict.Decide(in).Findings)
			}
			b.ReportMetric(float64(findings), "findings")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/packet")
		})
	}
}

func TestTheBasesPolicyDecides(t *testing.T) {
	day, err := time.Parse("2006-01-02", "2099-01-01")
	require.NoError(t, err)
	weaker := policy.Default()
	weaker.SHA256 = "own"
	weaker.Severities = map[string]string{"evidence/failed": "note", "packet/not-done": "off", "claims/failed": "note"}
	weaker.Waivers = []policy.Waiver{{Rule: "packet/not-done", Reason: "r", Owner: "o", Expires: day}}
	weaker.Commands.Trusted = []string{"./scan.sh"}
	weaker.Commands.Required = []policy.Required{{Command: "go vet ./more"}}
	stricter := policy.Default()
	stricter.SHA256 = "base"
	stricter.Contracts = []policy.Contract{{ID: "c", Pattern: "x"}}

	assert.Same(t, weaker, verdict.Effective(weaker, nil))
	for name, base := range map[string]*verdict.Base{"a policy": {Policy: stricter}, "none": {}} {
		t.Run("the base has "+name, func(t *testing.T) {
			p := verdict.Effective(weaker, base)
			assert.Empty(t, p.Severities)
			assert.Empty(t, p.Waivers)
			assert.Empty(t, p.Commands.Trusted)
			require.Len(t, p.Commands.Required, 1, "what the change requires beyond is required")
		})
	}
	assert.Len(t, verdict.Effective(weaker, &verdict.Base{Policy: stricter}).Contracts, 1)

	f := &fixture{doc: goodTracker}
	f.replace(t, "| AB-01 | Limits | DONE |", "| AB-01 | Limits | TODO |")
	tr := tracker.Parse("t.md", []byte(f.doc), nil)
	r := verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{tr}, LintOnly: true, Policy: weaker})
	assert.False(t, finds(r, "packet/not-done"))
	r = verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{tr}, LintOnly: true, Policy: weaker, Base: &verdict.Base{Policy: stricter, Trackers: []*tracker.Tracker{tr}}})
	assert.True(t, finds(r, "packet/not-done"))
	var said []string
	for _, x := range r.Findings {
		if x.Rule == "policy/changed" {
			said = append(said, x.Message)
		}
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{"claims/failed to note", "packet/not-done to off", "waiver of packet/not-done by o until 2099-01-01", "contract c", "trusts `./scan.sh`"} {
		assert.Contains(t, all, want)
	}
}

func TestWaiverOfARange(t *testing.T) {
	for state, want := range map[string]string{"inside": "used", "outside": "out of range", "unknown": "out of range", "": "out of range"} {
		f := &fixture{doc: goodTracker, change: func(b *evidence.Bundle) {
			first(b).ExitCode = 1
			if state != "" {
				b.Repository.Ranges = []evidence.Range{{From: "v1", To: "v2", State: state}, {From: "v0", State: "inside"}}
			}
		}}
		w := waiver("2099-01-01")
		w.From, w.To = "v1", "v2"
		f.input.Policy = policy.Default()
		f.input.Policy.Waivers = []policy.Waiver{w}
		r := f.decide(t)
		require.Len(t, r.Waivers, 1)
		assert.Equal(t, want, r.Waivers[0].State, "range %s", state)
	}
}

func TestRiskRegister(t *testing.T) {
	f := &fixture{doc: goodTracker}
	tr := tracker.Parse("t.md", []byte(f.doc), nil)
	tr.Register = []tracker.Risk{
		{Text: "Gauges may overflow", Severity: "High", Note: "AB-01 (limits)"},
		{Text: "Nobody watches the queue", Severity: "Critical"},
		{Text: "Verdict may be late", Severity: "Medium", Note: "AB-02"},
		{Text: "Old clients break", Severity: "High", Note: "kept behind a flag"},
	}
	r := verdict.Decide(verdict.Input{Trackers: []*tracker.Tracker{tr}, LintOnly: true})
	got := map[string]verdict.Disposition{}
	for _, k := range r.Risks {
		got[k.Text] = k.Disposition
	}
	assert.Equal(t, verdict.DispositionResolved, got["Gauges may overflow"])
	assert.Equal(t, verdict.DispositionOpen, got["Nobody watches the queue"])
	assert.Equal(t, verdict.DispositionDeferred, got["Verdict may be late"])
	assert.Equal(t, verdict.DispositionMitigated, got["Old clients break"])
	assert.True(t, finds(r, "risk/open"))
	assert.False(t, finds(r, "risk/open-high"))
	said := 0
	for _, x := range r.Findings {
		if strings.Contains(x.Message, "overflow") || strings.Contains(x.Message, "Old clients") {
			said++
		}
	}
	assert.Zero(t, said, "what was foreseen and taken care of is no finding")
}

func TestRisksOfThePolicy(t *testing.T) {
	p := policy.Default()
	p.Path = "verdict.yaml"
	p.Risks.Known = []policy.KnownRisk{{Text: "Half cents are rounded; accepted", Severity: "low"}, {Text: "No limit on rows", Severity: "high"}, {Text: "Slow start", Disposition: "deferred", Owner: "ada"}}
	r := verdict.Decide(verdict.Input{Policy: p, LintOnly: true})
	require.Len(t, r.Risks, 3)
	assert.True(t, finds(r, "risk/open-high"))
	assert.True(t, finds(r, "risk/deferred"))
	assert.True(t, finds(r, "risk/noted"))
	for _, x := range r.Findings {
		assert.NotContains(t, x.Message, "the tracker leaves")
	}
}
