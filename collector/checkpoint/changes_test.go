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
