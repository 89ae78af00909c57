package checkpoint

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	pythonTest  = lazyregexp.New(`^(?:async )?def (test\w*)\(`)
	pythonMark  = lazyregexp.New(`^@?(?:pytest\.)?(?:mark\.|unittest\.)?(skip|xfail|expectedFailure)\b`)
	pythonSkips = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pytest\.skip|self\.skipTest)\(`)
	pythonEmpty = lazyregexp.New(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pass|\.\.\.)\s*(?:\n\S|\n\s*(?:async )?def |\n\s*@|$|\n\s*$)`)
	pythonMarks = lazyregexp.New(`^pytestmark\s*(?::[^=\n]*)?=\s*`)
	pythonNamed = lazyregexp.New(`^\w+\s*=`)
	pythonUnit  = lazyregexp.New(`^(?:@|class\b|def\b|async\b)`)
)

var pythonChecks = []string{"assert", "raises", "fail", "check", "verify", "expect"}

// pythonTests reads the tests of a Python file by their lines. A test goes on until
// the next one; a mark holds for all tests of its name, for a class or for the file.
func pythonTests(source string) (tests []testCase) {
	skips := map[string]bool{}
	var marks, class, file pythonScope
	inClass := -1            // how far the class is indented; -1: there is none
	var rest strings.Builder // of the last test, from its parameters on
	end := func() {
		if len(tests) > 0 {
			t, text := &tests[len(tests)-1], rest.String()
			t.skipped, t.empty, t.body = t.skipped || pythonSkips.MatchString(text), pythonEmpty.MatchString(text), evenBlanks(text)
			t.checks = slices.ContainsFunc(pythonChecks, func(word string) bool { return strings.Contains(text, word) })
			if strings.Contains(text, ".subTest(") {
				t.rows = unknownRows
			}
		}
		rest.Reset()
	}
	number := 1
	for at, length := 0, 0; at < len(source); at += length {
		length = min(lineLength(source[at:])+1, len(source)-at)
		line := source[at : at+length]
		code := strings.TrimLeft(line, " \t")
		indent := len(line) - len(code)
		lines := 1
		if indent <= inClass && pythonUnit.MatchString(code) {
			class, inClass = pythonScope{}, -1
		}
		switch {
		case strings.HasPrefix(code, "#"):
			line = "\n"
		case strings.HasPrefix(code, "@"):
			length = indent + decoratorLength(source[at+indent:])
			marks.add(source[at+indent : at+length])
			lines = strings.Count(source[at:at+length], "\n")
			line = strings.Repeat("\n", lines)
		case strings.HasPrefix(code, "class "):
			class, inClass, marks = marks, indent, pythonScope{}
		case strings.HasPrefix(code, "pytestmark") && pythonMarks.MatchString(code):
			scope := &file
			if indent > inClass && inClass >= 0 {
				scope = &class
			}
			scope.addAll(source[at+indent+len(pythonMarks.FindString(code)):])
		case strings.HasPrefix(line, "pytest.skip("):
			file.skip = true
		case strings.TrimSpace(code) != "":
			if m := pythonTest.FindStringSubmatch(code); m != nil {
				end()
				tests = append(tests, testCase{name: m[1], line: number, skipped: class.skip, rows: timesRows(marks.rows, class.rows), table: marks.table + class.table})
				skips[m[1]] = skips[m[1]] || marks.skip
				line = code[len(m[0])-1:]
			}
			marks = pythonScope{}
		}
		rest.WriteString(line)
		number += lines
	}
	end()
	for i := range tests {
		tests[i].skipped = tests[i].skipped || skips[tests[i].name] || file.skip
	}
	return tests
}

// pythonScope is what marks say of a test, or of all in a class or a file.
type pythonScope struct {
	skip  bool
	rows  int // of tables; 0: there is none
	table string
}

// add reads a mark, as a decorator or as a value.
func (s *pythonScope) add(mark string) {
	if m := pythonMark.FindStringSubmatch(mark); m != nil {
		s.skip = s.skip || m[1] != "xfail" || !hasCondition(mark)
		return
	}
	name, _, _ := strings.Cut(mark, "(")
	if !strings.HasSuffix(strings.TrimSpace(name), "parametrize") {
		return
	}
	args, _ := pythonArgs(mark, len(name))
	rows := unknownRows
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "argvalues="); ok || i == 1 && !pythonNamed.MatchString(a) {
			rows = pythonRows(value)
		}
	}
	s.rows, s.table = timesRows(s.rows, rows), s.table+evenBlanks(mark)+" "
}

// addAll reads the value of pytestmark that a text begins with: a mark, or a list.
func (s *pythonScope) addAll(text string) {
	if text != "" && strings.IndexByte("[(", text[0]) >= 0 {
		marks, _ := pythonArgs(text, 0)
		for _, m := range marks {
			s.add(m)
		}
		return
	}
	end := lineLength(text)
	if open := strings.IndexByte(text[:end], '('); open >= 0 {
		_, behind := pythonArgs(text, open)
		end = max(end, behind)
	}
	s.add(text[:end])
}

// hasCondition reports whether a mark holds under a condition alone.
func hasCondition(mark string) bool {
	name, _, called := strings.Cut(mark, "(")
	if !called || strings.Contains(name, "\n") {
		return false
	}
	args, _ := pythonArgs(mark, len(name))
	return slices.ContainsFunc(args, func(a string) bool {
		return a != "True" && !pythonNamed.MatchString(a) || strings.HasPrefix(a, "condition")
	})
}

// pythonRows counts the different rows of a list that run; unknownRows where it is no
// literal.
func pythonRows(list string) int {
	if list == "" || strings.IndexByte("[(", list[0]) < 0 {
		return unknownRows
	}
	args, end := pythonArgs(list, 0)
	if end != len(list) {
		return unknownRows
	}
	rows := map[string]bool{}
	for _, a := range args {
		if strings.HasPrefix(a, "*") || strings.Contains(a, " for ") && strings.Contains(a, " in ") {
			return unknownRows
		}
		if !skippedRow.MatchString(a) {
			rows[a] = true
		}
	}
	return len(rows)
}

var skippedRow = lazyregexp.New(`\bmark\.skip\b`)

// decoratorLength is the length of a decorator with the lines that its brackets take;
// its line alone where no test, class or decorator follows on those.
func decoratorLength(s string) int {
	line := min(lineLength(s)+1, len(s))
	open := strings.IndexByte(s[:line], '(')
	if open < 0 {
		return line
	}
	_, end := pythonArgs(s, open)
	if end <= line {
		return line
	}
	end = min(end+lineLength(s[end:])+1, len(s))
	if next := strings.TrimLeft(s[end:], " \t\r\n"); next != "" && next[0] != '#' && !pythonUnit.MatchString(next) {
		return line
	}
	return end
}

// pythonArgs cuts what stands between the bracket at an offset and the one that closes
// it at the commas, and returns the offset behind; −1 where nothing closes it.
func pythonArgs(s string, open int) (args []string, end int) {
	var arg strings.Builder
	depth, length := 0, 1
	for i := open; i < len(s); i += length {
		length = 1
		switch c := s[i]; c {
		case '(', '[', '{':
			if depth++; depth == 1 {
				continue
			}
		case ')', ']', '}':
			depth--
		case '#':
			length = lineLength(s[i:])
			continue
		case '\'', '"':
			if triple := strings.Repeat(s[i:i+1], 3); strings.HasPrefix(s[i:], triple) {
				length = max(3, lengthTo(s[i:], triple))
			} else {
				length = max(1, textLength(s[i:]))
			}
		}
		if depth == 0 || depth == 1 && s[i] == ',' {
			if a := evenBlanks(arg.String()); a != "" {
				args = append(args, a)
			}
			if arg.Reset(); depth == 0 {
				return args, i + 1
			}
			continue
		}
		arg.WriteString(s[i : i+length])
	}
	return nil, -1
}
