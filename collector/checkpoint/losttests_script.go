package checkpoint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// scriptTests reads the tests of a JavaScript or TypeScript file, as vitest and
// jest have them: calls of test, it and describe with what they are given.
func scriptTests(source string) []testCase {
	r := scriptReader{source: source, code: maskScript(source), names: map[string]bool{}}
	names := []string{"test", "it", "describe", "suite", "bench"}
	if strings.Contains(r.code, "test.extend") || strings.Contains(r.code, "it.extend") {
		for _, m := range extended.FindAllStringSubmatch(r.code, -1) {
			names = append(names, m[1])
		}
	}
	for _, name := range names {
		r.names[name], r.names["x"+name], r.names["f"+name] = true, true, true
	}
	r.findCalls()
	return r.tests()
}

var extended = lazyregexp.New(`\b(?:const|let|var)\s+(\w+)\s*=\s*(?:test|it)\.extend\b`)

type scriptReader struct {
	source string
	code   string          // the source with comments and the insides of texts blanked, of the same length
	names  map[string]bool // of what makes a test or a group
	closes []int32         // one behind the bracket that closes the one at an offset; 0: none, or no bracket
	calls  []scriptCall
}

// scriptCall is one call that makes a test or a group of tests.
type scriptCall struct {
	from, to   int // of the whole call
	title      string
	group      bool
	rows       int    // of its table; 0: it has none
	table      string // from the source
	skip, only bool
	only1      bool // the call itself says 'only'
	args       string
	body       string // of the test's function, from the masked source
	text       string // of the test's function, from the source
}

func (r *scriptReader) findCalls() {
	var around []int // ends of the calls around
	for start, end, open := r.head(0); start < len(r.code); start, end, open = r.head(end) {
		for len(around) > 0 && around[len(around)-1] < start {
			around = around[:len(around)-1]
		}
		if len(around) >= maxNested {
			continue
		}
		behind, _, _ := strings.Cut(r.code[end:open], "<")
		name, modifiers := r.code[start:end], strings.Split(strings.TrimSpace(strings.TrimPrefix(behind, ".")), ".")
		if behind != "" && slices.ContainsFunc(modifiers, noTest.MatchString) {
			continue
		}
		c := scriptCall{from: start, group: strings.Contains(name, "describe") || strings.Contains(name, "suite") || slices.Contains(modifiers, "describe")}
		c.skip = strings.HasPrefix(name, "x") || behind != "" && slices.ContainsFunc(modifiers, skipWord.MatchString)
		c.only1 = slices.Contains(modifiers, "only") || name == "fit" || name == "fdescribe" || name == "ftest"
		last := modifiers[len(modifiers)-1]
		end := r.closing(open)
		if last == "each" || last == "for" || last == "skipIf" || last == "runIf" { // what is given first is no title
			given := strings.TrimSpace(r.code[open+1 : max(open+1, end)])
			c.skip = c.skip || last == "skipIf" && given == "true" || last == "runIf" && given == "false"
			if last == "each" || last == "for" {
				c.rows, c.table = r.tableRows(open, end), r.source[open:max(open, end)]
			}
			if open = r.blanksEnd(end + 1); open >= len(r.code) || r.code[open] != '(' {
				continue
			}
			end = r.closing(open)
		}
		if r.code[open] != '(' || end < 0 {
			continue
		}
		c.to = end
		around = append(around, end)
		r.describe(&c, open+1)
		if c.title != "" {
			r.calls = append(r.calls, c)
		}
	}
}

var (
	// noTest is what stands behind "test." and makes none.
	noTest   = lazyregexp.New(`^(?:(?:before|after)(?:Each|All)?|use|step|slow|info|setTimeout|configure|expect|mock|extend)$`)
	skipWord = lazyregexp.New(`^(?:skip|todo|fixme|fails?|failing)$`)
)

// head finds the next call of one of the names, from an offset on: where the name
// begins and ends, and the bracket that opens what it is given.
func (r *scriptReader) head(from int) (start, end, open int) {
	for start = from; start < len(r.code); start = end + 1 {
		end = r.wordEnd(start)
		if end == start || start > 0 && strings.IndexByte(".$", r.code[start-1]) >= 0 || !r.names[r.code[start:end]] {
			continue
		}
		for open = end; open < len(r.code) && r.code[open] == '.' && r.wordEnd(open+1) > open+1; {
			open = r.wordEnd(open + 1)
		}
		if open = r.typesEnd(r.blanksEnd(open)); open < len(r.code) && (r.code[open] == '(' || r.code[open] == '`') {
			break
		}
	}
	return start, end, open
}

// wordEnd is the end of the word that begins at an offset; the offset itself where
// none begins.
func (r *scriptReader) wordEnd(at int) int {
	for at < len(r.code) && wordByte[r.code[at]] {
		at++
	}
	return at
}

// blanksEnd is the end of the blanks that begin at an offset.
func (r *scriptReader) blanksEnd(at int) int {
	for at < len(r.code) && strings.IndexByte(" \t\r\n\f", r.code[at]) >= 0 {
		at++
	}
	return at
}

// wordByte says which bytes a word is made of.
var wordByte = func() (is [256]bool) {
	for _, c := range []byte("_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		is[c] = true
	}
	return is
}()

// describe reads the title and the function of a call whose arguments begin at an
// offset.
func (r *scriptReader) describe(c *scriptCall, from int) {
	comma := r.next(from, c.to, ',')
	c.title = strings.TrimSpace(r.source[from:comma])
	named := c.title
	if c.rows == 0 && strings.HasPrefix(named, "`") && strings.Contains(named, "${") {
		c.rows = unknownRows // a loop goes through it
	}
	if len(c.title) > 1 && strings.IndexByte("'\"`", c.title[0]) >= 0 {
		c.title = c.title[1 : len(c.title)-1]
	}
	rest := min(comma+1, c.to)
	start := len(r.code)
	for _, begin := range []string{"=>", "function"} {
		if i := strings.Index(r.code[rest:min(start, c.to)], begin); i >= 0 {
			start = rest + i + len(begin)
		}
	}
	if start > c.to { // the function has a name, or there is none
		c.args = r.code[rest:c.to]
		c.body, c.text = c.args, r.source[rest:c.to]
		if c.skip && c.title == named {
			c.title = "" // a condition, not a test
		}
		c.skip = c.skip || strings.TrimSpace(c.args) == "" // a title alone is a plan
		return
	}
	c.args = r.code[rest:start]
	brace := r.next(start, c.to, '{')
	if between := strings.TrimSpace(r.code[start:brace]); brace < c.to && (between == "" || r.code[start-1] == 'n') {
		end := max(brace+1, r.closing(brace))
		c.body, c.text = r.code[brace+1:end], r.source[brace+1:end]
	} else {
		c.body, c.text = r.code[start:c.to], r.source[start:c.to]
	}
	c.skip = c.skip || strings.Contains(c.args, "true") && skipOption.MatchString(c.args) || (strings.Contains(c.body, "skip(") || strings.Contains(c.body, "fixme(")) && skipsItself.MatchString(c.body)
}

var (
	skipOption  = lazyregexp.New(`\b(skip|todo|fails):\s*true\b`)
	skipsItself = lazyregexp.New("^\\s*(?:\\w+\\.)?(?:skip|fixme)\\(\\s*(?:\\)|true\\b|['\"`])")
	scriptCheck = lazyregexp.New(`(?i)\b\w*(expect|assert|check|verify|should|fail|throw|waitFor|findBy|getBy|match|ensure)\w*`)
	returnsNow  = lazyregexp.New(`^\s*return\s*(?:;|\n|$)`)
)

// tests makes tests of the calls, each with the groups around it.
func (r *scriptReader) tests() []testCase {
	slices.SortStableFunc(r.calls, func(a, b scriptCall) int { return cmp.Compare(a.from, b.from) })
	only := slices.ContainsFunc(r.calls, func(c scriptCall) bool { return c.only1 })
	var around []int // open groups
	var tests []testCase
	line, counted := 1, 0 // the line at an offset
	for i := range r.calls {
		c := &r.calls[i]
		line += strings.Count(r.source[counted:c.from], "\n")
		counted = c.from
		for len(around) > 0 && r.calls[around[len(around)-1]].to < c.from {
			around = around[:len(around)-1]
		}
		name := ""
		c.only = c.only1
		rows, table := c.rows, c.table
		for _, g := range around {
			name += r.calls[g].title + " > "
			c.skip, c.only = c.skip || r.calls[g].skip, c.only || r.calls[g].only1
			rows, table = timesRows(rows, r.calls[g].rows), table+r.calls[g].table
		}
		if c.group {
			around = append(around, i)
			continue
		}
		checks := strings.Contains(c.body, "expect") || scriptCheck.MatchString(c.body)
		if !strings.Contains(c.body, "(") && strings.TrimSpace(c.args) == "" && strings.TrimSpace(c.body) != "" {
			checks = true // a function with a name
		}
		tests = append(tests, testCase{
			name: name + c.title, line: line, skipped: c.skip || only && !c.only,
			empty: strings.TrimSpace(c.body) == "" || strings.Contains(c.body, "return") && returnsNow.MatchString(c.body), checks: checks, body: evenBlanks(c.text),
			rows: rows, table: evenBlanks(table),
		})
	}
	return tests
}

// next finds a character outside of brackets between two offsets; the end where
// there is none.
func (r *scriptReader) next(from, to int, c byte) int {
	for i := from; i < to; i++ {
		if r.code[i] == c {
			return i
		}
		if bracket[r.code[i]] != 0 {
			if i = r.closing(i); i < 0 {
				return to
			}
		}
	}
	return to
}

// closing finds the bracket that closes the one at an offset, or the end of a text
// in backticks; −1 where there is none.
func (r *scriptReader) closing(open int) int {
	switch {
	case open >= len(r.code):
		return -1
	case r.code[open] == '`':
		if i := strings.IndexByte(r.code[open+1:], '`'); i >= 0 {
			return open + 1 + i
		}
		return -1
	case r.closes == nil:
		r.pairBrackets()
	}
	return int(r.closes[open]) - 1
}

// pairBrackets finds for every bracket the one that closes it, in one go: a file may
// nest them as deep as it likes.
func (r *scriptReader) pairBrackets() {
	r.closes = make([]int32, len(r.code))
	var open []int
	for i, c := range []byte(r.code) {
		switch last := len(open) - 1; {
		case bracket[c] > 0:
			open = append(open, i)
		case bracket[c] < 0 && last >= 0:
			r.closes[open[last]], open = int32(i)+1, open[:last]
		}
	}
}

// bracket is by how much a byte changes the depth.
var bracket = [256]int8{'(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1}

// maskScript blanks comments, the insides of texts and regular expressions, so that
// brackets and words in the rest are code. Line ends stay.
func maskScript(source string) string {
	out := []byte(source)
	blank := func(from, to int) {
		for i := from; i < min(to, len(out)); i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	for i := 0; i < len(source); {
		end := i + 1
		switch c := source[i]; {
		case strings.HasPrefix(source[i:], "//"):
			end = i + lineLength(source[i:])
			blank(i, end)
		case strings.HasPrefix(source[i:], "/*"):
			if n := strings.Index(source[i+2:], "*/"); n >= 0 {
				end = i + n + 4
			} else {
				end = len(source)
			}
			blank(i, end)
		case c == '\'' || c == '"' || c == '`':
			if n := textLength(source[i:]); n > 0 { // else an apostrophe in JSX
				end = i + n
				blank(i+1, end-1)
			}
		case c == '/' && beginsPattern(out[:i]):
			if n := patternLength(source[i:]); n > 0 {
				end = i + n
				blank(i+1, end-1)
			}
		}
		i = end
	}
	return string(out)
}

func lineLength(s string) int {
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

// textLength is the length of a quoted text with its quotes; 0 where it has no end.
func textLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == s[0]:
			return i + 1
		case s[i] == '\n' && s[0] != '`':
			return 0
		}
	}
	return 0
}

// beginsPattern reports whether a "/" behind some code begins a regular expression
// rather than divides.
func beginsPattern(before []byte) bool {
	code := strings.TrimRight(string(before[max(0, len(before)-40):]), " \t\r\n")
	return code == "" || strings.IndexByte("(,=:[!&|?{};+", code[len(code)-1]) >= 0 || strings.HasSuffix(code, "=>") || strings.HasSuffix(code, "return")
}

// patternLength is the length of a regular expression with its slashes; 0 where it
// has no end on the line.
func patternLength(s string) int {
	class := false
	for i := 1; i < len(s) && s[i] != '\n'; i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '[':
			class = true
		case s[i] == ']':
			class = false
		case s[i] == '/' && !class:
			return i + 1
		}
	}
	return 0
}
