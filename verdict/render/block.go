package render

import (
	"strings"
	"unicode/utf16"
)

// A document is a list of blocks. Each block knows shorter forms of itself and
// from which step on it takes them. To fit a budget, the document goes from step
// to step; text is never cut in the middle of a block.

// step is how far a document has been shortened. docs/report.md states the order.
type step int

// The steps, in the order in which detail goes.
const (
	stepAll            step = iota // everything
	stepNoLogs                     // the end of failing commands' output goes
	stepNoNotes                    // notes become a number
	stepNoChanges                  // changes beyond the first twenty become a number
	stepNoEnvironment              // what ran where goes
	stepOddPackets                 // verified packets become a number
	stepOddCommits                 // reachable checkpoints become a number
	stepOddRisks                   // risks that owe nothing become a number
	stepOddCommands                // passed commands become a number
	stepNoTables                   // each of these lists becomes a number
	stepLineConditions             // each condition becomes one line
	stepLineBlockers               // each blocker becomes one line
	stepCutConditions              // conditions: as many lines as fit, the rest is counted
	stepCutBlockers                // blockers: likewise
)

// form is a block from one step on.
type form struct {
	from step
	md   string
}

// block is a part of a document: its forms, fullest first, or lines of which the
// last ones may be left out from a step on, with their number said.
type block struct {
	forms []form
	// lines are used from linesFrom on; they are cut from cutFrom on.
	head      string
	lines     []string
	linesFrom step
	cutFrom   step
	rest      func(left int) string
}

func fixed(md string) block { return block{forms: []form{{stepAll, md}}} }

// at is the block's text at a step, with n lines left out at its end.
func (b *block) at(s step, left int) string {
	if b.lines != nil && s >= b.linesFrom {
		text := b.head + strings.Join(b.lines[:len(b.lines)-left], "")
		if left > 0 {
			text += b.rest(left)
		}
		return text
	}
	text := ""
	for _, f := range b.forms {
		if f.from <= s {
			text = f.md
		}
	}
	return text
}

// size is how GitHub might count characters at worst: UTF-16 units.
func size(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// fit gives the fullest text of at most budget characters. A budget of 0 has no
// limit. It reports false when not even the shortest form fits.
func fit(blocks []block, budget int) (string, bool) {
	left := make([]int, len(blocks))
	whole := func(s step) string {
		var b strings.Builder
		for i := range blocks {
			b.WriteString(blocks[i].at(s, left[i]))
		}
		return b.String()
	}
	for s := stepAll; s <= stepCutBlockers; s++ {
		text := whole(s)
		over := size(text) - budget
		if budget == 0 || over <= 0 {
			return text, true
		}
		for i := range blocks {
			if b := &blocks[i]; b.lines != nil && b.cutFrom == s {
				left[i] = b.leaveOut(over)
			}
		}
		if text = whole(s); size(text) <= budget {
			return text, true
		}
	}
	return whole(stepCutBlockers), false
}

// leaveOut is how many lines must go to save over characters.
func (b *block) leaveOut(over int) int {
	over += size(b.rest(len(b.lines)))
	for n := 1; n <= len(b.lines); n++ {
		if over -= size(b.lines[len(b.lines)-n]); over <= 0 {
			return n
		}
	}
	return len(b.lines)
}
