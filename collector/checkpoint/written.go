package checkpoint

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
)

// Written lists the tracked files below a folder that were written at a time or
// later, whatever their content is now: at most [evidence.MaxChanges], in git's
// order. What puts a file back cannot put back the time at which its state changed.
// It is empty where there is no git, or no such time.
func Written(ctx context.Context, root string, since time.Time, ignore []string) []string {
	out, err := git(ctx, root, "ls-files", "-z").Output()
	if err != nil {
		return nil
	}
	var written []string
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !info.Mode().IsRegular() || ignored(name, ignore) || len(written) == evidence.MaxChanges {
			continue
		}
		if at := changeTime(info); !at.IsZero() && !at.Before(since) {
			written = append(written, strings.ToValidUTF8(name, "\ufffd"))
		}
	}
	return written
}
