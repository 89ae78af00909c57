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

	"github.com/verdictci/verdict/collector/tracker"
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
	Detail string // what was found
	Cure   string // what to do; empty when it is ok
}

// Doctor says what would keep verdict from its work in a repository, whose root is
// a folder. rules are the rule ids that a policy may name; nil leaves them
// unchecked. It changes nothing, and runs nothing but tools that print their version.
func Doctor(ctx context.Context, root string, rules []string) []Check {
	found, err := Survey(os.DirFS(root))
	if err != nil {
		return []Check{{"repository", Fail, "look at repository: " + err.Error(), "make the repository readable"}}
	}
	d := doctor{ctx: ctx, root: root, rules: rules, found: &found}
	d.tools()
	d.packages()
	d.clone()
	d.policy()
	d.tracker()
	d.workflow()
	return d.checks
}

type doctor struct {
	ctx    context.Context
	root   string
	rules  []string
	found  *Found
	rule   *policy.Policy // as far as it can be read
	checks []Check
}

func (d *doctor) add(name string, state State, detail, cure string) {
	d.checks = append(d.checks, Check{name, state, detail, cure})
}

// tools looks at the programs that the repository's commands need.
func (d *doctor) tools() {
	d.installed("bash", "--version", Fail, "install bash: commands run with it")
	d.installed("git", "--version", Warn, "install git: without it the work tree cannot be compared with the commit")
	if len(d.found.Modules) > 0 {
		if have, ok := d.installed("go", "version", Fail, "install Go: the repository has a go.mod"); ok {
			d.goVersion(have)
		}
	}
	if len(d.found.Packages) == 0 {
		return
	}
	if have, ok := d.installed("node", "--version", Fail, "install Node.js: the repository has a package.json"); ok {
		d.nodeVersion(have)
	}
	asked := map[string]bool{}
	for i := range d.found.Packages {
		name, _, _ := strings.Cut(d.found.Packages[i].manager(), " ")
		if !asked[name] {
			asked[name] = true
			d.installed(name, "--version", Warn, "install "+name+": a package.json is installed and run with it")
		}
	}
}

// installed asks a program for its version.
func (d *doctor) installed(name, flag string, otherwise State, cure string) (string, bool) {
	ctx, cancel := context.WithTimeout(d.ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, flag)
	cmd.Dir = os.TempDir()                              // a go.mod or .npmrc could make the tool fetch another version
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local") // so could the environment
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		d.add(name, otherwise, "not installed", cure)
		return "", false
	case err != nil:
		d.add(name, otherwise, fmt.Sprintf("%s %s: %s", name, flag, err), "reinstall "+name)
		return "", false
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	d.add(name, OK, line, "")
	return line, true
}

// last is the check that was just added.
func (d *doctor) last() *Check { return &d.checks[len(d.checks)-1] }

func (d *doctor) goVersion(line string) {
	_, number, _ := strings.Cut(line, "go version go")
	have, parts := readVersion(number)
	for _, m := range d.found.Modules {
		want, _ := readVersion(m.Go)
		if m.Go != "" && parts > 0 && have.less(want) {
			c := d.last()
			c.State, c.Detail = Warn, fmt.Sprintf("%s; %s asks for %s", line, filepath.ToSlash(filepath.Join(m.Dir, "go.mod")), m.Go)
			c.Cure = "install Go " + m.Go + " or newer; otherwise go tries to fetch it while commands run"
			return
		}
	}
}

func (d *doctor) nodeVersion(line string) {
	have, parts := readVersion(line)
	for i := range d.found.Packages {
		p := &d.found.Packages[i]
		if p.Node == "" || parts == 0 {
			continue
		}
		if ok, known := satisfies(have, p.Node); known && !ok {
			c := d.last()
			c.State, c.Detail = Warn, fmt.Sprintf("%s; %s asks for %s", line, filepath.ToSlash(filepath.Join(p.Dir, "package.json")), p.Node)
			c.Cure = "install a version of Node.js that fits"
			return
		}
	}
}

// packages looks whether what the checks need is installed.
func (d *doctor) packages() {
	for i := range d.found.Packages {
		p := &d.found.Packages[i]
		if p.Vitest == "" && p.Jest == "" && p.TypeScript == "" || p.Workspace {
			continue
		}
		dir := filepath.Join(d.root, filepath.FromSlash(p.Dir), "node_modules")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			d.add("packages", OK, filepath.ToSlash(filepath.Join(p.Dir, "node_modules")), "")
			continue
		}
		install := p.install()
		if install == "" {
			install = "npm install"
		}
		d.add("packages", Warn, "nothing is installed in "+p.Dir, "run: "+in(p.Dir)+install)
	}
}

// policy reads the policy, where there is one.
func (d *doctor) policy() {
	src, err := os.ReadFile(filepath.Join(d.root, policy.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		d.add("policy", OK, "none; the defaults hold", "")
		return
	}
	if err == nil {
		d.rule, err = policy.Parse(policy.FileName, src, d.rules)
	}
	if err != nil {
		d.add("policy", Fail, err.Error(), "correct it; https://github.com/verdictci/verdict/blob/main/docs/policy.md describes every key")
		return
	}
	d.add("policy", OK, policy.FileName, "")
}

// tracker looks for what there is to decide about, as the command line does.
func (d *doctor) tracker() {
	fsys := os.DirFS(d.root)
	trackers, required := d.found.Trackers, 0
	var words *tracker.Vocabulary
	if d.rule != nil {
		words, required = d.rule.Vocabulary, len(d.rule.Commands.Required)+len(d.rule.Commands.JSON)
		if len(d.rule.Trackers) > 0 {
			trackers = nil
		}
		for _, pattern := range d.rule.Trackers {
			match, err := fs.Glob(fsys, pattern)
			if err != nil || len(match) == 0 {
				d.add("tracker", Fail, fmt.Sprintf("no file matches %q of %s", pattern, policy.FileName), "correct 'trackers:', or write the file; 'verdict init' writes one")
			}
			trackers = append(trackers, match...)
		}
	} else if len(trackers) > 1 {
		d.add("tracker", Warn, fmt.Sprintf("%d files look like trackers: %s", len(trackers), strings.Join(trackers, ", ")), "list those that count under 'trackers:' in "+policy.FileName)
	}
	for _, name := range trackers {
		src, err := readFile(fsys, name, maxTracker)
		if err != nil {
			d.add("tracker", Fail, name+": "+err.Error(), "make it readable")
			continue
		}
		d.oneTracker(tracker.Parse(name, src, words))
	}
	switch {
	case len(d.checks) > 0 && d.last().Name == "tracker":
	case required > 0:
		d.add("tracker", OK, "none; "+policy.FileName+" requires commands", "")
	default:
		d.add("tracker", Warn, "no Markdown file has a packet board", "'verdict init' writes one")
	}
}

func (d *doctor) oneTracker(t *tracker.Tracker) {
	commands := len(t.Required)
	for i := range t.Packets {
		commands += len(t.Packets[i].Required)
	}
	detail := fmt.Sprintf("%s: %d packets, %d required commands", t.Path, len(t.Packets), commands)
	switch {
	case len(t.Packets) == 0:
		d.add("tracker", Fail, t.Path+": no packet found", "https://github.com/verdictci/verdict/blob/main/docs/tracker.md describes the form; 'tracker:' in "+policy.FileName+" names other words")
	case len(t.Warnings) > 0:
		w := t.Warnings[0]
		d.add("tracker", Warn, fmt.Sprintf("%s; %d places cannot be read, the first at %s: %s", detail, len(t.Warnings), w.Pos, w.Message), "'verdict lint' lists them")
	default:
		d.add("tracker", OK, detail, "")
	}
}

func (d *doctor) workflow() {
	if len(d.found.Workflows) == 0 {
		d.add("workflow", Warn, "no workflow runs verdict", "https://github.com/verdictci/verdict/blob/main/docs/github.md has one to copy")
	}
	for _, w := range d.found.Workflows {
		switch {
		case w.Fatal:
			d.add("workflow", Fail, w.Path+": "+strings.Join(w.Problems, "; "), "https://github.com/verdictci/verdict/blob/main/docs/github.md has one to copy")
		case len(w.Problems) > 0:
			d.add("workflow", Warn, w.Path+": "+strings.Join(w.Problems, "; "), "https://github.com/verdictci/verdict/blob/main/docs/github.md has one to copy")
		default:
			d.add("workflow", OK, w.Path, "")
		}
	}
}
