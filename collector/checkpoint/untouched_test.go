package checkpoint_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

// compared is what Status says, and whether it asked git; git's own answer must be the
// same.
func (r *repo) compared(ignore ...string) (clean, asked bool) {
	r.t.Helper()
	w := checkpoint.Status(context.Background(), r.dir, ignore)
	clean, asked = w.State == evidence.WorktreeClean, w.Engine != "go-git"
	differs := false
	for _, line := range strings.Split(r.git("--no-optional-locks", "status", "--porcelain", "-uall"), "\n") {
		name := strings.TrimSpace(line)
		if at := strings.IndexByte(name, ' '); at >= 0 {
			name = strings.TrimSpace(name[at:])
		}
		differs = differs || name != "" && !strings.HasPrefix(name, ".verdict/") && !slices.Contains(ignore, name)
	}
	require.Equal(r.t, !differs, clean, "git says otherwise: %s", r.git("status", "--porcelain", "-uall"))
	var beside []string
	for _, line := range strings.Split(r.git("--no-optional-locks", "status", "--porcelain", "-uall", "--ignored=matching"), "\n") {
		name, ok := strings.CutPrefix(line, "!! ")
		sources, _ := filepath.Glob(filepath.Join(r.dir, name, "*.go"))
		if ok && !strings.HasPrefix(name, ".verdict/") && (strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "/") && len(sources) > 0) {
			beside = append(beside, name)
		}
	}
	require.ElementsMatch(r.t, beside, w.Beside, "what git ignores")
	return clean, asked
}

// TestUntouchedWithoutGit: a work tree in which nothing differs needs no git, and
// whatever differs is seen.
func TestUntouchedWithoutGit(t *testing.T) {
	base := func(t *testing.T) *repo {
		r := newRepo(t)
		r.write("a.go", "package a\n")
		r.write("b/c/d.txt", "text\n")
		r.write("b/run.sh", "#!/bin/sh\n")
		r.write("b/empty", "")
		r.write("docs/progress.md", "# Progress\n")
		require.NoError(t, os.Chmod(filepath.Join(r.dir, "b/run.sh"), 0o755))
		require.NoError(t, os.Symlink("a.go", filepath.Join(r.dir, "link")))
		r.commit("start")
		return r
	}
	path := func(r *repo, name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, r *repo)
		clean bool
		asked bool
	}{
		{"nothing", func(*testing.T, *repo) {}, true, false},
		{"verdict's own folder", func(_ *testing.T, r *repo) { r.write(".verdict/x", "x") }, true, false},
		{"the tracker", func(_ *testing.T, r *repo) { r.write("docs/progress.md", "# Done\n") }, true, false},
		{"an empty folder", func(t *testing.T, r *repo) { require.NoError(t, os.Mkdir(path(r, "new"), 0o755)) }, true, true},
		{"the same content again", func(_ *testing.T, r *repo) { r.write("a.go", "package a\n") }, true, false},
		{"other content", func(_ *testing.T, r *repo) { r.write("a.go", "package b\n") }, false, true},
		{"other content of the same size and time", func(t *testing.T, r *repo) {
			info, err := os.Stat(path(r, "a.go"))
			require.NoError(t, err)
			r.write("a.go", "package b\n")
			require.NoError(t, os.Chtimes(path(r, "a.go"), info.ModTime(), info.ModTime()))
		}, false, true},
		{"a mode", func(t *testing.T, r *repo) { require.NoError(t, os.Chmod(path(r, "a.go"), 0o755)) }, false, true},
		{"a mode less", func(t *testing.T, r *repo) { require.NoError(t, os.Chmod(path(r, "b/run.sh"), 0o644)) }, false, true},
		{"another link", func(t *testing.T, r *repo) {
			require.NoError(t, os.Remove(path(r, "link")))
			require.NoError(t, os.Symlink("b.go", path(r, "link")))
		}, false, true},
		{"a file for a link", func(t *testing.T, r *repo) {
			require.NoError(t, os.Remove(path(r, "link")))
			r.write("link", "a.go")
		}, false, true},
		{"a folder for a file", func(t *testing.T, r *repo) {
			require.NoError(t, os.Remove(path(r, "a.go")))
			require.NoError(t, os.Mkdir(path(r, "a.go"), 0o755))
		}, false, true},
		{"a link for a folder", func(t *testing.T, r *repo) {
			require.NoError(t, os.Rename(path(r, "b/c"), filepath.Join(t.TempDir(), "c")))
			require.NoError(t, os.Mkdir(path(r, "elsewhere"), 0o755))
			r.write("elsewhere/d.txt", "text\n")
			require.NoError(t, os.Symlink("../elsewhere", path(r, "b/c")))
		}, false, true},
		{"gone", func(t *testing.T, r *repo) { require.NoError(t, os.Remove(path(r, "b/c/d.txt"))) }, false, true},
		{"untracked", func(_ *testing.T, r *repo) { r.write("b/c/e.txt", "e") }, false, true},
		{"ignored", func(_ *testing.T, r *repo) {
			r.write(".git/info/exclude", "*.log\n")
			r.write("x.log", "x")
		}, true, true},
		{"ignored by patterns", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "# what is made\n/gen/\nnode_modules\n*.log\n**/dist\nb/*.pb.go\n[odd\n")
			r.write("b/.gitignore", "tmp/\n")
			r.commit("ignore")
			for _, name := range []string{"gen/g.go", "node_modules/x/x.go", "b/node_modules/y", "b/c/z.log", "b/c/dist/d.go", "b/x.pb.go", "b/tmp/t"} {
				r.write(name, "x")
			}
		}, true, false},
		{"a pattern for another place", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "/gen/\nb/*.txt\nlog/\n")
			r.commit("ignore")
			r.write("b/gen/g.go", "x")
			r.write("b/c/e.txt", "x")
			r.write("log", "no folder")
		}, false, true},
		{"a pattern for folders, and a link to one", func(t *testing.T, r *repo) {
			r.write(".gitignore", "node_modules/\n")
			r.commit("ignore")
			require.NoError(t, os.Symlink("b", path(r, "node_modules")))
		}, false, true},
		{"an exception", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "*.log\n!keep.log\n")
			r.commit("ignore")
			r.write("keep.log", "x")
		}, false, true},
		{"an exception further down", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "*.log\n")
			r.write("b/.gitignore", "!*.log\n")
			r.commit("ignore")
			r.write("b/x.log", "x")
		}, false, true},
		{"an exception for another", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "!.env.example\n*.log\n!keep.log\n.env*\n")
			r.commit("ignore")
			r.write("x.log", "x")
			r.write(".env", "x")
		}, true, false},
		{"an exception that is not understood", func(_ *testing.T, r *repo) {
			r.write(".gitignore", "*.log\n![k]eep.log\n")
			r.commit("ignore")
			r.write("keep.log", "x")
		}, false, true},
		{"patterns behind a link", func(t *testing.T, r *repo) {
			r.write("patterns", "*.log\n")
			require.NoError(t, os.Symlink("../patterns", path(r, "b/.gitignore")))
			r.commit("ignore")
			r.write("b/x.log", "x")
		}, false, true},
		{"staged and put back", func(_ *testing.T, r *repo) {
			r.write("a.go", "package b\n")
			r.git("add", "a.go")
			r.write("a.go", "package a\n")
		}, false, true},
		{"staged", func(_ *testing.T, r *repo) {
			r.write("a.go", "package b\n")
			r.git("add", "a.go")
		}, false, true},
		{"not in the index any more", func(_ *testing.T, r *repo) { r.git("rm", "-q", "--cached", "a.go") }, false, true},
		{"meant to be added", func(_ *testing.T, r *repo) {
			r.write("n.go", "package n\n")
			r.git("add", "-N", "n.go")
		}, false, true},
		{"another commit checked out by hand", func(t *testing.T, r *repo) {
			first := r.git("rev-parse", "HEAD")
			r.write("a.go", "package b\n")
			r.commit("second")
			r.git("update-ref", "HEAD", first)
		}, false, true},
		{"assumed unchanged", func(_ *testing.T, r *repo) { r.git("update-index", "--assume-unchanged", "a.go") }, true, true},
		{"a split index", func(_ *testing.T, r *repo) { r.git("update-index", "--split-index") }, true, true},
		{"version 4", func(_ *testing.T, r *repo) { r.git("update-index", "--index-version", "4") }, true, false},
		{"a checkout", func(_ *testing.T, r *repo) {
			r.git("checkout", "-q", "-b", "other")
			r.write("b/c/e.txt", "e")
			r.commit("more")
			r.git("checkout", "-q", "main")
		}, true, false},
		{"a submodule", func(t *testing.T, r *repo) {
			sub := newRepo(t)
			sub.write("s", "s")
			sub.commit("sub")
			r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.dir, "sub")
			r.commit("with a submodule")
		}, true, true},
		{"a repository inside", func(_ *testing.T, r *repo) { r.git("init", "-q", "b/inner") }, false, true},
		{"no index", func(t *testing.T, r *repo) { require.NoError(t, os.Remove(path(r, ".git/index"))) }, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := base(t)
			c.do(t, r)
			clean, asked := r.compared(".verdict/", "docs/progress.md")
			assert.Equal(t, c.clean, clean)
			assert.Equal(t, c.asked, asked, "whether git was asked")
		})
	}
}

// TestUntouchedLikeGit does things at random, and compares with git after each.
func TestUntouchedLikeGit(t *testing.T) {
	r := newRepo(t)
	random := rand.New(rand.NewPCG(1, 2))
	name := func() string {
		return fmt.Sprintf("%c/%c%d.go", 'a'+random.IntN(4), 'x'+random.IntN(2), random.IntN(4))
	}
	for range 40 {
		r.write(name(), "start")
	}
	r.write(".gitignore", "*1.go\n/d/\n!y1.go\n")
	r.commit("start")
	quiet := 0
	for range 250 {
		switch random.IntN(11) {
		case 0:
			os.Remove(filepath.Join(r.dir, name()))
		case 1:
			r.write(name(), []string{"start", "other", ""}[random.IntN(3)])
		case 2:
			r.try("add", name())
		case 3:
			r.try("rm", "-q", "--cached", name())
		case 4:
			os.Chmod(filepath.Join(r.dir, name()), []os.FileMode{0o644, 0o755}[random.IntN(2)])
		case 5:
			at := time.Unix(1_700_000_000, 0)
			os.Chtimes(filepath.Join(r.dir, name()), at, at)
		case 6:
			r.try("stash", "-q", "-u")
		case 7:
			r.commit("more")
		case 8:
			r.git("clean", "-q", "-x", "-d", "-f")
		case 9:
			r.write(name()[:2]+".gitignore", []string{"x*\n", "!x1.go\n", "y?.go\n", "*\n"}[random.IntN(4)])
		case 10:
			r.git("reset", "-q", "--hard")
		}
		if _, asked := r.compared(); !asked {
			quiet++
		}
	}
	assert.Greater(t, quiet, 15, "the way without git was hardly tried")
}
