package publish

import (
	"context"
	"fmt"
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
	var all []Remark
	o := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		var next int
		err := c.retry(ctx, func() (*github.Response, error) {
			list, resp, err := c.github.Issues.ListComments(ctx, owner, repo, number, o)
			if err != nil {
				return resp, err
			}
			next = resp.NextPage
			for _, r := range list {
				all = append(all, Remark{
					ID: r.GetID(), Author: r.GetUser().GetLogin(), Own: r.GetUser().GetID() == me, Bot: r.GetUser().GetType() == "Bot", Body: r.GetBody(),
					Created: r.GetCreatedAt().Time, Updated: r.GetUpdatedAt().Time, Edited: r.GetUpdatedAt().After(r.GetCreatedAt().Time), URL: r.GetHTMLURL(),
				})
			}
			return resp, nil
		})
		if err != nil {
			return nil, denied("list comments", err)
		}
		if o.Page = next; next == 0 {
			return all, nil
		}
	}
}

// Reply adds a comment to the conversation.
func (c *Client) Reply(ctx context.Context, owner, repo string, number int, body string) error {
	if c.would("POST", "repos/%s/%s/issues/%d/comments (%d characters)", owner, repo, number, len([]rune(body))) {
		return nil
	}
	_, _, err := c.github.Issues.CreateComment(ctx, owner, repo, number, &github.IssueComment{Body: &body})
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
	if c.would("POST", "repos/%s/%s/actions/runs/%d/rerun", owner, repo, run) {
		return nil
	}
	if _, err := c.github.Actions.RerunWorkflowByID(ctx, owner, repo, run); err != nil {
		return denied("start the run again", err)
	}
	return nil
}
