package publish

import (
	"context"
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
	dry     io.Writer      // see rehearsal; nil: every request is made
	wait    func(context.Context, time.Duration) error
	waited  atomic.Int64 // nanoseconds that limits took so far
	me      atomic.Int64 // see identity; 0: not asked yet
}

// New returns a client for the repository and the API that the environment names:
// GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_GRAPHQL_URL and GITHUB_SERVER_URL, as
// GitHub Actions sets them, else github.com. It authenticates as the App of
// VERDICT_APP_ID with the key in the file VERDICT_APP_KEY_FILE, else with the token
// of GITHUB_TOKEN or GH_TOKEN. HTTPS_PROXY and NO_PROXY count. With dry not nil,
// nothing is written: each request is printed there, and those that read are made.
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

// clientFor speaks through a transport that authenticates. It answers no redirect
// that leads to another server, which would get the token, or that would make
// reading of a request to write.
func (c *Client) clientFor(transport http.RoundTripper, base *url.URL) *github.Client {
	if c.dry != nil {
		transport = rehearsal{transport, c.dry}
	}
	follow := func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme || req.Method != via[0].Method || len(via) > 5 {
			return fmt.Errorf("follow redirect to %s: refused", req.URL.Redacted())
		}
		return nil
	}
	made := github.NewClient(&http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: follow})
	made.BaseURL = base
	return made
}

// bearer authenticates with a token.
type bearer struct {
	inner http.RoundTripper
	token string
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.inner.RoundTrip(req)
}

func (c *Client) withToken(getenv func(string) string, transport http.RoundTripper, base *url.URL) error {
	token := getenv("GITHUB_TOKEN")
	if token == "" {
		token = getenv("GH_TOKEN")
	}
	switch {
	case token != "":
		transport = bearer{transport, token}
	case c.dry == nil:
		return ErrNoToken
	}
	c.github = c.clientFor(transport, base)
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
	c.app = c.clientFor(own, base)
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
	c.github = c.clientFor(ghinstallation.NewFromAppsTransport(own, installation), base)
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
