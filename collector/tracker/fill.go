package tracker

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Filling is what is written into a tracker: into the packet that asks for the
// verdict, and where hashes are missing.
type Filling struct {
	Packet   string // id of the packet; empty: only hashes
	State    Status // its state on the board: StatusDone, StatusChangesRequested; empty: as it is
	Tick     []Pos  // of the texts of check boxes that are true now
	Untick   []Pos  // of those that are not
	Evidence string // Markdown, for the packet's evidence; empty: as it is
	Hashes   map[Pos]string
}

// EvidenceMark begins the evidence that [Fill] may write over: nobody's words get
// lost.
const EvidenceMark = "Decided by verdict"

// Errors of Fill that a caller may want to tell apart.
var (
	// ErrOwnWords: the evidence holds what somebody wrote.
	ErrOwnWords = errors.New("the evidence holds somebody's own words")
	// ErrMoved: a place that the filling names is not in the text.
	ErrMoved = errors.New("the tracker is not the one that was decided about")
)

// Fill returns src with f filled in, src being what t was parsed from. Only bytes
// that have to change change; filling in the same again changes nothing. A cell,
// a box or a hash that says so already is left alone.
func Fill(src []byte, t *Tracker, f Filling) ([]byte, error) {
	e := editor{file: t.Path, src: src, newline: "\n"}
	if bytes.Contains(src, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	e.index()
	for _, at := range f.Tick {
		e.setBox(at, true)
	}
	for _, at := range f.Untick {
		e.setBox(at, false)
	}
	for at, hash := range f.Hashes {
		e.setHash(at, hash)
	}
	if i := slices.IndexFunc(t.Packets, func(p Packet) bool { return SameID(p.ID, f.Packet) }); i >= 0 && f.Packet != "" {
		if f.State != "" {
			e.setState(t, &t.Packets[i], f.State)
		}
		if f.Evidence != "" {
			e.setEvidence(&t.Packets[i], f.Evidence)
		}
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.apply(), nil
}

// editor collects changes to a text. Lines are counted from 1, columns in runes.
type editor struct {
	file    string
	src     []byte
	newline string
	starts  []int // of each line
	edits   []edit
	err     error
}

type edit struct {
	from, to int
	text     string
}

func (e *editor) index() {
	e.starts = []int{0}
	if bytes.HasPrefix(e.src, []byte("\ufeff")) {
		e.starts[0] = len("\ufeff")
	}
	for i, c := range e.src {
		if c == '\n' && i+1 < len(e.src) {
			e.starts = append(e.starts, i+1)
		}
	}
}

// line is the text of a line, without its end.
func (e *editor) line(n int) string {
	if n < 1 || n > len(e.starts) {
		return ""
	}
	end := len(e.src)
	if n < len(e.starts) {
		end = e.starts[n]
	}
	return strings.TrimRight(string(e.src[e.starts[n-1]:end]), "\r\n")
}

// offset is the place of at in the text; −1 when there is none.
func (e *editor) offset(at Pos) int {
	if at.Line < 1 || at.Line > len(e.starts) || at.Column < 1 {
		return -1
	}
	column := 1
	line := e.line(at.Line)
	for i := range line {
		if column == at.Column {
			return e.starts[at.Line-1] + i
		}
		column++
	}
	return -1
}

func (e *editor) replace(from, to int, text string) {
	if string(e.src[from:to]) != text {
		e.edits = append(e.edits, edit{from, to, text})
	}
}

func (e *editor) fail(at Pos, what string) {
	if e.err == nil {
		at.File = e.file
		e.err = fmt.Errorf("%s: %w: there is no %s", at, ErrMoved, what)
	}
}

var boxBefore = lazyregexp.New(`\[[ xX]\]|[☐⬜☑✅]\x{fe0f}?`)

func (e *editor) setBox(at Pos, checked bool) {
	end := e.offset(at)
	if end < 0 {
		e.fail(at, "check box")
		return
	}
	start := e.starts[at.Line-1]
	marks := boxBefore.FindAllIndex(e.src[start:end], -1)
	if len(marks) == 0 {
		e.fail(at, "check box")
		return
	}
	m := marks[len(marks)-1]
	mark := string(e.src[start+m[0] : start+m[1]])
	if strings.ContainsAny(mark, "xX☑✅") == checked {
		return
	}
	to := map[bool]string{true: "[x]", false: "[ ]"}[checked]
	if !strings.HasPrefix(mark, "[") {
		to = map[bool]string{true: "✅", false: "⬜"}[checked]
	}
	e.replace(start+m[0], start+m[1], to)
}

var freePlace = lazyregexp.New("^(?:`?<[^>`\n]*>`?|(?i:todo|tbd|pending|\\(pending\\))\\b|[—–-])")

func (e *editor) setHash(at Pos, hash string) {
	from := e.offset(at)
	if from < 0 {
		e.fail(at, "place for a hash")
		return
	}
	rest := e.src[from : e.starts[at.Line-1]+len(e.line(at.Line))]
	if m := freePlace.FindIndex(rest); m != nil {
		e.replace(from, from+m[1], "`"+hash+"`")
	}
}

// setState writes the cells of the packet's row, in the words that other rows
// use.
func (e *editor) setState(t *Tracker, p *Packet, state Status) {
	r := p.Row
	if r == nil {
		return
	}
	status, review := string(state), string(state)
	if state == StatusDone {
		review = string(ReviewApproved)
		for i := range t.Packets {
			if other := t.Packets[i].Row; other != nil && other.Status == StatusDone && other.ReviewState == ReviewApproved {
				status, review = other.said, other.reviewSaid
				break
			}
		}
	}
	e.setCell(r.statusPos, status)
	e.setCell(r.reviewPos, review)
	if r.Evidence == "" || person(r.Evidence) == "" {
		e.setCell(r.evidencePos, p.ID+" Review Evidence")
	}
}

// setCell replaces the text of a table's cell.
func (e *editor) setCell(at Pos, text string) {
	if !at.IsValid() || text == "" {
		return
	}
	from := e.offset(at)
	if from < 0 {
		e.fail(at, "cell")
		return
	}
	rest := string(e.src[from : e.starts[at.Line-1]+len(e.line(at.Line))])
	for _, open := range []string{"**", "*", "`", "__", "_"} { // markup around the cell's text
		if from >= len(open) && string(e.src[from-len(open):from]) == open {
			from -= len(open)
			rest = open + rest
			break
		}
	}
	end := len(rest)
	for i := 0; i < len(rest); i++ {
		if rest[i] == '|' && (i == 0 || rest[i-1] != '\\') {
			end = i
			break
		}
	}
	e.replace(from, from+len(strings.TrimRight(rest[:end], " \t")), text)
}

var (
	fenceOpen = lazyregexp.New("^ {0,3}(`{3,}|~{3,})")
	ruleLine  = lazyregexp.New(`^ {0,3}(-{3,}|\*{3,}|_{3,})[ \t]*$`)
)

// setEvidence writes the packet's evidence into its fence, or in place of what
// keeps its place; where there is neither, at the end of the packet.
func (e *editor) setEvidence(p *Packet, text string) {
	content := strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", e.newline)
	fenced := "```markdown" + e.newline + content + e.newline + "```"
	last := len(e.starts)
	if p.Section != nil {
		last = min(last, p.Section.End)
	}
	for last > 1 && (strings.TrimSpace(e.line(last)) == "" || ruleLine.MatchString(e.line(last))) {
		last--
	}
	if p.Evidence.State == EvidenceAbsent || p.Evidence.State == EvidenceOnLines {
		at := e.starts[last-1] + len(e.line(last))
		e.replace(at, at, e.newline+e.newline+"### "+p.ID+" Review Evidence"+e.newline+e.newline+fenced)
		return
	}
	first := p.Evidence.Pos.Line + 1
	for first <= last && strings.TrimSpace(e.line(first)) == "" {
		first++
	}
	if first > last { // the heading alone
		at := e.starts[p.Evidence.Pos.Line-1] + len(e.line(p.Evidence.Pos.Line))
		e.replace(at, at, e.newline+e.newline+fenced)
		return
	}
	open := fenceOpen.FindStringSubmatch(e.line(first))
	end := first
	if open != nil {
		for end = first + 1; end <= last && !closes(e.line(end), open[1]); end++ {
		}
	} else {
		for end < last && strings.TrimSpace(e.line(end+1)) != "" && !headingLine.MatchString(e.line(end+1)) {
			end++
		}
	}
	inner := [2]int{first, end}
	if open != nil {
		inner = [2]int{first + 1, end - 1}
	}
	if !e.mayReplace(p, inner) {
		e.err = errors.Join(e.err, fmt.Errorf("%s:%d: %w", e.file, inner[0], ErrOwnWords))
		return
	}
	switch {
	case open == nil:
		e.replace(e.starts[first-1], e.starts[end-1]+len(e.line(end)), fenced)
	case inner[0] > inner[1]:
		at := e.starts[first-1] + len(e.line(first))
		e.replace(at, at, e.newline+content)
	default:
		e.replace(e.starts[inner[0]-1], e.starts[inner[1]-1]+len(e.line(inner[1])), content)
	}
}

func closes(line, open string) bool {
	line = strings.TrimSpace(line)
	return len(line) >= len(open) && strings.Trim(line, open[:1]) == ""
}

// mayReplace reports whether lines are a kept place, or an earlier filling.
func (e *editor) mayReplace(p *Packet, lines [2]int) bool {
	if p.Evidence.State == EvidencePlaceholder {
		return true
	}
	for n := lines[0]; n <= min(lines[0]+4, lines[1]); n++ {
		if strings.HasPrefix(e.line(n), EvidenceMark) {
			return true
		}
	}
	return lines[0] > lines[1]
}

// apply makes the changes, from the last to the first.
func (e *editor) apply() []byte {
	slices.SortFunc(e.edits, func(a, b edit) int { return b.from - a.from })
	out := bytes.Clone(e.src)
	for _, c := range e.edits {
		out = append(out[:c.from:c.from], append([]byte(c.text), out[c.to:]...)...)
	}
	return out
}
