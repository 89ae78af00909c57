package gitstore

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/objfile"
)

// maxObject is the size in bytes of the largest object that is read at all.
const maxObject = 64 << 20

// guard turns a panic on broken objects, and a file that shrank under its
// mapping, into an error about an object.
func guard(h plumbing.Hash, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("object %s: %w: %v", h, ErrCorrupt, p)
	}
}

// object reads an object and checks its hash. The bytes are shared: they must not
// be changed. The errors are ErrNotFound, ErrCorrupt, ErrTooLarge or of the file
// system.
func (s *Store) object(h plumbing.Hash) (kind plumbing.ObjectType, data []byte, err error) {
	return s.objectInto(h, nil)
}

// objectInto is object, and may use a slice that the caller lends.
func (s *Store) objectInto(h plumbing.Hash, lent []byte) (kind plumbing.ObjectType, data []byte, err error) {
	defer guard(h, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var bad error // of one copy; another may be whole
	for i, p := range s.packs {
		offset, ok := p.find(h[:])
		if !ok {
			continue
		}
		if kind, data, err = p.read(offset, &s.inflater, &s.cache, lent); err == nil {
			err = s.check(h, kind, data)
		}
		if err == nil {
			s.packs[0], s.packs[i] = p, s.packs[0] // the next object is likely there too
			return kind, data, nil
		}
		bad = err
	}
	for _, dir := range s.objects {
		kind, data, err = s.loose(dir, h)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = s.check(h, kind, data)
		}
		if err == nil {
			return kind, data, nil
		}
		bad = err
	}
	if bad == nil {
		bad = ErrNotFound
	}
	return 0, nil, fmt.Errorf("object %s: %w", h, bad)
}

// check compares an object's content with its name.
func (s *Store) check(h plumbing.Hash, kind plumbing.ObjectType, data []byte) error {
	if got := s.hashOf(kind, data); got != h {
		return fmt.Errorf("%w: its content has hash %s", ErrCorrupt, got)
	}
	return nil
}

func (s *Store) hashOf(kind plumbing.ObjectType, data []byte) (h plumbing.Hash) {
	if s.sum == nil {
		s.sum = sha1.New()
	}
	s.sum.Reset()
	s.header = append(s.header[:0], kind.String()...)
	s.header = strconv.AppendInt(append(s.header, ' '), int64(len(data)), 10)
	s.sum.Write(append(s.header, 0))
	s.sum.Write(data)
	s.sum.Sum(h[:0])
	return h
}

// loose reads an object from a file of its own.
func (s *Store) loose(dir string, h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	var data []byte
	kind, size, err := openLoose(dir, h, func(size int64, r io.Reader) error {
		if size > maxObject {
			return fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
		}
		data = make([]byte, size)
		_, err := io.ReadFull(r, data)
		return err
	})
	if err == nil && int64(len(data)) != size {
		err = ErrCorrupt
	}
	return kind, data, err
}

// openLoose opens the file of a loose object; errors of its content are
// ErrCorrupt.
func openLoose(dir string, h plumbing.Hash, read func(size int64, r io.Reader) error) (plumbing.ObjectType, int64, error) {
	name := h.String()
	f, err := os.Open(filepath.Join(dir, name[:2], name[2:]))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	r, err := objfile.NewReader(f)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer r.Close()
	kind, size, err := r.Header()
	if err == nil {
		err = read(size, r)
	}
	if err != nil && !errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return kind, size, err
}

// head gives an object's type and size, as they are recorded: the hash is not
// checked.
func (s *Store) head(h plumbing.Hash) (kind plumbing.ObjectType, size int64, err error) {
	defer guard(h, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var bad error = ErrNotFound
	for _, p := range s.packs {
		offset, ok := p.find(h[:])
		if !ok {
			continue
		}
		kind, n, err := p.head(offset, &s.inflater)
		if err == nil {
			return kind, int64(n), nil
		}
		bad = err
	}
	for _, dir := range s.objects {
		kind, size, err := openLoose(dir, h, func(int64, io.Reader) error { return nil })
		if err == nil {
			return kind, size, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			bad = err
		}
	}
	return 0, 0, fmt.Errorf("object %s: %w", h, bad)
}

// Blob reads a file's content, up to a limit in bytes; ok is false for a larger
// one.
func (s *Store) Blob(h plumbing.Hash, limit int64) (data []byte, ok bool, err error) {
	kind, size, err := s.head(h)
	if errors.Is(err, ErrTooLarge) || err == nil && size > limit {
		return nil, false, nil
	}
	if err == nil {
		kind, data, err = s.object(h)
	}
	if err == nil && kind != plumbing.BlobObject {
		err = fmt.Errorf("object %s: %w: it is a %s", h, ErrNotFound, kind)
	}
	return data, err == nil, err
}

// Found is what an abbreviated hash may name.
type Found struct {
	Commits []plumbing.Hash
	Others  map[plumbing.Hash]string // objects of other types: "tree", "blob", "tag"
}

// Candidates finds the objects whose hash begins with a prefix of at least four
// hex digits. References are not consulted: whoever makes a branch that is named
// like a hash names no commit by it.
func (s *Store) Candidates(prefix string) (found Found, err error) {
	prefix = strings.ToLower(prefix)
	if len(prefix) < 4 || len(prefix) > 40 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return found, fmt.Errorf("%q: %w", prefix, ErrNotFound)
	}
	hashes, err := s.withPrefix(prefix)
	if err != nil {
		return found, err
	}
	for _, h := range hashes {
		kind, _, err := s.head(h)
		switch {
		case err != nil:
			return found, err
		case kind == plumbing.CommitObject:
			found.Commits = append(found.Commits, h)
		default:
			if found.Others == nil {
				found.Others = map[plumbing.Hash]string{}
			}
			found.Others[h] = kind.String()
		}
	}
	return found, nil
}

// withPrefix lists the objects whose hash begins with hex digits, in order, each
// once.
func (s *Store) withPrefix(prefix string) (hashes []plumbing.Hash, err error) {
	defer guard(plumbing.ZeroHash, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	low, ok := lowest(prefix)
	if !ok {
		return nil, fmt.Errorf("%q: %w", prefix, ErrNotFound)
	}
	add := func(h plumbing.Hash) { hashes = append(hashes, h) }
	for _, p := range s.packs {
		p.withPrefix(prefix, low[:], add)
	}
	for _, name := range s.looseNames(prefix[:2]) {
		if strings.HasPrefix(name, prefix) {
			add(plumbing.NewHash(name))
		}
	}
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(hashes), nil
}

// lowest is the first hash that may begin with hex digits.
func lowest(prefix string) (low plumbing.Hash, ok bool) {
	_, err := hex.Decode(low[:], []byte(prefix + "0")[:(len(prefix)+1)/2*2])
	return low, err == nil
}

// looseNames lists the loose objects whose hash begins with two hex digits.
func (s *Store) looseNames(two string) []string {
	names, ok := s.looseSeen[two]
	if ok {
		return names
	}
	for _, dir := range s.objects {
		entries, err := os.ReadDir(filepath.Join(dir, two))
		if err != nil {
			continue // most folders are not there
		}
		for _, e := range entries {
			if name := two + e.Name(); plumbing.IsHash(name) {
				names = append(names, name)
			}
		}
	}
	s.looseSeen[two] = names
	return names
}
