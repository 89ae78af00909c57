package tracker

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	// gitMark is what git prints before a path, and those who write as it does.
	gitMark = lazyregexp.New(`^(?:(?:[MADRCTUXB]{1,2}|[RC]\d{1,3}|\?\?|!!)\s+` + // M a.go, R100 a.go b.go
		`|(?:\d+|-)\t(?:\d+|-)\t` + // of --numstat
		`|(?:(?:create|delete) mode \d{6}|mode change \d{6} => \d{6}|rename|copy) ` + // of --summary
		`|(?i:new file|new|added?|created?|modified|modify|both modified|changed?|edited|updated?|deleted?|removed?|renamed|moved?|copied|typechange):\s+` +
		`|(?i:new file|new|added?|created?|modified|modify|changed?|edited|updated?|deleted?|removed?|renamed?|moved?|copied)\s+)`)
	gitMoved   = lazyregexp.New(`^([^\s{}]*)\{([^\s{}]*) => ([^\s{}]*)\}(\S*)`) // src/{old => new}/a.go
	gitSummary = lazyregexp.New(`^\d+ files? changed\b`)
	quotedPath = lazyregexp.New(`^"(?:[^"\\]|\\.)+"`)
	noneWord   = lazyregexp.New(`(?i)^\(?(none|n/a|nothing|no|—|–|-)[.,;:)]*$`)
)

// changedFile reads a line of a list of changed files: a path in code, or as its
// author or git wrote it. What else the line says is kept: it may name more files.
func (p *reader) changedFile(b *block, d *document) {
	if p.packet < 0 || b.level > 0 || mayBegin(b.text, "0123456789") && gitSummary.MatchString(b.text) {
		return
	}
	at := markEnd(b.text, &b.inline)
	path, note := "", ""
	if len(b.spans) > 0 && b.spans[0].start == at {
		code := b.code(0)
		code = code[markEnd(code, nil):]
		path, note = code, b.text[b.spans[0].end:]
		if end := strings.IndexAny(code, "|>"); end > 0 { // a.go | 12 ++, a.go -> b.go
			path, note = pathOf(code)
			note += b.text[b.spans[0].end:]
		}
	} else {
		line, more, _ := strings.Cut(b.text, "\n")
		path, note = pathOf(line[at:])
		if i := slices.IndexFunc(b.links, func(l link) bool { return l.start == at }); i >= 0 { // "[a b.go](…)"
			if is, _ := pathLike(b.text[at:b.links[i].end], true); is {
				path, note = b.text[at:b.links[i].end], b.text[b.links[i].end:len(line)]
			}
		}
		if strings.HasPrefix(line[at:], path) {
			end := at + len(path)
			path, note = writtenPath(&b.inline, d, at, end), b.written(d, end, len(line))
		}
		note += " " + more
	}
	if path == "" || noneWord.MatchString(path) || strings.HasPrefix(path, "<") {
		return
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, "./"), ".../") // git shortens a long one
	ev := &p.t.Packets[p.packet].Evidence
	ev.Files = append(ev.Files, File{Path: path, Note: strings.TrimSpace(strings.TrimLeft(note, " \t\n:,;—–-")), Pos: d.pos(b.offset)})
}

// markEnd is where the path begins that follows git's mark; 0 where there is no
// mark. A word alone is one in prose (in) where a path or code follows: "Added a.go",
// but not "Added tests".
func markEnd(text string, in *inline) int {
	if end := strings.IndexAny(text, " \t\n\f\r"); end < 0 || strings.ContainsAny(text[:end], "/.`") {
		return 0 // no word of its own before the path
	}
	m := gitMark.FindString(text)
	word := strings.TrimRight(m, " \t\n")
	if len(word) < 4 || strings.HasSuffix(word, ":") || strings.Contains(word, " ") || strings.ContainsAny(word, "0123456789") {
		return len(m)
	}
	next, _, _ := strings.Cut(text[len(m):], " ")
	if in != nil && (strings.ContainsAny(next, "./") || len(in.spans) > 0 && in.spans[0].start == len(m)) {
		return len(m)
	}
	return 0
}

// pathOf cuts a line after its path. Of a file that was moved, that is the old one.
func pathOf(line string) (path, note string) {
	if m := gitMoved.FindStringSubmatch(line); m != nil {
		old, renamed := m[1]+m[2]+m[4], m[1]+m[3]+m[4]
		return strings.ReplaceAll(old, "//", "/"), strings.ReplaceAll(renamed, "//", "/") + line[len(m[0]):]
	}
	path = quotedPath.FindString(line)
	if path == "" {
		path = line
		if end := strings.IndexAny(line, " \t\n"); end >= 0 {
			path = line[:end]
		}
	}
	note = line[len(path):]
	if path = strings.TrimRight(path, ":,;"); strings.HasSuffix(path, ".") && !strings.HasSuffix(path, "..") {
		path = path[:len(path)-1] // of the sentence
	}
	return path, note
}

// writtenPath is a path as it was written. Two "_" on either side of all of it are
// a name's own (__tests__), since a path in bold has "**".
func writtenPath(in *inline, d *document, start, end int) string {
	path := in.written(d, start, end)
	for _, m := range in.marked {
		if from := in.offsetOf(start); m == (mark{start, end, 2}) && from > 0 && d.source[from-1] == '_' {
			return "__" + path + "__"
		}
	}
	return path
}
