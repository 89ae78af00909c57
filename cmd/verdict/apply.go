package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

func newApplyCommand(s streams) *cobra.Command {
	var report, policy string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "apply [TRACKER...]",
		Short: "Write the decision into the tracker, in its own form",
		Long: `Apply fills the packet that asks for the verdict from the last run: the commands
with their observed exit codes and counts, gates, reconciled risks, the verdict,
and the boxes that are true now. A check that failed leaves its box open and the
packet CHANGES_REQUESTED, with the findings. A checkpoint that was not recorded
yet is filled in where just one commit names its packet.

Only what has to change changes, and a second time nothing does. What somebody
wrote as evidence is never written over.`,
		Example: `  verdict run docs/progress.md; verdict apply docs/progress.md
  verdict apply --dry-run docs/progress.md`,
		RunE: func(_ *cobra.Command, args []string) error {
			project := projectFlags{policy: policy}
			p, err := project.open(args)
			if err != nil {
				return err
			}
			r, err := appliedReport(p, report)
			if err != nil {
				return err
			}
			for _, t := range p.trackers {
				if err := applyTo(p, t, r, dryRun, s.out); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&report, "report", "", "take the decision from report `FILE` (default: the last run about these trackers)")
	cmd.Flags().StringVar(&policy, "policy", "", "policy `FILE`, for the words of the tracker")
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "print the changes, and make none")
	return cmd
}

// appliedReport is the named report, else the last kept one that is about all of
// the project's trackers.
func appliedReport(p *project, path string) (*verdict.Report, error) {
	if path != "" {
		return readReport(path)
	}
	ids, err := runIDs(p.root)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		r, err := readReport(filepath.Join(runsDir(p.root), id, reportFile))
		if err == nil && !slices.ContainsFunc(p.trackers, func(t *tracker.Tracker) bool { return trackerReport(r, t) == nil }) {
			return r, nil
		}
	}
	return nil, badInput("'verdict run' makes one", "find report: no run about %s is kept", strings.Join(p.trackerFiles(), ", "))
}

func trackerReport(r *verdict.Report, t *tracker.Tracker) *verdict.TrackerReport {
	for i := range r.Trackers {
		if r.Trackers[i].Path == t.Path {
			return &r.Trackers[i]
		}
	}
	return nil
}

// applyTo fills one tracker. A tracker that is not the one that the report is
// about may only be one that was filled from it already.
func applyTo(p *project, t *tracker.Tracker, r *verdict.Report, dryRun bool, out io.Writer) error {
	about := trackerReport(r, t)
	if about == nil {
		return badInput("name the report of a run about it", "apply to %s: the report is not about it", t.Path)
	}
	if r.Generated.IsZero() {
		return badInput("'verdict run' makes one that is", "apply to %s: the report is not of a run", t.Path)
	}
	src := p.sources[t.Path]
	filled, err := fill(src, t, r)
	if err != nil && about.SHA256 == t.SHA256 {
		if errors.Is(err, tracker.ErrOwnWords) {
			return badInput("remove them, or record the verdict yourself: 'verdict render --format markdown' has the words", "apply to %s: %w", t.Path, err)
		}
		return fmt.Errorf("apply to %s: %w", t.Path, err)
	}
	if about.SHA256 != t.SHA256 && (err != nil || !bytes.Equal(filled, src)) {
		return badInput("run 'verdict run' again, then apply", "apply to %s: it is not the tracker that the report is about", t.Path)
	}
	if bytes.Equal(filled, src) {
		fmt.Fprintf(out, "%s: nothing to change\n", t.Path)
		return nil
	}
	if dryRun {
		return printChanges(out, t.Path, src, filled)
	}
	if err := replaceFile(filepath.Join(p.root, filepath.FromSlash(t.Path)), src, filled); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s recorded\n", t.Path, about.Verdict)
	return nil
}

func fill(src []byte, t *tracker.Tracker, r *verdict.Report) ([]byte, error) {
	f := verdict.Filling(r, t)
	for i := range t.Packets {
		if packet := &t.Packets[i]; f.Packet != "" && packet.ID == f.Packet {
			var text bytes.Buffer
			if err := render.Evidence(&text, r, t, packet); err != nil {
				return nil, err
			}
			f.Evidence = text.String()
		}
	}
	return tracker.Fill(src, t, f)
}

// replaceFile puts the whole of the new content in the file's place, or nothing:
// not over what somebody wrote meanwhile, nor over a file that is not to be written.
func replaceFile(path string, before, content []byte) error {
	path, err := filepath.EvalSymlinks(path) // the link stays one
	if err != nil {
		return fmt.Errorf("write tracker: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("write tracker: %w", err)
	}
	if info.Mode().Perm()&0o200 == 0 {
		return badInput("make it writable", "write %s: %w", path, fs.ErrPermission)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		return badInput("run 'verdict run' again, then apply", "write %s: it was changed meanwhile", path)
	}
	if err := writeTo(path, nil, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}); err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}

// printChanges prints the lines that differ between the first and the last one
// that do.
func printChanges(w io.Writer, path string, before, after []byte) error {
	for _, d := range lineDiff(strings.Split(string(before), "\n"), strings.Split(string(after), "\n")) {
		if _, err := fmt.Fprintf(w, "%s:%d: %s%s\n", path, d.line, d.mark, strings.TrimSuffix(d.text, "\r")); err != nil {
			return err
		}
	}
	return nil
}

type changedLine struct {
	line int // in the text that has it
	mark string
	text string
}

// lineDiff compares two texts by their longest common run of lines. A tracker has
// some thousand lines at most, of which few differ: the ends are cut off first.
func lineDiff(a, b []string) []changedLine {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	a, b = a[head:len(a)-tail], b[head:len(b)-tail]
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []changedLine
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i++
			j++
		case j >= len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, changedLine{head + i + 1, "-", a[i]})
			i++
		default:
			out = append(out, changedLine{head + j + 1, "+", b[j]})
			j++
		}
	}
	return out
}
