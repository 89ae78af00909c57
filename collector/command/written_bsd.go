//go:build darwin || freebsd || netbsd

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
	return time.Unix(int64(s.Ctimespec.Sec), int64(s.Ctimespec.Nsec))
}

// identity is what git notes of a file beside its times and its size; ok is false
// where the system has no such things.
func identity(info fs.FileInfo) (inode uint64, user, group uint32, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, 0, false
	}
	return uint64(s.Ino), s.Uid, s.Gid, true
}
