package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// MaxArtifact is the largest artifact that is fetched, in bytes.
const MaxArtifact = 512 << 20

// Artifact fetches the run's artifact of that name into the file, as the archive
// that it is. Its content is whatever the run wanted it to be.
func (c *Client) Artifact(ctx context.Context, owner, repo string, run int64, name string, to *os.File) error {
	var found *github.Artifact
	err := c.pages(ctx, func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := c.github.Actions.ListWorkflowRunArtifacts(ctx, owner, repo, run, &o)
		if err == nil {
			for _, a := range list.Artifacts {
				if a.GetName() == name && !a.GetExpired() {
					found = a
				}
			}
		}
		return resp, err
	})
	if err != nil {
		return denied("list artifacts", err)
	}
	if found == nil {
		return fmt.Errorf("find artifact %q of run %d: it is not there", name, run)
	}
	return c.download(ctx, owner, repo, found, to)
}

// ErrNoArtifact says that nobody who counts has kept such an artifact.
var ErrNoArtifact = errors.New("no such artifact")

// Kept fetches the newest artifact of that name which a run of the workflow file
// uploaded on a workflow_run event. Such a run is of the default branch, while any
// run of a pull request can upload an artifact of the same name.
func (c *Client) Kept(ctx context.Context, owner, repo, name, workflow string, to *os.File) error {
	var list struct {
		Artifacts []struct {
			github.Artifact
			WorkflowRun struct{ ID int64 } `json:"workflow_run"`
		}
	}
	if err := c.get(ctx, fmt.Sprintf("repos/%s/%s/actions/artifacts?per_page=10&name=%s", owner, repo, url.QueryEscape(name)), &list); err != nil {
		return denied("list artifacts", err)
	}
	for i := range list.Artifacts { // the newest first
		a := &list.Artifacts[i]
		if a.GetName() != name || a.GetExpired() {
			continue
		}
		var run struct{ Event, Path string }
		if err := c.get(ctx, fmt.Sprintf("repos/%s/%s/actions/runs/%d", owner, repo, a.WorkflowRun.ID), &run); err != nil {
			return denied(fmt.Sprintf("read run %d", a.WorkflowRun.ID), err)
		}
		if path, _, _ := strings.Cut(run.Path, "@"); run.Event == "workflow_run" && path == workflow {
			return c.download(ctx, owner, repo, &a.Artifact, to)
		}
	}
	return fmt.Errorf("find artifact %q: %w", name, ErrNoArtifact)
}

func (c *Client) download(ctx context.Context, owner, repo string, a *github.Artifact, to *os.File) error {
	if a.GetSizeInBytes() > MaxArtifact {
		return fmt.Errorf("fetch artifact %q: %d bytes, at most %d are read", a.GetName(), a.GetSizeInBytes(), int64(MaxArtifact))
	}
	return c.retry(ctx, func() (*github.Response, error) {
		address, resp, err := c.github.Actions.DownloadArtifact(ctx, owner, repo, a.GetID(), 1)
		if err != nil {
			return resp, denied("fetch artifact", err)
		}
		return nil, fetch(ctx, address.String(), to) // the address is good for a minute, and takes no token
	})
}

func fetch(ctx context.Context, address string, to *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("fetch artifact: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("fetch artifact: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch artifact: %s", resp.Status)
	}
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := to.Truncate(0); err != nil {
		return err
	}
	n, err := io.Copy(to, io.LimitReader(resp.Body, MaxArtifact+1))
	switch {
	case err != nil:
		return fmt.Errorf("fetch artifact: %w", err)
	case n > MaxArtifact:
		return fmt.Errorf("fetch artifact: more than %d bytes", int64(MaxArtifact))
	}
	return nil
}
