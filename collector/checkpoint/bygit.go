package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
)

// byGit asks an installed git about a repository that go-git cannot read: one with
// SHA-256 hashes. It answers the same questions
// of each commit; what it does not answer is unverifiable.
type byGit struct {
	ctx    context.Context
	root   string
	result evidence.Repository
	cut    bool     // the clone is shallow
	paths  []string // of the trackers
	err    error
}

const notByGit = "only a repository with SHA-1 hashes is read so far"

// output runs git and gives what it prints; a failure is kept.
func (g *byGit) output(input string, args ...string) string {
	cmd := git(g.ctx, g.root, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("git %s: %s", args[0], gitError(err))
	}
	return strings.TrimRight(string(out), "\n")
}

// holds reports whether a command of git's that only answers yes or no says yes.
func (g *byGit) holds(args ...string) bool {
	err := git(g.ctx, g.root, args...).Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) && g.err == nil {
		g.err = fmt.Errorf("git %s: %w", args[0], err)
	}
	return err == nil
}

// subjectByGit says which commit and tree are checked out.
func subjectByGit(ctx context.Context, root string, ignore []string) (evidence.Subject, error) {
	g := byGit{ctx: ctx, root: root}
	s := evidence.Subject{Commit: g.output("", "rev-parse", "--verify", "HEAD^{commit}"), Tree: g.output("", "rev-parse", "--verify", "HEAD^{tree}")}
	if g.err != nil {
		return evidence.Subject{}, fmt.Errorf("read HEAD of %s: %w", root, g.err)
	}
	s.Branch = g.output("", "branch", "--show-current")
	s.Worktree = Status(ctx, root, ignore)
	index := filepath.FromSlash(g.output("", "rev-parse", "--git-path", "index"))
	if !filepath.IsAbs(index) {
		index = filepath.Join(root, index)
	}
	addHidden(ctx, root, index, ignore, &s.Worktree)
	addOutside(root, &s.Worktree)
	return s, nil
}

// verifyByGit asks about every checkpoint of the trackers.
func verifyByGit(ctx context.Context, root string, trackers []*tracker.Tracker, o Options, why error) evidence.Repository {
	if _, err := exec.LookPath("git"); err != nil {
		r := unreadable(why.Error())
		r.Cure = "install git, which reads such a repository"
		return r
	}
	g := &byGit{ctx: ctx, root: root, result: evidence.Repository{State: "ok", Engine: gitVersion() + ": " + why.Error()}}
	g.result.Head = g.output("", "rev-parse", "--verify", cmp.Or(o.Head, o.At, "HEAD")+"^{commit}")
	if o.Base != "" {
		g.result.Base = g.output("", "rev-parse", "--verify", o.Base+"^{commit}")
	}
	g.cut = g.output("", "rev-parse", "--is-shallow-repository") == "true"
	g.result.Shallow = g.cut
	if g.err != nil {
		r := unreadable(g.err.Error() + " (" + why.Error() + ")")
		r.Cure = "install a git that reads such a repository"
		return r
	}
	for _, t := range trackers {
		g.paths = append(g.paths, t.Path)
	}
	for _, t := range trackers {
		g.tracker(t, o)
	}
	for _, c := range o.Contracts {
		g.result.Contracts = append(g.result.Contracts, evidence.Contract{ID: c.ID, Text: notByGit, Unverifiable: true})
	}
	g.ranges(o.Ranges)
	g.lostTests()
	if g.err != nil {
		return unreadable(g.err.Error())
	}
	if g.cut {
		g.result.Cure = cureShallow
	}
	return g.result
}

func (g *byGit) tracker(t *tracker.Tracker, o Options) {
	ids := packetIDs(t)
	first := len(g.result.Checkpoints)
	for i := range t.Packets {
		p := &t.Packets[i]
		seen := map[string]bool{}
		for _, c := range p.Checkpoints {
			if c.Kind == tracker.CheckpointHash && !seen[c.Hash] {
				seen[c.Hash] = true
				e := evidence.Checkpoint{Tracker: t.Path, Packet: p.ID, Token: c.Hash}
				g.lookUp(&e, ids)
				if o.Signed != "" && e.Hash != "" {
					e.Signature = &evidence.Signature{State: signatureUnverifiable, Reason: notByGit}
				}
				g.result.Checkpoints = append(g.result.Checkpoints, e)
			}
		}
		if len(seen) == 0 && p.Done() {
			g.name(t.Path, p.ID, ids)
		}
	}
	relations, commit := relationsOf(t, g.result.Checkpoints[first:])
	for i := range relations {
		r := &relations[i]
		earlier, later := commit[r.Earlier], commit[r.Later]
		switch {
		case earlier == later:
			r.Kind = relationKinds[gitstore.Same]
		case g.holds("merge-base", "--is-ancestor", earlier, later):
			r.Kind = relationKinds[gitstore.Before]
		case g.holds("merge-base", "--is-ancestor", later, earlier):
			r.Kind = relationKinds[gitstore.After]
		case g.cut:
			r.Kind = relationKinds[gitstore.Unknown]
		default:
			r.Kind = relationKinds[gitstore.Aside]
		}
	}
	g.result.Relations = append(g.result.Relations, relations...)
}

// lookUp finds what a recorded hash names, and whether that is in the history.
func (g *byGit) lookUp(c *evidence.Checkpoint, ids *idForms) {
	const longest = 64 // of SHA-256
	if len(c.Token) < 4 || len(c.Token) > longest || strings.Trim(c.Token, "0123456789abcdef") != "" {
		c.State, c.Reason = evidence.CheckpointMalformed, "it is no hash: 4 to 64 hex digits"
		return
	}
	var commits []string
	other := ""
	for line := range strings.Lines(g.output(g.output("", "rev-parse", "--disambiguate="+c.Token)+"\n", "cat-file", "--batch-check=%(objectname) %(objecttype)")) {
		if hash, kind, _ := strings.Cut(strings.TrimSpace(line), " "); kind == "commit" {
			commits = append(commits, hash)
		} else if kind != "missing" {
			other = kind
		}
	}
	switch {
	case len(commits) > 1:
		c.State, c.Reason = evidence.CheckpointAmbiguous, fmt.Sprintf("the beginning of %d commits' hashes", len(commits))
		c.Candidates = commits[:min(10, len(commits))]
	case len(commits) == 1:
		g.describe(c, commits[0], ids)
	case other != "":
		c.State, c.Reason = evidence.CheckpointMalformed, "the hash of a "+other+", not of a commit"
	case g.cut:
		c.State, c.Reason = evidence.CheckpointUnverifiable, "not in this clone, whose history is cut (shallow)"
	default:
		c.State, c.Reason = evidence.CheckpointMissing, "no object of this repository has that hash"
	}
}

func (g *byGit) describe(c *evidence.Checkpoint, hash string, ids *idForms) {
	c.Hash = hash
	fields := strings.SplitN(g.output("", "show", "-s", "--format=%T%x00%P%x00%an%x00%at%x00%s%x00%B", hash), "\x00", 6)
	if len(fields) < 6 {
		c.State, c.Reason = evidence.CheckpointUnverifiable, "it cannot be read"
		return
	}
	parents := strings.Fields(fields[1])
	c.Tree, c.Parents, c.Author, c.Date = fields[0], len(parents), fields[2], secondsOf(fields[3])
	c.Subject, c.Names = fields[4], ids.in(fields[5])
	before := "--root"
	if len(parents) > 0 {
		before = parents[0]
	}
	c.Files = []evidence.FileChange{}
	list := bytes.Split(bytes.TrimSuffix([]byte(g.output("", "diff-tree", "-r", "-z", "-M", "--no-commit-id", "--name-status", "--ignore-submodules=none", before, hash)), []byte{0}), []byte{0})
	for i := 0; i+1 < len(list); i += 2 {
		f := evidence.FileChange{Status: string(list[i][:1]), Path: string(list[i+1])}
		if f.Status == "R" && i+2 < len(list) {
			i++
			f.From, f.Path = f.Path, string(list[i+1])
		}
		if len(c.Files) < evidence.MaxChanges {
			c.Files = append(c.Files, f)
		} else {
			c.MoreFiles++
		}
	}
	switch {
	case g.holds("merge-base", "--is-ancestor", hash, g.result.Head):
		c.State = evidence.CheckpointReachable
		g.left(c, parents)
	case g.cut:
		c.State, c.Reason = evidence.CheckpointUnverifiable, "it is there, but this clone's history is cut (shallow) before it"
	default:
		c.State, c.Reason = evidence.CheckpointUnreachable, "a commit, but not in the history of "+g.result.Head[:12]
		g.twin(c, parents)
	}
}

// twin finds the commit of the history that has the same patch, as git tells it.
func (g *byGit) twin(c *evidence.Checkpoint, parents []string) {
	if len(parents) == 0 {
		return
	}
	for line := range strings.Lines(g.output("", "rev-list", "--cherry-mark", "--left-only", "--no-merges", g.result.Head+"..."+c.Hash, "^"+parents[0])) {
		if hash, ok := strings.CutPrefix(strings.TrimSpace(line), "="); ok {
			c.Twin = &evidence.Twin{Hash: hash, Subject: g.output("", "show", "-s", "--format=%s", hash), By: "patch"}
		}
	}
}

// name finds the commits whose message names a packet.
func (g *byGit) name(path, packet string, ids *idForms) {
	n := evidence.Naming{Tracker: path, Packet: packet, Commits: []evidence.Commit{}, Complete: !g.cut}
	var others []evidence.Commit // as unnamed.related
	for _, entry := range strings.Split(g.output("", "log", "-z", "--format=%H%x01%at%x01%s%x01%B", g.result.Head), "\x00") {
		fields := strings.SplitN(entry, "\x01", 4)
		if n.Searched++; len(fields) < 4 {
			continue
		}
		own, related := ids.name(fields[3], packet)
		at := evidence.Commit{Hash: fields[0], Subject: fields[2], Date: secondsOf(fields[1])}
		if own && len(n.Commits) < maxNaming {
			n.Commits = append(n.Commits, at)
		} else if related && len(others) < maxNaming {
			others = append(others, at)
		}
	}
	if len(n.Commits) == 0 && len(others) > 0 {
		n.Commits = others
	}
	g.result.Naming = append(g.result.Naming, n)
}

// secondsOf is the time of seconds since 1970 as git writes them.
func secondsOf(text string) time.Time {
	var seconds int64
	fmt.Sscan(text, &seconds)
	return time.Unix(seconds, 0).UTC()
}

// ranges tells which of the ranges the head lies in.
func (g *byGit) ranges(ranges []Range) {
	for _, r := range ranges {
		e := evidence.Range{From: r.From, To: r.To, State: "inside"}
		for _, end := range []struct {
			rev  string
			from bool
		}{{r.From, true}, {r.To, false}} {
			if end.rev == "" || e.State != "inside" {
				continue
			}
			h, err := resolveByGit(g.ctx, g.root, end.rev)
			if err != nil {
				e.State, e.Reason = "unknown", err.Error()
				continue
			}
			older, newer := h, g.result.Head
			if !end.from {
				older, newer = newer, older
			}
			if !g.holds("merge-base", "--is-ancestor", older, newer) {
				e.State = "outside"
				if g.cut {
					e.State, e.Reason = "unknown", "the history is not all here"
				}
			}
		}
		g.result.Ranges = append(g.result.Ranges, e)
	}
}

// lostTests compares the tests at the first checkpoint with those at the head.
func (g *byGit) lostTests() {
	first, oldest := "", int64(math.MaxInt64)
	for i := range g.result.Checkpoints {
		c := &g.result.Checkpoints[i]
		if c.State != evidence.CheckpointReachable {
			continue
		}
		var committed int64
		if fmt.Sscan(g.output("", "show", "-s", "--format=%ct", c.Hash), &committed); committed < oldest {
			first, oldest = c.Hash, committed
		}
	}
	if first == "" {
		return
	}
	var changed []changedSource
	list := strings.Split(g.output("", "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", first, g.result.Head), "\x00")
	for i := 0; i+1 < len(list); i += 2 {
		about := strings.Fields(list[i]) // old mode, new mode, old hash, new hash, letter
		if len(about) < 5 || strings.Contains(about[0]+about[1], "160000") || !mayHoldTests([]byte(path.Base(list[i+1]))) {
			continue
		}
		changed = append(changed, changedSource{list[i+1], notZero(about[2]), notZero(about[3])})
	}
	tests, file, err := testChanges(changed, func(hash string) ([]byte, bool, error) {
		data, err := git(g.ctx, g.root, "cat-file", "blob", hash).Output()
		return data, len(data) <= maxBlob, err
	})
	if err != nil {
		tests = []evidence.TestChange{{File: file, Name: "git cat-file: " + gitError(err), Kind: "unverifiable"}}
	}
	g.result.Tests = tests
}

// notZero is a hash, empty where it stands for nothing.
func notZero(hash string) string {
	if strings.Trim(hash, "0") == "" {
		return ""
	}
	return hash
}
