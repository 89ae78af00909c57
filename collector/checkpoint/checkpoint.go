// Package checkpoint says what the repository bears out of a tracker's commits.
//
// It gives facts (see evidence.Repository): what a recorded hash names, whether
// that commit is in the history, what it changes, which packets its message names,
// and how the work tree relates to the commit. What follows from them is decided
// elsewhere. Nothing is ever written to the repository.
package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

// Errors that callers tell apart.
var (
	ErrNoRepository = gitstore.ErrNoRepository
	ErrNoCommit     = gitstore.ErrNoCommit
	ErrNoRevision   = errors.New("there is no such revision here")
)

// Options say what is asked beside the trackers' own hashes.
type Options struct {
	Head   string // the revision that checkpoints must be reachable from; empty: At, or the pull request's head where that is its merge commit
	At     string // the commit that the evidence is about; empty: HEAD as it is now
	Base   string // the revision that contracts are compared with; empty: none
	Fetch  bool   // fetch missing history with an installed git first
	Signed string // "" or "any", "gpg", "ssh": verify signatures
	// Files of the repository with the keys that count for Signed: an armored
	// OpenPGP key ring, and an allowed-signers file of ssh-keygen's form. With a
	// Base they are read from it.
	KeyRing, AllowedSigners string
	Contracts               []Contract
	Policy                  string   // the file that holds them, below the root: it names what it forbids
	Ranges                  []Range  // parts of the history that the head may lie in
	Previous                []string // hashes that an earlier run saw in the history
}

// Contract is a pattern that added lines must not match.
type Contract struct {
	ID      string
	Pattern string   // RE2
	Paths   []string // globs, "!" before one that leaves out; empty: all files
}

// FindRoot returns the root of the work tree that dir is in, with symbolic links
// resolved; for a bare repository, its folder. The error is ErrNoRepository when
// there is none.
func FindRoot(dir string) (string, error) {
	root, _, _, err := gitstore.Find(dir)
	return root, err
}

// Subject says which commit and tree are checked out, and how the work tree relates
// to them. ignore are paths that never count as changes; a folder ends in "/".
func Subject(ctx context.Context, root string, ignore []string) (evidence.Subject, error) {
	s, err := open(ctx, root)
	if errors.Is(err, gitstore.ErrUnsupported) {
		return subjectByGit(ctx, root, ignore)
	} else if errors.Is(err, gitstore.ErrReferences) {
		return evidence.Subject{}, fmt.Errorf("open repository %s: %w; %s", root, err, cureReferences)
	} else if errors.Is(err, gitstore.ErrCorrupt) {
		return evidence.Subject{}, fmt.Errorf("open repository %s: %w; %s", root, err, cureBroken)
	} else if err != nil {
		return evidence.Subject{}, fmt.Errorf("open repository %s: %w", root, err)
	}
	defer s.Close()
	head, branch, err := s.Head()
	var c *gitstore.Commit
	if err == nil {
		c, err = s.Commit(head)
	}
	switch {
	case err == nil:
	case s.Lost != nil:
		return evidence.Subject{}, fmt.Errorf("read HEAD of %s: %w; %w", root, err, s.Lost)
	case errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrCorrupt):
		return evidence.Subject{}, fmt.Errorf("read HEAD of %s: %w; %s", root, err, cureBroken)
	default:
		return evidence.Subject{}, fmt.Errorf("read HEAD of %s: %w", root, err)
	}
	worktree := status(ctx, s, c, ignore)
	if index := filepath.Join(s.GitDir, "index"); worktree.Engine != engine && mayHide(index) {
		addHidden(ctx, root, index, ignore, &worktree)
	}
	addOutside(root, &worktree)
	return evidence.Subject{Commit: head.String(), Tree: c.Tree.String(), Branch: branch, Remote: remoteOf(s.Common), Worktree: worktree}, nil
}

var remoteURL = lazyregexp.New(`(?ms)^\[remote "origin"\]\s*$.*?^\s*url\s*=\s*(\S+)\s*$`)

// remoteOf gives the web address of the repository's origin; empty when it is not
// known.
func remoteOf(common string) string {
	config, err := os.ReadFile(filepath.Join(common, "config"))
	if err != nil {
		return ""
	}
	m := remoteURL.FindSubmatch(config)
	if m == nil {
		return ""
	}
	address := strings.TrimSuffix(string(m[1]), ".git")
	if host, path, ok := strings.Cut(strings.TrimPrefix(address, "git@"), ":"); ok && strings.HasPrefix(address, "git@") {
		return "https://" + host + "/" + path
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" {
		return ""
	}
	return "https://" + u.Host + u.Path
}

// ReadFile returns a file as it is in a commit, and the commit's full hash. rev is
// anything that names a commit to a person. The error is fs.ErrNotExist when the
// commit has no such file.
func ReadFile(root, rev, path string) ([]byte, string, error) {
	s, err := open(context.Background(), root)
	if errors.Is(err, gitstore.ErrUnsupported) {
		return readFileByGit(root, rev, path)
	} else if err != nil {
		return nil, "", err
	}
	defer s.Close()
	commit, err := s.Resolve(rev)
	if err != nil {
		return nil, "", err
	}
	h, err := s.File(commit, path)
	if err != nil {
		return nil, commit.String(), err
	}
	const limit = 64 << 20
	data, ok, err := s.Blob(h, limit)
	if err == nil && !ok {
		err = fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return data, commit.String(), err
}

// ListFiles returns the paths of all files of a commit, sorted.
func ListFiles(root, rev string) ([]string, error) {
	s, err := open(context.Background(), root)
	if errors.Is(err, gitstore.ErrUnsupported) {
		return listFilesByGit(root, rev)
	} else if err != nil {
		return nil, err
	}
	defer s.Close()
	h, err := s.Resolve(rev)
	if err != nil {
		return nil, err
	}
	commit, err := s.Commit(h)
	if err != nil {
		return nil, err
	}
	changes, err := s.Diff(plumbing.ZeroHash, commit.Tree)
	paths := make([]string, 0, len(changes))
	for i := range changes {
		if !changes[i].Module() {
			paths = append(paths, changes[i].Path)
		}
	}
	return paths, err
}

// Verify asks the repository about every checkpoint of the trackers.
func Verify(ctx context.Context, root string, trackers []*tracker.Tracker, o Options) (r evidence.Repository, err error) {
	defer func() {
		if p := recover(); p != nil { // the repository's content is input
			r, err = unreadable(fmt.Sprint(p)), nil
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a file that shrinks while it is read
	s, err := open(ctx, root)
	switch {
	case errors.Is(err, gitstore.ErrNoRepository):
		return evidence.Repository{State: "none", Reason: err.Error()}, nil
	case errors.Is(err, gitstore.ErrUnsupported):
		return verifyByGit(ctx, root, trackers, o, err), nil
	case errors.Is(err, gitstore.ErrReferences):
		r := unreadable(err.Error())
		r.Cure = cureReferences
		return r, nil
	case err != nil:
		return unreadable(err.Error()), nil
	}
	defer s.Close()
	var fetchErr error // what is here is verified all the same
	if o.Fetch && (s.Shallow() || s.Partial) {
		fetchErr = complete(ctx, root, s, o.Head, o.At, o.Base)
		s.Close()
		if s, err = open(ctx, root); err != nil {
			return unreadable(err.Error()), nil
		}
	}
	engine := engineOf(s)
	v := verifier{store: s, options: o, result: evidence.Repository{State: "ok", Engine: engine, Shallow: s.Shallow(), Partial: s.Partial}}
	if fetchErr != nil {
		v.result.Reason = fetchErr.Error()
	}
	if err := v.heads(); err != nil {
		if errors.Is(err, gitstore.ErrNoCommit) {
			return evidence.Repository{State: "empty", Reason: err.Error(), Engine: engine}, nil
		}
		r := unreadable(err.Error())
		r.Cure = cureOf(s)
		return r, nil
	}
	v.readKeys()
	v.trackers(ctx, trackers)
	v.contracts()
	v.lostTests()
	v.ranges()
	if n := v.history.Graph(); n > 0 {
		v.result.Engine = fmt.Sprintf("%s; %d commits by the commit-graph", engine, n)
	}
	if v.unverifiable {
		v.result.Cure = cureOf(s)
	}
	return v.result, nil
}

// cureOf is the one line that makes what could not be verified verifiable.
func cureOf(s *gitstore.Store) string {
	switch {
	case s.Shallow():
		return cureShallow
	case s.Partial:
		return "git fetch --refetch --no-filter (in GitHub Actions: actions/checkout without filter)"
	}
	return cureBroken
}

const cureShallow = "git fetch --unshallow (in GitHub Actions: actions/checkout with fetch-depth: 0)"

// cureBroken is for a repository with objects that are gone or are not what they
// were.
const cureBroken = "clone the repository again (git fsck --full says what is broken)"

// unreadable is what is known of a repository that cannot be read.
func unreadable(reason string) evidence.Repository {
	return evidence.Repository{State: "unreadable", Reason: reason, Engine: engine, Cure: cureBroken}
}

// engine is what reads a repository.
const engine = "go-git"

// engineOf is what read a repository.
func engineOf(s *gitstore.Store) string {
	if s.Refs != nil {
		return engine + "; references by " + gitVersion()
	}
	return engine
}

var mergeSubject = lazyregexp.New(`^Merge ([0-9a-f]{40}) into ([0-9a-f]{40})$`)

// heads finds the commit that checkpoints must be reachable from. GitHub checks a
// pull request out as a merge of its head into the base: the head is what the
// tracker speaks of.
func (v *verifier) heads() error {
	rev := cmp.Or(v.options.Head, v.options.At, "HEAD")
	head, err := v.store.Resolve(rev)
	if err != nil {
		return err
	}
	c, err := v.store.Commit(head)
	if err != nil {
		return err
	}
	if m := mergeSubject.FindStringSubmatch(c.Subject()); m != nil && v.options.Head == "" {
		parents := c.Parents
		if len(parents) == 2 && parents[1].String() == m[1] && parents[0].String() == m[2] {
			v.result.Base = m[2]
			if _, err := v.store.Commit(parents[1]); err == nil {
				head = parents[1]
			}
		}
	}
	v.head = head
	v.result.Head = head.String()
	if v.options.Base != "" {
		base, err := v.store.Resolve(v.options.Base)
		if err != nil {
			return fmt.Errorf("base: %w", err)
		}
		v.result.Base = base.String()
	}
	return nil
}

// fullHash makes an optional hash of a text.
func fullHash(s string) plumbing.Hash { return plumbing.NewHash(s) }
