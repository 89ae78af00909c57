package tracker

import (
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var countForms = []struct {
	word string // that each match has
	re   lazyregexp.Regexp
	set  func(*Counts) *int
}{
	{"pass", lazyregexp.New(`(?i)\b(\d+) (?:tests? )?pass(?:ed|es|ing)?\b`), func(c *Counts) *int { return &c.Passed }},
	{"fail", lazyregexp.New(`(?i)\b(\d+) (?:tests? )?fail(?:ed|ures?|s)?\b`), func(c *Counts) *int { return &c.Failed }},
	{"skip", lazyregexp.New(`(?i)\b(\d+) (?:tests? )?skip(?:ped|s)?\b`), func(c *Counts) *int { return &c.Skipped }},
	{"sub", lazyregexp.New(`(?i)\b(\d+) sub-?tests?\b`), func(c *Counts) *int { return &c.Subtests }},
	{"test", lazyregexp.New(`(?i)\b(\d+) (?:test functions?|unit tests?|tests?)\b`), func(c *Counts) *int { return &c.Tests }},
	{"package", lazyregexp.New(`(?i)\b(\d+) (?:go )?packages?\b`), func(c *Counts) *int { return &c.Packages }},
	{"file", lazyregexp.New(`(?i)\b(\d+) (?:test )?files?\b`), func(c *Counts) *int { return &c.Files }},
}

var ofAll = lazyregexp.New(`\b(\d+)/(\d+)\b(?: (?:pass|tests|green|ok)|,|\)|$)`)

// counts reads the numbers that a result states; the first of each kind counts.
func counts(words string) Counts {
	c := NoCounts()
	if !hasDigit(words) {
		return c
	}
	counted := numberBeforeWord(words)
	for _, f := range countForms {
		if !counted || !mayHold(words, f.word) {
			continue
		}
		if m := f.re.FindStringSubmatch(words); m != nil {
			*f.set(&c), _ = strconv.Atoi(m[1])
		}
	}
	if strings.IndexByte(words, '/') < 0 {
		return c
	}
	if m := ofAll.FindStringSubmatch(words); m != nil && c.Passed < 0 && c.Tests < 0 {
		c.Passed, _ = strconv.Atoi(m[1])
		c.Tests, _ = strconv.Atoi(m[2])
	}
	return c
}

// numberBeforeWord reports whether a text has a number and a space after it.
func numberBeforeWord(text string) bool {
	for i := 1; i < len(text); i++ {
		if text[i] == ' ' && isDigit(text[i-1]) {
			return true
		}
	}
	return false
}
