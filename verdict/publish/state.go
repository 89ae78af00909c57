package publish

import (
	"strconv"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// state is what a comment says of itself in a line that nobody sees: which decision
// it holds, and how old its evidence is. It is for looks alone, since everybody
// with write permission may edit a comment; no decision is read from it.
type state struct {
	class, head  string
	at           time.Time
	run, attempt int64 // of the workflow that collected it; 0: not said
}

var stateLine = lazyregexp.New(`<!-- verdict:state class=(\w+) evidence=(\S+) (?:run=(\d+)\.(\d+) )?head=(\w*) -->`)

func stateOf(body string) state {
	m := stateLine.FindStringSubmatch(body)
	if m == nil {
		return state{}
	}
	s := state{class: m[1], head: m[5]}
	if at, err := time.Parse(time.RFC3339, m[2]); err == nil && at.Before(time.Now().Add(time.Hour)) {
		s.at = at // evidence may say itself how old it is: none is of the future
	}
	s.run, _ = strconv.ParseInt(m[3], 10, 64)
	s.attempt, _ = strconv.ParseInt(m[4], 10, 64)
	return s
}

// laterThan reports whether the evidence of s is the later one.
func (s state) laterThan(other state) bool {
	if !s.at.Equal(other.at) || s.run == 0 || other.run == 0 {
		return s.at.After(other.at)
	}
	return s.run > other.run || s.run == other.run && s.attempt > other.attempt
}

// sameText compares as GitHub keeps a text: without blanks around it.
func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }
