package gitstore

import (
	"cmp"
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
	committed stamp
}

func soonest(a, b candidate) int { return cmp.Compare(a.committed, b.committed) }

// Similar lists the commits of the history that may carry the same change as c: with
// the same tree first, then those with the same subject or author date, then those
// that were committed soonest after c was made.
func (w *History) Similar(c *Commit) []plumbing.Hash {
	made := c.Authored.Add(-day)
	w.Until(made)
	wanted := traits{authored: stampOf(c.Authored.Unix())}
	if err := w.brief.parse(c.Raw); err == nil {
		wanted.subject = digest(subjectOf(w.brief.message))
	}
	var same, alike, later []candidate
	tree := big.Uint32(c.Tree[:])
	for _, id := range w.since(stampOf(made.Unix())) {
		n := w.node(id)
		switch at := (candidate{n.hash, n.committed}); {
		case n.hash == c.Hash || !w.reachable(id):
		case n.tree == tree:
			same = append(same, at)
		case n.state == read && wanted.anyOf(traits{n.subject, n.authored}):
			alike = append(alike, at)
		case len(later) < others:
			later = append(later, at)
		}
	}
	if w.graph != nil {
		graphSame, graphLater := w.ancestry.similar(stampOf(made.Unix()), c)
		for _, at := range graphLater {
			if wanted.anyOf(w.traitsOf(at.hash)) {
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

// since lists the commits that were read and that were committed at a time or later, by
// their dates.
func (w *History) since(made stamp) []int32 {
	if w.dated == nil || w.datedAt != w.Read {
		w.dated, w.datedAt = w.dated[:0], w.Read
		for id := range int32(w.count) {
			if state := w.node(id).state; state == read || state == ended {
				w.dated = append(w.dated, id)
			}
		}
		slices.SortStableFunc(w.dated, func(a, b int32) int { return cmp.Compare(w.node(a).committed, w.node(b).committed) })
	}
	from, _ := slices.BinarySearchFunc(w.dated, made, func(id int32, made stamp) int { return cmp.Compare(w.node(id).committed, made) })
	return w.dated[from:]
}

// traits are what a commit keeps when its change is committed anew.
type traits struct {
	subject  uint32 // a digest
	authored stamp
}

// anyOf reports whether one of the traits is the same.
func (t traits) anyOf(other traits) bool {
	return t.subject == other.subject || t.authored == other.authored
}

// maxTraits is how many commits' traits are kept.
const maxTraits = 20_000

// traitsOf reads the traits of a commit that only the commit-graph was asked about.
func (w *History) traitsOf(h plumbing.Hash) traits {
	t, known := w.traits[h]
	if known {
		return t
	}
	data, err := w.store.commitData(h, w.lent)
	if err == nil {
		err = w.brief.parse(data)
	}
	if err == nil {
		t = traits{digest(subjectOf(w.brief.message)), stampOf(w.brief.authored)}
	}
	if w.traits == nil || len(w.traits) >= maxTraits {
		w.traits = map[plumbing.Hash]traits{}
	}
	w.traits[h] = t
	return t
}

// datedPlace is a commit of the graph with what tells whether it is worth a look.
type datedPlace struct {
	at        int32
	committed stamp
	tree      uint32 // the beginning of the tree's hash
}

// similar lists the commits of the graph that were committed at a time or later: those
// with a commit's tree, and of the others the first.
func (a *ancestry) similar(made stamp, c *Commit) (same, later []candidate) {
	if len(a.dated) != len(a.list) {
		a.dated = a.dated[:0]
		for _, p := range a.list {
			tree, committed := a.graph.content(int(p.at))
			a.dated = append(a.dated, datedPlace{p.at, stampOf(committed), big.Uint32(tree[:])})
		}
		slices.SortStableFunc(a.dated, func(x, y datedPlace) int { return cmp.Compare(x.committed, y.committed) })
	}
	from, _ := slices.BinarySearchFunc(a.dated, made, func(p datedPlace, made stamp) int { return cmp.Compare(p.committed, made) })
	tree := big.Uint32(c.Tree[:])
	for i := range a.dated[from:] {
		p := &a.dated[from+i]
		if p.tree != tree && len(later) == readForSubject {
			continue
		}
		switch h, _ := a.graph.hash(int(p.at)); {
		case h == c.Hash:
		case p.tree == tree:
			same = append(same, candidate{h, p.committed})
		default:
			later = append(later, candidate{h, p.committed})
		}
	}
	return same, later
}
