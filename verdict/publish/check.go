package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-github/v60/github"
)

// maxAnnotations is the most that GitHub takes in one request; later requests add
// to them. maxAnnotated bounds all of them: the page gets no better by more.
const (
	maxAnnotations = 50
	maxAnnotated   = 500
)

// Check is a check run that has ended.
type Check struct {
	Name       string
	Head       string // full hash
	Success    bool   // else failure: what is neutral or skipped counts as passed
	Title      string
	Summary    string
	Text       string
	DetailsURL string
	ExternalID string
	// Annotations are shown on lines of files.
	Annotations []Annotation
}

// Annotation is a finding on a line.
type Annotation struct {
	Path    string // relative to the repository's root
	Line    int    // from 1
	Level   string // "notice", "warning" or "failure"
	Title   string // 255 characters at most
	Message string
}

// Status is a commit status, which any token with write permission may set.
type Status struct {
	Context     string
	Head        string
	Success     bool
	Description string // 140 characters at most
	TargetURL   string
}

// CheckRun creates a check run that has ended. Annotations beyond those of the
// first request follow in further ones.
func (c *Client) CheckRun(ctx context.Context, owner, repo string, k Check) (Result, error) {
	annotations := k.Annotations[:min(len(k.Annotations), maxAnnotated)]
	first := annotations[:min(len(annotations), maxAnnotations)]
	now := github.Timestamp{Time: time.Now().UTC().Truncate(time.Second)}
	run, err := once(ctx, c, func() (*github.CheckRun, *github.Response, error) {
		return c.github.Checks.CreateCheckRun(ctx, owner, repo, github.CreateCheckRunOptions{
			Name: k.Name, HeadSHA: k.Head, DetailsURL: optional(k.DetailsURL), ExternalID: optional(k.ExternalID),
			Status: github.String("completed"), Conclusion: github.String(conclusion(k.Success)), CompletedAt: &now,
			Output: k.output(first),
		})
	}, func() (*github.CheckRun, error) { return c.checkRunOf(ctx, owner, repo, k, now.Time) })
	if err != nil {
		return Result{}, denied("create check run", err)
	}
	for rest := annotations[len(first):]; len(rest) > 0; {
		n := min(len(rest), maxAnnotations)
		err := c.retry(ctx, func() (*github.Response, error) {
			_, resp, err := c.github.Checks.UpdateCheckRun(ctx, owner, repo, run.GetID(), github.UpdateCheckRunOptions{Name: k.Name, Output: k.output(rest[:n])})
			return resp, err
		})
		if err != nil {
			return Result{"created", run.GetHTMLURL()}, denied("add annotations", err)
		}
		rest = rest[n:]
	}
	return Result{"created", run.GetHTMLURL()}, nil
}

// checkRunOf is the check run of that name and time, if it is there.
func (c *Client) checkRunOf(ctx context.Context, owner, repo string, k Check, at time.Time) (found *github.CheckRun, err error) {
	err = c.retry(ctx, func() (*github.Response, error) { // the latest of that name
		list, resp, err := c.github.Checks.ListCheckRunsForRef(ctx, owner, repo, k.Head, &github.ListCheckRunsOptions{CheckName: &k.Name, ListOptions: github.ListOptions{PerPage: 100}})
		if err != nil {
			return resp, err
		}
		for _, run := range list.CheckRuns {
			if run.GetName() == k.Name && run.GetExternalID() == k.ExternalID && run.GetCompletedAt().Equal(github.Timestamp{Time: at}) {
				found = run
			}
		}
		return resp, nil
	})
	return found, err
}

func (k *Check) output(annotations []Annotation) *github.CheckRunOutput {
	o := &github.CheckRunOutput{Title: github.String(cut(k.Title, 255)), Summary: &k.Summary, Text: optional(k.Text)}
	for i := range annotations {
		a := &annotations[i]
		o.Annotations = append(o.Annotations, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &a.Line, EndLine: &a.Line, AnnotationLevel: &a.Level, Title: optional(cut(a.Title, 255)), Message: github.String(cut(a.Message, 16<<10)),
		})
	}
	return o
}

func conclusion(success bool) string {
	if success {
		return "success"
	}
	return "failure"
}

// CommitStatus sets a commit's status.
func (c *Client) CommitStatus(ctx context.Context, owner, repo string, s Status) (Result, error) {
	if s.Head == "" {
		return Result{}, errors.New("set status: no commit")
	}
	want := github.RepoStatus{
		State: github.String(conclusion(s.Success)), Context: &s.Context, Description: github.String(cut(s.Description, 140)), TargetURL: optional(s.TargetURL),
	}
	_, err := once(ctx, c, func() (*github.RepoStatus, *github.Response, error) {
		return c.github.Repositories.CreateStatus(ctx, owner, repo, s.Head, &want)
	}, func() (found *github.RepoStatus, err error) {
		err = c.retry(ctx, func() (*github.Response, error) { // newest first
			list, resp, err := c.github.Repositories.ListStatuses(ctx, owner, repo, s.Head, &github.ListOptions{PerPage: 100})
			if i := slices.IndexFunc(list, func(have *github.RepoStatus) bool { return have.GetContext() == s.Context }); i >= 0 {
				if have := list[i]; have.GetState() == want.GetState() && have.GetDescription() == want.GetDescription() && have.GetTargetURL() == want.GetTargetURL() {
					found = have
				}
			}
			return resp, err
		})
		return found, err
	})
	if err != nil {
		return Result{}, denied("set status", err)
	}
	return Result{"created", fmt.Sprintf("%s/%s/%s/commit/%s", c.server, owner, repo, s.Head)}, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
