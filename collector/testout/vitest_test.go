package testout_test

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/testout"
	"github.com/verdictci/verdict/collector/testout/nodetest"
)

// frontEnd is a folder with packages of its own; where vitest runs as it does
// under verdict.
type frontEnd struct {
	dir, reporter string
	from          string // where it is started; empty: in dir
}

func newFrontEnd(t *testing.T, set string, files map[string]string) frontEnd {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	f := frontEnd{dir: filepath.Join(dir, "web"), reporter: filepath.Join(dir, "node_modules", "verdict-reporter", "index.mjs")}
	write(t, dir, map[string]string{"node_modules/verdict-reporter/index.mjs": string(testout.VitestReporter), "web/package.json": `{"name":"web","type":"module"}`})
	write(t, f.dir, files)
	nodetest.Link(t, nodetest.Set(t, set), f.dir)
	return f
}

// exec runs a program of the packages.
func (f frontEnd) exec(t *testing.T, env []string, argv ...string) (output string, code int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(f.dir, "node_modules", ".bin", argv[0]), argv[1:]...)
	cmd.Dir = cmp.Or(f.from, f.dir)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "NO_COLOR=1"}, env...)
	out, err := cmd.CombinedOutput()
	require.NotNil(t, cmd.ProcessState, "%v", err)
	return string(out), cmd.ProcessState.ExitCode()
}

// vitest runs it with the reporter.
func (f frontEnd) vitest(t *testing.T, env []string, args ...string) (tests evidence.Tests, output string, code int) {
	t.Helper()
	argv, ok := testout.VitestArgs(append([]string{"vitest"}, args...), f.reporter)
	require.True(t, ok)
	name := filepath.Join(t.TempDir(), "lines")
	output, code = f.exec(t, append(env, testout.VitestOut+"="+name), argv...)
	lines, err := os.ReadFile(name)
	if err != nil {
		return tests, output, code
	}
	tests, err = testout.ReadVitest(bytes.NewReader(lines), testout.Place{Root: filepath.Dir(f.dir)})
	require.NoError(t, err)
	return tests, output, code
}

// steadyVitest takes out of vitest's text what differs from run to run.
func steadyVitest(s string) string {
	s = regexp.MustCompile(`\d+(\.\d+)?\s?m?s\b|\d\d:\d\d:\d\d`).ReplaceAllString(s, "T")
	return regexp.MustCompile(`(?m)^.*(Duration|Start at|typecheck|⎯).*$`).ReplaceAllString(s, "")
}

// kinds has every way in which a vitest test can end.
var kinds = map[string]string{
	"good.test.ts":  "import { expect, test } from 'vitest'\ntest('adds', () => { expect(1 + 1).toBe(2) })\ntest.skip('later', () => {})\ntest.todo('one day')\n",
	"bad.test.ts":   "import { describe, expect, test } from 'vitest'\ndescribe('sum', () => {\n  test('is wrong', () => {\n    expect(1).toBe(2)\n  })\n})\n",
	"flaky.test.ts": "import { expect, test } from 'vitest'\nlet n = 0\ntest('second try', { retry: 2 }, () => { expect(++n).toBe(2) })\n",
	"load.test.ts":  "import { test } from 'vitest'\nimport './missing'\ntest('never', () => {})\n",
}

func eachVitest(t *testing.T, run func(t *testing.T, set string)) {
	if testing.Short() {
		t.Skip("it runs every version of vitest")
	}
	for _, set := range append([]string{nodetest.Vitest5}, nodetest.Sets...) {
		t.Run(set, func(t *testing.T) {
			if set == nodetest.Vitest5 {
				nodetest.NeedNode(t, 22, 12)
			}
			run(t, set)
		})
	}
}

func TestVitestCounts(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, kinds)
		tests, _, code := f.vitest(t, []string{"CI=true"}, "run")
		assert.Equal(t, 1, code)
		failures := tests.Failures
		tests.Failures = nil
		assert.Equal(t, evidence.Tests{Complete: true, Passed: 2, Failed: 1, Skipped: 1, Todo: 1, Retried: 1, Files: 3, Packages: 4, NoTests: 1, FailedUnits: 2}, tests)
		require.Len(t, failures, 2)
		at := map[string]evidence.Failure{}
		for _, failure := range failures {
			at[failure.File] = failure
		}
		assert.Equal(t, "sum > is wrong", at["web/bad.test.ts"].Test)
		assert.Equal(t, 4, at["web/bad.test.ts"].Line)
		assert.Contains(t, at["web/load.test.ts"].Message, "missing")
	})
}

// TestVitestFromTheFolderAbove: "npm --prefix web exec -- vitest run" starts it where
// no vitest is installed.
func TestVitestFromTheFolderAbove(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, map[string]string{"a.test.js": "import { expect, test } from './node_modules/vitest/dist/index.js'\ntest('one', () => { expect(1).toBe(1) })\n"})
		f.from = filepath.Dir(f.dir)
		tests, text, code := f.vitest(t, []string{"CI=true"}, "run", "web/a")
		require.Zero(t, code, text)
		assert.Equal(t, 1, tests.Passed, text)
		assert.True(t, tests.Complete)
	})
}

// TestVitestIsNotChanged: exit code, text and the configuration's own reporters
// are the same with the reporter and without.
func TestVitestIsNotChanged(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		own := "export default class { onInit() { console.log('own reporter') } onFinished() { console.log('own end') } onTestRunEnd() { console.log('own end') } }"
		configs := map[string]struct {
			config string
			args   []string
			junit  bool
		}{
			"no configuration":       {args: []string{"run"}},
			"names":                  {config: `{ reporters: ['default', ['junit', { outputFile: 'junit.xml', suiteName: 'web' }]] }`, args: []string{"run"}, junit: true},
			"one name":               {config: `{ reporters: 'junit', outputFile: 'junit.xml' }`, args: []string{"run"}, junit: true},
			"files and objects":      {config: `{ reporters: ['./own.mjs', 'dot', { onInit() { console.log('object') } }] }`, args: []string{"run"}},
			"reporters on the line":  {config: `{ reporters: ['junit'], outputFile: 'junit.xml' }`, args: []string{"run", "--reporter=verbose"}},
			"a reporter not there":   {config: `{ reporters: ['no-such-reporter'] }`, args: []string{"run"}},
			"-t, and words after --": {args: []string{"run", "-t", "list", "--", "x"}},
		}
		for name, c := range configs {
			t.Run(name, func(t *testing.T) {
				files := map[string]string{"own.mjs": own, "a.test.js": "import { expect, test } from 'vitest'\ntest('in the list', () => { expect(1).toBe(1) })\n"}
				if c.config != "" {
					files["vitest.config.mjs"] = "export default { test: " + c.config + " }"
				}
				f := newFrontEnd(t, set, files)
				junit := filepath.Join(f.dir, "junit.xml")
				plain, plainCode := f.exec(t, []string{"CI=true"}, append([]string{"vitest"}, c.args...)...)
				before, _ := os.ReadFile(junit)
				os.Remove(junit)
				tests, text, code := f.vitest(t, []string{"CI=true"}, c.args...)
				assert.Equal(t, plainCode, code, text)
				after, err := os.ReadFile(junit)
				assert.Equal(t, c.junit, err == nil, "junit.xml")
				assert.Equal(t, clean(string(before)), clean(string(after)))
				if code == 0 {
					assert.Equal(t, 1, tests.Passed)
					assert.True(t, tests.Complete)
					assert.Equal(t, steadyVitest(plain), steadyVitest(text))
				}
			})
		}
	})
}

// clean takes the times out of a junit file.
func clean(s string) string {
	return regexp.MustCompile(`(time|timestamp|hostname)="[^"]*"`).ReplaceAllString(s, "")
}

// TestVitestOnly: vitest refuses .only under CI=true, which verdict sets; where the
// configuration allows it, what it leaves out is counted.
func TestVitestOnly(t *testing.T) {
	only := map[string]string{
		"a.test.js": "import { expect, test } from 'vitest'\ntest.only('mine', () => {})\ntest('broken', () => { expect(1).toBe(2) })\n",
		"b.test.js": "import { test } from 'vitest'\n// no test.only here\ntest.skip('later', () => {})\ntest('good', () => {})\n",
	}
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, only)
		_, text, code := f.vitest(t, []string{"CI=true"}, "run")
		assert.Equal(t, 1, code)
		assert.Contains(t, text, ".only")
		tests, _, code := f.vitest(t, []string{"CI=true"}, "run", "--allowOnly")
		assert.Equal(t, 0, code)
		assert.Equal(t, evidence.Tests{Complete: true, Passed: 2, Skipped: 2, Only: 1, Files: 2, Packages: 2, Flags: []string{"allowOnly"}}, tests)
	})
}

func TestVitestNothing(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, map[string]string{"a.test.js": "import { test } from 'vitest'\ntest('a', () => {})\ntest('b', () => {})\n"})
		tests, _, code := f.vitest(t, []string{"CI=true"}, "run", "-t", "other")
		assert.Equal(t, 0, code)
		assert.Equal(t, evidence.Tests{Complete: true, Skipped: 2, Packages: 1, NoTests: 1, Filter: "/other/"}, tests)
		tests, _, code = f.vitest(t, []string{"CI=true"}, "run", "no-such-file", "--passWithNoTests")
		assert.Equal(t, 0, code)
		assert.Zero(t, tests.Passed)
		assert.Zero(t, tests.Packages)
	})
}

// TestVitestFails: a test that passes because what it checks does not hold is counted.
func TestVitestFails(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, map[string]string{"a.test.js": "import { expect, test } from 'vitest'\ntest.fails('a', () => { expect(1).toBe(2) })\ntest('b', () => {})\n"})
		tests, _, code := f.vitest(t, []string{"CI=true"}, "run")
		assert.Equal(t, 0, code)
		assert.Equal(t, evidence.Tests{Complete: true, Passed: 2, Inverted: 1, Files: 1, Packages: 1}, tests)
	})
}

// TestVitestPending: what was found and never ran is counted, and the evidence is
// not complete.
func TestVitestPending(t *testing.T) {
	eachVitest(t, func(t *testing.T, set string) {
		f := newFrontEnd(t, set, map[string]string{"a.test.js": "import { test } from 'vitest'\ntest('dies', () => { process.kill(process.pid, 'SIGKILL') })\ntest('never', () => {})\n"})
		tests, _, code := f.vitest(t, []string{"CI=true"}, "run", "--pool=forks", "--dangerouslyIgnoreUnhandledErrors")
		assert.Zero(t, tests.Passed)
		assert.False(t, tests.Complete && code == 0 && tests.Pending == 0 && tests.Unhandled == 0, "a dead worker is seen")
	})
}

func TestVitestArgs(t *testing.T) {
	cases := map[string]string{
		"npx vitest run":                         "npx vitest run --reporter=R",
		"vitest run list":                        "vitest run list --reporter=R",
		"vitest run -t list":                     "vitest run -t list --reporter=R",
		"vitest -t bench":                        "vitest -t bench --reporter=R",
		"vitest --config list run":               "vitest --config list run --reporter=R",
		"vitest run a -- b --version":            "vitest run a --reporter=R -- b --version",
		"npx -p vitest vitest run":               "npx -p vitest vitest run --reporter=R",
		"npx vitest@3 run --reporter=dot":        "npx vitest@3 run --reporter=dot --reporter=R",
		"web/node_modules/.bin/vitest related x": "web/node_modules/.bin/vitest related x --reporter=R",
	}
	for line, want := range cases {
		args, ok := testout.VitestArgs(strings.Fields(line), "R")
		assert.True(t, ok, line)
		assert.Equal(t, want, strings.Join(args, " "))
	}
	for _, line := range []string{"vitest list", "vitest --root web list", "vitest bench", "vitest init browser", "vitest --version", "vitest run -h", "npx -p vitest tsc", "go test", "vitest --mergeReports"} {
		args, ok := testout.VitestArgs(strings.Fields(line), "R")
		assert.False(t, ok, line)
		assert.Equal(t, strings.Fields(line), args)
	}
}
