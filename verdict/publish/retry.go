package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

const (
	// attempts is how often a request is made that may be made again.
	attempts = 4
	// patience bounds the waiting for limits, of all requests of a client together:
	// a decision that stands somewhere else now is worth more than a comment later.
	patience = 2 * time.Minute
)

// retry makes a request again that changes nothing twice: after a rate limit, when
// GitHub says; after a fault of the server, at once and then later.
func (c *Client) retry(ctx context.Context, request func() (*github.Response, error)) error {
	for n := 0; ; n++ {
		resp, err := request()
		if err == nil {
			return nil
		}
		if again, err := c.pause(ctx, resp, err, n); !again {
			return err
		}
	}
}

// once makes a POST. Where it is not certain that nothing came of it, and before it
// is made again, look tells whether it did; nil: it did not.
func once[T any](ctx context.Context, c *Client, post func() (*T, *github.Response, error), look func() (*T, error)) (*T, error) {
	for n := 0; ; n++ {
		made, resp, err := post()
		if err == nil {
			return made, nil
		}
		again, err := c.pause(ctx, resp, err, n)
		if again || uncertain(resp) {
			found, lookErr := look()
			if found != nil {
				return found, nil
			}
			if lookErr != nil {
				return nil, errors.Join(err, fmt.Errorf("look whether it was made: %w", lookErr))
			}
		}
		if !again {
			return nil, err
		}
	}
}

// uncertain reports whether a request may have been done although it failed.
func uncertain(resp *github.Response) bool {
	return resp == nil || resp.Response == nil || resp.StatusCode < 300 || resp.StatusCode >= 500
}

// pause waits before a request is made for the n-th time again, and reports whether
// it is to be. The error is the request's, or why there is no waiting.
func (c *Client) pause(ctx context.Context, resp *github.Response, cause error, n int) (again bool, err error) {
	wait, limited := limit(resp, cause, n)
	switch {
	case limited && (n >= attempts-1 || time.Duration(c.waited.Load())+wait > patience):
		return false, fmt.Errorf("%w; GitHub asks to wait until %s", cause, time.Now().Add(wait).UTC().Format("15:04:05 UTC"))
	case limited:
		c.waited.Add(int64(wait))
	case n == attempts-1, resp != nil && resp.Response != nil && resp.StatusCode < 500, ctx.Err() != nil:
		return false, cause
	case errors.Is(cause, context.DeadlineExceeded) && n > 0: // a server that is so slow is slow the next time
		return false, cause
	default:
		wait = time.Second << n
	}
	if err := c.wait(ctx, wait); err != nil {
		return false, errors.Join(cause, err)
	}
	return true, cause
}

// limit says whether GitHub refused a request for having had too many, and how long
// to wait. It answers 403 or 429, with a header that says until when or without; a
// 403 that says nothing of limits is a refusal.
func limit(resp *github.Response, err error, n int) (time.Duration, bool) {
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	if resp == nil || resp.Response == nil || resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	header := resp.Header.Get
	wait := time.Minute << n // where GitHub does not say
	spent := header("X-RateLimit-Remaining") == "0"
	if seconds, err := strconv.Atoi(header("Retry-After")); err == nil {
		return time.Duration(max(seconds, 1)) * time.Second, true
	}
	if reset, err := strconv.ParseInt(header("X-RateLimit-Reset"), 10, 64); err == nil && spent {
		return max(time.Until(time.Unix(reset, 0)), 0) + time.Second, true
	}
	switch {
	case errors.As(err, &primary): // also those that the library does not make
		return max(time.Until(primary.Rate.Reset.Time), 0) + time.Second, true
	case errors.As(err, &secondary):
		if secondary.RetryAfter != nil {
			wait = *secondary.RetryAfter + time.Second
		}
		return wait, true
	}
	return wait, resp.StatusCode == http.StatusTooManyRequests || spent || strings.Contains(strings.ToLower(err.Error()), "rate limit")
}

// isStatus reports whether GitHub answered with that status.
func isStatus(err error, status int) bool {
	var refused *github.ErrorResponse
	return errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode == status
}

// denied names the permission that was missing, where GitHub says so.
func denied(what string, err error) error {
	var refused *github.ErrorResponse
	if errors.As(err, &refused) && refused.Response != nil {
		switch refused.Response.StatusCode {
		case http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound:
			if _, limited := limit(&github.Response{Response: refused.Response}, err, 0); limited {
				break
			}
			if want := refused.Response.Header.Get("X-Accepted-GitHub-Permissions"); want != "" {
				return fmt.Errorf("%s: %w; GitHub asks for %s: %w", what, ErrDenied, want, err)
			}
			return fmt.Errorf("%s: %w: %w", what, ErrDenied, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}
