package tracker

import (
	"strings"
	"unicode"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	// reviewLabel stands before the outcome of a review.
	reviewLabel = lazyregexp.New(`(?i)^(verdict|(review|reviewer)( state| status| result| outcome| verdict)?|approval)$`)
	// reviewerLabel stands before the one who reviewed, and perhaps the outcome.
	reviewerLabel = lazyregexp.New(`(?i)^(?:reviewed|approved|review|approval)[ -]by$`)
	// approval is a line that begins with the outcome: "LGTM — Grace", "Approved by Grace".
	approval = lazyregexp.New(`(?i)^\W*(?:lgtm\b|approved[ -]by:?\s+(\pL.*)|approved\s*(?:[—–(]|-\s)\s*\pL|(changes requested|changes required|needs work|rejected)[ -]by:?\s+\pL)`)
	// conditional is an approval that waits for something.
	conditional = lazyregexp.New(`(?i)\b(?:once|if|unless|when|until|pending|as soon as|provided|modulo|subject to|by default)\b`)
	// nobody is what stands in the place of a name where there is none.
	nobody = lazyregexp.New(`(?i)^\W*(?:$|<|(?:todo|tbd|pending|none|nobody|no one|n/a|unassigned|open|not|awaiting|waiting|to be)\b)`)
	// saidWhere ends the name or the outcome before the other one.
	saidWhere = lazyregexp.New(`\s+-+\s+|\s*[—–:,;()]\s*|\.\s+|\.$`)
)

func isReviewLabel(label string) bool {
	return mayBegin(label, "vra") && (reviewLabel.MatchString(label) || reviewerLabel.MatchString(label))
}

// verdictLine reads "Verdict: …" or "Reviewed by: …": a packet's review, or a decision
// about the work.
func (p *reader) verdictLine(in *inline, label, value string, d *document) {
	if strings.Contains(value, "|") { // the template's list of choices
		return
	}
	state := p.reviewSaid(value)
	if strings.HasPrefix(strings.ToLower(label), "approved") && state == ReviewNone && !nobody.MatchString(value) {
		state = ReviewApproved // "Approved by: Grace"
		if conditional.MatchString(value) {
			state = ReviewPending
		}
	}
	switch {
	case state == ReviewNone:
		p.recordFrom(&block{inline: *in}, d)
	case p.packet >= 0:
		p.addReview(state, in, d)
	}
}

func (p *reader) addReview(state ReviewState, in *inline, d *document) {
	pk := &p.t.Packets[p.packet]
	pk.Reviews = append(pk.Reviews, Review{State: state, Text: in.text, Pos: d.pos(in.offset)})
}

// approvalLine reads a line of a packet that begins with the outcome of its review,
// and reports whether it is one.
func (p *reader) approvalLine(in *inline, d *document) bool {
	if p.packet < 0 || p.part != partEvidence && p.part != partPacket && p.part != partGates || !mayHold(in.text, "lgtm", "by", "approved") {
		return false
	}
	line, _, _ := strings.Cut(in.text, "\n")
	m := approval.FindStringSubmatch(line)
	if m == nil || m[1] != "" && nobody.MatchString(m[1]) {
		return false
	}
	state := ReviewApproved
	switch {
	case m[2] != "":
		state = ReviewChangesRequested
	case conditional.MatchString(line):
		state = ReviewPending
	}
	p.addReview(state, in, d)
	return true
}

// reviewItem reads an item that states the outcome of a review where no other list
// is read.
func (p *reader) reviewItem(b *block, d *document) bool {
	switch p.mode {
	case modeNone, modeOther, modeVerdict:
		return p.approvalLine(&b.inline, d)
	case modeGates:
		if label, value, ok := p.labelOf(&b.inline); ok && isReviewLabel(label) {
			p.verdictLine(&b.inline, label, value.text, d)
			return true
		}
		return p.approvalLine(&b.inline, d)
	}
	return false
}

// reviewSaid is the outcome that a review's line states: at its beginning, or after
// the reviewer's name.
func (p *reader) reviewSaid(value string) ReviewState {
	word := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t(,;.", r) })
	for len(word) > 1 && !strings.ContainsFunc(word[0], unicode.IsLetter) { // "✅ APPROVED"
		word = word[1:]
	}
	for n := min(3, len(word)); n > 0; n-- { // "changes requested by …"
		if said := strings.Join(word[:n], " "); p.words.isState(said) {
			return outcome(p.reviewState(said))
		}
	}
	if len(decisionsIn(value)) == 0 { // "GO — all packets approved"
		if state := p.saidBehind(value); state != ReviewNone {
			return state
		}
	}
	if len(word) > 0 && hedged.MatchString(value) && p.words.names(value, "APPROVED") {
		return ReviewPending // "not approved yet"
	}
	return ReviewNone
}

func outcome(state ReviewState) ReviewState {
	switch state {
	case ReviewApproved, ReviewChangesRequested, ReviewBlocked, ReviewPending:
		return state
	}
	return ReviewNone
}

// saidBehind is the outcome that follows a name: "Grace — approved", "Grace (approved
// on Monday)", "Grace approved".
func (p *reader) saidBehind(value string) ReviewState {
	line, _, _ := strings.Cut(value, "\n")
	for _, part := range saidWhere.Split(line, -1) {
		words := strings.Fields(part)
		for len(words) > 1 && !strings.ContainsFunc(words[0], unicode.IsLetter) {
			words = words[1:]
		}
		for n := min(3, len(words)); n > 0; n-- {
			begins, ends := stateWord(strings.Join(words[:n], " ")), stateWord(strings.Join(words[len(words)-n:], " "))
			state := ReviewState(p.words.statuses[begins])
			if state != ReviewApproved && state != ReviewChangesRequested && state != ReviewBlocked && (state != ReviewPending || n < len(words)) {
				if state = ReviewState(p.words.statuses[ends]); len(words) > 4 || state != ReviewApproved && state != ReviewChangesRequested {
					continue
				}
			}
			switch {
			case state == ReviewApproved && hedged.MatchString(part):
				continue
			case state == ReviewApproved && conditional.MatchString(line):
				return ReviewPending
			}
			return state
		}
	}
	return ReviewNone
}
