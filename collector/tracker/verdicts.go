package tracker

import (
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var decisionForm = lazyregexp.New(`(?:^|[^A-Za-z0-9_-])(NO[_-]GO|NO GO|GO[_ ]WITH[_ ]CONDITIONS|GO)(?:$|[^A-Za-z0-9_-])`)

// decisionsIn returns the different decisions that a text names, in order.
func decisionsIn(text string) []string {
	var found []string
	for at := 0; at < len(text); {
		m := decisionForm.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		d := normalDecision(text[at+m[2] : at+m[3]])
		seen := false
		for _, have := range found {
			seen = seen || have == d
		}
		if !seen {
			found = append(found, d)
		}
		at += m[3]
	}
	return found
}

func normalDecision(s string) string {
	s = strings.NewReplacer(" ", "_", "-", "_").Replace(s)
	return s
}

var (
	verdictStart = lazyregexp.New(`(?i)\b(verdict|recommendation|decision)\b[^:]*:\s*\W*(NO[_ -]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\b`)
	verdictAfter = lazyregexp.New(`(?i)\bwith verdict\W+(NO[_ -]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\b`)
	upgradedTo   = lazyregexp.New(`(?i)\b(?:upgraded|updated|changed|revised|downgraded|lowered|raised)\b.*?\bto\b\W*(NO[_ -]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\b`)
	changedFrom  = lazyregexp.New(`(?i)\b(?:upgraded|updated|changed|revised|downgraded|lowered|raised)\s+from\W*(?:NO[_ -]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\b`)
	updatedItem  = lazyregexp.New(`^(?:Updated|Final|New|Current)\W+(NO[_ -]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\b`)
	reaffirmed   = lazyregexp.New(`\b(NO[_-]GO|GO[_ ]WITH[_ ]CONDITIONS|GO) verdict (?:reaffirmed|issued|stands|recorded|confirmed)`)
	leading      = lazyregexp.New(`^(NO[_-]GO|GO[_ ]WITH[_ ]CONDITIONS|GO)\s*(?:[—–:.]|$)`)
)

// statedDecision returns the decision that a line states as its own, not as a
// choice and not about something else.
func statedDecision(text string) string {
	if m := upgradedTo.FindStringSubmatch(text); m != nil {
		return upperDecision(m[1])
	}
	text = changedFrom.ReplaceAllString(text, "")
	if len(decisionsIn(text)) != 1 {
		return ""
	}
	return decisionsIn(text)[0]
}

// upperDecision drops words like "go" that are no decision.
func upperDecision(s string) string {
	if s != strings.ToUpper(s) {
		return ""
	}
	return normalDecision(s)
}

// recordFrom notes the decision that a heading, a line or an item records.
func (p *reader) recordFrom(b *block, d *document) {
	if !strings.Contains(b.text, "GO") { // as every decision has it
		return
	}
	start := 0
	for _, line := range strings.Split(b.text, "\n") {
		at := start
		start += len(line) + 1
		text := strings.TrimSpace(line)
		stated := false
		switch {
		case strings.Contains(text, "|"):
		case p.mode == modeVerdict && b.boldDecision(at):
			stated = true
		case b.kind == blockHeading:
			stated = verdictStart.MatchString(text) || upgradedTo.MatchString(text) && recordWord.MatchString(text)
		case p.part == partNext || p.part == partStatus:
			stated = verdictStart.MatchString(text) || verdictAfter.MatchString(text) || reaffirmed.MatchString(text) || leading.MatchString(text)
		case b.kind == blockItem:
			stated = p.mode == modeVerdict && (updatedItem.MatchString(text) || leading.MatchString(text))
		default:
			stated = verdictStart.MatchString(text) || p.mode == modeVerdict && leading.MatchString(text)
		}
		if !stated {
			continue
		}
		if dec := statedDecision(text); dec != "" {
			p.record(dec, text, d.pos(b.offsetOf(at)))
		}
	}
}

// boldDecision reports whether a line of the text begins with a decision in bold.
func (in *inline) boldDecision(at int) bool {
	for _, s := range in.strong {
		if s.start == at {
			return len(decisionsIn(in.text[s.start:s.end])) == 1 && leading.MatchString(strings.TrimRight(in.text[s.start:s.end], "!. "))
		}
	}
	return false
}

func (p *reader) record(decision, text string, pos Pos) {
	v := RecordedVerdict{Decision: decision, Text: text, Pos: pos}
	if p.packet >= 0 {
		v.Packet = p.t.Packets[p.packet].ID
	}
	p.t.Verdicts = append(p.t.Verdicts, v)
}
