package tracker

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// lexicon is the words that a tracker is read by: the default form, and what the
// policy adds.
type lexicon struct {
	headings map[part]lazyregexp.Regexp
	added    map[string]part   // a heading of the policy's, lower case → part
	columns  map[string]string // title of a column, lower case → its key
	statuses map[string]string // word, upper case → state
	id       lazyregexp.Regexp
	ownID    bool     // the id's form is the policy's
	final    []string // words of the final packet's title, or its id
	problems []string
	parts    map[string]part // memo of partOf: headings and labels repeat

	asked, leads, follows string // the last answer of leadingID
}

// idForm is a packet's id: letters, a dash and digits; a letter and a number (with a letter after it: W1-B); or
// a bare number of two digits after "Packet" or at the start.
const idForm = `\pL[\pL\d]*(?:[-_][\pL\d]+)*[-_.]?\d+(?:\.\d+)*(?:[a-z]|-[A-Z]\b)?|\d{1,3}(?:\.\d+)*`

var partHeadings = map[part]lazyregexp.Regexp{
	partBoard:       lazyregexp.New(`(?i)\b(packet|work|status|task|milestone)s?\s+(board|status|overview|table|progress|list|index)\b|^(packets|work items|tasks|board|status board|overview)$`),
	partRules:       lazyregexp.New(`(?i)\brules$|^(ground|working|execution) rules|^protocol$`),
	partRequired:    lazyregexp.New(`(?i)\brequired\s+(tests?|commands?|checks?|validation|verification)|\b(acceptance|verification|validation|test|check)\s+commands?\b|\bcommand set\b|^(full|final|required|milestone)?\s*(validation|verification)( gate)?s?\b|^(tests|required|checks)$|^tests to run$`),
	partGates:       lazyregexp.New(`(?i)\b(review|quality|exit|approval)\s+gates?\b|^gates?$|^gate checklist`),
	partEvidence:    lazyregexp.New(`(?i)\bevidence\b|\breview record\b|\breview$|^review notes`),
	partRisks:       lazyregexp.New(`(?i)\b(residual|known|open|remaining|accepted)\s+risks?\b|\bdebt ledger\b|\brisk (register|ledger|table|matrix|log)\b|^risks$|^raid\b|\b(known|open) (issues|defects|bugs)$|^issues?( log)?$|^((open|current|release|known) )?blockers?$|^(open|outstanding|unresolved) (items|points|questions|problems)$`),
	partCheckpoints: lazyregexp.New(`(?i)\bcheckpoint( commit)?s?\b|^commits$|\bcommit (log|hashes|list)\b`),
	partNext:        lazyregexp.New(`(?i)\bnext (packet|step|work item|task)s?\b|^next( up)?$`),
	partStatus:      lazyregexp.New(`(?i)^(lane|program|overall|final) status\b`),
}

// partOrder is the order in which a heading is compared: the first that fits.
var partOrder = []part{partBoard, partRules, partNext, partCheckpoints, partStatus, partRequired, partGates, partRisks, partEvidence}

var partNames = map[string]part{
	"board": partBoard, "rules": partRules, "required": partRequired, "gates": partGates, "evidence": partEvidence,
	"risks": partRisks, "checkpoints": partCheckpoints, "next": partNext,
}

var columnTitles = map[string][]string{
	"packet":      {"packet", "id", "packet id", "old id", "task", "work item", "item", "#", "milestone", "step"},
	"title":       {"title", "name", "summary", "description", "packet title", "what"},
	"status":      {"status", "state", "progress"},
	"implementer": {"implementer", "owner", "author", "assignee", "implemented by", "agent", "who"},
	"reviewer":    {"reviewer", "reviewed by", "approver"},
	"review":      {"review state", "review", "review status", "approval", "verdict"},
	"evidence":    {"evidence link", "evidence", "link", "notes"},
	"commit":      {"commit", "commits", "checkpoint", "checkpoint commit", "commit hash", "hash", "sha"},
	"depends":     {"depends on", "depends", "dependencies", "dependency", "blocked by", "after"},
}

var statusWords = map[string]string{
	"DONE": "DONE", "COMPLETE": "DONE", "COMPLETED": "DONE", "FINISHED": "DONE", "MERGED": "DONE", "CLOSED": "DONE", "RESOLVED": "DONE", "IMPLEMENTED": "DONE", "DELIVERED": "DONE", "SHIPPED": "DONE", "RELEASED": "DONE", "✅": "DONE", "✔": "DONE", "✓": "DONE", "☑": "DONE",
	"TODO": "TODO", "TO_DO": "TODO", "NOT_STARTED": "TODO", "OPEN": "TODO", "PLANNED": "TODO", "READY": "TODO", "QUEUED": "TODO", "BACKLOG": "TODO", "PROPOSED": "TODO", "DRAFT": "TODO", "REOPENED": "TODO", "☐": "TODO", "⬜": "TODO",
	"IN_PROGRESS": "IN_PROGRESS", "WIP": "IN_PROGRESS", "ACTIVE": "IN_PROGRESS", "STARTED": "IN_PROGRESS", "ASSIGNED": "IN_PROGRESS", "🚧": "IN_PROGRESS", "🔄": "IN_PROGRESS", "⏳": "IN_PROGRESS",
	"BLOCKED": "BLOCKED", "❌": "CHANGES_REQUESTED", "⛔": "BLOCKED",
	"CHANGES_REQUESTED": "CHANGES_REQUESTED", "CHANGES_NEEDED": "CHANGES_REQUESTED", "CHANGES_REQUIRED": "CHANGES_REQUESTED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "NEEDS_WORK": "CHANGES_REQUESTED", "NEEDS_CHANGES": "CHANGES_REQUESTED", "REJECTED": "CHANGES_REQUESTED", "FAILED": "CHANGES_REQUESTED",
	"APPROVED": "APPROVED", "ACCEPTED": "APPROVED", "LGTM": "APPROVED",
	"DEFERRED": "DEFERRED", "POSTPONED": "DEFERRED",
	"DROPPED": "DROPPED", "OBSOLETE": "DROPPED", "SUPERSEDED": "DROPPED", "CANCELLED": "DROPPED", "CANCELED": "DROPPED", "ABANDONED": "DROPPED", "DESCOPED": "DROPPED", "OUT_OF_SCOPE": "DROPPED", "WONT_DO": "DROPPED", "WON'T_DO": "DROPPED",
	"PENDING": "PENDING", "REVIEW": "PENDING", "IN_REVIEW": "PENDING",
}

func newLexicon(v *Vocabulary) *lexicon {
	l := &lexicon{headings: partHeadings, added: map[string]part{}, columns: map[string]string{}, statuses: statusWords, parts: map[string]part{},
		id: lazyregexp.New(`^(?:[Pp]acket\s+|[Tt]ask\s+|[Ss]tep\s+|[Mm]ilestone\s+)?(` + idForm + `)(?:$|[^\pL\d_])`)}
	for key, titles := range columnTitles {
		for _, title := range titles {
			l.columns[title] = key
		}
	}
	if v == nil {
		return l
	}
	for name, titles := range v.Headings {
		for _, title := range titles {
			l.added[strings.ToLower(strings.TrimSpace(title))] = partNames[name]
		}
	}
	for key, titles := range v.Columns {
		for _, title := range titles {
			l.columns[strings.ToLower(title)] = key
		}
	}
	if len(v.Statuses) > 0 {
		l.statuses = map[string]string{}
		for word, state := range statusWords {
			l.statuses[word] = state
		}
		for state, words := range v.Statuses {
			for _, word := range words {
				l.statuses[stateWord(word)] = stateWord(state)
			}
		}
	}
	l.final = v.Final
	if v.PacketID != "" {
		if re, err := regexp.Compile(`^(?:` + v.PacketID + `)`); err != nil {
			l.problems = append(l.problems, "the packet id form does not compile: "+err.Error())
		} else {
			l.id, l.ownID = func() *regexp.Regexp { return re }, true
		}
	}
	return l
}

// namesFinal reports whether the policy's words are about a packet.
func (l *lexicon) namesFinal(p *Packet) bool {
	titles := p.Title
	if p.Row != nil {
		titles += "\n" + p.Row.Title
	}
	for _, word := range l.final {
		if SameID(word, p.ID) || strings.Contains(strings.ToLower(titles), strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// partOf tells which part a heading begins; partOther when it is none.
func (l *lexicon) partOf(heading string) part {
	heading = strings.TrimSpace(heading)
	if len(l.added) > 0 {
		if p := l.added[strings.ToLower(heading)]; p != partHeader {
			return p
		}
	}
	key := memoKey(heading)
	found, ok := l.parts[key]
	if !ok {
		found = l.findPart(heading)
		if len(l.parts) < 4096 {
			l.parts[key] = found
		}
	}
	return found
}

// memoKey is a heading or label with all its digits alike: they tell packets
// apart, not parts.
func memoKey(heading string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, heading)
}

func (l *lexicon) findPart(heading string) part {
	for _, p := range partOrder {
		if l.headings[p].MatchString(heading) {
			return p
		}
	}
	return partOther
}

func (l *lexicon) isEvidenceHeading(rest string) bool {
	return l.partOf(rest) == partEvidence && !checklistWord.MatchString(rest)
}

// leadingID returns the packet id that a heading or cell begins with, signs and a
// check box before it aside, and the text after it.
func (l *lexicon) leadingID(text string) (string, string) {
	if l.asked != text { // of a heading it is asked more than once
		l.asked = text
		l.leads, l.follows = l.findLeadingID(text)
	}
	return l.leads, l.follows
}

func (l *lexicon) findLeadingID(text string) (string, string) {
	text = strings.TrimSpace(text)
	if mayBegin(text, "[") {
		text = text[len(boxMark.FindString(text)):]
	}
	text = strings.TrimLeftFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var m []int
	if l.ownID || mayBeginID(text) {
		m = l.id.FindStringSubmatchIndex(text)
	}
	if m == nil {
		return "", text
	}
	from, to := m[0], m[1]
	if len(m) > 3 && m[2] >= 0 {
		from, to = m[2], m[3]
	}
	return text[from:to], text[to:]
}

// mayBeginID reports whether a text may begin with an id of the default form: one of
// its first two words has a digit.
func mayBeginID(text string) bool {
	words, space := 1, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case isDigit(c):
			return true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			space = true
		case space:
			if words, space = words+1, false; words > 2 {
				return false
			}
		}
	}
	return false
}

var anyID = lazyregexp.New(idForm)

// idsIn finds the packets that a text names.
func (l *lexicon) idsIn(text string, known map[string]int) []string {
	if !hasDigit(text) {
		return nil
	}
	var ids []string
	seen := map[string]bool{}
	for _, at := range anyID.FindAllStringIndex(text, -1) {
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		after, _ := utf8.DecodeRuneInString(text[at[1]:])
		if isWord(before) || isWord(after) {
			continue
		}
		id := text[at[0]:at[1]]
		if _, ok := known[NormalID(id)]; ok && !seen[NormalID(id)] {
			seen[NormalID(id)] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

var notWord = lazyregexp.New(`[\s-]+`)

// stateWord brings the word of a cell into the form of a Status: upper case, "_"
// between words.
func stateWord(s string) string {
	s = strings.ToUpper(strings.Trim(strings.TrimSpace(s), "*`_~. "))
	if !strings.ContainsAny(s, " -\t\n\f\r") {
		return s
	}
	return notWord.ReplaceAllString(s, "_")
}

// isState reports whether a text is a state and nothing else.
func (l *lexicon) isState(text string) bool {
	_, ok := l.statuses[stateWord(text)]
	return ok
}

// names reports whether a text has a word for a state.
func (l *lexicon) names(text, state string) bool {
	for _, field := range strings.FieldsFunc(text, notInWord) {
		if l.statuses[stateWord(field)] == state {
			return true
		}
	}
	return false
}

func notInWord(r rune) bool { return strings.ContainsRune(" \t/,;:()", r) }

// state reads a cell: a state that is known, else the word itself; empty for a
// dash.
func (l *lexicon) state(cell string) string {
	word := stateWord(cell)
	switch word {
	case "", "—", "–", "-", "_", "N/A", "NONE":
		return ""
	}
	if s, ok := l.statuses[word]; ok {
		return s
	}
	if hedged.MatchString(cell) { // "NOT DONE", "almost done", "80% done"
		return word
	}
	// "✅ Done", "DONE (2026-02-09)", "Done/Approved"
	for _, field := range strings.FieldsFunc(cell, notInWord) {
		if s, ok := l.statuses[stateWord(strings.TrimRight(field, "\ufe0f"))]; ok {
			return s
		}
	}
	return word
}

// hedged is a state that is not reached yet; "no" behind it denies something else:
// "DONE, no findings".
var hedged = lazyregexp.New(`(?i)^\W*no\b|^[^(]*?\b(?:not|never|un|almost|nearly|partially|partly|mostly|half|to be|will be|awaiting|\d{1,2}\s*%)(?:[^\w]|$)`)
