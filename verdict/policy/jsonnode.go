package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits on a JSON file that somebody else may have written.
const (
	maxJSONBytes = 16 << 20
	maxJSONDepth = 100
)

// jsonKind is what a JSON value is, in words for a message.
type jsonKind string

const (
	jsonNull   jsonKind = "null"
	jsonBool   jsonKind = "a truth value"
	jsonNumber jsonKind = "a number"
	jsonString jsonKind = "a text"
	jsonArray  jsonKind = "a list"
	jsonObject jsonKind = "an object"
)

// jsonNode is a JSON value with its place.
type jsonNode struct {
	kind         jsonKind
	text         string // of a string
	names        []string
	items        []jsonNode
	line, column int
}

// member returns a member of an object or, by its number, an element of an array.
func (n *jsonNode) member(name string) *jsonNode {
	if n.kind == jsonArray {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.items) && strconv.Itoa(i) == name {
			return &n.items[i]
		}
		return nil
	}
	for i := range n.names {
		if n.names[i] == name {
			return &n.items[i]
		}
	}
	return nil
}

// jsonParser reads a document into nodes.
type jsonParser struct {
	src  []byte
	dec  *json.Decoder
	line int // of the byte at offset
	at   int // offset up to which lines were counted
	bol  int // offset of that line's first byte
}

// parse reads the whole file; nil, with a problem, when it is no JSON.
func (r *listReader) parse(src []byte) *jsonNode {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	start := &jsonNode{line: 1, column: 1}
	if len(src) > maxJSONBytes {
		r.problem(start, fmt.Sprintf("at most %d MiB", maxJSONBytes>>20), "the file has %d MiB", len(src)>>20)
		return nil
	}
	p := &jsonParser{src: src, dec: json.NewDecoder(bytes.NewReader(src)), line: 1}
	p.dec.UseNumber()
	n, err := p.value(0)
	if err == nil {
		if p.next() < len(src) {
			err = errors.New("more than one value")
		}
	}
	if err == nil {
		return &n
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends too early")
	}
	line, column := p.place(p.next())
	r.problem(&jsonNode{line: line, column: column}, "", "not JSON: %s", err)
	return nil
}

func (p *jsonParser) value(depth int) (jsonNode, error) {
	start := p.next()
	if depth > maxJSONDepth {
		return jsonNode{}, fmt.Errorf("more than %d levels", maxJSONDepth)
	}
	t, err := p.dec.Token()
	if err != nil {
		return jsonNode{}, err
	}
	n := jsonNode{}
	n.line, n.column = p.place(start)
	switch v := t.(type) {
	case nil:
		n.kind = jsonNull
	case bool:
		n.kind = jsonBool
	case json.Number:
		n.kind = jsonNumber
	case string:
		n.kind, n.text = jsonString, v
	case json.Delim:
		n.kind = jsonArray
		if v == '{' {
			n.kind = jsonObject
		}
		return n, p.inside(&n, depth)
	}
	return n, nil
}

// inside reads the elements of an array or the members of an object.
func (p *jsonParser) inside(n *jsonNode, depth int) error {
	seen := map[string]bool{}
	for p.dec.More() {
		if n.kind == jsonObject {
			t, err := p.dec.Token()
			if err != nil {
				return err
			}
			name, ok := t.(string)
			if !ok || seen[name] {
				return fmt.Errorf("the member %q stands twice in one object", t)
			}
			seen[name] = true
			n.names = append(n.names, name)
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := p.dec.Token()
	return err
}

// next is the offset at which the next value begins.
func (p *jsonParser) next() int {
	i := int(p.dec.InputOffset())
	for i < len(p.src) && bytes.IndexByte([]byte(" \t\r\n,:"), p.src[i]) >= 0 {
		i++
	}
	return i
}

// place turns an offset, never smaller than the last one, into line and column.
func (p *jsonParser) place(offset int) (line, column int) {
	offset = min(max(offset, p.at), len(p.src))
	p.line += bytes.Count(p.src[p.at:offset], []byte("\n"))
	if i := bytes.LastIndexByte(p.src[p.at:offset], '\n'); i >= 0 {
		p.bol = p.at + i + 1
	}
	p.at = offset
	return p.line, utf8.RuneCount(p.src[p.bol:offset]) + 1
}
