package plan

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const (
	fromNetwork = "it runs a program from the network that nobody has looked at"
	hiddenText  = "it runs text that stands there in another form"
	forkBomb    = "it starts itself again without end"
)

// textRuin finds what is not one simple command: a download that is run, and a
// function that starts itself in the background.
func textRuin(text string) string {
	f, err := parse(text)
	if err != nil {
		return ""
	}
	reason := ""
	files := downloaded(f)
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
				break
			}
			if downloads(n.X) && runsInput(n.Y) {
				reason = fromNetwork
			} else if decodes(n.X) && runsInput(n.Y) {
				reason = hiddenText
			} else if said, ok := saidText(n.X); ok && runsInput(n.Y) && reason == "" {
				reason = evalRuin([]string{said}, "")
			}
		case *syntax.CallExpr:
			if runsDownload(n) || runsFile(n, files) {
				reason = fromNetwork
			}
		case *syntax.Stmt:
			for _, redirect := range n.Redirs {
				if redirect.Word != nil && downloads(redirect.Word) && runsInput(n) {
					reason = fromNetwork
				}
			}
		case *syntax.FuncDecl:
			if multiplies(n) {
				reason = forkBomb
			}
		}
		return reason == ""
	})
	return reason
}

var interpreters = []string{"sh", "bash", "zsh", "dash", "ksh", "python", "python3", "node", "perl", "ruby", "php"}

// runsInput reports whether a statement runs what it reads as a program: an
// interpreter with neither a text nor a file of its own.
func runsInput(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return false
	}
	args, _ := argv(c.Args)
	for inner, ok := unwrap(args); ok; inner, ok = unwrap(args) {
		args = inner
	}
	switch path.Base(args[0]) {
	case "sudo", "doas":
		return true
	case "source", ".":
		return len(args) > 1 && args[1] == "/dev/stdin"
	}
	if !slices.Contains(interpreters, path.Base(args[0])) {
		return false
	}
	shell := slices.Contains(shells, path.Base(args[0]))
	for i := 1; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-" || shell && strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.Contains(a, "s") || a == "/dev/stdin":
			return true
		case shell && (a == "-o" || a == "+o" || a == "-euo"):
			i++
		case !strings.HasPrefix(a, "-"):
			return false
		case strings.HasPrefix(a, "--"):
		case shell && strings.HasSuffix(a, "c") && i == len(args)-1:
			return true // xargs gives it the text
		case shell && strings.Contains(a, "c"), !shell && strings.ContainsAny(a, "cemnp"):
			return false
		}
	}
	return true
}

// runsDownload reports whether an interpreter gets a download as its text or
// file: bash <(curl …), sh -c "$(curl …)", eval "$(curl …)".
func runsDownload(c *syntax.CallExpr) bool {
	if len(c.Args) < 2 {
		return false
	}
	args, _ := argv(c.Args)
	inner := args
	for next, ok := unwrap(inner); ok; next, ok = unwrap(inner) {
		inner = next
	}
	words := c.Args[len(args)-len(inner):]
	name := path.Base(inner[0])
	if name != "eval" && name != "source" && name != "." && !slices.Contains(interpreters, name) {
		return false
	}
	for _, w := range words[1:] {
		if name != "eval" && len(w.Parts) > 0 {
			if _, ok := w.Parts[0].(*syntax.Lit); ok && !strings.HasPrefix(printed(w), "-") {
				return false // a script; the rest are its own words
			}
		}
		if substituted(w) && downloads(w) {
			return true
		}
	}
	return false
}

// substituted reports whether a word is wholly what a command prints.
func substituted(w *syntax.Word) bool {
	if len(w.Parts) == 0 {
		return false
	}
	switch part := w.Parts[0].(type) {
	case *syntax.CmdSubst, *syntax.ProcSubst:
		return true
	case *syntax.DblQuoted:
		if len(part.Parts) > 0 {
			_, ok := part.Parts[0].(*syntax.CmdSubst)
			return ok
		}
	}
	return false
}

// saidText is the literal text that echo, printf or a here-document gives to a
// pipe.
func saidText(s *syntax.Stmt) (string, bool) {
	c, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return "", false
	}
	args, _ := argv(c.Args)
	switch args[0] {
	case "echo", "printf":
		return strings.Join(args[1:], " "), true
	case "cat":
		for _, redirect := range s.Redirs {
			if redirect.Hdoc != nil {
				return hereText(redirect.Hdoc), true
			}
		}
	}
	return "", false
}

// multiplies reports whether a function calls itself in a pipe or the background.
func multiplies(d *syntax.FuncDecl) bool {
	calls := func(n syntax.Node) bool {
		found := false
		syntax.Walk(n, func(n syntax.Node) bool {
			if c, ok := n.(*syntax.CallExpr); ok && len(c.Args) > 0 && c.Args[0].Lit() == d.Name.Value {
				found = true
			}
			return !found
		})
		return found
	}
	found := false
	syntax.Walk(d.Body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			found = found || n.Background && calls(n)
		case *syntax.BinaryCmd:
			found = found || n.Op == syntax.Pipe && calls(n.X) && calls(n.Y)
		}
		return !found
	})
	return found
}
