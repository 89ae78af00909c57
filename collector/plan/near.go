package plan

import (
	"slices"
	"strings"
)

// harmless are the options by which a command checks the same and only says more
// about it, or checks it harder.
var harmless = map[string][]string{
	"go test": {"-v", "-v=true", "-count=1", "-race", "-json", "-cover", "-shuffle=on", "-vet=all"},
	"vitest":  {"--reporter=verbose", "--reporter=default", "--no-color", "--color"},
	"tsc":     {"--pretty", "--pretty=false"},
	"pytest":  {"-v", "-vv", "-q"},
}

// Near reports whether a claimed command checks what the required one checks: the
// same words but for options that are harmless. Another pattern, filter or
// program is another command.
func Near(required, claimed string) bool {
	a, okA := comparison(required)
	b, okB := comparison(claimed)
	return okA && okB && a == b
}

// comparison is the canonical text of each step without harmless options, sorted
// options first.
func comparison(text string) (string, bool) {
	shape := shapeOf(text, "")
	if !shape.Parses || len(shape.Steps) == 0 {
		return "", false
	}
	var out []string
	for _, s := range shape.Steps {
		var options, rest []string
		for _, arg := range s.Argv {
			switch {
			case slices.Contains(harmless[s.Tool], arg):
			case strings.HasPrefix(arg, "-") && strings.Contains(arg, "="):
				options = append(options, arg)
			default:
				rest = append(rest, arg)
			}
		}
		slices.Sort(options)
		out = append(out, strings.Join(s.Env, " ")+" "+strings.Join(rest, "\x00")+"\x01"+strings.Join(options, "\x00"))
	}
	for _, m := range shape.Masks {
		out = append(out, m.Kind)
	}
	return strings.Join(out, "\n"), true
}
