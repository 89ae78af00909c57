package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// gitRuin knows the git commands that throw work away or leave the machine.
func gitRuin(args []string, dir string) string {
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "alias.") }) {
		return "git would run an alias that the command makes itself"
	}
	args = operands("git", args)
	if len(args) == 0 {
		return ""
	}
	has := func(flags ...string) bool { return hasFlag(args[1:], flags) }
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
		if !has("--staged", "-S") || has("--worktree", "-W", "--source", "-s") {
			return "git restore throws away uncommitted work"
		}
	case "checkout":
		if has("--force", "-f") || checksOutFiles(args[1:]) {
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
		if !has("-n", "--dry-run") {
			return "git push changes another repository"
		}
	case "commit":
		if has("--amend") {
			return "git commit --amend rewrites the branch"
		}
	case "reflog":
		if len(args) > 1 && (args[1] == "expire" || args[1] == "delete") {
			return "git reflog " + args[1] + " rewrites the repository"
		}
	case "rebase":
		if !has("--show-current-patch") {
			return "git rebase rewrites the branch"
		}
	case "filter-branch", "filter-repo", "gc", "prune", "update-ref":
		return "git " + args[0] + " rewrites the repository"
	case "rm":
		if has("-f", "--force") {
			return "git rm -f deletes files that are changed"
		}
	case "worktree":
		if has("-f", "--force") {
			return "git worktree --force throws away uncommitted work"
		}
	case "submodule":
		if at := slices.Index(args, "foreach"); at >= 0 {
			return evalRuin([]string{strings.Join(operands("", args[at+1:]), " ")}, dir)
		}
	case "branch":
		if has("-D", "--delete", "-d") {
			return "git branch -d deletes a branch"
		}
	}
	return ""
}

// hasFlag reports whether one of the flags is given; short ones may stand
// together.
func hasFlag(args, flags []string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		return slices.ContainsFunc(flags, func(f string) bool {
			return a == f || strings.HasPrefix(f, "--") && strings.HasPrefix(a, f+"=") || len(f) == 2 && len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, f[1:])
		})
	})
}

// checksOutFiles reports whether git checkout would write files over those of the
// work tree, not go to a branch. Two operands are a commit and files of it.
func checksOutFiles(args []string) bool {
	branches := false // it makes one
	var operands []string
	for i, arg := range args {
		switch {
		case arg == "--":
			return i+1 < len(args)
		case slices.Contains([]string{"-b", "-B", "--orphan", "-t", "--track"}, arg):
			branches = true
		case slices.Contains([]string{"-p", "--patch", "--ours", "--theirs"}, arg) || strings.HasPrefix(arg, "--pathspec-from-file"):
			return true
		case !strings.HasPrefix(arg, "-") || arg == "-":
			operands = append(operands, arg)
		}
	}
	switch {
	case branches || len(operands) == 0:
		return false
	case len(operands) > 1:
		return true
	}
	return !branchLike.MatchString(operands[0]) && fileLike(operands[0])
}

// branchLike are names that are branches, tags or commits, although they hold a
// "/" or ".".
var branchLike = lazyregexp.New(`^(?:origin|upstream|refs|heads|tags|remotes|feature|feat|fix|bugfix|hotfix|release|releases|chore|dependabot|renovate|users?)/.+[^/]$|^(?:\w+[-/])?v?\d+(?:\.\d+)*(?:-[\w.]+)?$|^@|\.\.\.`)

// fileLike reports whether a word looks like a file: it holds a "/", or a name's
// ending, or is a pattern.
func fileLike(word string) bool {
	ending := path.Ext(word)
	return strings.Contains(word, "/") || strings.ContainsAny(word, "*?") || slices.Contains([]string{".", "..", "{}"}, word) || len(ending) > 1 && (ending[1] < '0' || ending[1] > '9') || ending == "."
}
