package checkpoint

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// once says where a commit that is not in the history was part of it before: a
// branch was set back, or pushed by force.
func (v *verifier) once(c *evidence.Checkpoint) string {
	for _, h := range v.options.Previous {
		if strings.HasPrefix(h, c.Token) {
			return "previous run"
		}
	}
	tips := v.formerTips()
	for _, t := range tips {
		if strings.HasPrefix(t.hash, c.Token) {
			return t.where
		}
	}
	if c.Hash == "" || len(tips) == 0 {
		return ""
	}
	var pairs []gitstore.Pair
	var all []plumbing.Hash
	for _, t := range tips {
		h := fullHash(t.hash)
		pairs, all = append(pairs, gitstore.Pair{First: fullHash(c.Hash), Second: h}), append(all, h)
	}
	w := v.store.History(fullHash(c.Hash), gitstore.Asked{Objects: minObjects})
	w.Include(all)
	for i, order := range w.Settle(pairs) {
		if order == gitstore.Before || order == gitstore.Same {
			return tips[i].where
		}
	}
	return ""
}

// formerTip is a commit that a reference named before.
type formerTip struct {
	hash  string
	where string // "ORIG_HEAD", "reflog of main"
}

// maxFormerTips bounds how many former tips are looked at, the newest of each
// reference first.
const maxFormerTips = 100

// formerTips are what ORIG_HEAD and the reflogs hold, read once.
func (v *verifier) formerTips() []formerTip {
	if v.former != nil {
		return *v.former
	}
	var tips []formerTip
	seen := map[string]bool{}
	add := func(hash, where string) {
		if plumbing.IsHash(hash) && !fullHash(hash).IsZero() && !seen[hash] && len(tips) < maxFormerTips {
			seen[hash] = true
			tips = append(tips, formerTip{hash, where})
		}
	}
	if data, err := os.ReadFile(filepath.Join(v.store.GitDir, "ORIG_HEAD")); err == nil {
		add(strings.TrimSpace(string(data)), "ORIG_HEAD")
	}
	readLog := func(path, name string) {
		data, err := os.ReadFile(path)
		if err != nil {
			return // no reflog
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		for i := len(lines) - 1; i >= 0; i-- {
			if fields := strings.Fields(lines[i]); len(fields) > 1 {
				add(fields[1], "reflog of "+name)
				add(fields[0], "reflog of "+name)
			}
		}
	}
	logs := filepath.Join(v.store.Common, "logs")
	filepath.WalkDir(filepath.Join(logs, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "HEAD" { // a remote's HEAD is one of its branches
			name, _ := filepath.Rel(logs, path)
			name = filepath.ToSlash(name)
			readLog(path, strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/remotes/"))
		}
		return nil
	})
	readLog(filepath.Join(v.store.GitDir, "logs", "HEAD"), "HEAD")
	v.former = &tips
	return tips
}
