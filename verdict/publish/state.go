package publish

import (
	"regexp"
	"strings"
	"time"
)

// state is what a comment says of itself in a line that nobody sees: which decision
// it holds, and how old its evidence is. It is for looks alone, since everybody
// with write permission may edit a comment; no decision is read from it.
type state struct {
	class, head string
	at          time.Time
}

var stateLine = regexp.MustCompile(`<!-- verdict:state class=(\w+) evidence=(\S+) head=(\w*) -->`)

func stateOf(body string) state {
	m := stateLine.FindStringSubmatch(body)
	if m == nil {
		return state{}
	}
	at, err := time.Parse(time.RFC3339, m[2])
	if err != nil || at.After(time.Now().Add(time.Hour)) {
		at = time.Time{} // evidence says itself how old it is: none is of the future
	}
	return state{m[1], m[3], at}
}

// laterThan reports whether the evidence of s is the later one.
func (s state) laterThan(other state) bool { return s.at.After(other.at) }

// sameText compares as GitHub keeps a text: without blanks around it.
func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }
