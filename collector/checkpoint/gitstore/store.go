// Package gitstore reads the objects and references of a git repository, and
// writes nothing.
//
// Objects are decoded with the lower layers of go-git. Its upper ones refuse
// repositories that git opens (sparse checkouts, worktree configuration, unusual
// branch sections), take the first of several matches for an abbreviated hash,
// consult branches that are named like one, and read every index whole; so
// discovery, references, packs, abbreviations and the walk are done here. The hash
// of every object that is read is checked against its content.
package gitstore

import (
	"bufio"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Errors that callers tell apart.
var (
	ErrNoRepository = errors.New("no git repository")
	ErrNoCommit     = errors.New("the repository has no commit yet")
	ErrUnsupported  = errors.New("unsupported repository")
	ErrReferences   = errors.New("the references cannot be read")
	ErrNotFound     = errors.New("object not found")
	ErrCorrupt      = errors.New("corrupt object")
	ErrTooLarge     = errors.New("too large")
)

// Store is an open repository. It is not safe for concurrent use.
type Store struct {
	Root    string // the work tree's root; the git folder itself for a bare repository
	GitDir  string // of this work tree
	Common  string // shared by all work trees
	Bare    bool
	Partial bool  // objects were left out by a filter when it was cloned
	Lost    error // objects that should be here and cannot be seen; nil: none are known
	Refs    *Refs // where they are in another form than files; else nil

	objects     []string // object folders, alternates included
	packs       []*pack
	shallow     map[plumbing.Hash]bool
	commits     map[plumbing.Hash]*Commit
	folders     map[plumbing.Hash]tree
	folderBytes int
	looseSeen   map[string][]string // by the hash's first two digits
	graph       *graph
	opened      bool // the commit-graph was looked for
	noGraph     bool // the configuration does not want it

	inflater inflater
	cache    cache
	sum      hash.Hash
	header   []byte
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
		} else if errors.Is(err, fs.ErrPermission) {
			return "", "", false, fmt.Errorf("find repository: %w", err)
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
		if _, err := os.Stat(filepath.Join(path, "HEAD")); errors.Is(err, fs.ErrPermission) {
			return "", err
		}
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

// Refs are the references of a repository, as somebody else read them.
type Refs struct {
	Head   plumbing.Hash            // what is checked out; zero: no commit yet
	Branch string                   // empty: HEAD is detached
	Named  map[string]plumbing.Hash // by their full names
}

// Open opens the repository that dir is in. The errors are ErrNoRepository,
// ErrUnsupported, ErrReferences for one whose references are in another form than
// files, ErrCorrupt or of the file system.
func Open(dir string) (*Store, error) {
	return OpenAsking(dir, func(string) (*Refs, error) { return nil, ErrUnsupported })
}

// OpenAsking is Open, and asks for references that are in another form than files.
func OpenAsking(dir string, ask func(root string) (*Refs, error)) (*Store, error) {
	root, gitDir, bare, err := Find(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{Root: root, GitDir: gitDir, Common: gitDir, Bare: bare, commits: map[plumbing.Hash]*Commit{}, looseSeen: map[string][]string{}}
	if line, err := firstLine(filepath.Join(gitDir, "commondir")); err == nil && line != "" {
		if !filepath.IsAbs(line) {
			line = filepath.Join(gitDir, line)
		}
		s.Common = filepath.Clean(line)
	}
	refs, err := s.checkExtensions()
	if err != nil {
		return nil, err
	}
	if refs != "" && refs != "files" {
		if s.Refs, err = ask(root); err != nil {
			return nil, fmt.Errorf("%w: they are in the form of %s: %w", ErrReferences, refs, err)
		}
	}
	s.readShallow()
	s.addObjects(filepath.Join(s.Common, "objects"), 0)
	if err := s.openPacks(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close releases the files that are open.
func (s *Store) Close() {
	for _, p := range s.packs {
		p.close()
	}
	s.packs = nil
	if s.opened {
		s.graph.close()
	}
}

// openPacks opens the packs of all object folders. Where one cannot be read, what
// is missing cannot be known.
func (s *Store) openPacks() error {
	for _, dir := range s.objects {
		entries, err := os.ReadDir(filepath.Join(dir, "pack"))
		if err != nil {
			continue // no pack yet
		}
		for _, e := range entries {
			switch filepath.Ext(e.Name()) {
			case ".promisor":
				s.Partial = true
			case ".pack":
				index := strings.TrimSuffix(e.Name(), ".pack") + ".idx"
				if _, err := os.Stat(filepath.Join(dir, "pack", index)); errors.Is(err, fs.ErrNotExist) {
					s.Lost = fmt.Errorf("%s has no index: git index-pack makes it", e.Name())
				}
			case ".idx":
				pack := strings.TrimSuffix(e.Name(), ".idx") + ".pack"
				if _, err := os.Stat(filepath.Join(dir, "pack", pack)); errors.Is(err, fs.ErrNotExist) {
					continue // an index of nothing, or repacked meanwhile
				}
				p, err := openPack(filepath.Join(dir, "pack", e.Name()))
				if errors.Is(err, fs.ErrNotExist) {
					continue // repacked meanwhile
				} else if err != nil {
					return err
				}
				s.packs = append(s.packs, p)
			}
		}
	}
	return nil
}

// commitGraph opens the commit-graph when it is first asked for. A history that is
// short is read instead, as is every one where core.commitGraph is off.
func (s *Store) commitGraph() *graph {
	const short = 200 // commits
	if !s.opened && !s.noGraph {
		s.opened, s.graph = true, openGraph(s.objects)
		if s.graph != nil && s.graph.count() < short {
			s.graph.close()
			s.graph = nil
		}
	}
	return s.graph
}

// checkExtensions refuses what go-git would read wrongly, and notes what this package
// heeds; refs is the form of the references. Everything else in the configuration is
// git's own business.
func (s *Store) checkExtensions() (refs string, err error) {
	f, err := os.Open(filepath.Join(s.Common, "config"))
	if err != nil {
		return "", nil // a repository without configuration is readable
	}
	defer f.Close()
	section := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section, line, _ = strings.Cut(line[1:], "]") // a key may follow
			section = strings.ToLower(strings.TrimSpace(section))
		}
		key, value, _ := strings.Cut(line, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.ToLower(strings.TrimSpace(value))
		if section == "core" && key == "commitgraph" {
			s.noGraph = slices.Contains([]string{"false", "no", "off", "0"}, value)
		}
		if section != "extensions" {
			continue
		}
		if key == "objectformat" && value != "sha1" || key == "compatobjectformat" {
			return "", fmt.Errorf("%w: extensions.%s is %s", ErrUnsupported, key, value)
		}
		if key == "refstorage" {
			refs, _, _ = strings.Cut(value, ":") // a place may follow
		}
	}
	return refs, nil
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
	if _, err := os.Stat(dir); err != nil && depth == 0 {
		s.Lost = fmt.Errorf("its repository cannot be read: %w: where that moved, git worktree repair finds it", err)
	} else if err != nil {
		s.Lost = fmt.Errorf("the objects that this repository borrows cannot be read: %w: put them back, or clone again without --shared and --reference", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
	if err != nil || depth >= maxAlternates {
		return
	}
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if quoted, err := strconv.Unquote(line); err == nil {
			line = quoted
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(dir, line)
		}
		s.addObjects(filepath.Clean(line), depth+1)
	}
}
