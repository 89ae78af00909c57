package checkpoint

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// What is left of a commit's change at the head.
const (
	leftSome    = "some"
	leftNone    = "none"
	leftUnknown = "unknown"
)

// What the subject, and a line of the message, say of a commit that takes another one
// back. As one word, as nouns are written, it counts at the beginning alone.
var (
	subjectTakesBack = lazyregexp.New(`(?i)\brevert(s|ed|ing)?\b|\b(back|backs|backed|backing) out\b|\broll(s|ed|ing)? back\b|^([^:]*:\s*)?(backout|rollback)\b`)
	lineTakesBack    = lazyregexp.New(`(?im)^[\s*-]*(this )?revert(s|ed|ing)?\b`)
)

func takesBack(message string) bool {
	return subjectTakesBack.MatchString(gitstore.SubjectOf(message)) || lineTakesBack.MatchString(message)
}

// left says what is left of a commit's change at the head, and which commit took it
// back. Nothing is left where each file is as it was before. One that the commit added
// and that is gone may as well have moved, or made room for another: there the commit
// that removed it must say so in its message, and not have moved it.
func (v *verifier) left(c *gitstore.Commit, changes []gitstore.Change) (string, *evidence.Commit) {
	changes = work(changes, func(c gitstore.Change) string { return c.Path }, v.paths)
	if len(changes) == 0 || c.Hash == v.head {
		return leftSome, nil
	}
	head, err := v.store.Commit(v.head)
	if err != nil {
		return leftUnknown, nil
	}
	if v.line == nil {
		v.line = []*gitstore.Commit{head}
	}
	for i := range changes {
		same, err := v.asBefore(head, &changes[i])
		switch {
		case err != nil:
			return leftUnknown, nil
		case !same:
			return leftSome, nil
		}
	}
	change := &changes[0]
	if added := slices.IndexFunc(changes, func(c gitstore.Change) bool { return c.Old.IsZero() }); added >= 0 {
		change = &changes[added]
	}
	most := maxNamed
	if change.Old.IsZero() {
		most = maxLine
	}
	by := v.undoing(c, change, most)
	if change.Old.IsZero() {
		if by == nil || !takesBack(by.Message) {
			return leftSome, nil
		}
		if v.unread = false; v.moves(by, change.Path) {
			return leftSome, nil
		} else if v.unread {
			return leftUnknown, nil
		}
	}
	if by == nil {
		return leftNone, nil
	}
	return leftNone, &evidence.Commit{Hash: by.Hash.String(), Subject: by.Subject(), Date: by.Authored.UTC()}
}

// moves reports whether a commit moves a file to another name.
func (v *verifier) moves(c *gitstore.Commit, name string) bool {
	changes, err := v.changesIn(c)
	v.unread = v.unread || err != nil
	for _, old := range v.renames(changes) {
		if changes[old].Path == name {
			return true
		}
	}
	return false
}

// work is those of a commit's changes that are its work: not those of trackers, which
// are written again and again, nor, beside other files, of lock files and of Markdown.
func work[C any](changes []C, path func(C) string, trackers []string) []C {
	without := func(list []C, not func(name string) bool) []C {
		return slices.DeleteFunc(slices.Clone(list), func(c C) bool { return not(path(c)) })
	}
	list := without(changes, func(name string) bool { return slices.Contains(trackers, name) })
	for _, not := range []func(string) bool{isLock, func(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".md") }} {
		if rest := without(list, not); len(rest) > 0 {
			list = rest
		}
	}
	return list
}

// isLock reports whether a file is where a package manager writes which versions it took.
func isLock(name string) bool {
	switch name = path.Base(name); name {
	case "go.sum", "go.work.sum", "npm-shrinkwrap.json", "bun.lockb":
		return true
	}
	return strings.HasSuffix(name, ".lock") || strings.Contains(name, "-lock.")
}

// asBefore reports whether a commit has a file as it was before a change.
func (v *verifier) asBefore(c *gitstore.Commit, change *gitstore.Change) (bool, error) {
	h, mode, err := v.store.Entry(c.Tree, change.Path)
	return h == change.Old && mode == change.OldMode, err
}

// Bounds on the search for what took a change back.
const (
	maxLine   = 500 // commits of the head's line of first parents
	maxNamed  = 100 // the same, where it only gives the finding a name
	maxMerged = 100 // commits of a line that was merged
)

// undoing finds a commit at which a file is as it was before a commit changed it, and at
// whose parent it is not: one of the head's line of first parents or, where that is a
// merge that does not say so itself, of what it merged. nil: none is near.
func (v *verifier) undoing(c *gitstore.Commit, change *gitstore.Change, most int) *gitstore.Commit {
	var failed error
	differs := func(at *gitstore.Commit) bool {
		same, err := v.asBefore(at, change)
		failed = cmp.Or(failed, err)
		return !same
	}
	oldest := c.Committed.Add(-day) // what is older took nothing back
	v.line = v.follow(v.line, oldest, most)
	line := v.line[:min(len(v.line), most)]
	if older := slices.IndexFunc(line, func(at *gitstore.Commit) bool { return at.Committed.Before(oldest) }); older >= 0 {
		line = line[:older]
	}
	turn := slices.IndexFunc(line, func(at *gitstore.Commit) bool { return at.Hash == c.Hash })
	if turn >= 0 { // it differs there
		turn = sort.Search(turn, func(i int) bool { return differs(line[i]) })
	} else {
		turn = slices.IndexFunc(line, differs)
	}
	if turn < 1 || failed != nil {
		return nil
	}
	by := line[turn-1]
	if len(by.Parents) < 2 || takesBack(by.Message) {
		return by
	}
	for _, h := range by.Parents[1:] {
		last, err := v.store.Commit(h)
		if err != nil {
			continue
		}
		line := v.follow([]*gitstore.Commit{last}, oldest, maxMerged)
		if turn := slices.IndexFunc(line, differs); turn > 0 && failed == nil && !line[turn-1].Committed.Before(c.Committed) {
			return line[turn-1]
		}
	}
	return by
}

// day is how far clocks may be apart.
const day = 24 * time.Hour

// follow reads a line of first parents on, as far back as a time, or so many commits.
func (v *verifier) follow(line []*gitstore.Commit, oldest time.Time, most int) []*gitstore.Commit {
	for len(line) < most {
		last := line[len(line)-1]
		if len(last.Parents) == 0 || last.Committed.Before(oldest) {
			break
		}
		c, err := v.store.Commit(last.Parents[0])
		if err != nil {
			break // what is behind it may be in another clone
		}
		line = append(line, c)
	}
	return line
}

// gitChange is a changed file as git tells it.
type gitChange struct{ letter, path string }

// changed lists the files that differ between two commits, those that moved under both
// names. No configuration hides a submodule.
func (g *byGit) changed(before, after string) (list []gitChange) {
	fields := strings.Split(g.output("", "diff-tree", "-r", "-z", "--name-status", "--no-renames", "--ignore-submodules=none", before, after), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		list = append(list, gitChange{fields[i], fields[i+1]})
	}
	return list
}

// left is the same by an installed git. The first commit is left: all else rests on it.
func (g *byGit) left(c *evidence.Checkpoint, parents []string) {
	c.Left = leftSome
	if len(parents) == 0 || c.Hash == g.result.Head {
		return
	}
	changes := work(g.changed(parents[0], c.Hash), func(c gitChange) string { return c.path }, g.paths)
	stands := map[string]bool{}
	for _, change := range g.changed(parents[0], g.result.Head) {
		stands[change.path] = true
	}
	if len(changes) == 0 || slices.ContainsFunc(changes, func(c gitChange) bool { return stands[c.path] }) {
		return
	}
	change := changes[0]
	if added := slices.IndexFunc(changes, func(c gitChange) bool { return c.letter == "A" }); added >= 0 {
		change = changes[added]
	}
	by, message := g.undoing(change.path)
	if change.letter == "A" && (by == nil || !takesBack(message) || g.moves(by.Hash, change.path)) {
		return
	}
	c.Left, c.Undone = leftNone, by
}

// undoing finds the commit that changed a file last, and its message.
func (g *byGit) undoing(name string) (by *evidence.Commit, message string) {
	by, message = g.lastTo(name, "--first-parent", g.result.Head)
	if by != nil && !takesBack(message) { // a merge may have brought it
		if merged, said := g.lastTo(name, "--ignore-missing", by.Hash, "^"+by.Hash+"^1"); merged != nil {
			return merged, said
		}
	}
	return by, message
}

func (g *byGit) lastTo(name string, commits ...string) (c *evidence.Commit, message string) {
	args := append([]string{"--literal-pathspecs", "log", "-1", "--format=%H%x00%s%x00%at%x00%B"}, commits...)
	fields := strings.SplitN(g.output("", append(args, "--", name)...), "\x00", 4)
	if len(fields) < 4 {
		return nil, ""
	}
	return &evidence.Commit{Hash: fields[0], Subject: fields[1], Date: secondsOf(fields[2])}, fields[3]
}

// moves reports whether a commit moves a file to another name.
func (g *byGit) moves(hash, name string) bool {
	moved := g.output("", "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", hash+"^1", hash)
	return slices.Contains(strings.Split(moved, "\x00"), name)
}
