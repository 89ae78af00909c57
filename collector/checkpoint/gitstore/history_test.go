package gitstore

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func git(t *testing.T, dir string, input string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// randomHistory makes a repository with several lines, merges of up to four
// parents and dates that lie. lies is how far, in seconds.
func randomHistory(t *testing.T, commits, lies int, random *rand.Rand) string {
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main", ".")
	var b bytes.Buffer
	for i := 1; i <= commits; i++ {
		fmt.Fprintf(&b, "commit refs/heads/b%d\nmark :%d\ncommitter Ada <a@example.com> %d +0000\ndata <<.\nstep %d\n.\n", random.IntN(6), i, 1770000000+i*60+random.IntN(lies), i)
		if i > 1 {
			fmt.Fprintf(&b, "from :%d\n", max(1, i-1-random.IntN(min(i, 12))))
			for range []int{0, 0, 0, 1, 3}[random.IntN(5)] {
				fmt.Fprintf(&b, "merge :%d\n", 1+random.IntN(i-1))
			}
		}
		fmt.Fprintf(&b, "M 100644 inline d%d/f%d\ndata <<.\n%d\n.\n", random.IntN(5), random.IntN(9), i)
	}
	fmt.Fprintf(&b, "reset refs/heads/main\nfrom :%d\n", commits-1)
	git(t, dir, b.String(), "fast-import", "--quiet", "--force")
	return dir
}

// TestHistory compares walks with git: with and without a commit-graph, whole and
// in layers, with true and with false dates, to all commits at once and to one.
func TestHistory(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, lies := range []int{1, 2_000_000} {
		dir := randomHistory(t, 1500, lies, random)
		all := hashes(git(t, dir, "", "rev-list", "--all"))
		reachable := map[plumbing.Hash]bool{}
		for _, h := range hashes(git(t, dir, "", "rev-list", "HEAD")) {
			reachable[h] = true
		}
		require.NotEqual(t, len(all), len(reachable))
		for _, graph := range []string{"none", "one", "layers"} {
			switch graph {
			case "one":
				git(t, dir, "", "commit-graph", "write", "--reachable", "--changed-paths")
			case "layers":
				require.NoError(t, os.Remove(dir+"/.git/objects/info/commit-graph"))
				git(t, dir, strings.Join(strs(all[len(all)-300:]), "\n"), "commit-graph", "write", "--stdin-commits", "--split=no-merge")
				git(t, dir, "", "commit-graph", "write", "--reachable", "--split=no-merge")
			}
			t.Run(fmt.Sprintf("lies %d, graph %s", lies, graph), func(t *testing.T) {
				s, err := Open(dir)
				require.NoError(t, err)
				defer s.Close()
				head, _, err := s.Head()
				require.NoError(t, err)
				for _, asked := range []Asked{{}, {Graph: true}} {
					w := s.History(head, asked)
					w.Seek(all)
					assert.Equal(t, graph != "none" && asked.Graph, w.Graph() > 0)
					for _, h := range all {
						assert.Equal(t, reachable[h], w.Has(h), h)
					}
					for range 40 {
						h := all[random.IntN(len(all))]
						w := s.History(head, asked)
						w.Seek([]plumbing.Hash{h})
						assert.Equal(t, reachable[h], w.Has(h), h)
					}
					compareWithGit(t, s, dir, all, asked, random)
				}
			})
		}
	}
}

// compareWithGit asks git how pairs of commits stand to each other.
func compareWithGit(t *testing.T, s *Store, dir string, all []plumbing.Hash, asked Asked, random *rand.Rand) {
	w := s.History(all[0], asked)
	w.Finish()
	reached := all[:0:0]
	for _, h := range all {
		if w.Has(h) {
			reached = append(reached, h)
		}
	}
	var pairs []Pair
	for range 50 {
		i := random.IntN(len(reached))
		pairs = append(pairs, Pair{reached[i], reached[max(0, min(len(reached)-1, i+random.IntN(60)-30))]})
	}
	w = s.History(all[0], asked)
	w.Seek(pairHashes(pairs))
	within := func(a, b plumbing.Hash) bool {
		cmd := exec.Command("git", "merge-base", "--is-ancestor", a.String(), b.String())
		cmd.Dir = dir
		return cmd.Run() == nil
	}
	for i, order := range w.Settle(pairs, math.MaxInt) {
		p, want := pairs[i], Aside
		switch {
		case p.First == p.Second:
			want = Same
		case within(p.First, p.Second):
			want = Before
		case within(p.Second, p.First):
			want = After
		}
		assert.Equal(t, want, order, "%v", p)
	}
}

func pairHashes(pairs []Pair) (all []plumbing.Hash) {
	for _, p := range pairs {
		all = append(all, p.First, p.Second)
	}
	return all
}

func hashes(list string) (all []plumbing.Hash) {
	for _, h := range strings.Fields(list) {
		all = append(all, plumbing.NewHash(h))
	}
	return all
}

func strs(all []plumbing.Hash) (list []string) {
	for _, h := range all {
		list = append(list, h.String())
	}
	return list
}

// TestEarlyEnd: what is certain early ends the walk early.
func TestEarlyEnd(t *testing.T) {
	dir := randomHistory(t, 3000, 1, rand.New(rand.NewPCG(7, 8)))
	git(t, dir, "commit refs/heads/aside\ncommitter Ada <a@example.com> 1790000000 +0000\ndata 1\nx\nfrom refs/heads/main~3\n", "fast-import", "--quiet")
	s, err := Open(dir)
	require.NoError(t, err)
	defer s.Close()
	head, _, err := s.Head()
	require.NoError(t, err)
	aside, err := s.Resolve("aside")
	require.NoError(t, err)
	w := s.History(head, Asked{})
	w.Seek([]plumbing.Hash{aside})
	assert.False(t, w.Has(aside))
	assert.Less(t, w.Len(), 1500)
	w.Until(time.Unix(0, 0))
	assert.True(t, w.Done())
}

// TestSideBySide: that commits of two branches stand side by side is certain long before
// the walk by date comes to where they left.
func TestSideBySide(t *testing.T) {
	const merges, topic = 600, 6
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main", ".")
	var b bytes.Buffer
	mark := 0
	commit := func(branch string, parents ...int) int {
		mark++
		fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\ncommitter Ada <a@example.com> %d +0000\ndata 2\nx\n", branch, mark, 1770000000+mark*60)
		for i, p := range parents {
			fmt.Fprintf(&b, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], p)
		}
		return mark
	}
	main := []int{commit("main")}
	tip := func() int { return main[len(main)-1] }
	for range merges {
		at := tip()
		for range topic {
			at = commit("topic", at)
		}
		main = append(main, commit("main", tip(), at))
	}
	early := commit("early", main[10])
	late := commit("late", main[15])
	main = append(main, commit("main", tip(), late))
	main = append(main, commit("main", tip(), early))
	git(t, dir, b.String(), "fast-import", "--quiet", "--force")
	s, err := Open(dir)
	require.NoError(t, err)
	defer s.Close()
	named := func(rev string) plumbing.Hash {
		h, err := s.Resolve(rev)
		require.NoError(t, err)
		return h
	}
	pair := Pair{named("early"), named("late")}
	w := s.History(named("main"), Asked{})
	w.Seek(pairHashes([]Pair{pair}))
	assert.Equal(t, []Order{Aside}, w.Settle([]Pair{pair}, math.MaxInt))
	assert.Less(t, w.Read, mark/2)
}

// TestSimilar: the commits that may carry a lost one's change are the same with and
// without a commit-graph, and with one that knows half of the history.
func TestSimilar(t *testing.T) {
	dir := randomHistory(t, 1000, 2_000_000, rand.New(rand.NewPCG(2, 3)))
	reachable := hashes(git(t, dir, "", "rev-list", "HEAD"))
	lost := hashes(git(t, dir, "", "rev-list", "--all", "^HEAD"))
	twin := git(t, dir, "", "-c", "user.name=Ada", "-c", "user.email=a@example.com", "commit-tree", "-m", "other words", "-p", reachable[0].String(), reachable[40].String()+"^{tree}")
	lost = append(lost, plumbing.NewHash(twin))
	require.Greater(t, len(lost), 5)
	for _, graph := range []string{"", reachable[len(reachable)/2].String(), reachable[0].String()} {
		if graph != "" {
			git(t, dir, graph+"\n", "commit-graph", "write", "--stdin-commits")
		}
		s, err := Open(dir)
		require.NoError(t, err)
		defer s.Close()
		for _, h := range lost {
			c, err := s.Commit(h)
			require.NoError(t, err)
			c.Authored = time.Unix(1770000000, 0)
			w := s.History(reachable[0], Asked{Graph: true})
			assert.Equal(t, graph != "", w.InGraph())
			got := w.Similar(c)
			assert.ElementsMatch(t, s.History(reachable[0], Asked{}).Similar(c), got)
			if h.String() == twin {
				assert.Equal(t, reachable[40], got[0])
			}
		}
	}
}

// TestPatch: what deltas make is what go-git makes of them, and what is broken is an
// error.
func TestPatch(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 7))
	for range 300 {
		base := make([]byte, 1+random.IntN(3000))
		for i := range base {
			base[i] = "abcdefgh\n"[random.IntN(9)]
		}
		var target []byte
		for range random.IntN(20) {
			from := random.IntN(len(base))
			target = append(append(target, base[from:from+random.IntN(len(base)-from+1)]...), "new"...)
		}
		delta := packfile.DiffDelta(base, target)
		want, err := packfile.PatchDelta(base, delta)
		require.NoError(t, err)
		got, err := patch(base, delta)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
		for range 20 {
			broken := slices.Clone(delta[:random.IntN(len(delta)+1)])
			if len(broken) > 0 {
				broken[random.IntN(len(broken))] ^= byte(1 << random.IntN(8))
			}
			got, err := patch(base, broken)
			if want, wrong := packfile.PatchDelta(base, broken); wrong == nil && err == nil {
				assert.Equal(t, want, got)
			}
		}
	}
}

// TestBrokenGraph: a commit-graph that is cut, or contradicts itself, is not used.
func TestBrokenGraph(t *testing.T) {
	dir := randomHistory(t, 900, 1, rand.New(rand.NewPCG(9, 9)))
	git(t, dir, "", "commit-graph", "write", "--reachable")
	path := dir + "/.git/objects/info/commit-graph"
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o644))
	all := hashes(git(t, dir, "", "rev-list", "--all"))
	reachable := hashes(git(t, dir, "", "-c", "core.commitGraph=false", "rev-list", "HEAD"))
	check := func(name string, data []byte, used bool) {
		require.NoError(t, os.WriteFile(path, data, 0o644))
		s, err := Open(dir)
		require.NoError(t, err)
		defer s.Close()
		head, _, err := s.Head()
		require.NoError(t, err)
		w := s.History(head, Asked{Graph: true})
		w.Seek(all)
		assert.Equal(t, used, w.InGraph(), name)
		for _, h := range all {
			assert.Equal(t, slices.Contains(reachable, h), w.Has(h), "%s: %s", name, h)
		}
		w = s.History(head, Asked{Graph: true})
		w.Finish()
		assert.Equal(t, len(reachable), w.Len(), name)
		assert.NoError(t, w.Broken(), name)
	}
	check("whole", whole, true)
	check("cut", whole[:len(whole)-700], false)
	at := bytes.Index(whole, []byte("CDAT"))
	table := int(big.Uint64(whole[at+4:]))
	for name, forge := range map[string]func(commit []byte, i int){
		"parent not there": func(c []byte, _ int) { big.PutUint32(c[hashSize:], 1<<20) },
		"own parent":       func(c []byte, i int) { big.PutUint32(c[hashSize:], uint32(i)) },
		"no levels":        func(c []byte, _ int) { big.PutUint32(c[hashSize+8:], big.Uint32(c[hashSize+8:])&3) },
	} {
		data := slices.Clone(whole)
		for i := range all {
			if c := data[table+i*commitSize:]; big.Uint32(c[hashSize:]) != noParent {
				forge(c, i)
			}
		}
		check(name, data, false)
	}
	git(t, dir, "", "config", "core.commitGraph", "false")
	check("off", whole, false)
}
