package tracker

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// mode is what the items of a list are, by the label or heading above it.
type mode int

const (
	modeNone mode = iota
	modeCommands
	modeFiles
	modeGates
	modeCommit
	modeRisks
	modeConditions
	modeVerdict
	modeRollback
	modeRequired
	modeDepends
	modeScope
	modeOutOfScope
	modeOther // a label that is not known: its items claim nothing that is read
)

var modeLabels = []struct {
	mode mode
	re   lazyregexp.Regexp
}{
	{modeCommands, lazyregexp.New(`(?i)^(commands?( run| executed)?\b|.*\bcommands?( run| executed)?$|.*\bcommands? (run|executed)\b|(reviewer|implementer)\b.*\b(re)?runs?\b|.*\b(milestone|full|final) .*validation\b|validation( commands| results)?\b|tests?( runs?| results| executed| output)?$|verification( commands| runs?)\b|(ran|reruns?|executed)$|results?$|exit codes?$)`)},
	{modeFiles, lazyregexp.New(`(?i)^(files?|paths?) (changed|touched|modified|added)|^(changed|modified|touched) (files|paths)|^changes$`)},
	{modeGates, lazyregexp.New(`(?i)^(review )?gates?( checklist)?$|^gate checklist`)},
	{modeCommit, lazyregexp.New(`(?i)^(checkpoint )?commits?( hash)?$|^checkpoint( hash)?$`)},
	{modeRisks, lazyregexp.New(`(?i)\bresidual (risks?|items?)\b|^(known|open|remaining) risks?\b|^risks?$`)},
	{modeConditions, lazyregexp.New(`(?i)\bconditions?\b`)},
	{modeVerdict, lazyregexp.New(`(?i)\b(verdict|recommendation)\b|^(final |release |go/no-go )?decision$`)},
	{modeRollback, lazyregexp.New(`(?i)^rollback`)},
}

var requiredLabel = lazyregexp.New(`(?i)^required (tests?|commands?|checks?|validation)$`)

// continuesCommands are labels of a second list of commands under the first:
// who ran them.
var continuesCommands = lazyregexp.New(`(?i)\b(implementer|reviewer|rerun|verification|codex|claude|ci)\b`)

// remark is what a label adds in parentheses: "Checkpoint Commit (Packet 03)".
var remark = lazyregexp.New(`\s*\([^()]*\)$`)

func (p *reader) modeOf(label string) mode {
	if label = strings.Trim(label, " *:"); strings.HasSuffix(label, ")") {
		label = remark.ReplaceAllString(label, "")
	}
	part := p.words.partOf(label)
	if p.packet >= 0 && (mayBegin(label, "r") && requiredLabel.MatchString(label) || part == partRequired && p.part != partEvidence) {
		return modeRequired
	}
	key := memoKey(label)
	mode, ok := p.modes[key]
	if !ok {
		mode = labelledMode(label)
		if len(p.modes) < 4096 {
			p.modes[key] = mode
		}
	}
	if mode != modeOther {
		return mode
	}
	if p.packet >= 0 && p.part == partPacket {
		if mode := scopeMode(label); mode != modeOther {
			return mode
		}
	}
	if p.mode == modeCommands && continuesCommands.MatchString(label) {
		return modeCommands
	}
	switch part {
	case partRequired:
		return modeCommands
	case partGates:
		return modeGates
	case partRisks:
		return modeRisks
	case partCheckpoints:
		return modeCommit
	}
	return modeOther
}

func labelledMode(label string) mode {
	for _, l := range modeLabels {
		if l.re.MatchString(label) {
			return l.mode
		}
	}
	return modeOther
}

// maxLabel is how many characters a label may have, besides its first.
const maxLabel = 100

// cutLabel finds a label at the beginning of a line: signs, words without code, a
// colon, and the end or white space with the rest of the only line.
func cutLabel(text string) (from, colon, value int, ok bool) {
	isSpace := func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }
	if colon = strings.IndexByte(text, ':'); colon < 0 {
		return 0, 0, 0, false
	}
	for from < len(text) {
		r, size := utf8.DecodeRuneInString(text[from:])
		if r == '`' || unicode.IsLetter(r) || r < utf8.RuneSelf && (isDigit(byte(r)) || isSpace(byte(r))) {
			break
		}
		from += size
	}
	for from < len(text) && isSpace(text[from]) {
		from++
	}
	first, size := utf8.DecodeRuneInString(text[from:])
	if !unicode.IsLetter(first) {
		return 0, 0, 0, false
	}
	colon = from + size
	for n := 0; colon < len(text) && text[colon] != ':'; n++ {
		_, size = utf8.DecodeRuneInString(text[colon:])
		if n == maxLabel || text[colon] == '`' {
			return 0, 0, 0, false
		}
		colon += size
	}
	if colon == len(text) {
		return 0, 0, 0, false
	}
	for value = colon + 1; value < len(text) && isSpace(text[value]); value++ {
	}
	if value < len(text) && (value == colon+1 || strings.IndexByte(text[value:], '\n') >= 0) {
		return 0, 0, 0, false
	}
	return from, colon, value, true
}

// labelOf splits a line that begins with a label: "Commit: …", or in bold.
func (p *reader) labelOf(in *inline) (label string, value inline, ok bool) {
	if len(in.spans) > 0 && in.spans[0].start == 0 {
		return "", inline{}, false // a command, whatever follows
	}
	if from, colon, at, ok := cutLabel(in.text); ok {
		return in.text[from:colon], in.slice(at, len(in.text)), true
	}
	if len(in.strong) == 0 || strings.Trim(in.text[:in.strong[0].start], " -–—") != "" {
		return "", inline{}, false
	}
	s := in.strong[0]
	label = strings.Trim(in.text[s.start:s.end], " :")
	if rest := strings.TrimLeft(in.text[s.end:], " :"); rest != "" && p.modeOf(label) == modeOther {
		return "", inline{}, false // a sentence that begins in bold
	}
	return label, in.slice(min(s.end+len(in.text[s.end:])-len(strings.TrimLeft(in.text[s.end:], " :—–-")), len(in.text)), len(in.text)), label != ""
}

func (p *reader) paragraph(b *block, d *document) {
	if p.part == partEvidence {
		p.noteRaw(b.text)
	}
	patterns := p.patterns()
	labelled := false
	for _, in := range eachLine(&b.inline) {
		label, value, ok := p.labelOf(&in)
		if ok && (p.mode == modeFiles || p.inScope()) {
			path, _ := pathLike(label, false)
			ok = !path // "src/a.go: the change"
		}
		if !ok && bareLabel(b) && p.modeOf(in.text) != modeOther {
			label, value, ok = in.text, in.slice(len(in.text), len(in.text)), true
		}
		if !ok {
			p.proseLine(&in, d)
			continue
		}
		p.label(&in, label, value, d)
		labelled = labelled || p.inScope()
	}
	if labelled && p.patterns() > patterns {
		p.mode = modeOther // "Scope: src/**" is all of it: a list below is another one
	}
}

// bareLabel reports whether a paragraph is a label without a colon: "Residual
// risks" on a line of its own.
func bareLabel(b *block) bool {
	return len(b.text) <= 60 && len(b.spans) == 0 && len(strings.Fields(b.text)) <= 4 && bareWords.MatchString(b.text)
}

var bareWords = lazyregexp.New(`^[*_]*\pL[\pL /+&-]*[*_]*$`)

// label reads a line that begins with a label, and turns to what it labels.
func (p *reader) label(in *inline, label string, value inline, d *document) {
	if p.dependsLine(label, value.text) || p.statusLine(label, &value, d) {
		return
	}
	if isReviewLabel(label) {
		p.verdictLine(in, label, value.text, d)
		if p.mode = modeVerdict; reviewerLabel.MatchString(label) {
			p.mode = modeOther
		}
		return
	}
	next := p.modeOf(label)
	if next == modeOther && p.mode == modeRisks && value.text != "" {
		p.proseLine(in, d) // "Owner: …" under a risk
		return
	}
	if next == modeOther && p.packet >= 0 && p.part == partPacket && p.words.isEvidenceHeading(label) && !placeholderWord.MatchString(value.text) {
		p.beginEvidence(d.pos(in.offset))
	}
	if p.inScope() && p.part == partPacket && (next == modeOther || strings.EqualFold(label, "tests")) {
		if p.outside = p.mode == modeOutOfScope; p.scopeLine(&value, d, false) {
			return // "Tests: test/**" in a scope
		}
	}
	p.mode, p.run = next, label
	p.recordFrom(&block{inline: *in}, d)
	if value.text == "" {
		return
	}
	if files := filesIn(&value); p.mode == modeFiles && len(files) > 1 {
		for i := range files {
			p.changedFile(&block{kind: blockItem, inline: files[i]}, d)
		}
		return
	}
	p.item(&block{kind: blockItem, inline: value}, d, "")
}

// labelledItem reads an item that is a label with what it labels: on its own
// line ("- **Commands run:** `go vet ./...` → exit 0"), or in the list below it.
func (p *reader) labelledItem(b *block, d *document) bool {
	if p.packet < 0 {
		return false
	}
	if p.listed && b.level > 0 {
		inner := *b
		inner.level--
		p.itemOf(&inner, d)
		return true
	}
	if b.level > 0 || !p.listed && p.mode != modeNone && p.mode != modeOther {
		return false
	}
	if p.listed {
		p.mode, p.listed = modeNone, false
	}
	line, _, _ := strings.Cut(b.text, "\n")
	first := b.slice(0, len(line))
	label, value, ok := p.labelOf(&first)
	if !ok {
		return false
	}
	if p.statusLine(label, &value, d) {
		return true
	}
	mode := p.modeOf(label)
	if mode == modeOther && isReviewLabel(label) {
		mode = modeVerdict
	}
	if mode == modeOther {
		return false
	}
	value = b.slice(len(line)-len(value.text), len(b.text))
	if mode == modeVerdict {
		p.verdictLine(&value, label, value.text, d)
		return true
	}
	p.mode, p.run, p.listed = mode, label, true
	if mode == modeCommands || mode == modeFiles || mode == modeRequired {
		for _, part := range eachSpan(&value) {
			p.itemOf(&block{kind: blockItem, inline: part}, d)
		}
	} else if value.text != "" && !placeholderWord.MatchString(strings.Trim(value.text, "()")) {
		p.itemOf(&block{kind: blockItem, inline: value}, d)
	}
	return true
}
