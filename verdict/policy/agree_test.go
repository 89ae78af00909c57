package policy

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSchemaAndParserAgree changes one value of a complete file at a time, and
// asks both. What a schema cannot say (regular expressions, days of the calendar, rules,
// commands that do not parse, keys that belong together) is left out.
func TestSchemaAndParserAgree(t *testing.T) {
	src, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	whole, err := json.Marshal(asJSON(t, src))
	require.NoError(t, err)
	s := compiled(t)
	random := rand.New(rand.NewPCG(7, 8))
	values := []any{nil, "", "x", "12", "2027-01-31", "90s", "-1", 0, 1, -1, -2, 1.5, 300, 1e9, true, false, []any{}, map[string]any{}, []any{"x"}, []any{1}, map[string]any{"a": "b"}, "docs/*.md", "/x", "../x"}
	for range 800 {
		var doc any
		require.NoError(t, json.Unmarshal(whole, &doc))
		changeOne(random, doc, values)
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		_, parsed := Parse("verdict.yaml", text, nil)
		schema := s.Validate(asJSON(t, text))
		if (parsed == nil) != (schema == nil) {
			t.Errorf("parser: %v\nschema: %v", parsed, schema)
		}
	}
}

// changeOne puts another value into one place of a document, takes a key away, or
// adds one.
func changeOne(random *rand.Rand, doc any, values []any) {
	for {
		keys, set, at := children(doc)
		if len(keys) == 0 {
			return
		}
		k := keys[random.IntN(len(keys))]
		inner, _, _ := children(at(k))
		if len(inner) > 0 && random.IntN(4) > 0 {
			doc = at(k)
			continue
		}
		switch m, ok := doc.(map[string]any); {
		case ok && random.IntN(6) == 0:
			delete(m, k.(string))
		case ok && random.IntN(6) == 0:
			m["no such key"] = "x"
		default:
			set(k, values[random.IntN(len(values))])
		}
		return
	}
}

func children(doc any) (keys []any, set func(k, v any), at func(k any) any) {
	switch d := doc.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(d)) {
			keys = append(keys, k)
		}
		return keys, func(k, v any) { d[k.(string)] = v }, func(k any) any { return d[k.(string)] }
	case []any:
		for i := range d {
			keys = append(keys, i)
		}
		return keys, func(k, v any) { d[k.(int)] = v }, func(k any) any { return d[k.(int)] }
	}
	return nil, nil, nil
}
