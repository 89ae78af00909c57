package render

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
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
}

// The page's room for logs: bytes of one log before packing, and of all logs
// packed.
const (
	maxLogRaw   = 16 << 20
	maxLogsText = 1200 << 10
)

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
	Changes                                      []pageChange
	Footer                                       [][2]string
	Logs                                         map[string]string
}

type pageFinding struct {
	Severity, Tone, Rule, Packet, Place, URL, Message, Claimed, Observed, Hint, Waived, Command, Commit, CommitURL string
}
type pagePacket struct{ ID, URL, Claimed, Verified, Tone, Boxes, Title string }
type pageCommand struct {
	Number                                                                          int
	Anchor, State, Tone, Text, Claimed, Observed, Tests, Time, Reason, Log, LogFile string
	Expected                                                                        int
	Required                                                                        []pageRequirement
}
type pageRequirement struct{ Packet, Place, URL string }
type pageCheckpoint struct{ Packet, Name, URL, State, Tone, Title string }
type pageRisk struct{ Text, Severity, Disposition, Why, To, Owner string }
type pageChange struct {
	Text  string
	Worse bool
}

func newPage(r *verdict.Report, o HTMLOptions) (*page, error) {
	d := decisionOf(r.Verdict)
	p := &page{
		Decision: string(d), Summary: clean(r.Summary), Against: clean(r.Against), Complete: r.Complete, Counts: counts(r), Logs: map[string]string{},
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
	p.findings(r, anchors)
	p.tables(r)
	if err := p.commands(r, o, anchors); err != nil {
		return nil, err
	}
	p.Timeline, p.Graph = newTimeline(r), newGraph(r)
	p.footer(r)
	return p, nil
}

func (p *page) findings(r *verdict.Report, anchors map[string]string) {
	for _, s := range severities {
		for _, f := range findingsOf(r, s) {
			row := pageFinding{
				Severity: string(s), Tone: map[verdict.Severity]string{verdict.Blocker: "bad", verdict.Condition: "warn"}[s],
				Rule: clean(f.Rule), Packet: clean(f.Packet), Place: clean(place(f.Pos)), URL: lineURL(r, f.Pos), Message: clean(f.Message),
				Claimed: clean(f.Claimed), Observed: clean(f.Observed), Hint: clean(f.Hint), Command: anchors[f.Command],
				Commit: clean(short(f.Commit)), CommitURL: commitURL(r, f.Commit),
			}
			if v := f.Waived; v != nil {
				row.Waived = clean(fmt.Sprintf("until %s by %s: %s", v.Expires, v.Owner, v.Reason))
			}
			p.Findings = append(p.Findings, row)
		}
	}
}

func (p *page) tables(r *verdict.Report) {
	for i := range r.Packets {
		k := &r.Packets[i]
		p.Packets = append(p.Packets, pagePacket{clean(k.ID), lineURL(r, k.Pos), clean(k.Claimed), clean(k.Verified), packetTone(k), fmt.Sprintf("%d/%d", k.Checked, k.Boxes), clean(k.Title)})
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
		p.Risks = append(p.Risks, pageRisk{clean(k.Text), clean(k.Severity), clean(string(k.Disposition)), clean(k.Why), clean(k.To), clean(k.Owner)})
	}
	for i := range r.Changes {
		p.Changes = append(p.Changes, pageChange{clean(changeText(&r.Changes[i])), r.Changes[i].Worse})
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
	if k.State == evidence.CheckpointReachable {
		return "good"
	}
	return "warn"
}

func commandTone(s verdict.CommandState) string {
	switch s {
	case verdict.CommandPassed:
		return "good"
	case verdict.CommandUnproven:
		return "warn"
	}
	return "bad"
}

func (p *page) commands(r *verdict.Report, o HTMLOptions, anchors map[string]string) error {
	room := maxLogsText
	for i := range r.Commands {
		c := &r.Commands[i]
		row := pageCommand{
			Number: i + 1, Anchor: anchors[c.Key], State: clean(string(c.State)), Tone: commandTone(c.State), Text: clean(commandText(c)),
			Claimed: clean(claimed(c)), Observed: clean(observed(c.Evidence)), Tests: tests(c.Evidence), Time: took(c.Evidence), Expected: c.Expected,
		}
		for _, q := range c.RequiredBy {
			row.Required = append(row.Required, pageRequirement{clean(q.Packet), clean(place(q.Pos)), lineURL(r, q.Pos)})
		}
		if e := c.Evidence; e != nil {
			row.Reason = clean(e.Reason)
			packed, whole, err := packLog(e, o.Logs, room)
			if err != nil {
				return err
			}
			if packed != "" {
				row.Log = fmt.Sprint(i + 1)
				p.Logs[row.Log] = packed
				room -= len(packed)
			}
			if !whole && o.Logs != nil && fs.ValidPath(e.Log.Path) {
				row.LogFile = strings.Join(nonEmpty(o.LogDir, e.Log.Path), "/")
			}
		}
		p.Commands = append(p.Commands, row)
	}
	return nil
}

// packLog gives the log in base64 of gzip, and whether it is all of it. A log
// that does not fit is represented by the lines that the report has.
func packLog(e *evidence.Command, logs fs.FS, room int) (string, bool, error) {
	if logs != nil && fs.ValidPath(e.Log.Path) && e.Log.Path != "." && e.Log.Kept <= maxLogRaw {
		data, err := readLog(logs, e.Log.Path)
		if err == nil {
			packed, err := pack(data)
			if err != nil || len(packed) <= room {
				return packed, true, err
			}
		}
	}
	ends := e.Log.Head
	if e.Log.Tail != "" {
		ends += "\n… (lines are left out here) …\n" + e.Log.Tail
	}
	if ends == "" {
		return "", e.Log.Bytes == 0, nil
	}
	packed, err := pack([]byte(ends))
	if err != nil || len(packed) > room {
		return "", false, err
	}
	return packed, e.Log.Tail == "", nil
}

// readLog reads a regular file that is not too large.
func readLog(logs fs.FS, path string) ([]byte, error) {
	f, err := logs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxLogRaw {
		return nil, fmt.Errorf("read log %s: not a regular file of at most %d bytes", path, maxLogRaw)
	}
	return io.ReadAll(io.LimitReader(f, maxLogRaw))
}

func pack(data []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
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
	for _, t := range r.Trackers {
		row("Tracker", t.Path+" sha256 "+t.SHA256)
	}
	if q := r.Subject.Policy; q != nil {
		row("Policy", q.Path+" sha256 "+q.SHA256)
	}
	row("Tool", strings.Join(nonEmpty(r.Tool.Name, r.Tool.Version), " "))
	row("System", fmt.Sprintf("%s/%s, %d CPUs", r.Environment.OS, r.Environment.Arch, r.Environment.CPUs))
	if !r.Generated.IsZero() {
		row("Evidence of", r.Generated.UTC().Format(time.RFC3339))
	}
}
