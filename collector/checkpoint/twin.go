package checkpoint

import (
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// Bounds on the search for a branch that was squashed.
const (
	maxSquashed = 100 // commits of the branch
	maxTips     = 3   // branches that hold one commit
)

// twin finds the commit in the history that carries a commit's change: with the same
// tree, or with the same lines added and removed; or that carries the whole change of a
// branch that the commit is on. tips are the ends of such branches.
func (v *verifier) twin(h plumbing.Hash, tips []plumbing.Hash) *evidence.Twin {
	lost, err := v.store.Commit(h)
	if err != nil {
		return nil
	}
	want := v.changesOf(lost)
	if want != nil && len(want) == 0 {
		return nil // there is nothing to carry
	}
	if t := v.carrier(lost, want); t != nil {
		return t
	}
	if len(tips) == 0 {
		tips = []plumbing.Hash{h}
	}
	for _, tip := range tips[:min(len(tips), maxTips)] {
		b := v.branch(tip)
		if b.twin != nil && within(want, b.changes) {
			return b.twin
		}
	}
	return nil
}

// carrier finds the commit in the history that carries the changes of a commit. A commit
// that these changes were made on top of is none, though its tree or its lines may be the
// same, as where they take something back. Nor is one whose change was taken back.
func (v *verifier) carrier(lost *gitstore.Commit, want []gitstore.Change) *evidence.Twin {
	patch := sync.OnceValue(func() string { return v.patch(want) })
	for _, h := range v.history.Similar(lost) {
		c, err := v.store.Commit(h)
		if err != nil {
			continue
		}
		by, changes := "", v.changesOf(c)
		if c.Tree == lost.Tree {
			by = "tree"
		} else if len(want) > 0 && slices.EqualFunc(changes, want, sameFile) && patch() != "" && v.patch(changes) == patch() {
			by = "patch"
		}
		if by == "" || len(lost.Parents) > 0 && v.before(h, lost.Parents[0]) {
			continue
		}
		if left, _ := v.left(c, changes); left != leftNone {
			return &evidence.Twin{Hash: c.Hash.String(), Subject: c.Subject(), By: by}
		}
	}
	return nil
}

// before reports whether a commit is another one or in its history, as far as is seen.
func (v *verifier) before(commit, of plumbing.Hash) bool {
	order := v.settleAside([]gitstore.Pair{{First: commit, Second: of}})[0]
	return order == gitstore.Before || order == gitstore.Same
}

// branch is a branch that is not merged.
type branch struct {
	changes []gitstore.Change // since it left the history
	twin    *evidence.Twin    // the commit of the history that carries them
}

// branch looks for the commit of the history that carries all that a branch changed.
func (v *verifier) branch(tip plumbing.Hash) *branch {
	if b := v.branchOf[tip]; b != nil {
		return b
	}
	b := &branch{}
	if v.branchOf == nil {
		v.branchOf = map[plumbing.Hash]*branch{}
	}
	v.branchOf[tip] = b
	last, err := v.store.Commit(tip)
	if err != nil {
		return b
	}
	commits := v.newest(last)
	v.history.Until(commits[len(commits)-1].Committed)
	left := slices.IndexFunc(commits, func(c *gitstore.Commit) bool { return v.history.Has(c.Hash) })
	if left < 2 { // of one commit, or of too many
		return b
	}
	changes, err := v.store.Diff(commits[left].Tree, last.Tree)
	if err != nil || len(changes) == 0 || len(changes) > evidence.MaxChanges {
		return b
	}
	b.changes = changes
	if b.twin = v.carrier(last, changes); b.twin != nil {
		b.twin.By = "branch"
	}
	return b
}

// newest lists the newest commits of the history of one, that one first.
func (v *verifier) newest(last *gitstore.Commit) (commits []*gitstore.Commit) {
	seen := map[plumbing.Hash]bool{}
	for queue := []*gitstore.Commit{last}; len(queue) > 0 && len(commits) <= maxSquashed; {
		at := 0
		for i, c := range queue {
			if c.Committed.After(queue[at].Committed) {
				at = i
			}
		}
		commits = append(commits, queue[at])
		parents := queue[at].Parents
		queue = slices.Delete(queue, at, at+1)
		for _, h := range parents {
			if c, err := v.store.Commit(h); err == nil && !seen[h] {
				seen[h] = true
				queue = append(queue, c)
			}
		}
	}
	return commits
}

// within reports whether changes are of files that others, in the order of their paths,
// change, too.
func within(changes, of []gitstore.Change) bool {
	return len(changes) > 0 && !slices.ContainsFunc(changes, func(c gitstore.Change) bool {
		_, found := slices.BinarySearchFunc(of, c.Path, func(o gitstore.Change, name string) int { return strings.Compare(o.Path, name) })
		return !found
	})
}
