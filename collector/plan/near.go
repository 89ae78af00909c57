package plan

import (
	"slices"
	"strings"
)

// harmless are the options by which a command checks the same and only says more
// about it, or checks it harder.
var harmless = map[string]string{
	"go test": "-v -v=true -count=1 -race -json -cover -shuffle=on -vet=all",
	"vitest":  "--reporter=verbose --reporter=default --no-color --color",
	"tsc":     "--pretty --pretty=false",
	"pytest":  "-v -vv -q",
}

// Near reports whether a claimed command checks what the required one checks: the
// same steps, each with the same words but for options that are harmless, in any
// order, and with the same masks. Another pattern, filter or program is another
// command.
func Near(required, claimed *Shape) bool {
	if !required.Parses || !claimed.Parses || len(required.Steps) == 0 {
		return false
	}
	sameMask := func(x, y Mask) bool { return x.Kind == y.Kind && x.Step == y.Step }
	return slices.EqualFunc(required.Steps, claimed.Steps, nearStep) && slices.EqualFunc(required.Masks, claimed.Masks, sameMask)
}

func nearStep(a, b Step) bool {
	return a.Tool == b.Tool && slices.Equal(a.Env, b.Env) && slices.Equal(telling(a), telling(b))
}

// telling are the words of a step that say what it checks. Words keep their order;
// options that hold their value come last, sorted.
func telling(s Step) []string {
	var words, options []string
	for _, arg := range s.Argv {
		switch {
		case slices.Contains(strings.Fields(harmless[s.Tool]), arg):
		case strings.HasPrefix(arg, "-") && strings.Contains(arg, "="):
			options = append(options, arg)
		default:
			words = append(words, arg)
		}
	}
	slices.Sort(options)
	return append(words, options...)
}
