package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// reportFile is the judgement beside a bundle.
const reportFile = "report.json"

func runsDir(root string) string { return filepath.Join(root, ".verdict", "runs") }

// runIDs lists the kept runs, oldest first.
func runIDs(root string) ([]string, error) {
	entries, err := os.ReadDir(runsDir(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// findRun gives the folder of the run that id names: a whole id, the start of
// just one, "last", or "previous" for the one before.
func findRun(root, id string) (string, error) {
	ids, err := runIDs(root)
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", badInput("'verdict run' makes one", "find run: no run is kept in %s", runsDir(root))
	}
	switch {
	case id == "last":
		return filepath.Join(runsDir(root), ids[len(ids)-1]), nil
	case id == "previous" && len(ids) == 1:
		return "", badInput("'verdict run' makes another", "find run previous: only one run is kept")
	case id == "previous":
		return filepath.Join(runsDir(root), ids[len(ids)-2]), nil
	}
	var found []string
	for _, have := range ids {
		if strings.HasPrefix(have, id) {
			found = append(found, have)
		}
	}
	if len(found) != 1 {
		return "", badInput("'verdict show' lists them", "find run %s: %d runs match", id, len(found))
	}
	return filepath.Join(runsDir(root), found[0]), nil
}

// previousReport is the report to compare with: the one that is named, else the
// last kept one about the same trackers.
func previousReport(p *project, dir, against string) (*verdict.Report, string, error) {
	if against != "" {
		r, err := readReport(against)
		return r, against, err
	}
	ids, err := runIDs(p.root)
	if err != nil {
		return nil, "", err
	}
	for _, id := range slices.Backward(ids) {
		run := filepath.Join(runsDir(p.root), id)
		if run == dir {
			continue
		}
		if r, err := readReport(filepath.Join(run, reportFile)); err == nil && sameTrackers(r, p) {
			return r, id, nil
		}
	}
	return nil, "", nil
}

func sameTrackers(r *verdict.Report, p *project) bool {
	return slices.EqualFunc(r.Trackers, p.trackerFiles(), func(t verdict.TrackerReport, path string) bool { return t.Path == path })
}

func readReport(path string) (*verdict.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, badInput("name a report.json that verdict wrote", "read report: %w", err)
	}
	defer f.Close()
	r, err := render.ReadJSON(f)
	if err != nil {
		return nil, badInput("name a report.json that verdict wrote", "read report %s: %w", path, err)
	}
	return r, nil
}

// forgetEmpty removes the folder of a run in which nothing was seen.
func forgetEmpty(dir string) {
	for _, name := range []string{evidence.FileName, "journal.jsonl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return
		}
	}
	os.RemoveAll(dir)
}

// prune removes the oldest runs beyond the policy's retention; keep stays.
func prune(p *project, keep string) error {
	ids, err := runIDs(p.root)
	if err != nil {
		return err
	}
	var bytes int64
	for i, id := range slices.Backward(ids) {
		dir := filepath.Join(runsDir(p.root), id)
		bytes += folderSize(dir)
		kept := len(ids) - 1 - i
		if dir == keep || kept < p.policy.Retention.Runs && bytes <= p.policy.Retention.Bytes {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove old run: %w", err)
		}
	}
	return nil
}

func folderSize(dir string) int64 {
	var bytes int64
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a file that vanishes meanwhile takes no space
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
