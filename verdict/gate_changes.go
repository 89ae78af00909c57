package verdict

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// baseFindings says what a change alters of the gate that it must pass, and keeps
// the decision below GO until somebody accepts it.
func (j *judge) baseFindings() {
	if j.Base == nil {
		return
	}
	changed := policyChanges(j.Base.Policy, orDefault(j.Input.Policy))
	changed = append(changed, j.commandChanges()...)
	for _, base := range j.Base.Trackers {
		i := slices.IndexFunc(j.Trackers, func(t *tracker.Tracker) bool { return t.Path == base.Path })
		if i < 0 {
			changed = append(changed, "the tracker "+base.Path+" of the base branch is not decided about here")
			continue
		}
		changed = append(changed, trackerChanges(base, j.Trackers[i])...)
	}
	for _, text := range changed {
		j.find("policy/changed", Finding{Message: text, Claimed: text})
	}
}

// commandChanges lists the required commands that a change drops, and those of
// which it expects another end.
func (j *judge) commandChanges() []string {
	var changed []string
	own := plan.Build(j.Trackers, orDefault(j.Input.Policy))
	base := plan.Build(j.Base.Trackers, j.Base.Policy)
	for i := range base.Commands {
		c := &base.Commands[i]
		now := own.Command(c.Key)
		switch {
		case now == nil:
			changed = append(changed, "`"+c.Key+"` is no longer required here; it still is on the base branch")
		case now.Needs[0].Expected != c.Needs[0].Expected:
			changed = append(changed, fmt.Sprintf("`%s` is expected to exit %d; on the base branch, %d", c.Key, now.Needs[0].Expected, c.Needs[0].Expected))
		}
	}
	return changed
}

// trackerChanges lists what a tracker asks for on the base branch and not here.
func trackerChanges(base, own *tracker.Tracker) []string {
	var changed []string
	for i := range base.Packets {
		b := &base.Packets[i]
		p := own.Packet(b.ID)
		if p == nil {
			changed = append(changed, fmt.Sprintf("%s of the base branch's %s is gone", b.ID, base.Path))
			continue
		}
		have := asked(p)
		for _, text := range asked(b) {
			if !slices.Contains(have, text) {
				changed = append(changed, fmt.Sprintf("%s no longer asks for “%s”, as it does on the base branch", b.ID, clip(text, 100)))
			}
		}
		changed = append(changed, scopeChanges(b, p)...)
	}
	for _, r := range base.Rules {
		if !slices.ContainsFunc(own.Rules, func(o tracker.Rule) bool { return normalText(o.Text) == normalText(r.Text) }) {
			changed = append(changed, fmt.Sprintf("the tracker's rule “%s” is gone or altered", clip(r.Text, 100)))
		}
	}
	return changed
}

// scopeChanges lists by what a packet's scope is wider than on the base branch. Without
// patterns that allow, a scope allows all.
func scopeChanges(base, own *tracker.Packet) []string {
	var changed []string
	allows := func(s tracker.Scope) bool { return !s.Out }
	limited := slices.ContainsFunc(base.Scope, allows)
	if limited && !slices.ContainsFunc(own.Scope, allows) {
		changed = append(changed, fmt.Sprintf("the scope of %s no longer says what may be touched, as it does on the base branch", base.ID))
	}
	for _, list := range []struct {
		of, in []tracker.Scope
		out    bool
		format string
	}{{own.Scope, base.Scope, false, "the scope of %s allows `%s`, which that of the base branch does not name"}, {base.Scope, own.Scope, true, "the scope of %s no longer forbids `%s`, as it does on the base branch"}} {
		for _, s := range list.of {
			same := func(o tracker.Scope) bool { return o.Out == s.Out && o.Pattern == s.Pattern }
			if s.Out == list.out && (s.Out || limited) && !slices.ContainsFunc(list.in, same) {
				changed = append(changed, fmt.Sprintf(list.format, base.ID, s.Pattern))
			}
		}
	}
	return changed
}

// asked are the boxes of a packet, commands aside: what it asks for besides.
func asked(p *tracker.Packet) []string {
	var texts []string
	for _, b := range p.Boxes {
		texts = append(texts, normalText(remarkBehind(b.Text)))
	}
	for _, g := range p.Gates {
		if g.HasBox {
			texts = append(texts, g.Name)
		}
	}
	return texts
}

// remarkBehind cuts what somebody added behind a box's text when it was ticked.
func remarkBehind(text string) string {
	for _, mark := range []string{" — ", " – ", " (", " -> ", " → "} {
		text, _, _ = strings.Cut(text, mark)
	}
	return text
}

// policyChanges lists what a change alters of the base's policy, the required
// commands aside.
func policyChanges(base, own *policy.Policy) []string {
	switch {
	case digestOf(base) == digestOf(own):
		return nil
	case base == nil:
		return []string{"the change brings the first policy" + settings(own) + "; what it would loosen is not in force until it is on the base branch"}
	}
	var out []string
	if digestOf(own) == "" {
		out = append(out, "the policy is removed")
	}
	for _, id := range sortedKeys(base.Severities, own.Severities) {
		if a, b := base.Severities[id], own.Severities[id]; a != b {
			out = append(out, fmt.Sprintf("the policy sets %s to %s; on the base branch, %s", id, orElse(b, "its default"), orElse(a, "its default")))
		}
	}
	for _, w := range own.Waivers {
		if !slices.ContainsFunc(base.Waivers, func(b policy.Waiver) bool { w.Pos, b.Pos = tracker.Pos{}, tracker.Pos{}; return w == b }) {
			out = append(out, fmt.Sprintf("the policy brings a waiver of %s by %s until %s", w.Rule, w.Owner, w.Expires.Format("2006-01-02")))
		}
	}
	for _, c := range base.Contracts {
		if !slices.ContainsFunc(own.Contracts, func(o policy.Contract) bool {
			c.Pos, o.Pos = tracker.Pos{}, tracker.Pos{}
			return reflect.DeepEqual(c, o)
		}) {
			out = append(out, fmt.Sprintf("the policy drops or alters the contract %s", c.ID))
		}
	}
	out = append(out, listChanges(base, own)...)
	for _, part := range policyParts {
		if !reflect.DeepEqual(part.of(base), part.of(own)) {
			out = append(out, "the policy alters "+part.name)
		}
	}
	if len(out) == 0 {
		out = append(out, "the policy is another one than on the base branch")
	}
	for i := range out {
		out[i] += "; that of the base branch decides"
	}
	return out
}

func listChanges(base, own *policy.Policy) []string {
	var out []string
	for _, list := range []struct {
		what      string
		base, own []string
	}{
		{"trusts", base.Commands.Trusted, own.Commands.Trusted}, {"allows", base.Commands.Allowed, own.Commands.Allowed}, {"passes through", base.Commands.PassThrough, own.Commands.PassThrough},
		{"leaves out of the packets' scope", base.Checkpoints.IgnorePaths, own.Checkpoints.IgnorePaths},
	} {
		for _, item := range list.own {
			if !slices.Contains(list.base, item) {
				out = append(out, fmt.Sprintf("the policy %s `%s`, which that of the base branch does not", list.what, item))
			}
		}
	}
	return out
}

// policyParts are the other parts of a policy that a change may alter.
var policyParts = []struct {
	name string
	of   func(*policy.Policy) any
}{
	{"trackers", func(p *policy.Policy) any { return p.Trackers }},
	{"tracker, the words that trackers are read by", func(p *policy.Policy) any { return p.Vocabulary }},
	{"commands: timeout and timeouts", func(p *policy.Policy) any {
		return []any{p.Commands.Timeout, p.Commands.RunTimeout, p.Commands.Timeouts}
	}},
	{"commands: setup", func(p *policy.Policy) any { return p.Commands.Setup }},
	{"commands: environment", func(p *policy.Policy) any { return p.Commands.Environment }},
	{"commands: secrets", func(p *policy.Policy) any { return p.Commands.Secrets }},
	{"commands: retries", func(p *policy.Policy) any { return p.Commands.Retries }},
	{"checkpoints", func(p *policy.Policy) any { c := p.Checkpoints; c.IgnorePaths = nil; return c }},
	{"risks", func(p *policy.Policy) any {
		return []any{p.Risks.MaxOpen, withoutPlaces(p.Risks.Overrides), knownTexts(p.Risks.Known)}
	}},
	{"accept", func(p *policy.Policy) any { return p.Accept }},
}

func withoutPlaces(overrides []policy.RiskOverride) []policy.RiskOverride {
	out := slices.Clone(overrides)
	for i := range out {
		out[i].Pos = tracker.Pos{}
	}
	return out
}

func knownTexts(known []policy.KnownRisk) []policy.KnownRisk {
	out := slices.Clone(known)
	for i := range out {
		out[i].Pos = tracker.Pos{}
	}
	return out
}

// settings says what a first policy sets for the commands.
func settings(p *policy.Policy) string {
	var said []string
	if names := slices.Sorted(maps.Keys(p.Commands.Environment)); len(names) > 0 {
		said = append(said, "the variables "+list(names))
	}
	if len(p.Commands.Setup) > 0 {
		said = append(said, "a set-up of "+plural(len(p.Commands.Setup), "command", "commands"))
	}
	if p.Vocabulary != nil {
		said = append(said, "other words for trackers")
	}
	if len(said) == 0 {
		return ""
	}
	return " (with " + strings.Join(said, ", ") + ")"
}

func sortedKeys(maps ...map[string]string) []string {
	var keys []string
	for _, m := range maps {
		for k := range m {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
