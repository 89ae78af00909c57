package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/publish"
	"github.com/verdictci/verdict/verdict/render"
)

// commentFlags say where a comment goes.
type commentFlags struct {
	repo, id, url string
	number        int
	dry           bool
}

func newCommentCommand(s streams) *cobra.Command {
	var f commentFlags
	cmd := &cobra.Command{
		Use:   "comment REPORT",
		Short: "Keep one comment on a pull request current",
		Long: `Comment posts a report on a pull request: one comment for each --id, edited in
place. It is known by who wrote it and by a marker. Nothing is posted for a commit
that is no longer the pull request's head.

The token is GITHUB_TOKEN or GH_TOKEN and needs pull-requests: write. Run it in a
job that does not run the code it reports on. In GitHub Actions, repository and
pull request are taken from the event. When posting is refused, the report goes to
the job's summary, and the exit code is 3.`,
		Example: `  verdict comment --repo o/r --pr 7 .verdict/runs/ID/report.json
  verdict comment --dry-run --repo o/r --pr 7 report.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, reportFile)
			}
			r, err := readReport(path)
			if err != nil {
				return err
			}
			return postComment(cmd.Context(), r, f, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", os.Getenv("GITHUB_REPOSITORY"), "the repository, `OWNER/NAME`")
	flags.IntVar(&f.number, "pr", 0, "the pull request's `NUMBER` (default: the event's)")
	flags.StringVar(&f.id, "id", "main", "keeps the comments of several reports apart")
	flags.StringVar(&f.url, "report-url", "", "where the full report can be read")
	flags.BoolVar(&f.dry, "dry-run", false, "print each request that would write, and make none")
	return cmd
}

func postComment(ctx context.Context, r *verdict.Report, f commentFlags, s streams) error {
	owner, name, ok := strings.Cut(f.repo, "/")
	if !ok || owner == "" || name == "" {
		return badInput("--repo OWNER/NAME", "post comment: no repository is named")
	}
	if f.number == 0 {
		f.number = eventPullRequest()
	}
	if f.number <= 0 {
		return badInput("--pr NUMBER", "post comment: no pull request is named")
	}
	marker, err := render.Marker(f.id)
	if err != nil {
		return badInput("letters, digits, - and _", "post comment: %w", err)
	}
	body, err := render.Comment(r, render.CommentOptions{Target: "comment", ID: f.id, ReportURL: f.url})
	if err != nil {
		return fmt.Errorf("post comment: %w", err)
	}
	var dry io.Writer
	if f.dry {
		dry = s.out
	}
	client, err := publish.New(os.Getenv, dry)
	if err != nil {
		return badInput("give the step GITHUB_TOKEN", "post comment: %w", err)
	}
	head := r.Head
	if head == "" {
		head = r.Subject.Commit
	}
	result, err := client.Comment(ctx, publish.Target{Owner: owner, Repo: name, Number: f.number, Head: head, Marker: marker}, body)
	if err != nil {
		if summaryErr := stepSummary(r); summaryErr != nil {
			err = errors.Join(err, summaryErr)
		}
		return &hinted{err, "the token needs pull-requests: write; the report is in the job's summary"}
	}
	fmt.Fprintf(s.err, "comment %s %s\n", result.Action, result.URL)
	return nil
}

// eventPullRequest is the number of the pull request that the job's event is
// about; 0 when it is about none.
func eventPullRequest() int {
	data, err := os.ReadFile(os.Getenv("GITHUB_EVENT_PATH"))
	if err != nil {
		return 0
	}
	var event struct {
		PullRequest struct {
			Number int `json:"number"`
		} `json:"pull_request"`
	}
	if json.Unmarshal(data, &event) != nil {
		return 0
	}
	return event.PullRequest.Number
}
