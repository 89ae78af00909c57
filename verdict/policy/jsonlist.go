package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ReadJSONList reads commands from a JSON file that a team keeps: an array of
// argument lists or shell texts, or of objects with such a member and a folder.
func ReadJSONList(l JSONList, src []byte) ([]Required, error) {
	var document any
	if err := json.Unmarshal(src, &document); err != nil {
		return nil, fmt.Errorf("%s: read %s: %w", l.Pos, l.Path, err)
	}
	found, err := pointed([]any{document}, l.Pointer)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", l.Pos, l.Path, err)
	}
	var out []Required
	for _, value := range found {
		list, ok := value.([]any)
		if !ok {
			return nil, fmt.Errorf("%s: %s: %s is no array", l.Pos, l.Path, l.Pointer)
		}
		if isArgv(list) {
			list = []any{list}
		}
		for i, item := range list {
			r, err := requiredOf(l, item)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %s/%d: %w", l.Pos, l.Path, l.Pointer, i, err)
			}
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: %s: %s holds no command", l.Pos, l.Path, l.Pointer)
	}
	return out, nil
}

// pointed follows a JSON pointer (RFC 6901) in which "*" stands for every element.
func pointed(values []any, pointer string) ([]any, error) {
	if pointer == "" || pointer == "/" {
		return values, nil
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		var next []any
		for _, v := range values {
			switch v := v.(type) {
			case map[string]any:
				if part == "*" {
					for _, member := range v {
						next = append(next, member)
					}
				} else if member, ok := v[part]; ok {
					next = append(next, member)
				}
			case []any:
				if part == "*" {
					next = append(next, v...)
					continue
				}
				var i int
				if _, err := fmt.Sscanf(part, "%d", &i); err == nil && i >= 0 && i < len(v) {
					next = append(next, v[i])
				}
			}
		}
		if values = next; len(values) == 0 {
			return nil, fmt.Errorf("nothing is at %s", pointer)
		}
	}
	return values, nil
}

// isArgv tells an argument list from a list of shell texts: its first word is no
// text with blanks.
func isArgv(list []any) bool {
	for i, item := range list {
		s, ok := item.(string)
		if !ok || i == 0 && strings.ContainsAny(s, " \t") {
			return false
		}
	}
	return len(list) > 0
}

func requiredOf(l JSONList, item any) (Required, error) {
	r := Required{Pos: l.Pos}
	if object, ok := item.(map[string]any); ok {
		r.Dir, _ = object[l.Dir].(string)
		item = object[l.Argv]
	}
	switch v := item.(type) {
	case string:
		r.Command = v
	case []any:
		words := make([]string, len(v))
		for i, word := range v {
			s, ok := word.(string)
			if !ok {
				return r, fmt.Errorf("argument %d is no text", i)
			}
			quoted, err := syntax.Quote(s, syntax.LangBash)
			if err != nil {
				return r, fmt.Errorf("argument %d: %w", i, err)
			}
			words[i] = quoted
		}
		r.Command = strings.Join(words, " ")
	default:
		return r, fmt.Errorf("neither a command nor a list of arguments")
	}
	if strings.TrimSpace(r.Command) == "" {
		return r, fmt.Errorf("an empty command")
	}
	return r, nil
}
