package plan

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// variables are those that the text sets to one value: literal, or what a command
// prints, as written. A variable that is set twice is not known.
func variables(f *syntax.File) map[string]string {
	known, twice := map[string]string{}, map[string]bool{}
	syntax.Walk(f, func(n syntax.Node) bool {
		a, ok := n.(*syntax.Assign)
		if !ok || a.Name == nil || a.Value == nil {
			return true
		}
		name := a.Name.Value
		value, lit := literal(a.Value)
		if !lit {
			value = strings.ReplaceAll(printed(a.Value), `"`, "")
		}
		if _, ok := known[name]; ok || twice[name] || a.Append || !lit && strings.Contains(value, "$"+name) {
			twice[name] = true
			delete(known, name)
		} else if value != "" {
			known[name] = value
		}
		return true
	})
	return known
}

// expanded is the text with the variables that it sets itself put in, and the
// defaults of those that it does not: X=push; git $X is git push. A text that this
// leaves unreadable stays as it is.
func expanded(text string) string {
	for range maxNesting { // a value may name another variable
		f, err := parse(text)
		if err != nil || !putIn(f, variables(f)) {
			return text
		}
		other := printed(f)
		if _, err := parse(other); err != nil {
			return text
		}
		text = other
	}
	return text
}

// putIn puts the values of variables in their places, and says whether there are
// any.
func putIn(f *syntax.File, known map[string]string) bool {
	found := false
	put := func(parts []syntax.WordPart) {
		for i, part := range parts {
			if value, ok := valueOf(part, known); ok {
				parts[i], found = &syntax.Lit{Value: value}, true
			}
		}
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Assign:
			return false // what it sets is known already
		case *syntax.Word:
			put(n.Parts)
		case *syntax.DblQuoted:
			put(n.Parts)
		}
		return true
	})
	return found
}

// valueOf is the value of $NAME, ${NAME} and ${NAME:-default}.
func valueOf(part syntax.WordPart, known map[string]string) (string, bool) {
	p, ok := part.(*syntax.ParamExp)
	if !ok || p.Param == nil || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Length || p.Excl || p.Width {
		return "", false
	}
	value, found := known[p.Param.Value]
	switch {
	case p.Exp == nil:
		return value, found
	case p.Exp.Op == syntax.DefaultUnset || p.Exp.Op == syntax.DefaultUnsetOrNull:
		if !found {
			value, found = literal(p.Exp.Word)
		}
		return value, found
	}
	return "", false
}

// words are those of a call, the first as far as it can be known: what a variable
// that the text sets once stands for, and what which would find. known: it is.
func (r *shapeReader) words(cmd *syntax.CallExpr) (args []string, known bool) {
	args, _ = argv(cmd.Args)
	if _, ok := literal(cmd.Args[0]); ok {
		return args, true
	}
	parts, inQuotes := cmd.Args[0].Parts, false
	if len(parts) == 1 {
		if q, ok := parts[0].(*syntax.DblQuoted); ok {
			parts, inQuotes = q.Parts, true
		}
	}
	if len(parts) != 1 {
		return args, false
	}
	value, ok := valueOf(parts[0], r.known)
	if !ok {
		value = printed(parts[0])
	}
	first := strings.Fields(value)
	if m := finds.FindStringSubmatch(value); m != nil {
		first = m[1:]
	} else if !ok || len(first) == 0 || inQuotes && len(first) > 1 || slices.ContainsFunc(first, func(w string) bool { return !plainWord.MatchString(w) }) {
		return args, false
	}
	return append(slices.Clone(first), args[1:]...), true
}

// finds asks where a program is.
var finds = lazyregexp.New(`^\$\((?:which|command -v|type -[pP]) ([\w.-]+)\)$`)
