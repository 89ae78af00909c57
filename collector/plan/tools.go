package plan

import (
	"path"
	"slices"
	"strings"
)

// tool is how a program's words are understood.
type tool struct {
	name string
	// kind: "check" it exists to check something; "status" its exit status can
	// say whether something holds; "script" it starts others that decide; "quiet"
	// it decides nothing.
	kind string
}

// programs are the programs that verdict knows, by the name they are called by.
// A program that is not here is a script: what it checks cannot be known.
var programs = map[string]string{
	"gofmt": "check", "golangci-lint": "check", "staticcheck": "check", "govulncheck": "check", "gosec": "check", "revive": "check", "errcheck": "check", "gotestsum": "check", "ginkgo": "check", "buf": "check",
	"vitest": "check", "jest": "check", "mocha": "check", "ava": "check", "tap": "check", "playwright": "check", "cypress": "check", "tsc": "check", "vue-tsc": "check", "svelte-check": "check", "eslint": "check", "oxlint": "check", "biome": "check", "prettier": "check", "stylelint": "check", "tsd": "check", "knip": "check", "size-limit": "check",
	"pytest": "check", "tox": "check", "nox": "check", "ruff": "check", "mypy": "check", "pyright": "check", "flake8": "check", "black": "check", "bandit": "check",
	"rspec": "check", "rubocop": "check", "phpunit": "check", "phpstan": "check", "ctest": "check", "shellcheck": "check", "shfmt": "check", "actionlint": "check", "hadolint": "check", "yamllint": "check", "markdownlint": "check", "gitleaks": "check", "trivy": "check", "semgrep": "check", "codespell": "check", "zizmor": "check", "tflint": "check",
	"grep": "status", "egrep": "status", "fgrep": "status", "rg": "status", "ag": "status", "git": "status", "test": "status", "[": "status", "[[": "status", "diff": "status", "cmp": "status", "ls": "status", "stat": "status", "cat": "status", "wc": "status", "jq": "status", "yq": "status", "head": "status", "sha256sum": "status", "file": "status", "which": "status", "type": "status", "command": "status", "curl": "status", "wget": "status", "docker": "status", "kubectl": "status", "helm": "status", "terraform": "status", "psql": "status", "sqlite3": "status", "openssl": "status", "((": "status",
	"true": "quiet", ":": "quiet", "echo": "quiet", "printf": "quiet", "cd": "quiet", "pushd": "quiet", "popd": "quiet", "export": "quiet", "set": "quiet", "unset": "quiet", "sleep": "quiet", "wait": "quiet", "pwd": "quiet", "date": "quiet", "mkdir": "quiet", "touch": "quiet", "cp": "quiet", "mv": "quiet", "rm": "quiet", "ln": "quiet", "tee": "quiet", "tail": "quiet", "sort": "quiet", "uniq": "quiet", "sed": "quiet", "awk": "quiet", "cut": "quiet", "tr": "quiet", "tree": "quiet", "exit": "quiet", "return": "quiet", "break": "quiet", "continue": "quiet", "trap": "quiet", "shopt": "quiet", "ulimit": "quiet", "umask": "quiet", "local": "quiet", "declare": "quiet", "readonly": "quiet", "read": "quiet", "shift": "quiet", "false": "quiet", "kill": "quiet", "dirname": "quiet", "basename": "quiet", "yes": "quiet", "seq": "quiet", "chmod": "quiet", "find": "quiet", "xargs": "quiet", "hash": "quiet", "alias": "quiet", "eval": "script", "source": "script", ".": "script",
}

// goChecks are the sub-commands of go that check something.
var goChecks = []string{"test", "vet", "build", "install", "run", "generate", "list", "mod", "fix", "tool", "work", "env", "version", "fmt"}

// wrappers run the command that follows their own options; the number is how many
// operands come first.
var wrappers = map[string]int{
	"env": 0, "nice": 0, "time": 0, "nohup": 0, "setsid": 0, "stdbuf": 0, "ionice": 0, "timeout": 1, "gtimeout": 1, "sudo": 0, "command": 0, "exec": 0, "builtin": 0, "chronic": 0, "unbuffer": 0, "caffeinate": 0,
	"xvfb-run": 0, "dotenv": 0, "cross-env": 0, "xargs": 0, "corepack": 0,
}

// valueFlags are options of wrappers that take a value in the next word.
var valueFlags = map[string][]string{
	"nice": {"-n"}, "timeout": {"-s", "-k", "--signal", "--kill-after"}, "env": {"-u", "-C", "-S"}, "stdbuf": {"-i", "-o", "-e"}, "sudo": {"-u", "-g"}, "time": {"-f", "-o"}, "ionice": {"-c", "-n"},
	"xargs": {"-n", "-I", "-P", "-L", "-d", "-s", "-E", "-a"},
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

// toolOf says what the words of a simple command check.
func toolOf(args []string) tool {
	if len(args) == 0 {
		return tool{kind: "quiet"}
	}
	if inner, ok := unwrap(args); ok {
		return toolOf(inner)
	}
	name := path.Base(args[0])
	switch name {
	case "go":
		return goTool(args)
	case "npx", "bunx", "pnpx":
		return runnerTool(args[1:])
	case "npm", "pnpm", "yarn", "bun":
		return packageTool(name, args)
	case "node", "deno", "tsx", "ts-node":
		if slices.Contains(args, "--test") || len(args) > 1 && args[1] == "test" {
			return tool{name + " test", "check"}
		}
		return tool{name, "script"}
	case "python", "python3":
		return pythonTool(name, args)
	case "cargo", "dotnet", "mvn", "mvnw", "gradle", "gradlew", "swift", "mix", "flutter", "dart", "zig", "sbt", "bazel":
		return subcommandTool(name, args)
	case "bash", "sh", "zsh", "dash", "make", "gmake", "just", "task", "ninja", "rake", "turbo", "nx", "lerna", "moon", "uv", "poetry", "pipenv", "bundle":
		return tool{name, "script"}
	}
	if kind, ok := programs[name]; ok {
		return tool{name, kind}
	}
	return tool{name, "script"}
}

// goTool reads go's words: the sub-command follows a leading -C folder.
func goTool(args []string) tool {
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if rest[0] == "-C" && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return tool{"go", "quiet"}
	}
	switch rest[0] {
	case "run", "generate", "tool":
		return tool{"go " + rest[0], "script"}
	case "env", "version":
		return tool{"go " + rest[0], "quiet"}
	}
	if slices.Contains(goChecks, rest[0]) {
		return tool{"go " + rest[0], "check"}
	}
	return tool{"go " + rest[0], "script"}
}

// runnerTool reads the words after npx: the program and its arguments.
func runnerTool(rest []string) tool {
	for len(rest) > 0 {
		switch {
		case rest[0] == "--":
			rest = rest[1:]
		case rest[0] == "-p" || rest[0] == "--package" || rest[0] == "-c" || rest[0] == "--call" || rest[0] == "--prefix" || rest[0] == "-w" || rest[0] == "--workspace":
			rest = rest[min(2, len(rest)):]
		case strings.HasPrefix(rest[0], "-"):
			rest = rest[1:]
		default:
			name, _, _ := strings.Cut(path.Base(rest[0]), "@")
			if name == "" {
				name = path.Base(rest[0])
			}
			return toolOf(append([]string{name}, rest[1:]...))
		}
	}
	return tool{"npx", "quiet"}
}

// packageTool reads npm's words and those of its relatives.
func packageTool(name string, args []string) tool {
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if slices.Contains([]string{"--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"}, rest[0]) && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return tool{name, "script"}
	}
	switch rest[0] {
	case "exec", "x", "dlx":
		return runnerTool(rest[1:])
	case "audit", "outdated", "ls", "list":
		return tool{name + " " + rest[0], "check"}
	case "test", "t", "run", "run-script", "start":
		return tool{name + " " + rest[0], "script"}
	case "ci", "install", "i", "add", "config", "set", "version":
		return tool{name + " " + rest[0], "quiet"}
	}
	if name == "bun" && rest[0] == "test" {
		return tool{"bun test", "check"}
	}
	if name != "npm" { // pnpm vitest, yarn tsc
		if inner := toolOf(rest); inner.kind == "check" {
			return inner
		}
	}
	return tool{name, "script"}
}

func pythonTool(name string, args []string) tool {
	for i, arg := range args {
		if arg == "-m" && i+1 < len(args) {
			switch args[i+1] {
			case "pytest", "unittest", "mypy", "ruff", "flake8", "compileall", "tox", "nox", "black":
				return tool{args[i+1], "check"}
			}
		}
	}
	return tool{name, "script"}
}

func subcommandTool(name string, args []string) tool {
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "+") {
			continue
		}
		switch arg {
		case "run", "new", "add", "install":
			return tool{name + " " + arg, "script"}
		}
		return tool{name + " " + arg, "check"}
	}
	return tool{name, "script"}
}

// runsTests are tools whose pass means nothing when no test ran.
func runsTests(name string) bool {
	switch name {
	case "go test", "vitest", "jest", "mocha", "ava", "pytest", "cargo test", "gotestsum", "node test", "bun test", "deno test", "unittest", "playwright", "phpunit", "rspec", "ctest", "dotnet test":
		return true
	}
	return false
}

// RunsTests reports whether a step's tool is a test runner.
func (s *Step) RunsTests() bool { return runsTests(s.Tool) }

// WitnessedPrograms are the programs that a run puts a witness in front of, so
// that they are seen when a script starts them.
var WitnessedPrograms = []string{
	"go", "gofmt", "golangci-lint", "staticcheck", "govulncheck", "gotestsum", "npx", "vitest", "jest", "mocha", "tsc", "vue-tsc", "eslint", "biome", "prettier", "pytest", "ruff", "mypy",
	"cargo", "dotnet", "mvn", "gradle", "rspec", "phpunit", "shellcheck", "actionlint",
}

// Tool names the tool that an argument list runs, and says whether it checks
// something: what a witness asks about a command that it sees.
func Tool(args []string) (name string, probative bool) {
	t := toolOf(args)
	return t.name, t.kind == "check"
}
