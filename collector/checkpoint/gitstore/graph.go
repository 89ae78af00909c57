package gitstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// graph is git's commit-graph: a table of commits with their parents. It is one
// file, or layers, each of which builds on those before. Unlike an object it
// cannot be checked against a hash that somebody recorded.
type graph struct {
	layers []*graphLayer
}

// graphLayer is one file of the graph.
type graphLayer struct {
	file    *mapping
	fanout  []byte
	names   []byte // hashes, sorted
	commits []byte // commitSize bytes each: tree, two parents, generation and time
	edges   []byte // more parents, 4 bytes each
	base    int    // commits in the layers before
	count   int
}

const (
	commitSize = hashSize + 16
	noParent   = 0x70000000
	moreEdges  = 0x80000000 // the rest of the number is a position in edges
	lastEdge   = 0x80000000
)

// openGraph opens the commit-graph of the first object folder that has one; nil
// where there is none, or none that can be used.
func openGraph(dirs []string) *graph {
	for _, dir := range dirs {
		info := filepath.Join(dir, "info")
		if layer, err := openLayer(filepath.Join(info, "commit-graph")); err == nil {
			return &graph{layers: []*graphLayer{layer}}
		}
		chain, err := os.ReadFile(filepath.Join(info, "commit-graphs", "commit-graph-chain"))
		if err != nil {
			continue
		}
		g := &graph{}
		for _, name := range strings.Fields(string(chain)) {
			layer, err := openLayer(filepath.Join(info, "commit-graphs", "graph-"+filepath.Base(name)+".graph"))
			if err != nil {
				g.close()
				return nil
			}
			layer.base = g.count()
			g.layers = append(g.layers, layer)
		}
		if len(g.layers) > 0 {
			return g
		}
	}
	return nil
}

func (g *graph) close() {
	if g == nil {
		return
	}
	for _, l := range g.layers {
		l.file.close()
	}
}

func (g *graph) count() int {
	if len(g.layers) == 0 {
		return 0
	}
	last := g.layers[len(g.layers)-1]
	return last.base + last.count
}

// openLayer maps a file of the graph. Its checksum is not computed, as git does not:
// that costs more than what is read of it. What is read is checked (see read).
func openLayer(path string) (*graphLayer, error) {
	file, err := mapFile(path, keepIndex)
	if err != nil {
		return nil, err
	}
	l := &graphLayer{file: file}
	if err := l.layOut(); err != nil {
		file.close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return l, nil
}

func (l *graphLayer) layOut() error {
	d := l.file.data
	const header, chunk = 8, 12
	if len(d) < header+chunk+hashSize || string(d[:4]) != "CGPH" || d[4] != 1 || d[5] != 1 {
		return ErrUnsupported
	}
	body := d[:len(d)-hashSize]
	for i := range int(d[6]) {
		at := header + i*chunk
		if at+2*chunk > len(body) {
			return ErrCorrupt
		}
		start, end := big.Uint64(body[at+4:]), big.Uint64(body[at+chunk+4:])
		if start > end || end > uint64(len(body)) {
			return ErrCorrupt
		}
		content := body[start:end]
		switch string(body[at : at+4]) {
		case "OIDF":
			l.fanout = content
		case "OIDL":
			l.names = content
		case "CDAT":
			l.commits = content
		case "EDGE":
			l.edges = content
		}
	}
	l.count = len(l.names) / hashSize
	if len(l.fanout) != fanoutSize || len(l.commits) != l.count*commitSize {
		return ErrCorrupt
	}
	return nil
}

// search returns the place of the first hash that is not smaller than h.
func (l *graphLayer) search(h []byte) int {
	low, high := 0, int(big.Uint32(l.fanout[4*int(h[0]):]))
	if h[0] > 0 {
		low = int(big.Uint32(l.fanout[4*(int(h[0])-1):]))
	}
	for high = min(high, l.count); low < high; {
		mid := int(uint(low+high) / 2)
		if bytes.Compare(l.name(mid), h) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func (l *graphLayer) name(i int) []byte { return l.names[i*hashSize : (i+1)*hashSize] }

// find returns a commit's position.
func (g *graph) find(h []byte) (int, bool) {
	for i := len(g.layers) - 1; i >= 0; i-- {
		l := g.layers[i]
		if at := l.search(h); at < l.count && bytes.Equal(l.name(at), h) {
			return l.base + at, true
		}
	}
	return 0, false
}

// withPrefix lists the commits whose hash begins with hex digits.
func (g *graph) withPrefix(prefix string) (found []plumbing.Hash) {
	low, ok := lowest(prefix)
	if !ok {
		return nil
	}
	for _, l := range g.layers {
		for i := l.search(low[:]); i < l.count; i++ {
			h := plumbing.Hash(l.name(i))
			if !strings.HasPrefix(h.String(), prefix) {
				break
			}
			found = append(found, h)
		}
	}
	return found
}

// layer returns the layer that a position lies in, and the place in it.
func (g *graph) layer(position int) (*graphLayer, int, bool) {
	for i := len(g.layers) - 1; i >= 0; i-- {
		if l := g.layers[i]; position >= l.base {
			return l, position - l.base, position-l.base < l.count
		}
	}
	return nil, 0, false
}

// hash returns the commit at a position.
func (g *graph) hash(position int) (h plumbing.Hash, ok bool) {
	l, i, ok := g.layer(position)
	if ok {
		h = plumbing.Hash(l.name(i))
	}
	return h, ok
}

// maxLevel is the highest level that the graph writes: it stands for all above it.
const maxLevel = 1<<30 - 1

// level returns a commit's level, which is higher than that of each of its parents;
// false where the graph does not say.
func (g *graph) level(position int) (int32, bool) {
	l, i, ok := g.layer(position)
	if !ok {
		return 0, false
	}
	level := int32(big.Uint32(l.commits[i*commitSize+hashSize+8:]) >> 2)
	return level, level > 0 && level < maxLevel
}

// graphCommit is what the graph knows of a commit.
type graphCommit struct {
	tree      plumbing.Hash
	parents   []int32 // positions
	committed int64   // seconds
}

// read fills in a commit; its slice of parents is used again. It is false where the
// graph contradicts itself: a parent that is not there, or not below its child.
func (g *graph) read(position int, c *graphCommit) (ok bool) {
	if c.parents, ok = g.parents(position, c.parents[:0]); !ok {
		return false
	}
	c.tree, c.committed = g.content(position)
	level, known := g.level(position)
	for _, p := range c.parents {
		if _, _, ok := g.layer(int(p)); !ok {
			return false
		}
		if below, ok := g.level(int(p)); known && ok && below >= level {
			return false
		}
	}
	return true
}

// content returns a commit's tree and, in seconds, when it was committed. The position
// must be in the graph.
func (g *graph) content(position int) (tree plumbing.Hash, committed int64) {
	l, i, _ := g.layer(position)
	d := l.commits[i*commitSize : (i+1)*commitSize]
	return plumbing.Hash(d[:hashSize]), int64(big.Uint32(d[hashSize+8:])&3)<<32 | int64(big.Uint32(d[hashSize+12:]))
}

// parents appends the positions of a commit's parents to a list. Whether they are in
// the graph is not looked at.
func (g *graph) parents(position int, to []int32) ([]int32, bool) {
	l, i, ok := g.layer(position)
	if !ok {
		return to, false
	}
	d := l.commits[i*commitSize+hashSize : (i+1)*commitSize]
	first, second := big.Uint32(d), big.Uint32(d[4:])
	if first == noParent {
		return to, true
	}
	to = append(to, int32(first&^moreEdges))
	switch {
	case second == noParent:
	case second&moreEdges == 0:
		to = append(to, int32(second))
	default:
		for at := 4 * int(second&^moreEdges); ; at += 4 {
			if at+4 > len(l.edges) {
				return to, false
			}
			edge := big.Uint32(l.edges[at:])
			to = append(to, int32(edge&^lastEdge))
			if edge&lastEdge != 0 {
				return to, true
			}
		}
	}
	return to, true
}
