package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/go-github/v60/github"
)

// attempts is how often a request is made that may be made again.
const attempts = 4

// maxWait bounds how long one rate limit is waited for.
const maxWait = 2 * time.Minute

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
// GitHub answers 403 or 429 to a rate limit, with a header that says until when or
// without; a 403 that says nothing of limits is a refusal.
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
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusForbidden && resp.Header.Get("Retry-After") != "":
		if after, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
			return min(after, maxWait), true
		}
		return time.Minute, true
	case resp.StatusCode >= 500:
		return time.Second << n, true
	}
	return 0, false
}

// limited reports whether a request failed for a limit or a fault that may pass.
func limited(resp *github.Response, err error) bool {
	_, again := backoff(resp, err, 0)
	return again
}

// denied names the permission that was missing, where GitHub says so.
func denied(what string, err error) error {
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && refused.Response != nil {
		switch refused.Response.StatusCode {
		case http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound:
			if want := refused.Response.Header.Get("X-Accepted-GitHub-Permissions"); want != "" {
				return fmt.Errorf("%s: %w; GitHub asks for %s: %w", what, ErrDenied, want, err)
			}
			return fmt.Errorf("%s: %w: %w", what, ErrDenied, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}
