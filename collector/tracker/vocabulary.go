package tracker

// Vocabulary names the headings, columns and words of a tracker that does not
// use the default form. Empty fields keep the default; words compare without
// case.
type Vocabulary struct {
	// Headings gives the headings of a part: "board", "required", "gates",
	// "evidence", "risks", "checkpoints", "next", "rules".
	Headings map[string][]string
	// Columns gives the titles of a column of the board: "packet", "title",
	// "status", "implementer", "reviewer", "review", "evidence", "commit", "depends".
	Columns map[string][]string
	// Statuses gives the words for a state: "DONE", "TODO", "APPROVED", …
	Statuses map[string][]string
	// PacketID is a regular expression (RE2) that matches a packet's id; with a
	// group, the id is the group.
	PacketID string
	// Final gives words of the title of the packet that asks for the verdict, or
	// its id.
	Final []string
}
