package plan

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxNesting bounds how deep "bash -c" is looked into.
const maxNesting = 8

// call reads a simple command.
func (r *shapeReader) call(cmd *syntax.CallExpr, c context, redirs []*syntax.Redirect) {
	inner := c
	if len(cmd.Args) > 0 {
		inner = c.losing("substitution", cmd)
	}
	r.substitutions(cmd, inner)
	if len(cmd.Args) == 0 {
		return
	}
	args, _ := r.words(cmd)
	lit := allLiteral(cmd.Args)
	if fn := r.functions[args[0]]; fn != nil {
		r.callFunction(fn, c)
		return
	}
	step := stepOf(args)
	step.Literal, step.Text = lit, printed(cmd)
	for _, a := range cmd.Assigns {
		step.Env = append(step.Env, printed(a))
	}
	r.options(args)
	if c.depth < maxNesting && (r.nested(cmd, args, redirs, c) || r.evaluated(cmd, args, c)) {
		return
	}
	r.wrapped(args, step.Text)
	switch {
	case args[0] == "trap" && len(args) > 2 && strings.Contains(args[1], "exit 0"):
		r.mask("trap", step.Text, -1)
	case args[0] == "exit" && len(args) == 2 && args[1] == "0" && len(r.shape.Steps) > 0 && !c.sub:
		r.mask("exit-0", step.Text, len(r.shape.Steps)-1)
	}
	r.calls[cmd] = len(r.shape.Steps)
	r.add(step, c)
	r.move(args)
}

// stepOf says what is known of a simple command by its words.
func stepOf(args []string) Step {
	t := toolOf(args)
	return Step{Argv: args, Tool: t.name, Probative: t.kind == checks, Status: t.kind == status, Opaque: t.kind == script, Idle: t.idle}
}

// callFunction reads a function's body at its first call; at a later one, its
// steps are there, and may only lose their status.
func (r *shapeReader) callFunction(fn *function, c context) {
	if !fn.called {
		fn.called, fn.from = true, len(r.shape.Steps)
		c.ret = c.loss
		r.stmt(fn.body, c)
		fn.to = len(r.shape.Steps)
		return
	}
	if c.kind == "" {
		return
	}
	for i := fn.from; i < fn.to; i++ {
		masked := slices.ContainsFunc(r.shape.Masks, func(m Mask) bool { return m.Step == i })
		if !masked && lossCounts(&r.shape.Steps[i]) {
			r.mask(c.kind, c.text, i)
		}
	}
}

// move follows cd.
func (r *shapeReader) move(args []string) {
	switch args[0] {
	case "cd", "pushd":
		target := "~"
		for _, arg := range args[1:] {
			if !strings.HasPrefix(arg, "-") || arg == "-" {
				target = arg
				break
			}
		}
		r.dir = inFolder(r.dir, target)
	case "popd":
		r.dir = ""
	}
}

// inFolder is where a path leads in a folder. A path that starts with a variable,
// "~" or "/" leads there from everywhere; "cd -" leads back to the start.
func inFolder(dir, p string) string {
	switch {
	case p == "-":
		return ""
	case dir == "" || p == "" || strings.ContainsAny(p[:1], `/~$"`+"`"):
		return p
	}
	if joined := path.Join(dir, p); joined != "." {
		return joined
	}
	return ""
}

// wrapped notes wrappers by which the status of what they run can get lost.
func (r *shapeReader) wrapped(args []string, text string) {
	has := func(words ...string) bool {
		return slices.ContainsFunc(args, func(a string) bool { return slices.Contains(words, a) })
	}
	kind := ""
	switch path.Base(args[0]) {
	case "xargs":
		if _, ok := unwrap(args); ok {
			kind = "xargs"
		}
	case "find":
		if len(foundCommand(args)) > 0 {
			kind = "find-exec"
		}
	case "timeout", "gtimeout":
		if has("--preserve-status") {
			kind = "timeout"
		}
	case "make", "gmake":
		if has("-i", "-n", "--dry-run", "-k") {
			kind = "make"
		}
	case "npm", "pnpm", "yarn":
		if has("--if-present") {
			kind = "if-present"
		}
	}
	if kind != "" {
		r.mask(kind, text, len(r.shape.Steps))
	}
}

// foundCommand is the command that find runs for what it finds.
func foundCommand(args []string) []string {
	at := slices.IndexFunc(args, func(s string) bool { return s == "-exec" || s == "-execdir" || s == "-ok" || s == "-okdir" })
	if at < 0 {
		return nil
	}
	return args[at+1:]
}

// options follows set -e, set +e and pipefail.
func (r *shapeReader) options(args []string) {
	if args[0] == "set" {
		r.errexit, r.pipefail = shellOptions(args, r.errexit, r.pipefail)
	}
}

func shellOptions(args []string, errexit, pipefail bool) (bool, bool) {
	for i, arg := range args[1:] {
		if len(arg) < 2 || arg[0] != '-' && arg[0] != '+' || strings.HasPrefix(arg, "--") {
			continue
		}
		on := arg[0] == '-'
		if strings.Contains(arg[1:], "e") {
			errexit = on
		}
		if strings.Contains(arg[1:], "o") && i+2 < len(args) {
			switch args[i+2] {
			case "pipefail":
				pipefail = on
			case "errexit":
				errexit = on
			}
		}
	}
	return errexit, pipefail
}

var shells = []string{"bash", "sh", "zsh", "dash", "ksh"}

// shellText returns the text that "bash -c TEXT" runs, or that a shell reads from
// a here-document, and the words that the shell itself takes.
func shellText(args []string, redirs []*syntax.Redirect) (text string, options []string, ok bool) {
	if inner, ok := unwrap(args); ok {
		return shellText(inner, redirs)
	}
	if !slices.Contains(shells, path.Base(args[0])) {
		return "", nil, false
	}
	for i := 1; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "-o" || arg == "+o" || arg == "-O" || arg == "--rcfile" || arg == "--init-file":
			i++
		case strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.Contains(arg, "c"):
			if at := i + 1; at < len(args) {
				for strings.HasPrefix(args[at], "-") && at+1 < len(args) {
					at++
				}
				return args[at], args[:at], true
			}
			return "", nil, false
		case arg == "-s" || arg == "-":
		case strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, "o"): // -euo pipefail
			i++
		case !strings.HasPrefix(arg, "-"):
			return "", nil, false // a script
		}
	}
	for _, redirect := range redirs {
		switch redirect.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			return hereText(redirect.Hdoc), args, redirect.Hdoc != nil
		case syntax.WordHdoc:
			text, ok := literal(redirect.Word)
			return text, args, ok
		}
	}
	return "", nil, false
}

// hereText is a here-document's text, with what the shell would expand as written.
func hereText(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			b.WriteString(lit.Value)
		} else {
			b.WriteString(printed(part))
		}
	}
	return b.String()
}

// innerText is a text that a call holds: from and to are the words that it is in.
type innerText struct {
	file     *syntax.File
	reader   *shapeReader
	shell    Shell
	from, to int
	eval     bool // the shell around it reads it
}

// nested reads a shell's text as a part of the command; false: it is no shell
// text.
func (r *shapeReader) nested(cmd *syntax.CallExpr, args []string, redirs []*syntax.Redirect, c context) bool {
	text, options, ok := shellText(args, redirs)
	if !ok {
		return false
	}
	f, err := parse(text)
	if err != nil {
		return false
	}
	inner := shapeReader{shape: r.shape, dir: r.dir, calls: r.calls, inner: r.inner}
	inner.errexit, inner.pipefail = shellOptions(options, false, false)
	c = c.process()
	c.sub, c.suppressed, c.loop = false, false, 0
	c.depth++
	before := len(r.shape.Steps)
	inner.file(f, c)
	r.shape = inner.shape
	name, at := path.Base(options[0]), slices.Index(args, text)
	if shell, ok := map[string]Shell{"bash": Bash, "sh": Posix, "dash": Posix}[name]; ok && at > 0 && len(args) == len(cmd.Args) && allLiteral(cmd.Args[at:at+1]) {
		r.inner[cmd] = innerText{file: f, reader: &inner, shell: shell, from: at, to: at + 1}
		return true
	}
	for i := range r.shape.Steps[before:] {
		r.shape.Steps[before+i].Behind = true
	}
	return true
}

// evaluated reads what eval runs as a part of the text around it; false: it is no
// eval, or its words are not known.
func (r *shapeReader) evaluated(cmd *syntax.CallExpr, args []string, c context) bool {
	if args[0] != "eval" || len(args) < 2 || !allLiteral(cmd.Args) {
		return false
	}
	f, err := parse(strings.Join(args[1:], " "))
	if err != nil {
		return false
	}
	r.declare(f)
	c.depth++
	r.list(f.Stmts, c)
	r.inner[cmd] = innerText{file: f, reader: r, from: 1, to: len(cmd.Args), eval: true}
	return true
}
