package verdict

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzPhrases holds what is found against the same expressions as one pattern that
// is tried at every place.
func FuzzPhrases(f *testing.F) {
	const expressions = `fixed|closed(?: out)?|no longer (?:applies|needed)|(?:has|have) been addressed|won'?t fix|q[1-4]|v?\d+\.\d+|(?:release )?notes?|a|t[ée]tat|[a-z][a-z0-9]*-\d+`
	plain := regexp.MustCompile(`\b(?:` + expressions + `)(?:\b|$)`)
	list := newPhrases(expressions)
	for _, text := range []string{
		"", "a", "closed out", "closed outside", "it is fixed, a-1 is not; v1.2", "q4 q5", "won't fix", "wontfix_a a_fixed", "éa tétat aétat", "no longer no longer applies",
		"have been addressed in ab-01-02", "fixed.fixed", "release notes", "a\xffa", "1.2.3", "\nfixed\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = lowered(text)
		var got [][]int
		for from, to := range list.all(text) {
			got = append(got, []int{from, to})
		}
		assert.Equal(t, plain.FindAllStringIndex(text, -1), got, text)
	})
}

// TestPhrasesBeginWithWords: an expression of the lists that began with another
// character would not be found.
func TestPhrasesBeginWithWords(t *testing.T) {
	for _, l := range dispositions {
		for _, list := range []*phrases{l.word(), l.phrase()} {
			for c, seconds := range list.begins {
				assert.True(t, isWordByte(byte(c)) || !slices.Contains(seconds[:], true), "an expression of %s begins with %q", l.disposition, c)
			}
		}
	}
}
