package verdict

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// dispositionWords decide what is done about a risk: the first list in which a
// word is found. docs/risks.md is made from it.
var dispositionWords = []struct {
	disposition Disposition
	words       *regexp.Regexp
	meaning     string
}{
	{DispositionResolved, regexp.MustCompile(`(?i)\b(fully |now )?(resolved|fixed|closed|remediated|eliminated|no longer applies|burned down)\b`), "it is gone: resolved, fixed, closed, remediated, eliminated"},
	{DispositionDeferred, regexp.MustCompile(`(?i)\b(deferred?|defers|postponed|put off|post-?release|follow-?ups?|future (work|improvements?|enhancements?)|backlog|tracked for|tracked as|to be (decided|addressed|done|fixed|determined|wired|added)|will be (addressed|assessed|fixed|done|added|wired|handled|verified|validated|removed|resolved|covered|revisited|migrated|defined)|will (create|add|wire|harden)|should be (removed|fixed|addressed|revisited|added|updated|replaced|migrated)|blocked (on|by)|out[- ]of[- ]scope|before release|pending|later (packet|release)|next release|todo)\b`), "somebody owes it later: deferred, follow-up, post-release, backlog, to be decided, will be addressed, blocked on, pending"},
	{DispositionAccepted, regexp.MustCompile(`(?i)\b(accept(ed|able|s)?|tolerable|by design|won'?t fix|intentional(ly)?|intended behaviou?r|harmless|not (a )?production path|no (data loss|code impact|functional impact)|does not affect|test-only|test code|minor bookkeeping|non-blocking|not an? (\w+ )?blocker|as-is)\b`), "somebody decided to live with it: accepted, acceptable, by design, harmless, not a blocker, test-only"},
	{DispositionMitigated, regexp.MustCompile(`(?i)\b(mitigat(ed|es|ion)|compensat(ed|ing)|covered by|guarded by|protected by|work-?around|exercised via|behind (a )?(flag|gate)|re-anchor)\b`), "something keeps it small: mitigated, covered by, guarded by, workaround"},
}

var (
	noRisk = regexp.MustCompile(`(?i)^(none|no (residual|known|open|remaining|additional|further|new)? ?(risks?|issues?)\b|n/a|not applicable|nothing|nil|-|—|–)(\W|$)`)
	// putsOff are the words after "None" that put something off all the same;
	// "deferred" alone may speak of what is settled elsewhere.
	putsOff     = regexp.MustCompile(`(?i)\b((is|are|was|were|remains?) deferred|deferred (to|until)|to be (decided|addressed|done|fixed|added|wired)|will be (addressed|fixed|done|added|wired|handled)|blocked on|not yet (done|decided|wired))\b`)
	pointerRisk = regexp.MustCompile(`(?i)^see\b|\b\d+ (items?|risks?|non-blocking conditions?)\b.*\b(above|below|table|documented|conditions)\b|^\d+ non-blocking conditions`)
	negated     = regexp.MustCompile(`(?i)\b(not|no|never|without|isn't|aren't|wasn't|should|must|may|might|could)\s+(?:(?:yet|been|be|being|fully|formally|really|a|any)\s+)*$`)
	statement   = regexp.MustCompile(`(?i)\b(exists?|confirms? no|is now complete|now complete)\b`)
	targetID    = regexp.MustCompile(`(?i)\b(?:in|to|by|until|on|with|packet)\s+(?:packet\s+)?([A-Za-z][A-Za-z0-9]*-\d+[a-z]?|packet \d{1,3})\b`)
	reference   = regexp.MustCompile(`\b([A-Z][A-Z0-9]*-\d+[a-z]?)\b`)
)

// disposed is what a text says is done about a risk, and by which words.
type disposed struct {
	disposition Disposition
	why         string
	to          string // the packet that it names
}

// dispose reads a risk's text.
func dispose(text string, struck bool) disposed {
	if struck {
		d := disposed{DispositionResolved, "the text is struck through", target(text)}
		if m := dispositionWords[0].words.FindString(text); m != "" {
			d.why = "the text is struck through and says “" + m + "”"
		}
		return d
	}
	if m := noRisk.FindString(text); m != "" {
		rest := text[len(m):]
		if at := found(putsOff, rest); at != "" {
			return disposed{DispositionDeferred, "“" + strings.TrimRight(m, " .,:") + "”, but “" + at + "”", target(rest)}
		}
		return disposed{DispositionNone, "“" + strings.Trim(m, " .,:;") + "”", ""}
	}
	for _, w := range dispositionWords {
		if at := found(w.words, text); at != "" {
			return disposed{w.disposition, "“" + at + "”", target(text)}
		}
	}
	if statement.MatchString(text) {
		return disposed{DispositionNone, "it states what is there, not what could go wrong", ""}
	}
	return disposed{DispositionOpen, "no word says what is done about it", ""}
}

// found returns the first match that no word before it denies.
func found(re *regexp.Regexp, text string) string {
	for _, at := range re.FindAllStringIndex(text, -1) {
		if !negated.MatchString(text[:at[0]]) {
			return text[at[0]:at[1]]
		}
	}
	return ""
}

func target(text string) string {
	if m := targetID.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if m := reference.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// severities are the spellings of a risk's severity.
var severities = map[string]string{
	"critical": "critical", "blocker": "critical", "p0": "critical", "sev0": "critical", "sev-0": "critical", "sev1": "critical", "sev-1": "critical",
	"high": "high", "major": "high", "p1": "high", "sev2": "high", "sev-2": "high",
	"medium": "medium", "moderate": "medium", "med": "medium", "p2": "medium", "sev3": "medium", "sev-3": "medium",
	"low": "low", "minor": "low", "very low": "low", "p3": "low", "sev4": "low", "sev-4": "low",
	"info": "info", "informational": "info", "p4": "info", "trivial": "info",
}

var severityRanks = map[string]int{"": 1, "info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}

// WriteRiskWords writes the list of words by which risks are read, as Markdown.
func WriteRiskWords() string {
	var b strings.Builder
	b.WriteString("# How risks are read\n\nMade from the lists in `verdict/dispositions.go`. A risk's text is compared with these lists in this order; the first word that no\n“not” or “no” before it denies decides, and the report shows it. “None” and its relatives mean that there is no risk, unless\nwords of the second list follow. The policy can override the disposition of a single risk.\n\n| Disposition | Words |\n|---|---|\n")
	for _, w := range dispositionWords {
		fmt.Fprintf(&b, "| %s | %s |\n", w.disposition, w.meaning)
	}
	b.WriteString("| none | none, no residual risks, n/a, nothing |\n| open | nothing of the above |\n\n")
	b.WriteString("Open and high or worse blocks. Open otherwise, or deferred, is a condition. Accepted or mitigated is a note, from medium on a\ncondition. Resolved is a note when the packet that it names is approved. What is put off to a packet that is approved by now counts\nas resolved, unless that packet is the one that asks for the verdict. A risk without a decision that names another packet counts as\nput off to it. A table whose column begins with one of these words says so itself.\n\nThe risk register of the linked plan belongs to the ledger: what the plan leaves to a packet is resolved when that is approved. What it\nleaves open is a condition, whatever its severity.\n\n| Severity | Spellings |\n|---|---|\n")
	for _, s := range []string{"critical", "high", "medium", "low", "info"} {
		var spellings []string
		for word, to := range severities {
			if to == s {
				spellings = append(spellings, word)
			}
		}
		slices.Sort(spellings)
		fmt.Fprintf(&b, "| %s | %s |\n", s, strings.Join(spellings, ", "))
	}
	return b.String()
}
