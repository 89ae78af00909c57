package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/verdict"
)

func newLintCommand(s streams) *cobra.Command {
	project := projectFlags{anywhere: true}
	var report reportFlags
	cmd := &cobra.Command{
		Use:   "lint [TRACKER...]",
		Short: "Check the trackers alone, without running anything",
		Long: `Lint applies the rules that need no execution and prints one line for each
finding, in the form that editors and problem matchers read:

    docs/progress.md:41:3: blocker: packet/unchecked-box: ...

It exits with 1 when there is a blocker. It never says GO: that takes evidence.`,
		Example: "  verdict lint docs/progress.md",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := report.check(); err != nil {
				return err
			}
			p, err := project.open(args)
			if err != nil {
				return err
			}
			r := verdict.Decide(verdict.Input{Trackers: p.trackers, Policy: p.policy, Base: p.base, LintOnly: true})
			if report.format != "text" {
				if err := writeReport(r, report, collectFlags{}, "", s); err != nil {
					return err
				}
			} else if err := writeTo(report.output, s.out, func(w io.Writer) error { return writeLint(w, r) }); err != nil {
				return err
			}
			if r.Count(verdict.Blocker) > 0 || report.failOn == "conditions" && r.Count(verdict.Condition) > 0 {
				return statusError(exitNoGo)
			}
			return nil
		},
	}
	project.register(cmd)
	report.register(cmd)
	cmd.Flags().Lookup("against").Hidden = true
	return cmd
}

func writeLint(w io.Writer, r *verdict.Report) error {
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, err := fmt.Fprintf(w, "%s: %s: %s: %s\n", f.Pos, f.Severity, f.Rule, oneLine(f.Message)); err != nil {
			return err
		}
	}
	return nil
}
