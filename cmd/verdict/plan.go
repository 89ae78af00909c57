package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/plan"
)

func newPlanCommand(s streams) *cobra.Command {
	project := projectFlags{anywhere: true}
	cmd := &cobra.Command{
		Use:   "plan [TRACKER...]",
		Short: "Show what would run, what is refused and what repeats; nothing is executed",
		Example: `  verdict plan docs/progress.md
  verdict plan --policy-from origin/main`,
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := project.open(args)
			if err != nil {
				return err
			}
			writePlan(s.out, p.plan)
			return nil
		},
	}
	project.register(cmd)
	return cmd
}

func writePlan(w io.Writer, p *plan.Plan) {
	needs, refused := 0, 0
	for i := range p.Commands {
		needs += len(p.Commands[i].Needs)
		if p.Commands[i].Refusal != nil {
			refused++
		}
	}
	fmt.Fprintf(w, "%d required, %d distinct, %d refused\n", needs, len(p.Commands), refused)
	if len(p.Packets) > 0 {
		fmt.Fprintf(w, "packets: %s\n", strings.Join(p.Packets, ", "))
	}
	for i := range p.Commands {
		writePlanned(w, i+1, &p.Commands[i])
	}
}

func writePlanned(w io.Writer, n int, c *plan.Command) {
	fmt.Fprintf(w, "\n%3d. %s\n", n, oneLine(c.Text))
	if c.Dir != "" {
		fmt.Fprintf(w, "     in       %s\n", c.Dir)
	}
	for _, need := range c.Needs {
		fmt.Fprintf(w, "     for      %-10s %s%s\n", orDash(need.Packet), need.Pos, expected(need))
	}
	if c.Refusal != nil {
		fmt.Fprintf(w, "     refused  %s\n", oneLine(c.Refusal.Reason))
		if c.Refusal.Rule != "" {
			fmt.Fprintf(w, "     rule     %s: %s\n", c.Refusal.Pos, oneLine(c.Refusal.Rule))
		}
		if c.Refusal.Hint != "" {
			fmt.Fprintf(w, "     hint     %s\n", oneLine(c.Refusal.Hint))
		}
		return
	}
	fmt.Fprintf(w, "     limit    %s, %s\n", c.Timeout, lane(c))
	var checks []string
	for _, step := range c.Shape.Steps {
		if step.Probative {
			checks = append(checks, step.Tool)
		} else if step.Opaque {
			checks = append(checks, "whatever "+oneLine(step.Argv[0])+" starts")
		}
	}
	fmt.Fprintf(w, "     checks   %s\n", orDash(strings.Join(checks, ", ")))
	for _, mask := range c.Shape.Masks {
		fmt.Fprintf(w, "     mask     %s: %s\n", mask.Kind, oneLine(mask.Text))
	}
}

func expected(need plan.Need) string {
	if need.Expected == 0 {
		return ""
	}
	return fmt.Sprintf("  expects exit %d", need.Expected)
}

func lane(c *plan.Command) string {
	if c.Lane == "" {
		return "alone"
	}
	return "lane " + c.Lane
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// oneLine shows text from outside on one line, without control characters.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
}
