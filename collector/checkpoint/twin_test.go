package checkpoint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
)

// twinOf gives the twin of a lost commit: how it was found, and its subject.
func (r *repo) twinOf(hash string) string {
	r.t.Helper()
	c := r.verify(checkpoint.Options{}, hash).Checkpoints[0]
	if c.Twin == nil {
		return ""
	}
	require.NotEqual(r.t, "reachable", string(c.State))
	return c.Twin.By + " " + c.Twin.Subject
}

// forked is a repository with a branch "work" that is checked out.
func forked(t *testing.T) *repo {
	r := newRepo(t)
	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, "line %d\n", i)
	}
	r.write("a.txt", lines.String())
	r.commit("start")
	r.git("switch", "-qc", "work")
	return r
}

// TestSquashedBranch: a commit of a branch that was squashed into one is in it, though
// its own patch is in no commit.
func TestSquashedBranch(t *testing.T) {
	r := forked(t)
	r.write("b.go", "1\n")
	first := r.commit("AB-00: b")
	r.git("switch", "-q", "main")
	r.write("z.go", "1\n")
	r.commit("z")
	r.git("switch", "-q", "work")
	r.git("merge", "-q", "--no-edit", "main")
	r.write("c.go", "1\n")
	second := r.commit("AB-01: c")
	r.write("d.go", "1\n")
	taken := r.commit("AB-02: d")
	r.git("revert", "--no-edit", taken)
	r.git("switch", "-q", "main")
	r.write("z.go", "2\n")
	r.commit("z again")
	assert.Empty(t, r.twinOf(first), "not merged yet")
	r.git("merge", "-q", "--squash", "work")
	r.commit("work (#7)")
	for _, cleanUp := range [][]string{{"status"}, {"branch", "-qD", "work"}} { // then the reflog tells
		r.git(cleanUp...)
		assert.Equal(t, "branch work (#7)", r.twinOf(first))
		assert.Equal(t, "branch work (#7)", r.twinOf(second))
		assert.Empty(t, r.twinOf(taken), "the branch took it back")
	}
}

// TestNoTwin: commits that are like the lost one, and do not carry its change.
func TestNoTwin(t *testing.T) {
	r := forked(t)
	empty := r.commit("AB-00: nothing")
	r.git("rm", "-q", "a.txt")
	r.write("b.go", "1\n")
	r.commit("b for a")
	r.write("a.txt", "another\n")
	r.git("rm", "-q", "b.go")
	r.commit("a for b")
	r.git("switch", "-q", "main")
	r.write("c.go", "1\n")
	r.commit("c")
	r.git("switch", "-qc", "back")
	r.git("rm", "-q", "c.go")
	back := r.commit("AB-01: without c")
	r.git("switch", "-q", "main")
	assert.Empty(t, r.twinOf(empty), "the tree of the start, and no change")
	assert.Empty(t, r.twinOf(back), "the tree of the start, which c has left")

	r.git("switch", "-qc", "merging", "work")
	r.git("merge", "-q", "--no-edit", "main")
	assert.Equal(t, "patch c", func() string { h := r.git("rev-parse", "HEAD"); r.git("switch", "-q", "main"); return r.twinOf(h) }(), "what it merged is in the history")
	r.git("switch", "-qc", "picked")
	r.write("d.go", "1\n")
	picked := r.commit("AB-02: d")
	r.git("switch", "-q", "main")
	r.write("e.go", "1\n")
	r.commit("e")
	r.git("cherry-pick", picked)
	assert.Equal(t, "patch AB-02: d", r.twinOf(picked))
	r.git("revert", "--no-edit", "HEAD")
	assert.Empty(t, r.twinOf(picked), "it was taken back")
}
