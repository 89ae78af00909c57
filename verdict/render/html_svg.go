package render

import (
	"fmt"
	"time"

	"github.com/verdictci/verdict/verdict"
)

// timeline is what ran when, one row for each lane.
type timeline struct {
	Height, Floor, TickY int
	Label                string
	Lanes, Ticks, Waits  []shape
	Bars                 []shape
}

// shape is one element of a drawing.
type shape struct {
	X, X2, Y, W, TX, TY       int
	Name, Title, Tone, Anchor string
}

const (
	timelineLeft  = 120
	timelineWidth = 720
	laneHeight    = 26
)

func newTimeline(r *verdict.Report) *timeline {
	var first, last time.Time
	for i := range r.Commands {
		e := r.Commands[i].Evidence
		if e == nil || e.Started.IsZero() {
			continue
		}
		end := e.Started.Add(time.Duration(e.DurationMS) * time.Millisecond)
		if first.IsZero() || e.Started.Before(first) {
			first = e.Started
		}
		if end.After(last) {
			last = end
		}
	}
	if first.IsZero() {
		return nil
	}
	span := max(last.Sub(first), time.Millisecond)
	x := func(t time.Time) int {
		return timelineLeft + int(float64(timelineWidth)*float64(t.Sub(first))/float64(span))
	}
	t := &timeline{}
	lanes, ends := map[string]int{}, map[string]int{}
	for i := range r.Commands {
		c := &r.Commands[i]
		e := c.Evidence
		if e == nil || e.Started.IsZero() {
			continue
		}
		lane, known := lanes[e.Lane]
		if !known {
			lane = len(lanes)
			lanes[e.Lane], ends[e.Lane] = lane, timelineLeft
			t.Lanes = append(t.Lanes, shape{Y: lane*laneHeight + 16, Name: clip(clean(e.Lane), 16)})
		}
		from, to := x(e.Started), x(e.Started.Add(time.Duration(e.DurationMS)*time.Millisecond))
		if from > ends[e.Lane]+1 {
			t.Waits = append(t.Waits, shape{X: ends[e.Lane], X2: from, Y: lane*laneHeight + 12})
		}
		ends[e.Lane] = max(ends[e.Lane], to)
		t.Bars = append(t.Bars, shape{
			X: from, Y: lane*laneHeight + 5, W: max(to-from, 2), Tone: commandTone(c.State), Anchor: fmt.Sprintf("command-%d", i+1),
			Title: fmt.Sprintf("%s: %s, %s", clip(clean(commandText(c)), 120), clean(string(c.State)), took(e)),
		})
	}
	for k := range 5 {
		at := span * time.Duration(k) / 4
		t.Ticks = append(t.Ticks, shape{X: x(first.Add(at)), Name: duration(at.Milliseconds())})
	}
	t.Floor = len(lanes) * laneHeight
	t.TickY, t.Height = t.Floor+16, t.Floor+24
	t.Label = fmt.Sprintf("%s in %s over %s; the list of commands holds the same figures", plural(len(t.Bars), "command"), plural(len(lanes), "lane"), duration(span.Milliseconds()))
	return t
}

// graph is the packets by what they depend on, above the line of checkpoints.
type graph struct {
	Width, Height, LineY int
	Label                string
	Nodes, Commits       []shape
	Edges                []string
}

// mostNodes is how many packets a drawing can hold and still be read.
const mostNodes = 120

func newGraph(r *verdict.Report) *graph {
	if len(r.Packets) == 0 || len(r.Packets) > mostNodes {
		return nil
	}
	index := map[string]int{}
	for i := range r.Packets {
		index[r.Packets[i].Tracker+"\x00"+r.Packets[i].ID] = i
	}
	depth := make([]int, len(r.Packets))
	for range r.Packets { // longest path; the bound ends a cycle
		moved := false
		for i := range r.Packets {
			for _, id := range r.Packets[i].DependsOn {
				if j, ok := index[r.Packets[i].Tracker+"\x00"+id]; ok && j != i && depth[i] <= depth[j] && depth[j] < len(r.Packets) {
					depth[i], moved = depth[j]+1, true
				}
			}
		}
		if !moved {
			break
		}
	}
	g := &graph{Width: 860}
	rows := map[int]int{}
	for i := range r.Packets {
		k := &r.Packets[i]
		n := shape{X: 10 + depth[i]*160, Y: 10 + rows[depth[i]]*44, Name: clip(clean(k.ID), 16), Tone: packetTone(k), Title: clean(k.ID + ": " + k.Claimed + ", " + k.Verified)}
		n.TX, n.TY = n.X+60, n.Y+20
		rows[depth[i]]++
		g.Nodes = append(g.Nodes, n)
		g.Width, g.LineY = max(g.Width, n.X+140), max(g.LineY, n.Y+70)
	}
	for i := range r.Packets {
		for _, id := range r.Packets[i].DependsOn {
			if j, ok := index[r.Packets[i].Tracker+"\x00"+id]; ok && j != i {
				a, b := g.Nodes[j], g.Nodes[i]
				g.Edges = append(g.Edges, fmt.Sprintf("M%d %d C%d %d %d %d %d %d", a.X+120, a.Y+15, a.X+140, a.Y+15, b.X-20, b.Y+15, b.X, b.Y+15))
			}
		}
	}
	gap := max(64, (g.Width-80)/max(len(r.Checkpoints), 1))
	for i := range r.Checkpoints {
		c := &r.Checkpoints[i]
		x := 50 + i*gap
		g.Commits = append(g.Commits, shape{X: x, Y: g.LineY, TY: g.LineY + 24, Name: clip(clean(checkpointName(c)), 10), Tone: checkpointTone(c), Title: clean(c.Packet + ": " + string(c.State))})
		g.Width = max(g.Width, x+50)
	}
	g.Height = g.LineY + 36
	g.Label = fmt.Sprintf("%s and %s; the tables hold the same", plural(len(g.Nodes), "packet"), plural(len(g.Commits), "checkpoint"))
	return g
}
