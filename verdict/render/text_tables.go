package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
)

// table writes rows in columns. The column flex takes what the others leave and
// is clipped; the others are clipped only beyond limit columns.
func (t *text) table(header []string, flex, limit int, rows [][]string, styleOf func(row int) style) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i := range row {
			row[i] = clean(row[i])
			widths[i] = max(widths[i], min(columns(row[i]), limit))
		}
	}
	rest := t.width - 2
	for i := range widths {
		if i != flex {
			rest -= widths[i] + 2
		}
	}
	for i := range widths { // a narrow terminal: every column gives way
		for rest < 16 && i != flex && widths[i] > 10 {
			widths[i]--
			rest++
		}
	}
	widths[flex] = max(rest, 8)
	for n, row := range append([][]string{header}, rows...) {
		var b strings.Builder
		for i, cell := range row {
			cell = clip(cell, widths[i])
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+2))
			}
		}
		s := dim
		if n > 0 {
			s = styleOf(n - 1)
		}
		t.line(2, s, clip(strings.TrimRight(b.String(), " "), t.width-2))
	}
}

func commandStyle(s verdict.CommandState) style {
	switch s {
	case verdict.CommandPassed:
		return green
	case verdict.CommandUnproven:
		return yellow
	}
	return red
}

func (t *text) commands() {
	list := t.report.Commands
	if len(list) == 0 {
		return
	}
	t.title("Commands")
	rows := make([][]string, len(list))
	for i := range list {
		c := &list[i]
		rows[i] = []string{string(c.State), claimed(c), observed(c.Evidence), tests(c.Evidence), took(c.Evidence), commandText(c)}
	}
	t.table([]string{"state", "claimed", "observed", "tests", "time", "command"}, 5, 22, rows, func(i int) style { return commandStyle(list[i].State) })
	for i := range list {
		if e := list[i].Evidence; t.verbose && e != nil && list[i].State != verdict.CommandPassed {
			t.logTail(e)
		}
	}
}

// commandText is the command with its folder, where that is not the root.
func commandText(c *verdict.CommandReport) string {
	text := c.Text
	if text == "" {
		text = c.Key
	}
	if c.Dir != "" && c.Dir != "." {
		text += "  (in " + c.Dir + ")"
	}
	return text
}

func (t *text) logTail(e *evidence.Command) {
	out := e.Log.Tail
	if out == "" {
		out = e.Log.Head
	}
	if strings.TrimSpace(out) == "" {
		return
	}
	t.line(0, plain, "")
	t.line(2, bold, clip("the end of "+clean(e.Text), t.width-2))
	for _, line := range cleanLines(out) {
		t.line(4, plain, clip(line, t.width-4))
	}
}

func (t *text) packets() {
	list := t.report.Packets
	if len(list) == 0 {
		return
	}
	t.title("Packets")
	rows := make([][]string, len(list))
	for i := range list {
		p := &list[i]
		rows[i] = []string{p.ID, p.Claimed, p.Verified, fmt.Sprintf("%d/%d", p.Checked, p.Boxes), p.Title}
	}
	t.table([]string{"packet", "claimed", "verified", "boxes", "title"}, 4, 24, rows, func(i int) style {
		switch list[i].Verified {
		case "verified":
			return green
		case "blocked":
			return red
		case "conditions":
			return yellow
		}
		return plain
	})
}

func (t *text) checkpoints() {
	list := t.report.Checkpoints
	if len(list) == 0 {
		return
	}
	t.title("Checkpoints")
	rows := make([][]string, len(list))
	for i := range list {
		c := &list[i]
		about := c.Subject
		if c.Reason != "" {
			about = c.Reason
		}
		rows[i] = []string{c.Packet, checkpointName(c), string(c.State), about}
	}
	t.table([]string{"packet", "commit", "state", "about"}, 3, 24, rows, func(i int) style {
		if list[i].State == evidence.CheckpointReachable {
			return green
		}
		return yellow
	})
}

// checkpointName is the short hash, else what the tracker records instead.
func checkpointName(c *verdict.CheckpointReport) string {
	switch {
	case c.Hash != "":
		return short(c.Hash)
	case c.Token != "":
		return c.Token
	case c.Recorded != "":
		return c.Recorded
	}
	return "–"
}

func (t *text) risks() {
	if len(t.report.Risks) == 0 {
		return
	}
	t.title("Risks")
	for i := range t.report.Risks {
		k := &t.report.Risks[i]
		label := string(k.Disposition)
		for _, word := range []string{k.Severity, k.Packet, k.Change} {
			if word != "" {
				label += " · " + word
			}
		}
		if len(k.Places) > 0 {
			label += "  " + place(k.Places[0])
		}
		s := plain
		if k.Disposition == verdict.DispositionOpen || k.Disposition == verdict.DispositionDeferred {
			s = yellow
		}
		t.line(2, s, clip(clean(label), t.width-2))
		t.para(4, plain, "", k.Text, 0)
		if k.Why != "" {
			t.para(4, dim, "why   ", k.Why, 0)
		}
		if owed := strings.Join(nonEmpty(k.To, k.Owner), ", "); owed != "" {
			t.para(4, dim, "to    ", owed, 0)
		}
	}
}

func nonEmpty(words ...string) []string {
	out := words[:0:0]
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

func (t *text) waivers() {
	if len(t.report.Waivers) == 0 {
		return
	}
	t.title("Waivers")
	for _, v := range t.report.Waivers {
		t.para(2, plain, "", fmt.Sprintf("%s: %s %s until %s by %s: %s", v.State, v.Rule, v.Packet, v.Expires, v.Owner, v.Reason), 0)
	}
}

func (t *text) changes() {
	if len(t.report.Changes) == 0 {
		return
	}
	title := "Changes"
	if t.report.Against != "" {
		title += " since " + clip(clean(t.report.Against), t.width-20)
	}
	t.title(title)
	for i := range t.report.Changes {
		c := &t.report.Changes[i]
		s, mark := plain, "  "
		if c.Worse {
			s, mark = red, "! "
		}
		t.para(2, s, mark, changeText(c), 0)
	}
}

func changeText(c *verdict.Change) string {
	switch {
	case c.Before != "" && c.After != "":
		return fmt.Sprintf("%s %s: %s → %s", c.Kind, c.What, c.Before, c.After)
	case c.After != "":
		return fmt.Sprintf("%s %s: new, %s", c.Kind, c.What, c.After)
	case c.Before != "":
		return fmt.Sprintf("%s %s: gone, was %s", c.Kind, c.What, c.Before)
	}
	return c.Kind + " " + c.What
}

// subject writes what the decision is about.
func (t *text) subject() {
	r := t.report
	t.title("About")
	row := func(label, content string) {
		if content != "" {
			t.line(2, dim, clip(label+clean(content), t.width-2))
		}
	}
	row("commit   ", strings.Join(nonEmpty(r.Subject.Commit, r.Subject.Branch), "  "))
	row("tree     ", r.Subject.Tree)
	for _, f := range r.Trackers {
		row("tracker  ", f.Path+"  sha256 "+f.SHA256)
	}
	if p := r.Subject.Policy; p != nil {
		row("policy   ", p.Path+"  sha256 "+p.SHA256)
	}
	row("tool     ", strings.Join(nonEmpty(r.Tool.Name, r.Tool.Version), " "))
	if !r.Generated.IsZero() {
		row("evidence ", r.Generated.UTC().Format(time.RFC3339))
	}
	if !r.Complete {
		row("", "The evidence is not complete.")
	}
}
