package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// aboutCommit names a commit to a reader: its hash, subject and author date.
func aboutCommit(e *evidence.Checkpoint) string {
	return shortly(&evidence.Commit{Hash: e.Hash, Subject: e.Subject, Date: e.Date})
}

// shortly is aboutCommit for any commit.
func shortly(c *evidence.Commit) string {
	return fmt.Sprintf("%s (%s, %s)", short(c.Hash), clip(c.Subject, 80), c.Date.Format("2006-01-02"))
}

// commitContent judges what a commit says of itself, and whether it changes
// anything.
func (k *trackerJudge) commitContent(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint) {
	about := aboutCommit(e)
	if len(e.Names) > 0 && !slices.ContainsFunc(e.Names, func(id string) bool { return tracker.SameID(id, p.ID) }) {
		f := Finding{Message: fmt.Sprintf("the commit of %s, %s, names %s", p.ID, about, strings.Join(e.Names, ", ")), Claimed: p.ID, Observed: strings.Join(e.Names, ", "), Commit: e.Hash}
		if strings.Contains(strings.ToUpper(c.Note), strings.ToUpper(p.ID)) {
			f.Severity = Note // the line itself says whose it is
		}
		k.at("checkpoint/other-packet", p, c.Pos, f)
	}
	switch {
	case e.Files == nil:
		k.at("checkpoint/unverifiable", p, c.Pos, Finding{Message: fmt.Sprintf("what the commit of %s, %s, changes cannot be seen here: %s", p.ID, about, orElse(e.FilesReason, "its files are not there")), Commit: e.Hash, Observed: "files unknown", Hint: k.cure()})
	case len(e.Files) == 0:
		k.at("checkpoint/empty", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, changes nothing", p.ID, about), Observed: "no files", Commit: e.Hash})
	case e.Left == "some":
	case e.Left == "none":
		k.undone(p, c, e, about)
	default:
		k.at("checkpoint/unverifiable", p, c.Pos, Finding{Message: fmt.Sprintf("whether the change of the commit of %s, %s, is still there cannot be seen here", p.ID, about), Commit: e.Hash, Observed: "files of the head unknown", Hint: k.cure()})
	}
	k.signature(p, c, e, about)
}

// undone judges a commit whose change was taken back. A packet's own commits may try a
// thing and then another; one that only reverts leaves no work.
func (k *trackerJudge) undone(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint, about string) {
	by, severity := "by a later commit", Severity("")
	if u := e.Undone; u != nil {
		by = "by " + shortly(u)
		own := slices.ContainsFunc(recorded(p), func(c *tracker.Checkpoint) bool {
			other := k.checkpointOf(p.ID, c.Hash)
			return other != nil && other.Hash == u.Hash && !c.Start
		})
		if own && !strings.HasPrefix(strings.ToLower(u.Subject), "revert") {
			by, severity = "by another of its commits, "+shortly(u), Note
		}
	}
	k.at("checkpoint/undone", p, c.Pos, Finding{
		Severity: severity, Message: fmt.Sprintf("the commit of %s, %s, was taken back %s: its files are as they were before", p.ID, about, by),
		Claimed: "done", Observed: "undone", Commit: e.Hash,
	})
}

// order judges how a packet's commit stands to those of other packets.
func (k *trackerJudge) order(p *tracker.Packet, c *tracker.Checkpoint) {
	e := k.checkpointOf(p.ID, c.Hash)
	if e == nil || e.State != evidence.CheckpointReachable {
		return
	}
	for _, r := range k.relationsOf(p.ID) {
		f := Finding{Claimed: r.Earlier, Observed: r.Kind, Commit: e.Hash}
		depends := k.depends(p.ID, r.Earlier)
		switch {
		case r.Kind == "same":
			f.Message = fmt.Sprintf("%s and %s record the same commit, %s", r.Earlier, p.ID, aboutCommit(e))
			k.at("checkpoint/reused", p, c.Pos, f)
		case r.Kind == "descendant" && (depends || !k.depending): // the board's order, where the document says nothing else
			f.Message = fmt.Sprintf("the commit of %s, %s, comes before that of %s", p.ID, aboutCommit(e), r.Earlier)
			k.at("checkpoint/out-of-order", p, c.Pos, f)
		case r.Kind == "unrelated" && depends:
			f.Message = fmt.Sprintf("the commit of %s, %s, does not come after that of %s, which it depends on: it is beside it", p.ID, aboutCommit(e), r.Earlier)
			k.at("checkpoint/out-of-order", p, c.Pos, f)
		case r.Kind == "unknown" && depends:
			f.Message, f.Hint = fmt.Sprintf("whether the commit of %s, %s, comes after that of %s cannot be seen here", p.ID, aboutCommit(e), r.Earlier), k.cure()
			k.at("checkpoint/unverifiable", p, c.Pos, f)
		}
	}
	k.reusedElsewhere(p, c, e)
}

// depends reports whether the document says that a packet depends on another, maybe over
// others.
func (k *trackerJudge) depends(id, on string) bool {
	if !k.depending {
		return false
	}
	if k.dependencies == nil {
		k.dependencies = newDependencies(k.t.Packets)
	}
	return k.dependencies.follows(id, on)
}

// relationsOf lists how a packet's commit stands to those of the packets before it.
func (k *trackerJudge) relationsOf(id string) []*evidence.Relation {
	if k.relations == nil {
		k.relations = map[string][]*evidence.Relation{}
		list := k.Bundle.Repository.Relations
		for i := range list {
			if list[i].Tracker == k.t.Path {
				k.relations[list[i].Later] = append(k.relations[list[i].Later], &list[i])
			}
		}
	}
	return k.relations[id]
}

// reusedElsewhere finds a commit that another tracker records for another packet.
func (k *trackerJudge) reusedElsewhere(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint) {
	for _, other := range k.recordedAs(e.Hash) {
		if other.Tracker == k.t.Path {
			return // the trackers before this one have been looked at
		}
		if !tracker.SameID(other.Packet, p.ID) {
			k.at("checkpoint/reused", p, c.Pos, Finding{Message: fmt.Sprintf("%s of %s and %s record the same commit, %s", other.Packet, other.Tracker, p.ID, aboutCommit(e)), Claimed: other.Tracker + " " + other.Packet, Commit: e.Hash})
		}
	}
}

// recordedAs lists the places that record a commit, in the order of the trackers.
func (j *judge) recordedAs(hash string) []*evidence.Checkpoint {
	if j.byCommit == nil {
		j.byCommit = map[string][]*evidence.Checkpoint{}
		list := j.Bundle.Repository.Checkpoints
		for i := range list {
			j.byCommit[list[i].Hash] = append(j.byCommit[list[i].Hash], &list[i])
		}
	}
	return j.byCommit[hash]
}

// signature judges what verification of the commit's signature gave.
func (k *trackerJudge) signature(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint, about string) {
	s := e.Signature
	switch {
	case s == nil && k.policy.Checkpoints.Signed != "":
		s = &evidence.Signature{Reason: "the evidence does not tell"}
	case s == nil || s.State == "good":
		return
	}
	rule, said := "checkpoint/signature", map[string]string{
		"unsigned": "it is not signed", "unknown key": "it is signed by a key that the policy's files do not hold", "expired key": "the key that signed it has expired",
		"revoked key": "the key that signed it is revoked", "expired": "its signature has expired", "other kind": "its signature is of another kind",
	}[s.State]
	switch {
	case s.State == "bad":
		rule, said = "checkpoint/signature-bad", "its signature does not fit its content"
	case said == "":
		rule, said = "checkpoint/signature-unverifiable", "its signature could not be verified"
	}
	if s.Key != "" {
		said += " (" + orElse(s.Signer, "key") + " " + s.Key + ")"
	}
	if s.Reason != "" {
		said += ": " + clip(s.Reason, 200)
	}
	k.at(rule, p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s: %s", p.ID, about, said), Observed: s.State, Commit: e.Hash})
}
