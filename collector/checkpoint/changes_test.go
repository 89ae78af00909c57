package checkpoint_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
)

func TestContractsAndLostTests(t *testing.T) {
	r := newRepo(t)
	r.write("a_test.go", "package a\n\nfunc TestOne(t *testing.T) { x() }\n\nfunc TestTwo(t *testing.T) { x() }\n\nfunc TestThree(t *testing.T) { x() }\n")
	r.write("b.test.ts", "test('adds', () => {})\ntest('stays', () => {})\n")
	base := r.commit("AB-00: base")
	r.write("a_test.go", "package a\n\nfunc TestTwo(t *testing.T) {\n\tt.Skip(\"later\")\n}\n")
	r.write("moved_test.go", "package a\n\nfunc TestThree(t *testing.T) { x() }\n")
	r.write("b.test.ts", "test.skip('adds', () => {})\ntest('stays', () => {})\n")
	r.write("app.ts", "const a = 1\nuseResourcesAsLegacy()\n")
	r.commit("AB-01: more")
	got := r.verify(checkpoint.Options{Base: base, Contracts: []checkpoint.Contract{{ID: "legacy", Pattern: `useResourcesAsLegacy`, Paths: []string{"**/*.ts"}}}}, base)
	assert.Equal(t, []evidence.Contract{{ID: "legacy", File: "app.ts", Line: 2, Text: "useResourcesAsLegacy()"}}, got.Contracts)
	var lost []string
	for _, c := range got.Tests {
		lost = append(lost, c.Name+" "+c.Kind)
	}
	assert.ElementsMatch(t, []string{"TestOne deleted", "TestTwo skipped", "adds skipped"}, lost)
}

// TestContractsSinceTheChangeBegan: what the base took away meanwhile was not added
// by the change, and a submodule is no text.
func TestContractsSinceTheChangeBegan(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", "old()\nkept()\n")
	start := r.commit("start")
	r.git("switch", "-qc", "pr")
	r.write("b.go", "fine()\n")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+start+",module")
	r.git("add", "b.go")
	r.git("commit", "-q", "-m", "AB-00: work")
	r.git("switch", "-q", "main")
	r.write("a.go", "kept()\n")
	base := r.commit("old goes")
	r.git("switch", "-q", "pr")
	o := checkpoint.Options{Base: base, Contracts: []checkpoint.Contract{{ID: "old", Pattern: `old\(`}}}
	assert.Empty(t, r.verify(o).Contracts)
	r.write("b.go", "fine()\nold()\n")
	r.git("add", "b.go")
	r.git("commit", "-q", "-m", "AB-00: more")
	assert.Equal(t, []evidence.Contract{{ID: "old", File: "b.go", Line: 2, Text: "old()"}}, r.verify(o).Contracts)
}

// TestRenames compares with git's own pairs: moved, moved and edited, copied.
func TestRenames(t *testing.T) {
	r := newRepo(t)
	random := rand.New(rand.NewPCG(1, 9))
	text := func(seed, lines int) string {
		var b strings.Builder
		for i := range lines {
			fmt.Fprintf(&b, "line %d of text %d is %x\n", i, seed, seed*i*7919)
		}
		return b.String()
	}
	for i := range 12 {
		r.write(fmt.Sprintf("old/f%d.txt", i), text(i+1, 20))
	}
	r.commit("start")
	for i := range 12 {
		from, to := fmt.Sprintf("old/f%d.txt", i), fmt.Sprintf("new/g%d.txt", i)
		lines := strings.SplitAfter(text(i+1, 20), "\n")
		for range i { // more and more is edited
			lines[random.IntN(20)] = fmt.Sprintf("edited %d\n", random.Int())
		}
		r.write(to, strings.Join(lines, ""))
		require.NoError(t, os.Remove(filepath.Join(r.dir, from)))
	}
	r.write("new/copy.txt", text(1, 20))
	h := r.commit("AB-00: move")
	var got []string
	for _, f := range r.verify(checkpoint.Options{}, h).Checkpoints[0].Files {
		got = append(got, strings.TrimSpace(f.Status+" "+f.From+" "+f.Path))
	}
	var want []string
	for line := range strings.Lines(r.git("diff-tree", "-r", "-M", "--no-commit-id", "--name-status", h)) {
		fields := strings.Fields(line)
		fields[0] = fields[0][:1]
		want = append(want, strings.Join(fields, " "))
	}
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	assert.ElementsMatch(t, want, got)
	assert.Greater(t, strings.Count(strings.Join(got, "\n"), "R "), 6)
}

// TestContractsCountWhatIsNew: a file that moved adds nothing, and a text with a zero
// byte or in UTF-16 is read. What cannot be told by lines, and holds the pattern, is said
// to be so: bytes that are no text hide nothing.
func TestContractsCountWhatIsNew(t *testing.T) {
	r := newRepo(t)
	r.write("src/a.ts", "legacy(1)\n"+strings.Repeat("a line of its own\n", 9))
	base := r.commit("start")
	o := checkpoint.Options{Base: base, Contracts: []checkpoint.Contract{{ID: "old", Pattern: `legacy\(`, Paths: []string{"*.ts", "data/"}}}}
	r.git("mv", "src/a.ts", "src/b.ts")
	r.write("src/b.ts", "legacy(1)\r\n"+strings.Repeat("a line of its own\r\n", 9)+"// more\r\n")
	r.write("doc/a.md", "legacy(2)\n")
	r.commit("AB-00: move")
	assert.Empty(t, r.verify(o).Contracts)
	r.write("src/c.ts", "// \x00\nlegacy(2)\n")
	r.write("data/picture", "\xff\x00legacy(3)\n")
	r.write("data/other-picture", "\xff\x00\n")
	r.write("data/large-too", strings.Repeat(strings.Repeat("x", 99)+"\n", 90_000))
	r.write("d.ts", "\xff\xfel\x00e\x00g\x00a\x00c\x00y\x00(\x00")
	r.write("data/large", "legacy(4)\n"+strings.Repeat(strings.Repeat("x", 99)+"\n", 90_000))
	r.commit("AB-01: more")
	got := r.verify(o).Contracts
	require.Len(t, got, 4)
	assert.Equal(t, evidence.Contract{ID: "old", File: "d.ts", Line: 1, Text: "legacy("}, got[0])
	assert.Contains(t, got[1].Text, "data/large holds what the contract forbids, and is too large")
	assert.True(t, got[1].Unverifiable)
	assert.Contains(t, got[2].Text, "data/picture holds what the contract forbids, and is no text")
	assert.True(t, got[2].Unverifiable)
	assert.Equal(t, evidence.Contract{ID: "old", File: "src/c.ts", Line: 2, Text: "legacy(2)"}, got[3])
	assert.Empty(t, r.verify(o).Cure, "no clone would show more")
}

// TestContractsAreNamed: the tracker and the policy say what is forbidden; patterns of
// paths may leave out; what another root brings is new.
func TestContractsAreNamed(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "1\n")
	base := r.commit("start")
	for _, name := range []string{"t.md", "ci/verdict.yaml", "docs/a.md", "src/a.ts"} {
		r.write(name, "legacy()\n")
	}
	r.commit("AB-00: all")
	files := func(paths ...string) (list []string) {
		o := checkpoint.Options{Base: base, Policy: "ci/verdict.yaml"}
		for _, pattern := range []string{`legacy\(`, `legacy`} { // in two versions of the policy
			o.Contracts = append(o.Contracts, checkpoint.Contract{ID: "old", Pattern: pattern, Paths: paths})
		}
		for _, c := range r.verify(o).Contracts {
			require.False(t, c.Unverifiable, c.Text)
			list = append(list, c.File)
		}
		return list
	}
	assert.Equal(t, []string{"docs/a.md", "src/a.ts"}, files())
	assert.Equal(t, []string{"src/a.ts"}, files("!docs/**"))
	assert.Equal(t, []string{"src/a.ts"}, files("**/*.{md,ts}", "!docs/"))
	assert.Equal(t, []string{"docs/a.md"}, files("docs/"))
	r.write("src/a.ts", strings.Repeat("legacy()\n", 20_000))
	r.commit("AB-00: many")
	got := r.verify(checkpoint.Options{Base: base, Contracts: []checkpoint.Contract{{ID: "old", Pattern: "legacy", Paths: []string{"src/"}}}}).Contracts
	require.Len(t, got, 1001)
	assert.Equal(t, evidence.Contract{ID: "old", Text: "it forbids more than the 1000 added lines that are listed", Unverifiable: true}, got[1000])
	r.git("switch", "-q", "--orphan", "other")
	r.write("b.ts", "legacy()\n")
	r.commit("AB-00: another root")
	assert.Equal(t, []string{"b.ts"}, files())
}

// TestPartialCloneSaysWhatItCannotSee: without the files, neither lost tests nor
// contracts are known.
func TestPartialCloneSaysWhatItCannotSee(t *testing.T) {
	r := served(t)
	r.write("a_test.go", "package a\n\nfunc TestA(t *testing.T) { t.Fatal() }\n")
	first := r.commit("AB-00: a test")
	r.write("a_test.go", "package a\n")
	r.commit("AB-01: no test")
	c := r.clone("--filter=blob:none")
	o := checkpoint.Options{Base: first, Contracts: []checkpoint.Contract{{ID: "c", Pattern: "x"}}}
	got := c.verify(o, first)
	require.Len(t, got.Tests, 1)
	assert.Equal(t, "unverifiable", got.Tests[0].Kind)
	assert.True(t, got.Contracts[0].Unverifiable)
	assert.Contains(t, got.Cure, "--no-filter")
	o.Fetch = true
	got = c.verify(o, first)
	assert.Empty(t, got.Contracts)
	assert.Equal(t, []evidence.TestChange{{File: "a_test.go", Name: "TestA", Kind: "deleted", Line: 3}}, got.Tests)
}

// TestPartialCloneMayHideMoves: which files moved is known where their content is.
func TestPartialCloneMayHideMoves(t *testing.T) {
	r := served(t)
	text := strings.Repeat("a line\n", 30)
	r.write("old.go", text)
	r.commit("start")
	r.git("mv", "old.go", "new.go")
	r.write("new.go", text+"more\n")
	moved := r.commit("AB-00: move")
	r.write("new.go", "another\n")
	r.commit("later")
	c := r.clone("--filter=blob:none")
	got := c.verify(checkpoint.Options{}, moved)
	assert.Len(t, got.Checkpoints[0].Files, 2)
	assert.Contains(t, got.Checkpoints[0].FilesReason, "moved")
	assert.Contains(t, got.Cure, "--no-filter")
	got = c.verify(checkpoint.Options{Fetch: true}, moved)
	assert.Equal(t, []evidence.FileChange{{Path: "new.go", From: "old.go", Status: "R"}}, got.Checkpoints[0].Files)
	assert.Empty(t, got.Checkpoints[0].FilesReason)

	r.write("b.go", text)
	added := r.commit("AB-01: b")
	r.git("mv", "b.go", "c.go")
	r.write("c.go", text+"more\n")
	r.commit("b is c, and no revert")
	r.write("c.go", "another\n")
	r.commit("later")
	c = r.clone("--filter=blob:none")
	got = c.verify(checkpoint.Options{}, added)
	assert.Equal(t, "unknown", got.Checkpoints[0].Left, "it may have moved")
	assert.Contains(t, got.Cure, "--no-filter")

	r.write("d.go", "legacy()\n"+text)
	base := r.commit("d")
	r.git("mv", "d.go", "e.go")
	r.write("e.go", "legacy()\n"+text+"more\n")
	r.commit("d is e")
	c = r.clone("--filter=blob:none")
	o := checkpoint.Options{Base: base, Contracts: []checkpoint.Contract{{ID: "old", Pattern: "legacy"}}}
	got = c.verify(o)
	require.Len(t, got.Contracts, 1)
	assert.Contains(t, got.Contracts[0].Text, "e.go:1 holds what the contract forbids, and may have moved")
	assert.True(t, got.Contracts[0].Unverifiable)
	assert.Contains(t, got.Cure, "--no-filter")
	o.Fetch = true
	assert.Empty(t, c.verify(o).Contracts, "it did")
}

// TestFoldersThatMove: of more files than are compared with each other, those that kept
// the end of their path are paired, as git pairs them.
func TestFoldersThatMove(t *testing.T) {
	r := newRepo(t)
	write := func(folder, more string) {
		for i := range 150 {
			r.write(fmt.Sprintf("%s/p%d/index.ts", folder, i), strings.Repeat(fmt.Sprintf("of page %d\n", i), 9)+more)
		}
	}
	write("old/src", "")
	r.write("old/gone.ts", "it is gone\n")
	r.commit("start")
	require.NoError(t, os.RemoveAll(filepath.Join(r.dir, "old")))
	write("new/app", "more\n")
	r.write("new/gone.ts", "something else\n")
	h := r.commit("AB-00: move")
	moved := 0
	for _, f := range r.verify(checkpoint.Options{}, h).Checkpoints[0].Files {
		if f.Status == "R" {
			moved++
			assert.Equal(t, strings.Replace(f.Path, "new/app", "old/src", 1), f.From)
		}
	}
	assert.Equal(t, 150, moved)
	assert.Equal(t, 150, strings.Count(r.git("diff-tree", "-r", "-M", "--no-commit-id", "--name-status", h), "R0"))
}
