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
// writes to the file that VitestOut names, and runs the reporters of the project's
// configuration, which vitest leaves out where a reporter stands on the line.
//
//go:embed reporter.mjs
var VitestReporter []byte

// VitestOut is the variable that names the file for the reporter's lines.
const VitestOut = "VERDICT_VITEST_OUT"

// vitestValues are the options of vitest that take the next word.
var vitestValues = []string{
	"-r", "--root", "-c", "--config", "-t", "--testNamePattern", "--dir", "--reporter", "--outputFile", "--pool", "--environment", "--project", "--shard", "--bail", "--retry", "--mode", "--exclude", "--testTimeout", "--hookTimeout",
	"--teardownTimeout", "--maxConcurrency", "--maxWorkers", "--minWorkers", "--workspace", "--configLoader", "--slowTestThreshold", "--silent", "--tagsFilter", "--changed", "--inspect", "--inspectBrk", "--diff", "--mergeReports",
}

// VitestArgs adds the reporter to a vitest command line. ok is false for a command
// line that runs no tests.
func VitestArgs(argv []string, reporter string) (args []string, ok bool) {
	at := slices.IndexFunc(argv, func(a string) bool {
		return path.Base(a) == "vitest" || path.Base(a) == "vitest.mjs" || strings.HasPrefix(a, "vitest@")
	})
	if at > 0 && (argv[at-1] == "-p" || argv[at-1] == "--package") {
		next := slices.Index(argv[at+1:], "vitest")
		if next < 0 {
			return argv, false
		}
		at += 1 + next
	}
	if at < 0 {
		return argv, false
	}
	command, end := "", len(argv)
	for i := at + 1; i < len(argv) && end == len(argv); i++ {
		switch arg := argv[i]; {
		case arg == "--":
			end = i // what follows is for nobody
		case arg == "--version" || arg == "-v" || arg == "--help" || arg == "-h" || arg == "--clearCache" || strings.HasPrefix(arg, "--mergeReports"):
			return argv, false
		case slices.Contains(vitestValues, arg):
			if i+1 < len(argv) && !strings.HasPrefix(argv[i+1], "-") {
				i++
			}
		case !strings.HasPrefix(arg, "-") && command == "":
			command = arg
		}
	}
	switch command {
	case "list", "init", "bench", "typecheck", "complete":
		return argv, false
	}
	return slices.Insert(slices.Clone(argv), end, "--reporter="+reporter), true
}

// vitestLine is one line of the reporter.
type vitestLine struct {
	Kind     string   `json:"kind"` // "start", "file", "test", "end"
	Filter   string   `json:"filter"`
	Flags    []string `json:"flags"`
	File     string   `json:"file"`
	Name     string   `json:"name"`
	State    string   `json:"state"` // "passed", "failed", "skipped", "only", "todo", "pending"
	Fails    bool     `json:"fails"` // it passes when what it checks does not hold
	Retries  int      `json:"retries"`
	Message  string   `json:"message"`
	Line     int      `json:"line"`
	Errors   int      `json:"errors"`
	Tests    int      `json:"tests"`
	Snapshot int      `json:"snapshots"`
}

// ReadVitest reads the reporter's lines. Without an "end" line, and where a test
// was found and never ran, the evidence is not complete.
func ReadVitest(r io.Reader, at Place) (evidence.Tests, error) {
	var t evidence.Tests
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		raw, err := readLine(lines)
		var l vitestLine
		if len(raw) > 1 && json.Unmarshal(raw, &l) == nil {
			vitestCount(&t, &l, at)
		}
		if err == io.EOF {
			t.Complete = t.Complete && t.Pending == 0
			return t, nil
		} else if err != nil {
			return t, err
		}
	}
}

func vitestCount(t *evidence.Tests, l *vitestLine, at Place) {
	file := at.file(l.File)
	switch l.Kind {
	case "start":
		t.Filter, t.Flags = l.Filter, append(t.Flags, l.Flags...)
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
		vitestTest(t, l, file)
	case "end":
		t.Complete = true
		t.Unhandled = l.Errors
		t.Snapshots = l.Snapshot
	}
}

func vitestTest(t *evidence.Tests, l *vitestLine, file string) {
	switch l.State {
	case "passed":
		t.Passed++
		if l.Fails {
			t.Inverted++
		}
		if l.Retries > 0 {
			t.Retried++
		}
	case "failed":
		t.Failed++
		addFailure(t, evidence.Failure{Unit: file, Test: l.Name, Message: cutText(l.Message, 2048), File: file, Line: l.Line})
	case "skipped":
		t.Skipped++
	case "only":
		t.Skipped++
		t.Only++
	case "todo":
		t.Todo++
	case "pending":
		t.Pending++
	}
}

func addFailure(t *evidence.Tests, f evidence.Failure) {
	if len(t.Failures) < evidence.MaxFailures {
		t.Failures = append(t.Failures, f)
	}
}
