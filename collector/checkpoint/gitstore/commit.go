package gitstore

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Commit is a commit with all that it says.
type Commit struct {
	Hash      plumbing.Hash
	Tree      plumbing.Hash
	Parents   []plumbing.Hash // as the commit names them
	Cut       bool            // a shallow clone ends here: the parents are not there
	Committed time.Time
	Authored  time.Time
	Author    string
	Email     string // the committer's
	Message   string
	Raw       []byte // the object's content
}

// Subject is the subject of the message.
func (c *Commit) Subject() string { return SubjectOf(c.Message) }

// Commit reads a commit and checks its hash. The errors are ErrNotFound,
// ErrCorrupt or of the file system.
func (s *Store) Commit(h plumbing.Hash) (*Commit, error) {
	if c, ok := s.commits[h]; ok {
		return c, nil
	}
	data, err := s.commitData(h, nil)
	if err != nil {
		return nil, err
	}
	out, err := parseCommit(data)
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", h, err)
	}
	out.Hash, out.Cut = h, s.shallow[h] && len(out.Parents) > 0
	if len(s.commits) >= maxCommits {
		clear(s.commits)
	}
	s.commits[h] = out
	return out, nil
}

// maxCommits is how many commits are kept that were read with all that they say.
const maxCommits = 1000

// parseCommit reads a commit's content. The error is ErrCorrupt.
func parseCommit(data []byte) (*Commit, error) {
	var b brief
	if err := b.parse(data); err != nil {
		return nil, err
	}
	c := &Commit{Tree: b.tree, Parents: b.parents, Message: textOf(b.message, b.encoding), Authored: timeOf(b.authored), Committed: timeOf(b.committed), Raw: data}
	author, _ := person(b.author)
	c.Author = textOf([]byte(author), b.encoding)
	_, c.Email = person(b.committer)
	return c, nil
}

// timeOf is the time of some seconds; the zero time where they could not be read.
func timeOf(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// person reads who a line names: the name, and the address between the last "<"
// and the last ">".
func person(line []byte) (name, email string) {
	open, end := bytes.LastIndexByte(line, '<'), bytes.LastIndexByte(line, '>')
	if open < 0 || end < open {
		return "", ""
	}
	return string(bytes.Trim(line[:open], " ")), string(line[open+1 : end])
}

// commitData reads a commit's content, maybe into a slice that the caller lends.
func (s *Store) commitData(h plumbing.Hash, lent []byte) ([]byte, error) {
	kind, data, err := s.objectInto(h, lent)
	if err == nil && kind != plumbing.CommitObject {
		err = fmt.Errorf("object %s: %w: it is a %s", h, ErrNotFound, kind)
	}
	return data, err
}

// brief is what a walk needs of a commit.
type brief struct {
	tree                plumbing.Hash
	parents             []plumbing.Hash
	author, committer   []byte // the lines
	authored, committed int64  // seconds; 0 where they cannot be read
	encoding            []byte // of names and message; empty: UTF-8
	message             []byte
}

// parse reads a commit's content. The slices of b are used again.
func (b *brief) parse(data []byte) error {
	*b = brief{parents: b.parents[:0]}
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	b.message = message
	value, rest, ok := headerLine(head, "tree ")
	if !ok || !decodeHash(&b.tree, value) {
		return fmt.Errorf("%w: a commit without a tree", ErrCorrupt)
	}
	for {
		value, next, ok := headerLine(rest, "parent ")
		if !ok {
			break
		}
		var h plumbing.Hash
		if !decodeHash(&h, value) {
			return fmt.Errorf("%w: a commit with a parent that is no hash", ErrCorrupt)
		}
		b.parents, rest = append(b.parents, h), next
	}
	if value, next, ok := headerLine(rest, "author "); ok {
		b.author, b.authored, rest = value, seconds(value), next
	}
	if value, next, ok := headerLine(rest, "committer "); ok {
		b.committer, b.committed, rest = value, seconds(value), next
	}
	b.encoding, _, _ = headerLine(rest, "encoding ")
	return nil
}

func headerLine(data []byte, key string) (value, rest []byte, ok bool) {
	if len(data) < len(key) || string(data[:len(key)]) != key {
		return nil, data, false
	}
	value, rest, _ = bytes.Cut(data[len(key):], []byte("\n"))
	return value, rest, true
}

func decodeHash(h *plumbing.Hash, text []byte) bool {
	if len(text) != 2*hashSize {
		return false
	}
	_, err := hex.Decode(h[:], text)
	return err == nil
}

// seconds reads the time out of a line with name, address, time and zone.
func seconds(line []byte) int64 {
	line = bytes.TrimLeft(line[bytes.LastIndexByte(line, '>')+1:], " ")
	digits, _, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
