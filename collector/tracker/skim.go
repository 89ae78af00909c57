package tracker

import (
	"strings"
	"unicode/utf8"
)

// What stands here tells cheaply that a regular expression cannot match: most lines
// of a tracker are prose, and hold nothing that is looked for.

// mayHold reports whether a text may hold one of the words, which are in lower case
// and ASCII, as (?i) has it. It errs to true: "ſ" and the sign of
// the kelvin fold to ASCII letters.
func mayHold(text string, words ...string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= utf8.RuneSelf {
			if foldsToASCII(text[i:]) {
				return true
			}
			continue
		}
		for _, word := range words {
			if lower(c) == word[0] && len(text)-i >= len(word) && hasFold(text[i:], word) {
				return true
			}
		}
	}
	return false
}

// mayHoldWord is mayHold of words that begin where a word does.
func mayHoldWord(text string, words ...string) bool {
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= utf8.RuneSelf && foldsToASCII(text[i:]) {
			return true
		}
		if !inside {
			for _, word := range words {
				if lower(c) == word[0] && len(text)-i >= len(word) && hasFold(text[i:], word) {
					return true
				}
			}
		}
		inside = c == '_' || isDigit(c) || 'a' <= lower(c) && lower(c) <= 'z'
	}
	return false
}

// foldsToASCII reports whether a text begins with one of the two characters that (?i)
// takes for ASCII letters.
func foldsToASCII(text string) bool {
	return strings.HasPrefix(text, "ſ") || strings.HasPrefix(text, "\u212a")
}

// hasFold reports whether a text begins with a word in lower case, in any case.
func hasFold(text, word string) bool {
	for i := 0; i < len(word); i++ {
		if c := text[i]; c < utf8.RuneSelf && lower(c) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// mayBegin reports whether a text may begin with one of the letters, which are in
// lower case, in either case, or with a character that is no ASCII.
func mayBegin(text, letters string) bool {
	return text != "" && (text[0] >= utf8.RuneSelf || strings.IndexByte(letters, lower(text[0])) >= 0)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// hasDigit reports whether a text has an ASCII digit.
func hasDigit(text string) bool { return strings.ContainsAny(text, "0123456789") }

// mayHaveArrow reports whether a text may have one of the arrows between a command
// and its result.
func mayHaveArrow(text string) bool {
	return strings.IndexByte(text, '>') >= 0 || strings.Contains(text, "→") || strings.Contains(text, "⇒")
}
