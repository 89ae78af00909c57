package evidence

import "time"

// Repository is what the commit history itself says.
type Repository struct {
	// State: "ok", "none" (no repository), "empty" (no commit yet) or
	// "unreadable" (see Reason). The zero value: not looked at.
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Engine  string `json:"engine,omitempty"` // "go-git", or "git 2.39.5" where an installed git was asked
	Head    string `json:"head,omitempty"`   // the commit that checkpoints must be reachable from: the pull request's head when HEAD is GitHub's merge commit
	Base    string `json:"base,omitempty"`   // the base commit; empty when not known
	Shallow bool   `json:"shallow,omitempty"`
	Partial bool   `json:"partial,omitempty"`
	// Cure is the one line that would make what is unverifiable verifiable.
	Cure        string       `json:"cure,omitempty"`
	Checkpoints []Checkpoint `json:"checkpoints,omitempty"` // in the order asked for
	Relations   []Relation   `json:"relations,omitempty"`
	Naming      []Naming     `json:"naming,omitempty"`
	Contracts   []Contract   `json:"contracts,omitempty"`
	Tests       []TestChange `json:"tests,omitempty"` // tests lost between the first checkpoint and Head
	Ranges      []Range      `json:"ranges,omitempty"`
}

// Range says whether Head lies in a part of the history: after From or at it, and
// before To or at it.
type Range struct {
	From   string `json:"from,omitempty"` // as asked for: a hash, a tag, a branch
	To     string `json:"to,omitempty"`
	State  string `json:"state"` // "inside", "outside" or "unknown" (see Reason)
	Reason string `json:"reason,omitempty"`
}

// CheckpointState is what became of a recorded hash.
type CheckpointState string

// The states of a checkpoint.
const (
	CheckpointReachable    CheckpointState = "reachable"    // a commit in the history of Head
	CheckpointUnreachable  CheckpointState = "unreachable"  // a commit, but not in that history
	CheckpointMissing      CheckpointState = "missing"      // no such commit in a complete clone
	CheckpointAmbiguous    CheckpointState = "ambiguous"    // the prefix of several commits
	CheckpointMalformed    CheckpointState = "malformed"    // no hash, or the hash of something that is no commit
	CheckpointUnverifiable CheckpointState = "unverifiable" // this clone cannot tell; see Reason
)

// Checkpoint is what the repository says of one recorded hash.
type Checkpoint struct {
	Tracker    string          `json:"tracker"` // path
	Packet     string          `json:"packet"`
	Token      string          `json:"token"` // the hash as recorded, lower case
	State      CheckpointState `json:"state"`
	Reason     string          `json:"reason,omitempty"` // a fact: "the hash of a tree", "beyond the end of a shallow clone"
	Hash       string          `json:"hash,omitempty"`   // full
	Tree       string          `json:"tree,omitempty"`
	Subject    string          `json:"subject,omitempty"` // first line of the message, valid UTF-8
	Author     string          `json:"author,omitempty"`
	Date       time.Time       `json:"date,omitzero"`        // author date
	Candidates []string        `json:"candidates,omitempty"` // full hashes, for Ambiguous
	Parents    int             `json:"parents"`
	// Names are the packet ids that the message names, subject first, in order.
	Names []string `json:"names,omitempty"`
	// Files that the commit changes against its first parent; nil when they
	// could not be read (see FilesReason), empty when it changes none. Where there are
	// Files and a FilesReason, some may be old and new names of one that moved.
	Files       []FileChange `json:"files"`
	MoreFiles   int          `json:"more_files,omitempty"`
	FilesReason string       `json:"files_reason,omitempty"`
	Signature   *Signature   `json:"signature,omitempty"` // nil: not asked for
	// Left: what is at Head of the change of a commit that is in its history: "some",
	// "none" (every file is as it was before; see Undone) or "unknown".
	Left   string  `json:"left,omitempty"`
	Undone *Commit `json:"undone,omitempty"` // the commit that took the change back, where it was found
	// Once: where a commit that is not in the history was seen in it before:
	// "reflog of main", "ORIG_HEAD", "previous run".
	Once string `json:"once,omitempty"`
	// Twin is the commit in the history that carries the same change: the same
	// patch, or the same tree. Squash and rebase leave one.
	Twin *Twin `json:"twin,omitempty"`
}

// Twin is a commit that carries another commit's change.
type Twin struct {
	Hash    string `json:"hash"`
	Subject string `json:"subject"`
	By      string `json:"by"` // "patch", "tree", or "branch": all that a branch with the commit changed
}

// Signature is what verification of a commit's signature gave.
type Signature struct {
	// State: "good", "bad" (not of this commit), "unknown key", "expired key",
	// "revoked key", "expired" (the signature itself), "unsigned", "other kind"
	// (than the policy asks for), "unsupported" (see Reason) or "unverifiable" (the
	// keys could not be read; see Reason).
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Kind   string `json:"kind,omitempty"`   // "gpg", "ssh", "x509"
	Signer string `json:"signer,omitempty"` // as the keys name whom the key belongs to
	Key    string `json:"key,omitempty"`    // fingerprint; of an unknown key, what the signature says
}

// Relation is how two checkpoints of one tracker stand to each other.
type Relation struct {
	Tracker string `json:"tracker"`
	Earlier string `json:"earlier"` // id of the packet that should come first
	Later   string `json:"later"`
	// Kind: "ancestor" (as it should be), "descendant" (reversed), "same",
	// "unrelated" (side by side) or "unknown".
	Kind string `json:"kind"`
}

// Naming lists the commits of Head's history whose message names a packet that
// has no recorded hash.
type Naming struct {
	Tracker  string   `json:"tracker"`
	Packet   string   `json:"packet"`
	Commits  []Commit `json:"commits"`  // newest first, at most 10
	Searched int      `json:"searched"` // commits looked at
	Complete bool     `json:"complete"` // the whole history was looked at
}

// Commit is a commit in short.
type Commit struct {
	Hash    string    `json:"hash"`
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"`
}

// Contract is a forbidden pattern in a line that was added between base and head.
type Contract struct {
	ID   string `json:"id"` // the policy's name for it
	File string `json:"file"`
	Line int    `json:"line"` // in the new file, 1-based
	Text string `json:"text"` // the line, at most 300 characters, valid UTF-8
	// Unverifiable: the lines could not be read; Text says why, File may be empty.
	Unverifiable bool `json:"unverifiable,omitempty"`
}

// TestChange is a test that was there at the first checkpoint and is weaker now.
type TestChange struct {
	File string `json:"file"`
	Name string `json:"name,omitempty"` // empty: the whole file
	Kind string `json:"kind"`           // "deleted", "skipped", "emptied"; "unverifiable": the tests could not be read, Name says why
	Line int    `json:"line,omitempty"` // where it stands now, or stood
}
