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
	by := v.undoing(head, &changes[0])
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

// maxUndoing bounds how many commits are looked at for one that took a change back.
const maxUndoing = 1000

// undoing finds the commit of the line of first parents since which a file is as it was
// before a change; nil where that was not found.
func (v *verifier) undoing(head *gitstore.Commit, change *gitstore.Change) *gitstore.Commit {
	at := head
	for range maxUndoing {
		if len(at.Parents) == 0 {
			return nil
		}
		parent, err := v.store.Commit(at.Parents[0])
		if err != nil {
			return nil
		}
		if same, err := v.asBefore(parent, change); err != nil || !same {
			return at
		}
		at = parent
	}
	return nil
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
