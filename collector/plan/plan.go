// Package plan turns required commands into what will run, without repeats.
//
// [Build] reads the commands that trackers and the policy require, parses each as
// a shell would (mvdan.cc/sh/v3/syntax), and says of each what can be known
// without running it: its simple commands, which of them check something, what
// could mask their status, which lane it belongs to, and why it would be refused.
// It runs nothing and touches nothing.
package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/tracker"
)

// Plan is what will run, in order: the trackers' order, then the policy's.
type Plan struct {
	Commands []Command
	// Packets are the ids in the order in which they depend on each other.
	Packets []string
	// Secrets are the passwords and tokens that stand in the text of commands. They
	// are replaced in all of a command but Run.
	Secrets []string
}

// Command returns the planned command with the key, or nil.
func (p *Plan) Command(key string) *Command {
	for i := range p.Commands {
		if p.Commands[i].Key == key {
			return &p.Commands[i]
		}
	}
	return nil
}

// Command is one thing to run. Equal commands of several packets are one.
type Command struct {
	// Key is the canonical shell text (comments gone, blanks and quotes in one
	// form), followed by a space, "@" and the folder when that is not the root.
	Key      string
	Text     string // as first written
	Run      string // the same with its secrets, to be run; never to be kept or shown
	Dir      string // relative to the root; empty: the root
	Needs    []Need // who requires it, in order; never empty
	Timeout  time.Duration
	Shape    Shape
	Refusal  *Refusal // nil: it may run
	Trusted  bool     // the policy vouches for what cannot be seen inside
	Lane     string   // commands of one lane run one after the other; empty: alone
	MinTests int      // fewest tests that must pass, where the policy says; 0: at least one
}

// Need is one place that requires a command.
type Need struct {
	Tracker  string // path; empty for the policy's own
	Packet   string // may be empty for the policy's own
	Expected int    // exit status
	Stated   bool   // the line itself states it
	Checked  bool   // the box is ticked
	Final    bool   // required by the packet that asks for the verdict
	Claimed  bool   // nothing requires it: a packet's evidence says that it was run
	Pos      tracker.Pos
}

// Refusal says why a command will not run.
type Refusal struct {
	Reason string      // a fact: "git reset --hard throws away uncommitted work"
	Rule   string      // the tracker's own rule that forbids it, where there is one
	Pos    tracker.Pos // of that rule
	Hint   string      // how it can be allowed
}

// Shape is what a command's syntax says.
type Shape struct {
	Parses bool   // it is shell text
	Error  string // why it does not parse
	// Sound: exit 0 of the whole proves exit 0 of every step (simple commands
	// joined by && only).
	Sound bool
	// Steps are the simple commands in the order of the text, nested ones included,
	// those of a function where it is called first.
	Steps []Step
	Masks []Mask

	written []string // files that redirections write, relative to the root
	dir     string   // where it runs, relative to the root
}

// looks are programs that change no file and start no other program.
var looks = strings.Fields("true false : echo printf test [ [[ (( cd pwd sleep grep egrep rg ls wc date seq")

// OnlyLooks reports whether none of the steps can change a file or start another
// program.
func (s *Shape) OnlyLooks() bool {
	return !slices.ContainsFunc(s.Steps, func(step Step) bool { return !slices.Contains(looks, step.Tool) })
}

// MayWrite reports whether the text redirects into a file, or one of the steps
// neither checks something nor only looks.
func (s *Shape) MayWrite() bool {
	file := func(name string) bool { return !strings.HasPrefix(name, "/dev/") }
	return slices.ContainsFunc(s.written, file) || slices.ContainsFunc(s.Steps, func(step Step) bool { return !step.Probative && !slices.Contains(looks, step.Tool) })
}

// Step is one simple command, as written.
type Step struct {
	Argv      []string // literal words; a word that the shell must expand is kept as written
	Literal   bool     // every word is literal
	Env       []string // assignments before it, as written
	Tool      string   // "go test", "vitest", "tsc", …; empty: unknown
	Probative bool     // its tool checks something
	Status    bool     // its exit status can say whether something holds (grep, git diff, test)
	Opaque    bool     // it starts other programs that decide (script, make, npm test)
	Idle      bool     // its tool checks something, but nothing with these words (tsc --listFilesOnly), and nothing reads what it prints
	Behind    bool     // no witness can stand in front of it: it is in a here-document, or in another shell's text
	Text      string   // canonical

	dir string // where cd led before it, relative to the root
}

// Mask is a place where the status of a step can get lost.
type Mask struct {
	Kind string // "or-true", "pipe", "sequence", "background", "negation", "condition", "substitution", "errexit", "trap", "exit-0", "timeout", "xargs", "find-exec", "function", …
	Text string // the shell text that does it
	Step int    // index of the step whose status is lost; −1: unknown
}
