package gitstore

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInflate compares with what was deflated, at every level and with every kind
// of content, whole and in part.
func TestInflate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	contents := map[string][]byte{"nothing": {}, "one": []byte("a"), "run": bytes.Repeat([]byte("a"), 70_000)}
	noise, letters, words := make([]byte, 100_000), make([]byte, 5_000), []byte{}
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for i := range letters {
		letters[i] = "etaoinshrdlu\n \x00\xff"[random.IntN(16)]
	}
	for i := range 9_000 {
		words = fmt.Appendf(words, "word%d of %x\n", random.IntN(30), i*i)
	}
	contents["noise"], contents["letters"], contents["words"] = noise, letters, words
	var z inflater
	for name, content := range contents {
		for level := zlib.HuffmanOnly; level <= zlib.BestCompression; level++ {
			var b bytes.Buffer
			w, err := zlib.NewWriterLevel(&b, level)
			require.NoError(t, err)
			w.Write(content)
			w.Close()
			for _, tail := range []int{0, 20} {
				deflated := append(b.Bytes(), make([]byte, tail)...)
				for _, size := range []int{len(content), len(content) / 2, min(20, len(content))} {
					got, err := z.read(deflated, size, nil)
					require.NoError(t, err, "%s, level %d", name, level)
					require.True(t, bytes.Equal(content[:size], got), "%s, level %d, %d bytes", name, level, size)
				}
			}
			_, err = z.read(b.Bytes(), len(content)+1, nil)
			assert.Error(t, err, "%s, level %d: more than there is", name, level)
			_, err = z.read(b.Bytes()[:b.Len()/2], len(content), nil)
			if len(content) > 1 {
				assert.Error(t, err, "%s, level %d: half of the stream", name, level)
			}
		}
	}
}

// FuzzInflate: the result is what the standard library gives. Some streams that
// that one refuses are taken; the hash of what comes out is checked anyway.
func FuzzInflate(f *testing.F) {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	fmt.Fprint(w, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Ada <a@example.com> 1 +0000\n")
	w.Close()
	f.Add(b.Bytes(), uint16(40))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		var z inflater
		got, err := z.read(data, int(size), nil)
		if size == 0 || len(data) < 2 {
			return
		}
		want, wrong := slowly(data, int(size))
		if err == nil && wrong == nil {
			assert.Equal(t, want, got)
		}
		if wrong == nil && data[0] == 0x78 && data[1] == 0x9c {
			assert.NoError(t, err)
		}
	})
}
