package checkpoint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
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
			assert.Equal(t, "none tidy up", left(changed), "the tracker and the notes do not count")
			r.write("a.go", "2\n")
			r.commit("again")
			assert.Equal(t, "some", left(changed), "it is there again")

			for range 7 {
				assert.Equal(t, `none Revert "AB-02: e"`, left(taken), "however long ago")
				r.git("commit", "-q", "--allow-empty", "-m", "later")
			}
			r.write("h.go", "1\n")
			beside := r.commit("AB-03: h")
			r.git("switch", "-qc", "fix")
			r.git("revert", "--no-edit", beside)
			r.git("switch", "-q", "main")
			r.git("merge", "-q", "--no-ff", "--no-edit", "fix")
			assert.Equal(t, `none Revert "AB-03: h"`, left(beside), "a merge brought it")
			r.write("rollback.go", strings.Repeat("a line\n", 9))
			rollback := r.commit("AB-04: rollback")
			require.NoError(t, os.Mkdir(filepath.Join(r.dir, "db"), 0o755))
			r.git("mv", "rollback.go", "db/rollback.go")
			r.commit("AB-05: rollback has a package of its own, which reverts")
			assert.Equal(t, "some", left(rollback), "it moved, whatever the message says")
			r.write("old.go", "1\n")
			old := r.commit("AB-06: old")
			r.git("rm", "-q", "old.go")
			r.git("commit", "-qm", "AB-07: journals instead of rollback tables\n\nWe may revert this.")
			assert.Equal(t, "some", left(old), "another replaced it")
			r.write("old.go", "1\n")
			old = r.commit("AB-07: old again")
			r.git("rm", "-q", "old.go")
			r.git("commit", "-qm", "fixes (#7)\n\n* one\n* Revert \"AB-07: old again\"")
			assert.Equal(t, "none fixes (#7)", left(old), "a squash says it in its list")
			r.write("docs.md", "1\n")
			r.write("package-lock.json", "1\n")
			docs := r.commit("AB-08: docs")
			r.git("rm", "-q", "package-lock.json")
			r.commit("revert the lock file")
			assert.Equal(t, "some", left(docs), "Markdown is the work here")
			r.write("i.go", "1\n")
			r.write("package-lock.json", "2\n")
			code := r.commit("AB-09: i")
			r.git("rm", "-q", "i.go")
			r.commit("back out AB-09")
			assert.Equal(t, "none back out AB-09", left(code), "the lock file was forgotten")

			r.write(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ./lib\n\tignore = all\n")
			module := func(digit, message string) string {
				r.git("add", ".gitmodules")
				r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat(digit, len(code))+",lib")
				r.git("commit", "-qm", message)
				return r.git("rev-parse", "HEAD")
			}
			module("1", "a module")
			newer := module("2", "AB-10: newer")
			assert.Equal(t, []evidence.FileChange{{Path: "lib", Status: "M"}}, r.verify(checkpoint.Options{}, newer).Checkpoints[0].Files)
			r.git("commit", "-q", "--allow-empty", "-m", "later")
			assert.Equal(t, "some", left(newer), "whatever .gitmodules hides")
			module("1", "the old one")
			assert.Equal(t, "none the old one", left(newer))
		})
	}
}
