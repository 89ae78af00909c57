package gitstore

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/klauspost/compress/flate"
)

// inflater inflates one piece after the other with the same buffers.
type inflater struct {
	source bytes.Reader
	stream io.ReadCloser
}

var errZlib = errors.New("no zlib stream")

// read inflates size bytes of a zlib stream. Its checksum is not looked at: every
// object's hash is.
func (z *inflater) read(deflated []byte, size int) ([]byte, error) {
	if len(deflated) < 2 || deflated[0]&15 != 8 || deflated[1]&0x20 != 0 || (int(deflated[0])<<8|int(deflated[1]))%31 != 0 {
		return nil, errZlib
	}
	z.source.Reset(deflated[2:])
	if z.stream == nil {
		z.stream = flate.NewReader(&z.source)
	} else if err := z.stream.(flate.Resetter).Reset(&z.source, nil); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err := io.ReadFull(z.stream, data)
	return data, err
}

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

const cacheHalf = 12 << 20

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
