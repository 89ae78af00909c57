package checkpoint

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// Limits of the work trees that are looked at here: git looks at each file in half the
// time, so that from some number on it has earned its start, and at content as fast.
const (
	maxUntouched = 2_000   // files
	maxRacy      = 4 << 20 // bytes
)

// untouched reports whether a work tree holds just the files of a commit's tree, all by
// what the index says, and beside them nothing but ignore's paths and what .gitignore
// files plainly name, which it lists as git does, folders with a "/" at their end: then
// git, which costs a process, could find nothing else. A file counts as it was when every single
// thing that git has noted of it fits, or when its content has the hash. Whatever
// does not fit, or is not understood, is for git to say: nothing follows from false.
func untouched(root, indexFile string, tree plumbing.Hash, ignore []string) (byGit []string, ok bool) {
	written, err := os.Stat(indexFile)
	if err != nil {
		return nil, false
	}
	x, err := readIndex(indexFile)
	if err != nil || x.entries > maxUntouched {
		return nil, false
	}
	entries := make([]indexEntry, 0, x.entries)
	extensions, err := x.each(func(e *indexEntry) bool {
		plain := e.mode == 0o100644 || e.mode == 0o100755 || e.mode == 0o120000
		if !plain || e.assumed || e.skipped || e.stage || e.meant {
			return false
		}
		entries = append(entries, *e)
		entries[len(entries)-1].path = bytes.Clone(e.path)
		return true
	})
	if err != nil || len(entries) != x.entries || !ofTree(extensions, tree, x.entries) {
		return nil, false
	}
	files, byGit, ok := onlyThese(root, entries, ignore)
	if !ok {
		return nil, false
	}
	racy := 0
	for i := range entries {
		if e := &entries[i]; !ignored(string(e.path), ignore) && !e.fits(root, files[i], written, &racy) {
			return nil, false
		}
	}
	return byGit, true
}

// ofTree reports whether the index's own note of the trees says that all its entries
// make up this one.
func ofTree(extensions []byte, tree plumbing.Hash, entries int) bool {
	fits := false
	for len(extensions) >= 8 {
		name, size := string(extensions[:4]), binary.BigEndian.Uint32(extensions[4:])
		if name[0] >= 'a' || int64(size) > int64(len(extensions)-8) {
			return false // who does not know it cannot read the index
		}
		if name == "TREE" {
			head := fmt.Appendf(nil, "\x00%d ", entries)
			_, hash, ok := bytes.Cut(extensions[8:8+size], []byte("\n"))
			fits = ok && bytes.HasPrefix(extensions[8:], head) && bytes.HasPrefix(hash, tree[:])
		}
		extensions = extensions[8+size:]
	}
	return fits
}

// onlyThese finds the entries' files in a work tree, and what git ignores there; ok is
// false where there is anything else, or too little.
func onlyThese(root string, entries []indexEntry, ignore []string) (files []fs.DirEntry, byGit []string, ok bool) {
	find := func(name string) (int, bool) {
		return slices.BinarySearchFunc(entries, name, func(e indexEntry, name string) int { return bytes.Compare(e.path, []byte(name)) })
	}
	patterns := ignoring{root, map[string][]ignoreRule{}}
	files = make([]fs.DirEntry, len(entries))
	found := 0
	for dirs := []string{""}; len(dirs) > 0; dirs = dirs[1:] {
		list, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dirs[0])))
		if err != nil {
			return nil, nil, false
		}
		for _, f := range list {
			name, isDir := path.Join(dirs[0], f.Name()), f.IsDir()
			shown := name
			if isDir {
				shown += "/"
			}
			at, tracked := find(shown)
			switch {
			case tracked:
				files[at] = f
				found++
			case isDir && at < len(entries) && bytes.HasPrefix(entries[at].path, []byte(shown)):
				dirs = append(dirs, name)
			case name == ".git", ignored(shown, ignore):
			case patterns.says(name, isDir):
				byGit = append(byGit, shown)
			default:
				return nil, nil, false
			}
		}
	}
	slices.Sort(byGit)
	return files, byGit, found == len(entries)
}

// fits reports whether a file is as the index says. racy counts the bytes that were
// read, because the file is as new as the index.
func (e *indexEntry) fits(root string, file fs.DirEntry, written fs.FileInfo, racy *int) bool {
	info, err := file.Info()
	if err != nil {
		return false
	}
	link := info.Mode().Type() == fs.ModeSymlink
	if !link && !info.Mode().IsRegular() || link != (e.mode == 0o120000) || !link && (info.Mode()&0o100 != 0) != (e.mode == 0o100755) {
		return false
	}
	changed, inode, user, group, ok := noted(info)
	at := info.ModTime()
	same := ok && e.size == uint32(info.Size()) && e.inode == uint32(inode) && e.user == user && e.group == group &&
		e.modified == [2]uint32{uint32(at.Unix()), uint32(at.Nanosecond())} && e.changed == [2]uint32{uint32(changed.Unix()), uint32(changed.Nanosecond())}
	if same && at.Unix() < written.ModTime().Unix() && e.size > 0 {
		return true
	}
	// Whoever was quick enough may have written it again since git looked.
	if *racy += int(info.Size()); *racy > maxRacy || !ok {
		return false
	}
	name := filepath.Join(root, filepath.FromSlash(string(e.path)))
	var content []byte
	if link {
		var target string
		target, err = os.Readlink(name)
		content = []byte(target)
	} else {
		content, err = os.ReadFile(name)
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", len(content))
	sum.Write(content)
	return err == nil && bytes.Equal(sum.Sum(nil), e.hash[:])
}
