//go:build unix

package gitstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapBytes maps the first size bytes of a file into memory, to be read only.
func mapBytes(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmapBytes(data []byte) error { return unix.Munmap(data) }

// forgetBytes gives the memory of a mapping back; what is read again comes from
// the file.
func forgetBytes(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) } // only advice
