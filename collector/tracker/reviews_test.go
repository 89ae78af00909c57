package tracker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/tracker"
)

// The outcome of a review is stated with the reviewer's name before it, behind it, or
// without one; what is not reached yet, or waits for something, is no approval.
func TestReviewForms(t *testing.T) {
	const (
		approved = tracker.ReviewApproved
		changes  = tracker.ReviewChangesRequested
		pending  = tracker.ReviewPending
		none     = tracker.ReviewNone
	)
	for line, want := range map[string]tracker.ReviewState{
		"Reviewed by: Grace — approved":                     approved,
		"Reviewed-by: Grace Hopper - Approved":              approved,
		"Reviewed by: Grace, approved on 2026-02-01":        approved,
		"Reviewed by: Grace (✅ approved)":                   approved,
		"**Reviewed by:** Grace — **approved**":             approved,
		"Review: approved by Grace":                         approved,
		"Review: Grace approved":                            approved,
		"Reviewer: Grace (approved)":                        approved,
		"Reviewer: Grace: approved after the second round.": approved,
		"Approved by: Grace":                                approved,
		"Approved-by: Grace <grace@example.com>":            approved,
		"Approved by Grace.":                                approved,
		"Approved — Grace":                                  approved,
		"LGTM — Grace":                                      approved,
		"LGTM":                                              approved,
		"👍 LGTM (Grace), not a single finding":              approved,
		"Verdict: APPROVED":                                 approved,

		"Reviewed by: Grace — changes requested":   changes,
		"Reviewer: Grace (rejected)":               changes,
		"Changes requested by Grace":               changes,
		"Reviewed by: Grace — not approved yet":    pending,
		"Reviewed by: Grace — pending":             pending,
		"Reviewed by: Grace — approved once green": pending,
		"LGTM once the tests pass":                 pending,
		"LGTM if CI is green — Grace":              pending,
		"Approved by: Grace, pending the rerun":    pending,

		"Reviewed by: Grace":                        none,
		"Reviewer: Grace":                           none,
		"Reviewer: Approval Team":                   none,
		"Reviewed by: TBD":                          none,
		"Approved by: TBD":                          none,
		"Approved by: nobody yet":                   none,
		"Approved by: —":                            none,
		"Approved by: <name>":                       none,
		"Approved by nobody yet":                    none,
		"Approved changes to the API are listed.":   none,
		"The review approved nothing.":              none,
		"Reviewer: Grace, who approves of the plan": none,
	} {
		for _, form := range []string{"### Evidence\n\n```\n%\n```\n", "### Evidence\n\n```\nGate checklist:\n- P0: PASS\n\n- %\n```\n", "### Review\n\n%\n", "### Review\n\n- %\n", "%\n"} {
			p := packetOf(t, strings.Replace(form, "%", line, 1))
			got := none
			for _, r := range p.Reviews {
				got = r.State
			}
			assert.Equal(t, want, got, "%s", strings.Replace(form, "%", line, 1))
		}
	}
	tr := tracker.Parse("t.md", []byte("## A-1 Checklist: x\n\nVerdict: GO — all packets approved\n"), nil)
	assert.Empty(t, tr.Packets[0].Reviews)
	assert.Equal(t, "GO", tr.Recorded().Decision)
}
