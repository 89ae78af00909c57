package survey

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var partial = regexp.MustCompile(`(?mi)^\s*(partialclonefilter\s*=|promisor\s*=\s*true)`)

// clone looks at git's files alone: whether all of the history is here.
func (d *doctor) clone() {
	dir, ok := commonDir(d.root)
	if !ok {
		d.add("clone", Fail, "no git repository", "run it inside a git repository")
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
