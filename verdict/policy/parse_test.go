package policy

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/tracker"
)

var someRules = []string{"evidence/failed", "evidence/cached", "checkpoint/scope"}

func at(line, column int) tracker.Pos { return tracker.Pos{File: FileName, Line: line, Column: column} }

func TestEveryKey(t *testing.T) {
	src, err := os.ReadFile("testdata/full.yaml")
	require.NoError(t, err)
	p, err := Parse(FileName, src, someRules)
	require.NoError(t, err)
	assert.Len(t, p.SHA256, 64)
	p.SHA256 = ""
	assert.Equal(t, &Policy{
		Path:     FileName,
		Trackers: []string{"docs/release.md", "docs/lanes/*.md"},
		Vocabulary: &tracker.Vocabulary{
			Headings: map[string][]string{"board": {"Work items"}, "risks": {"What may go wrong"}},
			Columns:  map[string][]string{"status": {"Zustand"}},
			Statuses: map[string][]string{"DONE": {"shipped"}},
			PacketID: `REL-\d+`, Final: []string{"Release sign-off"},
		},
		Commands: Commands{
			Timeout: 20 * time.Minute, RunTimeout: 90 * time.Minute, Timeouts: map[string]time.Duration{"go test ./... -race": 40 * time.Minute},
			Required: []Required{
				{Command: "go vet ./...", Pos: at(22, 7)},
				{Command: "npx vitest run", Dir: "frontend", Expected: 3, Packet: "REL-01", MinTests: 40, Pos: at(23, 7)},
			},
			JSON:    []JSONList{{Path: "docs/status.json", Pointer: "/gates/*/proof_commands", Argv: "words", Dir: "folder", Pos: at(29, 7)}},
			Trusted: []string{"./scripts/smoke.sh"}, Allowed: []string{"git clean -fd build"}, Setup: []string{"npm ci"},
			Environment: map[string]string{"TZ": "UTC", "CGO_ENABLED": "0"}, PassThrough: []string{"GOFLAGS"}, Secrets: []string{"DEPLOY_KEY"},
			MaxLogBytes: 8 << 20, Retries: 1, Jobs: 2,
		},
		Severities: map[string]string{"checkpoint/scope": "note", "evidence/cached": "off"},
		Contracts: []Contract{{
			ID: "no-legacy-api", Pattern: `/api/resources\b`, Paths: []string{"internal/**/*.go"}, Reason: "the API is frozen", Severity: "condition", Pos: at(48, 5),
		}},
		Checkpoints: Checkpoints{
			Signed: "any", KeyRing: ".github/maintainers.asc", AllowedSigners: ".github/allowed_signers", FullHash: true, IgnorePaths: []string{"**/*.snap"},
		},
		Risks: Risks{MaxOpen: 3, Known: []KnownRisk{{Text: "the importer has no limit", Severity: "low", Disposition: "deferred", Owner: "ada", Pos: at(62, 7)}}, Overrides: []RiskOverride{{
			Packet: "REL-01", Match: "half cents", Disposition: "accepted", Severity: "low", Reason: "settled with accounting", Pos: at(67, 7),
		}}},
		Waivers: []Waiver{{
			Rule: "evidence/failed", Packet: "REL-01", Match: "vitest", Reason: "fixed by the next minor version of the runner", Owner: "ada",
			Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), Commit: "0123abcd", From: "v1.2.0", To: "v1.3.0", Pos: at(73, 5),
		}},
		Accept:    Accept{Users: []string{"ada"}, Teams: []string{"example/release"}},
		Retention: Retention{Runs: 5, Bytes: 200e6},
		Publish:   Publish{ConditionsConclusion: "failure"},
	}, p)
}

// good are files that are as good as none, or nearly.
var good = map[string]string{
	"empty":                "",
	"blank":                "\n\n",
	"comments":             "# nothing yet\n",
	"a document's mark":    "---\n",
	"null":                 "null\n",
	"version":              "version: 1\n",
	"keys commented out":   "version: 1\ncommands:\n  # timeout: 15m\ntrackers:\n",
	"an empty list":        "trackers: []\n",
	"windows line ends":    "version: 1\r\ncommands:\r\n  timeout: 15m\r\n",
	"byte order mark":      "\ufeffversion: 1\n",
	"no last line end":     "version: 1",
	"flow style":           "{version: 1, commands: {timeout: 15m}}\n",
	"json":                 `{"version": 1, "commands": {"timeout": "15m"}}`,
	"unlimited risks":      "risks: {max_open: -1}\n",
	"no limit for the run": "commands: {run_timeout: 0s}\n",
}

func TestGoodFiles(t *testing.T) {
	for name, src := range good {
		t.Run(name, func(t *testing.T) {
			p, err := Parse("", []byte(src), nil)
			require.NoError(t, err)
			p.SHA256 = ""
			assert.Equal(t, Default(), p)
		})
	}
}

func TestOneTextStandsForAList(t *testing.T) {
	p, err := Parse(FileName, []byte("trackers: docs/a.md\ncommands:\n  setup: |\n    npm ci &&\n    go generate ./...\n"), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"docs/a.md"}, p.Trackers)
	assert.Equal(t, []string{"npm ci &&\ngo generate ./...\n"}, p.Commands.Setup)
}

func TestShortTimeout(t *testing.T) {
	p, err := Parse(FileName, []byte("version: 1\ncommands:\n  timeout: 5s\n"), nil)
	require.NoError(t, err)
	assert.Equal(t, 5*time.Second, p.Commands.Timeout)
	assert.Equal(t, Default().Commands.MaxLogBytes, p.Commands.MaxLogBytes, "what the file leaves out keeps its default")
}

// bad are files with what is said of them. schema: the JSON Schema refuses the
// file as well; what it cannot say (that a date exists, that a pattern compiles,
// which rules there are) only the parser finds.
var bad = []struct {
	name, src string
	schema    bool
	want      []string
}{
	{"unknown key", "comands:\n  timeout: 5s\n", true, []string{`1:1: unknown key "comands"; expected the keys version, trackers, tracker, commands, severities, contracts, checkpoints, risks, waivers, accept, retention, publish; did you mean commands?`}},
	{"key of another place", "timeout: 5s\n", true, []string{`1:1: unknown key "timeout"; expected the keys version, trackers, tracker, commands, severities, contracts, checkpoints, risks, waivers, accept, retention, publish; did you mean commands: timeout?`}},
	{"other spelling", "commands:\n  runTimeout: 5s\n  max-log: 1MiB\n", true, []string{
		`2:3: unknown key "runTimeout"; expected the keys timeout, run_timeout, timeouts, required, json, trusted, allow, setup, environment, pass_through, secrets, max_log, retries, jobs; did you mean run_timeout?`,
		`3:3: unknown key "max-log"; expected the keys timeout, run_timeout, timeouts, required, json, trusted, allow, setup, environment, pass_through, secrets, max_log, retries, jobs; did you mean max_log?`,
	}},
	{"nothing near", "accept:\n  zebra: 1\n", true, []string{`2:3: unknown key "zebra"; expected the keys users, teams`}},
	{"version", "version: 2\n", true, []string{"1:10: the number 2; expected 1, the only version there is"}},
	{"no mapping", "- a\n", true, []string{"1:1: a list; expected the keys version, trackers, tracker, commands, severities, contracts, checkpoints, risks, waivers, accept, retention, publish"}},
	{"list for an object", "commands: [a]\n", true, []string{"1:11: a list; expected the keys timeout, run_timeout, timeouts, required, json, trusted, allow, setup, environment, pass_through, secrets, max_log, retries, jobs"}},
	{"number for a time", "commands:\n  timeout: 15\n", true, []string{"2:12: the number 15; expected a time span such as 90s, 15m or 1h30m"}},
	{"wrong time", "commands:\n  timeout: 15 minutes\n", true, []string{`2:12: "15 minutes": no number with a unit (ms, s, m, h); expected a time span such as 90s, 15m or 1h30m`}},
	{"no time", "commands:\n  timeout: 0s\n", false, []string{`2:12: "0s": shorter than 1ms; expected a time span such as 90s, 15m or 1h30m`}},
	{"endless time", "commands:\n  timeout: 99999999999999h\n", false, []string{`2:12: "99999999999999h": too long; expected a time span such as 90s, 15m or 1h30m`}},
	{"nothing for a time", "commands:\n  timeout:\n", true, []string{"2:12: nothing; expected a time span such as 90s, 15m or 1h30m"}},
	{"wrong size", "commands:\n  max_log: 64M\n", true, []string{`2:12: "64M": no whole number with a unit (B, KiB, MiB, GiB); expected a size such as 512KiB, 64MiB or 1GiB`}},
	{"huge size", "commands:\n  max_log: 99999999999GiB\n", false, []string{`2:12: "99999999999GiB": too large; expected a size such as 512KiB, 64MiB or 1GiB`}},
	{"negative number", "commands:\n  retries: -1\n", true, []string{"2:12: the number -1; expected a whole number from 0 to 10"}},
	{"fraction", "commands:\n  jobs: 1.5\n", true, []string{"2:9: the number 1.5; expected a whole number from 0 to 1024"}},
	{"text for a truth value", "checkpoints:\n  full_hash: yes\n", true, []string{`2:14: the text "yes"; expected true or false`}},
	{"bad date", "waivers:\n  - {rule: evidence/failed, reason: r, owner: o, expires: 2026-02-30}\n", false, []string{`2:59: "2026-02-30": no such day; expected a day such as 2027-01-31`}},
	{"waiver without what it must say", "waivers:\n  - rule: evidence/failed\n", true, []string{
		`2:5: "reason" is missing: Why it is accepted.`, `2:5: "owner" is missing: Who answers for it.`, `2:5: "expires" is missing: The last day on which it holds (UTC).`,
	}},
	{"empty reason", "waivers:\n  - {rule: evidence/failed, reason: ' ', owner: o, expires: 2027-01-31}\n", true, []string{`2:37: " ": it is empty; expected a text (in quotes, when it looks like a number)`}},
	{"hash that is a number", "waivers:\n  - {rule: evidence/failed, reason: r, owner: o, expires: 2027-01-31, commit: 1234567}\n", true, []string{"2:79: the number 1234567; expected a commit's hash, 7 to 64 digits in lower case, in quotes when it has no letter"}},
	{"unknown rule", "severities:\n  evidence/faild: note\nwaivers:\n  - {rule: x/y, reason: r, owner: o, expires: 2027-01-31}\n", false, []string{
		`2:3: unknown rule "evidence/faild"; expected an id that 'verdict explain' lists; did you mean evidence/failed?`,
		`4:12: unknown rule "x/y"; expected an id that 'verdict explain' lists`,
	}},
	{"unknown severity", "severities:\n  evidence/failed: blok\n", true, []string{`2:20: "blok" is not known here; expected one of off, blocker, condition, note`}},
	{"truth value for a severity", "severities:\n  evidence/failed: false\n", true, []string{"2:20: the truth value false; expected one of off, blocker, condition, note"}},
	{"bad pattern", "contracts:\n  - {id: a, pattern: '('}\n", false, []string{"2:22: \"(\": missing closing ): `(`; expected a regular expression (RE2)"}},
	{"bad glob", "checkpoints:\n  ignore_paths: ['docs/[']\n", false, []string{`2:18: "docs/[": a [ is not closed; expected a path or pattern below the repository's root, such as docs/*.md`}},
	{"path outside", "trackers: [/etc/passwd, ../a.md, 'a\\b', C:/x]\n", true, []string{
		`1:12: "/etc/passwd": it is absolute; expected a path or pattern below the repository's root, such as docs/*.md`,
		`1:25: "../a.md": it leaves the repository; expected a path or pattern below the repository's root, such as docs/*.md`,
		`1:34: "a\b": it holds a \; expected a path or pattern below the repository's root, such as docs/*.md`,
		`1:41: "C:/x": it is absolute; expected a path or pattern below the repository's root, such as docs/*.md`,
	}},
	{"deep glob for trackers", "trackers: ['docs/**/*.md']\n", false, []string{`1:12: "docs/**/*.md": ** and {} have no place here; * matches within one folder; expected a path or pattern below the repository's root, such as docs/*.md`}},
	{"required without a command", "commands:\n  required:\n    - dir: frontend\n    - []\n    - ''\n", true, []string{
		`3:7: "run" is missing: The command, as shell text.`,
		"4:7: a list; expected shell text, or an object with the key run",
		`5:7: "": it is empty; expected a text (in quotes, when it looks like a number)`,
	}},
	{"name of a variable", "commands:\n  environment:\n    A-B: x\n    C: [1]\n", true, []string{
		`3:5: "A-B": not of that form; expected the name of a variable`, "4:8: a list; expected a text or a number",
	}},
	{"unknown part", "tracker:\n  headings:\n    boards: [a]\n", true, []string{`3:5: "boards" is not known here; expected one of board, required, gates, evidence, risks, checkpoints, next, rules; did you mean board?`}},
	{"override that changes nothing", "risks:\n  overrides:\n    - {match: a, reason: b}\n", true, []string{"3:7: an override that changes nothing; expected disposition, severity or both"}},
	{"signatures without keys", "checkpoints:\n  signed: ssh\n", false, []string{"2:3: signed: ssh without the keys that count; expected allowed_signers beside it"}},
	{"pointer", "commands:\n  json:\n    - {path: a.json, pointer: gates}\n", true, []string{`3:31: "gates": not of that form; expected a JSON pointer such as /gates/*/proof_commands`}},
	{"key twice", "commands:\n  timeout: 5s\ncommands:\n  timeout: 50m\n", false, []string{`3:1: "commands" stands here again, after line 1; expected each key once`}},
	{"anchor", "trackers: &a [x.md]\naccept:\n  users: *a\n", false, []string{
		"1:11: anchors, aliases and merge keys have no place here; expected the value itself", "3:10: anchors, aliases and merge keys have no place here; expected the value itself",
	}},
	{"tag", "trackers: !!set [x.md]\n", false, []string{"1:11: tags and directives have no place here; expected plain YAML"}},
	{"second document", "version: 1\n---\nversion: 1\n", false, []string{"3:1: a second document begins; expected one document"}},
	{"tab", "commands:\n\ttimeout: 5s\n", false, []string{"2:1: a tab in the indentation; expected spaces"}},
	{"bracket left open", "trackers: [a.md\n", false, []string{"1:11: not YAML: sequence end token ']' not found"}},
	{"not UTF-8", "version: 1\n# caf\xe9\n", false, []string{"2:6: the byte 0xe9; expected text in UTF-8"}},
	{"UTF-16", "v\x00e\x00", false, []string{"1:2: the byte 0x00; expected text in UTF-8"}},
	{"too deep", "a: " + strings.Repeat("[", 60000), false, []string{"1:20: the nesting is too deep; expected at most 16 levels"}},
	{"too many dashes", strings.Repeat("- ", 30000), false, []string{"1:33: the nesting is too deep; expected at most 16 levels"}},
	{"too large", strings.Repeat("# a comment\n", 30000), false, []string{"1:1: the file has 351 KiB; expected at most 64 KiB"}},
}

func TestBadFiles(t *testing.T) {
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(FileName, []byte(c.src), someRules)
			var problems *Error
			require.ErrorAs(t, err, &problems)
			assert.Nil(t, p)
			var got []string
			for _, p := range problems.Problems {
				got = append(got, strings.TrimPrefix(p.String(), FileName+":"))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestVeryManyProblems(t *testing.T) {
	_, err := Parse(FileName, []byte(strings.Repeat("zebra: 1\n", 80)), nil)
	require.Error(t, err)
	assert.Equal(t, maxShown, strings.Count(err.Error(), "\n"))
	assert.True(t, strings.HasSuffix(err.Error(), "\nand 30 more"), err.Error())
}

// No file takes long, and none ends the program.
func FuzzParse(f *testing.F) {
	full, err := os.ReadFile("testdata/full.yaml")
	require.NoError(f, err)
	f.Add(full)
	for _, c := range bad {
		if len(c.src) < 1000 {
			f.Add([]byte(c.src))
		}
	}
	for _, src := range good {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Parse(FileName, src, someRules)
		assert.Equal(t, err != nil, p == nil)
		var problems *Error
		if err != nil && assert.ErrorAs(t, err, &problems) {
			for _, p := range problems.Problems {
				assert.True(t, p.Pos.IsValid())
				assert.NotContains(t, p.String(), "\n")
			}
		}
	})
}
