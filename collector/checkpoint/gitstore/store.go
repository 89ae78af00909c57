// Package gitstore reads the objects and references of a git repository, and
// writes nothing.
//
// It uses the lower layers of go-git. The upper ones refuse repositories that git
// opens (sparse checkouts, worktree configuration, unusual branch sections), take
// the first of several matches for an abbreviated hash, and consult branches that
// are named like one; so discovery, abbreviations and references are done here.
// Every object's hash is checked against its content.
package gitstore

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// Errors that callers tell apart.
var (
	ErrNoRepository = errors.New("no git repository")
	ErrNoCommit     = errors.New("the repository has no commit yet")
	ErrUnsupported  = errors.New("unsupported repository")
	ErrNotFound     = errors.New("object not found")
	ErrCorrupt      = errors.New("corrupt object")
)

// Store is an open repository. It is not safe for concurrent use.
type Store struct {
	Root    string // the work tree's root; the git folder itself for a bare repository
	GitDir  string // of this work tree
	Common  string // shared by all work trees
	Bare    bool
	Partial bool // objects were left out by a filter when it was cloned

	storage *filesystem.Storage
	objects []string // object folders, alternates included
	shallow map[plumbing.Hash]bool
	indexes []*packIndex
	commits map[plumbing.Hash]*Commit
}

// Find returns the work tree's root at or above dir, or the bare repository.
func Find(dir string) (root, gitDir string, bare bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", "", false, err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for at := dir; ; at = filepath.Dir(at) {
		if gitDir, err := gitDirOf(filepath.Join(at, ".git")); err == nil {
			return at, gitDir, false, nil
		}
		if isGitDir(at) {
			return at, at, true, nil
		}
		if at == filepath.Dir(at) {
			return "", "", false, ErrNoRepository
		}
	}
}

// gitDirOf follows a .git folder, or a .git file of a linked work tree or
// submodule.
func gitDirOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		if !isGitDir(path) {
			return "", ErrNoRepository
		}
		return path, nil
	}
	line, err := firstLine(path)
	target, ok := strings.CutPrefix(line, "gitdir: ")
	if err != nil || !ok {
		return "", ErrNoRepository
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return filepath.Clean(target), nil
}

func isGitDir(path string) bool {
	if _, err := os.Stat(filepath.Join(path, "HEAD")); err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(path, "commondir")); err == nil {
		return true
	}
	info, err := os.Stat(filepath.Join(path, "objects"))
	return err == nil && info.IsDir()
}

func firstLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimRight(line, "\r"), err
}

// Open opens the repository that dir is in.
func Open(dir string) (*Store, error) {
	root, gitDir, bare, err := Find(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{Root: root, GitDir: gitDir, Common: gitDir, Bare: bare, commits: map[plumbing.Hash]*Commit{}}
	if line, err := firstLine(filepath.Join(gitDir, "commondir")); err == nil && line != "" {
		if !filepath.IsAbs(line) {
			line = filepath.Join(gitDir, line)
		}
		s.Common = filepath.Clean(line)
	}
	if err := s.checkExtensions(); err != nil {
		return nil, err
	}
	var fs = osfs.New(s.Common)
	repo := dotgit.NewRepositoryFilesystem(osfs.New(gitDir), fs)
	s.storage = filesystem.NewStorageWithOptions(repo, cache.NewObjectLRU(64*cache.MiByte), filesystem.Options{KeepDescriptors: true, AlternatesFS: osfs.New("/")})
	s.readShallow()
	s.addObjects(filepath.Join(s.Common, "objects"), 0)
	if err := s.readIndexes(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close releases the files that are open.
func (s *Store) Close() error { return s.storage.Close() }

// checkExtensions refuses what go-git would read wrongly. Everything else in the
// configuration is git's own business.
func (s *Store) checkExtensions() error {
	f, err := os.Open(filepath.Join(s.Common, "config"))
	if err != nil {
		return nil // a repository without configuration is readable
	}
	defer f.Close()
	section := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = strings.ToLower(strings.Trim(line, "[] "))
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.ToLower(strings.TrimSpace(value))
		if section != "extensions" {
			continue
		}
		if key == "objectformat" && value != "sha1" || key == "refstorage" && value != "files" || key == "compatobjectformat" {
			return fmt.Errorf("%w: extensions.%s is %s", ErrUnsupported, key, value)
		}
	}
	return nil
}

func (s *Store) readShallow() {
	s.shallow = map[plumbing.Hash]bool{}
	data, err := os.ReadFile(filepath.Join(s.Common, "shallow"))
	if err != nil {
		return
	}
	for _, line := range strings.Fields(string(data)) {
		s.shallow[plumbing.NewHash(line)] = true
	}
}

// Shallow reports whether the history was cut when it was cloned.
func (s *Store) Shallow() bool { return len(s.shallow) > 0 }

// maxAlternates bounds how deep alternates are followed.
const maxAlternates = 5

func (s *Store) addObjects(dir string, depth int) {
	s.objects = append(s.objects, dir)
	data, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
	if err != nil || depth >= maxAlternates {
		return
	}
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(dir, line)
		}
		s.addObjects(filepath.Clean(line), depth+1)
	}
}

// Head returns the commit that is checked out, and the branch; the branch is empty
// when HEAD is detached.
func (s *Store) Head() (plumbing.Hash, string, error) {
	line, err := firstLine(filepath.Join(s.GitDir, "HEAD"))
	if err != nil {
		return plumbing.ZeroHash, "", fmt.Errorf("read HEAD: %w", err)
	}
	name, symbolic := strings.CutPrefix(line, "ref: ")
	if !symbolic {
		return plumbing.NewHash(line), "", nil
	}
	h, err := s.ref(name)
	if err != nil {
		return plumbing.ZeroHash, "", ErrNoCommit
	}
	return h, strings.TrimPrefix(name, "refs/heads/"), nil
}

// ref reads a reference by its full name.
func (s *Store) ref(name string) (plumbing.Hash, error) {
	if strings.Contains(name, "..") {
		return plumbing.ZeroHash, ErrNotFound
	}
	for _, dir := range []string{s.GitDir, s.Common} {
		line, err := firstLine(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		if target, ok := strings.CutPrefix(line, "ref: "); ok && target != name {
			return s.ref(target)
		}
		if plumbing.IsHash(line) {
			return plumbing.NewHash(line), nil
		}
	}
	data, err := os.ReadFile(filepath.Join(s.Common, "packed-refs"))
	if err != nil {
		return plumbing.ZeroHash, ErrNotFound
	}
	for _, line := range strings.Split(string(data), "\n") {
		if hash, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name && plumbing.IsHash(hash) {
			return plumbing.NewHash(hash), nil
		}
	}
	return plumbing.ZeroHash, ErrNotFound
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
			if len(c.Parents) == 0 {
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
	for _, prefix := range []string{"", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/", "refs/remotes/origin/"} {
		if prefix == "" && !strings.HasPrefix(name, "refs/") && !strings.HasSuffix(name, "_HEAD") {
			continue
		}
		h, err := s.ref(prefix + name)
		if err != nil {
			continue
		}
		if tag, err := object.GetTag(s.storage, h); err == nil {
			if c, err := tag.Commit(); err == nil {
				return c.Hash, nil
			}
		}
		return h, nil
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

// References lists the tips of all branches, remote ones included, with their
// names.
func (s *Store) References() map[string]plumbing.Hash {
	tips := map[string]plumbing.Hash{}
	iter, err := s.storage.IterReferences()
	if err != nil {
		return tips
	}
	defer iter.Close()
	iter.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference {
			tips[r.Name().String()] = r.Hash()
		}
		return nil
	})
	return tips
}
