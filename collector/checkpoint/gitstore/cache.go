package gitstore

import "github.com/go-git/go-git/v5/plumbing"

// place is where an object lies in a pack.
type place struct {
	pack   *pack
	offset int
}

// packed is an object out of a pack.
type packed struct {
	kind plumbing.ObjectType
	data []byte
}

// cache keeps what deltas change. It has two halves: when the young one is full,
// the old one is forgotten and the young one grows old.
type cache struct {
	young, old map[place]packed
	bytes      int
}

const cacheHalf = 4 << 20

func (c *cache) get(at place) (packed, bool) {
	if o, ok := c.young[at]; ok {
		return o, true
	}
	o, ok := c.old[at]
	if ok {
		c.add(at, o)
	}
	return o, ok
}

func (c *cache) add(at place, o packed) {
	if c.young == nil || c.bytes > cacheHalf {
		c.old, c.young, c.bytes = c.young, map[place]packed{}, 0
	}
	c.young[at] = o
	c.bytes += len(o.data) + 100 // and what the map takes
}
