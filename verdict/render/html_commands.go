package render

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

// The page's room for logs: bytes of one log before packing, and of all logs
// packed.
const (
	maxLogRaw   = 16 << 20
	maxLogsText = 1200 << 10
)

type pageCommand struct {
	Number                                                                          int
	Anchor, State, Tone, Text, Claimed, Observed, Tests, Time, Reason, Log, LogFile string
	Expected                                                                        int
	Required                                                                        []pageRequirement
	Checks                                                                          []pageCheck
	Failures                                                                        []failure
	MoreFailures                                                                    int
	Failing                                                                         string // see failing
	Digest, Again                                                                   string
	Silent                                                                          bool // it ran and wrote nothing
}
type pageCheck struct{ Words, State, Tone, Tests string }
type pageRequirement struct{ Packet, Place, URL string }

func commandTone(s verdict.CommandState) string {
	switch s {
	case verdict.CommandPassed:
		return "good"
	case verdict.CommandUnproven:
		return "warn"
	}
	return "bad"
}

func (p *page) commands(r *verdict.Report, o HTMLOptions, anchors map[string]string, line func(tracker.Pos) string) error {
	for i := range r.Commands {
		c := &r.Commands[i]
		row := pageCommand{
			Number: i + 1, Anchor: anchors[c.Key], State: clean(string(c.State)), Tone: commandTone(c.State), Text: clean(commandText(c)),
			Claimed: clean(claimed(c)), Observed: clean(observed(c.Evidence)), Tests: tests(c.Evidence), Time: took(c.Evidence), Expected: c.Expected,
		}
		for _, q := range c.RequiredBy {
			row.Required = append(row.Required, pageRequirement{clean(q.Packet), clean(place(q.Pos)), line(q.Pos)})
		}
		if e := c.Evidence; e != nil {
			row.Reason, row.Digest, row.Again = clean(e.Reason), clean(e.Log.SHA256), clean(again(e))
			row.checks(e)
			row.Failing = failing(e)
			row.Silent = e.Log.Bytes == 0 && !e.Started.IsZero()
			packed, whole, err := packLog(e, o.Logs, p.room)
			if err != nil {
				return err
			}
			if packed != "" {
				row.Log = row.Anchor
				p.Logs[row.Log] = packed
				p.room -= len(packed)
			}
			if !whole && o.Logs != nil && fs.ValidPath(e.Log.Path) {
				row.LogFile = (&url.URL{Path: strings.Join(nonEmpty(o.LogDir, e.Log.Path), "/")}).String()
			}
		}
		p.Commands = append(p.Commands, row)
	}
	return nil
}

// mostFailures is how many failures of one command are listed.
const mostFailures = 20

// checks lists what really ran inside a command, and what failed in it.
func (row *pageCommand) checks(e *evidence.Command) {
	for i := range e.Steps {
		s := &e.Steps[i]
		if !s.Probative {
			continue
		}
		one := evidence.Command{Outcome: s.Outcome, ExitCode: s.ExitCode, Signal: s.Signal, Steps: e.Steps[i : i+1]}
		tone := "good"
		if s.Outcome != evidence.Exited || s.ExitCode != 0 {
			tone = "bad"
		}
		row.Checks = append(row.Checks, pageCheck{clean(strings.Join(s.Argv, " ")), clean(observed(&one)), tone, tests(&one)})
	}
	all := failures(e)
	row.Failures = all[:min(len(all), mostFailures)]
	row.MoreFailures = len(all) - len(row.Failures)
}

// failing lists, one to a line, what stands in the log's line of each failure that
// was seen: the test's name, or the place of a diagnostic. By these the page finds the
// failure among what only looks like one.
func failing(e *evidence.Command) string {
	var out []string
	for i := range e.Steps {
		if t := e.Steps[i].Tests; t != nil {
			for _, f := range t.Failures {
				out = append(out, strings.TrimSpace(stripANSI(f.Test)))
			}
		}
		if k := e.Steps[i].Check; k != nil {
			for _, d := range k.Diagnostics {
				if d.File != "" && d.Line > 0 {
					file := path.Base(d.File)
					out = append(out, fmt.Sprintf("%s:%d:", file, d.Line), fmt.Sprintf("%s(%d,", file, d.Line))
				}
			}
		}
	}
	return strings.Join(nonEmpty(out[:min(len(out), 2*mostFailures)]...), "\n")
}

// failure is a test that failed, or a diagnostic: where, and the beginning of what
// was said.
type failure struct{ Where, Message string }

// failures lists what failed in the checks of a command.
func failures(e *evidence.Command) []failure {
	var out []failure
	add := func(where, message string) {
		out = append(out, failure{clean(stripANSI(where)), clip(clean(stripANSI(message)), 300)})
	}
	for i := range e.Steps {
		if t := e.Steps[i].Tests; t != nil {
			for _, f := range t.Failures {
				add(strings.Join(nonEmpty(f.Unit, f.Test), " "), f.Message)
			}
		}
		if k := e.Steps[i].Check; k != nil {
			for _, d := range k.Diagnostics {
				add(strings.Join(nonEmpty(place(tracker.Pos{File: d.File, Line: d.Line, Column: max(d.Column, 1)}), d.Severity, d.Code), " "), d.Message)
			}
		}
	}
	return out
}

// again says what other runs of the command gave.
func again(e *evidence.Command) string {
	var out []string
	say := func(what string, a *evidence.Attempt) {
		out = append(out, what+": "+observed(&evidence.Command{Outcome: a.Outcome, ExitCode: a.ExitCode})+" in "+duration(a.DurationMS))
	}
	for i := range e.Attempts {
		say(fmt.Sprintf("attempt %d", i+1), &e.Attempts[i])
	}
	if e.Baseline != nil {
		say("at the baseline "+short(e.Baseline.Commit), e.Baseline)
	}
	if e.Reused != nil {
		out = append(out, "taken from the run "+e.Reused.Run)
	}
	return strings.Join(out, "; ")
}

// packLog gives the log in base64 of gzip, and whether it is all of it. A log
// that does not fit is represented by the lines that the report has.
func packLog(e *evidence.Command, logs fs.FS, room int) (string, bool, error) {
	if e.Log.Bytes == 0 {
		return "", true, nil
	}
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
		return "", false, nil
	}
	packed, err := pack([]byte(ends))
	if err != nil || len(packed) > room {
		return "", false, err
	}
	return packed, e.Log.Tail == "", nil
}

// readLog reads a regular file that is not too large.
func readLog(logs fs.FS, name string) ([]byte, error) {
	f, err := logs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxLogRaw {
		return nil, fmt.Errorf("read log %s: not a regular file of at most %d bytes", name, maxLogRaw)
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
