package checkpoint

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
)

// complete fetches what a clone left out of the history of HEAD and of other
// revisions: older commits, and the files of a partial clone. Objects are added,
// and the clone's end moves; no reference, reflog or FETCH_HEAD is written, and
// nothing is packed anew.
func complete(ctx context.Context, root string, s *gitstore.Store, revs ...string) error {
	remote, err := remoteName(ctx, root)
	if err != nil {
		return fmt.Errorf("fetch what this clone left out: %w", err)
	}
	args := []string{
		"-c", "fetch.writeCommitGraph=false", "fetch", "-q", "--dry-run", "--no-write-fetch-head", "--refmap=", "--no-tags", "--no-prune", "--no-recurse-submodules",
		"--no-auto-maintenance",
	}
	if s.Shallow() {
		args = append(args, "--unshallow")
	}
	if s.Partial {
		args = append(args, "--refetch", "--no-filter")
	}
	var wanted []string
	for _, rev := range append([]string{"HEAD"}, revs...) {
		if h, err := s.Resolve(rev); err == nil && rev != "" && !slices.Contains(wanted, h.String()) {
			wanted = append(wanted, h.String())
		}
	}
	// Not every server gives a commit that none of its references names.
	for _, refs := range [][]string{wanted, {"+refs/heads/*:refs/verdict/*"}} {
		var out []byte
		if out, err = git(ctx, root, slices.Concat(args, []string{remote}, refs)...).CombinedOutput(); err == nil {
			return nil
		}
		err = fmt.Errorf("fetch what this clone left out: git fetch: %w: %s", err, firstOf(out))
	}
	return err
}

// remoteName is where a clone comes from: origin, else the first of its remotes.
func remoteName(ctx context.Context, root string) (string, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", err
	}
	out, err := git(ctx, root, "remote").Output()
	if err != nil {
		return "", fmt.Errorf("git remote: %s", gitError(err))
	}
	remotes := strings.Fields(string(out))
	switch {
	case len(remotes) == 0:
		return "", fmt.Errorf("%s has no remote", root)
	case slices.Contains(remotes, "origin"):
		return "origin", nil
	}
	return remotes[0], nil
}
