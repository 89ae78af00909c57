package render

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Text from outside reaches Markdown in two ways only. What is a name (a path, a
// command, a hash) goes into a code span. Prose keeps its plain words, and every
// word that could mean something to GitHub (a mention, an issue, a hash, a link,
// markup, an emoji) goes into a code span. Escapes would not do: GitHub reads
// mentions and references after Markdown has undone them.

// inert breaks what is read even inside code: the marker by which a comment is
// found again, HTML comments, and commands to a CI service.
var inert = strings.NewReplacer("<!--", "<\u200b!--", "verdict:", "verdict\u200b:", "##[", "#\u200b#[")

// code puts text into a code span that nothing in it can end. It is safe in a
// table cell as well.
func code(s string) string {
	s = clean(s)
	if s == "" {
		return ""
	}
	s = inert.Replace(s)
	// In a table, the row is cut at bars before code spans are read. A bar is
	// kept together by a backslash, unless another one stands before that.
	s = strings.ReplaceAll(s, `\|`, "\\\u200b|")
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " "
	}
	return fence + pad + s + pad + fence
}

// cell is Markdown made here, for a table: bars are escaped.
func cell(md string) string {
	if md == "" {
		return "–"
	}
	return strings.ReplaceAll(md, "|", `\|`)
}

func longestRun(s string, b byte) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] != b {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

var (
	plainWord = lazyregexp.New(`^[("“‘]*[\pL\pN]+(?:['’/.,%-][\pL\pN]+)*%?[)"”’]*[.,;:!?…]?[)"”’]*$`)
	hexRun    = lazyregexp.New(`(?i)[0-9a-f]{7,}`)
	issueWord = lazyregexp.New(`(?i)gh-[0-9]|www\.`)
	quotation = lazyregexp.New("^`([^`]+)`([.,;:!?]?)$")
)

// isPlain reports whether a word means nothing to a Markdown reader or to GitHub.
func isPlain(word string) bool {
	switch word {
	case "–", "—", "→", "·", "=", "…":
		return true
	}
	return plainWord.MatchString(word) && !hexRun.MatchString(word) && !issueWord.MatchString(word)
}

// prose writes a sentence from outside. It never stands at the beginning of a
// line: what comes before it is ours.
func prose(s string) string {
	var out, odd []string
	flush := func() {
		if len(odd) > 0 {
			out = append(out, code(strings.Join(odd, " ")))
			odd = nil
		}
	}
	words := strings.Fields(clean(s))
	for i := 0; i < len(words); i++ {
		if isPlain(words[i]) {
			flush()
			out = append(out, words[i])
			continue
		}
		n := quoted(words[i:])
		if m := quotation.FindStringSubmatch(strings.Join(words[i:i+n], " ")); m != nil {
			flush()
			out = append(out, code(m[1])+m[2])
			i += n - 1
			continue
		}
		odd = append(odd, words[i])
	}
	flush()
	return strings.Join(out, " ")
}

// quoted is how many words stand between a back-quote that the first one begins with
// and the next, where there is one; 0: it begins with none.
func quoted(words []string) int {
	if words[0][0] != '`' {
		return 0
	}
	if strings.Contains(words[0][1:], "`") {
		return 1
	}
	return slices.IndexFunc(words[1:], func(w string) bool { return strings.Contains(w, "`") }) + 2
}

// fenced puts output into a fence that nothing in it can close.
func fenced(output string) string {
	lines := cleanLines(output)
	for i := range lines {
		lines[i] = inert.Replace(lines[i])
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "::") {
			lines[i] = strings.Replace(lines[i], "::", ":\u200b:", 1)
		}
	}
	body := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(body, '`')+1))
	return fence + "text\n" + body + "\n" + fence + "\n"
}

// link is a code span that leads somewhere; without an address, the span alone.
func link(text, address string) string {
	span := code(text)
	if address == "" || span == "" {
		return span
	}
	return "[" + span + "](" + address + ")"
}
