package checkpoint

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	head         plumbing.Hash
	result       evidence.Repository
	history      *history
	unverifiable bool
}

// tracker verifies the checkpoints of one tracker.
func (v *verifier) tracker(ctx context.Context, t *tracker.Tracker) {
	first := len(v.result.Checkpoints)
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
			v.result.Naming = append(v.result.Naming, v.naming(t.Path, p.ID, ids))
		}
	}
	v.reach(v.result.Checkpoints[first:])
	for i := range v.result.Checkpoints[first:] {
		v.explainMissing(&v.result.Checkpoints[first+i])
	}
	v.relate(t, v.result.Checkpoints[first:])
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
	case err != nil && errors.Is(err, gitstore.ErrCorrupt):
		c.State, c.Reason = evidence.CheckpointUnverifiable, err.Error()
		v.unverifiable = true
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
	c.Parents = len(commit.Object.ParentHashes)
	c.Names = ids.in(commit.Message)
	c.Files, c.MoreFiles, c.FilesReason = v.filesOf(commit)
	c.Signature = v.signature(commit)
}

// filesOf lists what a commit changes against its first parent.
func (v *verifier) filesOf(c *gitstore.Commit) ([]evidence.FileChange, int, string) {
	var before plumbing.Hash
	if c.Cut {
		return nil, 0, "the commit's parent is not in this clone (shallow)"
	}
	if len(c.Parents) > 0 {
		parent, err := v.store.Commit(c.Parents[0])
		if err != nil {
			return nil, 0, err.Error()
		}
		before = parent.Tree
	}
	changes, err := v.store.Diff(before, c.Tree)
	if err != nil {
		if v.store.Partial && errors.Is(err, gitstore.ErrNotFound) {
			return nil, 0, "the commit's files are not in this clone (partial)"
		}
		return nil, 0, err.Error()
	}
	return fileChanges(changes)
}

// fileChanges turns a diff into git's letters, with exact renames paired.
func fileChanges(changes []gitstore.Change) ([]evidence.FileChange, int, string) {
	removed := map[plumbing.Hash]int{}
	for i, c := range changes {
		if c.New.IsZero() {
			removed[c.Old] = i + 1
		}
	}
	renamed := map[int]bool{}
	out := []evidence.FileChange{}
	for _, c := range changes {
		f := evidence.FileChange{Path: c.Path, Status: "M"}
		switch {
		case c.New.IsZero():
			f.Status = "D"
		case c.Old.IsZero():
			f.Status = "A"
			if i := removed[c.New]; i > 0 {
				f.Status, f.From = "R", changes[i-1].Path
				renamed[i-1] = true
			}
		case c.OldMode&0o170000 != c.NewMode&0o170000:
			f.Status = "T"
		}
		out = append(out, f)
	}
	kept := out[:0]
	for i, f := range out {
		if !renamed[i] {
			kept = append(kept, f)
		}
	}
	more := 0
	if len(kept) > evidence.MaxChanges {
		more = len(kept) - evidence.MaxChanges
		kept = kept[:evidence.MaxChanges]
	}
	return kept, more, ""
}

// history is the walk from the head: newest first, each commit once.
type history struct {
	queue  commitHeap
	seen   map[plumbing.Hash]bool
	cut    bool  // a shallow clone's end was met
	broken error // a commit could not be read
	order  []*gitstore.Commit
}

type commitHeap []*gitstore.Commit

func (h commitHeap) Len() int           { return len(h) }
func (h commitHeap) Less(i, j int) bool { return h[i].Committed.After(h[j].Committed) }
func (h commitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *commitHeap) Push(x any)        { *h = append(*h, x.(*gitstore.Commit)) }
func (h *commitHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

func (v *verifier) walk() *history {
	if v.history == nil {
		v.history = &history{seen: map[plumbing.Hash]bool{}}
		v.push(v.head)
	}
	return v.history
}

func (v *verifier) push(h plumbing.Hash) {
	w := v.history
	if w.seen[h] {
		return
	}
	w.seen[h] = true
	c, err := v.store.Commit(h)
	if err != nil {
		w.broken = err
		return
	}
	w.cut = w.cut || c.Cut
	heap.Push(&w.queue, c)
}

// next returns the next commit of the walk; nil at its end.
func (v *verifier) next() *gitstore.Commit {
	w := v.walk()
	if w.queue.Len() == 0 {
		return nil
	}
	c := heap.Pop(&w.queue).(*gitstore.Commit)
	for _, p := range c.Parents {
		v.push(p)
	}
	w.order = append(w.order, c)
	return c
}

// reach says of each commit whether it is in the history. The walk goes on until
// all are found, or to its end: dates lie, so no other end is allowed.
func (v *verifier) reach(checkpoints []evidence.Checkpoint) {
	wanted := map[plumbing.Hash]bool{}
	for i := range checkpoints {
		if c := &checkpoints[i]; c.State == "" {
			wanted[fullHash(c.Hash)] = true
		}
	}
	w := v.walk()
	if slices.ContainsFunc(checkpoints, func(c evidence.Checkpoint) bool { return c.State == evidence.CheckpointMissing }) {
		for v.next() != nil { // that a commit is nowhere is only known at the end
		}
	}
	for h := range wanted {
		if w.seen[h] {
			delete(wanted, h)
		}
	}
	for len(wanted) > 0 {
		c := v.next()
		if c == nil {
			break
		}
		delete(wanted, c.Hash)
		for _, p := range c.Parents {
			delete(wanted, p)
		}
	}
	for i := range checkpoints {
		c := &checkpoints[i]
		if c.State != "" {
			continue
		}
		switch missing := wanted[fullHash(c.Hash)]; {
		case !missing:
			c.State = evidence.CheckpointReachable
		case w.broken != nil:
			c.State, c.Reason = evidence.CheckpointUnverifiable, "the history cannot be read: "+w.broken.Error()
			v.unverifiable = true
		case w.cut:
			c.State, c.Reason = evidence.CheckpointUnverifiable, "it is there, but this clone's history is cut (shallow) before it"
			v.unverifiable = true
		default:
			c.State, c.Reason = evidence.CheckpointUnreachable, "a commit, but not in the history of "+v.head.String()[:12]
		}
	}
	if w.broken != nil {
		for i := range checkpoints {
			if c := &checkpoints[i]; c.State == evidence.CheckpointMissing {
				c.State, c.Reason = evidence.CheckpointUnverifiable, "the history cannot be read: "+w.broken.Error()
			}
		}
	}
}

// relate says how the checkpoints of packets stand to each other that should
// follow each other: by the board's order, and by what they depend on.
func (v *verifier) relate(t *tracker.Tracker, checkpoints []evidence.Checkpoint) {
	commit := map[string]plumbing.Hash{}
	for i := range t.Packets {
		p := &t.Packets[i]
		at := p.Checkpoint()
		for _, c := range checkpoints {
			if c.Packet == p.ID && at != nil && c.Token == at.Hash && c.State == evidence.CheckpointReachable {
				commit[p.ID] = fullHash(c.Hash)
			}
		}
	}
	var order []string
	for i := range t.Packets {
		if !commit[t.Packets[i].ID].IsZero() {
			order = append(order, t.Packets[i].ID)
		}
	}
	done := map[[2]string]bool{}
	ask := func(earlier, later string) {
		pair := [2]string{earlier, later}
		if done[pair] || earlier == later || commit[earlier].IsZero() || commit[later].IsZero() {
			return
		}
		done[pair] = true
		v.result.Relations = append(v.result.Relations, evidence.Relation{Tracker: t.Path, Earlier: earlier, Later: later, Kind: v.relation(commit[earlier], commit[later])})
	}
	for i := 1; i < len(order); i++ {
		ask(order[i-1], order[i])
	}
	for i := range t.Packets {
		for _, id := range t.Packets[i].DependsOn {
			if p := t.Packet(id); p != nil {
				ask(p.ID, t.Packets[i].ID)
			}
		}
	}
	seen := map[plumbing.Hash]string{}
	for _, id := range order {
		if first, dup := seen[commit[id]]; dup {
			ask(first, id)
		} else {
			seen[commit[id]] = id
		}
	}
}

func (v *verifier) relation(earlier, later plumbing.Hash) string {
	if earlier == later {
		return "same"
	}
	switch found, ok := v.ancestor(earlier, later); {
	case !ok:
		return "unknown"
	case found:
		return "ancestor"
	}
	switch found, ok := v.ancestor(later, earlier); {
	case !ok:
		return "unknown"
	case found:
		return "descendant"
	}
	return "unrelated"
}

// ancestor reports whether a is in the history of b; ok is false where that cannot
// be read.
func (v *verifier) ancestor(a, b plumbing.Hash) (found, ok bool) {
	seen := map[plumbing.Hash]bool{b: true}
	stack := []plumbing.Hash{b}
	ok = true
	for len(stack) > 0 {
		h := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if h == a {
			return true, true
		}
		c, err := v.store.Commit(h)
		if err != nil || c.Cut {
			ok = false
			continue
		}
		for _, p := range c.Parents {
			if !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	return false, ok
}

// idForms finds the ids of packets in commit messages.
type idForms struct {
	re    *regexp.Regexp
	known map[string]string // upper case → as on the board
	bare  bool
}

var idShape = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*[-_.]?)\d`)

// packetIDs makes a finder for a tracker's ids, and for ids of the same shape that
// it does not have: another packet's.
func packetIDs(t *tracker.Tracker) *idForms {
	f := &idForms{known: map[string]string{}}
	var parts []string
	for i := range t.Packets {
		id := t.Packets[i].ID
		f.known[strings.ToUpper(id)] = id
		if m := idShape.FindStringSubmatch(id); m != nil {
			shape := regexp.QuoteMeta(m[1]) + `\d+(?:\.\d+)*[a-z]?`
			if !slices.Contains(parts, shape) {
				parts = append(parts, shape)
			}
		} else {
			f.bare = true
		}
	}
	if f.bare {
		parts = append(parts, `packet\s+\d{1,3}(?:\.\d+)*`)
	}
	if len(parts) == 0 {
		return f
	}
	f.re = regexp.MustCompile(`(?i)(?:^|[^A-Za-z0-9_-])(` + strings.Join(parts, "|") + `)(?:$|[^A-Za-z0-9_])`)
	return f
}

// in lists the ids that a text names, in order, each once.
func (f *idForms) in(text string) []string {
	var ids []string
	if f.re == nil {
		return nil
	}
	for at := 0; at < len(text); {
		m := f.re.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		id := text[at+m[2] : at+m[3]]
		if f.bare && strings.HasPrefix(strings.ToLower(id), "packet") {
			id = strings.TrimSpace(id[len("packet"):])
		}
		if known, ok := f.known[strings.ToUpper(id)]; ok {
			id = known
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		at += m[3]
	}
	return ids
}

// maxNaming is how many commits are listed that name a packet.
const maxNaming = 10

// naming finds the commits in the history that name a packet without a hash.
func (v *verifier) naming(path, packet string, ids *idForms) evidence.Naming {
	n := evidence.Naming{Tracker: path, Packet: packet, Commits: []evidence.Commit{}}
	w := v.walk()
	for v.next() != nil {
	}
	for _, c := range w.order {
		n.Searched++
		if len(n.Commits) < maxNaming && slices.ContainsFunc(ids.in(c.Message), func(id string) bool { return tracker.SameID(id, packet) }) {
			n.Commits = append(n.Commits, evidence.Commit{Hash: c.Hash.String(), Subject: c.Subject(), Date: c.Authored.UTC()})
		}
	}
	n.Complete = !w.cut && w.broken == nil
	return n
}

// explainMissing adds, for a commit that is not in the history, where it was seen
// before and which commit carries its change now.
func (v *verifier) explainMissing(c *evidence.Checkpoint) {
	if c.State != evidence.CheckpointUnreachable && c.State != evidence.CheckpointMissing {
		return
	}
	c.Once = v.once(c)
	if c.State == evidence.CheckpointUnreachable {
		c.Twin = v.twin(fullHash(c.Hash))
	}
}

// once looks into the reflogs for a hash.
func (v *verifier) once(c *evidence.Checkpoint) string {
	for _, h := range v.options.Previous {
		if strings.HasPrefix(h, c.Token) {
			return "previous run"
		}
	}
	if line, err := os.ReadFile(filepath.Join(v.store.GitDir, "ORIG_HEAD")); err == nil && strings.HasPrefix(string(line), c.Token) {
		return "ORIG_HEAD"
	}
	found := ""
	logs := filepath.Join(v.store.Common, "logs")
	filepath.WalkDir(logs, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || found != "" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil && (strings.Contains(string(data), " "+c.Token) || strings.HasPrefix(string(data), c.Token)) {
			name, _ := filepath.Rel(logs, path)
			found = "reflog of " + strings.TrimPrefix(filepath.ToSlash(name), "refs/heads/")
		}
		return nil
	})
	return found
}
