package command

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// Secrets are texts that must not be kept: the values of variables, and what
// looks like a token. Redacted text reads [redacted].
type Secrets struct {
	values [][]byte
	count  atomic.Int64
}

const redactedMark = "[redacted]"

// maxSecret is how much of the output's end waits for what follows, so that a
// secret that is cut in two by a buffer is found.
const maxSecret = 4 << 10

// NewSecrets returns a set of the given values; short ones are no secrets.
func NewSecrets(values []string) *Secrets {
	s := &Secrets{}
	for _, v := range values {
		if len(v) >= 8 {
			s.values = append(s.values, []byte(v))
		}
	}
	slices.SortFunc(s.values, func(a, b []byte) int { return len(b) - len(a) })
	return s
}

// Count is how many secrets were replaced so far.
func (s *Secrets) Count() int {
	if s == nil {
		return 0
	}
	return int(s.count.Load())
}

// tokenForms are shapes of tokens that are known well enough to be replaced
// wherever they stand. marker is a text that each of them holds: looking for it is
// cheap, the expression is not.
var tokenForms = []struct {
	marker string
	re     *regexp.Regexp
}{
	{"gh", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36,}\b`)},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{40,}\b`)},
	{"AKIA", regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`)},
	{"xox", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
	{"npm_", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"sk-", regexp.MustCompile(`\bsk-[A-Za-z0-9_-]{32,}`)},
	{"glpat-", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"PRIVATE KEY-----", regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`)},
	{"://", regexp.MustCompile(`://[^\s/:@"']{1,100}:[^\s/@"']{3,200}@`)},
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
}

// Text redacts a whole text.
func (s *Secrets) Text(text string) string {
	if s == nil {
		return text
	}
	return string(s.replace([]byte(text)))
}

func (s *Secrets) replace(p []byte) []byte {
	for _, v := range s.values {
		if n := bytes.Count(p, v); n > 0 {
			s.count.Add(int64(n))
			p = bytes.ReplaceAll(p, v, []byte(redactedMark))
		}
	}
	for _, form := range tokenForms {
		if !bytes.Contains(p, []byte(form.marker)) {
			continue
		}
		p = form.re.ReplaceAllFunc(p, func(m []byte) []byte {
			if strings.Contains(string(m), redactedMark) {
				return m
			}
			s.count.Add(1)
			if form.marker == "://" {
				return []byte("://" + redactedMark + "@")
			}
			return []byte(redactedMark)
		})
	}
	return p
}

// scrubber redacts a stream.
type scrubber struct {
	secrets *Secrets
	held    []byte
}

func (s *Secrets) scrubber() *scrubber { return &scrubber{secrets: s} }

// feed takes a piece and returns what can go on: all but an end that a secret
// could begin in. Tokens hold no line's end, so a whole line is safe.
func (s *scrubber) feed(p []byte) []byte {
	if s.secrets == nil {
		return p
	}
	s.held = append(s.held, p...)
	at := bytes.LastIndexByte(s.held, '\n') + 1
	if bytes.Contains(s.held, []byte("PRIVATE KEY-----")) && bytes.Count(s.held, []byte("PRIVATE KEY-----"))%2 == 1 && len(s.held) < 64<<10 {
		return nil // a key that has not ended
	}
	if len(s.held)-at > maxSecret {
		at = len(s.held) - maxSecret
	}
	if at == 0 {
		return nil
	}
	out := s.secrets.replace(bytes.Clone(s.held[:at]))
	s.held = append(s.held[:0], s.held[at:]...)
	return out
}

func (s *scrubber) flush() []byte {
	if s.secrets == nil || len(s.held) == 0 {
		return nil
	}
	out := s.secrets.replace(s.held)
	s.held = nil
	return out
}
