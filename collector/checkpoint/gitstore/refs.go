package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Head returns the commit that is checked out, and the branch; the branch is empty
// when HEAD is detached.
func (s *Store) Head() (plumbing.Hash, string, error) {
	if s.Refs != nil {
		if s.Refs.Head.IsZero() {
			return plumbing.ZeroHash, s.Refs.Branch, ErrNoCommit
		}
		return s.Refs.Head, s.Refs.Branch, nil
	}
	line, err := firstLine(filepath.Join(s.GitDir, "HEAD"))
	if err != nil {
		return plumbing.ZeroHash, "", fmt.Errorf("read HEAD: %w", err)
	}
	name, symbolic := strings.CutPrefix(line, "ref:")
	if name = strings.TrimSpace(name); symbolic {
		h, err := s.ref(name, 0)
		if errors.Is(err, ErrNotFound) {
			err = ErrNoCommit
		}
		return h, strings.TrimPrefix(name, "refs/heads/"), err
	}
	if !plumbing.IsHash(line) {
		return plumbing.ZeroHash, "", fmt.Errorf("read HEAD: %w: it names no commit", ErrCorrupt)
	}
	return plumbing.NewHash(line), "", nil
}

// ref reads a reference by its full name.
func (s *Store) ref(name string, depth int) (plumbing.Hash, error) {
	if s.Refs != nil {
		h, ok := s.Refs.Named[name]
		if !ok {
			return plumbing.ZeroHash, ErrNotFound
		}
		return h, nil
	}
	const links = 10 // from one reference to the next
	if strings.Contains(name, "..") || depth > links {
		return plumbing.ZeroHash, ErrNotFound
	}
	for _, dir := range []string{s.GitDir, s.Common} {
		line, err := firstLine(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		if target, ok := strings.CutPrefix(line, "ref: "); ok {
			return s.ref(target, depth+1)
		}
		if plumbing.IsHash(line) {
			return plumbing.NewHash(line), nil
		}
		return plumbing.ZeroHash, fmt.Errorf("read %s: %w: it names no commit", name, ErrCorrupt)
	}
	return s.packedRef(name)
}

// packedRef looks a reference up in the file of all that are packed: its lines are
// "hash name", sorted by name where its first line says so.
func (s *Store) packedRef(name string) (h plumbing.Hash, err error) {
	file, err := mapFile(filepath.Join(s.Common, "packed-refs"), keepIndex)
	if err != nil {
		return h, ErrNotFound
	}
	defer file.close()
	defer guard(h, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	rest := file.data
	if first, _, _ := bytes.Cut(rest, []byte("\n")); bytes.HasPrefix(first, []byte("# pack-refs with:")) && bytes.Contains(first, []byte(" sorted")) {
		rest = nearLine(rest, name)
	}
	at := bytes.Index(rest, []byte(" "+name+"\n"))
	if at < 2*hashSize || at > 2*hashSize && rest[at-2*hashSize-1] != '\n' || !decodeHash(&h, rest[at-2*hashSize:at]) {
		return plumbing.ZeroHash, ErrNotFound
	}
	return h, nil
}

// nearLine returns the part of sorted packed references, of whole lines, that a name
// is in if it is there at all.
func nearLine(data []byte, name string) []byte {
	const small = 4 << 10
	low, high := 0, len(data)
	for high-low > small {
		start := bytes.IndexByte(data[(low+high)/2:high], '\n')
		for start >= 0 { // the next line that has a name: others say what a tag names
			line := data[(low+high)/2+start+1 : high]
			if len(line) > 0 && line[0] != '^' && line[0] != '#' {
				break
			}
			next := bytes.IndexByte(line, '\n')
			if next < 0 {
				start = -1
				break
			}
			start += 1 + next
		}
		if start < 0 {
			break
		}
		line := (low+high)/2 + start + 1
		text, _, _ := bytes.Cut(data[line:high], []byte("\n"))
		if _, other, _ := bytes.Cut(text, []byte(" ")); string(other) <= name {
			low = line
		} else {
			high = line
		}
	}
	return data[low:high]
}

// Resolve finds the commit that a person means: a branch, a tag, a remote branch,
// a hash or its beginning, with ~N and ^ behind. It is not for hashes that a
// tracker records: those are looked up with Commits.
func (s *Store) Resolve(rev string) (plumbing.Hash, error) {
	name, steps := rev, 0
	for {
		if base, ok := strings.CutSuffix(name, "^"); ok {
			name, steps = base, steps+1
			continue
		}
		if base, n, ok := strings.Cut(name, "~"); ok {
			count := 1
			if n != "" {
				if _, err := fmt.Sscanf(n, "%d", &count); err != nil || count < 0 {
					return plumbing.ZeroHash, fmt.Errorf("resolve %s: %w", rev, ErrNotFound)
				}
			}
			name, steps = base, steps+count
		}
		break
	}
	h, err := s.resolveName(name)
	for ; err == nil && steps > 0; steps-- {
		var c *Commit
		if c, err = s.Commit(h); err == nil {
			if len(c.Parents) == 0 || c.Cut {
				return plumbing.ZeroHash, fmt.Errorf("resolve %s: %w", rev, ErrNotFound)
			}
			h = c.Parents[0]
		}
	}
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("resolve %s: %w", rev, err)
	}
	return h, nil
}

func (s *Store) resolveName(name string) (plumbing.Hash, error) {
	if name == "HEAD" || name == "@" || name == "" {
		h, _, err := s.Head()
		return h, err
	}
	if plumbing.IsHash(name) { // a branch that is named like a commit does not take its place
		return s.peel(plumbing.NewHash(name))
	}
	for _, prefix := range []string{"", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/", "refs/remotes/origin/"} {
		if prefix == "" && !strings.HasPrefix(name, "refs/") && !strings.HasSuffix(name, "_HEAD") {
			continue
		}
		h, err := s.ref(prefix+name, 0)
		if err != nil {
			continue
		}
		return s.peel(h)
	}
	found, err := s.Candidates(name)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if len(found.Commits) != 1 {
		return plumbing.ZeroHash, ErrNotFound
	}
	return found.Commits[0], nil
}

// peel follows tag objects to the commit that they name.
func (s *Store) peel(h plumbing.Hash) (plumbing.Hash, error) {
	const tags = 10 // of tags
	for range tags {
		kind, data, err := s.object(h)
		if err != nil || kind != plumbing.TagObject {
			return h, err
		}
		value, _, ok := headerLine(data, "object ")
		if !ok || !decodeHash(&h, value) {
			return h, fmt.Errorf("tag %s: %w", h, ErrCorrupt)
		}
	}
	return h, fmt.Errorf("tag %s: %w", h, ErrNotFound)
}

// Branch is a branch of this repository or, as it was fetched last, of another.
type Branch struct {
	Name string // "refs/heads/main"
	Tip  plumbing.Hash
}

// Branches lists all branches by name.
func (s *Store) Branches() []Branch {
	tips := map[string]plumbing.Hash{}
	branch := func(name string) bool {
		return (strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/remotes/")) && !strings.HasSuffix(name, "/HEAD")
	}
	if s.Refs != nil {
		for name, h := range s.Refs.Named {
			if branch(name) {
				tips[name] = h
			}
		}
	} else {
		s.branchFiles(branch, tips)
	}
	var list []Branch
	for _, name := range slices.Sorted(maps.Keys(tips)) {
		list = append(list, Branch{name, tips[name]})
	}
	return list
}

// branchFiles reads the tips of the branches from files.
func (s *Store) branchFiles(branch func(name string) bool, tips map[string]plumbing.Hash) {
	data, _ := os.ReadFile(filepath.Join(s.Common, "packed-refs")) // none: nothing is packed
	for line := range bytes.Lines(data) {
		if hash, name, ok := strings.Cut(string(bytes.TrimSpace(line)), " "); ok && branch(name) && plumbing.IsHash(hash) {
			tips[name] = plumbing.NewHash(hash)
		}
	}
	filepath.WalkDir(filepath.Join(s.Common, "refs"), func(path string, d fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(s.Common, path)
		if name := filepath.ToSlash(relative); err == nil && relErr == nil && !d.IsDir() && branch(name) {
			if tip, err := s.ref(name, 0); err == nil {
				tips[name] = tip
			}
		}
		return nil
	})
}
