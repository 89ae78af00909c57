package command

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

// What a line changes before a check and puts back after it is as the commit has it
// in the end. So the witness looks when the check starts: which tracked files were
// written since the line began, and what was in them then.

// clockStep is how far the time of a file may lie behind the clock.
const clockStep = 4 * time.Millisecond

// written is a file of the work tree as it was at a moment.
type written struct {
	Path  string `json:"path"`          // relative to the root, forward slashes
	State string `json:"state"`         // of its content; empty: it was not there
	New   bool   `json:"new,omitempty"` // a source that is not tracked
}

// Written lists those of some files below a folder that were written at a time or
// later, whatever their content is now: at most [evidence.MaxChanges]. What puts a
// file back cannot put back the time at which its state changed.
func Written(root string, files []string, since time.Time) []string {
	var found []string
	since = since.Add(-clockStep)
	for _, name := range files {
		info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || info.IsDir() || len(found) == evidence.MaxChanges {
			continue
		}
		if at := changeTime(info); !at.IsZero() && !at.Before(since) {
			found = append(found, name)
		}
	}
	return found
}

// lost lists those of some files below a folder that are not there.
func lost(root string, files []string) []string {
	var found []string
	for _, name := range files {
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name))); err != nil && len(found) < evidence.MaxChanges {
			found = append(found, name)
		}
	}
	return found
}

// state tells one content of a file from another; empty where there is none.
func state(name string) string {
	info, err := os.Lstat(name)
	if err != nil {
		return ""
	}
	sum := sha256.New()
	if info.Mode().Type() == fs.ModeSymlink {
		to, _ := os.Readlink(name)
		io.WriteString(sum, to)
	} else if f, err := os.Open(name); err == nil {
		io.Copy(sum, f)
		f.Close()
	}
	return info.Mode().Type().String() + strconv.FormatBool(info.Mode()&0o100 != 0) + hex.EncodeToString(sum.Sum(nil))
}

// looks returns the tracked files that are not as they were when the line began, as
// they are now. It is empty where nothing in the line can have written before.
func (w *witness) looks() []written {
	list, since, _ := strings.Cut(os.Getenv(envTracked), "@")
	nanos, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(list)
	if err != nil {
		return nil
	}
	root, files := os.Getenv(envRoot), strings.Split(string(text), "\x00")
	var out []written
	for _, name := range append(Written(root, files, time.Unix(0, nanos)), lost(root, files)...) {
		out = append(out, written{Path: name, State: state(filepath.Join(root, filepath.FromSlash(name)))})
	}
	for _, name := range added(root, files, time.Unix(0, nanos)) {
		out = append(out, written{Path: name, New: true})
	}
	return out
}

// added lists Go sources that are beside tracked files and not tracked themselves,
// that came at a time or later, and that do not say that they are generated.
func added(root string, files []string, since time.Time) []string {
	var found []string
	tracked, dirs := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		tracked[name], dirs[path.Dir(name)] = true, true
	}
	for dir := range dirs {
		folder := filepath.Join(root, filepath.FromSlash(dir))
		info, err := os.Stat(folder)
		if err != nil || changeTime(info).Before(since.Add(-clockStep)) {
			continue
		}
		entries, _ := os.ReadDir(folder)
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if path.Ext(name) != ".go" || tracked[name] || len(Written(root, []string{name}, since)) == 0 || len(found) == evidence.MaxChanges {
				continue
			}
			if src, err := os.ReadFile(filepath.Join(folder, e.Name())); err == nil && !generated.Match(src) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return found
}

var generated = lazyregexp.New(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// gone lists those new sources that are not there any more.
func gone(root string, was []written) []string {
	var found []string
	for _, f := range was {
		if _, err := os.Lstat(filepath.Join(root, filepath.FromSlash(f.Path))); f.New && err != nil {
			found = append(found, strings.ToValidUTF8(f.Path, "\ufffd"))
		}
	}
	return found
}

// others lists those files that are not now what they were.
func others(root string, was []written) []string {
	var found []string
	for _, f := range was {
		if !f.New && state(filepath.Join(root, filepath.FromSlash(f.Path))) != f.State {
			found = append(found, strings.ToValidUTF8(f.Path, "\ufffd"))
		}
	}
	return found
}
