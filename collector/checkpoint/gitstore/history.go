package gitstore

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// History is a walk from one commit into the past, by commit date, each commit
// once. It goes on only as far as it is asked to.
type History struct {
	Read int // commits read, their hash checked

	store    *Store
	visit    func(Visited)
	graph    *graph            // nil: every commit is read
	ancestry *ancestry         // what Seek reached in the graph
	graphed  int               // commits of the walk itself that were taken from the graph
	slots    []int32           // a hash table of the nodes: 0 is free, else the node and one
	nodes    [][]node          // in chunks, so that a long history is never copied
	count    int               // of the nodes
	more     map[int32][]int32 // parents from the third on
	queue    queue
	wanted   map[plumbing.Hash]bool
	errors   map[int32]error // of broken commits
	cut      bool            // a shallow clone's end was met
	aside    bool            // the walk also began at commits that the first one may not reach

	order     []int32 // topological, when so many had been loaded
	orderedAt int
	reached   []bool // from the first commit, when so many had been loaded
	reachedAt int

	dated   []int32 // what was read, by date, when so many had been
	datedAt int
	traits  map[plumbing.Hash]traits // of commits that only the graph was asked about

	brief brief // used again, as are those below
	entry graphCommit
	lent  []byte
}

// node is a commit of the walk. It is small: histories are long.
type node struct {
	hash      plumbing.Hash
	place     int32    // in the commit-graph; −1: not known
	parents   [2]int32 // −1: none
	tree      uint32   // the beginning of the tree's hash
	subject   uint32   // a digest of the subject
	authored  stamp
	committed stamp
	state     nodeState
}

// stamp is a time in seconds since 1970; what is later than it can say is its highest.
type stamp uint32

func stampOf(seconds int64) stamp { return stamp(max(0, min(seconds, math.MaxUint32))) }

// nodesInChunk is how many nodes a chunk has, a power of two.
const nodesInChunk = 1 << 12

func (w *History) node(id int32) *node { return &w.nodes[id/nodesInChunk][id%nodesInChunk] }

type nodeState uint8

const (
	named   nodeState = iota // a child names it
	read                     // its object was read
	graphed                  // the commit-graph was asked
	ended                    // its parents are not known: a shallow clone ends here, or it could not be read
)

// Visited is a commit as a visitor sees it. The message is only lent.
type Visited struct {
	Hash                plumbing.Hash
	Message             []byte
	Authored, Committed time.Time

	encoding []byte
}

// Asked says what a walk is for.
type Asked struct {
	// Visit is called for every commit that is read, in no fixed order. Where it
	// is given, the commit-graph is not used: it knows no messages.
	Visit func(Visited)
	// Graph lets commits be taken from the commit-graph, where there is one, as
	// git does. Without it every commit is read, and its hash checked.
	Graph bool
}

// History begins a walk.
func (s *Store) History(head plumbing.Hash, a Asked) *History {
	w := &History{store: s, visit: a.Visit, lent: make([]byte, 0, 4096), more: map[int32][]int32{}, errors: map[int32]error{}}
	if a.Graph && a.Visit == nil && !s.Shallow() {
		w.graph = s.commitGraph()
	}
	w.reserve(minSlots / 2)
	w.id(head, -1)
	if w.graph == nil { // Seek may need nothing but the graph
		w.load(0)
	}
	return w
}

// Len is the number of commits that were met.
func (w *History) Len() int { return w.count }

// InGraph reports whether commits are taken from the commit-graph.
func (w *History) InGraph() bool { return w.graph != nil }

// Graph is the number of commits that were taken from the commit-graph.
func (w *History) Graph() int {
	if w.ancestry == nil {
		return w.graphed
	}
	return max(w.graphed, len(w.ancestry.list))
}

// Done reports whether the walk has come to its end.
func (w *History) Done() bool { return len(w.queue) == 0 && w.node(0).state != named }

// Seek walks until it is certain of each wanted commit whether it is in the
// history. Dates lie, so they end no search, but tell when a commit is likely beside
// the history: then the walk begins there, too. It ends where all is seen, where what
// is left to see is in the history of the wanted commit itself, which then cannot be
// in it, or where the commit-graph's levels say that it lies below all wanted ones.
func (w *History) Seek(wanted []plumbing.Hash) {
	if w.graph != nil && !w.aside {
		if w.seekInGraph(wanted) {
			return
		}
		w.leaveGraph()
	}
	w.wanted = map[plumbing.Hash]bool{}
	oldest := stamp(math.MaxUint32)
	for _, h := range wanted {
		if _, met := w.lookUp(h); !met {
			w.wanted[h] = true
			if c, err := w.store.Commit(h); err == nil {
				oldest = min(oldest, stampOf(c.Committed.Unix()))
			}
		}
	}
	for len(w.wanted) > 0 && len(w.queue) > 0 && (w.visit != nil || w.queue[0].committed >= oldest) {
		w.next()
	}
	if len(w.wanted) == 0 || w.Done() {
		return
	}
	var pairs []Pair
	for h := range w.wanted {
		pairs = append(pairs, Pair{First: h, Second: w.node(0).hash})
	}
	w.Include(slices.Collect(maps.Keys(w.wanted)))
	w.Settle(pairs, math.MaxInt)
}

// leaveGraph begins the walk anew without the commit-graph, which contradicts itself.
func (w *History) leaveGraph() { *w = *w.store.History(w.node(0).hash, Asked{}) }

// seekInGraph seeks by the commit-graph; false where that contradicts itself.
func (w *History) seekInGraph(wanted []plumbing.Hash) bool {
	if w.ancestry == nil {
		w.ancestry = newAncestry(w.graph)
		if !w.enterGraph() {
			return false
		}
	}
	floor, want, count := int32(noLevel), newBitSet(w.graph.count()), 0
	for _, h := range wanted {
		place, ok := w.graph.find(h[:])
		if !ok || w.ancestry.reached.has(int32(place)) || want.has(int32(place)) {
			continue // all that is not in the graph, and in the history, has been met
		}
		level, ok := w.graph.level(place)
		if !ok {
			return false
		}
		want.add(int32(place))
		count++
		floor = min(floor, level)
	}
	return w.ancestry.descend(floor, want, count)
}

// enterGraph reads the commits that the graph does not know, from the first one to
// those that it knows; false where it does not know their level.
func (w *History) enterGraph() bool {
	seen := map[int32]bool{0: true}
	for stack := []int32{0}; len(stack) > 0; {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if place, ok := w.graph.find(w.node(id).hash[:]); ok {
			if !w.ancestry.add(int32(place)) {
				return false
			}
			continue
		}
		w.load(id)
		for p := range w.parentsOf(id) {
			if !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	return true
}

// Include walks from further commits, too. They are no part of the history unless
// the first commit reaches them.
func (w *History) Include(commits []plumbing.Hash) {
	w.aside = true
	for _, h := range commits {
		w.load(w.id(h, -1))
	}
}

// Finish walks to the end.
func (w *History) Finish() {
	for w.next() {
	}
}

// Until walks over all commits that are not older than a time, as far as dates tell;
// with the commit-graph, over all that it knows.
func (w *History) Until(oldest time.Time) {
	if w.graph != nil {
		if w.seekInGraph(nil) && w.ancestry.descend(0, newBitSet(w.graph.count()), 1) {
			return
		}
		w.leaveGraph()
	}
	w.load(0)
	for len(w.queue) > 0 && w.queue[0].committed >= stampOf(oldest.Unix()) {
		w.next()
	}
}

// Walk walks until so many commits were met, or to the end.
func (w *History) Walk(commits int) {
	for w.count < commits && w.next() {
	}
}

// next reads the parents of the newest commit whose parents were not read.
func (w *History) next() bool {
	w.load(0)
	if len(w.queue) == 0 {
		return false
	}
	at := w.queue.pop().id
	for p := range w.parentsOf(at) {
		w.load(p)
	}
	return true
}

// parentsOf yields the nodes of a commit's parents.
func (w *History) parentsOf(id int32) func(func(int32) bool) {
	return func(yield func(int32) bool) {
		for _, p := range w.node(id).parents {
			if p < 0 || !yield(p) {
				return
			}
		}
		for _, p := range w.more[id] {
			if !yield(p) {
				return
			}
		}
	}
}

// minSlots is the size of the smallest hash table; every one is a power of two.
const minSlots = 1 << 10

// reserve makes room for so many commits.
func (w *History) reserve(commits int) {
	size := max(minSlots, len(w.slots))
	for size < 2*commits {
		size *= 2
	}
	if size == len(w.slots) {
		return
	}
	w.slots = make([]int32, size)
	for id := range int32(w.count) {
		w.slots[w.slot(w.node(id).hash)] = id + 1
	}
}

// slot returns where in the table a commit is, or would be.
func (w *History) slot(h plumbing.Hash) int {
	mask := len(w.slots) - 1
	at := int(big.Uint32(h[8:])) & mask
	for w.slots[at] != 0 && w.node(w.slots[at]-1).hash != h {
		at = (at + 1) & mask
	}
	return at
}

// lookUp returns a commit's node.
func (w *History) lookUp(h plumbing.Hash) (int32, bool) {
	id := w.slots[w.slot(h)] - 1
	return id, id >= 0
}

// id returns a commit's node, a new one where it is met first.
func (w *History) id(h plumbing.Hash, place int32) int32 {
	at := w.slot(h)
	if w.slots[at] != 0 {
		return w.slots[at] - 1
	}
	id := int32(w.count)
	if w.count%nodesInChunk == 0 {
		w.nodes = append(w.nodes, make([]node, nodesInChunk))
	}
	w.count++
	*w.node(id) = node{hash: h, place: place, parents: [2]int32{-1, -1}}
	w.slots[at] = id + 1
	w.reserve(w.count)
	if len(w.wanted) > 0 {
		delete(w.wanted, h)
	}
	return id
}

// load reads a commit that was only named so far.
func (w *History) load(id int32) {
	n := w.node(id)
	if n.state != named {
		return
	}
	if w.graph != nil && w.loadGraph(id) {
		return
	}
	n.state = read
	data, err := w.store.commitData(n.hash, w.lent)
	if err == nil {
		err = w.brief.parse(data)
	}
	if err != nil {
		n.state = ended
		w.errors[id] = err
		return
	}
	w.Read++
	b := &w.brief
	n.tree, n.subject, n.authored, n.committed = big.Uint32(b.tree[:]), digest(subjectOf(b.message)), stampOf(b.authored), stampOf(b.committed)
	if w.visit != nil {
		w.visit(Visited{Hash: n.hash, Message: b.message, encoding: b.encoding, Authored: time.Unix(b.authored, 0).UTC(), Committed: time.Unix(b.committed, 0).UTC()})
	}
	if len(b.parents) > 0 && w.store.shallow[n.hash] {
		w.cut, n.state = true, ended
	} else {
		for i, p := range b.parents {
			w.addParent(id, i, w.id(p, -1))
		}
	}
	w.queue.push(queued{n.committed, id})
}

// noLevel is the level of a commit that the graph does not know: it may reach any.
const noLevel = math.MaxInt32

// levelOf returns a commit's level in the commit-graph: it is higher than the level
// of all that is in its history.
func (w *History) levelOf(h plumbing.Hash) int32 {
	if w.graph == nil {
		return noLevel
	}
	place := -1
	id, met := w.lookUp(h)
	if met {
		place = int(w.node(id).place)
	}
	if place < 0 {
		var ok bool
		if place, ok = w.graph.find(h[:]); !ok {
			return noLevel
		}
		if met {
			w.node(id).place = int32(place)
		}
	}
	if level, ok := w.graph.level(place); ok {
		return level
	}
	return noLevel
}

// loadGraph takes a commit from the commit-graph, if it is there and what is said of
// it does not contradict itself.
func (w *History) loadGraph(id int32) bool {
	n := w.node(id)
	if n.place < 0 {
		place, ok := w.graph.find(n.hash[:])
		if !ok {
			return false
		}
		n.place = int32(place)
	}
	if !w.graph.read(int(n.place), &w.entry) {
		return false
	}
	n.state = graphed
	n.tree, n.committed = big.Uint32(w.entry.tree[:]), stampOf(w.entry.committed)
	w.graphed++
	for i, p := range w.entry.parents {
		if h, ok := w.graph.hash(int(p)); ok {
			w.addParent(id, i, w.id(h, p))
		}
	}
	w.queue.push(queued{n.committed, id})
	return true
}

func (w *History) addParent(id int32, i int, parent int32) {
	if i < 2 {
		w.node(id).parents[i] = parent
	} else {
		w.more[id] = append(w.more[id], parent)
	}
}

func digest(text []byte) uint32 {
	sum := fnv.New32a()
	sum.Write(text)
	return sum.Sum32()
}
