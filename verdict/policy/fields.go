package policy

import (
	"math"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/verdictci/verdict/collector/tracker"
)

// The words that stand for a judgement in the file.
var (
	severities   = []string{"blocker", "condition", "note"}
	dispositions = []string{"none", "resolved", "mitigated", "accepted", "deferred", "open"}
	weights      = []string{"info", "low", "medium", "high", "critical"}
)

const noLimit = math.MaxInt32

const variable = `^[A-Za-z_][A-Za-z0-9_]*$`

func variableName(to *string) form { return matching(to, "the name of a variable", variable) }

func commitHash(to *string) form {
	return matching(to, "a commit's hash, 7 to 64 digits in lower case, in quotes when it has no letter", `^[0-9a-f]{7,64}$`)
}

// fileForm is the whole file: every key, bound to its place in the policy. The
// parser and the JSON Schema are both made from it.
func fileForm(p *Policy) form {
	return object(nil,
		key("version", "Version of this file's form.", version()),
		key("trackers", "Trackers to decide about when the command line names none: paths or patterns.", list(&p.Trackers, glob(false)), []string{"docs/progress.md"}),
		key("tracker", "Words of trackers that do not use the default form.", vocabulary(&p.Vocabulary)),
		key("commands", "How required commands run, and which others are required.", commands(&p.Commands)),
		key("severities", "Another severity for a rule, or off. Rules about what was not seen stay as they are.",
			table(&p.Severities, rule, func(to *string) form { return choice(to, append([]string{"off"}, severities...)...) }), map[string]string{"checkpoint/scope": "note"}),
		key("contracts", "Patterns that no line added since the base may hold.", list(&p.Contracts, contract)),
		key("checkpoints", "What is asked of checkpoint commits.", checkpoints(&p.Checkpoints)),
		key("risks", "Limits on residual risks, and the team's own word on single ones.", risks(&p.Risks)),
		key("waivers", "Findings that somebody accepts until a date. A waived blocker becomes a condition, never a GO.", list(&p.Waivers, waiver)),
		key("accept", "Who may accept findings in comments on a pull request.", object(nil,
			key("users", "Logins. Without users and teams: everybody with write permission.", list(&p.Accept.Users, text), []string{"ada"}),
			key("teams", "Teams, as organisation/team.", list(&p.Accept.Teams, text), []string{"example/release"}))),
		key("retention", "What .verdict/ keeps.", object(nil,
			key("runs", "Newest runs that are kept.", whole(&p.Retention.Runs, 1, noLimit)),
			key("bytes", "Size of all runs together.", size(&p.Retention.Bytes)))),
		key("publish", "How the decision is shown on a pull request.", object(nil,
			key("conditions", "Conclusion of the check run for GO_WITH_CONDITIONS.", choice(&p.Publish.ConditionsConclusion, "success", "failure")))),
	)
}

func version() form {
	return form{&schema{Const: Version}, func(r *reader, n ast.Node) {
		if _, ok := n.(*ast.IntegerNode); !ok || n.GetToken().Value != "1" {
			r.wrong(n, "1, the only version there is")
		}
	}}
}

func commands(c *Commands) form {
	return object(nil,
		key("timeout", "Time limit of one command.", duration(&c.Timeout, time.Millisecond)),
		key("run_timeout", "Time limit of a whole run; 0s for none.", duration(&c.RunTimeout, 0), "1h"),
		key("timeouts", "Time limits of single commands, by their text.",
			table(&c.Timeouts, text, func(to *time.Duration) form { return duration(to, time.Millisecond) }), map[string]string{"go test ./... -race": "40m"}),
		key("required", "Commands that are required beside those of the tracker: shell text, or an object.", list(&c.Required, required)),
		key("json", "Lists of commands that the team keeps in JSON files.", list(&c.JSON, jsonList)),
		key("trusted", "Commands whose inside need not be seen.", list(&c.Trusted, text), []string{"./scripts/smoke.sh"}),
		key("allow", "Commands that would be refused otherwise.", list(&c.Allowed, text)),
		key("setup", "Commands that run first, once, in every clean checkout.", list(&c.Setup, text), []string{"npm ci"}),
		key("environment", "Variables that are set for every command. Not a place for secrets.", table(&c.Environment, variableName, value), map[string]string{"TZ": "UTC"}),
		key("pass_through", "Variables that are passed on although they change what commands do.", list(&c.PassThrough, variableName), []string{"GOFLAGS"}),
		key("secrets", "Variables that commands do not see, and whose values are cut out of everything that is kept.", list(&c.Secrets, variableName), []string{"DEPLOY_KEY"}),
		key("max_log", "How much of one command's output is kept; its start and end, when there is more.", size(&c.MaxLogBytes)),
		key("retries", "More attempts at a command that failed. A pass after a failure is a condition.", whole(&c.Retries, 0, 10)),
		key("jobs", "How many commands run side by side; 0 for as many as make sense.", whole(&c.Jobs, 0, 1024)),
	)
}

func required(q *Required) form {
	short := text(&q.Command)
	read := short.read
	short.read = func(r *reader, n ast.Node) {
		q.Pos = r.pos(n)
		read(r, n)
	}
	return either(short, "shell text, or an object with the key run", object(&q.Pos,
		must(key("run", "The command, as shell text.", text(&q.Command), "go test ./... -count=1")),
		key("dir", "Folder that it runs in, below the root.", local(&q.Dir), "frontend"),
		key("expect", "Exit status that it must have.", whole(&q.Expected, 0, 255)),
		key("packet", "Packet that it belongs to.", text(&q.Packet), "REL-01"),
		key("min_tests", "Fewest tests that must pass; 0 for the rule that at least one does.", whole(&q.MinTests, 0, noLimit), 40),
	))
}

func jsonList(l *JSONList) form {
	l.Argv, l.Dir = "argv", "cwd"
	return object(&l.Pos,
		must(key("path", "The JSON file.", local(&l.Path), "docs/status.json")),
		key("pointer", "JSON pointer (RFC 6901) to the list, or to one command; * stands for every element. Empty: the whole file.",
			matching(&l.Pointer, "a JSON pointer such as /gates/*/proof_commands", `^(/([^~]|~[01])*)?$`), "/gates/*/proof_commands"),
		key("argv", "Member that holds the command: an array of words, or shell text.", withDefault(text(&l.Argv), "argv")),
		key("dir", "Member that holds the folder.", withDefault(text(&l.Dir), "cwd")),
	)
}

func withDefault(f form, to any) form {
	s := *f.schema
	s.Default = to
	return form{&s, f.read}
}

func contract(c *Contract) form {
	c.Severity = "blocker"
	return object(&c.Pos,
		must(key("id", "Name of the contract.", text(&c.ID), "no-legacy-api")),
		must(key("pattern", "Regular expression (RE2) that no added line may match.", regex(&c.Pattern), `/api/resources\b`)),
		key("paths", "Files that it is about, as patterns: ** stands for any folders, and ! before a pattern leaves out. Without it: all. Trackers and policy never count.", list(&c.Paths, glob(true)), []string{"internal/**/*.go"}),
		key("reason", "Why, for whoever meets it.", text(&c.Reason)),
		key("severity", "What a violation is.", choice(&c.Severity, severities...)),
	)
}

func checkpoints(c *Checkpoints) form {
	f := object(nil,
		key("signed", "Signatures that commits must have.", choice(&c.Signed, "any", "gpg", "ssh")),
		key("key_ring", "Armored OpenPGP key ring with the keys that count.", local(&c.KeyRing), ".github/maintainers.asc"),
		key("allowed_signers", "SSH keys that count, in ssh-keygen's allowed-signers form.", local(&c.AllowedSigners), ".github/allowed_signers"),
		key("full_hash", "Ask for hashes of 40 digits.", boolean(&c.FullHash)),
		key("ignore_paths", "Files that never count against a packet's scope, as patterns.", list(&c.IgnorePaths, glob(true)), []string{"**/*.snap"}),
	)
	return then(f, func(r *reader, n ast.Node) {
		switch {
		case c.Signed == "gpg" && c.KeyRing == "", c.Signed == "any" && c.KeyRing == "" && c.AllowedSigners == "":
			r.problem(r.pos(n), "key_ring beside it", "signed: %s without the keys that count", c.Signed)
		case c.Signed == "ssh" && c.AllowedSigners == "":
			r.problem(r.pos(n), "allowed_signers beside it", "signed: ssh without the keys that count")
		}
	})
}

func risks(k *Risks) form {
	return object(nil,
		key("max_open", "Conditions from risks that may stand; -1 for no limit.", whole(&k.MaxOpen, -1, noLimit)),
		key("known", "Residual risks that no tracker records.", list(&k.Known, func(o *KnownRisk) form {
			return object(&o.Pos,
				must(key("text", "What may go wrong, and what is done about it.", text(&o.Text), "Half cents are rounded down; accepted by accounting.")),
				key("severity", "How much it weighs.", choice(&o.Severity, weights...)),
				key("disposition", "What is done about it. Without it: by the words of the text.", choice(&o.Disposition, dispositions...)),
				key("owner", "Who answers for it.", text(&o.Owner), "ada"),
			)
		})),
		key("overrides", "The team's word on single risks.", list(&k.Overrides, func(o *RiskOverride) form {
			f := object(&o.Pos,
				key("packet", "Packet that leaves the risk. Without it: any.", text(&o.Packet), "REL-01"),
				must(key("match", "Part of the risk's text, in any case.", text(&o.Match), "half cents")),
				key("disposition", "What became of it.", choice(&o.Disposition, dispositions...)),
				key("severity", "How much it weighs.", choice(&o.Severity, weights...)),
				must(key("reason", "Why.", text(&o.Reason))),
			)
			f.schema.AnyOf = []*schema{{Required: []string{"disposition"}}, {Required: []string{"severity"}}}
			return then(f, func(r *reader, n ast.Node) {
				if o.Disposition == "" && o.Severity == "" {
					r.problem(r.pos(n), "disposition, severity or both", "an override that changes nothing")
				}
			})
		})),
	)
}

func waiver(w *Waiver) form {
	return object(&w.Pos,
		must(key("rule", "Rule whose finding is accepted; 'verdict explain' lists them.", rule(&w.Rule), "evidence/failed")),
		key("packet", "Packet that the finding is about. Without it: any.", text(&w.Packet), "REL-01"),
		key("match", "Part of the finding's message. Without it: any.", text(&w.Match)),
		must(key("reason", "Why it is accepted.", text(&w.Reason))),
		must(key("owner", "Who answers for it.", text(&w.Owner), "ada")),
		must(key("expires", "The last day on which it holds (UTC).", date(&w.Expires), "2027-01-31")),
		key("commit", "The one commit for which it holds.", commitHash(&w.Commit), "0123abcd"),
		key("from", "First commit or tag of a range for which it holds.", text(&w.From), "v1.2.0"),
		key("to", "Last commit or tag of that range.", text(&w.To), "v1.3.0"),
	)
}

func vocabulary(to **tracker.Vocabulary) form {
	v := tracker.Vocabulary{}
	words := func(to *[]string) form { return list(to, text) }
	one := func(of ...string) func(*string) form {
		return func(to *string) form { return choice(to, of...) }
	}
	f := object(nil,
		key("headings", "Headings of a tracker's parts.", table(&v.Headings, one("board", "required", "gates", "evidence", "risks", "checkpoints", "next", "rules"), words), map[string][]string{"board": {"Work items"}}),
		key("columns", "Titles of the board's columns.", table(&v.Columns, one("packet", "title", "status", "implementer", "reviewer", "review", "evidence", "commit", "depends"), words), map[string][]string{"status": {"Zustand"}}),
		key("statuses", "Words for a state.", table(&v.Statuses, one("TODO", "IN_PROGRESS", "BLOCKED", "CHANGES_REQUESTED", "DONE", "DEFERRED", "DROPPED", "PENDING", "APPROVED"), words), map[string][]string{"DONE": {"shipped"}}),
		key("packet_id", "Regular expression (RE2) of a packet's id; a group in it is the id.", regex(&v.PacketID), `REL-\d+`),
		key("final", "Words of the title of the packet that asks for the verdict, or its id.", words(&v.Final), []string{"Sign-off"}),
	)
	return then(f, func(r *reader, n ast.Node) {
		if !isNull(n) {
			*to = &v
		}
	})
}

// then adds a check that looks at several keys at once.
func then(f form, check func(r *reader, n ast.Node)) form {
	read := f.read
	f.read = func(r *reader, n ast.Node) {
		had := len(r.problems)
		read(r, n)
		if len(r.problems) == had {
			check(r, n)
		}
	}
	return f
}
