package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
)

// open opens a repository, with an installed git for references that are in another
// form than files.
func open(ctx context.Context, root string) (*gitstore.Store, error) {
	return gitstore.OpenAsking(root, func(root string) (*gitstore.Refs, error) { return refsByGit(ctx, root) })
}

const cureReferences = "install git 2.45 or newer, which reads them"

// refsByGit asks an installed git for all references.
func refsByGit(ctx context.Context, root string) (*gitstore.Refs, error) {
	out, err := git(ctx, root, "for-each-ref", "--format=%(objectname) %(refname)").Output()
	if err != nil {
		return nil, fmt.Errorf("git for-each-ref: %s", gitError(err))
	}
	refs := &gitstore.Refs{Named: map[string]plumbing.Hash{}}
	for line := range strings.Lines(string(out)) {
		hash, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs.Named[name] = plumbing.NewHash(hash)
	}
	// Neither is an error: HEAD may be detached, and there may be no commit yet.
	branch, _ := git(ctx, root, "symbolic-ref", "-q", "HEAD").Output()
	head, _ := git(ctx, root, "rev-parse", "-q", "--verify", "HEAD").Output()
	refs.Branch = strings.TrimPrefix(strings.TrimSpace(string(branch)), "refs/heads/")
	refs.Head = plumbing.NewHash(strings.TrimSpace(string(head)))
	return refs, nil
}

// resolveByGit gives the full hash of the commit that a person means.
func resolveByGit(ctx context.Context, root, rev string) (string, error) {
	if strings.HasPrefix(rev, "-") {
		return "", fmt.Errorf("resolve %s: %w", rev, gitstore.ErrNotFound)
	}
	out, err := git(ctx, root, "rev-parse", "--verify", rev+"^{commit}").Output()
	if err != nil {
		return "", fmt.Errorf("resolve %s: git rev-parse: %s", rev, gitError(err))
	}
	return strings.TrimSpace(string(out)), nil
}

// readFileByGit is ReadFile by an installed git.
func readFileByGit(root, rev, path string) ([]byte, string, error) {
	ctx := context.Background()
	commit, err := resolveByGit(ctx, root, rev)
	if err != nil {
		return nil, "", err
	}
	entry, err := git(ctx, root, "--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path).Output()
	if err != nil {
		return nil, commit, fmt.Errorf("git ls-tree: %s", gitError(err))
	}
	fields := strings.Fields(string(entry)) // mode, type, hash, name
	if len(fields) < 4 || fields[1] != "blob" {
		return nil, commit, fmt.Errorf("%s in %s: %w", path, commit, fs.ErrNotExist)
	}
	data, err := git(ctx, root, "cat-file", "blob", fields[2]).Output()
	if err != nil {
		err = fmt.Errorf("git cat-file: %s", gitError(err))
	}
	return data, commit, err
}

// listFilesByGit is ListFiles by an installed git.
func listFilesByGit(root, rev string) ([]string, error) {
	ctx := context.Background()
	commit, err := resolveByGit(ctx, root, rev)
	if err != nil {
		return nil, err
	}
	out, err := git(ctx, root, "ls-tree", "-r", "-z", "--full-tree", commit).Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-tree: %s", gitError(err))
	}
	paths := []string{}
	for entry := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		if about, name, ok := strings.Cut(string(entry), "\t"); ok && !strings.Contains(about, " commit ") {
			paths = append(paths, name)
		}
	}
	return paths, nil
}

// toCheckOutByGit is toCheckOut by an installed git.
func toCheckOutByGit(ctx context.Context, root, rev string) (commit, common, format string, err error) {
	if commit, err = resolveByGit(ctx, root, rev); err != nil {
		return "", "", "", err
	}
	out, err := git(ctx, root, "rev-parse", "--show-object-format", "--git-common-dir").Output()
	fields := strings.SplitN(strings.TrimSpace(string(out)), "\n", 2)
	if err != nil || len(fields) < 2 {
		return "", "", "", errors.Join(errors.New("git rev-parse: it does not tell where the objects are"), err)
	}
	if common = fields[1]; !filepath.IsAbs(common) {
		common = filepath.Join(root, common)
	}
	return commit, common, fields[0], nil
}
