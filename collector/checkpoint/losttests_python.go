package checkpoint

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	pythonTest  = lazyregexp.New(`^(?:async )?def (test\w*)\(`)
	pythonMark  = lazyregexp.New(`^@(?:pytest\.mark\.|unittest\.)?(?:skip|xfail)\b`)
	pythonSkips = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pytest\.skip|self\.skipTest)\(`)
	pythonEmpty = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pass|\.\.\.)\s*(?:\n\S|\n\s*(?:async )?def |\n\s*@|$|\n\s*$)`)
)

var pythonChecks = []string{"assert", "raises", "fail", "check", "verify", "expect"}

// pythonTests reads the tests of a Python file by their lines. A test goes on until
// the next one; a mark holds for all tests of its name.
func pythonTests(source string) (tests []testCase) {
	marked, skips := false, map[string]bool{}
	var rest strings.Builder // of the last test, from its parameters on
	end := func() {
		if len(tests) > 0 {
			t, text := &tests[len(tests)-1], rest.String()
			t.skipped, t.empty, t.body = pythonSkips.MatchString(text), pythonEmpty.MatchString(text), evenBlanks(text)
			t.checks = slices.ContainsFunc(pythonChecks, func(word string) bool { return strings.Contains(text, word) })
		}
		rest.Reset()
	}
	number := 0
	for line := range strings.Lines(source) {
		number++
		code := strings.TrimLeft(line, " \t")
		switch {
		case strings.HasPrefix(code, "#"):
			line, marked = "\n", false
		case strings.HasPrefix(code, "@"):
			marked = marked || pythonMark.MatchString(code)
		default:
			if m := pythonTest.FindStringSubmatch(code); m != nil {
				end()
				tests = append(tests, testCase{name: m[1], line: number})
				skips[m[1]] = skips[m[1]] || marked
				line = code[len(m[0])-1:]
			}
			marked = false
		}
		rest.WriteString(line)
	}
	end()
	for i := range tests {
		tests[i].skipped = tests[i].skipped || skips[tests[i].name]
	}
	return tests
}
