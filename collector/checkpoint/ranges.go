package checkpoint

import "github.com/verdictci/verdict/collector/evidence"

// Range is a part of the history, by anything that names a commit.
type Range struct {
	From string // the first commit; empty: from the beginning
	To   string // the last; empty: without an end
}

// ranges tells which of the ranges the head lies in: From is the head or in its
// history, and the head is To or in To's history.
func (v *verifier) ranges() {
	for _, r := range v.options.Ranges {
		e := evidence.Range{From: r.From, To: r.To, State: "inside"}
		for _, end := range []struct {
			rev  string
			from bool
		}{{r.From, true}, {r.To, false}} {
			if end.rev == "" || e.State != "inside" {
				continue
			}
			h, err := v.store.Resolve(end.rev)
			if err != nil {
				e.State, e.Reason = "unknown", err.Error()
				continue
			}
			older, newer := h, v.head
			if !end.from {
				older, newer = v.head, h
			}
			switch found, ok := v.within(older, newer); {
			case found:
			case ok:
				e.State = "outside"
			default:
				e.State, e.Reason = "unknown", "the history is not all here"
				v.unverifiable = true
			}
		}
		v.result.Ranges = append(v.result.Ranges, e)
	}
}
