package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/verdict"
)

func newExplainCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [RULE]",
		Short:   "Say what a rule means, with an example, and how to put it right",
		Example: "  verdict explain evidence/masked",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var rules []string
			for _, rule := range verdict.Rules() {
				rules = append(rules, cobra.CompletionWithDesc(rule.ID, rule.Title))
			}
			return rules, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listRules(s.out)
			}
			rule, ok := verdict.RuleByID(args[0])
			if !ok {
				return badInput("'verdict explain' lists the rules", "unknown rule %q", args[0])
			}
			return rule.Explain(s.out)
		},
	}
}

func listRules(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, rule := range verdict.Rules() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Title)
	}
	return table.Flush()
}

func newRisksCommand(s streams) *cobra.Command {
	project := projectFlags{anywhere: true}
	cmd := &cobra.Command{
		Use:     "risks [TRACKER...]",
		Short:   "Print the ledger of residual risks",
		Example: "  verdict risks docs/progress.md",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := project.open(args)
			if err != nil {
				return err
			}
			r := verdict.Decide(verdict.Input{Trackers: p.trackers, Policy: p.policy, Base: p.base, LintOnly: true})
			writeRisks(s.out, r)
			return nil
		},
	}
	project.register(cmd)
	return cmd
}

func writeRisks(w io.Writer, r *verdict.Report) {
	for i := range r.Risks {
		risk := &r.Risks[i]
		fmt.Fprintf(w, "%s  %s  %s", risk.ID, risk.Disposition, orDash(risk.Severity))
		if risk.Owner != "" {
			fmt.Fprintf(w, "  owner %s", oneLine(risk.Owner))
		}
		fmt.Fprintln(w)
		fmt.Fprintf(w, "    %s\n    why: %s\n", oneLine(risk.Text), oneLine(risk.Why))
		var places []string
		for _, pos := range risk.Places {
			places = append(places, pos.String())
		}
		fmt.Fprintf(w, "    at:  %s\n", strings.Join(places, ", "))
		if risk.Change != "" {
			fmt.Fprintf(w, "    %s since the base branch\n", risk.Change)
		}
	}
	if len(r.Risks) == 1 {
		fmt.Fprintln(w, "1 risk")
		return
	}
	fmt.Fprintf(w, "%d risks\n", len(r.Risks))
}

func newDiffCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "diff [BEFORE [AFTER]]",
		Short: "Say what changed between two runs or reports",
		Long: `Diff compares two reports: files, or runs that are kept, by their id or the start
of it. Without AFTER it is the last run, without BEFORE the one before that.`,
		Example: `  verdict diff                          the last two runs
  verdict diff before.json after.json`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			before, after, err := reportsToCompare(args)
			if err != nil {
				return err
			}
			changes := verdict.Compare(before, after)
			for _, c := range changes {
				mark := " "
				if c.Worse {
					mark = "!"
				}
				fmt.Fprintf(s.out, "%s %-10s %s: %s → %s\n", mark, c.Kind, oneLine(c.What), orDash(oneLine(c.Before)), orDash(oneLine(c.After)))
			}
			if len(changes) == 0 {
				fmt.Fprintln(s.out, "no difference")
			}
			return nil
		},
	}
}

func reportsToCompare(args []string) (before, after *verdict.Report, err error) {
	switch len(args) {
	case 0:
		args = []string{"previous", "last"}
	case 1:
		args = append(args, "last")
	}
	if before, err = reportNamed(args[0]); err != nil {
		return nil, nil, err
	}
	after, err = reportNamed(args[1])
	return before, after, err
}

// reportNamed reads a report: a file, a run's folder, or a run that is kept.
func reportNamed(name string) (*verdict.Report, error) {
	if info, err := os.Stat(name); err == nil {
		if info.IsDir() {
			name = filepath.Join(name, reportFile)
		}
		return readReport(name)
	}
	root, err := rootHere()
	if err != nil {
		return nil, badInput("name two report.json that verdict wrote", "read report: %s is no file, and no run is kept here", name)
	}
	r, _, err := reportOfRun(root, name)
	return r, err
}
