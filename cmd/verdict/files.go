package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Sizes of what verdict reads at once. A tracker of 5,000 packets has 10 MB.
const (
	maxTracker = 32 << 20
	maxPolicy  = 4 << 20
)

// readInput reads a file that a person names. What is no regular file might never
// end (a pipe, a device), and a very large one is hardly what was meant.
func readInput(what, path, shown string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, badInput("make its folder searchable for the user that runs verdict: chmod u+x", "read %s: %w", shown, rootCause(err))
	case err != nil:
		return nil, badInput("name "+what+" that exists", "read %s: %w", shown, rootCause(err))
	case info.IsDir():
		return nil, badInput("name the file in it", "read %s: it is a folder, not "+what, shown)
	case !info.Mode().IsRegular():
		return nil, badInput("name a file on a disk; write what comes through a pipe to one first", "read %s: it is %s, not a regular file", shown, kindOf(info.Mode()))
	case info.Size() > most:
		return nil, badInput("name "+what+"; one of many packets can be split into several files, which 'trackers:' in the policy lists", "read %s: %d MB, and verdict reads at most %d MB", shown, info.Size()>>20, most>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, badInput("make the file readable for the user that runs verdict: chmod u+r", "read %s: %w", shown, rootCause(err))
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(src)) > most {
		err = fmt.Errorf("more than %d MB", most>>20)
	}
	if err != nil {
		return nil, badInput("", "read %s: %w", shown, rootCause(err))
	}
	return src, nil
}

// rootCause is what the system said, without the path that the message has.
func rootCause(err error) error {
	if pathError, ok := err.(*os.PathError); ok {
		return pathError.Err
	}
	return err
}

func kindOf(mode os.FileMode) string {
	switch {
	case mode&os.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&os.ModeSocket != 0:
		return "a socket"
	case mode&os.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// checkOutput says before any work is done that a report could not be written there.
// The folder of runs is made by the run itself.
func checkOutput(path string) error {
	if path == "" || path == "-" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return badInput("name a file in it", "write %s: it is a folder", path)
	}
	folder := dirOf(path)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) && filepath.Base(folder) != ".verdict" {
		return badInput("make the folder first", "write %s: there is no folder %s", path, folder)
	}
	return nil
}
