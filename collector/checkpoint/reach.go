package checkpoint

import (
	"math"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// commitsForMissing is how many commits are read for a hash that nothing has: it may
// be a commit that was lost, and only a broken history shows that.
const commitsForMissing = 20_000

// reach says of each commit whether it is in the history.
func (v *verifier) reach() {
	checkpoints := v.result.Checkpoints
	asked := gitstore.Asked{Graph: true}
	if len(v.unnamed) > 0 {
		asked.Visit = v.visit
	}
	w := v.store.History(v.head, asked)
	v.history = w
	var wanted []plumbing.Hash
	missing := false
	for i := range checkpoints {
		switch checkpoints[i].State {
		case "":
			wanted = append(wanted, fullHash(checkpoints[i].Hash))
		case evidence.CheckpointMissing:
			missing = true
		}
	}
	if len(v.unnamed) > 0 {
		w.Finish()
	}
	if missing && !w.InGraph() {
		w.Walk(commitsForMissing)
	}
	w.Seek(wanted)
	for i := range checkpoints {
		v.place(&checkpoints[i])
		if checkpoints[i].State != evidence.CheckpointReachable {
			checkpoints[i].Left, checkpoints[i].Undone = "", nil
		}
	}
}

// place says where a checkpoint is, after the walk.
func (v *verifier) place(c *evidence.Checkpoint) {
	w := v.history
	broken := w.Broken()
	unverifiable := func(reason string) {
		c.State, c.Reason = evidence.CheckpointUnverifiable, reason
		v.unverifiable = true
	}
	switch {
	case c.State == evidence.CheckpointMissing && broken != nil:
		unverifiable("the history cannot be read: " + broken.Error())
	case c.State == evidence.CheckpointMissing && w.InGraph() && w.Names(c.Token):
		unverifiable("the commit-graph knows it, and the commit itself is not there")
	case c.State != "":
	case w.Has(fullHash(c.Hash)):
		c.State = evidence.CheckpointReachable
	case broken != nil:
		unverifiable("the history cannot be read: " + broken.Error())
	case w.Cut():
		unverifiable("it is there, but this clone's history is cut (shallow) before it")
	default:
		c.State, c.Reason = evidence.CheckpointUnreachable, "a commit, but not in the history of "+v.head.String()[:12]
	}
}

// relate says how the checkpoints of packets stand to each other that should
// follow each other.
func (v *verifier) relate(t *tracker.Tracker, checkpoints []evidence.Checkpoint) {
	relations, commit := relationsOf(t, checkpoints)
	if len(relations) == 0 {
		return
	}
	pairs := make([]gitstore.Pair, len(relations))
	for i, r := range relations {
		pairs[i] = gitstore.Pair{First: fullHash(commit[r.Earlier]), Second: fullHash(commit[r.Later])}
	}
	for i, order := range v.history.Settle(pairs, math.MaxInt) {
		relations[i].Kind = relationKinds[order]
	}
	v.result.Relations = append(v.result.Relations, relations...)
}

// relationsOf lists the packets that should follow each other, by the board's
// order and by what they depend on, and those that share a commit; with the full
// hash of each packet's commit. The kinds are not known yet.
func relationsOf(t *tracker.Tracker, checkpoints []evidence.Checkpoint) (relations []evidence.Relation, commit map[string]string) {
	commit = map[string]string{}
	reachable := map[[2]string]string{} // by packet and token
	for _, c := range checkpoints {
		if c.State == evidence.CheckpointReachable {
			reachable[[2]string{c.Packet, c.Token}] = c.Hash
		}
	}
	var order []string
	named := map[string]*tracker.Packet{} // by normal id
	for i := range t.Packets {
		p := &t.Packets[i]
		if id := tracker.NormalID(p.ID); named[id] == nil {
			named[id] = p
		}
		if at := p.Checkpoint(); at != nil {
			if hash, ok := reachable[[2]string{p.ID, at.Hash}]; ok {
				commit[p.ID] = hash
				order = append(order, p.ID)
			}
		}
	}
	done := map[[2]string]bool{}
	ask := func(earlier, later string) {
		pair := [2]string{earlier, later}
		if done[pair] || earlier == later || commit[earlier] == "" || commit[later] == "" {
			return
		}
		done[pair] = true
		relations = append(relations, evidence.Relation{Tracker: t.Path, Earlier: earlier, Later: later})
	}
	for i := 1; i < len(order); i++ {
		ask(order[i-1], order[i])
	}
	for i := range t.Packets {
		id, passed := t.Packets[i].ID, map[*tracker.Packet]bool{} // without a commit of their own: what they depend on counts
		if commit[id] == "" {
			continue
		}
		for on := slices.Clone(t.Packets[i].DependsOn); len(on) > 0; on = on[1:] {
			switch earlier := named[tracker.NormalID(on[0])]; {
			case earlier == nil:
			case commit[earlier.ID] != "":
				ask(earlier.ID, id)
			case !passed[earlier]:
				passed[earlier] = true
				on = append(on, earlier.DependsOn...)
			}
		}
	}
	seen := map[string]string{}
	for _, id := range order {
		if first, dup := seen[commit[id]]; dup {
			ask(first, id)
		} else {
			seen[commit[id]] = id
		}
	}
	return relations, commit
}

// relationKinds are the words of the evidence for how two commits stand.
var relationKinds = map[gitstore.Order]string{
	gitstore.Unknown: "unknown", gitstore.Before: "ancestor", gitstore.After: "descendant", gitstore.Same: "same", gitstore.Aside: "unrelated",
}

// within reports whether a commit is in the history of another; ok is false where
// that cannot be read.
func (v *verifier) within(commit, of plumbing.Hash) (found, ok bool) {
	w := v.history
	if of != v.head {
		w = v.store.History(of, gitstore.Asked{Graph: true})
	}
	w.Seek([]plumbing.Hash{commit})
	found = w.Has(commit)
	return found, found || !w.Cut() && w.Broken() == nil
}
