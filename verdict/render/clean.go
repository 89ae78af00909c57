package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// clean makes text from outside safe to show: valid UTF-8, one line, and no
// character that moves the cursor, hides text or turns its direction. Control
// characters become their visible pictures.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		case r < ' ':
			return '\u2400' + r
		case r == 0x7f:
			return '\u2421'
		case r == utf8.RuneError, unicode.Is(unicode.C, r) && r != '\u200d', r >= 0xfff0 && r <= 0xfff8:
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd")))
}

// Lines makes the lines of a command's output safe to show, without their colours and
// with their indentation.
func Lines(s string) []string { return cleanLines(s) }

// cleanLines is clean for output of several lines. ANSI escape sequences go, and
// of a line that was written over with carriage returns the last state stays.
func cleanLines(s string) []string {
	lines := strings.Split(strings.ReplaceAll(strings.TrimRight(stripANSI(s), "\r\n"), "\r\n", "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndexByte(line, '\r')+1:]
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		lead := strings.ReplaceAll(line[:indent], "\t", "    ")
		lines[i] = strings.TrimRight(lead+clean(line[indent:]), " ")
	}
	return lines
}

// stripANSI removes escape sequences: CSI, OSC and the two-character ones.
func stripANSI(s string) string {
	if !strings.ContainsRune(s, '\x1b') {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\x1b' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		i += escapeLength(s[i:])
	}
	return b.String()
}

func escapeLength(s string) int {
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return i
			}
		}
		return len(s)
	case ']':
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == '\a':
				return i + 1
			case s[i] == '\x1b' && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] == '\n':
				return i
			}
		}
		return len(s)
	}
	if s[1] < 0x20 || s[1] >= 0x7f {
		return 1
	}
	return 2
}

// Line makes one safe line of text from outside, without its colours and without
// other control characters.
func Line(s string) string {
	return clean(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}, stripANSI(s)))
}

// Clip shortens s to n columns of a terminal, with an ellipsis where it cuts.
func Clip(s string, n int) string { return clip(s, n) }

// Columns is how many columns of a terminal s takes, which may be coloured.
func Columns(s string) int { return columns(stripANSI(s)) }

// columns is how many columns of a terminal s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

const emojiForm = '\ufe0f'

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if r == emojiForm { // many terminals show what stands before it twice as wide
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip shortens s to n columns, with an ellipsis where it cuts.
func clip(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used+runeColumns(r) > n-1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
		used += runeColumns(r)
	}
	return s
}

// wrap breaks s at spaces into lines of at most n columns; a longer word is
// broken where it must.
func wrap(s string, n int) []string {
	n = max(n, 8)
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		for {
			w := columns(word)
			if used > 0 && used+1+w <= n {
				line, used = line+" "+word, used+1+w
				break
			}
			if used > 0 {
				lines = append(lines, line)
				line, used = "", 0
			}
			if w <= n {
				line, used = word, w
				break
			}
			head := breakAt(word, n)
			lines = append(lines, head)
			word = word[len(head):]
		}
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// breakAt gives the longest beginning of word that fits into n columns, at
// least one character.
func breakAt(word string, n int) string {
	used := 0
	for i, r := range word {
		if used += runeColumns(r); used > n && i > 0 {
			return word[:i]
		}
	}
	return word
}
