package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// Client speaks to GitHub as one identity.
type Client struct {
	github  *github.Client
	app     *github.Client // speaks as the App itself, not as its installation; nil: no App
	graphql string         // address of the GraphQL API
	server  string         // address that people use
	dry     io.Writer      // requests that would write go here instead; nil: they are made
	wait    func(context.Context, time.Duration) error
	me      atomic.Int64 // see identity; 0: not asked yet
}

// New returns a client for the repository and the API that the environment names:
// GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_GRAPHQL_URL and GITHUB_SERVER_URL, as
// GitHub Actions sets them, else github.com. It authenticates as the App of
// VERDICT_APP_ID with the key in the file VERDICT_APP_KEY_FILE, else with the token
// of GITHUB_TOKEN or GH_TOKEN. HTTPS_PROXY and NO_PROXY count. With dry not nil,
// nothing is written: each request that would be is printed there.
func New(getenv func(string) string, dry io.Writer) (*Client, error) {
	c := &Client{dry: dry, wait: sleep, server: "https://github.com", graphql: "https://api.github.com/graphql"}
	base, err := url.Parse("https://api.github.com/")
	if err != nil {
		return nil, err
	}
	if api := strings.TrimRight(getenv("GITHUB_API_URL"), "/"); api != "" {
		if base, err = url.Parse(api + "/"); err != nil || base.Host == "" {
			return nil, fmt.Errorf("read GITHUB_API_URL: %q is no address", api)
		}
		c.graphql = strings.TrimSuffix(api, "/v3") + "/graphql" // /api/v3 beside /api/graphql on a server of one's own
	}
	if address := getenv("GITHUB_GRAPHQL_URL"); address != "" {
		c.graphql = address
	}
	if address := getenv("GITHUB_SERVER_URL"); address != "" {
		c.server = strings.TrimRight(address, "/")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if getenv("VERDICT_APP_ID") != "" {
		err = c.asApp(getenv, transport, base)
	} else {
		err = c.withToken(getenv, transport, base)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func clientFor(transport http.RoundTripper, base *url.URL) *github.Client {
	c := github.NewClient(&http.Client{Transport: transport, Timeout: time.Minute})
	c.BaseURL = base
	return c
}

func (c *Client) withToken(getenv func(string) string, transport http.RoundTripper, base *url.URL) error {
	token := getenv("GITHUB_TOKEN")
	if token == "" {
		token = getenv("GH_TOKEN")
	}
	if token == "" {
		return ErrNoToken
	}
	c.github = github.NewClient(&http.Client{Transport: transport, Timeout: time.Minute}).WithAuthToken(token)
	c.github.BaseURL = base
	return nil
}

// asApp authenticates as an installation of a GitHub App: the one of the
// repository, unless VERDICT_APP_INSTALLATION_ID names it.
func (c *Client) asApp(getenv func(string) string, transport http.RoundTripper, base *url.URL) error {
	number := func(name string) (int64, error) {
		n, err := strconv.ParseInt(getenv(name), 10, 64)
		if err != nil || n <= 0 {
			return 0, fmt.Errorf("read %s: %q is no number", name, getenv(name))
		}
		return n, nil
	}
	id, err := number("VERDICT_APP_ID")
	if err != nil {
		return err
	}
	key, err := os.ReadFile(getenv("VERDICT_APP_KEY_FILE"))
	if err != nil {
		return fmt.Errorf("read VERDICT_APP_KEY_FILE: %w", err)
	}
	own, err := ghinstallation.NewAppsTransport(transport, id, key)
	if err != nil {
		return fmt.Errorf("read VERDICT_APP_KEY_FILE: %w", err)
	}
	own.BaseURL = strings.TrimRight(base.String(), "/")
	c.app = clientFor(own, base)
	installation := int64(0)
	if getenv("VERDICT_APP_INSTALLATION_ID") != "" {
		if installation, err = number("VERDICT_APP_INSTALLATION_ID"); err != nil {
			return err
		}
	} else {
		owner, repo, _ := strings.Cut(getenv("GITHUB_REPOSITORY"), "/")
		found, _, err := c.app.Apps.FindRepositoryInstallation(context.Background(), owner, repo)
		if err != nil {
			return fmt.Errorf("find the App's installation for %q: %w", getenv("GITHUB_REPOSITORY"), err)
		}
		installation = found.GetID()
	}
	c.github = clientFor(ghinstallation.NewFromAppsTransport(own, installation), base)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// identity is the id of the account that posts. The token of an App's installation,
// such as that of a workflow, may ask who it is by GraphQL alone; where that says
// nothing either, it is taken for github-actions[bot].
func (c *Client) identity(ctx context.Context) (int64, error) {
	const actionsBot = 41898282
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
	var refused *github.ErrorResponse
	switch {
	case name == "" && errors.As(err, &refused) && refused.Response.StatusCode == http.StatusForbidden:
		me, err := c.viewer(ctx)
		if err != nil || me == 0 {
			me = actionsBot
		}
		c.me.Store(me)
	case err != nil:
		return 0, fmt.Errorf("ask who the token is: %w", err)
	default:
		c.me.Store(user.GetID())
	}
	return c.me.Load(), nil
}

// viewer is the id of the account that GraphQL knows the token by; 0: it does not say.
func (c *Client) viewer(ctx context.Context) (int64, error) {
	var answer struct {
		Data struct {
			Viewer struct {
				DatabaseID int64 `json:"databaseId"`
			}
		}
	}
	err := c.retry(ctx, func() (*github.Response, error) {
		req, err := c.github.NewRequest("POST", c.graphql, map[string]string{"query": "{ viewer { databaseId } }"})
		if err != nil {
			return nil, err
		}
		return c.github.Do(ctx, req, &answer)
	})
	return answer.Data.Viewer.DatabaseID, err
}

// would reports whether requests are only printed, and prints this one.
func (c *Client) would(method, path string, args ...any) bool {
	if c.dry != nil {
		fmt.Fprintf(c.dry, method+" "+path+"\n", args...)
	}
	return c.dry != nil
}
