package gitstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestHostileTrees: a few trees that stand for very many folders are not walked to their
// end, and what cannot be read is not said to be absent.
func TestHostileTrees(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "--bare", ".")
	tree := git(t, dir, "", "mktree")
	for range 10 {
		var entries strings.Builder
		for i := range 10 {
			fmt.Fprintf(&entries, "040000 tree %s\t%s%d\n", tree, strings.Repeat("name", 50), i)
		}
		tree = git(t, dir, entries.String(), "mktree")
	}
	broken := git(t, dir, "100644 a", "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
	s, err := Open(dir)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Diff(plumbing.ZeroHash, plumbing.NewHash(tree))
	require.ErrorIs(t, err, ErrTooLarge)
	_, _, err = s.Entry(plumbing.NewHash(broken), "b")
	require.ErrorIs(t, err, ErrCorrupt)
	h, _, err := s.Entry(plumbing.NewHash(tree), "b")
	require.NoError(t, err)
	assert.True(t, h.IsZero())
}
