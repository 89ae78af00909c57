package checkpoint

import (
	"bytes"
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// hidden lists tracked files that differ from the commit although git was told to
// believe that they do not: assume-unchanged and skip-worktree. What a sparse
// checkout leaves out is not there, and does not differ.
func hidden(ctx context.Context, root string) []evidence.FileChange {
	out, err := git(ctx, root, "ls-files", "-v", "-s", "-z").Output()
	if err != nil {
		return nil
	}
	var changes []evidence.FileChange
	for _, entry := range bytes.Split(out, []byte{0}) {
		about, name, ok := strings.Cut(string(entry), "\t")
		fields := strings.Fields(about) // tag, mode, object, stage
		if !ok || len(fields) != 4 || fields[0] != "S" && strings.ToUpper(fields[0]) == fields[0] {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err != nil && strings.EqualFold(fields[0], "S") {
			continue
		}
		object, err := git(ctx, root, "hash-object", "--", name).Output()
		if err != nil || strings.TrimSpace(string(object)) != fields[2] {
			changes = append(changes, evidence.FileChange{Path: name, Status: "M"})
		}
	}
	return changes
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
