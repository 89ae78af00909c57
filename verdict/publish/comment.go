package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// MaxComment is the most characters that GitHub takes in a comment.
const MaxComment = 65_536

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

// state is what a comment says of itself in a line that nobody sees: which decision
// it holds, and how old its evidence is. It is for looks alone, since everybody
// with write permission may edit a comment; no decision is read from it.
var state = regexp.MustCompile(`<!-- verdict:state class=(\w+) evidence=(\S+) head=(\w*) -->`)

func stateOf(body string) (class, head string, at time.Time) {
	m := state.FindStringSubmatch(body)
	if m == nil {
		return "", "", time.Time{}
	}
	at, _ = time.Parse(time.RFC3339, m[2])
	return m[1], m[3], at
}

// Comment creates the target's comment, or edits it. Where the decision is another
// one than that of the comment that is there, a new one is created, so that people
// are told, and the old one is folded away as outdated. A comment of later evidence
// for the same head stays as it is.
func (c *Client) Comment(ctx context.Context, t Target, body string) (Result, error) {
	if n := len([]rune(body)); n > MaxComment {
		return Result{}, fmt.Errorf("post comment: it has %d characters, GitHub takes %d", n, MaxComment)
	}
	if !strings.HasPrefix(body, t.Marker) || t.Marker == "" {
		return Result{}, errors.New("post comment: the text does not begin with its marker")
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
		return c.create(ctx, t, body, me, nil)
	}
	last := own[len(own)-1]
	class, _, at := stateOf(body)
	lastClass, lastHead, lastAt := stateOf(last.GetBody())
	switch {
	case last.GetBody() == body:
		return Result{"unchanged", last.GetHTMLURL()}, nil
	case lastHead == t.Head && t.Head != "" && lastAt.After(at) && !at.IsZero() && lastAt.Before(time.Now().Add(time.Hour)): // evidence says itself how old it is
		return Result{}, fmt.Errorf("post comment of %s: %w: there is one of %s", at.Format(time.RFC3339), ErrOlder, lastAt.Format(time.RFC3339))
	case class != "" && lastClass != "" && class != lastClass:
		return c.create(ctx, t, body, me, own)
	}
	return c.edit(ctx, t, last.GetID(), body)
}

// current refuses to post about a head that was pushed over, and to a pull request
// whose conversation is locked or that is closed.
func (c *Client) current(ctx context.Context, t Target) error {
	var pr *github.PullRequest
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		pr, resp, err = c.github.PullRequests.Get(ctx, t.Owner, t.Repo, t.Number)
		return resp, err
	})
	switch {
	case err != nil:
		return denied(fmt.Sprintf("read pull request %d", t.Number), err)
	case t.Head != "" && pr.GetHead().GetSHA() != t.Head:
		return fmt.Errorf("post comment about %.12s: %w (%.12s)", t.Head, ErrSuperseded, pr.GetHead().GetSHA())
	case pr.GetState() == "closed":
		return fmt.Errorf("post comment: %w: pull request %d", ErrClosed, t.Number)
	}
	return nil
}

// own lists the comments of ours that begin with the marker, oldest first: in others
// of the same account, text that it quotes may hold one. All pages are
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
			return nil, denied("list comments", err)
		}
		for _, comment := range page {
			if comment.GetUser().GetID() == me && strings.HasPrefix(comment.GetBody(), t.Marker) {
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

// create makes a comment beside the earlier ones, and looks again: where another
// run made one first, that one stays, and ours goes. Then the earlier ones are
// folded away.
func (c *Client) create(ctx context.Context, t Target, body string, me int64, earlier []*github.IssueComment) (Result, error) {
	if c.would("POST", "repos/%s/%s/issues/%d/comments (%d characters)", t.Owner, t.Repo, t.Number, len([]rune(body))) {
		for _, old := range earlier {
			c.would("POST", "graphql minimizeComment %s", old.GetNodeID())
		}
		return Result{Action: "created"}, nil
	}
	after := int64(0)
	if len(earlier) > 0 {
		after = earlier[len(earlier)-1].GetID()
	}
	var comment *github.IssueComment
	var own []*github.IssueComment
	for n := range attempts { // a POST is made again only when looking shows that it made nothing
		made, resp, err := c.github.Issues.CreateComment(ctx, t.Owner, t.Repo, t.Number, &github.IssueComment{Body: &body})
		listed, listErr := c.own(ctx, t, me) // also after an error: a 502 may have created it
		own = slices.DeleteFunc(listed, func(o *github.IssueComment) bool { return o.GetID() <= after })
		if err == nil {
			comment = made
		}
		if len(own) > 0 || err == nil && listErr == nil {
			break
		}
		if n == attempts-1 || !limited(resp, err) {
			return Result{}, denied("create comment", errors.Join(err, listErr))
		}
		wait, _ := backoff(resp, err, n)
		if err := c.wait(ctx, wait); err != nil {
			return Result{}, err
		}
	}
	if len(own) == 0 { // not in the list yet, but made
		own = []*github.IssueComment{comment}
	}
	if comment != nil && own[0].GetID() != comment.GetID() {
		if _, err := c.github.Issues.DeleteComment(ctx, t.Owner, t.Repo, comment.GetID()); err != nil {
			return Result{}, denied("remove second comment", err)
		}
		return Result{"given way", own[0].GetHTMLURL()}, nil
	}
	for _, old := range earlier {
		if err := c.minimise(ctx, old.GetNodeID()); err != nil {
			return Result{"created", own[0].GetHTMLURL()}, fmt.Errorf("fold away the comment of the earlier decision: %w", err)
		}
	}
	return Result{"created", own[0].GetHTMLURL()}, nil
}

func (c *Client) edit(ctx context.Context, t Target, id int64, body string) (Result, error) {
	if c.would("PATCH", "repos/%s/%s/issues/comments/%d (%d characters)", t.Owner, t.Repo, id, len([]rune(body))) {
		return Result{Action: "updated"}, nil
	}
	var comment *github.IssueComment
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		comment, resp, err = c.github.Issues.EditComment(ctx, t.Owner, t.Repo, id, &github.IssueComment{Body: &body})
		return resp, err
	})
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && refused.Response.StatusCode == http.StatusNotFound {
		me, idErr := c.identity(ctx) // somebody removed it meanwhile
		if idErr != nil {
			return Result{}, idErr
		}
		return c.create(ctx, t, body, me, nil)
	}
	if err != nil {
		return Result{}, denied("edit comment", err)
	}
	return Result{"updated", comment.GetHTMLURL()}, nil
}

// minimise folds a comment away as outdated. Only GraphQL can.
func (c *Client) minimise(ctx context.Context, node string) error {
	query := map[string]any{
		"query":     "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }",
		"variables": map[string]string{"id": node},
	}
	var answer struct {
		Errors []struct{ Message string }
	}
	err := c.retry(ctx, func() (*github.Response, error) {
		req, err := c.github.NewRequest("POST", c.graphql, query)
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		resp, err := c.github.Do(ctx, req, &raw)
		if err != nil {
			return resp, err
		}
		return resp, json.Unmarshal(raw, &answer)
	})
	if err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return errors.New(answer.Errors[0].Message)
	}
	return nil
}
