package plan

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// downloads reports whether a statement or word calls curl or wget.
func downloads(n syntax.Node) bool { return callsAny(n, "curl", "wget") }

// decodes reports whether a statement brings hidden text to light.
func decodes(n syntax.Node) bool { return callsAny(n, "base64", "base32", "uudecode", "xxd") }

func callsAny(n syntax.Node, names ...string) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 {
			args, _ := argv(c.Args)
			found = found || slices.Contains(names, path.Base(args[0]))
		}
		return !found
	})
	return found
}

// downloaded are the files that a text gets from the network.
func downloaded(f *syntax.File) map[string]bool {
	files := map[string]bool{}
	keep := func(name string) {
		if name != "" && name != "-" {
			files[path.Clean(name)] = true
		}
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		s, ok := n.(*syntax.Stmt)
		if !ok {
			return true
		}
		c, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || !downloads(c) {
			return true
		}
		args, _ := argv(c.Args)
		for i, arg := range args {
			switch value := ""; {
			case arg == "-o" || arg == "--output" || arg == "-O" || arg == "--output-document":
				if i+1 < len(args) {
					value = args[i+1]
				}
				if arg == "-O" && path.Base(args[0]) == "curl" {
					value = path.Base(args[len(args)-1])
				}
				keep(value)
			case strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(arg) > 2 && i+1 < len(args) && strings.ContainsAny(arg[len(arg)-1:], "oO"):
				keep(args[i+1])
				keep(path.Base(args[i+1]))
			case i > 0 && path.Base(args[0]) == "wget" && !strings.HasPrefix(arg, "-"):
				keep(path.Base(arg))
			}
		}
		for _, redirect := range s.Redirs {
			if value, ok := literal(redirect.Word); ok {
				keep(value)
			}
		}
		return true
	})
	return files
}

// runsFile reports whether a call runs one of the files.
func runsFile(c *syntax.CallExpr, files map[string]bool) bool {
	if len(c.Args) == 0 || len(files) == 0 {
		return false
	}
	args, _ := argv(c.Args)
	for inner, ok := unwrap(args); ok; inner, ok = unwrap(args) {
		args = inner
	}
	if strings.Contains(args[0], "/") && files[path.Clean(args[0])] {
		return true
	}
	name := path.Base(args[0])
	if name != "source" && name != "." && !slices.Contains(interpreters, name) {
		return false
	}
	for _, arg := range args[1:] {
		if !strings.HasPrefix(arg, "-") {
			return files[path.Clean(arg)]
		}
	}
	return false
}
