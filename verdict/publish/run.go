package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Run is what GitHub itself recorded about a workflow run.
type Run struct {
	ID         int64
	Attempt    int
	Repository string // OWNER/NAME that it ran in
	Event      string // "pull_request", "merge_group", "push", …
	HeadSHA    string
	HeadOwner  string // of the repository that the head comes from; empty: it is gone
	HeadBranch string
	Path       string // of the workflow's file
	Status     string // "completed", …
	Conclusion string // "success", "failure", "cancelled", …
	URL        string
	Started    time.Time // this attempt
	Updated    time.Time // when it changed last: of one that has ended, when it ended
	Jobs       []Job
}

// Job is one job of a run.
type Job struct {
	Name       string
	Conclusion string
}

// WorkflowRun reads a run and its jobs.
func (c *Client) WorkflowRun(ctx context.Context, owner, repo string, id int64) (*Run, error) {
	var raw struct { // the library's own type lacks the path
		ID         int64
		RunAttempt int `json:"run_attempt"`
		Event      string
		HeadSHA    string `json:"head_sha"`
		HeadBranch string `json:"head_branch"`
		Path       string
		Status     string
		Conclusion string
		HTMLURL    string    `json:"html_url"`
		Started    time.Time `json:"run_started_at"`
		Updated    time.Time `json:"updated_at"`
		Repository struct {
			FullName string `json:"full_name"`
		}
		HeadRepository *struct{ Owner struct{ Login string } } `json:"head_repository"`
	}
	if err := c.get(ctx, fmt.Sprintf("repos/%s/%s/actions/runs/%d", owner, repo, id), &raw); err != nil {
		return nil, denied(fmt.Sprintf("read run %d", id), err)
	}
	path, _, _ := strings.Cut(raw.Path, "@")
	r := &Run{
		ID: raw.ID, Attempt: raw.RunAttempt, Repository: raw.Repository.FullName, Event: raw.Event, HeadSHA: raw.HeadSHA, HeadBranch: raw.HeadBranch,
		Path: path, Status: raw.Status, Conclusion: raw.Conclusion, URL: raw.HTMLURL, Started: raw.Started, Updated: raw.Updated,
	}
	if raw.HeadRepository != nil {
		r.HeadOwner = raw.HeadRepository.Owner.Login
	}
	err := c.pages(ctx, func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := c.github.Actions.ListWorkflowJobs(ctx, owner, repo, id, &github.ListWorkflowJobsOptions{Filter: "latest", ListOptions: o})
		if err == nil {
			for _, j := range list.Jobs {
				r.Jobs = append(r.Jobs, Job{j.GetName(), j.GetConclusion()})
			}
		}
		return resp, err
	})
	if err != nil {
		return nil, denied(fmt.Sprintf("list jobs of run %d", id), err)
	}
	return r, nil
}

// PullRequest is a pull request, as it is now.
type PullRequest struct {
	Number  int
	Head    string // full hash
	Base    string // full hash of the base branch's head
	BaseRef string // name of the base branch
	State   string // "open" or "closed"
	Fork    bool   // the head is in another repository
}

// pullRequest takes over what GitHub says, but for the base: what it names is the
// branch's head at some earlier time, and the policy may be another one by now.
func (c *Client) pullRequest(ctx context.Context, owner, repo string, p *github.PullRequest) (*PullRequest, error) {
	out := &PullRequest{
		Number: p.GetNumber(), Head: p.GetHead().GetSHA(), Base: p.GetBase().GetSHA(), BaseRef: p.GetBase().GetRef(), State: p.GetState(),
		Fork: p.GetHead().GetRepo().GetFullName() != p.GetBase().GetRepo().GetFullName(),
	}
	head, err := c.BranchHead(ctx, owner, repo, out.BaseRef)
	if isStatus(err, http.StatusNotFound) {
		return out, nil // the branch is gone: its last commit is what is left of it
	} else if err != nil {
		return nil, err
	}
	if head != "" {
		out.Base = head
	}
	return out, nil
}

// BranchHead is the commit that a branch is at.
func (c *Client) BranchHead(ctx context.Context, owner, repo, branch string) (string, error) {
	var answer struct{ Commit struct{ SHA string } }
	err := c.get(ctx, fmt.Sprintf("repos/%s/%s/branches/%s", owner, repo, url.PathEscape(branch)), &answer)
	if err != nil {
		return "", denied("read branch "+branch, err)
	}
	return answer.Commit.SHA, nil
}

// get reads what the library has no type for.
func (c *Client) get(ctx context.Context, path string, answer any) error {
	return c.retry(ctx, func() (*github.Response, error) {
		req, err := c.github.NewRequest("GET", path, nil)
		if err != nil {
			return nil, err
		}
		return c.github.Do(ctx, req, answer)
	})
}

// PullRequest reads one by its number.
func (c *Client) PullRequest(ctx context.Context, owner, repo string, number int) (*PullRequest, error) {
	var pr *github.PullRequest
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		pr, resp, err = c.github.PullRequests.Get(ctx, owner, repo, number)
		return resp, err
	})
	if err != nil {
		return nil, denied(fmt.Sprintf("read pull request %d", number), err)
	}
	return c.pullRequest(ctx, owner, repo, pr)
}

// ErrNoPullRequest says that no pull request has the commit as its head.
var ErrNoPullRequest = errors.New("no pull request has that head")

// FindPullRequest finds the pull request whose head is the commit: the open one, else
// the newest that was closed with it. What a run or an artifact says of it is not
// asked: the first is empty for forks, and the second may say anything. headOwner and
// branch say where the head comes from; they may be empty.
func (c *Client) FindPullRequest(ctx context.Context, owner, repo, sha, headOwner, branch string) (*PullRequest, error) {
	var found []*github.PullRequest
	if headOwner != "" && branch != "" {
		list, err := c.pulls(ctx, func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.github.PullRequests.List(ctx, owner, repo, &github.PullRequestListOptions{State: "open", Head: headOwner + ":" + branch, ListOptions: *o})
		})
		if err != nil {
			return nil, err
		}
		found = withHead(list, sha, "open")
	}
	if len(found) == 0 {
		list, err := c.pulls(ctx, func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return c.github.PullRequests.ListPullRequestsWithCommit(ctx, owner, repo, sha, o)
		})
		if err != nil {
			return nil, err
		}
		if found = withHead(list, sha, "open"); len(found) == 0 {
			found = withHead(list, sha, "closed")
			found = found[:min(len(found), 1)]
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("find pull request of %.12s: %w", sha, ErrNoPullRequest)
	case 1:
		return c.pullRequest(ctx, owner, repo, found[0])
	}
	return nil, fmt.Errorf("find pull request of %.12s: %d open ones have that head", sha, len(found))
}

// withHead keeps those of a state whose head is the commit, newest first.
func withHead(list []*github.PullRequest, sha, state string) []*github.PullRequest {
	var found []*github.PullRequest
	for _, p := range list {
		if p.GetState() == state && p.GetHead().GetSHA() == sha {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *github.PullRequest) int { return cmp.Compare(b.GetNumber(), a.GetNumber()) })
	return found
}

func (c *Client) pulls(ctx context.Context, ask func(*github.ListOptions) ([]*github.PullRequest, *github.Response, error)) ([]*github.PullRequest, error) {
	var all []*github.PullRequest
	err := c.pages(ctx, func(o github.ListOptions) (*github.Response, error) {
		page, resp, err := ask(&o)
		if err == nil {
			all = append(all, page...)
		}
		return resp, err
	})
	if err != nil {
		return nil, denied("list pull requests", err)
	}
	return all, nil
}

// queued is the form of a merge queue's branch.
var queued = lazyregexp.New(`^(?:refs/heads/)?gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]{40}$`)

// QueuedPullRequest is the number of the pull request that a merge queue's branch
// is for; 0 for any other branch.
func QueuedPullRequest(ref string) int {
	m := queued.FindStringSubmatch(ref)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// Changed lists those of the files that the pull request changes which begin with
// one of the prefixes, and whether all of its files were listed: GitHub lists 3,000.
func (c *Client) Changed(ctx context.Context, owner, repo string, number int, prefixes ...string) (names []string, all bool, err error) {
	total := 0
	err = c.pages(ctx, func(o github.ListOptions) (*github.Response, error) {
		page, resp, err := c.github.PullRequests.ListFiles(ctx, owner, repo, number, &o)
		if err != nil {
			return resp, err
		}
		total += len(page)
		for _, f := range page {
			for _, name := range []string{f.GetFilename(), f.GetPreviousFilename()} {
				if name != "" && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		return resp, nil
	})
	if err != nil {
		return nil, false, denied("list changed files", err)
	}
	return names, total < 3000, nil
}
