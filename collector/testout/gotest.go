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
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
)

// GoTestArgs returns the arguments by which "go test" gives its results as JSON.
// The place matters: -json stands after the word test (and after a leading -C
// folder), and no -v of the user's stays, since it would let a test forge events.
// verbose says whether there was one. ok is false for runs that give no test
// results (-c, -n, -list), whose arguments are returned as they are.
func GoTestArgs(argv []string) (args []string, verbose, ok bool) {
	at := slices.Index(argv, "test")
	if at < 0 {
		return argv, false, false
	}
	at++
	args = append(args, argv[:at]...)
	rest := argv[at:]
	if len(rest) > 1 && rest[0] == "-C" {
		args, rest = append(args, rest[:2]...), rest[2:]
	} else if len(rest) > 0 && strings.HasPrefix(rest[0], "-C=") {
		args, rest = append(args, rest[0]), rest[1:]
	}
	args = append(args, "-json")
	for i, arg := range rest {
		if arg == "-args" || arg == "--args" {
			return append(args, rest[i:]...), verbose, true
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") {
			name = ""
		}
		switch name {
		case "c", "n", "list", "test.list", "h", "help", "json":
			if value != "false" {
				return argv, false, false
			}
		case "v", "test.v":
			verbose = verbose || value != "false"
			continue
		}
		args = append(args, arg)
	}
	return args, verbose, true
}

// GoTestFilter returns the value of -run among go test's arguments.
func GoTestFilter(argv []string) string {
	filter := ""
	for i, arg := range argv {
		if arg == "-args" || arg == "--args" {
			break
		}
		name, value, cut := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || name != "run" && name != "test.run" {
			continue
		}
		if cut {
			filter = value
		} else if i+1 < len(argv) {
			filter = argv[i+1]
		}
	}
	return filter
}

// goEvent is one line of go test -json (cmd/test2json).
type goEvent struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// maxLine bounds one line of results; what is longer is no result.
const maxLine = 1 << 20

// maxNames bounds the test names that are remembered.
const maxNames = 200_000

// ReadGoTest reads the stream of go test -json until its end. text gets what go
// test would have printed; with verbose, as with -v. Memory does not grow with the
// output.
func ReadGoTest(r io.Reader, text io.Writer, verbose bool, filter string) (evidence.Tests, error) {
	g := goReader{text: text, verbose: verbose, packages: map[string]*goPackage{}, names: map[string]bool{}, t: evidence.Tests{Filter: filter}}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(lines)
		if len(line) > 0 {
			g.line(line, err == nil)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return g.end(), err
		}
	}
	return g.end(), nil
}

// readLine reads a line with its end; the rest of a line that is too long is
// dropped.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) <= maxLine {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

type goPackage struct {
	started, ended bool
	ran            bool              // a test or benchmark ran
	open           map[string]*limit // running tests → what they printed
	output         limit
	last           string // the last line that go test itself printed about it
	noTests        bool
	buildFailed    bool
}

type goReader struct {
	text     io.Writer
	verbose  bool
	packages map[string]*goPackage
	order    []string
	t        evidence.Tests
	names    map[string]bool
	passed   []string
	unended  bool // the stream does not end with a line's end
}

// limit keeps the first part of what is written to it.
type limit struct {
	buf bytes.Buffer
	cut bool
}

const keepOutput = 256 << 10

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

func (g *goReader) line(line []byte, whole bool) {
	g.unended = !whole
	var e goEvent
	if line[0] != '{' || json.Unmarshal(line, &e) != nil || e.Action == "" {
		if len(bytes.TrimSpace(line)) > 0 {
			g.t.Forged++
			g.text.Write(line)
		}
		return
	}
	switch e.Action {
	case "build-output":
		io.WriteString(g.text, e.Output)
		return
	case "build-fail":
		return
	}
	p := g.packages[e.Package]
	if p == nil {
		p = &goPackage{open: map[string]*limit{}}
		g.packages[e.Package] = p
		g.order = append(g.order, e.Package)
	}
	if e.Test == "" {
		g.packageEvent(p, &e)
	} else {
		g.testEvent(p, &e)
	}
}

func (g *goReader) packageEvent(p *goPackage, e *goEvent) {
	switch e.Action {
	case "start":
		p.started = true
	case "output":
		if g.verbose {
			io.WriteString(g.text, e.Output)
		} else {
			p.output.add(e.Output)
		}
		p.last = e.Output
		if strings.Contains(e.Output, "[no tests to run]") || strings.Contains(e.Output, "[no test files]") {
			p.noTests = true
		}
		if strings.HasPrefix(e.Output, "ok ") && strings.Contains(e.Output, "(cached)") {
			g.t.Cached++
		}
		if benchResult.MatchString(e.Output) {
			g.t.Benchmarks++
			p.ran = true
		}
	case "pass", "skip", "fail":
		p.ended = true
		p.buildFailed = e.FailedBuild != ""
		g.packageEnd(p, e)
	}
}

var benchResult = regexp.MustCompile(`^(Benchmark\S*)?\s*\d+\s+[0-9.]+ ns/op`)

// packageEnd prints what go test prints about a package: one line when it passed,
// everything when it failed.
func (g *goReader) packageEnd(p *goPackage, e *goEvent) {
	if e.Action == "fail" {
		g.t.FailedUnits++
		g.failure(evidence.Failure{Unit: e.Package, Message: strings.TrimSpace(p.last)}, p.buildFailed)
	}
	if !g.verbose {
		if e.Action == "fail" {
			g.text.Write(p.output.buf.Bytes())
		} else {
			for _, line := range strings.SplitAfter(p.output.buf.String(), "\n") {
				if benchResult.MatchString(line) || strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "?  ") || strings.HasPrefix(line, "goos:") || strings.HasPrefix(line, "goarch:") || strings.HasPrefix(line, "pkg:") || strings.HasPrefix(line, "cpu:") {
					io.WriteString(g.text, line)
				}
			}
		}
	}
	p.output = limit{}
}

// failure lists a package's failure only where none of its tests explains it.
func (g *goReader) failure(f evidence.Failure, always bool) {
	if len(g.t.Failures) >= evidence.MaxFailures {
		return
	}
	if f.Test == "" && !always {
		for _, have := range g.t.Failures {
			if have.Unit == f.Unit {
				return
			}
		}
	}
	g.t.Failures = append(g.t.Failures, f)
}

func (g *goReader) testEvent(p *goPackage, e *goEvent) {
	isBench := strings.HasPrefix(e.Test, "Benchmark")
	sub := strings.Contains(e.Test, "/")
	out := p.open[e.Test]
	switch e.Action {
	case "run":
		p.open[e.Test] = &limit{}
		if !isBench {
			p.ran = true
		}
		if len(g.names) < maxNames {
			g.names[e.Test] = true
		}
	case "output":
		if benchResult.MatchString(e.Output) {
			g.t.Benchmarks++
			p.ran = true
			if !g.verbose {
				p.output.add(e.Output)
			}
		}
		if g.verbose {
			io.WriteString(g.text, e.Output)
		} else if out != nil && !strings.HasPrefix(e.Output, "=== ") {
			out.add(e.Output)
		}
	case "pass", "bench":
		delete(p.open, e.Test)
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
		delete(p.open, e.Test)
		if !sub {
			g.t.Skipped++
		}
	case "fail":
		delete(p.open, e.Test)
		if !sub {
			g.t.Failed++
		}
		if out != nil {
			p.output.add(out.buf.String())
			g.failure(goFailure(e.Package, e.Test, out.buf.String()), true)
		}
	}
}

var goPlace = regexp.MustCompile(`(?m)^\s*([\w./-]+\.go):(\d+):\s*(.*)$`)

func goFailure(pkg, test, output string) evidence.Failure {
	f := evidence.Failure{Unit: pkg, Test: test, Message: cutText(strings.TrimSpace(output), 2048)}
	if m := goPlace.FindStringSubmatch(output); m != nil {
		f.File = m[1]
		f.Line = atoi(m[2])
	}
	return f
}

func (g *goReader) end() evidence.Tests {
	t := g.t
	t.Complete = !g.unended && t.Forged == 0 && len(g.order) > 0
	for _, name := range g.order {
		p := g.packages[name]
		t.Packages++
		if p.started && !p.ended {
			t.Complete = false
		}
		for test, out := range p.open {
			if strings.HasPrefix(test, "Benchmark") {
				continue
			}
			t.Complete = false
			if !p.ended {
				out.add("the test did not end\n")
			}
		}
		if p.ran {
			t.Files++
		} else {
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

var simpleFilter = regexp.MustCompile(`^[\w^$|()-]+$`)

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
