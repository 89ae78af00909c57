package policy

import (
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// stringOf returns the text of a node that is one.
func stringOf(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	}
	return "", false
}

// checked reads a text, and hands it to set, which says what is wrong with it. A
// number or a truth value is refused: YAML may have changed it already (a hash of
// digits alone, 1e10).
func checked(s schema, expected string, set func(text string) error) form {
	s.Type = types{"string"}
	return form{&s, func(r *reader, n ast.Node) {
		text, ok := stringOf(n)
		if !ok {
			r.wrong(n, expected)
			return
		}
		if err := set(text); err != nil {
			r.problem(r.pos(n), expected, "%s: %s", quoted(text), err)
		}
	}}
}

// text reads any text but an empty one.
func text(to *string) form {
	return checked(schema{Pattern: `\S`}, "a text (in quotes, when it looks like a number)", func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("it is empty")
		}
		*to = s
		return nil
	})
}

// matching reads a text of a form that a regular expression gives.
func matching(to *string, expected, pattern string) form {
	re := lazyregexp.New(pattern)
	return checked(schema{Pattern: pattern}, expected, func(s string) error {
		if !re.MatchString(s) {
			return errors.New("not of that form")
		}
		*to = s
		return nil
	})
}

// choice reads one of a few words.
func choice(to *string, words ...string) form {
	s := &schema{Enum: words}
	if *to != "" {
		s.Default = *to
	}
	return form{s, func(r *reader, n ast.Node) {
		word, ok := stringOf(n)
		if !ok {
			r.wrong(n, "one of "+strings.Join(words, ", "))
			return
		}
		if !slices.Contains(words, word) {
			r.problems = append(r.problems, Problem{r.pos(n), quoted(word) + " is not known here", "one of " + strings.Join(words, ", "), nearest(word, words)})
			return
		}
		*to = word
	}}
}

// rule reads the id of a rule.
func rule(to *string) form {
	const pattern = `^[a-z]+/[a-z-]+$`
	re := lazyregexp.New(pattern)
	return form{&schema{Type: types{"string"}, Pattern: pattern}, func(r *reader, n ast.Node) {
		id, ok := stringOf(n)
		switch {
		case !ok:
			r.wrong(n, "a rule's id")
		case r.rules != nil && !slices.Contains(r.rules, id), !re.MatchString(id):
			r.problems = append(r.problems, Problem{r.pos(n), "unknown rule " + quoted(id), "an id that 'verdict explain' lists", nearest(id, r.rules)})
		default:
			*to = id
		}
	}}
}

// whole reads a whole number between two bounds.
func whole(to *int, low, high int) form {
	s := &schema{Type: types{"integer"}, Minimum: &low, Default: *to}
	expected := fmt.Sprintf("a whole number from %d on", low)
	if high < math.MaxInt32 {
		s.Maximum = &high
		expected = fmt.Sprintf("a whole number from %d to %d", low, high)
	}
	return form{s, func(r *reader, n ast.Node) {
		_, ok := n.(*ast.IntegerNode)
		if !ok {
			r.wrong(n, expected)
			return
		}
		i, err := strconv.Atoi(n.GetToken().Value)
		if err != nil || i < low || i > high {
			r.wrong(n, expected)
			return
		}
		*to = i
	}}
}

// boolean reads true or false.
func boolean(to *bool) form {
	return form{&schema{Type: types{"boolean"}, Default: *to}, func(r *reader, n ast.Node) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.wrong(n, "true or false")
			return
		}
		*to = b.Value
	}}
}

// value reads a text, a number or a truth value, as it is written.
func value(to *string) form {
	return form{&schema{Type: types{"string", "number", "boolean"}}, func(r *reader, n ast.Node) {
		if s, ok := stringOf(n); ok {
			*to = s
			return
		}
		switch n.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			*to = n.GetToken().Value
		default:
			r.wrong(n, "a text or a number")
		}
	}}
}

const durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`

// duration reads a time span such as 15m or 1h30m. Zero stands for none, where
// low is zero.
func duration(to *time.Duration, low time.Duration) form {
	re := lazyregexp.New(durationPattern)
	s := schema{Pattern: durationPattern}
	if *to != 0 {
		s.Default = shortDuration(*to)
	}
	return checked(s, "a time span such as 90s, 15m or 1h30m", func(text string) error {
		if !re.MatchString(text) {
			return errors.New("no number with a unit (ms, s, m, h)")
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("too long")
		}
		if d < low {
			return fmt.Errorf("shorter than %s", low)
		}
		*to = d
		return nil
	})
}

func shortDuration(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// unit is a unit of size, from small to large.
type unit struct {
	name  string
	bytes int64
}

var units = []unit{{"B", 1}, {"KB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20}, {"GB", 1e9}, {"GiB", 1 << 30}}

const sizePattern = `^([0-9]+) ?(B|KB|KiB|MB|MiB|GB|GiB)$`

// size reads a number of bytes such as 64MiB.
func size(to *int64) form {
	re := lazyregexp.New(sizePattern)
	return checked(schema{Pattern: sizePattern, Default: shortSize(*to)}, "a size such as 512KiB, 64MiB or 1GiB", func(text string) error {
		m := re.FindStringSubmatch(text)
		if m == nil {
			return errors.New("no whole number with a unit (B, KiB, MiB, GiB)")
		}
		u := units[slices.IndexFunc(units, func(u unit) bool { return u.name == m[2] })]
		n, err := strconv.ParseInt(m[1], 10, 64)
		switch {
		case err != nil || n > math.MaxInt64/u.bytes:
			return errors.New("too large")
		case n == 0:
			return errors.New("nothing could be kept")
		}
		*to = n * u.bytes
		return nil
	})
}

func shortSize(n int64) string {
	for _, u := range slices.Backward(units) {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return ""
}

// date reads a day, which is kept as its midnight in UTC.
func date(to *time.Time) form {
	return checked(schema{Format: "date", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}, "a day such as 2027-01-31", func(text string) error {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return errors.New("no such day")
		}
		*to = day
		return nil
	})
}

// regex reads a regular expression.
func regex(to *string) form {
	return checked(schema{Format: "regex", MinLength: 1}, "a regular expression (RE2)", func(text string) error {
		if text == "" {
			return errors.New("it is empty and would match everything")
		}
		if _, err := regexp.Compile(text); err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		*to = text
		return nil
	})
}

// outside is what inside refuses, for the schema.
var outside = &schema{Type: types{"string"}, Pattern: `^/|\\|^.:|(^|/)\.\.(/|$)`}

// local reads the path of a file or folder below the root.
func local(to *string) form {
	return checked(schema{MinLength: 1, Not: outside}, "a path below the repository's root, with '/'", func(text string) error {
		if err := inside(text); err != nil {
			return err
		}
		*to = path.Clean(text)
		return nil
	})
}

func inside(text string) error {
	switch {
	case text == "":
		return errors.New("it is empty")
	case strings.HasPrefix(text, "/") || len(text) > 1 && text[1] == ':':
		return errors.New("it is absolute")
	case strings.Contains(text, `\`):
		return errors.New(`it holds a \`)
	case slices.Contains(strings.Split(text, "/"), ".."):
		return errors.New("it leaves the repository")
	}
	return nil
}

// glob reads a pattern of paths; deep allows ** and {a,b}.
func glob(deep bool) func(*string) form {
	return func(to *string) form {
		return checked(schema{MinLength: 1, Not: outside}, "a path or pattern below the repository's root, such as docs/*.md", func(text string) error {
			if err := inside(text); err != nil {
				return err
			}
			if !deep && (strings.Contains(text, "**") || strings.ContainsAny(text, "{}")) {
				return errors.New("** and {} have no place here; * matches within one folder")
			}
			if _, err := path.Match(text, ""); err != nil {
				return errors.New("a [ is not closed")
			}
			*to = text
			return nil
		})
	}
}
