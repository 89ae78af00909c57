package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
	"github.com/verdictci/verdict/verdict/publish"
	"github.com/verdictci/verdict/verdict/render"
)

// errRunning says that a run's evidence is not complete yet.
var errRunning = errors.New("it has not ended")

// run decides about the evidence of a workflow run, and posts the decision. What
// the run uploaded may be anything: it ran the code of the pull request.
func (p *poster) run(ctx context.Context) error {
	id, err := p.runID()
	if err != nil {
		return err
	}
	run, err := p.client.WorkflowRun(ctx, p.owner, p.repo, id)
	if err != nil {
		return err
	}
	if run.Status != "completed" {
		return &hinted{fmt.Errorf("decide about run %d: %w", id, errRunning), "decide when it has ended: in a workflow_run job of types: [completed]"}
	}
	pr, err := p.pullRequestOf(ctx, run)
	if errors.Is(err, publish.ErrNoPullRequest) {
		fmt.Fprintf(p.streams.err, "nothing to decide: %v; it was pushed to since the run began, and the next run decides\n", err)
		return nil
	} else if err != nil {
		return err
	}
	in, base, err := p.input(ctx, run, pr)
	if err != nil {
		return err
	}
	keep := p.reportArtifact(pr)
	if in.Previous, err = p.lastReport(ctx, keep); err != nil {
		fmt.Fprintf(p.streams.err, "not compared with the last report: %v\n", err)
	} else if in.Previous != nil {
		in.PreviousName = fmt.Sprintf("the report about %.8s", in.Previous.Head)
	}
	r := p.decide(run, pr, in)
	if r.Verdict != verdict.NoGo && run.Conclusion != "success" {
		in.Distrust = append(in.Distrust, verdict.Distrust{
			Rule: "conclusion", Severity: verdict.Condition, Message: "the run that collected the evidence ended with " + orDash(run.Conclusion) + ", and its evidence says nothing of that", Hint: "see the run's log",
		})
		r = p.decide(run, pr, in)
	}
	if p.flags.output != "" {
		if err := writeTo(p.flags.output, p.streams.out, func(w io.Writer) error { return render.JSON(w, r) }); err != nil {
			return err
		}
	}
	fmt.Fprintln(p.streams.out, r.Verdict)
	if err := stepOutputs(r, "", [2]string{"keep", keep}); err != nil {
		return err
	}
	return p.post(ctx, r, pr, run.HeadSHA, orDefaultPolicy(base))
}

// decide decides, and binds the report to what GitHub says of the run, whatever the
// evidence says of itself.
func (p *poster) decide(run *publish.Run, pr *publish.PullRequest, in *verdict.Input) *verdict.Report {
	r := verdict.Decide(*in)
	r.Head, r.Subject.Remote, r.Subject.Policy = run.HeadSHA, p.client.Address(p.owner, p.repo), nil
	r.Origin = &evidence.Origin{
		Service: "github-actions", Repository: p.owner + "/" + p.repo, RunID: run.ID, RunAttempt: run.Attempt, Event: run.Event, HeadSHA: run.HeadSHA, URL: run.URL,
	}
	inForce := in.Policy
	if pr != nil {
		r.Base, inForce = pr.Base, in.Base.Policy
	}
	if inForce != nil {
		r.Subject.Policy = &evidence.FileRef{Path: inForce.Path, SHA256: inForce.SHA256}
	}
	if r.Generated.Before(run.Started) {
		r.Generated = run.Started
	}
	if !run.Updated.IsZero() && r.Generated.After(run.Updated) {
		r.Generated = run.Updated
	}
	return r
}

func (p *poster) runID() (int64, error) {
	if p.flags.run == "event" {
		if id := readEvent().WorkflowRun.ID; id > 0 {
			return id, nil
		}
		return 0, badInput("run it on workflow_run, or name the run: --run-id N", "read event: it is about no workflow run")
	}
	id, err := strconv.ParseInt(p.flags.run, 10, 64)
	if err != nil || id <= 0 {
		return 0, badInput("--run-id N, or --run-id event", "read run id: %q is no number", p.flags.run)
	}
	return id, nil
}

// pullRequestOf finds the pull request that a run was about; nil where it was about
// none. That of a merge queue's commit says which branch it goes to; its own head is
// another commit.
func (p *poster) pullRequestOf(ctx context.Context, run *publish.Run) (*publish.PullRequest, error) {
	switch run.Event {
	case "pull_request":
		return p.client.FindPullRequest(ctx, p.owner, p.repo, run.HeadSHA, run.HeadOwner, run.HeadBranch)
	case "merge_group":
		number := publish.QueuedPullRequest(run.HeadBranch)
		if number == 0 {
			return nil, badInput("", "decide about run %d: %q is no branch of a merge queue", run.ID, run.HeadBranch)
		}
		p.queued = true
		return p.client.PullRequest(ctx, p.owner, p.repo, number)
	case "push", "workflow_dispatch":
		return nil, nil
	}
	return nil, badInput("collect on pull_request, merge_group or push", "decide about run %d: its event is %q", run.ID, run.Event)
}

// input gathers what the decision rests on: the evidence of the run, trackers and
// policy of the head as GitHub has them, those of the base, and what speaks against
// the evidence.
func (p *poster) input(ctx context.Context, run *publish.Run, pr *publish.PullRequest) (*verdict.Input, *policy.Policy, error) {
	var basePolicy *policy.Policy
	var err error
	in := &verdict.Input{At: time.Now().UTC()}
	if pr != nil {
		if basePolicy, err = p.basePolicy(ctx, pr.Base); err != nil {
			return nil, nil, err
		}
		in.Base = &verdict.Base{Commit: pr.Base, Policy: basePolicy}
	}
	if in.Policy, err = p.basePolicy(ctx, run.HeadSHA); err != nil { // the head's own
		var bad *inputError
		if pr == nil || !errors.As(err, &bad) {
			return nil, nil, err
		}
		in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "policy", Message: "the change's own policy cannot be read: " + err.Error()})
	}
	if in.Bundle, err = p.evidenceOf(ctx, run); err != nil {
		in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "artifact", Message: "the evidence cannot be read: " + err.Error(), Hint: "run the collecting job again"})
	} else {
		in.Distrust = append(in.Distrust, p.against(run, in.Bundle)...)
	}
	if err := p.trackersOf(ctx, run, in); err != nil {
		return nil, nil, err
	}
	more, err := p.againstChange(ctx, run, pr)
	in.Distrust = append(in.Distrust, more...)
	if err != nil || pr == nil {
		return in, in.Policy, err
	}
	if in.Acceptances, err = p.acceptances(ctx, pr, run.HeadSHA, orDefaultPolicy(basePolicy)); err != nil {
		in.Acceptances = nil
		fmt.Fprintf(p.streams.err, "nothing counts as accepted: %v\n", err)
	}
	return in, basePolicy, nil
}

// reportArtifact is the artifact that keeps the report about a pull request, for the
// next one to be compared with; empty: there is none.
func (p *poster) reportArtifact(pr *publish.PullRequest) string {
	if pr == nil || p.queued {
		return ""
	}
	return fmt.Sprintf("verdict-report-%s-%d", p.flags.id, pr.Number)
}

// lastReport is the one that this workflow kept when it ran last; nil when it kept
// none. A comment could be asked as well, but anybody who may write can edit it.
func (p *poster) lastReport(ctx context.Context, artifact string) (*verdict.Report, error) {
	ref, _, _ := strings.Cut(os.Getenv("GITHUB_WORKFLOW_REF"), "@") // OWNER/NAME/.github/workflows/FILE
	workflow, ok := strings.CutPrefix(ref, p.owner+"/"+p.repo+"/")
	if artifact == "" || !ok {
		return nil, nil
	}
	f, err := temporary()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = p.client.Kept(ctx, p.owner, p.repo, artifact, workflow, f)
	if errors.Is(err, publish.ErrNoArtifact) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read artifact %s: %w", artifact, err)
	}
	kept, err := archive.Open(reportFile)
	if err != nil {
		return nil, fmt.Errorf("read artifact %s: %w", artifact, err)
	}
	defer kept.Close()
	return render.ReadJSON(kept)
}

// evidenceOf fetches and unpacks what the run uploaded.
func (p *poster) evidenceOf(ctx context.Context, run *publish.Run) (*evidence.Bundle, error) {
	temp, err := os.MkdirTemp(os.Getenv("RUNNER_TEMP"), "verdict-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	archive, err := p.archive(ctx, run, temp)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	info, err := archive.Stat()
	if err != nil {
		return nil, err
	}
	dir, err := evidence.Unpack(archive, info.Size(), temp)
	if err != nil {
		return nil, err
	}
	return evidence.Read(dir)
}

func (p *poster) archive(ctx context.Context, run *publish.Run, temp string) (*os.File, error) {
	if p.flags.bundle != "" {
		return os.Open(p.flags.bundle)
	}
	f, err := temporary()
	if err != nil {
		return nil, err
	}
	name := p.flags.artifact
	if name == "" {
		name = fmt.Sprintf("verdict-%d", run.Attempt)
	}
	if err := p.client.Artifact(ctx, p.owner, p.repo, run.ID, name, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// temporary is a file that is gone when it is closed.
func temporary() (*os.File, error) {
	f, err := os.CreateTemp(os.Getenv("RUNNER_TEMP"), "verdict-*.zip")
	if err == nil {
		os.Remove(f.Name()) // it stays readable while it is open
	}
	return f, err
}
