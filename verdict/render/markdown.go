package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
)

// Markdown writes the full report.
func Markdown(w io.Writer, r *verdict.Report) error {
	d := document{report: r}
	text, _ := fit(d.blocks(), 0)
	_, err := io.WriteString(w, text)
	return err
}

// document turns a report into blocks of Markdown.
type document struct {
	report *verdict.Report
	url    string // of the full report; empty: none
	budget int    // characters; 0: no limit
}

// tooLong reports whether a text of so many bytes cannot fit any more: nothing needs
// to be added to it.
func (d *document) tooLong(bytes int) bool { return d.budget > 0 && bytes > 4*d.budget }

// blocks are in the order in which people read them.
func (d *document) blocks() []block {
	blocks := []block{fixed(d.decision())}
	blocks = append(blocks, d.owed(verdict.Blocker, stepLineBlockers, stepCutBlockers)...)
	blocks = append(blocks, d.owed(verdict.Condition, stepLineConditions, stepCutConditions)...)
	blocks = append(blocks, d.changes(), d.packets(), d.commands())
	blocks = append(blocks, d.logs()...)
	return append(blocks, d.checkpoints(), d.risks(), d.waivers(), d.notes(), d.environment(), fixed(d.footer()))
}

func (d *document) decision() string {
	r := d.report
	md := "## " + mark(decisionOf(r.Verdict)) + " " + strings.ReplaceAll(string(decisionOf(r.Verdict)), "_", "\\_") + "\n\n"
	if r.Summary != "" {
		md += "**Summary:** " + clipProse(r.Summary, 2000) + "\n\n"
	}
	md += strings.Join(counts(r), " · ") + "\n\n"
	if !r.Complete {
		md += "The evidence is not complete: its run did not end by itself.\n\n"
	}
	if len(r.Trackers) > 1 && len(r.Trackers) <= 20 {
		for i := range r.Trackers {
			t := &r.Trackers[i]
			md += "- " + code(string(decisionOf(t.Verdict))) + " " + code(clip(t.Path, 200)) + "\n"
		}
		md += "\n"
	}
	return md
}

// clipProse bounds what can stand in the part that is never shortened.
func clipProse(s string, n int) string { return prose(clip(clean(s), n)) }

func mark(d verdict.Decision) string {
	switch d {
	case verdict.Go:
		return "✅"
	case verdict.GoWithConditions:
		return "⚠️"
	}
	return "⛔"
}

// owed is the list of blockers or conditions: each in full, then each in one
// line, then as many lines as fit.
func (d *document) owed(s verdict.Severity, linesFrom, cutFrom step) []block {
	list := findingsOf(d.report, s)
	if len(list) == 0 {
		return nil
	}
	name := map[verdict.Severity]string{verdict.Blocker: "Blockers", verdict.Condition: "Conditions"}[s]
	b := block{head: "### " + name + "\n\n", linesFrom: linesFrom, cutFrom: cutFrom, rest: func(left int) string {
		return fmt.Sprintf("- and %s more%s\n\n", plural(left, string(s)), d.fullReport())
	}}
	var full strings.Builder
	full.WriteString(b.head)
	for _, f := range list {
		if !d.tooLong(full.Len()) {
			full.WriteString(d.finding(f))
		}
		b.lines = append(b.lines, d.findingLine(f))
	}
	b.lines[len(b.lines)-1] += "\n"
	full.WriteString("\n")
	b.forms = []form{{stepAll, full.String()}}
	return []block{b}
}

func (d *document) fullReport() string {
	if d.url == "" {
		return ", in the full report"
	}
	return ", in the [full report](" + d.url + ")"
}

func (d *document) finding(f *verdict.Finding) string {
	md := "- " + d.where(f) + " " + prose(f.Message) + "\n"
	for _, field := range [...]struct{ label, content string }{
		{"Claimed", f.Claimed}, {"Observed", f.Observed}, {"To do", f.Hint},
	} {
		if field.content != "" {
			md += "  - " + field.label + ": " + prose(field.content) + "\n"
		}
	}
	if f.Commit != "" && !strings.Contains(f.Claimed+f.Observed+f.Hint, f.Commit) {
		md += "  - Commit: " + link(f.Commit, commitURL(d.report, f.Commit)) + "\n"
	}
	if f.Waived != nil {
		md += fmt.Sprintf("  - Waived until %s by %s: %s\n", code(f.Waived.Expires), code(f.Waived.Owner), prose(f.Waived.Reason))
	}
	return md
}

// where names the line, the packet and the finding, by its id: the rule, and what
// tells it from others of the same rule.
func (d *document) where(f *verdict.Finding) string {
	var parts []string
	if p := place(f.Pos); p != "" {
		parts = append(parts, link(p, lineURL(d.report, f.Pos)))
	}
	if f.Packet != "" {
		parts = append(parts, code(f.Packet))
	}
	id := f.ID
	if id == "" {
		id = f.Rule
	}
	return strings.Join(append(parts, "("+code(id)+")"), " ")
}

// findingLine is a finding in at most about 200 characters.
func (d *document) findingLine(f *verdict.Finding) string {
	return "- " + code(clip(clean(place(f.Pos)), 60)) + " (" + code(clip(clean(f.Rule), 40)) + ") " + clipProse(f.Message, 100) + "\n"
}

// folded puts a list under a heading that opens.
func folded(summary, body string) string {
	return "<details>\n<summary>" + summary + "</summary>\n\n" + body + "\n</details>\n\n"
}

func mdTable(header []string, rows [][]string) string {
	var b strings.Builder
	b.WriteString("| " + strings.Join(header, " | ") + " |\n|" + strings.Repeat(" --- |", len(header)) + "\n")
	for _, row := range rows {
		for _, c := range row {
			b.WriteString("| " + cell(c) + " ")
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// listBlock is a folded table that first loses its plain rows, then all.
func listBlock(title string, header []string, rows [][]string, odd []bool, oddFrom step) block {
	if len(rows) == 0 {
		return block{}
	}
	var kept [][]string
	for i, row := range rows {
		if odd[i] {
			kept = append(kept, row)
		}
	}
	summary := fmt.Sprintf("%s (%d)", title, len(rows))
	short := fmt.Sprintf("%s: %d in all, %d that need a look.\n\n", title, len(rows), len(kept))
	shorter := short
	if len(kept) > 0 {
		shorter = folded(fmt.Sprintf("%s (%d of %d, those that need a look)", title, len(kept), len(rows)), mdTable(header, kept))
	}
	return block{forms: []form{{stepAll, folded(summary, mdTable(header, rows))}, {oddFrom, shorter}, {stepNoTables, short}}}
}

func (d *document) packets() block {
	list := d.report.Packets
	rows, odd := make([][]string, len(list)), make([]bool, len(list))
	for i := range list {
		p := &list[i]
		rows[i] = []string{link(p.ID, lineURL(d.report, p.Pos)), code(p.Claimed), code(p.Verified), fmt.Sprintf("%d/%d", p.Checked, p.Boxes), code(short(p.Checkpoint)), prose(p.Title)}
		odd[i] = p.Verified != "verified"
	}
	return listBlock("Packets", []string{"Packet", "Claimed", "Verified", "Boxes", "Checkpoint", "Title"}, rows, odd, stepOddPackets)
}

func (d *document) commands() block {
	list := d.report.Commands
	rows, odd := make([][]string, len(list)), make([]bool, len(list))
	for i := range list {
		c := &list[i]
		rows[i] = []string{code(commandText(c)), code(string(c.State)), prose(claimed(c)), code(observed(c.Evidence)), tests(c.Evidence), took(c.Evidence)}
		odd[i] = c.State != verdict.CommandPassed
	}
	return listBlock("Commands", []string{"Command", "State", "Claimed", "Observed", "Tests", "Time"}, rows, odd, stepOddCommands)
}

// logs are the ends of the output of commands that did not pass.
func (d *document) logs() []block {
	var blocks []block
	for i := range d.report.Commands {
		c := &d.report.Commands[i]
		if c.State == verdict.CommandPassed || c.Evidence == nil {
			continue
		}
		out := c.Evidence.Log.Tail
		if out == "" {
			out = c.Evidence.Log.Head
		}
		if strings.TrimSpace(out) != "" {
			md := "Output of " + code(commandText(c)) + ", its end:\n\n" + fenced(out)
			blocks = append(blocks, block{forms: []form{{stepAll, folded("Output of command "+fmt.Sprint(i+1)+" ("+observedPlain(c)+")", md)}, {stepNoLogs, ""}}})
		}
	}
	return blocks
}

// observedPlain is for HTML: no text from outside.
func observedPlain(c *verdict.CommandReport) string {
	if c.Evidence.Outcome == evidence.Exited {
		return fmt.Sprintf("exit %d", c.Evidence.ExitCode)
	}
	return "no exit"
}

func (d *document) checkpoints() block {
	list := d.report.Checkpoints
	rows, odd := make([][]string, len(list)), make([]bool, len(list))
	for i := range list {
		c := &list[i]
		about := c.Subject
		if c.Reason != "" {
			about = c.Reason
		}
		rows[i] = []string{code(c.Packet), link(checkpointName(c), commitURL(d.report, c.Hash)), code(string(c.State)), code(about)}
		odd[i] = c.State != evidence.CheckpointReachable
	}
	return listBlock("Checkpoints", []string{"Packet", "Commit", "State", "About"}, rows, odd, stepOddCommits)
}

func (d *document) risks() block {
	list := d.report.Risks
	rows, odd := make([][]string, len(list)), make([]bool, len(list))
	for i := range list {
		k := &list[i]
		where := ""
		if len(k.Places) > 0 {
			where = link(place(k.Places[0]), lineURL(d.report, k.Places[0]))
		}
		rows[i] = []string{prose(k.Text), code(k.Severity), code(string(k.Disposition)), prose(k.Why), code(strings.Join(nonEmpty(k.To, k.Owner), ", ")), where}
		odd[i] = k.Disposition == verdict.DispositionOpen || k.Disposition == verdict.DispositionDeferred
	}
	return listBlock("Residual risks", []string{"Risk", "Severity", "Disposition", "Why", "Owed to", "Where"}, rows, odd, stepOddRisks)
}

// mostChanges is how many changes are listed when room is short.
const mostChanges = 20

func (d *document) changes() block {
	list := d.report.Changes
	if len(list) == 0 {
		return block{}
	}
	head := fmt.Sprintf("Changes since the last report (%d)", len(list))
	full, some := "", ""
	for i := range list {
		line := "- "
		if list[i].Worse {
			line += "**worse:** "
		}
		line += prose(changeText(&list[i])) + "\n"
		full += line
		if i < mostChanges {
			some += line
		}
	}
	if len(list) > mostChanges {
		some += fmt.Sprintf("- and %d more%s\n", len(list)-mostChanges, d.fullReport())
	}
	return block{forms: []form{{stepAll, folded(head, full)}, {stepNoChanges, folded(head, some)}, {stepNoTables, head + ".\n\n"}}}
}

func (d *document) waivers() block {
	list := d.report.Waivers
	rows, odd := make([][]string, len(list)), make([]bool, len(list))
	for i, v := range list {
		rows[i] = []string{code(v.State), code(v.Rule), code(v.Packet), code(v.Owner), code(v.Expires), prose(v.Reason)}
		odd[i] = v.State != "used"
	}
	return listBlock("Waivers", []string{"State", "Rule", "Packet", "Owner", "Until", "Reason"}, rows, odd, stepOddRisks)
}

func (d *document) notes() block {
	list := findingsOf(d.report, verdict.Note)
	if len(list) == 0 {
		return block{}
	}
	var b strings.Builder
	for _, f := range list {
		if !d.tooLong(b.Len()) {
			b.WriteString(d.finding(f))
		}
	}
	head := fmt.Sprintf("Notes (%d)", len(list))
	return block{forms: []form{{stepAll, folded(head, b.String())}, {stepNoNotes, plural(len(list), "note") + d.fullReport() + ".\n\n"}}}
}

func (d *document) environment() block {
	e := d.report.Environment
	md := fmt.Sprintf("- System: %s\n", code(fmt.Sprintf("%s/%s, %d CPUs", e.OS, e.Arch, e.CPUs)))
	for _, tool := range e.Tools {
		md += "- " + code(strings.Join(nonEmpty(tool.Name, tool.Version), " ")) + "\n"
	}
	return block{forms: []form{{stepAll, folded("Where it ran", md)}, {stepNoEnvironment, ""}}}
}

// footer binds the text to what it is about.
func (d *document) footer() string {
	r := d.report
	var b strings.Builder
	b.WriteString("---\n\n")
	row := func(label, content string) {
		if content != "" {
			b.WriteString("- " + label + " " + code(clip(content, 200)) + "\n")
		}
	}
	head := r.Head
	if head == "" {
		head = r.Subject.Commit
	}
	row("Head", head)
	if row("Base", r.Base); r.Base == "" {
		b.WriteString("- Base not known to this report\n")
	}
	row("Tree", r.Subject.Tree)
	for i, t := range r.Trackers {
		if i == 20 {
			b.WriteString(fmt.Sprintf("- and %s more\n", plural(len(r.Trackers)-i, "tracker")))
			break
		}
		row("Tracker", clip(t.Path, 100)+" sha256 "+t.SHA256)
	}
	if p := r.Subject.Policy; p != nil {
		row("Policy", clip(p.Path, 100)+" sha256 "+p.SHA256)
	} else {
		b.WriteString("- Policy: the defaults\n")
	}
	row("Tool", strings.Join(nonEmpty(r.Tool.Name, r.Tool.Version), " "))
	if !r.Generated.IsZero() {
		row("Evidence of", r.Generated.UTC().Format(time.RFC3339))
	}
	if d.url != "" {
		b.WriteString("- [Full report](" + d.url + ")\n")
	}
	return b.String()
}
