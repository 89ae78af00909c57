package checkpoint_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

// served is a repository that others clone from, with some history.
func served(t *testing.T) *repo {
	r := newRepo(t)
	r.git("config", "uploadpack.allowFilter", "true")
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	for _, text := range []string{"1", "2", "3"} {
		r.write("a", text)
		r.commit("AB-00: step " + text)
	}
	return r
}

func (r *repo) clone(args ...string) *repo {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), "clone")
	r.git(append(append([]string{"clone", "-q"}, args...), "file://"+r.dir, dir)...)
	return r.at(dir)
}

// files are a repository's files and their content, without the objects and the
// note of where a shallow clone ends.
func (r *repo) files() map[string]string {
	r.t.Helper()
	have := map[string]string{}
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() == "objects" {
			return cmp.Or(err, filepath.SkipDir)
		}
		if !d.IsDir() && d.Name() != "shallow" {
			data, err := os.ReadFile(path)
			have[path] = string(data)
			return err
		}
		return nil
	}))
	return have
}

func TestFetch(t *testing.T) {
	r := served(t)
	first := r.git("rev-parse", "HEAD~2")
	for name, args := range map[string][]string{
		"shallow": {"--depth", "1"}, "partial": {"--filter=blob:none", "--no-checkout"}, "without trees": {"--filter=tree:0", "--no-checkout"}, "both": {"--depth", "1", "--filter=tree:0", "--no-checkout"},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.clone(args...)
			c.t = t
			before := c.files()
			got := c.verify(checkpoint.Options{Fetch: true}, first).Checkpoints[0]
			assert.Equal(t, evidence.CheckpointReachable, got.State)
			assert.Len(t, got.Files, 1, got.FilesReason)
			assert.Equal(t, before, c.files(), "beside objects, nothing is written")
		})
	}
	// a remote of another name, whose reference to the commit has moved on
	moved := r.clone("--depth", "1", "-o", "upstream")
	r.git("update-ref", "refs/pull/1/merge", r.git("commit-tree", "-p", "HEAD", "-m", "a merge", "HEAD^{tree}"))
	moved.git("fetch", "-q", "--depth", "1", "upstream", "refs/pull/1/merge")
	moved.git("checkout", "-q", "--detach", "FETCH_HEAD")
	r.git("update-ref", "-d", "refs/pull/1/merge")
	assert.Equal(t, evidence.CheckpointReachable, moved.verify(checkpoint.Options{Fetch: true}, first).Checkpoints[0].State)
	// where nothing can be fetched, what is there is still verified
	c := r.clone("--depth", "1")
	c.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
	last := r.git("rev-parse", "HEAD")
	got := c.verify(checkpoint.Options{Fetch: true}, first, last)
	assert.Equal(t, "ok", got.State)
	assert.Contains(t, got.Reason, "git fetch")
	assert.Equal(t, evidence.CheckpointUnverifiable, got.Checkpoints[0].State)
	assert.Equal(t, evidence.CheckpointReachable, got.Checkpoints[1].State)
}

// TestFetchPullRequest: a pull request as actions/checkout leaves it.
func TestFetchPullRequest(t *testing.T) {
	r := served(t)
	base := r.git("rev-parse", "HEAD")
	r.git("switch", "-qc", "pr")
	r.write("b", "1")
	work := r.commit("AB-00: work")
	r.write("b", "2")
	head := r.commit("AB-01: more")
	r.git("switch", "-q", "--detach", base)
	r.git("merge", "-q", "--no-ff", "-m", "Merge "+head+" into "+base, head)
	r.git("update-ref", "refs/pull/1/merge", "HEAD")
	r.git("switch", "-q", "main")
	r.git("branch", "-qD", "pr")
	c := r.at(t.TempDir())
	c.git("init", "-q", ".")
	c.git("remote", "add", "origin", "file://"+r.dir)
	c.git("fetch", "-q", "--no-tags", "--depth=1", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge")
	c.git("checkout", "-q", "--detach", "refs/remotes/pull/1/merge")
	got := c.verify(checkpoint.Options{Head: head}, work)
	assert.Equal(t, "unreadable", got.State, "the head itself is not here")
	assert.Contains(t, got.Cure, "fetch-depth: 0")
	got = c.verify(checkpoint.Options{}, work, head)
	assert.Equal(t, evidence.CheckpointUnverifiable, got.Checkpoints[0].State)
	assert.Contains(t, got.Cure, "fetch-depth: 0")
	got = c.verify(checkpoint.Options{Fetch: true}, work, head)
	assert.Equal(t, head, got.Head)
	assert.Equal(t, base, got.Base)
	for _, p := range got.Checkpoints {
		assert.Equal(t, evidence.CheckpointReachable, p.State, p.Reason)
	}
}

func TestReplacementsDoNotCount(t *testing.T) {
	r := served(t)
	first, last := r.git("rev-parse", "HEAD~2"), r.git("rev-parse", "HEAD")
	orphan := r.git("commit-tree", "-m", "AB-07: another", "HEAD^{tree}")
	r.git("replace", last, orphan)
	assert.Equal(t, evidence.CheckpointReachable, r.state(first))
	assert.Equal(t, "AB-00: step 3", r.verify(checkpoint.Options{}, last).Checkpoints[0].Subject)
	r.git("replace", "-d", last)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".git", "info", "grafts"), []byte(last+"\n"), 0o644))
	assert.Equal(t, evidence.CheckpointReachable, r.state(first))
}

// TestSeenBefore: a commit that was part of a branch before it was set back.
func TestSeenBefore(t *testing.T) {
	r := served(t)
	lost, tip := r.git("rev-parse", "HEAD~1"), r.git("rev-parse", "HEAD")
	c := r.clone()
	r.git("reset", "-q", "--hard", "HEAD~2")
	r.write("z", "1")
	r.commit("another way")
	got := r.verify(checkpoint.Options{}, lost).Checkpoints[0]
	assert.Equal(t, evidence.CheckpointUnreachable, got.State)
	assert.NotEmpty(t, got.Once)

	// a force push: the clone's reflog has the former tip, and lost lies under it
	c.git("fetch", "-q", "origin")
	c.git("reset", "-q", "--hard", "origin/main")
	require.NoError(t, os.RemoveAll(filepath.Join(c.dir, ".git", "logs", "HEAD")))
	require.NoError(t, os.RemoveAll(filepath.Join(c.dir, ".git", "logs", "refs", "heads")))
	require.NoError(t, os.Remove(filepath.Join(c.dir, ".git", "ORIG_HEAD")))
	got = c.verify(checkpoint.Options{}, lost).Checkpoints[0]
	assert.Equal(t, evidence.CheckpointUnreachable, got.State)
	assert.Equal(t, "reflog of origin/main", got.Once)

	never := c.git("commit-tree", "-p", tip, "-m", "never on a branch", "HEAD^{tree}")
	assert.Empty(t, c.verify(checkpoint.Options{}, never).Checkpoints[0].Once)
	require.NoError(t, os.RemoveAll(filepath.Join(c.dir, ".git", "logs")))
	assert.Empty(t, c.verify(checkpoint.Options{}, lost).Checkpoints[0].Once)
	assert.Equal(t, "previous run", c.verify(checkpoint.Options{Previous: []string{lost}}, lost).Checkpoints[0].Once)
}

// TestAnotherOwner: a repository of another user, as in a container.
func TestAnotherOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	r := served(t)
	first := r.git("rev-parse", "HEAD~2")
	require.NoError(t, filepath.Walk(r.dir, func(path string, _ os.FileInfo, err error) error {
		require.NoError(t, err)
		return os.Lchown(path, 12345, 12345)
	}))
	_, err := r.try("rev-parse", "HEAD")
	require.Error(t, err, "git alone refuses")
	assert.Equal(t, evidence.CheckpointReachable, r.state(first))
	assert.Equal(t, evidence.WorktreeClean, checkpoint.Status(t.Context(), r.dir, nil).State)
	_, err = checkpoint.Checkout(t.Context(), r.dir, first, filepath.Join(t.TempDir(), "co"))
	assert.NoError(t, err)
}

// TestBrokenHead: where what is checked out cannot be read, the error says what helps.
func TestBrokenHead(t *testing.T) {
	r := served(t)
	c := r.at(filepath.Join(t.TempDir(), "borrower"))
	r.git("clone", "-q", "--shared", r.dir, c.dir)
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, ".git", "objects", "info", "alternates"), []byte("/nowhere/objects\n"), 0o644))
	_, err := checkpoint.Subject(t.Context(), c.dir, nil)
	require.ErrorContains(t, err, "without --shared")
	quoted := `"` + strings.Replace(r.dir, "/", `\057`, 1) + `/.git/objects"`
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, ".git", "objects", "info", "alternates"), []byte(quoted+"\n"), 0o644))
	_, err = checkpoint.Subject(t.Context(), c.dir, nil)
	require.NoError(t, err, "git quotes as C does")
	w := r.at(filepath.Join(t.TempDir(), "linked"))
	r.git("worktree", "add", "-q", "--detach", w.dir)
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, ".git"), []byte("gitdir: /nowhere/.git/worktrees/linked\n"), 0o644))
	_, err = checkpoint.Subject(t.Context(), w.dir, nil)
	require.ErrorContains(t, err, "git worktree repair")
	packs := filepath.Join(r.dir, ".git", "objects", "pack")
	r.write(".git/objects/pack/pack-1.idx", "")
	_, err = checkpoint.Subject(t.Context(), r.dir, nil)
	require.NoError(t, err, "an index of no pack is nothing")
	require.NoError(t, os.WriteFile(filepath.Join(packs, "pack-1.pack"), []byte("PACK"), 0o644))
	_, err = checkpoint.Subject(t.Context(), r.dir, nil)
	require.ErrorContains(t, err, "clone the repository again")
	require.NoError(t, os.Remove(filepath.Join(packs, "pack-1.pack")))
	head := r.git("rev-parse", "HEAD")
	require.NoError(t, os.Remove(filepath.Join(r.dir, ".git", "objects", head[:2], head[2:])))
	_, err = checkpoint.Subject(t.Context(), r.dir, nil)
	require.ErrorContains(t, err, "clone the repository again")
}
