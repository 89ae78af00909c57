package verdict

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

// boxMeanings say when the boxes of the packet that asks for the verdict are
// true. A box that none of them fits is for a person to tick.
var boxMeanings = []struct {
	text lazyregexp.Regexp
	true func(*filler) bool
}{
	{lazyregexp.New(`(?i)\bdone\b.*\bapproved\b|\ball packets\b`), (*filler).othersDone},
	{lazyregexp.New(`(?i)\bresidual risks?\b|\brisks? reconciled\b`), func(*filler) bool { return true }},
	{lazyregexp.New(`(?i)\bcheckpoints?\b|\bcommit hash`), (*filler).commitsVerified},
	{lazyregexp.New(`(?i)\bcommands?\b|\bexit[- ]codes?\b|\bbaselines?\b|\breruns?\b`), (*filler).commandsRan},
	{lazyregexp.New(`(?i)\b(verdict|recommendation|decision)\b`), func(*filler) bool { return true }},
}

// gateRules say which blockers fail a gate, by the beginning of their rule: P0 is
// whether it was run and passed, P1 whether it may go out, P2 whether the tracker
// tells the truth.
var gateRules = map[string][]string{
	"P0": {"evidence/", "trust/", "worktree/", "history/"},
	"P1": {"risk/", "contract/", "policy/"},
	"P2": {"packet/", "claims/", "gate/", "review/", "checkpoint/", "tracker/"},
}

// Gate is the state of a gate that a decision gives: PASS, or FAIL with the
// number of blockers.
type Gate struct {
	Name     string
	State    string // "PASS", "FAIL"
	Blockers int
}

// Gates judges P0, P1 and P2 of a tracker by the report's blockers.
func (r *Report) Gates(path string) []Gate {
	var gates []Gate
	for _, name := range []string{"P0", "P1", "P2"} {
		g := Gate{Name: name, State: "PASS"}
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Severity == Blocker && (f.Tracker == "" || f.Tracker == path) && slices.ContainsFunc(gateRules[name], func(p string) bool { return strings.HasPrefix(f.Rule, p) }) {
				g.Blockers++
				g.State = "FAIL"
			}
		}
		gates = append(gates, g)
	}
	return gates
}

// Filling is what a report has to say in the tracker that it is about: the state,
// boxes and gates of the packet that asks for the verdict, and the commits that
// only one answer is possible for. The words of the evidence are the renderer's.
func Filling(r *Report, t *tracker.Tracker) tracker.Filling {
	f := filler{r: r, t: t, out: tracker.Filling{Hashes: map[tracker.Pos]string{}}}
	f.hashes()
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Final && !p.Done() {
			f.packet(p)
		}
	}
	return f.out
}

type filler struct {
	r   *Report
	t   *tracker.Tracker
	p   *tracker.Packet
	out tracker.Filling
}

func (f *filler) decision() Decision {
	for i := range f.r.Trackers {
		if f.r.Trackers[i].Path == f.t.Path {
			return f.r.Trackers[i].Verdict.known()
		}
	}
	return NoGo
}

func (f *filler) packet(p *tracker.Packet) {
	f.p, f.out.Packet = p, p.ID
	f.out.Tick, f.out.Untick = nil, nil
	whole := true
	set := func(at tracker.Pos, holds bool) {
		whole = whole && holds
		if holds {
			f.out.Tick = append(f.out.Tick, at)
		} else {
			f.out.Untick = append(f.out.Untick, at)
		}
	}
	for i := range p.Boxes {
		b := &p.Boxes[i]
		switch holds, known := f.holds(b.Text); {
		case known:
			set(b.Pos, holds)
		case !b.Checked:
			whole = false // for a person to say
		}
	}
	for i := range p.Required {
		if q := &p.Required[i]; q.HasBox {
			set(q.Pos, f.passed(q.Command))
		}
	}
	gates := map[string]string{}
	for _, g := range f.r.Gates(f.t.Path) {
		gates[g.Name] = g.State
	}
	for i := range p.Gates {
		if g := &p.Gates[i]; g.HasBox {
			set(g.Pos, gates[g.Name] == "PASS")
		}
	}
	for i := range p.Reviews {
		if v := &p.Reviews[i]; v.HasBox {
			set(v.Pos, f.decision() != NoGo)
		}
	}
	switch {
	case f.decision() == NoGo:
		f.out.State = tracker.StatusChangesRequested
	case whole:
		f.out.State = tracker.StatusDone
	}
}

// holds tells whether what a box says is true, and whether that can be told.
func (f *filler) holds(text string) (holds, known bool) {
	for _, m := range boxMeanings {
		if m.text.MatchString(text) {
			return m.true(f), true
		}
	}
	return false, false
}

func (f *filler) othersDone() bool {
	for i := range f.t.Packets {
		if p := &f.t.Packets[i]; p != f.p && !(p.Done() && p.Approved()) && p.Row != nil && p.Row.Status != tracker.StatusDropped && p.Row.Status != tracker.StatusDeferred {
			return false
		}
	}
	return true
}

func (f *filler) commitsVerified() bool {
	return !slices.ContainsFunc(f.r.Findings, func(x Finding) bool {
		return x.Tracker == f.t.Path && strings.HasPrefix(x.Rule, "checkpoint/") && x.Severity == Blocker
	})
}

// commandsRan reports whether each command that the packet requires came to its
// own end.
func (f *filler) commandsRan() bool {
	for i := range f.p.Required {
		if c := f.command(f.p.Required[i].Command); c == nil || c.Evidence == nil || c.Evidence.Outcome != "exited" {
			return false
		}
	}
	return true
}

func (f *filler) passed(command string) bool {
	c := f.command(command)
	return c != nil && (c.State == CommandPassed || c.State == CommandUnproven)
}

func (f *filler) command(text string) *CommandReport {
	return f.r.Command(text)
}

// hashes answers what is not recorded where just one commit names the packet.
func (f *filler) hashes() {
	digits := 8
	for i := range f.t.Packets {
		for _, c := range f.t.Packets[i].Checkpoints {
			digits = max(digits, len(c.Hash))
		}
	}
	for i := range f.r.Findings {
		x := &f.r.Findings[i]
		if x.Rule != "checkpoint/unrecorded" || x.Tracker != f.t.Path || len(x.Commit) < digits {
			continue
		}
		for n := range f.t.Packets {
			p := &f.t.Packets[n]
			if c := p.Checkpoint(); !tracker.SameID(p.ID, x.Packet) || c == nil || c.Kind == tracker.CheckpointHash {
				continue
			}
			for _, c := range p.Checkpoints {
				if c.Kind == tracker.CheckpointTodo || c.Kind == tracker.CheckpointPlaceholder {
					f.out.Hashes[c.Pos] = x.Commit[:digits]
				}
			}
		}
	}
}
