package command

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// Environment is what a command's environment is made of.
type Environment struct {
	Env      []string // NAME=value, for the commands
	SetAside []string // names that were there and that no command sees, sorted
	Set      []string // NAME=value that verdict sets, sorted
	Secrets  []string // values of variables that were set aside as secret
}

// alwaysSecret are variables that hold a credential or lead to one; a "*" stands
// for anything.
var alwaysSecret = []string{
	"GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL",
	"NPM_TOKEN", "NODE_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_SECRET", "SSH_AUTH_SOCK",
	"*_TOKEN", "*_SECRET", "*_SECRETS", "*_PASSWORD", "*_PASSWD", "*_API_KEY", "*_APIKEY", "*_PRIVATE_KEY", "*_CREDENTIALS", "*_ACCESS_KEY", "TOKEN", "SECRET", "PASSWORD", "API_KEY", "DATABASE_URL", "npm_config_*auth*", "npm_config_*token*",
}

// commandFiles are files by which a job's step speaks to GitHub.
var commandFiles = []string{"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"}

// changesRuns are variables that change what a command runs or how much it says:
// a result must not depend on who started verdict.
var changesRuns = []string{
	"GOFLAGS", "GODEBUG", "GOTEST*", "NODE_OPTIONS", "NODE_PATH", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CDPATH", "GREP_OPTIONS", "PROMPT_COMMAND", "BASH_FUNC_*",
	"VITEST*", "JEST_*", "TS_NODE_*", "PYTEST_ADDOPTS", "PYTHONSTARTUP", "RUSTFLAGS", "CARGO_BUILD_*", "npm_*", "NPM_CONFIG_*", "INIT_CWD",
	"CLAUDECODE", "CLAUDE_CODE*", "AI_AGENT", "CURSOR_*", "CODEX_*", "AGENT", "COPILOT_*", "GEMINI_CLI", "FORCE_COLOR", "CLICOLOR_FORCE", "CI", "CONTINUOUS_INTEGRATION", "NO_COLOR", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "VERDICT_*",
}

// fixed is what verdict sets: what any CI service does, and that nothing is
// installed behind anybody's back.
var fixed = []string{"CI=true", "LC_ALL=C.UTF-8", "NO_COLOR=1", "npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false", "npm_config_yes=false"}

// NewEnvironment makes the environment of the commands from this process's one.
// pass names variables that are kept although they would be set aside, secrets
// names more variables whose values are secret, and extra is set on top.
func NewEnvironment(environ, pass, secrets []string, extra map[string]string) Environment {
	e := Environment{Set: slices.Clone(fixed)}
	for name, value := range extra {
		e.Set = append(e.Set, name+"="+value)
	}
	slices.Sort(e.Set)
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		secret := matches(alwaysSecret, name) || slices.Contains(secrets, name)
		if secret && value != "" {
			e.Secrets = append(e.Secrets, value)
		}
		switch {
		case slices.Contains(pass, name) && !never(name):
			e.Env = append(e.Env, v)
		case secret || matches(commandFiles, name) || matches(changesRuns, name):
			e.SetAside = append(e.SetAside, name)
		default:
			e.Env = append(e.Env, v)
		}
	}
	for _, v := range e.Set {
		name, _, _ := strings.Cut(v, "=")
		e.Env = slices.DeleteFunc(e.Env, func(have string) bool { return strings.HasPrefix(have, name+"=") })
		e.Env = append(e.Env, v)
	}
	slices.Sort(e.SetAside)
	return e
}

// ofTheSession are variables that differ from one terminal, login or job to the next,
// and that no command should depend on.
var ofTheSession = []string{
	"PWD", "OLDPWD", "SHLVL", "_", "TERM", "TERM_*", "COLORTERM", "COLUMNS", "LINES", "SSH_*", "DISPLAY", "WAYLAND_DISPLAY", "XDG_*", "WINDOWID", "DBUS_*", "TMUX*", "STY", "VSCODE_*", "WT_*", "INVOCATION_ID", "JOURNAL_STREAM",
	"GITHUB_*", "RUNNER_*", "HOSTNAME", "PS1", "LS_COLORS", "EDITOR", "PAGER",
}

// Digest tells one environment from another, but for what belongs to a session.
func (e Environment) Digest() string {
	vars := slices.DeleteFunc(slices.Clone(e.Env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return matches(ofTheSession, name)
	})
	slices.Sort(vars)
	sum := sha256.Sum256([]byte(strings.Join(vars, "\x00")))
	return hex.EncodeToString(sum[:])
}

// never are variables that no policy can pass on: with them, what is tested could
// act for verdict's own job.
func never(name string) bool {
	return strings.HasPrefix(name, "ACTIONS_") || slices.Contains([]string{"GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}, name) || slices.Contains(commandFiles, name)
}

// matches reports whether a name is one of the patterns: a "*" stands for anything.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		before, after, star := strings.Cut(p, "*")
		if !star || !strings.HasPrefix(name, before) {
			return p == name
		}
		ok, _ := path.Match("*"+after, name[len(before):])
		return ok
	})
}
