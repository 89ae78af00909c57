package testout

import (
	"bytes"
	"io"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// goText writes what go test would have printed without -json: the packages one
// after the other, in the order in which they began.
type goText struct {
	*GoTest
	w     io.Writer
	queue []*goPackageText // begun, and not written yet
}

// goPackageText is what a package prints.
type goPackageText struct {
	name  string
	tests map[string]*testText // those that run
	text  limit
	last  string // go's own line about it
	ended bool
	fails bool
}

// testText is what a test says when it has ended: what it logged, and what its
// subtests say. What it prints otherwise is out at once.
type testText struct {
	report limit
	log    bool // the last line was logged: deeper lines belong to it
}

// limit keeps the first part of what is written to it.
type limit struct {
	buf bytes.Buffer
	cut bool
}

const keepOutput = 1 << 20

func (l *limit) add(s string) {
	if l.buf.Len()+len(s) > keepOutput {
		if !l.cut {
			l.cut = true
			l.buf.WriteString("… the rest was cut here …\n")
		}
		return
	}
	l.buf.WriteString(s)
}

func (t *goText) begin(name string) *goPackageText {
	p := &goPackageText{name: name, tests: map[string]*testText{}}
	t.queue = append(t.queue, p)
	return p
}

// whole reports whether all that a package prints is shown, even if it passes.
func (t *goText) whole() bool { return t.Verbose || t.streamed }

// write shows a package's line, at once where nothing stands before it.
func (t *goText) write(p *goPackageText, s string) {
	if t.whole() && t.queue[0] == p {
		io.WriteString(t.w, s)
		return
	}
	p.text.add(s)
}

// end writes what can be written once a package has ended.
func (t *goText) end(p *goPackageText, fails bool) {
	p.ended, p.fails = true, fails
	for len(t.queue) > 0 && t.queue[0].ended {
		t.flush(t.queue[0])
		t.queue = t.queue[1:]
		if len(t.queue) > 0 && t.whole() {
			t.w.Write(t.queue[0].text.buf.Bytes())
			t.queue[0].text = limit{}
		}
	}
}

func (t *goText) flush(p *goPackageText) {
	if p.fails || t.whole() {
		t.w.Write(p.text.buf.Bytes())
	} else {
		io.WriteString(t.w, p.last)
	}
	p.text = limit{}
}

// rest writes what is there of packages that did not end.
func (t *goText) rest(failed bool) {
	for _, p := range t.queue {
		p.fails = true
		t.flush(p)
	}
	t.queue = nil
	if failed && t.named {
		io.WriteString(t.w, "FAIL\n")
	}
}

// packageLine takes a line that is of no test.
func (t *goText) packageLine(p *goPackageText, s string) {
	for _, begin := range []string{"ok  \t", "?   \t", "\t"} {
		if strings.HasPrefix(s, begin+p.name+"\t") {
			p.last = s
		}
	}
	t.write(p, s)
}

var logged = lazyregexp.New(`^    \S+\.go:\d+: `)

const space = " \t\n\f\r"

// isFrame reports whether a line says what a test does next.
func isFrame(s string) bool {
	s, ok := strings.CutPrefix(s, "=== ")
	end := strings.IndexAny(s, space)
	if !ok || end < 0 {
		return false
	}
	switch s[:end] {
	case "RUN", "PAUSE", "CONT", "NAME", "ATTR", "ARTIFACTS":
		return true
	}
	return false
}

// resultOf says how a test ended, if a line says so; else it is empty.
func resultOf(s string) string {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, space), "--- ")
	how, _, said := strings.Cut(s, ": ")
	if !ok || !said {
		return ""
	}
	switch how {
	case "PASS", "FAIL", "SKIP", "BENCH":
		return how
	}
	return ""
}

// testLine takes a line of a test.
func (t *goText) testLine(p *goPackageText, test, s string) {
	own := p.tests[test]
	if own == nil {
		own = &testText{}
		p.tests[test] = own
	}
	was := own.log
	own.log = false
	switch how := resultOf(s); {
	case how != "":
		t.result(p, test, how, strings.TrimLeft(s, " "), own)
	case t.Verbose:
		t.write(p, s)
	case isFrame(s), s == test+"\n" && strings.HasPrefix(test, "Benchmark"):
	case strings.HasPrefix(s, "    ") && logged.MatchString(s), was && strings.HasPrefix(s, "        "), was && s == "\n":
		own.log = true
		own.report.add(s)
	default:
		t.write(p, s)
	}
}

// result writes how a test ended. A subtest's result stands below its parent's,
// deeper by one step; one that passes says nothing without -v.
func (t *goText) result(p *goPackageText, test, how, line string, own *testText) {
	if !t.Verbose && how != "FAIL" && how != "BENCH" {
		own.report = limit{}
		return
	}
	block := line + own.report.buf.String()
	own.report = limit{}
	parent := p.parent(test)
	if parent == nil || strings.HasPrefix(test, "Benchmark") {
		t.write(p, block)
		return
	}
	for l := range strings.Lines(block) {
		parent.report.add("    " + l)
	}
}

// parent is the test that a subtest belongs to; nil when it has none that runs.
func (p *goPackageText) parent(test string) *testText {
	for {
		at := strings.LastIndexByte(test, '/')
		if at < 0 {
			return nil
		}
		test = test[:at]
		if parent := p.tests[test]; parent != nil {
			return parent
		}
	}
}
