package verdict

import (
	"slices"
	"strings"
	"unicode"

	"github.com/verdictci/verdict/collector/tracker"
)

// same finds the entry that states the same risk: the same text, or most of the
// words in common; of the packet that the place names, where it names one.
func (l *ledger) same(r *tracker.Risk) *entry {
	hits := map[int]int{}
	own := words(r.Text)
	for _, w := range own {
		if at := l.tokens[w]; len(at) <= 64 { // a word that stands everywhere tells nothing
			for _, i := range at {
				hits[i]++
			}
		}
	}
	best, score := -1, 0.0
	for i, n := range hits {
		e := l.entries[i]
		s := float64(n) / float64(max(1, min(len(own), len(words(e.Text)))))
		switch {
		case normalText(e.Text) == normalText(r.Text):
			s = 3
		case n < 2, s < 0.5:
			continue
		}
		if l.names(r.Packet) && !tracker.SameID(e.Packet, r.Packet) {
			if s < 0.75 {
				continue
			}
			s -= 0.5 // a place may name another packet
		}
		if !e.reconciled {
			s += 0.001 // of two alike, the one that has no row yet
		}
		if s > score || s == score && i < best {
			best, score = i, s
		}
	}
	if best < 0 {
		return l.texts[normalText(r.Text)]
	}
	return l.entries[best]
}

// normalText is a text without case, marks and the blanks between words.
func normalText(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), " ")
}

// beginnings are what a normal text begins with: two words, three, and so on.
func beginnings(text string) []string {
	var out []string
	words := 0
	for i, r := range text {
		if r == ' ' {
			if words++; words > 1 && words < 64 {
				out = append(out, text[:i])
			}
		}
	}
	return out
}

// repeated is the entry that another packet's statement repeats, be it with
// further words behind it on one side.
func (l *ledger) repeated(text string) *entry {
	key := normalText(text)
	if e := l.texts[key]; e != nil {
		return e
	}
	starts := beginnings(key)
	for i := len(starts) - 1; i >= 0; i-- {
		if e := l.texts[starts[i]]; e != nil {
			return e
		}
	}
	if !strings.Contains(key, " ") {
		return nil
	}
	return l.begun[key]
}

// words are the words of a text that tell it from others, each once: those of four
// characters and more that begin with a letter, and numbers of two digits and more.
func words(text string) []string {
	var out []string
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' }
	for text = strings.ToLower(text); text != ""; {
		n, least := 0, 4
		switch {
		case digit(text[0]):
			for least = 2; n < len(text) && digit(text[n]); n++ {
			}
		case letter(text[0]):
			for n < len(text) && (letter(text[n]) || digit(text[n]) || text[n] == '_') {
				n++
			}
		}
		if n < least {
			text = text[1:]
			continue
		}
		w := text[:n]
		text = text[n:]
		switch w {
		case "with", "from", "this", "that", "have", "been", "does", "will", "into", "only", "when", "which", "packet", "risk", "test", "tests":
			continue
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}
