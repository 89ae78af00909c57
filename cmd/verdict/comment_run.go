package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
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
	if p.flags.url == "" {
		p.flags.url = run.URL
	}
	in, base, err := p.input(ctx, run, pr)
	if err != nil {
		return err
	}
	r := verdict.Decide(*in)
	if r.Verdict != verdict.NoGo && run.Conclusion != "success" {
		in.Distrust = append(in.Distrust, verdict.Distrust{
			Rule: "conclusion", Severity: verdict.Condition, Message: "the run that collected the evidence ended with " + orDash(run.Conclusion) + ", and its evidence says nothing of that", Hint: "see the run's log",
		})
		r = verdict.Decide(*in)
	}
	if p.flags.output != "" {
		if err := writeTo(p.flags.output, p.streams.out, func(w io.Writer) error { return render.JSON(w, r) }); err != nil {
			return err
		}
	}
	fmt.Fprintln(p.streams.out, r.Verdict)
	return p.post(ctx, r, pr, run.HeadSHA, orDefaultPolicy(base))
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
	more, err := p.againstChange(ctx, pr)
	in.Distrust = append(in.Distrust, more...)
	if pr == nil {
		return in, in.Policy, err
	}
	accepted, acceptErr := p.acceptances(ctx, pr, run.HeadSHA, orDefaultPolicy(basePolicy))
	in.Acceptances = accepted
	return in, basePolicy, errors.Join(err, acceptErr)
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
	f, err := os.CreateTemp(os.Getenv("RUNNER_TEMP"), "verdict-*.zip")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // it stays readable while it is open
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

// against holds the evidence against GitHub's own record of the run.
func (p *poster) against(run *publish.Run, b *evidence.Bundle) []verdict.Distrust {
	var out []verdict.Distrust
	say := func(rule, format string, args ...any) {
		out = append(out, verdict.Distrust{Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	if run.HeadSHA != b.Subject.Commit && run.HeadSHA != b.Repository.Head {
		say("head", "the evidence is about %.12s, the run was about %.12s", orDash(b.Subject.Commit), run.HeadSHA)
	}
	switch o := b.Origin; {
	case o == nil:
		say("origin", "the evidence does not say which run collected it")
	default:
		if o.RunID != run.ID || o.RunAttempt != run.Attempt {
			say("origin", "the evidence is that of run %d, attempt %d; this is run %d, attempt %d", o.RunID, o.RunAttempt, run.ID, run.Attempt)
		}
		if !strings.EqualFold(o.Repository, p.owner+"/"+p.repo) || !strings.EqualFold(run.Repository, p.owner+"/"+p.repo) {
			say("origin", "the evidence is that of repository %s", o.Repository)
		}
		if o.Event != run.Event {
			say("origin", "the evidence is that of a %s event, the run is one of %s", orDash(o.Event), run.Event)
		}
	}
	for _, j := range run.Jobs {
		switch j.Conclusion {
		case "success", "failure", "skipped":
		default:
			say("job", "job %q of the run ended with %s", j.Name, orDash(j.Conclusion))
		}
	}
	return out
}

// againstChange says whether the change alters the workflows by which its evidence
// was collected: a run takes them from the change itself.
func (p *poster) againstChange(ctx context.Context, pr *publish.PullRequest) ([]verdict.Distrust, error) {
	if pr == nil {
		return nil, nil
	}
	changed, all, err := p.client.Changed(ctx, p.owner, p.repo, pr.Number, ".github/workflows/", ".github/actions/")
	if err != nil {
		return nil, err
	}
	const hint = "have somebody with the right look at the workflows, and merge them first"
	if len(changed) > 0 {
		return []verdict.Distrust{{Rule: "workflow", Severity: verdict.Condition, Hint: hint, Message: "the change alters how its own evidence is collected: " + strings.Join(changed[:min(5, len(changed))], ", ")}}, nil
	}
	if !all {
		return []verdict.Distrust{{Rule: "workflow", Severity: verdict.Condition, Hint: hint, Message: "the change has more files than GitHub lists, so that it is not known whether it alters workflows"}}, nil
	}
	return nil, nil
}

// trackersOf reads the trackers as they are in the head, and as they are in the
// base. Which ones there are is not for the evidence to say, where anybody else
// does.
func (p *poster) trackersOf(ctx context.Context, run *publish.Run, in *verdict.Input) error {
	effective := verdict.Effective(in.Policy, in.Base)
	paths := p.flags.trackers
	if len(paths) == 0 {
		paths = slices.DeleteFunc(slices.Clone(effective.Trackers), func(s string) bool { return strings.ContainsAny(s, "*?[") })
	}
	named := len(paths) > 0
	kept := map[string]string{} // path → digest that the evidence has
	if in.Bundle != nil {
		for _, t := range in.Bundle.Subject.Trackers {
			kept[t.Path] = t.SHA256
			if !named {
				paths = append(paths, t.Path)
			}
		}
	}
	for _, path := range paths {
		src, err := p.client.File(ctx, p.owner, p.repo, path, run.HeadSHA)
		if errors.Is(err, publish.ErrNoFile) {
			in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "tracker", Message: "the head has no tracker " + path, Hint: "commit it"})
			continue
		} else if err != nil {
			return err
		}
		t := tracker.Parse(path, src, effective.Vocabulary)
		if in.Bundle != nil && kept[path] != t.SHA256 {
			in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "tracker", Message: "the evidence was collected for another " + path + " than that of the head", Hint: "have the collecting job check out the pull request's head, not its merge commit: ref: github.event.pull_request.head.sha"})
		}
		in.Trackers = append(in.Trackers, t)
		if in.Base == nil {
			continue
		}
		src, err = p.client.File(ctx, p.owner, p.repo, path, in.Base.Commit)
		switch {
		case errors.Is(err, publish.ErrNoFile):
			if !named {
				in.Distrust = append(in.Distrust, verdict.Distrust{
					Rule: "tracker", Severity: verdict.Condition, Message: "the base branch has no " + path + ", so that the change alone says what is required", Hint: "name the trackers in the policy of the base branch",
				})
			}
		case err != nil:
			return err
		default:
			in.Base.Trackers = append(in.Base.Trackers, tracker.Parse(path, src, effective.Vocabulary))
		}
	}
	return nil
}
