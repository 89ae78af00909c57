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
stands in for it, then a commit status, then the job's summary, then the log; what
was used and which permission was missing is said. None of it changes the decision,
or the exit code: that is 0 when the report can be read somewhere.

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
			client, err := publish.New(f.getenv, dry)
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
	f.registerPlace(cmd)
	flags.BoolVar(&f.check, "check", false, "also post a check run, with annotations on the tracker's lines")
	flags.StringVar(&f.run, "run-id", "", "decide about the evidence of workflow run `N`; 'event': the one that the job's workflow_run event is about")
	flags.StringVar(&f.artifact, "artifact", "", "`NAME` of the run's artifact (default: verdict-ATTEMPT)")
	flags.StringVar(&f.bundle, "bundle", "", "take the artifact from `FILE`, a zip archive, instead of fetching it")
	flags.StringSliceVar(&f.trackers, "tracker", nil, "`PATH` of a tracker that has to be decided about (default: the base policy's, else the evidence's)")
	flags.StringVarP(&f.output, "output", "o", "", "also write the report as JSON to `FILE`")
	flags.BoolVar(&f.dry, "dry-run", false, "print each request, and make only those that read")
	return cmd
}

// registerPlace adds the flags on which the text of a comment depends.
func (f *commentFlags) registerPlace(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "main", "keeps the comments of several reports apart")
	flags.StringVar(&f.url, "report-url", "", "where the full report can be read (default: the run's page)")
}

// getenv is the environment, with the repository that the flags name.
func (f *commentFlags) getenv(name string) string {
	if name == "GITHUB_REPOSITORY" {
		return f.repo
	}
	return os.Getenv(name)
}

// fullReport is where the full report can be read; empty: nowhere.
func (f *commentFlags) fullReport(r *verdict.Report) string {
	if f.url == "" && r.Origin != nil {
		return r.Origin.URL
	}
	return f.url
}

// text is the report as it is shown in one of GitHub's places.
func (f *commentFlags) text(r *verdict.Report, target string) (string, error) {
	return render.Comment(r, render.CommentOptions{Target: target, ID: f.id, ReportURL: f.fullReport(r)})
}

// poster shows one report in one repository.
type poster struct {
	client      *publish.Client
	owner, repo string
	flags       commentFlags
	streams     streams
	queued      bool // the commit is a merge queue's, and no pull request's head
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
	if head == "" {
		return badInput("name a report of a run", "post comment: the report is about no commit")
	}
	pr, err := p.client.PullRequest(ctx, p.owner, p.repo, number)
	if err != nil {
		return p.unposted(r, err)
	}
	base, err := p.basePolicy(ctx, pr.Base)
	if err != nil {
		fmt.Fprintf(p.streams.err, "conditions count as a failure, since the policy of the base branch is not known: %v\n", err)
		base = policy.Default()
		base.Publish.ConditionsConclusion = "failure"
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
	shown := false
	for _, w := range p.client.Post(ctx, p.owner, p.repo, *posting) {
		if p.flags.dry && w.Err == nil {
			fmt.Fprintf(p.streams.err, "%s would be %s\n", w.Name, w.Action)
		} else {
			fmt.Fprintln(p.streams.err, w)
		}
		shown = shown || w.Action != "" || errors.Is(w.Err, publish.ErrSuperseded) || errors.Is(w.Err, publish.ErrOlder) // then another report is
	}
	if shown {
		return nil
	}
	return p.unposted(r, nil)
}

// unposted puts the report where it can still be read: the job's summary, else the
// log.
func (p *poster) unposted(r *verdict.Report, cause error) error {
	if cause != nil {
		fmt.Fprintf(p.streams.err, "comment not posted: %v\n", cause)
	}
	if os.Getenv("GITHUB_STEP_SUMMARY") != "" {
		err := stepSummary(r)
		if err == nil {
			fmt.Fprintln(p.streams.err, "summary written: the report is in the job's summary")
			return nil
		}
		fmt.Fprintf(p.streams.err, "summary not written: %v\n", err)
	}
	fmt.Fprintln(p.streams.err, "log written: the report follows in the log")
	return render.Text(p.streams.err, r, render.TextOptions{Width: 100})
}

func (p *poster) posting(r *verdict.Report, pr *publish.PullRequest, head string, base *policy.Policy) (*publish.Posting, error) {
	marker, err := render.Marker(p.flags.id)
	if err != nil {
		return nil, err
	}
	text := func(target string) string {
		out, renderErr := p.flags.text(r, target)
		err = errors.Join(err, renderErr)
		return out
	}
	success := r.Verdict == verdict.Go || r.Verdict == verdict.GoWithConditions && base.Publish.ConditionsConclusion != "failure"
	out := &publish.Posting{
		Always: p.flags.check,
		Status: publish.Status{Context: "verdict/" + p.flags.id, Head: head, Success: success, Description: text("status"), TargetURL: p.flags.fullReport(r)},
	}
	if pr != nil && !p.queued {
		out.Comment = &publish.Target{Owner: p.owner, Repo: p.repo, Number: pr.Number, Head: head, Marker: marker}
		out.Body = text("comment")
	}
	out.Check = &publish.Check{
		Name: p.checkName(r, pr), Head: head, Success: success, Title: text("status"), Summary: text("check"), Text: text("check-text"), DetailsURL: p.flags.fullReport(r), ExternalID: "verdict/" + p.flags.id,
		Annotations: annotations(r),
	}
	return out, err
}

// checkName tells check runs apart by what they are about: one that was made for
// something else must not stand in for it.
func (p *poster) checkName(r *verdict.Report, pr *publish.PullRequest) string {
	name := "verdict"
	if p.flags.id != "main" {
		name += " " + p.flags.id
	}
	if len(r.Trackers) == 1 {
		name += ": " + render.Clip(render.Line(r.Trackers[0].Path), 150)
	}
	if pr != nil {
		name += " (" + render.Clip(render.Line(pr.BaseRef), 80) + ")"
	}
	return name
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
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
}

// readEvent reads the job's event; zero when there is none.
func readEvent() event {
	var e event
	if data, err := os.ReadFile(os.Getenv("GITHUB_EVENT_PATH")); err == nil && json.Unmarshal(data, &e) != nil {
		return event{}
	}
	return e
}
