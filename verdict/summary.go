package verdict

import (
	"fmt"
	"strings"
)

// summary is one sentence that a release manager would say.
func summary(r *Report, j *judge) string {
	if j.LintOnly {
		if n := r.Count(Blocker); n > 0 {
			return fmt.Sprintf("The tracker alone shows %s; nothing was run.", plural(n, "reason", "reasons")+" against going out")
		}
		return "The tracker alone shows nothing against going out; nothing was run."
	}
	passed := 0
	for i := range r.Commands {
		if r.Commands[i].State == CommandPassed {
			passed++
		}
	}
	ran := fmt.Sprintf("%d of %s passed", passed, plural(len(r.Commands), "required command", "required commands"))
	commit := short(r.Subject.Commit)
	switch r.Verdict {
	case Go:
		return fmt.Sprintf("Everything that the tracker claims of %s is borne out: %s.", commit, ran)
	case GoWithConditions:
		return fmt.Sprintf("%s may go out if %s met; %s.", commit, plural(r.Count(Condition), "condition is", "conditions are"), ran)
	}
	return fmt.Sprintf("%s should not go out: %s; %s.", commit, strings.Join(reasons(r), ", "), ran)
}

// reasons are the families of the blockers, in words.
func reasons(r *Report) []string {
	words := map[string]string{
		"evidence": "with required commands", "claims": "with recorded evidence", "packet": "with packets", "gate": "with gates", "review": "with reviews", "tracker": "with the tracker", "checkpoint": "with checkpoint commits",
		"worktree": "with the work tree", "risk": "with open risks", "contract": "with contracts", "policy": "with the policy", "trust": "with the evidence's origin",
	}
	count := map[string]int{}
	var order []string
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity != Blocker {
			continue
		}
		family, _, _ := strings.Cut(f.Rule, "/")
		if count[family] == 0 {
			order = append(order, family)
		}
		count[family]++
	}
	var out []string
	for _, family := range order {
		out = append(out, plural(count[family], "problem", "problems")+" "+words[family])
	}
	return out
}

// difference says why the computed decision is not the recorded one: what stands
// against the recorded one, by rule.
func difference(r *Report, t *TrackerReport) string {
	if t.Verdict.rank() > t.Recorded.rank() {
		return ": nothing that was found stands against it"
	}
	count := map[string]int{}
	var order []string
	for i := range r.Findings { // the worse first
		f := &r.Findings[i]
		against := f.Severity == Blocker || f.Severity == Condition && t.Recorded == Go
		if !against || f.Tracker != "" && f.Tracker != t.Path {
			continue
		}
		if count[f.Rule] == 0 {
			order = append(order, f.Rule)
		}
		count[f.Rule]++
	}
	for i, rule := range order {
		if n := count[rule]; n > 1 {
			order[i] += fmt.Sprintf(" (%d)", n)
		}
	}
	return ", because of " + strings.Join(order, ", ")
}

func trackerSummary(r *Report, t *TrackerReport) string {
	blockers, conditions := 0, 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Tracker != "" && f.Tracker != t.Path {
			continue
		}
		switch f.Severity {
		case Blocker:
			blockers++
		case Condition:
			conditions++
		}
	}
	return fmt.Sprintf("%s, %s", plural(blockers, "blocker", "blockers"), plural(conditions, "condition", "conditions"))
}
