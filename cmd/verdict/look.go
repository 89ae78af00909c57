package main

import (
	"fmt"
	"io"
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
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return verdict.RuleIDs(), cobra.ShellCompDirectiveNoFileComp
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
		fmt.Fprintf(w, "%s  %s  %s\n", risk.ID, risk.Disposition, orDash(risk.Severity))
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
	fmt.Fprintf(w, "%d risks\n", len(r.Risks))
}

func newDiffCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "diff REPORT REPORT",
		Short:   "Say what changed between two reports",
		Example: "  verdict diff before.json after.json",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			before, err := readReport(args[0])
			if err != nil {
				return err
			}
			after, err := readReport(args[1])
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
