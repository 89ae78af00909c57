package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/tracker"
)

// scope compares the files that a packet's commits change with those that it may
// touch, and with those that it lists. c is the place of the commit that counts.
func (k *trackerJudge) scope(p *tracker.Packet, c *tracker.Checkpoint, commits []*evidence.Checkpoint) {
	if len(p.Scope) == 0 && len(p.Evidence.Files) == 0 {
		return
	}
	for _, e := range commits {
		k.outOfScope(p, c, e)
		if e.MoreFiles > 0 {
			k.at("checkpoint/unverifiable", p, c.Pos, Finding{
				Message: fmt.Sprintf("the commit of %s, %s, changes %s beyond the first %d, which were not compared with what the packet lists", p.ID, aboutCommit(e), plural(e.MoreFiles, "file", "files"), len(e.Files)),
				Hint:    "split the commit", Observed: fmt.Sprint(e.MoreFiles, " more files"), Claimed: e.Hash, Commit: e.Hash,
			})
		}
	}
	if len(p.Evidence.Files) > 0 {
		k.listed(p, c, commits)
	}
}

// listed compares the files that a packet's commits change with those that it lists.
func (k *trackerJudge) listed(p *tracker.Packet, c *tracker.Checkpoint, commits []*evidence.Checkpoint) {
	listed := p.Evidence.Files
	touched := make([]bool, len(listed))
	ranged := slices.ContainsFunc(p.Checkpoints, func(c tracker.Checkpoint) bool { return c.Start })
	if ranged {
		k.at("checkpoint/scope", p, c.Pos, Finding{Severity: Note, Message: p.ID + " records a range of commits; the files of its last one alone were compared with the packet's list", Claimed: clip(c.Text, 80)})
	}
	complete := !ranged
	for _, e := range commits {
		complete = complete && e.Files != nil && e.MoreFiles == 0
		var outside []string
		mayMove := e.FilesReason != ""
		for i := range e.Files {
			if name := k.beyond(&e.Files[i], listed, touched); name != "" {
				outside = append(outside, name)
				mayMove = mayMove && (e.Files[i].Status == "A" || e.Files[i].Status == "D")
			}
		}
		if len(outside) > 0 && mayMove {
			k.at("checkpoint/unverifiable", p, c.Pos, Finding{
				Message:  fmt.Sprintf("whether the commit of %s, %s, changes files that the packet does not list is not known: %s; they are %s", p.ID, aboutCommit(e), e.FilesReason, list(outside)),
				Observed: strings.Join(outside, ", "), Claimed: e.Hash, Commit: e.Hash, Hint: k.cure(),
			})
		} else if len(outside) > 0 {
			k.at("checkpoint/scope", p, c.Pos, Finding{
				Message:  fmt.Sprintf("the commit of %s, %s, changes files that the packet does not list: %s", p.ID, aboutCommit(e), list(outside)),
				Observed: strings.Join(outside, ", "), Claimed: e.Hash, Commit: e.Hash,
			})
		}
	}
	if complete && k.recordsOnly(listed, commits) {
		k.at("checkpoint/empty", p, c.Pos, Finding{Message: fmt.Sprintf("the commit of %s, %s, changes nothing but the tracker", p.ID, aboutCommit(commits[0])), Observed: k.t.Path, Commit: commits[0].Hash, Hint: "record the commit that holds the work"})
	}
	var untouched []string
	for i := range listed {
		if !touched[i] && !k.implicit(listedName(listed[i].Path)) {
			untouched = append(untouched, listed[i].Path)
		}
	}
	if len(untouched) > 0 && complete && slices.ContainsFunc(commits, func(e *evidence.Checkpoint) bool { return len(e.Files) > 0 }) {
		k.at("checkpoint/untouched", p, c.Pos, Finding{Message: fmt.Sprintf("%s lists files that its commit, %s, does not change: %s", p.ID, aboutCommit(commits[0]), list(untouched)), Claimed: strings.Join(untouched, ", "), Commit: commits[0].Hash})
	}
}

// recordsOnly reports whether commits change the tracker and nothing else, where the
// packet lists other files.
func (k *trackerJudge) recordsOnly(listed []tracker.File, commits []*evidence.Checkpoint) bool {
	changes := 0
	for _, e := range commits {
		for i := range e.Files {
			if e.Files[i].Path != k.t.Path {
				return false
			}
			changes++
		}
	}
	return changes > 0 && slices.ContainsFunc(listed, func(f tracker.File) bool { return !k.implicit(listedName(f.Path)) })
}

// beyond gives the path of a changed file that is not in a packet's list, empty
// where all is, and marks the entries that it touches. A file that is listed by its new name may have come from
// anywhere; a folder or a glob covers what stays within it.
func (k *trackerJudge) beyond(f *evidence.FileChange, listed []tracker.File, touched []bool) string {
	came, from, byName := k.implicit(f.Path), f.From == "" || k.implicit(f.From), false
	for i := range listed {
		name := listedName(listed[i].Path)
		switch {
		case fits(name, f.Path), begins(listed[i], f.Path):
			came, touched[i] = true, true
			byName = byName || path.Base(name) == path.Base(f.Path)
		case mentions(listed[i].Note, f.Path):
			came, byName = true, true
		}
		if f.From != "" && (fits(name, f.From) || mentions(listed[i].Note, f.From)) {
			from, touched[i] = true, true
		}
	}
	switch {
	case !came:
		return f.Path
	case !from && !byName:
		return f.From
	}
	return ""
}

// begins reports whether a line begins with a path that has blanks.
func begins(listed tracker.File, name string) bool {
	rest, ok := strings.CutPrefix(listed.Path+" "+listed.Note, name)
	return ok && strings.Contains(name, " ") && (rest == "" || strings.ContainsRune(" :,;(", rune(rest[0])))
}

// mentions reports whether the rest of a line names a path, its last part or a folder
// that it is in, as where several files stand on one line or got other names.
func mentions(note, name string) bool {
	for _, word := range strings.FieldsFunc(note, func(r rune) bool { return strings.ContainsRune(" \t\n,;:()`\"'*→", r) }) {
		word = strings.TrimSuffix(word, ".")
		if word == name || len(word) > 1 && strings.HasSuffix(word, "/") && strings.HasPrefix(name, word) || strings.Contains(word, "/") && strings.HasSuffix(name, "/"+word) || word == path.Base(name) && strings.Contains(word, ".") {
			return true
		}
	}
	return false
}

// implicit are files that are in every packet's scope: the tracker, the documents
// it links, and what the policy names.
func (k *trackerJudge) implicit(name string) bool {
	if name == k.t.Path {
		return true
	}
	for _, l := range k.t.Links {
		if documentFile(name) && (l.Target == name || path.Join(path.Dir(k.t.Path), l.Target) == name || !strings.Contains(l.Target, "/") && l.Target == path.Base(name)) {
			return true
		}
	}
	return k.ignored(name)
}

// ignored reports whether the policy leaves a file out of every scope.
func (k *trackerJudge) ignored(name string) bool {
	return slices.ContainsFunc(k.policy.Checkpoints.IgnorePaths, func(p string) bool { return fits(p, name) })
}

// fits reports whether a path is what a list of changed files names: the path, a
// folder, a glob, or the end of the path where the list is short.
func fits(pattern, name string) bool {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/...")
	switch {
	case pattern == "":
		return false
	case pattern == name, strings.HasPrefix(name, strings.TrimSuffix(pattern, "/")+"/"), strings.HasSuffix(name, "/"+pattern):
		return true
	}
	return tracker.Glob(pattern, name) || tracker.Glob("**/"+pattern, name)
}

// anchor is a place in a file.
var anchor = lazyregexp.New(`(?:#L\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?|:\d+(?:[-–:]\d+)*)$`)

// listedName is the path of a line of changed files: without the place in the file, and
// as git has it where it was written from the root, shortened, or for another system.
func listedName(name string) string {
	if quoted := unquote(name); quoted != name {
		return quoted
	}
	if at := anchor.FindStringIndex(name); at != nil {
		name = name[:at[0]]
	}
	return strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "…"), "/")
}

// unquote reads a path as git prints it where it has bytes that are no ASCII.
func unquote(name string) string {
	quoted, ok := strings.CutSuffix(strings.TrimPrefix(name, `"`), `"`)
	if !ok || !strings.Contains(quoted, `\`) {
		return strings.Trim(name, `"`)
	}
	var b []byte
	for i := 0; i < len(quoted); i++ {
		c := quoted[i]
		if c == '\\' && i+1 < len(quoted) {
			i++
			c = quoted[i]
			var octal int
			if n, _ := fmt.Sscanf(quoted[i:min(i+3, len(quoted))], "%3o", &octal); n == 1 && c <= '3' {
				c, i = byte(octal), i+2
			} else if at := strings.IndexByte("abtnvfr", c); at >= 0 {
				c = "\a\b\t\n\v\f\r"[at]
			}
		}
		b = append(b, c)
	}
	return string(b)
}
