package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// trackerJudge judges one tracker.
type trackerJudge struct {
	*judge
	t *tracker.Tracker
	// newest is the last packet on the board that is done and approved: it cannot
	// hold its own commit's hash.
	newest       *tracker.Packet
	byID         map[string]*tracker.Packet         // by normal id
	records      bool                               // it works with checkpoint commits
	reviewed     bool                               // it records reviews
	depending    bool                               // it says what packets depend on
	dependencies *dependencies                      // made when they are first asked for
	byKey        map[string]int                     // index in report.Commands
	commits      map[[2]string]*evidence.Checkpoint // by packet and token
	relations    map[string][]*evidence.Relation    // by the later packet
	naming       map[string]*evidence.Naming        // by normal id
}

func (j *judge) tracker(_ int, t *tracker.Tracker) {
	k := &trackerJudge{judge: j, t: t, byID: map[string]*tracker.Packet{}, records: worksWithCommits(t)}
	r := TrackerReport{Path: t.Path, SHA256: t.SHA256, Title: t.Title.Text, Next: t.Next.Text}
	if v := t.Recorded(); v != nil {
		r.Recorded, r.RecordedPos = Decision(v.Decision), &v.Pos
		j.refused[t.Path] = r.Recorded == NoGo && !slices.ContainsFunc(t.Packets, func(p tracker.Packet) bool {
			return answered(&p) && p.Section != nil && p.Section.Pos.Line <= v.Pos.Line && v.Pos.Line <= p.Section.End
		})
	}
	j.report.Trackers = append(j.report.Trackers, r)
	for i := range t.Packets {
		k.depending = k.depending || len(t.Packets[i].DependsOn) > 0
		if _, dup := k.byID[tracker.NormalID(t.Packets[i].ID)]; !dup {
			k.byID[tracker.NormalID(t.Packets[i].ID)] = &t.Packets[i]
		}
		if r := t.Packets[i].Row; r != nil && (r.Reviewed || r.ReviewState != tracker.ReviewNone) {
			k.reviewed = true
		}
		if p := &t.Packets[i]; p.Done() && p.Approved() {
			k.newest = p
		}
	}
	k.document()
	for i := range t.Packets {
		k.packet(&t.Packets[i])
	}
	k.risks()
}

// at adds a finding about a place in the tracker. rule is the number of the
// tracker's own rule that it enforces, found by its words.
func (k *trackerJudge) at(rule string, p *tracker.Packet, pos tracker.Pos, f Finding) {
	f.Tracker, f.Pos = k.t.Path, pos
	if p != nil {
		f.Packet = p.ID
	}
	f.TrackerRule = k.ownRule(rule)
	k.find(rule, f)
}

// ownRules are words by which a tracker's own rule is known.
var ownRules = []struct {
	prefix string
	words  []string
}{
	{"packet/unchecked-box", []string{"checkbox"}},
	{"claims/no-exit-code", []string{"exit-code", "exit code"}},
	{"claims/", []string{"summary-only", "timed out", "missing"}},
	{"packet/no-evidence", []string{"exit-code", "exit code"}},
	{"checkpoint/", []string{"checkpoint"}},
	{"review/", []string{"review"}},
	{"contract/", []string{"no new"}},
}

func (k *trackerJudge) ownRule(rule string) int {
	for _, own := range ownRules {
		if !strings.HasPrefix(rule, own.prefix) {
			continue
		}
		for _, r := range k.t.Rules {
			for _, w := range own.words {
				if strings.Contains(strings.ToLower(r.Text), w) {
					return r.Number
				}
			}
		}
	}
	return 0
}

// document judges what is about the tracker as a whole.
func (k *trackerJudge) document() {
	t := k.t
	for _, w := range t.Warnings {
		k.at("tracker/unreadable", nil, w.Pos, Finding{Message: w.Message, Hint: w.Hint, Claimed: w.Message})
	}
	if k.LintOnly && len(k.plan.Commands) == 0 {
		k.at("tracker/empty", nil, tracker.Pos{File: t.Path, Line: 1, Column: 1}, Finding{Message: "no command is required, so there is nothing to go by"})
	}
	if c := k.plan.Commands; len(c) > 0 && c[0].Needs[0].Claimed {
		n := 0
		pos := tracker.Pos{}
		for i := range c {
			for _, need := range c[i].Needs {
				if need.Tracker == t.Path {
					if n++; n == 1 {
						pos = need.Pos
					}
					break
				}
			}
		}
		if n > 0 {
			k.at("tracker/claims-only", nil, pos, Finding{Message: "the tracker requires no command; " + plural(n, "that it claims to have run is", "that it claims to have run are") + " asked instead"})
		}
	}
	if n := &t.Next; n.Present && !n.Complete && len(n.Packets) > 0 {
		for _, id := range n.Packets {
			if p := k.byID[tracker.NormalID(id)]; p == nil || !p.Done() {
				return
			}
		}
		k.at("tracker/stale-next", nil, n.Pos, Finding{
			Message: "what is recommended next is done already: " + strings.Join(n.Packets, ", "), Claimed: clip(n.Text, 120), Observed: strings.Join(n.Packets, ", ") + " DONE",
		})
	}
}

// answered reports whether a packet is the one that this run answers: its open
// boxes are no findings.
func answered(p *tracker.Packet) bool { return p.Final && !p.Done() }

func (k *trackerJudge) packet(p *tracker.Packet) {
	r := PacketReport{Tracker: k.t.Path, ID: p.ID, Title: p.Title, Pos: p.Pos(), Commands: []string{}, DependsOn: p.DependsOn, Final: p.Final, Claimed: "not on the board"}
	if p.Row != nil {
		r.Implementer, r.Reviewer = p.Row.Implementer, p.Row.Reviewer
		r.Claimed = string(p.Row.Status)
		if p.Row.ReviewState != "" {
			r.Claimed += " / " + string(p.Row.ReviewState)
		}
	}
	open := k.boxes(p, &r)
	for _, q := range p.Required {
		r.Commands = append(r.Commands, k.key(q.Command))
	}
	if c := p.Checkpoint(); c != nil {
		r.Checkpoint = c.Hash
		if e := k.checkpointOf(p.ID, c.Hash); e != nil && e.Hash != "" {
			r.Checkpoint = e.Hash
		}
	}
	k.report.Packets = append(k.report.Packets, r)
	if answered(p) {
		return
	}
	k.state(p, open)
	if !p.Done() {
		return
	}
	k.gates(p)
	k.reviews(p)
	k.claims(p)
	k.checkpoint(p)
}

// box is an open box, wherever it stands in the packet.
type box struct {
	text string
	pos  tracker.Pos
}

// boxes counts the packet's check boxes and returns the open ones.
func (k *trackerJudge) boxes(p *tracker.Packet, r *PacketReport) []box {
	var open []box
	count := func(checked bool, text string, pos tracker.Pos) {
		r.Boxes++
		if checked {
			r.Checked++
		} else {
			open = append(open, box{text, pos})
		}
	}
	for _, b := range p.Boxes {
		count(b.Checked, b.Text, b.Pos)
	}
	for _, q := range p.Required {
		if q.HasBox {
			count(q.Checked, q.Command, q.Pos)
		}
	}
	for _, g := range p.Gates {
		if g.HasBox {
			count(g.Checked, g.Name+" "+g.State, g.Pos)
		}
	}
	for _, v := range p.Reviews {
		if v.HasBox {
			count(v.Checked, v.Text, v.Pos)
		}
	}
	return open
}

// state judges the packet's state on the board.
func (k *trackerJudge) state(p *tracker.Packet, open []box) {
	switch {
	case p.Row == nil:
		message := p.ID + " has a section, but no row on the board"
		if len(open) > 0 {
			message += fmt.Sprintf("; %s open", plural(len(open), "box is", "boxes are"))
		}
		k.at("packet/no-row", p, p.Pos(), Finding{Message: message})
		return
	case p.Row.Status == tracker.StatusDeferred, p.Row.Status == tracker.StatusDropped:
		k.at("packet/left-out", p, p.Row.Pos, Finding{Message: fmt.Sprintf("%s is left out of this work: %s", p.ID, p.Row.Status), Claimed: string(p.Row.Status)})
		return
	case !p.Done():
		k.at("packet/not-done", p, p.Row.Pos, Finding{Message: fmt.Sprintf("%s is %s", p.ID, orElse(string(p.Row.Status), "without a status")), Claimed: string(p.Row.Status)})
		return
	case !p.Approved():
		f := Finding{Message: fmt.Sprintf("%s is DONE, its review is %s", p.ID, orElse(string(p.Row.ReviewState), "not recorded")), Claimed: string(p.Row.ReviewState)}
		if !k.reviewed && p.Row.ReviewState == tracker.ReviewNone {
			f.Severity = Condition // a tracker that knows no reviews
		}
		k.at("packet/not-approved", p, p.Row.Pos, f)
	}
	if p.Section == nil {
		k.at("packet/no-section", p, p.Row.Pos, Finding{Message: p.ID + " is DONE on the board, and has no section: no boxes, no tests, no evidence"})
		return
	}
	k.stated(p)
	if len(open) > 0 {
		texts := make([]string, 0, 3)
		for _, b := range open[:min(3, len(open))] {
			texts = append(texts, "“"+clip(strings.ReplaceAll(b.text, "\n", " "), 80)+"”")
		}
		k.at("packet/unchecked-box", p, open[0].pos, Finding{
			Message: fmt.Sprintf("%s is DONE with %s: %s", p.ID, plural(len(open), "open box", "open boxes"), strings.Join(texts, ", ")), Claimed: "DONE", Observed: plural(len(open), "open box", "open boxes"),
		})
	}
	if p.Evidence.State != tracker.EvidenceFilled && p.Evidence.State != tracker.EvidenceOnLines {
		pos := p.Evidence.Pos
		if !pos.IsValid() {
			pos = p.Pos()
		}
		k.at("packet/no-evidence", p, pos, Finding{Message: p.ID + " is DONE, and its evidence is not there", Claimed: "DONE", Observed: orElse(string(p.Evidence.State), "no evidence")})
	}
	for _, id := range p.DependsOn {
		if d := k.byID[tracker.NormalID(id)]; d != nil && !d.Done() {
			k.at("packet/dependency", p, p.Row.Pos, Finding{Message: fmt.Sprintf("%s is DONE; %s, on which it depends, is not", p.ID, d.ID), Claimed: d.ID})
		}
	}
}

// stated compares what the section says of the packet's status with the board.
func (k *trackerJudge) stated(p *tracker.Packet) {
	if len(p.Statuses) == 0 {
		return
	}
	if s := p.Statuses[len(p.Statuses)-1]; s.Status != tracker.StatusDone && s.Status != "APPROVED" {
		k.at("packet/status-differs", p, s.Pos, Finding{Message: fmt.Sprintf("the board says that %s is DONE, its section says %s", p.ID, clip(s.Text, 60)), Claimed: "DONE", Observed: clip(s.Text, 60)})
	}
}

// gates judges P0, P1 and P2 of a packet that is done.
func (k *trackerJudge) gates(p *tracker.Packet) {
	boxes := map[string]tracker.Gate{}
	for _, g := range p.Gates {
		if g.State == "FAIL" || g.State == "BLOCKED" || g.State == "PARTIAL" {
			k.at("gate/failed", p, g.Pos, Finding{Message: fmt.Sprintf("%s is DONE, its gate %s says %s", p.ID, g.Name, g.State), Claimed: g.Name + " " + g.State})
			return
		}
		if g.HasBox {
			boxes[g.Name] = g
			continue
		}
		if b, ok := boxes[g.Name]; ok && b.State == "PASS" && g.State == "N/A" && !strings.HasPrefix(b.Note, "N/A") {
			k.at("gate/disagrees", p, b.Pos, Finding{Message: fmt.Sprintf("the box says %s PASS, the evidence %s N/A", g.Name, g.Name), Claimed: g.Name + " PASS", Observed: g.Name + " N/A"})
		}
	}
}

// reviews compares what the packet's own review says with the board.
func (k *trackerJudge) reviews(p *tracker.Packet) {
	var last *tracker.Review
	for i := range p.Reviews {
		v := &p.Reviews[i]
		if !v.HasBox {
			last = v
		} else if v.State == tracker.ReviewChangesRequested || v.State == tracker.ReviewBlocked {
			last = v
		}
	}
	if last != nil && p.Approved() && last.State != tracker.ReviewApproved && last.State != "" {
		k.at("review/contradicts", p, last.Pos, Finding{Message: fmt.Sprintf("the board says that %s is APPROVED, its review says %s", p.ID, last.State), Claimed: "APPROVED", Observed: string(last.State)})
	}
	if p.Row.Implementer != "" && strings.EqualFold(p.Row.Implementer, p.Row.Reviewer) {
		k.at("review/self", p, p.Row.Pos, Finding{Message: fmt.Sprintf("%s implemented and reviewed %s", p.Row.Implementer, p.ID)})
	}
}
