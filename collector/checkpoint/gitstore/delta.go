package gitstore

import (
	"encoding/binary"
	"fmt"
)

// deltaTarget is the size of what a delta makes: the second of the two numbers
// that it begins with; −1 where it has none.
func deltaTarget(delta []byte) int {
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return -1
	}
	size, m := binary.Uvarint(delta[n:])
	if m <= 0 || size > 1<<40 {
		return -1
	}
	return int(size)
}

var errDelta = fmt.Errorf("%w: it does not fit", ErrCorrupt)

// patch makes the object that a delta makes of another, in a slice of the right size.
// A test compares it with go-git's.
func patch(base, delta []byte) ([]byte, error) {
	size := deltaTarget(delta)
	if size < 0 || size > maxObject {
		return nil, fmt.Errorf("%w: it makes %d bytes", ErrTooLarge, size)
	}
	from, n := binary.Uvarint(delta)
	_, m := binary.Uvarint(delta[n:])
	if from != uint64(len(base)) {
		return nil, errDelta
	}
	out := make([]byte, 0, size)
	for delta = delta[n+m:]; len(delta) > 0; {
		op := delta[0]
		delta = delta[1:]
		if op&0x80 == 0 { // bytes that follow
			count := int(op)
			if count == 0 || count > len(delta) || len(out)+count > size {
				return nil, errDelta
			}
			out, delta = append(out, delta[:count]...), delta[count:]
			continue
		}
		var number [7]int // of the place in the base, 4 bytes, and of how many, 3
		for i := range number {
			if op>>i&1 != 0 {
				if len(delta) == 0 {
					return nil, errDelta
				}
				number[i], delta = int(delta[0]), delta[1:]
			}
		}
		at := number[0] | number[1]<<8 | number[2]<<16 | number[3]<<24
		count := number[4] | number[5]<<8 | number[6]<<16
		if count == 0 {
			count = 0x10000
		}
		if at+count > len(base) || len(out)+count > size {
			return nil, errDelta
		}
		out = append(out, base[at:at+count]...)
	}
	if len(out) != size {
		return nil, errDelta
	}
	return out, nil
}
