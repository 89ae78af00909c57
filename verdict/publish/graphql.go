package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// query asks the GraphQL API, which alone knows some things. It changes nothing
// twice: it may be asked again.
func (c *Client) query(ctx context.Context, text string, variables map[string]string, answer any) error {
	var whole struct {
		Data   any
		Errors []struct{ Message string }
	}
	whole.Data = answer
	err := c.retry(ctx, func() (*github.Response, error) {
		req, err := c.github.NewRequest("POST", c.graphql, map[string]any{"query": text, "variables": variables})
		if err != nil {
			return nil, err
		}
		return c.github.Do(ctx, req, &whole)
	})
	if err == nil && len(whole.Errors) > 0 {
		err = errors.New(whole.Errors[0].Message)
	}
	return err
}

// minimise folds a comment away as outdated.
func (c *Client) minimise(ctx context.Context, node string) error {
	return c.query(ctx, "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }", map[string]string{"id": node}, nil)
}

// viewer is the id of the account that GraphQL knows the token by; 0: it does not say.
func (c *Client) viewer(ctx context.Context) (int64, error) {
	var answer struct {
		Viewer struct {
			DatabaseID int64 `json:"databaseId"`
		}
	}
	err := c.query(ctx, "{ viewer { databaseId } }", nil, &answer)
	return answer.Viewer.DatabaseID, err
}

// identity is the id of the account that posts. The token of an App's installation,
// such as that of a workflow, may ask who it is by GraphQL alone; where that says
// nothing either, it is taken for github-actions[bot], and an App for one that has
// posted nothing yet. The first comment then tells.
func (c *Client) identity(ctx context.Context) (int64, error) {
	const actionsBot, nobody = 41898282, -1
	if me := c.me.Load(); me != 0 {
		return me, nil
	}
	name := ""
	if c.app != nil {
		var app *github.App
		err := c.retry(ctx, func() (resp *github.Response, err error) {
			app, resp, err = c.app.Apps.Get(ctx, "")
			return resp, err
		})
		if err != nil {
			return 0, fmt.Errorf("ask who the App is: %w", err)
		}
		name = app.GetSlug() + "[bot]"
	}
	var user *github.User
	err := c.retry(ctx, func() (resp *github.Response, err error) {
		user, resp, err = c.github.Users.Get(ctx, name)
		return resp, err
	})
	switch {
	case isStatus(err, http.StatusForbidden), isStatus(err, http.StatusNotFound):
		me, err := c.viewer(ctx)
		switch {
		case (err != nil || me == 0) && name == "":
			me = actionsBot
		case err != nil || me == 0:
			me = nobody
		}
		c.me.Store(me)
	case err != nil:
		return 0, fmt.Errorf("ask who the token is: %w", err)
	default:
		c.me.Store(user.GetID())
	}
	return c.me.Load(), nil
}
