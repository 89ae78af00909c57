package testout_test

import (
	"bytes"
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
)

// write puts files below a folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// module makes a Go module whose files are tests of package m, but for those that
// say otherwise.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n"}
	for name, text := range files {
		if strings.HasSuffix(name, ".go") && !strings.HasPrefix(text, "package ") {
			var imports []string
			for _, path := range []string{"errors", "fmt", "os", "sync", "testing", "time"} {
				if strings.Contains(text, path+".") {
					imports = append(imports, `"`+path+`"`)
				}
			}
			text = "package m\n\nimport (" + strings.Join(imports, ";") + ")\n\n" + text + "\n"
		}
		all[name] = text
	}
	write(t, dir, all)
	return dir
}

// goRun is what go test does with a command line: plain, and read from its
// results.
type goRun struct {
	plain, text string
	plainCode   int
	code        int
	tests       evidence.Tests
}

func runGo(t *testing.T, dir string, args ...string) goRun {
	t.Helper()
	var r goRun
	var stdout, stderr bytes.Buffer
	run := func(argv []string) (string, int) {
		stdout.Reset()
		stderr.Reset()
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
		cmd.Env = append(os.Environ(), "GOFLAGS=")
		cmd.Run()
		return stderr.String(), cmd.ProcessState.ExitCode()
	}
	argv := append([]string{"go", "test"}, args...)
	failed, code := run(argv)
	r.plain, r.plainCode = failed+stdout.String(), code

	g, ok := testout.ParseGoTest(argv)
	require.True(t, ok)
	failed, r.code = run(g.Args)
	var text bytes.Buffer
	var err error
	r.tests, _, err = g.Read(&stdout, &text, testout.Place{Root: dir, Dir: g.Chdir, Module: "example.com/m"})
	require.NoError(t, err)
	r.text = failed + text.String()
	return r
}

var varying = []struct{ re, with string }{
	{`\d+(\.\d+)?s\b`, "T"}, {`0x[0-9a-f]+`, "0x"}, {`goroutine \d+`, "goroutine N"}, {`in goroutine \d+`, "in goroutine N"}, {`\s+\d+\s+[\d.]+ ns/op`, " N ns/op"}, {`\(\d+/sec\)`, "(N/sec)"}, {` \+0x`, ""},
	{`running, locked to thread`, "running"}, {`\[(running|sleep|chan receive|chan send|select)[^\]]*\]`, "[state]"},
}

// steady takes out of a text what differs from run to run.
func steady(s string) string {
	for _, v := range varying {
		s = regexp.MustCompile(v.re).ReplaceAllString(s, v.with)
	}
	return s
}

// TestGoTest runs go test for real: what it counts, and that the text is what
// people would have seen without verdict.
func TestGoTest(t *testing.T) {
	cases := map[string]struct {
		files map[string]string
		args  []string
		want  evidence.Tests // counts alone
		other string         // why the text differs; empty: it is the same
	}{
		"pass": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Log("quiet"); fmt.Println("loud") }`},
			args:  []string{"-count=1", "./..."}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 1},
		},
		"pass without packages on the line": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Log("quiet\nand more"); fmt.Println("loud") }`},
			args:  []string{"-count=1"}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 1},
		},
		"fail, with subtests": {
			files: map[string]string{
				"a_test.go": `func TestA(t *testing.T) { t.Log("before\nmore"); t.Run("good", func(t *testing.T) { t.Log("g") }); t.Run("bad", func(t *testing.T) { fmt.Println("printed"); t.Run("deep", func(t *testing.T) { t.Error("wrong\n\nlines") }) }); t.Log("after") }
func TestB(t *testing.T) { fmt.Println("from b") }`,
				"sub/b_test.go": `func TestC(t *testing.T) {}`,
			},
			args: []string{"-count=1", "./..."}, want: evidence.Tests{Complete: true, Passed: 2, Failed: 1, Subtests: 1, Files: 2, Packages: 2, FailedUnits: 1},
		},
		"-v": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Log("seen"); t.Run("x", func(t *testing.T) { t.Run("y", func(t *testing.T) { t.Log("deep") }) }) }`},
			args:  []string{"-v", "-count=1", "./..."}, want: evidence.Tests{Complete: true, Passed: 1, Subtests: 2, Files: 1, Packages: 1},
		},
		"all skipped": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Skip("later") }`},
			args:  []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Skipped: 1, Files: 1, Packages: 1},
		},
		"no tests": {
			files: map[string]string{"a.go": "package m", "sub/b.go": "package sub"},
			args:  []string{"./..."}, want: evidence.Tests{Complete: true, Packages: 2, NoTests: 2},
		},
		"filter matches nothing": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) {}`},
			args:  []string{"-count=1", "-run", "TestOld|TestOlder", "./..."}, want: evidence.Tests{Complete: true, Packages: 1, NoTests: 1, Filter: "TestOld|TestOlder", Unmatched: []string{"TestOld", "TestOlder"}},
		},
		"filter matches in part": {
			files: map[string]string{"a_test.go": "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) {}"},
			args:  []string{"-run=TestA|TestOld", "-count=1", "."}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 1, Filter: "TestA|TestOld", Unmatched: []string{"TestOld"}},
		},
		"TestMain that never runs them": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Fatal("broken") }
func TestMain(m *testing.M) {}`},
			args: []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Packages: 1, NoTests: 1},
		},
		"TestMain that ends with 0": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Fatal("broken") }
func TestMain(m *testing.M) { m.Run(); os.Exit(0) }`},
			args: []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Failed: 1, Files: 1, Packages: 1},
		},
		"panic": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Log("before"); t.Run("x", func(t *testing.T) { panic("boom") }) }
func TestB(t *testing.T) {}`},
			args: []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Failed: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"the process ends": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { os.Exit(3) }`},
			args:  []string{"-count=1", "."}, want: evidence.Tests{Pending: 1, Files: 1, Packages: 1, FailedUnits: 1},
			other: "go does not tell the exit status",
		},
		"timeout": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { time.Sleep(time.Hour) }`},
			args:  []string{"-count=1", "-timeout", "300ms", "."}, want: evidence.Tests{Pending: 1, Files: 1, Packages: 1, FailedUnits: 1},
			other: "the stacks of other goroutines",
		},
		"does not compile": {
			files: map[string]string{"a_test.go": "func TestA(t *testing.T) { undefined() }", "sub/b_test.go": "func TestB(t *testing.T) {}"},
			args:  []string{"-count=1", "./..."}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 2, FailedUnits: 1},
		},
		"vet finds something": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { t.Logf("%d", "text") }`},
			args:  []string{"-count=1", "./..."}, want: evidence.Tests{Complete: true, Packages: 1, FailedUnits: 1},
		},
		"package is not there": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) {}`},
			args:  []string{"-count=1", ".", "./missing"}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"parallel subtests": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { for _, name := range []string{"a", "b"} { t.Run(name, func(t *testing.T) { t.Parallel(); t.Log("in", name); if name == "b" { t.Fail() } }) } }`},
			args:  []string{"-count=1", "-cpu=1", "."}, want: evidence.Tests{Complete: true, Failed: 1, Subtests: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"fuzz seed": {
			files: map[string]string{"a_test.go": `func FuzzA(f *testing.F) { f.Add("x"); f.Fuzz(func(t *testing.T, s string) { if s == "x" { t.Error("seed") } }) }`},
			args:  []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Failed: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"benchmarks": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { fmt.Println("loud") }
func BenchmarkA(b *testing.B) { for b.Loop() { } }
func BenchmarkB(b *testing.B) { b.Run("k=1", func(b *testing.B) { for b.Loop() { } }) }`},
			args: []string{"-bench=.", "-benchtime=10x", "-count=1", "./..."}, want: evidence.Tests{Complete: true, Passed: 1, Benchmarks: 2, Files: 1, Packages: 1},
		},
		"benchmarks that no name matches": {
			files: map[string]string{"a_test.go": `func BenchmarkA(b *testing.B) {}`},
			args:  []string{"-run=^$", "-bench=Old", "."}, want: evidence.Tests{Complete: true, Packages: 1, NoTests: 1, Filter: "^$"},
		},
		"examples": {
			files: map[string]string{"a_test.go": "func Example() {\n\tfmt.Println(\"x\")\n\t// Output: y\n}\nfunc Example_good() {\n\tfmt.Println(\"z\")\n\t// Output: z\n}"},
			args:  []string{"-count=1", "."}, want: evidence.Tests{Complete: true, Passed: 1, Failed: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"in another folder": {
			files: map[string]string{"sub/b_test.go": `func TestB(t *testing.T) { t.Error("wrong") }`},
			args:  []string{"-C", "sub", "-count=1", "."}, want: evidence.Tests{Complete: true, Failed: 1, Files: 1, Packages: 1, FailedUnits: 1},
		},
		"words for the test": {
			files: map[string]string{"a_test.go": `func TestA(t *testing.T) { fmt.Println("--- FAIL: TestGhost (0.00s)"); fmt.Println(os.Args[len(os.Args)-1]) }`},
			args:  []string{"-count=1", ".", "-args", "-test.v", "x"}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 1},
			other: "-test.v behind -args would let a test write its own results",
		},
		"cover": {
			files: map[string]string{"a.go": "package m\n\nfunc A() int { return 1 }\n", "a_test.go": `func TestA(t *testing.T) { A() }`, "sub/b.go": "package sub\n\nfunc B() int { return 1 }\n"},
			args:  []string{"-count=1", "-cover", "./..."}, want: evidence.Tests{Complete: true, Passed: 1, Files: 1, Packages: 2, NoTests: 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runGo(t, module(t, c.files), c.args...)
			got := r.tests
			got.Names, got.Failures = "", nil
			assert.Equal(t, c.want, got)
			assert.Equal(t, r.plainCode, r.code)
			if c.other == "" {
				assert.Equal(t, steady(r.plain), steady(r.text))
			}
		})
	}
}

func TestGoTestCached(t *testing.T) {
	dir := module(t, map[string]string{"a_test.go": `func TestA(t *testing.T) {}`})
	runGo(t, dir, ".")
	r := runGo(t, dir, ".")
	assert.Equal(t, 1, r.tests.Cached)
	assert.Equal(t, r.plain, r.text)
	assert.Zero(t, runGo(t, dir, "-count=1", ".").tests.Cached)
}

// TestGoTestPlaces: a failure names its file as the repository knows it.
func TestGoTestPlaces(t *testing.T) {
	dir := module(t, map[string]string{
		"sub/fail_test.go":    "func TestA(t *testing.T) {\n\tt.Run(\"x\", func(t *testing.T) { t.Error(\"wrong\") })\n}",
		"panic/p_test.go":     "func TestB(t *testing.T) {\n\tvar m map[string]int\n\tm[\"x\"] = 1\n}",
		"build/build_test.go": "func TestC(t *testing.T) { undefined() }",
	})
	places := func(args ...string) map[string]string {
		found := map[string]string{}
		for _, f := range runGo(t, dir, args...).tests.Failures {
			found[f.Test] = f.File
			assert.Positive(t, f.Line, f.Message)
			assert.NotEmpty(t, f.Message)
		}
		return found
	}
	want := map[string]string{"TestA/x": "sub/fail_test.go", "TestB": "panic/p_test.go", "": "build/build_test.go"}
	assert.Equal(t, want, places("-count=1", "./..."))
	assert.Equal(t, map[string]string{"": "build/build_test.go"}, places("-C", "build", "-count=1", "."))
}

// TestGoTestJSON: who asks for the stream gets the stream.
func TestGoTestJSON(t *testing.T) {
	dir := module(t, map[string]string{"a_test.go": `func TestA(t *testing.T) {}`})
	r := runGo(t, dir, "-json", "-v", "-count=1", ".")
	assert.Equal(t, 1, r.tests.Passed)
	clock := regexp.MustCompile(`"(Time":"[^"]*|Elapsed":[\d.e-]+)`)
	assert.Equal(t, steady(clock.ReplaceAllString(r.plain, "")), steady(clock.ReplaceAllString(r.text, "")))
}

func TestParseGoTest(t *testing.T) {
	cases := map[string]string{
		"go test ./...":                        "go test -json ./...",
		"go -C test test ./...":                "go -C test test -json ./...",
		"go test -C test -v ./a":               "go test -C test -json ./a",
		"go test -C=x -test.v=true":            "go test -C=x -json",
		"go test -run -v ./a":                  "go test -json -run -v ./a",
		"go test ./a -args -json -v":           "go test -json ./a -args -json -v",
		"go test ./a -args -test.v x":          "go test -json ./a -args x",
		"go test -update ./a -v":               "go test -json -update ./a -v",
		"go test ./a -json=false":              "go test -json ./a",
		"go test -timeout 5m -tags a,b -v ./a": "go test -json -timeout 5m -tags a,b ./a",
	}
	for line, want := range cases {
		g, ok := testout.ParseGoTest(strings.Fields(line))
		assert.True(t, ok, line)
		assert.Equal(t, want, strings.Join(g.Args, " "))
	}
	for _, line := range []string{"go test -c", "go test -n ./...", "go test -list . ./...", "go test -test.list=.", "go test -h", "go vet ./...", "go -C test vet ./...", "go"} {
		_, ok := testout.ParseGoTest(strings.Fields(line))
		assert.False(t, ok, line)
	}
	g, _ := testout.ParseGoTest(strings.Fields("go test -v -run A|B -test.run=C ./a"))
	assert.True(t, g.Verbose)
	assert.Equal(t, "C", g.Filter)
}

// TestGoTestForeignLines: what is no result is counted, and shown.
func TestGoTestForeignLines(t *testing.T) {
	g, _ := testout.ParseGoTest([]string{"go", "test", "./a"})
	var text bytes.Buffer
	tests, _, err := g.Read(strings.NewReader("go: hello\n"+`{"Action":"start","Package":"a"}`+"\n"+`{"Action":"pass","Package":"a"}`+"\n"+`{"Action":"run"`), &text, testout.Place{})
	require.NoError(t, err)
	assert.Equal(t, 2, tests.Forged)
	assert.False(t, tests.Complete)
	assert.Contains(t, text.String(), "go: hello\n")
	tests, _, err = g.Read(strings.NewReader(""), &text, testout.Place{})
	require.NoError(t, err)
	assert.False(t, tests.Complete, "an empty stream is no result")
}

// TestGoTestUnended: a test that took its process along is the package's failure.
func TestGoTestUnended(t *testing.T) {
	dir := module(t, map[string]string{"a_test.go": `func TestA(t *testing.T) { fmt.Println("last words"); os.Exit(3) }`})
	r := runGo(t, dir, "-count=1", ".")
	require.Len(t, r.tests.Failures, 1)
	assert.Equal(t, evidence.Failure{Unit: "example.com/m", Test: "TestA", Message: "last words"}, r.tests.Failures[0])
}
