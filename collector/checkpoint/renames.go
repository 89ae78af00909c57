package checkpoint

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// fileChanges turns a diff into git's letters, with renames paired; more is how many
// are left out.
func (v *verifier) fileChanges(changes []gitstore.Change) (list []evidence.FileChange, more int) {
	from := v.renames(changes)
	gone := map[int]bool{}
	for _, i := range from {
		gone[i] = true
	}
	out := []evidence.FileChange{}
	for i, c := range changes {
		f := evidence.FileChange{Path: c.Path, Status: "M"}
		old, renamed := from[i]
		switch {
		case gone[i]:
			continue
		case renamed:
			f.Status, f.From = "R", changes[old].Path
		case c.New.IsZero():
			f.Status = "D"
		case c.Old.IsZero():
			f.Status = "A"
		case c.OldMode&0o170000 != c.NewMode&0o170000:
			f.Status = "T"
		}
		out = append(out, f)
	}
	if more := len(out) - evidence.MaxChanges; more > 0 {
		return out[:evidence.MaxChanges], more
	}
	return out, 0
}

// Bounds on the search for renames, beyond those of files that stayed as they were.
const (
	maxRenames    = 100     // files on either side, of which each is compared with each
	maxMoved      = 1000    // files on either side, of which those are compared that kept the end of their path
	maxRenameBlob = 1 << 20 // bytes of a file
	minSimilarity = 0.5     // of a renamed file, as for git
)

// renames pairs files that were added with those that were removed: the same
// content first, then the most similar. Both are positions in changes.
func (v *verifier) renames(changes []gitstore.Change) map[int]int {
	var added, removed []int
	for i := range changes {
		switch c := &changes[i]; {
		case c.Module():
		case c.Old.IsZero():
			added = append(added, i)
		case c.New.IsZero():
			removed = append(removed, i)
		}
	}
	from := map[int]int{}
	if len(added) == 0 || len(removed) == 0 {
		return from
	}
	same := map[plumbing.Hash][]int{} // what was removed, by its content
	for _, r := range removed {
		same[changes[r].Old] = append(same[changes[r].Old], r)
	}
	paired := map[int]bool{}
	for _, a := range added {
		if old := same[changes[a].New]; len(old) > 0 {
			from[a], paired[old[0]], same[changes[a].New] = old[0], true, old[1:]
		}
	}
	removed = slices.DeleteFunc(removed, func(r int) bool { return paired[r] })
	added = slices.DeleteFunc(added, func(a int) bool { _, ok := from[a]; return ok })
	if len(added) > maxRenames || len(removed) > maxRenames {
		v.movedTogether(changes, added, removed, from)
		return from
	}
	type pair struct {
		added, removed int
		similar        float64
	}
	var pairs []pair
	texts := map[int][]byte{}
	for _, a := range added {
		for _, r := range removed {
			if s := similarity(v.blobOf(changes, r, texts), v.blobOf(changes, a, texts)); s >= minSimilarity {
				pairs = append(pairs, pair{a, r, s})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.similar, a.similar) })
	taken := map[int]bool{}
	for _, p := range pairs {
		if _, ok := from[p.added]; !ok && !taken[p.removed] {
			from[p.added], taken[p.removed] = p.removed, true
		}
	}
	return from
}

// movedTogether pairs files that are too many to be compared with each other: those that
// kept the end of their path, as where folders move.
func (v *verifier) movedTogether(changes []gitstore.Change, added, removed []int, from map[int]int) {
	if len(added) > maxMoved || len(removed) > maxMoved {
		return
	}
	taken := map[int]bool{}
	for names := 3; names > 0; names-- {
		byEnd := map[string][]int{}
		for _, r := range removed {
			if !taken[r] {
				end := lastNames(changes[r].Path, names)
				byEnd[end] = append(byEnd[end], r)
			}
		}
		for _, a := range added {
			old := byEnd[lastNames(changes[a].Path, names)]
			if _, paired := from[a]; paired || len(old) != 1 || taken[old[0]] {
				continue
			}
			texts := map[int][]byte{}
			if similarity(v.blobOf(changes, old[0], texts), v.blobOf(changes, a, texts)) >= minSimilarity {
				from[a], taken[old[0]] = old[0], true
			}
		}
	}
}

// lastNames is the end of a path, of so many names.
func lastNames(name string, names int) string {
	at := len(name)
	for ; names > 0 && at >= 0; names-- {
		at = strings.LastIndexByte(name[:at], '/')
	}
	return name[at+1:]
}

// blobOf reads the file of a change; nil where it cannot be read or is large.
func (v *verifier) blobOf(changes []gitstore.Change, i int, have map[int][]byte) []byte {
	data, ok := have[i]
	if !ok {
		h := changes[i].New
		if h.IsZero() {
			h = changes[i].Old
		}
		var err error
		data, _, err = v.store.Blob(h, maxRenameBlob)
		v.unread = v.unread || err != nil
		have[i] = data
	}
	return data
}

// similarity is the share of the larger file that lines of both make up, however
// the lines end.
func similarity(a, b []byte) float64 {
	size := max(len(a), len(b))
	if size == 0 || min(len(a), len(b))*2 < size {
		return 0
	}
	count := map[string]int{}
	for line := range bytes.Lines(a) {
		count[string(withoutCR(line))]++
	}
	same := 0
	for line := range bytes.Lines(b) {
		line = withoutCR(line)
		if count[string(line)] > 0 {
			count[string(line)]--
			same += len(line)
		}
	}
	return float64(same) / float64(size)
}

func withoutCR(line []byte) []byte {
	if text, ok := bytes.CutSuffix(line, []byte("\r\n")); ok {
		return append(text[:len(text):len(text)], '\n')
	}
	return line
}
