package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/publish"
)

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
	ran := false
	for _, j := range run.Jobs {
		switch j.Conclusion {
		case "success", "failure":
			ran = true
		case "skipped":
		default:
			say("job", "job %q of the run ended with %s", j.Name, orDash(j.Conclusion))
		}
	}
	if !ran && len(out) == 0 {
		say("job", "no job of the run ran")
	}
	return out
}

// againstChange says whether what is decided about alters the workflows by which its
// evidence was collected: a run takes them from the change itself.
func (p *poster) againstChange(ctx context.Context, run *publish.Run, pr *publish.PullRequest) ([]verdict.Distrust, error) {
	const hint = "have somebody with the right look at the workflows, and merge them first"
	doubt := func(format string, args ...any) []verdict.Distrust {
		return []verdict.Distrust{{Rule: "workflow", Severity: verdict.Condition, Hint: hint, Message: fmt.Sprintf(format, args...)}}
	}
	if run.Event == "pull_request" {
		changed, all, err := p.client.Changed(ctx, p.owner, p.repo, pr.Number, ".github/workflows/", ".github/actions/")
		switch {
		case err != nil:
			return nil, err
		case len(changed) > 0:
			return doubt("the change alters how its own evidence is collected: %s", strings.Join(changed[:min(5, len(changed))], ", ")), nil
		case !all:
			return doubt("the change has more files than GitHub lists, so that it is not known whether it alters workflows"), nil
		}
		return nil, nil
	}
	// Of a merge queue's commit and of a push nobody lists what they change.
	branch, commit, err := p.trusted(ctx, run, pr)
	if err != nil || commit == run.HeadSHA || run.Event == "push" && branch == run.HeadBranch {
		return nil, err
	}
	here, err := p.client.Workflows(ctx, p.owner, p.repo, run.HeadSHA)
	if err != nil {
		return nil, err
	}
	there, err := p.client.Workflows(ctx, p.owner, p.repo, commit)
	if err != nil {
		return nil, err
	}
	if !maps.Equal(here, there) {
		return doubt("its evidence is collected in another way than on %s: .github/workflows or .github/actions differ", branch), nil
	}
	return nil, nil
}

// trusted is the branch whose workflows are looked after: the one that a pull request
// goes to, else the default one.
func (p *poster) trusted(ctx context.Context, run *publish.Run, pr *publish.PullRequest) (branch, commit string, err error) {
	if pr != nil {
		return pr.BaseRef, pr.Base, nil
	}
	if branch = readEvent().Repository.DefaultBranch; branch == "" {
		if branch, err = p.client.DefaultBranch(ctx, p.owner, p.repo); err != nil {
			return "", "", err
		}
	}
	commit, err = p.client.BranchHead(ctx, p.owner, p.repo, branch)
	return branch, commit, err
}

// trackersOf reads the trackers as they are in the head, and as they are in the
// base. Which ones there are is not for the evidence to say, where anybody else
// does.
func (p *poster) trackersOf(ctx context.Context, run *publish.Run, in *verdict.Input) error {
	effective := verdict.Effective(in.Policy, in.Base)
	paths := p.flags.trackers
	if len(paths) == 0 {
		var err error
		if paths, err = p.trackerPaths(ctx, effective.Trackers, run, in); err != nil {
			return err
		}
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
	for _, name := range paths {
		src, err := p.client.File(ctx, p.owner, p.repo, name, run.HeadSHA)
		if errors.Is(err, publish.ErrNoFile) {
			in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "tracker", Message: "the head has no tracker " + name, Hint: "commit it"})
			continue
		} else if err != nil {
			return err
		}
		t := tracker.Parse(name, src, effective.Vocabulary)
		if err := p.readRegister(ctx, t, run.HeadSHA, effective.Vocabulary); err != nil {
			return err
		}
		if in.Bundle != nil && kept[name] != t.SHA256 {
			in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "tracker", Message: "the evidence was collected for another " + name + " than that of the head", Hint: "have the collecting job check out the pull request's head, not its merge commit: ref: github.event.pull_request.head.sha"})
		}
		in.Trackers = append(in.Trackers, t)
		if in.Base == nil {
			continue
		}
		src, err = p.client.File(ctx, p.owner, p.repo, name, in.Base.Commit)
		switch {
		case errors.Is(err, publish.ErrNoFile):
			if !named {
				in.Distrust = append(in.Distrust, verdict.Distrust{
					Rule: "tracker", Severity: verdict.Condition, Message: "the base branch has no " + name + ", so that the change alone says what is required", Hint: "name the trackers in the policy of the base branch",
				})
			}
		case err != nil:
			return err
		default:
			in.Base.Trackers = append(in.Base.Trackers, tracker.Parse(name, src, effective.Vocabulary))
		}
	}
	return nil
}

// trackerPaths resolves the policy's list of trackers, as they are in the head and in
// the base: leaving one out of the evidence, or out of the head, does not take it out
// of the decision.
func (p *poster) trackerPaths(ctx context.Context, patterns []string, run *publish.Run, in *verdict.Input) ([]string, error) {
	var paths []string
	var files []string
	listed := false
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, `*?[\`) {
			paths = append(paths, pattern)
			continue
		}
		commits := []string{run.HeadSHA}
		if in.Base != nil {
			commits = append(commits, in.Base.Commit)
		}
		for i := 0; !listed && i < len(commits); i++ {
			list, all, err := p.client.Files(ctx, p.owner, p.repo, commits[i])
			if err != nil {
				return nil, err
			}
			if !all {
				in.Distrust = append(in.Distrust, verdict.Distrust{Rule: "tracker", Message: "the repository has more files than GitHub lists, so that not all of its trackers are known", Hint: "name the trackers in the policy without *"})
			}
			files = append(files, list...)
		}
		listed = true
		for _, file := range files {
			if ok, err := path.Match(pattern, file); err == nil && ok && !slices.Contains(paths, file) {
				paths = append(paths, file)
			}
		}
	}
	return paths, nil
}

// readRegister reads the risk register of the plan that a tracker links to. A plan
// that is not there is nobody's fault here.
func (p *poster) readRegister(ctx context.Context, t *tracker.Tracker, commit string, words *tracker.Vocabulary) error {
	link, ok := t.Plan()
	if !ok || !filepath.IsLocal(filepath.FromSlash(link.Target)) {
		return nil
	}
	src, err := p.client.File(ctx, p.owner, p.repo, path.Clean(link.Target), commit)
	if errors.Is(err, publish.ErrNoFile) {
		return nil
	} else if err != nil {
		return err
	}
	t.ReadRegister(link.Target, src, words)
	return nil
}
