package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
)

// TestLeft: what is left of a commit's change at the head, with both engines.
func TestLeft(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			outer := newRepo(t)
			r := outer.at(filepath.Join(t.TempDir(), "r"))
			require.NoError(t, os.Mkdir(r.dir, 0o755))
			r.git("init", "-q", "--object-format="+format, "-b", "main", ".")
			r.write("a.go", "1\n")
			r.write("t.md", "AB-00 todo\n")
			r.write("notes.md", "none\n")
			r.commit("start")
			left := func(hash string) string {
				c := r.verify(checkpoint.Options{}, hash).Checkpoints[0]
				if c.Undone != nil {
					return c.Left + " " + c.Undone.Subject
				}
				return c.Left
			}
			r.write("a.go", "2\n")
			r.write("t.md", "AB-00 done\n")
			r.write("notes.md", "a is 2\n")
			changed := r.commit("AB-00: a")
			assert.Equal(t, "some", left(changed), "at the head")
			r.write("c.go", "1\n")
			added := r.commit("AB-01: c")
			r.git("mv", "c.go", "d.go")
			r.commit("c is d")
			r.write("e.go", "1\n")
			taken := r.commit("AB-02: e")
			assert.Equal(t, "some", left(changed), "it stands")
			assert.Equal(t, "some", left(added), "it moved")

			r.git("revert", "--no-edit", taken)
			assert.Equal(t, `none Revert "AB-02: e"`, left(taken), "only added files")
			r.git("switch", "-qc", "side")
			r.write("a.go", "1\n")
			r.commit("tidy up")
			r.git("switch", "-q", "main")
			r.write("f.go", "1\n")
			r.commit("f")
			assert.Equal(t, "some", left(changed), "on another branch")
			r.git("merge", "-q", "--no-edit", "side")
			assert.Equal(t, "none Merge branch 'side'", left(changed), "the tracker and the notes do not count")
			r.write("a.go", "2\n")
			r.commit("again")
			assert.Equal(t, "some", left(changed), "it is there again")
		})
	}
}
