package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

// A witness is this program in front of another: it reports what is run, runs it,
// and reports how it ended. It stands in three places, each a link to this program
// in a folder at the front of PATH: in front of each simple command of an
// instrumented line (verdict-step INDEX -- argv), behind the names of known tools
// (go, npx, tsc, …), and as npm's script shell. So a check is seen whoever starts it.

const (
	envLog      = "VERDICT_WITNESS_LOG"  // the file that is reported to
	envShims    = "VERDICT_WITNESS_PATH" // the folder at the front of PATH
	envOutputs  = "VERDICT_WITNESS_OUT"  // the beginning of the names of result files
	envRoot     = "VERDICT_WITNESS_ROOT"
	envReporter = "VERDICT_WITNESS_REPORTER" // vitest's reporter
	envTracked  = "VERDICT_WITNESS_TRACKED"  // a file that lists the tracked files, "@", when the line began (ns); empty: nobody looks
	envGoTemp   = "VERDICT_WITNESS_GOTMP"    // see goTemp
	stepName    = "verdict-step"
	shellName   = "verdict-shell"
)

// Witness is what a run needs so that steps are seen.
type Witness struct {
	program  string // this program
	dir      string
	links    string // the folder of links, in dir
	reporter string
	made     func() error // the folder and what every command needs; once
}

// NewWitness makes its folder of links in dir when the first command needs one.
// program is the file of this program, or of any that calls [WitnessMain].
func NewWitness(program, dir string) *Witness {
	// The reporter is below node_modules, since vitest loads one from elsewhere
	// through its own server, which denies files outside of the front end's folder.
	w := &Witness{program: program, dir: dir, links: filepath.Join(dir, "path"), reporter: filepath.Join(dir, "node_modules", "verdict-reporter", "index.mjs")}
	w.made = sync.OnceValue(func() error {
		if err := os.MkdirAll(w.links, 0o755); err != nil {
			return fmt.Errorf("make witness: %w", err)
		}
		return errors.Join(link(program, filepath.Join(w.links, stepName)), link(program, filepath.Join(w.links, shellName)))
	})
	return w
}

func link(to, name string) error {
	if err := os.Symlink(to, name); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make witness: %w", err)
	}
	return nil
}

// environment gives one command a folder of links of its own, and the variables
// that its witnesses need. They are in a file beside the folder as well: a tool
// that is started with a scrubbed environment is still found by PATH.
func (w *Witness) environment(env []string, name, log, outputs, root, tracked string) (out []string, shims string, err error) {
	shims = filepath.Join(w.dir, name)
	if err := w.made(); err != nil {
		return nil, "", err
	}
	if err := errors.Join(link(w.links, shims), w.linkTools(valueOf(env, "PATH"))); err != nil {
		return nil, "", err
	}
	vars := []string{envLog + "=" + log, envShims + "=" + shims, envOutputs + "=" + outputs, envRoot + "=" + root, envReporter + "=" + w.reporter, envTracked + "=" + tracked}
	if err := os.WriteFile(shims+".env", []byte(strings.Join(vars, "\x00")), 0o644); err != nil {
		return nil, "", fmt.Errorf("make witness: %w", err)
	}
	out = make([]string, 0, len(env)+8)
	for _, v := range env {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			v = "PATH=" + shims + string(os.PathListSeparator) + path
		}
		out = append(out, v)
	}
	return append(append(out, vars...), "npm_config_script_shell="+filepath.Join(shims, shellName)), shims, nil
}

// linkTools makes links for the known tools that are installed: a script may ask
// whether one is. An earlier command may have installed more.
func (w *Witness) linkTools(path string) error {
	for _, name := range plan.WitnessedPrograms {
		if _, err := os.Lstat(filepath.Join(w.links, name)); err == nil {
			continue
		}
		if _, err := lookPath(name, path, ""); err != nil {
			continue
		}
		if err := link(w.program, filepath.Join(w.links, name)); err != nil {
			return err
		}
	}
	return nil
}

// IsWitness reports whether this process was started as a witness. main asks
// first of all.
func IsWitness(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch name := filepath.Base(args[0]); {
	case name != stepName && name != shellName && !slices.Contains(plan.WitnessedPrograms, name):
		return false
	case os.Getenv(envShims) != "":
		return true
	}
	return restore(args[0])
}

// restore brings back the variables that a scrubbed environment lacks, from beside
// the folder of links by which this process was found.
func restore(program string) bool {
	for _, dir := range append([]string{filepath.Dir(program)}, filepath.SplitList(os.Getenv("PATH"))...) {
		if _, err := os.Lstat(filepath.Join(dir, stepName)); err != nil {
			continue
		}
		vars, err := os.ReadFile(dir + ".env")
		if err != nil {
			continue
		}
		for _, v := range strings.Split(string(vars), "\x00") {
			name, value, _ := strings.Cut(v, "=")
			os.Setenv(name, value)
		}
		return true
	}
	return false
}

// WitnessMain does a witness's work and returns its exit status. It takes all of
// os.Args.
func WitnessMain(args []string) int {
	w := witness{log: os.Getenv(envLog), index: -1, via: "path"}
	switch {
	case filepath.Base(args[0]) == stepName:
		rest := args[1:]
		if len(rest) > 0 {
			w.index, _ = strconv.Atoi(rest[0])
			rest = rest[1:]
		}
		w.via = ""
		if len(rest) > 1 && rest[0] == "--failed" {
			return w.failed(rest[1], rest[2:])
		}
		if len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
		w.argv = rest
	case filepath.Base(args[0]) == shellName:
		return scriptShell(args[1:])
	default:
		w.argv = append([]string{filepath.Base(args[0])}, args[1:]...)
	}
	if len(w.argv) == 0 {
		return 0
	}
	return w.run()
}

// scriptShell runs an npm script with a witness in front of its commands.
func scriptShell(args []string) int {
	sh, err := exec.LookPath("sh")
	if err != nil {
		fmt.Fprintln(os.Stderr, "verdict: find sh:", err)
		return 127
	}
	script := args
	if len(args) == 2 && args[0] == "-c" {
		seen := plan.Witness{Program: filepath.Join(os.Getenv(envShims), stepName), Log: os.Getenv(envLog)}
		if text, err := plan.Instrument(args[1], plan.Posix, seen); err == nil {
			args = []string{"-c", text}
		}
	}
	w := witness{log: os.Getenv(envLog), index: -1, via: "npm", argv: append([]string{"sh"}, script...)}
	w.report(witnessLine{ID: id(), Step: w.step()}) // its end is npm's to see
	env := append(os.Environ(), "VERDICT_WITNESS_VIA=npm")
	fmt.Fprintln(os.Stderr, "verdict: run sh:", replaceProcess(sh, append([]string{"sh"}, args...), env))
	return 126
}

type witness struct {
	log   string
	index int
	via   string
	argv  []string

	tool      string
	probative bool
	direct    bool // argv itself is the tool, not something that starts it
	raw       string
	tests     *evidence.Tests
	check     *evidence.Check
	ran       *evidence.Tool
}

// witnessLine is one line of the file that witnesses report to.
type witnessLine struct {
	ID   string        `json:"id"`
	End  bool          `json:"end,omitempty"`
	Step evidence.Step `json:"step"`
	Raw  string        `json:"raw,omitempty"`
	// Written are tracked files that were not as they had been when the line began.
	Written []written `json:"written,omitempty"`

	// ended completes the step that began with the same ID; nil: Step is whole.
	ended func(*evidence.Step)
}

func (w *witness) report(l witnessLine) {
	if w.log == "" {
		return
	}
	line, err := json.Marshal(l)
	if err != nil {
		return
	}
	f, err := os.OpenFile(w.log, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return // the missing report is seen: a step without an end
	}
	f.Write(append(line, '\n'))
	f.Close()
}

// failed reports a builtin that failed.
func (w *witness) failed(status string, argv []string) int {
	code, _ := strconv.Atoi(status)
	w.argv = argv
	step := w.step()
	step.Outcome, step.ExitCode = evidence.Exited, code
	w.report(witnessLine{ID: id(), End: true, Step: step})
	return 0
}

func id() string { return strconv.Itoa(os.Getpid()) }

func (w *witness) step() evidence.Step {
	dir, _ := os.Getwd()
	via := w.via
	if via == "" && os.Getenv("VERDICT_WITNESS_VIA") != "" {
		via = os.Getenv("VERDICT_WITNESS_VIA")
	}
	s := evidence.Step{
		Index: w.index, Argv: w.argv, Dir: dir, Tool: w.tool, Probative: w.probative, Via: via, Outcome: evidence.NotRun, ExitCode: -1, Started: time.Now().UTC(),
	}
	if via != "" {
		s.Index = -1
		s.Parent = parentName()
	}
	for _, name := range []string{"GOFLAGS", "NODE_OPTIONS", "GOOS", "GOARCH", "CGO_ENABLED", "NODE_ENV", "VITEST"} {
		if v := os.Getenv(name); v != "" {
			s.Env = append(s.Env, name+"="+v)
		}
	}
	return s
}

// run runs the real program.
func (w *witness) run() int {
	path, err := lookPath(w.argv[0], os.Getenv("PATH"), os.Getenv(envShims))
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: command not found\n", w.argv[0])
		step := w.step()
		step.Outcome, step.ExitCode = evidence.StartFailed, -1
		w.report(witnessLine{ID: id(), End: true, Step: step})
		return 127
	}
	w.tool, w.probative = plan.Tool(w.argv)
	w.direct = isDirect(w.argv, w.tool)
	step := w.step()
	line := witnessLine{ID: id(), Step: step}
	if w.probative {
		line.Written = w.looks()
	}
	w.report(line)
	state, err := w.runTool(path)
	line.End, line.Raw = true, w.raw
	line.Step.DurationMS = time.Since(step.Started).Milliseconds()
	line.Step.Tests, line.Step.Check, line.Step.Ran = w.tests, w.check, w.ran
	if state == nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", w.argv[0], err)
		line.Step.Outcome = evidence.StartFailed
		w.report(line)
		if errors.Is(err, os.ErrNotExist) {
			return 127
		}
		return 126
	}
	line.Step.Outcome, line.Step.ExitCode, line.Step.Signal = ending(state)
	w.report(line)
	return dieLike(state)
}

// isDirect reports whether the first word is the tool's own, so that it can be
// given arguments that make it report.
func isDirect(argv []string, tool string) bool {
	name := filepath.Base(argv[0])
	first, _, _ := strings.Cut(tool, " ")
	return name == first || name == "npx" || name == "node" && first != "node"
}

// runTool runs the program, with the arguments by which known tools say what they
// did, and passes its output on as the user would have seen it.
func (w *witness) runTool(path string) (*os.ProcessState, error) {
	cmd := &exec.Cmd{Path: path, Args: w.argv, Env: w.environment(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if at := plan.Wrapped(w.argv); at > 0 && strings.ContainsRune(w.argv[at], '/') && slices.Contains(plan.WitnessedPrograms, filepath.Base(w.argv[at])) {
		// no name on PATH leads to it
		cmd.Args = slices.Insert(slices.Clone(w.argv), at, filepath.Join(os.Getenv(envShims), stepName), "-1", "--")
	}
	var read, after func() // while it runs, and when it has ended
	switch {
	case !w.direct:
	case w.tool == "go test":
		read = w.goTest(cmd)
	case w.tool == "vitest":
		after = w.vitest(cmd)
	case w.tool == "tsc":
		read = w.tsc(cmd)
	case w.tool == "go build" || w.tool == "go vet":
		read = w.goCheck(cmd)
	}
	if w.direct {
		w.ran = ranTool(w.argv, w.tool)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	closeWriters(cmd)
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	if read != nil {
		read()
	}
	err := cmd.Wait()
	if after != nil {
		after()
	}
	return cmd.ProcessState, err
}

// closeWriters closes this process's copies of the pipes that the command writes
// to, so that their end is seen.
func closeWriters(cmd *exec.Cmd) {
	for _, w := range []io.Writer{cmd.Stdout, cmd.Stderr} {
		if f, ok := w.(*os.File); ok && f != os.Stdout && f != os.Stderr {
			f.Close()
		}
	}
}

// environment takes the witnesses out of the way of what a known tool itself
// starts: that is its own business. So is every other go that a go starts, which
// puts its own folder first on PATH.
func (w *witness) environment() []string {
	seen := w.probative && w.direct
	if !seen && filepath.Base(w.argv[0]) != "go" {
		return os.Environ()
	}
	shims, temp := os.Getenv(envShims), os.Getenv(envGoTemp)
	var out []string
	for _, v := range os.Environ() {
		if temp != "" && v == "GOTMPDIR="+filepath.Join(temp, goUnseen) {
			v = "GOTMPDIR=" + filepath.Join(temp, goSeen)
		}
		if !seen {
			out = append(out, v)
			continue
		}
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			v = "PATH=" + withoutDir(path, shims)
		}
		if !strings.HasPrefix(v, "VERDICT_WITNESS") && !strings.HasPrefix(v, "npm_config_script_shell=") {
			out = append(out, v)
		}
	}
	return out
}

func withoutDir(list, dir string) string {
	parts := slices.DeleteFunc(filepath.SplitList(list), func(p string) bool { return p == dir })
	return strings.Join(parts, string(os.PathListSeparator))
}

// lookPath finds a program as the shell would, but not among the links of the
// witness.
func lookPath(name, list, shims string) (string, error) {
	if filepath.Dir(name) == shims && shims != "" {
		name = filepath.Base(name) // which found the link
	}
	if strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	for _, dir := range filepath.SplitList(list) {
		if dir == shims {
			continue
		}
		if dir == "" {
			dir = "."
		}
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && isExecutable(info) {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}
