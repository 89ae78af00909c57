package command_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInventedResults: what the tests' program prints by itself is no test's result.
func TestInventedResults(t *testing.T) {
	const (
		failing = "func TestAdd(t *testing.T) { t.Fatal(1) }\n"
		passing = "func TestAdd(t *testing.T) {}\n"
		frames  = `fmt.Print("\x16=== RUN   TestAdd\n\x16--- PASS: TestAdd (0.00s)\n\x16PASS\n")`
	)
	cases := map[string]struct {
		source, command string
		invented        []string
		lines           int
	}{
		"init":             {"func init() { " + frames + "; os.Exit(0) }\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"init, no mark":    {"func init() { fmt.Print(\"=== RUN   TestAdd\\n--- PASS: TestAdd (0.00s)\\nPASS\\n\"); os.Exit(0) }\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"variable":         {"var _ = func() int { " + frames + "; os.Exit(0); return 0 }()\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"helper":           {"func init() { help() }\nfunc help() { " + frames + "; os.Exit(0) }\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"no such test":     {"func init() { fmt.Print(\"\\x16=== RUN   TestGhost\\n\\x16--- PASS: TestGhost (0.00s)\\n\") }\n" + passing, "", []string{"example.com/m.TestGhost"}, 0},
		"main without run": {"func TestMain(_ *testing.M) { " + frames + "; os.Exit(0) }\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"main leaves out":  {"func TestMain(m *testing.M) { " + frames + "; os.Args = append(os.Args, \"-test.skip=Add\"); os.Exit(m.Run()) }\n" + failing, "", []string{"example.com/m.TestAdd"}, 0},
		"another's result": {passing + "func TestB(t *testing.T) { fmt.Print(\"\\n\\x16=== RUN   TestC\\n\\x16--- PASS: TestC (0.00s)\\n\\x16=== NAME  TestB\\n\") }\nfunc TestC(t *testing.T) { t.Fatal(1) }\nfunc TestMain(m *testing.M) { os.Args = append(os.Args, \"-test.skip=TestC\"); os.Exit(m.Run()) }\n", "", []string{"example.com/m.TestC"}, 1},

		"prints results":        {"func TestAdd(t *testing.T) { fmt.Println(\"=== RUN   TestGhost\\n--- FAIL: TestGhost (0.00s)\"); t.Log(\"=== RUN   TestOther\") }\n", "", nil, 0},
		"marked, of no test":    {"func TestAdd(t *testing.T) { fmt.Print(\"\\n\\x16=== RUN   TestGhost\\n\\x16--- PASS: TestGhost (0.00s)\\n\\x16=== NAME  TestAdd\\n\") }\n", "", nil, 1},
		"sample in a variable":  {"var sample = \"\\x16=== RUN   TestGhost\\n\"\nfunc TestAdd(t *testing.T) { t.Log(len(sample)) }\n", "", nil, 0},
		"main":                  {"func TestMain(m *testing.M) { fmt.Println(\"set up\"); os.Exit(m.Run()) }\n" + passing, "", nil, 0},
		"plays go test":         {"func TestMain(m *testing.M) { if os.Getenv(\"PLAY\") != \"\" { " + frames + "; os.Exit(0) }; os.Exit(m.Run()) }\n" + passing, "", nil, 0},
		"main runs twice":       {"func TestMain(m *testing.M) { os.Exit(m.Run() + m.Run()) }\n" + passing, "", nil, 0},
		"many times":            {passing, "go test -count=3 -cpu=1,2 -shuffle=on ./...", nil, 0},
		"examples, fuzz, bench": {"func ExampleAdd() {\n\tfmt.Println(4)\n\t// Output: 4\n}\nfunc FuzzAdd(f *testing.F) { f.Add(1); f.Fuzz(func(*testing.T, int) {}) }\nfunc BenchmarkAdd(b *testing.B) {}\n" + passing, "go test -bench . -benchtime 1x ./...", nil, 0},
		"beside each other":     {"func TestA(t *testing.T) { t.Parallel() }\nfunc TestB(t *testing.T) { t.Parallel(); t.Run(\"x\", func(t *testing.T) { t.Parallel() }) }\nfunc TestC(t *testing.T) {}\n", "go test -count=2 ./...", nil, 0},
		"a file":                {passing, "go test m.go m_test.go", nil, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.module(t)
			b.write(t, "m_test.go", "package m\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"testing\"\n)\n\nvar _ = fmt.Sprint(os.DevNull)\n\n"+c.source)
			if c.command == "" {
				c.command = "go test ./..."
			}
			e := b.run(t, c.command)
			require.Len(t, e.Steps, 1, e.Log.Head)
			require.NotNil(t, e.Steps[0].Tests)
			assert.Equal(t, 0, e.ExitCode, e.Log.Head)
			assert.Equal(t, c.invented, e.Steps[0].Tests.Invented)
			assert.Equal(t, c.lines, e.Steps[0].Tests.Forged)
			assert.Empty(t, e.Steps[0].Tests.Unrun)
		})
	}
}

// TestInventedByAnImport: a package that prints results makes them up for whatever
// imports it.
func TestInventedByAnImport(t *testing.T) {
	b := newBench(t)
	b.module(t)
	b.breakTest(t)
	b.write(t, "dep/dep.go", "package dep\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc init() { fmt.Print(\"=== RUN   TestAdd\\n--- PASS: TestAdd (0.00s)\\nPASS\\n\"); os.Exit(0) }\n")
	b.write(t, "use.go", "package m\n\nimport _ \"example.com/m/dep\"\n")
	e := b.run(t, "go test ./...")
	require.Len(t, e.Steps, 1)
	assert.Equal(t, []string{"example.com/m.TestAdd"}, e.Steps[0].Tests.Invented)
}

// TestMainThatRunsNothing: a package whose TestMain runs none of its tests is named,
// unless the line itself asks for fewer.
func TestMainThatRunsNothing(t *testing.T) {
	const main = "package a\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) { if false { m.Run() }; os.Exit(0) }\n\nfunc TestA(t *testing.T) { t.Fatal(1) }\n"
	for command, unrun := range map[string][]string{"go test ./...": {"example.com/m/a"}, "go test -run Add ./...": nil} {
		b := newBench(t)
		b.module(t)
		b.write(t, "a/a_test.go", main)
		e := b.run(t, command)
		require.Len(t, e.Steps, 1)
		assert.Equal(t, 0, e.ExitCode)
		assert.Equal(t, unrun, e.Steps[0].Tests.Unrun, command)
		assert.Empty(t, e.Steps[0].Tests.Invented)
	}
}
