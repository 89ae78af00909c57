package testout

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// goEvent is one line of go test -json (cmd/test2json).
type goEvent struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// goEvents reads the lines of the stream. Those that go writes are read here, all
// others by encoding/json, which takes five times as long, beside tests that want the
// processor.
type goEvents struct {
	last goEvent // its texts are used again where they are equal
	text []byte  // of one string; reused
}

// parse reads one line, and reports whether it is an event. What it returns is valid
// until the next one.
func (r *goEvents) parse(line []byte) (*goEvent, bool) {
	e, ok := r.quick(line)
	if !ok {
		e = goEvent{}
		ok = len(line) > 0 && line[0] == '{' && json.Unmarshal(line, &e) == nil
	}
	r.last = e
	return &r.last, ok && e.Action != ""
}

// quick reads a line in go's own form: an object of strings under their exact names,
// each at most once, and of a number. false says nothing about the line.
func (r *goEvents) quick(line []byte) (e goEvent, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"`))
	for ok {
		var name, value []byte
		if name, rest, ok = bytes.Cut(rest, []byte(`":`)); !ok {
			return e, false
		}
		if len(rest) > 0 && rest[0] == '"' {
			if value, rest, ok = r.quoted(rest[1:]); !ok || !e.set(name, value, &r.last) {
				return e, false
			}
		} else if digits := len(rest) - len(bytes.TrimLeft(rest, "0123456789")); string(name) == "Elapsed" && digits > 0 && (digits == 1 || rest[0] != '0') {
			if rest = rest[digits:]; len(rest) > 1 && rest[0] == '.' {
				after := bytes.TrimLeft(rest[1:], "0123456789")
				if len(after) == len(rest)-1 {
					return e, false
				}
				rest = after
			}
		} else {
			return e, false
		}
		if string(rest) == "}\n" || string(rest) == "}" {
			return e, true
		}
		rest, ok = bytes.CutPrefix(rest, []byte(`,"`))
	}
	return e, false
}

// set takes a member. It is not twice, or it is none that is read here.
func (e *goEvent) set(name, value []byte, same *goEvent) bool {
	field, before := (*string)(nil), ""
	switch string(name) {
	case "Time":
		return true
	case "Action":
		field, before = &e.Action, same.Action
	case "Package":
		field, before = &e.Package, same.Package
	case "ImportPath":
		field, before = &e.ImportPath, same.ImportPath
	case "Test":
		field, before = &e.Test, same.Test
	case "Output":
		field, before = &e.Output, same.Output
	case "FailedBuild":
		field, before = &e.FailedBuild, same.FailedBuild
	default:
		return false
	}
	if *field != "" {
		return false
	}
	if before == string(value) {
		*field = before
	} else {
		*field = string(value)
	}
	return true
}

// escapes are the escapes of one letter.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// quoted reads a string behind its opening quote, and what follows its end. It knows
// valid UTF-8 and the escapes that go writes. The value is valid until the next one.
func (r *goEvents) quoted(text []byte) (value, rest []byte, ok bool) {
	r.text = r.text[:0]
	other := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			return r.text, text[i+1:], !other || utf8.Valid(r.text)
		case c < ' ':
			return nil, nil, false
		case c >= utf8.RuneSelf:
			other = true
		case c == '\\':
			if i++; i == len(text) {
				return nil, nil, false
			}
			if c = escapes[text[i]]; c == 0 {
				if !bytes.HasPrefix(text[i:], []byte("u00")) || len(text) < i+5 {
					return nil, nil, false
				}
				high, low := digit(text[i+3]), digit(text[i+4])
				if high > 7 || low > 15 {
					return nil, nil, false
				}
				c = high<<4 | low
				i += 4
			}
		}
		r.text = append(r.text, c)
	}
	return nil, nil, false
}

// digit is the value of a hexadecimal digit; 255 for what is none.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
