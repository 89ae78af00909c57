package tracker

import (
	"bytes"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	tagLine     = lazyregexp.New(`(?i)^[ \t]*(?:</?(?:details|div|p|center|section|article|a|span|br|hr|img|picture|source|sub|sup|b|i|em|strong|small)\b[^<>]*>[ \t]*)+\r?$`)
	summaryLine = lazyregexp.New(`(?i)^[ \t]*(?:<details[^<>]*>[ \t]*)?(<summary[^<>]*>)[ \t]*(\S.*?)[ \t]*(</summary>[ \t]*(?:</details>)?)?[ \t]*\r?$`)
	headingTags = lazyregexp.New(`(?i)</?h[1-6][^<>]*>`)
)

// withoutLayout writes spaces over lines of tags that only arrange the text, so
// that Markdown reads what stands between them; a summary becomes a heading of
// what it folds away. No byte moves.
func withoutLayout(source []byte) []byte {
	if !bytes.Contains(source, []byte{'<'}) {
		return source
	}
	out := source
	copied := false
	for start := 0; start < len(source); {
		end := len(source)
		if at := bytes.IndexByte(source[start:], '\n'); at >= 0 {
			end = start + at
		}
		line := source[start:end]
		if first := bytes.TrimLeft(line, " \t"); len(first) > 0 && first[0] == '<' {
			if !copied {
				out, copied = bytes.Clone(source), true
			}
			blankTags(out[start:end])
		}
		start = end + 1
	}
	return out
}

func blankTags(line []byte) {
	if tagLine.Match(line) {
		blank(bytes.TrimRight(line, "\r"))
		return
	}
	m := summaryLine.FindSubmatchIndex(line)
	if m == nil {
		return
	}
	text := bytes.Clone(line[m[4]:m[5]])
	for _, tag := range headingTags.FindAllIndex(text, -1) {
		blank(text[tag[0]:tag[1]])
	}
	blank(bytes.TrimRight(line, "\r"))
	copy(line, "######")
	copy(line[m[4]:], text)
}

func blank(b []byte) {
	for i := range b {
		b[i] = ' '
	}
}
