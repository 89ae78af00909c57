package plan

import (
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/redact"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// Build plans what the trackers and the policy require; where they require
// nothing, what the packets claim to have run. Equal commands are one.
// It is pure, and its time grows linearly.
func Build(trackers []*tracker.Tracker, p *policy.Policy) *Plan {
	if p == nil {
		p = policy.Default()
	}
	b := builder{policy: p, plan: &Plan{}, index: map[string]int{}, canonical: map[string]string{}}
	for _, list := range []struct {
		commands []string
		set      *map[string]bool
	}{{p.Commands.Trusted, &b.trusted}, {p.Commands.Allowed, &b.allowed}} {
		*list.set = map[string]bool{}
		for _, c := range list.commands {
			(*list.set)[b.canon(c)] = true
		}
	}
	b.timeouts = map[string]time.Duration{}
	for text, limit := range p.Commands.Timeouts {
		b.timeouts[b.canon(text)] = limit
	}
	for _, t := range trackers {
		b.tracker(t)
	}
	if len(b.plan.Commands) == 0 && len(p.Commands.Required) == 0 {
		for _, t := range trackers {
			b.claimed(t)
		}
	}
	for _, r := range p.Commands.Required {
		need := Need{Packet: r.Packet, Expected: r.Expected, Stated: r.Expected != 0, Pos: r.Pos}
		b.add(r.Command, r.Dir, need, nil, r.MinTests)
	}
	return b.plan
}

type builder struct {
	policy           *policy.Policy
	plan             *Plan
	index            map[string]int
	canonical        map[string]string
	trusted, allowed map[string]bool
	timeouts         map[string]time.Duration
}

// canon is the canonical text, or the trimmed text where it does not parse.
func (b *builder) canon(command string) string {
	if c, ok := b.canonical[command]; ok {
		return c
	}
	c := Key(command, "")
	b.canonical[command] = c
	return c
}

// Key is the key of a command that is run in a folder: its canonical text, with its
// secrets replaced.
func Key(command, dir string) string {
	c, err := Canonical(command)
	if err != nil {
		c = strings.Join(strings.Fields(command), " ")
	}
	c, _ = redact.Command(c)
	if dir != "" && dir != "." {
		c += " @" + dir
	}
	return c
}

func (b *builder) tracker(t *tracker.Tracker) {
	for _, r := range t.Required {
		b.add(r.Command, "", Need{Tracker: t.Path, Expected: r.Expected, Stated: r.Stated, Checked: r.Checked, Pos: r.Pos}, t.Rules, 0)
	}
	for i := range t.Packets {
		pk := &t.Packets[i]
		for _, r := range pk.Required {
			b.add(r.Command, "", Need{
				Tracker: t.Path, Packet: pk.ID, Expected: r.Expected, Stated: r.Stated, Checked: r.Checked, Final: pk.Final, Pos: r.Pos,
			}, t.Rules, 0)
		}
	}
	b.plan.Packets = append(b.plan.Packets, order(t)...)
}

// claimed plans what the packets say that they ran, for trackers that require
// nothing: a claim that can be repeated can be found out.
func (b *builder) claimed(t *tracker.Tracker) {
	for i := range t.Packets {
		pk := &t.Packets[i]
		for _, c := range pk.Evidence.Claims {
			if c.Command != "" && (c.Result.Kind == tracker.ResultPassed || c.Result.Kind == tracker.ResultExit && c.Result.ExitCode == 0) {
				b.add(c.Command, "", Need{Tracker: t.Path, Packet: pk.ID, Stated: c.Result.Kind == tracker.ResultExit, Claimed: true, Pos: c.Pos}, t.Rules, 0)
			}
		}
	}
}

// conceal replaces the secrets in what is kept and shown of a command.
func (b *builder) conceal(c *Command) {
	text, found := redact.Command(c.Text)
	if len(found) == 0 {
		return
	}
	c.Text, b.plan.Secrets = text, append(b.plan.Secrets, found...)
	hide := func(s *string) {
		*s, _ = redact.Command(*s)
		for _, secret := range found {
			if len(secret) >= minSecret {
				*s = strings.ReplaceAll(*s, secret, redact.Mark)
			}
		}
	}
	hide(&c.Shape.Error)
	for i := range c.Shape.Steps {
		s := &c.Shape.Steps[i]
		hide(&s.Text)
		for j := range s.Argv {
			hide(&s.Argv[j])
		}
		redact.Words(s.Argv)
		for j := range s.Env {
			hide(&s.Env[j])
		}
	}
	for i := range c.Shape.Masks {
		hide(&c.Shape.Masks[i].Text)
	}
	if c.Refusal != nil {
		hide(&c.Refusal.Reason)
	}
}

// minSecret is the shortest secret that is replaced wherever it stands.
const minSecret = 8

func (b *builder) add(command, dir string, need Need, rules []tracker.Rule, minTests int) {
	key := b.canon(command)
	if dir != "" && dir != "." {
		key += " @" + dir
	}
	if i, ok := b.index[key]; ok {
		c := &b.plan.Commands[i]
		c.Needs = append(c.Needs, need)
		c.MinTests = max(c.MinTests, minTests)
		return
	}
	c := Command{Key: key, Text: command, Run: command, Dir: dir, Needs: []Need{need}, Timeout: b.policy.Commands.Timeout, Shape: ShapeOf(command, dir), MinTests: minTests}
	text := b.canon(command)
	if limit, ok := b.timeouts[text]; ok {
		c.Timeout = limit
	}
	c.Trusted = b.trusted[text]
	if !b.allowed[text] {
		c.Refusal = refusal(command, &c.Shape, rules)
	}
	c.Lane = laneOf(&c)
	b.conceal(&c)
	b.index[key] = len(b.plan.Commands)
	b.plan.Commands = append(b.plan.Commands, c)
}

// order sorts the packets so that each comes after those it depends on, and
// otherwise as on the board. Circles are kept in the board's order.
func order(t *tracker.Tracker) []string {
	var out []string
	state := make([]int, len(t.Packets)) // 1 being visited, 2 done
	byID := map[string]int{}
	for i := range t.Packets {
		byID[strings.ToUpper(t.Packets[i].ID)] = i
	}
	type frame struct{ packet, next int }
	for root := range t.Packets {
		if state[root] != 0 {
			continue
		}
		stack := []frame{{root, 0}}
		state[root] = 1
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			depends := t.Packets[top.packet].DependsOn
			if top.next < len(depends) {
				i, ok := byID[strings.ToUpper(depends[top.next])]
				top.next++
				if ok && state[i] == 0 {
					state[i] = 1
					stack = append(stack, frame{i, 0})
				}
				continue
			}
			state[top.packet] = 2
			out = append(out, t.Packets[top.packet].ID)
			stack = stack[:len(stack)-1]
		}
	}
	return out
}
