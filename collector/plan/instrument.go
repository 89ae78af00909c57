package plan

import (
	"bytes"
	"fmt"
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// builtins change the shell that runs them, or are too cheap and too plain to be
// worth a witness.
var builtins = map[string]bool{
	"cd": true, "exit": true, "return": true, "break": true, "continue": true, "set": true, "shift": true, "local": true, "export": true, "declare": true, "typeset": true, "readonly": true,
	"exec": true, "trap": true, "eval": true, "source": true, ".": true, "wait": true, "read": true, "unset": true, "alias": true, "unalias": true, "shopt": true, "umask": true, "ulimit": true,
	"pushd": true, "popd": true, "dirs": true, "jobs": true, "fg": true, "bg": true, "disown": true, "kill": true, "let": true, "getopts": true, "mapfile": true, "readarray": true, "hash": true,
	"builtin": true, "enable": true, "command": true, "type": true, "times": true, "bind": true, "complete": true, "compgen": true, "caller": true, "history": true, "logout": true, "suspend": true,
	"true": true, "false": true, ":": true, "echo": true, "printf": true, "test": true, "[": true, "pwd": true,
}

// Instrument gives shell text with the meaning of text in which each external
// simple command runs through a witness: "$VERDICT_WITNESS" __witness INDEX --
// and the command's own words. INDEX is the step's place in Shape.Steps, −1 where
// it has none. A cd that fails is reported as well. The text stays bash's to
// interpret: pipes, redirections, assignments and status are as they were.
func Instrument(text string) (string, error) {
	f, err := parse(text)
	if err != nil {
		return "", fmt.Errorf("instrument command: %w", err)
	}
	r := read(f, "")
	movesFolder := false
	syntax.Walk(f, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name, lit := literal(call.Args[0])
		if name == "cd" {
			movesFolder = true
		}
		if builtins[name] || r.functions[name] != nil || !lit && name == "" {
			return true
		}
		index, known := r.calls[call]
		if !known {
			index = -1
		}
		call.Args = append([]*syntax.Word{
			quotedVariable("VERDICT_WITNESS"), word("__witness"), word(strconv.Itoa(index)), word("--"),
		}, call.Args...)
		return true
	})
	var b bytes.Buffer
	if movesFolder {
		b.WriteString(watchedCd)
	}
	if err := syntax.NewPrinter().Print(&b, f); err != nil {
		return "", fmt.Errorf("instrument command: %w", err)
	}
	return b.String(), nil
}

// watchedCd reports a cd that fails: what follows would run in another folder
// than it says.
const watchedCd = `cd() { command cd "$@"; local s=$?; [ $s = 0 ] || "$VERDICT_WITNESS" __witness -1 --failed $s cd "$@"; return $s; }
`

func word(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: s}}}
}

func quotedVariable(name string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.DblQuoted{Parts: []syntax.WordPart{
		&syntax.ParamExp{Short: true, Param: &syntax.Lit{Value: name}},
	}}}}
}
