package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

func newCollectCommand(s streams) *cobra.Command {
	var project projectFlags
	var collect collectFlags
	var output string
	cmd := &cobra.Command{
		Use:     "collect [TRACKER...]",
		Short:   "Collect the evidence, and decide nothing",
		Long:    "Collect does what 'verdict run' does up to the evidence, and prints the folder it is in.",
		Example: "  verdict decide $(verdict collect docs/progress.md)",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := project.open(args)
			if err != nil {
				return err
			}
			dir, err := runDir(p, collect)
			if err != nil {
				return err
			}
			previous, _, err := previousReport(p, dir, "")
			if err != nil {
				return err
			}
			if _, err := collectBundle(cmd.Context(), p, collect, dir, previous, s); err != nil {
				return err
			}
			if output != "" {
				if err := os.CopyFS(output, os.DirFS(dir)); err != nil {
					return fmt.Errorf("copy bundle: %w", err)
				}
				dir = output
			}
			fmt.Fprintln(s.out, dir)
			if cmd.Context().Err() != nil {
				return statusError(exitInterrupted)
			}
			return nil
		},
	}
	project.register(cmd)
	collect.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "copy the bundle to folder `DIR`, which must not hold one")
	return cmd
}

func newDecideCommand(s streams) *cobra.Command {
	var project projectFlags
	var report reportFlags
	var collect collectFlags
	var useKept bool
	cmd := &cobra.Command{
		Use:   "decide BUNDLE",
		Short: "Decide from stored evidence; nothing is executed",
		Long: `Decide reads a bundle, and the trackers and the policy that it names from the
repository. With --kept it takes the copies of the trackers that were kept in the
bundle instead: what was decided then, not what the files say now.`,
		Example: "  verdict decide .verdict/runs/20260209T101500.000Z",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := report.check(); err != nil {
				return err
			}
			bundle, err := evidence.Read(args[0])
			if err != nil {
				return badInput("name a folder that 'verdict run' or 'verdict collect' made", "read bundle: %w", err)
			}
			p, err := projectOf(project, bundle, args[0], useKept)
			if err != nil {
				return err
			}
			previous, name, err := previousReport(p, args[0], report.against)
			if report.against == "" {
				previous, name = nil, ""
			} else if err != nil {
				return err
			}
			r := verdict.Decide(verdict.Input{Trackers: p.trackers, Bundle: bundle, Policy: p.policy, Base: p.base, Previous: previous, PreviousName: name})
			if err := writeReport(r, report, collect, args[0], s); err != nil {
				return err
			}
			return decisionStatus(r, report.failOn)
		},
	}
	project.register(cmd)
	report.register(cmd)
	cmd.Flags().BoolVar(&useKept, "kept", false, "decide about the trackers as they were kept in the bundle")
	cmd.Flags().StringVar(&collect.color, "color", "auto", "colour: auto, always or never")
	return cmd
}

// projectOf opens the trackers that a bundle is about.
func projectOf(f projectFlags, bundle *evidence.Bundle, dir string, kept bool) (*project, error) {
	var paths []string
	for _, t := range bundle.Subject.Trackers {
		paths = append(paths, t.Path)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if root, err := checkpoint.FindRoot(cwd); err == nil {
		cwd = root // the bundle's paths are relative to it
	}
	if !kept {
		return f.openAt(cwd, paths)
	}
	p := &project{root: cwd}
	if p.policy, err = f.readPolicy(cwd, cwd); err != nil {
		return nil, err
	}
	for i, path := range paths {
		src, err := os.ReadFile(filepath.Join(dir, inputName(i)))
		if err != nil {
			return nil, badInput("leave --kept out to read the trackers from the repository", "read kept tracker: %w", err)
		}
		t := tracker.Parse(path, src, p.policy.Vocabulary)
		t.SHA256 = bundle.Subject.Trackers[i].SHA256 // of the file, not of the copy without its secrets
		if plan, err := os.ReadFile(filepath.Join(dir, planName(i))); err == nil {
			if link, ok := t.Plan(); ok {
				t.ReadRegister(link.Target, plan, p.policy.Vocabulary)
			}
		}
		p.trackers = append(p.trackers, t)
	}
	return p, nil
}

func newRenderCommand(s streams) *cobra.Command {
	var report reportFlags
	var collect collectFlags
	var target string
	var place commentFlags
	cmd := &cobra.Command{
		Use:   "render REPORT",
		Short: "Show a report again, in any format",
		Example: `  verdict render --format html -o .verdict/report.html .verdict/runs/ID/report.json
  verdict render --target comment report.json      what the pull request would show`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := report.check(); err != nil {
				return err
			}
			path := args[0]
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, reportFile)
			}
			r, err := readReport(path)
			if err != nil {
				return err
			}
			if target != "" {
				return writeTarget(r, target, place, report.output, s)
			}
			dir := filepath.Dir(path)
			if _, err := os.Stat(filepath.Join(dir, "bundle.json")); err != nil {
				dir = ""
			}
			return writeReport(r, report, collect, dir, s)
		},
	}
	report.register(cmd)
	cmd.Flags().Lookup("fail-on").Hidden = true
	cmd.Flags().Lookup("against").Hidden = true
	cmd.Flags().StringVar(&target, "target", "", "as 'verdict comment' would post it: comment, check, check-text, summary or status")
	place.registerPlace(cmd)
	cmd.Flags().StringVar(&collect.color, "color", "auto", "colour: auto, always or never")
	cmd.Flags().BoolVarP(&collect.verbose, "verbose", "v", false, "everything, notes included")
	return cmd
}
