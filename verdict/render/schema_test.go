package render_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

var schemaPath = filepath.Join("..", "..", "docs", "report.schema.json")

// words are the values of the types that are lists of words.
var words = map[reflect.Type][]any{
	reflect.TypeFor[verdict.Decision]():         {"GO", "GO_WITH_CONDITIONS", "NO_GO"},
	reflect.TypeFor[verdict.Severity]():         {"blocker", "condition", "note"},
	reflect.TypeFor[verdict.CommandState]():     {"passed", "failed", "vacuous", "unproven", "not evaluated", "refused", "timed out", "missing"},
	reflect.TypeFor[verdict.Disposition]():      {"none", "resolved", "mitigated", "accepted", "deferred", "open"},
	reflect.TypeFor[evidence.Outcome]():         {"not_run", "exited", "signaled", "timed_out", "start_failed", "refused", "canceled"},
	reflect.TypeFor[evidence.WorktreeState]():   {"", "clean", "dirty", "none"},
	reflect.TypeFor[evidence.CheckpointState](): {"", "reachable", "unreachable", "missing", "ambiguous", "malformed", "unverifiable"},
}

// schemaOf derives the schema of a Go type. Structs become definitions.
func schemaOf(t reflect.Type, defs map[string]any) map[string]any {
	if list, ok := words[t]; ok {
		return map[string]any{"enum": list}
	}
	if t == reflect.TypeFor[time.Time]() {
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), defs)
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), defs)}
	case reflect.Struct:
		name := t.Name()
		if _, done := defs[name]; !done {
			properties, required := map[string]any{}, []any{}
			defs[name] = nil
			members(t, defs, properties, &required)
			defs[name] = map[string]any{"type": "object", "additionalProperties": false, "properties": properties, "required": required}
		}
		return map[string]any{"$ref": "#/$defs/" + name}
	}
	return map[string]any{"type": "integer"}
}

func members(t reflect.Type, defs, properties map[string]any, required *[]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Tag.Get("json") == "" {
			members(f.Type, defs, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := schemaOf(f.Type, defs)
		if options == "" {
			*required = append(*required, name)
			if name == "files" && f.Type.Kind() == reflect.Slice { // nil has a meaning: not read
				schema = map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
			}
		}
		properties[name] = schema
	}
}

// TestSchemaIsTheReport holds the published schema to the types.
func TestSchemaIsTheReport(t *testing.T) {
	defs := map[string]any{}
	root := schemaOf(reflect.TypeFor[verdict.Report](), defs)
	defs["Report"].(map[string]any)["properties"].(map[string]any)["schema"] = map[string]any{"const": verdict.ReportSchema}
	want, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": verdict.ReportSchema,
		"description": "The decision of verdict with its reasons; docs/report.md explains it.", "$ref": root["$ref"], "$defs": defs,
	}, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(schemaPath, append(want, '\n'), 0o644))
	}
	got, err := os.ReadFile(schemaPath)
	require.NoError(t, err)
	assert.Equal(t, string(want)+"\n", string(got), "run: go test ./verdict/render -update")
}

func TestReportsFitTheSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaPath)
	require.NoError(t, err)
	valid := func(r *verdict.Report) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(show(t, func(w io.Writer) error { return render.JSON(w, r) })))
		require.NoError(t, err)
		return schema.Validate(value)
	}
	for name, r := range examples() {
		if name == "empty" {
			assert.Error(t, valid(r), "a report without a decision")
			continue
		}
		assert.NoError(t, valid(r), name)
	}
	assert.NoError(t, valid(bigReport(100, 20)))
}
