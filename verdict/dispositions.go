package verdict

import (
	"fmt"
	"strings"
	"sync"

	"github.com/verdictci/verdict/collector/tracker"
)

// dispositionList is the words by which a risk's text gets a disposition. They
// are written as regular expressions in which a blank stands for blanks or a dash.
type dispositionList struct {
	disposition Disposition
	meaning     string
	words       []string // count where they say something of the risk: "is fixed", not "a fixed size"
	phrases     []string // count wherever they stand

	word, phrase func() *phrases
}

// LATER and REPAIR stand for these words in the lists.
const (
	laterWords  = `later|follow-?ups?|next|future|separate|subsequent|another|upcoming|v?\d+\.\d+|v\d+|phase|milestone|release|sprint|backlog|post-?\w+|q[1-4]|h[12]|20\d\d|[a-z][a-z0-9]*-\d+|#\d+`
	repairWords = `addressed|assessed|fixed|done|added|wired|handled|verified|validated|removed|resolved|covered|revisited|migrated|defined|decided|determined|implemented|tested|documented|reviewed|updated|replaced|hardened|completed|investigated|evaluated|re-?evaluated|improved|extended|enabled|cleaned up|refactored|created|written|run|rerun|closed|mitigated|remediated|tracked|planned|scheduled|tuned|automated|finali[sz]ed|tightened|expanded|released|shipped|merged|rolled out`
)

// dispositions are compared in this order: the first list of which a word is
// found decides. docs/risks.md is made from it.
var dispositions = compiled([]dispositionList{
	{
		disposition: DispositionResolved, meaning: "it is gone",
		words:   []string{`resolved`, `fixed`, `closed(?: out)?`, `remediated`, `eliminated`, `retired`, `superseded`, `obsolete`},
		phrases: []string{`burned down`, `no longer (?:applies|applicable|relevant|reproducible|possible|present|needed|required|an? (?:issue|risk|concern|problem|blocker))`, `(?:has|have) been addressed`, `(?:was|were|now) addressed`, `(?:addressed|handled|covered|settled|completed|delivered|done|merged|shipped) (?:in|by|with) (?:(?:packet |pr |pull request )?(?:[a-z][a-z0-9]*-\d+|#\d+)|(?:commit )?[0-9a-f]{7,40}\b)`},
	},
	{
		disposition: DispositionDeferred, meaning: "somebody owes it later",
		words: []string{`deferr?(?:ed|s)?`, `postponed`, `parked`, `punted`, `shelved`, `descoped`, `backlog(?:ged)?`, `pending`},
		phrases: []string{
			`put off`, `tbd`, `todo`, `pushed (?:out|to)`, `slipped to`, `carried (?:over|forward)`, `moved to (?:the )?(?:backlog|LATER)`,
			`follow ups?`, `post (?:release|ga|launch|merge|mvp|deploy(?:ment)?|beta|rollout|cutover)`,
			`(?:in|for|to|until) (?:a |an |the )?(?:later|future|subsequent|separate|upcoming|next) (?:packet|release|version|milestone|phase|sprint|pr|iteration|quarter|cycle|lane|ticket|change)`,
			`(?:next|later) (?:packet|release|version|milestone|phase|sprint|pr|iteration|quarter|cycle)`, `future (?:work|improvements?|enhancements?|packet|release|version|pr|phase|ticket)`,
			`tracks (?:it|this|that)`, `tracked (?:in|by|as|for|under|at|via|with|elsewhere|separately)`, `(?:ticket|issue|bug|story) (?:filed|opened|created|raised)`, `ticket:? [a-z][a-z0-9]*-\d+`, `filed (?:as|under|in)`, `see (?:issue|ticket|bug) \S+`,
			`(?:planned|scheduled|slated|targeted|queued|left|reserved) (?:for|to|in|until|as) (?:a |an |the )?LATER`,
			`(?:will|to|should|must|shall|needs? to|has to|have to) (?:still |also |then |now )?be (?:(?:fully|properly|later|still) )?REPAIR`,
			`(?:must|should) (?:still )?be REPAIR before`, `will (?:create|add|wire|harden|follow)`, `(?:still )?needs? (?:fixing|work|(?:a )?follow up)`, `(?:will|should|must) [^.;]{0,40}\blater`,
			`(?:in|to|for|until|by) (?:q[1-4]|h[12])\b`, `blocked (?:on|by)`, `awaiting`, `waiting (?:on|for)`, `out of scope`, `before (?:the )?(?:release|ga|launch|rollout|production)`,
		},
	},
	{
		disposition: DispositionAccepted, meaning: "somebody decided to live with it",
		words: []string{`accepted`, `acceptable`, `tolerable`, `tolerated`, `waived`, `intentional`, `non blocking`, `intended behaviou?r`, `no data loss`},
		phrases: []string{
			`accepts? (?:this|that|it|the (?:risk|trade off|limitation|gap))`, `(?:owner|owners|we|team|i|maintainers?|product|security|management) accepts?`, `(?:we|can|will) live with`, `signed (?:(?:this|that|it) )?off`, `by design`, `won'?t fix`, `wontfix`, `will not (?:be )?fix(?:ed)?`, `intentionally`,
			`work(?:s|ing)? as (?:designed|intended|expected)`, `harmless`, `not (?:a )?production path`, `no (?:code|functional|user|customer|production|runtime|operational) impact`, `(?:does|do) not affect`, `test only`, `test code only`, `only test code`,
			`minor bookkeeping`, `not an? (?:\w+ )?blocker`, `as is`,
		},
	},
	{
		disposition: DispositionMitigated, meaning: "something keeps it small",
		words: []string{`mitigated`, `mitigates`, `compensat(?:ed|ing)`, `mitigation`, `work-?around`},
		phrases: []string{
			`(?:covered|guarded|protected|bounded|contained|caught|reduced|minimi[sz]ed|prevented|backed|monitored) (?:by|via|through)`, `compensating (?:controls?|measures?)`, `work-?arounds? (?:exists?|available|documented|in place)`, `(?:has|have|with|via|there is) (?:a |the )?work-?around`,
			`(?:behind|gated by|gated behind|via|by|under|with|using) (?:a |an |the )?(?:\w+[- ]){0,2}(?:flag|toggle|gate|kill switch)`, `feature flagged`, `flag gated`, `(?:default|defaults to) off`, `(?:off|disabled) by default`, `exercised via`, `re anchor`,
		},
	},
})

// compiled makes the expressions; they are compared with texts in lower case, which
// is quicker than leaving the case to them.
func compiled(lists []dispositionList) []dispositionList {
	names := strings.NewReplacer("LATER", `(?:`+laterWords+`)`, "REPAIR", `(?:`+repairWords+`)`, " ", `[\s-]+`)
	join := func(words []string) func() *phrases {
		return sync.OnceValue(func() *phrases { return newPhrases(names.Replace(strings.Join(words, "|"))) })
	}
	for i := range lists {
		lists[i].word, lists[i].phrase = join(lists[i].words), join(lists[i].phrases)
	}
	return lists
}

const riskIntroduction = `# How risks are read

Made from the lists in ` + "`verdict/dispositions.go`" + `. A risk's text is compared with these lists in this order; the first list of which a
word is found decides, and the report shows the word. A word that “not”, “nobody” or “may be” stands before does not count, nor does one
that belongs to a noun: “fixed in AB-01” and “is fixed” count, “a fixed size” does not. “Partially fixed”, “until it is fixed” and “still
open” leave a risk open. What is struck through is resolved, unless the words after it say otherwise.

“None”, “No residual risks”, “n/a”, “Nothing” mean that there is no risk, unless an exception follows (except, other than, beyond, but,
however) or words of the second list. “None of the retries is tested” and “No rollback drill” are risks. A text that states
what is there, and lacks nothing, is listed with the disposition none. Everything else is open. A text that begins with “open:”, “accepted:” and the like says so
itself; so does a table whose status or disposition column has the word. The policy can override the disposition of a single risk.

A blank stands for blanks or a dash.
`

const riskJudgement = `
LATER is one of ` + "`" + laterWords + "`" + `, REPAIR one of ` + "`" + repairWords + "`" + `.

Open and high or worse blocks. Open otherwise, or deferred, is a condition. Accepted or mitigated is a note, from medium on a
condition. Resolved is a note when the packet that it names is approved. What is put off to a packet that is approved by now counts
as resolved, unless that packet is the one that asks for the verdict. A risk without a decision that names another packet counts as
put off to it. The conditions of a verdict that was replaced by a GO which says that they are met resolve the risks that they repeat.

The same risk in several places is one, with all its places; the later word on it counts. A risk that the reconciled list leaves out is
said, and so is one in that list which no packet records.

The risk register of the linked plan belongs to the ledger: what the plan leaves to a packet is resolved when that is approved. What it
leaves open is a condition, whatever its severity.

A severity is read from the beginning of the text, from brackets, from “Severity: …”, “high risk” and “low impact”, or from the table's column.
Of two, as in “Medium/High”, the worse counts. A table that has an impact and a likelihood instead gives the impact, one step less where that is
unlikely; in numbers, their product: from 5 medium, from 10 high, from 17 critical, and from 3, 6 and 9 where no number is above 3. CVSS scores give
medium from 4.0, high from 7.0, critical from 9.0.

| Severity | Spellings |
|---|---|
`

// codes lists patterns as code.
func codes(patterns []string) string {
	out := make([]string, len(patterns))
	for i, p := range patterns {
		out[i] = "`" + strings.ReplaceAll(p, "(?:", "(") + "`"
	}
	return strings.Join(out, ", ")
}

// severityRanks order the severities of risks; one that is not stated weighs as low.
var severityRanks = map[string]int{"": 1, "info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}

// WriteRiskWords writes the list of words by which risks are read, as Markdown.
func WriteRiskWords() string {
	var b strings.Builder
	b.WriteString(riskIntroduction)
	for i := range dispositions {
		l := &dispositions[i]
		fmt.Fprintf(&b, "\n**%s**: %s.\n\n- Words: %s\n- Phrases: %s\n", l.disposition, l.meaning, codes(l.words), codes(l.phrases))
	}
	b.WriteString(riskJudgement)
	for _, level := range []string{"critical", "high", "medium", "low", "info"} {
		fmt.Fprintf(&b, "| %s | %s |\n", level, strings.Join(tracker.SeveritySpellings(level), ", "))
	}
	return b.String()
}
