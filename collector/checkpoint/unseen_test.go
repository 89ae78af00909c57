package checkpoint_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

// TestWhatGitDoesNotSay: files that git is told to pass over are seen where a build
// reads them, and only there.
func TestWhatGitDoesNotSay(t *testing.T) {
	subject := func(r *repo) evidence.Worktree {
		s, err := checkpoint.Subject(context.Background(), r.dir, nil)
		require.NoError(t, err)
		return s.Worktree
	}
	r := newRepo(t)
	r.write(".gitignore", "*.pb.go\n*.log\n/gen/\nnode_modules/\nvendor/\ngo.work\n")
	r.write("go.mod", "module example.com/m\n\ngo 1.22\n\nreplace example.com/in => ./in\n")
	r.write("a.go", "package m\n")
	r.commit("start")
	r.write("x.log", "x")
	r.write("node_modules/x/x.go", "package x\n")
	assert.Empty(t, subject(r).Beside, "what no build reads")

	r.write("api/a.pb.go", "package api\n")
	r.write("gen/g.go", "package gen\n")
	r.write("go.work", "go 1.22\n")
	r.write("vendor/modules.txt", "")
	w := subject(r)
	assert.Equal(t, []string{"api/a.pb.go", "gen/", "go.work", "vendor/"}, w.Beside)
	assert.Equal(t, evidence.WorktreeClean, w.State, "they are not of the commit, and do not differ from it")

	r = newRepo(t)
	r.write("go.mod", "module example.com/m\n\ngo 1.22\n\nreplace (\n\texample.com/a v1.0.0 => ../a\n\texample.com/b => /b\n\texample.com/c => example.com/d v1.0.0\n)\n")
	r.write("a.go", "package m\n")
	r.commit("start")
	assert.Equal(t, []string{"../a", "/b"}, subject(r).Beside)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(r.dir), "go.work"), []byte("go 1.22\n"), 0o644))
	t.Cleanup(func() { os.Remove(filepath.Join(filepath.Dir(r.dir), "go.work")) })
	assert.Equal(t, []string{"../a", "../go.work", "/b"}, subject(r).Beside)

	for i, flag := range []string{"--assume-unchanged", "--skip-worktree", "--assume-unchanged", "--skip-worktree"} {
		r.git("update-index", "--no-assume-unchanged", "--no-skip-worktree", "--index-version", strconv.Itoa(4-i/2*2), "a.go")
		r.git("update-index", flag, "a.go")
		assert.Equal(t, evidence.WorktreeClean, subject(r).State, "%s, and it is as committed", flag)
		r.write("a.go", "package m // changed\n")
		w = subject(r)
		assert.Equal(t, evidence.WorktreeDirty, w.State, flag)
		assert.Equal(t, []evidence.FileChange{{Path: "a.go", Status: "M"}}, w.Changes)
		r.write("a.go", "package m\n")
	}
	require.NoError(t, os.Remove(filepath.Join(r.dir, "a.go")))
	assert.Equal(t, evidence.WorktreeClean, subject(r).State, "a sparse checkout leaves it out")
	r.git("update-index", "--no-skip-worktree", "a.go")
	r.git("checkout", "-q", "--", "a.go")

	// marked files of every kind, as committed and then not
	inner := r.at(filepath.Join(r.dir, "inner"))
	require.NoError(t, os.Mkdir(inner.dir, 0o755))
	inner.git("init", "-q", ".")
	inner.write("x", "1\n")
	inner.commit("one")
	require.NoError(t, os.Symlink("a.go", filepath.Join(r.dir, "link")))
	r.write("run.sh", "true\n")
	r.write("lines.txt", "a\nb\n")
	r.commit("more")
	r.git("update-index", "--assume-unchanged", "link", "run.sh", "inner")
	r.git("update-index", "--skip-worktree", "lines.txt")
	r.git("config", "core.autocrlf", "true")
	r.write("lines.txt", "a\r\nb\r\n")
	require.NoError(t, os.Chtimes(filepath.Join(r.dir, "run.sh"), time.Unix(1, 0), time.Unix(1, 0)))
	assert.Empty(t, subject(r).Changes)
	require.NoError(t, os.Chmod(filepath.Join(r.dir, "run.sh"), 0o755))
	require.NoError(t, os.Remove(filepath.Join(r.dir, "link")))
	r.write("link", "package m\n")
	inner.write("x", "2\n")
	r.write("lines.txt", "a\r\n")
	var changed []string
	for _, c := range subject(r).Changes {
		changed = append(changed, c.Path)
	}
	assert.Equal(t, []string{"inner", "lines.txt", "link", "run.sh"}, changed)
	got, err := checkpoint.Subject(t.Context(), r.dir, []string{"inner", "lines.txt", "link", "run.sh"})
	require.NoError(t, err)
	assert.Equal(t, evidence.WorktreeClean, got.Worktree.State, "they never count")
	for _, name := range []string{"TMPDIR", "TMP"} {
		t.Setenv(name, filepath.Join(r.dir, "nosuch"))
	}
	assert.Equal(t, evidence.WorktreeUnknown, subject(r).State, "marked files could not be looked at")
}

// TestHiddenSubmodules: a clone's own configuration hides no change of a submodule, and
// what the commit's .gitmodules says holds.
func TestHiddenSubmodules(t *testing.T) {
	inner := newRepo(t)
	inner.write("x", "1\n")
	inner.commit("one")
	for key, want := range map[string]int{"submodule.lib.ignore": 1, "diff.ignoreSubmodules": 1, "": 0} {
		r := newRepo(t)
		r.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.dir, "lib")
		r.commit("a module")
		if key == "" {
			r.git("config", "-f", ".gitmodules", "submodule.lib.ignore", "all")
			r.commit("it is not looked into")
		} else {
			r.git("config", key, "all")
		}
		assert.Empty(t, checkpoint.Status(t.Context(), r.dir, nil).Changes, key)
		r.write("lib/x", "2\n")
		assert.Len(t, checkpoint.Status(t.Context(), r.dir, nil).Changes, want, key)
	}
}
