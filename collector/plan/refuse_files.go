package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// removeRuin knows what rm must not delete: what lies outside, the whole work
// tree, git's own folder, and what depends on a variable that may be empty.
func removeRuin(args []string, dir string) string {
	recursive := slices.Contains(args, "--recursive") || slices.ContainsFunc(args[1:], func(a string) bool {
		return strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.ContainsAny(a, "rR")
	})
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") {
			continue
		}
		for _, word := range strings.FieldsFunc(a, func(c rune) bool {
			return c == ',' || c == '{' && strings.Contains(a, ",") || c == '}' && !strings.Contains(a, "${")
		}) {
			word = strings.ReplaceAll(word, `"`, "")
			if (recursive || args[0] != "rm") && (leadsOut(dir, word) || mayBeEmpty(word)) || holdsTree(path.Clean(here(word))) || holdsTree(path.Clean(inFolder(dir, here(word)))) {
				return "rm would delete " + strings.TrimPrefix(strings.ReplaceAll(a, `"`, ""), "./")
			}
		}
	}
	return ""
}

// holdsTree reports whether a path in the root is the work tree itself, or git's
// own folder, or a pattern that means one of them.
func holdsTree(p string) bool {
	switch {
	case p == "." || p == "*" || p == ".git" || strings.HasPrefix(p, ".git/"):
		return true
	}
	return strings.HasPrefix(p, ".[") || strings.HasPrefix(p, ".*") || strings.HasPrefix(p, ".?")
}

// leadsOut reports whether a word leads out of the repository from a folder.
func leadsOut(dir, word string) bool {
	return outside(inFolder(dir, here(strings.ReplaceAll(word, `"`, ""))))
}

var variable = lazyregexp.New(`^\$(?:\{(\w+)\}|(\w+))(.*)$`)

// mayBeEmpty reports whether a path starts with a variable that, unset, leaves
// the file system's root: $FOO/*. ${FOO:?} and ${FOO:-build} say what then.
func mayBeEmpty(word string) bool {
	m := variable.FindStringSubmatch(here(word))
	return m != nil && strings.HasPrefix(m[3], "/") && !slices.Contains(givenFolders, m[1]+m[2])
}

// givenFolders are variables that always name a folder.
var givenFolders = []string{"TMPDIR", "TMP", "TEMP", "RUNNER_TEMP"}

// here writes a path from the root where it is said by its own folder.
func here(word string) string {
	for _, root := range []string{"$PWD", "${PWD}", "$(pwd)", "$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}", "$(git rev-parse --show-toplevel)"} {
		if rest, ok := strings.CutPrefix(word, root); ok && (rest == "" || rest[0] == '/') {
			return "." + rest
		}
	}
	return word
}

// findRuin knows what find must not delete or run.
func findRuin(args []string, dir string) string {
	command := foundCommand(args)
	deletes := slices.Contains(args, "-delete") || len(command) > 0 && path.Base(command[0]) == "rm"
	if deletes {
		roots := args[1:]
		if first := slices.IndexFunc(roots, func(a string) bool { return strings.HasPrefix(a, "-") || a == "(" || a == "!" }); first >= 0 {
			roots = roots[:first]
		}
		if len(roots) == 0 {
			roots = []string{"."}
		}
		for _, root := range roots {
			if leadsOut(dir, root) || mayBeEmpty(strings.ReplaceAll(root, `"`, "")) {
				return "it deletes files outside of the repository"
			}
			if clean := path.Clean(here(root)); (clean == "." && dir == "" || clean == "*" || clean == ".git") && !selects(args) {
				return "find would delete " + root
			}
		}
	}
	if len(command) == 0 || deletes && path.Base(command[0]) == "rm" {
		return ""
	}
	if end := slices.IndexFunc(command, func(a string) bool { return a == ";" || a == "+" }); end >= 0 {
		command = command[:end]
	}
	return ruin(command, dir)
}

// selects reports whether find is told by a property which files it means.
func selects(args []string) bool {
	for i, a := range args {
		switch a {
		case "-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-mtime", "-mmin", "-ctime", "-newer", "-empty", "-size", "-user", "-perm", "-inum", "-samefile":
			negated := args[i-1] == "!" || args[i-1] == "-not"
			if !negated && !(i+1 < len(args) && args[i+1] == "*") {
				return true
			}
		}
	}
	return false
}

// writeRuin knows what must not be written outside of the repository.
func writeRuin(name string, args []string, dir string) string {
	var operands []string
	var into string
	for i := 1; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
		case (name == "cp" || name == "mv" || name == "install" || name == "ln") && (a == "-t" || a == "--target-directory") && i+1 < len(args):
			i++
			into = args[i]
		case strings.HasPrefix(a, "--target-directory="):
			into = strings.TrimPrefix(a, "--target-directory=")
		case name == "install" && slices.Contains([]string{"-m", "-o", "-g"}, a), name == "truncate" && (a == "-s" || a == "-r"), (name == "sed" || name == "gsed" || name == "perl") && (a == "-e" || a == "-f"):
			i++
		case strings.HasPrefix(a, "-") && len(a) > 1:
		default:
			operands = append(operands, a)
		}
	}
	switch name {
	case "cp", "install", "ln":
		if into != "" {
			operands = []string{into}
		} else if len(operands) > 1 {
			operands = operands[len(operands)-1:]
		} else {
			operands = nil
		}
	case "mv":
		operands = append(operands, into)
	case "sed", "gsed", "perl":
		inPlace := slices.ContainsFunc(args, func(a string) bool {
			return strings.HasPrefix(a, "--in-place") || strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.Contains(strings.SplitN(a, "e", 2)[0], "i")
		})
		if !inPlace {
			return ""
		}
		// the program text of sed is an operand too, and may begin with a "/"
		if !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") && strings.HasSuffix(a, "e") }) && len(operands) > 0 {
			operands = operands[1:]
		}
	}
	for _, o := range operands {
		if o != "" && leadsOut(dir, o) && !device(o) {
			return name + " would write to " + o
		}
	}
	return ""
}

// outside reports whether a path leaves the repository, or may: the temporary
// folders are everybody's.
func outside(p string) bool {
	p = strings.ReplaceAll(p, `"`, "")
	for _, prefix := range []string{"/tmp/", "/var/tmp/", "$(mktemp", "`mktemp", "$TMPDIR", "${TMPDIR", "$RUNNER_TEMP", "${RUNNER_TEMP"} {
		if strings.HasPrefix(p, prefix) && !strings.Contains(p, "..") {
			return false
		}
	}
	p = here(p)
	switch {
	case strings.HasPrefix(p, "/"), strings.HasPrefix(p, "~"), strings.HasPrefix(p, "$HOME"), strings.HasPrefix(p, "${HOME"):
		return true
	}
	clean := path.Clean(p)
	return clean == ".." || strings.HasPrefix(clean, "../")
}

// device reports whether a path is one that anybody may write to.
func device(p string) bool {
	return slices.Contains([]string{"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/full"}, p) || strings.HasPrefix(p, "/dev/fd/") || strings.HasPrefix(p, "/dev/shm/")
}
