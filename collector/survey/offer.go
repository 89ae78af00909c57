package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"
)

// Commands are the checks that the repository offers, as shell text that is run at
// its root: none that could find nothing to check.
func (f *Found) Commands() []string {
	var out []string
	for _, m := range f.Modules {
		if !m.Code {
			continue
		}
		out = append(out, in(m.Dir)+"go build ./...", in(m.Dir)+"go vet ./...")
		if m.Tests {
			out = append(out, in(m.Dir)+"go test ./... -count=1")
		}
	}
	for i := range f.Packages {
		p := &f.Packages[i]
		switch test := p.Scripts["test"]; {
		case p.Vitest != "" && p.Tests:
			out = append(out, in(p.Dir)+"npx vitest run")
		case p.Jest != "" && p.Tests:
			out = append(out, in(p.Dir)+"npx jest")
		case test != "" && !strings.Contains(test, "no test specified") && (p.Vitest == "" && p.Jest == ""):
			out = append(out, in(p.Dir)+p.manager()+" test")
		}
		if p.TypeScript != "" {
			for _, project := range p.Projects {
				out = append(out, in(p.Dir)+"npx tsc --noEmit -p "+word(project))
			}
		}
	}
	if len(out) == 0 {
		for _, target := range f.Makefile {
			out = append(out, "make "+target)
		}
	}
	// A back-quote ends the code span that a tracker holds a command in.
	return slices.DeleteFunc(out, func(c string) bool { return strings.Contains(c, "`") })
}

// Setup are the commands that make a fresh checkout ready for the others.
func (f *Found) Setup() []string {
	var out []string
	for i := range f.Packages {
		if install := f.Packages[i].install(); install != "" {
			out = append(out, in(f.Packages[i].Dir)+install)
		}
	}
	return out
}

// manager is the program that runs the package's scripts.
func (p *Package) manager() string {
	switch {
	case strings.HasPrefix(p.Lock, "pnpm"):
		return "pnpm"
	case p.Lock == "yarn.lock":
		return "yarn"
	case strings.HasPrefix(p.Lock, "bun."):
		return "bun run"
	}
	return "npm"
}

// install is the command that installs what the lock file names; empty without one.
func (p *Package) install() string {
	switch {
	case p.Lock == "":
		return ""
	case p.berry:
		return "yarn install --immutable"
	case p.manager() == "npm":
		return "npm ci"
	case p.manager() == "bun run":
		return "bun install --frozen-lockfile"
	}
	return p.manager() + " install --frozen-lockfile"
}

// in is the start of a command that runs in a folder.
func in(dir string) string {
	if dir == "." {
		return ""
	}
	return "cd " + word(dir) + " && "
}

func word(s string) string {
	quoted, err := syntax.Quote(s, syntax.LangBash)
	if err != nil {
		return "."
	}
	return quoted
}

// DefaultTracker is the path of the tracker that PolicyText names where the
// repository has none yet.
const DefaultTracker = "docs/progress.md"

// PolicyText is a verdict.yaml that fits the repository.
func (f *Found) PolicyText() []byte {
	var b strings.Builder
	b.WriteString(policyHead)
	trackers := f.Trackers
	if len(trackers) == 0 {
		trackers = []string{DefaultTracker}
	}
	b.WriteString("# What 'verdict run' decides about.\ntrackers:\n")
	list(&b, "  ", trackers)
	b.WriteString("\ncommands:\n  timeout: 15m\n")
	if setup := f.Setup(); len(setup) > 0 {
		b.WriteString("  # First, once, in every clean checkout.\n  setup:\n")
		list(&b, "    ", setup)
	}
	return []byte(b.String())
}

// list writes texts as a YAML list. Quotes hold any text of one line.
func list(b *strings.Builder, indent string, items []string) {
	for _, item := range items {
		fmt.Fprintf(b, "%s- '%s'\n", indent, strings.ReplaceAll(item, "'", "''"))
	}
}

const policyHead = `# yaml-language-server: $schema=https://raw.githubusercontent.com/verdictci/verdict/main/docs/policy.schema.json
# What this repository asks for beyond its tracker. Every key has a default.
version: 1

`

// Tracker is a progress tracker that fits the repository: its checks are the
// required commands, and everything is still to do.
func (f *Found) Tracker(now time.Time) []byte {
	commands := f.Commands()
	note := ""
	if len(commands) == 0 {
		commands = []string{"git diff --check"}
		note = "Replace this command by those that check the work.\n\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, trackerHead, now.UTC().Format(time.DateOnly))
	packets := []struct{ id, title, goal string }{
		{"PKT-00", "First Packet", "Say here what holds when the packet is done."},
		{"PKT-01", "Second Packet", "One box for each thing that the reviewer looks at."},
	}
	for _, p := range packets {
		fmt.Fprintf(&b, "\n---\n\n## %s Checklist: %s\n\n- [ ] %s\n", p.id, p.title, p.goal)
		packetParts(&b, p.id, note, commands)
	}
	b.WriteString(finalPacket)
	packetParts(&b, "PKT-02", note, commands)
	b.WriteString(trackerTail)
	return []byte(b.String())
}

func packetParts(b *strings.Builder, id, note string, commands []string) {
	b.WriteString("\n### Required Tests\n\n" + note)
	for _, c := range commands {
		fmt.Fprintf(b, "- [ ] `%s` -> exit 0\n", c)
	}
	fmt.Fprintf(b, "\n### Review Gates\n\n- [ ] P0 PASS\n- [ ] P1 PASS\n- [ ] P2 PASS\n- [ ] Verdict recorded: `APPROVED`\n\n### %s Review Evidence\n\n```markdown\nTODO\n```\n", id)
}

const trackerHead = `# Progress Tracker

Status: Active
Date: %s

## Rules

1. A packet is ` + "`DONE`" + ` only when every box in it is ticked.
2. The evidence names each required command with the exit code that it really had.
3. The reviewer is not the implementer.
4. Each approved packet is one commit, and its hash is recorded under Checkpoint Commits.
5. A residual risk says what becomes of it: resolved, mitigated, accepted or deferred, and who owns it.

## Packet Board

| Packet | Title | Status | Implementer | Reviewer | Review State | Evidence Link |
|---|---|---|---|---|---|---|
| PKT-00 | First Packet | TODO | — | — | — | PKT-00 Review Evidence |
| PKT-01 | Second Packet | TODO | — | — | — | PKT-01 Review Evidence |
| PKT-02 | Final Verdict | TODO | — | — | — | PKT-02 Review Evidence |
`

const finalPacket = "\n---\n\n## PKT-02 Checklist: Final Verdict\n\n" +
	"- [ ] All earlier packets are `DONE` and `APPROVED`.\n" +
	"- [ ] The required commands were run again, with their exit codes.\n" +
	"- [ ] Residual risks are reconciled from all packets.\n" +
	"- [ ] Final verdict recorded (`GO` / `GO_WITH_CONDITIONS` / `NO_GO`).\n"

const trackerTail = `
---

## Checkpoint Commits

- PKT-00: TODO
- PKT-01: TODO
- PKT-02: TODO

## Current Recommended Next Packet

- ` + "`PKT-00`" + ` (First Packet)
`
