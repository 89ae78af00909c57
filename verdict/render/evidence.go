package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

// Evidence writes what a report says for the packet of a tracker that asks for
// the verdict, as Markdown in the form that trackers keep their evidence in. It
// reads back as the claims that it makes. The same report gives the same text.
func Evidence(w io.Writer, r *verdict.Report, t *tracker.Tracker, p *tracker.Packet) error {
	e := evidenceText{r: r, path: t.Path}
	decision, summary := verdict.NoGo, r.Summary
	for i := range r.Trackers {
		if r.Trackers[i].Path == t.Path {
			decision, summary = decisionOf(r.Trackers[i].Verdict), r.Trackers[i].Summary
		}
	}
	e.line("%s at commit `%s`.", tracker.EvidenceMark, short(r.Subject.Commit))
	e.line("")
	e.line("## Final Verdict: %s", decision)
	e.line("")
	e.line("%s", flat(summary))
	e.packets(p)
	e.commands(p)
	e.line("\n### Gate Checklist\n")
	for _, g := range r.Gates(t.Path) {
		if g.State == "PASS" {
			e.line("- %s: PASS", g.Name)
		} else {
			e.line("- %s: %s (%s)", g.Name, g.State, plural(g.Blockers, "blocker"))
		}
	}
	e.risks()
	if decision == verdict.NoGo {
		e.findings("Findings", verdict.Blocker)
		e.line("\nVerdict: CHANGES_REQUESTED")
	} else {
		e.findings("What is owed", verdict.Condition)
		e.line("\nVerdict: APPROVED")
	}
	_, err := io.WriteString(w, e.b.String())
	return err
}

type evidenceText struct {
	r    *verdict.Report
	path string
	b    strings.Builder
}

func (e *evidenceText) line(format string, args ...any) {
	fmt.Fprintf(&e.b, format+"\n", args...)
}

// flat keeps text from outside on its line, and from closing the fence or the
// cell that it stands in.
func flat(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(clean(s)), " "), "```", "'''")
}

func tableCell(s string) string { return strings.ReplaceAll(flat(s), "|", `\|`) }

// codeSpan is a code span that may hold backticks.
func codeSpan(s string) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	return "`` " + s + " ``"
}

func (e *evidenceText) packets(final *tracker.Packet) {
	e.line("\n### Packet Summary\n")
	e.line("| Packet | Claimed | Verified | Checkpoint |")
	e.line("|---|---|---|---|")
	for i := range e.r.Packets {
		p := &e.r.Packets[i]
		if p.Tracker != e.path || tracker.SameID(p.ID, final.ID) {
			continue
		}
		hash := "—"
		if p.Checkpoint != "" {
			hash = "`" + short(p.Checkpoint) + "`"
		}
		e.line("| %s | %s | %s | %s |", tableCell(p.ID), tableCell(p.Claimed), tableCell(p.Verified), hash)
	}
}

// commands lists what the packet itself requires, in its words and order.
func (e *evidenceText) commands(p *tracker.Packet) {
	if len(p.Required) == 0 {
		return
	}
	e.line("\n### Commands run + exit codes\n")
	for n, q := range p.Required {
		c := e.r.Command(q.Command)
		if c == nil || c.Evidence == nil {
			e.line("%d. %s -> not run", n+1, codeSpan(q.Command))
			continue
		}
		line := strconv.Itoa(n+1) + ". " + codeSpan(q.Command) + " -> " + observed(c.Evidence)
		if counted := tests(c.Evidence); counted != "–" {
			line += " (" + counted + ")"
		} else if c.State != verdict.CommandPassed {
			line += " (" + string(c.State) + ")"
		}
		e.line("%s", line)
	}
}

func (e *evidenceText) risks() {
	e.line("\n### Residual Risks (Reconciled)\n")
	rows := 0
	for i := range e.r.Risks {
		k := &e.r.Risks[i]
		if k.Tracker != e.path {
			continue
		}
		if rows++; rows == 1 {
			e.line("| Risk | Source | Severity | Disposition |")
			e.line("|---|---|---|---|")
		}
		severity := k.Severity
		if severity == "" {
			severity = "—"
		}
		e.line("| %s | %s | %s | %s |", tableCell(k.Text), tableCell(k.Packet), severity, tableCell(disposition(k)))
	}
	if rows == 0 {
		e.line("None.")
	}
}

// disposition is what is done about a risk, with what decided it where that says
// more than the word itself.
func disposition(k *verdict.Risk) string {
	out := string(k.Disposition)
	if !strings.EqualFold(strings.Trim(k.Why, "“”"), out) && k.Disposition != verdict.DispositionOpen {
		out += ": " + k.Why
	}
	if k.Owner != "" {
		out += "; owner " + k.Owner
	}
	return out
}

func (e *evidenceText) findings(title string, severity verdict.Severity) {
	n := 0
	for i := range e.r.Findings {
		f := &e.r.Findings[i]
		if f.Severity != severity || f.Tracker != "" && f.Tracker != e.path {
			continue
		}
		if n++; n == 1 {
			e.line("\n### %s\n", title)
		}
		e.line("- %s: %s", f.Rule, flat(f.Message))
	}
}
