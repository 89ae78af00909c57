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
)

// progress shows what a run is doing: a live view on a terminal, one line for
// each event otherwise, groups under GitHub Actions. It writes to stderr only.
type progress struct {
	w       io.Writer
	mode    progressMode
	color   bool
	verbose bool

	mu      sync.Mutex
	total   int
	done    int
	failed  int
	running []*runningCommand // in the order of their start
	drawn   int               // lines of the live view that stand on the screen
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

// redrawEvery is how often the live view is drawn again: often enough for
// seconds to count, seldom enough not to flicker.
const redrawEvery = 200 * time.Millisecond

func newProgress(w io.Writer, f collectFlags, total int) *progress {
	p := &progress{w: w, total: total, verbose: f.verbose, color: useColor(w, f.color), started: time.Now(), stop: make(chan struct{})}
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
			p.draw()
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
	p.erase()
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
		p.running = append(p.running, &runningCommand{key: e.Key, lane: e.Lane, packet: e.Packet, since: time.Now(), expected: e.Expected})
		p.say(p.plainOnly("run   " + oneLine(e.Key)))
	case collector.EventLine:
		p.line(e)
	case collector.EventEnd:
		p.end(e)
	case collector.EventNote:
		p.say(oneLine(e.Line))
	}
}

func (p *progress) plainOnly(s string) string {
	if p.mode == progressLive {
		return ""
	}
	return s
}

func (p *progress) line(e collector.Event) {
	for _, r := range p.running {
		if r.key == e.Key {
			r.line = e.Line
		}
	}
	if p.verbose {
		lane := e.Lane
		if lane == "" {
			lane = "·"
		}
		p.say(fmt.Sprintf("%-12s │ %s", lane, oneLine(e.Line)))
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
	ok := e.Command.Outcome == evidence.Exited && e.Command.ExitCode == 0
	if !ok {
		p.failed++
	}
	p.say(fmt.Sprintf("%s %s  %s  %s", p.mark(ok), ended(e.Command), oneLine(e.Key), p.count()))
	if p.mode == progressActions && !ok {
		p.group(e.Command)
	}
}

func (p *progress) count() string { return fmt.Sprintf("[%d/%d]", p.done, p.total) }

// group shows the end of a failed command's output in a folding. Its text comes
// from outside: workflow commands in it must not be obeyed.
func (p *progress) group(c *evidence.Command) {
	tail := c.Log.Tail
	if tail == "" {
		tail = c.Log.Head
	}
	fmt.Fprintf(p.w, "::group::%s\n", strings.ReplaceAll(oneLine(c.Text), "%", "%25"))
	for _, line := range strings.Split(strings.TrimRight(tail, "\n"), "\n") {
		fmt.Fprintln(p.w, "| "+oneLine(line))
	}
	fmt.Fprintln(p.w, "::endgroup::")
}

// say writes a line above the live view.
func (p *progress) say(line string) {
	if line == "" {
		return
	}
	p.erase()
	fmt.Fprintln(p.w, line)
	p.draw()
}

func (p *progress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

// draw puts the live view under what was said: one line for each running
// command and one for the whole. Everything goes out in one write.
func (p *progress) draw() {
	if p.mode != progressLive {
		return
	}
	columns := width(p.w)
	var b strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", p.drawn)
	}
	lines := 0
	for _, r := range p.running {
		text := fmt.Sprintf("  %6s%s  %s", seconds(time.Since(r.since)), ofExpected(r.expected), oneLine(r.key))
		if r.line != "" {
			text += "  ‹" + oneLine(r.line) + "›"
		}
		fmt.Fprintf(&b, "\x1b[2K%s\n", clip(text, columns-1))
		lines++
	}
	if p.done < p.total {
		fmt.Fprintf(&b, "\x1b[2K%s\n", clip(fmt.Sprintf("  %d of %d done, %d not as expected, %s", p.done, p.total, p.failed, seconds(time.Since(p.started))), columns-1))
		lines++
	}
	b.WriteString("\x1b[J")
	io.WriteString(p.w, b.String())
	p.drawn = lines
}

func ofExpected(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return " of ~" + seconds(d)
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
	case c.Outcome == evidence.Exited:
		return fmt.Sprintf("exit %d %s", c.ExitCode, took)
	case c.Outcome == evidence.Signaled:
		return c.Signal + " " + took
	case c.Outcome == evidence.TimedOut:
		return "timed out " + took
	}
	return strings.ReplaceAll(string(c.Outcome), "_", " ")
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// clip cuts s to n columns.
func clip(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:max(n-1, 0)]) + "…"
}
