package tracker

import (
	"strings"
)

// fileLine reads a line of changed files that stands in no list: paths, as their
// author or git wrote them. Prose about them is none.
func (p *reader) fileLine(in *inline, d *document) bool {
	parts := filesIn(in)
	for i := range parts {
		p.changedFile(&block{kind: blockItem, inline: parts[i]}, d)
	}
	return len(parts) > 0
}

// filesIn cuts a line of files at the commas between them; nil where it is prose.
func filesIn(in *inline) []inline {
	if !beginsWithFile(in) {
		return nil
	}
	var parts []inline
	start, depth := 0, 0
	cut := func(end int) bool {
		part := in.slice(start, end)
		if !beginsWithFile(&part) {
			return false
		}
		parts = append(parts, part)
		return true
	}
	for i := 0; i < len(in.text); i++ {
		switch c := in.text[i]; {
		case covers(in.spans, i):
		case c == '(' || c == '{':
			depth++
		case (c == ')' || c == '}') && depth > 0:
			depth--
		case (c == ',' || c == ';') && depth == 0:
			if !cut(i) {
				return []inline{*in} // a comma of the remark
			}
			start = i + 1
		}
	}
	if strings.TrimSpace(in.text[start:]) != "" && !cut(len(in.text)) {
		return []inline{*in}
	}
	return parts
}

// beginsWithFile reports whether a line begins with a path, in code, as a link, or in
// a form of git's.
func beginsWithFile(in *inline) bool {
	at := markEnd(in.text, in)
	for _, s := range in.spans {
		if s.start == at {
			path, _ := pathLike(strings.TrimSpace(in.text[s.start:s.end]), true)
			return path || markEnd(in.text[s.start:s.end], nil) > 0 || gitStat(in.text[s.start:s.end])
		}
	}
	for _, l := range in.links {
		if l.start == at {
			path, _ := pathLike(in.text[l.start:l.end], true)
			return path
		}
	}
	rest := in.text[at:]
	if gitMoved.MatchString(rest) || quotedPath.MatchString(rest) {
		return true
	}
	word, more, _ := strings.Cut(rest, " ")
	if tab := strings.IndexByte(word, '\t'); tab >= 0 {
		word, more = word[:tab], word[tab:]
	}
	path, weak := pathLike(strings.TrimRight(word, ".:,;"), false)
	return path && (!weak || at > 0 || more == "" || strings.IndexByte("|(:,;", strings.TrimLeft(more, " \t")[0]) >= 0 || strings.IndexByte(":,;", word[len(word)-1]) >= 0 || startsWithDash(more))
}

// gitStat reports whether a text is a line of git diff --stat.
func gitStat(text string) bool {
	path, stat, ok := strings.Cut(text, " | ")
	stat = strings.TrimSpace(stat)
	return ok && path != "" && (mayBegin(stat, "0123456789") || strings.HasPrefix(stat, "Bin"))
}

func startsWithDash(text string) bool {
	text = strings.TrimLeft(text, " ")
	return strings.HasPrefix(text, "—") || strings.HasPrefix(text, "–") || strings.HasPrefix(text, "- ")
}

// fileFence reads a code block under a label of changed files: a path on each line, or
// what git printed. It reports false where the block is something else.
func (p *reader) fileFence(d *document) bool {
	found := false
	for n, start := range d.lines {
		end := len(d.source)
		if n+1 < len(d.lines) {
			end = d.lines[n+1]
		}
		line := string(d.source[start:end])
		text := strings.TrimSpace(line)
		if text == "" || promptMark.MatchString(text) || gitSummary.MatchString(text) {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		in := inline{text: text, offset: start + indent, pieces: []span{{offset: start + indent}}}
		if !found && !beginsWithFile(&in) {
			return false
		}
		found = true
		p.fileLine(&in, d)
	}
	return found
}
