package policy

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/verdictci/verdict/collector/tracker"
)

// form is what may stand at one place of the file: how it is read into its
// target, and how a JSON Schema says the same.
type form struct {
	schema *schema
	read   func(r *reader, n ast.Node)
}

// field is one key of an object.
type field struct {
	key  string
	doc  string // one sentence, for people and editors
	form form
	must bool // the key is mandatory
}

// must makes a field mandatory.
func must(f field) field {
	f.must = true
	return f
}

// key is a field.
func key(name, doc string, f form, examples ...any) field {
	s := *f.schema
	s.Description = doc
	s.Examples = examples
	f.schema = &s
	return field{key: name, doc: doc, form: f}
}

// object reads a mapping whose keys are known. The place of its first key goes to
// pos, when that is not nil.
func object(pos *tracker.Pos, fields ...field) form {
	s := &schema{Type: types{"object"}, Properties: map[string]*schema{}, Closed: true}
	byKey := map[string]*field{}
	for i := range fields {
		f := &fields[i]
		s.Properties[f.key], byKey[f.key] = f.form.schema, f
		s.order = append(s.order, f.key)
		if f.must {
			s.Required = append(s.Required, f.key)
		}
	}
	if len(s.Required) == 0 {
		s.Type = append(s.Type, "null") // a key whose children are all commented out
	}
	return form{s, func(r *reader, n ast.Node) {
		if isNull(n) && len(s.Required) == 0 {
			return
		}
		values, ok := r.mapping(n, s.expected())
		if !ok {
			return
		}
		if pos != nil {
			*pos = r.pos(n)
		}
		seen := map[string]bool{}
		for _, v := range values {
			name := keyText(v.Key)
			seen[name] = true
			if f := byKey[name]; f != nil {
				f.form.read(r, v.Value)
				continue
			}
			r.unknownKey(v, s)
		}
		for _, name := range s.Required {
			if !seen[name] {
				r.problem(r.pos(n), "", "%s is missing: %s", quoted(name), byKey[name].doc)
			}
		}
	}}
}

// list reads a sequence. Each item is made by item, which binds it to its place. A
// single text stands for a list of one.
func list[T any](to *[]T, item func(*T) form) form {
	s := &schema{Type: types{"array", "null"}, Items: item(new(T)).schema}
	texts := slices.Contains(s.Items.Type, "string")
	if texts { // what holds for one text of the list holds for one that stands alone
		s.Type = append(s.Type, "string")
		s.MinLength, s.Pattern, s.Format, s.Not = s.Items.MinLength, s.Items.Pattern, s.Items.Format, s.Items.Not
	}
	return form{s, func(r *reader, n ast.Node) {
		if isNull(n) {
			return
		}
		values, ok := itemsOf(n, texts)
		if !ok {
			r.wrong(n, "a list (lines that begin with '- ')")
			return
		}
		for _, v := range values {
			var t T
			item(&t).read(r, v)
			*to = append(*to, t)
		}
	}}
}

func itemsOf(n ast.Node, texts bool) ([]ast.Node, bool) {
	if seq, ok := n.(*ast.SequenceNode); ok {
		return seq.Values, true
	}
	_, single := stringOf(n)
	return []ast.Node{n}, single && texts
}

// table reads a mapping whose keys the file chooses. name reads a key and value
// its value, each as a form of its own.
func table[T any](to *map[string]T, name func(*string) form, value func(*T) form) form {
	s := &schema{Type: types{"object", "null"}, Names: name(new(string)).schema, Values: value(new(T)).schema}
	return form{s, func(r *reader, n ast.Node) {
		if isNull(n) {
			return
		}
		values, ok := r.mapping(n, "keys and values")
		if !ok {
			return
		}
		*to = map[string]T{}
		for _, v := range values {
			var k string
			var t T
			name(&k).read(r, v.Key)
			value(&t).read(r, v.Value)
			(*to)[k] = t
		}
	}}
}

// either reads a text in one way and a mapping in another.
func either(short form, expected string, long form) form {
	return form{&schema{OneOf: []*schema{short.schema, long.schema}}, func(r *reader, n ast.Node) {
		_, isText := stringOf(n)
		_, isMapping := n.(*ast.MappingNode)
		switch {
		case isMapping:
			long.read(r, n)
		case isText:
			short.read(r, n)
		default:
			r.wrong(n, expected)
		}
	}}
}

// mapping returns the entries of a mapping, without those that repeat a key.
func (r *reader) mapping(n ast.Node, expected string) ([]*ast.MappingValueNode, bool) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.wrong(n, expected)
		return nil, false
	}
	first := map[string]tracker.Pos{}
	var values []*ast.MappingValueNode
	for _, v := range m.Values {
		name := keyText(v.Key)
		if at, again := first[name]; again {
			r.problem(r.pos(v.Key), "each key once", "%s stands here again, after line %d", quoted(name), at.Line)
			continue
		}
		first[name] = r.pos(v.Key)
		values = append(values, v)
	}
	return values, true
}

// wrong notes a value of another kind than expected.
func (r *reader) wrong(n ast.Node, expected string) {
	r.problem(r.pos(n), expected, "%s", describe(n))
}

// unknownKey notes a key that does not belong where it stands.
func (r *reader) unknownKey(v *ast.MappingValueNode, s *schema) {
	name := keyText(v.Key)
	p := Problem{Pos: r.pos(v.Key), Message: "unknown key " + quoted(name), Expected: s.expected()}
	if near := nearest(name, s.order); near != "" {
		p.Suggestion = near
	} else if path := r.root.find(name, ""); path != "" {
		p.Suggestion = path
	}
	r.problems = append(r.problems, p)
}

func keyText(n ast.MapKeyNode) string {
	if t := n.GetToken(); t != nil {
		return t.Value
	}
	return n.String()
}

func isNull(n ast.Node) bool {
	_, ok := n.(*ast.NullNode)
	return ok || n == nil
}

// describe says what stands at a place, for a message.
func describe(n ast.Node) string {
	switch v := n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "the truth value " + v.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + v.GetToken().Value
	case *ast.StringNode:
		return "the text " + quoted(v.Value)
	case *ast.LiteralNode:
		return "the text " + quoted(v.Value.Value)
	}
	return "something else"
}

// quoted shows a text of the file on one line, cut where it is long.
func quoted(s string) string {
	if head, _, more := strings.Cut(strings.TrimSpace(s), "\n"); more {
		s = head + "…"
	}
	if c := []rune(s); len(c) > 60 {
		s = string(c[:60]) + "…"
	}
	return `"` + s + `"`
}
