package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand writes the man pages and the shells' completions; packages and
// archives hold them.
func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the man pages and the shells' completions into a folder",
		Hidden:  true,
		Example: "  verdict man dist-man && man -l dist-man/verdict-run.1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return badInput("name a folder that can be written", "write man pages: %w", err)
			}
			root := cmd.Root()
			if err := writeManPages(root, args[0]); err != nil {
				return fmt.Errorf("write man pages: %w", err)
			}
			return writeCompletions(root, filepath.Join(args[0], "completions"))
		},
	}
}

// writeManPages writes a page for a command and for each of those below it. It is
// not cobra's own writer: what that brings with it, every start would pay for.
func writeManPages(cmd *cobra.Command, dir string) error {
	cmd.InitDefaultHelpFlag()
	if err := os.WriteFile(filepath.Join(dir, pageName(cmd)+".1"), manPage(cmd), 0o644); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			if err := writeManPages(sub, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is a command's page in man(7)'s macros.
func manPage(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	name := pageName(cmd)
	fmt.Fprintf(&b, ".TH %q \"1\" %q %q \"verdict\"\n", strings.ToUpper(name), buildTime().Format("Jan 2006"), "verdict "+toolVersion())
	fmt.Fprintf(&b, ".nh\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n", roff(name), roff(cmd.Short), roff(cmd.UseLine()))
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", strings.ReplaceAll(roff(about), "\n\n", "\n.PP\n"))
	if cmd.HasAvailableFlags() {
		b.WriteString(".SH OPTIONS\n")
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			b.WriteString(".TP\n")
			if f.Shorthand != "" {
				fmt.Fprintf(&b, "\\fB\\-%s\\fP, ", f.Shorthand)
			}
			fmt.Fprintf(&b, "\\fB%s\\fP", roff("--"+f.Name))
			if value != "" {
				fmt.Fprintf(&b, " \\fI%s\\fP", roff(value))
			}
			if f.Value.Type() == "string" && f.DefValue != "" {
				usage += " (default " + f.DefValue + ")"
			}
			fmt.Fprintf(&b, "\n%s\n", roff(usage))
		})
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, ".SH EXAMPLE\n.EX\n%s\n.EE\n", roff(cmd.Example))
	}
	var related []string
	if cmd.HasParent() {
		related = append(related, pageName(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			related = append(related, pageName(sub))
		}
	}
	for i, page := range related {
		related[i] = ".BR " + roff(page) + " (1)"
	}
	if len(related) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(related, " ,\n"))
	}
	return b.Bytes()
}

// roff writes a text so that troff shows it as it is.
func roff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// writeCompletions writes what each shell reads, under the names that they look for.
func writeCompletions(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write completion: %w", err)
	}
	for name, write := range map[string]func(string) error{
		"verdict.bash": func(file string) error { return root.GenBashCompletionFileV2(file, true) },
		"_verdict":     root.GenZshCompletionFile,
		"verdict.fish": func(file string) error { return root.GenFishCompletionFile(file, true) },
		"verdict.ps1":  root.GenPowerShellCompletionFileWithDesc,
	} {
		if err := write(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("write completion: %w", err)
		}
	}
	return nil
}

// buildTime is the time of the commit that this program was built from, else
// always the same: equal sources give equal pages.
func buildTime() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if at, err := time.Parse(time.RFC3339, setting.Value); setting.Key == "vcs.time" && err == nil {
				return at.UTC()
			}
		}
	}
	return time.Unix(0, 0).UTC()
}
