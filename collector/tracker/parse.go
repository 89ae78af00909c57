package tracker

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// maxRecoveries bounds how many broken fences one document may have before the rest
// is read as it stands, and maxReread how many bytes are read again for them.
const (
	maxRecoveries = 64
	maxReread     = 64 << 20
)

// Parse reads a tracker. path is used in positions only; words may be nil. It
// never fails: what cannot be read is in the result's Warnings.
func Parse(path string, src []byte, words *Vocabulary) *Tracker {
	sum := sha256.Sum256(src)
	p := &reader{
		t:     &Tracker{Path: filepath.ToSlash(path), SHA256: hex.EncodeToString(sum[:])},
		words: newLexicon(words),
		index: map[string]int{},
		modes: map[string]mode{}, standIn: map[int]*Section{},
		raw: map[int]*strings.Builder{}, rollback: map[int]*strings.Builder{},
	}
	for _, w := range p.words.problems {
		p.warn(Pos{File: p.t.Path, Line: 1, Column: 1}, w, "a regular expression", "correct 'tracker: packet_id' in the policy")
	}
	p.read(p.document(src))
	p.finish()
	return p.t
}

// reader walks the blocks of a document and fills a Tracker.
type reader struct {
	t        *Tracker
	words    *lexicon
	index    map[string]int // normal id → index in t.Packets
	hasBoard bool
	boards   int // tables that are boards, so far
	entry    int // of the heading of what is written about a packet outside of its section; 0: it is read
	back     int // the packet that is read after that
	level    int // of the headings that begin a packet's section; 0: not known yet

	part    part   // what the blocks are about
	packet  int    // index of the packet they belong to; −1: none
	mode    mode   // what the items of a list are
	run     string // the label above a list of commands
	listed  bool   // the label is an item of the list itself
	outside bool   // what a scope lists must not be touched

	raw, rollback map[int]*strings.Builder // texts of the packets' evidence

	modes     map[string]mode // memo of labelledMode
	leftovers []leftover
	shared    *shared          // what is read for several packets
	standIn   map[int]*Section // those of others that packets stand in
	refused   bool             // a warning says so out of turn
	spare     []block          // room for the blocks of a fence
	room      room             // and for their texts
}

// part is the part of a tracker that a block stands in.
type part int

const (
	partHeader part = iota
	partRules
	partBoard
	partPacket // directly under a packet, or under a heading of its own
	partRequired
	partGates
	partEvidence
	partRisks
	partCheckpoints
	partNext
	partStatus // the closing "Lane Status"
	partOther
)

func (p *reader) warn(pos Pos, message, expected, hint string) {
	p.t.Warnings = append(p.t.Warnings, Warning{pos, message, expected, hint})
}

// document prepares the source: without byte order mark, as UTF-8, with line
// ends that Markdown knows.
func (p *reader) document(src []byte) *document {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if !bytes.Contains(src, []byte{'\n'}) {
		src = bytes.ReplaceAll(src, []byte{'\r'}, []byte{'\n'})
	}
	if !utf8.Valid(src) {
		bad := 0
		for bad < len(src) {
			r, size := utf8.DecodeRune(src[bad:])
			if r == utf8.RuneError && size <= 1 {
				break
			}
			bad += size
		}
		src = bytes.ToValidUTF8(src, []byte("\ufffd"))
		p.warn(newDocument(p.t.Path, src).pos(bad), "bytes that are not UTF-8", "UTF-8 text", "save the file as UTF-8")
	}
	return newDocument(p.t.Path, withoutLayout(src))
}

// read parses the document, part by part where a fence was left open.
func (p *reader) read(d *document) {
	p.packet = -1
	blocks := p.blocks(d, nil)
	p.readBoard(blocks, d)
	reread := 0
	for range maxRecoveries {
		if reread += len(d.source); reread > maxReread {
			break
		}
		at, line := p.brokenFence(blocks)
		if at < 0 {
			break
		}
		fence := &blocks[at]
		open := fence.content.pos(0)
		p.warn(Pos{d.file, max(open.Line-1, 1), 1}, "a fence that is not closed before the next packet's heading", "a closing ``` line", "close the fence")
		rest := d.from(fence.content.first + line - d.first)
		fence.content = fence.content.upTo(line)
		p.walk(blocks[:at+1], d)
		blocks, d = p.blocks(rest, nil), rest
	}
	if n := len(blocks); n > 0 && blocks[n-1].kind == blockFence && blocks[n-1].unclosed {
		open := blocks[n-1].content.pos(0)
		p.warn(Pos{d.file, max(open.Line-1, 1), 1}, "a fence that never closes", "a closing ``` line", "close the fence; everything after it was read as its content")
	}
	p.walk(blocks, d)
}

// from is the part of a document that begins at a line.
func (d *document) from(line int) *document {
	if line >= len(d.lines) {
		return newDocument(d.file, nil)
	}
	rest := newDocument(d.file, d.source[d.lines[line]:])
	rest.first = d.first + line
	rest.end = d.end
	return rest
}

// upTo is the part of a document before a line.
func (d *document) upTo(line int) *document {
	cut := *d
	cut.source = d.source[:d.lines[line]]
	cut.lines, cut.end = d.lines[:max(line, 1)], d.first+line-1
	return &cut
}

var (
	headingLine = lazyregexp.New(`^#{1,3}[ \t]+(.*)$`)
	openingLine = lazyregexp.New("^[ \t]*(?:`{3,}|~{3,})[ \t]*[a-z]+")
)

// brokenFence finds a fence that swallows another packet: a packet's heading,
// and a fence that opens after it. It returns the block and the heading's line.
func (p *reader) brokenFence(blocks []block) (int, int) {
	for i := range blocks {
		if blocks[i].kind != blockFence {
			continue
		}
		c := blocks[i].content
		heading := -1
		for n, start := range c.lines {
			end := len(c.source)
			if n+1 < len(c.lines) {
				end = c.lines[n+1]
			}
			line := bytes.TrimRight(c.source[start:end], "\r\n")
			if heading < 0 {
				if len(line) == 0 || line[0] != '#' {
					continue
				}
				if m := headingLine.FindSubmatch(line); m != nil && p.isPacketHeading(string(m[1])) {
					heading = n
					if blocks[i].unclosed {
						return i, heading
					}
				}
			} else if openingLine.Match(line) {
				return i, heading
			}
		}
	}
	return -1, 0
}

// isPacketHeading reports whether a heading's text begins a packet's section.
func (p *reader) isPacketHeading(text string) bool {
	id, rest := p.words.leadingID(text)
	if id == "" || p.words.isEvidenceHeading(rest) {
		return false
	}
	if _, known := p.index[NormalID(id)]; known {
		return true
	}
	return checklistWord.MatchString(rest) && !strings.Contains(strings.ToLower(rest), "required")
}

var checklistWord = lazyregexp.New(`(?i)^\s*checklist\b`)

// packetAt returns the index of the packet with the id, adding it if need be.
func (p *reader) packetAt(id string) int {
	key := NormalID(id)
	if i, ok := p.index[key]; ok {
		return i
	}
	p.t.Packets = append(p.t.Packets, Packet{ID: id})
	p.index[key] = len(p.t.Packets) - 1
	return len(p.t.Packets) - 1
}

// finish does what needs the whole document.
func (p *reader) finish() {
	p.endShare(0)
	t := p.t
	for i := range t.Packets {
		pk := &t.Packets[i]
		if pk.Section == nil {
			pk.Section = p.standIn[i]
		}
		if b := p.raw[i]; b != nil {
			pk.Evidence.Raw = b.String()
		}
		if b := p.rollback[i]; b != nil {
			pk.Evidence.Rollback = b.String()
		}
		if pk.Title == "" && pk.Row != nil {
			pk.Title = pk.Row.Title
		}
		if pk.Section != nil && pk.Section.Title != "" && (pk.Title == "" || !p.words.isState(pk.Section.Title)) {
			pk.Title = pk.Section.Title
		}
		pk.settle()
		if r := pk.Row; r != nil && !r.Reviewed && r.ReviewState == "" && len(pk.Reviews) > 0 {
			r.ReviewState = pk.Reviews[len(pk.Reviews)-1].State
		}
	}
	p.findFinal()
	p.warnOfLeftovers()
	if p.refused || len(p.leftovers) > 0 {
		slices.SortStableFunc(t.Warnings, func(a, b Warning) int { return a.Pos.Line - b.Pos.Line })
	}
	if len(t.Packets) == 0 {
		p.warn(Pos{t.Path, 1, 1}, "no packet was found", "a table under \"## Packet Board\" and a section for each packet", "write the board, or name its heading under 'tracker:' in the policy")
	} else if !p.hasBoard {
		p.warn(t.Packets[0].Pos(), "no packet board was found", "a table under \"## Packet Board\"", "write the board, so that each packet's status is stated")
	}
}

// findFinal marks the packet that asks for the verdict: the one that the policy's
// words name, else the last one whose boxes offer decisions to choose from, else the
// last whose title says so.
func (p *reader) findFinal() {
	final, byTitle, named := -1, -1, -1
	for i := range p.t.Packets {
		pk := &p.t.Packets[i]
		if p.words.namesFinal(pk) {
			named = i
		}
		for _, b := range pk.Boxes {
			if len(decisionsIn(b.Text)) > 1 && recordWord.MatchString(b.Text) {
				final = i
			}
		}
		if finalTitle.MatchString(pk.Title) {
			byTitle = i
		}
	}
	if final < 0 {
		final = byTitle
	}
	if named >= 0 {
		final = named
	}
	if final >= 0 {
		p.t.Packets[final].Final = true
	}
}

var (
	recordWord = lazyregexp.New(`(?i)verdict|recommendation|decision`)
	finalTitle = lazyregexp.New(`(?i)\bverdict\b|go\s*/\s*no-?go|final certification|release decision`)
)

// readHeader reads what stands before the first part.
func (p *reader) readHeader(b *block, d *document, label *string) {
	switch b.kind {
	case blockHeading:
		if p.t.Title.Text == "" {
			p.t.Title = Text{b.text, d.pos(b.offset)}
		}
	case blockPara:
		*label = ""
		p.headerLines(b, d, label)
	case blockItem:
		p.t.Links = append(p.t.Links, headerLink(b, d, *label))
	}
}

var fieldLine = lazyregexp.New(`^\**([A-Za-z][A-Za-z /-]{0,40}?)\**:\**\s*(.*)$`)

func (p *reader) headerLines(b *block, d *document, label *string) {
	for _, in := range eachLine(&b.inline) {
		line := in.text
		if m := fieldLine.FindStringSubmatchIndex(line); m != nil {
			name, value := line[m[2]:m[3]], strings.TrimSpace(line[m[4]:m[5]])
			rest := in.slice(m[4], m[5])
			field := Text{value, d.pos(rest.offset)}
			switch {
			case strings.EqualFold(name, "status"):
				p.t.Status = field
				if dec := statedDecision(value); dec != "" {
					p.record(dec, field.Text, field.Pos)
				}
			case strings.EqualFold(name, "date"):
				p.t.Date = field
			case value == "":
				*label = name
			case len(rest.links) > 0 || documentName.MatchString(value):
				p.t.Links = append(p.t.Links, headerLink(&block{inline: rest}, d, name))
			}
		}
	}
}

var documentName = lazyregexp.New(`(?i)^\S+\.md\b`)

func headerLink(b *block, d *document, label string) Link {
	l := Link{Label: label, Pos: d.pos(b.offset)}
	if len(b.links) > 0 && !strings.HasPrefix(b.links[0].to, "#") {
		l.Target = b.links[0].to
		l.Note = strings.TrimSpace(b.text[b.links[0].end:])
	} else if len(b.spans) > 0 {
		l.Target = b.code(0)
		l.Note = strings.TrimSpace(b.text[b.spans[0].end:])
	} else {
		l.Target, l.Note, _ = strings.Cut(b.text, " ")
	}
	return l
}

func (p *reader) readRule(b *block, d *document) {
	if b.kind != blockItem || b.level > 0 {
		return
	}
	p.t.Rules = append(p.t.Rules, Rule{Number: b.number, Text: strings.ReplaceAll(b.text, "\n", " "), Pos: d.pos(b.offset)})
}

func (p *reader) readNext(b *block, d *document) {
	if b.kind != blockItem && b.kind != blockPara {
		return
	}
	n := &p.t.Next
	line := strings.ReplaceAll(b.text, "\n", " ")
	if n.Text != "" {
		n.Text += "\n" + line
		return // what follows the first line explains it
	}
	n.Present, n.Text, n.Pos = true, line, d.pos(b.offset)
	n.Packets = p.words.idsIn(line, p.index)
	n.Complete = completeWord.MatchString(line)
	p.recordFrom(b, d)
}

var completeWord = lazyregexp.New(`(?i)\b(lane |all packets? |work )?complete(d)?\b|\bnone\b|\bnothing (left|remains)\b|\ball packets? (are )?done\b`)

func (t *Tracker) String() string {
	return fmt.Sprintf("%s: %d packets, %d warnings", t.Path, len(t.Packets), len(t.Warnings))
}
