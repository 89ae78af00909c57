package checkpoint

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// explainMissing adds, for a commit that is not in the history, where it is
// instead, where it was seen before, and which commit carries its change now.
func (v *verifier) explainMissing(c *evidence.Checkpoint) {
	switch c.State {
	case evidence.CheckpointMissing:
		c.Once = v.recorded(c.Token)
	case evidence.CheckpointUnreachable:
		c.Twin = v.twin(fullHash(c.Hash), v.explainUnreachable(c))
	}
}

// recorded says where a hash was noted when it was part of the history: a branch
// was set back, or pushed by force. Empty where nothing tells.
func (v *verifier) recorded(token string) string {
	if v.previously(token) {
		return previousRun
	}
	for _, t := range v.formerTips() {
		if strings.HasPrefix(t.hash.String(), token) && !slices.ContainsFunc(v.branches(), func(b gitstore.Branch) bool { return b.Tip == t.hash }) {
			return t.where
		}
	}
	return ""
}

const previousRun = "previous run"

// previously reports whether an earlier run saw a hash in the history.
func (v *verifier) previously(token string) bool {
	return slices.ContainsFunc(v.options.Previous, func(h string) bool { return strings.HasPrefix(h, token) })
}

// explainUnreachable says which branch holds a commit that the history does not,
// or which one held it before. A commit that never left its branch was not lost:
// it was never merged. It gives the ends of the branches that hold it, or held it.
func (v *verifier) explainUnreachable(c *evidence.Checkpoint) (holding []plumbing.Hash) {
	lost := fullHash(c.Hash)
	branches, tips := v.branches(), v.formerTips()
	var pairs []gitstore.Pair
	for _, b := range branches {
		pairs = append(pairs, gitstore.Pair{First: lost, Second: b.Tip})
	}
	for _, t := range tips {
		pairs = append(pairs, gitstore.Pair{First: lost, Second: t.hash})
	}
	orders := v.settleAside(pairs)
	holds := func(i int) bool { return orders[i] == gitstore.Before || orders[i] == gitstore.Same }
	on := ""
	for i, b := range branches {
		if holds(i) && on == "" {
			on = shortRef(b.Name)
		}
	}
	for i, t := range tips {
		// What a branch still holds, it did not lose; and HEAD only visits branches.
		still := t.ref == "HEAD" && on != "" || slices.ContainsFunc(branches, func(b gitstore.Branch) bool {
			return b.Name == t.ref && holds(slices.Index(branches, b))
		})
		if c.Once == "" && holds(len(branches)+i) && !still {
			c.Once = t.where
		}
	}
	if c.Once == "" && v.previously(c.Token) {
		c.Once = previousRun
	}
	if on != "" {
		c.Reason += "; it is on " + on
	}
	for i, p := range pairs {
		if holds(i) && p.Second != lost && !slices.Contains(holding, p.Second) {
			holding = append(holding, p.Second)
		}
	}
	return holding
}

// settleAside says how commits beside the history stand to others, as far as one
// walk of bounded length shows: it only explains.
func (v *verifier) settleAside(pairs []gitstore.Pair) []gitstore.Order {
	if v.beside == nil {
		v.beside = v.store.History(v.head, gitstore.Asked{Graph: true})
	}
	var ends []plumbing.Hash
	for _, p := range pairs {
		ends = append(ends, p.First, p.Second)
	}
	v.beside.Include(ends)
	return v.beside.Settle(pairs, commitsForMissing)
}

// maxBranches bounds how many branches are looked at.
const maxBranches = 200

// branches are where a commit may be that is not in the history: the base of a
// pull request first.
func (v *verifier) branches() []gitstore.Branch {
	if v.live == nil {
		v.live = []gitstore.Branch{}
		if v.result.Base != "" {
			v.live = append(v.live, gitstore.Branch{Name: "the base", Tip: fullHash(v.result.Base)})
		}
		all := v.store.Branches()
		v.live = append(v.live, all[:min(len(all), maxBranches)]...)
	}
	return v.live
}

// formerTip is a commit that a reference named before.
type formerTip struct {
	hash  plumbing.Hash
	ref   string // "refs/heads/main", "HEAD"
	where string // "ORIG_HEAD", "reflog of main"
}

// maxFormerTips bounds how many former tips of a reference are looked at, the
// newest first.
const maxFormerTips = 200

// formerTips are what ORIG_HEAD and the reflogs hold, read once.
func (v *verifier) formerTips() []formerTip {
	if v.former != nil {
		return *v.former
	}
	var tips []formerTip
	seen := map[formerTip]bool{}
	add := func(hash, ref, where string) bool {
		if !plumbing.IsHash(hash) || fullHash(hash).IsZero() {
			return false
		}
		tip := formerTip{fullHash(hash), ref, where}
		if seen[tip] {
			return false
		}
		seen[tip] = true
		tips = append(tips, tip)
		return true
	}
	readLog := func(path, ref string) {
		data, err := os.ReadFile(path)
		if err != nil {
			return // no reflog
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		for i, taken := len(lines)-1, 0; i >= 0 && taken < maxFormerTips; i-- {
			fields := strings.Fields(lines[i])
			for _, hash := range fields[:min(2, len(fields))] {
				if add(hash, ref, "reflog of "+shortRef(ref)) {
					taken++
				}
			}
		}
	}
	logs := filepath.Join(v.store.Common, "logs")
	filepath.WalkDir(filepath.Join(logs, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "HEAD" { // a remote's HEAD is one of its branches
			name, _ := filepath.Rel(logs, path)
			readLog(path, filepath.ToSlash(name))
		}
		return nil
	})
	if data, err := os.ReadFile(filepath.Join(v.store.GitDir, "ORIG_HEAD")); err == nil {
		add(strings.TrimSpace(string(data)), "HEAD", "ORIG_HEAD")
	}
	readLog(filepath.Join(v.store.GitDir, "logs", "HEAD"), "HEAD")
	v.former = &tips
	return tips
}

// shortRef is a reference as a person names it.
func shortRef(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/remotes/")
}
