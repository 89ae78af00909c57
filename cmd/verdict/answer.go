package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/policy"
	"github.com/verdictci/verdict/verdict/publish"
	"github.com/verdictci/verdict/verdict/render"
)

func newAnswerCommand(s streams) *cobra.Command {
	var f commentFlags
	var workflow string
	cmd := &cobra.Command{
		Use:   "answer",
		Short: "Answer /verdict in a comment on a pull request",
		Long: `Answer reads the issue_comment event of its job and does what a line of the comment
asks for:

    /verdict status                 where the decision is
    /verdict run                    collect the evidence again, in the workflow that may
    /verdict explain RULE           what a rule means, and how to put it right
    /verdict accept ID [@COMMIT] until 2027-01-31 because REASON
                                    accept a finding or a risk for this head

Only comments that were just made count, outside of code and quotes, and only of
people who may write to the repository (and whom the policy of the base branch
names, where it names any). An acceptance holds for the head that it names, or that
the decision was about when it was given, and for a later one with the same tree.
Nothing of the pull request runs here.`,
		Example: "  verdict answer            in an issue_comment job: docs/github.md",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			owner, name, ok := strings.Cut(f.repo, "/")
			if !ok {
				return badInput("--repo OWNER/NAME", "answer: no repository is named")
			}
			var dry io.Writer
			if f.dry {
				dry = s.out
			}
			client, err := publish.New(f.getenv, dry)
			if err != nil {
				return badInput("give the step GITHUB_TOKEN", "answer: %w", err)
			}
			a := answerer{poster: poster{client: client, owner: owner, repo: name, flags: f, streams: s}, workflow: workflow}
			return a.answer(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", os.Getenv("GITHUB_REPOSITORY"), "the repository, `OWNER/NAME`")
	flags.StringVar(&f.id, "id", "main", "keeps the comments of several reports apart")
	flags.StringVar(&workflow, "workflow", "collect.yml", "`FILE` of the workflow that collects the evidence")
	flags.StringSliceVar(&f.trackers, "tracker", nil, "as for 'verdict comment'")
	flags.BoolVar(&f.check, "check", false, "as for 'verdict comment'")
	flags.BoolVar(&f.dry, "dry-run", false, "print each request, and make only those that read")
	return cmd
}

// answerer answers one comment.
type answerer struct {
	poster
	workflow string
}

// remarked is the event of a comment.
type remarked struct {
	Action string
	Issue  struct {
		Number      int
		PullRequest *struct{} `json:"pull_request"`
	}
	Comment struct {
		ID   int64
		Body string
		User struct{ Login, Type string }
	}
}

func (a *answerer) answer(ctx context.Context) error {
	var e remarked
	data, err := os.ReadFile(os.Getenv("GITHUB_EVENT_PATH"))
	if err != nil || json.Unmarshal(data, &e) != nil || e.Comment.ID == 0 {
		return badInput("run it on issue_comment", "read event: it is about no comment")
	}
	given := orders(e.Comment.Body)
	if e.Action != "created" || e.Issue.PullRequest == nil || e.Comment.User.Type == "Bot" || len(given) == 0 {
		fmt.Fprintln(a.streams.err, "nothing to answer")
		return nil
	}
	pr, err := a.client.PullRequest(ctx, a.owner, a.repo, e.Issue.Number)
	if err != nil {
		return err
	}
	base, err := a.basePolicy(ctx, pr.Base)
	if err != nil {
		return err
	}
	may, err := a.may(ctx, e.Comment.User.Login, orDefaultPolicy(base))
	if err != nil {
		return err
	}
	if !may {
		fmt.Fprintf(a.streams.err, "%s may not ask for that\n", e.Comment.User.Login)
		return nil
	}
	talk, err := a.client.Conversation(ctx, a.owner, a.repo, pr.Number)
	if err != nil {
		return err
	}
	mark := answerMark(e.Comment.ID)
	if slices.ContainsFunc(talk, func(r publish.Remark) bool { return r.Own && strings.HasPrefix(r.Body, mark) }) {
		fmt.Fprintln(a.streams.err, "answered already")
		return nil
	}
	var said []string
	decide := false
	for n, o := range given {
		text, again, err := a.order(ctx, o, n, &e, pr, talk)
		if err != nil {
			return err
		}
		said, decide = append(said, text), decide || again
	}
	if err := a.client.Reply(ctx, a.owner, a.repo, pr.Number, mark+"\n"+strings.Join(said, "\n\n")); err != nil || !decide {
		return err
	}
	return a.decideAgain(ctx, pr)
}

// may reports whether a person may ask for anything: the right to write, and the
// policy of the base branch where it names people. Where that cannot be told, no.
func (p *poster) may(ctx context.Context, login string, base *policy.Policy) (bool, error) {
	level, err := p.client.Permission(ctx, p.owner, p.repo, login)
	if err != nil || level != "admin" && level != "write" {
		return false, err
	}
	named := len(base.Accept.Users)+len(base.Accept.Teams) > 0
	return !named || slices.ContainsFunc(base.Accept.Users, func(u string) bool { return strings.EqualFold(u, login) }), nil
}

// answerMark begins the answer to a comment.
func answerMark(comment int64) string {
	return fmt.Sprintf("<!-- verdict:answer comment=%d -->", comment)
}

// order does what one line asks for, the n-th of its comment; again says that it
// changes the decision.
func (a *answerer) order(ctx context.Context, o order, n int, e *remarked, pr *publish.PullRequest, talk []publish.Remark) (text string, again bool, err error) {
	switch o.verb {
	case "status":
		if d := a.decisionShown(talk, time.Time{}); d != nil {
			return fmt.Sprintf("%s about `%.12s`: %s", strings.ReplaceAll(d.class, "_", `\_`), d.head, d.url), false, nil
		}
		return "There is no decision yet.", false, nil
	case "run":
		run, err := a.client.LastRun(ctx, a.owner, a.repo, a.workflow, pr.Head)
		if err != nil {
			return "", false, err
		}
		if run == 0 {
			return fmt.Sprintf("No run of `%s` is there for `%.12s` to start again.", a.workflow, pr.Head), false, nil
		}
		if err := a.client.Rerun(ctx, a.owner, a.repo, run); err != nil {
			return "The run could not be started again: it has not ended, it is older than 30 days, or the token lacks actions: write.", false, nil
		}
		return fmt.Sprintf("The evidence about `%.12s` is collected again.", pr.Head), false, nil
	case "explain":
		rule, ok := verdict.RuleByID(o.what)
		if !ok {
			return "There is no such rule; `verdict explain` lists them.", false, nil
		}
		var out strings.Builder
		if err := rule.Explain(&out); err != nil {
			return "", false, err
		}
		return "```text\n" + out.String() + "```", false, nil
	}
	text, err = a.acceptance(ctx, o, n, e, pr, talk)
	return text, err == nil && strings.Contains(text, "verdict:accepted"), err
}

// shown is what the comment with the decision says of itself.
type shown struct {
	class, head, url string
}

var shownState = lazyregexp.New(`<!-- verdict:state class=(\w+) evidence=\S+ (?:run=\S+ )?head=([0-9a-f]{40,64}) -->`)

// decisionShown is the decision that stood there at a time; the zero time: now. What
// a comment said before it was edited is not known: then it is nil.
func (a *answerer) decisionShown(talk []publish.Remark, at time.Time) *shown {
	marker, err := render.Marker(a.flags.id)
	if err != nil {
		return nil
	}
	for _, r := range slices.Backward(talk) {
		if m := shownState.FindStringSubmatch(r.Body); r.Own && m != nil && strings.HasPrefix(r.Body, marker) && (at.IsZero() || r.Created.Before(at)) {
			if !at.IsZero() && !r.Updated.Before(at) {
				return nil
			}
			return &shown{m[1], m[2], r.URL}
		}
	}
	return nil
}

// acceptance answers an order to accept. It is bound to the head that it names,
// else to the one that the decision on the page was about: where that is not the
// head, it is not known what was accepted.
func (a *answerer) acceptance(ctx context.Context, o order, n int, e *remarked, pr *publish.PullRequest, talk []publish.Remark) (string, error) {
	const form = "`/verdict accept ID until 2027-01-31 because …`, with `@` and 12 digits or more of the commit after the id to name it"
	switch {
	case o.what == "":
		return "Not accepted: the form is " + form + ".", nil
	case o.until.Before(time.Now().UTC().Truncate(24 * time.Hour)):
		return "Not accepted: that day is over.", nil
	case o.commit != "" && !strings.HasPrefix(pr.Head, o.commit):
		return fmt.Sprintf("Not accepted: the head is `%.12s`, not `%s`.", pr.Head, o.commit), nil
	}
	at := slices.IndexFunc(talk, func(r publish.Remark) bool { return r.ID == e.Comment.ID })
	if at < 0 || talk[at].Edited || talk[at].Body != e.Comment.Body {
		return "Not accepted: the comment was changed.", nil
	}
	if o.commit == "" {
		if d := a.decisionShown(talk, talk[at].Created); d == nil || d.head != pr.Head {
			return fmt.Sprintf("Not accepted: it is not certain that the decision you saw is about the head, `%.12s`. Name it: `/verdict accept ID @%.12s until … because …`.", pr.Head, pr.Head), nil
		}
	}
	tree, err := a.client.Tree(ctx, a.owner, a.repo, pr.Head)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Accepted for `%.12s` until %s.\n<!-- verdict:accepted comment=%d order=%d head=%s tree=%s -->", pr.Head, o.until.Format("2006-01-02"), e.Comment.ID, n, pr.Head, tree), nil
}

// decideAgain decides about the evidence that is there, with what was accepted.
func (a *answerer) decideAgain(ctx context.Context, pr *publish.PullRequest) error {
	run, err := a.client.LastRun(ctx, a.owner, a.repo, a.workflow, pr.Head)
	if err != nil {
		return err
	}
	if run == 0 {
		fmt.Fprintln(a.streams.err, "no evidence about the head to decide about again")
		return nil
	}
	a.flags.run = strconv.FormatInt(run, 10)
	if err := a.run(ctx); !errors.Is(err, errRunning) {
		return err
	}
	fmt.Fprintln(a.streams.err, "the decision follows when the run has ended")
	return nil
}

var acceptedMark = lazyregexp.New(`<!-- verdict:accepted comment=(\d+) order=(\d+) head=([0-9a-f]{40,64}) tree=([0-9a-f]{40,64}) -->`)

// acceptances are the acceptances of the pull request's conversation that count for
// a head: given by somebody who may, in a comment that was not changed since, and
// answered by verdict, which says for which head and tree.
func (p *poster) acceptances(ctx context.Context, pr *publish.PullRequest, head string, base *policy.Policy) ([]verdict.Acceptance, error) {
	talk, err := p.client.Conversation(ctx, p.owner, p.repo, pr.Number)
	if err != nil {
		return nil, err
	}
	given := map[int64]*publish.Remark{}
	for i := range talk {
		given[talk[i].ID] = &talk[i]
	}
	var out []verdict.Acceptance
	var problems []error
	tree := ""
	for _, r := range talk {
		if !r.Own || r.Edited {
			continue
		}
		for _, m := range acceptedMark.FindAllStringSubmatch(r.Body, -1) {
			id, _ := strconv.ParseInt(m[1], 10, 64)
			n, _ := strconv.Atoi(m[2])
			by := given[id]
			if by == nil || by.Edited || by.Own || !strings.HasPrefix(r.Body, answerMark(id)) {
				continue
			}
			if m[3] != head && tree == "" {
				var err error
				if tree, err = p.client.Tree(ctx, p.owner, p.repo, head); err != nil {
					return nil, err
				}
			}
			if m[3] != head && m[4] != tree {
				continue // a push voids it, unless it changed nothing
			}
			may, err := p.may(ctx, by.Author, base)
			problems = append(problems, err)
			if said := orders(by.Body); may && n < len(said) && said[n].verb == "accept" && said[n].what != "" { // others of the comment may have been refused
				o := said[n]
				out = append(out, verdict.Acceptance{ID: o.what, By: by.Author, At: by.Created, Until: o.until, Reason: o.reason, Commit: head, Tree: m[4]})
			}
		}
	}
	return out, errors.Join(problems...)
}
