package gitstore

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Pair is two commits of a walk.
type Pair struct{ First, Second plumbing.Hash }

// Order is how two commits stand to each other.
type Order uint8

// The orders of two commits.
const (
	Unknown Order = iota // not decided by what was walked
	Before               // the first is in the history of the second
	After                // the second is in the history of the first
	Same
	Aside // neither
)

// Compare says of each pair how its commits stand to each other, out of what was
// walked so far. All but Unknown is certain.
func (w *History) Compare(pairs []Pair) []Order {
	out := make([]Order, len(pairs))
	order := w.topological()
	marks := make([]uint64, len(w.nodes))
	const batch = 32 // two bits each: in the history of the first, of the second
	for from := 0; from < len(pairs); from += batch {
		part := pairs[from:min(from+batch, len(pairs))]
		w.mark(part, order, marks)
		differ := w.differ(part, marks)
		for i, p := range part {
			first, ok1 := w.lookUp(p.First)
			second, ok2 := w.lookUp(p.Second)
			switch {
			case p.First == p.Second:
				out[from+i] = Same
			case !ok1 || !ok2:
			case marks[first]>>(2*i+1)&1 != 0:
				out[from+i] = Before
			case marks[second]>>(2*i)&1 != 0:
				out[from+i] = After
			case differ>>(2*i)&1 == 0:
				// Nothing ends the search of one that is not in the other's history as
				// well; and a commit is not in the history of its own ancestors.
				out[from+i] = Aside
			}
		}
	}
	return out
}

// differ sets a bit, the lower of two, for each pair of which only one commit
// reaches an end of the walk that the other may lie behind.
func (w *History) differ(pairs []Pair, marks []uint64) uint64 {
	levels := make([]int32, len(pairs)) // of the lower of both
	for i, p := range pairs {
		levels[i] = min(w.levelOf(p.First), w.levelOf(p.Second))
	}
	const lower = 0x5555555555555555
	differ := uint64(0)
	for id := range w.nodes {
		n := &w.nodes[id]
		m := (marks[id] ^ marks[id]>>1) & lower &^ differ
		if m == 0 || n.state != named && n.state != ended {
			continue
		}
		level := int32(noLevel)
		if n.state == named {
			level = w.levelOf(n.hash)
		}
		for ; m != 0; m &= m - 1 {
			if bit := bits.TrailingZeros64(m); level == noLevel || level > levels[bit/2] {
				differ |= 1 << bit
			}
		}
	}
	return differ
}

// Settle walks on until it is known how the commits of each pair stand to each
// other, until so many commits were met, or to the end.
func (w *History) Settle(pairs []Pair, most int) []Order {
	if orders := w.settleInGraph(pairs); orders != nil {
		return orders
	}
	for {
		orders := w.Compare(pairs)
		if w.Done() || len(w.nodes) >= most || !slices.Contains(orders, Unknown) {
			return orders
		}
		w.Walk(min(most, 2*len(w.nodes)))
	}
}

// settleInGraph says how the commits of pairs stand to each other where Seek reached
// all of them in the commit-graph; else nil.
func (w *History) settleInGraph(pairs []Pair) []Order {
	if w.ancestry == nil {
		return nil
	}
	places := make([][2]placed, len(pairs))
	for i, p := range pairs {
		var ok1, ok2 bool
		places[i][0], ok1 = w.ancestry.placeOf(p.First)
		places[i][1], ok2 = w.ancestry.placeOf(p.Second)
		if !ok1 || !ok2 {
			return nil
		}
	}
	orders, _ := w.ancestry.compare(places)
	return orders
}

// MergeBase returns the newest commit in the history that is in another commit's
// history as well, and in that of no other such commit; false where there is none,
// or none that this clone shows.
func (w *History) MergeBase(other plumbing.Hash) (plumbing.Hash, bool) {
	w.Include([]plumbing.Hash{other})
	for {
		best, closed := w.commonAncestors(other)
		switch {
		case len(best) == 1 && closed || len(best) > 0 && w.Done():
			newest := slices.MaxFunc(best, func(a, b int32) int { return cmp.Compare(w.nodes[a].committed, w.nodes[b].committed) })
			return w.nodes[newest].hash, true
		case w.Done():
			return plumbing.ZeroHash, false
		case closed: // one may be in the history of another, by what is not seen yet
			w.Finish()
		default:
			w.Walk(2 * len(w.nodes))
		}
	}
}

// commonAncestors lists the commits in the history of the first commit and of
// another that are not in that of another such commit, as far as it was walked;
// closed: all that was not walked is in both histories.
func (w *History) commonAncestors(other plumbing.Hash) (best []int32, closed bool) {
	order, marks := w.topological(), make([]uint64, len(w.nodes))
	w.mark([]Pair{{First: other, Second: w.nodes[0].hash}}, order, marks)
	const both = 3
	covered := make([]bool, len(w.nodes))
	closed = true
	for _, id := range order {
		if marks[id] != both {
			closed = closed && (marks[id] == 0 || w.nodes[id].state != named)
			continue
		}
		for p := range w.parentsOf(id) {
			covered[p] = true
		}
		if !covered[id] {
			best = append(best, id)
		}
	}
	return best, closed
}

// mark sets two bits for each pair on every node: whether it is in the history of
// the first commit, and of the second.
func (w *History) mark(pairs []Pair, order []int32, marks []uint64) {
	clear(marks)
	for i, p := range pairs {
		if id, ok := w.lookUp(p.First); ok {
			marks[id] |= 1 << (2 * i)
		}
		if id, ok := w.lookUp(p.Second); ok {
			marks[id] |= 2 << (2 * i)
		}
	}
	for _, id := range order {
		if m := marks[id]; m != 0 {
			for p := range w.parentsOf(id) {
				marks[p] |= m
			}
		}
	}
}

// topological lists all nodes, each before its parents. The list is kept until
// the walk goes on: it must not be changed.
func (w *History) topological() []int32 {
	if loaded := w.Read + w.graphed; w.order != nil && len(w.order) == len(w.nodes) && w.orderedAt == loaded {
		return w.order
	}
	children := make([]int32, len(w.nodes))
	for id := range w.nodes {
		for p := range w.parentsOf(int32(id)) {
			children[p]++
		}
	}
	order := make([]int32, 0, len(w.nodes))
	for id, n := range children {
		if n == 0 {
			order = append(order, int32(id))
		}
	}
	for i := 0; i < len(order); i++ {
		for p := range w.parentsOf(order[i]) {
			if children[p]--; children[p] == 0 {
				order = append(order, p)
			}
		}
	}
	w.order, w.orderedAt = order, w.Read+w.graphed
	return order
}

// reachable reports whether a node is in the history of the first commit.
func (w *History) reachable(id int32) bool {
	if !w.aside {
		return true
	}
	if loaded := w.Read + w.graphed; w.reached == nil || w.reachedAt != loaded {
		w.reached, w.reachedAt = make([]bool, len(w.nodes)), loaded
		w.reached[0] = true
		for _, id := range w.topological() {
			if w.reached[id] {
				for p := range w.parentsOf(id) {
					w.reached[p] = true
				}
			}
		}
	}
	return w.reached[id]
}

// Has reports whether a commit is in the history, as far as it was walked.
func (w *History) Has(h plumbing.Hash) bool {
	if w.ancestry != nil {
		if _, ok := w.ancestry.placeOf(h); ok {
			return true
		}
	}
	id, ok := w.lookUp(h)
	return ok && w.reachable(id)
}

// Names reports whether the history has a commit whose hash begins with hex
// digits: as far as it was walked or, with a commit-graph, anywhere.
func (w *History) Names(prefix string) bool {
	if w.graph != nil {
		if named := w.graph.withPrefix(prefix); len(named) > 0 {
			w.Seek(named)
			return slices.ContainsFunc(named, w.Has)
		}
	}
	for id := range w.nodes {
		if strings.HasPrefix(w.nodes[id].hash.String(), prefix) && w.reachable(int32(id)) {
			return true
		}
	}
	return false
}

// Cut reports whether the walk met a shallow clone's end.
func (w *History) Cut() bool {
	if !w.cut || !w.aside {
		return w.cut
	}
	for id := range w.nodes {
		if w.nodes[id].state == ended && w.errors[int32(id)] == nil && w.reachable(int32(id)) {
			return true
		}
	}
	return false
}

// Broken returns why a commit of the history could not be read; nil where all
// could.
func (w *History) Broken() error {
	for id, err := range w.errors {
		if w.reachable(id) {
			return err
		}
	}
	return nil
}
