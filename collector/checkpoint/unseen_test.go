package checkpoint_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

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
}
