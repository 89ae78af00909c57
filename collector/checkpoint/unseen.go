package checkpoint

import (
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// known reports whether it is known how a work tree differs from the commit.
func known(w *evidence.Worktree) bool {
	return w.State == evidence.WorktreeClean || w.State == evidence.WorktreeDirty
}

// addHidden adds the files that git was told not to look at, where they differ.
func addHidden(ctx context.Context, root, index string, ignore []string, w *evidence.Worktree) {
	if !known(w) {
		return
	}
	names, err := hidden(ctx, root, index)
	if err != nil {
		w.State, w.Reason = evidence.WorktreeUnknown, "whether files that git was told not to look at differ from the commit is not known: "+gitError(err)
		return
	}
	for _, name := range names {
		if !ignored(name, ignore) {
			w.State = evidence.WorktreeDirty
			w.Changes = append(w.Changes, evidence.FileChange{Path: strings.ToValidUTF8(name, "\ufffd"), Status: "M"})
		}
	}
}

// hidden lists tracked files that differ from the commit although git was told not to
// look at them: assume-unchanged and skip-worktree. What a sparse checkout leaves out is
// not there, and does not differ. git itself is asked, with an index of its own that has
// no such marks.
func hidden(ctx context.Context, root, index string) (changed []string, err error) {
	out, err := git(ctx, root, "ls-files", "-v", "-z").Output()
	if err != nil {
		return nil, err
	}
	marked := map[string]bool{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		tag, name, ok := strings.Cut(entry, " ")
		if !ok || tag != "S" && strings.ToUpper(tag) == tag {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err == nil || !strings.EqualFold(tag, "S") {
			marked[name] = true
		}
	}
	if len(marked) == 0 {
		return nil, nil
	}
	data, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "verdict-index-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	own := filepath.Join(dir, "index")
	if err := os.WriteFile(own, data, 0o600); err != nil {
		return nil, err
	}
	ask := func(input string, args ...string) ([]byte, error) {
		cmd := git(ctx, root, append([]string{"-c", "core.splitIndex=false"}, args...)...) // nothing is written beside it
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+own)
		cmd.Stdin = strings.NewReader(input)
		return cmd.Output()
	}
	list := strings.Join(slices.Collect(maps.Keys(marked)), "\x00") + "\x00"
	for _, mark := range []string{"--no-skip-worktree", "--no-assume-unchanged"} {
		if _, err = ask(list, "update-index", "-z", mark, "--stdin"); err != nil {
			return nil, err
		}
	}
	out, err = ask("", "-c", "diff.autoRefreshIndex=true", "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=untracked", "HEAD", "--") // by content
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(string(out), "\x00") {
		if marked[name] {
			changed = append(changed, name)
		}
	}
	return changed, nil
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

// addOutside adds what builds read from outside of the repository.
func addOutside(root string, w *evidence.Worktree) {
	if known(w) {
		w.Beside = append(w.Beside, outside(root)...)
	}
}

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
