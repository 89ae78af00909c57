package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// checkpointOf returns what the repository says of a recorded hash; nil when it
// was not asked.
func (k *trackerJudge) checkpointOf(packet, token string) *evidence.Checkpoint {
	if k.Bundle == nil || token == "" {
		return nil
	}
	if k.commits == nil {
		k.commits = map[[2]string]*evidence.Checkpoint{}
		list := k.Bundle.Repository.Checkpoints
		for i := range list {
			if list[i].Tracker == k.t.Path {
				k.commits[[2]string{list[i].Packet, list[i].Token}] = &list[i]
			}
		}
	}
	return k.commits[[2]string{packet, token}]
}

// worksWithCommits reports whether a tracker records checkpoint commits at all.
func worksWithCommits(t *tracker.Tracker) bool {
	return slices.ContainsFunc(t.Packets, func(p tracker.Packet) bool { return len(p.Checkpoints) > 0 }) ||
		slices.ContainsFunc(t.Rules, func(r tracker.Rule) bool { return strings.Contains(strings.ToLower(r.Text), "checkpoint") })
}

// checkpoint judges the recorded commit of a packet that is done.
func (k *trackerJudge) checkpoint(p *tracker.Packet) {
	c := p.Checkpoint()
	if c == nil && !k.records {
		return
	}
	if c == nil || c.Kind != tracker.CheckpointHash {
		if c != nil && c.Kind == tracker.CheckpointNone {
			k.at("checkpoint/no-commit", p, c.Pos, Finding{Message: p.ID + " is said to need no commit: " + clip(c.Text, 100), Claimed: clip(c.Text, 100)})
			return
		}
		if !k.LintOnly {
			k.unrecorded(p, c)
		}
		return
	}
	if k.LintOnly {
		return
	}
	var commits []*evidence.Checkpoint // that are in the history
	for _, c := range recorded(p) {
		e := k.checkpointOf(p.ID, c.Hash)
		if e == nil {
			e = &evidence.Checkpoint{Tracker: k.t.Path, Packet: p.ID, Token: c.Hash, State: evidence.CheckpointUnverifiable, Reason: k.whyNot()}
		}
		if e.Hash != "" && slices.ContainsFunc(commits, func(have *evidence.Checkpoint) bool { return have.Hash == e.Hash }) {
			continue // the same commit, written in another length
		}
		k.report.Checkpoints = append(k.report.Checkpoints, CheckpointReport{Checkpoint: *e, Pos: c.Pos})
		k.commitState(p, c, e)
		if e.State == evidence.CheckpointReachable && !c.Start {
			k.commitContent(p, c, e)
			commits = append(commits, e)
		}
	}
	if len(commits) > 0 {
		k.order(p, p.Checkpoint())
		k.scope(p, p.Checkpoint(), commits)
	}
}

// recorded lists the places that name a packet's commits, each hash once: the one
// that counts first.
func recorded(p *tracker.Packet) []*tracker.Checkpoint {
	list := []*tracker.Checkpoint{p.Checkpoint()}
	for i := range p.Checkpoints {
		c := &p.Checkpoints[i]
		if c.Kind == tracker.CheckpointHash && !slices.ContainsFunc(list, func(have *tracker.Checkpoint) bool { return have.Hash == c.Hash }) {
			list = append(list, c)
		}
	}
	return list
}

func (k *trackerJudge) whyNot() string {
	if k.Bundle == nil {
		return "nothing was observed"
	}
	switch repo := &k.Bundle.Repository; repo.State {
	case "none":
		return "there is no repository"
	case "empty":
		return "the repository has no commit"
	case "unreadable":
		return "the repository cannot be read: " + repo.Reason
	}
	return "the commit was not looked at"
}

// cure is what makes what cannot be verified here verifiable, and why fetching it did
// not.
func (j *judge) cure() string {
	if j.Bundle == nil {
		return ""
	}
	repo := &j.Bundle.Repository
	if repo.State == "ok" && repo.Reason != "" && repo.Cure != "" {
		return repo.Cure + "; tried: " + clip(repo.Reason, 200)
	}
	return repo.Cure
}

// namingOf returns what was found for a packet without a hash; nil when it was not
// looked for.
func (k *trackerJudge) namingOf(id string) *evidence.Naming {
	if k.naming == nil && k.Bundle != nil {
		k.naming = map[string]*evidence.Naming{}
		list := k.Bundle.Repository.Naming
		for i := range list {
			if list[i].Tracker == k.t.Path {
				k.naming[tracker.NormalID(list[i].Packet)] = &list[i]
			}
		}
	}
	return k.naming[tracker.NormalID(id)]
}

// unrecorded judges a packet that is done and records no hash.
func (k *trackerJudge) unrecorded(p *tracker.Packet, c *tracker.Checkpoint) {
	pos, said := p.Pos(), "nothing"
	if c != nil {
		pos, said = c.Pos, orElse(clip(c.Text, 60), "nothing")
	}
	report := CheckpointReport{Checkpoint: evidence.Checkpoint{Tracker: k.t.Path, Packet: p.ID, State: evidence.CheckpointMissing, Reason: "no hash is recorded"}, Pos: pos, Recorded: said}
	naming := k.namingOf(p.ID)
	f := Finding{Claimed: said, Observed: "no commit names " + p.ID}
	switch {
	case (naming == nil || k.Bundle.Repository.State != "ok") && (p == k.newest || k.Bundle == nil || k.Bundle.Repository.State != "ok"):
		report.State = evidence.CheckpointUnverifiable
		f.Message = fmt.Sprintf("%s records no commit, and whether one is there is not known: %s", p.ID, k.whyNot())
		f.Hint = k.cure()
		k.at("checkpoint/unverifiable", p, pos, f)
	case p != k.newest:
		f.Message = fmt.Sprintf("%s is approved and records no commit (%s), though later packets are done", p.ID, said)
		if naming != nil && len(naming.Commits) > 0 {
			f.Message += "; " + shortly(&naming.Commits[0]) + " names it"
			f.Observed, f.Commit = naming.Commits[0].Hash, naming.Commits[0].Hash
		}
		k.at("checkpoint/never", p, pos, f)
	case len(naming.Commits) == 1:
		n := naming.Commits[0]
		report.Hash, report.Subject, report.Date = n.Hash, n.Subject, n.Date
		f.Observed, f.Commit = n.Hash, n.Hash
		f.Message = fmt.Sprintf("%s is approved and its commit is not recorded yet; %s names it", p.ID, shortly(&n))
		f.Hint = "record " + n.Hash + " for " + p.ID
		k.at("checkpoint/unrecorded", p, pos, f)
	case len(naming.Commits) > 1:
		var hashes, named []string
		for i := range naming.Commits {
			hashes, named = append(hashes, naming.Commits[i].Hash), append(named, shortly(&naming.Commits[i]))
		}
		f.Observed = strings.Join(hashes, ", ")
		f.Message = fmt.Sprintf("%s is approved and its commit is not recorded; several name it: %s", p.ID, strings.Join(named, ", "))
		f.Hint = "record the one that holds " + p.ID
		k.at("checkpoint/unrecorded", p, pos, f)
	case !naming.Complete:
		report.State = evidence.CheckpointUnverifiable
		f.Message = fmt.Sprintf("%s records no commit, and this clone's history is cut: none of the %d commits here names it", p.ID, naming.Searched)
		f.Hint = k.cure()
		k.at("checkpoint/unverifiable", p, pos, f)
	default:
		f.Message = fmt.Sprintf("%s is approved, records no commit, and no commit of the history names it", p.ID)
		k.at("checkpoint/never", p, pos, f)
	}
	k.report.Checkpoints = append(k.report.Checkpoints, report)
}

// commitState judges whether the recorded commit is in the history.
func (k *trackerJudge) commitState(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint) {
	f := Finding{Claimed: c.Hash, Observed: string(e.State), Commit: e.Hash}
	if c != p.Checkpoint() {
		f.Severity = Condition // recorded elsewhere, beside the commit that counts
	}
	once := ""
	if e.Once != "" {
		once = " (it was there before: " + e.Once + ")"
	}
	rule := ""
	switch e.State {
	case evidence.CheckpointReachable:
		if k.policy.Checkpoints.FullHash && len(c.Hash) < 40 {
			k.at("checkpoint/short-hash", p, c.Pos, Finding{Message: fmt.Sprintf("%s records %s, the policy asks for 40 digits", p.ID, aboutCommit(e)), Claimed: c.Hash, Commit: e.Hash, Hint: "record " + e.Hash})
		}
		return
	case evidence.CheckpointMissing:
		rule = "checkpoint/missing"
		f.Message = fmt.Sprintf("%s records %s, which cannot be found here: %s%s", p.ID, c.Hash, e.Reason, once)
		f.Hint = "record the hash of the commit that holds " + p.ID + "; after a squash or a rebase, the new one"
	case evidence.CheckpointUnreachable:
		rule = "checkpoint/unreachable"
		f.Message = fmt.Sprintf("%s records %s, which is not in the history: %s%s", p.ID, aboutCommit(e), e.Reason, once)
	case evidence.CheckpointAmbiguous:
		rule = "checkpoint/ambiguous"
		f.Message = fmt.Sprintf("%s records %s, %s: %s", p.ID, c.Hash, e.Reason, list(e.Candidates))
	case evidence.CheckpointMalformed:
		rule = "checkpoint/malformed"
		f.Message = fmt.Sprintf("%s records %s: %s", p.ID, c.Hash, e.Reason)
	default:
		rule = "checkpoint/unverifiable"
		said := c.Hash
		if e.Subject != "" {
			said = aboutCommit(e)
		}
		f.Message = fmt.Sprintf("%s records %s; this cannot be verified here: %s", p.ID, said, orElse(e.Reason, "it was not looked at"))
		f.Hint = k.cure()
		if state := k.Bundle.Repository.State; k.checkpointOf(p.ID, c.Hash) == nil && (state == "ok" || state == "") {
			f.Severity = Blocker // the repository could be read, and the evidence was lost
		}
	}
	if e.Twin != nil {
		rule = "checkpoint/rewritten"
		f.Message = fmt.Sprintf("%s records %s, which is not in the history%s; %s (%s) carries %s", p.ID, aboutCommit(e), once, short(e.Twin.Hash), clip(e.Twin.Subject, 80), map[string]string{"tree": "the same tree", "patch": "the same change", "branch": "the whole change of its branch"}[e.Twin.By])
		f.Hint = "record " + e.Twin.Hash
	}
	k.at(rule, p, c.Pos, f)
}

// repository judges what is about the history as a whole.
func (j *judge) repository() {
	if j.Bundle == nil {
		return
	}
	repo := &j.Bundle.Repository
	var lost []string
	for _, t := range repo.Tests {
		if t.Kind == "unverifiable" {
			j.find("checkpoint/unverifiable", Finding{Message: "whether tests were lost since the first checkpoint cannot be seen here: " + strings.TrimPrefix(t.File+": ", ": ") + t.Name, Observed: "tests unknown", Hint: j.cure()})
			continue
		}
		lost = append(lost, fmt.Sprintf("%s %s (%s)", t.File, t.Name, t.Kind))
	}
	if len(lost) > 0 {
		j.find("checkpoint/tests-lost", Finding{Message: fmt.Sprintf("since the first checkpoint, %s deleted, skipped or emptied: %s", plural(len(lost), "test was", "tests were"), list(lost)), Observed: strings.Join(lost, ", ")})
	}
	reasons := map[string]string{}
	severities := map[string]Severity{}
	for _, c := range j.policy.Contracts {
		reasons[c.ID], severities[c.ID] = c.Reason, Severity(c.Severity)
	}
	for _, c := range repo.Contracts {
		if c.Unverifiable {
			j.find("contract/unverifiable", Finding{Message: fmt.Sprintf("contract %s could not be checked: %s", c.ID, c.Text), Claimed: c.ID, Hint: j.cure()})
			continue
		}
		j.find("contract/violated", Finding{
			Severity: severities[c.ID], Message: fmt.Sprintf("%s:%d adds what contract %s forbids: %s", c.File, c.Line, c.ID, strings.TrimSpace(c.Text)), Hint: reasons[c.ID], Claimed: c.ID + " " + c.File,
			Observed: strings.TrimSpace(c.Text),
		})
	}
	if len(j.policy.Contracts) > 0 && repo.Base == "" {
		j.find("contract/unverifiable", Finding{Message: "the policy has contracts, and there is no base to compare with", Hint: "run with --policy-from BASE"})
	}
}
