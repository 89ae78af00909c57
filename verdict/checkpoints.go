package verdict

import (
	"fmt"
	"path"
	"regexp"
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

// asked reports whether the tracker works with checkpoint commits at all.
func (k *trackerJudge) asked() bool {
	for i := range k.t.Packets {
		if len(k.t.Packets[i].Checkpoints) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(k.t.Rules, func(r tracker.Rule) bool { return strings.Contains(strings.ToLower(r.Text), "checkpoint") })
}

// checkpoint judges the recorded commit of a packet that is done.
func (k *trackerJudge) checkpoint(p *tracker.Packet) {
	c := p.Checkpoint()
	if c == nil && !k.asked() {
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
	e := k.checkpointOf(p.ID, c.Hash)
	r := CheckpointReport{Pos: c.Pos}
	if e != nil {
		r.Checkpoint = *e
	} else {
		r.Checkpoint = evidence.Checkpoint{Tracker: k.t.Path, Packet: p.ID, Token: c.Hash, State: evidence.CheckpointUnverifiable, Reason: k.whyNot()}
	}
	k.report.Checkpoints = append(k.report.Checkpoints, r)
	k.commitState(p, c, &r.Checkpoint)
	if r.State == evidence.CheckpointReachable {
		k.commitContent(p, c, &r.Checkpoint)
	}
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

// unrecorded judges a packet that is done and records no hash.
func (k *trackerJudge) unrecorded(p *tracker.Packet, c *tracker.Checkpoint) {
	pos, said := p.Pos(), "nothing"
	if c != nil {
		pos, said = c.Pos, orElse(clip(c.Text, 60), "nothing")
	}
	report := CheckpointReport{Checkpoint: evidence.Checkpoint{Tracker: k.t.Path, Packet: p.ID, State: evidence.CheckpointMissing, Reason: "no hash is recorded"}, Pos: pos, Recorded: said}
	var naming *evidence.Naming
	if k.Bundle != nil {
		for i := range k.Bundle.Repository.Naming {
			if n := &k.Bundle.Repository.Naming[i]; n.Tracker == k.t.Path && tracker.SameID(n.Packet, p.ID) {
				naming = n
			}
		}
	}
	f := Finding{Claimed: said, Observed: "no commit names " + p.ID}
	switch {
	case naming == nil || k.Bundle.Repository.State != "ok":
		report.State = evidence.CheckpointUnverifiable
		f.Message = fmt.Sprintf("%s records no commit, and whether one is there is not known: %s", p.ID, k.whyNot())
		k.at("checkpoint/unverifiable", p, pos, f)
	case p != k.newest:
		f.Message = fmt.Sprintf("%s is approved and records no commit (%s), though later packets are done", p.ID, said)
		if len(naming.Commits) > 0 {
			f.Message += "; " + short(naming.Commits[0].Hash) + " names it"
			f.Observed, f.Commit = naming.Commits[0].Hash, naming.Commits[0].Hash
		}
		k.at("checkpoint/never", p, pos, f)
	case len(naming.Commits) == 1:
		n := naming.Commits[0]
		report.Hash, report.Subject, report.Date = n.Hash, n.Subject, n.Date
		f.Observed, f.Commit = n.Hash, n.Hash
		f.Message = fmt.Sprintf("%s is approved and its commit is not recorded yet; %s names it: %s", p.ID, short(n.Hash), clip(n.Subject, 80))
		f.Hint = "record " + n.Hash + " for " + p.ID
		k.at("checkpoint/unrecorded", p, pos, f)
	case len(naming.Commits) > 1:
		var hashes []string
		for _, n := range naming.Commits {
			hashes = append(hashes, short(n.Hash))
		}
		f.Observed = strings.Join(hashes, ", ")
		f.Message = fmt.Sprintf("%s is approved and its commit is not recorded; several name it: %s", p.ID, f.Observed)
		f.Hint = "record the one that holds " + p.ID
		k.at("checkpoint/unrecorded", p, pos, f)
	case !naming.Complete:
		report.State = evidence.CheckpointUnverifiable
		f.Message = fmt.Sprintf("%s records no commit, and this clone's history is cut: none of the %d commits here names it", p.ID, naming.Searched)
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
	once := ""
	if e.Once != "" {
		once = " (it was there before: " + e.Once + ")"
	}
	rule := ""
	switch e.State {
	case evidence.CheckpointReachable:
		if k.policy.Checkpoints.FullHash && len(c.Hash) < 40 {
			k.at("checkpoint/short-hash", p, c.Pos, Finding{Message: fmt.Sprintf("%s records %s, the policy asks for 40 digits", p.ID, c.Hash), Claimed: c.Hash, Hint: "record " + e.Hash})
		}
		return
	case evidence.CheckpointMissing:
		rule = "checkpoint/missing"
		f.Message = fmt.Sprintf("%s records %s, which cannot be found here: %s%s", p.ID, c.Hash, e.Reason, once)
		f.Hint = "record the hash of the commit that holds " + p.ID + "; after a squash or a rebase, the new one"
	case evidence.CheckpointUnreachable:
		rule = "checkpoint/unreachable"
		f.Message = fmt.Sprintf("%s records %s (%s), which is not in the history of HEAD%s", p.ID, short(e.Hash), clip(e.Subject, 80), once)
	case evidence.CheckpointAmbiguous:
		rule = "checkpoint/ambiguous"
		f.Message = fmt.Sprintf("%s records %s, %s", p.ID, c.Hash, e.Reason)
	case evidence.CheckpointMalformed:
		rule = "checkpoint/malformed"
		f.Message = fmt.Sprintf("%s records %s: %s", p.ID, c.Hash, e.Reason)
	default:
		rule = "checkpoint/unverifiable"
		f.Message = fmt.Sprintf("%s records %s; this cannot be verified here: %s", p.ID, c.Hash, orElse(e.Reason, "it was not looked at"))
		if k.Bundle != nil && k.Bundle.Repository.Cure != "" {
			f.Hint = k.Bundle.Repository.Cure
		}
	}
	if e.Twin != nil {
		rule = "checkpoint/rewritten"
		f.Message = fmt.Sprintf("%s records %s, which is not in the history; %s carries the same %s", p.ID, c.Hash, short(e.Twin.Hash), map[string]string{"tree": "tree", "patch": "change"}[e.Twin.By])
		f.Hint = "record " + e.Twin.Hash
	}
	k.at(rule, p, c.Pos, f)
}

// commitContent judges what the commit says and changes.
func (k *trackerJudge) commitContent(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint) {
	about := fmt.Sprintf("%s (%s)", short(e.Hash), clip(e.Subject, 80))
	if len(e.Names) > 0 && !slices.ContainsFunc(e.Names, func(id string) bool { return tracker.SameID(id, p.ID) }) {
		k.at("checkpoint/other-packet", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, names %s", p.ID, about, strings.Join(e.Names, ", ")), Claimed: p.ID, Observed: strings.Join(e.Names, ", "), Commit: e.Hash})
	}
	k.signature(p, c, e, about)
	for _, r := range k.Bundle.Repository.Relations {
		if r.Tracker != k.t.Path || r.Later != p.ID {
			continue
		}
		switch r.Kind {
		case "same":
			k.at("checkpoint/reused", p, c.Pos, Finding{Message: fmt.Sprintf("%s and %s record the same commit, %s", r.Earlier, p.ID, about), Claimed: r.Earlier, Commit: e.Hash})
		case "descendant":
			k.at("checkpoint/out-of-order", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, comes before that of %s", p.ID, about, r.Earlier), Claimed: r.Earlier, Commit: e.Hash})
		}
	}
	k.scope(p, c, e, about)
}

// signature judges what verification of the commit's signature gave.
func (k *trackerJudge) signature(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint, about string) {
	s := e.Signature
	if s == nil || s.State == "good" {
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

// scope compares the files that the commit changes with those that the packet
// lists.
func (k *trackerJudge) scope(p *tracker.Packet, c *tracker.Checkpoint, e *evidence.Checkpoint, about string) {
	if len(p.Evidence.Files) == 0 {
		return
	}
	if e.Files == nil {
		k.at("checkpoint/unverifiable", p, c.Pos, Finding{Message: fmt.Sprintf("what the commit of %s, %s, changes cannot be seen here: %s", p.ID, about, orElse(e.FilesReason, "its files are not there")), Commit: e.Hash, Observed: "files unknown"})
		return
	}
	if len(e.Files) == 0 {
		k.at("checkpoint/empty", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, changes nothing; the packet lists %s", p.ID, about, plural(len(p.Evidence.Files), "file", "files")), Commit: e.Hash})
		return
	}
	var outside []string
	touched := map[int]bool{}
	for _, f := range e.Files {
		inside := k.implicit(f.Path)
		for i, listed := range p.Evidence.Files {
			if fits(listed.Path, f.Path) || f.From != "" && fits(listed.Path, f.From) {
				inside, touched[i] = true, true
			}
		}
		if !inside {
			outside = append(outside, f.Path)
		}
	}
	if len(outside) > 0 {
		k.at("checkpoint/scope", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, changes files that the packet does not list: %s", p.ID, about, list(outside)), Observed: list(outside), Commit: e.Hash})
	}
	var untouched []string
	for i, listed := range p.Evidence.Files {
		if !touched[i] && !k.implicit(listed.Path) {
			untouched = append(untouched, listed.Path)
		}
	}
	if len(untouched) > 0 && e.MoreFiles == 0 {
		k.at("checkpoint/untouched", p, c.Pos, Finding{Message: fmt.Sprintf("%s lists files that its commit, %s, does not change: %s", p.ID, about, list(untouched)), Claimed: list(untouched), Commit: e.Hash})
	}
}

// implicit are files that are in every packet's scope: the tracker, the documents
// it links, and what the policy names.
func (k *trackerJudge) implicit(name string) bool {
	if name == k.t.Path {
		return true
	}
	for _, l := range k.t.Links {
		if l.Target == name || path.Base(l.Target) == path.Base(name) {
			return true
		}
	}
	return slices.ContainsFunc(k.policy.Checkpoints.IgnorePaths, func(p string) bool { return fits(p, name) })
}

// fits reports whether a path is what a list of changed files names: the path, a
// folder, a glob, or the end of the path where the list is short.
func fits(pattern, name string) bool {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/...")
	switch {
	case pattern == name, strings.HasPrefix(name, strings.TrimSuffix(pattern, "/")+"/"), strings.HasSuffix(name, "/"+pattern):
		return true
	case !strings.ContainsAny(pattern, "*?[{"):
		return false
	}
	re, err := regexp.Compile("^(?:.*/)?" + globPattern(pattern) + "$")
	return err == nil && re.MatchString(name)
}

// globPattern is the regular expression of a glob in which ** stands for any
// folders and {a,b} for either.
func globPattern(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '{':
			b.WriteString("(?:")
		case c == '}':
			b.WriteString(")")
		case c == ',' && strings.Contains(glob, "{"):
			b.WriteString("|")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// repository judges what is about the history as a whole.
func (j *judge) repository() {
	if j.Bundle == nil {
		return
	}
	repo := &j.Bundle.Repository
	if len(repo.Tests) > 0 {
		var lost []string
		for _, t := range repo.Tests {
			lost = append(lost, fmt.Sprintf("%s %s (%s)", t.File, t.Name, t.Kind))
		}
		j.find("checkpoint/tests-lost", Finding{Message: fmt.Sprintf("since the first checkpoint, %s deleted, skipped or emptied: %s", plural(len(lost), "test was", "tests were"), list(lost)), Observed: list(lost)})
	}
	reasons := map[string]string{}
	severities := map[string]Severity{}
	for _, c := range j.policy.Contracts {
		reasons[c.ID], severities[c.ID] = c.Reason, Severity(c.Severity)
	}
	for _, c := range repo.Contracts {
		if c.Unverifiable {
			j.find("contract/unverifiable", Finding{Message: fmt.Sprintf("contract %s could not be checked: %s", c.ID, c.Text), Claimed: c.ID})
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
