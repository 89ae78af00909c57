// Package policy reads verdict.yaml: a team's own limits.
//
// Every field has a default that suits a repository without the file, so the
// zero file is a complete policy: [Default]. [Parse] reports unknown keys, bad
// values and what is missing as positioned problems, all of them at once.
package policy

import (
	"time"

	"github.com/verdictci/verdict/collector/tracker"
)

// Version is the only version of the file's form.
const Version = 1

// FileName is where the policy is looked for, at the repository's root.
const FileName = "verdict.yaml"

// Policy is what a team asks for beyond the tracker.
type Policy struct {
	Path   string // as given; empty for the defaults
	SHA256 string // of the file's bytes; empty for the defaults

	Trackers    []string            // paths or globs, relative to the root
	Vocabulary  *tracker.Vocabulary // the words of a team's trackers; nil: the default form
	Commands    Commands
	Severities  map[string]string // rule id → "blocker", "condition", "note" or "off"
	Contracts   []Contract
	Checkpoints Checkpoints
	Risks       Risks
	Waivers     []Waiver
	Accept      Accept
	Retention   Retention
	Publish     Publish
}

// Commands says how required commands run, and which others are required.
type Commands struct {
	Timeout     time.Duration            // of one command; 15 minutes by default
	RunTimeout  time.Duration            // of the whole run; 0: none
	Timeouts    map[string]time.Duration // by command text
	Required    []Required               // beside the tracker's
	JSON        []JSONList               // lists that the team keeps elsewhere
	Trusted     []string                 // commands whose inside need not be seen
	Allowed     []string                 // commands that would be refused otherwise
	Setup       []string                 // run once, first, in every clean checkout
	Environment map[string]string        // set for every command
	PassThrough []string                 // variables that are not set aside
	Secrets     []string                 // names of variables whose values are redacted
	MaxLogBytes int64                    // kept of one command's output; 64 MiB by default
	Retries     int                      // more attempts at a command that failed; 0 by default
	Jobs        int                      // lanes side by side; 0: as many as make sense
}

// Required is a command that the policy requires.
type Required struct {
	Command  string // shell text
	Dir      string // relative to the root; empty: the root
	Expected int    // exit status
	Packet   string // optional: the packet it belongs to
	MinTests int    // fewest tests that must pass; 0: the rule of at least one
	Pos      tracker.Pos
}

// JSONList is a list of argv and folder in a JSON file of the repository.
type JSONList struct {
	Path    string // relative to the root
	Pointer string // JSON pointer (RFC 6901) to an array; "*" matches every element on the way
	Argv    string // member that holds the argv array or shell string; "argv" by default
	Dir     string // member that holds the folder; "cwd" by default
	Pos     tracker.Pos
}

// Contract forbids a pattern in added lines.
type Contract struct {
	ID       string
	Pattern  string   // regular expression (RE2)
	Paths    []string // globs; empty: all files
	Reason   string
	Severity string // "blocker" by default
	Pos      tracker.Pos
}

// Checkpoints says what is asked of commits.
type Checkpoints struct {
	Signed         string   // "" none, "any", "gpg", "ssh"
	KeyRing        string   // path of an armored OpenPGP key ring
	AllowedSigners string   // path of an allowed-signers file
	FullHash       bool     // ask for 40 digits
	IgnorePaths    []string // globs that never count against a packet's scope
}

// Risks are limits on residual risks and overrides for single ones.
type Risks struct {
	MaxOpen   int // conditions from risks that may stand; −1: no limit
	Overrides []RiskOverride
	Known     []KnownRisk // that no tracker records
}

// KnownRisk is a residual risk that the policy itself records, for work without a
// tracker.
type KnownRisk struct {
	Text        string
	Severity    string // as for RiskOverride
	Disposition string // "resolved", "mitigated", "accepted", "deferred", "open"; empty: by the words of Text
	Owner       string
	Pos         tracker.Pos
}

// RiskOverride states the disposition of one risk.
type RiskOverride struct {
	Packet      string
	Match       string // part of the risk's text, without case
	Disposition string // "none", "resolved", "mitigated", "accepted", "deferred", "open"
	Severity    string // "", "info", "low", "medium", "high", "critical"
	Reason      string
	Pos         tracker.Pos
}

// Waiver accepts one finding until a date. All of Rule, Reason, Owner and
// Expires are mandatory.
type Waiver struct {
	Rule    string
	Packet  string // empty: every packet
	Match   string // part of the finding's message; empty: every finding of the rule
	Reason  string
	Owner   string
	Expires time.Time // the last day on which it holds, UTC midnight
	Commit  string    // the commit it is bound to; empty: none
	From    string    // first commit or tag of the range it is bound to; empty: none
	To      string
	Pos     tracker.Pos
}

// Accept says who may accept what, in comments.
type Accept struct {
	Users []string // logins; empty: everybody with write permission
	Teams []string
}

// Retention bounds what .verdict/ keeps.
type Retention struct {
	Runs  int   // newest runs kept; 20 by default
	Bytes int64 // all runs together; 1 GiB by default
}

// Publish says how the decision is shown on a pull request.
type Publish struct {
	// ConditionsConclusion is the conclusion of the check run for
	// GO_WITH_CONDITIONS: "success" (default) or "failure".
	ConditionsConclusion string
}

// Default is the policy of a repository without the file.
func Default() *Policy {
	return &Policy{
		Commands:  Commands{Timeout: 15 * time.Minute, MaxLogBytes: 64 << 20},
		Risks:     Risks{MaxOpen: -1},
		Retention: Retention{Runs: 20, Bytes: 1 << 30},
		Publish:   Publish{ConditionsConclusion: "success"},
	}
}
