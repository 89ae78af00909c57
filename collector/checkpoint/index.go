package checkpoint

import (
	"bytes"
	"encoding/binary"
	"os"
)

// mayHide reports whether the index marks a file as assume-unchanged or
// skip-worktree, without asking git: nearly none does. What cannot be read here,
// such as a split index, may.
func mayHide(index string) bool {
	data, err := os.ReadFile(index)
	if err != nil || len(data) < 12 || string(data[:4]) != "DIRC" {
		return err == nil
	}
	version, entries := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	at := 12
	for range entries {
		const fixed = 62 // times, mode, owner, size, SHA-1, flags
		if at+fixed+2 > len(data) {
			return true
		}
		flags, name := binary.BigEndian.Uint16(data[at+60:]), at+fixed
		if flags&0x4000 != 0 { // more flags
			if binary.BigEndian.Uint16(data[name:])&0x4000 != 0 {
				return true
			}
			name += 2
		}
		if flags&0x8000 != 0 {
			return true
		}
		if version == 4 {
			for name < len(data) && data[name]&0x80 != 0 {
				name++
			}
			name++
		}
		end := bytes.IndexByte(data[min(name, len(data)):], 0)
		if end < 0 {
			return true
		}
		if version == 4 {
			at = name + end + 1
		} else {
			at += (name + end - at + 8) &^ 7
		}
	}
	return bytes.Contains(data[min(at, len(data)):], []byte("link"))
}
