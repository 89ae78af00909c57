package gitstore

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// How many commits are looked at that were committed soonest after a change was
// made, where neither tree, subject nor date point to one.
const (
	readForSubject = 500 // of those that only the commit-graph was asked about
	others         = 100
)

// day is how far clocks may be apart: a change is committed anew after it was made.
const day = 24 * time.Hour

// candidate is a commit that may carry the change of another.
type candidate struct {
	hash      plumbing.Hash
	committed int64 // seconds
}

func soonest(a, b candidate) int { return cmp.Compare(a.committed, b.committed) }

// Similar lists the commits of the history that may carry the same change as c: with
// the same tree first, then those with the same subject or author date, then those
// that were committed soonest after c was made.
func (w *History) Similar(c *Commit) []plumbing.Hash {
	made := c.Authored.Add(-day)
	w.Until(made)
	subject := uint32(0)
	if err := w.brief.parse(c.Raw); err == nil {
		subject = digest(subjectOf(w.brief.message))
	}
	tree, since := big.Uint32(c.Tree[:]), stampOf(made.Unix())
	var same, alike, later []candidate
	for i := range int32(w.count) {
		n := w.node(i)
		switch at := (candidate{n.hash, int64(n.committed)}); {
		case n.state == named || n.state == graphed || n.hash == c.Hash || n.committed < since || !w.reachable(i):
		case n.tree == tree:
			same = append(same, at)
		case n.state == read && (n.subject == subject || n.authored == stampOf(c.Authored.Unix())):
			alike = append(alike, at)
		default:
			later = append(later, at)
		}
	}
	if w.graph != nil {
		graphSame, graphLater := w.ancestry.since(made, c)
		for _, at := range graphLater {
			if w.similar(at.hash, c, subject) {
				alike = append(alike, at)
			}
		}
		same, later = append(same, graphSame...), append(later, graphLater...)
	}
	for _, list := range [][]candidate{same, alike, later} {
		slices.SortStableFunc(list, soonest)
	}
	var hashes []plumbing.Hash
	for _, at := range slices.Concat(same, alike, later[:min(len(later), others)]) {
		hashes = append(hashes, at.hash)
	}
	return hashes
}

// similar reads a commit that only the commit-graph was asked about.
func (w *History) similar(h plumbing.Hash, c *Commit, subject uint32) bool {
	data, err := w.store.commitData(h, w.lent)
	if err == nil {
		err = w.brief.parse(data)
	}
	return err == nil && (w.brief.authored == c.Authored.Unix() || digest(subjectOf(w.brief.message)) == subject)
}

// since lists the commits of the graph that were committed after a time: those with a
// commit's tree, and of the others the first.
func (a *ancestry) since(made time.Time, c *Commit) (same, later []candidate) {
	newest := int64(math.MaxInt64) // of those that may be among the first
	for _, p := range a.list {
		tree, committed := a.graph.content(int(p.at))
		if committed < made.Unix() || tree != c.Tree && committed >= newest {
			continue
		}
		h, _ := a.graph.hash(int(p.at))
		switch at := (candidate{h, committed}); {
		case h == c.Hash:
		case tree == c.Tree:
			same = append(same, at)
		default:
			later = append(later, at)
		}
		if len(later) == 2*readForSubject {
			slices.SortStableFunc(later, soonest)
			later = later[:readForSubject]
			newest = later[readForSubject-1].committed
		}
	}
	slices.SortStableFunc(later, soonest)
	return same, later[:min(len(later), readForSubject)]
}
