package render

import (
	"fmt"
	"strconv"
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
	X, X2, Y, W, TX, TY            int
	Name, Below, Title, Tone, Link string
}

const (
	timelineLeft  = 120
	timelineWidth = 900
	laneHeight    = 30
	barHeight     = 18
	numberWidth   = 11 // of a digit and what stands around a number
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
			name := e.Lane
			if name == "" {
				name = "other"
			}
			t.Lanes = append(t.Lanes, shape{Y: lane*laneHeight + 18, Name: clip(clean(name), 16)})
		}
		from, to := x(e.Started), x(e.Started.Add(time.Duration(e.DurationMS)*time.Millisecond))
		if from > ends[e.Lane]+1 {
			t.Waits = append(t.Waits, shape{X: ends[e.Lane], X2: from, Y: lane*laneHeight + 5 + barHeight/2})
		}
		ends[e.Lane] = max(ends[e.Lane], to)
		bar := shape{
			X: from, Y: lane*laneHeight + 5, W: max(to-from, 2), Tone: commandTone(c.State), Link: fmt.Sprintf("#command-%d", i+1),
			Title: fmt.Sprintf("%d: %s: %s, %s", i+1, clip(clean(commandText(c)), 120), clean(string(c.State)), took(e)),
		}
		if number := strconv.Itoa(i + 1); bar.W >= numberWidth*(len(number)+1) {
			bar.Name, bar.TX, bar.TY = number, from+bar.W/2, bar.Y+barHeight-5
		}
		t.Bars = append(t.Bars, bar)
	}
	for k := range 5 {
		at := span * time.Duration(k) / 4
		t.Ticks = append(t.Ticks, shape{X: x(first.Add(at)), Name: duration(at.Milliseconds())})
	}
	t.Floor = len(lanes) * laneHeight
	t.TickY, t.Height = t.Floor+16, t.Floor+24
	t.Label = fmt.Sprintf("%s in %s over %s", plural(len(t.Bars), "command"), plural(len(lanes), "lane"), duration(span.Milliseconds()))
	return t
}

// graph is the packets by what they depend on, above the line of checkpoints.
// It keeps its natural size, so that its words stay readable, and is scrolled.
type graph struct {
	Width, Height  int
	Label, Caption string
	Nodes, Commits []shape
	Edges          []string
	Lines          []shape // the commit line, folded
}

// The graph's measures. What would be wider than mostAcross boxes, or higher than
// mostDown, goes from above to below; where that does not fit either, it is folded
// into rows of rowOfBoxes.
const (
	boxWidth, boxHeight = 120, 30
	gapX, gapY          = 40, 14
	mostAcross          = 6
	mostDown            = 24
	rowOfBoxes          = 5
	commitsInRow        = 9
	commitRow           = 64
)

func newGraph(r *verdict.Report) *graph {
	if len(r.Packets) == 0 {
		return nil
	}
	index := map[string]int{}
	for i := range r.Packets {
		index[r.Packets[i].Tracker+"\x00"+r.Packets[i].ID] = i
	}
	before := make([][]int, len(r.Packets)) // packets that each one depends on
	for i := range r.Packets {
		for _, id := range r.Packets[i].DependsOn {
			if j, ok := index[r.Packets[i].Tracker+"\x00"+id]; ok && j != i {
				before[i] = append(before[i], j)
			}
		}
	}
	g := &graph{}
	for i, cell := range cells(r.Packets, before) {
		k := &r.Packets[i]
		n := shape{
			X: 10 + cell[0]*(boxWidth+gapX), Y: 10 + cell[1]*(boxHeight+gapY),
			Name: clip(clean(k.ID), 16), Tone: packetTone(k), Title: clean(k.ID + ": " + k.Claimed + ", " + k.Verified),
		}
		n.TX, n.TY = n.X+boxWidth/2, n.Y+boxHeight/2+5
		g.Nodes = append(g.Nodes, n)
		g.Width, g.Height = max(g.Width, n.X+boxWidth+gapX), max(g.Height, n.Y+boxHeight+10)
	}
	for i := range r.Packets {
		for _, j := range before[i] {
			g.Edges = append(g.Edges, edge(g.Nodes[j], g.Nodes[i]))
		}
	}
	g.commits(r)
	g.Label = fmt.Sprintf("%s and %s; the tables hold the same", plural(len(g.Nodes), "packet"), plural(len(g.Commits), "checkpoint"))
	g.Caption = "No packet says what it depends on: they stand in the order of the board."
	if len(g.Edges) > 0 {
		g.Caption = "An arrow leads from a packet to what depends on it."
	}
	if len(g.Commits) > 0 {
		g.Caption += " Below, the checkpoints in the order in which they are recorded."
	}
	return g
}

// cells gives each packet its column and row: one of them is the length of the
// longest chain of packets before it.
func cells(packets []verdict.PacketReport, before [][]int) [][2]int {
	depth := make([]int, len(before))
	deepest, edges := 0, 0
	for range before { // the bound ends a cycle
		moved := false
		for i := range before {
			for _, j := range before[i] {
				if depth[i] <= depth[j] && depth[j] < len(before) {
					depth[i], moved = depth[j]+1, true
				}
			}
		}
		if !moved {
			break
		}
	}
	rows := map[int]int{}
	out := make([][2]int, len(before))
	highest := 0
	for i := range before {
		out[i] = [2]int{depth[i], rows[depth[i]]}
		rows[depth[i]]++
		edges += len(before[i])
		deepest, highest = max(deepest, depth[i]), max(highest, rows[depth[i]])
	}
	if edges > 0 && deepest < mostAcross && highest <= mostDown {
		return out
	}
	if edges > 0 && highest <= mostAcross && deepest < mostDown {
		for i := range out {
			out[i][0], out[i][1] = out[i][1], out[i][0]
		}
		return out
	}
	column, row := 0, 0 // in the board's order, which dependencies follow for the most part
	for i := range out {
		if column == rowOfBoxes || i > 0 && packets[i].Tracker != packets[i-1].Tracker {
			column, row = 0, row+1
		}
		out[i] = [2]int{column, row}
		column++
	}
	return out
}

// edge is the path from box a to box b, which depends on it.
func edge(a, b shape) string {
	if a.X < b.X {
		x, y, tx, ty := a.X+boxWidth, a.Y+boxHeight/2, b.X, b.Y+boxHeight/2
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, x+gapX/2, y, tx-gapX/2, ty, tx, ty)
	}
	if far := (b.Y - a.Y) / (boxHeight + gapY); a.X == b.X && far > 1 { // past the boxes between them
		x, y, ty := a.X+boxWidth, a.Y+boxHeight/2, b.Y+boxHeight/2
		out := x + min(gapX, 10+6*far)
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, out, y, out, ty, x, ty)
	}
	x, y, tx, ty := a.X+boxWidth/2, a.Y+boxHeight, b.X+boxWidth/2, b.Y
	if a.Y > b.Y {
		y, ty = a.Y, b.Y+boxHeight
	}
	middle := (y + ty) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, x, middle, tx, middle, tx, ty)
}

// commits draws the checkpoints below the packets, in the order of the tracker.
func (g *graph) commits(r *verdict.Report) {
	if len(r.Checkpoints) == 0 {
		return
	}
	across := min(len(r.Checkpoints), commitsInRow)
	g.Width = max(g.Width, 110*across)
	gap, top := (g.Width-110)/max(across-1, 1), g.Height+24
	for i := range r.Checkpoints {
		c := &r.Checkpoints[i]
		x, y := 55+i%commitsInRow*gap, top+i/commitsInRow*commitRow
		if across == 1 {
			x = 55
		}
		g.Commits = append(g.Commits, shape{
			X: x, Y: y, Name: clip(clean(c.Packet), 16), Below: clip(clean(checkpointName(c)), 12),
			Tone: checkpointTone(c), Title: clean(c.Packet + ": " + string(c.State)),
		})
		if i%commitsInRow == 0 {
			last := min(i+commitsInRow, len(r.Checkpoints)) - 1 - i
			g.Lines = append(g.Lines, shape{X: x, X2: x + last*gap, Y: y})
		}
		g.Height = y + 44
	}
}
