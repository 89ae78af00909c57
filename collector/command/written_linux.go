package command

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when a file's content or attributes were changed last.
func changeTime(info fs.FileInfo) time.Time {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(s.Ctim.Sec), int64(s.Ctim.Nsec))
}
