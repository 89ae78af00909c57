package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/templates"
	"github.com/verdictci/verdict/verdict"
)

// HTMLOptions say what the page holds.
type HTMLOptions struct {
	// Logs is the bundle's folder. Nil: the page holds the head or tail of each
	// log that the report has.
	Logs fs.FS
	// LogDir leads from the page to that folder, with forward slashes; logs that
	// are too large for the page are linked there. Empty: beside the page.
	LogDir string
	// Trackers are the judged files by the path that the report names; a file that
	// is not the judged one is left out. What is left out is linked on the web, where
	// the repository has an address.
	Trackers map[string][]byte
}

// HTML writes the report as one page that needs nothing else: no network, no
// other file. Text from outside is text in it; the page's policy allows its own
// script and style alone.
func HTML(w io.Writer, r *verdict.Report, o HTMLOptions) error {
	css, err := templates.Files.ReadFile("page.css")
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	js, err := templates.Files.ReadFile("page.js")
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	t, err := template.ParseFS(templates.Files, "page.html.tmpl")
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	p, err := newPage(r, o)
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	p.CSS, p.JS = template.CSS(css), template.JS(js)
	p.CSP = "default-src 'none'; style-src " + source(css) + "; script-src " + source(js) + "; base-uri 'none'; form-action 'none'"
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func source(content []byte) string {
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page is what the template shows. Every string is text; the template escapes.
type page struct {
	CSP, Decision, Tone, About, Summary, Against string
	CSS                                          template.CSS
	JS                                           template.JS
	Complete                                     bool
	Counts                                       []string
	Findings                                     []pageFinding
	Packets                                      []pagePacket
	Commands                                     []pageCommand
	Timeline                                     *timeline
	Graph                                        *graph
	Checkpoints                                  []pageCheckpoint
	Risks                                        []pageRisk
	Waivers                                      []pageWaiver
	Changes                                      []pageChange
	Trackers                                     []pageTracker
	Footer                                       [][2]string
	Logs                                         map[string]string
	room                                         int // bytes that are left for packed text
}

type pageFinding struct {
	Severity, Tone, Rule, Packet, Place, URL, Claimed, Observed, Hint, Waived, Log, Commit, CommitURL string
	Message                                                                                           []pagePart
}
type pagePart struct {
	Code bool
	Text string
}
type pagePacket struct{ ID, URL, Tracker, Claimed, Verified, Tone, Boxes, Title string }
type pageCheckpoint struct{ Packet, Name, URL, State, Tone, Title string }
type pageRisk struct{ Text, Place, URL, Severity, Disposition, Tone, Why, Owed string }
type pageWaiver struct{ Rule, Packet, State, Tone, Until, Owner, Reason string }
type pageTracker struct{ Anchor, Path, URL string }
type pageChange struct {
	Kind, What, Before, After string
	Worse                     bool
}

func newPage(r *verdict.Report, o HTMLOptions) (*page, error) {
	d := decisionOf(r.Verdict)
	p := &page{
		Decision: string(d), Summary: clean(r.Summary), Against: clean(r.Against), Complete: r.Complete, Counts: counts(r), Logs: map[string]string{}, room: maxLogsText,
		Tone: map[verdict.Decision]string{verdict.Go: "good", verdict.GoWithConditions: "warn", verdict.NoGo: "bad"}[d],
	}
	names := make([]string, len(r.Trackers))
	for i := range r.Trackers {
		names[i] = clean(r.Trackers[i].Path)
	}
	p.About = strings.Join(nonEmpty(strings.Join(names, ", "), clean(short(r.Subject.Commit))), " at ")
	anchors := map[string]string{}
	for i := range r.Commands {
		anchors[r.Commands[i].Key] = fmt.Sprintf("command-%d", i+1)
	}
	line, err := p.trackers(r, o.Trackers)
	if err != nil {
		return nil, err
	}
	p.findings(r, anchors, line)
	p.tables(r, line)
	if err := p.commands(r, o, anchors, line); err != nil {
		return nil, err
	}
	p.Timeline, p.Graph = newTimeline(r), newGraph(r)
	p.footer(r)
	return p, nil
}

// trackers packs the judged trackers, and gives what leads to a line: in the page
// itself, or on the web.
func (p *page) trackers(r *verdict.Report, sources map[string][]byte) (func(tracker.Pos) string, error) {
	anchors := map[string]string{}
	for i := range r.Trackers {
		t := &r.Trackers[i]
		source, ok := sources[t.Path]
		if sum := sha256.Sum256(source); !ok || hex.EncodeToString(sum[:]) != t.SHA256 {
			continue
		}
		packed, err := pack(source)
		if err != nil {
			return nil, err
		}
		if len(packed) > p.room {
			continue
		}
		anchor := fmt.Sprintf("tracker-%d", i+1)
		p.room -= len(packed)
		p.Logs[anchor], anchors[t.Path] = packed, anchor
		p.Trackers = append(p.Trackers, pageTracker{anchor, clean(t.Path), lineURL(r, tracker.Pos{File: t.Path, Line: 1, Column: 1})})
	}
	return func(pos tracker.Pos) string {
		if anchor := anchors[pos.File]; anchor != "" && pos.IsValid() {
			return fmt.Sprintf("#%s-L%d", anchor, pos.Line)
		}
		return lineURL(r, pos)
	}, nil
}

func (p *page) findings(r *verdict.Report, anchors map[string]string, line func(tracker.Pos) string) {
	for _, s := range severities {
		for _, f := range findingsOf(r, s) {
			row := pageFinding{
				Severity: string(s), Tone: map[verdict.Severity]string{verdict.Blocker: "bad", verdict.Condition: "warn", verdict.Note: "soft"}[s],
				Rule: clean(f.Rule), Packet: clean(f.Packet), Place: clean(place(f.Pos)), URL: line(f.Pos), Message: parts(clean(f.Message)),
				Claimed: clean(f.Claimed), Observed: clean(f.Observed), Hint: clean(f.Hint), Log: anchors[f.Command],
				Commit: clean(f.Commit), CommitURL: commitURL(r, f.Commit),
			}
			if v := f.Waived; v != nil {
				row.Waived = clean(fmt.Sprintf("until %s by %s: %s", v.Expires, v.Owner, v.Reason))
			}
			p.Findings = append(p.Findings, row)
		}
	}
}

// parts takes apart what stands between back-quotes.
func parts(s string) []pagePart {
	list := strings.Split(s, "`")
	if len(list)%2 == 0 { // one back-quote has no partner: all is text
		return []pagePart{{Text: s}}
	}
	out := make([]pagePart, len(list))
	for i, text := range list {
		out[i] = pagePart{i%2 == 1, text}
	}
	return out
}

func (p *page) tables(r *verdict.Report, line func(tracker.Pos) string) {
	for i := range r.Packets {
		k := &r.Packets[i]
		path := ""
		if len(r.Trackers) > 1 {
			path = clean(k.Tracker)
		}
		p.Packets = append(p.Packets, pagePacket{clean(k.ID), line(k.Pos), path, clean(k.Claimed), clean(k.Verified), packetTone(k), fmt.Sprintf("%d/%d", k.Checked, k.Boxes), clean(k.Title)})
	}
	for i := range r.Checkpoints {
		k := &r.Checkpoints[i]
		about := k.Subject
		if k.Reason != "" {
			about = k.Reason
		}
		p.Checkpoints = append(p.Checkpoints, pageCheckpoint{clean(k.Packet), clean(checkpointName(k)), commitURL(r, k.Hash), clean(string(k.State)), checkpointTone(k), clean(about)})
	}
	for i := range r.Risks {
		k := &r.Risks[i]
		row := pageRisk{Text: clean(k.Text), Severity: clean(k.Severity), Disposition: clean(string(k.Disposition)), Tone: riskTone(k.Disposition), Why: clean(k.Why), Owed: clean(strings.Join(nonEmpty(k.To, k.Owner), ", "))}
		if len(k.Places) > 0 {
			row.Place, row.URL = clean(place(k.Places[0])), line(k.Places[0])
		}
		p.Risks = append(p.Risks, row)
	}
	for i := range r.Waivers {
		k := &r.Waivers[i]
		tone := "warn"
		if k.State == "used" {
			tone = "good"
		}
		p.Waivers = append(p.Waivers, pageWaiver{clean(k.Rule), clean(k.Packet), clean(k.State), tone, clean(k.Expires), clean(k.Owner), clean(k.Reason)})
	}
	for i := range r.Changes {
		k := &r.Changes[i]
		p.Changes = append(p.Changes, pageChange{clean(k.Kind), clean(k.What), clean(k.Before), clean(k.After), k.Worse})
	}
}

func packetTone(k *verdict.PacketReport) string {
	switch k.Verified {
	case "verified":
		return "good"
	case "conditions":
		return "warn"
	case "blocked":
		return "bad"
	}
	return "soft"
}

func checkpointTone(k *verdict.CheckpointReport) string {
	switch k.State {
	case evidence.CheckpointReachable:
		return "good"
	case evidence.CheckpointMissing, evidence.CheckpointMalformed:
		return "bad"
	}
	return "warn"
}

func riskTone(d verdict.Disposition) string {
	switch d {
	case verdict.DispositionOpen:
		return "bad"
	case verdict.DispositionDeferred, verdict.DispositionAccepted, verdict.DispositionMitigated:
		return "warn"
	}
	return "soft"
}

func (p *page) footer(r *verdict.Report) {
	row := func(label, content string) {
		if content != "" {
			p.Footer = append(p.Footer, [2]string{label, clean(content)})
		}
	}
	row("Head", r.Head)
	row("Base", r.Base)
	row("Commit", r.Subject.Commit)
	row("Tree", r.Subject.Tree)
	row("Work tree", strings.Join(nonEmpty(string(r.Subject.Worktree.State), r.Subject.Worktree.Reason), ": "))
	for _, t := range r.Trackers {
		row("Tracker", t.Path+" sha256 "+t.SHA256)
	}
	if q := r.Subject.Policy; q != nil {
		row("Policy", q.Path+" sha256 "+q.SHA256)
	}
	row("Tool", strings.Join(nonEmpty(r.Tool.Name, r.Tool.Version), " "))
	row("System", fmt.Sprintf("%s/%s, %d CPUs", r.Environment.OS, r.Environment.Arch, r.Environment.CPUs))
	for _, tool := range r.Environment.Tools {
		if strings.Contains(tool.Version, tool.Name) { // "go version go1.26.8"
			row("With", tool.Version)
		} else {
			row("With", strings.Join(nonEmpty(tool.Name, tool.Version), " "))
		}
	}
	if o := r.Origin; o != nil {
		row("Collected by", strings.Join(nonEmpty(o.Service, o.Repository, o.URL), " "))
	}
	if r.Redacted > 0 {
		row("Secrets", fmt.Sprintf("%d replaced in what is shown", r.Redacted))
	}
	if !r.Generated.IsZero() {
		row("Evidence of", r.Generated.UTC().Format(time.RFC3339))
	}
}
