package checkpoint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// testForm finds the tests of one language in a source file.
type testForm struct {
	file    *regexp.Regexp // names of test files
	comment *regexp.Regexp // what is taken out first
	test    *regexp.Regexp // one group: the test's name
	skipped *regexp.Regexp // a test that is skipped, from before its name; one group: the name
	body    *regexp.Regexp // what follows the name of a test that skips itself
	empty   *regexp.Regexp // what follows the name of a test without a statement
}

var testForms = []testForm{
	{
		file: regexp.MustCompile(`_test\.go$`), comment: regexp.MustCompile(`(?m)^\s*//.*$`),
		test:  regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`),
		body:  regexp.MustCompile(`^[^{\n]*\{\s*\w+\.Skip(?:Now|f)?\(`),
		empty: regexp.MustCompile(`^[^{\n]*\{\s*\}`),
	},
	{
		file: regexp.MustCompile(`\.(test|spec)\.[cm]?[jt]sx?$`), comment: regexp.MustCompile(`(?m)^\s*(?://|/?\*).*$`),
		test:    regexp.MustCompile("\\b[xf]?(?:test|it|describe)(?:\\.\\w+)*\\(\\s*['\"`]([^'\"`\\n]+)"),
		skipped: regexp.MustCompile("\\b(?:(?:test|it|describe)(?:\\.\\w+)*\\.(?:skip|todo|fails)|x(?:test|it|describe))\\(\\s*['\"`]([^'\"`\\n]+)"),
		empty:   regexp.MustCompile("^['\"`]\\s*,\\s*(?:async\\s*)?(?:function\\s*)?\\([^)]*\\)\\s*(?:=>\\s*)?\\{\\s*\\}"),
	},
	{
		file: regexp.MustCompile(`(^|/)test_[^/]*\.py$|_test\.py$`), comment: regexp.MustCompile(`(?m)^\s*#.*$`),
		test:    regexp.MustCompile(`(?m)^\s*(?:async )?def (test\w*)\(`),
		skipped: regexp.MustCompile(`(?m)^\s*@(?:pytest\.mark\.|unittest\.)?(?:skip|xfail)\b[^\n]*\n(?:\s*@[^\n]*\n)*\s*(?:async )?def (test\w*)\(`),
		body:    regexp.MustCompile(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pytest\.skip|self\.skipTest)\(`),
		empty:   regexp.MustCompile(`^[^:\n]*(?:->[^:\n]*)?:\s*(?:pass|\.\.\.)\s*(?:\n\S|\n\s*(?:async )?def |\n\s*@|$|\n\s*$)`),
	},
}

// testState is a test as one version of the sources has it.
type testState struct {
	file    string
	line    int
	skipped bool
	empty   bool
}

// lostTests compares the tests at the first checkpoint with those at the head. A
// test that only moved is not lost.
func (v *verifier) lostTests() {
	first := v.firstCheckpoint()
	if first == nil {
		return
	}
	head, err := v.store.Commit(v.head)
	if err != nil || first.Tree == head.Tree {
		return
	}
	changes, err := v.store.Diff(first.Tree, head.Tree)
	if err != nil {
		return
	}
	before, after := map[string]testState{}, map[string]testState{}
	for _, c := range changes {
		form := formOf(c.Path)
		if form == nil {
			continue
		}
		v.tests(form, c.Path, c.Old, before)
		v.tests(form, c.Path, c.New, after)
	}
	for name, old := range before {
		now, there := after[name]
		change := evidence.TestChange{File: old.file, Name: name, Line: old.line}
		switch {
		case !there:
			change.Kind = "deleted"
		case now.skipped && !old.skipped:
			change.Kind, change.File, change.Line = "skipped", now.file, now.line
		case now.empty && !old.empty:
			change.Kind, change.File, change.Line = "emptied", now.file, now.line
		default:
			continue
		}
		v.result.Tests = append(v.result.Tests, change)
	}
	slices.SortFunc(v.result.Tests, func(a, b evidence.TestChange) int {
		return strings.Compare(a.File+"\x00"+a.Name, b.File+"\x00"+b.Name)
	})
}

func formOf(name string) *testForm {
	for i := range testForms {
		if testForms[i].file.MatchString(name) {
			return &testForms[i]
		}
	}
	return nil
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

// tests notes the tests of one version of a file.
func (v *verifier) tests(form *testForm, file string, h plumbing.Hash, into map[string]testState) {
	if h.IsZero() {
		return
	}
	data, ok, err := v.store.Blob(h, maxBlob)
	if err != nil || !ok {
		return
	}
	source := form.comment.ReplaceAllString(string(data), "")
	skips := map[string]bool{}
	if form.skipped != nil {
		for _, m := range form.skipped.FindAllStringSubmatch(source, -1) {
			skips[m[1]] = true
		}
	}
	for _, m := range form.test.FindAllStringSubmatchIndex(source, -1) {
		const near = 400 // bytes behind the name, which say whether the test does anything
		name, rest := source[m[2]:m[3]], source[m[3]:min(len(source), m[3]+near)]
		s := testState{
			file: file, line: 1 + strings.Count(source[:m[2]], "\n"), empty: form.empty.MatchString(rest),
			skipped: skips[name] || form.body != nil && form.body.MatchString(rest),
		}
		if have, dup := into[name]; !dup || have.skipped || have.empty {
			into[name] = s
		}
	}
}
