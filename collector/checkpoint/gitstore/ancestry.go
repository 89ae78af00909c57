package gitstore

import (
	"math/bits"

	"github.com/go-git/go-git/v5/plumbing"
)

// ancestry is what of the commit-graph is known to be in the history of some
// commits. It goes by positions in the graph, which takes a small part of what a
// walk over hashes takes.
type ancestry struct {
	graph   *graph
	reached bitSet
	list    []placed     // what is reached, in no order
	open    []placed     // reached, and the parents not followed yet
	parents []int32      // used again
	dated   []datedPlace // what is reached, by date
}

// placed is a commit of the graph. Levels are kept beside positions because what is
// next in a history is far away in the graph.
type placed struct{ at, level int32 }

// bitSet is a set of positions.
type bitSet []uint64

func newBitSet(size int) bitSet { return make(bitSet, size/64+1) }

func (s bitSet) has(i int32) bool { return s[i>>6]>>(i&63)&1 != 0 }

func (s bitSet) add(i int32) { s[i>>6] |= 1 << (i & 63) }

// ranks counts the positions before each word of a set; rank is then how many lie
// before one of them.
func (s bitSet) ranks() []int32 {
	before := make([]int32, len(s)+1)
	for i, word := range s {
		before[i+1] = before[i] + int32(bits.OnesCount64(word))
	}
	return before
}

func (s bitSet) rank(before []int32, i int32) int32 {
	return before[i>>6] + int32(bits.OnesCount64(s[i>>6]&(1<<(i&63)-1)))
}

func newAncestry(g *graph) *ancestry {
	return &ancestry{graph: g, reached: newBitSet(g.count())}
}

// add makes a commit part of it; false where the graph knows no level of it.
func (a *ancestry) add(at int32) bool {
	level, ok := a.graph.level(int(at))
	if ok && !a.reached.has(at) {
		a.reached.add(at)
		a.list, a.open = append(a.list, placed{at, level}), append(a.open, placed{at, level})
	}
	return ok
}

// placeOf returns where a commit is in the graph, if it is reached.
func (a *ancestry) placeOf(h plumbing.Hash) (c placed, ok bool) {
	at, ok := a.graph.find(h[:])
	if !ok || !a.reached.has(int32(at)) {
		return c, false
	}
	level, ok := a.graph.level(at)
	return placed{int32(at), level}, ok
}

// descend follows parents down to a level, below which nothing wanted lies, or until
// so many wanted commits are found. It is false where the graph contradicts itself: a
// parent that is not there or not below its child, or no levels.
func (a *ancestry) descend(floor int32, wanted bitSet, count int) bool {
	stack := a.open
	var aside []placed
	for len(stack) > 0 && count > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if top.level <= floor {
			aside = append(aside, top)
			continue
		}
		var ok bool
		if a.parents, ok = a.graph.parents(int(top.at), a.parents[:0]); !ok {
			return false
		}
		for _, p := range a.parents {
			level, ok := a.graph.level(int(p))
			if !ok || level >= top.level {
				return false
			}
			if a.reached.has(p) {
				continue
			}
			a.reached.add(p)
			a.list, stack = append(a.list, placed{p, level}), append(stack, placed{p, level})
			if wanted.has(p) {
				count--
			}
		}
	}
	a.open = append(stack, aside...)
	return true
}

// compare says how the commits of pairs stand to each other, all of which are
// reached. It is false where the graph contradicts itself.
func (a *ancestry) compare(pairs [][2]placed) ([]Order, bool) {
	lowest := int32(noLevel)
	for _, p := range pairs {
		lowest = min(lowest, p[0].level, p[1].level)
	}
	if !a.descend(lowest, newBitSet(a.graph.count()), 1) { // to one that is not there: down to the level
		return nil, false
	}
	order, ranks := a.byLevel(lowest), a.reached.ranks()
	marks := make([]uint64, len(a.list)) // a bit for each pair: in the history of its upper commit
	mark := func(at int32) *uint64 { return &marks[a.reached.rank(ranks, at)] }
	out := make([]Order, len(pairs))
	const batch = 64
	for from := 0; from < len(pairs); from += batch {
		if from > 0 {
			clear(marks)
		}
		part := pairs[from:min(from+batch, len(pairs))]
		top, bottom := int32(0), int32(noLevel)
		for i, p := range part {
			upper, lower := p[0], p[1]
			if upper.level < lower.level {
				upper, lower = lower, upper
			}
			*mark(upper.at) |= 1 << i
			top, bottom = max(top, upper.level), min(bottom, lower.level)
		}
		for _, c := range order {
			if c.level <= bottom {
				break
			}
			if c.level > top {
				continue
			}
			if m := *mark(c.at); m != 0 {
				a.parents, _ = a.graph.parents(int(c.at), a.parents[:0])
				for _, p := range a.parents {
					*mark(p) |= m
				}
			}
		}
		for i, p := range part {
			first, second := p[0], p[1]
			switch {
			case first == second:
				out[from+i] = Same
			case first.level < second.level && *mark(first.at)>>i&1 != 0:
				out[from+i] = Before
			case second.level < first.level && *mark(second.at)>>i&1 != 0:
				out[from+i] = After
			default:
				out[from+i] = Aside
			}
		}
	}
	return out, true
}

// byLevel lists what is reached down to a level, each commit before its parents.
func (a *ancestry) byLevel(lowest int32) []placed {
	top := lowest
	for _, c := range a.list {
		top = max(top, c.level)
	}
	first := make([]int32, top-lowest+2) // where each level begins, the highest first
	for _, c := range a.list {
		if c.level >= lowest {
			first[top-c.level+1]++
		}
	}
	for i := range first[1:] {
		first[i+1] += first[i]
	}
	order := make([]placed, first[len(first)-1])
	for _, c := range a.list {
		if c.level >= lowest {
			order[first[top-c.level]] = c
			first[top-c.level]++
		}
	}
	return order
}
