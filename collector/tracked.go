package collector

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/command"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/plan"
)

// tracked are the tracked files of each folder that commands run in, as they were
// when the first one that may write began.
type tracked struct {
	mu    sync.Mutex
	files map[string][]string
	lists map[string]string // the same, in a file for the witness
}

// trackedIn lists a folder's tracked files, but for those that never make it differ
// from the commit, and a file that holds the list.
func (r *run) trackedIn(ctx context.Context, where string) (files []string, list string) {
	t := &r.tracked
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files, t.lists = map[string][]string{}, map[string]string{}
	}
	if _, known := t.files[where]; !known {
		files := checkpoint.Tracked(context.WithoutCancel(ctx), where, r.ignored())
		list := filepath.Join(r.Dir, "witness", "tracked-"+strconv.Itoa(len(t.lists)))
		if len(files) == 0 || os.MkdirAll(filepath.Dir(list), 0o755) != nil || os.WriteFile(list, []byte(strings.Join(files, "\x00")), 0o644) != nil {
			list = ""
		}
		t.files[where], t.lists[where] = files, list
	}
	return t.files[where], t.lists[where]
}

// trackedList is the list for a command whose checks have to say whether they found
// files changed: something in its line may write before them, and nothing runs
// beside it. Empty: none have to.
func (r *run) trackedList(ctx context.Context, c *plan.Command, where string) string {
	if c.Lane != "" || !c.Shape.MayWrite() {
		return ""
	}
	_, list := r.trackedIn(ctx, where)
	return list
}

// beside finds a command that a text leaves running while it goes on.
var beside = lazyregexp.New(`(?:^|[^&<>|\\])&(?:[^&>]|$)|\b(?:coproc|setsid|nohup|parallel)\b`)

// rewritten are the tracked files that a command wrote after a check inside it had
// ended, and that are as they were all the same. Each check said how it found them
// when it began (see evidence.Step.Saw); what stays unknown is whether something ran
// beside it and changed them meanwhile. A check's own writes come before its end.
func (r *run) rewritten(ctx context.Context, c *plan.Command, e *evidence.Command) []string {
	var end time.Time
	for _, s := range e.Steps {
		if at := s.Started.Add(time.Duration(s.DurationMS) * time.Millisecond); s.Probative && !s.Started.IsZero() && (end.IsZero() || at.Before(end)) {
			end = at
		}
	}
	looked := e.Watched && c.Lane == "" && !beside.MatchString(c.Run) && !slices.ContainsFunc(c.Shape.Steps, func(s plan.Step) bool { return s.Opaque })
	if end.IsZero() || !c.Shape.MayWrite() || looked {
		return nil
	}
	files, _ := r.trackedIn(ctx, r.where)
	return slices.DeleteFunc(command.Written(r.where, files, end), func(name string) bool {
		return slices.ContainsFunc(e.TreeChanges, func(f evidence.FileChange) bool { return f.Path == name }) ||
			slices.ContainsFunc(e.Steps, func(s evidence.Step) bool { return slices.Contains(s.Saw, name) })
	})
}
