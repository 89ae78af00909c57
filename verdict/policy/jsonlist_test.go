package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/tracker"
)

const statusFile = `{
  "gates": [
    {"id": "A", "proof_commands": [
      {"argv": ["go", "test", "./...", "-run", "A b|C"], "cwd": "."},
      {"argv": ["npx", "vitest", "run"], "cwd": "frontend/"}
    ]},
    {"id": "B"},
    {"id": "C", "proof_commands": [{"argv": "make check && echo ok"}]}
  ],
  "one": ["go", "vet", "./..."],
  "texts": ["go vet ./...", "go test ./..."],
  "words": ["make", "./check.sh"]
}`

func TestReadJSONList(t *testing.T) {
	in := func(line, column int) tracker.Pos {
		return tracker.Pos{File: "status.json", Line: line, Column: column}
	}
	for _, c := range []struct {
		name, pointer string
		want          []Required
	}{
		{"objects below *", "/gates/*/proof_commands", []Required{
			{Command: "go test ./... -run 'A b|C'", Pos: in(4, 16)}, {Command: "npx vitest run", Dir: "frontend", Pos: in(5, 16)},
			{Command: "make check && echo ok", Pos: in(8, 45)},
		}},
		{"an element by number", "/gates/2/proof_commands/0", []Required{{Command: "make check && echo ok", Pos: in(8, 45)}}},
		{"words of one command", "/one", []Required{{Command: "go vet ./...", Pos: in(10, 10)}}},
		{"shell texts", "/texts", []Required{{Command: "go vet ./...", Pos: in(11, 13)}, {Command: "go test ./...", Pos: in(11, 29)}}},
		{"texts of one word each, as the pointer says", "/words/*", []Required{{Command: "make", Pos: in(12, 13)}, {Command: "./check.sh", Pos: in(12, 21)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadJSONList(JSONList{Path: "status.json", Pointer: c.pointer}, []byte(statusFile))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReadJSONListOfAWholeFile(t *testing.T) {
	got, err := ReadJSONList(JSONList{Path: "a.json", Argv: "words", Dir: "in"}, []byte(`[{"words": ["go", "build"], "in": "./sub/x"}]`))
	require.NoError(t, err)
	assert.Equal(t, []Required{{Command: "go build", Dir: "sub/x", Pos: tracker.Pos{File: "a.json", Line: 1, Column: 12}}}, got)
}

func TestReadJSONListSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, pointer, src, want string }{
		{"no JSON", "", "[\n  nul\n]", "a.json:2:3: not JSON: invalid character '\\n' in literal null (expecting 'l')"},
		{"cut off", "", "[1", "a.json:1:3: not JSON: the file ends too early"},
		{"two values", "", "[] []", "a.json:1:4: not JSON: more than one value"},
		{"member twice", "", "[{\"argv\": [\"a\"], \"argv\": [\"b\"]}]", "a.json:1:26: not JSON: the member \"argv\" stands twice in one object"},
		{"nothing there", "/gates", "{}", `a.json:1:1: the pointer "/gates" finds no "gates" here`},
		{"an empty list", "/g", `{"g": []}`, `a.json:1:1: nothing stands at "/g"; expected at least one command`},
		{"no element has it", "/*/c", `[{}, {}]`, `a.json:1:1: nothing stands at "/*/c"; expected at least one command`},
		{"* through a text", "/a/*", `{"a": "x"}`, `a.json:1:7: a text where the pointer "/a/*" goes through *; expected a list or an object`},
		{"no words", "", `[{"cwd": "x"}]`, `a.json:1:2: the command has no "argv"`},
		{"a number among the words", "", `[{"argv": ["go", 1]}]`, "a.json:1:18: a number; expected a word, as a string"},
		{"no word at all", "", `[{"argv": []}]`, "a.json:1:11: a list; expected shell text, or an array of words"},
		{"a folder outside", "", `[{"argv": ["ls"], "cwd": "../.."}]`, `a.json:1:26: "../..": it leaves the repository; expected a folder below the root`},
		{"a byte that no shell takes", "", `[{"argv": ["a\u0000b"]}]`, "a.json:1:12: \"a\\x00b\": cannot quote character at byte 1: shell strings cannot contain null bytes; expected a word that a shell can take"},
		{"too deep", "", strings.Repeat("[", 5000), "a.json:1:102: not JSON: more than 100 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadJSONList(JSONList{Path: "a.json", Pointer: c.pointer}, []byte(c.src))
			var problems *Error
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, c.want, err.Error())
		})
	}
}

// What a list's words become is read by a shell as the same words.
func FuzzShellText(f *testing.F) {
	f.Add("it's", "$HOME `x` \\")
	f.Add("", "-n")
	f.Add("a\nb", "ä*?[~#")
	f.Fuzz(func(t *testing.T, a, b string) {
		n := &jsonNode{kind: jsonArray, items: []jsonNode{{kind: jsonString, text: "echo"}, {kind: jsonString, text: a}, {kind: jsonString, text: b}}}
		text, ok := (&listReader{}).shellText(n)
		if !ok {
			return
		}
		parsed, err := syntax.NewParser().Parse(strings.NewReader(text), "")
		require.NoError(t, err)
		require.Len(t, parsed.Stmts, 1)
		call, ok := parsed.Stmts[0].Cmd.(*syntax.CallExpr)
		require.True(t, ok)
		assert.Len(t, call.Args, 3)
		assert.Empty(t, call.Assigns)
	})
}
