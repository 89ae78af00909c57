package gitstore

import (
	"cmp"
	"math"
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
	orders, _ := w.compare(pairs)
	return orders
}

// compare is Compare, and lists what keeps pairs unknown: commits that were not read
// and that only one commit of a pair reaches.
func (w *History) compare(pairs []Pair) (out []Order, open []int32) {
	out = make([]Order, len(pairs))
	order := w.topological()
	marks := make([]uint64, w.count)
	const batch = 32 // two bits each: in the history of the first, of the second
	for from := 0; from < len(pairs); from += batch {
		part := pairs[from:min(from+batch, len(pairs))]
		w.mark(part, order, marks)
		certain := uint64(0) // a bit, the lower of two, for each pair
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
			default:
				// Nothing ends the search of one that is not in the other's history as
				// well; and a commit is not in the history of its own ancestors.
				out[from+i] = Aside
				continue
			}
			certain |= 1 << (2 * i)
		}
		differ, ends := w.differ(part, marks, certain)
		open = append(open, ends...)
		for i := range part {
			if differ>>(2*i)&1 != 0 {
				out[from+i] = Unknown
			}
		}
	}
	return out, open
}

// differ sets a bit, the lower of two, for each pair that is not certain of which only
// one commit reaches an end of the walk that the other may lie behind, and lists such
// ends that can be read.
func (w *History) differ(pairs []Pair, marks []uint64, certain uint64) (differ uint64, ends []int32) {
	levels := make([]int32, len(pairs)) // of the lower of both
	for i, p := range pairs {
		levels[i] = min(w.levelOf(p.First), w.levelOf(p.Second))
	}
	const lower = 0x5555555555555555
	for id := range int32(w.count) {
		n := w.node(id)
		m := (marks[id] ^ marks[id]>>1) & lower &^ certain
		if m == 0 || n.state != named && n.state != ended {
			continue
		}
		level := int32(noLevel)
		if n.state == named {
			level = w.levelOf(n.hash)
		}
		here := uint64(0)
		for ; m != 0; m &= m - 1 {
			if bit := bits.TrailingZeros64(m); level == noLevel || level > levels[bit/2] {
				here |= 1 << bit
			}
		}
		if differ |= here; here != 0 && n.state == named {
			ends = append(ends, id)
		}
	}
	return differ, ends
}

// Settle walks on until it is known how the commits of each pair stand to each
// other, until so many commits were met, or to the end.
func (w *History) Settle(pairs []Pair, most int) []Order {
	if orders := w.settleInGraph(pairs); orders != nil {
		return orders
	}
	const first, last = 64, 1024
	for budget := first; ; budget *= 2 {
		orders, open := w.compare(pairs)
		if w.Done() || w.count >= most || !slices.Contains(orders, Unknown) {
			return orders
		}
		if len(open) > 0 && budget <= last {
			w.walkAhead(open, min(budget, most-w.count))
		} else {
			w.Walk(min(most, 2*w.count))
		}
	}
}

// maxOpen is of how many commits walkAhead looks for the merge that brought them in.
const maxOpen = 64

// walkAhead reads some commits out of the order of their dates, which likely show what
// keeps pairs unknown: commits that one of a pair is known to reach and the other is
// not. Most are of a branch that left the history of both, maybe long ago. So it goes
// on from them; along the head's line of first parents, as far back as they are; and
// into what the next merges of that line brought in. It reads about so many of each.
func (w *History) walkAhead(open []int32, count int) {
	oldest := stamp(math.MaxUint32)
	var below queue
	push := func(id int32) {
		if w.node(id).state == named {
			w.load(id)
			below.push(queued{w.node(id).committed, id})
		}
	}
	for _, id := range open {
		push(id)
		oldest = min(oldest, w.node(id).committed)
	}
	const cheap = 64 // the line is what helps most
	line := w.firstParents(oldest, cheap*count)
	for _, id := range open[:min(len(open), maxOpen)] {
		w.readMerged(line, w.node(id).committed, count/len(open)+1)
	}
	for ; len(below) > 0 && count > 0; count-- {
		for p := range w.parentsOf(below.pop().id) {
			push(p)
		}
	}
}

// firstParents lists the head and its line of first parents, up to one that is older
// than a time, or so many.
func (w *History) firstParents(oldest stamp, most int) (line []int32) {
	for at := int32(0); at >= 0 && len(line) < most; at = w.node(at).parents[0] {
		w.load(at)
		line = append(line, at)
		if w.node(at).committed < oldest {
			break
		}
	}
	return line
}

// readMerged reads so many commits since a time that a line of first parents
// merged, the earliest merge first. It reads none where the line begins later.
func (w *History) readMerged(line []int32, since stamp, count int) {
	end := slices.IndexFunc(line, func(id int32) bool { return w.node(id).committed < since })
	var stack []int32
	for i := end; i >= max(0, end-64*count) && count > 0; i-- {
		for stack = append(stack[:0], line[i]); len(stack) > 0 && count > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if at != line[i] && w.node(at).committed < since {
				continue
			}
			for p := range w.parentsOf(at) {
				if w.node(p).state == named {
					w.load(p)
					count--
					stack = append(stack, p)
				}
			}
		}
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
			newest := slices.MaxFunc(best, func(a, b int32) int { return cmp.Compare(w.node(a).committed, w.node(b).committed) })
			return w.node(newest).hash, true
		case w.Done():
			return plumbing.ZeroHash, false
		case closed: // one may be in the history of another, by what is not seen yet
			w.Finish()
		default:
			w.Walk(2 * w.count)
		}
	}
}

// commonAncestors lists the commits in the history of the first commit and of
// another that are not in that of another such commit, as far as it was walked;
// closed: all that was not walked is in both histories.
func (w *History) commonAncestors(other plumbing.Hash) (best []int32, closed bool) {
	order, marks := w.topological(), make([]uint64, w.count)
	w.mark([]Pair{{First: other, Second: w.node(0).hash}}, order, marks)
	const both = 3
	covered := make([]bool, w.count)
	closed = true
	for _, id := range order {
		if marks[id] != both {
			closed = closed && (marks[id] == 0 || w.node(id).state != named)
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
	if loaded := w.Read + w.graphed; w.order != nil && len(w.order) == w.count && w.orderedAt == loaded {
		return w.order
	}
	children := make([]int32, w.count)
	for id := range int32(w.count) {
		for p := range w.parentsOf(id) {
			children[p]++
		}
	}
	order := make([]int32, 0, w.count)
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
		w.reached, w.reachedAt = make([]bool, w.count), loaded
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
	for id := range int32(w.count) {
		if strings.HasPrefix(w.node(id).hash.String(), prefix) && w.reachable(id) {
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
	for id := range int32(w.count) {
		if w.node(id).state == ended && w.errors[id] == nil && w.reachable(id) {
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
