package gitstore

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// textOf reads a text of a commit as UTF-8. A commit may name another encoding; it
// counts only for what is not UTF-8 already, since many name one and do not use it.
func textOf(text, encoding []byte) string {
	if len(encoding) > 0 && !utf8.Valid(text) {
		if e, err := htmlindex.Get(string(encoding)); err == nil {
			if decoded, err := e.NewDecoder().Bytes(text); err == nil {
				return string(decoded)
			}
		}
	}
	return string(text)
}

// Text is the message as UTF-8, where its encoding is known.
func (v *Visited) Text() string { return textOf(v.Message, v.encoding) }

// SubjectOf is a message's subject as git tells it: the lines of its first paragraph,
// joined.
func SubjectOf(message string) string {
	var lines []string
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		if line == "" && len(lines) > 0 {
			break
		} else if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.ToValidUTF8(strings.Join(lines, " "), "\ufffd")
}

// subjectOf is the first line of a message, without the number that GitHub adds
// when it squashes a pull request.
func subjectOf(message []byte) []byte {
	if i := bytes.IndexByte(message, '\n'); i >= 0 {
		message = message[:i]
	}
	if i := bytes.LastIndex(message, []byte(" (#")); i > 0 && bytes.HasSuffix(message, []byte(")")) {
		message = message[:i]
	}
	return message
}
