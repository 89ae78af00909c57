package plan

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/verdictci/verdict/collector/tracker"
)

// refusal says why a command would not run; nil when it may.
func refusal(text string, shape *Shape, rules []tracker.Rule) *Refusal {
	switch {
	case placeholder.MatchString(text):
		return &Refusal{Reason: "the command is a placeholder", Hint: "write the command that is to be run"}
	case !shape.Parses:
		return &Refusal{Reason: "bash cannot read it: " + shape.Error, Hint: "write a shell command, and remarks outside of the code"}
	}
	if reason := pipedShell(text); reason != "" {
		return &Refusal{Reason: reason, Hint: allowHint}
	}
	for _, step := range shape.Steps {
		reason := ruin(step.Argv)
		if reason == "" {
			continue
		}
		r := &Refusal{Reason: reason, Hint: allowHint}
		for _, rule := range rules {
			if forbids(rule.Text, step.Argv) {
				r.Rule, r.Pos = rule.Text, rule.Pos
			}
		}
		return r
	}
	for _, redirected := range outsideWrites(text) {
		return &Refusal{Reason: "it writes to " + redirected, Hint: allowHint}
	}
	return nil
}

const allowHint = "take it out of the required commands, or list it under 'commands: allow' in the policy"

var placeholder = regexp.MustCompile(`^<[^<>]+>$|^\.\.\.$|^…$`)

// ruin says what a simple command would destroy; empty when nothing is known.
func ruin(args []string) string {
	if inner, ok := unwrap(args); ok {
		if path.Base(args[0]) == "sudo" {
			return "sudo would run it with more rights than verdict has"
		}
		return ruin(inner)
	}
	switch name, _, _ := strings.Cut(path.Base(args[0]), "."); name {
	case "eval", "trap":
		return evalRuin(args[1:])
	case "git":
		return gitRuin(args[1:])
	case "rm", "shred":
		return removeRuin(args)
	case "find":
		if slices.Contains(args, "-delete") || slices.Contains(args, "-exec") && slices.Contains(args, "rm") {
			if len(args) > 1 && outside(args[1]) {
				return "it deletes files outside of the repository"
			}
		}
	case "mkfs", "fdisk", "parted", "wipefs", "shutdown", "reboot", "halt", "poweroff", "init":
		return name + " would harm the machine"
	case "dd":
		for _, a := range args {
			if strings.HasPrefix(a, "of=/dev/") {
				return "dd would overwrite a device"
			}
		}
	case "chmod", "chown":
		for _, a := range args[1:] {
			if a == "/" || a == "/*" {
				return name + " would change the whole machine"
			}
		}
	case "npm", "pnpm", "yarn", "cargo", "twine", "gem":
		if len(args) > 1 && (args[1] == "publish" || args[1] == "unpublish" || args[1] == "yank" || args[1] == "upload") {
			return name + " " + args[1] + " would publish a package"
		}
	case "gh":
		if len(args) > 2 && (args[1] == "release" || args[1] == "pr" || args[1] == "repo") && slices.Contains([]string{"create", "merge", "delete", "close", "edit"}, args[2]) {
			return "gh " + args[1] + " " + args[2] + " would change something on GitHub"
		}
	case "docker":
		if len(args) > 1 && args[1] == "push" {
			return "docker push would publish an image"
		}
	}
	return ""
}

// evalRuin looks into the text that eval or trap runs.
func evalRuin(args []string) string {
	for _, text := range append([]string{strings.Join(args, " ")}, args...) {
		if reason := pipedShell(text); reason != "" {
			return reason
		}
		for _, step := range shapeOf(text).Steps {
			if len(step.Argv) > 0 && step.Argv[0] != "eval" && step.Argv[0] != "trap" {
				if reason := ruin(step.Argv); reason != "" {
					return reason
				}
			}
		}
	}
	return ""
}

// gitRuin knows the git commands that throw work away or leave the machine.
func gitRuin(args []string) string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if slices.Contains([]string{"-C", "-c", "--git-dir", "--work-tree", "--namespace"}, args[0]) && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return ""
	}
	has := func(flags ...string) bool {
		return slices.ContainsFunc(args[1:], func(a string) bool {
			return slices.ContainsFunc(flags, func(f string) bool {
				return a == f || len(f) == 2 && len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, f[1:])
			})
		})
	}
	switch args[0] {
	case "reset":
		if has("--hard", "--merge", "--keep") {
			return "git reset --hard throws away uncommitted work"
		}
	case "clean":
		if has("-f", "--force") && !has("-n", "--dry-run") {
			return "git clean -f deletes untracked files"
		}
	case "restore":
		if !has("--staged", "-S") || has("--worktree", "-W") {
			return "git restore throws away uncommitted work"
		}
	case "checkout":
		if has("--force", "-f") || slices.Contains(args, "--") || slices.Contains(args, ".") {
			return "git checkout -- throws away uncommitted work"
		}
	case "switch":
		if has("--force", "-f", "--discard-changes") {
			return "git switch --force throws away uncommitted work"
		}
	case "stash":
		if len(args) == 1 || strings.HasPrefix(args[1], "-") || slices.Contains([]string{"push", "save", "drop", "clear", "pop"}, args[1]) {
			return "git stash takes uncommitted work away"
		}
	case "push":
		return "git push changes another repository"
	case "filter-branch", "filter-repo", "gc", "prune", "update-ref":
		return "git " + args[0] + " rewrites the repository"
	case "branch":
		if has("-D", "--delete", "-d") {
			return "git branch -d deletes a branch"
		}
	}
	return ""
}

func removeRuin(args []string) string {
	recursive := false
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.TrimPrefix(strings.ReplaceAll(args[i], `"`, ""), "./")
		if args[i] == "" || i > 0 && path.Clean(args[i]) == "." {
			args[i] = "."
		}
	}
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.ContainsAny(a, "rR") || a == "--recursive" {
			recursive = true
		}
	}
	for _, a := range args[1:] {
		if !strings.HasPrefix(a, "-") && (outside(a) && recursive || a == "." || a == "*" || a == ".git" || strings.HasPrefix(a, ".git/")) {
			return "rm would delete " + a
		}
	}
	return ""
}

// outside reports whether a path leaves the repository, or may: the temporary
// folders are everybody's.
func outside(p string) bool {
	switch {
	case strings.HasPrefix(p, "/tmp/") && !strings.Contains(p, ".."), strings.HasPrefix(p, "$(mktemp"), strings.HasPrefix(p, `"$(mktemp`), strings.HasPrefix(p, "$TMPDIR/"):
		return false
	case strings.HasPrefix(p, "/"), strings.HasPrefix(p, "~"), strings.HasPrefix(p, "$HOME"), strings.HasPrefix(p, `"$HOME`), strings.HasPrefix(p, "${HOME"):
		return true
	}
	clean := path.Clean(p)
	return clean == ".." || strings.HasPrefix(clean, "../")
}

// forbids reports whether a tracker's rule names what the command does.
func forbids(rule string, args []string) bool {
	text := strings.ToLower(rule)
	if len(args) < 2 || !strings.Contains(text, "do not") && !strings.Contains(text, "never") && !strings.Contains(text, "don't") && !strings.Contains(text, "no ") {
		return false
	}
	for len(args) > 2 && strings.HasPrefix(args[1], "-") {
		args = append(args[:1:1], args[2:]...)
	}
	return strings.Contains(text, path.Base(args[0])+" "+args[1])
}

// pipedShell finds a download that is run: curl … | sh.
func pipedShell(text string) string {
	f, err := parse(text)
	if err != nil {
		return ""
	}
	reason := ""
	syntax.Walk(f, func(n syntax.Node) bool {
		b, ok := n.(*syntax.BinaryCmd)
		if !ok || b.Op != syntax.Pipe && b.Op != syntax.PipeAll {
			return true
		}
		if downloads(b.X) && runsInput(b.Y) {
			reason = "it runs a program from the network that nobody has looked at"
		}
		return true
	})
	return reason
}

func downloads(s *syntax.Stmt) bool {
	found := false
	syntax.Walk(s, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			args, _ := argv(c.Args)
			found = found || path.Base(args[0]) == "curl" || path.Base(args[0]) == "wget"
		}
		return true
	})
	return found
}

func runsInput(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return false
	}
	args, _ := argv(c.Args)
	if inner, ok := unwrap(args); ok {
		args = inner
	}
	switch path.Base(args[0]) {
	case "sh", "bash", "zsh", "dash", "python", "python3", "node", "perl", "ruby", "sudo":
		return true
	}
	return false
}

// outsideWrites lists the files outside of the repository that redirections
// write to.
func outsideWrites(text string) []string {
	f, err := parse(text)
	if err != nil {
		return nil
	}
	var found []string
	syntax.Walk(f, func(n syntax.Node) bool {
		r, ok := n.(*syntax.Redirect)
		if !ok || r.Word == nil {
			return true
		}
		switch r.Op {
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
			target, _ := literal(r.Word)
			if outside(target) && !strings.HasPrefix(target, "/dev/") {
				found = append(found, target)
			}
		}
		return true
	})
	return found
}
