package command

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/verdictci/verdict/collector/redact"
)

// Secrets are texts that must not be kept: the values of variables, and what
// looks like a token. Redacted text reads [redacted].
type Secrets struct {
	values [][]byte
	count  atomic.Int64
}

// maxSecret is how much of the output's end waits for what follows, so that a
// secret that is cut in two by a buffer is found.
const maxSecret = 4 << 10

// NewSecrets returns a set of the given values, in each form that programs print
// them in; short ones are no secrets.
func NewSecrets(values []string) *Secrets {
	s := &Secrets{}
	known := map[string]bool{}
	for _, v := range values {
		for _, form := range forms(v) {
			if len(form) >= 8 && !known[form] {
				known[form] = true
				s.values = append(s.values, []byte(form))
			}
		}
	}
	slices.SortFunc(s.values, func(a, b []byte) int { return len(b) - len(a) })
	return s
}

// forms are a value as it is, as JSON, addresses and base64 hold it, and its lines:
// output is looked at by the line.
func forms(value string) []string {
	quoted, _ := json.Marshal(value) // a string has always a form
	var plain strings.Builder
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	e.Encode(value)
	list := []string{
		value, strings.Trim(string(quoted), `"`), strings.Trim(strings.TrimSpace(plain.String()), `"`), url.QueryEscape(value), url.PathEscape(value),
	}
	if len(value) >= 8 {
		list = append(list, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "="), base64.RawURLEncoding.EncodeToString([]byte(value)))
	}
	if strings.Contains(value, "\n") {
		for line := range strings.Lines(value) {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// Count is how many secrets were replaced so far.
func (s *Secrets) Count() int {
	if s == nil {
		return 0
	}
	return int(s.count.Load())
}

// Text redacts a whole text.
func (s *Secrets) Text(text string) string {
	if s == nil {
		return text
	}
	return string(s.replace([]byte(text)))
}

// Words redacts the words of a command line, in place.
func (s *Secrets) Words(words []string) {
	if s == nil {
		return
	}
	for i, word := range words {
		words[i] = s.Text(word)
	}
	redact.Words(words)
}

// File redacts a file that another program wrote.
func (s *Secrets) File(name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(name), ".redact-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	before := s.Count()
	buf, text := make([]byte, chunkSize+maxHeld), s.scrubber()
	for {
		part, err := text.read(in, buf)
		if _, writeErr := out.Write(part); writeErr != nil {
			return writeErr
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if s.Count() == before {
		return nil
	}
	if err := out.Chmod(0o644); err != nil {
		return err
	}
	return os.Rename(out.Name(), name)
}

func (s *Secrets) replace(p []byte) []byte {
	for _, v := range s.values {
		if n := bytes.Count(p, v); n > 0 {
			s.count.Add(int64(n))
			p = bytes.ReplaceAll(p, v, []byte(redact.Mark))
		}
	}
	p, n := redact.Tokens(p)
	s.count.Add(int64(n))
	return p
}

// scrubber redacts a stream.
type scrubber struct {
	secrets *Secrets
	held    []byte // the end of the last piece, that a secret could begin in
}

func (s *Secrets) scrubber() *scrubber { return &scrubber{secrets: s} }

// maxHeld bounds what is held back: the beginning of a key.
const maxHeld = 64 << 10

// read reads a piece into buf and returns what can go on: all but an end that a
// secret could begin in. Tokens hold no line's end, so a whole line is safe.
func (s *scrubber) read(r io.Reader, buf []byte) ([]byte, error) {
	h := copy(buf, s.held)
	n, err := r.Read(buf[h : h+chunkSize])
	all := buf[:h+n]
	if s.secrets == nil {
		return all, err
	}
	at := len(all)
	if err == nil {
		at = s.safe(all)
	}
	s.held = append(s.held[:0], all[at:]...)
	return s.secrets.replace(all[:at]), err
}

// safe is how much of the text can go on.
func (s *scrubber) safe(all []byte) int {
	key := []byte("PRIVATE KEY-----")
	if bytes.IndexByte(all, '-') >= 0 && bytes.Count(all, key)%2 == 1 && len(all) < maxHeld {
		return 0 // a key that has not ended
	}
	least := max(0, len(all)-maxSecret)
	return least + bytes.LastIndexByte(all[least:], '\n') + 1
}
