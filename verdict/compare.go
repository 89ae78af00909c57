package verdict

import (
	"fmt"
	"slices"

	"github.com/verdictci/verdict/collector/evidence"
)

// compareWithPrevious finds tests that an earlier report had and this one lacks.
// What else changed is said when the decision is taken.
func (j *judge) compareWithPrevious() {
	if j.Previous == nil || j.LintOnly {
		return
	}
	j.report.Against = j.PreviousName
	for _, c := range compareCommands(j.Previous, j.report) {
		switch {
		case c.Kind == "command" && c.After == "":
			j.find("history/worse", Finding{Message: fmt.Sprintf("`%s` was required last time, and is not any more", c.What), Claimed: c.What, Hint: "require it again, or say why it went"})
		case c.Kind == "filter":
			j.find("history/worse", Finding{Command: c.What, Message: fmt.Sprintf("`%s` names %s, which matches no test any more", c.What, c.After), Claimed: c.After, Hint: "name the test as it is called now, or bring it back"})
		case c.Kind == "tests" && c.Worse:
			j.find("history/worse", Finding{Command: c.What, Message: fmt.Sprintf("`%s` ran fewer tests than last time: %s, was %s", c.What, c.After, c.Before), Claimed: c.Before, Observed: c.After})
		}
	}
}

// Compare says what changed between two reports, in the order of the later one.
// It compares what was found and seen, not the words.
func Compare(before, after *Report) []Change {
	changes := []Change{}
	if before == nil || after == nil {
		return changes
	}
	if before.Verdict != after.Verdict && after.Verdict != "" {
		changes = append(changes, Change{Kind: "verdict", What: "decision", Before: string(before.Verdict), After: string(after.Verdict), Worse: after.Verdict.rank() < before.Verdict.rank()})
	}
	changes = append(changes, compareCommands(before, after)...)
	old := index(before.Packets, func(p *PacketReport) string { return p.Tracker + "\x00" + p.ID })
	for i := range after.Packets {
		p := &after.Packets[i]
		if o, ok := old[p.Tracker+"\x00"+p.ID]; ok && (o.Claimed != p.Claimed || o.Checkpoint != p.Checkpoint && p.Checkpoint != "") {
			changes = append(changes, Change{Kind: "packet", What: p.ID, Before: o.Claimed + " " + short(o.Checkpoint), After: p.Claimed + " " + short(p.Checkpoint)})
		}
	}
	risks := index(before.Risks, func(r *Risk) string { return r.Tracker + "\x00" + r.ID })
	for i := range after.Risks {
		r := &after.Risks[i]
		if o, ok := risks[r.Tracker+"\x00"+r.ID]; !ok {
			changes = append(changes, Change{Kind: "risk", What: clip(r.Text, 100), After: string(r.Disposition)})
		} else if o.Disposition != r.Disposition {
			changes = append(changes, Change{Kind: "risk", What: clip(r.Text, 100), Before: string(o.Disposition), After: string(r.Disposition)})
		}
	}
	return append(changes, compareFindings(before, after)...)
}

func index[T any](list []T, key func(*T) string) map[string]*T {
	m := map[string]*T{}
	for i := range list {
		m[key(&list[i])] = &list[i]
	}
	return m
}

func compareCommands(before, after *Report) []Change {
	var changes []Change
	old := index(before.Commands, func(c *CommandReport) string { return c.Key })
	now := index(after.Commands, func(c *CommandReport) string { return c.Key })
	for i := range after.Commands {
		c := &after.Commands[i]
		o, ok := old[c.Key]
		if !ok {
			changes = append(changes, Change{Kind: "command", What: c.Key, After: string(c.State)})
			continue
		}
		if o.State != c.State {
			changes = append(changes, Change{Kind: "command", What: c.Key, Before: string(o.State), After: string(c.State), Worse: o.State == CommandPassed})
		}
		was, had := testCount(o.Evidence)
		is, has := testCount(c.Evidence)
		if had && has && was != is {
			changes = append(changes, Change{Kind: "tests", What: c.Key, Before: plural(was, "test", "tests"), After: plural(is, "test", "tests"), Worse: is < was})
		}
	}
	for i := range after.Commands {
		c := &after.Commands[i]
		if o, ok := old[c.Key]; ok {
			matched := unmatchedIn(o.Evidence)
			for _, name := range unmatchedIn(c.Evidence) {
				if !slices.Contains(matched, name) {
					changes = append(changes, Change{Kind: "filter", What: c.Key, After: name, Worse: true})
				}
			}
		}
	}
	for i := range before.Commands {
		if _, still := now[before.Commands[i].Key]; !still {
			changes = append(changes, Change{Kind: "command", What: before.Commands[i].Key, Before: string(before.Commands[i].State), Worse: true})
		}
	}
	return changes
}

// unmatchedIn lists what a command's name filters name and no test matches.
func unmatchedIn(e *evidence.Command) []string {
	if e == nil {
		return nil
	}
	var names []string
	for i := range e.Steps {
		if t := e.Steps[i].Tests; t != nil {
			names = append(names, t.Unmatched...)
		}
	}
	return names
}

func testCount(e *evidence.Command) (int, bool) {
	if e == nil {
		return 0, false
	}
	n, seen := 0, false
	for i := range e.Steps {
		if t := e.Steps[i].Tests; t != nil {
			n += max(t.Passed, 0)
			seen = true
		}
	}
	return n, seen
}

func compareFindings(before, after *Report) []Change {
	var changes []Change
	old := index(before.Findings, func(f *Finding) string { return f.ID })
	now := index(after.Findings, func(f *Finding) string { return f.ID })
	for i := range after.Findings {
		f := &after.Findings[i]
		o, ok := old[f.ID]
		if f.Severity == Note || f.Rule == "history/worse" {
			continue
		}
		if !ok || o.Severity == Note {
			changes = append(changes, Change{Kind: "finding", What: f.Message, After: string(f.Severity), Worse: true})
		} else if o.Severity != f.Severity {
			changes = append(changes, Change{Kind: "finding", What: f.Message, Before: string(o.Severity), After: string(f.Severity), Worse: f.Severity == Blocker})
		}
	}
	for i := range before.Findings {
		f := &before.Findings[i]
		if n, still := now[f.ID]; f.Severity != Note && f.Rule != "history/worse" && (!still || n.Severity == Note) {
			changes = append(changes, Change{Kind: "finding", What: f.Message, Before: string(f.Severity)})
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		if a.Worse == b.Worse {
			return 0
		}
		if a.Worse {
			return -1
		}
		return 1
	})
	return changes
}
