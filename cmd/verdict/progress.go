package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/verdictci/verdict/collector"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict/render"
)

// progress shows what a run is doing: a live view on a terminal, one line for
// each event otherwise, groups under GitHub Actions. It writes to stderr only.
type progress struct {
	w       io.Writer
	mode    progressMode
	color   bool
	verbose bool
	size    func() (columns, rows int)

	mu      sync.Mutex
	total   int
	done    int
	failed  int
	running []*runningCommand // in the order of their start
	drawn   []string          // lines of the live view that stand on the screen
	started time.Time
	stop    chan struct{}
	stopped sync.WaitGroup
}

type progressMode int

const (
	progressOff progressMode = iota
	progressPlain
	progressLive
	progressActions
)

type runningCommand struct {
	key, lane, packet, line string
	since                   time.Time
	expected                time.Duration
}

// redrawEvery is how often the live view is drawn again when it has changed.
const redrawEvery = 200 * time.Millisecond

func newProgress(w io.Writer, f collectFlags, total int) *progress {
	p := &progress{
		w: w, total: total, verbose: f.verbose, color: useColor(w, f.color), started: time.Now(), stop: make(chan struct{}),
		size: func() (int, int) { return screen(w) },
	}
	_, isTerminal := terminal(w)
	switch {
	case f.quiet:
		p.mode = progressOff
	case os.Getenv("GITHUB_ACTIONS") == "true":
		p.mode = progressActions
	case isTerminal && !f.verbose && os.Getenv("TERM") != "dumb":
		p.mode = progressLive
		p.stopped.Add(1)
		go p.redraw()
	default:
		p.mode = progressPlain
	}
	return p
}

func (p *progress) redraw() {
	defer p.stopped.Done()
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.mu.Lock()
			p.write("", p.view(time.Now()))
			p.mu.Unlock()
		}
	}
}

// close ends the live view and leaves the lines above it.
func (p *progress) close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write("", nil)
}

// event takes one event of the collector. It may be called from several lanes.
func (p *progress) event(e collector.Event) {
	if p.mode == progressOff {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case collector.EventStart:
		started := &runningCommand{key: e.Key, lane: e.Lane, packet: e.Packet, since: time.Now()}
		p.running = append(p.running, started)
		if p.mode == progressLive {
			started.expected = e.Expected()
		} else {
			p.say("run   " + render.Line(e.Key))
		}
	case collector.EventLine:
		p.line(e)
	case collector.EventEnd:
		p.end(e)
	case collector.EventKept:
		p.done++
	case collector.EventNote:
		p.say(render.Line(e.Line))
	}
}

func (p *progress) line(e collector.Event) {
	for _, r := range p.running {
		if r.key == e.Key {
			r.line = render.Line(e.Line)
		}
	}
	if p.verbose {
		p.say(fmt.Sprintf("%-12s │ %s", laneName(e.Lane), strings.Join(render.Lines(e.Line), " ")))
	}
}

func (p *progress) end(e collector.Event) {
	p.done++
	for i, r := range p.running {
		if r.key == e.Key {
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	if e.Command == nil {
		return
	}
	ok := e.Command.Outcome == evidence.Exited && e.Command.ExitCode == 0 && !ranNoTest(e.Command)
	if !ok {
		p.failed++
	}
	line := fmt.Sprintf("[%d/%d] %s  %s", p.done, p.total, ended(e.Command), render.Line(e.Key))
	if p.mode == progressLive { // the report has the whole line
		columns, _ := p.size()
		line = render.Clip(line, columns-3)
	}
	p.say(p.mark(ok) + " " + line)
	if p.mode == progressActions && !ok {
		p.group(e.Command)
	}
}

// group shows the end of a failed command's output in a folding.
func (p *progress) group(c *evidence.Command) {
	tail := c.Log.Tail
	if tail == "" {
		tail = c.Log.Head
	}
	workflowCommand(p.w, "group", render.Line(c.Text))
	for _, line := range render.Lines(tail) {
		fmt.Fprintln(p.w, "| "+line)
	}
	workflowCommand(p.w, "endgroup", "")
}

// say writes a line that stays, above the live view.
func (p *progress) say(line string) {
	if line == "" {
		return
	}
	var view []string
	if p.mode == progressLive {
		view = p.view(time.Now())
	}
	p.write(line+"\n", view)
}

// write puts said and below it the view on the screen, over the view that stands
// there: in one piece, and not at all when nothing has changed.
func (p *progress) write(said string, view []string) {
	if said == "" && equalLines(view, p.drawn) {
		return
	}
	var b strings.Builder
	up := func(n int) {
		if n > 0 {
			fmt.Fprintf(&b, "\x1b[%dA", n)
		}
	}
	standing := p.rows()
	up(standing)
	if said != "" || len(view) < standing { // line by line: a terminal may keep what is cleared at once
		b.WriteString(strings.Repeat("\x1b[2K\n", standing))
		up(standing)
	}
	b.WriteString(said)
	for _, line := range view {
		b.WriteString(line + "\x1b[K\n")
	}
	io.WriteString(p.w, b.String())
	p.drawn = view
}

// rows is how many rows of the screen the drawn view takes: a terminal that was made
// narrower has broken its lines.
func (p *progress) rows() int {
	if len(p.drawn) == 0 {
		return 0
	}
	columns, _ := p.size()
	rows := 0
	for _, line := range p.drawn {
		rows += max(1, (render.Columns(line)+columns-1)/columns)
	}
	return rows
}

func equalLines(a, b []string) bool {
	return len(a) == len(b) && strings.Join(a, "\n") == strings.Join(b, "\n")
}

// view is the live view: what runs in each lane, how long already and how long it
// took before, with its last line of output; and what is done and left. No line
// is as wide as the screen, and there are fewer than it has rows.
func (p *progress) view(now time.Time) []string {
	columns, rows := p.size()
	var lines []string
	hidden := 0
	for i, r := range p.running {
		if len(lines)+3 > max(rows-1, 4) {
			hidden = len(p.running) - i
			break
		}
		lane, packet := render.Clip(laneName(r.lane), 14), r.packet
		if columns >= 80 && packet != "" {
			packet = render.Clip(render.Line(packet), 16) + "  "
		} else {
			packet = ""
		}
		head := fmt.Sprintf("  %-14s %s  %s", lane, elapsed(now.Sub(r.since), r.expected), packet)
		lines = append(lines, render.Clip(head+render.Line(r.key), columns-1))
		if r.line != "" {
			lines = append(lines, p.dim(render.Clip("    "+r.line, columns-1)))
		}
	}
	if p.done >= p.total {
		return lines
	}
	sum := fmt.Sprintf("  %d of %d done", p.done, p.total)
	if p.failed > 0 {
		sum += fmt.Sprintf(", %d not as expected", p.failed)
	}
	if waiting := p.total - p.done - len(p.running); waiting > 0 {
		sum += fmt.Sprintf(", %d to go", waiting)
	}
	if hidden > 0 {
		sum += fmt.Sprintf(", %d more running", hidden)
	}
	return append(lines, render.Clip(sum+", "+whole(now.Sub(p.started)), columns-1))
}

func laneName(lane string) string {
	if lane == "" {
		return "other"
	}
	return render.Line(lane)
}

// elapsed says how long a command runs, and how long it took before.
func elapsed(d, expected time.Duration) string {
	if expected <= 0 {
		return whole(d)
	}
	return whole(d) + " of ~" + whole(expected)
}

func (p *progress) dim(s string) string {
	if p.color {
		return "\x1b[2m" + s + "\x1b[0m"
	}
	return s
}

func (p *progress) mark(ok bool) string {
	switch {
	case ok && p.color:
		return "\x1b[32m✓\x1b[0m"
	case ok:
		return "✓"
	case p.color:
		return "\x1b[31m✗\x1b[0m"
	}
	return "✗"
}

// ended says how a command ended, and how long it took.
func ended(c *evidence.Command) string {
	took := seconds(time.Duration(c.DurationMS) * time.Millisecond)
	switch {
	case c.NotEvaluated:
		return "not evaluated"
	case c.Reused != nil:
		return "reused"
	case c.Outcome == evidence.Exited && ranNoTest(c):
		return fmt.Sprintf("exit %d %s, no test ran", c.ExitCode, took)
	case c.Outcome == evidence.Exited:
		return fmt.Sprintf("exit %d %s", c.ExitCode, took)
	case c.Outcome == evidence.Signaled:
		return c.Signal + " " + took
	case c.Outcome == evidence.TimedOut:
		return "timed out " + took
	}
	return strings.ReplaceAll(string(c.Outcome), "_", " ")
}

// ranNoTest tells a command whose test runners all say that no test ran: exit 0
// alone would look like a pass until the report.
func ranNoTest(c *evidence.Command) bool {
	seen := false
	for i := range c.Steps {
		if t := c.Steps[i].Tests; t != nil {
			seen = true
			if t.Passed != 0 || t.Failed != 0 || t.FailedUnits != 0 {
				return false
			}
		}
	}
	return seen
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// whole is a duration in whole seconds: what changes seldom does not flicker.
func whole(d time.Duration) string { return d.Round(time.Second).String() }
