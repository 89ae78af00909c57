package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/verdictci/verdict/collector/checkpoint/gitstore"
	"github.com/verdictci/verdict/collector/evidence"
)

// maxBlob is the largest file whose lines are compared.
const maxBlob = 8 << 20

// maxKept bounds how many changes of commits are kept for those that are asked again.
const maxKept = 50_000

// changesOf lists what a commit changes against its first parent: nothing, or nil where
// that cannot be read, or is very much.
func (v *verifier) changesOf(c *gitstore.Commit) []gitstore.Change {
	if kept, ok := v.changes[c.Hash]; ok {
		return kept
	}
	list, err := v.changesIn(c)
	switch {
	case err != nil || len(list) > evidence.MaxChanges:
		list = nil
	case list == nil:
		list = []gitstore.Change{}
	}
	if v.kept += 1 + len(list); v.changes == nil || v.kept > maxKept {
		v.changes, v.kept = map[plumbing.Hash][]gitstore.Change{}, 1+len(list)
	}
	v.changes[c.Hash] = list
	return list
}

// sameFile reports whether two changes are of the same file, and alike but for what
// is in it.
func sameFile(a, b gitstore.Change) bool {
	return a.Path == b.Path && a.OldMode == b.OldMode && a.NewMode == b.NewMode
}

// patch is a digest of the lines that changes add and remove in each file; the same
// change on another parent has the same one. Empty where it cannot be read.
func (v *verifier) patch(changes []gitstore.Change) string {
	if len(changes) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, change := range changes {
		added, removed, err := v.lines(change)
		if err != nil {
			return ""
		}
		fmt.Fprintf(sum, "%s\x00", change.Path)
		if len(added)+len(removed) == 0 && change.OldMode == change.NewMode { // lines that only moved, or their ends
			fmt.Fprintf(sum, "%s %s\x00", change.Old, change.New)
		}
		for _, list := range [][]line{added, removed} {
			texts := make([]string, len(list))
			for i, l := range list {
				texts[i] = l.text
			}
			sort.Strings(texts)
			sum.Write([]byte(strings.Join(texts, "\n") + "\x01"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// line is one line of a file.
type line struct {
	number int
	text   string
}

// lines returns the lines that a change adds and removes: those of one side that
// the other side does not have as often. A line that only moved is neither.
func (v *verifier) lines(c gitstore.Change) (added, removed []line, err error) {
	if c.Module() { // a commit of another repository
		return []line{{1, c.New.String()}}, []line{{1, c.Old.String()}}, nil
	}
	old, oldText, err := v.text(c.Old)
	if err != nil {
		return nil, nil, err
	}
	new, newText, err := v.text(c.New)
	if err != nil {
		return nil, nil, err
	}
	if !oldText || !newText { // compared as a whole
		return []line{{1, c.New.String()}}, []line{{1, c.Old.String()}}, nil
	}
	return missingFrom(new, old), missingFrom(old, new), nil
}

// text reads the lines of a file; ok is false for one that is no text. A zero hash
// is no file.
func (v *verifier) text(h plumbing.Hash) (lines []string, ok bool, err error) {
	if h.IsZero() {
		return nil, true, nil
	}
	data, ok, err := v.store.Blob(h, maxBlob)
	if err == nil && !ok {
		err = fmt.Errorf("object %s: %w: more than %d bytes", h, gitstore.ErrTooLarge, maxBlob)
	}
	if err != nil {
		return nil, false, err
	}
	if data = asUTF8(data); isBinary(data) {
		return nil, false, nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n"), true, nil
}

// isBinary reports whether content is no text.
func isBinary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 && !utf8.Valid(data) }

// asUTF8 decodes a text in UTF-16, as compilers read it, by the mark at its beginning.
func asUTF8(data []byte) []byte {
	var unit func([]byte) uint16
	switch {
	case len(data)%2 != 0:
		return data
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		unit = binary.LittleEndian.Uint16
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		unit = binary.BigEndian.Uint16
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i < len(data); i += 2 {
		units = append(units, unit(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

func missingFrom(of, from []string) []line {
	count := map[string]int{}
	for _, l := range from {
		count[l]++
	}
	var out []line
	for i, l := range of {
		if count[l] > 0 {
			count[l]--
			continue
		}
		out = append(out, line{i + 1, l})
	}
	return out
}
