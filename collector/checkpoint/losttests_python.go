package checkpoint

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	pythonComment = lazyregexp.New(`(?m)^\s*#.*$`)
	pythonTest    = lazyregexp.New(`(?m)^[ \t]*(?:async )?def (test\w*)\(`)
	pythonMarked  = lazyregexp.New(`(?m)^[ \t]*@(?:pytest\.mark\.|unittest\.)?(?:skip|xfail)\b[^\n]*\n(?:[ \t]*@[^\n]*\n)*[ \t]*(?:async )?def (test\w*)\(`)
	pythonSkips   = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pytest\.skip|self\.skipTest)\(`)
	pythonChecks  = lazyregexp.New(`\w*(assert|raises|fail|check|verify|expect)\w*`)
	pythonEmpty   = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pass|\.\.\.)\s*(?:\n\S|\n\s*(?:async )?def |\n\s*@|$|\n\s*$)`)
)

// pythonTests reads the tests of a Python file by their lines.
func pythonTests(source string) []testCase {
	source = pythonComment.ReplaceAllString(source, "")
	skips := map[string]bool{}
	for _, m := range pythonMarked.FindAllStringSubmatch(source, -1) {
		skips[m[1]] = true
	}
	var tests []testCase
	found := pythonTest.FindAllStringSubmatchIndex(source, -1)
	for i, m := range found {
		end := len(source)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		name, rest := source[m[2]:m[3]], source[m[3]:end]
		tests = append(tests, testCase{
			name: name, line: 1 + strings.Count(source[:m[2]], "\n"), skipped: skips[name] || pythonSkips.MatchString(rest), empty: pythonEmpty.MatchString(rest),
			body: strings.Join(strings.Fields(rest), " "), checks: len(pythonChecks.FindAllString(rest, -1)),
		})
	}
	return tests
}
