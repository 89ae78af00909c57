package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/verdictci/verdict/verdict/policy"
)

// State is how a check of the doctor ended.
type State string

// The states of a check.
const (
	OK   State = "ok"
	Warn State = "warn" // verdict works, but not all of it
	Fail State = "fail" // something keeps verdict from its work
)

// Check is one thing that the doctor looked at.
type Check struct {
	Name   string
	State  State
	Detail string
	Cure   string // what to do; empty when it is ok
}

// Doctor says what would keep verdict from its work in a repository. rules are the
// rule ids that a policy may name. It runs nothing but tools with --version.
func Doctor(ctx context.Context, root string, rules []string) []Check {
	found, err := Survey(os.DirFS(root))
	if err != nil {
		return []Check{{"repository", Fail, err.Error(), "make the repository readable"}}
	}
	checks := []Check{
		installed(ctx, "bash", "--version", Fail, "install bash: commands run with it"),
		installed(ctx, "git", "--version", Warn, "install git: without it the work tree cannot be compared with the commit"),
	}
	if len(found.Modules) > 0 {
		checks = append(checks, installed(ctx, "go", "version", Fail, "install Go: the repository has a go.mod"))
	}
	for _, p := range found.Packages {
		if len(checks) > 0 && checks[len(checks)-1].Name != "node" {
			checks = append(checks, installed(ctx, "npm", "--version", Warn, "install Node.js and npm: the repository has a package.json"), installed(ctx, "node", "--version", Warn, "install Node.js"))
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(p.Dir), "node_modules")); err != nil && (p.Vitest || p.Tsconfig) {
			checks = append(checks, Check{"packages", Warn, "there is no node_modules in " + p.Dir, "run npm ci in " + p.Dir})
		}
	}
	return append(checks, clone(root), policyCheck(root, rules), trackerCheck(found), workflowCheck(found))
}

func installed(ctx context.Context, name, flag string, otherwise State, cure string) Check {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, flag).Output()
	if err != nil {
		return Check{name, otherwise, "not installed", cure}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return Check{Name: name, State: OK, Detail: line}
}

// clone looks at files only: whether the history was cut.
func clone(root string) Check {
	if _, err := os.Stat(filepath.Join(root, ".git", "shallow")); err == nil {
		return Check{"clone", Warn, "the history is cut (shallow)", "git fetch --unshallow; in GitHub Actions: actions/checkout with fetch-depth: 0"}
	}
	return Check{Name: "clone", State: OK, Detail: "complete"}
}

func policyCheck(root string, rules []string) Check {
	src, err := os.ReadFile(filepath.Join(root, policy.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return Check{Name: "policy", State: OK, Detail: "none; the defaults hold"}
	}
	if err == nil {
		_, err = policy.Parse(policy.FileName, src, rules)
	}
	if err != nil {
		return Check{"policy", Fail, err.Error(), "correct it; docs/policy.md describes every key"}
	}
	return Check{Name: "policy", State: OK, Detail: policy.FileName}
}

func trackerCheck(f Found) Check {
	switch len(f.Trackers) {
	case 0:
		return Check{"tracker", Warn, "no Markdown file has a packet board", "'verdict init' writes one"}
	case 1:
		return Check{Name: "tracker", State: OK, Detail: f.Trackers[0]}
	}
	return Check{"tracker", Warn, fmt.Sprintf("%d files look like trackers: %s", len(f.Trackers), strings.Join(f.Trackers, ", ")), "list them under 'trackers:' in " + policy.FileName}
}

func workflowCheck(f Found) Check {
	if f.Workflow == "" {
		return Check{"workflow", Warn, "no workflow runs verdict", "docs/github.md of verdict has one to copy"}
	}
	return Check{Name: "workflow", State: OK, Detail: f.Workflow}
}
