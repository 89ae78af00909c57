package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/survey"
)

// completeArgs lets a shell complete what the commands take: trackers, runs, the
// keys of commands, and the words of flags. Rules are completed by explain itself.
func completeArgs(root *cobra.Command) {
	arguments := map[string]cobra.CompletionFunc{
		"run": trackers, "plan": trackers, "lint": trackers, "collect": trackers, "risks": trackers, "apply": trackers,
		"show": runs, "page": runs, "diff": runs, "log": keys,
		"decide": runFolders, "render": runFolders,
	}
	words := map[string][]string{
		"format": formats, "fail-on": {"no-go", "conditions"}, "color": {"auto", "always", "never"},
		"target": {"comment", "check", "summary", "status"},
	}
	functions := map[string]cobra.CompletionFunc{"resume": runs, "run": runs}
	for name, list := range words {
		functions[name] = cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		if complete, ok := arguments[c.Name()]; ok && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = complete
		}
		for name, complete := range functions {
			if c.Flags().Lookup(name) != nil {
				cobra.CheckErr(c.RegisterFlagCompletionFunc(name, complete))
			}
		}
		for _, sub := range c.Commands() {
			add(sub)
		}
	}
	add(root)
}

// trackers completes files that look like trackers; where there is none, Markdown
// files.
func trackers(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var found []string
	for _, name := range survey.FindTrackers(os.DirFS(".")) {
		if !slices.Contains(args, name) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return []string{"md"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// runs completes the ids of the runs that are kept, newest first.
func runs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return append([]string{"last"}, keptRuns()...), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// runFolders completes the folders of the runs that are kept.
func runFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var folders []string
	for _, id := range keptRuns() {
		folders = append(folders, filepath.Join(".verdict", "runs", id))
	}
	return folders, cobra.ShellCompDirectiveDefault | cobra.ShellCompDirectiveKeepOrder
}

func keptRuns() []string {
	root, err := rootHere()
	if err != nil {
		return nil
	}
	ids, err := runIDs(root)
	if err != nil {
		return nil
	}
	slices.Reverse(ids)
	return ids
}

// keys completes the keys of a run's commands.
func keys(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	if root, err := rootHere(); err == nil {
		if dir, err := findRun(root, cmd.Flag("run").Value.String()); err == nil {
			if bundle, err := evidence.Read(dir); err == nil {
				for i := range bundle.Commands {
					found = append(found, bundle.Commands[i].Key)
				}
			}
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
