package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// TestSubjects: subject and author are what git tells, whatever the encoding and the
// lines of the message.
func TestSubjects(t *testing.T) {
	r := newRepo(t)
	message := filepath.Join(t.TempDir(), "message")
	commit := func(encoding, text, author string) string {
		require.NoError(t, os.WriteFile(message, []byte(text), 0o644))
		r.git("-c", "i18n.commitEncoding="+encoding, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "--author="+author+" <j@example.com>", "-F", message)
		return r.git("rev-parse", "HEAD")
	}
	latin, err := charmap.ISO8859_1.NewEncoder().String("AB-00: Grüße\n\nfür AB-00")
	require.NoError(t, err)
	jürgen, err := charmap.ISO8859_1.NewEncoder().String("Jürgen")
	require.NoError(t, err)
	kanji, err := japanese.ShiftJIS.NewEncoder().String("AB-00: 日本語の表")
	require.NoError(t, err)
	for _, h := range []string{
		commit("ISO-8859-1", latin, jürgen),
		commit("Shift_JIS", kanji, "Jo"),
		commit("UTF-8", "AB-00: ünïcode", "Jürgen"),
		commit("UTF-8", "\n\nAB-00: a long subject  \nthat goes on\n\nbody", "Jo"),
		commit("UTF-8", "AB-00: by lines\r\nof another system\r\n\r\nbody\r\n", "Jo"),
	} {
		got := r.verify(checkpoint.Options{}, h).Checkpoints[0]
		assert.Equal(t, r.git("log", "-1", "--format=%s", h), got.Subject)
		assert.Equal(t, r.git("log", "-1", "--format=%an", h), got.Author)
		assert.Equal(t, []string{"AB-00"}, got.Names)
	}
	unknown := commit("klingon", latin, "Jo")
	assert.Equal(t, "AB-00: Gr\ufffde", r.verify(checkpoint.Options{}, unknown).Checkpoints[0].Subject)
	named := r.verify(checkpoint.Options{}, "").Naming[0].Commits
	assert.Equal(t, "AB-00: Grüße", named[len(named)-1].Subject, "of the commits that name a packet, too")
}

// ofPackets makes a tracker of packets that are done, the first with a hash.
func ofPackets(hash string, ids ...string) *tracker.Tracker {
	t := &tracker.Tracker{Path: "t.md"}
	for i, id := range ids {
		p := tracker.Packet{ID: id, Row: &tracker.Row{Status: tracker.StatusDone, ReviewState: tracker.ReviewApproved}}
		if i == 0 {
			p.Checkpoints = []tracker.Checkpoint{{Kind: tracker.CheckpointHash, Hash: hash}}
		}
		t.Packets = append(t.Packets, p)
	}
	return t
}

// TestNames: whose work a message says that it is, in the forms that ids have.
func TestNames(t *testing.T) {
	r := newRepo(t)
	for _, c := range []struct {
		ids     []string
		message string
		names   []string
	}{
		{[]string{"AB-1", "AB-10"}, "AB-10: it", []string{"AB-10"}},
		{[]string{"W6-P01", "W6-P02"}, "W6-P02: it", []string{"W6-P02"}},
		{[]string{"REL-A-01", "REL-A-02"}, "feat(REL-A-02): it", []string{"REL-A-02"}},
		{[]string{"REL-A-01", "REL-A-02"}, "A-02 is something else", nil},
		{[]string{"1", "2"}, "packet 2: it, in 1 step", []string{"2"}},
		{[]string{"v6.1", "v6.2"}, "v6.2: it", []string{"v6.2"}},
		{[]string{"AB-01", "AB-02"}, "limits\n\nDepends on AB-01.", nil},
		{[]string{"AB-01", "AB-02"}, "AB-02: limits, after AB-01, AB-03 and AB-04", []string{"AB-02"}},
		{[]string{"AB-01", "AB-02"}, "AB-01: again, after AB-01", []string{"AB-01"}},
		{[]string{"AB-01", "AB-02"}, "limits, based on a list; AB-01", []string{"AB-01"}},
		{[]string{"AB-01", "AB-02"}, "before lunch: AB-01", []string{"AB-01"}},
	} {
		h := r.commit(c.message)
		got, err := checkpoint.Verify(t.Context(), r.dir, []*tracker.Tracker{ofPackets(h, c.ids...)}, checkpoint.Options{})
		require.NoError(t, err)
		assert.Equal(t, c.names, got.Checkpoints[0].Names, c.message)
	}
}

// TestNamedByWork: a commit that only records a packet is not the one that holds it.
func TestNamedByWork(t *testing.T) {
	r := newRepo(t)
	r.write("t.md", "1\n")
	recorded := r.commit("AB-00: on the board")
	named := func() (hashes []string) {
		for _, c := range r.verify(checkpoint.Options{}, "").Naming[0].Commits {
			hashes = append(hashes, c.Hash)
		}
		return hashes
	}
	assert.Equal(t, []string{recorded}, named(), "there is no other")
	r.write("a.go", "1\n")
	r.write("t.md", "2\n")
	work := r.commit("AB-00: it")
	r.write("t.md", "3\n")
	r.commit("docs(AB-00): approved")
	assert.Equal(t, []string{work}, named())
	r.write("b.go", "1\n")
	more := r.commit("AB-00: more")
	assert.Equal(t, []string{more, work}, named())
	assert.Equal(t, evidence.CheckpointReachable, r.state(work))
}

// TestNamedBeside: what says that it is needed for a packet may be its work, where no
// other commit is; another packet's commit is not.
func TestNamedBeside(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepo(t).at(t.TempDir())
		r.git("init", "-q", "--object-format="+format, "-b", "main", ".")
		named := func() (subjects []string) {
			for _, c := range r.verify(checkpoint.Options{}, "").Naming[0].Commits {
				subjects = append(subjects, c.Subject)
			}
			return subjects
		}
		r.commit("AB-07: what unblocks AB-00")
		assert.Empty(t, named())
		r.commit("checks that are needed for AB-00")
		assert.Equal(t, []string{"checks that are needed for AB-00"}, named())
		r.commit("AB-00: it")
		assert.Equal(t, []string{"AB-00: it"}, named())
	}
}

// TestDependenciesOverOthers: a packet without a commit stands for what it depends on.
func TestDependenciesOverOthers(t *testing.T) {
	r := newRepo(t)
	first, second := r.commit("AB-01: first"), r.commit("AB-02: second")
	tr := packets(second, "", r.commit("AB-03: third"), first)
	tr.Packets[1].DependsOn, tr.Packets[3].DependsOn = []string{"AB-00", "AB-01"}, []string{"AB-01"}
	got, err := checkpoint.Verify(t.Context(), r.dir, []*tracker.Tracker{tr}, checkpoint.Options{})
	require.NoError(t, err)
	assert.Contains(t, got.Relations, evidence.Relation{Tracker: "t.md", Earlier: "AB-00", Later: "AB-03", Kind: "descendant"})
}
