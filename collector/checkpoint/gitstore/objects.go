package gitstore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Commit is a commit as far as its place in history goes.
type Commit struct {
	Hash      plumbing.Hash
	Tree      plumbing.Hash
	Parents   []plumbing.Hash // none where a shallow clone ends
	Cut       bool            // a shallow clone ends here: it has parents that are not there
	Committed time.Time
	Authored  time.Time
	Author    string
	Message   string
	Object    *object.Commit
}

// Subject is the first line of the message.
func (c *Commit) Subject() string {
	line, _, _ := strings.Cut(strings.TrimLeft(c.Message, "\r\n"), "\n")
	return strings.ToValidUTF8(strings.TrimSpace(line), "\ufffd")
}

// Commit reads a commit and checks its hash. The errors are ErrNotFound,
// ErrCorrupt or of the file system.
func (s *Store) Commit(h plumbing.Hash) (*Commit, error) {
	if c, ok := s.commits[h]; ok {
		return c, nil
	}
	c, err := readObject(h, func() (*object.Commit, error) { return object.GetCommit(s.storage, h) })
	if err != nil {
		return nil, err
	}
	if c.Hash != h {
		return nil, fmt.Errorf("commit %s: %w: its content has hash %s", h, ErrCorrupt, c.Hash)
	}
	out := &Commit{Hash: h, Tree: c.TreeHash, Parents: c.ParentHashes, Committed: c.Committer.When, Authored: c.Author.When, Author: c.Author.Name, Message: c.Message, Object: c}
	if s.shallow[h] {
		out.Parents, out.Cut = nil, len(c.ParentHashes) > 0
	}
	s.commits[h] = out
	return out, nil
}

// readObject turns go-git's errors, and its panics on broken objects, into ours.
func readObject[T any](h plumbing.Hash, read func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("object %s: %w: %v", h, ErrCorrupt, p)
		}
	}()
	v, err = read()
	switch {
	case err == nil:
	case errors.Is(err, plumbing.ErrObjectNotFound):
		err = fmt.Errorf("object %s: %w", h, ErrNotFound)
	default:
		err = fmt.Errorf("object %s: %w: %w", h, ErrCorrupt, err)
	}
	return v, err
}

// Found is what an abbreviated hash may name.
type Found struct {
	Commits []plumbing.Hash
	Others  map[plumbing.Hash]string // objects of other types: "tree", "blob", "tag"
}

// Candidates finds the objects whose hash begins with a prefix of at least four
// hex digits. References are not consulted: whoever makes a branch that is named
// like a hash names no commit by it.
func (s *Store) Candidates(prefix string) (Found, error) {
	found := Found{Others: map[plumbing.Hash]string{}}
	prefix = strings.ToLower(prefix)
	if len(prefix) < 4 || len(prefix) > 40 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return found, fmt.Errorf("%q: %w", prefix, ErrNotFound)
	}
	hashes := map[plumbing.Hash]bool{}
	for _, index := range s.indexes {
		for _, h := range index.find(prefix) {
			hashes[h] = true
		}
	}
	for _, dir := range s.objects {
		entries, err := os.ReadDir(filepath.Join(dir, prefix[:2]))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if name := prefix[:2] + e.Name(); len(name) == 40 && strings.HasPrefix(name, prefix) {
				hashes[plumbing.NewHash(name)] = true
			}
		}
	}
	for h := range hashes {
		o, err := readObject(h, func() (plumbing.EncodedObject, error) { return s.storage.EncodedObject(plumbing.AnyObject, h) })
		if err != nil {
			return found, err
		}
		if o.Type() == plumbing.CommitObject {
			found.Commits = append(found.Commits, h)
		} else {
			found.Others[h] = o.Type().String()
		}
	}
	slices.SortFunc(found.Commits, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return found, nil
}

// packIndex is the sorted list of hashes of one pack (version 2 of the format).
type packIndex struct {
	fanout [256]uint32
	hashes []byte // 20 bytes each
}

func (s *Store) readIndexes() error {
	for _, dir := range s.objects {
		paths, err := filepath.Glob(filepath.Join(dir, "pack", "*.idx"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if index, err := readIndex(path); err == nil {
				s.indexes = append(s.indexes, index)
			}
		}
		if promised, _ := filepath.Glob(filepath.Join(dir, "pack", "*.promisor")); len(promised) > 0 {
			s.Partial = true
		}
	}
	return nil
}

var indexMagic = []byte{0xff, 't', 'O', 'c', 0, 0, 0, 2}

func readIndex(path string) (*packIndex, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 8+256*4)
	if _, err := io.ReadFull(f, head); err != nil || !bytes.Equal(head[:8], indexMagic) {
		return nil, fmt.Errorf("read %s: %w", path, ErrCorrupt)
	}
	p := &packIndex{}
	for i := range p.fanout {
		p.fanout[i] = binary.BigEndian.Uint32(head[8+4*i:])
	}
	info, err := f.Stat()
	if err != nil || int64(p.fanout[255])*20 > info.Size() {
		return nil, fmt.Errorf("read %s: %w", path, ErrCorrupt)
	}
	p.hashes = make([]byte, int(p.fanout[255])*20)
	if _, err := io.ReadFull(f, p.hashes); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, ErrCorrupt)
	}
	return p, nil
}

// find returns the hashes that begin with a prefix.
func (p *packIndex) find(prefix string) []plumbing.Hash {
	padded := prefix + strings.Repeat("0", 40-len(prefix))
	low, err := hex.DecodeString(padded)
	if err != nil {
		return nil
	}
	n := len(p.hashes) / 20
	at := sort.Search(n, func(i int) bool { return bytes.Compare(p.hashes[i*20:i*20+20], low) >= 0 })
	var out []plumbing.Hash
	for ; at < n; at++ {
		var h plumbing.Hash
		copy(h[:], p.hashes[at*20:])
		if !strings.HasPrefix(h.String(), prefix) {
			break
		}
		out = append(out, h)
	}
	return out
}

// Change is one file that differs between two trees.
type Change struct {
	Path     string
	Old, New plumbing.Hash // zero: not there
	OldMode  uint32
	NewMode  uint32
}

// Diff lists the files that differ between two trees, sorted by path. A zero hash
// is the empty tree.
func (s *Store) Diff(old, new plumbing.Hash) ([]Change, error) {
	var out []Change
	err := s.diff("", old, new, &out, 0)
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return out, err
}

// maxDepth bounds how deep trees are walked.
const maxDepth = 200

func (s *Store) diff(prefix string, old, new plumbing.Hash, out *[]Change, depth int) error {
	if old == new || depth > maxDepth {
		return nil
	}
	before, err := s.tree(old)
	if err != nil {
		return err
	}
	after, err := s.tree(new)
	if err != nil {
		return err
	}
	names := map[string][2]*object.TreeEntry{}
	for i := range before {
		names[before[i].Name] = [2]*object.TreeEntry{&before[i], nil}
	}
	for i := range after {
		pair := names[after[i].Name]
		pair[1] = &after[i]
		names[after[i].Name] = pair
	}
	for name, pair := range names {
		if err := s.diffEntry(prefix+name, pair[0], pair[1], out, depth); err != nil {
			return err
		}
	}
	return nil
}

const treeMode = 0o040000

func (s *Store) diffEntry(path string, a, b *object.TreeEntry, out *[]Change, depth int) error {
	if a != nil && b != nil && a.Hash == b.Hash && a.Mode == b.Mode {
		return nil
	}
	c := Change{Path: path}
	var oldTree, newTree plumbing.Hash
	if a != nil {
		if a.Mode == treeMode {
			oldTree = a.Hash
		} else {
			c.Old, c.OldMode = a.Hash, uint32(a.Mode)
		}
	}
	if b != nil {
		if b.Mode == treeMode {
			newTree = b.Hash
		} else {
			c.New, c.NewMode = b.Hash, uint32(b.Mode)
		}
	}
	if !c.Old.IsZero() || !c.New.IsZero() {
		*out = append(*out, c)
	}
	if !oldTree.IsZero() || !newTree.IsZero() {
		return s.diff(path+"/", oldTree, newTree, out, depth+1)
	}
	return nil
}

func (s *Store) tree(h plumbing.Hash) ([]object.TreeEntry, error) {
	if h.IsZero() {
		return nil, nil
	}
	t, err := readObject(h, func() (*object.Tree, error) { return object.GetTree(s.storage, h) })
	if err != nil {
		return nil, err
	}
	return t.Entries, nil
}

// Blob reads a file's content, up to a limit in bytes; ok is false for a larger
// one.
func (s *Store) Blob(h plumbing.Hash, limit int64) (data []byte, ok bool, err error) {
	b, err := readObject(h, func() (*object.Blob, error) { return object.GetBlob(s.storage, h) })
	if err != nil {
		return nil, false, err
	}
	if b.Size > limit {
		return nil, false, nil
	}
	r, err := b.Reader()
	if err != nil {
		return nil, false, fmt.Errorf("object %s: %w", h, err)
	}
	defer r.Close()
	data, err = io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, false, fmt.Errorf("object %s: %w: %w", h, ErrCorrupt, err)
	}
	if plumbing.ComputeHash(plumbing.BlobObject, data) != h {
		return nil, false, fmt.Errorf("object %s: %w", h, ErrCorrupt)
	}
	return data, true, nil
}

// File finds a file in a commit's tree.
func (s *Store) File(commit plumbing.Hash, path string) (plumbing.Hash, error) {
	c, err := s.Commit(commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	at := c.Tree
	for _, name := range strings.Split(path, "/") {
		entries, err := s.tree(at)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == name })
		if i < 0 {
			return plumbing.ZeroHash, fmt.Errorf("%s in %s: %w", path, commit, os.ErrNotExist)
		}
		at = entries[i].Hash
	}
	return at, nil
}
