package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/verdictci/verdict/verdict"
)

// TextOptions say how the terminal's text looks.
type TextOptions struct {
	Width   int  // columns; 0: 80; kept between 60 and 200
	Color   bool // ANSI colours
	Verbose bool // every note, every detail, and the end of each log that failed
	Quiet   bool // the first ten lines alone
}

// headLines is how many lines tell the decision and what to do next.
const headLines = 10

// Text writes the report for a terminal. The first ten lines hold the decision,
// why, and what to do next; the details follow by severity.
func Text(w io.Writer, r *verdict.Report, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	t := &text{width: min(max(o.Width, 60), 200), color: o.Color, verbose: o.Verbose, report: r}
	t.head()
	if !o.Quiet {
		for _, s := range severities {
			t.findings(s)
		}
		t.commands()
		t.packets()
		t.checkpoints()
		t.risks()
		t.waivers()
		t.changes()
		t.subject()
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// text collects the lines. Everything that is written goes through line.
type text struct {
	b       strings.Builder
	lines   int
	width   int
	color   bool
	verbose bool
	report  *verdict.Report
}

// style is an ANSI colour; it changes nothing else.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func decisionStyle(d verdict.Decision) style {
	switch d {
	case verdict.Go:
		return "1;32"
	case verdict.GoWithConditions:
		return "1;33"
	}
	return "1;31"
}

func severityStyle(s verdict.Severity) style {
	switch s {
	case verdict.Blocker:
		return red
	case verdict.Condition:
		return yellow
	}
	return dim
}

// line writes one line. No line begins with what a CI service reads as a
// command to itself.
func (t *text) line(indent int, s style, content string) {
	content = strings.TrimRight(content, " ")
	content = strings.ReplaceAll(content, "##[", "#\u200b#[")
	if strings.HasPrefix(strings.TrimLeft(content, " "), "::") {
		content = strings.Replace(content, "::", ":\u200b:", 1)
	}
	t.lines++
	if content == "" {
		t.b.WriteByte('\n')
		return
	}
	t.b.WriteString(strings.Repeat(" ", indent))
	if t.color && s != plain {
		t.b.WriteString("\x1b[" + string(s) + "m" + content + "\x1b[0m\n")
		return
	}
	t.b.WriteString(content + "\n")
}

// para writes text from outside, wrapped; the first line begins with label.
func (t *text) para(indent int, s style, label, content string, most int) {
	content = clean(content)
	pad := columns(label)
	lines := wrap(content, t.width-indent-pad)
	if most > 0 && len(lines) > most {
		lines = append(lines[:most-1], clip(strings.Join(lines[most-1:], " "), t.width-indent-pad))
	}
	for i, line := range lines {
		if i == 0 {
			t.line(indent, s, label+line)
		} else {
			t.line(indent, s, strings.Repeat(" ", pad)+line)
		}
	}
}

func (t *text) title(name string) {
	t.line(0, plain, "")
	t.line(0, bold, name)
}

// head writes at most ten lines: decision, summary, counts, and the findings to
// begin with.
func (t *text) head() {
	r := t.report
	d := decisionOf(r.Verdict)
	what, at := "", clean(short(r.Subject.Commit))
	if len(r.Trackers) == 1 {
		what = clean(r.Trackers[0].Path)
	} else if len(r.Trackers) > 1 {
		what = plural(len(r.Trackers), "tracker")
	}
	if at != "" && r.Subject.Worktree.State == "dirty" {
		at += " with uncommitted changes"
	}
	about := strings.Join(nonEmpty(what, at), " at ")
	t.line(0, decisionStyle(d), clip(string(d)+"  "+about, t.width))
	t.para(2, plain, "", r.Summary, 2)
	t.para(2, dim, "", strings.Join(counts(r), " · "), 2)
	owed := append(findingsOf(r, verdict.Blocker), findingsOf(r, verdict.Condition)...)
	for i, f := range owed {
		need := 1
		if f.Hint != "" {
			need = 2
		}
		room := headLines - t.lines
		if i < len(owed)-1 {
			room-- // for the line that counts the rest
		}
		if room < need {
			t.line(2, dim, fmt.Sprintf("and %d more, below", len(owed)-i))
			return
		}
		label := string(f.Severity) + "  "
		if p := place(f.Pos); p != "" {
			label += p + "  "
		}
		t.line(2, severityStyle(f.Severity), clip(clean(label+f.Message), t.width-2))
		if f.Hint != "" {
			t.line(4, plain, clip("→ "+clean(f.Hint), t.width-4))
		}
	}
	if len(owed) == 0 {
		t.line(2, plain, "Nothing is owed.")
	}
}

// mostNotes is how many notes are listed unless everything is asked for.
const mostNotes = 20

func (t *text) findings(s verdict.Severity) {
	list := findingsOf(t.report, s)
	if len(list) == 0 {
		return
	}
	t.title(map[verdict.Severity]string{verdict.Blocker: "Blockers", verdict.Condition: "Conditions", verdict.Note: "Notes"}[s])
	for i, f := range list {
		if s == verdict.Note && i == mostNotes && !t.verbose {
			t.line(2, dim, fmt.Sprintf("and %s more (--verbose lists them)", plural(len(list)-i, "note")))
			return
		}
		t.finding(f)
	}
}

func (t *text) finding(f *verdict.Finding) {
	where := place(f.Pos)
	if where == "" {
		where = f.Tracker
	}
	t.line(2, severityStyle(f.Severity), clip(clean(strings.TrimSpace(where+"  "+f.Packet))+"  ["+clean(f.Rule)+"]", t.width-2))
	t.para(4, plain, "", f.Message, 0)
	if f.Severity == verdict.Note && !t.verbose {
		return
	}
	for _, field := range [...]struct{ label, content string }{
		{"claimed   ", f.Claimed}, {"observed  ", f.Observed}, {"to do     ", f.Hint},
	} {
		if field.content != "" {
			t.para(4, plain, field.label, field.content, 0)
		}
	}
	if f.TrackerRule > 0 {
		t.line(4, dim, fmt.Sprintf("rule %d of the tracker", f.TrackerRule))
	}
	if f.Waived != nil {
		t.para(4, dim, "waived    ", fmt.Sprintf("until %s by %s: %s", f.Waived.Expires, f.Waived.Owner, f.Waived.Reason), 0)
	}
	if t.verbose && f.ID != "" {
		t.line(4, dim, "id        "+clip(clean(f.ID), t.width-14))
	}
}
