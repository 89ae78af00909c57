package publish

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Remark is a comment of the pull request's conversation.
type Remark struct {
	ID      int64
	Author  string // login
	Own     bool   // by this client's identity
	Bot     bool
	Body    string
	Created time.Time
	Updated time.Time // when it was changed last
	Edited  bool      // changed after it was made
	URL     string
}

// Conversation lists the comments of a pull request, oldest first.
func (c *Client) Conversation(ctx context.Context, owner, repo string, number int) ([]Remark, error) {
	me, err := c.identity(ctx)
	if err != nil {
		return nil, err
	}
	list, err := c.comments(ctx, owner, repo, number)
	var all []Remark
	for _, r := range list {
		all = append(all, Remark{
			ID: r.GetID(), Author: r.GetUser().GetLogin(), Own: r.GetUser().GetID() == me, Bot: r.GetUser().GetType() == "Bot", Body: r.GetBody(),
			Created: r.GetCreatedAt().Time, Updated: r.GetUpdatedAt().Time, Edited: r.GetUpdatedAt().After(r.GetCreatedAt().Time), URL: r.GetHTMLURL(),
		})
	}
	return all, err
}

// comments lists a pull request's comments, oldest first.
func (c *Client) comments(ctx context.Context, owner, repo string, number int) ([]*github.IssueComment, error) {
	var all []*github.IssueComment
	err := c.pages(ctx, func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := c.github.Issues.ListComments(ctx, owner, repo, number, &github.IssueListCommentsOptions{ListOptions: o})
		if err == nil {
			all = append(all, list...)
		}
		return resp, err
	})
	if err != nil {
		return nil, denied("list comments", err)
	}
	slices.SortFunc(all, func(a, b *github.IssueComment) int { return cmp.Compare(a.GetID(), b.GetID()) })
	return all, nil
}

// pages makes a request for each page of a list.
func (c *Client) pages(ctx context.Context, request func(github.ListOptions) (*github.Response, error)) error {
	o := github.ListOptions{PerPage: 100}
	for {
		err := c.retry(ctx, func() (resp *github.Response, err error) {
			if resp, err = request(o); err == nil {
				o.Page = resp.NextPage
			}
			return resp, err
		})
		if err != nil || o.Page == 0 {
			return err
		}
	}
}

// Reply adds a comment to the conversation. Its first line tells it from every other.
func (c *Client) Reply(ctx context.Context, owner, repo string, number int, body string) error {
	mark, _, _ := strings.Cut(body, "\n")
	_, err := once(ctx, c, func() (*github.IssueComment, *github.Response, error) {
		return c.github.Issues.CreateComment(ctx, owner, repo, number, &github.IssueComment{Body: &body})
	}, func() (*github.IssueComment, error) {
		own, err := c.own(ctx, Target{Owner: owner, Repo: repo, Number: number, Marker: mark})
		if len(own) == 0 {
			return nil, err
		}
		return own[0], err
	})
	if err != nil {
		return denied("reply", err)
	}
	return nil
}

// Tree is the tree of a commit.
func (c *Client) Tree(ctx context.Context, owner, repo, sha string) (string, error) {
	var commit *github.Commit
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		commit, resp, err = c.github.Git.GetCommit(ctx, owner, repo, sha)
		return resp, err
	})
	if err != nil {
		return "", denied(fmt.Sprintf("read commit %.12s", sha), err)
	}
	return commit.GetTree().GetSHA(), nil
}

// LastRun is the newest run of a workflow file for a commit; 0 when there is none.
func (c *Client) LastRun(ctx context.Context, owner, repo, workflow, sha string) (int64, error) {
	var runs *github.WorkflowRuns
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		runs, resp, err = c.github.Actions.ListWorkflowRunsByFileName(ctx, owner, repo, workflow, &github.ListWorkflowRunsOptions{HeadSHA: sha, ListOptions: github.ListOptions{PerPage: 1}})
		return resp, err
	})
	if err != nil {
		return 0, denied("list runs of "+workflow, err)
	}
	if len(runs.WorkflowRuns) == 0 {
		return 0, nil
	}
	return runs.WorkflowRuns[0].GetID(), nil
}

// Rerun starts a run again, with the rights that it had: nothing runs here.
func (c *Client) Rerun(ctx context.Context, owner, repo string, run int64) error {
	if _, err := c.github.Actions.RerunWorkflowByID(ctx, owner, repo, run); err != nil {
		return denied("start the run again", err)
	}
	return nil
}

// Permission is what a person may do in the repository: "admin", "write", "read" or
// "none". It is asked of the API: what an event says of somebody is about the
// organisation, not about the repository.
func (c *Client) Permission(ctx context.Context, owner, repo, login string) (string, error) {
	var level *github.RepositoryPermissionLevel
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		level, resp, err = c.github.Repositories.GetPermissionLevel(ctx, owner, repo, login)
		return resp, err
	})
	if isStatus(err, http.StatusNotFound) {
		return "none", nil
	}
	if err != nil {
		return "", denied("ask what "+login+" may do", err)
	}
	return level.GetPermission(), nil
}
