package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// SchemaID is where the schema can be read by editors.
const SchemaID = "https://raw.githubusercontent.com/verdictci/verdict/main/docs/policy.schema.json"

// schema is the part of JSON Schema (draft 2020-12) that the file needs.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        types              `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Const       any                `json:"const,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	Not         *schema            `json:"not,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Format      string             `json:"format,omitempty"`
	MinLength   int                `json:"minLength,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Names       *schema            `json:"propertyNames,omitempty"`
	Values      *schema            `json:"-"` // of a table
	Closed      bool               `json:"-"` // no key but the properties
	Additional  any                `json:"additionalProperties,omitempty"`
	Default     any                `json:"default,omitempty"`
	Examples    []any              `json:"examples,omitempty"`

	order []string // the properties in the order in which people read them
}

// types is one type as a string, several as an array.
type types []string

// MarshalJSON writes the shorter form where there is one.
func (t types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// MarshalJSON adds what values of a mapping may be.
func (s *schema) MarshalJSON() ([]byte, error) {
	type plain schema
	p := plain(*s)
	switch {
	case s.Closed:
		p.Additional = false
	case s.Values != nil:
		p.Additional = s.Values
	}
	return json.Marshal(p)
}

// expected lists the keys of an object, for a message.
func (s *schema) expected() string {
	return "the keys " + strings.Join(s.order, ", ")
}

// find returns the place of a key elsewhere in the file, as "commands: timeout".
func (s *schema) find(name, path string) string {
	is := func(k string) bool { return plainWord(k) == plainWord(name) }
	if i := slices.IndexFunc(s.order, is); i >= 0 && path != "" {
		return path + s.order[i]
	}
	for _, k := range s.order {
		below := s.Properties[k]
		if below.Items != nil {
			continue // a key of one item among many says little
		}
		if found := below.find(name, path+k+": "); found != "" {
			return found
		}
	}
	return ""
}

// Schema returns the JSON Schema of the file, as docs/policy.schema.json holds it.
// It is made from the same list of keys that [Parse] reads by.
func Schema() []byte {
	s := fileForm(Default()).schema
	s.Dialect, s.ID, s.Title = "https://json-schema.org/draft/2020-12/schema", SchemaID, FileName
	s.Description = "What a team asks of a decision beyond its tracker. Every key is optional."
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // plain data: only a mistake in this package can do this
	}
	return []byte(b.String())
}
