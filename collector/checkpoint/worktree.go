package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// elsewhere are the variables that would point git at another repository than the
// one that it is asked about, as inside a hook.
var elsewhere = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE",
	"GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE",
}

// git prepares a call of an installed git that only reads, whoever owns the
// repository and whatever its configuration says.
func git(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "safe.directory=*", "--no-optional-locks", "--no-replace-objects"}, args...)...)
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !slices.Contains(elsewhere, name) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	return cmd
}

// Status says how the work tree differs from the commit. ignore are paths that
// never count; a folder ends in "/". Where the index does not say by itself that
// nothing differs, an installed git is asked, since only it knows every filter,
// attribute, ignore file and submodule; the engine says so. Untracked files are listed
// whatever the configuration says: a build reads them.
func Status(ctx context.Context, root string, ignore []string) evidence.Worktree {
	s, err := open(ctx, root)
	if err != nil {
		return statusByGit(ctx, root, ignore)
	}
	defer s.Close()
	if head, _, err := s.Head(); err == nil {
		if c, err := s.Commit(head); err == nil {
			return status(ctx, s, c, ignore)
		}
	}
	return statusByGit(ctx, root, ignore)
}

// status is Status for a commit that is checked out.
func status(ctx context.Context, s *gitstore.Store, head *gitstore.Commit, ignore []string) evidence.Worktree {
	byGit, ok := untouched(s.Root, filepath.Join(s.GitDir, "index"), head.Tree, ignore)
	if !ok {
		return statusByGit(ctx, s.Root, ignore)
	}
	w := evidence.Worktree{State: evidence.WorktreeClean, Engine: engine}
	for _, name := range byGit {
		addBeside(&w, s.Root, name)
	}
	return w
}

// addBeside adds what git ignores where builds read it.
func addBeside(w *evidence.Worktree, root, name string) {
	if len(w.Beside) < evidence.MaxChanges && readByGo(root, name) {
		w.Beside = append(w.Beside, strings.ToValidUTF8(name, "\ufffd"))
	}
}

func statusByGit(ctx context.Context, root string, ignore []string) evidence.Worktree {
	if _, _, bare, err := gitstore.Find(root); err != nil || bare {
		return evidence.Worktree{State: evidence.WorktreeNone}
	}
	if _, err := exec.LookPath("git"); err != nil {
		return evidence.Worktree{Reason: "git is not installed, so the work tree cannot be compared with the commit"}
	}
	args := []string{"status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=matching"}
	if hidesModules(ctx, root) {
		args = append(args, "--ignore-submodules=untracked")
	}
	out, err := git(ctx, root, args...).Output()
	if err != nil {
		return evidence.Worktree{Reason: "git status: " + gitError(err)}
	}
	w := evidence.Worktree{State: evidence.WorktreeClean, Engine: gitVersion()}
	field := func() (f []byte) {
		f, out, _ = bytes.Cut(out, []byte{0})
		return f
	}
	for len(out) > 0 {
		entry := field()
		if len(entry) < 4 {
			continue
		}
		kind, path, from := bytes.TrimSpace(entry[:2]), entry[3:], []byte(nil)
		if kind[0] == 'R' || kind[0] == 'C' {
			from = field()
		}
		switch {
		case ignored(string(path), ignore):
		case kind[0] == '!':
			addBeside(&w, root, string(path))
		case len(w.Changes) == evidence.MaxChanges:
			w.More++
		default:
			w.State = evidence.WorktreeDirty
			change := evidence.FileChange{Status: string(kind), Path: strings.ToValidUTF8(string(path), "\ufffd"), From: string(from)}
			if change.Status == "??" {
				change.Status = "?"
			}
			w.Changes = append(w.Changes, change)
		}
	}
	slices.SortFunc(w.Changes, func(a, b evidence.FileChange) int { return strings.Compare(a.Path, b.Path) })
	return w
}

// Tracked lists the tracked files below a folder, in git's order, but for those that
// are ignored as [Status] ignores them. It is empty where there is no git.
func Tracked(ctx context.Context, root string, ignore []string) []string {
	out, err := git(ctx, root, "ls-files", "-z").Output()
	if err != nil || len(out) == 0 {
		return nil
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), func(name string) bool { return ignored(name, ignore) })
}

func ignored(path string, ignore []string) bool {
	for _, i := range ignore {
		if path == i || strings.HasSuffix(i, "/") && strings.HasPrefix(path, i) {
			return true
		}
	}
	return false
}

// gitVersion names the installed git; it is asked once.
var gitVersion = sync.OnceValue(func() string {
	out, err := git(context.Background(), "", "version").Output()
	if err != nil {
		return "git"
	}
	return strings.TrimSpace(strings.ReplaceAll(string(out), "git version", "git"))
})

func gitError(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		line, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		return strings.TrimSuffix(line, ":")
	}
	return err.Error()
}

// HasRevision returns an error where a revision is none of the repository's.
func HasRevision(root, rev string) error {
	ctx := context.Background()
	s, err := open(ctx, root)
	switch {
	case errors.Is(err, gitstore.ErrUnsupported):
		_, err = resolveByGit(ctx, root, rev)
	case err != nil:
		return err
	default:
		_, err = s.Resolve(rev)
		s.Close()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", rev, ErrNoRevision)
	}
	return nil
}

// Checkout makes a clean checkout of a revision in an empty folder, with a
// repository of its own that borrows the objects, and returns the commit. The
// user's repository and work tree stay as they are. It is no clone, since git
// clones from no other user's repository.
func Checkout(ctx context.Context, root, rev, dir string) (string, error) {
	commit, common, format, err := toCheckOut(ctx, root, rev)
	if err != nil {
		return "", fmt.Errorf("check out %s: %w", rev, err)
	}
	run := func(args ...string) error {
		if out, err := git(ctx, filepath.Dir(dir), args...).CombinedOutput(); err != nil {
			return fmt.Errorf("check out %s: git: %w: %s", rev, err, firstOf(out))
		}
		return nil
	}
	if err := run("init", "-q", "--template=", "--object-format="+format, dir); err != nil {
		return "", err
	}
	if err := borrow(common, filepath.Join(dir, ".git")); err != nil {
		return "", fmt.Errorf("check out %s: %w", rev, err)
	}
	return commit, run("-C", dir, "-c", "advice.detachedHead=false", "checkout", "-q", "--detach", commit)
}

// toCheckOut gives the full hash of a revision, the folder of its repository that all
// work trees share, and the form of its hashes.
func toCheckOut(ctx context.Context, root, rev string) (commit, common, format string, err error) {
	s, err := open(ctx, root)
	if errors.Is(err, gitstore.ErrUnsupported) {
		return toCheckOutByGit(ctx, root, rev)
	} else if err != nil {
		return "", "", "", err
	}
	defer s.Close()
	h, err := s.Resolve(rev)
	return h.String(), s.Common, "sha1", err
}

// borrow lets a new repository use another's objects, and end where that one ends.
func borrow(from, gitDir string) error {
	info := filepath.Join(gitDir, "objects", "info")
	if err := os.MkdirAll(info, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(info, "alternates"), []byte(filepath.Join(from, "objects")+"\n"), 0o644); err != nil {
		return err
	}
	shallow, err := os.ReadFile(filepath.Join(from, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(gitDir, "shallow"), shallow, 0o644)
}

func firstOf(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
