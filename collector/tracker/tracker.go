// Package tracker reads a Markdown progress tracker into claims.
//
// A tracker is the contract between the people who do a piece of work and the
// person who decides about it: a board of packets, what each packet must run,
// what its implementer says happened, which commit holds it and what is left
// undone. [Parse] turns the document into a [Tracker]; every value in it is a
// claim, with the file, line and column it was read from. Nothing here says
// whether a claim is true.
//
// Parse never fails on a document: what it cannot make sense of becomes a
// [Warning] with a position, and the rest is read all the same.
package tracker

import "strconv"

// Pos is the place of a claim. The zero Pos means that the place is not known.
type Pos struct {
	File   string `json:"file,omitempty"` // as given to Parse, with forward slashes
	Line   int    `json:"line"`           // 1-based
	Column int    `json:"column"`         // 1-based, in Unicode code points
}

// IsValid reports whether p names a line.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String gives the form that editors and problem matchers read: file:line:column.
func (p Pos) String() string {
	if !p.IsValid() {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// Text is a piece of the document with its place. Inline markup is flattened:
// code spans lose their back-quotes, emphasis its asterisks.
type Text struct {
	Text string `json:"text"`
	Pos  Pos    `json:"pos"`
}

// Tracker is everything that one document claims.
type Tracker struct {
	Path   string // as given to Parse, with forward slashes
	SHA256 string // of the document's bytes, 64 hex digits

	Title  Text
	Status Text // the header's "Status:" line; zero when absent
	Date   Text // the header's "Date:" line; zero when absent
	Rules  []Rule
	Links  []Link // documents that the header names, in order

	Board   Pos      // the board's heading or table; invalid when there is no board
	Packets []Packet // board rows in order, then sections without a row in document order

	// Required are commands that the document requires outside of any packet.
	Required []Required

	// RiskTables are the lists that reconcile risks over several packets:
	// tables, debt ledgers and condition lists, in document order.
	RiskTables []RiskTable
	// Register is the linked plan's risk register; see ReadRegister.
	Register []Risk
	// Verdicts are the recorded decisions about the whole work, in document
	// order. Later text supersedes earlier; see Recorded.
	Verdicts []RecordedVerdict
	Next     NextPacket

	Warnings []Warning // in document order
}

// Packet returns the packet with the given id, or nil. Ids compare without case.
func (t *Tracker) Packet(id string) *Packet {
	for i := range t.Packets {
		if SameID(t.Packets[i].ID, id) {
			return &t.Packets[i]
		}
	}
	return nil
}

// Recorded returns the recorded verdict in force: the last one. It is nil when
// the document records none.
func (t *Tracker) Recorded() *RecordedVerdict {
	if len(t.Verdicts) == 0 {
		return nil
	}
	return &t.Verdicts[len(t.Verdicts)-1]
}

// Rule is one entry of the tracker's own "Rules" list.
type Rule struct {
	Number int // as printed; 0 for an unnumbered list
	Text   string
	Pos    Pos
}

// Link is a document that the tracker's header names.
type Link struct {
	Label  string // "Linked plan", "Upstream lane", …; may be empty
	Target string // path or URL as written
	Note   string // the rest of the line, which is about the other document
	Pos    Pos
}

// Warning says what could not be read. It is about the document's form, not
// about the work.
type Warning struct {
	Pos      Pos    `json:"pos"`
	Message  string `json:"message"`            // what stands there
	Expected string `json:"expected,omitempty"` // what was expected instead
	Hint     string `json:"hint,omitempty"`     // what to do
}

// Packet is one unit of work. Row or Section may be nil, never both.
type Packet struct {
	ID      string // as written on the board, else in the heading
	Title   string // the section's, else the row's
	Row     *Row
	Section *Section

	Statuses []Stated // what its section says of its status, in document order
	Boxes    []Box    // check boxes that are neither commands, gates nor the review's
	Scope    []Scope  // what it may touch and must not, in document order
	// ScopeWords is what its scope says in words. Where there are any, the
	// patterns that say what it may touch are not all of it.
	ScopeWords []Text
	Required   []Required // commands under its required tests
	Gates      []Gate     // check boxes and evidence lines, in document order
	Reviews    []Review   // each place that records the review's outcome
	Evidence   Evidence

	Checkpoints []Checkpoint // each place that records the packet's commit, in document order
	Risks       []Risk       // under the packet's own residual-risk label
	DependsOn   []string     // ids of packets, where the document says so; nil: it does not say

	// Final: this is the packet that asks for the verdict. At most one packet is.
	Final bool
}

// Pos is where the packet is to be shown: its section, else its row.
func (p *Packet) Pos() Pos {
	if p.Section != nil {
		return p.Section.Pos
	}
	if p.Row != nil {
		return p.Row.Pos
	}
	return Pos{}
}

// Done reports whether the board says DONE. A packet without a row is not done.
func (p *Packet) Done() bool { return p.Row != nil && p.Row.Status == StatusDone }

// Approved reports whether the board says that the review approved the packet.
func (p *Packet) Approved() bool { return p.Row != nil && p.Row.ReviewState == ReviewApproved }

// Checkpoint returns the last recorded checkpoint that names a commit, else
// the last one of any kind, else nil.
func (p *Packet) Checkpoint() *Checkpoint {
	var last *Checkpoint
	for i := range p.Checkpoints {
		c := &p.Checkpoints[i]
		if c.Kind == CheckpointHash || last == nil || last.Kind != CheckpointHash {
			last = c
		}
	}
	return last
}

// Status is the state of a packet on the board, in upper case with "_" between
// words. Trackers may use words that are not listed here.
type Status string

// The states that the field's trackers use.
const (
	StatusTodo             Status = "TODO"
	StatusInProgress       Status = "IN_PROGRESS"
	StatusBlocked          Status = "BLOCKED"
	StatusChangesRequested Status = "CHANGES_REQUESTED"
	StatusDone             Status = "DONE"
	StatusDeferred         Status = "DEFERRED" // put off: not part of what is decided now
	StatusDropped          Status = "DROPPED"  // obsolete, cancelled, out of scope
)

// ReviewState is what the review said, in the same form as Status. The zero
// value stands for an empty cell or a dash.
type ReviewState string

// The review states that the field's trackers use.
const (
	ReviewNone             ReviewState = ""
	ReviewPending          ReviewState = "PENDING"
	ReviewApproved         ReviewState = "APPROVED"
	ReviewChangesRequested ReviewState = "CHANGES_REQUESTED"
	ReviewBlocked          ReviewState = "BLOCKED"
)

// Row is a packet's row on the board.
type Row struct {
	Title       string
	Status      Status
	Implementer string      // empty for a dash or an empty cell
	Reviewer    string      // likewise
	ReviewState ReviewState // of the packet's own review where the board has no column for it
	Reviewed    bool        // the board has a column for the review's state
	Evidence    string      // the last cell as written
	Pos         Pos

	said, reviewSaid                  string // status and review as written
	statusPos, reviewPos, evidencePos Pos    // of the cells' texts; invalid: no such column
	table                             int    // which of the board's tables
}

// Stated is a status that a packet's section states beside the board.
type Stated struct {
	Status Status
	Text   string // as written
	Pos    Pos
}

// Section is a packet's part of the document.
type Section struct {
	Title string // the heading without id and "Checklist"
	Pos   Pos    // the heading
	End   int    // the last line that belongs to the packet, 1-based
}

// Box is a check box.
type Box struct {
	Text    string
	Checked bool
	Group   string // the sub-heading it stands under; empty directly under the packet
	Pos     Pos
}

// Scope is a pattern under the packet's own "Scope", "In scope", "Allowed files",
// "Touches", or "Out of scope", "Must not touch". Evidence is not searched for it: what
// may be touched is said before the work. Only what looks like a path or a glob is a
// pattern; whether one names anything is for the repository to say, and one that
// names nothing there may be prose ("client/server").
type Scope struct {
	Pattern string // a path, a folder or a glob from the repository's root, as [Glob] reads it; "./a", "/a" and "!a" are "a"
	Out     bool   // what fits must not be touched; otherwise it may be
	Pos     Pos    // of the pattern
}

// Required is a command that must be run for the packet.
type Required struct {
	Command  string // shell text as in the code span, unescaped
	Label    string // text before the command, often empty
	HasBox   bool   // false in numbered lists of commands without check boxes
	Checked  bool
	Expected int    // the exit status it must have; 0 unless the line states another
	Stated   bool   // the line itself states the exit status
	Result   Result // what the rest of the line says; on a ticked box it is a claim
	Raw      string // the line's text, flattened
	Pos      Pos    // of the command
}

// Gate is one of P0, P1, P2 of a packet.
type Gate struct {
	Name    string // "P0"
	State   string // "PASS", "FAIL", "N/A" or the word that is there, upper case
	Checked bool   // for a check box
	HasBox  bool   // a check box; otherwise a line of the evidence
	Note    string // the rest of the line
	Pos     Pos
}

// Review is one place that records what the review said about a packet.
type Review struct {
	State   ReviewState
	HasBox  bool
	Checked bool
	Text    string
	Pos     Pos
}

// EvidenceState tells evidence that is there from a place kept free for it.
type EvidenceState string

// The states of a packet's evidence.
const (
	EvidenceAbsent      EvidenceState = ""            // no evidence section
	EvidenceOnLines     EvidenceState = "lines"       // none either; the lines that require commands give exit codes
	EvidencePlaceholder EvidenceState = "placeholder" // TODO, or a template that nobody filled in
	EvidenceFilled      EvidenceState = "filled"
)

// Evidence is what the implementer and the reviewer wrote down. It is a claim.
type Evidence struct {
	State    EvidenceState
	Pos      Pos     // the heading or the block
	Claims   []Claim // commands and their results, in order
	Files    []File  // "Files changed"
	Rollback string
	Raw      string // the whole text, for searches
}

// Claim is one command and what is said to have come of it.
type Claim struct {
	Command string // shell text of the code span; empty for a line that names none
	Label   string // text between the number and the command, and between command and arrow
	Run     string // the label of the list it stands in: "implementer", "reviewer reruns", …
	Number  int    // as printed; 0 for a line without one
	Result  Result
	Raw     string
	Pos     Pos
}

// ResultKind sorts what a line says of a command's end.
type ResultKind string

// The kinds of results.
const (
	ResultNone      ResultKind = ""            // nothing is said
	ResultExit      ResultKind = "exit"        // an exit code
	ResultTimedOut  ResultKind = "timed_out"   // "timed out", and no exit code for a later run
	ResultTruncated ResultKind = "truncated"   // output cut, no exit code
	ResultFailed    ResultKind = "failed"      // FAIL, BUILD FAILED, PARTIAL, …, no exit code
	ResultPassed    ResultKind = "passed"      // passed, PASS, ok, …, no exit code
	ResultNotRun    ResultKind = "not_run"     // skipped, not run, n/a
	ResultOther     ResultKind = "other"       // "0 matches", "7316 bytes", …
	ResultTemplate  ResultKind = "placeholder" // exit <code>
)

// Result is what a line says of a command's end.
type Result struct {
	Kind     ResultKind
	ExitCode int    // valid for ResultExit only; -1 otherwise
	Words    string // the text after the arrow
	Counts   Counts // numbers that the words state
	// Vacuous: the words themselves say that nothing was checked
	// ("no tests matching pattern").
	Vacuous bool
}

// Counts are numbers that a claim states; -1 means that it does not say.
type Counts struct {
	Tests    int `json:"tests"` // run in all, subtests not included
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Skipped  int `json:"skipped"`
	Subtests int `json:"subtests"`
	Packages int `json:"packages"` // Go packages
	Files    int `json:"files"`    // test files
}

// NoCounts is the Counts of a claim that states no numbers.
func NoCounts() Counts { return Counts{-1, -1, -1, -1, -1, -1, -1} }

// File is an entry of "Files changed".
type File struct {
	Path string // as written: a path, a folder or a glob
	Note string
	Pos  Pos
}

// CheckpointKind tells a recorded commit from the words that stand in its place.
type CheckpointKind string

// What stands where a commit's hash should be.
const (
	CheckpointHash        CheckpointKind = "hash"        // looks like a commit hash, 4 to 64 hex digits
	CheckpointTodo        CheckpointKind = "todo"        // TODO, PENDING: to be recorded
	CheckpointNone        CheckpointKind = "none"        // NO-OP, N/A, docs-only: said to need no commit
	CheckpointSelf        CheckpointKind = "self"        // "this commit"
	CheckpointPlaceholder CheckpointKind = "placeholder" // <hash>
	CheckpointWords       CheckpointKind = "words"       // anything else
)

// Checkpoint is one place that records a packet's commit.
type Checkpoint struct {
	Kind   CheckpointKind
	Hash   string // lower case; only for CheckpointHash
	Text   string // what stands there, flattened
	Note   string // the rest of the line: the commit's subject, or a remark
	Start  bool   // the first of a range: it need not be the packet's own
	Source string // "closing" (the closing list), "commit" (a Commit: entry), "table" (a summary table)
	Pos    Pos
}

// Risk is a residual risk as one place states it.
type Risk struct {
	Packet   string // id of the packet it comes from; empty when the place does not say
	Text     string // without the marks of struck-through text
	Struck   bool   // the text is struck through
	Severity string // as written ("High", "P1", "~~Low~~ RESOLVED" gives "Low"); empty when not stated
	After    string // what follows the struck-through text
	Note     string // the mitigation column, or continuation lines
	Status   string // the status or disposition column
	Owner    string
	FollowUp string
	Raw      string // the line or row, flattened
	Pos      Pos
}

// RiskTableKind tells the lists apart that reconcile risks.
type RiskTableKind string

// The kinds of lists.
const (
	RiskTableReconciled RiskTableKind = "reconciled" // a table of residual risks
	RiskTableDebt       RiskTableKind = "debt"       // a debt ledger
	RiskTableConditions RiskTableKind = "conditions" // conditions of a verdict
)

// RiskTable is a list of risks over several packets.
type RiskTable struct {
	Kind   RiskTableKind
	Title  string
	Packet string // the packet it stands in; empty outside of packets
	Rows   []Risk
	Pos    Pos
}

// RecordedVerdict is a decision about the whole work that the document records.
type RecordedVerdict struct {
	Decision string // GO, GO_WITH_CONDITIONS or NO_GO
	Text     string
	Packet   string // the packet it stands in; may be empty
	Pos      Pos
}

// NextPacket is the "current recommended next packet".
type NextPacket struct {
	Present  bool
	Text     string
	Packets  []string // ids that it names, in order
	Complete bool     // it says that nothing is left to do
	Pos      Pos
}
