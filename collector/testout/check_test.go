package testout_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/testout"
	"github.com/verdictci/verdict/collector/testout/nodetest"
)

// TestTSC reads what TypeScript 5, 6 and 7 print.
func TestTSC(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs every version of tsc")
	}
	for _, set := range nodetest.Sets {
		t.Run(set, func(t *testing.T) {
			strict := `{ "compilerOptions": { "strict": true, "noEmit": true, "types": [], "skipLibCheck": true }, "include": ["src"] }`
			f := newFrontEnd(t, set, map[string]string{
				"good/tsconfig.json": strict, "good/src/a.ts": "export const n: number = 1\n",
				"bad/tsconfig.json": strict, "bad/src/a.ts": "export const n: number = 'x'\nexport const f = (\n  a,\n) => a\n",
				"empty/tsconfig.json":        `{ "include": ["src"] }`,
				"solution/tsconfig.json":     "{\n  // only the parts\n  \"files\": [],\n  \"references\": [{ \"path\": \"./app\" }, /* { \"path\": \"./old\" }, */],\n}\n",
				"solution/app/tsconfig.json": strict,
			})
			check := func(args ...string) (evidence.Check, string, int) {
				out, code := f.exec(t, nil, append([]string{"tsc", "--noEmit"}, args...)...)
				return testout.ReadCheck("tsc", strings.NewReader(out), testout.Place{Root: f.dir}), out, code
			}
			c, out, code := check("-p", "good", "--listFiles")
			assert.Equal(t, 0, code, out)
			assert.Zero(t, c.Errors)
			assert.Len(t, testout.ProjectFiles(out), 1)

			c, _, code = check("-p", "bad")
			assert.NotEqual(t, 0, code)
			assert.Equal(t, 2, c.Errors)
			require.Len(t, c.Diagnostics, 2)
			assert.Equal(t, evidence.Diagnostic{File: "bad/src/a.ts", Line: 1, Column: 14, Severity: "error", Code: "TS2322", Message: "Type 'string' is not assignable to type 'number'."}, c.Diagnostics[0])
			c, _, _ = check("-p", "bad", "--pretty")
			assert.Equal(t, 2, c.Errors, "with colours and frames")

			c, _, code = check("-p", "empty")
			assert.NotEqual(t, 0, code)
			assert.True(t, c.Nothing)

			_, out, code = check("-p", "solution", "--listFiles")
			assert.Equal(t, 0, code, "it passes, and reads nothing")
			assert.Empty(t, testout.ProjectFiles(out))
		})
	}
}

// TestGoCheck reads what go build and go vet print.
func TestGoCheck(t *testing.T) {
	dir := module(t, map[string]string{"sub/a.go": "package sub\n\nimport \"fmt\"\n\nfunc A() { fmt.Printf(\"%d\", \"text\") }\n", "bad/b.go": "package bad\n\nfunc B() { undefined() }\n", "empty/x.txt": ""})
	read := func(tool string, args ...string) evidence.Check {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		return testout.ReadCheck(tool, strings.NewReader(string(out)), testout.Place{Root: "/r", Dir: "x"})
	}
	c := read("go vet", "vet", "./sub")
	require.Equal(t, 1, c.Errors)
	assert.Equal(t, "x/sub/a.go", c.Diagnostics[0].File)
	assert.Equal(t, 5, c.Diagnostics[0].Line)
	c = read("go build", "build", "./...")
	require.Equal(t, 1, c.Errors)
	assert.Equal(t, evidence.Diagnostic{File: "x/bad/b.go", Line: 3, Column: 12, Severity: "error", Message: "undefined: undefined"}, c.Diagnostics[0])
	assert.True(t, read("go build", "build", "./empty/...").Nothing)
	assert.False(t, read("go build", "build", "./sub").Nothing)
}

func TestReferences(t *testing.T) {
	cases := map[string][]string{
		`{"files":[],"references":[{"path":"a"},{"path":"./b"}]}`:                                      {"a", "./b"},
		"\ufeff{\n// \"references\": [{\"path\":\"old\"}]\n\"files\": [],\n}":                          nil,
		"{ /* \"references\": [{ \"path\": \"old\" }] */ \"references\": [ { \"path\": \"new\" }, ] }": {"new"},
		`{"include":["src/**/*.ts", "//x"], "references":[{"path":"a // b"}], }`:                       {"a // b"},
		`{"exclude":["a\"/*"], "references":[{"path":"c"}]} // */`:                                     {"c"},
		`not json`: nil,
	}
	for config, want := range cases {
		assert.Equal(t, want, testout.ParseTSConfig(config).References, config)
	}
}

func TestBlank(t *testing.T) {
	for source, want := range map[string]bool{"": true, "\ufeff \n// a\n/* b\n c */": true, "export {}": false, "// a\nx": false} {
		assert.Equal(t, want, testout.Blank(source), source)
	}
}

func TestUncheckedSources(t *testing.T) {
	for source, want := range map[string]bool{
		"// @ts-nocheck\nexport {}\n": true, "/* licence */\n\n//@ts-nocheck\n": true, "#!/usr/bin/env node\nexport {}": false,
		"export {}\n// @ts-nocheck\n": false, "// no @ts-nocheck here\n": false, "/* // @ts-nocheck */\n": false,
	} {
		assert.Equal(t, want, testout.Unchecked(source), source)
	}
	c := testout.ParseTSConfig(`{ "extends": ["./a", "./b.json"], "compilerOptions": { "noCheck": true, }, }`)
	assert.Equal(t, []string{"./a", "./b.json"}, c.Extends)
	assert.True(t, c.NoCheck != nil && *c.NoCheck)
}

func TestWeakFlags(t *testing.T) {
	cases := map[string][]string{
		"tsc --noCheck -p x":                     {"--noCheck"},
		"tsc -d -p x":                            nil,
		"tsc -b --dry":                           {"--dry"},
		"vitest run --passWithNoTests":           {"--passWithNoTests"},
		"vitest run --passWithNoTests=false":     nil,
		"eslint --no-error-on-unmatched-pattern": {"--no-error-on-unmatched-pattern"},
	}
	for line, want := range cases {
		argv := strings.Fields(line)
		assert.Equal(t, want, testout.WeakFlags(argv[0], argv), line)
	}
	assert.Equal(t, []string{"-vet=off"}, testout.WeakFlags("go test", strings.Fields("go test -vet=off ./...")))
	assert.Equal(t, []string{"-printf=false"}, testout.WeakFlags("go vet", strings.Fields("go vet -printf=false ./...")))
	assert.Equal(t, "x", testout.TSCProject(strings.Fields("tsc --noEmit -p x")))
	assert.Equal(t, ".", testout.TSCProject(strings.Fields("tsc --noEmit")))
}
