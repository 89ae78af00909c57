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
	"github.com/verdictci/verdict/verdict/policy"
	"github.com/verdictci/verdict/verdict/publish"
	"github.com/verdictci/verdict/verdict/render"
)

// commentFlags say where a decision is shown, and what it is taken from.
type commentFlags struct {
	repo, id, url    string
	number           int
	dry, check       bool
	run              string // a run's number, or "event"
	artifact, bundle string
	trackers         []string
	output           string
}

func newCommentCommand(s streams) *cobra.Command {
	var f commentFlags
	cmd := &cobra.Command{
		Use:   "comment [REPORT]",
		Short: "Keep one comment on a pull request current",
		Long: `Comment shows a decision on a pull request: one comment for each --id, edited in
place, known by who wrote it and by a marker. Nothing is posted for a commit that
is no longer the pull request's head. Where the comment is refused, a check run
stands in for it, then a commit status, then the job's summary; what was used and
which permission was missing is said.

With --run-id it decides first, about evidence that another workflow run collected
and uploaded: the job of this command has a token that may write, and runs nothing
of the pull request. Policy and required commands are those of the base branch, and
the evidence is held against what GitHub itself recorded of the run.

The token is GITHUB_TOKEN or GH_TOKEN and needs pull-requests: write, for --check
also checks: write, for --run-id also actions: read. docs/github.md has the
workflows.`,
		Example: `  verdict comment --repo o/r --pr 7 .verdict/runs/ID/report.json
  verdict comment --dry-run --repo o/r --pr 7 report.json
  verdict comment --check --run-id event            in a workflow_run job`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			owner, name, ok := strings.Cut(f.repo, "/")
			if !ok || owner == "" || name == "" {
				return badInput("--repo OWNER/NAME", "post comment: no repository is named")
			}
			if (len(args) == 1) == (f.run != "") {
				return badInput("verdict comment REPORT, or --run-id N", "post comment: name a report, or the run that collected the evidence")
			}
			if _, err := render.Marker(f.id); err != nil {
				return badInput("letters, digits, - and _", "post comment: %w", err)
			}
			var dry io.Writer
			if f.dry {
				dry = s.out
			}
			client, err := publish.New(os.Getenv, dry)
			if err != nil {
				return badInput("give the step GITHUB_TOKEN", "post comment: %w", err)
			}
			p := poster{client: client, owner: owner, repo: name, flags: f, streams: s}
			if f.run != "" {
				return p.run(cmd.Context())
			}
			return p.report(cmd.Context(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", os.Getenv("GITHUB_REPOSITORY"), "the repository, `OWNER/NAME`")
	flags.IntVar(&f.number, "pr", 0, "the pull request's `NUMBER` (default: the event's)")
	flags.StringVar(&f.id, "id", "main", "keeps the comments of several reports apart")
	flags.StringVar(&f.url, "report-url", "", "where the full report can be read (default: the run's page)")
	flags.BoolVar(&f.check, "check", false, "also post a check run, with annotations on the tracker's lines")
	flags.StringVar(&f.run, "run-id", "", "decide about the evidence of workflow run `N`; 'event': the one that the job's workflow_run event is about")
	flags.StringVar(&f.artifact, "artifact", "", "`NAME` of the run's artifact (default: verdict-ATTEMPT)")
	flags.StringVar(&f.bundle, "bundle", "", "take the artifact from `FILE`, a zip archive, instead of fetching it")
	flags.StringSliceVar(&f.trackers, "tracker", nil, "`PATH` of a tracker that has to be decided about (default: the base policy's, else the evidence's)")
	flags.StringVarP(&f.output, "output", "o", "", "also write the report as JSON to `FILE`")
	flags.BoolVar(&f.dry, "dry-run", false, "print each request that would write, and make none")
	return cmd
}

// poster shows one report in one repository.
type poster struct {
	client      *publish.Client
	owner, repo string
	flags       commentFlags
	streams     streams
}

// report posts a report that is there already.
func (p *poster) report(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, reportFile)
	}
	r, err := readReport(path)
	if err != nil {
		return err
	}
	number := p.flags.number
	if number == 0 {
		number = readEvent().PullRequest.Number
	}
	if number <= 0 {
		return badInput("--pr NUMBER", "post comment: no pull request is named")
	}
	head := r.Head
	if head == "" {
		head = r.Subject.Commit
	}
	if p.flags.url == "" && r.Origin != nil {
		p.flags.url = r.Origin.URL
	}
	pr, err := p.client.PullRequest(ctx, p.owner, p.repo, number)
	if err != nil {
		return p.unposted(r, err)
	}
	base, err := p.basePolicy(ctx, pr.Base)
	if err != nil {
		return err
	}
	return p.post(ctx, r, pr, head, orDefaultPolicy(base))
}

// basePolicy is the policy of the base branch; nil when it has none.
func (p *poster) basePolicy(ctx context.Context, ref string) (*policy.Policy, error) {
	src, err := p.client.File(ctx, p.owner, p.repo, policy.FileName, ref)
	if errors.Is(err, publish.ErrNoFile) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	base, err := policy.Parse(policy.FileName, src, verdict.RuleIDs())
	if err != nil {
		return nil, &inputError{fmt.Errorf("policy of the base branch: %w", err), ""}
	}
	return base, readJSONLists(base, func(path string) ([]byte, error) { return p.client.File(ctx, p.owner, p.repo, path, ref) })
}

func orDefaultPolicy(p *policy.Policy) *policy.Policy {
	if p == nil {
		return policy.Default()
	}
	return p
}

// post shows the report, and says how. pr is nil where the commit is no pull
// request's head.
func (p *poster) post(ctx context.Context, r *verdict.Report, pr *publish.PullRequest, head string, base *policy.Policy) error {
	posting, err := p.posting(r, pr, head, base)
	if err != nil {
		return fmt.Errorf("post comment: %w", err)
	}
	ways := p.client.Post(ctx, p.owner, p.repo, *posting)
	var problems []error
	shown := false
	for _, w := range ways {
		fmt.Fprintln(p.streams.err, w)
		shown = shown || w.Action != ""
		if w.Err != nil {
			problems = append(problems, w.Err)
		}
	}
	if !shown {
		return p.unposted(r, errors.Join(problems...))
	}
	return nil
}

// unposted puts the report where it can still be read: the job's summary, else the
// log.
func (p *poster) unposted(r *verdict.Report, cause error) error {
	where := "the report is in the job's summary"
	if os.Getenv("GITHUB_STEP_SUMMARY") == "" || stepSummary(r) != nil {
		where = "the report follows in the log"
		if err := render.Text(p.streams.err, r, render.TextOptions{Width: 100}); err != nil {
			return err
		}
	}
	return &hinted{fmt.Errorf("post comment: %w", cause), where}
}

func (p *poster) posting(r *verdict.Report, pr *publish.PullRequest, head string, base *policy.Policy) (*publish.Posting, error) {
	marker, err := render.Marker(p.flags.id)
	if err != nil {
		return nil, err
	}
	text := func(target string) string {
		out, renderErr := render.Comment(r, render.CommentOptions{Target: target, ID: p.flags.id, ReportURL: p.flags.url})
		err = errors.Join(err, renderErr)
		return out
	}
	name := "verdict"
	if len(r.Trackers) == 1 {
		name += ": " + r.Trackers[0].Path
	}
	success := r.Verdict == verdict.Go || r.Verdict == verdict.GoWithConditions && base.Publish.ConditionsConclusion != "failure"
	out := &publish.Posting{
		Always: p.flags.check,
		Status: publish.Status{Context: "verdict/" + p.flags.id, Head: head, Success: success, Description: text("status"), TargetURL: p.flags.url},
	}
	if pr != nil && pr.Head == head { // in a merge queue it is another commit
		out.Comment = &publish.Target{Owner: p.owner, Repo: p.repo, Number: pr.Number, Head: head, Marker: marker}
		out.Body = text("comment")
	}
	if pr != nil {
		name += " (" + pr.BaseRef + ")"
	}
	out.Check = &publish.Check{
		Name: name, Head: head, Success: success, Title: text("status"), Summary: text("check"), Text: text("check-text"), DetailsURL: p.flags.url, ExternalID: "verdict/" + p.flags.id,
		Annotations: annotations(r),
	}
	return out, err
}

// annotations are the findings that stand on a line of a tracker or of the policy.
func annotations(r *verdict.Report) []publish.Annotation {
	levels := map[verdict.Severity]string{verdict.Blocker: "failure", verdict.Condition: "warning", verdict.Note: "notice"}
	var out []publish.Annotation
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Pos.IsValid() && filepath.IsLocal(f.Pos.File) {
			out = append(out, publish.Annotation{Path: f.Pos.File, Line: f.Pos.Line, Level: levels[f.Severity], Title: f.Rule, Message: oneLine(f.Message)})
		}
	}
	return out
}

// event is what the job's event says, as far as it is of use.
type event struct {
	PullRequest struct {
		Number int `json:"number"`
	} `json:"pull_request"`
	WorkflowRun struct {
		ID int64 `json:"id"`
	} `json:"workflow_run"`
}

// readEvent reads the job's event; zero when there is none.
func readEvent() event {
	var e event
	if data, err := os.ReadFile(os.Getenv("GITHUB_EVENT_PATH")); err == nil && json.Unmarshal(data, &e) != nil {
		return event{}
	}
	return e
}
