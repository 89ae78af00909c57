package verdict

import (
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// Input is everything that a decision rests on.
type Input struct {
	Trackers []*tracker.Tracker
	Bundle   *evidence.Bundle // nil: nothing was observed (verdict lint)
	Policy   *policy.Policy   // nil: the defaults
	// Base is what the base branch asks for; nil: not known or not asked.
	Base *Base
	// Previous is an earlier report to compare with; nil: none.
	Previous     *Report
	PreviousName string
	// At is the day on which waivers are judged. The zero time: the day on which
	// the evidence was complete.
	At time.Time
	// LintOnly leaves out every rule that needs evidence.
	LintOnly bool
	// Acceptances are decisions that people with the right took elsewhere.
	Acceptances []Acceptance
	// Distrust is what is known against the bundle; each entry is a finding.
	Distrust []Distrust
}

// Base is the state of the branch that a pull request goes to.
type Base struct {
	Commit   string
	Trackers []*tracker.Tracker // the same paths, where they exist there
	Policy   *policy.Policy     // nil: there is none
}

// Acceptance is one person's decision to accept a finding or a risk.
type Acceptance struct {
	ID     string // of the finding or risk; or a rule
	By     string
	At     time.Time
	Until  time.Time
	Reason string
	Commit string // the head it was given for
	Tree   string
}

// Distrust is something that the side which reads a foreign bundle has against it.
type Distrust struct {
	Rule     string // what was compared
	Message  string
	Hint     string
	Severity Severity // zero: a blocker
}
