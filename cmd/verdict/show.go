package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

func newShowCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [RUN]",
		Short: "List the runs that are kept, or show one",
		Long: `Show lists the runs under .verdict/, newest first. A RUN is an id from that list,
the start of one, "last" or "previous". 'verdict diff' compares two.`,
		Example: `  verdict show
  verdict show last
  verdict show log 'go test ./...'
  verdict show page last`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			root, err := rootHere()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return listRuns(s.out, root)
			}
			r, dir, err := reportOfRun(root, args[0])
			if err != nil {
				return err
			}
			return writeReport(r, reportFlags{format: "text"}, collectFlags{}, dir, s)
		},
	}
	cmd.AddCommand(newShowLogCommand(s), newShowPageCommand(s))
	return cmd
}

func rootHere() (string, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	root, err := checkpoint.FindRoot(cwd)
	if err != nil {
		return "", badInput("run verdict inside a git repository", "find repository: %w", err)
	}
	return root, nil
}

func reportOfRun(root, id string) (*verdict.Report, string, error) {
	dir, err := findRun(root, id)
	if err != nil {
		return nil, "", err
	}
	r, err := readReport(filepath.Join(dir, reportFile))
	return r, dir, err
}

func listRuns(w io.Writer, root string) error {
	ids, err := runIDs(root)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		fmt.Fprintln(w, "no run is kept; 'verdict run' makes one")
		return nil
	}
	var lines strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tDECISION\tCOMMIT\tTRACKER\tSUMMARY")
	for _, id := range slices.Backward(ids) {
		r, err := readReport(filepath.Join(runsDir(root), id, reportFile))
		if err != nil {
			fmt.Fprintf(table, "%s\t%s\t\t\tverdict run --resume %s goes on\n", id, "incomplete", id)
			continue
		}
		var paths []string
		for _, t := range r.Trackers {
			paths = append(paths, t.Path)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", id, r.Verdict, r.Subject.Commit[:min(8, len(r.Subject.Commit))], oneLine(strings.Join(paths, ", ")), render.Line(r.Summary))
	}
	table.Flush() // to memory
	_, isTerminal := terminal(w)
	for line := range strings.Lines(lines.String()) {
		if isTerminal {
			line = render.Clip(strings.TrimRight(line, " \n"), width(w)) + "\n"
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

func newShowLogCommand(s streams) *cobra.Command {
	var run string
	cmd := &cobra.Command{
		Use:     "log KEY",
		Short:   "Print the whole output of a command, byte for byte",
		Example: "  verdict show log 'go test ./...'",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			root, err := rootHere()
			if err != nil {
				return err
			}
			dir, err := findRun(root, run)
			if err != nil {
				return err
			}
			bundle, err := evidence.Read(dir)
			if err != nil {
				return badInput("'verdict show' lists the runs; --run names another", "show log: %w", err)
			}
			return printLog(s.out, bundle, dir, args[0])
		},
	}
	cmd.Flags().StringVar(&run, "run", "last", "the `RUN` to look in")
	return cmd
}

// printLog prints the log of the command whose key is, or alone contains, key.
func printLog(w io.Writer, bundle *evidence.Bundle, dir, key string) error {
	var found, all []*evidence.Command
	for i := range bundle.Commands {
		c := &bundle.Commands[i]
		all = append(all, c)
		if c.Key == key {
			found = []*evidence.Command{c}
			break
		}
		if strings.Contains(c.Key, key) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		hint := "the keys are:"
		if len(found) > 1 {
			all, hint = found, "they are:"
		}
		for _, c := range all {
			hint += "\n  " + oneLine(c.Key)
		}
		return badInput(hint, "show log: %d commands match %q", len(found), key)
	}
	if found[0].Log.Path == "" {
		return badInput("", "show log: %s left no log: %s %s", found[0].Key, found[0].Outcome, found[0].Reason)
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(found[0].Log.Path)))
	if err != nil {
		return fmt.Errorf("show log: %w", err)
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func newShowPageCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "page [RUN]",
		Short: "Write a run's page beside its evidence, and open it in a browser on a terminal",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			root, err := rootHere()
			if err != nil {
				return err
			}
			id := "last"
			if len(args) > 0 {
				id = args[0]
			}
			r, dir, err := reportOfRun(root, id)
			if err != nil {
				return err
			}
			page := filepath.Join(dir, "report.html")
			if err := writeReport(r, reportFlags{format: "html", output: page}, collectFlags{}, dir, s); err != nil {
				return err
			}
			fmt.Fprintln(s.out, page)
			if _, ok := terminal(s.out); ok {
				return openInBrowser(page)
			}
			return nil
		},
	}
}

func openInBrowser(path string) error {
	opener := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if opener == "" {
		opener = "xdg-open"
	}
	if _, err := exec.LookPath(opener); err != nil {
		return nil // the path was printed: that is all that can be done here
	}
	return exec.Command(opener, path).Start()
}
