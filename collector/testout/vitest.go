package testout

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
)

// VitestReporter is the reporter that makes vitest 1 to 5 say what it did. It
// writes to the file that VitestOut names.
//
//go:embed reporter.mjs
var VitestReporter []byte

// VitestOut is the variable that names the file for the reporter's lines.
const VitestOut = "VERDICT_VITEST_OUT"

// VitestArgs adds the reporter to a vitest command line; reporters that the line
// itself names stay, else vitest's default one does. ok is false for a command
// line that runs no tests.
func VitestArgs(argv []string, reporter string) (args []string, ok bool) {
	at := slices.IndexFunc(argv, func(a string) bool { return path.Base(a) == "vitest" || strings.HasPrefix(a, "vitest@") })
	if at < 0 {
		return argv, false
	}
	named := false
	for _, arg := range argv[at+1:] {
		switch arg {
		case "list", "init", "bench", "--version", "-v", "--help", "-h", "typecheck":
			return argv, false
		case "--":
			return argv, false
		}
		named = named || arg == "--reporter" || strings.HasPrefix(arg, "--reporter=")
	}
	args = slices.Clone(argv)
	if !named {
		args = append(args, "--reporter=default")
	}
	return append(args, "--reporter="+reporter), true
}

// vitestLine is one line of the reporter.
type vitestLine struct {
	Kind     string   `json:"kind"` // "start", "file", "test", "end"
	Version  string   `json:"version"`
	Filter   string   `json:"filter"`
	Flags    []string `json:"flags"`
	File     string   `json:"file"`
	Name     string   `json:"name"`
	State    string   `json:"state"` // "passed", "failed", "skipped", "todo", "pending"
	Retries  int      `json:"retries"`
	Message  string   `json:"message"`
	Line     int      `json:"line"`
	Errors   int      `json:"errors"`
	Tests    int      `json:"tests"`
	Snapshot int      `json:"snapshots"`
}

// ReadVitest reads the reporter's lines. root makes file names relative. Without
// an "end" line the evidence is not complete.
func ReadVitest(r io.Reader, root string) (evidence.Tests, string, error) {
	t := evidence.Tests{}
	version := ""
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		raw, err := readLine(lines)
		var l vitestLine
		if len(raw) > 1 && json.Unmarshal(raw, &l) == nil {
			if l.Kind == "start" {
				version = l.Version
			}
			vitestCount(&t, &l, root)
		}
		if err == io.EOF {
			return t, version, nil
		} else if err != nil {
			return t, version, err
		}
	}
}

func vitestCount(t *evidence.Tests, l *vitestLine, root string) {
	file := strings.TrimPrefix(strings.TrimPrefix(l.File, root), "/")
	switch l.Kind {
	case "start":
		t.Filter, t.Flags = l.Filter, l.Flags
	case "file":
		t.Packages++
		if l.State == "failed" {
			t.FailedUnits++
			if l.Message != "" {
				addFailure(t, evidence.Failure{Unit: file, Message: cutText(l.Message, 2048), File: file})
			}
		}
		if l.Tests > 0 {
			t.Files++
		} else {
			t.NoTests++
		}
	case "test":
		switch l.State {
		case "passed":
			t.Passed++
			if l.Retries > 0 {
				t.Retried++
			}
		case "failed":
			t.Failed++
			addFailure(t, evidence.Failure{Unit: file, Test: l.Name, Message: cutText(l.Message, 2048), File: file, Line: l.Line})
		case "skipped":
			t.Skipped++
		case "todo":
			t.Todo++
		}
	case "end":
		t.Complete = true
		t.Unhandled = l.Errors
		t.Snapshots = l.Snapshot
	}
}

func addFailure(t *evidence.Tests, f evidence.Failure) {
	if len(t.Failures) < evidence.MaxFailures {
		t.Failures = append(t.Failures, f)
	}
}
