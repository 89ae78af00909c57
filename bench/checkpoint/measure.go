package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/tracker"
)

// measured does one piece of work in a process of its own, on the hashes of its
// standard input, and prints its peak memory in KiB and the CPU time that the work
// took, without the start of the process, in microseconds.
func measured(work, repo string) error {
	var hashes []string
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		hashes = append(hashes, in.Text())
	}
	var err error
	before := cpuTime()
	switch work {
	case "verify":
		t := &tracker.Tracker{Path: "t.md"}
		for i, h := range hashes {
			t.Packets = append(t.Packets, tracker.Packet{ID: fmt.Sprintf("AB-%d", i), Checkpoints: []tracker.Checkpoint{{Kind: tracker.CheckpointHash, Hash: h}}})
		}
		_, err = checkpoint.Verify(context.Background(), repo, []*tracker.Tracker{t}, checkpoint.Options{})
	case "status":
		checkpoint.Status(context.Background(), repo, nil)
	default:
		err = objects(work, repo, hashes)
	}
	fmt.Println(peakMemory(), (cpuTime() - before).Microseconds())
	return err
}

// objects does work on the objects alone.
func objects(work, repo string, hashes []string) error {
	s, err := gitstore.Open(repo)
	if err != nil {
		return err
	}
	defer s.Close()
	head, _, err := s.Head()
	if err != nil {
		return err
	}
	switch work {
	case "walk":
		s.History(head, gitstore.Asked{}).Seek(fullHashes(hashes))
	case "reach":
		w, wanted := s.History(head, gitstore.Asked{Graph: true}), fullHashes(hashes)
		w.Seek(wanted)
		for _, h := range wanted {
			if !w.Has(h) {
				return fmt.Errorf("%s is not reached", h)
			}
		}
	case "short":
		for _, h := range hashes {
			if _, err := s.Candidates(h); err != nil {
				return err
			}
		}
	case "files":
		for _, h := range hashes {
			c, err := s.Commit(plumbing.NewHash(h))
			if err != nil {
				return err
			}
			parent, err := s.Commit(c.Parents[0])
			if err != nil {
				return err
			}
			if _, err := s.Diff(parent.Tree, c.Tree); err != nil {
				return err
			}
		}
	}
	return nil
}

func fullHashes(list []string) (full []plumbing.Hash) {
	for _, h := range list {
		full = append(full, plumbing.NewHash(h))
	}
	return full
}

// peakMemory is the process's peak memory in KiB, where the system tells.
func peakMemory() string {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.Fields(value)[0]
		}
	}
	return "0"
}

// meter measures and prints.
type meter struct {
	runs int
}

// job is something to measure: processes, one after the other.
type job struct {
	name  string
	times float64 // what the CPU time is multiplied with, where only a part is run
	make  []func() *exec.Cmd
}

// ours is a job of this program's.
func ours(work, repo string, hashes []string) job {
	return job{name: work, times: 1, make: []func() *exec.Cmd{func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "measured", work, repo)
		cmd.Stdin = strings.NewReader(strings.Join(hashes, "\n"))
		return cmd
	}}}
}

// gits is a job of git's.
func gits(name, repo, input string, args ...string) job {
	return job{name: name, times: 1, make: []func() *exec.Cmd{func() *exec.Cmd { return gitCommand(repo, input, args...) }}}
}

// maxProcesses is how many of many equal processes are really run.
const maxProcesses = 20

// mergeBases is one process of git for each commit.
func mergeBases(repo string, hashes []string) job {
	j := job{name: fmt.Sprintf("%d git merge-base --is-ancestor", len(hashes)), times: 1}
	step := max(1, len(hashes)/maxProcesses)
	for i := 0; i < len(hashes); i += step {
		j.make = append(j.make, func() *exec.Cmd { return gitCommand(repo, "", "merge-base", "--is-ancestor", hashes[i], "HEAD") })
	}
	j.times = float64(len(hashes)) / float64(len(j.make))
	return j
}

// cost is what a job took: CPU time of its processes in seconds and, for our own,
// how much of that was the work itself, and the peak memory in MiB.
type cost struct{ cpu, work, memory float64 }

func (j *job) run() (c cost, err error) {
	var used time.Duration
	for _, make := range j.make {
		cmd := make()
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !(errors.As(err, &exit) && strings.Contains(j.name, "merge-base")) {
			return c, fmt.Errorf("%s: %w", j.name, err)
		}
		used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		var kib, micros float64
		if n, _ := fmt.Sscan(out.String(), &kib, &micros); n == 2 {
			c.memory, c.work = kib/1024, micros/1e6
		}
	}
	c.cpu = used.Seconds() * j.times
	return c, nil
}

// compare measures two jobs in turns and prints the ratio of the medians: of whole
// processes and, behind it, of our work without the start of its process. A limit of 0 is
// none: git does less there.
func (m *meter) compare(title string, limit float64, our, git job) error {
	var whole, work, its []float64
	peak := 0.0
	for range m.runs {
		a, err := our.run()
		if err != nil {
			return err
		}
		b, err := git.run()
		if err != nil {
			return err
		}
		whole, work, its, peak = append(whole, a.cpu), append(work, a.work), append(its, b.cpu), max(peak, a.memory)
	}
	a, w, b := median(whole), median(work), median(its)
	bound := "no limit"
	if limit > 0 {
		bound = fmt.Sprintf("limit %.0f", limit)
	}
	fmt.Printf("%-42s %7.1f ms (start %4.1f) %4.0f MB | %-36s %8.1f ms | ratio %5.2f, work alone %5.2f (%s)\n",
		title, a*1000, (a-w)*1000, peak, git.name, b*1000, a/b, w/b, bound)
	return nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// history measures all that concerns commits.
func (m *meter) history(repo string) error {
	list, err := git(repo, "", "rev-list", "HEAD")
	if err != nil {
		return err
	}
	all := strings.Fields(list)
	list, err = git(repo, "", "rev-list", "other", "work", "^HEAD")
	if err != nil {
		return err
	}
	aside := strings.Fields(list)
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(from []string, n int) (picked []string) {
		for range n {
			picked = append(picked, from[random.IntN(len(from))])
		}
		return picked
	}
	name := filepath.Base(repo)
	fmt.Printf("history %s: %d commits from HEAD\n", name, len(all))
	recent, old, mixed := pick(all[:2000], 10), pick(all, 10), append(pick(all, 9), pick(aside, 1)...)
	thousand := append(pick(all, 950), pick(aside, 50)...)
	short := pick(all, 900)
	for i := range short {
		short[i] = short[i][:9]
	}
	for range 100 {
		short = append(short, fmt.Sprintf("%09x", random.Int64N(1<<36)))
	}
	revList := func(name string, hashes []string, options ...string) job {
		return gits(name, repo, strings.Join(hashes, "\n")+"\n^HEAD\n", append(options, "rev-list", "--stdin")...)
	}
	// An object's hash is checked by reading it, so git reads them as well.
	reading := func(hashes []string) job {
		return revList("git rev-list, no graph", hashes, "-c", "core.commitGraph=false")
	}
	files := pick(all[:len(all)-1], 200)
	for _, c := range []struct {
		title   string
		limit   float64
		our, it job
	}{
		{"10 recent checkpoints", 1, ours("verify", repo, recent), mergeBases(repo, recent)},
		{"10 checkpoints of any age", 1, ours("verify", repo, old), mergeBases(repo, old)},
		{"10 checkpoints, one not in the history", 1, ours("verify", repo, mixed), mergeBases(repo, mixed)},
		{"1,000 checkpoints", 1, ours("verify", repo, thousand), mergeBases(repo, thousand)},
		{"10 recent commits reached", 2, ours("reach", repo, recent), revList("git rev-list WANTED ^HEAD", recent)},
		{"10 recent checkpoints, files and all", 0, ours("verify", repo, recent), revList("git rev-list WANTED ^HEAD", recent)},
		{"to 10 recent commits, each hash checked", 2, ours("walk", repo, recent), reading(recent)},
		{"the whole history, each hash checked", 2, ours("walk", repo, thousand), reading(thousand)},
		{"1,000 short hashes", 1, ours("short", repo, short), gits("git cat-file --batch-check", repo, strings.Join(short, "^{commit}\n")+"^{commit}\n", "cat-file", "--batch-check")},
		{"files changed by 200 commits", 2, ours("files", repo, files), gits("git diff-tree --stdin", repo, strings.Join(files, "\n")+"\n", "diff-tree", "--stdin", "-r", "-m", "--first-parent", "--name-status", "--no-renames")},
	} {
		if err := m.compare(c.title, c.limit, c.our, c.it); err != nil {
			return err
		}
	}
	return nil
}

// tests measures the search for lost tests.
func (m *meter) tests(repo string) error {
	first, err := git(repo, "", "rev-parse", "HEAD~1")
	if err != nil {
		return err
	}
	title := fmt.Sprintf("tests of %d changed files", testFiles)
	return m.compare(title, 0, ours("verify", repo, []string{first}), gits("git diff --numstat", repo, "", "diff", "--numstat", first, "HEAD"))
}

// status measures the state of a work tree.
func (m *meter) status(repo string) error {
	fmt.Println("work tree: 10,000 files, 20,000 ignored")
	return m.compare("status", 2, ours("status", repo, nil), gits("git status", repo, "", "status", "--porcelain"))
}
