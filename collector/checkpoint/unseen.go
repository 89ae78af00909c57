package checkpoint

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// hidden lists tracked files that differ from the commit although git was told not to
// look at them: assume-unchanged and skip-worktree. What a sparse checkout leaves out is
// not there, and does not differ. git itself is asked, with an index of its own that has
// no such marks.
func hidden(ctx context.Context, root, index string) []evidence.FileChange {
	out, err := git(ctx, root, "ls-files", "-v", "-z").Output()
	if err != nil {
		return nil
	}
	var names []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		tag, name, ok := strings.Cut(entry, " ")
		if !ok || tag != "S" && strings.ToUpper(tag) == tag {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err == nil || !strings.EqualFold(tag, "S") {
			names = append(names, name)
		}
	}
	data, err := os.ReadFile(index)
	if err != nil || len(names) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "verdict-index-")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	own := filepath.Join(dir, "index")
	if os.WriteFile(own, data, 0o600) != nil {
		return nil
	}
	ask := func(input string, args ...string) ([]byte, error) {
		cmd := git(ctx, root, args...)
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+own)
		cmd.Stdin = strings.NewReader(input)
		return cmd.Output()
	}
	list := strings.Join(names, "\x00") + "\x00"
	for _, mark := range []string{"--no-skip-worktree", "--no-assume-unchanged"} {
		if _, err = ask(list, "update-index", "-z", mark, "--stdin"); err != nil {
			return nil
		}
	}
	out, err = ask("", "-c", "diff.autoRefreshIndex=true", "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=untracked", "HEAD", "--") // by content
	if err != nil {
		return nil
	}
	var changes []evidence.FileChange
	for name := range strings.SplitSeq(string(out), "\x00") {
		if slices.Contains(names, name) {
			changes = append(changes, evidence.FileChange{Path: strings.ToValidUTF8(name, "\ufffd"), Status: "M"})
		}
	}
	return changes
}

// hidesModules reports whether the configuration of this clone, unlike .gitmodules, which
// is of the commit, tells git not to look into submodules.
func hidesModules(ctx context.Context, root string) bool {
	if _, err := os.Stat(filepath.Join(root, ".gitmodules")); err != nil {
		return false
	}
	return git(ctx, root, "config", "--get-regexp", `^(submodule\..*\.ignore|diff\.ignoresubmodules)$`).Run() == nil
}

// readByGo reports whether an ignored path is one that Go's builds read: a source
// file, a workspace, vendored packages, or a folder of sources. git names a folder
// that it ignores as a whole, with a "/" at its end.
func readByGo(root, name string) bool {
	if !strings.HasSuffix(name, "/") {
		return path.Ext(name) == ".go" || path.Base(name) == "go.work"
	}
	folder := filepath.Join(root, filepath.FromSlash(name))
	switch base := path.Base(name); {
	case base == "vendor":
		_, err := os.Stat(filepath.Join(folder, "modules.txt"))
		return err == nil
	case base == "node_modules" || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"):
		return false // go passes over them
	}
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	return err == nil && len(sources) > 0
}

var replaced = lazyregexp.New(`(?m)^\s*(?:replace\s+)?\S+(?:\s+v\S+)?\s+=>\s+(\.\.?/\S*|/\S*)|^\s*use\s+(\.\./\S*|/\S*)`)

// outside lists what Go's builds read from outside of the repository: a workspace
// above it, and modules that its own go.mod or go.work point to.
func outside(root string) []string {
	var found []string
	if os.Getenv("GOWORK") == "" {
		for dir := filepath.Dir(root); ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
				if _, own := os.Stat(filepath.Join(root, "go.work")); own != nil && goModule(root) {
					found = append(found, filepath.ToSlash(filepath.Join(relative(root, dir), "go.work")))
				}
				break
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for _, name := range []string{"go.mod", "go.work"} {
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue
		}
		for _, m := range replaced.FindAllStringSubmatch(string(src), -1) {
			to := m[1] + m[2]
			if path.IsAbs(to) || !filepath.IsLocal(filepath.FromSlash(to)) {
				found = append(found, to)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func goModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func relative(from, to string) string {
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return to
	}
	return rel
}
