// Package publish keeps one comment on a pull request current.
//
// It takes text that is rendered already, and posts it: one comment for each pull
// request and id, edited in place. A comment is known by who wrote it and by the
// marker in it, never by the marker alone. Where several runs create one at the same
// time, the oldest stays. Nothing is posted for a commit that is no longer the pull
// request's head.
package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// MaxComment is the most characters that GitHub takes in a comment.
const MaxComment = 65_536

// Errors that callers tell apart.
var (
	ErrNoToken    = errors.New("no token: GITHUB_TOKEN or GH_TOKEN is not set")
	ErrSuperseded = errors.New("the pull request has another head by now")
	ErrDenied     = errors.New("the token may not write comments")
)

// Target is the comment that is to be kept current.
type Target struct {
	Owner, Repo string
	Number      int
	Head        string // full hash that the text is about; empty: not checked
	Marker      string // the line by which the comment is known; see render.Marker
}

// Result says what was done.
type Result struct {
	Action string // "created", "updated", "unchanged" or "given way" (another run's comment stays)
	URL    string
}

// Client speaks to GitHub as one identity.
type Client struct {
	github *github.Client
	dry    io.Writer // requests that would write go here instead; nil: they are made
	wait   func(context.Context, time.Duration) error
}

// maxWait bounds how long one rate limit is waited for.
const maxWait = 2 * time.Minute

// New returns a client for the API at GITHUB_API_URL, else github.com, with the
// token of GITHUB_TOKEN or GH_TOKEN. With dry not nil, nothing is written: each
// request that would be is printed there.
func New(getenv func(string) string, dry io.Writer) (*Client, error) {
	token := getenv("GITHUB_TOKEN")
	if token == "" {
		token = getenv("GH_TOKEN")
	}
	if token == "" {
		return nil, ErrNoToken
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	c := github.NewClient(&http.Client{Transport: transport, Timeout: time.Minute}).WithAuthToken(token)
	if api := getenv("GITHUB_API_URL"); api != "" {
		base, err := url.Parse(strings.TrimRight(api, "/") + "/")
		if err != nil || base.Host == "" {
			return nil, fmt.Errorf("read GITHUB_API_URL: %q is no address", api)
		}
		c.BaseURL = base
	}
	return &Client{github: c, dry: dry, wait: sleep}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Comment creates the target's comment, or edits it.
func (c *Client) Comment(ctx context.Context, t Target, body string) (Result, error) {
	if n := len([]rune(body)); n > MaxComment {
		return Result{}, fmt.Errorf("post comment: it has %d characters, GitHub takes %d", n, MaxComment)
	}
	if !strings.Contains(body, t.Marker) || t.Marker == "" {
		return Result{}, errors.New("post comment: the text lacks its marker")
	}
	if err := c.current(ctx, t); err != nil {
		return Result{}, err
	}
	me, err := c.identity(ctx)
	if err != nil {
		return Result{}, err
	}
	own, err := c.own(ctx, t, me)
	if err != nil {
		return Result{}, err
	}
	if len(own) == 0 {
		return c.create(ctx, t, body, me)
	}
	if own[0].GetBody() == body {
		return Result{"unchanged", own[0].GetHTMLURL()}, nil
	}
	return c.edit(ctx, t, own[0].GetID(), body)
}

// current refuses to post about a head that was pushed over, or to a pull request
// that is closed.
func (c *Client) current(ctx context.Context, t Target) error {
	var pr *github.PullRequest
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		pr, resp, err = c.github.PullRequests.Get(ctx, t.Owner, t.Repo, t.Number)
		return resp, err
	})
	if err != nil {
		return fmt.Errorf("read pull request %d: %w", t.Number, err)
	}
	if t.Head != "" && pr.GetHead().GetSHA() != t.Head {
		return fmt.Errorf("post comment about %.12s: %w (%.12s)", t.Head, ErrSuperseded, pr.GetHead().GetSHA())
	}
	return nil
}

// identity is the id of the account that posts. The token of a workflow cannot ask
// who it is: it is the account github-actions[bot].
func (c *Client) identity(ctx context.Context) (int64, error) {
	const actionsBot = 41898282
	var user *github.User
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		user, resp, err = c.github.Users.Get(ctx, "")
		return resp, err
	})
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && refused.Response.StatusCode == http.StatusForbidden {
		return actionsBot, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask who the token is: %w", err)
	}
	return user.GetID(), nil
}

// own lists the comments of ours that carry the marker, oldest first. All pages are
// read: a comment that is not found is made again on every run.
func (c *Client) own(ctx context.Context, t Target, me int64) ([]*github.IssueComment, error) {
	var found []*github.IssueComment
	o := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		var page []*github.IssueComment
		var next int
		err := c.retry(ctx, func() (*github.Response, error) {
			list, resp, err := c.github.Issues.ListComments(ctx, t.Owner, t.Repo, t.Number, o)
			if err == nil {
				page, next = list, resp.NextPage
			}
			return resp, err
		})
		if err != nil {
			return nil, fmt.Errorf("list comments: %w", err)
		}
		for _, comment := range page {
			if comment.GetUser().GetID() == me && strings.Contains(comment.GetBody(), t.Marker) {
				found = append(found, comment)
			}
		}
		if next == 0 {
			break
		}
		o.Page = next
	}
	slices.SortFunc(found, func(a, b *github.IssueComment) int { return int(a.GetID() - b.GetID()) })
	return found, nil
}

// create makes the comment, and looks again: where another run made one first,
// that one stays, takes the text, and ours goes.
func (c *Client) create(ctx context.Context, t Target, body string, me int64) (Result, error) {
	if c.dry != nil {
		fmt.Fprintf(c.dry, "POST repos/%s/%s/issues/%d/comments (%d characters)\n", t.Owner, t.Repo, t.Number, len([]rune(body)))
		return Result{Action: "created"}, nil
	}
	comment, _, err := c.github.Issues.CreateComment(ctx, t.Owner, t.Repo, t.Number, &github.IssueComment{Body: &body})
	own, listErr := c.own(ctx, t, me) // also after an error: a 502 may have created it
	if len(own) == 0 {
		return Result{}, denied("create comment", errors.Join(err, listErr))
	}
	if err == nil && own[0].GetID() != comment.GetID() {
		if _, err := c.github.Issues.DeleteComment(ctx, t.Owner, t.Repo, comment.GetID()); err != nil {
			return Result{}, denied("remove second comment", err)
		}
		return Result{"given way", own[0].GetHTMLURL()}, nil
	}
	return Result{"created", own[0].GetHTMLURL()}, nil
}

func (c *Client) edit(ctx context.Context, t Target, id int64, body string) (Result, error) {
	if c.dry != nil {
		fmt.Fprintf(c.dry, "PATCH repos/%s/%s/issues/comments/%d (%d characters)\n", t.Owner, t.Repo, id, len([]rune(body)))
		return Result{Action: "updated"}, nil
	}
	var comment *github.IssueComment
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		comment, resp, err = c.github.Issues.EditComment(ctx, t.Owner, t.Repo, id, &github.IssueComment{Body: &body})
		return resp, err
	})
	if err != nil {
		return Result{}, denied("edit comment", err)
	}
	return Result{"updated", comment.GetHTMLURL()}, nil
}

// denied names the permission that was missing, where GitHub says so.
func denied(what string, err error) error {
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && (refused.Response.StatusCode == http.StatusForbidden || refused.Response.StatusCode == http.StatusUnauthorized) {
		if want := refused.Response.Header.Get("X-Accepted-GitHub-Permissions"); want != "" {
			return fmt.Errorf("%s: %w; GitHub asks for %s: %w", what, ErrDenied, want, err)
		}
		return fmt.Errorf("%s: %w: %w", what, ErrDenied, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// attempts is how often a request is made that may be made again.
const attempts = 4

// retry makes a request again that changes nothing twice: after a rate limit, when
// GitHub says; after a fault of the server, at once and then later.
func (c *Client) retry(ctx context.Context, request func() (*github.Response, error)) error {
	var err error
	for n := range attempts {
		var resp *github.Response
		if resp, err = request(); err == nil {
			return nil
		}
		wait, again := backoff(resp, err, n)
		if !again || n == attempts-1 {
			return err
		}
		if err := c.wait(ctx, wait); err != nil {
			return err
		}
	}
	return err
}

// backoff says how long to wait before a request is made again, if it is to be.
func backoff(resp *github.Response, err error, n int) (time.Duration, bool) {
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	switch {
	case errors.As(err, &primary):
		return min(max(time.Until(primary.Rate.Reset.Time), time.Second), maxWait), true
	case errors.As(err, &secondary):
		return min(max(secondary.GetRetryAfter(), time.Minute), maxWait), true
	case resp == nil:
		return time.Second << n, !errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrDeadlineExceeded)
	case resp.StatusCode == http.StatusTooManyRequests:
		if after, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
			return min(after, maxWait), true
		}
		return time.Minute, true
	case resp.StatusCode >= 500:
		return time.Second << n, true
	}
	return 0, false
}
