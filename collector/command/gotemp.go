package command

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// A go that a script starts by its own file, or on a PATH of its own, has no witness
// in front of it. It makes its folder of work in $GOTMPDIR all the same: that of a
// command is a folder of its own, and each witness that starts a go, or a tool that
// does, gives it another one.

// goTemp are those folders of one command.
type goTemp struct {
	dir  string
	made time.Time
}

const (
	goUnseen = "out" // in the folder: where a go works that no witness started
	goSeen   = "own" // where the others do
)

func newGoTemp(env []string) (*goTemp, error) {
	dir, err := os.MkdirTemp(valueOf(env, "GOTMPDIR"), "verdict-go-")
	if err != nil {
		return nil, err
	}
	t := &goTemp{dir: dir}
	for _, name := range []string{"", goSeen, goUnseen} { // another user's go may be started, by sudo
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(name, 0o755), os.Chmod(name, 0o777|os.ModeSticky)); err != nil {
			t.remove()
			return nil, err
		}
	}
	t.made = t.changed()
	return t, nil
}

// environment makes go use the folder.
func (t *goTemp) environment(env []string) []string {
	return append(env, "GOTMPDIR="+filepath.Join(t.dir, goUnseen), envGoTemp+"="+t.dir)
}

// used reports whether a go worked here that no witness started.
func (t *goTemp) used() bool { return !t.changed().Equal(t.made) }

func (t *goTemp) changed() time.Time {
	info, err := os.Stat(filepath.Join(t.dir, goUnseen))
	if err != nil {
		return time.Time{}
	}
	return changeTime(info)
}

func (t *goTemp) remove() { os.RemoveAll(t.dir) }
