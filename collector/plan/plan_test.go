package plan_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/plan"
	"github.com/verdictci/verdict/collector/tracker"
	"github.com/verdictci/verdict/verdict/policy"
)

// planOf plans one required command.
func planOf(t *testing.T, command string) *plan.Command {
	t.Helper()
	p := plan.Build([]*tracker.Tracker{{
		Path:    "t.md",
		Rules:   []tracker.Rule{{Number: 7, Text: "Do not use git checkout --, git restore --source, git reset --hard, or git clean -fd on shared worktrees.", Pos: tracker.Pos{File: "t.md", Line: 9, Column: 1}}},
		Packets: []tracker.Packet{{ID: "A-1", Required: []tracker.Required{{Command: command}}}},
	}}, nil)
	require.Len(t, p.Commands, 1)
	return &p.Commands[0]
}

func TestCanonical(t *testing.T) {
	same := [][]string{
		{`go test ./... -run "TrueNAS" -count=1`, `go  test ./... -run 'TrueNAS' -count=1 # fast`, `go test ./... -run TrueNAS -count=1`},
		{`cd a && npx vitest run`, "cd a &&\n  npx vitest run", `cd 'a' && npx "vitest" run`},
		{`go test -run "A|B" .`, `go test -run 'A|B' .`, `go test -run A\|B .`},
	}
	for _, group := range same {
		want, err := plan.Canonical(group[0])
		require.NoError(t, err)
		for _, other := range group[1:] {
			got, err := plan.Canonical(other)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	different := []string{`rg x *.go`, `rg x '*.go'`, `echo $HOME`, `echo '$HOME'`, `go test ./a`, `go test ./a ./b`, `a && b`, `a ; b`, `a || b`, `FOO=1 a b`}
	seen := map[string]string{}
	for _, c := range different {
		key, err := plan.Canonical(c)
		require.NoError(t, err)
		assert.Empty(t, seen[key], "%q and %q are not the same", c, seen[key])
		seen[key] = c
	}
	_, err := plan.Canonical(`go test ./... (0.3s)`)
	assert.Error(t, err)
}

func TestSeedPlan(t *testing.T) {
	src, err := os.ReadFile("../../../shared/corpus/trackers/truenas-rollout-readiness-progress.md")
	if err != nil {
		t.Skipf("the corpus of real trackers is not there: %v", err)
	}
	p := plan.Build([]*tracker.Tracker{tracker.Parse("seed.md", src, nil)}, nil)
	needs := 0
	for _, c := range p.Commands {
		needs += len(c.Needs)
		assert.Nil(t, c.Refusal, c.Key)
		assert.True(t, c.Shape.Sound, c.Key)
		assert.NotEmpty(t, c.Lane, c.Key)
	}
	assert.Equal(t, 13, needs)
	assert.Len(t, p.Commands, 8)
	assert.Equal(t, []string{"TRR-00", "TRR-01", "TRR-02", "TRR-03", "TRR-04", "TRR-05"}, p.Packets)
}

func TestMasks(t *testing.T) {
	cases := map[string][]string{
		"go test ./...":                             nil,
		"cd a && go vet ./... && go test ./...":     nil,
		"FOO=1 go test ./... > /dev/null 2>&1":      nil,
		"go test ./... && ! grep -rn FIXME calc":    {"negation"},
		"go test ./... || exit 1":                   nil,
		"go test ./... || { echo bad; exit 1; }":    nil,
		"set -o pipefail; go test ./... | tail -5":  nil,
		"set -e; go vet ./...; go test ./...":       nil,
		"go test ./... || true":                     {"or"},
		"go test ./... || :":                        {"or"},
		"go test ./... | tail -5":                   {"pipe"},
		"go test ./... 2>&1 | tee log":              {"pipe"},
		"go test ./...; echo done":                  {"sequence"},
		"go test ./...\necho done":                  {"sequence"},
		"go test ./... & echo started":              {"background"},
		"! go test ./...":                           {"negation"},
		"if go test ./...; then :; fi":              {"condition"},
		"echo \"$(go test ./...)\"":                 {"substitution"},
		"export X=$(go test ./...)":                 {"substitution"},
		"set +e; go test ./...; go vet ./...":       {"sequence"},
		"(go test ./...; true)":                     {"sequence"},
		"bash -c 'go test ./...; true'":             {"sequence"},
		"trap 'exit 0' EXIT; go test ./...":         {"trap"},
		"git ls-files | xargs -r go test":           {"pipe", "xargs"},
		"find . -execdir go test \\;":               {"find-exec"},
		"for d in a b; do go test ./$d; done":       {"loop"},
		"timeout --preserve-status 5 go test ./...": {"timeout"},
		"timeout 5 go test ./... || [ $? = 124 ]":   {"or"},
		"cd calc; cd ../missing; go build ./...":    {"sequence", "sequence"},
		"f() { go test ./...; echo; }; f":           {"sequence"},
		"coproc go test ./...":                      {"background"},
		"cat <(go test ./...)":                      {"substitution"},
	}
	for command, want := range cases {
		t.Run(command, func(t *testing.T) {
			var got []string
			c := planOf(t, command)
			require.True(t, c.Shape.Parses, c.Shape.Error)
			for _, m := range c.Shape.Masks {
				got = append(got, m.Kind)
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestTools(t *testing.T) {
	cases := map[string]struct {
		tool string
		kind string
	}{
		"go test ./...":                            {"go test", "check"},
		"go -C sub test ./...":                     {"go test", "check"},
		"timeout 5 go test ./...":                  {"go test", "check"},
		"env A=1 nice -n 5 go vet ./...":           {"go vet", "check"},
		"npx vitest run":                           {"vitest", "check"},
		"npx --no-install tsc --noEmit":            {"tsc", "check"},
		"npm --prefix frontend exec -- vitest run": {"vitest", "check"},
		"frontend/node_modules/.bin/tsc --noEmit":  {"tsc", "check"},
		"pnpm vitest run":                          {"vitest", "check"},
		"npm test":                                 {"npm test", "opaque"},
		"npm run lint":                             {"npm run", "opaque"},
		"make test":                                {"make", "opaque"},
		"./check.sh":                               {"check.sh", "opaque"},
		"bash scripts/smoke.sh":                    {"bash", "opaque"},
		"python -m pytest -q":                      {"pytest", "check"},
		"cargo test --all":                         {"cargo test", "check"},
		"$(go env GOPATH)/bin/govulncheck ./...":   {"govulncheck", "check"},
		"rg -n TODO src":                           {"rg", "status"},
		"git diff --exit-code -- a":                {"git", "status"},
		"true":                                     {"true", "quiet"},
		"echo ok":                                  {"echo", "quiet"},
		"npm ci":                                   {"npm ci", "quiet"},
	}
	for command, want := range cases {
		t.Run(command, func(t *testing.T) {
			steps := planOf(t, command).Shape.Steps
			require.NotEmpty(t, steps)
			s := steps[len(steps)-1]
			kind := "quiet"
			switch {
			case s.Probative:
				kind = "check"
			case s.Status:
				kind = "status"
			case s.Opaque:
				kind = "opaque"
			}
			assert.Equal(t, want.tool, s.Tool)
			assert.Equal(t, want.kind, kind)
		})
	}
}

func TestRefusals(t *testing.T) {
	refused := []string{
		"git reset --hard && go test ./...", "git checkout -- .", "git restore --source HEAD a", "git clean -fd", "git -C sub clean -xfd", "git push origin main", "bash -c 'git reset --hard'",
		"(cd a && git clean -f)", "echo $(git stash)", "rm -rf ..", "rm -rf /", "rm -rf ~/x", `rm -rf "$HOME"`, "rm -r ../other", "curl -s https://example.com/x.sh | sh", "wget -qO- x | sudo bash",
		"sudo rm -rf a", "dd if=a of=/dev/sda", "echo x > /etc/passwd", "<command>", "go test ./... (0.3s)", "npm publish", "env git push", "timeout 5 git reset --hard", "xargs rm -rf /",
	}
	for _, command := range refused {
		t.Run(command, func(t *testing.T) {
			require.NotNil(t, planOf(t, command).Refusal)
			assert.NotEmpty(t, planOf(t, command).Refusal.Hint)
		})
	}
	allowed := []string{
		"git diff --exit-code", "git status --porcelain", "git log --oneline", "rm -rf build", "rm -rf ./dist && go build ./...", "git reset -q", "git clean -nd", "git restore --staged a", "rm -f /tmp/x",
		"go test ./... > /dev/null 2>&1; echo $?", "curl -f https://example.com", "git checkout main", "rg 'git push' docs", "echo 'rm -rf /'",
	}
	for _, command := range allowed {
		t.Run(command, func(t *testing.T) {
			assert.Nil(t, planOf(t, command).Refusal)
		})
	}
	assert.Equal(t, 9, planOf(t, "git reset --hard").Refusal.Pos.Line, "the tracker's own rule is cited")
	p := policy.Default()
	p.Commands.Allowed = []string{"git  push"}
	built := plan.Build([]*tracker.Tracker{{Packets: []tracker.Packet{{ID: "A", Required: []tracker.Required{{Command: "git push"}}}}}}, p)
	assert.Nil(t, built.Commands[0].Refusal)
}

// forms are shell texts in which f3 exits with 3 and ok with 0; both say so.
var forms = strings.Split(`f3
ok && f3
f3 && ok
f3 | cat
ok | f3
set -o pipefail; f3 | cat
set -euo pipefail; f3 | cat; echo after
f3 |& cat
f3 || true
f3 || :
f3 || echo failed
f3 || { echo failed; exit 1; }
f3 || exit 7
f3; echo done
f3; true
f3 & wait
f3 & wait $!
f3 & p=$!; wait $p
if f3; then echo yes; fi
if ! f3; then echo bad; exit 1; fi
if ok; then echo yes; else echo no; fi
! f3
! ok
x=$(f3)
x=$(f3); echo "$x"
echo "$(f3)"
export X=$(f3)
f() { local x=$(f3); }; f
f() { f3; echo in; }; f
X=$(f3) ok
f3; exit 0
set -e; f3; echo after
set +e; f3; echo after
set -e; f3 || true; echo after
set -e; if f3; then :; fi; echo after
timeout 5 f3
timeout 5 ok
echo a | xargs f3
echo a b | xargs -n1 ok
echo | xargs -r f3
f3 2>&1 | tee /dev/null
f3 | tail -20
f3 | grep -c out
for i in 1 2; do f3; done
for i in 1 2; do ok; done; ok
while f3; do :; done
until ok; do :; done
case a in a) f3;; esac
case a in b) f3;; esac
(f3)
(f3; ok)
{ f3; ok; }
{ ok; f3; }
trap 'exit 0' EXIT; f3
trap 'echo bye' EXIT; f3
cat <(f3)
cat <<< "$(f3)"
FOO=1 f3
FOO="a b" ok
env FOO=1 f3
ok > /dev/null
f3 > /dev/null 2>&1
f3 > /dev/null 2>&1; echo $?
ok; echo ${PIPESTATUS[0]}
f3 | cat; echo ${PIPESTATUS[@]}
test -z "$(nosuch)"
nosuch
nosuch || echo missing
ok 'a b' "c  d" e\ f
ok "$HOME" '$HOME'
ok *.txt
ok {a,b}
ok $((1+2))
[ -z "" ] && ok
[[ a = a ]] && f3
((1)) && ok
cd sub && ok
cd sub && f3
cd nosuch && ok
cd nosuch; ok
cd nosuch 2>/dev/null || ok
(cd sub; ok); ls
bash -c 'f3; true'
sh -c 'f3'
bash -c 'exit 5'
eval f3
eval 'f3 || true'
command f3
exec f3
nohup ok
f3 & wait; ok
ok && ok && f3 || echo caught
ok || f3 && echo both
time -p ok 2>/dev/null
select_() { ok; }; select_
kill -9 $$
kill -TERM $$
exit 4
return 2>/dev/null; ok
true && false
false || f3
printf 'a\nb\n' | while read l; do ok $l; done
a=(1 2 3); ok "${a[@]}"
ok "${UNSET:-default}"
ok <<'X'
text
X`, "\n")

// TestInstrumentKeepsMeaning runs each form as it is and instrumented, with a
// witness that only runs the command: status and output must be the same.
func TestInstrumentKeepsMeaning(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	bin := t.TempDir()
	for name, text := range map[string]string{
		"f3":      "#!/bin/sh\necho out3 \"$@\"\necho err3 >&2\nexit 3\n",
		"ok":      "#!/bin/sh\necho fine \"$@\"\nexit 0\n",
		"witness": "#!/bin/bash\nshift\n[ \"$1\" = --failed ] && exit 0\nshift\nexec \"$@\"\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755))
	}
	last := forms[len(forms)-3:]
	texts := append(append([]string{}, forms[:len(forms)-3]...), strings.Join(last, "\n"))
	for i, text := range texts {
		t.Run(fmt.Sprintf("%03d %s", i, text), func(t *testing.T) {
			wantCode, wantOut := runBash(t, bash, bin, text)
			for _, shell := range []plan.Shell{plan.Bash, plan.Posix} {
				instrumented, err := plan.Instrument(text, shell, plan.Witness{Program: filepath.Join(bin, "witness"), Log: filepath.Join(t.TempDir(), "log")})
				require.NoError(t, err)
				gotCode, gotOut := runBash(t, bash, bin, instrumented)
				assert.Equal(t, wantCode, gotCode, instrumented)
				assert.Equal(t, wantOut, gotOut, instrumented)
			}
		})
	}
}

func runBash(t *testing.T, bash, bin, text string) (string, string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.txt"), nil, 0o644))
	cmd := exec.Command(bash, "--noprofile", "--norc", "-c", text)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=/nonexistent"}
	out, _ := cmd.Output()
	return cmd.ProcessState.String(), string(out)
}

func TestPackagesAreOrderedByDependency(t *testing.T) {
	p := plan.Build([]*tracker.Tracker{{Packets: []tracker.Packet{
		{ID: "A", DependsOn: []string{"C"}}, {ID: "B", DependsOn: []string{"a"}}, {ID: "C", DependsOn: []string{"B"}}, {ID: "D", DependsOn: []string{"E"}}, {ID: "E"},
	}}}, nil)
	assert.Len(t, p.Packets, 5)
	assert.Equal(t, []string{"E", "D"}, p.Packets[3:])
}

func TestReportsOfSteps(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	text, err := plan.Instrument(`x=1 uname -s "a b" $'x\ny' é '' >/dev/null 2>&1; no-such-program; cd /; sh -c 'exit 3' | cat`, plan.Bash, plan.Witness{Log: log})
	require.NoError(t, err)
	cmd := exec.Command(bash, "--noprofile", "--norc", "-c", text)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH")}
	cmd.Run()

	src, err := os.ReadFile(log)
	require.NoError(t, err)
	steps, ends := map[string]plan.Report{}, map[string]plan.Report{}
	for line := range strings.Lines(string(src)) {
		r, ok := plan.ReadReport(strings.TrimSuffix(line, "\n"))
		require.True(t, ok, line)
		if !r.End {
			steps[r.Argv[0]] = r
		} else {
			for name, s := range steps {
				if s.ID == r.ID {
					ends[name] = r
				}
			}
		}
	}
	assert.Equal(t, []string{"uname", "-s", "a b", "x\ny", "é", ""}, steps["uname"].Argv)
	assert.Equal(t, dir, steps["uname"].Dir)
	assert.False(t, steps["uname"].At.IsZero())
	assert.Equal(t, 1, ends["uname"].ExitCode)
	assert.True(t, ends["no-such-program"].NotFound)
	assert.Equal(t, "/", steps["sh"].Dir)
	assert.Equal(t, 3, ends["sh"].ExitCode)
	assert.Equal(t, 0, ends["cat"].ExitCode)
	_, ok := plan.ReadReport("+ 1 2")
	assert.False(t, ok)
}
