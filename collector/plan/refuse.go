package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
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
	if other := expanded(text); other != text {
		inner := ShapeOf(other, shape.dir)
		text, shape = other, &inner
	}
	if reason := textRuin(text); reason != "" {
		return &Refusal{Reason: reason, Hint: allowHint}
	}
	for _, step := range shape.Steps {
		reason := ruin(step.Argv, step.dir)
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
	for _, target := range shape.written {
		if outside(target) && !device(target) {
			return &Refusal{Reason: "it writes to " + target, Hint: allowHint}
		}
	}
	return nil
}

const allowHint = "take it out of the required commands, or list it under 'commands: allow' in the policy"

var placeholder = lazyregexp.New(`^<[^<>]+>$|^\.\.\.$|^…$`)

// ruin says what a simple command would destroy; empty when nothing is known.
func ruin(args []string, dir string) string {
	if len(args) == 0 {
		return ""
	}
	if text, ok := wrappedText(args); ok {
		return evalRuin([]string{text}, dir)
	}
	if inner, ok := unwrap(args); ok {
		if name := path.Base(args[0]); name == "sudo" || name == "doas" {
			return name + " would run it with more rights than verdict has"
		}
		if path.Base(args[0]) == "xargs" {
			inner = append(slices.Clone(inner), "{}") // the files that it is given
		}
		return ruin(inner, dir)
	}
	if text, _, ok := shellText(args, nil); ok {
		return evalRuin([]string{text}, dir)
	}
	switch name, _, _ := strings.Cut(path.Base(args[0]), "."); name {
	case "eval", "trap":
		return evalRuin(args[1:], dir)
	case "git":
		return gitRuin(args[1:], dir)
	case "rm", "shred", "unlink":
		return removeRuin(args, dir)
	case "find":
		return findRuin(args, dir)
	case "tee", "cp", "mv", "install", "ln", "sed", "gsed", "perl", "truncate":
		return writeRuin(name, args, dir)
	case "mkfs", "fdisk", "parted", "wipefs", "shutdown", "reboot", "halt", "poweroff", "init":
		return name + " would harm the machine"
	case "dd":
		for _, a := range args {
			if strings.HasPrefix(a, "of=/dev/") && !device(a[3:]) {
				return "dd would overwrite a device"
			}
		}
	case "chmod", "chown":
		for _, a := range args[1:] {
			if a == "/" || a == "/*" {
				return name + " would change the whole machine"
			}
		}
	case "pkill", "killall", "killall5", "skill":
		return name + " would end what the command did not start"
	case "kill":
		if slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "PPID") }) {
			return "kill would end what the command did not start"
		}
		if last := args[len(args)-1]; len(args) > 1 && (last == "1" || last == "-1" && len(args) > 2) {
			return "kill would end what the command did not start"
		}
	default:
		return outwardRuin(name, args[1:])
	}
	return ""
}

// wrappedText is the text that a program gives to a shell of its own: script -qc,
// su -c, env -S.
func wrappedText(args []string) (string, bool) {
	letter, ok := map[string]string{"script": "c", "su": "c", "env": "S", "watch": ""}[path.Base(args[0])]
	if !ok {
		return "", false
	}
	if letter == "" {
		words := operands("", args[1:])
		return strings.Join(words, " "), len(words) > 0
	}
	for i, arg := range args[:len(args)-1] {
		if i > 0 && strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, letter) {
			return args[i+1], true
		}
	}
	return "", false
}

// evalRuin looks into the text that eval, trap or a shell runs.
func evalRuin(args []string, dir string) string {
	for _, text := range append([]string{strings.Join(args, " ")}, args...) {
		if reason := textRuin(text); reason != "" {
			return reason
		}
		for _, step := range ShapeOf(text, dir).Steps {
			if len(step.Argv) > 0 && step.Argv[0] != "eval" && step.Argv[0] != "trap" {
				if reason := ruin(step.Argv, step.dir); reason != "" {
					return reason
				}
			}
		}
	}
	return ""
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
