package checkpoint

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
)

// index is git's index, as far as it is understood here: versions 2 to 4 with SHA-1
// hashes.
type index struct {
	data    []byte
	version uint32
	entries int
}

// indexEntry is one file of the index, with what git saw of it last. Sizes and
// numbers are those of the file modulo 2³².
type indexEntry struct {
	path                           []byte    // valid until the next entry
	changed, modified              [2]uint32 // seconds, nanoseconds
	mode, inode, user, group, size uint32
	hash                           plumbing.Hash
	assumed, skipped, stage, meant bool // assume-unchanged, skip-worktree, of a merge, intent-to-add
}

// errIndex is for what cannot be read here, such as a split index.
var errIndex = errors.New("the index is not understood")

func readIndex(path string) (*index, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < 12+sha1.Size || string(data[:4]) != "DIRC" {
		return nil, errIndex
	}
	return &index{data, binary.BigEndian.Uint32(data[4:]), int(binary.BigEndian.Uint32(data[8:]))}, nil
}

// each visits the entries in order, until one is not wanted, and gives the
// extensions behind them.
func (x *index) each(visit func(e *indexEntry) bool) (extensions []byte, err error) {
	const fixed = 62 // times, device, number, mode, owner, size, SHA-1, flags
	data := x.data[:len(x.data)-sha1.Size]
	at := 12
	var e indexEntry
	var path []byte
	for range x.entries {
		if at+fixed+2 > len(data) {
			return nil, errIndex
		}
		field := func(i int) uint32 { return binary.BigEndian.Uint32(data[at+4*i:]) }
		e = indexEntry{changed: [2]uint32{field(0), field(1)}, modified: [2]uint32{field(2), field(3)}, inode: field(5), mode: field(6), user: field(7), group: field(8), size: field(9)}
		copy(e.hash[:], data[at+40:])
		flags, name := binary.BigEndian.Uint16(data[at+60:]), at+fixed
		e.assumed, e.stage = flags&0x8000 != 0, flags&0x3000 != 0
		if flags&0x4000 != 0 {
			more := binary.BigEndian.Uint16(data[name:])
			e.skipped, e.meant = more&0x4000 != 0, more&0x2000 != 0
			name += 2
		}
		if x.version == 4 { // the end of the last path is replaced
			drop, n := dropped(data[name:])
			if n == 0 || drop > len(path) {
				return nil, errIndex
			}
			name += n
			path = path[:len(path)-drop]
		} else {
			path = path[:0]
		}
		end := bytes.IndexByte(data[min(name, len(data)):], 0)
		if end < 0 {
			return nil, errIndex
		}
		path = append(path, data[name:name+end]...)
		e.path = path
		if x.version == 4 {
			at = name + end + 1
		} else {
			at += (name + end - at + 8) &^ 7
		}
		if !visit(&e) {
			return nil, nil
		}
	}
	return data[min(at, len(data)):], nil
}

// dropped reads a number of git's variable length, and says how many bytes it has;
// 0: none can be read.
func dropped(data []byte) (value, n int) {
	for i, b := range data[:min(len(data), 5)] {
		if i > 0 {
			value++
		}
		value = value<<7 | int(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}

// mayHide reports whether the index marks a file as assume-unchanged or
// skip-worktree, without asking git: nearly none does. What cannot be read here may.
func mayHide(file string) bool {
	x, err := readIndex(file)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	hides := false
	extensions, err := x.each(func(e *indexEntry) bool {
		hides = e.assumed || e.skipped
		return !hides
	})
	return hides || err != nil || bytes.Contains(extensions, []byte("link"))
}
