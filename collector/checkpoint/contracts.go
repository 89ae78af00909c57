package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// contracts looks for forbidden patterns in the lines added since the base. A file
// that was renamed is compared with what it was.
func (v *verifier) contracts() {
	if len(v.options.Contracts) == 0 || v.result.Base == "" {
		return
	}
	base, head, err := v.sinceBase()
	var changes []gitstore.Change
	if err == nil {
		changes, err = v.store.Diff(base.Tree, head.Tree)
	}
	v.unread = false
	for added, removed := range v.renames(changes) {
		changes[added].Old, changes[added].OldMode = changes[removed].Old, changes[removed].OldMode
	}
	unread := v.unread
	v.forbidden = map[string]map[evidence.Contract]bool{}
	for i := range v.options.Contracts {
		c := &v.options.Contracts[i]
		re, compileErr := regexp.Compile(c.Pattern)
		if err := errors.Join(err, compileErr); err != nil {
			v.contractUnverifiable(c.ID, err)
			continue
		}
		for _, change := range changes {
			if !change.New.IsZero() && !change.Module() && !v.saysWhat(change.Path) && c.covers(change.Path) {
				v.contract(c.ID, re, change, unread && change.Old.IsZero())
			}
		}
	}
}

// saysWhat reports whether a file says what is forbidden, and is no source: a tracker or
// the policy.
func (v *verifier) saysWhat(name string) bool {
	return slices.Contains(v.paths, name) || name == filepath.ToSlash(v.options.Policy)
}

// contract looks for a contract's pattern in the lines that one file got. One that may
// have moved here from where it cannot be read may have had them already.
func (v *verifier) contract(id string, re *regexp.Regexp, change gitstore.Change, mayHaveMoved bool) {
	data, ok, err := v.store.Blob(change.New, maxBinary)
	if ok && err == nil && (len(data) > maxBlob || isBinary(asUTF8(data))) { // not told by lines
		old, _, _ := v.store.Blob(change.Old, maxBinary)
		if inside := regexp.MustCompile("(?m:" + re.String() + ")"); inside.Match(data) && !inside.Match(old) {
			v.contractUnverifiable(id, fmt.Errorf("%s holds what the contract forbids, and is %w: look at it, or leave it out of the contract's paths", change.Path, notByLines(data)))
		}
		return
	}
	if _, isText, err := v.text(change.Old); err == nil && !isText {
		change.Old = plumbing.ZeroHash // it was no text: every line is new
	}
	added, _, err := v.lines(change)
	if err != nil {
		v.contractUnverifiable(id, fmt.Errorf("%s: %w", change.Path, err))
		return
	}
	for _, l := range added {
		if !re.MatchString(l.text) {
			continue
		}
		if mayHaveMoved {
			v.contractUnverifiable(id, fmt.Errorf("%s:%d holds what the contract forbids, and may have moved: what it was is not in this clone", change.Path, l.number))
			return
		}
		found := evidence.Contract{ID: id, File: strings.ToValidUTF8(change.Path, "\ufffd"), Line: l.number, Text: cut(l.text, 300)}
		switch n := len(v.forbidden[id]); {
		case v.forbidden[id][found]:
			continue
		case n == 0:
			v.forbidden[id] = map[evidence.Contract]bool{}
		case n == maxForbidden: // a waiver may be of those that are listed
			found = evidence.Contract{ID: id, Text: fmt.Sprintf("it forbids more than the %d added lines that are listed", n), Unverifiable: true}
		case n > maxForbidden:
			return
		}
		v.forbidden[id][found] = true
		v.result.Contracts = append(v.result.Contracts, found)
	}
}

// maxForbidden is how many lines are listed that a contract forbids.
const maxForbidden = 1000

// maxBinary is the largest file that is looked into although its lines are not compared.
const maxBinary = 64 << 20

var errBinary = errors.New("no text")

func notByLines(data []byte) error {
	if len(data) > maxBlob {
		return fmt.Errorf("%w to compare (%d bytes)", gitstore.ErrTooLarge, len(data))
	}
	return errBinary
}

func (v *verifier) contractUnverifiable(id string, err error) {
	v.unverifiable = v.unverifiable || !errors.Is(err, gitstore.ErrTooLarge) && !errors.Is(err, errBinary)
	v.result.Contracts = append(v.result.Contracts, evidence.Contract{ID: id, Text: err.Error(), Unverifiable: true})
}

// sinceBase returns the ends of what the change is: the commit at which it left the
// base, and the head. What the base took away since then was not added here.
func (v *verifier) sinceBase() (from, head *gitstore.Commit, err error) {
	if head, err = v.store.Commit(v.head); err != nil {
		return nil, nil, err
	}
	w := v.store.History(v.head, gitstore.Asked{Graph: true})
	h, ok := w.MergeBase(fullHash(v.result.Base))
	switch {
	case ok:
	case w.Cut() || w.Broken() != nil:
		v.unverifiable = true
		return nil, nil, errors.New("the commit at which the change left the base is not here")
	default: // they have no history in common: what the base does not have is new
		h = fullHash(v.result.Base)
	}
	from, err = v.store.Commit(h)
	return from, head, err
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// covers reports whether a contract's patterns, where it has any, name a path: the
// path itself, a folder, or a glob. A pattern with a "!" before it leaves out what
// another one names, or all other paths do.
func (c *Contract) covers(name string) bool {
	covered := !slices.ContainsFunc(c.Paths, func(pattern string) bool { return !strings.HasPrefix(pattern, "!") })
	for _, pattern := range c.Paths {
		pattern, not := strings.CutPrefix(pattern, "!")
		pattern = strings.TrimPrefix(pattern, "./")
		if pattern == name || strings.HasPrefix(name, strings.TrimSuffix(pattern, "/")+"/") || tracker.Glob(pattern, name) {
			if not {
				return false
			}
			covered = true
		}
	}
	return covered
}
