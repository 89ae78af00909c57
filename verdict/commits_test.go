package verdict_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
)

// found returns the findings of a rule.
func found(r *verdict.Report, rule string) (list []verdict.Finding) {
	for _, f := range r.Findings {
		if f.Rule == rule {
			list = append(list, f)
		}
	}
	return list
}

// TestScope: which files a packet's list covers.
func TestScope(t *testing.T) {
	changed := func(status, from string, paths ...string) (files []evidence.FileChange) {
		for _, p := range paths {
			files = append(files, evidence.FileChange{Status: status, From: from, Path: p})
		}
		return files
	}
	for name, c := range map[string]struct {
		listed    string // lines of "Files changed"
		files     []evidence.FileChange
		outside   string
		untouched string
	}{
		"a folder":                    {"- `calc/`: all", changed("M", "", "calc/a.go", "calc/b/c.go", "calcs/d.go"), "calcs/d.go", ""},
		"a package":                   {"- calc/...: all", changed("M", "", "calc/a.go", "main.go"), "main.go", ""},
		"the end of a path":           {"- a.go: it", changed("M", "", "calc/a.go", "calc/ba.go"), "calc/ba.go", ""},
		"globs":                       {"- `calc/**/*.go`: all\n- `*.{md,txt}`: all", changed("M", "", "calc/x/y.go", "calc/z.go", "docs/a.md", "b.txt", "calc/a.ts"), "calc/a.ts", ""},
		"brackets":                    {"- `app/[id]/page.tsx`: it\n- `app/v[12].ts`: it", changed("M", "", "app/[id]/page.tsx", "app/v1.ts", "app/v3.ts"), "app/v3.ts", ""},
		"non-ASCII":                   {"- `docs/über*.md`: it\n- `\"docs/stra\\303\\237e.md\"`: as git prints it", changed("M", "", "docs/übersicht.md", "docs/straße.md"), "", ""},
		"several on a line":           {"- `calc/a.go`, `calc/b.go`: both", changed("M", "", "calc/a.go", "calc/b.go", "calc/c.go"), "calc/c.go", ""},
		"a new name":                  {"- calc/new.go: from old", changed("R", "lib/old.go", "calc/new.go"), "", ""},
		"both names":                  {"- `calc/old.go` -> `lib/new.go`: moved", changed("R", "calc/old.go", "lib/new.go"), "", ""},
		"the old name alone":          {"- calc/old.go: changed", changed("R", "calc/old.go", "secret/new.go"), "secret/new.go", ""},
		"moved within a folder":       {"- calc/: all", changed("R", "calc/a.go", "calc/b.go"), "", ""},
		"moved out of a folder":       {"- calc/: all", changed("R", "calc/a.go", "lib/a.go"), "lib/a.go", ""},
		"moved into a folder":         {"- calc/: all", changed("R", "lib/a.go", "calc/b.go"), "lib/a.go", ""},
		"a folder moved":              {"- `calc/` → `lib/calc/`: moved", changed("R", "calc/a.go", "lib/calc/a.go", "lib/other.go"), "lib/other.go", ""},
		"a place in it":               {"- calc/a.go:12-40: it\n- calc/b.go#L3: it\n- `calc/c.go:7`", changed("M", "", "calc/a.go", "calc/b.go", "calc/c.go"), "", ""},
		"from the root":               {"- /calc/a.go: it\n- …/b.go: it", changed("M", "", "calc/a.go", "calc/b.go", "lib/calc/a.go"), "", ""},
		"of another system":           {"- `calc\\a.go`: it", changed("M", "", "calc/a.go", "calc/b.go"), "calc/b.go", ""},
		"blanks":                      {"- calc/a b.go: it", changed("M", "", "calc/a b.go", "calc/a bc.go"), "calc/a bc.go", ""},
		"the tracker":                 {"- calc/a.go: it", changed("M", "", "calc/a.go", "t.md"), "", ""},
		"listed and not changed":      {"- calc/a.go: it\n- calc/b.go: it", changed("M", "", "calc/a.go"), "", "calc/b.go"},
		"more than a message can say": {"- calc/a.go: it", changed("M", "", strings.Fields("calc/a.go b c d e f g h i j k l m n o p q")...), "b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{doc: goodTracker}
			f.replace(t, "- calc/calc.go: new", c.listed)
			checkpointA(func(c2 *evidence.Checkpoint) { c2.Files = c.files })(t, f)
			r := f.decide(t)
			outside, untouched := "", ""
			for _, f := range found(r, "checkpoint/scope") {
				outside = f.Observed
			}
			for _, f := range found(r, "checkpoint/untouched") {
				untouched = f.Claimed
			}
			assert.Equal(t, c.outside, outside)
			assert.Equal(t, c.untouched, untouched)
		})
	}
}

// TestPacketScope: which changed files are outside of what a packet may touch, whether
// or not it lists them.
func TestPacketScope(t *testing.T) {
	for name, c := range map[string]struct {
		scope   string   // its lines
		changed []string // "old > new" for another name
		outside string
	}{
		"a folder":                     {"- `calc/`", []string{"calc/a.go", "calc/b/c.go", "calcs/d.go"}, "calcs/d.go"},
		"a folder without a slash":     {"- `calc/add`", []string{"calc/add/a.go", "calc/adder.go"}, "calc/adder.go"},
		"globs":                        {"- `calc/**`\n- `**/*.md`", []string{"calc/a/b.go", "docs/a.md", "b.md", "b.go"}, "b.go"},
		"braces":                       {"- `src/{price,tax}/**/*.{ts,tsx}`\n- `lib/{a,b}/`", []string{"src/price/a/b.ts", "src/tax/c.tsx", "lib/b/x.go", "src/auth/d.ts", "lib/c/x.go"}, "src/auth/d.ts, lib/c/x.go"},
		"a star for folders":           {"- `packages/*/src/`", []string{"packages/a/src/x/y.ts", "packages/a/test/z.ts"}, "packages/a/test/z.ts"},
		"what is listed":               {"- `calc/a.go`", []string{"calc/a.go", "calc/calc.go"}, "calc/calc.go"},
		"moved within":                 {"- `calc/`", []string{"calc/a.go > calc/b.go"}, ""},
		"moved into it":                {"- `calc/`", []string{"lib/a.go > calc/a.go"}, "calc/a.go"},
		"moved out of it":              {"- `calc/`", []string{"calc/a.go > lib/a.go"}, "lib/a.go"},
		"moved, with both allowed":     {"- `calc/`\n- `lib/a.go`", []string{"lib/a.go > calc/a.go", "calc/b.go > lib/a.go"}, ""},
		"moved beside it":              {"- `calc/`", []string{"lib/a.go > lib/b.go"}, "lib/b.go"},
		"the tracker":                  {"- `calc/`", []string{"calc/a.go", "t.md"}, ""},
		"a lock file and its manifest": {"- `calc/`\n- `go.mod`\n- `web/package.json`", []string{"go.mod", "go.sum", "web/package-lock.json"}, ""},
		"a lock file alone":            {"- `calc/`", []string{"calc/a.go", "go.sum"}, "go.sum"},
		"a lock file of another":       {"- `calc/`\n- `web/package.json`", []string{"package-lock.json"}, "package-lock.json"},
		"a snapshot of a test":         {"- `src/a.test.ts`", []string{"src/a.test.ts", "src/__snapshots__/a.test.ts.snap"}, ""},
		"a snapshot of another":        {"- `src/a.test.ts`", []string{"src/__snapshots__/b.test.ts.snap"}, "src/__snapshots__/b.test.ts.snap"},
		"nothing that it names":        {"- `calc/**`\n- `docs/**`", []string{"calc/a.go"}, ""},
		"must not be touched":          {"- Must not touch: `src/auth/`", []string{"src/a.ts", "src/auth/b.ts"}, "src/auth/b.ts"},
		"must not be touched, by name": {"- Must not touch: `go.mod`, `*.gen.go`", []string{"tools/go.mod", "a/b.gen.go", "go.sum"}, "tools/go.mod, a/b.gen.go"},
		"moved out of what must stay":  {"- `src/`\n- Must not touch: `src/auth/`", []string{"src/auth/a.ts > src/a.ts"}, "src/a.ts"},
		"an exception":                 {"- `src/**`, except `src/gen/**` and `**/*.gen.ts`", []string{"src/a.ts", "src/gen/b.ts", "src/c.gen.ts"}, "src/gen/b.ts, src/c.gen.ts"},
		"a part of what is forbidden":  {"- `src/auth/login.ts`\n- `lib/a/**`\n- Must not touch: `src/auth/`, `lib/`", []string{"src/auth/login.ts", "src/auth/token.ts", "lib/a/b.go", "lib/c.go"}, "src/auth/token.ts, lib/c.go"},
		"a star forbids one level":     {"- Must not touch: `src/*`", []string{"src/a.ts", "src/b/c.ts"}, "src/a.ts"},
		"a star allows all below":      {"- `src/*`", []string{"src/a.ts", "src/b/c.ts"}, ""},
		"words":                        {"- harden the importer", []string{"any.go"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{doc: goodTracker}
			f.replace(t, "### Required Tests\n\n- [x] `go test", "### Scope\n\n"+c.scope+"\n\n### Required Tests\n\n- [x] `go test")
			f.replace(t, "- calc/calc.go: new", "- **/*: all")
			checkpointA(func(e *evidence.Checkpoint) {
				e.Files = nil
				for _, text := range c.changed {
					from, to, moved := strings.Cut(text, " > ")
					if !moved {
						from, to = "", text
					}
					e.Files = append(e.Files, evidence.FileChange{Status: "M", From: from, Path: to})
				}
			})(t, f)
			outside := ""
			for _, f := range found(f.decide(t), "checkpoint/out-of-scope") {
				outside = f.Observed
				assert.Equal(t, verdict.Condition, f.Severity)
			}
			assert.Equal(t, c.outside, outside)
		})
	}
	f := &fixture{doc: goodTracker}
	f.replace(t, "### Required Tests\n\n- [x] `go test", "### Scope\n\n- `lib/**`\n- the documents, too\n\n### Required Tests\n\n- [x] `go test")
	r := f.decide(t)
	require.Len(t, found(r, "checkpoint/out-of-scope"), 1)
	assert.Equal(t, verdict.Note, found(r, "checkpoint/out-of-scope")[0].Severity, "the words may mean it")
	assert.Contains(t, found(r, "checkpoint/out-of-scope")[0].Message, "the documents, too")
}

// TestMovesThatAreNotKnown: what may be the old name of a listed file is no finding about
// it, and the hint says what shows it, and what was tried.
func TestMovesThatAreNotKnown(t *testing.T) {
	for status, want := range map[string]string{"D": "checkpoint/unverifiable", "M": "checkpoint/scope"} {
		f := &fixture{doc: goodTracker}
		checkpointA(func(c *evidence.Checkpoint) {
			c.Files = append(c.Files, evidence.FileChange{Path: "old.go", Status: status})
			c.FilesReason = "which of its files moved cannot be seen"
		})(t, f)
		change := f.change
		f.change = func(b *evidence.Bundle) {
			change(b)
			b.Repository.Cure, b.Repository.Reason = "fetch all", "the server is gone"
		}
		r := f.decide(t)
		require.Len(t, r.Findings, 1)
		assert.Equal(t, want, r.Findings[0].Rule)
		assert.Equal(t, "old.go", r.Findings[0].Observed)
		if status == "D" {
			assert.Equal(t, "fetch all; tried: the server is gone", r.Findings[0].Hint)
		}
	}
}

func TestMoreFilesThanAreCompared(t *testing.T) {
	f := &fixture{doc: goodTracker}
	checkpointA(func(c *evidence.Checkpoint) { c.MoreFiles = 20 })(t, f)
	r := f.decide(t)
	assert.Equal(t, verdict.GoWithConditions, r.Verdict)
	assert.Contains(t, found(r, "checkpoint/unverifiable")[0].Message, "20 files")
}

// TestCommitFindings: each names the commit with its subject, author date and full
// hash.
func TestCommitFindings(t *testing.T) {
	f := &fixture{doc: goodTracker}
	checkpointA(func(c *evidence.Checkpoint) {
		c.Date = time.Date(2026, 2, 8, 23, 0, 0, 0, time.UTC)
		c.Names, c.Files, c.Signature = []string{"AB-07"}, []evidence.FileChange{}, &evidence.Signature{State: "unsigned"}
	})(t, f)
	r := f.decide(t)
	require.Len(t, r.Findings, 3)
	for _, f := range r.Findings {
		assert.Contains(t, f.Message, "aaaaaaaa (AB-00: base, 2026-02-08)", f.Rule)
		assert.Equal(t, hashA, f.Commit)
	}
	checkpointA(func(c *evidence.Checkpoint) { c.State, c.Reason = evidence.CheckpointUnreachable, "a commit of work" })(t, f)
	assert.Contains(t, found(f.decide(t), "checkpoint/unreachable")[0].Message, "(AB-00: base, 0001-01-01), which is not in the history: a commit of work")
}

// TestEmptyWithoutAList: a commit that changes nothing is found whether or not the
// packet lists files.
func TestEmptyWithoutAList(t *testing.T) {
	f := &fixture{doc: goodTracker}
	f.replace(t, "Files changed:\n- calc/calc.go: new\n\n", "")
	checkpointA(func(c *evidence.Checkpoint) { c.Files = []evidence.FileChange{} })(t, f)
	assert.Len(t, found(f.decide(t), "checkpoint/empty"), 1)
}

// TestRecordsOnly: a commit that changes the tracker alone holds no other file of its
// packet.
func TestRecordsOnly(t *testing.T) {
	for _, c := range []struct {
		listed string
		files  []evidence.FileChange
		found  int
	}{
		{"- calc/calc.go: new", []evidence.FileChange{{Path: "t.md", Status: "M"}}, 1},
		{"- t.md: the plan", []evidence.FileChange{{Path: "t.md", Status: "M"}}, 0},
		{"- calc/calc.go: new", []evidence.FileChange{{Path: "t.md", Status: "M"}, {Path: "calc/calc.go", Status: "A"}}, 0},
	} {
		f := &fixture{doc: goodTracker}
		f.replace(t, "- calc/calc.go: new", c.listed)
		checkpointA(func(e *evidence.Checkpoint) { e.Files = c.files })(t, f)
		assert.Len(t, found(f.decide(t), "checkpoint/empty"), c.found, c.listed)
	}
	f := &fixture{doc: goodTracker}
	f.replace(t, "Files changed:\n- calc/calc.go: new\n\n", "")
	checkpointA(func(e *evidence.Checkpoint) { e.Files = []evidence.FileChange{{Path: "t.md", Status: "M"}} })(t, f)
	assert.Empty(t, f.decide(t).Findings, "nothing is said of files")
}

// TestOrder: what a packet depends on comes first; where the document says what
// depends on what, the board's order does not count.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		depends, kind, rule string
	}{
		{"", "descendant", "checkpoint/out-of-order"},
		{"", "unrelated", ""},
		{"", "unknown", ""},
		{"AB-00", "ancestor", ""},
		{"AB-00", "descendant", "checkpoint/out-of-order"},
		{"AB-00", "unrelated", "checkpoint/out-of-order"},
		{"AB-00", "unknown", "checkpoint/unverifiable"},
		{"AB-00", "same", "checkpoint/reused"},
	} {
		f := &fixture{doc: goodTracker}
		if c.depends != "" {
			f.replace(t, "- [x] Limits are checked.", "Depends on: "+c.depends+"\n\n- [x] Limits are checked.")
		}
		f.change = func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = c.kind }
		r := f.decide(t)
		if c.rule == "" {
			assert.Empty(t, r.Findings, "%v", c)
		} else {
			assert.Len(t, found(r, c.rule), 1, "%v", c)
		}
	}
	f := &fixture{doc: goodTracker}
	f.replace(t, "- [ ] Final verdict", "Depends on: AB-00, AB-01\n\n- [ ] Final verdict")
	f.change = func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = "descendant" }
	assert.Empty(t, f.decide(t).Findings, "the final packet depends on both, which are side by side")

	f = &fixture{doc: goodTracker}
	f.replace(t, "- [x] It adds.", "Depends on: AB-01\n\n- [x] It adds.")
	f.change = func(b *evidence.Bundle) { b.Repository.Relations[0].Kind = "descendant" }
	assert.Empty(t, f.decide(t).Findings, "what depends on the other comes after it, wherever the board has it")
}

// TestSeveralCommits: every place that records a commit is looked at.
func TestSeveralCommits(t *testing.T) {
	with := func(state evidence.CheckpointState, files ...evidence.FileChange) *verdict.Report {
		f := &fixture{doc: goodTracker}
		f.replace(t, "Verdict: APPROVED\n\nResidual risk:\n- None.\n", "Verdict: APPROVED\n\nCommit:\n- `dddddddd` (AB-00: first part)\n\nResidual risk:\n- None.\n")
		f.replace(t, "- calc/calc.go: new", "- calc/calc.go: new\n- calc/first.go: new")
		f.change = func(b *evidence.Bundle) {
			b.Repository.Checkpoints = append(b.Repository.Checkpoints, evidence.Checkpoint{
				Tracker: "t.md", Packet: "AB-00", Token: "dddddddd", Hash: strings.Repeat("d", 40), State: state, Names: []string{"AB-00"}, Files: files, Left: "some", Parents: 1,
			})
		}
		return f.decide(t)
	}
	r := with(evidence.CheckpointReachable, evidence.FileChange{Path: "calc/first.go", Status: "A"})
	assert.Empty(t, r.Findings, "together the commits change what is listed")
	r = with(evidence.CheckpointMissing)
	assert.Equal(t, verdict.Condition, found(r, "checkpoint/missing")[0].Severity, "the commit that counts is there")
	r = with(evidence.CheckpointReachable, evidence.FileChange{Path: "calc/first.go", Status: "A"}, evidence.FileChange{Path: "other.go", Status: "A"})
	assert.Equal(t, "other.go", found(r, "checkpoint/scope")[0].Observed)
}

// TestUndone: a packet's own commits may try a thing and then another; not revert it.
func TestUndone(t *testing.T) {
	for by, want := range map[evidence.Commit]verdict.Severity{
		{Hash: strings.Repeat("d", 40), Subject: "AB-00: another way"}:   verdict.Note,
		{Hash: strings.Repeat("d", 40), Subject: `Revert "AB-00: base"`}: verdict.Condition,
		{Hash: strings.Repeat("e", 40), Subject: "AB-01: limits"}:        verdict.Condition,
	} {
		f := &fixture{doc: goodTracker}
		f.replace(t, "- AB-00: `aaaaaaaa`", "- AB-00: `aaaaaaaa`\n- AB-00: `dddddddd`")
		f.change = func(b *evidence.Bundle) {
			first := &b.Repository.Checkpoints[0]
			first.Left, first.Undone = "none", &by
			b.Repository.Checkpoints = append(b.Repository.Checkpoints, evidence.Checkpoint{
				Tracker: "t.md", Packet: "AB-00", Token: "dddddddd", Hash: strings.Repeat("d", 40), State: evidence.CheckpointReachable, Files: first.Files, Left: "some", Parents: 1,
			})
		}
		got := found(f.decide(t), "checkpoint/undone")
		require.Len(t, got, 1)
		assert.Equal(t, want, got[0].Severity, got[0].Message)
		assert.Contains(t, got[0].Message, by.Subject)
	}
}

// TestWhoseCommit: what the tracker's own line says counts beside the message, and
// commits are named with subject, author date and full hash.
func TestWhoseCommit(t *testing.T) {
	other := func(line string) verdict.Severity {
		f := &fixture{doc: goodTracker}
		f.replace(t, "- AB-00: `aaaaaaaa`", line)
		checkpointA(func(c *evidence.Checkpoint) { c.Names = []string{"AB-07"} })(t, f)
		return found(f.decide(t), "checkpoint/other-packet")[0].Severity
	}
	assert.Equal(t, verdict.Condition, other("- AB-00: `aaaaaaaa`"))
	assert.Equal(t, verdict.Note, other("- AB-00: `aaaaaaaa` AB-00: base, as AB-07 before the packets got new numbers"))

	f := &fixture{doc: goodTracker}
	f.replace(t, "- AB-01: `bbbbbbbb`", "- AB-01: TODO")
	at := time.Date(2026, 2, 8, 23, 0, 0, 0, time.UTC)
	commits := []evidence.Commit{{Hash: hashB, Subject: "AB-01: limits", Date: at}, {Hash: hashA, Subject: "AB-01: more", Date: at}}
	f.change = func(b *evidence.Bundle) {
		b.Repository.Naming = []evidence.Naming{{Tracker: "t.md", Packet: "AB-01", Complete: true, Commits: commits}}
	}
	several := found(f.decide(t), "checkpoint/unrecorded")[0]
	assert.Contains(t, several.Message, "several name it: bbbbbbbb (AB-01: limits, 2026-02-08), aaaaaaaa (AB-01: more, 2026-02-08)")
	assert.Equal(t, hashB+", "+hashA, several.Observed)
	commits = commits[:1]
	assert.Contains(t, found(f.decide(t), "checkpoint/unrecorded")[0].Message, "bbbbbbbb (AB-01: limits, 2026-02-08) names it")

	f = &fixture{doc: goodTracker}
	checkpointA(func(c *evidence.Checkpoint) {
		c.State, c.Reason, c.Date = evidence.CheckpointUnverifiable, "its parent is gone", at
	})(t, f)
	assert.Contains(t, found(f.decide(t), "checkpoint/unverifiable")[0].Message, "aaaaaaaa (AB-00: base, 2026-02-08); this cannot be verified here: its parent is gone")
}
