package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector"
	"github.com/verdictci/verdict/collector/checkpoint"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/redact"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// collectFlags say how evidence is collected.
type collectFlags struct {
	at, baseline, resume, head string
	reuse                      time.Duration
	jobs                       int
	fetch                      bool
	verbose, quiet             bool
	color                      string
}

func (f *collectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "", "run in a clean checkout of `REV`; the work tree is not used")
	flags.StringVar(&f.baseline, "baseline", "", "run what fails at `REV` as well, and say whether it failed there")
	flags.StringVar(&f.resume, "resume", "", "go on with the interrupted run `ID`")
	flags.Lookup("resume").NoOptDefVal = "last"
	flags.StringVar(&f.head, "head", "", "the commit that checkpoints must be reachable from (default: HEAD, or the pull request's head where HEAD is its merge commit)")
	flags.DurationVar(&f.reuse, "reuse", 0, "take passes that are not older than this from earlier runs on the same tree")
	flags.IntVarP(&f.jobs, "jobs", "j", 0, "lanes side by side (default: as the machine allows)")
	flags.BoolVar(&f.fetch, "fetch", false, "fetch missing history with git first")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the commands' output while they run")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.StringVar(&f.color, "color", "auto", "colour: auto, always or never")
}

// reportFlags say how a report is written.
type reportFlags struct {
	format, output, failOn, against string
}

func (f *reportFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.format, "format", "f", "text", "text, markdown, json, sarif, junit or html")
	flags.StringVarP(&f.output, "output", "o", "", "write the report to `FILE` instead of standard output")
	flags.StringVar(&f.failOn, "fail-on", "no-go", "exit with 1 on: no-go, or conditions as well")
	flags.StringVar(&f.against, "against", "", "compare with the earlier `REPORT` (default: the last run kept)")
}

func (f *reportFlags) check() error {
	if !knownFormat(f.format) {
		return badInput("one of text, markdown, json, sarif, junit, html", "unknown format %q", f.format)
	}
	if f.failOn != "no-go" && f.failOn != "conditions" {
		return badInput("one of no-go, conditions", "unknown --fail-on %q", f.failOn)
	}
	return checkOutput(f.output)
}

func newRunCommand(s streams) *cobra.Command {
	var project projectFlags
	var collect collectFlags
	var report reportFlags
	cmd := &cobra.Command{
		Use:   "run [TRACKER...]",
		Short: "Run the required commands, verify the commits, and decide",
		Long: `Run reads the trackers, runs every required command once, verifies the
checkpoint commits and decides. The evidence is kept under .verdict/ and can be
decided again with 'verdict decide'.

Exit codes: 0 GO or GO_WITH_CONDITIONS, 1 NO_GO, 2 the input cannot be read,
3 verdict could not do its work, 130 interrupted.`,
		Example: `  verdict run docs/progress.md
  verdict run --at HEAD docs/progress.md           in a clean checkout
  verdict run --format html -o .verdict/report.html docs/progress.md
  verdict run --format json docs/progress.md | jq -r .verdict`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := report.check(); err != nil {
				return err
			}
			p, err := project.open(args)
			if err != nil {
				return err
			}
			return runAndReport(cmd.Context(), p, collect, report, s)
		},
	}
	project.register(cmd)
	collect.register(cmd)
	report.register(cmd)
	return cmd
}

// runAndReport is the main job. The exit code follows from the decision alone.
func runAndReport(ctx context.Context, p *project, c collectFlags, f reportFlags, s streams) error {
	dir, err := runDir(p, c)
	if err != nil {
		return err
	}
	previous, name, err := previousReport(p, dir, f.against)
	if err != nil {
		return err
	}
	bundle, err := collectBundle(ctx, p, c, dir, previous, s)
	if err != nil {
		return err
	}
	r, err := decideAndKeep(p, bundle, dir, previous, name)
	if err != nil {
		return err
	}
	if err := prune(p, dir); err != nil {
		fmt.Fprintln(s.err, "verdict: "+err.Error())
	}
	if ctx.Err() != nil { // said first: what reads the report may have been interrupted as well
		sayInterrupted(p, bundle, dir, s)
		c.quiet = true // the ten lines that matter
	}
	if err := writeReport(r, f, c, dir, s); err != nil {
		return err
	}
	if err := stepOutputs(r, dir); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return statusError(exitInterrupted)
	}
	return decisionStatus(r, f.failOn)
}

// sayInterrupted says what was kept and how to go on.
func sayInterrupted(p *project, bundle *evidence.Bundle, dir string, s streams) {
	kept := 0
	for i := range bundle.Commands {
		switch bundle.Commands[i].Outcome {
		case evidence.Canceled, evidence.NotRun, "":
		default:
			kept++
		}
	}
	again := strings.Join(append([]string{"verdict run --resume"}, p.trackerFiles()...), " ")
	fmt.Fprintf(s.err, "verdict: interrupted; the results of %d of %d commands are kept in %s\nhint: '%s' goes on with the others\n", kept, len(p.plan.Commands), relative(p.root, dir), again)
}

func decisionStatus(r *verdict.Report, failOn string) error {
	switch {
	case r.Verdict == verdict.Go:
		return nil
	case r.Verdict == verdict.GoWithConditions && failOn != "conditions":
		return nil
	}
	return statusError(exitNoGo)
}

// runDir is the folder of a new run, or of the one to resume.
func runDir(p *project, f collectFlags) (string, error) {
	if f.resume != "" {
		return findRun(p.root, f.resume)
	}
	return filepath.Join(runsDir(p.root), time.Now().UTC().Format("20060102T150405.000Z")), nil
}

// collectBundle collects evidence into a run's folder. previous is the report to
// compare with; nil: there is none.
func collectBundle(ctx context.Context, p *project, f collectFlags, dir string, previous *verdict.Report, s streams) (*evidence.Bundle, error) {
	steps := len(p.plan.Commands)
	if f.at != "" {
		steps += len(p.policy.Commands.Setup)
	}
	progress := newProgress(s.err, f, steps)
	defer progress.close()
	base := ""
	if p.base != nil {
		base = p.base.Commit
	}
	bundle, err := collector.Collect(ctx, collector.Options{
		Root: p.root, Trackers: p.trackers, Policy: p.requiringPolicy(), Plan: p.plan, Dir: dir,
		Jobs: f.jobs, Progress: progress.event, EveryLine: f.verbose, At: f.at, Baseline: f.baseline, Reuse: f.reuse,
		Resume: f.resume != "", Fetch: f.fetch, Head: f.head, Base: base, Seen: previous.Seen(), ToolVersion: toolVersion(),
	})
	if err != nil {
		forgetEmpty(dir)
		return nil, explainCollect(err)
	}
	return bundle, keepInputs(p, dir)
}

// explainCollect adds what to do to the collector's errors.
func explainCollect(err error) error {
	switch {
	case errors.Is(err, collector.ErrWriteToken):
		return &hinted{err, "collect in a job with a read-only token, and comment in another: https://github.com/verdictci/verdict/blob/main/docs/github.md"}
	case errors.Is(err, checkpoint.ErrNoCommit):
		return &inputError{err, "commit something first: evidence is about a commit"}
	case errors.Is(err, checkpoint.ErrNoRevision):
		return &inputError{err, "name a commit, branch or tag of this clone; 'git fetch' brings what only the remote has"}
	case errors.Is(err, collector.ErrLocked):
		return &hinted{err, "wait for the other run to end"}
	}
	return err
}

// decideAndKeep decides about the bundle and keeps the report beside it.
func decideAndKeep(p *project, bundle *evidence.Bundle, dir string, previous *verdict.Report, name string) (*verdict.Report, error) {
	r := verdict.Decide(verdict.Input{
		Trackers: p.trackers, Bundle: bundle, Policy: p.policy, Base: p.base,
		Previous: previous, PreviousName: name,
	})
	return r, writeTo(filepath.Join(dir, reportFile), nil, func(w io.Writer) error { return render.JSON(w, r) })
}

// keepInputs keeps copies of trackers and policy beside the evidence, so that it
// can be decided again when they have changed. Secrets in them are replaced, as in
// all that is kept.
func keepInputs(p *project, dir string) error {
	for i, t := range p.trackers {
		if err := os.WriteFile(filepath.Join(dir, inputName(i)), redact.Lines(p.sources[t.Path]), 0o644); err != nil {
			return fmt.Errorf("keep tracker: %w", err)
		}
		if src, ok := p.plans[t.Path]; ok {
			if err := os.WriteFile(filepath.Join(dir, planName(i)), redact.Lines(src), 0o644); err != nil {
				return fmt.Errorf("keep plan: %w", err)
			}
		}
	}
	return nil
}

func inputName(i int) string { return fmt.Sprintf("tracker-%d.md", i+1) }
func planName(i int) string  { return fmt.Sprintf("plan-%d.md", i+1) }
