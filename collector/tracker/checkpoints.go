package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	hashForm  = lazyregexp.New(`^[0-9a-fA-F]{4,64}$`)
	hashWord  = lazyregexp.New(`\b[0-9a-fA-F]{7,64}\b`)
	todoWord  = lazyregexp.New(`(?i)^\(?(todo|tbd|pending|to be (recorded|filled|added)|not yet)\b`)
	noneCheck = lazyregexp.New(`(?i)^\(?(no-?op|n/?a|none|docs?-only|no commit|not applicable|no code changes?)\b`)
	selfCheck = lazyregexp.New(`(?i)^\(?this commit\b`)
)

// readClosing reads the closing list of checkpoint commits.
func (p *reader) readClosing(b *block, d *document) {
	switch b.kind {
	case blockItem:
		id, rest := p.words.leadingID(b.text)
		if id == "" {
			return
		}
		also, rest := p.alsoNamed(id, rest)
		at := len(b.text) - len(rest)
		at += len(b.text[at:]) - len(strings.TrimLeft(b.text[at:], " \t:—–-→=>"))
		value := b.slice(at, len(b.text))
		p.addCheckpoint(id, &value, "closing", d)
		for _, i := range also {
			p.addCheckpoint(p.t.Packets[i].ID, &value, "closing", d)
		}
	case blockPara:
		for _, line := range eachLine(&b.inline) {
			if id, rest := p.words.leadingID(line.text); id != "" && strings.HasPrefix(rest, ":") {
				p.readClosing(&block{kind: blockItem, inline: line}, d)
			}
		}
	case blockTable:
		p.table(b, d, "Checkpoint Commits")
	}
}

// commitEntry reads an item under "Commit:".
func (p *reader) commitEntry(b *block, d *document) {
	if p.packet < 0 || b.level > 0 {
		return
	}
	for _, id := range p.labelPackets() {
		p.addCheckpoint(id, &b.inline, "commit", d)
	}
}

var packetRange = lazyregexp.New(`(?i)\bpackets?\s+(\S+?)\s*(?:-|–|—|through|to)\s*(\S+?)\)`)

// labelPackets are the packets that a label names ("Checkpoint Commit (Packets
// 00-02)"), else the one that is being read.
func (p *reader) labelPackets() []string {
	if m := packetRange.FindStringSubmatch(p.run); m != nil {
		from, ok1 := p.index[NormalID(m[1])]
		to, ok2 := p.index[NormalID(m[2])]
		if ok1 && ok2 && from <= to {
			var ids []string
			for _, pk := range p.t.Packets[from : to+1] {
				ids = append(ids, pk.ID)
			}
			return ids
		}
	}
	return []string{p.t.Packets[p.packet].ID}
}

func (p *reader) checkpointTable(b *block, d *document, packet, commit int) {
	for _, row := range b.rows[1:] {
		if packet >= len(row) || commit >= len(row) {
			continue
		}
		if id, _ := p.words.leadingID(row[packet].text); id != "" {
			if _, known := p.index[NormalID(id)]; known {
				p.addCheckpoint(id, &row[commit], "table", d)
			}
		}
	}
}

// commitList is several commits where one is asked for.
var (
	commitList = lazyregexp.New(`(?i)^\W*[0-9a-f]{7,40}\b(?:\W?\s*(?:[,;+&/]|and)\s*\W?[0-9a-f]{7,40}\b)+`)
	commitHash = lazyregexp.New(`(?i)\b[0-9a-f]{7,40}\b`)
)

// alsoRecorded are the commits that a text lists behind the first one.
func alsoRecorded(text string) []string {
	list := commitHash.FindAllString(strings.ToLower(commitList.FindString(text)), -1)
	if len(list) < 2 {
		return nil
	}
	return list[1:]
}

// commitRange is what git calls a range of commits.
var commitRange = lazyregexp.New(`(?i)^\W*([0-9a-f]{4,40})[\^~]?(?:\.\.\.?|…)([0-9a-f]{4,40})\b`)

func (p *reader) addCheckpoint(id string, in *inline, source string, d *document) {
	i, known := p.index[NormalID(id)]
	if !known {
		p.warn(d.pos(in.offset), "a checkpoint for "+id+", which is no packet of this tracker", "the id of a packet", "correct the id, or add the packet to the board")
		return
	}
	c := checkpointOf(in)
	c.Source, c.Pos = source, d.pos(in.offset)
	if m := commitRange.FindStringSubmatch(c.Text); m != nil { // "1a2b3c4..5d6e7f8": the last one counts
		start := c
		c.Kind, c.Hash = CheckpointHash, strings.ToLower(m[2])
		start.Kind, start.Hash, start.Start = CheckpointHash, strings.ToLower(m[1]), true
		p.t.Packets[i].Checkpoints = append(p.t.Packets[i].Checkpoints, start)
	}
	if c.Kind == CheckpointHash && len(in.spans) > 0 && in.spans[0].start == 0 {
		c.Pos = d.pos(in.spans[0].offset)
	}
	for _, hash := range alsoRecorded(c.Text) { // "`1a2b3c4`, `5d6e7f8`": the last one counts
		also := c
		also.Hash = hash
		if c.Hash != hash {
			p.t.Packets[i].Checkpoints = append(p.t.Packets[i].Checkpoints, c)
			c = also
		}
	}
	list := p.t.Packets[i].Checkpoints
	for n := range list {
		if source == "table" && list[n].Source == "board" && list[n].Text == c.Text {
			return // a board that is also a table of commits
		}
	}
	p.t.Packets[i].Checkpoints = append(list, c)
}

// checkpointOf reads what stands where a hash should be.
func checkpointOf(in *inline) Checkpoint {
	text := strings.TrimSpace(strings.ReplaceAll(in.text, "\n", " "))
	c := Checkpoint{Text: text}
	word, rest, _ := strings.Cut(text, " ")
	quoted := len(in.spans) > 0 && in.spans[0].start == 0
	if quoted {
		word, rest = in.code(0), in.text[in.spans[0].end:]
	}
	word = strings.Trim(word, ",;()")
	c.Note = strings.TrimLeft(strings.ReplaceAll(rest, "\n", " "), " —–-:")
	switch {
	case text == "" || strings.HasPrefix(word, "<"):
		c.Kind = CheckpointPlaceholder
	case hashForm.MatchString(word) && (quoted || len(word) >= 7 || strings.ContainsAny(word, "0123456789")):
		c.Kind, c.Hash = CheckpointHash, strings.ToLower(word)
	case todoWord.MatchString(text) || text == "—" || text == "–" || text == "-":
		c.Kind = CheckpointTodo
	case noneCheck.MatchString(text):
		c.Kind = CheckpointNone
	case selfCheck.MatchString(text):
		c.Kind = CheckpointSelf
	default:
		c.Kind = CheckpointWords
		if quoted && len(word) > 0 && !strings.Contains(word, " ") {
			// a word in code where a hash belongs: what it names is for the
			// repository to say
			c.Kind, c.Hash = CheckpointHash, strings.ToLower(word)
		} else if h := hashWord.FindString(text); h != "" && strings.ContainsAny(h, "0123456789") {
			c.Kind, c.Hash = CheckpointHash, strings.ToLower(h)
		}
	}
	return c
}
