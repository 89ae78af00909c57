package checkpoint

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

// idForms finds the ids of packets in commit messages.
type idForms struct {
	re    *regexp.Regexp
	known map[string]string // upper case → as on the board
	bare  bool
}

var idShape = lazyregexp.New(`^([A-Za-z][A-Za-z0-9]*[-_.]?)\d`)

// packetIDs makes a finder for a tracker's ids, and for ids of the same shape that
// it does not have: another packet's.
func packetIDs(t *tracker.Tracker) *idForms {
	f := &idForms{known: map[string]string{}}
	var parts []string
	for i := range t.Packets {
		id := t.Packets[i].ID
		f.known[strings.ToUpper(id)] = id
		if m := idShape.FindStringSubmatch(id); m != nil {
			shape := regexp.QuoteMeta(m[1]) + `\d+(?:\.\d+)*[a-z]?`
			if !slices.Contains(parts, shape) {
				parts = append(parts, shape)
			}
		} else {
			f.bare = true
		}
	}
	if f.bare {
		parts = append(parts, `packet\s+\d{1,3}(?:\.\d+)*`)
	}
	if len(parts) == 0 {
		return f
	}
	f.re = regexp.MustCompile(`(?i)(?:^|[^A-Za-z0-9_-])(` + strings.Join(parts, "|") + `)(?:$|[^A-Za-z0-9_])`)
	return f
}

// in lists the ids that a text names, in order, each once.
func (f *idForms) in(text string) []string {
	var ids []string
	if f.re == nil {
		return nil
	}
	for at := 0; at < len(text); {
		m := f.re.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		id := text[at+m[2] : at+m[3]]
		if f.bare && strings.HasPrefix(strings.ToLower(id), "packet") {
			id = strings.TrimSpace(id[len("packet"):])
		}
		if known, ok := f.known[strings.ToUpper(id)]; ok {
			id = known
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		at += m[3]
	}
	return ids
}

// name reports whether a text names a packet.
func (f *idForms) name(text, packet string) bool {
	return slices.ContainsFunc(f.in(text), func(id string) bool { return tracker.SameID(id, packet) })
}

// unnamed is a packet without a hash, and the commits whose message names it.
type unnamed struct {
	tracker, packet string
	ids             *idForms
	digits          []byte // what every message holds that names it
	commits         []naming
}

// naming is a commit that names a packet.
type naming struct {
	evidence.Commit
	committed time.Time
}

var lastDigits = lazyregexp.New(`\d+\D*$`)

func newUnnamed(path, packet string, ids *idForms) unnamed {
	digits := strings.TrimRight(lastDigits.FindString(packet), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return unnamed{tracker: path, packet: packet, ids: ids, digits: []byte(digits)}
}

// visit looks at the message of every commit of the history.
func (v *verifier) visit(c gitstore.Visited) {
	for i := range v.unnamed {
		u := &v.unnamed[i]
		if !bytes.Contains(c.Message, u.digits) {
			continue
		}
		message := string(c.Message)
		if u.ids.name(message, u.packet) {
			subject := (&gitstore.Commit{Message: message}).Subject()
			u.commits = append(u.commits, naming{evidence.Commit{Hash: c.Hash.String(), Subject: subject, Date: c.Authored}, c.Committed})
		}
	}
}

// maxNaming is how many commits are listed that name a packet.
const maxNaming = 10

// named notes what the walk found for packets without a hash.
func (v *verifier) named() {
	for _, u := range v.unnamed {
		slices.SortStableFunc(u.commits, func(a, b naming) int { return cmp.Compare(b.committed.Unix(), a.committed.Unix()) })
		n := evidence.Naming{
			Tracker: u.tracker, Packet: u.packet, Commits: []evidence.Commit{}, Searched: v.history.Read, Complete: !v.history.Cut() && v.history.Broken() == nil,
		}
		for _, c := range u.commits[:min(len(u.commits), maxNaming)] {
			n.Commits = append(n.Commits, c.Commit)
		}
		v.result.Naming = append(v.result.Naming, n)
	}
}
