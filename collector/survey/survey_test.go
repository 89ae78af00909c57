package survey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// files makes a file system of pairs of name and text.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1]), Mode: 0o644}
	}
	return fsys
}

const (
	solution = "{ // references alone\n \"files\": [],\n \"references\": [{\"path\": \"./tsconfig.app.json\"}, {\"path\": \"./tools\"},],\n}"
	webPkg   = `{"scripts": {"test": "vitest"}, "devDependencies": {"vitest": "^4.1.0", "typescript": "~5.9"}, "engines": {"node": ">=20"}}`
)

// fullStack is a repository with much of what there can be.
var fullStack = files(
	"go.mod", "module example.com/a\n\ngo 1.26.0\n", "main.go", "package main\n", "lib/lib_test.go", "package lib\n",
	"tools/go.mod", "module example.com/a/tools\n\ngo 1.25\n", "tools/gen/gen.go", "package gen\n",
	"empty/go.mod", "module example.com/a/empty\n",
	"frontend/package.json", webPkg, "frontend/package-lock.json", "{}", "frontend/src/a.test.tsx", "",
	"frontend/tsconfig.json", solution, "frontend/tsconfig.app.json", `{"include": ["src"]}`, "frontend/tools/tsconfig.json", `{/* all */}`,
	"frontend/node_modules/x/package.json", webPkg, "vendor/y/go.mod", "module y\n", "out/z/package.json", webPkg,
	"docs/progress.md", "", "README.md", "# A\n\n| a | b |\n|---|---|\n\n- [ ] x\n",
	".gitignore", "# built\n/out/\n*.log\n", "Makefile", "test: build\n\tgo test ./...\nfoo = bar\ncheck := no\nlint:\n",
	".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    steps:\n      - run: go test ./...\n",
)

func TestSurvey(t *testing.T) {
	f, err := Survey(fullStack)
	require.NoError(t, err)
	assert.Equal(t, []Module{{Dir: ".", Go: "1.26.0", Code: true, Tests: true}, {Dir: "empty"}, {Dir: "tools", Go: "1.25", Code: true}}, f.Modules)
	assert.Equal(t, []Package{{
		Dir: "frontend", Scripts: map[string]string{"test": "vitest"}, Vitest: "^4.1.0", TypeScript: "~5.9", Node: ">=20", Lock: "package-lock.json",
		Projects: []string{"tsconfig.app.json", "tools/tsconfig.json"}, Tests: true,
	}}, f.Packages)
	assert.Equal(t, []string{"test", "lint"}, f.Makefile)
	assert.Empty(t, f.Trackers)
	assert.Empty(t, f.Workflows, "the workflow does not run verdict")
	assert.False(t, f.Policy || f.Truncated)
}

func TestCommandsAndSetup(t *testing.T) {
	pkg := func(text string) string { return "{" + text + "}" }
	for _, c := range []struct {
		name            string
		fsys            fstest.MapFS
		commands, setup []string
	}{
		{"everything", fullStack, []string{
			"go build ./...", "go vet ./...", "go test ./... -count=1", "cd tools && go build ./...", "cd tools && go vet ./...",
			"cd frontend && npx vitest run", "cd frontend && npx tsc --noEmit -p tsconfig.app.json", "cd frontend && npx tsc --noEmit -p tools/tsconfig.json",
		}, []string{"cd frontend && npm ci"}},
		{"nothing", files("README.md", "# A\n"), nil, nil},
		{"make alone", files("Makefile", "check:\n\t./check.sh\n"), []string{"make check"}, nil},
		{"vitest without a test file", files("package.json", pkg(`"devDependencies": {"vitest": "4"}`)), nil, nil},
		{"npm's own words for no test", files("package.json", pkg(`"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}`)), nil, nil},
		{"a script of its own", files("package.json", pkg(`"scripts": {"test": "node --test"}`), "pnpm-lock.yaml", ""), []string{"pnpm test"}, []string{"pnpm install --frozen-lockfile"}},
		{"jest and yarn 4", files("package.json", pkg(`"dependencies": {"jest": "30"}`), "a.spec.js", "", "yarn.lock", "", ".yarnrc.yml", ""), []string{"npx jest"}, []string{"yarn install --immutable"}},
		{"a workspace", files("package.json", pkg(`"workspaces": ["packages/*"]`), "package-lock.json", "", "packages/a/package.json", webPkg, "packages/a/b.test.ts", ""),
			[]string{"cd packages/a && npx vitest run"}, []string{"npm ci"}},
		{"a folder with a blank", files("my app/package.json", webPkg, "my app/a.test.ts", "", "my app/bun.lock", ""), []string{"cd 'my app' && npx vitest run"}, []string{"cd 'my app' && bun install --frozen-lockfile"}},
		{"a broken package.json", files("package.json", "{", "go.mod", "module a\n", "a.go", ""), []string{"go build ./...", "go vet ./..."}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Survey(c.fsys)
			require.NoError(t, err)
			assert.Equal(t, c.commands, f.Commands())
			assert.Equal(t, c.setup, f.Setup())
		})
	}
}

// What init writes is read without a complaint, asks for what there is, and claims
// nothing.
func TestWhatInitWrites(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{"everything": fullStack, "nothing": files("README.md", "")} {
		t.Run(name, func(t *testing.T) {
			f, err := Survey(fsys)
			require.NoError(t, err)
			src := f.Tracker(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
			got := tracker.Parse(DefaultTracker, src, nil)
			assert.Empty(t, got.Warnings)
			assert.Equal(t, "2026-11-24", got.Date.Text)
			assert.Len(t, got.Rules, 5)
			require.Len(t, got.Packets, 3)
			want := f.Commands()
			if len(want) == 0 {
				want = []string{"git diff --check"}
			}
			for i, p := range got.Packets {
				assert.Equal(t, fmt.Sprintf("PKT-0%d", i), p.ID)
				assert.Equal(t, tracker.StatusTodo, p.Row.Status)
				assert.Equal(t, i == 2, p.Final)
				assert.NotNil(t, p.Section)
				assert.NotEmpty(t, p.Boxes)
				assert.Len(t, p.Gates, 3)
				assert.Equal(t, tracker.EvidencePlaceholder, p.Evidence.State)
				require.NotNil(t, p.Checkpoint())
				assert.Equal(t, tracker.CheckpointTodo, p.Checkpoint().Kind)
				var commands []string
				for _, r := range p.Required {
					assert.False(t, r.Checked)
					assert.True(t, r.Stated)
					commands = append(commands, r.Command)
				}
				assert.Equal(t, want, commands)
			}
			assert.NotContains(t, string(src), "[x]")
			assert.Equal(t, []string{"PKT-00"}, got.Next.Packets)
			assert.True(t, isTracker(files("a.md", string(src)), "a.md"), "it is found again")

			p, err := policy.Parse(policy.FileName, f.PolicyText(), nil)
			require.NoError(t, err)
			assert.Equal(t, f.Setup(), p.Commands.Setup)
			assert.Equal(t, []string{DefaultTracker}, p.Trackers)
		})
	}
}

func TestPolicyNamesTheTrackersThatAreThere(t *testing.T) {
	f := Found{Trackers: []string{"a's plan.md"}}
	p, err := policy.Parse(policy.FileName, f.PolicyText(), nil)
	require.NoError(t, err)
	assert.Equal(t, f.Trackers, p.Trackers)
}

func TestFindTrackers(t *testing.T) {
	one := string((&Found{}).Tracker(time.Now()))
	cards := "# Cards\n\n## CARD-1 Brakes\n\nStatus: done\n\nCommands run:\n\n1. `go vet ./...` -> exit 0\n"
	assert.Equal(t, []string{"cards.md", "docs/a.md", "z.MD"}, FindTrackers(files(
		"cards.md", cards, "exits.md", "# Exits\n\n## EXIT-1 North\n\nStatus: open\n\nThe way to the exit.\n",
		"docs/a.md", one, "z.MD", one, "node_modules/p/a.md", one, "testdata/a.md", one, "README.md", "# A\n- [ ] x\n| a |\n|---|\n",
		"plan.md", "# Plan\n\n## Packet Board\n\n| Packet | Status |\n|---|---|\n| A-01 | TODO |\n\n- [ ] no section\n",
		"quoted.md", "# How to\n\n```markdown\n"+strings.ReplaceAll(one, "```", "~~~")+"\n```\n- [ ] | \n")))
}

// Real trackers are found, and the documents beside them are not.
func TestFindTrackersInTheCorpus(t *testing.T) {
	const corpus = "../../../shared/corpus"
	real, err := filepath.Glob(corpus + "/trackers/*.md")
	require.NoError(t, err)
	if len(real) == 0 {
		t.Skip("../shared/corpus is not there")
	}
	assert.Len(t, FindTrackers(os.DirFS(corpus)), len(real))
}

func TestSurveyIsBounded(t *testing.T) {
	fsys := files()
	for i := range maxEntries + 10 {
		fsys[fmt.Sprintf("a/%06d.txt", i)] = &fstest.MapFile{}
	}
	f, err := Survey(fsys)
	require.NoError(t, err)
	assert.True(t, f.Truncated)
}

// A link or a pipe in somebody's repository must not make the survey read outside
// of it, or wait.
func TestSurveyFollowsNoLinks(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "a.md"), (&Found{}).Tracker(time.Now()), 0o644))
	if err := os.Symlink(filepath.Join(outside, "a.md"), filepath.Join(root, "a.md")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "docs")))
	f, err := Survey(os.DirFS(root))
	require.NoError(t, err)
	assert.Empty(t, f.Trackers)
}

func TestSurveyOfNothing(t *testing.T) {
	_, err := Survey(os.DirFS(filepath.Join(t.TempDir(), "none")))
	assert.Error(t, err)
}

func TestPlainJSON(t *testing.T) {
	for src, want := range map[string]string{
		`{"a": 1, /* b */ "c": [1, 2,], // d` + "\n}": `{"a": 1,  "c": [1, 2] }`,
		`{"u": "http://x/*", "q": "\"//",}`:           `{"u": "http://x/*", "q": "\"//"}`,
		`{ /* open`:                                   `{ `,
		`"open`:                                       `"open`,
		``:                                            ``,
	} {
		assert.Equal(t, strings.Join(strings.Fields(want), ""), strings.Join(strings.Fields(string(plainJSON([]byte(src)))), ""), src)
	}
}
