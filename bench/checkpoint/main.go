// Command checkpoint measures what verifying commits costs, as ratios of CPU time
// against git's in the same run, on repositories that it makes itself: a history
// of over 100,000 commits with and without a commit-graph, 2,000 files of tests that
// change, and a work tree of 10,000 files beside 20,000 ignored ones.
//
//	go run ./bench/checkpoint [-commits N] [-runs N] [-keep FOLDER]
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "measured" {
		if err := measured(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "checkpoint:", err)
			os.Exit(1)
		}
		return
	}
	commits := flag.Int("commits", 110_000, "length of the history")
	runs := flag.Int("runs", 5, "runs of each measurement; the median counts")
	keep := flag.String("keep", "", "folder to make the repositories in, or to take them from")
	flag.Parse()
	if err := bench(*commits, *runs, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "checkpoint:", err)
		os.Exit(1)
	}
}

func bench(commits, runs int, dir string) error {
	if dir == "" {
		scratch, err := os.MkdirTemp("", "verdict-bench.")
		if err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
		dir = scratch
	}
	plain, graph, files := filepath.Join(dir, "plain"), filepath.Join(dir, "graph"), filepath.Join(dir, "files")
	tests := filepath.Join(dir, "tests")
	if _, err := os.Stat(tests); err != nil {
		if err := makeRepositories(plain, graph, files, tests, commits); err != nil {
			return err
		}
	}
	m := meter{runs: runs}
	for _, repo := range []string{plain, graph} {
		if err := m.history(repo); err != nil {
			return err
		}
	}
	if err := m.tests(tests); err != nil {
		return err
	}
	return m.status(files)
}
