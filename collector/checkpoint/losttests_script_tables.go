package checkpoint

import "strings"

// tableRows counts the different rows of the table that test.each is given between two
// brackets or backticks; unknownRows where it is no literal.
func (r *scriptReader) tableRows(open, end int) int {
	if end < 0 {
		return unknownRows
	}
	if r.code[open] == '`' {
		return templateRows(r.source[open+1 : end])
	}
	from := r.blanksEnd(open + 1)
	if from >= end || r.code[from] != '[' {
		return unknownRows
	}
	to := r.closing(from)
	behind := strings.TrimSpace(r.code[to+1 : end])
	if behind != "" && behind != "," && !strings.HasPrefix(behind, "as ") && !strings.HasPrefix(behind, "satisfies ") {
		return unknownRows
	}
	rows := map[string]bool{}
	for at := from + 1; at < to; {
		comma := r.next(at, to, ',')
		code := strings.TrimSpace(r.code[at:comma])
		if strings.HasPrefix(code, "...") {
			return unknownRows
		}
		if code != "" { // else a comment, or the end
			rows[evenBlanks(r.source[at:comma])] = true
		}
		at = comma + 1
	}
	return len(rows)
}

// templateRows counts the rows of a table in a template: below the line that names the
// columns, each row has a value for each.
func templateRows(text string) int {
	heading, values, _ := strings.Cut(strings.TrimSpace(text), "\n")
	columns, n := strings.Count(heading, "|")+1, strings.Count(values, "${")
	if n%columns != 0 {
		return unknownRows
	}
	return n / columns
}

// maxTypes is how long the types in angle brackets may be.
const maxTypes = 2000

// typesEnd is the end of the types that a call is given in angle brackets, and of the
// blanks behind; the offset itself where there are none.
func (r *scriptReader) typesEnd(at int) int {
	depth, braces := 0, 0
	for i := at; i < min(len(r.code), at+maxTypes); i++ {
		switch c := r.code[i]; {
		case c == '<':
			depth++
		case c == '>' && r.code[i-1] != '=':
			depth--
		case c == '{':
			braces++
		case c == '}':
			braces--
		case c == ';' && braces == 0:
			return at // it compares
		}
		if depth == 0 && i == at {
			return at
		} else if depth == 0 {
			return r.blanksEnd(i + 1)
		}
	}
	return at
}
