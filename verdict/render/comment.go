package render

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/verdict"
)

// CommentOptions say for which place a text is made.
type CommentOptions struct {
	// Target: "comment" (default), "check" (a check run's summary), "check-text"
	// (its text), "summary" (of a job) or "status" (a commit status).
	Target string
	// ID tells several comments on one pull request apart: letters, digits, dot,
	// hyphen and underscore. Empty: "default".
	ID string
	// ReportURL leads to the full report; empty: there is no such place.
	ReportURL string
}

// Budgets in characters. GitHub refuses longer texts; a job's summary is counted
// in bytes there, so that its budget here allows for four in each character.
var budgets = map[string]int{
	"comment":    65536,
	"check":      65535,
	"check-text": 65535,
	"summary":    (1 << 20) / 4,
	"status":     140,
}

var commentID = lazyregexp.New(`^[A-Za-z0-9._-]{1,64}$`)

// Marker is the line by which a comment is found again. It is public text:
// whoever looks for it must check the author as well.
func Marker(id string) (string, error) {
	if id == "" {
		id = "default"
	}
	if !commentID.MatchString(id) || strings.Contains(id, "--") {
		return "", fmt.Errorf("make comment: id %q: want up to 64 letters, digits, '.', '-' or '_', and no '--'", id)
	}
	return "<!-- verdict:comment id=" + id + " -->", nil
}

// stateLine tells a later run, which nobody else sees, what the comment holds: which
// decision, how old its evidence is and of which run, about which commit.
func stateLine(r *verdict.Report) string {
	head := r.Head
	if head == "" {
		head = r.Subject.Commit
	}
	if !hexHash.MatchString(head) {
		head = ""
	}
	run := ""
	if o := r.Origin; o != nil && o.RunID > 0 {
		run = fmt.Sprintf("run=%d.%d ", o.RunID, o.RunAttempt)
	}
	return fmt.Sprintf("<!-- verdict:state class=%s evidence=%s %shead=%s -->", decisionOf(r.Verdict), r.Generated.UTC().Format(time.RFC3339Nano), run, head)
}

var hexHash = lazyregexp.New(`^[0-9a-f]{40,64}$`)

// Comment renders the report for a place on GitHub, within that place's budget.
// Detail goes in the order that docs/report.md states; the decision never goes,
// and no blocker or condition goes uncounted. No text from outside can mention
// people, refer to or close issues, open or close markup, or pass for the marker.
func Comment(r *verdict.Report, o CommentOptions) (string, error) {
	if o.Target == "" {
		o.Target = "comment"
	}
	budget, known := budgets[o.Target]
	if !known {
		return "", fmt.Errorf("make comment: unknown target %q: want comment, check, check-text, summary or status", o.Target)
	}
	if o.Target == "status" {
		return statusText(r), nil
	}
	address, err := reportAddress(o.ReportURL)
	if err != nil {
		return "", err
	}
	marker, err := Marker(o.ID)
	if err != nil {
		return "", err
	}
	d := document{report: r, url: address, budget: budget}
	blocks := d.blocks()
	switch o.Target {
	case "comment":
		blocks = append([]block{fixed(marker + "\n" + stateLine(r) + "\n")}, blocks...)
	case "check":
		blocks = d.summaryBlocks()
	case "check-text":
		blocks = d.detailBlocks()
	}
	text, ok := fit(blocks, budget)
	if !ok {
		return "", fmt.Errorf("make comment: %d characters do not fit into %d", size(text), budget)
	}
	return text, nil
}

// summaryBlocks are for a check run's summary: the decision and what is owed.
func (d *document) summaryBlocks() []block {
	blocks := []block{fixed(d.decision())}
	blocks = append(blocks, d.owed(verdict.Blocker, stepLineBlockers, stepCutBlockers)...)
	blocks = append(blocks, d.owed(verdict.Condition, stepLineConditions, stepCutConditions)...)
	return append(blocks, d.changes(), fixed(d.footer()))
}

// detailBlocks are for a check run's text: everything else.
func (d *document) detailBlocks() []block {
	blocks := []block{d.packets(), d.commands()}
	blocks = append(blocks, d.logs()...)
	return append(blocks, d.checkpoints(), d.risks(), d.waivers(), d.notes(), d.environment())
}

// statusText fits into 140 characters and holds no text from outside.
func statusText(r *verdict.Report) string {
	text := string(decisionOf(r.Verdict)) + ": " + strings.Join(counts(r), ", ")
	return clip(text, budgets["status"])
}

// reportAddress allows an https or http address and makes it safe in Markdown.
func reportAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("make comment: report address %q: want an https address", s)
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20").Replace(u.String()), nil
}
