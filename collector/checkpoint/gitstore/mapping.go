package gitstore

import (
	"fmt"
	"os"
)

// mapping is a file mapped into memory, which keeps the memory that it takes
// bounded: what has been read is given back when it becomes much.
type mapping struct {
	data    []byte
	touched []bool // blocks that were read
	count   int    // of them
	most    int    // that may be kept
}

const (
	blockSize = 64 << 10 // what the system maps around a byte that is read
	keepIndex = 24 << 20
	keepPack  = 14 << 20
)

// mapFile maps a file; of what is read, at most so many bytes are kept.
func mapFile(path string, keep int) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := int(info.Size())
	if size == 0 {
		return nil, fmt.Errorf("map %s: %w: it is empty", path, ErrCorrupt)
	}
	data, err := mapBytes(f, size)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return &mapping{data: data, touched: make([]bool, size/blockSize+1), most: keep / blockSize}, nil
}

// touch notes that bytes around an offset are about to be read.
func (m *mapping) touch(offset int) {
	block := offset / blockSize
	if m.touched[block] {
		return
	}
	if m.count++; m.count > m.most {
		forgetBytes(m.data)
		clear(m.touched)
		m.count = 1
	}
	m.touched[block] = true
}

func (m *mapping) close() error {
	if m == nil || m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	return unmapBytes(data)
}
