package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// documents gives the user's documents, by their path below the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := os.DirFS("../..")
	paths, err := fs.Glob(root, "docs/*.md")
	require.NoError(t, err)
	found := map[string]string{}
	for _, path := range append(paths, "README.md", "CONTRIBUTING.md") {
		src, err := fs.ReadFile(root, path)
		require.NoError(t, err)
		if path != "docs/release-progress.md" { // a tracker: verdict decides about it
			found[path] = string(src)
		}
	}
	return found
}

// unrun are commands of the documents that their test does not run, and why.
var unrun = map[string]string{
	"verdict demo":              "TestDemo runs it",
	"go run ./cmd/verdict demo": "TestDemo runs it",
	"go test ./...":             "this is it",
	"go install github.com/verdictci/verdict/cmd/verdict@latest":        "it needs a release",
	"verdict comment --pr 7 report.json":                                "it needs a pull request",
	"verdict comment --check --run-id event --tracker docs/progress.md": "TestWorkflows runs it",
	"verdict answer": "TestAnswer runs it",
}

var shellLine = regexp.MustCompile(`(?m)^    ((?:verdict|go) .*)$`)

// TestDocumentsRun runs every command line of the documents, in their order, in a
// repository: none may be refused as wrong (2) or come to nothing (3).
func TestDocumentsRun(t *testing.T) {
	seen := map[string]bool{}
	for path, text := range documents(t) {
		var script strings.Builder
		for _, m := range shellLine.FindAllStringSubmatch(text, -1) {
			line, _, _ := strings.Cut(m[1], "  #")
			line = strings.TrimSpace(line)
			seen[line] = true
			if unrun[line] != "" {
				continue
			}
			script.WriteString("documented '" + strings.ReplaceAll(line, "'", "''") + "'\n")
		}
		if script.Len() == 0 {
			continue
		}
		t.Run(path, func(t *testing.T) { runDocumented(t, script.String()) })
	}
	for line := range unrun {
		assert.True(t, seen[line], "no document has %q any more", line)
	}
}

// runDocumented runs a script in the repository of testdata/page.txtar.
func runDocumented(t *testing.T, script string) {
	archive, err := os.ReadFile(filepath.Join(testFolder, "page.txtar"))
	require.NoError(t, err)
	_, files, _ := strings.Cut(string(archive), "\n")
	files = strings.NewReplacer("-- tracker.md --", "-- docs/progress.md --", "- [x] `bash big.sh` -> exit 0\n", "").Replace(files)
	dir := t.TempDir()
	before := "exec git init -q -b main .\nexec git add go.mod calc verdict.yaml docs\nexec git commit -q -m 'A-00: base'\n" +
		"documented 'verdict run --quiet'\ndocumented 'verdict run --quiet --format json -o report.json'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "documented.txtar"), []byte(before+script+files), 0o644))
	params := scriptParams(dir)
	params.Cmds["documented"] = func(ts *testscript.TestScript, neg bool, args []string) {
		err := ts.Exec("bash", "-c", args[0])
		code := 0
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[0], err)
		} else if exit != nil {
			code = exit.ExitCode()
		}
		if code > exitNoGo {
			ts.Fatalf("%s: exit code %d", args[0], code)
		}
	}
	testscript.Run(t, params)
}

var (
	anyFence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	indented = regexp.MustCompile(`(?m)^\n((?:    .*\n)+)`)
)

// TestDocumentsHaveNoOtherExamples: an example is in a form that these tests run or
// read. What stands in another one would be believed unseen.
func TestDocumentsHaveNoOtherExamples(t *testing.T) {
	for path, text := range documents(t) {
		for _, m := range anyFence.FindAllStringSubmatch(text, -1) {
			switch {
			case m[1] == "yaml", m[1] == "markdown": // read below; workflows by actionlint and by doctor's tests
			case path == "README.md", path == "docs/design.md" && strings.Contains(m[2], "─Parse→"): // the demo's test has the report
			default:
				assert.Fail(t, "an example that no test reads", "%s: ```%s\n%s", path, m[1], m[2])
			}
		}
		for _, m := range indented.FindAllStringSubmatch(anyFence.ReplaceAllString(text, ""), -1) {
			for line := range strings.Lines(m[1]) {
				if !shellLine.MatchString(line) && !strings.HasPrefix(m[1], "    - uses: ") {
					assert.Contains(t, said(t), "\n"+line, "%s: neither a command that is run nor what verdict says", path)
				}
			}
		}
	}
}

// said is what verdict says where the documents quote it.
func said(t *testing.T) string {
	_, err := policy.Parse(policy.FileName, []byte("version: 1\ncommands:\n  timout: 5m\n"), verdict.RuleIDs())
	require.Error(t, err)
	message := regexp.MustCompile(`(expected the keys timeout, run_timeout), .*;`).ReplaceAllString(err.Error(), "$1, …;")
	return "\n    " + message + "\n"
}

var spanned = regexp.MustCompile("`(verdict [a-z][^`]*)`")

// TestDocumentsNameCommandsAndFlags: what the documents' prose names is there.
func TestDocumentsNameCommandsAndFlags(t *testing.T) {
	for path, text := range documents(t) {
		for _, m := range spanned.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(strings.ReplaceAll(m[1], "'", ""))[1:]
			root := newRootCommand(streams{out: &bytes.Buffer{}, err: &bytes.Buffer{}})
			root.InitDefaultCompletionCmd(words...)
			cmd, rest, err := root.Find(words)
			if !assert.NoError(t, err, "%s: %s", path, m[1]) {
				continue
			}
			assert.True(t, cmd.HasParent(), "%s: %s", path, m[1])
			cmd.InitDefaultHelpFlag()
			for _, word := range rest {
				if name, ok := strings.CutPrefix(word, "--"); ok {
					name, _, _ = strings.Cut(name, "=")
					assert.NotNil(t, cmd.Flags().Lookup(name), "%s: %s", path, m[1])
				}
			}
		}
	}
}

var fence = regexp.MustCompile("(?ms)^```(yaml|markdown)\n(.*?)^```$")

// TestDocumentsPoliciesAndTrackers reads the examples as verdict would.
func TestDocumentsPoliciesAndTrackers(t *testing.T) {
	read := 0
	for path, text := range documents(t) {
		for _, m := range fence.FindAllStringSubmatch(text, -1) {
			switch {
			case m[1] == "markdown":
				tr := tracker.Parse(path, []byte(m[2]), nil)
				assert.NotEmpty(t, tr.Packets, path)
				assert.Empty(t, tr.Warnings, path)
			case strings.Contains(m[2], "runs-on:") || strings.Contains(m[2], "uses:"):
				continue // a workflow
			default:
				_, err := policy.Parse(path, []byte(m[2]), verdict.RuleIDs())
				assert.NoError(t, err, m[2])
			}
			read++
		}
	}
	assert.Greater(t, read, 6)
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

// TestDocumentsLinksAndFiles: links lead to files, and so do the documents that
// verdict's messages name.
func TestDocumentsLinksAndFiles(t *testing.T) {
	for path, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], ":") {
				assert.FileExists(t, filepath.Join("../..", filepath.Dir(path), m[1]), "%s links it", path)
			}
		}
	}
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	survey, err := filepath.Glob("../../collector/survey/*.go")
	require.NoError(t, err)
	sources = append(sources, survey...)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		src, err := os.ReadFile(source)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`docs/[a-z-]+\.(md|json)`).FindAllString(string(src), -1) {
			if name != demoTracker && name != "docs/release-progress.md" {
				assert.FileExists(t, filepath.Join("../..", name), "%s names it", source)
			}
		}
	}
}

// TestHelpExamples: the examples in the help texts name flags that are there.
func TestHelpExamples(t *testing.T) {
	var out bytes.Buffer
	for _, cmd := range newRootCommand(streams{out: &out, err: &out}).Commands() {
		var help bytes.Buffer
		assert.Equal(t, exitGo, execute(context.Background(), []string{cmd.Name(), "--help"}, streams{out: &help, err: &help}))
		assert.True(t, strings.HasPrefix(help.String(), "Examples:\n"), cmd.Name())
		assert.LessOrEqual(t, strings.Count(help.String(), "Examples:"), 1, cmd.Name())
		for _, line := range strings.Split(cmd.Example, "\n") {
			for _, flag := range regexp.MustCompile(` --([a-z-]+)`).FindAllStringSubmatch(line, -1) {
				words := strings.Fields(line)
				if len(words) > 1 && words[0] == "verdict" && words[1] == cmd.Name() {
					assert.NotNil(t, cmd.Flags().Lookup(flag[1]), line)
				}
			}
		}
	}
	assert.Equal(t, exitGo, execute(context.Background(), []string{"help"}, streams{out: &out, err: &out}))
}
