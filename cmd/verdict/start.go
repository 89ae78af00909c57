package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/survey"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
)

// initTracker is where 'verdict init' writes a tracker.
const initTracker = "docs/progress.md"

func newInitCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a tracker and a policy that fit this repository",
		Long: `Init looks at the repository (Go modules, package.json scripts, tsconfig,
workflows) and writes ` + initTracker + ` and ` + policy.FileName + ` with the checks
that it found. It never overwrites a file.`,
		Example: "  verdict init && verdict run",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			root, err := rootHere()
			if err != nil {
				return err
			}
			found, err := survey.Survey(os.DirFS(root))
			if err != nil {
				return fmt.Errorf("look at repository: %w", err)
			}
			kept := 0
			for _, f := range []struct {
				path string
				data []byte
			}{{initTracker, found.Tracker(time.Now())}, {policy.FileName, found.PolicyText()}} {
				if f.path == initTracker && len(found.Trackers) > 0 {
					kept++
					fmt.Fprintf(s.out, "%s is a tracker already; no other was written\n", found.Trackers[0])
					continue
				}
				err := writeNew(filepath.Join(root, f.path), f.data)
				switch {
				case errors.Is(err, fs.ErrExist):
					kept++
					fmt.Fprintf(s.out, "%s is there already; it was left as it is\n", f.path)
				case err != nil:
					return fmt.Errorf("write %s: %w", f.path, err)
				default:
					fmt.Fprintf(s.out, "wrote %s\n", f.path)
				}
			}
			if kept < 2 {
				fmt.Fprintf(s.out, "next: put your packets into %s, then 'verdict plan' and 'verdict run'\n", initTracker)
			}
			return nil
		},
	}
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func newDoctorCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Example: "  verdict doctor",
		Short:   "Say what is installed, what the repository offers, and what to put right",
		Long: `Doctor looks at the tools, the clone, the policy, the tracker and the workflow. It
exits with 1 when something would keep verdict from its work.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := rootHere()
			if err != nil {
				return err
			}
			failed := false
			for _, c := range survey.Doctor(cmd.Context(), root, verdict.RuleIDs()) {
				failed = failed || c.State == survey.Fail
				fmt.Fprintf(s.out, "%-5s %-12s %s\n", c.State, c.Name, oneLine(c.Detail))
				if c.Cure != "" {
					fmt.Fprintf(s.out, "      %-12s cure: %s\n", "", oneLine(c.Cure))
				}
			}
			if found, err := survey.Survey(os.DirFS(root)); err == nil {
				for _, command := range found.Commands() {
					fmt.Fprintf(s.out, "%-5s %-12s %s\n", "", "offers", oneLine(command))
				}
			}
			if failed {
				return statusError(exitNoGo)
			}
			return nil
		},
	}
}
