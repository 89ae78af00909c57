package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	Head        string // full hash that the text is about
	Marker      string // the line by which the comment is known; see render.Marker
}

// Result says what was done.
type Result struct {
	Action string // "created", "updated", "unchanged" or "given way" (another run's comment stays)
	URL    string
}

const (
	// rounds is how often a posting looks whether what it wrote stays.
	rounds = 6
	// settle is the time between writing and looking: GitHub's lists are late, and
	// another run may be between its own looking and writing.
	settle = time.Second
)

// Comment creates the target's comment, or edits it. Where the decision is another
// one than that of the comment that is there, a new one is created, so that people
// are told, and the old one is folded away as outdated. A comment of later evidence
// for the same head stays as it is.
//
// Several runs may post at the same time, and GitHub has no way to write only if
// nothing was written meanwhile. So each looks again after writing: of comments that
// were made at once the oldest stays, with the text of the latest evidence.
func (c *Client) Comment(ctx context.Context, t Target, body string) (Result, error) {
	if n := len([]rune(body)); n > MaxComment {
		return Result{}, fmt.Errorf("post comment: it has %d characters, GitHub takes %d", n, MaxComment)
	}
	if !strings.HasPrefix(body, t.Marker) || t.Marker == "" {
		return Result{}, errors.New("post comment: the text does not begin with its marker")
	}
	if t.Head == "" {
		return Result{}, errors.New("post comment: the text is about no commit")
	}
	p := &posting{Client: c, target: t, body: body}
	for n := range rounds {
		if n > 0 {
			if err := c.wait(ctx, settle); err != nil {
				return p.result, err
			}
		}
		settled, err := p.round(ctx)
		if err != nil && p.result.Action == "" {
			return Result{}, err
		}
		if err != nil || settled || c.dry != nil && p.result.Action != "" {
			return p.result, err
		}
	}
	if p.result.Action == "" {
		return Result{}, errors.New("post comment: what is written does not stay")
	}
	return p.result, nil
}

// posting is one text on its way to the page.
type posting struct {
	*Client
	target  Target
	body    string
	result  Result               // of what was done so far
	before  int64                // the newest comment of ours when made was created
	made    *github.IssueComment // by this posting, and not given up
	doubted int64                // a comment of another decision, seen once
}

// round looks at what is there and does the next thing about it. It is settled when
// there is nothing to do.
func (p *posting) round(ctx context.Context) (settled bool, err error) {
	own, err := p.own(ctx, p.target)
	if err != nil {
		return false, err
	}
	if p.made != nil {
		return p.afterCreating(ctx, own)
	}
	if len(own) == 0 {
		return false, p.create(ctx)
	}
	return p.beside(ctx, own[len(own)-1])
}

// beside does what the newest comment that is there asks for.
func (p *posting) beside(ctx context.Context, newest *github.IssueComment) (settled bool, err error) {
	ours, there := stateOf(p.body), stateOf(newest.GetBody())
	sameHead, wrote := there.head == p.target.Head, p.result.Action != ""
	switch {
	case sameText(newest.GetBody(), p.body):
		if !wrote {
			p.result = Result{"unchanged", newest.GetHTMLURL()}
		}
		return true, nil
	case sameHead && !wrote && there.laterThan(ours):
		return false, fmt.Errorf("post comment of %s: %w: there is one of %s", ours.at.Format(time.RFC3339), ErrOlder, there.at.Format(time.RFC3339))
	case sameHead && wrote && !ours.laterThan(there):
		p.result = Result{"given way", newest.GetHTMLURL()}
		return true, nil
	case ours.class == there.class || ours.class == "" || there.class == "":
		return false, p.edit(ctx, newest, p.body)
	case p.doubted != newest.GetID():
		p.doubted = newest.GetID() // it may be about to give way, or to take a later text
		return false, nil
	}
	p.before = newest.GetID()
	if err := p.create(ctx); err != nil || p.dry == nil {
		return false, err
	}
	return true, p.minimise(ctx, newest.GetNodeID())
}

// afterCreating looks at what was created at the same time. Where another run was
// first, ours gives way: its comment takes the latest text of them all, and ours
// goes.
func (p *posting) afterCreating(ctx context.Context, own []*github.IssueComment) (settled bool, err error) {
	made := p.made
	first, latest := made, made
	var earlier *github.IssueComment // with the decision before
	for _, o := range own {
		switch {
		case o.GetID() <= p.before:
			earlier = o
			continue
		case o.GetID() <= first.GetID():
			first = o
		}
		if o.GetID() == latest.GetID() || stateOf(o.GetBody()).laterThan(stateOf(latest.GetBody())) {
			latest = o
		}
	}
	if p.made = nil; first.GetID() == made.GetID() {
		if earlier != nil {
			if err := p.minimise(ctx, earlier.GetNodeID()); err != nil {
				return true, fmt.Errorf("fold away the comment of the earlier decision: %w", err)
			}
		}
		return p.beside(ctx, first)
	}
	if stateOf(latest.GetBody()).laterThan(stateOf(first.GetBody())) {
		if err := p.edit(ctx, first, latest.GetBody()); err != nil {
			return false, err
		}
	}
	if _, err := p.github.Issues.DeleteComment(ctx, p.target.Owner, p.target.Repo, made.GetID()); err != nil && !isStatus(err, http.StatusNotFound) {
		return false, denied("remove second comment", err)
	}
	p.result = Result{"given way", first.GetHTMLURL()}
	return false, nil
}

// create makes a comment. A POST is made again only when looking shows that the one
// before made nothing.
func (p *posting) create(ctx context.Context) error {
	locked, err := p.current(ctx, p.target)
	if err != nil {
		return err
	}
	t := p.target
	made, err := once(ctx, p.Client, func() (made *github.IssueComment, resp *github.Response, err error) {
		return p.github.Issues.CreateComment(ctx, t.Owner, t.Repo, t.Number, &github.IssueComment{Body: &p.body})
	}, func() (*github.IssueComment, error) {
		own, err := p.own(ctx, t)
		for _, o := range own {
			if o.GetID() > p.before && sameText(o.GetBody(), p.body) {
				return o, err
			}
		}
		return nil, err
	})
	if err != nil && locked {
		return denied("create comment in a locked conversation", err)
	} else if err != nil {
		return denied("create comment", err)
	}
	if author := made.GetUser().GetID(); author != 0 {
		p.me.Store(author) // whoever the token was taken for
	}
	p.made, p.result = made, Result{"created", made.GetHTMLURL()}
	return nil
}

func (p *posting) edit(ctx context.Context, on *github.IssueComment, body string) error {
	if _, err := p.current(ctx, p.target); err != nil {
		return err
	}
	err := p.retry(ctx, func() (resp *github.Response, err error) {
		_, resp, err = p.github.Issues.EditComment(ctx, p.target.Owner, p.target.Repo, on.GetID(), &github.IssueComment{Body: &body})
		return resp, err
	})
	switch {
	case isStatus(err, http.StatusNotFound):
		return nil // somebody removed it meanwhile: the next look tells
	case err != nil:
		return denied("edit comment", err)
	}
	p.result = Result{"updated", on.GetHTMLURL()}
	return nil
}

// current refuses to post about a head that was pushed over, and to a pull request
// that is closed. It is asked just before each writing.
func (c *Client) current(ctx context.Context, t Target) (locked bool, err error) {
	var pr *github.PullRequest
	err = c.retry(ctx, func() (resp *github.Response, err error) {
		pr, resp, err = c.github.PullRequests.Get(ctx, t.Owner, t.Repo, t.Number)
		return resp, err
	})
	switch {
	case err != nil:
		return false, denied(fmt.Sprintf("read pull request %d", t.Number), err)
	case pr.GetHead().GetSHA() != t.Head:
		return false, fmt.Errorf("post comment about %.12s: %w (%.12s)", t.Head, ErrSuperseded, pr.GetHead().GetSHA())
	case pr.GetState() == "closed":
		return false, fmt.Errorf("post comment: %w: pull request %d", ErrClosed, t.Number)
	}
	return pr.GetLocked(), nil
}

// own lists the comments of ours that begin with the marker, oldest first: in others
// of the same account, text that it quotes may hold one. All pages are read: a
// comment that is not found is made again on every run.
func (c *Client) own(ctx context.Context, t Target) ([]*github.IssueComment, error) {
	me, err := c.identity(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.comments(ctx, t.Owner, t.Repo, t.Number)
	var found []*github.IssueComment
	for _, comment := range all {
		if comment.GetUser().GetID() == me && strings.HasPrefix(comment.GetBody(), t.Marker) {
			found = append(found, comment)
		}
	}
	return found, err
}
