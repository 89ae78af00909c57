package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
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
			root.DisableAutoGenTag = true
			date := buildTime()
			header := &doc.GenManHeader{Section: "1", Source: "verdict " + toolVersion(), Manual: "verdict", Date: &date}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("write man pages: %w", err)
			}
			return writeCompletions(root, filepath.Join(args[0], "completions"))
		},
	}
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
