package render

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/verdictci/verdict/verdict"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"` // always 0: what was not seen is an error
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr,omitempty"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes each required command as a test case, in a suite for each
// tracker. What failed or checked nothing is a failure; what was not seen is an
// error, never skipped.
func JUnit(w io.Writer, r *verdict.Report) error {
	all := junitSuites{Name: "verdict"}
	var total int64
	for _, path := range junitTrackers(r) {
		suite := junitSuite{Name: clean(path)}
		if !r.Generated.IsZero() {
			suite.Stamp = r.Generated.UTC().Format("2006-01-02T15:04:05")
		}
		var sum int64
		for i := range r.Commands {
			c := &r.Commands[i]
			if junitTracker(r, c) != path {
				continue
			}
			k := junitCommand(c)
			suite.Cases = append(suite.Cases, k)
			suite.Tests++
			if k.Failure != nil {
				suite.Failures++
			}
			if k.Error != nil {
				suite.Errors++
			}
			if c.Evidence != nil {
				sum += c.Evidence.DurationMS
			}
		}
		total += sum
		suite.Time = seconds(sum)
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	all.Time = seconds(total)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	b.WriteString("\n")
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("##["), []byte("##&#91;"))) // as inertJSON does
	return err
}

// junitTracker is the tracker that first requires a command.
func junitTracker(r *verdict.Report, c *verdict.CommandReport) string {
	for _, q := range c.RequiredBy {
		for i := range r.Trackers {
			if r.Trackers[i].Path == q.Pos.File {
				return q.Pos.File
			}
		}
	}
	if len(r.Trackers) > 0 {
		return r.Trackers[0].Path
	}
	return "required commands"
}

func junitTrackers(r *verdict.Report) []string {
	paths := []string{}
	for i := range r.Trackers {
		paths = append(paths, r.Trackers[i].Path)
	}
	if len(paths) == 0 {
		paths = append(paths, "required commands")
	}
	return paths
}

func junitCommand(c *verdict.CommandReport) junitCase {
	k := junitCase{Class: "verdict", Name: clean(commandText(c)), Time: "0.000"}
	if len(c.RequiredBy) > 0 {
		q := c.RequiredBy[0]
		k.Class, k.File, k.Line = clean(q.Packet), clean(q.Pos.File), q.Pos.Line
	}
	if e := c.Evidence; e != nil {
		k.Time = seconds(e.DurationMS)
		out := e.Log.Tail
		if out == "" {
			out = e.Log.Head
		}
		if out != "" {
			k.Out = strings.Join(cleanLines(out), "\n")
		}
	}
	problem := &junitProblem{
		Type:    string(c.State),
		Message: fmt.Sprintf("%s: expected exit %d, claimed %s, observed %s", c.State, c.Expected, clean(claimed(c)), clean(observed(c.Evidence))),
	}
	if e := c.Evidence; e != nil {
		lines := nonEmpty(clean(e.Reason))
		all := failures(e)
		for _, f := range all[:min(len(all), mostFailures)] {
			lines = append(lines, strings.Join(nonEmpty(f.Where, f.Message), ": "))
		}
		problem.Text = strings.Join(lines, "\n")
	}
	switch c.State {
	case verdict.CommandPassed:
	case verdict.CommandFailed, verdict.CommandVacuous, verdict.CommandUnproven:
		k.Failure = problem
	default:
		k.Error = problem
	}
	return k
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
