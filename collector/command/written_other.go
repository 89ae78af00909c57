//go:build !linux && !darwin && !freebsd && !netbsd

package command

import (
	"io/fs"
	"time"
)

// changeTime is when a file's content was changed last, as it says itself.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }

// identity is what git notes of a file beside its times and its size; ok is false
// where the system has no such things.
func identity(info fs.FileInfo) (inode uint64, user, group uint32, ok bool) {
	return 0, 0, 0, false
}
