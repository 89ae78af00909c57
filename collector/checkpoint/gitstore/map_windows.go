package gitstore

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapBytes maps the first size bytes of a file into memory, to be read only.
func mapBytes(f *os.File, size int) ([]byte, error) {
	h, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateFileMapping", err)
	}
	defer windows.CloseHandle(h)
	at, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, os.NewSyscallError("MapViewOfFile", err)
	}
	var start unsafe.Pointer
	*(*uintptr)(unsafe.Pointer(&start)) = at
	return unsafe.Slice((*byte)(start), size), nil
}

func unmapBytes(data []byte) error {
	return windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
}

// forgetBytes gives the memory of a mapping back; here the system does so itself.
func forgetBytes([]byte) {}
