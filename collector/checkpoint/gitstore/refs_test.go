package gitstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackedRefs: every one of many packed references is found, and nothing else, in
// files that say that they are sorted and in those that do not.
func TestPackedRefs(t *testing.T) {
	dir := randomHistory(t, 40, 1, rand.New(rand.NewPCG(8, 1)))
	all := hashes(git(t, dir, "", "rev-list", "--all"))
	var b bytes.Buffer
	for i := range 3000 {
		kind := []string{"heads", "tags", "remotes/origin", "pull"}[i%4]
		fmt.Fprintf(&b, "create refs/%s/%s%d %s\n", kind, []string{"", "a-", "a.", "ä/"}[i/4%4], i, all[i%len(all)])
	}
	git(t, dir, b.String(), "update-ref", "--stdin")
	for i := range 20 {
		git(t, dir, "", "-c", "user.name=Ada", "-c", "user.email=a@example.com", "tag", "-m", "one", fmt.Sprint("v", i), all[i].String())
	}
	git(t, dir, "", "pack-refs", "--all")
	want := git(t, dir, "", "for-each-ref", "--format=%(refname) %(objectname)")
	path := dir + "/.git/packed-refs"
	packed, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(packed), " sorted")
	require.Contains(t, string(packed), "\n^")
	for _, data := range [][]byte{packed, bytes.Replace(packed, []byte(" sorted"), nil, 1)} {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		s, err := Open(dir)
		require.NoError(t, err)
		defer s.Close()
		for line := range strings.Lines(want) {
			name, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
			h, err := s.ref(name, 0)
			require.NoError(t, err, name)
			require.Equal(t, hash, h.String(), name)
			for _, other := range []string{name + "0x", name[:len(name)-1] + "!", strings.TrimPrefix(name, "refs")} {
				_, err = s.ref(other, 0)
				assert.ErrorIs(t, err, ErrNotFound, other)
			}
		}
	}
}
