package survey

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var partial = lazyregexp.New(`(?mi)^\s*(partialclonefilter\s*=|promisor\s*=\s*true)`)

// clone looks at git's files alone: whether all of the history is here.
func (d *doctor) clone() {
	dir, ok := commonDir(d.root)
	if !ok {
		d.add("clone", Fail, "no git repository", "run it inside a git repository")
		return
	}
	if unborn(dir) {
		d.add("clone", Fail, "there is no commit yet", "commit something: evidence is about a commit")
		return
	}
	if _, err := os.Stat(filepath.Join(dir, "shallow")); err == nil {
		d.add("clone", Warn, "the history is cut (shallow), so that older checkpoints cannot be verified",
			"git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0")
		return
	}
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	if err == nil && partial.Match(config) {
		d.add("clone", Warn, "files or folders of older commits are not here (partial clone), so that what they changed cannot always be verified",
			"clone again without --filter; in GitHub Actions: actions/checkout without filter")
		return
	}
	d.add("clone", OK, "complete", "")
}

// unborn tells a repository whose branch has no commit yet, as far as its files do.
func unborn(dir string) bool {
	head, err := os.ReadFile(filepath.Join(dir, "HEAD"))
	ref, found := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: ")
	if err != nil || !found {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "reftable")); err == nil {
		return false // branches are not files there
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(ref))); err == nil {
		return false
	}
	packed, _ := os.ReadFile(filepath.Join(dir, "packed-refs"))
	return !strings.Contains(string(packed), " "+ref+"\n")
}

// commonDir finds the folder that holds a repository's objects, from a work tree's
// root: .git may be a file that points elsewhere (linked work trees, submodules).
func commonDir(root string) (string, bool) {
	dir := filepath.Join(root, ".git")
	info, err := os.Stat(dir)
	if err != nil {
		return "", false
	}
	if !info.IsDir() {
		src, err := os.ReadFile(dir)
		target, found := strings.CutPrefix(strings.TrimSpace(string(src)), "gitdir: ")
		if err != nil || !found {
			return "", false
		}
		dir = below(root, target)
	}
	if src, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil {
		dir = below(dir, strings.TrimSpace(string(src)))
	}
	return dir, true
}

func below(dir, target string) string {
	if filepath.IsAbs(target) {
		return target
	}
	return filepath.Join(dir, target)
}
