package tracker

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// severitySpellings are the words by which risks are weighed.
var severitySpellings = map[string]string{
	"critical": "critical", "blocker": "critical", "severe": "critical", "catastrophic": "critical", "very high": "critical", "p0": "critical",
	"s0": "critical", "s1": "critical", "sev0": "critical", "sev-0": "critical", "sev1": "critical", "sev-1": "critical", "⛔": "critical", "🚨": "critical",
	"high": "high", "major": "high", "important": "high", "p1": "high", "s2": "high", "sev2": "high", "sev-2": "high", "🔴": "high", "🟠": "high",
	"medium": "medium", "moderate": "medium", "med": "medium", "p2": "medium", "s3": "medium", "sev3": "medium", "sev-3": "medium", "🟡": "medium",
	"low": "low", "minor": "low", "cosmetic": "low", "very low": "low", "p3": "low", "s4": "low", "sev4": "low", "sev-4": "low", "🟢": "low",
	"info": "info", "informational": "info", "trivial": "info", "negligible": "info", "p4": "info", "🔵": "info", "⚪": "info", "ℹ": "info",
}

// severityLetters are severities that stand alone in a cell or in front.
var severityLetters = map[string]string{"VH": "critical", "H": "high", "M": "medium", "L": "low", "VL": "low"}

// severityLevels are the levels from the least to the worst.
var severityLevels = []string{"info", "low", "medium", "high", "critical"}

// SeverityLevel is "info", "low", "medium", "high" or "critical" for a severity as
// it is written ("P1", "Very low", "Medium/High"), and empty for any other word.
// Of several the worst counts.
func SeverityLevel(stated string) string {
	worst := -1
	for _, word := range severityWord.FindAllString(stated, -1) {
		word = strings.Join(strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return r == ' ' }), " ")
		worst = max(worst, slices.Index(severityLevels, severitySpellings[word]))
	}
	if worst < 0 {
		worst = slices.Index(severityLevels, severityLetters[strings.ToUpper(strings.Trim(stated, " *[]().:"))])
	}
	if worst < 0 {
		return ""
	}
	return severityLevels[worst]
}

// SeveritySpellings are the words for a level, sorted.
func SeveritySpellings(level string) []string {
	var words []string
	for word, to := range severitySpellings {
		if to == level {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return words
}

const (
	severityLong  = `very\s+high|very\s+low|critical|blocker|severe|catastrophic|high|major|important|medium|moderate|med|low|minor|cosmetic|informational|info|trivial|negligible`
	severityShort = `P[0-4]|S[0-4]|sev-?[0-4]`
	severityMark  = `⛔|🚨|🔴|🟠|🟡|🟢|🔵|⚪|ℹ`
	severityRange = `(?:` + severityLong + `)(?:\s*[/–-]\s*|\s+to\s+)(?:` + severityLong + `)`
)

var (
	severityWord = lazyregexp.New(`(?i)\b(?:` + severityLong + `|` + severityShort + `)\b|` + severityMark)
	// severityPrefix is a severity at the beginning, set apart from the text: by a
	// mark, by brackets, or by capitals.
	severityPrefix = lazyregexp.New(`^(?:(?i:[\[(*]*(` + severityRange + `|` + severityLong + `|` + severityShort + `)[\])*]*(?:\s+(?:severity|risk|impact|priority))?(?:\s*[:—–]\s*|\s+-\s+|-\s+|[.;]\s+)|[\[(](` + severityLong + `|` + severityShort + `)[\])]\s+)|(CRITICAL|BLOCKER|HIGH|MEDIUM|LOW|MAJOR|MINOR|INFO|P[0-4]|SEV-?[0-4])\s+|((?:` + severityMark + `)\x{fe0f}?)\s*|(P[0-4]),\s+|[\[(]?([HML])(?::|[\])])\s+)`)
	// severityInside is one that the text states elsewhere.
	severityInside = lazyregexp.New(`(?i)\bsev(?:erity)?\s*[:=]\s*(` + severityRange + `|` + severityLong + `|` + severityShort + `)|\bseverity\s+(` + severityLong + `)\b|\b(` + severityLong + `)(?:[ -]severity\b|\s+(?:risk|impact|priority)\b(?:[^-\w]|$))|[\[(]\s*(` + severityRange + `|` + severityLong + `|P[0-4]|sev-?[0-4])\s*(?:[\]),;:]|[—–]|\s+(?:severity|risk|impact|priority)\b|\s[—–-]\s)|\b(P[0-4])\s+[—–-]|\bpriority\s*[:=]\s*(` + severityLong + `|P[0-4])|(?:[.;]|\s[—–-])\s+(` + severityLong + `|P[0-4])\s*(?:[.;,:)—–]|\s-\s|$)`)
)

// textSeverity is the severity that a statement gives, and the statement without
// it where it stands in front.
func textSeverity(line, whole string) (severity, rest string) {
	if m := severityAtStart(line); m != nil && len(m[0]) < len(line) {
		rest = line[len(m[0]):]
		if m[4] == "" {
			return m[1] + m[2] + m[3] + m[5] + m[6], rest
		}
		if word, inner := textSeverity(rest, whole); word != "" { // "🔴 Critical: …"
			return word, inner
		}
		return m[4], rest
	}
	if mayHoldWord(whole, severityWords...) {
		if m := severityInside.FindStringSubmatch(whole); m != nil {
			return strings.Join(m[1:], ""), line
		}
	}
	if mayHold(whole, "impact") {
		if m := impactInside.FindStringSubmatch(whole); m != nil {
			return byImpact(m[1], likelihoodInside.FindString(whole)), line
		}
	}
	if !hasDigit(whole) {
		return "", line
	}
	if m := matrixInside.FindStringSubmatch(whole); m != nil {
		return byMatrix(leadingNumber(m[1])*leadingNumber(m[2]), 5), line
	}
	if at := cvssInside.FindStringSubmatchIndex(whole); at != nil && !strings.HasPrefix(whole[at[1]:], "/") { // not the version of a vector
		return byCVSS(whole[at[2]:at[3]]), line
	}
	return "", line
}

// severityAtStart is the match of severityPrefix: only a word of severity, or a mark,
// can begin it.
func severityAtStart(line string) []string {
	word := strings.TrimLeft(line, "[(*")
	end := 0
	for end < len(word) && 'a' <= lower(word[end]) && lower(word[end]) <= 'z' {
		end++
	}
	if end == len(word) || word[end] < utf8.RuneSelf && !severityStarts[strings.ToLower(word[:end])] {
		return nil
	}
	return severityPrefix.FindStringSubmatch(line)
}

var (
	// severityWords are how all spellings begin that are words.
	severityWords = append(strings.Split(strings.NewReplacer(`very\s+high|very\s+low`, "very").Replace(severityLong), "|"), "sev", "p0", "p1", "p2", "p3", "p4")
	// severityStarts are the letters that they begin with, and those that stand alone.
	severityStarts = wordSet("p s h m l " + strings.Join(severityWords, " "))
)

var (
	matrixInside = lazyregexp.New(`(?i)\b(?:l(?:ikelihood)?|p(?:robability)?)\s*[:=]?\s*([1-5])(?:/5)?\W{0,4}(?:x|and)?\s*i(?:mpact)?\s*[:=]?\s*([1-5])\b`)
	cvssInside   = lazyregexp.New(`(?i)\bCVSS(?:\s*v?[234](?:\.\d)?\b)?(?:\s+(?:base\s+)?score)?\s*[:=(]?\s*(10(?:\.0)?|\d\.\d)`)
)

// matrixScale is what a table's likelihoods and impacts go up to: 3 or 5. Scores
// alone are taken for those of the larger one.
func matrixScale(rows [][]inline, columns map[string]int) int {
	most := 0
	for _, key := range []string{"impact", "likely"} {
		i, ok := columns[key]
		if !ok {
			return 5
		}
		for _, row := range rows {
			if i < len(row) {
				most = max(most, leadingNumber(row[i].text))
			}
		}
	}
	if most > 3 {
		return 5
	}
	return 3
}

// byMatrix weighs likelihood times impact as the usual matrices of 5 by 5 and of 3
// by 3 do.
func byMatrix(score, scale int) string {
	bounds := []int{5, 10, 17}
	if scale == 3 {
		bounds = []int{3, 6, 9}
	}
	switch {
	case score <= 0 || score > scale*scale:
		return ""
	case score < bounds[0]:
		return "low"
	case score < bounds[1]:
		return "medium"
	case score < bounds[2]:
		return "high"
	}
	return "critical"
}

// byCVSS weighs a score of the Common Vulnerability Scoring System by its own words.
func byCVSS(score string) string {
	n, err := strconv.ParseFloat(strings.TrimSpace(score), 64)
	switch {
	case err != nil || n <= 0 || n > 10:
		return ""
	case n < 4:
		return "low"
	case n < 7:
		return "medium"
	case n < 9:
		return "high"
	}
	return "critical"
}

var (
	impactInside     = lazyregexp.New(`(?i)\bimpact\s*[:=]?\s*(` + severityLong + `)\b`)
	likelihoodInside = lazyregexp.New(`(?i)\b(?:likelihood|probability)\s*[:=]?\s*(?:very\s+)?\w+`)
	unlikely         = lazyregexp.New(`(?i)\b(?:low|rare|rarely|unlikely|remote|minimal)\b`)
)

// byImpact weighs a risk by its impact: one step less where it is unlikely.
func byImpact(impact, likelihood string) string {
	level := slices.Index(severityLevels, SeverityLevel(impact))
	if level > 0 && unlikely.MatchString(likelihood) {
		level--
	}
	if level < 0 {
		return ""
	}
	return severityLevels[level]
}

// cellSeverity is the severity in a table's cell: "~~Low~~ RESOLVED" is Low.
func cellSeverity(cell string) string {
	if m := cellRange.FindString(cell); m != "" {
		return m
	}
	mark := severityMarks.FindString(cell)
	if word := severityWord.FindString(strings.ReplaceAll(cell, mark, "")); word != "" { // "🔴 Critical"
		return word
	}
	if fields := strings.Fields(cell); mark == "" && len(fields) > 0 {
		return strings.Trim(fields[0], ",;:()")
	}
	return mark
}

var (
	cellRange     = lazyregexp.New(`(?i)` + severityRange)
	severityMarks = lazyregexp.New(severityMark)
)
