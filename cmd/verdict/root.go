package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes. The package comment and docs/exit-codes.md say the same; a
// test compares them.
const (
	exitGo          = 0   // GO, and GO_WITH_CONDITIONS unless --fail-on conditions
	exitNoGo        = 1   // NO_GO
	exitUsage       = 2   // usage, policy or tracker cannot be read
	exitFailure     = 3   // verdict could not do its work
	exitInterrupted = 130 // interrupted
)

// streams are the standard streams; tests put buffers here.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// inputError is what the caller can put right: exit code 2.
type inputError struct {
	err  error
	hint string
}

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func badInput(hint string, format string, args ...any) error {
	return &inputError{fmt.Errorf(format, args...), hint}
}

// statusError carries an exit code whose reason was already said.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// hinted adds what to do to an error that is verdict's own: exit code 3.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// execute runs verdict and returns its exit code.
func execute(ctx context.Context, args []string, s streams) int {
	s.out, s.err = guarded(s.out), guarded(s.err)
	defer flush(s.err)
	defer flush(s.out)
	root := newRootCommand(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return exitCode(ctx, root.ExecuteContext(ctx), s.err)
}

func exitCode(ctx context.Context, err error, w io.Writer) int {
	var status statusError
	switch {
	case err == nil:
		return exitGo
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "verdict: interrupted")
		return exitInterrupted
	}
	var input *inputError
	var own *hinted
	code, hint := exitFailure, ""
	if errors.As(err, &input) {
		code, hint = exitUsage, input.hint
	} else if errors.As(err, &own) {
		hint = own.hint
	}
	for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		fmt.Fprintln(w, "verdict: "+line)
	}
	if hint != "" {
		fmt.Fprintln(w, "hint: "+hint)
	}
	return code
}

// exampleTemplate is where cobra shows the examples, and helpTemplate puts them first:
// most who ask for help want one.
const (
	exampleTemplate = `{{if .HasExample}}

Examples:
{{.Example}}{{end}}`
	helpTemplate = `{{with .Example}}Examples:
{{. | trimTrailingWhitespaces}}

{{end}}{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`
)

func newRootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "verdict",
		Short: "Decide whether work may go out, from evidence that verdict collected itself",
		Long: `Verdict reads a Markdown progress tracker, runs its required commands, verifies
its checkpoint commits, and reconciles what was claimed with what it saw into
GO, GO_WITH_CONDITIONS or NO_GO.`,
		Example: `  verdict demo                      see it work, in a throwaway repository
  verdict run docs/progress.md      decide about this work tree
  verdict run --format json docs/progress.md | jq -r .verdict`,
		Args:                       noSuchCommand,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = toolVersion()
	root.SetVersionTemplate(versionLine())
	root.Flags().Bool("version", false, "print the version") // no -v: that is --verbose
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return badInput("'"+cmd.CommandPath()+" --help' lists the flags", "%w", err)
	})
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), exampleTemplate, "", 1))
	root.SetHelpTemplate(helpTemplate)
	root.AddGroup(
		&cobra.Group{ID: "main", Title: "The main job:"},
		&cobra.Group{ID: "stages", Title: "Its stages, one at a time:"},
		&cobra.Group{ID: "look", Title: "Looking at results:"},
		&cobra.Group{ID: "start", Title: "Starting:"},
		&cobra.Group{ID: "github", Title: "On GitHub:"},
	)
	for _, c := range []struct {
		group string
		cmd   *cobra.Command
	}{
		{"main", newRunCommand(s)},
		{"main", newPlanCommand(s)},
		{"main", newLintCommand(s)},
		{"main", newApplyCommand(s)},
		{"stages", newCollectCommand(s)},
		{"stages", newDecideCommand(s)},
		{"stages", newRenderCommand(s)},
		{"look", newShowCommand(s)},
		{"look", newRisksCommand(s)},
		{"look", newDiffCommand(s)},
		{"look", newExplainCommand(s)},
		{"start", newDemoCommand(s)},
		{"start", newInitCommand(s)},
		{"start", newDoctorCommand(s)},
		{"start", newVersionCommand(s)},
		{"github", newCommentCommand(s)},
		{"github", newAnswerCommand(s)},
	} {
		c.cmd.GroupID = c.group
		root.AddCommand(c.cmd)
	}
	root.AddCommand(newManCommand())
	checkArgs(root)
	completeArgs(root)
	return root
}

// noSuchCommand refuses what is no command, and names those that are like it.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "'verdict --help' lists the commands"
	if like := root.SuggestionsFor(args[0]); len(like) > 0 {
		hint = "did you mean: verdict " + strings.Join(like, ", or verdict ")
	} else if strings.HasSuffix(args[0], ".md") {
		hint = "did you mean: verdict run " + args[0]
	}
	return badInput(hint, "unknown command %q", args[0])
}

// checkArgs makes a wrong number of arguments bad input for every command.
func checkArgs(cmd *cobra.Command) {
	if validate := cmd.Args; validate != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := validate(cmd, args); err != nil {
				if hintOf(err) != "" {
					return err
				}
				return badInput("'"+cmd.CommandPath()+" --help' shows an example", "%w", err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checkArgs(sub)
	}
}

// writeTo gives the report's destination: the named file, complete or absent,
// or standard output.
func writeTo(path string, stdout io.Writer, write func(io.Writer) error) (err error) {
	if path == "" || path == "-" {
		return write(stdout)
	}
	f, err := os.CreateTemp(dirOf(path), ".verdict-*")
	if err != nil {
		return badInput("name a file in a folder that can be written", "write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
