package main

import (
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// order is a line of a comment that asks verdict for something.
type order struct {
	verb   string // "run", "status", "explain", "accept"
	what   string // the rule, or the id of the finding or risk
	commit string // beginning of the head that it is given for; empty: not named
	until  time.Time
	reason string
}

var (
	codeFence = lazyregexp.New("^([ \t]*(?:(?:[-+*]|\\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})(.*)$")
	container = lazyregexp.New(`^([ \t]|>|<|\[[^\]]*\]:|[-+*]([ \t]|$)|\d{1,9}[.)]([ \t]|$))`)
	htmlTag   = lazyregexp.New(`(?i)<(/?)(blockquote|code|del|details|kbd|pre|q|s|samp|script|style|template|textarea)\b`)
	codeSpan  = lazyregexp.New("`+")
	tableRule = lazyregexp.New(`^[ \t|:-]*-[ \t|:-]*$`) // under a table's head; what follows are cells
	acceptIt  = lazyregexp.New(`^(\S+)(?:\s+@([0-9a-f]{12,64}))?\s+until\s+(\d{4}-\d{2}-\d{2})\s+because\s+(\S.*)$`)
)

// orders reads the orders of a comment: lines that begin with /verdict, outside of
// code, quotes, lists and HTML. What is no order is left alone, and so is a line of
// which it is not certain how GitHub shows it.
func orders(body string) []order {
	var found []order
	fence := ""                // that is open
	hidden := false            // in an HTML comment
	html := 0                  // elements that are open
	inside := false            // in a quote, list, footnote or HTML block, which may go on without its mark
	ticks := map[string]bool{} // code spans that the paragraph left open
	for line := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\n")
		m := codeFence.FindStringSubmatch(line)
		switch {
		case hidden:
			hidden = strings.LastIndex(line, "-->") < strings.LastIndex(line, "<!--") || !strings.Contains(line, "-->")
			continue
		case fence != "":
			if m != nil && len(m[1]) <= 3 && strings.Trim(m[1], " ") == "" && m[2][0] == fence[0] && len(m[2]) >= len(fence) && strings.TrimSpace(m[3]) == "" {
				fence = ""
			}
			continue
		case m != nil && (m[2][0] == '~' || !strings.Contains(m[3], "`")):
			if m[1] != "" || inside || html > 0 {
				return found // where it ends depends on what is around it
			}
			fence = m[2]
			clear(ticks)
			continue
		case strings.Contains(line, "<!--"):
			hidden = strings.LastIndex(line, "-->") < strings.LastIndex(line, "<!--")
			continue
		case strings.TrimSpace(line) == "":
			inside = false
			clear(ticks)
			continue
		}
		if strings.Contains(line, "<?") || strings.Contains(line, "<!") {
			return found // hides what follows until its end, blank lines or not
		}
		inside = inside || container.MatchString(line) || tableRule.MatchString(line) || staysOpen(line)
		if rest, ok := strings.CutPrefix(line, "/verdict "); ok && html == 0 && !inside && len(ticks) == 0 {
			if o, ok := orderOf(strings.TrimSpace(rest)); ok {
				found = append(found, o)
			}
		}
		for _, tag := range htmlTag.FindAllStringSubmatch(line, -1) {
			if tag[1] == "" {
				html++
			} else {
				html = max(0, html-1)
			}
		}
		for _, run := range codeSpan.FindAllString(line, -1) {
			if ticks[run] = !ticks[run]; !ticks[run] {
				delete(ticks, run)
			}
		}
	}
	return found
}

// staysOpen reports whether a line may begin a link or a tag that the next one ends;
// also where an attribute or a backslash makes it hard to tell.
func staysOpen(line string) bool {
	return strings.Contains(line, "<") && strings.Contains(line, "=") || strings.LastIndex(line, "[") > strings.LastIndex(line, "]") || strings.LastIndex(line, "<") > strings.LastIndex(line, ">") || strings.Contains(line, "\\`")
}

func orderOf(text string) (order, bool) {
	verb, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "run", "status":
		return order{verb: verb}, rest == ""
	case "explain":
		return order{verb: verb, what: rest}, rest != "" && !strings.Contains(rest, " ")
	case "accept":
		m := acceptIt.FindStringSubmatch(rest)
		if m == nil {
			return order{verb: verb}, true // answered with the form
		}
		until, err := time.Parse("2006-01-02", m[3])
		if err != nil {
			return order{verb: verb}, true
		}
		return order{verb: verb, what: m[1], commit: m[2], until: until, reason: m[4]}, true
	}
	return order{}, false
}
