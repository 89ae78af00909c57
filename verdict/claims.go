package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
)

// claims judges what a packet that is done says of its required commands.
func (k *trackerJudge) claims(p *tracker.Packet) {
	ticked := slices.ContainsFunc(p.Required, func(q tracker.Required) bool { return q.HasBox })
	for i := range p.Required {
		q := &p.Required[i]
		if ticked && !q.HasBox {
			continue // a list beside the boxes claims nothing
		}
		if q.Checked || !q.HasBox {
			k.requiredLine(p, q)
		}
		switch p.Evidence.State {
		case tracker.EvidenceFilled:
			k.claimsFor(p, q)
		case tracker.EvidenceOnLines:
			k.reportClaim(p, &tracker.Claim{Command: q.Command, Result: q.Result, Pos: q.Pos})
		}
	}
	for i := range p.Evidence.Claims {
		k.reportClaim(p, &p.Evidence.Claims[i])
	}
	k.failuresBeside(p)
}

// failuresBeside judges what a packet's evidence says of commands that others
// require: that one failed counts, wherever it stands.
func (k *trackerJudge) failuresBeside(p *tracker.Packet) {
	done := map[string]bool{}
	for i := range p.Required {
		done[k.key(p.Required[i].Command)] = true
	}
	for i := range p.Evidence.Claims {
		c := &p.Evidence.Claims[i]
		key := k.key(c.Command)
		at := slices.IndexFunc(k.plan.Commands, func(planned plan.Command) bool { return planned.Key == key })
		if c.Command == "" || done[key] || at < 0 {
			continue
		}
		expected := k.plan.Commands[at].Needs[0].Expected
		switch r := c.Result; {
		case r.Kind == tracker.ResultExit && r.ExitCode != expected, r.Kind == tracker.ResultFailed, r.Kind == tracker.ResultTimedOut:
		default:
			continue
		}
		done[key] = true
		var all []*tracker.Claim
		for n := range p.Evidence.Claims {
			if other := &p.Evidence.Claims[n]; other.Command != "" && k.key(other.Command) == key {
				all = append(all, other)
			}
		}
		k.results(p, &tracker.Required{Command: c.Command, Expected: expected}, key, all)
	}
}

// requiredLine judges the words behind the required command itself: on a ticked
// box, or in a column beside what is expected, they are a claim.
func (k *trackerJudge) requiredLine(p *tracker.Packet, q *tracker.Required) {
	switch r := q.Result; r.Kind {
	case tracker.ResultNone, tracker.ResultPassed, tracker.ResultOther, tracker.ResultTemplate:
		return
	case tracker.ResultExit:
		if r.ExitCode == q.Expected {
			return
		}
	}
	is := "required"
	if q.HasBox {
		is = "ticked"
	}
	k.at("claims/failed", p, q.Pos, Finding{
		Message: fmt.Sprintf("`%s` is %s, and the line says that it did not pass: %s", clip(q.Command, 100), is, clip(q.Result.Words, 120)), Claimed: clip(q.Result.Words, 120), Command: k.key(q.Command),
	})
}

// claimsFor finds the evidence for a required command among the packet's claims.
func (k *trackerJudge) claimsFor(p *tracker.Packet, q *tracker.Required) {
	key := k.key(q.Command)
	var exact, similar []*tracker.Claim
	for i := range p.Evidence.Claims {
		c := &p.Evidence.Claims[i]
		switch {
		case c.Command == "":
		case k.key(c.Command) == key || plan.Near(k.shape(q.Command), k.shape(c.Command)):
			exact = append(exact, c)
		case sameTool(k.shape(q.Command), k.shape(c.Command)):
			similar = append(similar, c)
		}
	}
	if len(exact) == 0 {
		k.noClaim(p, q, key, similar)
		return
	}
	k.results(p, q, key, exact)
}

// nearest is the command that shares the most words with another.
func nearest(command string, claims []*tracker.Claim) string {
	own := strings.Fields(command)
	best, most := "", -1
	for _, c := range claims {
		shared := 0
		for _, word := range strings.Fields(c.Command) {
			if slices.Contains(own, word) {
				shared++
			}
		}
		if shared > most {
			best, most = c.Command, shared
		}
	}
	return best
}

func (k *trackerJudge) noClaim(p *tracker.Packet, q *tracker.Required, key string, similar []*tracker.Claim) {
	f := Finding{Message: fmt.Sprintf("%s requires `%s`, and its evidence does not name it", p.ID, clip(q.Command, 100)), Claimed: "ticked", Observed: "no evidence", Command: key}
	if !q.HasBox {
		f.Severity = Condition // a list that nobody ticks off
	}
	if len(similar) > 0 {
		other := nearest(q.Command, similar)
		f.Observed = clip(other, 120)
		f.Message += "; it names `" + clip(other, 100) + "`"
		k.at("claims/other-command", p, q.Pos, f)
		return
	}
	if p.Final {
		f.Severity = Condition // this run answers it again
	}
	k.at("claims/missing", p, q.Pos, f)
}

// sameTool reports whether two commands end in the same tool.
func sameTool(a, b *plan.Shape) bool {
	x, okX := lastTool(a)
	y, okY := lastTool(b)
	return okX && okY && x == y
}

func lastTool(s *plan.Shape) (string, bool) {
	for _, step := range slices.Backward(s.Steps) {
		if step.Probative || step.Status {
			return step.Tool, true
		}
	}
	return "", false
}

// firstTry and afterFix are the words by which evidence tells of a failure that
// was put right.
var (
	firstTry = lazyregexp.New(`(?i)\b(initial(ly)?|first (run|try|attempt)|before (the )?fix|pre-?fix)\b`)
	// notSeen is an exit code that nobody saw.
	notSeen  = lazyregexp.New(`(?i)^\W*(?:should|would|must|will|ought to|(?:is |are )?expected(?: to)?|presumably|probably|likely|assum(?:ed|ing))\b`)
	afterFix = lazyregexp.New(`(?i)\b(after (the )?(fix|change|correction)|post-?fix|fixed|once fixed)\b`)
)

// results judges all that the evidence says of one required command: a later run
// that ended as expected outweighs an earlier one that did not.
func (k *trackerJudge) results(p *tracker.Packet, q *tracker.Required, key string, claims []*tracker.Claim) {
	good, bad, settled := 0, (*tracker.Claim)(nil), false
	said := slices.ContainsFunc(claims, func(c *tracker.Claim) bool { return c.Result.Kind != tracker.ResultNone })
	for _, c := range claims {
		if said && c.Result.Kind == tracker.ResultNone {
			continue // the command is mentioned, its end stands elsewhere
		}
		if c.Result.Kind == tracker.ResultExit && c.Result.ExitCode == q.Expected && !hopedFor(c) {
			good++
			settled = bad != nil && (firstTry.MatchString(bad.Result.Words) || afterFix.MatchString(c.Result.Words))
			if c.Result.Vacuous {
				k.at("claims/vacuous", p, c.Pos, Finding{Message: fmt.Sprintf("the evidence for `%s` says itself that nothing was tested: %s", clip(q.Command, 80), clip(c.Result.Words, 100)), Claimed: clip(c.Result.Words, 100), Command: key})
			}
		} else {
			bad, settled = c, false
		}
	}
	if bad == nil {
		return
	}
	f := Finding{Claimed: orElse(clip(bad.Result.Words, 120), "no result"), Command: key}
	name := "`" + clip(q.Command, 100) + "`"
	if good > 0 {
		f.Message = fmt.Sprintf("%s records different ends of %s: %s, and exit %d elsewhere", p.ID, name, f.Claimed, q.Expected)
		if settled {
			f.Severity = Note // the evidence tells that it failed before it was put right
		}
		k.at("claims/flaky", p, bad.Pos, f)
		return
	}
	rule := "claims/no-exit-code"
	f.Message = fmt.Sprintf("%s is done, and its evidence for %s gives no exit code: %s", p.ID, name, f.Claimed)
	switch bad.Result.Kind {
	case tracker.ResultExit:
		if hopedFor(bad) {
			break
		}
		rule, f.Message = "claims/failed", fmt.Sprintf("%s is done, and its own evidence says exit %d for %s", p.ID, bad.Result.ExitCode, name)
	case tracker.ResultTimedOut, tracker.ResultTruncated:
		rule, f.Message = "claims/timed-out", fmt.Sprintf("%s is done, and its own evidence says of %s: %s", p.ID, name, f.Claimed)
	case tracker.ResultFailed, tracker.ResultNotRun:
		rule, f.Message = "claims/failed", fmt.Sprintf("%s is done, and its own evidence says of %s: %s", p.ID, name, f.Claimed)
	}
	k.at(rule, p, bad.Pos, f)
}

// hopedFor reports whether a claim says which exit code should come, and of none that
// came.
func hopedFor(c *tracker.Claim) bool {
	words := strings.ToLower(c.Result.Words)
	return notSeen.MatchString(words) && strings.Count(words, "exit") < 2 && !strings.Contains(words, "observed") && !strings.Contains(words, "actual")
}

// reportClaim sets one claimed line against what was observed.
func (k *trackerJudge) reportClaim(p *tracker.Packet, c *tracker.Claim) {
	if k.LintOnly || c.Command == "" {
		return
	}
	at := k.commandReport(k.key(c.Command))
	near := false
	if at == nil {
		for i := range p.Required {
			if plan.Near(k.shape(p.Required[i].Command), k.shape(c.Command)) {
				at, near = k.commandReport(k.key(p.Required[i].Command)), true
			}
		}
	}
	if at == nil {
		return
	}
	r := ClaimReport{Packet: p.ID, Pos: c.Pos, Claimed: clip(c.Result.Words, 160), State: "unverifiable"}
	if c.Result.Kind == tracker.ResultExit {
		r.Exit = &c.Result.ExitCode
	}
	e := at.Evidence
	switch {
	case e == nil || e.Outcome != evidence.Exited || e.NotEvaluated:
		r.Why = "no run that ended by itself"
	case c.Result.Kind != tracker.ResultExit:
		r.Why = "the line gives no exit code"
	case e.ExitCode != c.Result.ExitCode:
		r.State, r.Why = "contradicted", fmt.Sprintf("exit %d was observed", e.ExitCode)
	case at.State != CommandPassed && at.State != CommandUnproven:
		r.State, r.Why = "contradicted", string(at.State)
	default:
		r.State = "confirmed"
		if why := k.counts(p, c, at.Key, e); why != "" {
			r.State, r.Why = "contradicted", why
		} else if near {
			r.Why = "by a run that differs in options only"
		}
	}
	at.Claims = append(at.Claims, r)
}

func (k *trackerJudge) commandReport(key string) *CommandReport {
	if k.byKey == nil {
		k.byKey = map[string]int{}
		for i := range k.report.Commands {
			k.byKey[k.report.Commands[i].Key] = i
		}
	}
	if i, ok := k.byKey[key]; ok {
		return &k.report.Commands[i]
	}
	return nil
}

// counts compares the numbers that a line claims with those observed. Work goes
// on, so more tests than claimed are no contradiction; fewer are.
func (k *trackerJudge) counts(p *tracker.Packet, c *tracker.Claim, key string, e *evidence.Command) string {
	var sum evidence.Tests
	seen := false
	for i := range e.Steps {
		if t := e.Steps[i].Tests; t != nil {
			addTests(&sum, t)
			seen = true
		}
	}
	if !seen {
		return ""
	}
	n := c.Result.Counts
	all := sum.Passed + sum.Failed + sum.Skipped + sum.Subtests
	why := ""
	switch {
	case n.Tests > all:
		why = fmt.Sprintf("%s claimed, %s observed", plural(n.Tests, "test", "tests"), plural(sum.Passed+sum.Subtests, "test", "tests"))
	case n.Passed > sum.Passed+sum.Subtests:
		why = fmt.Sprintf("%d passed claimed, %d observed", n.Passed, sum.Passed+sum.Subtests)
	case n.Files > sum.Files+sum.NoTests:
		why = fmt.Sprintf("%s claimed, %d observed", plural(n.Files, "file", "files"), sum.Files)
	case n.Packages > sum.Packages && sum.Packages > 0:
		why = fmt.Sprintf("%s claimed, %d observed", plural(n.Packages, "package", "packages"), sum.Packages)
	default:
		return ""
	}
	k.at("claims/count", p, c.Pos, Finding{Message: fmt.Sprintf("of `%s`: %s", clip(c.Command, 100), why), Claimed: clip(c.Result.Words, 100), Observed: withSubtests(&sum), Command: key})
	return why
}
