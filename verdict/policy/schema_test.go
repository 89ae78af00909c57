package policy

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/policy.schema.json")

const schemaFile = "../../docs/policy.schema.json"

func TestSchemaIsCurrent(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, Schema(), 0o644))
	}
	have, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	assert.Equal(t, string(Schema()), string(have), "run: go test ./verdict/policy -update")
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(SchemaID, doc))
	s, err := c.Compile(SchemaID)
	require.NoError(t, err)
	return s
}

// asJSON reads a file as an editor's YAML server would.
func asJSON(t *testing.T, src []byte) any {
	t.Helper()
	text, err := yaml.YAMLToJSON(bytes.TrimPrefix(src, []byte("\ufeff")))
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return v
}

func TestSchemaAgreesOnGoodFiles(t *testing.T) {
	s := compiled(t)
	full, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	assert.NoError(t, s.Validate(asJSON(t, full)))
	for name, src := range good {
		if strings.Trim(src, "\n-") == "" || strings.HasPrefix(src, "#") {
			continue // no value at all, which is for the editor to say nothing about
		}
		t.Run(name, func(t *testing.T) { assert.NoError(t, s.Validate(asJSON(t, []byte(src)))) })
	}
}

func TestSchemaAgreesOnBadFiles(t *testing.T) {
	s := compiled(t)
	for _, c := range bad {
		if c.schema {
			t.Run(c.name, func(t *testing.T) { assert.Error(t, s.Validate(asJSON(t, []byte(c.src)))) })
		}
	}
}

// Every key is described, and stands in testdata/full.yaml, which
// TestEveryKey compares with what the parser makes of it.
func TestEveryKeyIsDescribedAndTested(t *testing.T) {
	full, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	doc, err := os.ReadFile("../../docs/policy.md")
	require.NoError(t, err)
	count := 0
	var walk func(s *schema)
	walk = func(s *schema) {
		if s == nil {
			return
		}
		for _, k := range s.order {
			count++
			assert.NotEmpty(t, s.Properties[k].Description, "%s has no description", k)
			assert.Regexp(t, `(?m)^[ -]*`+k+":", string(full), "%s is not in testdata/full.yaml", k)
			assert.Contains(t, string(doc), k, "%s is not in docs/policy.md", k)
			walk(s.Properties[k])
		}
		walk(s.Items)
		for _, one := range s.OneOf {
			walk(one)
		}
	}
	walk(fileForm(Default()).schema)
	assert.Greater(t, count, 60)
}

// Each example of the documents is read, and is valid for editors.
func TestExamplesOfTheDocuments(t *testing.T) {
	s := compiled(t)
	for _, name := range []string{"policy.md", "questions.md"} {
		doc, err := os.ReadFile("../../docs/" + name)
		require.NoError(t, err)
		examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(doc, -1)
		require.NotEmpty(t, examples, name)
		for _, e := range examples {
			_, err := Parse(FileName, e[1], nil)
			assert.NoError(t, err, "%s: %s", name, e[1])
			assert.NoError(t, s.Validate(asJSON(t, e[1])), "%s: %s", name, e[1])
		}
	}
}

// The examples that editors show are valid themselves.
func TestExamplesOfTheSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	var walk func(at string, v any)
	checked := 0
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		for _, e := range append(slices.Clone(asList(m["examples"])), asList([]any{m["default"]})...) {
			if e == nil {
				continue
			}
			c := jsonschema.NewCompiler()
			require.NoError(t, c.AddResource("x.json", m))
			s, err := c.Compile("x.json")
			require.NoError(t, err)
			assert.NoError(t, s.Validate(e), at)
			checked++
		}
		for k, below := range m {
			if props, ok := below.(map[string]any); ok && k == "properties" {
				for name, p := range props {
					walk(at+"."+name, p)
				}
				continue
			}
			walk(at, below)
			for _, item := range asList(below) {
				walk(at, item)
			}
		}
	}
	walk("", doc)
	assert.Greater(t, checked, 30)
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}
