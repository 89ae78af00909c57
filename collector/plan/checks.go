package plan

import "strings"

// kind is what a simple command decides by its exit status.
type kind string

const (
	checks kind = "check"  // it exists to check something
	status kind = "status" // its exit status can say whether something holds
	script kind = "script" // it starts others that decide
	quiet  kind = "quiet"  // nothing
)

// kinds are words and what they stand for.
type kinds map[string]kind

// of adds the words of a list.
func (k kinds) of(what kind, list string) kinds {
	for _, word := range strings.Fields(list) {
		k[word] = what
	}
	return k
}

// programs are the programs that verdict knows, by the name they are called by.
// A program that is not here is a script: what it checks cannot be known.
var programs = kinds{}.
	of(checks, "gofmt golangci-lint staticcheck govulncheck gosec revive errcheck gotestsum ginkgo buf").
	of(checks, "vitest jest mocha ava tap playwright cypress tsc vue-tsc svelte-check eslint oxlint biome prettier stylelint tsd knip size-limit").
	of(checks, "pytest unittest tox nox ruff mypy pyright flake8 black isort bandit compileall").
	of(checks, "rspec rubocop phpunit phpstan ctest mvn mvnw gradle gradlew sbt").
	of(checks, "shellcheck shfmt actionlint hadolint yamllint markdownlint gitleaks trivy semgrep codespell zizmor tflint").
	of(status, "grep egrep fgrep rg ag git test [ [[ (( diff cmp ls stat cat wc jq yq head sha256sum file which type command").
	of(status, "curl wget docker kubectl helm terraform psql sqlite3 openssl").
	of(quiet, "true false : echo printf cd pushd popd export set unset sleep wait pwd date exit return break continue trap shopt ulimit umask local declare readonly read shift kill hash alias").
	of(quiet, "mkdir touch cp mv rm ln chmod tee tail sort uniq sed awk cut tr tree dirname basename yes seq find xargs").
	of(script, "eval source .")

// verbs say what a program decides by its first word; another word leaves it as it
// is in programs. A program that is not there is named with its verb: "go test".
var verbs = map[string]kinds{
	"go": kinds{}.of(checks, "test vet build install fix").of(status, "list mod").of(script, "run generate tool").
		of(quiet, "env version fmt help doc clean bug get telemetry work"),
	"cargo": kinds{}.of(checks, "test build check clippy bench doc nextest deny audit fmt miri hack t b c").of(script, "run new add install").
		of(quiet, "clean update fetch metadata tree init login search version vendor help generate-lockfile"),
	"dotnet":  kinds{}.of(checks, "test build format publish pack").of(script, "run new tool exec").of(quiet, "restore clean help nuget add remove list sln"),
	"swift":   kinds{}.of(checks, "test build").of(script, "run"),
	"mix":     kinds{}.of(checks, "test compile format credo dialyzer").of(script, "run new").of(quiet, "deps.get clean help"),
	"flutter": kinds{}.of(checks, "test analyze build").of(script, "run").of(quiet, "clean doctor pub config precache devices"),
	"dart":    kinds{}.of(checks, "test analyze compile format").of(script, "run").of(quiet, "pub info"),
	"zig":     kinds{}.of(checks, "test build ast-check fmt").of(script, "run").of(quiet, "version env zen fetch init"),
	"bazel":   kinds{}.of(checks, "test build coverage").of(script, "run").of(quiet, "clean info query cquery version shutdown fetch help"),

	"git":           kinds{}.of(quiet, "status log add commit fetch tag config remote stash gc"),
	"ruff":          kinds{}.of(quiet, "rule config linter clean version help server analyze"),
	"golangci-lint": kinds{}.of(quiet, "cache completion config custom formatters help linters migrate version"),
	"vitest":        kinds{}.of(quiet, "list init"),
	"playwright":    kinds{}.of(checks, "test").of(quiet, "install install-deps uninstall show-report show-trace codegen open merge-reports"),
	"cypress":       kinds{}.of(quiet, "open install verify info cache version"),
	"biome":         kinds{}.of(quiet, "init migrate start stop version rage explain clean"),
	"buf":           kinds{}.of(quiet, "generate push dep config registry mod"),
	"terraform":     kinds{}.of(quiet, "init output show version providers"),
}

// goals are programs whose words are all done one after the other: those that
// decide nothing count only where no other does.
var goals = map[string]kinds{
	"mvn":    kinds{}.of(quiet, "clean site dependency:tree help:effective-pom").of(script, "exec:java"),
	"gradle": kinds{}.of(quiet, "clean tasks help dependencies projects properties wrapper").of(script, "run"),
	"sbt":    kinds{}.of(quiet, "clean update").of(script, "run"),
}

// onlyWith are programs that check something only where one of the words is given:
// without, they print or rewrite, and end with 0 whatever they found. "gofmt -l" is
// one of those: its list has to be looked at, as test -z "$(gofmt -l .)" does.
var onlyWith = map[string]string{
	"gofmt": "-d", "prettier": "--check -c -l --list-different", "black": "--check", "isort": "--check --check-only -c", "shfmt": "-d --diff", "git diff": "--exit-code --quiet --check",
	"ruff format": "--check --diff", "golangci-lint fmt": "--diff -d", "buf format": "--exit-code", "terraform fmt": "-check --check",
	"go mod": "verify tidy", "go mod tidy": "-diff", "go fix": "-diff", "cargo fmt": "--check", "mix format": "--check-formatted", "dotnet format": "--verify-no-changes", "dart format": "--set-exit-if-changed", "zig fmt": "--check",
}

// neverWith are words by which a program that checks otherwise checks nothing.
var neverWith = map[string]string{
	"tsc": "--init --showConfig --listFilesOnly --all --clean", "vue-tsc": "--init --showConfig --listFilesOnly --all", "go vet": "-json -n", "go build": "-n", "go test": "-n", "golangci-lint run": "--issues-exit-code=0",
	"prettier": "--write -w", "shfmt": "-w --write", "gofmt": "-w", "biome format": "--write --fix", "ruff check": "--exit-zero -e --show-files --show-settings", "ctest": "-N --show-only",
	"pytest": "--collect-only --co --fixtures --markers", "jest": "--listTests --showConfig --clearCache --init", "eslint": "--print-config --init --env-info --inspect-config", "playwright test": "--list",
	"gradle": "--dry-run -m",
}

// informs are words with which a program that checks something only tells what it
// is.
var informs = map[string]string{
	"": "--version --help", "go": "-h", "vitest": "-v -h", "tsc": "-v -h", "vue-tsc": "-v -h", "pytest": "-V -h", "jest": "-v -h", "eslint": "-v -h", "mypy": "-V -h", "ruff": "-V -h", "golangci-lint": "-h", "prettier": "-h",
}

// runners start the program behind their verb, in an environment of theirs.
var runners = map[string]string{"uv": "run", "poetry": "run", "pipenv": "run", "pdm": "run", "hatch": "run", "bundle": "exec"}
