package verdict_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
)

// TestWhatALineProves: what was seen inside a line that ended well decides what the
// line is worth.
func TestWhatALineProves(t *testing.T) {
	nothingRan := func(b *evidence.Bundle) { first(b).Steps, first(b).Watched = []evidence.Step{}, true }
	as := func(change func(*evidence.Step)) func(*evidence.Bundle) {
		return func(b *evidence.Bundle) { first(b).Watched = true; change(&first(b).Steps[0]) }
	}
	deep := func(subtests int) func(*evidence.Bundle) {
		return as(func(s *evidence.Step) { s.Tests.Filter, s.Tests.Subtests = "TestA/b", subtests })
	}
	built := as(func(s *evidence.Step) { s.Tests, s.Check = nil, &evidence.Check{Files: -1, Packages: -1} })
	untyped := as(func(s *evidence.Step) { s.Check.Flags = []string{"--noCheck"} })
	exits := func(code int) func(*evidence.Bundle) {
		return as(func(s *evidence.Step) { s.ExitCode = code })
	}
	inner := evidence.Step{Index: -1, Argv: []string{"go", "test"}, Tool: "go test", Probative: true, Outcome: evidence.Exited, Tests: &evidence.Tests{Complete: true, Passed: 3}}
	cases := []struct {
		line   string
		change func(*evidence.Bundle)
		want   verdict.Decision
	}{
		{"if false; then go test ./...; fi", nothingRan, verdict.NoGo},
		{"[ -d x ] && go test ./... || echo skipped", nothingRan, verdict.NoGo},
		{"bash <<< 'go test ./...'", nothingRan, verdict.GoWithConditions}, // nothing can stand in front of it
		{"bash -c 'go test ./...'", nothingRan, verdict.NoGo},
		{"awk 'BEGIN { system(\"go test\") }'", as(func(s *evidence.Step) { *s = inner }), verdict.Go},
		{"./check.sh", as(func(s *evidence.Step) { *s = inner }), verdict.Go},
		{"./check.sh", func(b *evidence.Bundle) {
			first(b).Steps, first(b).Unwitnessed = []evidence.Step{inner}, []string{"check.sh: /opt/go/bin/go"}
		}, verdict.GoWithConditions},
		{"sed -i s/a/b/ x.go; go test ./...; sed -i s/b/a/ x.go", func(b *evidence.Bundle) { first(b).Rewritten = []string{"x.go"} }, verdict.GoWithConditions},
		{"sed -i s/a/b/ x.go; go test ./...; sed -i s/b/a/ x.go", as(func(s *evidence.Step) { s.Saw = []string{"x.go"} }), verdict.NoGo},
		{"cd $(mktemp -d) && go test ./...", func(b *evidence.Bundle) {
			for i := range first(b).Steps {
				first(b).Steps[i].Dir = "/tmp/x"
			}
		}, verdict.GoWithConditions},
		{"go generate ./... && go test ./...", func(b *evidence.Bundle) {
			first(b).TreeChanges = []evidence.FileChange{{Path: "calc/sub.go", Status: "?"}}
		}, verdict.GoWithConditions},
		{"go test ./... -coverprofile c.out", func(b *evidence.Bundle) {
			first(b).TreeChanges = []evidence.FileChange{{Path: "coverage/sorter.js", Status: "?"}}
		}, verdict.Go},
		{"npx vitest run", as(func(s *evidence.Step) { s.Tests.Inverted = s.Tests.Passed }), verdict.GoWithConditions},
		{"npx vitest run", as(func(s *evidence.Step) { s.Tests.Inverted = 1 }), verdict.Go},
		{"cp good.txt x.go && go test ./...; rm x.go", as(func(s *evidence.Step) { s.Lent = []string{"x.go"} }), verdict.GoWithConditions},
		{"npx tsc --noEmit --noCheck", untyped, verdict.NoGo},
		{"npx tsc --noCheck --outDir dist", untyped, verdict.GoWithConditions},
		{"gofmt -w . && go test ./...", as(func(s *evidence.Step) { s.Index = 1 }), verdict.Go},
		{"go vet -json ./...", nothingRan, verdict.NoGo},
		{"go test -n ./...", nothingRan, verdict.NoGo},
		{"gofmt -w .", nothingRan, verdict.GoWithConditions},
		{"go test -c ./calc", built, verdict.NoGo},
		{"go test -c ./calc && ./calc.test", built, verdict.GoWithConditions},
		{"go test ./... -run TestA/b", deep(0), verdict.NoGo},
		{"go test ./... -run TestA/b", deep(1), verdict.Go},
		{"! grep -r TODO nosuch", exits(2), verdict.GoWithConditions},
		{"! grep -r TODO calc", exits(1), verdict.Go},
		{"npm run x --if-present", as(func(*evidence.Step) {}), verdict.NoGo},
		{"npm run x --if-present", as(func(s *evidence.Step) { s.Via = "npm" }), verdict.GoWithConditions},
		{"timeout 60 go test ./...", func(b *evidence.Bundle) {
			outer := &first(b).Steps[0]
			inner := *outer
			inner.Index, inner.Argv, outer.Tests = -1, inner.Argv[2:], nil
			first(b).Steps = append(first(b).Steps, inner)
		}, verdict.Go},
		{"timeout 60 go test ./calc; go test ./...", func(b *evidence.Bundle) {
			// the results of one do not stand for the other's, which nobody saw
			outer := &first(b).Steps[0]
			next := *outer
			next.Index, next.Argv, next.Started = 1, []string{"go", "test", "./..."}, outer.Started.Add(time.Minute)
			outer.Tests, outer.DurationMS = nil, 100
			first(b).Steps = []evidence.Step{*outer, next}
		}, verdict.NoGo},
		{"timeout 60 go test ./...", as(func(s *evidence.Step) { s.Tests = nil }), verdict.NoGo},
		{"npm exec vitest run", func(b *evidence.Bundle) {
			outer := &first(b).Steps[0]
			inner := *outer
			inner.Index, outer.Tests = -1, nil
			first(b).Steps = append(first(b).Steps, inner)
		}, verdict.Go},
	}
	for _, c := range cases {
		t.Run(c.line, func(t *testing.T) {
			f := &fixture{doc: goodTracker, change: c.change}
			f.command(c.line)
			r := f.decide(t)
			assert.Equal(t, c.want, r.Verdict, "%v", r.Findings)
		})
	}
}

// TestUnchecked: a file that tsc is kept from looking at counts where the work is in it.
func TestUnchecked(t *testing.T) {
	for file, want := range map[string]verdict.Severity{"calc/calc.go": verdict.Condition, "old/legacy.js": verdict.Note} {
		f := &fixture{doc: goodTracker}
		command("npx tsc --noEmit", step(func(s *evidence.Step) { s.Check.Unchecked = []string{"old/other.js", file} }))(t, f)
		got := found(f.decide(t), "evidence/weak-flags")
		require.Len(t, got, 1)
		assert.Equal(t, want, got[0].Severity, got[0].Message)
	}
}
