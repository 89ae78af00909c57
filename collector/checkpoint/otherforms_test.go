package checkpoint_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

// TestSHA256: an installed git is asked where go-git cannot read.
func TestSHA256(t *testing.T) {
	r := newRepo(t)
	r = r.at(filepath.Join(t.TempDir(), "256"))
	require.NoError(t, os.Mkdir(r.dir, 0o755))
	r.git("init", "-q", "--object-format=sha256", "-b", "main", ".")
	r.write("old.txt", "a\nb\nc\n")
	first := r.commit("AB-00: first")
	r.git("switch", "-qc", "side")
	side := r.commit("side")
	r.git("switch", "-q", "main")
	r.git("mv", "old.txt", "new.txt")
	second := r.commit("AB-01: second")
	named := r.commit("AB-05: third")
	tree := r.git("rev-parse", "HEAD^{tree}")
	got := r.verify(checkpoint.Options{}, first, second[:12], tree, side, "deadbeef", "")
	assert.Equal(t, "ok", got.State)
	assert.Contains(t, got.Engine, "git 2.")
	assert.Contains(t, got.Engine, "objectformat")
	var states []evidence.CheckpointState
	for _, c := range got.Checkpoints {
		states = append(states, c.State)
	}
	assert.Equal(t, []evidence.CheckpointState{evidence.CheckpointReachable, evidence.CheckpointReachable, evidence.CheckpointMalformed, evidence.CheckpointUnreachable, evidence.CheckpointMissing}, states)
	assert.Equal(t, []evidence.FileChange{{Path: "old.txt", Status: "A"}}, got.Checkpoints[0].Files)
	assert.Equal(t, []evidence.FileChange{{Path: "new.txt", From: "old.txt", Status: "R"}}, got.Checkpoints[1].Files)
	assert.Equal(t, "AB-01: second", got.Checkpoints[1].Subject)
	assert.Equal(t, "ancestor", got.Relations[0].Kind)
	assert.Equal(t, named, got.Naming[0].Commits[0].Hash)
	r.git("switch", "-qc", "lost", first)
	r.write("c.txt", "c\n")
	lost := r.commit("AB-06: c")
	r.write("d.txt", "d\n")
	never := r.commit("AB-07: d")
	r.git("switch", "-q", "main")
	r.git("cherry-pick", lost)
	picked := r.git("rev-parse", "HEAD")
	twins := r.verify(checkpoint.Options{}, lost, never).Checkpoints
	assert.Equal(t, &evidence.Twin{Hash: picked, Subject: "AB-06: c", By: "patch"}, twins[0].Twin)
	assert.Nil(t, twins[1].Twin)
	r.git("reset", "-q", "--hard", named)
	s, err := checkpoint.Subject(t.Context(), r.dir, nil)
	require.NoError(t, err)
	assert.Equal(t, named, s.Commit)
	assert.Equal(t, evidence.WorktreeClean, s.Worktree.State)
	r.git("update-index", "--assume-unchanged", "new.txt")
	r.write("new.txt", "another\n")
	s, err = checkpoint.Subject(t.Context(), r.dir, nil)
	require.NoError(t, err)
	assert.Equal(t, []evidence.FileChange{{Path: "new.txt", Status: "M"}}, s.Worktree.Changes, "though git was told not to look")
	r.git("update-index", "--no-assume-unchanged", "new.txt")
	r.git("checkout", "-q", "--", "new.txt")
	config, err := os.ReadFile(filepath.Join(r.dir, ".git", "config"))
	require.NoError(t, err)
	inline := strings.Replace(string(config), "[extensions]\n\tobjectformat", "[extensions] objectFormat", 1)
	require.NotEqual(t, string(config), inline)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".git", "config"), []byte(inline), 0o644))
	assert.Equal(t, evidence.CheckpointReachable, r.state(first), "a key may follow its section")
	within := r.verify(checkpoint.Options{Ranges: []checkpoint.Range{{From: first}, {To: first}, {From: "nothing"}}}).Ranges
	assert.Equal(t, []string{"inside", "outside", "unknown"}, []string{within[0].State, within[1].State, within[2].State})

	require.NoError(t, checkpoint.HasRevision(r.dir, "main~2"))
	require.ErrorIs(t, checkpoint.HasRevision(r.dir, "nothing"), checkpoint.ErrNoRevision)
	data, commit, err := checkpoint.ReadFile(r.dir, "main~2", "old.txt")
	require.NoError(t, err)
	assert.Equal(t, "a\nb\nc\n", string(data))
	assert.Equal(t, first, commit)
	_, _, err = checkpoint.ReadFile(r.dir, "main", "old.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, _, err = checkpoint.ReadFile(r.dir, "nothing", "old.txt")
	require.ErrorContains(t, err, "resolve nothing")
	files, err := checkpoint.ListFiles(r.dir, side)
	require.NoError(t, err)
	assert.Equal(t, []string{"old.txt"}, files)
	clean := t.TempDir()
	commit, err = checkpoint.Checkout(t.Context(), r.dir, first, clean)
	require.NoError(t, err)
	assert.Equal(t, first, commit)
	assert.FileExists(t, filepath.Join(clean, "old.txt"))

	shallow := r.clone("--depth", "1")
	assert.Equal(t, evidence.CheckpointUnverifiable, shallow.verify(checkpoint.Options{}, first).Checkpoints[0].State)
	assert.Contains(t, shallow.verify(checkpoint.Options{}, first).Cure, "fetch-depth: 0")
}

// TestLostTestsOfSHA256: what is deleted is found there, too.
func TestLostTestsOfSHA256(t *testing.T) {
	r := newRepo(t)
	r = r.at(t.TempDir())
	r.git("init", "-q", "--object-format=sha256", "-b", "main", ".")
	test := "package a\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n"
	r.write("a_test.go", test)
	first := r.commit("AB-00: first")
	r.write("b.go", "package a\n")
	second := r.commit("AB-01: second")
	assert.Empty(t, r.verify(checkpoint.Options{}, first, second).Tests)
	r.git("mv", "a_test.go", "c_test.go")
	r.commit("moved")
	assert.Empty(t, r.verify(checkpoint.Options{}, first, second).Tests)
	r.git("rm", "-q", "c_test.go")
	r.commit("gone")
	assert.Equal(t, []evidence.TestChange{{File: "a_test.go", Name: "TestAdd", Line: 3, Kind: "deleted"}}, r.verify(checkpoint.Options{}, first, second).Tests)
}

// TestReftable: an installed git is asked for references that are in no files, and all
// else is read here. A git that does not read them is told apart.
func TestReftable(t *testing.T) {
	r := newRepo(t)
	r = r.at(filepath.Join(r.dir, "reftable"))
	require.NoError(t, os.Mkdir(r.dir, 0o755))
	if out, err := r.try("init", "-q", "--ref-format=reftable", "-b", "main", "."); err != nil {
		require.Contains(t, out, "ref-format") // an older git
		r.git("init", "-q", "-b", "main", ".")
		r.commit("AB-00: first")
		r.git("config", "core.repositoryFormatVersion", "1")
		config, err := os.OpenFile(filepath.Join(r.dir, ".git", "config"), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = config.WriteString("[extensions]\n\trefStorage = reftable\n")
		require.NoError(t, err)
		require.NoError(t, config.Close())
		got := r.verify(checkpoint.Options{}, "deadbeef")
		assert.Equal(t, "unreadable", got.State)
		assert.Contains(t, got.Reason, "reftable")
		assert.Contains(t, got.Cure, "git 2.45")
		_, err = checkpoint.Subject(t.Context(), r.dir, nil)
		require.ErrorContains(t, err, "install git 2.45")
		return
	}
	assert.Equal(t, "empty", r.verify(checkpoint.Options{}, "deadbeef").State)
	r.write("a.txt", "a\n")
	first := r.commit("AB-00: first")
	r.git("switch", "-qc", "side")
	side := r.commit("AB-01: side")
	r.git("switch", "-q", "main")
	last := r.commit("AB-02: last")
	got := r.verify(checkpoint.Options{}, first, side)
	assert.Equal(t, evidence.CheckpointReachable, got.Checkpoints[0].State)
	assert.Equal(t, evidence.CheckpointUnreachable, got.Checkpoints[1].State)
	assert.Contains(t, got.Checkpoints[1].Reason, "it is on side")
	assert.Contains(t, got.Engine, "go-git; references by git 2.")
	s, err := checkpoint.Subject(t.Context(), r.dir, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{last, "main"}, []string{s.Commit, s.Branch})
	assert.Equal(t, evidence.WorktreeClean, s.Worktree.State)
	_, commit, err := checkpoint.ReadFile(r.dir, "side~1", "a.txt")
	require.NoError(t, err)
	assert.Equal(t, first, commit)
	t.Setenv("PATH", t.TempDir())
	if _, err := exec.LookPath("git"); err != nil {
		assert.Contains(t, r.verify(checkpoint.Options{}, first).Cure, "install git")
	}
}
