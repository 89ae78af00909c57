package publish

import (
	"context"
	"errors"
	"fmt"
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
	if c.would("POST", "repos/%s/%s/check-runs %q %s (%d annotations)", owner, repo, k.Name, conclusion(k.Success), len(first)) {
		for rest := annotations[len(first):]; len(rest) > 0; rest = rest[min(len(rest), maxAnnotations):] {
			c.would("PATCH", "repos/%s/%s/check-runs/… (%d annotations)", owner, repo, min(len(rest), maxAnnotations))
		}
		return Result{Action: "created"}, nil
	}
	now := github.Timestamp{Time: time.Now().UTC()}
	var run *github.CheckRun
	err := c.retry(ctx, func() (resp *github.Response, err error) { // a second one takes the place of the first
		run, resp, err = c.github.Checks.CreateCheckRun(ctx, owner, repo, github.CreateCheckRunOptions{
			Name: k.Name, HeadSHA: k.Head, DetailsURL: optional(k.DetailsURL), ExternalID: optional(k.ExternalID),
			Status: github.String("completed"), Conclusion: github.String(conclusion(k.Success)), CompletedAt: &now,
			Output: k.output(first),
		})
		return resp, err
	})
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
	if c.would("POST", "repos/%s/%s/statuses/%s %q %s", owner, repo, s.Head, s.Context, conclusion(s.Success)) {
		return Result{Action: "created"}, nil
	}
	err := c.retry(ctx, func() (resp *github.Response, err error) { // the same status twice is the same status
		_, resp, err = c.github.Repositories.CreateStatus(ctx, owner, repo, s.Head, &github.RepoStatus{
			State: github.String(conclusion(s.Success)), Context: &s.Context, Description: github.String(cut(s.Description, 140)), TargetURL: optional(s.TargetURL),
		})
		return resp, err
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
