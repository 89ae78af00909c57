package verdict

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

var (
	// denied and unsure are what stands before a word that does not count: "not
	// accepted", "partially fixed", "may be mitigated". What will be put off is.
	denied = lazyregexp.New(`(?i)\b(?:not|no|never|without|nobody|none|cannot|can't|\w+n't)\s+(?:(?:yet|been|be|being|have|has|fully|formally|really|completely|explicitly|a|any|it|this)\s+)*$`)
	unsure = lazyregexp.New(`(?i)\b(?:should|must|may|might|could|would|can|will|shall|to|yet to)\s+(?:(?:be|been|being|have|fully|then|it|this|still)\s+)*$`)
	partly = lazyregexp.New(`(?i)\b(?:partially|partly|half|nearly|almost|mostly)[\s-]+$`)
	// hoped is a clause in which "resolved" is a hope, and stillOpen what takes it back.
	hoped     = lazyregexp.New(`(?i)\b(?:until|once|unless|whether|if)\b[^.;—:()]*$`)
	stillOpen = lazyregexp.New(`(?i)\b(?:re-?opened|regressed|reverted|unresolved|unfixed|still (?:open|present|fails?|failing|races|broken|happens|occurs|unresolved|not|needs?))\b`)
	// retracted is what stands behind a word that is in doubt, or that nobody said.
	retracted = lazyregexp.New(`(?i)^\s*\?|^\s+by\s+(?:nobody|no\s+one|none)\b|^\s+in\s+principle\b`)
	// waits and undecided are a decision that is yet to come.
	waits     = lazyregexp.New(`(?i)^(?:pending|awaiting|waiting)`)
	undecided = lazyregexp.New(`(?i)^\s+(?:\w+[\s'’]+){0,3}(?:acceptance|decision|sign-?off|approval|triage)\b`)

	// What may follow a word that says something of the risk; another noun makes it
	// say something of that: "a closed socket".
	follows   = lazyregexp.New(`(?i)^\W*$|^\s*[^\w\s-]|^\s+[-–—→]|^\s+(?:[a-z][a-z0-9]*-\d+|[#@]?\d|(?:in|by|to|until|till|for|as|with|via|on|at|after|since|per|through|under|from|because|due|and|or|but|so|when|while|given|during|within|across|before|upstream|already|now|today|there|here|again|elsewhere|separately|the|a|an|this|that|these|its|their|our|all|both|risks?|trade-?offs?|limitations?|debts?|gaps?|issues?|items?|\w+ly|packet)\b)`)
	copula    = lazyregexp.New(`(?i)\b(?:is|are|was|were|been|be|has|have|risk|remains?|now|fully|formally|explicitly|already)\s+$`)
	finite    = lazyregexp.New(`(?i)\b(?:may|might|could|can|will|would|is|are|was|were|has|have|does|do|cannot|must|fails?)\b`)
	placeName = lazyregexp.New(`(?i)\b(?:in|by|with|via)\s+(?:packet\s+)?(?:[a-z][a-z0-9]*-\d+|#\d+|pr\b|[0-9a-f]{7,40}\b)`)
	clauseEnd = lazyregexp.New(`[.;—()]|:\s`)
)

// found returns the first match of a list that says something of the risk, with
// its place.
func (l *dispositionList) found(text string) (word string, end int) {
	best, lower := -1, lowered(text)
	for i, list := range []*phrases{l.word(), l.phrase()} {
		for from, to := range list.all(lower) {
			if l.counts(text, from, to, i == 0) && (best < 0 || from < best) {
				best, word, end = from, text[from:to], to
				break
			}
		}
	}
	return word, end
}

// lowered is a text with its Latin letters in lower case, byte for byte.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (l *dispositionList) counts(text string, start, end int, positional bool) bool {
	before, after := text[:start], text[end:]
	switch {
	case denied.MatchString(before), l.disposition != DispositionDeferred && unsure.MatchString(before), waits.MatchString(text[start:end]) && undecided.MatchString(after):
		return false
	case retracted.MatchString(after), l.disposition == DispositionMitigated && partly.MatchString(before):
		return false
	case l.disposition == DispositionResolved && (partly.MatchString(before) || hoped.MatchString(before) || hoped.MatchString(firstWord(after))):
		return false
	case l.disposition == DispositionMitigated && emptyMitigation.MatchString(after), l.disposition == DispositionDeferred && notOwed.MatchString(after):
		return false
	}
	return !positional || l.says(before, text[start:end], after)
}

// emptyMitigation is what stands behind "Mitigation" where there is none, and
// notOwed behind "Follow-up".
var (
	emptyMitigation = lazyregexp.New(`(?i)^\s*[:=—–-]*\s*(?:none|no\b|n/a|tbd|todo|unknown|pending|[—–-]|$)`)
	notOwed         = lazyregexp.New(`(?i)^\s*[:=—–-]*\s*(?:(?:is |are )?not (?:needed|required|planned|necessary)\b|(?:is|are|was|were) (?:all )?(?:done|closed|completed?|resolved|finished)\b|none\b|n/a\b)`)
)

// says reports whether a word says something of the risk, and not of the noun
// that follows it.
func (l *dispositionList) says(before, word, after string) bool {
	if word == strings.ToUpper(word) || follows.MatchString(after) || copula.MatchString(before) {
		return true
	}
	if len(after) > 0 && after[0] == '-' {
		return false // "fixed-size"
	}
	if strings.EqualFold(word, "pending") {
		return strings.TrimSpace(before) != ""
	}
	// "Deferred cleanup of the cache", "Fixed race in AB-01": the clause has no other verb.
	clause := clauseEnd.Split(after, 2)[0]
	if !clauseStart.MatchString(before) || finite.MatchString(clause) {
		return false
	}
	return l.disposition == DispositionDeferred || l.disposition == DispositionResolved && placeName.MatchString(clause)
}

var clauseStart = lazyregexp.New(`(?:^|[.;:—(]\s*|\s-\s+)$`)

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0] + " "
	}
	return ""
}

var (
	// statedFirst is a disposition in its own word at the beginning: "[resolved] …",
	// "Open: …".
	statedFirst = lazyregexp.New(`(?i)^[\[(*]*(resolved|fixed|closed|mitigated|accepted|deferred|open)(?:[\])]|\s*[:—–]|\s+-\s|\s*$)`)
	statedWords = map[string]Disposition{"resolved": DispositionResolved, "fixed": DispositionResolved, "closed": DispositionResolved, "mitigated": DispositionMitigated, "accepted": DispositionAccepted, "deferred": DispositionDeferred, "open": DispositionOpen}

	noRisk    = lazyregexp.New(`(?i)^["'“*_]*(?:(?:none|nil|nothing|n/?a|not applicable)\b|(?:keine[rs]?|aucune?|ningun[oa]|nessun[oa]|geen|ingen|brak|нет|無し|なし|无)\W*$|[—–-]+\s*$|(?:no|zero)\s+(?:[a-z/-]+\s+){0,3}?(?:risks?|issues?|concerns?|blockers?|regressions?|findings?|problems?|changes?|impacts?|caveats?|follow-?ups?|action|breakage|unknowns)\b)`)
	noneAtAll = lazyregexp.New(`(?i)^nothing\s+(?:in|on|for|from|with|after)\b|^no longer\b`)
	// noneFollows is what may follow: "None of the retries …", "Nothing watches …"
	// and "No risk assessment …" are risks.
	noneFollows = lazyregexp.New(`(?i)^\s*["'”*_]*(?:$|[^\w\s-])|^\s*[-–—]|^\s+(?:known|identified|found|noted|remaining|remains?|outstanding|open|additional|new|currently|expected|reported|left|recorded|required|needed|anticipated|blocking|major|significant|material|further|more|critical|high|low|medium|yet|discovered|observed|introduced|residual|that|is|are|was|were|at|beyond|except|other|apart|besides|aside|for|in|after|from|with|on|and|or|as|since|so|because|of (?:note|concern)|to (?:note|report|add))\b`)
	// exception is what takes back a part of "None", unless what follows points
	// elsewhere.
	exception = lazyregexp.New(`(?i)^[^.]*?(\b(?:except(?: for| that)?|other than|apart from|besides|aside from|beyond|but|although|though|save for|with the exception of)\b)|(\bhowever\b)`)
	elsewhere = lazyregexp.New(`(?i)\b(?:above|below|already|listed|recorded|documented|ledger|register)\b|^\W*(?:this|the) (?:packet|scope|lane|plan)\b|\b(?:normal|usual|standard|ordinary)\b`)
	// deferredItems are what was put off elsewhere and is spoken of here.
	deferredItems = lazyregexp.New(`(?i)\b(?:all|the|other|previously) deferred\b`)
	sentenceEnd   = lazyregexp.New(`[.;]\s+`)
	gap           = lazyregexp.New(`(?i)\bnot (?:yet )?(?:tested|verified|validated|covered|wired|implemented|supported|exercised|proven)\b|\b(?:untested|unverified|unvalidated)\b`)
	noCode        = lazyregexp.New(`(?i)\bdocs?\b|\bdocumentation\b|\bno code\b`)

	pointerRisk = lazyregexp.New(`(?i)^see\b.*\b(table|above|below|section|list|ledger|register|log|matrix|conditions?|packet|evidence|plan)\b|^see [A-Z]\w*-\d+\W*$|\b\d+ (items?|risks?|non-blocking conditions?)\b.*\b(above|below|table|documented|conditions)\b|^\d+ non-blocking conditions`)
	statement   = lazyregexp.New(`(?i)\b(?:exists?|confirms? no|is now complete|now complete|no (?:additional |further )?(?:\w+ )?(?:work|changes?|action) (?:is |are )?(?:needed|required|necessary))\b`)
	lacks       = lazyregexp.New(`(?i)\b(?:not|yet|missing|without|lacks?|may|might|could|only|never|fails?|\w+n't)\b`)
	denies      = lazyregexp.New(`(?i)^(?:no|nobody|nothing|neither|none)\b.*\bexists?\b`)
	targetID    = lazyregexp.New(`(?i)\b(?:in|to|by|until|on|with|for|at|packet)\s+(?:packet\s+)?([A-Za-z][A-Za-z0-9]*-\d+[a-z]?(?:-[A-Za-z0-9]+)*|packet \d{1,3})\b`)
	reference   = lazyregexp.New(`\b([A-Z][A-Z0-9]*-\d+[a-z]?(?:-[A-Za-z0-9]+)*)\b`)
)

// disposed is what a text says is done about a risk, and by which words.
type disposed struct {
	disposition Disposition
	why         string
	to          string // the packet that it names
	stated      bool   // it stands in its own column
}

// disposeStruck reads a risk that is struck through by what follows it.
func disposeStruck(text, after string) disposed {
	d := disposed{disposition: DispositionResolved, why: "the text is struck through", to: target(orElse(after, text), 0)}
	if stillOpen.MatchString(after) {
		return disposed{disposition: DispositionOpen, why: "the text is struck through, and says “" + stillOpen.FindString(after) + "”"}
	}
	for i := range dispositions {
		if word, end := dispositions[i].found(after); word != "" {
			return disposed{disposition: dispositions[i].disposition, why: "the text is struck through and says “" + word + "”", to: target(after, end)}
		}
	}
	return d
}

// dispose reads a risk's text.
func dispose(text string) disposed {
	text = strings.TrimSpace(text)
	if m := statedFirst.FindStringSubmatch(text); m != nil && !stillOpen.MatchString(text) {
		return disposed{disposition: statedWords[strings.ToLower(m[1])], why: "“" + m[1] + "”", to: target(text, len(m[0]))}
	}
	if m := noRisk.FindString(text); m != "" && noneFollows.MatchString(text[len(m):]) && !noneAtAll.MatchString(text) {
		return disposeNone(m, text[len(m):])
	}
	return byWords(text)
}

// statedAlone is a disposition that is a sentence, or begins one: "… Accepted.", "…
// (mitigated)", "… – deferred until May". What other words in the text are about is
// less sure.
var statedAlone = lazyregexp.New(`(?i)(?:[.;]\s+|\s[—–-]+\s+|\()(resolved|fixed|closed|mitigated|accepted|deferred|open)(?:\s*[.;:,()—–]|\s*$|\s+(?:by|for|in|as|to|until|with|because|since|via|on)\b)`)

// byStatement reads a text by the one disposition that it states so; false where it
// states none, or several.
func byStatement(text string) (disposed, bool) {
	var d disposed
	for _, m := range statedAlone.FindAllStringSubmatchIndex(text, -1) {
		word := text[m[2]:m[3]]
		said := statedWords[strings.ToLower(word)]
		if d.disposition != "" && d.disposition != said {
			return d, false
		}
		d = disposed{disposition: said, why: "“" + word + "”", to: target(text, m[3])}
	}
	return d, d.disposition != "" && !stillOpen.MatchString(text) && !yetToCome.MatchString(text)
}

// yetToCome takes back a disposition that is stated.
var yetToCome = lazyregexp.New(`(?i)\b(?:pending|awaiting|waiting|tbd|todo|not yet|nobody|to be|in principle|proposed)\b`)

// byWords compares a text with the lists.
func byWords(text string) disposed {
	if d, ok := byStatement(text); ok {
		return d
	}
	for i := range dispositions {
		l := &dispositions[i]
		word, end := l.found(text)
		if word == "" || l.disposition == DispositionResolved && stillOpen.MatchString(text) {
			continue
		}
		return disposed{disposition: l.disposition, why: "“" + word + "”", to: target(text, end)}
	}
	if m := imperative.FindString(text); m != "" {
		return disposed{disposition: DispositionDeferred, why: "“" + m + "”, which is yet to be done", to: target(text, 0)}
	}
	if statement.MatchString(text) && !lacks.MatchString(text) && !denies.MatchString(text) {
		return disposed{disposition: DispositionNone, why: "it states what is there, not what could go wrong"}
	}
	return disposed{disposition: DispositionOpen, why: "no word says what is done about it"}
}

// imperative is a text that asks somebody to do something.
var imperative = lazyregexp.New(`(?i)^(?:monitor|watch|keep (?:an eye on|watching|monitoring|track of)|revisit|investigate|re-?evaluate|reassess|follow up|consider|postpone)\b`)

// disposeNone reads what stands behind "None": an exception, or what is put off
// all the same.
func disposeNone(none, rest string) disposed {
	said := "“" + strings.Trim(none, " .,:;\"'“*_") + "”"
	if at := exception.FindStringSubmatchIndex(rest); at != nil {
		word := rest[max(at[2], at[4]):at[1]]
		if elsewhere.MatchString(rest[at[1]:]) {
			return disposed{disposition: DispositionNone, why: said}
		}
		d := byWords(strings.TrimSpace(rest[at[1]:]))
		if d.disposition == DispositionOpen || d.disposition == DispositionNone {
			d = disposed{disposition: DispositionOpen, why: "“" + word + "”"}
		}
		d.why = said + ", but " + d.why
		return d
	}
	deferred := &dispositions[slices.IndexFunc(dispositions, func(l dispositionList) bool { return l.disposition == DispositionDeferred })]
	for _, sentence := range sentenceEnd.Split(rest, -1) {
		if word, end := deferred.found(sentence); word != "" && !elsewhere.MatchString(sentence) && !deferredItems.MatchString(sentence) {
			return disposed{disposition: DispositionDeferred, why: said + ", but “" + word + "”", to: target(sentence, end)}
		}
	}
	if word := gap.FindString(rest); word != "" && !noCode.MatchString(rest) {
		return disposed{disposition: DispositionOpen, why: said + ", but “" + word + "”"}
	}
	return disposed{disposition: DispositionNone, why: said}
}

// cellStates are what a status column says in one word.
var cellStates = []struct {
	disposition Disposition
	words       lazyregexp.Regexp
}{
	{DispositionOpen, lazyregexp.New(`(?i)^\W*(?:not\b|no\b|un\w+|open|new|active|identified|❌|🔴)`)},
	{DispositionResolved, lazyregexp.New(`(?i)^\W*(?:resolved|fixed|closed|done|completed?|remediated|eliminated|retired|superseded|obsolete|✅|☑|✔)`)},
	{DispositionDeferred, lazyregexp.New(`(?i)^\W*(?:deferred|in[ _-]progress|planned|tracked|monitor(?:ing|ed)?|watch(?:ing)?|wip|scheduled|backlog|tbd|todo|pending|postponed|follow-?up)\b`)},
	{DispositionAccepted, lazyregexp.New(`(?i)^\W*(?:accept(?:ed|able|s)?|waived|tolerated|won'?t[ -]?fix)\b`)},
	{DispositionMitigated, lazyregexp.New(`(?i)^\W*(?:mitigated|reduced|contained|compensated)\b`)},
}

// emptyCell is a mitigation or a follow-up that is none.
var emptyCell = lazyregexp.New(`(?i)^\W*(?:none\b|no\b|n/a|not\b|nil\b|tbd|todo|unknown|open\b|pending\b|$)`)

// disposeRow reads a row of a table: what its status says, then its other columns,
// then the text.
func disposeRow(r *tracker.Risk) disposed {
	if r.Struck {
		return disposeStruck(r.Text, strings.TrimSpace(r.After+" "+r.Status+" "+r.Note))
	}
	for _, s := range cellStates {
		if m := strings.TrimSpace(s.words.FindString(r.Status)); m != "" {
			rest := r.Status + " " + r.Note
			return disposed{disposition: s.disposition, why: "“" + m + "” in the table", to: target(rest, 0), stated: true}
		}
	}
	columns := strings.TrimSpace(r.Status + " " + r.Note)
	if m := statedFirst.FindStringSubmatch(columns); m != nil {
		return disposed{disposition: statedWords[strings.ToLower(m[1])], why: "“" + m[1] + "” in the table", to: target(columns, 0), stated: true}
	}
	if d := byWords(strings.TrimSpace(columns + ". " + r.FollowUp)); settledOrDeferred(d.disposition) {
		return d
	}
	if d := dispose(r.Text); d.disposition != DispositionOpen {
		return d
	}
	switch {
	case !emptyCell.MatchString(r.Note):
		return disposed{disposition: DispositionMitigated, why: "the table's column says “" + clip(r.Note, 80) + "”"}
	case !emptyCell.MatchString(r.FollowUp):
		return disposed{disposition: DispositionDeferred, why: "the table's column says “" + clip(r.FollowUp, 80) + "”"}
	}
	return disposed{disposition: DispositionOpen, why: "no word says what is done about it"}
}

func settledOrDeferred(d Disposition) bool { return settled(d) || d == DispositionDeferred }

// target is the packet that a text names: behind the word that decides, else
// anywhere.
func target(text string, from int) string {
	for _, part := range []string{text[from:], text} {
		if m := targetID.FindStringSubmatch(part); m != nil {
			return m[1]
		}
	}
	for _, part := range []string{text[from:], text} {
		if m := reference.FindStringSubmatch(part); m != nil {
			return m[1]
		}
	}
	return ""
}
