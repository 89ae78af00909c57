// Package testout reads what test runners and compilers print, and says what they
// really did: how many tests ran, how many files were read.
//
// It counts and judges nothing. A number that a tool's results do not tell is −1.
package testout

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// maxLine bounds one line of results; what is longer is no result.
const maxLine = 1 << 20

// maxNames bounds the test names that are remembered.
const maxNames = 200_000

// GoPackage is a package that was built, and whose results have an end.
type GoPackage struct {
	Path  string
	Tests []string // names of its own tests that began, fuzz targets and examples among them, sorted
	Twice bool     // one of them began more often than the command line says
	Early []string // those that began while another one ran, which go's own tests never do, sorted
}

// Read reads the stream of go test -json until its end. text gets what go test
// would have printed without -json. Memory does not grow with the output. The
// packages are those whose results have an end.
func (g GoTest) Read(r io.Reader, text io.Writer, at Place) (evidence.Tests, []GoPackage, error) {
	reader := goReader{
		run: g, at: at, text: &goText{GoTest: &g, w: text}, packages: map[string]*goPackage{}, builds: map[string]*limit{}, names: map[string]bool{},
		t: evidence.Tests{Filter: g.Filter},
	}
	if g.JSON {
		r = io.TeeReader(r, text)
		reader.text.w = io.Discard
	}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(lines)
		if len(line) > 0 {
			reader.line(line, err == nil)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return reader.end(), reader.gave(), err
		}
	}
	return reader.end(), reader.gave(), nil
}

// readLine reads a line with its end; the rest of a line that is too long is
// dropped. The line is valid until the next one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if err == nil && line == nil {
			return part, nil
		}
		if len(line)+len(part) <= maxLine {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

type goReader struct {
	run      GoTest
	at       Place
	events   goEvents
	text     *goText
	packages map[string]*goPackage
	order    []string
	builds   map[string]*limit // what the compiler said, by import path
	t        evidence.Tests
	names    map[string]bool
	passed   []string
	unended  bool // the stream does not end with a line's end
}

type goPackage struct {
	text           *goPackageText
	started, ended bool
	ran            bool              // a test or benchmark ran
	absent         bool              // go could not find or load it
	unbuilt        bool              // it or its tests do not compile
	open           map[string]*limit // running tests → what they printed
	begun          map[string]int    // tests, not subtests → how often they began
	early          []string          // see GoPackage.Early
	running        string            // the test, not subtest, that runs and has not paused
	half           string            // the beginning of a benchmark's line
	last           string            // the last line about it
}

func (g *goReader) line(line []byte, whole bool) {
	g.unended = !whole
	e, ok := g.events.parse(line)
	if !ok {
		if len(bytes.TrimSpace(line)) > 0 {
			g.t.Forged++
			g.text.w.Write(line)
		}
		return
	}
	switch e.Action {
	case "build-output":
		if g.builds[e.ImportPath] == nil {
			g.builds[e.ImportPath] = &limit{}
		}
		g.builds[e.ImportPath].add(e.Output)
		io.WriteString(g.text.w, e.Output)
		return
	case "build-fail":
		return
	}
	p := g.packages[e.Package]
	if p == nil {
		p = &goPackage{text: g.text.begin(e.Package), open: map[string]*limit{}, begun: map[string]int{}}
		g.packages[e.Package] = p
		g.order = append(g.order, e.Package)
	}
	if e.Test == "" {
		g.packageEvent(p, e)
	} else {
		g.testEvent(p, e)
	}
}

func (g *goReader) packageEvent(p *goPackage, e *goEvent) {
	switch e.Action {
	case "start":
		p.started = true
	case "output":
		if !p.text.ended {
			g.text.packageLine(p.text, e.Output)
		}
		p.last = e.Output
		if strings.HasPrefix(e.Output, "ok ") && strings.Contains(e.Output, "(cached)") {
			g.t.Cached++
		}
		p.absent = p.absent || strings.HasSuffix(e.Output, "[setup failed]\n")
		g.benchmark(p, e.Output)
	case "pass", "skip", "fail":
		if p.ended {
			return
		}
		p.ended = true
		if e.Action == "fail" {
			g.t.FailedUnits++
			p.unbuilt = e.FailedBuild != ""
			g.packageFailure(p, e)
		}
		g.text.end(p.text, e.Action == "fail")
	}
}

var benchResult = lazyregexp.New(`^(?:Benchmark\S*)?\s*\d+\s+[0-9.]+ ns/op`)

// benchmark counts a benchmark's result, whose line comes in two halves.
func (g *goReader) benchmark(p *goPackage, output string) {
	line := p.half + output
	p.half = ""
	if !strings.HasSuffix(line, "\n") {
		if strings.HasPrefix(line, "Benchmark") && len(line) < 4<<10 {
			p.half = line
		}
		return
	}
	if benchResult.MatchString(line) {
		g.t.Benchmarks++
		p.ran = true
	}
}

func (g *goReader) testEvent(p *goPackage, e *goEvent) {
	isBench := strings.HasPrefix(e.Test, "Benchmark")
	sub := strings.Contains(e.Test, "/")
	out := p.open[e.Test]
	if end := e.Action == "pass" || e.Action == "fail" || e.Action == "skip"; end && out == nil && !isBench {
		g.t.Forged++ // it never began: the test printed what looks like a result
		return
	}
	switch e.Action {
	case "run":
		p.open[e.Test] = &limit{}
		if !isBench {
			p.ran = true
		}
		if !isBench && !sub {
			g.begins(p, e.Test)
		}
		if len(g.names) < maxNames {
			g.names[e.Test] = true
		}
		return
	case "pause":
		if p.running == e.Test {
			p.running = ""
		}
		return
	case "output":
		if !p.text.ended {
			g.text.testLine(p.text, e.Test, e.Output)
		}
		if isBench {
			g.benchmark(p, e.Output)
		}
		if out != nil && !isFrame(e.Output) {
			out.add(e.Output)
		}
		return
	case "pass", "bench":
		switch {
		case isBench:
		case sub:
			g.t.Subtests++
		default:
			g.t.Passed++
			if len(g.passed) < maxNames {
				g.passed = append(g.passed, e.Package+"."+e.Test)
			}
		}
	case "skip":
		if !sub {
			g.t.Skipped++
		}
	case "fail":
		if !sub {
			g.t.Failed++
		}
		if out != nil && !g.explained(e, out.buf.String()) {
			g.failure(g.testFailure(e.Package, e.Test, out.buf.String()))
		}
	default:
		return
	}
	if p.running == e.Test {
		p.running = ""
	}
	delete(p.open, e.Test)
	delete(p.text.tests, e.Test)
}

// begins notes the start of a test. The next one starts when it has ended or waits
// to run beside others: one that starts earlier was made up by what runs.
func (g *goReader) begins(p *goPackage, test string) {
	if p.running != "" && len(p.early) < maxNames {
		g.t.Forged++
		p.early = append(p.early, test)
	}
	p.running = test
	if len(p.begun) < maxNames {
		p.begun[test]++
	}
}

// gave lists the packages whose results have an end, in the order in which they
// began.
func (g *goReader) gave() []GoPackage {
	var out []GoPackage
	for _, name := range g.order {
		p := g.packages[name]
		if p.absent || p.unbuilt || !p.ended {
			continue
		}
		slices.Sort(p.early)
		gave := GoPackage{Path: name, Early: slices.Compact(p.early)}
		for test, times := range p.begun {
			gave.Tests = append(gave.Tests, test)
			gave.Twice = gave.Twice || g.run.Times > 0 && times > g.run.Times
		}
		slices.Sort(gave.Tests)
		out = append(out, gave)
	}
	return out
}

func (g *goReader) failure(f evidence.Failure) {
	if len(g.t.Failures) < evidence.MaxFailures {
		g.t.Failures = append(g.t.Failures, f)
	}
}

// explained reports whether a test failed only because subtests did, which are
// listed already.
func (g *goReader) explained(e *goEvent, output string) bool {
	said := strings.TrimSpace(output)
	return resultOf(said) != "" && !strings.Contains(said, "\n") && slices.ContainsFunc(g.t.Failures, func(f evidence.Failure) bool {
		return f.Unit == e.Package && strings.HasPrefix(f.Test, e.Test+"/")
	})
}

// packageFailure lists a package's failure where none of its tests explains it:
// it does not compile, or its process ended.
func (g *goReader) packageFailure(p *goPackage, e *goEvent) {
	f := evidence.Failure{Unit: e.Package, Message: strings.TrimSpace(p.last)}
	switch said := g.builds[e.FailedBuild]; {
	case said != nil:
		f = g.buildFailure(f, said.buf.String())
	case e.FailedBuild == "" && slices.ContainsFunc(g.t.Failures, func(have evidence.Failure) bool { return have.Unit == f.Unit }):
		return
	default:
		for test, out := range p.open {
			if at := g.testFailure(e.Package, test, out.buf.String()); at.Message != "" {
				f = at
			}
			f.Test = test
			break // any test that did not end tells why
		}
	}
	g.failure(f)
}

// buildFailure is what the compiler said, at its first position.
func (g *goReader) buildFailure(f evidence.Failure, said string) evidence.Failure {
	f.Message = cutText(strings.TrimSpace(said), 2048)
	for line := range strings.Lines(said) {
		if m := goLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			f.File, f.Line = g.at.file(m[1]), atoi(m[2])
			break
		}
	}
	return f
}

var (
	goPlace = lazyregexp.New(`(?m)^\s*([\w./-]+\.go):(\d+):\s`)
	goStack = lazyregexp.New(`(?m)^\t(/\S+\.go|[A-Z]:\S+\.go):(\d+)`)
)

func (g *goReader) testFailure(pkg, test, output string) evidence.Failure {
	f := evidence.Failure{Unit: pkg, Test: test, Message: cutText(strings.TrimSpace(output), 2048)}
	if strings.Contains(output, "\ngoroutine ") {
		for _, m := range goStack.FindAllStringSubmatch(output, -1) {
			if file, inside := g.at.inside(m[1]); inside {
				f.File, f.Line = file, atoi(m[2])
				return f
			}
		}
	}
	if m := goPlace.FindStringSubmatch(output); m != nil {
		f.File, f.Line = g.at.ofPackage(pkg, m[1]), atoi(m[2])
	}
	return f
}

func (g *goReader) end() evidence.Tests {
	g.text.rest(g.t.FailedUnits > 0)
	t := g.t
	t.Complete = !g.unended && t.Forged == 0 && len(g.order) > 0
	for _, name := range g.order {
		p := g.packages[name]
		if p.started && !p.ended {
			t.Complete = false
		}
		for test := range p.open {
			if !strings.HasPrefix(test, "Benchmark") {
				t.Complete = false
				t.Pending++
			}
		}
		if p.absent {
			continue
		}
		t.Packages++
		switch {
		case p.ran:
			t.Files++
		case !p.unbuilt:
			t.NoTests++
		}
	}
	slices.Sort(g.passed)
	if len(g.passed) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(g.passed, "\n")))
		t.Names = hex.EncodeToString(sum[:])
	}
	t.Unmatched = unmatched(t.Filter, g.names)
	return t
}

var simpleFilter = lazyregexp.New(`^[\w^$|()-]+$`)

// unmatched returns the alternatives of a -run pattern that no test's name
// matches. Patterns that are more than alternatives are left alone.
func unmatched(filter string, names map[string]bool) []string {
	filter, _, _ = strings.Cut(filter, "/")
	inner := strings.TrimSuffix(strings.TrimPrefix(strings.Trim(filter, "^$"), "("), ")")
	if !simpleFilter.MatchString(filter) || !strings.Contains(filter, "|") || strings.ContainsAny(inner, "()") {
		return nil
	}
	var missing []string
	for _, alternative := range strings.Split(inner, "|") {
		re, err := regexp.Compile(alternative)
		if err != nil || alternative == "" {
			continue
		}
		found := false
		for name := range names {
			top, _, _ := strings.Cut(name, "/")
			if found = re.MatchString(top); found {
				break
			}
		}
		if !found {
			missing = append(missing, alternative)
		}
	}
	return missing
}

func cutText(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(s[:n/2], "") + "\n…\n" + strings.ToValidUTF8(s[len(s)-n/2:], "")
}

func atoi(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<27 {
			return n
		}
		n = n*10 + int(c-'0')
	}
	return n
}
