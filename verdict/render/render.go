// Package render shows a report: as terminal text, Markdown, a comment within a
// budget, a page, JSON, SARIF and JUnit XML.
//
// Nothing here decides. A renderer shows what [verdict.Decide] found, and when it
// has to leave something out, it says how much. Text from outside (the tracker,
// the commands' output, commit messages) stays text in every format.
package render

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict"
)

// severities in the order in which they are shown.
var severities = [...]verdict.Severity{verdict.Blocker, verdict.Condition, verdict.Note}

// plural gives "1 blocker", "2 blockers".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// decisionOf is the decision to show: what is none of the three is NO_GO.
func decisionOf(d verdict.Decision) verdict.Decision { return verdict.Worse(d, d) }

// counts is the line of numbers below a decision.
func counts(r *verdict.Report) []string {
	passed, verified := 0, 0
	for i := range r.Commands {
		if r.Commands[i].State == verdict.CommandPassed {
			passed++
		}
	}
	for i := range r.Packets {
		if r.Packets[i].Verified == "verified" {
			verified++
		}
	}
	list := []string{
		plural(r.Count(verdict.Blocker), "blocker"),
		plural(r.Count(verdict.Condition), "condition"),
		plural(r.Count(verdict.Note), "note"),
		fmt.Sprintf("%d of %s passed", passed, plural(len(r.Commands), "command")),
	}
	if len(r.Packets) == 0 && len(r.Commands) > 0 { // the policy alone requires them
		return list
	}
	return append(list, fmt.Sprintf("%d of %s verified", verified, plural(len(r.Packets), "packet")))
}

func findingsOf(r *verdict.Report, s verdict.Severity) []*verdict.Finding {
	var out []*verdict.Finding
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			out = append(out, &r.Findings[i])
		}
	}
	return out
}

func short(hash string) string {
	if len(hash) > 8 {
		return hash[:8]
	}
	return hash
}

func place(p tracker.Pos) string {
	if !p.IsValid() {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// observed says how a command ended: "exit 1", "timed out", "no evidence".
func observed(c *evidence.Command) string {
	if c == nil {
		return "no evidence"
	}
	switch c.Outcome {
	case evidence.Exited:
		return "exit " + strconv.Itoa(c.ExitCode)
	case evidence.Signaled:
		return "ended by " + c.Signal
	case evidence.NotRun, "":
		return "not run"
	}
	return strings.ReplaceAll(string(c.Outcome), "_", " ")
}

// claimed lists the different results that the tracker claims of a command.
func claimed(c *verdict.CommandReport) string {
	var out []string
	for _, claim := range c.Claims {
		found := false
		for _, have := range out {
			found = found || have == claim.Claimed
		}
		if !found {
			out = append(out, claim.Claimed)
		}
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, "; ")
}

// tests sums up what the command's tools counted: "12 passed, 1 failed".
func tests(c *evidence.Command) string {
	if c == nil {
		return "–"
	}
	var passed, failed, skipped, files int
	seenTests, seenFiles := false, false
	for i := range c.Steps {
		if t := c.Steps[i].Tests; t != nil {
			seenTests = true
			passed, failed, skipped = passed+max(t.Passed, 0), failed+max(t.Failed, 0), skipped+max(t.Skipped, 0)
		}
		if k := c.Steps[i].Check; k != nil && k.Files >= 0 {
			seenFiles, files = true, files+k.Files
		}
	}
	var out []string
	if seenTests {
		out = append(out, fmt.Sprintf("%d passed", passed))
		if failed > 0 {
			out = append(out, fmt.Sprintf("%d failed", failed))
		}
		if skipped > 0 {
			out = append(out, fmt.Sprintf("%d skipped", skipped))
		}
	}
	if seenFiles {
		out = append(out, plural(files, "file")+" checked")
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}

func took(c *evidence.Command) string {
	if c == nil || c.Started.IsZero() {
		return "–"
	}
	return duration(c.DurationMS)
}

// duration writes milliseconds for people: "840 ms", "12.3 s", "4 min 05 s".
func duration(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

var (
	repositoryPath = lazyregexp.New(`^(/[A-Za-z0-9_.-]+){2,}$`)
	hostName       = lazyregexp.New(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)
)

// remote is the web address of the judged repository, or empty when it is not
// one that links can be built on.
func remote(r *verdict.Report) string {
	u, err := url.Parse(r.Subject.Remote)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	path := strings.TrimSuffix(u.EscapedPath(), ".git")
	if !repositoryPath.MatchString(path) || !hostName.MatchString(u.Host) {
		return ""
	}
	if u.Host == "github.com" && strings.Count(path, "/") != 2 {
		return ""
	}
	return "https://" + u.Host + path
}

var fullHash = lazyregexp.New(`^[0-9a-f]{40,64}$`)

// lineURL is the address of a line at the judged commit, or empty.
func lineURL(r *verdict.Report, p tracker.Pos) string {
	base := remote(r)
	commit := r.Head
	if commit == "" {
		commit = r.Subject.Commit
	}
	if base == "" || p.File == "" || !p.IsValid() || !fullHash.MatchString(commit) {
		return ""
	}
	parts := strings.Split(p.File, "/")
	for i := range parts {
		if parts[i] == "" || parts[i] == "." || parts[i] == ".." {
			return ""
		}
		parts[i] = strings.NewReplacer("(", "%28", ")", "%29", "'", "%27", "*", "%2A", "!", "%21", "~", "%7E", "@", "%40").Replace(url.PathEscape(parts[i]))
	}
	return base + "/blob/" + commit + "/" + strings.Join(parts, "/") + "?plain=1#L" + strconv.Itoa(p.Line)
}

// commitURL is the address of a commit, or empty.
func commitURL(r *verdict.Report, hash string) string {
	if base := remote(r); base != "" && fullHash.MatchString(hash) {
		return base + "/commit/" + hash
	}
	return ""
}
