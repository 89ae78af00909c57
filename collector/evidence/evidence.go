// Package evidence is the record in the middle: what verdict itself saw.
//
// A [Bundle] holds the facts of one run, and what they are about. It holds no
// claim and no judgement: nothing in it was copied from a tracker, and whether a
// fact is good or bad is decided elsewhere, from the tracker and the policy.
// Every zero value stands for "not seen": an empty Outcome, a count of −1, an
// invalid digest. None of them ever counts as a pass.
//
// A bundle is a folder (see [Write] and [Read]): bundle.json, and the log of each
// command beside it. Guarantees: Commands are in the order of the plan, Steps in
// the order in which they started. Not guaranteed: any relation between the start
// times of different commands, since lanes run side by side.
package evidence

import "time"

// Schema names the form of a bundle.
const Schema = "verdict/bundle/v1"

// Bundle is all evidence of one run.
type Bundle struct {
	Schema   string    `json:"schema"`
	Tool     Tool      `json:"tool"`
	Started  time.Time `json:"started"`  // UTC
	Finished time.Time `json:"finished"` // UTC; zero when the run did not end
	// Complete: the run ended by itself and everything that was planned is here.
	Complete    bool        `json:"complete"`
	Subject     Subject     `json:"subject"`
	Environment Environment `json:"environment"`
	Setup       []Command   `json:"setup,omitempty"` // the policy's set-up commands, in order
	Commands    []Command   `json:"commands"`
	Repository  Repository  `json:"repository"`
	// Redacted counts the secrets that were replaced in what is kept.
	Redacted int `json:"redacted,omitempty"`
	// Origin is the machine run that made the bundle, where there is one.
	Origin *Origin `json:"origin,omitempty"`
	// Altered: the stored record is not what [Write] left; set by [Read], which
	// compares the seal.
	Altered bool `json:"-"`
	// Seal is the digest of the record's other members, 64 hex digits: whatever is
	// dropped or edited later is known to be. It is no signature. Set by [Write].
	Seal string `json:"seal,omitempty"`
}

// Command returns the evidence for a key, or nil.
func (b *Bundle) Command(key string) *Command {
	if b == nil {
		return nil
	}
	for i := range b.Commands {
		if b.Commands[i].Key == key {
			return &b.Commands[i]
		}
	}
	return nil
}

// Tool is a program and its version.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`        // as the program prints it; empty: unknown
	Path    string `json:"path,omitempty"` // the real file, symbolic links resolved; relative to the root where it is below it
}

// Subject is what the evidence is about.
type Subject struct {
	Commit   string    `json:"commit"` // full hash of HEAD; empty without a repository or a commit
	Tree     string    `json:"tree"`   // full hash of that commit's tree
	Branch   string    `json:"branch,omitempty"`
	Remote   string    `json:"remote,omitempty"` // web address of the repository, without credentials: "https://github.com/o/r"
	Worktree Worktree  `json:"worktree"`
	Trackers []FileRef `json:"trackers"`
	Policy   *FileRef  `json:"policy,omitempty"` // nil: the defaults
	// Detached from the work tree: the commands ran in a clean checkout of Commit.
	CleanCheckout bool `json:"clean_checkout,omitempty"`
}

// FileRef names a file and its content.
type FileRef struct {
	Path   string `json:"path"`             // relative to the repository's root, forward slashes
	SHA256 string `json:"sha256"`           // 64 hex digits
	Commit string `json:"commit,omitempty"` // when read from a commit instead of the work tree
}

// WorktreeState says how the work tree relates to the commit.
type WorktreeState string

// The states of a work tree.
const (
	WorktreeUnknown WorktreeState = ""      // not looked at, or cannot be told (see Worktree.Reason)
	WorktreeClean   WorktreeState = "clean" // equal to the commit, the tracker and .verdict/ aside
	WorktreeDirty   WorktreeState = "dirty" // see Worktree.Changes
	WorktreeNone    WorktreeState = "none"  // no repository, or a bare one
)

// Worktree is the state of the files that the commands saw.
type Worktree struct {
	State   WorktreeState `json:"state"`
	Changes []FileChange  `json:"changes,omitempty"` // sorted by path; at most MaxChanges
	More    int           `json:"more,omitempty"`    // changes beyond those listed
	Beside  []string      `json:"beside,omitempty"`  // what builds read and no commit holds: sources that git ignores, files outside of the repository; at most MaxChanges
	ByHand  []string      `json:"by_hand,omitempty"` // Go sources that git ignores, that a check compiled, and that do not say that they are generated
	Reason  string        `json:"reason,omitempty"`  // why the state is unknown
	Engine  string        `json:"engine,omitempty"`  // "go-git" or "git 2.39.5"
}

// MaxChanges is how many files a Worktree or a commit lists.
const MaxChanges = 1000

// FileChange is one changed file.
type FileChange struct {
	Path   string `json:"path"`
	Status string `json:"status"`         // git's letters: M, A, D, R, T; "?" untracked
	From   string `json:"from,omitempty"` // the old path of a rename
}

// Environment is what a command could depend on beside the tree.
type Environment struct {
	OS       string   `json:"os"`   // GOOS
	Arch     string   `json:"arch"` // GOARCH
	CPUs     int      `json:"cpus"`
	Locale   string   `json:"locale,omitempty"`
	CI       string   `json:"ci,omitempty"`        // "github-actions", …; empty: none recognised
	Tools    []Tool   `json:"tools"`               // sorted by name
	SetAside []string `json:"set_aside,omitempty"` // names of variables that were there and that no command saw, sorted
	Set      []string `json:"set,omitempty"`       // NAME=value that verdict itself set, sorted
	Others   string   `json:"others,omitempty"`    // digest of the other variables that commands saw and that may change what they do, 64 hex digits
}

// Origin is the run of a CI service that made a bundle. It is informative: the
// side that trusts it must ask the service itself.
type Origin struct {
	Service    string `json:"service"` // "github-actions"
	Repository string `json:"repository"`
	RunID      int64  `json:"run_id"`
	RunAttempt int    `json:"run_attempt"`
	Event      string `json:"event"`
	HeadSHA    string `json:"head_sha"`
	BaseSHA    string `json:"base_sha,omitempty"`
	URL        string `json:"url,omitempty"`
}

// Outcome is how one process ended.
type Outcome string

// The ways in which a process ends.
const (
	NotRun      Outcome = "not_run"      // it was planned, and the run ended before it
	Exited      Outcome = "exited"       // by itself, with ExitCode
	Signaled    Outcome = "signaled"     // by Signal
	TimedOut    Outcome = "timed_out"    // verdict ended it at its time limit, whatever its status was then
	StartFailed Outcome = "start_failed" // it could not be started; see Reason
	Refused     Outcome = "refused"      // verdict would not run it; see Reason
	Canceled    Outcome = "canceled"     // verdict was interrupted
)

// Command is the evidence for one required command.
type Command struct {
	Key        string    `json:"key"`           // canonical shell text, see collector/plan
	Text       string    `json:"text"`          // the shell text that was run
	Dir        string    `json:"dir,omitempty"` // relative to the root; empty: the root
	Lane       string    `json:"lane,omitempty"`
	Outcome    Outcome   `json:"outcome"`
	ExitCode   int       `json:"exit_code"`        // −1 unless Outcome is Exited
	Signal     string    `json:"signal,omitempty"` // "SIGKILL"; with "+core" when it dumped core
	Reason     string    `json:"reason,omitempty"` // why it was refused, not started or not evaluated
	Started    time.Time `json:"started"`          // UTC; zero when it never started
	DurationMS int64     `json:"duration_ms"`
	CPUMS      int64     `json:"cpu_ms,omitempty"` // user and system time of everything it started
	Steps      []Step    `json:"steps"`
	Watched    bool      `json:"watched,omitempty"` // a check that is not among Steps did not run where it stands in the text
	// Unwitnessed are known tools that a script names by a file of their own, where
	// nothing sees how they end, each with its script: "check.sh: /usr/local/go/bin/go".
	Unwitnessed []string `json:"unwitnessed,omitempty"`
	Log         Log      `json:"log"`
	// NotEvaluated: the command could not be set up (its tool or package is not
	// installed, the toolchain is wrong, a registry is out of reach), so its
	// result says nothing about the work. Reason says which.
	NotEvaluated bool `json:"not_evaluated,omitempty"`
	// Leftover counts processes that still ran when the command had ended.
	Leftover int `json:"leftover,omitempty"`
	// TreeChanges are tracked or unignored files that the command changed.
	TreeChanges []FileChange `json:"tree_changes,omitempty"`
	// Rewritten are tracked files that were written after a check inside had ended,
	// and whose content is what it was before the command.
	Rewritten []string `json:"rewritten,omitempty"`
	// Attempts are earlier attempts at the same command in this run, oldest first.
	Attempts []Attempt `json:"attempts,omitempty"`
	Baseline *Attempt  `json:"baseline,omitempty"` // the same command at the baseline commit
	Reused   *Reuse    `json:"reused,omitempty"`   // nil: it ran now
}

// Attempt is one more run of a command, in short.
type Attempt struct {
	Commit     string  `json:"commit,omitempty"` // where it ran, when not at the subject
	Outcome    Outcome `json:"outcome"`
	ExitCode   int     `json:"exit_code"`
	DurationMS int64   `json:"duration_ms"`
	Log        Log     `json:"log"`
}

// Reuse says that the evidence is an earlier run's.
type Reuse struct {
	Run string    `json:"run"` // id of that run
	At  time.Time `json:"at"`  // when it ran, UTC
}

// Log is the output of a command: standard output and error in the order written.
type Log struct {
	Path   string `json:"path,omitempty"`   // in the bundle's folder, forward slashes
	Bytes  int64  `json:"bytes"`            // that the command wrote
	Kept   int64  `json:"kept"`             // bytes that Path holds; less than Bytes when Truncated
	SHA256 string `json:"sha256,omitempty"` // of all bytes written, kept or not; of the redacted bytes where secrets were replaced
	// Complete: the end of the output was seen. False when something still held
	// it open after the command had ended.
	Complete  bool   `json:"complete"`
	Truncated bool   `json:"truncated,omitempty"`
	Head      string `json:"head,omitempty"` // its first lines, valid UTF-8
	Tail      string `json:"tail,omitempty"` // its last lines, valid UTF-8; empty when Head holds all
}

// Step is one simple command inside a command, as it really ran.
type Step struct {
	// Index is the step's place in the plan's static list of the command's
	// steps; −1 when something else started it (a script, make, npm).
	Index      int       `json:"index"`
	Argv       []string  `json:"argv"`
	Dir        string    `json:"dir,omitempty"`       // as Command.Dir; absolute when outside the root
	Env        []string  `json:"env,omitempty"`       // NAME=value set for it, and inherited ones that change what its tool does
	Tool       string    `json:"tool,omitempty"`      // one of plan's tools: "go test", "vitest", "tsc", …; empty: unknown
	Probative  bool      `json:"probative,omitempty"` // its tool checks something
	Via        string    `json:"via,omitempty"`       // "" the command line itself; "path" found by the witness on PATH; "npm" an npm script
	Parent     string    `json:"parent,omitempty"`    // for Via: the program that started it
	Saw        []string  `json:"saw,omitempty"`       // tracked files that were not, when it began, what they were when the command had ended; at most MaxChanges
	Lent       []string  `json:"lent,omitempty"`      // Go sources that the command had made when it began, that no commit holds, and that were gone when the command had ended; at most MaxChanges
	Outcome    Outcome   `json:"outcome"`
	ExitCode   int       `json:"exit_code"` // −1 unless Exited
	Signal     string    `json:"signal,omitempty"`
	Started    time.Time `json:"started"`
	DurationMS int64     `json:"duration_ms"`
	// Expected is false where the shell's own logic asked for its status, as in
	// the condition of an if: not a failure by itself. See plan's masks.
	Tests *Tests `json:"tests,omitempty"`
	Check *Check `json:"check,omitempty"`
	Ran   *Tool  `json:"ran,omitempty"` // the real file and version behind the words
	// Raw is the tool's own stream of results, kept as it came; a path as Log.Path.
	Raw string `json:"raw,omitempty"`
}

// Tests is what a test runner really did. Counts are −1 when the runner's
// results do not tell.
type Tests struct {
	Complete    bool `json:"complete"` // every test and package that began has an end
	Passed      int  `json:"passed"`   // top-level tests in Go, tests in vitest
	Failed      int  `json:"failed"`
	Skipped     int  `json:"skipped"` // skipped by themselves or by a filter
	Todo        int  `json:"todo,omitempty"`
	Pending     int  `json:"pending,omitempty"`      // began or were found, and never ended: another one failed first, or the process died
	Subtests    int  `json:"subtests,omitempty"`     // passed subtests, not in Passed
	Benchmarks  int  `json:"benchmarks,omitempty"`   // benchmarks that gave a result
	Files       int  `json:"files"`                  // test files (vitest) or packages with tests that ran (Go)
	Packages    int  `json:"packages,omitempty"`     // Go packages looked at, with or without tests
	NoTests     int  `json:"no_tests,omitempty"`     // packages or files in which no test ran
	Cached      int  `json:"cached,omitempty"`       // packages whose result came from a cache
	Retried     int  `json:"retried,omitempty"`      // passed, but not at the first try
	Inverted    int  `json:"inverted,omitempty"`     // passed because what they check does not hold (test.fails)
	Only        int  `json:"only,omitempty"`         // tests left out because another is marked .only
	Unhandled   int  `json:"unhandled,omitempty"`    // errors outside of any test
	Snapshots   int  `json:"snapshots,omitempty"`    // snapshots written or updated by the run
	FailedUnits int  `json:"failed_units,omitempty"` // packages or files that failed as a whole (build, import)
	// Forged counts lines on the results' channel that are no results.
	Forged int `json:"forged,omitempty"`
	// Invented are results that no test gave: "PACKAGE.TEST", at most MaxFailures.
	Invented []string `json:"invented,omitempty"`
	// Unrun are packages that have tests, and whose TestMain ran none of them.
	Unrun []string `json:"unrun,omitempty"`
	// Unmatched are alternatives of a name filter (-run, -t) that matched no test.
	Unmatched []string  `json:"unmatched,omitempty"`
	Filter    string    `json:"filter,omitempty"`   // the name filter in force
	Failures  []Failure `json:"failures,omitempty"` // at most MaxFailures
	Flags     []string  `json:"flags,omitempty"`    // settings that weaken the run: "passWithNoTests", …
	// Names is the digest of the sorted names of all tests that passed, 64 hex
	// digits; equal names give equal digests.
	Names string `json:"names,omitempty"`
}

// MaxFailures is how many failures or diagnostics one step lists.
const MaxFailures = 100

// Failure is one failed test.
type Failure struct {
	Unit    string `json:"unit"` // package or file
	Test    string `json:"test,omitempty"`
	Message string `json:"message,omitempty"` // the first lines, at most 2 KiB
	File    string `json:"file,omitempty"`    // relative to the root
	Line    int    `json:"line,omitempty"`
}

// Check is what a compiler or linter really did. Counts are −1 when unknown.
type Check struct {
	Files       int          `json:"files"`    // files of the project itself that were read and say something
	Packages    int          `json:"packages"` // Go packages
	Errors      int          `json:"errors"`
	Warnings    int          `json:"warnings,omitempty"`
	Nothing     bool         `json:"nothing,omitempty"`     // the tool itself said that there was nothing to check
	Flags       []string     `json:"flags,omitempty"`       // settings by which the tool checks nothing or less: "--noCheck", …
	Unchecked   []string     `json:"unchecked,omitempty"`   // files among those read that ask not to be checked (@ts-nocheck), not counted in Files; at most MaxFailures
	References  []string     `json:"references,omitempty"`  // projects that were only referred to (tsconfig references)
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"` // at most MaxFailures
}

// Diagnostic is one message of a compiler or linter.
type Diagnostic struct {
	File     string `json:"file,omitempty"` // relative to the root
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity,omitempty"` // "error", "warning"
	Code     string `json:"code,omitempty"`     // "TS2322"
	Message  string `json:"message"`
}
