package plan

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
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

// Shell is who will interpret an instrumented text.
type Shell int

// The shells that text is instrumented for.
const (
	Bash  Shell = iota // bash 3.2 and later
	Posix              // sh
)

// Witness is who sees the commands of an instrumented text. Both are named in the
// text itself, not in variables: what scrubs its environment is seen all the same.
type Witness struct {
	Program string // is put in front of a command: Program INDEX -- argv
	Log     string // the file that is reported to
}

// Instrument gives shell text with the meaning of text in which each external
// simple command is reported, those of "bash -c" and eval included. What checks
// something, and whatever runs in the background, goes through the witness's
// program; in bash, the rest goes through a function, which costs a tenth of that
// and writes lines that [ReadReport] reads. INDEX is the step's place in
// Shape.Steps, −1 where it has none. A cd that fails is reported as well. The text
// stays the shell's to interpret: pipes, redirections, assignments and status are
// as they were.
func Instrument(text string, shell Shell, w Witness) (string, error) {
	f, err := parse(text)
	if err != nil {
		return "", fmt.Errorf("instrument command: %w", err)
	}
	r := read(f, "")
	i := instrumenter{witness: w, calls: r.calls, inner: r.inner}
	out, err := i.print(f, i.file(f, r, shell))
	if err != nil {
		return "", fmt.Errorf("instrument command: %w", err)
	}
	return out, nil
}

// instrumenter puts the witness into texts that are inside each other.
type instrumenter struct {
	witness Witness
	calls   map[*syntax.CallExpr]int
	inner   map[*syntax.CallExpr]innerText
}

// prelude is what a text needs before it.
type prelude struct{ steps, cd bool }

// file puts the witness in front of a text's calls.
func (i *instrumenter) file(f *syntax.File, r *shapeReader, shell Shell) prelude {
	var p prelude
	background := map[*syntax.CallExpr]bool{}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			if n.Background || n.Coprocess {
				markCalls(n, background)
			}
		case *syntax.CoprocClause:
			markCalls(n, background)
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				i.call(n, r, shell, background[n], &p)
			}
		}
		return true
	})
	return p
}

func (i *instrumenter) call(call *syntax.CallExpr, r *shapeReader, shell Shell, background bool, p *prelude) {
	args, known := r.words(call)
	name := args[0]
	p.cd = p.cd || name == "cd"
	if in, ok := i.inner[call]; ok {
		i.put(call, in, shell, p)
	}
	if builtins[name] || r.functions[name] != nil || !known {
		return
	}
	index, listed := i.calls[call]
	if !listed {
		index = -1
	}
	_, literal := literal(call.Args[0])
	if shell == Bash && literal && !background && plain(args) {
		p.steps = true
		call.Args = append([]*syntax.Word{word("__verdict_step"), word(strconv.Itoa(index))}, call.Args...)
		return
	}
	call.Args = append([]*syntax.Word{quoted(i.witness.Program), word(strconv.Itoa(index)), word("--")}, call.Args...)
}

// put instruments a text that a call holds. What eval runs has the functions of the
// shell around it.
func (i *instrumenter) put(call *syntax.CallExpr, in innerText, around Shell, p *prelude) {
	if in.eval {
		in.shell = around
	}
	needs := i.file(in.file, in.reader, in.shell)
	if in.eval {
		p.steps, p.cd = p.steps || needs.steps, p.cd || needs.cd
		needs = prelude{}
	}
	if text, err := i.print(in.file, needs); err == nil {
		call.Args = append(append(slices.Clone(call.Args[:in.from]), quoted(text)), call.Args[in.to:]...)
	}
}

func (i *instrumenter) print(f *syntax.File, needs prelude) (string, error) {
	var b bytes.Buffer
	replace := strings.NewReplacer("WITNESS", quote(i.witness.Program), "LOG", quote(i.witness.Log))
	if needs.steps {
		replace.WriteString(&b, reportedStep)
	}
	if needs.cd {
		replace.WriteString(&b, watchedCd)
	}
	if err := syntax.NewPrinter().Print(&b, f); err != nil {
		return "", err
	}
	return b.String(), nil
}

func markCalls(n syntax.Node, set map[*syntax.CallExpr]bool) {
	syntax.Walk(n, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			set[call] = true
		}
		return true
	})
}

// plain reports whether a call's end is all there is to know of it: it is no
// check, and no program that has a witness in front of it anyway.
func plain(args []string) bool {
	return toolOf(args).kind != checks && !slices.Contains(WitnessedPrograms, path.Base(args[0]))
}

// reportedStep runs a command and reports its start and its end, one line each.
const reportedStep = `__verdict_n=0
__verdict_step() {
	local __i=$1 __s __w __id=${BASHPID:-$$}.$((++__verdict_n))
	shift
	printf -v __w ' %q' "$PWD" "$@"
	printf '+ %s %s %s%s\n' "$__id" "$__i" "${EPOCHREALTIME:-0}" "$__w" >>LOG
	if "$@"; then __s=0; else __s=$?; fi
	[ $__s != 127 ] || builtin type -P -- "$1" >/dev/null || __id="$__id !"
	printf -- '- %s %s %s\n' "${EPOCHREALTIME:-0}" $__s "$__id" >>LOG
	return $__s
}
`

// watchedCd reports a cd that fails: what follows would run in another folder
// than it says.
const watchedCd = `cd() { command cd "$@"; local s=$?; [ $s = 0 ] || WITNESS -1 --failed $s cd "$@"; return $s; }
`

// Report is a line that an instrumented text wrote about a step.
type Report struct {
	ID       string // of the step, the same in both of its lines
	End      bool
	At       time.Time // zero: the shell does not tell
	Index    int       // at the start
	Dir      string    // likewise, absolute
	Argv     []string  // likewise
	ExitCode int       // at the end
	NotFound bool      // likewise: there is no such program
}

// ReadReport reads a line; false when it is none.
func ReadReport(line string) (Report, bool) {
	fields := strings.SplitN(line, " ", 5)
	switch {
	case len(fields) == 5 && fields[0] == "+":
		index, err := strconv.Atoi(fields[2])
		words := unquoted(fields[4])
		if err != nil || len(words) < 2 {
			return Report{}, false
		}
		return Report{ID: fields[1], At: clock(fields[3]), Index: index, Dir: words[0], Argv: words[1:]}, true
	case len(fields) >= 4 && fields[0] == "-":
		code, err := strconv.Atoi(fields[2])
		return Report{ID: fields[3], End: true, At: clock(fields[1]), ExitCode: code, NotFound: len(fields) == 5}, err == nil
	}
	return Report{}, false
}

// clock reads $EPOCHREALTIME, whose decimal sign is the locale's.
func clock(text string) time.Time {
	seconds, micros, ok := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	us, err2 := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || err2 != nil {
		return time.Time{}
	}
	return time.Unix(s, us*1000).UTC()
}

// unquoted reads words that printf %q wrote; nil when they are none.
func unquoted(text string) []string {
	var words []*syntax.Word
	for w, err := range syntax.NewParser().WordsSeq(strings.NewReader(text)) {
		if err != nil {
			return nil
		}
		words = append(words, w)
	}
	fields, err := expand.Fields(&expand.Config{Env: expand.ListEnviron()}, words...)
	if err != nil {
		return nil
	}
	return fields
}

func word(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: s}}}
}

// quoted is a word that means just s.
func quoted(s string) *syntax.Word { return word(quote(s)) }

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
