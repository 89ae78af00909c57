package checkpoint_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// repo is a real repository made with git.
type repo struct {
	t     *testing.T
	dir   string
	clock int
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	r := &repo{t: t, dir: dir}
	r.git("init", "-q", "-b", "main", ".")
	return r
}

func (r *repo) at(dir string) *repo { return &repo{t: r.t, dir: dir, clock: r.clock} }

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	require.NoError(r.t, err, "git %v: %s", args, out)
	return out
}

func (r *repo) try(args ...string) (string, error) {
	r.clock++
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	when := fmt.Sprintf("%d +0000", 1770000000+r.clock)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=Ada",
		"GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=gc.auto", "GIT_CONFIG_VALUE_0=0")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (r *repo) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(r.t, os.WriteFile(path, []byte(text), 0o644))
}

// commit commits everything and returns the full hash.
func (r *repo) commit(message string) string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.git("rev-parse", "HEAD")
}

// packets makes a tracker of packets that record hashes.
func packets(hashes ...string) *tracker.Tracker {
	t := &tracker.Tracker{Path: "t.md"}
	for i, h := range hashes {
		p := tracker.Packet{ID: fmt.Sprintf("AB-%02d", i), Row: &tracker.Row{Status: tracker.StatusDone, ReviewState: tracker.ReviewApproved}}
		if h != "" {
			p.Checkpoints = []tracker.Checkpoint{{Kind: tracker.CheckpointHash, Hash: h}}
		}
		t.Packets = append(t.Packets, p)
	}
	return t
}

func (r *repo) verify(o checkpoint.Options, hashes ...string) evidence.Repository {
	r.t.Helper()
	got, err := checkpoint.Verify(context.Background(), r.dir, []*tracker.Tracker{packets(hashes...)}, o)
	require.NoError(r.t, err)
	return got
}

func (r *repo) state(hash string) evidence.CheckpointState {
	r.t.Helper()
	got := r.verify(checkpoint.Options{}, hash)
	require.Len(r.t, got.Checkpoints, 1)
	return got.Checkpoints[0].State
}

func TestStates(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n")
	first := r.commit("AB-00: first")
	r.git("switch", "-qc", "side")
	r.write("b", "1\n")
	side := r.commit("side")
	r.git("switch", "-q", "main")
	r.write("a", "2\n")
	last := r.commit("AB-01: last")
	r.git("tag", "-a", "v1", "-m", "one", first)
	r.git("branch", "deadbeef", last)

	assert.Equal(t, evidence.CheckpointReachable, r.state(first))
	assert.Equal(t, evidence.CheckpointReachable, r.state(first[:7]))
	assert.Equal(t, evidence.CheckpointReachable, r.state(last[:8]))
	assert.Equal(t, evidence.CheckpointUnreachable, r.state(side[:8]))
	assert.Equal(t, evidence.CheckpointMissing, r.state("deadbeef"), "a branch of that name is no commit of that name")
	assert.Equal(t, evidence.CheckpointMissing, r.state(strings.Repeat("0", 40)))
	assert.Equal(t, evidence.CheckpointMalformed, r.state(r.git("rev-parse", "HEAD^{tree}")))
	assert.Equal(t, evidence.CheckpointMalformed, r.state(r.git("rev-parse", "v1")))
	assert.Equal(t, evidence.CheckpointMalformed, r.state("main"))
	assert.Equal(t, evidence.CheckpointMalformed, r.state("abc"))
	r.git("gc", "-q")
	assert.Equal(t, evidence.CheckpointReachable, r.state(first[:7]), "packed")
	assert.Equal(t, evidence.CheckpointUnreachable, r.state(side[:8]), "packed")
	r.git("checkout", "-q", "--detach", first)
	assert.Equal(t, evidence.CheckpointUnreachable, r.state(last))
}

func TestDescription(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n")
	r.write("old/name.txt", "the same content\n")
	first := r.commit("feat: first\n\nPacket AB-00, before AB-07.")
	r.git("mv", "old/name.txt", "new.txt")
	r.git("rm", "-q", "a")
	r.write("c d", "something else\n")
	second := r.commit("AB-01: second")
	got := r.verify(checkpoint.Options{}, first, second)
	require.Len(t, got.Checkpoints, 2)
	a, b := got.Checkpoints[0], got.Checkpoints[1]
	assert.Equal(t, []string{"AB-00"}, a.Names, "what it comes before is another packet")
	assert.Equal(t, []evidence.FileChange{{Path: "a", Status: "A"}, {Path: "old/name.txt", Status: "A"}}, a.Files)
	assert.Equal(t, []evidence.FileChange{{Path: "a", Status: "D"}, {Path: "c d", Status: "A"}, {Path: "new.txt", Status: "R", From: "old/name.txt"}}, b.Files)
	assert.Equal(t, "AB-01: second", b.Subject)
	assert.Equal(t, []evidence.Relation{{Tracker: "t.md", Earlier: "AB-00", Later: "AB-01", Kind: "ancestor"}}, got.Relations)
	assert.Equal(t, "descendant", r.verify(checkpoint.Options{}, second, first).Relations[0].Kind)
	assert.Equal(t, "same", r.verify(checkpoint.Options{}, first, first).Relations[0].Kind)
}

func TestNaming(t *testing.T) {
	r := newRepo(t)
	r.commit("start")
	h := r.commit("feat(AB-00): it")
	r.commit("AB-001 is another")
	got := r.verify(checkpoint.Options{}, "")
	require.Len(t, got.Naming, 1)
	require.Len(t, got.Naming[0].Commits, 1)
	assert.Equal(t, h, got.Naming[0].Commits[0].Hash)
	assert.True(t, got.Naming[0].Complete)
}

// TestClones: in every kind of clone the answer is right, or 'unverifiable'.
func TestClones(t *testing.T) {
	r := newRepo(t)
	for i := range 6 {
		r.write("f/x.txt", fmt.Sprint(i))
		r.commit(fmt.Sprintf("AB-%02d: step", i))
	}
	old, last := r.git("rev-parse", "HEAD~4"), r.git("rev-parse", "HEAD")
	r.git("config", "uploadpack.allowFilter", "true")
	url := "file://" + r.dir
	clone := func(args ...string) *repo {
		dir := filepath.Join(t.TempDir(), "clone")
		r.git(append(append([]string{"clone", "-q"}, args...), url, dir)...)
		return r.at(dir)
	}
	full := map[string]*repo{"plain": clone(), "blob:none": clone("--filter=blob:none", "--no-checkout"), "tree:0": clone("--filter=tree:0", "--no-checkout"), "bare": clone("--bare"), "shared": r.at(filepath.Join(t.TempDir(), "s"))}
	r.git("clone", "-q", "--shared", r.dir, full["shared"].dir)
	sparse := clone("--sparse")
	sparse.git("sparse-checkout", "set", "f")
	full["sparse"] = sparse
	worktree := r.at(filepath.Join(t.TempDir(), "wt"))
	r.git("worktree", "add", "-q", "--detach", worktree.dir)
	full["linked worktree"] = worktree
	graph := clone()
	graph.git("commit-graph", "write", "--reachable")
	graph.git("repack", "-q", "-a", "-d", "--write-midx")
	full["commit-graph, midx"] = graph
	for name, c := range full {
		t.Run(name, func(t *testing.T) {
			c.t = t
			assert.Equal(t, evidence.CheckpointReachable, c.state(old))
			assert.Equal(t, evidence.CheckpointReachable, c.state(last[:8]))
			assert.Equal(t, evidence.CheckpointMissing, c.state("deadbeefdeadbeef"))
		})
	}
	shallow := clone("--depth", "1")
	got := shallow.verify(checkpoint.Options{}, old, last)
	assert.True(t, got.Shallow)
	assert.Equal(t, evidence.CheckpointUnverifiable, got.Checkpoints[0].State)
	assert.Equal(t, evidence.CheckpointReachable, got.Checkpoints[1].State)
	assert.Nil(t, got.Checkpoints[1].Files, "its parent is not there")
	assert.Contains(t, got.Cure, "fetch-depth: 0")
	deep := shallow.verify(checkpoint.Options{Fetch: true}, old)
	assert.Equal(t, evidence.CheckpointReachable, deep.Checkpoints[0].State)
}

func TestCorruptObjects(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n")
	first := r.commit("AB-00: first")
	r.write("a", "2\n")
	second := r.commit("AB-01: second")
	object := func(h string) string { return filepath.Join(r.dir, ".git", "objects", h[:2], h[2:]) }
	// another commit's bytes under the first one's name
	data, err := os.ReadFile(object(second))
	require.NoError(t, err)
	require.NoError(t, os.Chmod(object(first), 0o644))
	require.NoError(t, os.WriteFile(object(first), data, 0o644))
	assert.Equal(t, evidence.CheckpointUnverifiable, r.state(first))
	require.NoError(t, os.WriteFile(object(first), []byte("no object"), 0o644))
	assert.Equal(t, evidence.CheckpointUnverifiable, r.state(first))
	require.NoError(t, os.Remove(object(first)))
	assert.Equal(t, evidence.CheckpointUnverifiable, r.state(first), "the history is broken where it was")
}

func TestRewritten(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n")
	r.commit("start")
	r.git("switch", "-qc", "work")
	r.write("b", "1\n")
	recorded := r.commit("AB-00: b")
	r.git("switch", "-q", "main")
	r.write("c", "1\n")
	r.commit("meanwhile")
	r.git("cherry-pick", "work")
	twin := r.git("rev-parse", "HEAD")
	got := r.verify(checkpoint.Options{}, recorded).Checkpoints[0]
	assert.Equal(t, evidence.CheckpointUnreachable, got.State)
	require.NotNil(t, got.Twin)
	assert.Equal(t, twin, got.Twin.Hash)
	assert.Empty(t, got.Once, "it is where it always was")
	assert.Contains(t, got.Reason, "it is on work")
	r.git("branch", "-qD", "work")
	assert.Equal(t, "reflog of HEAD", r.verify(checkpoint.Options{}, recorded).Checkpoints[0].Once)
}

// TestTwins: a change is found again under another subject, with another date, and
// beside others' work; another change is not.
func TestTwins(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n2\n3\n4\n")
	r.write("run.sh", "x\n")
	r.commit("start")
	r.git("switch", "-qc", "work")
	r.write("b", "1\n")
	added := r.commit("AB-00: b")
	r.write("a", "4\n3\n2\n1\n")
	turned := r.commit("AB-01: turn")
	r.git("update-index", "--chmod=+x", "run.sh")
	r.git("commit", "-q", "-m", "AB-02: run")
	mode := r.git("rev-parse", "HEAD")
	r.write("d", "1\n")
	nowhere := r.commit("AB-03: d")
	r.git("switch", "-qf", "main")
	r.write("c", "1\n")
	r.commit("meanwhile")
	squashed := func(h, message string) string {
		r.git("cherry-pick", "-n", h)
		r.git("commit", "-q", "-m", message)
		return r.git("rev-parse", "HEAD")
	}
	want := map[string]string{added: squashed(added, "AB-00: b (#12)"), turned: squashed(turned, "Another title (#13)"), mode: squashed(mode, "make it run")}
	r.write("a", "2\n1\n3\n4\n")
	r.commit("AB-01: turn") // another order
	r.write("d", "2\n")
	r.commit("AB-03: d")
	for _, c := range r.verify(checkpoint.Options{}, added, turned, mode, nowhere).Checkpoints {
		twin := ""
		if c.Twin != nil {
			twin = c.Twin.Hash
		}
		assert.Equal(t, want[c.Hash], twin, c.Subject)
	}
}

func TestPullRequestMerge(t *testing.T) {
	r := newRepo(t)
	base := r.commit("base")
	r.git("switch", "-qc", "pr")
	r.write("a", "1\n")
	prHead := r.commit("AB-00: work")
	r.git("switch", "-q", "--detach", "main")
	r.git("merge", "-q", "--no-ff", "-m", "Merge "+prHead+" into "+base, "pr")
	got := r.verify(checkpoint.Options{}, prHead)
	assert.Equal(t, prHead, got.Head)
	assert.Equal(t, base, got.Base)
	assert.Equal(t, evidence.CheckpointReachable, got.Checkpoints[0].State)
}

// TestAgainstGit compares a random history with git itself: which commits are
// ancestors, what they change, how two stand to each other.
func TestAgainstGit(t *testing.T) {
	r := newRepo(t)
	random := rand.New(rand.NewPCG(7, 8))
	var b strings.Builder
	const n = 400
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "commit refs/heads/b%d\nmark :%d\ncommitter Ada <a@example.com> %d +0000\ndata <<.\nstep %d\n.\n", random.IntN(4), i, 1770000000+random.IntN(100000), i)
		if i > 1 {
			fmt.Fprintf(&b, "from :%d\n", max(1, i-1-random.IntN(min(i, 20))))
			if random.IntN(5) == 0 && i > 3 {
				fmt.Fprintf(&b, "merge :%d\n", 1+random.IntN(i-2))
			}
		}
		fmt.Fprintf(&b, "M 100644 inline d%d/f%d\ndata <<.\n%d\n.\n", random.IntN(5), random.IntN(9), i)
	}
	fmt.Fprintf(&b, "reset refs/heads/main\nfrom :%d\n", n)
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(b.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	r.git("reset", "-q", "--hard")
	all := strings.Fields(r.git("rev-list", "--all"))
	reachable := map[string]bool{}
	for _, h := range strings.Fields(r.git("rev-list", "HEAD")) {
		reachable[h] = true
	}
	got := r.verify(checkpoint.Options{}, all...)
	require.Len(t, got.Checkpoints, len(all))
	for i, c := range got.Checkpoints {
		want := evidence.CheckpointUnreachable
		if reachable[c.Hash] {
			want = evidence.CheckpointReachable
		}
		assert.Equal(t, want, c.State, c.Hash)
		if i%20 == 0 {
			var files []string
			for _, f := range c.Files {
				files = append(files, f.Path)
			}
			before := c.Hash + "^1"
			if c.Parents == 0 {
				before = "4b825dc642cb6eb9a060e54bf8d69288fbee4904" // the empty tree
			}
			assert.ElementsMatch(t, strings.Fields(r.git("diff-tree", "-r", "--no-renames", "--name-only", before, c.Hash)), files)
		}
	}
	index := map[string]string{}
	for _, c := range got.Checkpoints {
		index[c.Packet] = c.Hash
	}
	for i, rel := range got.Relations {
		if i%15 != 0 {
			continue
		}
		_, err := r.try("merge-base", "--is-ancestor", index[rel.Earlier], index[rel.Later])
		assert.Equal(t, err == nil, rel.Kind == "ancestor" || rel.Kind == "same", "%v", rel)
	}
}

func TestStatusAgreesWithGit(t *testing.T) {
	r := newRepo(t)
	r.write(".gitignore", "ignored/\n*.out\n")
	r.write("a.go", "1\n")
	r.write("t.md", "1\n")
	r.commit("start")
	status := func() evidence.Worktree {
		return checkpoint.Status(context.Background(), r.dir, []string{"t.md", ".verdict/"})
	}
	assert.Equal(t, evidence.WorktreeClean, status().State)
	r.write("ignored/x", "1\n")
	r.write("x.out", "1\n")
	r.write("t.md", "2\n")
	r.write(".verdict/x", "1\n")
	assert.Equal(t, evidence.WorktreeClean, status().State, "the tracker and what git ignores do not count")
	r.write("a.go", "2\n")
	r.write("b c.go", "1\n")
	r.git("add", "a.go")
	got := status()
	assert.Equal(t, evidence.WorktreeDirty, got.State)
	assert.Equal(t, []evidence.FileChange{{Path: "a.go", Status: "M"}, {Path: "b c.go", Status: "?"}}, got.Changes)
	assert.Contains(t, got.Engine, "git")
}

func TestCheckoutAndReadFile(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1\n")
	first := r.commit("first")
	r.write("a", "2\n")
	r.commit("second")
	before := r.git("status", "--porcelain")
	data, commit, err := checkpoint.ReadFile(r.dir, "HEAD~1", "a")
	require.NoError(t, err)
	assert.Equal(t, "1\n", string(data))
	assert.Equal(t, first, commit)
	_, _, err = checkpoint.ReadFile(r.dir, "main", "nosuch")
	assert.ErrorIs(t, err, os.ErrNotExist)
	dir := filepath.Join(t.TempDir(), "co")
	commit, err = checkpoint.Checkout(context.Background(), r.dir, "HEAD^", dir)
	require.NoError(t, err)
	assert.Equal(t, first, commit)
	content, err := os.ReadFile(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Equal(t, "1\n", string(content))
	assert.Equal(t, first, r.at(dir).git("rev-parse", "HEAD"))
	assert.Equal(t, before, r.git("status", "--porcelain"))
}

func TestSubject(t *testing.T) {
	r := newRepo(t)
	_, err := checkpoint.Subject(context.Background(), r.dir, nil)
	assert.ErrorIs(t, err, checkpoint.ErrNoCommit)
	h := r.commit("start")
	r.git("remote", "add", "origin", "git@github.com:ada/calc.git")
	s, err := checkpoint.Subject(context.Background(), filepath.Join(r.dir), nil)
	require.NoError(t, err)
	assert.Equal(t, h, s.Commit)
	assert.Equal(t, "main", s.Branch)
	assert.Equal(t, "https://github.com/ada/calc", s.Remote)
	_, err = checkpoint.FindRoot(t.TempDir())
	assert.ErrorIs(t, err, checkpoint.ErrNoRepository)
}
