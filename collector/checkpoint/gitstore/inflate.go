package gitstore

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// inflater inflates zlib streams whose size is known. Objects are small, and most
// of the time that a general inflater takes for one goes into its window and
// tables; this one writes into the result, with small tables. Its work is checked
// by the hash of every object.
type inflater struct {
	in      []byte
	at      int    // of the next byte of in
	bits    uint64 // read and not used yet, the next one lowest
	n       uint   // how many
	literal huffman
	offset  huffman
	fixed   bool   // the tables are those of fixed blocks
	delta   []byte // used again for each delta
	lengths [288 + 32]uint8
}

var (
	errZlib    = errors.New("no zlib stream")
	errDeflate = errors.New("broken deflate stream")
)

// read inflates the first size bytes of a zlib stream, into a slice where that is
// large enough. Its checksum is not looked at.
func (z *inflater) read(deflated []byte, size int, into []byte) ([]byte, error) {
	if len(deflated) < 2 || deflated[0]&15 != 8 || deflated[1]&0x20 != 0 || (int(deflated[0])<<8|int(deflated[1]))%31 != 0 {
		return nil, errZlib
	}
	out := into[:0:min(cap(into), size)]
	if cap(into) < size {
		out = make([]byte, 0, size)
	}
	z.in, z.at, z.bits, z.n = deflated, 2, 0, 0
	for len(out) < size {
		z.fill()
		last := z.take(1)
		var err error
		switch z.take(2) {
		case 0:
			out, err = z.stored(out)
		case 1:
			z.fixedTables()
			out, err = z.block(out)
		case 2:
			if err = z.tables(); err == nil {
				out, err = z.block(out)
			}
		default:
			err = errDeflate
		}
		beyond := z.at-int(z.n>>3) > len(z.in)
		if err != nil || beyond || last == 1 && len(out) < size {
			return slowly(deflated, size) // it tells what is wrong
		}
	}
	return out, nil
}

// slowly inflates with the standard library.
func slowly(deflated []byte, size int) ([]byte, error) {
	out := make([]byte, size)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(deflated[2:])), out); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	return out, nil
}

// fill reads until at least 48 bits are there, which is more than a symbol with
// its distance needs. Beyond the end there are zeros.
func (z *inflater) fill() {
	if z.at+8 <= len(z.in) {
		z.bits |= binary.LittleEndian.Uint64(z.in[z.at:]) << z.n
		z.at += int((63 - z.n) >> 3)
		z.n |= 56
		return
	}
	for z.n <= 56 {
		if z.at < len(z.in) {
			z.bits |= uint64(z.in[z.at]) << z.n
		}
		z.at++
		z.n += 8
	}
}

// take uses bits up.
func (z *inflater) take(n uint) uint {
	v := uint(z.bits & (1<<n - 1))
	z.bits >>= n
	z.n -= n
	return v
}

// stored copies a block that is not compressed.
func (z *inflater) stored(out []byte) ([]byte, error) {
	at := z.at - int(z.n>>3) // bits that were read and not used
	if at+4 > len(z.in) {
		return out, errDeflate
	}
	n := int(binary.LittleEndian.Uint16(z.in[at:]))
	if n^0xffff != int(binary.LittleEndian.Uint16(z.in[at+2:])) || at+4+n > len(z.in) {
		return out, errDeflate
	}
	z.bits, z.n, z.at = 0, 0, at+4+n
	return append(out, z.in[at+4:at+4+min(n, cap(out)-len(out))]...), nil
}

const fastBits = 9

// huffman decodes one alphabet.
type huffman struct {
	fast    [1 << fastBits]uint16 // by the next bits: the symbol << 4, and how many bits it has; 0: more than it holds
	mask    uint64                // of the bits that count in it
	count   [16]uint16            // codes of each length
	symbols [288]uint16           // in the order of their codes
}

// build makes the tables from the length of each symbol's code.
func (h *huffman) build(lengths []uint8) error {
	clear(h.count[:])
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	var code, at [16]uint16
	left, size := 1, 1
	for n := 1; n < 16; n++ {
		if h.count[n] > 0 && n <= fastBits {
			size = 1 << n
		} else if h.count[n] > 0 {
			size = 1 << fastBits
		}
		if left = left<<1 - int(h.count[n]); left < 0 {
			return errDeflate
		}
		code[n] = (code[n-1] + h.count[n-1]) << 1
		at[n] = at[n-1] + h.count[n-1]
	}
	if codes := int(at[15] + h.count[15]); left > 0 && codes > 0 && (codes > 1 || h.count[1] == 0) {
		return errDeflate // some bits would mean nothing; one code may stand alone
	}
	fast := h.fast[:size]
	h.mask = uint64(size - 1)
	clear(fast)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[at[n]] = uint16(symbol)
		at[n]++
		if n <= fastBits {
			entry := uint16(symbol)<<4 | uint16(n)
			for i := int(bits.Reverse16(code[n]) >> (16 - n)); i < len(fast); i += 1 << n {
				fast[i] = entry
			}
		}
		code[n]++
	}
	return nil
}

// slow decodes a symbol bit by bit, for codes that the fast table does not hold.
func (z *inflater) slow(h *huffman) (int, bool) {
	code, first, index := 0, 0, 0
	for n := uint(1); n < 16; n++ {
		code |= int(z.bits >> (n - 1) & 1)
		count := int(h.count[n])
		if code-count < first {
			z.take(n)
			return int(h.symbols[index+code-first]), true
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, false
}

// fixedTables are those of blocks that bring none.
func (z *inflater) fixedTables() {
	if z.fixed {
		return
	}
	l := z.lengths[:288]
	for i := range l {
		switch {
		case i < 144 || i >= 280:
			l[i] = 8
		case i < 256:
			l[i] = 9
		default:
			l[i] = 7
		}
	}
	_ = z.literal.build(l) // they are complete
	for i := range 32 {    // the last two stand for nothing
		l[i] = 5
	}
	_ = z.offset.build(l[:32])
	z.fixed = true
}

// codeOrder is the order in which the lengths of the code for lengths stand.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// tables reads the tables that a block brings.
func (z *inflater) tables() error {
	z.fixed = false
	z.fill()
	literals, offsets, codes := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if literals > 286 {
		return errDeflate
	}
	var order [19]uint8
	for i := range codes {
		z.fill()
		order[codeOrder[i]] = uint8(z.take(3))
	}
	if err := z.offset.build(order[:]); err != nil {
		return err
	}
	l := z.lengths[:literals+offsets]
	for i := 0; i < len(l); {
		z.fill()
		symbol, ok := z.symbol(&z.offset)
		if !ok {
			return errDeflate
		}
		if symbol < 16 {
			l[i] = uint8(symbol)
			i++
			continue
		}
		repeat, value := 0, uint8(0)
		switch symbol {
		case 16:
			if i == 0 {
				return errDeflate
			}
			repeat, value = 3+int(z.take(2)), l[i-1]
		case 17:
			repeat = 3 + int(z.take(3))
		default:
			repeat = 11 + int(z.take(7))
		}
		if i+repeat > len(l) {
			return errDeflate
		}
		for end := i + repeat; i < end; i++ {
			l[i] = value
		}
	}
	if err := z.literal.build(l[:literals]); err != nil {
		return err
	}
	return z.offset.build(l[literals:])
}

func (z *inflater) symbol(h *huffman) (int, bool) {
	if e := h.fast[z.bits&h.mask&(1<<fastBits-1)]; e != 0 {
		z.take(uint(e & 15))
		return int(e >> 4), true
	}
	return z.slow(h)
}

// What symbols from 257 on stand for: lengths, and the bits that follow them; and
// the same for distances.
var (
	lengthBase   = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra  = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distantBase  = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distantExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// block inflates one block, as far as there is room.
func (z *inflater) block(out []byte) ([]byte, error) {
	literal := &z.literal
	for len(out) < cap(out) {
		z.fill()
		b, n := z.bits, z.n
		for n > 40 && len(out) < cap(out) { // letters, as long as a whole symbol's bits are left
			e := literal.fast[b&literal.mask&(1<<fastBits-1)]
			if e == 0 || e >= 256<<4 {
				break
			}
			out = append(out, byte(e>>4))
			b >>= e & 15
			n -= uint(e & 15)
		}
		if z.bits, z.n = b, n; len(out) == cap(out) || n < 48 {
			continue
		}
		symbol, ok := z.symbol(literal)
		switch {
		case !ok || symbol > 256+len(lengthBase):
			return out, errDeflate
		case symbol == 256:
			return out, nil
		case symbol < 256:
			out = append(out, byte(symbol))
		default:
			var err error
			if out, err = z.match(out, symbol-257); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// match repeats what a length and the distance behind it say.
func (z *inflater) match(out []byte, symbol int) ([]byte, error) {
	length := int(lengthBase[symbol]) + int(z.take(uint(lengthExtra[symbol])))
	symbol, ok := z.symbol(&z.offset)
	if !ok || symbol >= len(distantBase) {
		return out, errDeflate
	}
	from := len(out) - int(distantBase[symbol]) - int(z.take(uint(distantExtra[symbol])))
	if from < 0 {
		return out, errDeflate
	}
	length = min(length, cap(out)-len(out))
	if from+length <= len(out) {
		return append(out, out[from:from+length]...), nil
	}
	for i := range length {
		out = append(out, out[from+i])
	}
	return out, nil
}
