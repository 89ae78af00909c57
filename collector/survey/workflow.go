package survey

import (
	"fmt"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// Workflow is a GitHub Actions workflow that runs verdict.
type Workflow struct {
	Path     string
	Problems []string // what makes it unsafe or unable to see everything
	Fatal    bool     // one of them lets foreign code meet a token that can write
}

var (
	runsVerdict = lazyregexp.New(`\bverdict[ \t]+(run|collect|decide|comment|answer|lint|render)\b|cmd/verdict\b|actions/verdict\b`)
	executes    = lazyregexp.New(`\bverdict(@[\w.-]+)?["']?[ \t]+(run|collect)\b|uses:\s*["']?\S*actions/verdict\b`)
	comments    = lazyregexp.New(`\bverdict(@[\w.-]+)?["']?[ \t]+(comment|answer)\b`)
	writes      = lazyregexp.New(`(?m)^\s*(contents|pull-requests|issues|checks|statuses|actions|packages|deployments|security-events):\s*write\b|permissions:\s*write-all`)
	permissions = lazyregexp.New(`(?m)^\s*permissions:`)
	foreign     = lazyregexp.New(`(?m)^\s*(pull_request_target|workflow_run|issue_comment)\s*:|\bon:\s*\[?[^\n]*\b(pull_request_target|workflow_run|issue_comment)\b`)
	checkouts   = lazyregexp.New(`uses:\s*["']?actions/checkout@`)
	wholeClone  = lazyregexp.New(`fetch-depth:\s*["']?0\b`)
	comment     = lazyregexp.New(`(?m)(^|\s)#.*$`)
	jobHead     = lazyregexp.New(`^( +)["']?([\w-]+)["']?:\s*$`)
)

// job is the text of one job.
type job struct{ name, text string }

// readWorkflow looks at a workflow by its lines: what it needs to know stands in
// plain sight, and what is hidden in reusable parts cannot be seen in either way.
func readWorkflow(path, text string) (Workflow, bool) {
	text = comment.ReplaceAllString(text, "")
	if !runsVerdict.MatchString(text) {
		return Workflow{}, false
	}
	w := Workflow{Path: path}
	head, jobs := splitJobs(text)
	if !permissions.MatchString(head) {
		for _, j := range jobs {
			if !permissions.MatchString(j.text) {
				w.note("job %s has no permissions of its own and the workflow states none: write 'permissions: {contents: read}' above jobs", j.name)
			}
		}
	}
	for _, j := range jobs {
		if !executes.MatchString(j.text) {
			continue
		}
		inherits := !permissions.MatchString(j.text)
		switch {
		case foreign.MatchString(head):
			w.Fatal = true
			w.note("job %s runs the commands of a pull request on an event that has the repository's own token and secrets: collect on 'pull_request', comment in another job", j.name)
		case comments.MatchString(j.text):
			w.note("job %s both runs the commands and comments: let one job collect and another one, with the token, decide and comment", j.name)
		case writes.MatchString(j.text), inherits && writes.MatchString(head):
			w.note("job %s runs the commands and may write: give it 'permissions: {contents: read}'", j.name)
		}
		if checkouts.MatchString(j.text) && !wholeClone.MatchString(j.text) {
			w.note("job %s checks out one commit alone, so that no checkpoint can be verified: give actions/checkout 'fetch-depth: 0'", j.name)
		}
	}
	return w, true
}

func (w *Workflow) note(format string, args ...any) {
	w.Problems = append(w.Problems, fmt.Sprintf(format, args...))
}

// splitJobs cuts the text at its jobs, by their indentation.
func splitJobs(text string) (head string, jobs []job) {
	var before strings.Builder
	inside, indent := false, ""
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if strings.HasPrefix(line, "jobs:") {
			inside = true
			continue
		}
		if inside && line != "" && line[0] != ' ' {
			inside = false
		}
		if !inside {
			before.WriteString(line + "\n")
			continue
		}
		if m := jobHead.FindStringSubmatch(line); m != nil && (indent == "" || m[1] == indent) {
			indent = m[1]
			jobs = append(jobs, job{name: m[2]})
			continue
		}
		if len(jobs) > 0 {
			jobs[len(jobs)-1].text += line + "\n"
		}
	}
	return before.String(), jobs
}
