// Package publish shows a decision on a pull request.
//
// It takes text that is rendered already, and posts it: one comment for each pull
// request and id, kept current; a check run with annotations; a commit status. A
// comment is known by who wrote it and by the marker in it, never by the marker
// alone. Where several runs create one at the same time, the oldest stays. Nothing
// is posted for a commit that is no longer the pull request's head, and nothing
// older than what is there.
//
// It also asks GitHub what it knows itself: which pull request a commit is the head
// of, what a workflow run was, who may write.
package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Errors that callers tell apart.
var (
	ErrNoToken    = errors.New("no token: GITHUB_TOKEN or GH_TOKEN is not set")
	ErrSuperseded = errors.New("the pull request has another head by now")
	ErrOlder      = errors.New("later evidence is there already")
	ErrClosed     = errors.New("it is closed")
	ErrDenied     = errors.New("the token may not do that")
)

// Posting is a decision as it is shown in each of the ways.
type Posting struct {
	Comment *Target // nil: no pull request
	Body    string  // the comment's text
	Check   *Check  // nil: none is asked for, and none stands in for the comment
	// Always posts the check run beside the comment, not only in its place.
	Always bool
	Status Status
}

// Way is one way that was tried.
type Way struct {
	Name   string // "comment", "check", "status"
	Action string // "created", "updated", …; empty when it failed
	URL    string
	Err    error
}

// Post shows a decision: as a comment; where that is refused, as a check run, and
// where that is refused, as a commit status. It returns what it tried, in order.
// An empty result of successes means that nothing could be posted. A head that was
// pushed over, or evidence that is older than what is there, ends it at once.
func (c *Client) Post(ctx context.Context, owner, repo string, p Posting) []Way {
	var ways []Way
	shown := false
	if p.Comment != nil {
		r, err := c.Comment(ctx, *p.Comment, p.Body)
		ways = append(ways, Way{"comment", r.Action, r.URL, err})
		if errors.Is(err, ErrSuperseded) || errors.Is(err, ErrOlder) {
			return ways
		}
		shown = r.Action != ""
	}
	if p.Check == nil || shown && !p.Always {
		return ways
	}
	c.forget()
	r, err := c.CheckRun(ctx, owner, repo, *p.Check)
	ways = append(ways, Way{"check", r.Action, r.URL, err})
	if r.Action != "" {
		return ways
	}
	c.forget()
	r, err = c.CommitStatus(ctx, owner, repo, p.Status)
	return append(ways, Way{"status", r.Action, r.URL, err})
}

// forget drops what the library remembers of limits. They differ by what a request
// makes, so each way is tried once; GitHub says whether it may.
func (c *Client) forget() {
	base := c.github.BaseURL
	c.github = github.NewClient(c.github.Client())
	c.github.BaseURL = base
}

func (w Way) String() string {
	switch {
	case w.Err != nil && w.Action != "":
		return fmt.Sprintf("%s %s %s (%v)", w.Name, w.Action, w.URL, w.Err)
	case w.Err != nil:
		return fmt.Sprintf("%s not posted: %v", w.Name, w.Err)
	}
	return fmt.Sprintf("%s %s %s", w.Name, w.Action, w.URL)
}
