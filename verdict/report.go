// Package verdict decides whether a piece of work may go out.
//
// [Decide] takes what a tracker claims, what was observed and what the policy
// asks for, and gives a [Report]: one of three decisions, with every finding that
// led to it. It is pure: it reads no clock, no file, no environment and no
// network, and the same input gives the same report. Evidence can only be found
// wanting: leaving some of it out never improves a decision.
package verdict

import (
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
)

// ReportSchema names the form of a report.
const ReportSchema = "verdict/report/v1"

// Decision is the answer. The zero value is no decision and never passes.
type Decision string

// The three decisions.
const (
	Go               Decision = "GO"
	GoWithConditions Decision = "GO_WITH_CONDITIONS"
	NoGo             Decision = "NO_GO"
)

// Worse returns the stricter of two decisions. Anything that is not one of the
// three counts as NO_GO.
func Worse(a, b Decision) Decision {
	if a.rank() <= b.rank() {
		return a.known()
	}
	return b.known()
}

func (d Decision) rank() int {
	switch d {
	case Go:
		return 2
	case GoWithConditions:
		return 1
	}
	return 0
}

func (d Decision) known() Decision {
	if d.rank() == 0 {
		return NoGo
	}
	return d
}

// Severity is how much a finding weighs.
type Severity string

// The severities: a blocker makes NO_GO, a condition GO_WITH_CONDITIONS, a note
// nothing.
const (
	Blocker   Severity = "blocker"
	Condition Severity = "condition"
	Note      Severity = "note"
)

// Report is the decision with its reasons. Lists are in the order of the
// tracker, findings by severity first.
type Report struct {
	Schema  string   `json:"schema"`
	Verdict Decision `json:"verdict"`
	// Summary is one sentence that a release manager would say.
	Summary     string               `json:"summary"`
	Generated   time.Time            `json:"generated"` // when the evidence was complete, UTC
	Tool        evidence.Tool        `json:"tool"`
	Subject     evidence.Subject     `json:"subject"`
	Origin      *evidence.Origin     `json:"origin,omitempty"`
	Environment evidence.Environment `json:"environment"`
	Head        string               `json:"head,omitempty"` // see evidence.Repository
	Base        string               `json:"base,omitempty"`
	Trackers    []TrackerReport      `json:"trackers"`
	Packets     []PacketReport       `json:"packets"`
	Commands    []CommandReport      `json:"commands"`
	Checkpoints []CheckpointReport   `json:"checkpoints"`
	Risks       []Risk               `json:"risks"`
	Findings    []Finding            `json:"findings"`
	// Conditions are what must hold for GO_WITH_CONDITIONS to stand, in the
	// words that are owed; one for each condition finding.
	Conditions []string       `json:"conditions"`
	Waivers    []WaiverReport `json:"waivers,omitempty"`
	Changes    []Change       `json:"changes,omitempty"` // against an earlier report
	Against    string         `json:"against,omitempty"` // that report's name
	Complete   bool           `json:"complete"`          // the bundle says that its run ended
	Redacted   int            `json:"redacted,omitempty"`
}

// Count returns the number of findings of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// Command returns the report of a command by its shell text; nil when it was not
// required.
func (r *Report) Command(text string) *CommandReport {
	key := plan.Key(text, "")
	for i := range r.Commands {
		if r.Commands[i].Key == key {
			return &r.Commands[i]
		}
	}
	return nil
}

// TrackerReport is the decision about one tracker. The report's own decision is
// the worst of them.
type TrackerReport struct {
	Path    string   `json:"path"`
	SHA256  string   `json:"sha256"`
	Title   string   `json:"title"`
	Verdict Decision `json:"verdict"`
	Summary string   `json:"summary"`
	// Recorded is the verdict that the tracker itself records; empty: none.
	Recorded    Decision     `json:"recorded,omitempty"`
	RecordedPos *tracker.Pos `json:"recorded_pos,omitempty"`
	Next        string       `json:"next,omitempty"` // the recommended next packet, as written
}

// PacketReport puts the claimed state and the verified one side by side.
type PacketReport struct {
	Tracker     string      `json:"tracker"`
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Pos         tracker.Pos `json:"pos"`
	Implementer string      `json:"implementer,omitempty"`
	Reviewer    string      `json:"reviewer,omitempty"`
	Claimed     string      `json:"claimed"`  // "DONE / APPROVED"
	Verified    string      `json:"verified"` // "verified", "conditions", "blocked", "open", "final" (being answered by this run)
	Boxes       int         `json:"boxes"`
	Checked     int         `json:"checked"`
	Commands    []string    `json:"commands"`             // keys
	Checkpoint  string      `json:"checkpoint,omitempty"` // full hash when known, else as recorded
	DependsOn   []string    `json:"depends_on,omitempty"`
	Blockers    int         `json:"blockers"`
	Conditions  int         `json:"conditions"`
	Final       bool        `json:"final,omitempty"`
}

// CommandState is what came of a required command, in one word.
type CommandState string

// The states of a command.
const (
	CommandPassed       CommandState = "passed"
	CommandFailed       CommandState = "failed"
	CommandVacuous      CommandState = "vacuous"       // exit 0, and nothing was checked
	CommandUnproven     CommandState = "unproven"      // as expected, but what ran inside was not seen
	CommandNotEvaluated CommandState = "not evaluated" // it could not be set up
	CommandRefused      CommandState = "refused"
	CommandTimedOut     CommandState = "timed out"
	CommandMissing      CommandState = "missing" // required, and no evidence
)

// CommandReport is one required command: who requires it, what was claimed and
// what was seen.
type CommandReport struct {
	Key        string            `json:"key"`
	Text       string            `json:"text"`
	Dir        string            `json:"dir,omitempty"`
	RequiredBy []Requirement     `json:"required_by"`
	Claims     []ClaimReport     `json:"claims,omitempty"`
	State      CommandState      `json:"state"`
	Expected   int               `json:"expected"`
	Evidence   *evidence.Command `json:"evidence,omitempty"` // nil: none
	Findings   int               `json:"findings"`
}

// Requirement is one place that requires a command.
type Requirement struct {
	Packet string      `json:"packet"`
	Pos    tracker.Pos `json:"pos"`
}

// ClaimReport is what one line claims of a command, and what that is worth.
type ClaimReport struct {
	Packet  string      `json:"packet"`
	Pos     tracker.Pos `json:"pos"`
	Claimed string      `json:"claimed"` // "exit 0 (12 tests)"
	Exit    *int        `json:"exit,omitempty"`
	State   string      `json:"state"` // "confirmed", "contradicted", "unverifiable"
	Why     string      `json:"why,omitempty"`
}

// CheckpointReport is one recorded commit.
type CheckpointReport struct {
	evidence.Checkpoint
	Pos tracker.Pos `json:"pos"`
	// Recorded is what stands in the tracker, when that is no hash.
	Recorded string `json:"recorded,omitempty"`
	Findings int    `json:"findings"`
}

// Seen lists the checkpoints that were in the history when the report was made, or
// before; of no report, none.
func (r *Report) Seen() []string {
	var hashes []string
	for i := 0; r != nil && i < len(r.Checkpoints); i++ {
		c := &r.Checkpoints[i]
		if c.State == evidence.CheckpointReachable || c.Once != "" {
			hashes = append(hashes, orElse(c.Hash, c.Token))
		}
	}
	return hashes
}

// Disposition is what is done about a risk.
type Disposition string

// The dispositions.
const (
	DispositionNone      Disposition = "none"
	DispositionResolved  Disposition = "resolved"
	DispositionMitigated Disposition = "mitigated"
	DispositionAccepted  Disposition = "accepted"
	DispositionDeferred  Disposition = "deferred"
	DispositionOpen      Disposition = "open"
)

// Risk is one entry of the ledger: a risk with every place that states it.
type Risk struct {
	ID          string        `json:"id"` // stable over runs: "TRR-03/1f0c2a"
	Tracker     string        `json:"tracker"`
	Text        string        `json:"text"`
	Packet      string        `json:"packet,omitempty"`
	Severity    string        `json:"severity"`         // "info", "low", "medium", "high", "critical" or "" (not stated)
	Stated      string        `json:"stated,omitempty"` // as written
	Disposition Disposition   `json:"disposition"`
	Why         string        `json:"why"`          // the words that decided it
	To          string        `json:"to,omitempty"` // the packet that resolves it or that it is deferred to
	Owner       string        `json:"owner,omitempty"`
	Places      []tracker.Pos `json:"places"`
	Change      string        `json:"change,omitempty"` // against the base branch's tracker: "new", "changed", "gone"
}

// Finding is the result of one rule.
type Finding struct {
	ID          string      `json:"id"`   // stable over runs, for waivers and SARIF
	Rule        string      `json:"rule"` // "evidence/masked-exit"
	Severity    Severity    `json:"severity"`
	Tracker     string      `json:"tracker,omitempty"`
	Packet      string      `json:"packet,omitempty"`
	Pos         tracker.Pos `json:"pos"`     // zero: about no single line
	Message     string      `json:"message"` // one sentence, facts only
	Claimed     string      `json:"claimed,omitempty"`
	Observed    string      `json:"observed,omitempty"`
	Hint        string      `json:"hint,omitempty"`         // what to do
	Command     string      `json:"command,omitempty"`      // key of the evidence
	Commit      string      `json:"commit,omitempty"`       // full hash
	Risk        string      `json:"risk,omitempty"`         // id of the ledger's entry
	TrackerRule int         `json:"tracker_rule,omitempty"` // number of the tracker's own rule it enforces
	// Waived is the waiver that made a condition of a blocker.
	Waived *WaiverReport `json:"waived,omitempty"`
}

// WaiverReport is a waiver and what became of it.
type WaiverReport struct {
	Rule    string `json:"rule"`
	Packet  string `json:"packet,omitempty"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`        // YYYY-MM-DD
	State   string `json:"state"`          // "used", "unused", "expired", "overlapping", "out of range"
	Line    int    `json:"line,omitempty"` // in the policy file
}

// Change is one difference to an earlier report.
type Change struct {
	Kind   string `json:"kind"` // "verdict", "command", "tests", "filter", "finding", "risk", "checkpoint", "packet"
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Worse  bool   `json:"worse,omitempty"`
}
