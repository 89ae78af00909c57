package main

import (
	"regexp"
	"strings"
	"time"
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
	codeFence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
	acceptIt  = regexp.MustCompile(`^(\S+)(?:\s+@([0-9a-f]{7,40}))?\s+until\s+(\d{4}-\d{2}-\d{2})\s+because\s+(\S.*)$`)
)

// orders reads the orders of a comment: lines that begin with /verdict, outside of
// code, quotes, lists and HTML comments. What is no order is left alone.
func orders(body string) []order {
	var found []order
	fence := ""
	hidden := false
	for line := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\n")
		if m := codeFence.FindStringSubmatch(line); m != nil && !hidden {
			mark := m[1]
			switch {
			case fence == "":
				fence = mark
			case mark[0] == fence[0] && len(mark) >= len(fence) && strings.TrimSpace(strings.Trim(strings.TrimSpace(line), mark[:1])) == "":
				fence = ""
			}
			continue
		}
		if fence != "" {
			continue
		}
		if hidden || strings.Contains(line, "<!--") {
			hidden = strings.LastIndex(line, "-->") < strings.LastIndex(line, "<!--") || hidden && !strings.Contains(line, "-->")
			continue
		}
		if rest, ok := strings.CutPrefix(line, "/verdict "); ok {
			if o, ok := orderOf(strings.TrimSpace(rest)); ok {
				found = append(found, o)
			}
		}
	}
	return found
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
