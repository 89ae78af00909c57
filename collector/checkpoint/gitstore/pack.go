package gitstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// pack is a pack file with its index.
type pack struct {
	path   string // without a suffix
	index  *mapping
	data   *mapping // the pack itself, from its first use on
	fanout []byte   // 256 numbers: how many hashes begin with at most that byte
	names  []byte   // from the first hash on
	stride int      // from one hash to the next
	count  int
}

const (
	hashSize   = 20
	fanoutSize = 256 * 4
)

var (
	indexMagic = []byte{0xff, 't', 'O', 'c', 0, 0, 0, 2}
	big        = binary.BigEndian
)

// openPack opens a pack by its index, of version 2 or 1.
func openPack(path string) (*pack, error) {
	index, err := mapFile(path, keepIndex)
	if err != nil {
		return nil, err
	}
	p := &pack{path: strings.TrimSuffix(path, ".idx"), index: index}
	if err := p.layOut(); err != nil {
		index.close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return p, nil
}

func (p *pack) layOut() error {
	d := p.index.data
	perObject, names := hashSize+4, fanoutSize+4 // version 1: an offset before each hash
	p.stride = perObject
	if bytes.HasPrefix(d, indexMagic) {
		d = d[len(indexMagic):]
		perObject, names, p.stride = hashSize+4+4, fanoutSize, hashSize
	} else if bytes.HasPrefix(d, indexMagic[:4]) {
		return fmt.Errorf("%w: its version is unknown", ErrUnsupported)
	}
	if len(d) < fanoutSize+2*hashSize {
		return fmt.Errorf("%w: it is cut", ErrCorrupt)
	}
	p.fanout = d[:fanoutSize]
	for i := 1; i < 256; i++ {
		if p.below(i) > p.below(i+1) {
			return fmt.Errorf("%w: its counts go down", ErrCorrupt)
		}
	}
	p.count = p.below(256)
	if len(d) < fanoutSize+p.count*perObject+2*hashSize {
		return fmt.Errorf("%w: it is cut", ErrCorrupt)
	}
	p.names = d[min(names, len(d)):]
	return nil
}

// below counts the hashes whose first byte is smaller than b.
func (p *pack) below(b int) int {
	if b == 0 {
		return 0
	}
	return int(big.Uint32(p.fanout[4*(b-1):]))
}

func (p *pack) name(i int) []byte { return p.names[i*p.stride : i*p.stride+hashSize] }

// search returns the position of the first hash that is not smaller than h.
func (p *pack) search(h []byte) int {
	low, high := p.below(int(h[0])), p.below(int(h[0])+1)
	// Hashes are spread evenly, so this one is near where its next digits say: steps
	// from there on double until it is passed.
	key := big.Uint64(h)
	at := low + int(uint64(high-low)*uint64(big.Uint32(h[1:]))>>32)
	for step := 4; low < high; step *= 2 {
		at = min(max(at, low), high-1)
		if big.Uint64(p.name(at)) < key {
			low = at + 1
			if at += step; at < high && big.Uint64(p.name(at)) >= key {
				high = at
				break
			}
		} else {
			high = at
			if at -= step; at >= low && big.Uint64(p.name(at)) < key {
				low = at + 1
				break
			}
		}
	}
	for low < high {
		mid := int(uint(low+high) / 2)
		if big.Uint64(p.name(mid)) < key {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for low < p.count && big.Uint64(p.name(low)) == key && bytes.Compare(p.name(low), h) < 0 {
		low++
	}
	if low < p.count {
		p.index.touch(len(p.index.data) - len(p.names) + low*p.stride)
	}
	return low
}

// find returns an object's offset in the pack.
func (p *pack) find(h []byte) (int, bool) {
	i := p.search(h)
	if i >= p.count || !bytes.Equal(p.name(i), h) {
		return 0, false
	}
	if p.stride != hashSize {
		return int(big.Uint32(p.names[i*p.stride-4:])), true
	}
	offsets := p.names[p.count*(hashSize+4):]
	offset := big.Uint32(offsets[4*i:])
	if offset>>31 == 0 {
		return int(offset), true
	}
	large := offsets[4*p.count+8*int(offset&^(1<<31)):]
	return int(big.Uint64(large)), true
}

// withPrefix lists the hashes that begin with hex digits.
func (p *pack) withPrefix(prefix string, low []byte, add func(plumbing.Hash)) {
	for i := p.search(low); i < p.count; i++ {
		h := plumbing.Hash(p.name(i))
		if !strings.HasPrefix(h.String(), prefix) {
			return
		}
		add(h)
	}
}

// open maps the pack itself, which must be the one that the index is about.
func (p *pack) open() error {
	if p.data != nil {
		return nil
	}
	data, err := mapFile(p.path+".pack", keepPack)
	if err != nil {
		return err
	}
	d, index := data.data, p.index.data
	if len(d) < 12+hashSize || string(d[:4]) != "PACK" || !bytes.Equal(d[len(d)-hashSize:], index[len(index)-2*hashSize:len(index)-hashSize]) {
		data.close()
		return fmt.Errorf("read %s.pack: %w: it is not the one that its index is about", filepath.Base(p.path), ErrCorrupt)
	}
	p.data = data
	return nil
}

func (p *pack) close() {
	p.index.close()
	p.data.close()
}

// entry is what the header of an object in a pack says.
type entry struct {
	kind  plumbing.ObjectType // of the object, or a delta's
	size  int                 // of the inflated bytes
	start int                 // of the deflated bytes
	base  int                 // of a delta: the offset of what it changes
}

func (p *pack) entry(offset int) (e entry, err error) {
	d := p.data.data[:len(p.data.data)-hashSize]
	if offset < 12 || offset >= len(d) {
		return e, fmt.Errorf("%w: offset %d is beyond the pack", ErrCorrupt, offset)
	}
	p.data.touch(offset)
	at := offset
	e.kind, e.size = plumbing.ObjectType(d[at]>>4&7), int(d[at]&15)
	for shift := 4; d[at]&0x80 != 0 && shift < 60; shift += 7 {
		at++
		e.size |= int(d[at]&0x7f) << shift
	}
	at++
	switch e.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		back := int(d[at] & 0x7f)
		for ; d[at]&0x80 != 0 && back < len(d); back = (back+1)<<7 | int(d[at]&0x7f) {
			at++
		}
		at++
		if e.base = offset - back; e.base < 12 || back <= 0 {
			return e, fmt.Errorf("%w: the delta at %d has no base", ErrCorrupt, offset)
		}
	case plumbing.REFDeltaObject:
		var ok bool
		if e.base, ok = p.find(d[at : at+hashSize]); !ok {
			return e, fmt.Errorf("%w: the base of the delta at %d is not in the pack", ErrCorrupt, offset)
		}
		at += hashSize
	default:
		return e, fmt.Errorf("%w: the object at %d has type %d", ErrCorrupt, offset, e.kind)
	}
	e.start = at
	if e.size < 0 || e.size > maxObject {
		return e, fmt.Errorf("%w: the object at %d has %d bytes", ErrTooLarge, offset, e.size)
	}
	return e, nil
}

// maxChain bounds how many deltas make an object.
const maxChain = 10_000

// read gives the object at an offset. The bytes are shared: they must not be
// changed. They may be in a slice that the caller lends.
func (p *pack) read(offset int, z *inflater, c *cache, lent []byte) (plumbing.ObjectType, []byte, error) {
	if err := p.open(); err != nil {
		return 0, nil, err
	}
	var deltas []entry
	var offsets []int
	var kind plumbing.ObjectType
	var data []byte
	for at := offset; ; {
		if len(deltas) > maxChain {
			return 0, nil, fmt.Errorf("%w: the delta at %d has no end", ErrCorrupt, offset)
		}
		if o, ok := c.get(place{p, at}); ok {
			kind, data = o.kind, o.data
			break
		}
		e, err := p.entry(at)
		if err != nil {
			return 0, nil, err
		}
		if e.kind.IsDelta() {
			deltas, offsets = append(deltas, e), append(offsets, at)
			at = e.base
			continue
		}
		into := lent
		if len(deltas) > 0 {
			into = nil // it is kept
		}
		if data, err = p.inflate(e, z, into); err != nil {
			return 0, nil, err
		}
		kind = e.kind
		if len(deltas) > 0 {
			c.add(place{p, at}, packed{kind, data})
		}
		break
	}
	for i := len(deltas) - 1; i >= 0; i-- {
		delta, err := p.inflate(deltas[i], z, z.delta)
		if err != nil {
			return 0, nil, err
		}
		z.delta = delta[:0]
		if data, err = patch(data, delta); err != nil {
			return 0, nil, fmt.Errorf("the delta at %d: %w", offsets[i], err)
		}
		c.add(place{p, offsets[i]}, packed{kind, data})
	}
	return kind, data, nil
}

// inflate reads what an entry holds, into a slice where that is large enough.
func (p *pack) inflate(e entry, z *inflater, into []byte) ([]byte, error) {
	for at := e.start; at < min(e.start+e.size, len(p.data.data)); at += blockSize {
		p.data.touch(at)
	}
	data, err := z.read(p.data.data[e.start:], e.size, into)
	if err != nil {
		return nil, fmt.Errorf("%w: at %d: %w", ErrCorrupt, e.start, err)
	}
	return data, nil
}

// head gives an object's type and size without its content.
func (p *pack) head(offset int, z *inflater) (plumbing.ObjectType, int, error) {
	if err := p.open(); err != nil {
		return 0, 0, err
	}
	size := -1
	for range maxChain {
		e, err := p.entry(offset)
		if err != nil {
			return 0, 0, err
		}
		if size < 0 && e.kind.IsDelta() {
			const numbers = 20 // two numbers are at most so long
			begin, err := z.read(p.data.data[e.start:], min(e.size, numbers), nil)
			if err != nil {
				return 0, 0, fmt.Errorf("%w: at %d: %w", ErrCorrupt, offset, err)
			}
			size = max(0, deltaTarget(begin))
		} else if size < 0 {
			size = e.size
		}
		if !e.kind.IsDelta() {
			return e.kind, size, nil
		}
		offset = e.base
	}
	return 0, 0, fmt.Errorf("%w: the delta at %d has no end", ErrCorrupt, offset)
}
