package tracker

import (
	"sort"
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// arrow separates a command from its result.
var arrow = lazyregexp.New(`\s(->|→|⇒|=>|-->|—>)\s`)

// findArrow is where the first arrow of a text stands, with the spaces around it.
func findArrow(text string) []int {
	if !mayHaveArrow(text) {
		return nil
	}
	return arrow.FindStringIndex(text)
}

// findLastingArrow is findArrow of a line that may end with its arrow.
func findLastingArrow(text string) []int {
	if !mayHaveArrow(text) {
		return nil
	}
	return arrow.FindStringIndex(text + " ")
}

// cutArrow splits a line at its first arrow.
func cutArrow(text string) (before, after string, found bool) {
	at := findLastingArrow(text)
	if at == nil {
		return text, "", false
	}
	return strings.TrimSpace(text[:at[0]]), strings.TrimSpace((text + " ")[at[1]:]), true
}

// readRequired reads a line, a script or a table under a packet's required
// commands.
func (p *reader) readRequired(b *block, d *document, group string) {
	switch b.kind {
	case blockItem:
		rest, checked, isBox := box(b)
		if b.level > 0 && !isBox && !leads(&rest) {
			return // explains the line above
		}
		item := &block{kind: blockItem, inline: rest}
		if !p.requiredLine(item, d, isBox, checked) && isBox && p.packet >= 0 {
			pk := &p.t.Packets[p.packet]
			pk.Boxes = append(pk.Boxes, Box{Text: rest.text, Checked: checked, Group: group, Pos: d.pos(rest.offset)})
		}
	case blockPara:
		p.recordFrom(b, d)
		for _, line := range eachLine(&b.inline) {
			p.requiredLine(&block{kind: blockPara, inline: line}, d, false, false)
		}
	case blockFence:
		p.requiredFence(b)
	case blockTable:
		p.table(b, d, group)
	}
}

// leads reports whether a line begins with a command in code, or with a label and
// one.
func leads(in *inline) bool {
	if len(in.spans) == 0 {
		return false
	}
	before := strings.TrimSpace(in.text[:in.spans[0].start])
	return before == "" || strings.HasSuffix(before, ":")
}

// required is the list that a required command goes to: the packet's, or the
// whole work's.
func (p *reader) required() *[]Required {
	if p.packet < 0 {
		return &p.t.Required
	}
	return &p.t.Packets[p.packet].Required
}

// requiredLine reads the commands of one line; false when it names none.
func (p *reader) requiredLine(b *block, d *document, isBox, checked bool) bool {
	required := p.required()
	found := false
	raw := strings.ReplaceAll(b.text, "\n", " ")
	commands := commandsIn(&b.inline)
	label := ""
	if len(commands) > 0 {
		label = labelBefore(b, b.spans[commands[0].span].start)
	}
	for _, c := range commands {
		s := b.spans[c.span]
		if covers(b.struck, s.start) {
			p.warn(d.pos(s.offset), "a required command that is struck out: "+firstWords(b.code(c.span)), "a command that is required, or none", "remove it where it is not required any more")
			found = true
			continue
		}
		r := Required{
			Command: strings.TrimSpace(b.code(c.span)), Label: label, HasBox: isBox, Checked: checked,
			Result: result(c.tail), Raw: raw, Pos: d.pos(s.offset),
		}
		if r.Result.Kind == ResultExit {
			r.Expected, r.Stated = r.Result.ExitCode, true
		}
		if !isBox && r.Result.Kind == ResultNone && b.kind == blockPara && r.Label != "" {
			continue // prose that mentions a command
		}
		*required = append(*required, r)
		found = true
	}
	if !found && len(b.spans) == 0 {
		return p.requiredPlain(b, d, isBox, checked)
	}
	return found
}

// covers reports whether a place lies in one of the spans, which are in order.
func covers(spans []span, at int) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].end > at })
	return i < len(spans) && spans[i].start <= at
}

// labelBefore is the text that stands before a command.
func labelBefore(b *block, at int) string {
	return strings.Trim(b.text[:at], " :—–-(")
}

// typedCommand is how a command begins that nobody takes for prose.
var typedCommand = lazyregexp.New(`^(go (test|build|vet|run|generate|tool|fmt|mod)|gofmt -|npm (test|run|ci|exec|--prefix)|(npx|pnpm|yarn|bunx) [\w@-]|make [\w./-]+$|cargo (test|build|check|clippy)|pytest\b|python3? -m|tsc\b|vitest\b|bash [\w./-]+|\./[\w./-]+|cd [\w./-]+ && )`)

// requiredPlain reads a line whose command does not stand in code.
func (p *reader) requiredPlain(b *block, d *document, isBox, checked bool) bool {
	line, _, _ := strings.Cut(b.text, "\n")
	command, _, hasResult := cutArrow(line)
	if !typedCommand.MatchString(command) && (!hasResult || !knownCommand(command) || result(line[len(command):]).Kind != ResultExit) {
		return false
	}
	r := Required{Command: b.written(d, 0, len(command)), HasBox: isBox, Checked: checked, Result: noResult(), Raw: line, Pos: d.pos(b.offset)}
	if hasResult {
		r.Result = result(line[len(command):])
	}
	if r.Result.Kind == ResultExit {
		r.Expected, r.Stated = r.Result.ExitCode, true
	}
	required := p.required()
	*required = append(*required, r)
	return true
}

// named is a command that a line names, with what the line says of it.
type named struct {
	span int    // index of its code span
	tail string // what follows it, up to the next command with a result of its own
}

// commandsIn finds the code spans of a line that are commands: the one that it
// begins with or that follows a label, any other that begins with the name of a
// known tool, and those joined to it, with a result of their own or without.
func commandsIn(in *inline) []named {
	var found []named
	group := 0 // the first of those that share the next result
	close := func(end int) {
		tail := strings.TrimRight(in.text[in.spans[found[len(found)-1].span].end:end], " ,;\n")
		for ; group < len(found); group++ {
			found[group].tail = tail
		}
	}
	hasResult := len(in.spans) > 0 && resultFollows(in.text[in.spans[0].end:])
	for i, s := range in.spans {
		code := in.code(i)
		known := knownCommand(code)
		if strings.HasPrefix(strings.TrimSpace(code), "<") {
			continue
		}
		if len(found) == 0 {
			before := strings.TrimSpace(in.text[max(0, s.start-64):s.start])
			leads := before == "" && s.start < 64 || strings.HasSuffix(before, ":")
			if leads && (known || plainCommand(code) && (hasResult || strings.Contains(code, " "))) || known && strings.Contains(code, " ") && findArrow(in.text[:s.start]) == nil {
				found = append(found, named{span: i})
			}
			continue
		}
		if !known || !strings.Contains(code, " ") {
			continue
		}
		between := in.text[in.spans[found[len(found)-1].span].end:s.start]
		switch {
		case joinsCommands(between):
			found = append(found, named{span: i})
		case len(between) < 400 && joinsResult.MatchString(between) && resultFollows(between) && strings.Count(between, "(") == strings.Count(between, ")"):
			close(s.start)
			found = append(found, named{span: i})
		}
	}
	if len(found) > 0 {
		close(len(in.text))
	}
	return found
}

// joinsResult ends what is said of one command where another follows.
var joinsResult = lazyregexp.New(`(?i)(?:[,;+&/\n]|\band|\bthen)\s*$`)

// joinsCommands tells "`a` and `b`" from prose about a command.
func joinsCommands(between string) bool {
	switch strings.ToLower(strings.Trim(between, " ,;\n")) {
	case "", "and", "+", "&", "then", "/", "and then":
		return true
	}
	return false
}

func resultFollows(tail string) bool {
	return findLastingArrow(tail) != nil || exitIn(tail) != nil
}

// plainWord is what a command can begin with when its name is not known.
var plainWord = lazyregexp.New(`^[A-Za-z0-9_./$~(\[!{"'-][^\s:]*$`)

func plainCommand(code string) bool {
	fields := strings.Fields(code)
	return len(fields) > 0 && plainWord.MatchString(fields[0])
}

// commandNames are the programs that trackers' commands begin with. A path is a
// command too, and a list of assignments before either.
var commandNames = wordSet(`go gofmt golangci-lint staticcheck govulncheck npm npx pnpm yarn bun bunx node deno vitest jest tsc eslint prettier biome
	playwright cypress mocha ava tap tsx ts-node python python3 pytest tox ruff mypy uv poetry pip cargo rustc rustfmt make cmake ninja ctest bazel gradle gradlew mvn java javac dotnet
	bash sh zsh env cd test true false echo printf cat ls find grep rg egrep sed awk xargs git gh docker kubectl helm terraform jq yq curl shellcheck actionlint gitleaks trivy semgrep
	timeout time nice sleep just task turbo nx lerna rspec bundle rake ruby php composer phpunit mix swift xcodebuild flutter dart zig diff cmp sudo set export source eval exit wait ! ( {`)

var assignmentWord = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*=`)

// knownCommand reports whether text begins like a command of a known tool.
func knownCommand(code string) bool {
	for _, word := range strings.Fields(code) {
		if assignmentWord.MatchString(word) {
			continue
		}
		word = strings.TrimLeft(word, "({!$")
		if word == "" {
			continue
		}
		if commandNames[word] {
			return len(strings.Fields(code)) > 1 || !proseWords[word]
		}
		return strings.HasPrefix(word, "./") || strings.HasPrefix(word, "../") || strings.Contains(word, "/.bin/") ||
			strings.HasSuffix(word, ".sh") || strings.HasSuffix(word, ".py") && strings.Contains(word, "/")
	}
	return false
}

// proseWords are command names that mean something else when they stand alone.
var proseWords = map[string]bool{"go": true, "node": true, "test": true, "task": true, "time": true, "set": true, "find": true, "just": true, "mix": true, "env": true, "source": true, "exit": true, "java": true, "python": true, "swift": true}

// claim reads one line of a list of commands.
func (p *reader) claim(b *block, d *document) {
	if p.packet < 0 {
		return
	}
	c := Claim{Run: p.run, Raw: strings.ReplaceAll(b.text, "\n", " "), Number: b.number, Pos: d.pos(b.offset)}
	commands := commandsIn(&b.inline)
	for i, n := range commands {
		s := b.spans[n.span]
		c.Command, c.Pos = strings.TrimSpace(b.code(n.span)), d.pos(s.offset)
		if c.Label = ""; i == 0 {
			c.Label = labelBefore(b, s.start)
		}
		c.Result = result(n.tail)
		if at := findArrow(n.tail); at != nil {
			c.Label = strings.TrimSpace(c.Label + " " + strings.TrimSpace(n.tail[:at[0]]))
		}
		p.addClaim(c)
		c.Number = 0 // one line, one number
	}
	if len(commands) > 0 || len(b.spans) > 0 && strings.HasPrefix(b.code(0), "<") { // the template's placeholder
		return
	}
	command, tail := splitPlain(b.text)
	if !b.ordered && command == "" {
		return
	}
	c.Command, c.Result = b.written(d, 0, len(command)), result(tail)
	p.addClaim(c)
}

// resultLabel begins an item that gives the result of the command before it.
var resultLabel = lazyregexp.New(`(?i)^(?:exit(?: code| status)?|exit_code|rc|result|outcome)\s*[:=]\s*`)

// resultOfLast reads "Exit code: 0" under an item that names a command and says
// nothing of its end.
func (p *reader) resultOfLast(b *block, d *document) bool {
	if p.packet < 0 || len(p.t.Packets[p.packet].Evidence.Claims) == 0 || !mayBegin(b.text, "ero") {
		return false
	}
	m := resultLabel.FindString(b.text)
	if m == "" {
		return false
	}
	claims := p.t.Packets[p.packet].Evidence.Claims
	last := &claims[len(claims)-1]
	if at := d.pos(b.offset); last.Command == "" || last.Result.Kind != ResultNone || at.Line <= last.Pos.Line || at.Line > last.Pos.Line+2 {
		return false
	}
	last.Result = result(" -> exit " + b.text[len(m):])
	if last.Result.Kind != ResultExit {
		last.Result = result(" -> " + b.text[len(m):])
	}
	return true
}

// sentenceEnd is in prose, but not in "go test ./... -v".
var sentenceEnd = lazyregexp.New(`[^\s./]\.\s`)

// splitPlain splits a line that names a command without back-quotes and says how
// it ended; command is empty where the line begins with none.
func splitPlain(text string) (command, tail string) {
	before, after, found := cutArrow(text)
	if found {
		tail = " -> " + after
	} else if at := exitIn(text); at != nil {
		before, tail = strings.TrimRight(text[:at[0]], " \t\n:,;(–—-"), text[at[0]:]
	} else {
		before, tail = text, text
	}
	if !knownCommand(before) || sentenceEnd.MatchString(before) {
		return "", tail
	}
	if at := strings.Index(before, ": "); !found && tail == text && at > 0 { // "go vet ./...: clean"
		return before[:at], text[at+1:]
	}
	return before, tail
}

func (p *reader) addClaim(c Claim) {
	ev := &p.t.Packets[p.packet].Evidence
	ev.Claims = append(ev.Claims, c)
}

var (
	exitCode    = lazyregexp.New(`(?i)\b(?:exit(?:ed|s)?(?:\s+with)?(?:[\s_-]*(?:code|status))?(?:\s+(?:with|of|was|is))?|return(?:ed|s)?(?:[\s_-]+code)?|ret(?:code|val)?|rc|^\W*(?:status|code))\s*[:=]?\s*(-?\d{1,3})\b`)
	exitHolder  = lazyregexp.New(`(?i)\bexit(?: code)?\s*<`)
	timedOut    = lazyregexp.New(`(?i)\btimed[ -]?out\b|\btime-?out\b|\bkilled after\b`)
	truncated   = lazyregexp.New(`(?i)\btruncated\b|\boutput cut\b|\bcut off\b`)
	failWords   = lazyregexp.New(`(?i)\b(fail(s|ed|ure|ures|ing)?|partial(ly)?|error(s|ed)?|broken|red|crash(ed)?|non-?zero)\b|❌`)
	passWords   = lazyregexp.New(`(?i)\b(pass(es|ed|ing)?|ok|green|success(ful|fully)?|clean|succeed(s|ed)?|completed?)\b|✅|✓`)
	notRunWords = lazyregexp.New(`(?i)\b(not run|not executed|skipped|n/a|deferred|could not (be )?run)\b`)
	vacuous     = lazyregexp.New(`(?i)\bno (matching )?tests?( files?)?( to run| matching| found|\b)|\bno test files\b|\bmatched no\b|\b0 tests\b`)
)

// exitIn is where a text states an exit code, with the code's own place after it.
func exitIn(text string) []int {
	if !hasDigit(text) || !mayHold(text, "exit", "ret", "rc", "status", "code") {
		return nil
	}
	return exitCode.FindStringSubmatchIndex(text)
}

func noResult() Result { return Result{Kind: ResultNone, ExitCode: -1, Counts: NoCounts()} }

// result reads what follows a command. An exit code counts where it is stated
// as the result itself, before any remark in parentheses.
func result(tail string) Result {
	r := noResult()
	words := tail
	if at := findLastingArrow(tail); at != nil {
		words = (tail + " ")[at[1]:]
	}
	r.Words = strings.Trim(strings.ReplaceAll(words, "\n", " "), " .,;:—–-")
	r.Counts = counts(r.Words)
	r.Vacuous = mayHold(r.Words, "no", "0 test") && vacuous.MatchString(r.Words)
	head, _, _ := strings.Cut(r.Words, "(")
	if strings.TrimSpace(head) == "" {
		head = r.Words
	}
	switch m := exitIn(head); {
	case strings.IndexByte(words, '<') >= 0 && exitHolder.MatchString(words):
		r.Kind = ResultTemplate
	case m != nil:
		r.Kind = ResultExit
		r.ExitCode, _ = strconv.Atoi(head[m[2]:m[3]])
	default:
		r.Kind = wordsKind(head, r.Words)
		if m := exitIn(r.Words); m != nil && (r.Kind == ResultNone || r.Kind == ResultPassed) {
			r.Kind = ResultExit
			r.ExitCode, _ = strconv.Atoi(r.Words[m[2]:m[3]])
		}
	}
	return r
}

// wordsKind sorts a result without an exit code: by the words before any
// parenthesis, else by all of them.
func wordsKind(head, all string) ResultKind {
	if strings.TrimSpace(all) == "" {
		return ResultNone
	}
	for _, text := range []string{head, all} {
		switch {
		case timedOut.MatchString(text):
			return ResultTimedOut
		case truncated.MatchString(text):
			return ResultTruncated
		case failWords.MatchString(text) && !zeroFailures.MatchString(text):
			return ResultFailed
		case notRunWords.MatchString(text):
			return ResultNotRun
		case passWords.MatchString(text):
			return ResultPassed
		}
		if strings.TrimSpace(head) != "" {
			break
		}
	}
	return ResultOther
}

// zeroFailures are words of failure that say that there was none.
var zeroFailures = lazyregexp.New(`(?i)\b(0|no|zero|without) (fail|error)`)
