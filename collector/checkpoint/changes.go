package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// maxBlob is the largest file whose lines are compared.
const maxBlob = 8 << 20

// twin finds the commit in the history that carries a commit's change: with the
// same tree, or with the same lines added and removed.
func (v *verifier) twin(h plumbing.Hash) *evidence.Twin {
	lost, err := v.store.Commit(h)
	if err != nil {
		return nil
	}
	v.history.Until(lost.Authored.Add(-24 * time.Hour)) // what is committed anew is newer, clocks aside
	want := v.patch(lost)
	for _, h := range v.history.Similar(lost) {
		c, err := v.store.Commit(h)
		switch {
		case err != nil:
		case c.Tree == lost.Tree:
			return &evidence.Twin{Hash: c.Hash.String(), Subject: c.Subject(), By: "tree"}
		case want != "" && v.patch(c) == want:
			return &evidence.Twin{Hash: c.Hash.String(), Subject: c.Subject(), By: "patch"}
		}
	}
	return nil
}

// patch is a digest of the lines that a commit adds and removes in each file; the
// same change on another parent has the same one. Empty where it cannot be read.
func (v *verifier) patch(c *gitstore.Commit) string {
	var before plumbing.Hash
	if len(c.Parents) > 0 {
		parent, err := v.store.Commit(c.Parents[0])
		if err != nil {
			return ""
		}
		before = parent.Tree
	}
	changes, err := v.store.Diff(before, c.Tree)
	if err != nil || len(changes) == 0 || len(changes) > evidence.MaxChanges {
		return ""
	}
	sum := sha256.New()
	for _, change := range changes {
		added, removed, err := v.lines(change)
		if err != nil {
			return ""
		}
		sum.Write([]byte(change.Path + "\x00"))
		for _, list := range [][]line{added, removed} {
			texts := make([]string, len(list))
			for i, l := range list {
				texts[i] = l.text
			}
			sort.Strings(texts)
			sum.Write([]byte(strings.Join(texts, "\n") + "\x01"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// line is one line of a file.
type line struct {
	number int
	text   string
}

// lines returns the lines that a change adds and removes: those of one side that
// the other side does not have as often. A line that only moved is neither.
func (v *verifier) lines(c gitstore.Change) (added, removed []line, err error) {
	old, err := v.text(c.Old)
	if err != nil {
		return nil, nil, err
	}
	new, err := v.text(c.New)
	if err != nil {
		return nil, nil, err
	}
	return missingFrom(new, old), missingFrom(old, new), nil
}

func (v *verifier) text(h plumbing.Hash) ([]string, error) {
	if h.IsZero() {
		return nil, nil
	}
	data, ok, err := v.store.Blob(h, maxBlob)
	if err != nil {
		return nil, err
	}
	if !ok || bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
		return []string{h.String()}, nil // compared as a whole
	}
	return strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), nil
}

func missingFrom(of, from []string) []line {
	count := map[string]int{}
	for _, l := range from {
		count[l]++
	}
	var out []line
	for i, l := range of {
		if count[l] > 0 {
			count[l]--
			continue
		}
		out = append(out, line{i + 1, l})
	}
	return out
}

// contracts looks for forbidden patterns in the lines added since the base.
func (v *verifier) contracts() {
	if len(v.options.Contracts) == 0 || v.result.Base == "" {
		return
	}
	unverifiable := func(id, reason string) {
		v.result.Contracts = append(v.result.Contracts, evidence.Contract{ID: id, Text: reason, Unverifiable: true})
	}
	base, err1 := v.store.Commit(fullHash(v.result.Base))
	head, err2 := v.store.Commit(v.head)
	if err := errors.Join(err1, err2); err != nil {
		for _, c := range v.options.Contracts {
			unverifiable(c.ID, err.Error())
		}
		return
	}
	changes, err := v.store.Diff(base.Tree, head.Tree)
	for _, c := range v.options.Contracts {
		re, compileErr := regexp.Compile(c.Pattern)
		if err := errors.Join(err, compileErr); err != nil {
			unverifiable(c.ID, err.Error())
			continue
		}
		for _, change := range changes {
			if change.New.IsZero() || len(c.Paths) > 0 && !slices.ContainsFunc(c.Paths, func(p string) bool { return Match(p, change.Path) }) {
				continue
			}
			added, _, err := v.lines(change)
			if err != nil {
				unverifiable(c.ID, change.Path+": "+err.Error())
				continue
			}
			for _, l := range added {
				if re.MatchString(l.text) {
					v.result.Contracts = append(v.result.Contracts, evidence.Contract{ID: c.ID, File: change.Path, Line: l.number, Text: cut(l.text, 300)})
				}
			}
		}
	}
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// Match reports whether a path fits a pattern: a path, a folder, or a glob in
// which "**" stands for any folders.
func Match(pattern, name string) bool {
	pattern = strings.TrimPrefix(pattern, "./")
	if pattern == name || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern) || strings.HasPrefix(name, pattern+"/") {
		return true
	}
	if strings.Contains(pattern, "**") {
		re := regexp.QuoteMeta(pattern)
		re = strings.ReplaceAll(re, `\*\*/`, `(?:.*/)?`)
		re = strings.ReplaceAll(re, `\*\*`, `.*`)
		re = strings.ReplaceAll(re, `\*`, `[^/]*`)
		ok, _ := regexp.MatchString("^"+re+"$", name)
		return ok
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

// testForm finds the tests of one language in a source file.
type testForm struct {
	file    *regexp.Regexp // names of test files
	test    *regexp.Regexp // one group: the test's name
	skipped *regexp.Regexp // what follows a test that is skipped
}

var testForms = []testForm{
	{regexp.MustCompile(`_test\.go$`), regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`), regexp.MustCompile(`^[^{]*\{\s*\w+\.Skip(Now|f)?\(`)},
	{regexp.MustCompile(`\.(test|spec)\.[cm]?[jt]sx?$`), regexp.MustCompile("(?m)\\b(?:test|it|describe)(?:\\.\\w+)*\\(\\s*['\"`]([^'\"`\\n]+)"), nil},
	{regexp.MustCompile(`(^|/)test_[^/]*\.py$|_test\.py$`), regexp.MustCompile(`(?m)^\s*(?:async )?def (test\w*)\(`), nil},
}

var jsSkipped = regexp.MustCompile("\\b(?:test|it|describe)\\.(?:skip|todo)\\(\\s*['\"`]([^'\"`\\n]+)")

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

func (v *verifier) tests(form *testForm, file string, h plumbing.Hash, into map[string]testState) {
	if h.IsZero() {
		return
	}
	data, ok, err := v.store.Blob(h, maxBlob)
	if err != nil || !ok {
		return
	}
	source := string(data)
	skips := map[string]bool{}
	for _, m := range jsSkipped.FindAllStringSubmatch(source, -1) {
		skips[m[1]] = true
	}
	for _, m := range form.test.FindAllStringSubmatchIndex(source, -1) {
		name := source[m[2]:m[3]]
		s := testState{file: file, line: 1 + strings.Count(source[:m[2]], "\n"), skipped: skips[name]}
		if form.skipped != nil {
			rest := source[m[3]:min(len(source), m[3]+400)]
			s.skipped = form.skipped.MatchString(rest)
			s.empty = emptyBody.MatchString(rest)
		}
		if have, dup := into[name]; !dup || have.skipped {
			into[name] = s
		}
	}
}

var emptyBody = regexp.MustCompile(`^[^{\n]*\{\s*\}`)
