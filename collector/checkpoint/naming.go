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

// Forms of ids: letters and more before the number that tells the packets apart, and a
// number alone.
var (
	idShape = lazyregexp.New(`^([A-Za-z](?:.*[A-Za-z])??[-_. ]?)\d+(?:\.\d+)*[A-Za-z]?$`)
	idBare  = lazyregexp.New(`^(?i:packet\s+)?\d[\d.]*$`)
)

// packetIDs makes a finder for a tracker's ids, and for ids of the same shape that
// it does not have: another packet's.
func packetIDs(t *tracker.Tracker) *idForms {
	f := &idForms{known: map[string]string{}}
	var parts []string
	for i := range t.Packets {
		id := t.Packets[i].ID
		f.known[strings.ToUpper(id)] = id
		shape := regexp.QuoteMeta(id)
		if idBare.MatchString(id) {
			f.bare = true
			continue
		} else if m := idShape.FindStringSubmatch(id); m != nil {
			shape = regexp.QuoteMeta(m[1]) + `\d+(?:\.\d+)*[a-z]?`
		}
		if !slices.Contains(parts, shape) {
			parts = append(parts, shape)
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

// relation is what stands before an id that a text only relates itself to: what it
// depends on is another packet's. The ids of a list go together.
var (
	relation = lazyregexp.New(`(?i)\b(?:(?:depend(?:s|ed|ing|ent|ency|encies)?|buil[dt](?:s|ing)?|bas(?:ed|es|ing)|on top|prerequisites?|ahead|blocked|needed|required) (?:on|of|for|by)|needs?|needing|requires?|requiring|after|before|following|follows|unblock(?:s|ed|ing)?|block(?:s|ing)|until|since|see|see also|unlike)[ \t]*:?[ \t]*(?:packets?[ \t]+)?$`)
	listing  = lazyregexp.New(`(?i)^[ \t]*(?:,|&|\+|/|and|or|, and)[ \t]*$`)
)

// in lists the ids that a text names as its own, in order, each once.
func (f *idForms) in(text string) []string {
	own, _ := f.read(text)
	return own
}

// read lists the ids that a text names as its own, and those that it relates itself to.
func (f *idForms) read(text string) (own, others []string) {
	if f.re == nil {
		return nil, nil
	}
	end, related := 0, false // of the id before
	for at := 0; at < len(text); {
		m := f.re.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		id := text[at+m[2] : at+m[3]]
		between := text[end : at+m[2]]
		related = relation.MatchString(between[max(0, len(between)-40):]) || related && listing.MatchString(between)
		end, at = at+m[3], at+m[3]
		if f.bare && strings.HasPrefix(strings.ToLower(id), "packet") {
			id = strings.TrimSpace(id[len("packet"):])
		}
		if known, ok := f.known[strings.ToUpper(id)]; ok {
			id = known
		}
		list := &own
		if related {
			list = &others
		}
		if !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	return own, others
}

// name reports whether a text names a packet as its own, or relates itself to it and
// names none: "what is needed for AB-01" may be AB-01's work.
func (f *idForms) name(text, packet string) (own, related bool) {
	names := func(ids []string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return tracker.SameID(id, packet) })
	}
	ids, others := f.read(text)
	return names(ids), len(ids) == 0 && names(others)
}

// unnamed is a packet without a hash, and the commits whose message names it.
type unnamed struct {
	tracker, packet string
	ids             *idForms
	digits          []byte // what every message holds that names it
	commits         []naming
	related         []naming // that name no packet as their own, and this one; they count where there are no others
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
		message := c.Text()
		own, related := u.ids.name(message, u.packet)
		at := naming{evidence.Commit{Hash: c.Hash.String(), Subject: gitstore.SubjectOf(message), Date: c.Authored}, c.Committed}
		if own {
			u.commits = append(u.commits, at)
		} else if related {
			u.related = append(u.related, at)
		}
	}
}

// maxNaming is how many commits are listed that name a packet.
const maxNaming = 10

// named notes what the walk found for packets without a hash.
func (v *verifier) named() {
	for _, u := range v.unnamed {
		if len(u.commits) == 0 {
			u.commits = u.related
		}
		slices.SortStableFunc(u.commits, func(a, b naming) int { return cmp.Compare(b.committed.Unix(), a.committed.Unix()) })
		n := evidence.Naming{
			Tracker: u.tracker, Packet: u.packet, Commits: []evidence.Commit{}, Searched: v.history.Read, Complete: !v.history.Cut() && v.history.Broken() == nil,
		}
		commits := u.commits
		if work := v.withWork(commits); len(work) > 0 {
			commits = work
		}
		for _, c := range commits[:min(len(commits), maxNaming)] {
			n.Commits = append(n.Commits, c.Commit)
		}
		v.result.Naming = append(v.result.Naming, n)
	}
}

// withWork are those of the newest commits that change more than the trackers: a
// packet's work is not in the commit that only records it.
func (v *verifier) withWork(commits []naming) (work []naming) {
	if len(commits) < 2 {
		return nil
	}
	for _, at := range commits[:min(len(commits), 2*maxNaming)] {
		c, err := v.store.Commit(fullHash(at.Hash))
		if err != nil {
			return nil
		}
		changes := v.changesOf(c)
		if len(changes) == 0 || slices.ContainsFunc(changes, func(c gitstore.Change) bool { return !slices.Contains(v.paths, c.Path) }) {
			work = append(work, at)
		}
	}
	return work
}
