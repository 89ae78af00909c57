package checkpoint

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
)

// sources are the files of one version: "name: text".
type sources map[string]string

// lostBetween compares two versions of all files.
func lostBetween(t *testing.T, before, after sources) []evidence.TestChange {
	texts := map[string]string{}
	var changed []changedSource
	version := func(name, text string, there bool) string {
		if !there {
			return ""
		}
		if strings.HasSuffix(name, ".go") && !strings.HasPrefix(text, "//go:build") && !strings.HasPrefix(text, "// +build") {
			text = "package a\n" + text
		}
		hash := fmt.Sprint(len(texts) + 1)
		texts[hash] = text
		return hash
	}
	both := maps.Clone(before)
	maps.Copy(both, after)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		old, there := before[name]
		new, here := after[name]
		changed = append(changed, changedSource{name, version(name, old, there), version(name, new, here)})
	}
	lost, _, err := testChanges(changed, func(hash string) ([]byte, bool, error) { return []byte(texts[hash]), true, nil })
	require.NoError(t, err)
	return lost
}

const (
	goAdd   = "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal(\"wrong\")\n\t}\n}\n"
	goTable = "func TestAdd(t *testing.T) {\n\tfor _, c := range []struct {\n\t\tname string\n\t\ta, b, want int\n\t}{\n\t\t{\"small\", 1, 2, 3},\n\t\t{\"negative\", -1, -2, -3},\n\t} {\n\t\tt.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, Add(c.a, c.b)) })\n\t}\n}\n"
	goOther = "func TestOther(t *testing.T) {\n\tif Other() != 2 {\n\t\tt.Fatal(\"other\")\n\t}\n}\n"
	goFirst = "const first = 1\n"
	goText  = "const text = `\n" + goAdd + goOther + "`\n"
	goWeak  = "func TestWeak(t *testing.T) {\n\tfor name, c := range map[string]int{\"small\": 1, \"negative\": -1} {\n\t\tcheckAll(t, name, c)\n\t}\n}\n"
	goThree = "func TestParsesNothing(t *testing.T) {\n\tv, err := parse(\"\")\n\trequire.NoError(t, err)\n\trequire.Equal(t, 0, v)\n}\nfunc TestSpaces(t *testing.T) {\n\tv, err := parse(\"  \")\n\trequire.NoError(t, err)\n\trequire.Equal(t, 0, v)\n}\nfunc TestParsesSeven(t *testing.T) {\n\tv, err := parse(\"7\")\n\trequire.NoError(t, err)\n\trequire.Equal(t, 7, v)\n}\n"
	goRows  = "func TestParse(t *testing.T) {\n\tfor in, want := range map[string]struct{ v int }{\n\t\t\"\": {0},\n\t\t\" \": {0},\n\t\t\"7\": {7},\n\t} {\n\t\tgot, err := parse(in)\n\t\trequire.NoError(t, err)\n\t\trequire.Equal(t, want.v, got)\n\t}\n}\n"
	goPlain = "func TestParse(t *testing.T) {\n\tcases := []struct {\n\t\tin   string\n\t\twant int\n\t}{{in: \"\"}, {in: \" \"}, {in: \"7\", want: 7}}\n\tfor _, c := range cases {\n\t\tgot, err := parse(c.in)\n\t\trequire.NoError(t, err)\n\t\trequire.Equal(t, c.want, got)\n\t}\n}\n"
	goList  = "func TestParse(t *testing.T) {\n\tfor _, in := range []string{\"\", \" \", \"7\"} {\n\t\tt.Run(in, func(t *testing.T) {\n\t\t\t_, err := parse(in)\n\t\t\trequire.NoError(t, err)\n\t\t})\n\t}\n}\n"
	tsEach  = "test.each([\n  [1, ')'],\n  [2, '('], // two\n  [3, '`'],\n])('adds %i', (n) => { expect(add(n)).toBe(n) })\n"
	tsTable = "test.each`\n  a | b\n  ${1} | ${'a'}\n  ${2} | ${'b'}\n`('adds $a', ({ a }) => { expect(add(a)).toBe(a) })\n"
	tsThree = "it('small', () => { expect(add(1)).toBe(1) })\nit('larger', () => { const n = 2; expect(add(n)).toBe(n) })\nit('three', () => { expect(add(3)).toBe(3) })\n"
	pyTable = "@pytest.mark.parametrize(\"y\", [True, False])\n@pytest.mark.parametrize(\"x\", [\n    (\"(\", 1),\n    pytest.param(\")\", 2),  # two\n    (\n        3, 4),\n])\ndef test_a(x, y):\n    assert parse(x)\n"
	pyThree = "def test_one():\n    assert parse(1) == 1\n\n\ndef test_two():\n    assert parse(2) == 2\n\n\ndef test_three():\n    assert parse(3) == 3\n"
	pyClass = "class TestA:\n    def test_a(self):\n        assert parse(0) == 0\n\n\n"
	goSub   = "func TestAdd(t *testing.T) {\n\tt.Run(\"small\", func(t *testing.T) { check(t, 1, 2) })\n\tt.Run(\"negative\", func(t *testing.T) { check(t, -1, -2) })\n}\n"
	tsAdd   = "import { test, expect } from 'vitest'\ntest('adds', () => {\n  expect(add(1, 2)).toBe(3)\n})\n"
	tsCart  = "describe('cart', () => {\n  it('adds', () => { expect(add(1)).toBe(1) })\n  it('removes', async () => { expect(await remove(1)).toBe(0) })\n})\n"
)

// TestLost: what is lost between two versions of the tests, and what only looks so.
func TestLost(t *testing.T) {
	other := "windows" // a system that this is not
	if runtime.GOOS == other {
		other = "linux"
	}
	for name, c := range map[string]struct {
		before, after sources
		want          string
	}{
		"go: deleted":                        {sources{"a_test.go": goAdd}, sources{"a_test.go": ""}, "TestAdd deleted"},
		"go: file deleted":                   {sources{"a_test.go": goAdd}, sources{}, "TestAdd deleted"},
		"go: moved":                          {sources{"a_test.go": goAdd}, sources{"b/b_test.go": goAdd}, ""},
		"go: renamed":                        {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "TestAdd", "TestSum", 1)}, ""},
		"go: renamed and edited":             {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.NewReplacer("TestAdd", "TestSum", "wrong", "the sum is wrong").Replace(goAdd)}, ""},
		"go: another instead":                {sources{"a_test.go": goAdd}, sources{"a_test.go": "func TestParse(t *testing.T) {\n\tv, err := Parse(\"x\")\n\trequire.NoError(t, err)\n\trequire.Equal(t, 7, v)\n}\n"}, "TestAdd deleted"},
		"go: same name, one of two packages": {sources{"a/a_test.go": goAdd, "b/b_test.go": goAdd + "// 1\n"}, sources{"b/b_test.go": goAdd + "// 2\n"}, "TestAdd deleted"},
		"go: commented out":                  {sources{"a_test.go": goAdd}, sources{"a_test.go": "/*\n" + goAdd + "*/\n"}, "TestAdd deleted"},
		"go: named in a text":                {sources{"a_test.go": goAdd}, sources{"a_test.go": "const s = `\n" + goAdd + "`\n"}, "TestAdd deleted"},
		"go: in testdata":                    {sources{"testdata/a_test.go": goAdd}, sources{}, ""},
		"go: skipped":                        {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "{\n", "{\n\tt.Skip(\"later\")\n", 1)}, "TestAdd skipped"},
		"go: skipped second":                 {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "{\n", "{\n\tt.Parallel()\n\tt.SkipNow()\n", 1)}, "TestAdd skipped"},
		"go: always skipped":                 {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "{\n", "{\n\tif true {\n\t\tt.Skip()\n\t}\n", 1)}, "TestAdd skipped"},
		"go: skipped if short":               {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "{\n", "{\n\tif testing.Short() {\n\t\tt.Skip()\n\t}\n", 1)}, ""},
		"go: emptied":                        {sources{"a_test.go": goAdd}, sources{"a_test.go": "func TestAdd(t *testing.T) {}\n"}, "TestAdd emptied"},
		"go: a comment is left":              {sources{"a_test.go": goAdd}, sources{"a_test.go": "func TestAdd(t *testing.T) {\n\t// later\n\tt.Log(\"later\")\n}\n"}, "TestAdd emptied"},
		"go: returns at once":                {sources{"a_test.go": goAdd}, sources{"a_test.go": strings.Replace(goAdd, "{\n", "{\n\treturn\n", 1)}, "TestAdd emptied"},
		"go: checks nothing":                 {sources{"a_test.go": goAdd}, sources{"a_test.go": "func TestAdd(t *testing.T) {\n\t_ = Add(1, 2)\n}\n"}, "TestAdd emptied"},
		"go: to a helper":                    {sources{"a_test.go": goAdd}, sources{"a_test.go": "func TestAdd(t *testing.T) {\n\tcheck(t, 1, 2)\n}\n"}, ""},
		"go: was always empty":               {sources{"a_test.go": "func TestAdd(t *testing.T) {}\n"}, sources{"a_test.go": "func TestAdd(t *testing.T) { }\n"}, ""},
		"go: row deleted":                    {sources{"a_test.go": goTable}, sources{"a_test.go": strings.Replace(goTable, "\t\t{\"negative\", -1, -2, -3},\n", "", 1)}, "TestAdd/negative deleted"},
		"go: row renamed":                    {sources{"a_test.go": goTable}, sources{"a_test.go": strings.Replace(goTable, "\"negative\"", "\"below zero\"", 1)}, ""},
		"go: row changed":                    {sources{"a_test.go": goTable}, sources{"a_test.go": strings.Replace(goTable, "-1, -2, -3", "-2, -2, -4", 1)}, ""},
		"go: into a table":                   {sources{"a_test.go": goSub}, sources{"a_test.go": goTable}, ""},
		"go: out of a table":                 {sources{"a_test.go": goTable}, sources{"a_test.go": goSub}, ""},
		"go: tests into a table":             {sources{"a_test.go": "func TestSmall(t *testing.T) { check(t, 1, 2) }\nfunc TestNegative(t *testing.T) { check(t, -1, -2) }\n"}, sources{"a_test.go": goTable}, ""},
		"go: subtest deleted":                {sources{"a_test.go": goSub}, sources{"a_test.go": strings.Replace(goSub, "\tt.Run(\"negative\", func(t *testing.T) { check(t, -1, -2) })\n", "", 1)}, "TestAdd/negative deleted"},
		"go: subtest skipped":                {sources{"a_test.go": goSub}, sources{"a_test.go": strings.Replace(goSub, "check(t, -1, -2)", "t.Skip()", 1)}, "TestAdd/negative skipped"},
		"go: said once":                      {sources{"a_test.go": goSub}, sources{}, "TestAdd deleted"},
		"go: said once, another file":        {sources{"a/a_test.go": goAdd, "b/b_test.go": goSub}, sources{"a/a_test.go": goAdd}, "TestAdd deleted"},
		"go: parts of another file":          {sources{"a/a_test.go": goSub, "b/b_test.go": goAdd}, sources{"a/a_test.go": goSub}, "TestAdd deleted"},
		"go: suite":                          {sources{"a_test.go": "func (s *Suite) TestAdd() { s.Equal(3, Add(1, 2)) }\n"}, sources{"a_test.go": "func (s *Suite) TestAdd() { s.T().Skip() }\n"}, "Suite.TestAdd skipped"},
		"go: example":                        {sources{"a_test.go": "func ExampleAdd() {\n\tfmt.Println(Add(1, 2))\n\t// Output: 3\n}\n"}, sources{"a_test.go": "func ExampleAdd() {\n\tfmt.Println(Add(1, 2))\n}\n"}, "ExampleAdd emptied"},
		"go: build constraint":               {sources{"a_test.go": goAdd}, sources{"a_test.go": "//go:build special\n\npackage a\n" + goAdd}, "TestAdd skipped"},
		"go: not for another system":         {sources{"a_test.go": goAdd}, sources{"a_test.go": "//go:build !plan9 && !(windows && linux)\n\npackage a\n" + goAdd}, ""},
		"go: for another system":             {sources{"a_test.go": goAdd}, sources{"a_test.go": "//go:build " + other + "\n\npackage a\n" + goAdd}, "TestAdd skipped"},
		"go: without the race detector":      {sources{"a_test.go": goAdd, "b_test.go": goOther}, sources{"a_test.go": "//go:build !race\n\npackage a\n" + goAdd, "b_test.go": "//go:build race\n\npackage a\n" + goOther}, ""},
		"go: for a newer Go":                 {sources{"a_test.go": goAdd}, sources{"a_test.go": "//go:build go1.98 && cgo\n\npackage a\n" + goAdd}, ""},
		"go: an old build constraint":        {sources{"a_test.go": goAdd}, sources{"a_test.go": "// +build ignore\n\npackage a\n" + goAdd}, "TestAdd skipped"},
		"go: named for another system":       {sources{"a_test.go": goAdd}, sources{"a_" + other + "_test.go": goAdd}, "TestAdd skipped"},
		"go: once for each system":           {sources{"b_test.go": goAdd}, sources{"a_plan9_test.go": goAdd + "// 1\n", "a_test.go": goAdd + "// 2\n"}, ""},
		"go: a name that Go leaves out":      {sources{"a_test.go": goAdd}, sources{"_a_test.go": goAdd}, "TestAdd deleted"},
		"go: into a folder Go leaves out":    {sources{"a_test.go": goAdd, "b_test.go": goOther}, sources{"_old/a_test.go": goAdd, "x/.old/b_test.go": goOther}, "TestAdd deleted, TestOther deleted"},
		"go: tests into rows of a map":       {sources{"a_test.go": goThree}, sources{"a_test.go": goRows}, ""},
		"go: tests into rows without names":  {sources{"a_test.go": goThree}, sources{"b_test.go": goPlain}, ""},
		"go: tests into a list":              {sources{"a_test.go": goThree}, sources{"a_test.go": goList}, ""},
		"go: a table with a row too few":     {sources{"a_test.go": goThree}, sources{"a_test.go": strings.Replace(goPlain, ", {in: \" \"}", "", 1)}, "TestParsesSeven deleted"},
		"go: a map with a row too few":       {sources{"a_test.go": goThree}, sources{"a_test.go": strings.Replace(goRows, "\t\t\" \": {0},\n", "", 1)}, "TestParsesSeven deleted"},
		"go: into a table that was there":    {sources{"a_test.go": goThree + goPlain}, sources{"a_test.go": goPlain + goFirst}, "TestParsesNothing deleted, TestParsesSeven deleted, TestSpaces deleted"},
		"go: into another thing's table":     {sources{"a_test.go": goThree}, sources{"a_test.go": strings.ReplaceAll(goPlain, "parse(", "format(")}, "TestParsesNothing deleted, TestParsesSeven deleted, TestSpaces deleted"},
		"go: into a table that is skipped":   {sources{"a_test.go": goThree}, sources{"a_test.go": strings.Replace(goPlain, "\tcases", "\tt.Skip()\n\tcases", 1)}, "TestParsesNothing skipped, TestParsesSeven skipped, TestSpaces skipped"},
		"go: a table into tests":             {sources{"a_test.go": goPlain}, sources{"a_test.go": goThree}, ""},
		"go: a table into too few tests":     {sources{"a_test.go": goPlain}, sources{"a_test.go": goThree[strings.Index(goThree, "func TestSpaces"):]}, "TestParse deleted"},
		"go: two commented out":              {sources{"a_test.go": goFirst + goAdd + goOther}, sources{"a_test.go": goFirst + "/*\n" + goAdd + goOther + "*/\n"}, "TestAdd deleted, TestOther deleted"},
		"go: two in a text":                  {sources{"a_test.go": goAdd + goOther}, sources{"a_test.go": goText}, "TestAdd deleted, TestOther deleted"},
		"go: behind a quoted backtick":       {sources{"a_test.go": goAdd + goOther}, sources{"a_test.go": "const s = \"`\"\n" + goText}, "TestAdd deleted, TestOther deleted"},
		"go: behind a backtick's rune":       {sources{"a_test.go": goAdd + goOther}, sources{"a_test.go": "const r = '`'\n" + goText}, "TestAdd deleted, TestOther deleted"},
		"go: behind a backtick in a comment": {sources{"a_test.go": goFirst + goAdd + goOther}, sources{"a_test.go": goFirst + "// `\n" + goText}, "TestAdd deleted, TestOther deleted"},
		"go: a function as a value":          {sources{"a_test.go": "var f =\nfunc() {}\n" + goAdd}, sources{"a_test.go": "var g =\nfunc() {}\n"}, "TestAdd deleted"},
		"go: what begins a line of a test":   {sources{"a_test.go": "func TestAdd(t *testing.T) {\nvar a = 1\n\tcheck(t, a)\nvar b = 2\n\t_ = b\n}\n"}, sources{"a_test.go": "func TestAdd(t *testing.T) {\nvar b = 2\n\t_ = b\n}\nfunc TestB(t *testing.T) {\nvar a = 1\n\tcheck(t, a)\nvar c = 2\n\t_ = c\n}\n"}, "TestAdd emptied"},
		"go: beside one that stays":          {sources{"a_test.go": goSub + goOther}, sources{"a_test.go": strings.Replace(goSub, "check(t, -1, -2)", "t.Skip()", 1) + goOther}, "TestAdd/negative skipped"},
		"go: a table that was always there":  {sources{"a_test.go": goSub, "b_test.go": goWeak}, sources{"a_test.go": "", "b_test.go": goWeak + goOther}, "TestAdd deleted"},
		"go: a row that was always there":    {sources{"a_test.go": goSub, "b_test.go": goWeak}, sources{"a_test.go": "", "b_test.go": strings.Replace(goWeak, "{", "{\n\tprepare()", 1)}, "TestAdd deleted"},
		"go: a row that is no test":          {sources{"a_test.go": goWeak}, sources{"a_test.go": strings.Replace(goWeak, ", \"negative\": -1", "", 1)}, ""},
		"go: only the row is left":           {sources{"a_test.go": "func TestAdd(t *testing.T) {\n\tm := map[string]int{\"small\": 1}\n\tt.Run(\"small\", func(t *testing.T) { check(t, m) })\n}\n"}, sources{"a_test.go": "func TestAdd(t *testing.T) {\n\tm := map[string]int{\"small\": 1}\n\tcheckAll(t, m)\n}\n"}, "TestAdd/small deleted"},
		"go: into a table that is no test":   {sources{"a_test.go": goSub}, sources{"a_test.go": goWeak}, ""},
		"ts: deleted":                        {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": "test('other', () => { run() })\n"}, "adds deleted"},
		"ts: moved":                          {sources{"a.test.ts": tsAdd}, sources{"b/a.spec.tsx": tsAdd}, ""},
		"ts: into a group":                   {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": tsCart}, ""},
		"ts: renamed":                        {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": strings.Replace(tsAdd, "'adds'", "'adds two numbers'", 1)}, ""},
		"ts: commented out":                  {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": "// " + strings.ReplaceAll(tsAdd, "\n", "\n// ")}, "adds deleted"},
		"ts: in a block comment":             {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": "/*\n" + tsAdd + "*/"}, "adds deleted"},
		"ts: in a text":                      {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": "const s = `" + tsAdd + "`"}, "adds deleted"},
		"ts: skip":                           {sources{"a.test.ts": tsAdd}, sources{"a.test.ts": strings.Replace(tsAdd, "test('", "test.skip('", 1)}, "adds skipped"},
		"ts: x":                              {sources{"a.spec.js": tsCart}, sources{"a.spec.js": strings.Replace(tsCart, "it('adds", "xit('adds", 1)}, "cart > adds skipped"},
		"ts: todo":                           {sources{"a.spec.js": tsAdd}, sources{"a.spec.js": "test.todo('adds')\n"}, "adds skipped"},
		"ts: group skipped":                  {sources{"a.spec.js": tsCart}, sources{"a.spec.js": strings.Replace(tsCart, "describe(", "describe.skip(", 1)}, "cart > adds skipped, cart > removes skipped"},
		"ts: option":                         {sources{"a.spec.js": tsAdd}, sources{"a.spec.js": strings.Replace(tsAdd, "'adds', (", "'adds', { skip: true }, (", 1)}, "adds skipped"},
		"ts: only":                           {sources{"a.spec.js": tsCart}, sources{"a.spec.js": strings.Replace(tsCart, "it('adds", "it.only('adds", 1)}, "cart > removes skipped"},
		"ts: skip if":                        {sources{"a.spec.js": tsAdd}, sources{"a.spec.js": strings.Replace(tsAdd, "test('", "test.skipIf(process.env.CI)('", 1)}, ""},
		"ts: skip always":                    {sources{"a.spec.js": tsAdd}, sources{"a.spec.js": strings.Replace(tsAdd, "test('", "test.skipIf(true)('", 1)}, "adds skipped"},
		"ts: skips itself":                   {sources{"a.spec.js": tsAdd}, sources{"a.spec.js": strings.Replace(tsAdd, "() => {", "(ctx) => {\n  ctx.skip()", 1)}, "adds skipped"},
		"ts: emptied":                        {sources{"a.test.tsx": tsCart}, sources{"a.test.tsx": strings.Replace(tsCart, "{ expect(await remove(1)).toBe(0) }", "{ /* later */ }", 1)}, "cart > removes emptied"},
		"ts: checks nothing":                 {sources{"a.test.tsx": tsCart}, sources{"a.test.tsx": strings.Replace(tsCart, "expect(await remove(1)).toBe(0)", "await remove(1)", 1)}, "cart > removes emptied"},
		"ts: to a helper":                    {sources{"a.test.tsx": tsCart}, sources{"a.test.tsx": strings.Replace(tsCart, "expect(await remove(1)).toBe(0)", "await expectRemoved(1)", 1)}, ""},
		"ts: an expression":                  {sources{"a.test.tsx": tsAdd}, sources{"a.test.tsx": "test('adds', () => expect(add(1, 2)).toBe(3))\n"}, ""},
		"ts: a function in it":               {sources{"a.test.tsx": "test('adds', () => { use(function () {}); expect(1).toBe(1) })\n"}, sources{"a.test.tsx": "test('adds', () => { use(function () {}) })\n"}, "adds emptied"},
		"ts: a function":                     {sources{"a.test.tsx": tsAdd}, sources{"a.test.tsx": "test('adds', async function () { expect(add(1, 2)).toBe(3) })\n"}, ""},
		"ts: each":                           {sources{"a.test.ts": tsEach}, sources{"a.test.ts": strings.Replace(tsEach, "  [2, '('], // two\n", "  // [2, '('],\n", 1)}, "adds %i (1 of 3 rows) deleted"},
		"ts: each, other rows":               {sources{"a.test.ts": tsEach}, sources{"a.test.ts": strings.Replace(tsEach, "[2, '(']", "[9, ']']", 1)}, ""},
		"ts: each, a row was there twice":    {sources{"a.test.ts": strings.Replace(tsEach, "[2, '(']", "[1, ')']", 1)}, sources{"a.test.ts": strings.Replace(tsEach, "  [2, '('], // two\n", "", 1)}, ""},
		"ts: each, with types":               {sources{"a.test.ts": strings.Replace(tsEach, "each(", "each<{ a: () => number; b: string }>(", 1)}, sources{"a.test.ts": strings.NewReplacer("each(", "each<[number, string]>(", "  [3, '`'],\n", "").Replace(tsEach)}, "adds %i (1 of 3 rows) deleted"},
		"ts: each, to a variable":            {sources{"a.test.ts": tsEach}, sources{"a.test.ts": "test.each(cases)('adds %i', (n) => { expect(add(n)).toBe(n) })\n"}, ""},
		"ts: each, computed":                 {sources{"a.test.ts": tsEach}, sources{"a.test.ts": "test.each([1].flatMap(cases))('adds %i', (n) => { expect(add(n)).toBe(n) })\n"}, ""},
		"ts: each, rows from elsewhere":      {sources{"a.test.ts": tsEach}, sources{"a.test.ts": "test.each([...cases, [1]])('adds %i', (n) => { expect(add(n)).toBe(n) })\n"}, ""},
		"ts: each, split":                    {sources{"a.test.ts": tsEach}, sources{"a.test.ts": strings.Replace(tsEach, "  [2, '('], // two\n", "", 1) + "test('also two', () => { expect(add(2)).toBe(2) })\n"}, ""},
		"ts: each, to a loop in a test":      {sources{"a.test.ts": tsEach}, sources{"a.test.ts": "test('adds %i', () => { for (const n of [1, 2]) expect(add(n)).toBe(n) })\n"}, ""},
		"ts: each in a template":             {sources{"a.test.ts": tsTable}, sources{"a.test.ts": strings.Replace(tsTable, "  ${2} | ${'b'}\n", "", 1)}, "adds $a (1 of 2 rows) deleted"},
		"ts: tests into a table":             {sources{"a.test.ts": tsThree}, sources{"a.test.ts": tsEach}, ""},
		"ts: tests into a template":          {sources{"a.test.ts": tsThree[:strings.Index(tsThree, "it('three")]}, sources{"a.test.ts": tsTable}, ""},
		"ts: a table with a row too few":     {sources{"a.test.ts": tsThree}, sources{"a.test.ts": strings.Replace(tsEach, "  [2, '('], // two\n", "", 1)}, "three deleted"},
		"ts: tests into a variable":          {sources{"a.test.ts": tsThree}, sources{"a.test.ts": "it.each(cases)('adds %i', (n) => { expect(add(n)).toBe(n) })\n"}, ""},
		"ts: tests into a loop":              {sources{"a.test.ts": tsThree}, sources{"a.test.ts": "for (const n of [1, 2, 3]) {\n  it(`adds ${n}`, () => { expect(add(n)).toBe(n) })\n}\n"}, ""},
		"ts: groups into a table":            {sources{"a.test.ts": "describe('one', () => { it('adds', () => { expect(add(1)).toBe(1) }) })\ndescribe('two', () => { it('adds', () => { expect(add(2)).toBe(2) }) })\n"}, sources{"a.test.ts": "describe.each([1, 2])('of %i', (n) => { it('adds', () => { expect(add(n)).toBe(n) }) })\n"}, ""},
		"ts: a group's row deleted":          {sources{"a.test.ts": "describe.each([1, 2])('of %i', (n) => { it.each([3, 4])('adds', (m) => { expect(add(n)).toBe(m) }) })\n"}, sources{"a.test.ts": "describe.each([1])('of %i', (n) => { it.each([3, 4])('adds', (m) => { expect(add(n)).toBe(m) }) })\n"}, "of %i > adds (2 of 4 rows) deleted"},
		"ts: fixme":                          {sources{"a.spec.ts": tsAdd}, sources{"a.spec.ts": strings.Replace(tsAdd, "test('", "test.fixme('", 1)}, "adds skipped"},
		"ts: concurrent skip":                {sources{"a.spec.ts": tsAdd}, sources{"a.spec.ts": strings.Replace(tsAdd, "test('", "test.concurrent.skip('", 1)}, "adds skipped"},
		"ts: a playwright group":             {sources{"a.spec.ts": strings.Replace(tsCart, "describe(", "test.describe(", 1)}, sources{"a.spec.ts": strings.Replace(tsCart, "describe(", "test.describe.skip(", 1)}, "cart > adds skipped, cart > removes skipped"},
		"ts: a condition to skip":            {sources{"a.spec.ts": tsAdd}, sources{"a.spec.ts": strings.Replace(tsAdd, "() => {", "({ isMobile }) => {\n  test.skip(isMobile, 'later')", 1)}, ""},
		"ts: no condition to skip":           {sources{"a.spec.ts": strings.Replace(tsAdd, "() => {", "({ isMobile }) => {\n  test.skip(isMobile, 'later')", 1)}, sources{"a.spec.ts": tsAdd}, ""},
		"ts: fixed later":                    {sources{"a.spec.ts": tsAdd}, sources{"a.spec.ts": strings.Replace(tsAdd, "() => {", "() => {\n  test.fixme(true, 'later')", 1)}, "adds skipped"},
		"ts: what prepares is no test":       {sources{"a.spec.ts": "test.beforeEach(async ({ page }) => { await page.goto('/') })\ntest.use({ locale: 'de' })\n" + tsAdd}, sources{"a.spec.ts": tsAdd + "// it\n"}, ""},
		"ts: each deleted":                   {sources{"a.test.ts": "test.each`\n  a | b\n  ${1} | ${2}\n`('adds $a', ({ a }) => { expect(add(a)).toBe(1) })\n"}, sources{"a.test.ts": ""}, "adds $a deleted"},
		"ts: quotes and slashes":             {sources{"a.test.tsx": "test(\"doesn't add\", () => { render(<p>Don't ) {</p>); expect(/['\"`(]/.test(x)).toBe(1 / 2) })\n" + tsAdd}, sources{"a.test.tsx": tsAdd + "// it\n"}, "doesn't add deleted"},
		"ts: extended":                       {sources{"a.test.ts": "const myTest = test.extend({ a: 1 })\nmyTest('adds', ({ a }) => { expect(a).toBe(1) })\n"}, sources{"a.test.ts": "const myTest = test.extend({ a: 1 })\nmyTest.skip('adds', ({ a }) => { expect(a).toBe(1) })\n"}, "adds skipped"},
		"ts: in __tests__":                   {sources{"src/__tests__/a.ts": tsAdd}, sources{}, "adds deleted"},
		"ts: a pattern's test":               {sources{"a.test.ts": tsAdd + "const ok = /x/.test('adds')\n"}, sources{"a.test.ts": tsAdd}, ""},
		"py: marked":                         {sources{"test_a.py": "def test_a():\n    assert x()\n"}, sources{"test_a.py": "@pytest.mark.skip(reason='later')\ndef test_a():\n    assert x()\n"}, "test_a skipped"},
		"py: unittest":                       {sources{"test_a.py": "class A:\n    def test_a(self):\n        x()\n"}, sources{"test_a.py": "class A:\n    @unittest.skip('later')\n    def test_a(self):\n        x()\n"}, "test_a skipped"},
		"py: skips itself":                   {sources{"test_a.py": "def test_a():\n    x()\n"}, sources{"test_a.py": "def test_a():\n    pytest.skip('later')\n    x()\n"}, "test_a skipped"},
		"py: pass":                           {sources{"test_a.py": "def test_a():\n    x()\n"}, sources{"test_a.py": "def test_a():\n    pass\n"}, "test_a emptied"},
		"py: deleted":                        {sources{"test_a.py": "def test_a():\n    x()\n\n\ndef test_b():\n    y(1)\n"}, sources{"test_a.py": "def test_b():\n    y(1)\n"}, "test_a deleted"},
		"py: marked among others":            {sources{"test_a.py": "@fast\ndef test_a():\n    assert x()\n"}, sources{"test_a.py": "@pytest.mark.xfail\n@fast\nasync def test_a():\n    assert x()\n"}, "test_a skipped"},
		"py: another is marked":              {sources{"test_a.py": "def test_a():\n    assert x()\n"}, sources{"test_a.py": "@pytest.mark.skip\nclass B:\n    pass\n\ndef test_a():\n    assert x()\n"}, ""},
		"ts: twice, one deleted":             {sources{"a.test.ts": tsAdd + strings.Replace(tsAdd, "3", "4", 1)}, sources{"a.test.ts": strings.Replace(tsAdd, "3", "4", 1)}, "adds deleted"},
		"ts: twice the same, one deleted":    {sources{"a.test.ts": tsAdd + tsAdd}, sources{"a.test.ts": tsAdd}, "adds deleted"},
		"ts: not a test":                     {sources{"a.test.ts": "adds.it('x', () => { expect(1) })\n$it('y', () => { expect(2) })\nunit ('z', () => { expect(3) })\n"}, sources{"a.test.ts": ""}, ""},
		"ts: blanks before the bracket":      {sources{"a.test.ts": "it.skip.each\n  ([1])\n  ('x', () => { expect(1) })\nfit ('y', () => { expect(2) })\n"}, sources{"a.test.ts": ""}, "x deleted, y deleted"},
		"py: a row deleted":                  {sources{"test_a.py": pyTable}, sources{"test_a.py": strings.Replace(pyTable, "    pytest.param(\")\", 2),  # two\n", "", 1)}, "test_a (2 of 6 rows) deleted"},
		"py: a row skipped":                  {sources{"test_a.py": pyTable}, sources{"test_a.py": strings.Replace(pyTable, "2),", "2, marks=pytest.mark.skip),", 1)}, "test_a (2 of 6 rows) deleted"},
		"py: rows to a variable":             {sources{"test_a.py": pyTable}, sources{"test_a.py": "@pytest.mark.parametrize(\"x\", CASES)\ndef test_a(x):\n    assert parse(x)\n"}, ""},
		"py: rows computed":                  {sources{"test_a.py": pyTable}, sources{"test_a.py": "@pytest.mark.parametrize(\"x\", [f(c) for c in CASES])\ndef test_a(x):\n    assert parse(x)\n"}, ""},
		"py: tests into a table":             {sources{"test_a.py": pyThree}, sources{"test_a.py": "@pytest.mark.parametrize(argnames=\"x\", argvalues=(1, 2, 3))\ndef test_f(x):\n    assert parse(x) == x\n"}, ""},
		"py: a table with a row too few":     {sources{"test_a.py": pyThree}, sources{"test_a.py": "@pytest.mark.parametrize(\"x\", (1, 3))\ndef test_f(x):\n    assert parse(x) == x\n"}, "test_three deleted"},
		"py: tests into subtests":            {sources{"test_a.py": pyThree}, sources{"test_a.py": "class A:\n    def test_f(self):\n        for x in CASES:\n            with self.subTest(x=x):\n                self.assertEqual(parse(x), x)\n"}, ""},
		"py: the file":                       {sources{"test_a.py": pyThree}, sources{"test_a.py": "pytestmark = pytest.mark.skip(reason=\"later\")\n" + pyThree}, "test_one skipped, test_three skipped, test_two skipped"},
		"py: the file, in a list":            {sources{"test_a.py": pyThree}, sources{"test_a.py": "pytestmark = [\n    pytest.mark.slow,\n    pytest.mark.skip,\n]\n" + pyThree}, "test_one skipped, test_three skipped, test_two skipped"},
		"py: the file, at once":              {sources{"test_a.py": pyThree}, sources{"test_a.py": "pytest.skip(\"later\", allow_module_level=True)\n" + pyThree}, "test_one skipped, test_three skipped, test_two skipped"},
		"py: the file, under a condition":    {sources{"test_a.py": pyThree}, sources{"test_a.py": "pytestmark = [pytest.mark.skipif(WINDOWS, reason=\"later\"), pytest.mark.xfail(\n    WINDOWS)]\nif WINDOWS:\n    pytest.skip(\"later\", allow_module_level=True)\n" + pyThree}, ""},
		"py: a class":                        {sources{"test_a.py": pyClass + pyThree}, sources{"test_a.py": "@pytest.mark.skip\n" + pyClass + pyThree}, "test_a skipped"},
		"py: a class marks itself":           {sources{"test_a.py": pyClass + pyThree}, sources{"test_a.py": strings.Replace(pyClass, "\n", "\n    pytestmark = pytest.mark.skip\n", 1) + pyThree}, "test_a skipped"},
		"py: a class fails under one":        {sources{"test_a.py": pyClass}, sources{"test_a.py": "@pytest.mark.xfail(\n    sys.platform == \"win32\", reason=\"later\"\n)\n" + pyClass}, ""},
		"py: fails under a condition":        {sources{"test_a.py": pyThree}, sources{"test_a.py": "@pytest.mark.xfail(WINDOWS, reason=\"later\")\n" + pyThree}, ""},
		"py: marked over lines":              {sources{"test_a.py": pyThree}, sources{"test_a.py": "@pytest.mark.skip(\n    reason=\"later :)\"\n)\n# soon\n" + pyThree}, "test_one skipped"},
		"py: passes on":                      {sources{"test_a.py": "def test_a():\n    x()\n"}, sources{"test_a.py": "def test_a():\n    pass_on()\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, change := range lostBetween(t, c.before, c.after) {
				got = append(got, change.Name+" "+change.Kind)
			}
			assert.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
	_, tests := goTests("a_test.go", "", "//go:build ignore\n\npackage a\n\n"+goAdd)
	assert.True(t, tests[0].skipped, "an ordinary build leaves it out")
	_, tests = goTests("a_test.go", "", "//go:build linux && !race2\n\npackage a\n\n"+goAdd)
	assert.False(t, tests[0].skipped)
	assert.Equal(t, 9, lostBetween(t, sources{"a_test.go": goFirst + goOther + "\n" + goAdd}, sources{"a_test.go": goFirst + goOther})[0].Line)
	assert.Equal(t, 5, scriptTests("\n\ntest('a', () => {})\n\ntest('b', () => {})")[1].line)
	assert.Equal(t, 4, pythonTests("\n\n# about a\ndef test_a():\n    x()\n")[0].line)
}
