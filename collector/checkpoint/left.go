package checkpoint

import (
	"slices"
	"strings"

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

// takesBack is what the message of a commit says that takes another one back.
var takesBack = lazyregexp.New(`(?i)\brevert(s|ed|ing)?\b|\b(back|backs|backed|backing) ?out\b|\broll(s|ed|ing)? ?back\b`)

// left says what is left of a commit's change at the head, and which commit took it
// back. Nothing is left where each file is as it was before. One that the commit added
// and that is gone may as well have moved: there the message of the commit that removed
// it tells.
func (v *verifier) left(c *gitstore.Commit, changes []gitstore.Change) (string, *evidence.Commit) {
	changes = work(changes, func(c gitstore.Change) string { return c.Path }, v.paths)
	if len(changes) == 0 || c.Hash == v.head {
		return leftSome, nil
	}
	head, err := v.store.Commit(v.head)
	if err != nil {
		return leftUnknown, nil
	}
	added := false
	for i := range changes {
		same, err := v.asBefore(head, &changes[i])
		switch {
		case err != nil:
			return leftUnknown, nil
		case !same:
			return leftSome, nil
		}
		added = added || changes[i].Old.IsZero()
	}
	by := v.undoing(&changes[0])
	if added && (by == nil || !takesBack.MatchString(by.Message)) {
		return leftSome, nil
	}
	if by == nil {
		return leftNone, nil
	}
	return leftNone, &evidence.Commit{Hash: by.Hash.String(), Subject: by.Subject(), Date: by.Authored.UTC()}
}

// work is those of a commit's changes that are its work: not those of trackers, which
// are written again and again, nor of Markdown beside other files.
func work[C any](changes []C, path func(C) string, trackers []string) []C {
	list := slices.DeleteFunc(slices.Clone(changes), func(c C) bool { return slices.Contains(trackers, path(c)) })
	code := slices.DeleteFunc(slices.Clone(list), func(c C) bool { return strings.HasSuffix(strings.ToLower(path(c)), ".md") })
	if len(code) > 0 {
		return code
	}
	return list
}

// asBefore reports whether a commit has a file as it was before a change.
func (v *verifier) asBefore(c *gitstore.Commit, change *gitstore.Change) (bool, error) {
	h, mode, err := v.store.Entry(c.Tree, change.Path)
	return h == change.Old && mode == change.OldMode, err
}

// undoing finds a commit of the head's line of first parents at which a file is as it
// was before a change, and at whose parent it is not; nil where none is near.
func (v *verifier) undoing(change *gitstore.Change) *gitstore.Commit {
	low, high := 0, 1
	for {
		if high = min(high, v.readLine(high)); high == low {
			return nil
		}
		same, err := v.asBefore(v.line[high], change)
		if err != nil {
			return nil
		}
		if !same {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := (low + high) / 2
		same, err := v.asBefore(v.line[middle], change)
		switch {
		case err != nil:
			return nil
		case same:
			low = middle
		default:
			high = middle
		}
	}
	return v.line[low]
}

// maxLine is how many commits of the head's line of first parents are read.
const maxLine = 500

// readLine reads the head's line of first parents up to a position, and returns the
// last position up to there.
func (v *verifier) readLine(position int) int {
	for position < maxLine && len(v.line) <= position {
		h := v.head
		if n := len(v.line); n > 0 {
			if len(v.line[n-1].Parents) == 0 {
				break
			}
			h = v.line[n-1].Parents[0]
		}
		c, err := v.store.Commit(h)
		if err != nil {
			break // what is behind it may be in another clone
		}
		v.line = append(v.line, c)
	}
	return len(v.line) - 1
}

// left is the same by an installed git. The first commit is left: all else rests on it.
func (g *byGit) left(c *evidence.Checkpoint, parents []string) {
	c.Left = leftSome
	var paths []string
	added := false
	for _, f := range c.Files {
		paths = append(paths, f.Path)
		if f.From != "" {
			paths = append(paths, f.From)
		}
		added = added || f.Status == "A"
	}
	paths = work(paths, func(path string) string { return path }, g.paths)
	if len(paths) == 0 || len(parents) == 0 || c.Hash == g.result.Head {
		return
	}
	if !g.holds(append([]string{"--literal-pathspecs", "diff", "--quiet", "--no-ext-diff", parents[0], g.result.Head, "--"}, paths...)...) {
		return
	}
	fields := strings.SplitN(g.output("", "--literal-pathspecs", "log", "-1", "--first-parent", "--format=%H%x00%s%x00%at%x00%B", g.result.Head, "--", paths[0]), "\x00", 4)
	found := len(fields) == 4
	if added && !(found && takesBack.MatchString(fields[3])) {
		return
	}
	c.Left = leftNone
	if found {
		c.Undone = &evidence.Commit{Hash: fields[0], Subject: fields[1], Date: secondsOf(fields[2])}
	}
}
