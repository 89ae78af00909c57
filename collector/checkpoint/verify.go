package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// verifier collects the facts about one repository.
type verifier struct {
	store        *gitstore.Store
	options      Options
	keys         keys
	head         plumbing.Hash
	result       evidence.Repository
	paths        []string // of the trackers
	history      *gitstore.History
	unnamed      []unnamed // packets whose commit is to be found
	former       *[]formerTip
	line         []*gitstore.Commit                  // the head and its first parents, as far as they were read
	changes      map[plumbing.Hash][]gitstore.Change // of commits that carry others' changes, maybe
	kept         int                                 // how much is in changes
	beside       *gitstore.History                   // from the head and from commits that are not in its history
	live         []gitstore.Branch
	branchOf     map[plumbing.Hash]*branch
	unread       bool                                  // a file whose name may be another's new one could not be read
	forbidden    map[string]map[evidence.Contract]bool // by contract: the lines that were found
	unverifiable bool
}

// trackers verifies the checkpoints of all trackers.
func (v *verifier) trackers(ctx context.Context, trackers []*tracker.Tracker) {
	first := make([]int, len(trackers)+1)
	for _, t := range trackers {
		v.paths = append(v.paths, t.Path)
	}
	for i, t := range trackers {
		v.lookUpAll(ctx, t)
		first[i+1] = len(v.result.Checkpoints)
	}
	v.reach()
	v.named()
	for i, t := range trackers {
		checkpoints := v.result.Checkpoints[first[i]:first[i+1]]
		v.relate(t, checkpoints)
		for j := range checkpoints {
			v.explainMissing(&checkpoints[j])
		}
	}
}

// lookUpAll finds what the hashes of one tracker name.
func (v *verifier) lookUpAll(ctx context.Context, t *tracker.Tracker) {
	ids := packetIDs(t)
	for i := range t.Packets {
		p := &t.Packets[i]
		seen := map[string]bool{}
		for _, c := range p.Checkpoints {
			if c.Kind == tracker.CheckpointHash && !seen[c.Hash] {
				seen[c.Hash] = true
				v.result.Checkpoints = append(v.result.Checkpoints, v.lookUp(t.Path, p.ID, c.Hash, ids))
			}
		}
		if len(seen) == 0 && p.Done() && ctx.Err() == nil {
			v.unnamed = append(v.unnamed, newUnnamed(t.Path, p.ID, ids))
		}
	}
}

// lookUp finds what a recorded hash names.
func (v *verifier) lookUp(path, packet, token string, ids *idForms) evidence.Checkpoint {
	c := evidence.Checkpoint{Tracker: path, Packet: packet, Token: token}
	if len(token) < 4 || len(token) > 40 || strings.Trim(token, "0123456789abcdef") != "" {
		c.State, c.Reason = evidence.CheckpointMalformed, "it is no hash: 4 to 40 hex digits"
		return c
	}
	found, err := v.store.Candidates(token)
	switch {
	case err != nil:
		c.State, c.Reason = evidence.CheckpointUnverifiable, err.Error()
		v.unverifiable = true
	case len(found.Commits) > 1:
		c.State, c.Reason = evidence.CheckpointAmbiguous, fmt.Sprintf("the beginning of %d commits' hashes", len(found.Commits))
		for _, h := range found.Commits[:min(10, len(found.Commits))] {
			c.Candidates = append(c.Candidates, h.String())
		}
	case len(found.Commits) == 1:
		v.describe(&c, found.Commits[0], ids)
	case len(found.Others) > 0:
		c.State = evidence.CheckpointMalformed
		for h, kind := range found.Others {
			c.Reason, c.Hash = "the hash of a "+kind+", not of a commit", h.String()
		}
	case v.store.Shallow():
		c.State, c.Reason = evidence.CheckpointUnverifiable, "not in this clone, whose history is cut (shallow)"
		v.unverifiable = true
	case v.store.Lost != nil:
		c.State, c.Reason = evidence.CheckpointUnverifiable, "not among the objects that can be seen; "+v.store.Lost.Error()
		v.unverifiable = true
	default:
		c.State, c.Reason = evidence.CheckpointMissing, "no object of this repository has that hash"
	}
	return c
}

// describe adds what a commit says of itself.
func (v *verifier) describe(c *evidence.Checkpoint, h plumbing.Hash, ids *idForms) {
	commit, err := v.store.Commit(h)
	if err != nil {
		c.State, c.Reason = evidence.CheckpointUnverifiable, err.Error()
		v.unverifiable = true
		return
	}
	c.Hash, c.Tree, c.Subject = h.String(), commit.Tree.String(), commit.Subject()
	c.Author, c.Date = strings.ToValidUTF8(commit.Author, "\ufffd"), commit.Authored.UTC()
	c.Parents = len(commit.Parents)
	c.Names = ids.in(commit.Message)
	if changes, err := v.changesIn(commit); err != nil {
		c.FilesReason, v.unverifiable = err.Error(), v.unverifiable || !errors.Is(err, gitstore.ErrTooLarge)
	} else {
		v.unread = false
		if c.Files, c.MoreFiles = v.fileChanges(changes); v.unread {
			c.FilesReason, v.unverifiable = "which of its files moved cannot be seen: what is in them is not in this clone", true
		}
		c.Left, c.Undone = v.left(commit, changes)
		v.unverifiable = v.unverifiable || c.Left == leftUnknown
	}
	c.Signature = v.signature(commit)
}

// changesIn lists what a commit changes against its first parent; the error says why that
// cannot be seen.
func (v *verifier) changesIn(c *gitstore.Commit) ([]gitstore.Change, error) {
	var before plumbing.Hash
	if c.Cut {
		return nil, errors.New("the commit's parent is not in this clone (shallow)")
	}
	if len(c.Parents) > 0 {
		parent, err := v.store.Commit(c.Parents[0])
		if err != nil {
			return nil, err
		}
		before = parent.Tree
	}
	list, err := v.store.Diff(before, c.Tree)
	if err != nil && v.store.Partial && errors.Is(err, gitstore.ErrNotFound) {
		err = errors.New("the commit's files are not in this clone (partial)")
	}
	return list, err
}
