// Package redact finds secrets by how they look: tokens of known shapes wherever they
// stand, and in the text of commands also what is given as a password or a token.
package redact

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// tokenForms are shapes of tokens that are known well enough to be replaced
// wherever they stand. Looking for a rare byte and then for the marker that each
// token holds is cheap; the expression is not.
var tokenForms = []struct {
	rare   byte // forms with the same one stand together
	marker string
	re     lazyregexp.Regexp
}{
	{'_', "gh", lazyregexp.New(`\bgh[pousr]_[A-Za-z0-9]{36,}\b`)},
	{'_', "github_pat_", lazyregexp.New(`\bgithub_pat_[A-Za-z0-9_]{40,}\b`)},
	{'_', "npm_", lazyregexp.New(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{'-', "xox", lazyregexp.New(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
	{'-', "sk-", lazyregexp.New(`\bsk-[A-Za-z0-9_-]{32,}`)},
	{'-', "glpat-", lazyregexp.New(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{'-', "PRIVATE KEY-----", lazyregexp.New(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`)},
	{'@', "://", lazyregexp.New(`://[^\s/:@"']{1,100}:[^\s/@"']{3,200}@`)},
	{'K', "AKIA", lazyregexp.New(`\bAKIA[0-9A-Z]{16}\b`)},
	{'J', "eyJ", lazyregexp.New(`\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
}

// Tokens replaces tokens of known shapes, and says how many there were.
func Tokens(p []byte) ([]byte, int) {
	count := 0
	var rare byte
	for _, form := range tokenForms {
		if form.rare == rare { // it is not in the text
			continue
		}
		if bytes.IndexByte(p, form.rare) < 0 {
			rare = form.rare
			continue
		}
		if !bytes.Contains(p, []byte(form.marker)) {
			continue
		}
		p = form.re.ReplaceAllFunc(p, func(m []byte) []byte {
			if strings.Contains(string(m), Mark) {
				return m
			}
			count++
			if form.marker == "://" {
				return []byte("://" + Mark + "@")
			}
			return []byte(Mark)
		})
	}
	return p, count
}

// value is a word of shell text: in quotes, or not.
const value = `('[^']*'|"[^"]*"|[^\s'";&|()<>` + "`" + `]+)`

const (
	option = "--" // whose value is the next word
	quotes = `'"`
)

// given are the ways in which a command is given a secret. The first group stays,
// the last one is the secret. A text that has none of the marks is not searched. A
// header stands in quotes, or prose on authorization would hold secrets.
var given = []struct {
	marks string
	re    lazyregexp.Regexp
}{
	{"=", lazyregexp.New(`(?i)(\b(?:[\w-]*[_-])?(?:password|passwd|passphrase|token|secret|secrets|api[_-]?key|private[_-]?key|access[_-]?key|credentials)=)` + value)},
	{option, lazyregexp.New(`(?i)(--(?:[a-z-]*-)?(?:password|passwd|passphrase|token|secret|api-?key|access-key)\s+)` + value)},
	{quotes, lazyregexp.New(`(?i)(['"]authorization:\s*(?:(?:bearer|basic|token)\s+)?)([^\s'"\\]+)`)},
	{quotes, lazyregexp.New(`(?i)(['"](?:private-token|(?:x-)?(?:[a-z]+-)*(?:api-?key|auth-token|access-token)):\s*)([^\s'"\\]+)`)},
	{"curl", lazyregexp.New(`(\bcurl\b[^|;&]*\s(?:-u|--user)[ =]['"]?[^\s:'"]+:)([^\s'"]+)`)},
}

// expanded is a value that the shell puts in, or that is none.
var expanded = lazyregexp.New("^[\"']?(?:\\$|`|\\\\\\$|\\[redacted\\]|['\"]?$)")

// Command replaces the secrets in a command's text, and returns those that it was
// given. A variable is no secret.
func Command(text string) (string, []string) {
	return replace(text, func(string) bool { return true })
}

// Prose does the same in text that may speak of commands. What stands behind an option
// is a word more often than a secret there: it is one when it holds a digit.
func Prose(text string) (string, []string) {
	return replace(text, func(secret string) bool { return strings.ContainsAny(secret, "0123456789") })
}

// replace replaces tokens, and what is given as a secret; of an option's value optional
// says whether it is one.
func replace(text string, optional func(string) bool) (string, []string) {
	var found []string
	if mayHoldToken(text) {
		if p, _ := Tokens([]byte(text)); string(p) != text {
			found = append(found, tokens(text)...)
			text = string(p)
		}
	}
	for _, way := range given {
		if !mayGive(text, way.marks) {
			continue
		}
		text = replaceLast(way.re(), text, func(secret string) string {
			if expanded.MatchString(secret) || way.marks == option && !optional(secret) {
				return secret
			}
			found = append(found, strings.Trim(secret, `'"`))
			if quote := secret[:1]; quote == "'" || quote == `"` {
				return quote + Mark + quote
			}
			return Mark
		})
	}
	return text, found
}

// named is an option whose value, the next word, is a secret.
var named = lazyregexp.New(`(?i)^--(?:[a-z-]*-)?(?:password|passwd|passphrase|token|secret|api-?key|access-key)$`)

// Words replaces the secrets in the words of a command, in place.
func Words(words []string) {
	for i, word := range words {
		quoted, _ := Command("'" + word) // where a header would stand
		words[i] = quoted[1:]
		if i > 0 && named.MatchString(words[i-1]) && !strings.HasPrefix(word, "-") && !expanded.MatchString(word) {
			words[i] = Mark
		}
	}
}

// Lines replaces the secrets in each line of a document.
func Lines(document []byte) []byte {
	document, _ = Tokens(document)
	var out []byte
	for line := range bytes.Lines(document) {
		text, _ := Command(string(line))
		out = append(out, text...)
	}
	return out
}

// mayGive looks for what an expression needs, which costs less than it does.
func mayGive(text, marks string) bool {
	switch {
	case marks == "=":
		return assigns(text)
	case marks == quotes && (strings.IndexByte(text, ':') < 0 || !strings.ContainsAny(text, quotes)):
		return false
	case marks != quotes && !strings.Contains(text, marks):
		return false
	}
	lower := strings.ToLower(text)
	for _, word := range []string{"pass", "token", "secret", "key", "authorization", "curl"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// assigns reports whether a name that ends as those of secrets do stands before a "=".
func assigns(text string) bool {
	for rest := 0; ; {
		at := strings.IndexByte(text[rest:], '=')
		if at < 0 {
			return false
		}
		name := text[:rest+at]
		for _, end := range []string{"password", "passwd", "passphrase", "token", "secret", "secrets", "key", "credentials"} {
			if len(name) >= len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
				return true
			}
		}
		rest += at + 1
	}
}

// mayHoldToken is the same for tokens.
func mayHoldToken(text string) bool {
	if len(text) < len("://a:pwd@") {
		return false
	}
	for _, form := range tokenForms {
		if strings.IndexByte(text, form.rare) >= 0 && strings.Contains(text, form.marker) {
			return true
		}
	}
	return false
}

// tokens lists the tokens of known shapes in a text.
func tokens(text string) (found []string) {
	for _, form := range tokenForms {
		for _, m := range form.re().FindAllString(text, -1) {
			if form.marker == "://" {
				_, m, _ = strings.Cut(strings.Trim(m, ":/@"), ":")
			}
			found = append(found, m)
		}
	}
	return found
}

// replaceLast replaces what the last group of a pattern matches.
func replaceLast(re *regexp.Regexp, text string, by func(string) string) string {
	var b strings.Builder
	end := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		from, to := m[len(m)-2], m[len(m)-1]
		b.WriteString(text[end:from])
		b.WriteString(by(text[from:to]))
		end = to
	}
	b.WriteString(text[end:])
	return b.String()
}
