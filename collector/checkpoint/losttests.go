package checkpoint

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// testCase is a test as one version of the sources has it.
type testCase struct {
	file    string
	name    string // with the tests around it: "TestAdd/negative", "cart > adds"
	parent  string // the test around it that runs by itself; empty: none
	line    int
	skipped bool
	empty   bool   // it does nothing, or nothing that can fail
	checks  bool   // something in it may fail
	body    string // its text without comments
	row     bool   // a row of a table
	weak    bool   // a row of a table that may be no test
	rows    int    // how often a table makes it run; 0: it has no table
	table   string // what its tables say, where body does not hold them
	listed  bool   // its rows are tests of their own as well
}

// maxNested is how deep tests may lie in each other; what is deeper is not read.
const maxNested = 50

// testReader reads the tests of two versions of a source file; one that is not there
// is empty. It may leave out what is the same in both.
type testReader func(old, new string) (before, after []testCase)

// eachVersion reads both versions in the same way.
func eachVersion(read func(source string) []testCase) testReader {
	return func(old, new string) (before, after []testCase) { return read(old), read(new) }
}

var scriptTestFile = lazyregexp.New(`\.(test|spec)\.\w+$|(^|/)__tests__/`)

// notTests are folders whose files no test tool of the repository looks at.
var notTests = lazyregexp.New(`(^|/)(testdata|node_modules|vendor)/`)

// readerOf returns what reads a file's tests; nil for a file that holds none.
func readerOf(name string) testReader {
	base := []byte(path.Base(name))
	if !mayHoldTests(base) || notTests.MatchString(name) {
		return nil
	}
	switch path.Ext(name) {
	case ".go":
		if passedOver(name) {
			return nil
		}
		return func(old, new string) (before, after []testCase) { return goTests(name, old, new) }
	case ".py":
		return eachVersion(pythonTests)
	}
	if scriptTestFile.MatchString(name) {
		return eachVersion(scriptTests)
	}
	return nil
}

// mayHoldTests reports whether a file, by its name without folders, may hold tests.
func mayHoldTests(base []byte) bool {
	switch string(base[max(0, bytes.LastIndexByte(base, '.')):]) {
	case ".go":
		return bytes.HasSuffix(base, []byte("_test.go"))
	case ".py":
		return bytes.HasPrefix(base, []byte("test_")) || bytes.HasSuffix(base, []byte("_test.py"))
	case ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs":
		return true
	}
	return false
}

// changedSource is a file of tests that changed; the hash of a version is empty where
// the file was, or is, not there.
type changedSource struct{ path, old, new string }

// readVersion reads a version of a file; ok is false where it is so long that it is
// data.
type readVersion func(hash string) (data []byte, ok bool, err error)

// lostTests compares the tests at the first checkpoint with those at the head.
func (v *verifier) lostTests() {
	first := v.firstCheckpoint()
	if first == nil {
		return
	}
	changed, err := v.changedSources(first)
	file := ""
	if err == nil {
		v.result.Tests, file, err = testChanges(changed, func(hash string) ([]byte, bool, error) { return v.store.Blob(fullHash(hash), maxBlob) })
	}
	if err != nil {
		v.unverifiable = true
		v.result.Tests = []evidence.TestChange{{File: file, Name: err.Error(), Kind: "unverifiable"}}
	}
}

// changedSources lists the files that may hold tests and changed since a commit.
func (v *verifier) changedSources(since *gitstore.Commit) (list []changedSource, err error) {
	head, err := v.store.Commit(v.head)
	if err != nil {
		return nil, err
	}
	changes, err := v.store.DiffNamed(since.Tree, head.Tree, mayHoldTests)
	for _, c := range changes {
		if !c.Module() {
			list = append(list, changedSource{c.Path, hashText(c.Old), hashText(c.New)})
		}
	}
	return list, err
}

func hashText(h plumbing.Hash) string {
	if h.IsZero() {
		return ""
	}
	return h.String()
}

// testChanges lists the tests that changed files lost; with an error comes the file
// that could not be read.
func testChanges(changed []changedSource, read readVersion) (list []evidence.TestChange, file string, err error) {
	var before, after []testCase
	for _, c := range changed {
		r := readerOf(c.path)
		if r == nil {
			continue
		}
		var texts [2]string
		for i, hash := range []string{c.old, c.new} {
			if hash == "" {
				continue
			}
			data, ok, err := read(hash)
			if err != nil {
				return nil, c.path, err
			}
			if ok {
				texts[i] = string(data)
			}
		}
		old, new := r(texts[0], texts[1])
		for _, tests := range [][]testCase{old, new} {
			for i := range tests {
				tests[i].file = c.path
			}
		}
		old, new = withoutSame(old, new)
		before, after = append(before, old...), append(after, new...)
	}
	return lost(before, after), "", nil
}

// withoutSame leaves out of the tests of a file's two versions those that stayed as
// they were: the first of a name pairs with the first, as in pair. A row that may be
// no test and was there before is nothing that another test became.
func withoutSame(old, new []testCase) ([]testCase, []testCase) {
	key := func(t testCase) testCase {
		if t.weak {
			t.line = 0
			return t
		}
		return testCase{name: t.name}
	}
	named := map[testCase][]int{}
	for j := range new {
		named[key(new[j])] = append(named[key(new[j])], j)
	}
	same := make([]bool, len(new))
	old = slices.DeleteFunc(old, func(t testCase) bool {
		list := named[key(t)]
		if len(list) == 0 {
			return t.weak
		}
		named[key(t)] = list[1:]
		other := new[list[0]]
		other.line = t.line
		same[list[0]] = other == t
		return other == t
	})
	var rest []testCase
	for j := range new {
		if !same[j] {
			rest = append(rest, new[j])
		}
	}
	return old, rest
}

// firstCheckpoint is the oldest checkpoint in the history.
func (v *verifier) firstCheckpoint() *gitstore.Commit {
	var first *gitstore.Commit
	for i := range v.result.Checkpoints {
		if v.result.Checkpoints[i].State != evidence.CheckpointReachable {
			continue
		}
		c, err := v.store.Commit(fullHash(v.result.Checkpoints[i].Hash))
		if err == nil && (first == nil || c.Committed.Before(first.Committed)) {
			first = c
		}
	}
	return first
}

// lost lists the tests that are gone, and those that are there and check nothing
// any more. A test that moved or has another name is not lost.
func lost(before, after []testCase) []evidence.TestChange {
	now := pair(before, after)
	fewer := intoTables(before, after, now)
	type id struct{ file, name string }
	gone := map[id]bool{}    // by test: whether it became nothing
	remains := map[id]bool{} // by test with others in it: whether all of them are somewhere
	for i := range before {
		t, around := &before[i], id{before[i].file, before[i].parent}
		if _, known := gone[id{t.file, t.name}]; !known {
			gone[id{t.file, t.name}] = now[i] == nil
		}
		if all, known := remains[around]; t.parent != "" {
			remains[around] = (all || !known) && now[i] != nil
		}
	}
	var changes []evidence.TestChange
	for i := range before {
		old, new := &before[i], now[i]
		c := evidence.TestChange{File: old.file, Name: old.name, Line: old.line}
		switch {
		case new == nil && gone[id{old.file, old.parent}]:
			continue // said of the test around it
		case new == nil && remains[id{old.file, old.name}]:
			continue // what it was made of is elsewhere
		case new == nil:
			c.Kind = "deleted"
		case new.skipped && !old.skipped:
			c.Kind, c.File, c.Line = "skipped", new.file, new.line
		case new.empty && !old.empty, old.checks && !new.checks && !old.empty && !old.skipped && !new.skipped:
			c.Kind, c.File, c.Line = "emptied", new.file, new.line
		case fewer[i] > 0:
			c.Kind, c.File, c.Line = "deleted", new.file, new.line
			c.Name = fmt.Sprintf("%s (%d of %d rows)", old.name, fewer[i], old.rows)
		default:
			continue
		}
		changes = append(changes, c)
	}
	slices.SortFunc(changes, func(a, b evidence.TestChange) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Name, b.Name), cmp.Compare(a.Line, b.Line))
	})
	return changes
}

// pair finds what each test of before became; nil: nothing. What is sure comes
// first: the same name in the same file, then elsewhere, the same text under
// another name, a name that differs in its form alone, and a similar text.
func pair(before, after []testCase) []*testCase {
	now := make([]*testCase, len(before))
	taken := make([]bool, len(after))
	match := func(same func(old, new *testCase) bool, key func(*testCase) string) {
		by := map[string][]int{} // what is looked for, and where it is
		for i := range before {
			if now[i] == nil {
				by[key(&before[i])] = nil
			}
		}
		delete(by, "")
		for i := range after {
			if taken[i] {
				continue
			}
			k := key(&after[i])
			if list, wanted := by[k]; wanted {
				by[k] = append(list, i)
			}
		}
		for _, alike := range []bool{true, false} { // what runs is rather one that runs
			for i := range before {
				if now[i] != nil {
					continue
				}
				for _, j := range by[key(&before[i])] {
					if !taken[j] && same(&before[i], &after[j]) && (!alike || before[i].skipped == after[j].skipped) {
						now[i], taken[j] = &after[j], true
						break
					}
				}
			}
		}
	}
	always := func(_, _ *testCase) bool { return true }
	match(always, func(t *testCase) string { return t.file + "\x00" + t.name })
	match(always, func(t *testCase) string { return t.name })
	match(func(old, new *testCase) bool { return !old.empty }, func(t *testCase) string { return t.body })
	match(always, func(t *testCase) string { return plainName(t.name) })
	pairSimilar(before, after, now, taken)
	return now
}

// plainName is the last part of a test's name without what depends on its form:
// "TestAddsTwo", "adds two" and "adds_two" are one.
func plainName(name string) string {
	name = name[strings.LastIndex(name, " > ")+1:]
	name = strings.ToLower(path.Base(name))
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.,:;>'\"`()", r) {
			return -1
		}
		return r
	}, name)
	return strings.TrimPrefix(name, "test")
}

// Bounds on the search for tests that have another name and another text.
const (
	maxRenamedTests = 400
	minSameWords    = 0.7
)

// pairSimilar pairs what is left by the words of its text, the most similar first.
func pairSimilar(before, after []testCase, now []*testCase, taken []bool) {
	type candidate struct {
		old, new int
		similar  float64
	}
	var list []candidate
	var olds, news []int
	for i := range before {
		if now[i] == nil && !before[i].row && !before[i].empty {
			olds = append(olds, i)
		}
	}
	for j := range after {
		if !taken[j] && !after[j].row && !after[j].empty {
			news = append(news, j)
		}
	}
	if len(olds) > maxRenamedTests || len(news) > maxRenamedTests {
		return
	}
	words := map[string][]byte{}
	for _, i := range olds {
		words[before[i].body] = wordLines(before[i].body)
	}
	for _, j := range news {
		words[after[j].body] = wordLines(after[j].body)
	}
	for _, i := range olds {
		for _, j := range news {
			if s := similarity(words[before[i].body], words[after[j].body]); s >= minSameWords {
				list = append(list, candidate{i, j, s})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.similar, a.similar) })
	for _, c := range list {
		if now[c.old] == nil && !taken[c.new] {
			now[c.old], taken[c.new] = &after[c.new], true
		}
	}
}

// evenBlanks makes each run of blanks one space; none is left at the ends.
func evenBlanks(text string) string {
	even := make([]byte, 0, len(text))
	blank := false
	for i := range len(text) {
		if c := text[i]; c == ' ' || '\t' <= c && c <= '\r' {
			blank = len(even) > 0
			continue
		}
		if blank {
			even, blank = append(even, ' '), false
		}
		even = append(even, text[i])
	}
	return string(even)
}

var word = lazyregexp.New(`\w+|[^\w\s]+`)

// wordLines puts each word of a text on a line of its own.
func wordLines(text string) []byte {
	return []byte(strings.Join(word.FindAllString(text, -1), "\n") + "\n")
}
