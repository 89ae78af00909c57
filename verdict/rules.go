package verdict

import (
	"fmt"
	"io"
	"strings"
)

// Rule is one check: what it looks at, what it finds and what it lets through.
type Rule struct {
	ID       string
	Title    string
	Severity Severity // by default; the policy may say otherwise, within limits
	Looks    string   // what it looks at
	Lie      string   // an example that it finds
	Twin     string   // the honest twin that it lets through
	Fix      string   // how to put it right
	// Guard: the rule is about what was not seen. The policy cannot turn it off or
	// lower it.
	Guard bool
}

// rules is the catalogue, by family.
var rules = []Rule{
	{"evidence/missing", "A required command was not run", Blocker, "each required command of trackers and policy, against the bundle", "the bundle holds no entry for go test ./...", "every required command has one", "run 'verdict run' for this tracker", true},
	{"evidence/failed", "A required command failed", Blocker, "the exit code of the command as written", "go test ./... exits 1", "it exits 0", "make it pass; the log says what failed", true},
	{"evidence/hidden-failure", "A check failed inside a command that ended well", Blocker, "each simple command inside, whatever the shell made of its status", "go test ./... || true, and the tests fail", "the same line, and the tests pass", "make the check pass, and drop what hides its status", true},
	{"evidence/timed-out", "A required command did not end in time", Blocker, "the outcome of the command", "sleep 600 with a limit of 5 s", "a command that ends within its limit", "make it faster, or raise 'commands: timeout' in the policy", true},
	{"evidence/killed", "A required command was ended by a signal", Blocker, "the outcome of the command", "the test binary is killed for want of memory", "it exits by itself", "find what killed it; the log's end may say", true},
	{"evidence/not-run", "A required command was planned and did not run", Blocker, "the outcome of the command", "the run was interrupted before it", "the run ends by itself", "verdict run --resume", true},
	{"evidence/refused", "A required command would do harm, and was not run", Blocker, "the command's syntax, before it runs", "git reset --hard && go test ./...", "git diff --exit-code && go test ./...", "take it out of the required commands, or allow it in the policy", true},
	{"evidence/not-evaluated", "A required command could not be set up", Blocker, "missing tools and packages, wrong toolchains", "npx vitest run, and vitest is not installed", "npm ci was run before", "install what is missing; 'commands: setup' in the policy does it in clean checkouts", true},
	{"evidence/no-tests", "No test ran", Blocker, "the test runner's own results, summed over the command", "-run Subtract matches no test and exits 0", "-run Add runs one", "correct the filter, or write the test", true},
	{"evidence/all-skipped", "Every test skipped itself or was left out", Blocker, "the test runner's own results", "t.Skip in the only test", "one of two tests skips itself", "run the tests where they do not skip", true},
	{"evidence/invented", "Results are of no test that ran", Blocker, "the tests of the results against those that the sources declare, and against a start of the same program with no test to run", "an init prints === RUN and --- PASS and ends the program", "a test that logs such lines", "let nothing but the tests say how they ended", true},
	{"evidence/too-few-tests", "Fewer tests ran than the policy asks for", Blocker, "the number of passed tests against min_tests", "min_tests: 40, and 12 ran", "40 ran", "find out where the tests went, or correct min_tests", true},
	{"evidence/nothing-checked", "The command checked nothing", Blocker, "files and packages that the tool read; whether any check ran at all", "tsc -p on a tsconfig with references only", "tsc -p on the project itself", "name what is to be checked", true},
	{"evidence/incomplete-results", "Results were not seen to their end", Blocker, "start and end of every package and test; whether test runners and compilers gave results", "a test that calls os.Exit", "every test ends", "find what cut the results off", true},
	{"evidence/wrong-folder", "A cd failed and the rest ran elsewhere", Blocker, "each cd inside a line that goes on after it", "cd missing; go build ./...", "cd calc && go build ./...", "join with && so that a failed cd ends the line", true},
	{"evidence/tree-changed", "The command changed the files it tests", Blocker, "the work tree before and after the command, and tracked files when a check inside it began; a condition where files were written after it, beside something else, and are what they were", "sed -i … && go test ./...", "a coverage file that git ignores", "commit the change, and let the command only look", true},
	{"evidence/unseen-step", "A check in the line was not seen to run", Condition, "the checks of the line's syntax against those that ran", "for f in $(…); do go test $f; done over nothing", "the loop runs go test once", "write the check as a line of its own", true},
	{"evidence/unproven", "What ran inside cannot be seen", Condition, "scripts and unknown programs in which no known check was seen, or that start one by its own file", "./scan.sh exits 0", "./check.sh runs go test, which is seen", "list the check itself, or trust the command in the policy", true},
	{"evidence/cannot-fail", "The required command cannot fail", Condition, "the programs of the line", "echo ok", "go vet ./...", "require a command that checks something", true},
	{"evidence/expected-code", "The tracker expects another exit code than 0", Condition, "the expected exit code on the required line", "govulncheck -> exit 3, and nobody says why", "the command is expected to exit 0", "say under residual risks what the findings are", false},
	{"evidence/cached", "The result came from a cache", Condition, "the tool's own mark", "ok … (cached)", "-count=1", "run it without the cache", false},
	{"evidence/retried", "It passed only when it was tried again", Condition, "attempts in this run, retries in the runner", "failed once, passed the second time", "passed the first time", "mend the flaky test", false},
	{"evidence/only", "Tests were left out because another is marked .only", Condition, "the test runner's own results", "test.only was left in", "test", "remove .only", false},
	{"evidence/snapshots", "The run wrote snapshots", Condition, "snapshots added or updated by the run", "a new snapshot is accepted by the run itself", "the snapshot is committed", "look at the snapshots and commit them", false},
	{"evidence/unhandled", "Errors outside of any test", Condition, "unhandled errors that the runner ignored", "dangerouslyIgnoreUnhandledErrors", "none", "mend them", false},
	{"evidence/weak-flags", "An option makes the tool check less", Condition, "options that are known to; @ts-nocheck in files, a note where no packet changed them", "tsc --noCheck", "tsc --noEmit", "drop the option", false},
	{"evidence/foreign-lines", "Lines that are no results stand among the results", Condition, "the test runner's stream", "a test prints what looks like a result", "it prints to its own output", "find what writes there", false},
	{"evidence/cut-log", "The end of the output was not seen", Condition, "whether the output's end came", "a grandchild keeps the output open", "the output ends with the command", "end what the command starts", false},
	{"evidence/masked", "The line would hide a failure", Note, "pipes, ||, ;, & and the like around a check that passed", "go test ./... | tail, written for a green check", "go test ./...", "drop what hides the status", false},
	{"evidence/leftover", "Processes were left behind", Note, "what still ran when the command had ended; it was ended", "(sleep 600 &); go test ./...", "go test ./...", "end what the command starts", false},
	{"evidence/untracked-output", "The command left files that git does not ignore", Note, "the work tree before and after; a condition where they are sources that a compiler reads", "cover.out", "cover.out in .gitignore", "add them to .gitignore", false},
	{"evidence/some-skipped", "Some tests did not run", Note, "skipped tests, filters that match nothing", "-skip Slow", "no filter", "none, if it is meant", false},
	{"evidence/reused", "The pass is an earlier run's", Note, "--reuse", "verdict run --reuse 24h", "verdict run", "run without --reuse", false},
	{"evidence/redacted", "Secrets were replaced in the output", Note, "values of secret variables, shapes of tokens", "a test prints a token", "it does not", "let nothing print secrets", false},
	{"evidence/environment", "Variables were set aside", Note, "variables that change what a command runs", "GOFLAGS=-run=NONE in the environment", "none", "name it under 'commands: pass_through' if it is meant", false},
	{"evidence/incomplete", "The run did not end by itself", Blocker, "the bundle's own mark", "verdict was killed", "it ended", "verdict run --resume", true},
	{"evidence/altered", "The stored evidence was changed", Blocker, "the seal of bundle.json, a digest of all that it says", "a failed command was taken out of it", "copied, or formatted anew", "take the bundle that was collected, or collect again", true},

	{"claims/missing", "A required command has no evidence in the packet", Blocker, "each required command of a packet that is done, against its evidence", "two tests are required, the evidence names one", "the evidence names the command, or the same with -v", "run it and record command and exit code", false},
	{"claims/other-command", "The evidence names another command", Condition, "the same tool with other arguments", "tsc for node_modules/.bin/tsc", "the command as required", "record what is required", false},
	{"claims/no-exit-code", "The evidence gives no exit code", Blocker, "the result of each required command", "passes, all green", "-> exit 0 (12 tests)", "record the exit code", false},
	{"claims/failed", "The packet's own evidence says that it failed", Blocker, "the claimed result", "-> exit 1 (unrelated flake)", "-> exit 0", "make it pass, or reopen the packet", false},
	{"claims/timed-out", "The packet's own evidence says that it did not end", Blocker, "the claimed result", "-> timed out after 120s", "-> exit 0 (a first try timed out; rerun in full)", "run it to its end", false},
	{"claims/flaky", "Two runs of one command had different ends", Condition, "all results that the packet claims", "exit 1 for the implementer, exit 0 for the reviewer", "exit 0 for both", "find out why", false},
	{"claims/count", "Fewer tests ran than the tracker claims", Condition, "claimed counts against those of this run", "(12 tests) where one runs", "(1 test)", "correct the claim, or find the tests", false},
	{"claims/vacuous", "The evidence itself says that nothing was tested", Condition, "words such as 'no tests to run'", "-> exit 0 (no matching tests)", "-> exit 0 (3 tests)", "require a command that tests something", false},

	{"packet/not-done", "A packet is not done", Blocker, "the board, the final packet aside", "IN_PROGRESS when the verdict is asked for", "DONE", "finish it, or take it out of this work", false},
	{"packet/left-out", "A packet is left out of the work", Condition, "states such as DEFERRED, OBSOLETE, CANCELLED", "a packet whose tests fail, marked OBSOLETE", "DONE", "confirm that it is not needed now, and waive this with the reason", false},
	{"packet/status-differs", "The packet's section says another status than the board", Blocker, "the status that the section of a packet that is done states", "DONE on the board, Status: BLOCKED in its section", "Status: done (2026-02-09)", "let both say the same", false},
	{"packet/not-approved", "A packet is done but not approved", Blocker, "the board's review state", "DONE / PENDING", "DONE / APPROVED", "have it reviewed", false},
	{"packet/unchecked-box", "A packet is done with open boxes", Blocker, "every check box of the packet", "DONE with - [ ]", "DONE with - [x]", "do it and tick it, or reopen the packet", false},
	{"packet/no-evidence", "A packet is done without evidence", Blocker, "the packet's evidence", "TODO where the evidence should be", "commands and exit codes", "record the evidence", false},
	{"packet/no-section", "A packet of the board has no section", Blocker, "the board against the document", "a row, and nothing else", "a row and a section", "write the section, or remove the row", false},
	{"packet/no-row", "A packet is not on the board", Condition, "the document against the board", "a section whose row was taken away", "a section and a row", "put it on the board", false},
	{"packet/dependency", "A packet is done before what it depends on", Condition, "stated dependencies", "B depends on A, B is done, A is not", "A is done", "finish what it depends on", false},
	{"gate/failed", "A gate failed in a packet that is done", Blocker, "gates in boxes and evidence", "P0: FAIL", "P0: PASS", "put it right and record PASS, or reopen the packet", false},
	{"gate/disagrees", "A gate's box and its evidence differ", Note, "the same gate in both places", "box P1 PASS, evidence P1: N/A", "the same in both", "let both say the same", false},
	{"review/contradicts", "The packet's own review says otherwise than the board", Blocker, "the recorded review outcomes", "board APPROVED, section CHANGES_REQUESTED", "APPROVED in both", "settle the review", false},
	{"review/self", "Implementer and reviewer are the same", Note, "the board", "Claude / Claude", "Codex / Claude", "let somebody else review", false},

	{"tracker/empty", "Nothing is required", Blocker, "trackers and policy", "a tracker without a single command", "one required command", "list the commands that must pass", true},
	{"tracker/claims-only", "Nothing is required, only claimed", Condition, "trackers and policy", "evidence that names go vet and leaves the tests out", "the same commands under Required Tests", "list what must pass as required commands", false},
	{"tracker/unreadable", "A part of the tracker could not be read", Condition, "warnings of the reader", "a fence that never closes", "every fence closes", "see the hint", true},
	{"tracker/stale-next", "The recommended next packet is done already", Note, "the next packet against the board", "next: TRR-01, which is DONE", "next: the packet that is TODO", "update it", false},
	{"tracker/recorded-verdict", "The recorded verdict is not the computed one", Note, "the tracker's last recorded verdict", "recorded GO, computed GO_WITH_CONDITIONS", "the same", "record the verdict again", false},

	{"checkpoint/missing", "The recorded commit is not in this repository", Blocker, "the hash among all objects of a complete clone", "deadbeef", "a commit of this history", "record the commit's hash", true},
	{"checkpoint/unreachable", "The recorded commit is not in the history", Blocker, "whether HEAD comes after it", "a commit of a branch that was never merged", "a merged one", "merge it, or record the commit that holds the change", true},
	{"checkpoint/rewritten", "The recorded commit was replaced by one with the same change", Condition, "commits of the history with the same patch or tree", "squashed after it was recorded", "the hash of the squashed commit", "record the new hash", false},
	{"checkpoint/ambiguous", "The recorded hash names several commits", Blocker, "the abbreviated hash", "four digits that two commits share", "eight that one has", "record more digits", true},
	{"checkpoint/malformed", "What is recorded is no commit", Blocker, "what the hash names", "the hash of a tree", "the hash of a commit", "record the commit's hash", true},
	{"checkpoint/unverifiable", "This clone cannot tell", Condition, "the clone", "a shallow clone that ends before it", "a complete clone", "fetch the history: git fetch --unshallow, or fetch-depth: 0", true},
	{"checkpoint/unrecorded", "The commit is there but not recorded", Condition, "the newest approved packet without a hash", "TODO, and one commit names the packet", "its hash", "record the hash", false},
	{"checkpoint/never", "No commit is recorded for an approved packet", Blocker, "approved packets without a hash", "TODO, and no commit names the packet", "a recorded hash", "commit the work and record the hash", true},
	{"checkpoint/no-commit", "A packet is said to need no commit", Condition, "words in the place of a hash", "NO-OP", "a hash", "record the commit that holds the packet's documents", false},
	{"checkpoint/reused", "Two packets share one commit", Condition, "the recorded commits of all trackers", "the same hash twice", "one commit each", "commit packets one by one", false},
	{"checkpoint/out-of-order", "A packet's commit does not come after that of the packet it follows", Condition, "history between the commits of packets that depend on each other or, where the tracker says nothing, stand one after the other", "TRR-01 is an ancestor of TRR-00", "the reverse; packets side by side that depend on neither", "correct the hashes or the order", false},
	{"checkpoint/other-packet", "The commit's message names another packet", Condition, "packet ids in the message", "TRR-04: calc, recorded for TRR-00", "TRR-00: calc", "record the packet's own commit", false},
	{"checkpoint/empty", "The commit changes nothing", Condition, "the files it changes", "git commit --allow-empty; only the tracker, where the packet lists sources", "a commit that changes them", "record the commit that holds the change", false},
	{"checkpoint/undone", "The commit's change was taken back", Condition, "its files at the head against those before it", "git revert of the recorded commit", "the change stands, or came back", "record the commit that brought the change back, or set the packet back to open", false},
	{"checkpoint/scope", "The commit changes files that the packet does not list", Condition, "the files it changes against 'Files changed'", "licence/licence.go beside calc.go", "calc.go alone", "list the files, or split the commit", false},
	{"checkpoint/out-of-scope", "The commit changes files outside of the packet's scope", Condition, "the files it changes against the packet's scope", "src/auth/login.ts, where the scope is src/price/**; also where it moves from or to there", "src/price/tax.ts; go.sum beside a go.mod in the scope", "take the change out, or have the scope widened by whoever set it", false},
	{"checkpoint/untouched", "The packet lists files that its commit does not change", Note, "'Files changed' against the commit", "calc.go is listed, not changed", "calc.go is changed", "correct the list", false},
	{"checkpoint/signature", "A commit is not signed by a key that counts", Condition, "signatures, where the policy asks for them", "unsigned, or signed by a key that the policy's files do not hold", "signed by a known key", "sign the commit, or add the signer's key to the files that the policy names", false},
	{"checkpoint/signature-bad", "A commit's signature is not of this commit", Blocker, "signatures, where the policy asks for them", "the message was changed after it was signed", "signed by a known key", "find out who changed the commit, and sign it again", false},
	{"checkpoint/signature-unverifiable", "A commit's signature could not be verified", Condition, "signatures and the files with the keys", "the key ring is not on the base branch", "the files can be read", "see the reason", true},
	{"checkpoint/short-hash", "The policy asks for full hashes", Condition, "the length of recorded hashes", "687ecd79", "40 digits", "record all 40 digits", false},
	{"checkpoint/tests-lost", "Tests were deleted, skipped or emptied since", Condition, "tests at the first checkpoint against those at the head", "sub_test.go was deleted", "it was renamed", "bring them back, or say why they went", false},

	{"worktree/changed", "The work tree is not the commit", Blocker, "tracked files that differ from the commit", "the fix that makes the tests pass is not committed", "a clean tree", "commit, or run with --at HEAD", true},
	{"worktree/untracked", "Source files are not in the commit", Blocker, "untracked files that a build may read, and ignored Go sources that a check compiled", "sub_impl.go was never added", "notes.txt", "add or ignore them, or run with --at HEAD", true},
	{"worktree/documents", "Documents differ from the commit", Note, "changed and untracked files that no build reads", "README.md", "a clean tree", "commit them", false},
	{"worktree/unknown", "It is not known whether the work tree is the commit", Condition, "the work tree's state", "git is not installed", "a clean tree", "see the reason", true},

	{"risk/open-high", "A high risk is open", Blocker, "the ledger of residual risks", "HIGH: balances may be corrupted; no mitigation yet", "the same, mitigated", "mitigate it, or have somebody accept it with a reason", false},
	{"risk/open", "A risk has no decision", Condition, "the ledger", "Add is not checked for overflow", "… — accepted: no input is above 2^31", "decide: resolve, mitigate, accept or defer it", false},
	{"risk/deferred", "A risk is put off", Condition, "the ledger", "deferred to the final verdict", "resolved in TRR-01", "decide it, or name who owes it until when", false},
	{"risk/accepted", "A risk of some weight is accepted", Condition, "accepted or mitigated risks of medium severity and above", "P2: accepted", "Low: accepted", "none; it stays a condition", false},
	{"risk/noted", "A risk is accepted, mitigated or resolved", Note, "the ledger", "—", "Low: accepted for test code", "none", false},
	{"risk/resolved-by-nobody", "A risk is resolved by a packet that is not there", Condition, "packets that risks are said to be resolved in", "RESOLVED in TRR-06, and there is no TRR-06", "RESOLVED in TRR-01, which is approved", "name the packet that resolves it", false},
	{"risk/dropped", "A risk is missing from the reconciled list", Condition, "packets' risks against the final table, the base branch's against the tracker's", "the table leaves TRR-00's risk out", "every risk is in the table", "put it into the table with its decision", false},
	{"risk/unrecorded", "A risk in the reconciled list stands in no packet", Note, "the final table against the packets' risks", "a row that no packet's residual risks have", "every row is a packet's risk", "record it in the packet that it comes from", false},
	{"risk/condition", "The recorded verdict has a condition", Condition, "condition lists of a GO_WITH_CONDITIONS that stands", "Upgrade Go before release", "the conditions are met and the verdict is GO", "meet it, and record the verdict again", false},
	{"risk/too-many", "More risks are open than the policy allows", Blocker, "risks: max_open", "5 with max_open: 3", "3", "decide some of them", false},

	{"contract/violated", "An added line holds what the contract forbids", Blocker, "lines added since the base", "useResourcesAsLegacy", "useResources", "remove it", false},
	{"contract/unverifiable", "The contract could not be checked", Condition, "lines added since the base", "a partial clone", "a complete clone", "fetch the files", true},

	{"policy/changed", "The change alters its own gate", Condition, "policy and required commands against the base", "a required command is dropped", "nothing is", "have somebody with the right accept it", true},
	{"policy/waiver", "A waiver does not hold", Note, "waivers that are expired, unused or overlapping", "expired last month", "used and in force", "renew or remove it", false},
	{"policy/severity", "The policy lowers a rule", Note, "severities of the policy", "checkpoint/scope: off", "no override", "none", false},

	{"history/worse", "Less was checked than last time", Condition, "this report against the last one", "43 tests last time, 12 now", "43 both times", "find out where the tests went", false},
	{"trust/distrusted", "The evidence does not fit the run that made it", Blocker, "the CI service's own record of the run", "the bundle comes from another commit", "it comes from the pull request's head", "run the collecting job again", true},
}

// Rules returns the catalogue.
func Rules() []Rule { return rules }

// RuleByID finds a rule.
func RuleByID(id string) (Rule, bool) {
	i, ok := ruleIndex[id]
	if !ok {
		return Rule{}, false
	}
	return rules[i], true
}

// ruleIndex finds a rule by its id.
var ruleIndex = func() map[string]int {
	index := map[string]int{}
	for i, r := range rules {
		index[r.ID] = i
	}
	return index
}()

// RuleIDs lists the ids of all rules, in the catalogue's order.
func RuleIDs() []string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	return ids
}

// Explain writes what a rule means.
func (r Rule) Explain(w io.Writer) error {
	guard := ""
	if r.Guard {
		guard = "; the policy cannot lower it"
	}
	_, err := fmt.Fprintf(w, "%s: %s\n\nSeverity    %s%s\nLooks at    %s\nFinds       %s\nLets pass   %s\nTo do       %s\n", r.ID, r.Title, r.Severity, guard, r.Looks, r.Lie, r.Twin, r.Fix)
	return err
}

// WriteRules writes the catalogue as the Markdown of docs/rules.md.
func WriteRules(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Rules\n\nMade from the catalogue in `verdict/rules.go`; `verdict explain RULE` prints one. A blocker makes NO_GO, a condition\nGO_WITH_CONDITIONS, a note nothing. Rules marked * are about what was not seen: the policy cannot lower them.\n")
	family := ""
	for _, r := range rules {
		name, _, _ := strings.Cut(r.ID, "/")
		if name != family {
			family = name
			fmt.Fprintf(&b, "\n## %s\n\n| Rule | Severity | Looks at | Finds | Lets pass | To do |\n|---|---|---|---|---|---|\n", name)
		}
		mark := ""
		if r.Guard {
			mark = "*"
		}
		row := []string{"`" + r.ID + "`" + mark + "<br>" + r.Title, string(r.Severity), r.Looks, r.Lie, r.Twin, r.Fix}
		for i, cell := range row {
			row[i] = strings.ReplaceAll(cell, "|", "\\|")
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
