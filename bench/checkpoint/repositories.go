package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// git runs git in a folder, away from the user's configuration, and gives what it
// prints.
func git(dir, input string, args ...string) (string, error) {
	cmd := gitCommand(dir, input, args...)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args[:min(3, len(args))], " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

func gitCommand(dir, input string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	if input != "" {
		cmd.Stdin = strings.NewReader(input)
	}
	return cmd
}

func makeRepositories(plain, graph, files, tests string, commits int) error {
	if err := os.MkdirAll(plain, 0o755); err != nil {
		return err
	}
	if _, err := git(plain, "", "init", "-q", "--bare", "-b", "main", "."); err != nil {
		return err
	}
	if err := importHistory(plain, commits); err != nil {
		return err
	}
	steps := []struct {
		dir  string
		args []string
	}{
		{plain, []string{"repack", "-adfq", "--depth=50", "--window=5"}},
		{filepath.Dir(graph), []string{"clone", "-q", "--mirror", plain, graph}},
		{graph, []string{"commit-graph", "write", "--reachable", "--changed-paths"}},
	}
	for _, s := range steps {
		if _, err := git(s.dir, "", s.args...); err != nil {
			return err
		}
	}
	if err := makeWorkTree(files); err != nil {
		return err
	}
	return makeTests(tests)
}

// testFiles is how many files of tests makeTests makes.
const testFiles = 2000

// makeTests makes two commits of files of tests, half of them Go and half TypeScript;
// the second changes one of twenty tests in each, and takes one away.
func makeTests(dir string) error {
	var in strings.Builder
	for version := range 2 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0200\ndata 1\nx\n", 1300000000+version)
		for file := range testFiles {
			text, name, test := "package a\n", "a%d_test.go", "\nfunc TestPart%dOf%d(t *testing.T) {\n\tif got := part(%d); got != %d {\n\t\tt.Fatal(got)\n\t}\n}\n"
			if file%2 == 1 {
				text, name, test = "import { expect, test } from 'vitest'\n", "a%d.test.ts", "\ntest('part %d of %d', () => {\n  const got = part(%d)\n  expect(got).toBe(%d)\n})\n"
			}
			for n := range 20 - version {
				text += fmt.Sprintf(test, n, file, n, n+version*(n/18))
			}
			fmt.Fprintf(&in, "M 100644 inline d%d/"+name+"\ndata %d\n%s\n", file%50, file, len(text), text)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if _, err := git(dir, "", "init", "-q", "--bare", "-b", "main", "."); err != nil {
		return err
	}
	_, err := git(dir, in.String(), "fast-import", "--quiet")
	return err
}

// importHistory makes a history of branches that are merged into main; one branch
// in twenty goes to another line instead.
func importHistory(dir string, commits int) error {
	cmd := gitCommand(dir, "", "fast-import", "--quiet", "--force", "--depth=10")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	h := &historian{w: w, random: rand.New(rand.NewPCG(1, 2))}
	h.commit("main", 0, 0)
	for h.mark < commits {
		base, line := h.recent(), "main"
		if h.random.IntN(20) == 0 && h.mark > 100 {
			line = "other"
		}
		tip := base
		for range 1 + h.random.IntN(5) {
			tip = h.commit("work", tip, 0)
		}
		h.commit(line, h.tips[line], tip)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	in.Close()
	return cmd.Wait()
}

// historian writes commits for git fast-import.
type historian struct {
	w      io.Writer
	random *rand.Rand
	mark   int
	main   []int // the commits of main
	tips   map[string]int
}

// recent picks one of the newest commits of main.
func (h *historian) recent() int {
	return h.main[len(h.main)-1-h.random.IntN(min(30, len(h.main)))]
}

const words = "change the way that balances are read so a cache which is stale cannot win over the ledger and tests say what happens when both are asked at once for money"

func (h *historian) text(n int) string {
	list := strings.Fields(words)
	var b strings.Builder
	for i := range n {
		b.WriteString(list[h.random.IntN(len(list))])
		b.WriteByte(" \n"[min(1, (i+1)%12/11)])
	}
	return b.String()
}

func (h *historian) commit(branch string, parent, merged int) int {
	h.mark++
	message := fmt.Sprintf("packet %d: %s\n\n%s", h.mark%1000, h.text(5), h.text(20+h.random.IntN(20)))
	when := 1300000000 + h.mark*1800 + h.random.IntN(5000)
	fmt.Fprintf(h.w, "commit refs/heads/%s\nmark :%d\nauthor Ada %d <ada@example.com> %d +0200\ncommitter Ada <ada@example.com> %d +0200\ndata %d\n%s\n", branch, h.mark, h.mark%97, when-h.random.IntN(9000), when, len(message), message)
	if parent > 0 {
		fmt.Fprintf(h.w, "from :%d\n", parent)
	}
	if merged > 0 {
		fmt.Fprintf(h.w, "merge :%d\n", merged)
	}
	changed := 1 + h.random.IntN(3)
	if parent == 0 {
		changed = 1500
	}
	for i := range changed {
		n := h.random.IntN(1500)
		if parent == 0 {
			n = i
		}
		content := fmt.Sprintf("file %d\n%s%d\n%s", n, strings.Repeat("a line that stays as it is\n", 20), h.mark, h.text(30))
		fmt.Fprintf(h.w, "M 100644 inline src/area%d/part%d/file%d.go\ndata %d\n%s\n", n%15, n/15%10, n, len(content), content)
	}
	if h.tips == nil {
		h.tips = map[string]int{}
	}
	if branch == "main" {
		h.main = append(h.main, h.mark)
	}
	h.tips[branch] = h.mark
	return h.mark
}

// makeWorkTree makes 10,000 files that are committed and 20,000 that are ignored.
func makeWorkTree(dir string) error {
	write := func(name, text string) error {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(text), 0o644)
	}
	if err := write(".gitignore", "node_modules/\n*.o\n"); err != nil {
		return err
	}
	for i := range 10_000 {
		if err := write(fmt.Sprintf("src/d%d/f%d.txt", i%200, i), fmt.Sprint(i)); err != nil {
			return err
		}
	}
	for i := range 20_000 {
		name := fmt.Sprintf("node_modules/m%d/f%d.js", i%300, i)
		if i%4 == 0 {
			name = fmt.Sprintf("src/d%d/f%d.o", i%200, i)
		}
		if err := write(name, "x"); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main", "."}, {"add", "-A"}, {"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "start"}} {
		if _, err := git(dir, "", args...); err != nil {
			return err
		}
	}
	return nil
}
