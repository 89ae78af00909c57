package gitstore

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// The types of entries in a tree, by the upper bits of their mode.
const (
	modeType   = 0o170000
	modeFolder = 0o040000
	modeLink   = 0o120000
	modeModule = 0o160000
	modeFile   = 0o100000
)

// Change is one file that differs between two trees.
type Change struct {
	Path     string
	Old, New plumbing.Hash // zero: not there
	OldMode  uint32
	NewMode  uint32
}

// Module reports whether either side is a submodule's commit rather than a file.
func (c *Change) Module() bool {
	return c.OldMode&modeType == modeModule || c.NewMode&modeType == modeModule
}

// Diff lists the files that differ between two trees, sorted by path. A zero hash
// is the empty tree.
func (s *Store) Diff(old, new plumbing.Hash) ([]Change, error) {
	return s.DiffNamed(old, new, nil)
}

// DiffNamed is Diff for the files whose name, without folders, fits; nil: all. The
// bytes are only lent.
func (s *Store) DiffNamed(old, new plumbing.Hash, fits func(name []byte) bool) ([]Change, error) {
	d := differ{store: s, fits: fits}
	err := d.trees("", old, new, 0)
	byPath := func(a, b Change) int { return strings.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(d.changes, byPath) {
		slices.SortStableFunc(d.changes, byPath)
	}
	return d.changes, err
}

// Bounds on a comparison: few trees can stand for more files than there are atoms.
const (
	maxDepth   = 2000    // of folders
	maxDiffer  = 1 << 27 // bytes of all paths that differ, with entryBytes for each
	entryBytes = 64
)

type differ struct {
	store   *Store
	fits    func(name []byte) bool
	changes []Change
	bytes   int
}

func (d *differ) trees(prefix string, old, new plumbing.Hash, depth int) error {
	if old == new {
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("tree %s: %w: folders %d deep", new, ErrTooLarge, depth)
	}
	before, err := d.store.tree(old)
	if err != nil {
		return err
	}
	after, err := d.store.tree(new)
	if err != nil {
		return err
	}
	var a, b treeEntry
	moreA, moreB := before.next(&a), after.next(&b)
	for moreA || moreB {
		order := 0
		switch {
		case !moreA:
			order = 1
		case !moreB:
			order = -1
		default:
			order = compareNames(&a, &b)
		}
		var gone, come *treeEntry
		if order <= 0 {
			gone = &a
		}
		if order >= 0 {
			come = &b
		}
		if order != 0 || a.mode != b.mode || !bytes.Equal(a.hash, b.hash) {
			if err := d.entry(prefix, gone, come, depth); err != nil {
				return err
			}
		}
		if order <= 0 {
			moreA = before.next(&a)
		}
		if order >= 0 {
			moreB = after.next(&b)
		}
	}
	if before.broken || after.broken {
		return fmt.Errorf("trees %s and %s: %w", old, new, ErrCorrupt)
	}
	return nil
}

// entry notes what became of one name; nil: not there.
func (d *differ) entry(prefix string, old, new *treeEntry, depth int) error {
	e := old
	if e == nil {
		e = new
	}
	if d.bytes += len(prefix) + len(e.name) + entryBytes; d.bytes > maxDiffer {
		return fmt.Errorf("the changes are %w", ErrTooLarge)
	}
	if e.mode == modeFolder {
		return d.trees(prefix+string(e.name)+"/", hashOrZero(old), hashOrZero(new), depth+1)
	}
	if d.fits != nil && !d.fits(e.name) {
		return nil
	}
	c := Change{Path: prefix + string(e.name), Old: hashOrZero(old), New: hashOrZero(new)}
	if old != nil {
		c.OldMode = old.mode
	}
	if new != nil {
		c.NewMode = new.mode
	}
	d.changes = append(d.changes, c)
	return nil
}

func hashOrZero(e *treeEntry) plumbing.Hash {
	if e == nil {
		return plumbing.ZeroHash
	}
	return plumbing.Hash(e.hash)
}

// tree is the content of a tree that has not been read yet.
type tree struct {
	rest   []byte
	broken bool
}

type treeEntry struct {
	mode uint32
	name []byte
	hash []byte
}

func (s *Store) tree(h plumbing.Hash) (tree, error) {
	if h.IsZero() {
		return tree{}, nil
	}
	kind, data, err := s.object(h)
	if err == nil && kind != plumbing.TreeObject {
		err = fmt.Errorf("object %s: %w: it is a %s", h, ErrNotFound, kind)
	}
	return tree{rest: data}, err
}

// next reads one entry; false at the end, and where the content is broken.
func (t *tree) next(e *treeEntry) bool {
	if len(t.rest) == 0 {
		return false
	}
	space := bytes.IndexByte(t.rest, ' ')
	end := bytes.IndexByte(t.rest, 0)
	if space < 0 || end < space || len(t.rest) < end+1+hashSize {
		t.broken, t.rest = true, nil
		return false
	}
	mode := uint32(0)
	for _, c := range t.rest[:space] {
		mode = mode<<3 | uint32(c-'0')&7
	}
	e.mode = canonicalMode(mode)
	e.name = t.rest[space+1 : end]
	e.hash = t.rest[end+1 : end+1+hashSize]
	t.rest = t.rest[end+1+hashSize:]
	return true
}

// canonicalMode is a mode as git takes it: old repositories have others.
func canonicalMode(mode uint32) uint32 {
	switch mode & modeType {
	case modeFile:
		if mode&0o100 != 0 {
			return modeFile | 0o755
		}
		return modeFile | 0o644
	case modeLink, modeFolder:
		return mode & modeType
	}
	return modeModule
}

// compareNames orders entries as trees are sorted: a folder's name ends in "/".
func compareNames(a, b *treeEntry) int {
	n := min(len(a.name), len(b.name))
	if c := bytes.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return int(a.at(n)) - int(b.at(n))
}

func (e *treeEntry) at(i int) byte {
	switch {
	case i < len(e.name):
		return e.name[i]
	case e.mode == modeFolder:
		return '/'
	}
	return 0
}

// File finds a file in a commit's tree. The error is fs.ErrNotExist where it is not
// there.
func (s *Store) File(commit plumbing.Hash, path string) (plumbing.Hash, error) {
	c, err := s.Commit(commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	h, _, err := s.Entry(c.Tree, path)
	if err == nil && h.IsZero() {
		err = fmt.Errorf("%s in %s: %w", path, commit, fs.ErrNotExist)
	}
	return h, err
}

// Entry finds a file or folder in a tree; a zero hash: it is not there.
func (s *Store) Entry(root plumbing.Hash, path string) (h plumbing.Hash, mode uint32, err error) {
	h, mode = root, modeFolder
	for name := range strings.SplitSeq(path, "/") {
		if mode != modeFolder {
			return plumbing.ZeroHash, 0, nil
		}
		at := h
		t, err := s.folder(at)
		if err != nil {
			return plumbing.ZeroHash, 0, err
		}
		h, mode = plumbing.ZeroHash, 0
		for e := (treeEntry{}); h.IsZero() && t.next(&e); {
			if string(e.name) == name {
				h, mode = plumbing.Hash(e.hash), e.mode
			}
		}
		if t.broken {
			return plumbing.ZeroHash, 0, fmt.Errorf("tree %s: %w", at, ErrCorrupt)
		}
	}
	return h, mode, nil
}

// maxFolders is how many bytes of folders are kept that paths were looked up in.
const maxFolders = 16 << 20

// folder is tree for one that is likely wanted again.
func (s *Store) folder(h plumbing.Hash) (tree, error) {
	t, ok := s.folders[h]
	if ok {
		return t, nil
	}
	t, err := s.tree(h)
	if err != nil {
		return t, err
	}
	if s.folderBytes += len(t.rest); s.folders == nil || s.folderBytes > maxFolders {
		s.folders, s.folderBytes = map[plumbing.Hash]tree{}, len(t.rest)
	}
	s.folders[h] = t
	return t, nil
}
