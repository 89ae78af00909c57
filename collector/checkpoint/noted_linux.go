package checkpoint

import (
	"io/fs"
	"syscall"
	"time"
)

// noted is what git's index notes of a file beside its mode, its size and the time of
// its content: the time of its last change of any kind, its number and its owner. ok is
// false where the system has no such things.
func noted(info fs.FileInfo) (changed time.Time, inode uint64, user, group uint32, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, 0, 0, 0, false
	}
	return time.Unix(int64(s.Ctim.Sec), int64(s.Ctim.Nsec)), uint64(s.Ino), s.Uid, s.Gid, true
}
