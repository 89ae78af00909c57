package plan

import (
	"path"
	"slices"
	"strings"
)

// tool is how a program's words are understood.
type tool struct {
	name string
	kind kind
	idle bool // it exists to check something, and with these words does not
}

// wrappers run the command that follows their own options; the number is how many
// operands come first.
var wrappers = map[string]int{
	"env": 0, "nice": 0, "time": 0, "nohup": 0, "setsid": 0, "stdbuf": 0, "ionice": 0, "timeout": 1, "gtimeout": 1, "sudo": 0, "command": 0, "exec": 0, "builtin": 0, "chronic": 0, "unbuffer": 0, "caffeinate": 0,
	"xvfb-run": 0, "dotenv": 0, "cross-env": 0, "xargs": 0, "corepack": 0, "flock": 1, "busybox": 0, "doas": 0, "parallel": 0,
}

// valueFlags are options, before the word that counts, that take the next word.
var valueFlags = map[string][]string{
	"nice": {"-n"}, "timeout": {"-s", "-k", "--signal", "--kill-after"}, "env": {"-u", "-C", "-S"}, "stdbuf": {"-i", "-o", "-e"}, "sudo": {"-u", "-g"}, "time": {"-f", "-o"}, "ionice": {"-c", "-n"},
	"xargs": {"-n", "-I", "-P", "-L", "-d", "-s", "-E", "-a"},
	"npx":   {"-p", "--package", "-c", "--call", "--prefix", "-w", "--workspace"}, "npm": {"--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"},
	"node": {"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file"}, "go": {"-C"}, "git": {"-C", "-c", "--git-dir", "--work-tree", "--namespace"}, "cargo": {"-C", "--manifest-path", "--config", "-Z"}, "golangci-lint": {"-c", "--config"}, "ruff": {"--config"},
	"vitest": {"-r", "--root", "-c", "--config", "--dir", "-t", "--testNamePattern", "--reporter", "--project", "--mode"}, "uv": {"--directory", "--project", "--with", "--extra", "--python", "-p"},
}

// operands are the words behind a program's own options.
func operands(name string, args []string) []string {
	for len(args) > 0 {
		word := args[0]
		switch {
		case word == "--":
			return args[1:]
		case strings.HasPrefix(word, "+"), strings.HasPrefix(word, "-") && !slices.Contains(valueFlags[name], word):
			args = args[1:]
		case strings.HasPrefix(word, "-"):
			args = args[min(2, len(args)):]
		default:
			return args
		}
	}
	return nil
}

// unwrap returns the command that a wrapper runs, and whether args is one.
func unwrap(args []string) ([]string, bool) {
	operands, ok := wrappers[path.Base(args[0])]
	if !ok {
		return nil, false
	}
	name := path.Base(args[0])
	rest := args[1:]
	for len(rest) > 0 {
		word := rest[0]
		switch {
		case word == "--":
			rest = rest[1:]
			return rest, len(rest) > 0
		case strings.HasPrefix(word, "-") && len(word) > 1:
			if name == "command" && (word == "-v" || word == "-V") {
				return nil, false
			}
			rest = rest[1:]
			if slices.Contains(valueFlags[name], word) && len(rest) > 0 {
				rest = rest[1:]
			}
		case strings.Contains(word, "=") && !strings.HasPrefix(word, "=") && (name == "env" || name == "sudo" || name == "cross-env"):
			rest = rest[1:]
		case operands > 0:
			operands--
			rest = rest[1:]
		default:
			return rest, true
		}
	}
	return nil, false
}

// Wrapped is where in an argument list the command begins that timeout, env and the
// like run; 0 where it is none of them, or one that runs only what it knows.
func Wrapped(args []string) int {
	at := 0
	for at < len(args) {
		inner, ok := unwrap(args[at:])
		if name := path.Base(args[at]); !ok || name == "busybox" || name == "corepack" || name == "parallel" {
			break
		}
		at = len(args) - len(inner)
	}
	return at
}

// toolOf says what the words of a simple command check.
func toolOf(args []string) tool {
	if len(args) == 0 {
		return tool{kind: quiet}
	}
	if inner, ok := unwrap(args); ok {
		return toolOf(inner)
	}
	name := path.Base(args[0])
	rest := args[1:]
	switch name {
	case "npx", "bunx", "pnpx":
		return started(rest)
	case "npm", "pnpm", "yarn", "bun":
		return packageTool(name, rest)
	case "node", "deno", "tsx", "ts-node":
		if words := operands("node", rest); len(words) > 0 && strings.Contains(words[0], "node_modules/") {
			if program := PackageProgram(words[0]); programs[program] == checks {
				return programTool(program, words[1:])
			}
		}
		if slices.Contains(rest, "--test") || len(rest) > 0 && rest[0] == "test" {
			return tool{name: name + " test", kind: checks}
		}
	case "python", "python3":
		if at := slices.Index(rest, "-m"); at >= 0 && at+1 < len(rest) && programs[rest[at+1]] == checks {
			return programTool(rest[at+1], rest[at+2:])
		}
	}
	if verb, ok := runners[name]; ok {
		if words := operands(name, rest); len(words) > 1 && words[0] == verb {
			if inner := toolOf(operands(name, words[1:])); inner.kind == checks {
				return inner
			}
		}
	}
	return programTool(name, rest)
}

// programTool says what a program checks, by its name, its verb and its options.
func programTool(name string, args []string) tool {
	known, listed := programs[name]
	t := tool{name: name, kind: script}
	if listed {
		t.kind = known
	}
	words := operands(name, args)
	if goal, ok := goals[strings.TrimSuffix(name, "w")]; ok {
		return goalTool(t, goal, words, args)
	}
	key := name
	verb, ok := verbs[name]
	switch {
	case ok && len(words) > 0:
		if k, ok := verb[words[0]]; ok {
			t.kind = k
		}
		key += " " + words[0]
		if !listed {
			t.name = key
		}
		if words[0] == "mod" && len(words) > 1 && words[1] == "tidy" {
			key += " tidy"
		}
	case ok && !listed:
		t.kind = quiet // go --version
	}
	return t.with(name, key, args)
}

// goalTool reads the words of a program that does all of them.
func goalTool(t tool, goal kinds, words, args []string) tool {
	decided := quiet
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			continue
		}
		k, ok := goal[path.Base(word)]
		if !ok {
			k = checks
		}
		if k == script || decided == quiet {
			decided = k
		}
	}
	if len(words) > 0 {
		t.kind = decided
	}
	return t.with(t.name, strings.TrimSuffix(t.name, "w"), args)
}

// with looks at the options of a program that checks something.
func (t tool) with(name, key string, args []string) tool {
	for i, arg := range args {
		if arg == "--" && key != "cargo fmt" || arg == "-args" || arg == "--args" {
			args = args[:i]
			break
		}
	}
	needs, has := onlyWith[key]
	switch {
	case t.kind != checks && t.kind != status:
	case t.kind == checks && (given(args, informs[""]) || given(args, informs[name])):
		t.kind = quiet
	case given(args, neverWith[key]) || given(args, neverWith[name]):
		t.kind, t.idle = quiet, true
	case has && !given(args, needs):
		t.kind = quiet
	}
	return t
}

// given reports whether one of the options of a list stands among the words:
// --option, --option=value, or, for --option=value, that value and no other.
func given(args []string, list string) bool {
	for _, option := range strings.Fields(list) {
		name, value, valued := strings.Cut(option, "=")
		for i, arg := range args {
			switch {
			case arg == option,
				valued && arg == name && i+1 < len(args) && args[i+1] == value,
				!valued && strings.HasPrefix(arg, option+"=") && !strings.HasSuffix(arg, "=false"):
				return true
			}
		}
	}
	return false
}

// started reads the words after npx: the program and its arguments.
func started(args []string) tool {
	words := operands("npx", args)
	if len(words) == 0 {
		return tool{name: "npx", kind: quiet}
	}
	name, _, _ := strings.Cut(path.Base(words[0]), "@")
	if name == "" {
		name = path.Base(words[0])
	}
	return toolOf(append([]string{name}, words[1:]...))
}

// packageTool reads npm's words and those of its relatives.
func packageTool(name string, args []string) tool {
	words := operands("npm", args)
	if len(words) == 0 {
		return tool{name: name, kind: script}
	}
	t := tool{name: name + " " + words[0], kind: script}
	switch words[0] {
	case "exec", "x", "dlx":
		return started(words[1:])
	case "audit", "outdated", "ls", "list":
		t.kind = checks
	case "run", "run-script", "start", "t":
	case "test":
		if name == "bun" {
			t.kind = checks
		}
	case "ci", "install", "i", "add", "config", "set", "version":
		t.kind = quiet
	default:
		t.name = name
		if name != "npm" { // pnpm vitest, yarn tsc
			if inner := toolOf(words); inner.kind == checks || inner.idle {
				return inner
			}
		}
	}
	return t
}

// PackageProgram names the program of a package that a file is: vitest.mjs is
// vitest.
func PackageProgram(file string) string {
	name := path.Base(file)
	return strings.TrimSuffix(name, path.Ext(name))
}

// WitnessedPrograms are the programs that a run puts a witness in front of, so
// that they are seen when a script starts them.
var WitnessedPrograms = []string{
	"go", "node", "gofmt", "golangci-lint", "staticcheck", "govulncheck", "gotestsum", "npx", "vitest", "jest", "mocha", "tsc", "vue-tsc", "eslint", "biome", "prettier", "pytest", "ruff", "mypy",
	"cargo", "dotnet", "mvn", "gradle", "rspec", "phpunit", "shellcheck", "actionlint",
}

// Opaque reports whether an argument list starts other programs that decide: a
// script, make, npm test.
func Opaque(args []string) bool { return toolOf(args).kind == script }

// Tool names the tool that an argument list runs, and says whether it checks
// something: what a witness asks about a command that it sees.
func Tool(args []string) (name string, probative bool) {
	t := toolOf(args)
	return t.name, t.kind == checks
}
