package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// ErrNoFile says that a commit has no such file.
var ErrNoFile = errors.New("no such file")

// File reads a file as it is in a commit.
func (c *Client) File(ctx context.Context, owner, repo, path, ref string) ([]byte, error) {
	var content *github.RepositoryContent
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		content, _, resp, err = c.github.Repositories.GetContents(ctx, owner, repo, path, &github.RepositoryContentGetOptions{Ref: ref})
		return resp, err
	})
	switch {
	case isStatus(err, http.StatusNotFound):
		return nil, fmt.Errorf("read %s of %.12s: %w", path, ref, ErrNoFile)
	case err != nil:
		return nil, denied("read "+path, err)
	case content == nil:
		return nil, fmt.Errorf("read %s of %.12s: a folder", path, ref)
	}
	if text, err := content.GetContent(); err == nil && (text != "" || content.GetSize() == 0) {
		return []byte(text), nil
	}
	var blob []byte // larger files come without their content
	err = c.retry(ctx, func() (resp *github.Response, err error) {
		blob, resp, err = c.github.Git.GetBlobRaw(ctx, owner, repo, content.GetSHA())
		return resp, err
	})
	if err != nil {
		return nil, denied("read "+path, err)
	}
	return blob, nil
}

// Files lists the files of a commit, and whether these are all: GitHub bounds them.
func (c *Client) Files(ctx context.Context, owner, repo, commit string) (names []string, all bool, err error) {
	var tree *github.Tree
	err = c.retry(ctx, func() (resp *github.Response, err error) {
		tree, resp, err = c.github.Git.GetTree(ctx, owner, repo, commit, true)
		return resp, err
	})
	if err != nil {
		return nil, false, denied(fmt.Sprintf("list files of %.12s", commit), err)
	}
	for _, e := range tree.Entries {
		if e.GetType() == "blob" {
			names = append(names, e.GetPath())
		}
	}
	return names, !tree.GetTruncated(), nil
}

// Workflows are the digests of the folders that hold a commit's workflows and actions.
func (c *Client) Workflows(ctx context.Context, owner, repo, commit string) (map[string]string, error) {
	var entries []*github.RepositoryContent
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		_, entries, resp, err = c.github.Repositories.GetContents(ctx, owner, repo, ".github", &github.RepositoryContentGetOptions{Ref: commit})
		return resp, err
	})
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return nil, denied(fmt.Sprintf("list workflows of %.12s", commit), err)
	}
	found := map[string]string{}
	for _, e := range entries {
		if name := e.GetName(); name == "workflows" || name == "actions" {
			found[name] = e.GetSHA()
		}
	}
	return found, nil
}

// DefaultBranch is the name of the repository's default branch.
func (c *Client) DefaultBranch(ctx context.Context, owner, repo string) (string, error) {
	var found struct {
		DefaultBranch string `json:"default_branch"`
	}
	if err := c.get(ctx, fmt.Sprintf("repos/%s/%s", owner, repo), &found); err != nil {
		return "", denied("read repository", err)
	}
	return found.DefaultBranch, nil
}

// Address is the repository's web address.
func (c *Client) Address(owner, repo string) string { return c.server + "/" + owner + "/" + repo }
