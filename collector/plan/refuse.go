package plan

import (
	"path"
	"regexp"
	"slices"
	"strings"

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
	if reason := textRuin(text); reason != "" {
		return &Refusal{Reason: reason, Hint: allowHint}
	}
	known := variables(text)
	for _, step := range shape.Steps {
		reason := ruin(step.Argv, place{step.dir, known})
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

var placeholder = regexp.MustCompile(`^<[^<>]+>$|^\.\.\.$|^…$`)

// place is where a simple command runs.
type place struct {
	dir   string            // the folder
	known map[string]string // variables that the text sets
}

// outside reports whether a word leads out of the repository from here.
func (p place) outside(word string) bool {
	return outside(inFolder(p.dir, p.expand(word)))
}

var variable = regexp.MustCompile(`^"?\$(?:\{(\w+)\}|(\w+))"?(.*)$`)

// expand puts in a leading variable that the text itself sets.
func (p place) expand(word string) string {
	m := variable.FindStringSubmatch(word)
	if m == nil {
		return strings.ReplaceAll(word, `"`, "")
	}
	rest := strings.ReplaceAll(m[3], `"`, "")
	if value, ok := p.known[m[1]+m[2]]; ok {
		return value + rest
	}
	return "$" + m[1] + m[2] + rest
}

// ruin says what a simple command would destroy; empty when nothing is known.
func ruin(args []string, at place) string {
	if len(args) == 0 {
		return ""
	}
	if inner, ok := unwrap(args); ok {
		if path.Base(args[0]) == "sudo" {
			return "sudo would run it with more rights than verdict has"
		}
		if path.Base(args[0]) == "xargs" {
			inner = append(slices.Clone(inner), "{}") // the files that it is given
		}
		return ruin(inner, at)
	}
	if text, _, ok := shellText(args, nil); ok {
		return evalRuin([]string{text}, at)
	}
	switch name, _, _ := strings.Cut(path.Base(args[0]), "."); name {
	case "eval", "trap":
		return evalRuin(args[1:], at)
	case "git":
		return gitRuin(args[1:])
	case "rm", "shred":
		return removeRuin(args, at)
	case "find":
		return findRuin(args, at)
	case "tee", "cp", "mv", "install", "ln", "sed", "gsed", "perl", "truncate":
		return writeRuin(name, args, at)
	case "npm", "pnpm", "yarn", "cargo", "twine", "gem", "gh", "docker":
		return publishRuin(name, args)
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
	}
	return ""
}

// publishRuin knows the commands by which something leaves for a registry or
// GitHub.
func publishRuin(name string, args []string) string {
	if len(args) < 2 {
		return ""
	}
	switch name {
	case "gh":
		if len(args) > 2 && slices.Contains([]string{"release", "pr", "repo"}, args[1]) && slices.Contains([]string{"create", "merge", "delete", "close", "edit"}, args[2]) {
			return "gh " + args[1] + " " + args[2] + " would change something on GitHub"
		}
	case "docker":
		if args[1] == "push" {
			return "docker push would publish an image"
		}
	default:
		if slices.Contains([]string{"publish", "unpublish", "yank", "upload"}, args[1]) {
			return name + " " + args[1] + " would publish a package"
		}
	}
	return ""
}

// evalRuin looks into the text that eval, trap or a shell runs.
func evalRuin(args []string, at place) string {
	for _, text := range append([]string{strings.Join(args, " ")}, args...) {
		if reason := textRuin(text); reason != "" {
			return reason
		}
		for _, step := range shapeOf(text, at.dir).Steps {
			if len(step.Argv) > 0 && step.Argv[0] != "eval" && step.Argv[0] != "trap" {
				if reason := ruin(step.Argv, place{step.dir, at.known}); reason != "" {
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
