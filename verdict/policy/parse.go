package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/verdictci/verdict/collector/tracker"
)

// Problem is something in the file that cannot be used.
type Problem struct {
	Pos        tracker.Pos
	Message    string // what stands there
	Expected   string // what was expected
	Suggestion string // what may have been meant; empty: nothing near
}

func (p Problem) String() string {
	text := fmt.Sprintf("%s: %s", p.Pos, p.Message)
	if p.Expected != "" {
		text += "; expected " + p.Expected
	}
	if p.Suggestion != "" {
		text += "; did you mean " + p.Suggestion + "?"
	}
	return text
}

// Error is every problem of one file, in its order.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxFile bounds the file: a policy is written by people.
const maxFile = 1 << 20

// Parse reads a policy. file is used in positions; rules are the ids that
// severities and waivers may name, nil to take any. The error is an *Error with
// every problem of the file.
func Parse(file string, src []byte, rules []string) (*Policy, error) {
	r := &reader{file: filepath.ToSlash(file), rules: rules, policy: Default()}
	if sum := sha256.Sum256(src); len(src) > 0 {
		r.policy.SHA256 = hex.EncodeToString(sum[:])
	}
	r.policy.Path = r.file
	switch {
	case len(src) > maxFile:
		r.problem(nil, fmt.Sprintf("the file has %d bytes", len(src)), "at most 1 MiB", "")
	case !utf8.Valid(src):
		r.problem(nil, "the file is not UTF-8", "UTF-8 text", "")
	default:
		r.read(src)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Pos.Line != b.Pos.Line {
				return a.Pos.Line - b.Pos.Line
			}
			return a.Pos.Column - b.Pos.Column
		})
		return nil, &Error{r.problems}
	}
	return r.policy, nil
}

type reader struct {
	file     string
	rules    []string
	policy   *Policy
	problems []Problem
}

func (r *reader) problem(n ast.Node, message, expected, suggestion string) {
	r.problems = append(r.problems, Problem{r.pos(n), message, expected, suggestion})
}

func (r *reader) pos(n ast.Node) tracker.Pos {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return tracker.Pos{File: r.file, Line: 1, Column: 1}
	}
	p := n.GetToken().Position
	return tracker.Pos{File: r.file, Line: p.Line, Column: p.Column}
}

func (r *reader) read(src []byte) {
	f, err := parser.ParseBytes(src, 0)
	if err != nil {
		r.syntax(err)
		return
	}
	if len(f.Docs) > 1 {
		r.problem(f.Docs[1].Body, "a second document", "one document", "")
		return
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return
	}
	if _, empty := f.Docs[0].Body.(*ast.NullNode); empty {
		return
	}
	r.mapping(f.Docs[0].Body, r.fields())
}

var errorPlace = regexp.MustCompile(`^\[(\d+):(\d+)\]\s*(.*)`)

func (r *reader) syntax(err error) {
	p := Problem{Pos: tracker.Pos{File: r.file, Line: 1, Column: 1}, Message: err.Error(), Expected: "YAML"}
	line, _, _ := strings.Cut(err.Error(), "\n")
	if m := errorPlace.FindStringSubmatch(line); m != nil {
		p.Pos.Line, _ = strconv.Atoi(m[1])
		p.Pos.Column, _ = strconv.Atoi(m[2])
		p.Message = m[3]
	}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		p.Message = syntax.Message
	}
	r.problems = append(r.problems, p)
}

// fields is what each key is read by.
type fields map[string]func(ast.Node)

// fields are the file's top level.
func (r *reader) fields() fields {
	p := r.policy
	return fields{
		"version":     func(n ast.Node) { r.version(n) },
		"trackers":    func(n ast.Node) { p.Trackers = r.strings(n) },
		"tracker":     func(n ast.Node) { r.vocabulary(n) },
		"commands":    func(n ast.Node) { r.mapping(n, r.commands()) },
		"severities":  func(n ast.Node) { r.severities(n) },
		"contracts":   func(n ast.Node) { r.list(n, r.contract) },
		"checkpoints": func(n ast.Node) { r.mapping(n, r.checkpoints()) },
		"risks":       func(n ast.Node) { r.mapping(n, r.risks()) },
		"waivers":     func(n ast.Node) { r.list(n, r.waiver) },
		"accept": func(n ast.Node) {
			r.mapping(n, fields{"users": func(n ast.Node) { p.Accept.Users = r.strings(n) }, "teams": func(n ast.Node) { p.Accept.Teams = r.strings(n) }})
		},
		"retention": func(n ast.Node) {
			r.mapping(n, fields{"runs": func(n ast.Node) { p.Retention.Runs = r.number(n, 1) }, "bytes": func(n ast.Node) { p.Retention.Bytes = r.size(n) }})
		},
		"publish": func(n ast.Node) {
			r.mapping(n, fields{"conditions": func(n ast.Node) { p.Publish.ConditionsConclusion = r.oneOf(n, "success", "failure") }})
		},
	}
}

func (r *reader) commands() fields {
	c := &r.policy.Commands
	return fields{
		"timeout":     func(n ast.Node) { c.Timeout = r.duration(n) },
		"run_timeout": func(n ast.Node) { c.RunTimeout = r.duration(n) },
		"timeouts": func(n ast.Node) {
			c.Timeouts = map[string]time.Duration{}
			r.each(n, func(key string, _, v ast.Node) { c.Timeouts[key] = r.duration(v) })
		},
		"required":     func(n ast.Node) { r.list(n, r.required) },
		"json":         func(n ast.Node) { r.list(n, r.jsonList) },
		"trusted":      func(n ast.Node) { c.Trusted = r.strings(n) },
		"allow":        func(n ast.Node) { c.Allowed = r.strings(n) },
		"setup":        func(n ast.Node) { c.Setup = r.strings(n) },
		"pass_through": func(n ast.Node) { c.PassThrough = r.strings(n) },
		"secrets":      func(n ast.Node) { c.Secrets = r.strings(n) },
		"environment": func(n ast.Node) {
			c.Environment = map[string]string{}
			r.each(n, func(key string, _, v ast.Node) { c.Environment[key] = r.text(v) })
		},
		"max_log": func(n ast.Node) { c.MaxLogBytes = r.size(n) },
		"retries": func(n ast.Node) { c.Retries = r.number(n, 0) },
		"jobs":    func(n ast.Node) { c.Jobs = r.number(n, 1) },
	}
}

func (r *reader) checkpoints() fields {
	c := &r.policy.Checkpoints
	return fields{
		"signed":          func(n ast.Node) { c.Signed = r.oneOf(n, "any", "gpg", "ssh") },
		"key_ring":        func(n ast.Node) { c.KeyRing = r.text(n) },
		"allowed_signers": func(n ast.Node) { c.AllowedSigners = r.text(n) },
		"full_hash":       func(n ast.Node) { c.FullHash = r.boolean(n) },
		"ignore_paths":    func(n ast.Node) { c.IgnorePaths = r.globs(n) },
	}
}

func (r *reader) risks() fields {
	return fields{
		"max_open":  func(n ast.Node) { r.policy.Risks.MaxOpen = r.number(n, 0) },
		"overrides": func(n ast.Node) { r.list(n, r.riskOverride) },
	}
}

func (r *reader) version(n ast.Node) {
	if v := r.number(n, 0); v != Version {
		r.problem(n, fmt.Sprintf("version %d", v), "version: 1", "")
	}
}

var vocabularyKeys = map[string][]string{
	"headings": {"board", "required", "gates", "evidence", "risks", "checkpoints", "next", "rules"},
	"columns":  {"packet", "title", "status", "implementer", "reviewer", "review", "evidence", "depends"},
}

func (r *reader) vocabulary(n ast.Node) {
	v := &tracker.Vocabulary{Headings: map[string][]string{}, Columns: map[string][]string{}, Statuses: map[string][]string{}}
	words := func(name string, into map[string][]string) func(ast.Node) {
		return func(n ast.Node) {
			r.each(n, func(key string, at, value ast.Node) {
				if known := vocabularyKeys[name]; known != nil && !slices.Contains(known, key) {
					r.problem(at, fmt.Sprintf("unknown part %q", key), "one of "+strings.Join(known, ", "), near(key, known))
					return
				}
				into[key] = r.strings(value)
			})
		}
	}
	r.mapping(n, fields{
		"headings": words("headings", v.Headings), "columns": words("columns", v.Columns), "statuses": words("statuses", v.Statuses),
		"packet_id": func(n ast.Node) { v.PacketID = r.expression(n) },
	})
	r.policy.Vocabulary = v
}

func (r *reader) severities(n ast.Node) {
	r.policy.Severities = map[string]string{}
	r.each(n, func(key string, at, v ast.Node) {
		r.knownRule(key, at)
		r.policy.Severities[key] = r.oneOf(v, "blocker", "condition", "note", "off")
	})
}

func (r *reader) knownRule(id string, at ast.Node) {
	if r.rules != nil && !slices.Contains(r.rules, id) {
		r.problem(at, fmt.Sprintf("unknown rule %q", id), "a rule; 'verdict explain' lists them", near(id, r.rules))
	}
}

func (r *reader) required(n ast.Node) {
	q := Required{Pos: r.pos(n)}
	if _, isMap := asMapping(n); !isMap {
		q.Command = r.text(n)
	} else {
		r.mapping(n, fields{
			"run": func(n ast.Node) { q.Command = r.text(n) }, "dir": func(n ast.Node) { q.Dir = r.folder(n) }, "expect": func(n ast.Node) { q.Expected = r.number(n, 0) },
			"packet": func(n ast.Node) { q.Packet = r.text(n) }, "min_tests": func(n ast.Node) { q.MinTests = r.number(n, 0) },
		})
	}
	if strings.TrimSpace(q.Command) == "" {
		r.problem(n, "a required command without a command", "run: COMMAND", "")
		return
	}
	r.policy.Commands.Required = append(r.policy.Commands.Required, q)
}

func (r *reader) jsonList(n ast.Node) {
	l := JSONList{Argv: "argv", Dir: "cwd", Pos: r.pos(n)}
	r.mapping(n, fields{
		"path": func(n ast.Node) { l.Path = r.folder(n) }, "pointer": func(n ast.Node) { l.Pointer = r.text(n) },
		"argv": func(n ast.Node) { l.Argv = r.text(n) }, "dir": func(n ast.Node) { l.Dir = r.text(n) },
	})
	if l.Path == "" {
		r.problem(n, "a JSON list without a path", "path: FILE", "")
		return
	}
	r.policy.Commands.JSON = append(r.policy.Commands.JSON, l)
}

func (r *reader) contract(n ast.Node) {
	c := Contract{Severity: "blocker", Pos: r.pos(n)}
	r.mapping(n, fields{
		"id": func(n ast.Node) { c.ID = r.text(n) }, "pattern": func(n ast.Node) { c.Pattern = r.expression(n) }, "paths": func(n ast.Node) { c.Paths = r.globs(n) },
		"reason": func(n ast.Node) { c.Reason = r.text(n) }, "severity": func(n ast.Node) { c.Severity = r.oneOf(n, "blocker", "condition", "note") },
	})
	if c.ID == "" || c.Pattern == "" {
		r.problem(n, "a contract without id or pattern", "id: and pattern:", "")
		return
	}
	r.policy.Contracts = append(r.policy.Contracts, c)
}

func (r *reader) riskOverride(n ast.Node) {
	o := RiskOverride{Pos: r.pos(n)}
	r.mapping(n, fields{
		"packet": func(n ast.Node) { o.Packet = r.text(n) }, "match": func(n ast.Node) { o.Match = r.text(n) }, "reason": func(n ast.Node) { o.Reason = r.text(n) },
		"disposition": func(n ast.Node) {
			o.Disposition = r.oneOf(n, "none", "resolved", "mitigated", "accepted", "deferred", "open")
		},
		"severity": func(n ast.Node) { o.Severity = r.oneOf(n, "info", "low", "medium", "high", "critical") },
	})
	if o.Match == "" || o.Reason == "" {
		r.problem(n, "an override without match or reason", "match: and reason:", "")
		return
	}
	r.policy.Risks.Overrides = append(r.policy.Risks.Overrides, o)
}

func (r *reader) waiver(n ast.Node) {
	w := Waiver{Pos: r.pos(n)}
	r.mapping(n, fields{
		"rule":   func(n ast.Node) { w.Rule = r.text(n); r.knownRule(w.Rule, n) },
		"packet": func(n ast.Node) { w.Packet = r.text(n) }, "match": func(n ast.Node) { w.Match = r.text(n) }, "reason": func(n ast.Node) { w.Reason = r.text(n) },
		"owner": func(n ast.Node) { w.Owner = r.text(n) }, "expires": func(n ast.Node) { w.Expires = r.date(n) },
		"commit": func(n ast.Node) { w.Commit = strings.ToLower(r.text(n)) }, "from": func(n ast.Node) { w.From = r.text(n) }, "to": func(n ast.Node) { w.To = r.text(n) },
	})
	var missing []string
	for name, there := range map[string]bool{"rule": w.Rule != "", "reason": w.Reason != "", "owner": w.Owner != "", "expires": !w.Expires.IsZero()} {
		if !there {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		r.problem(n, "a waiver without "+strings.Join(missing, ", "), "rule, reason, owner and expires", "")
		return
	}
	r.policy.Waivers = append(r.policy.Waivers, w)
}

// --- values ---

func asMapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// mapping reads a mapping with known keys.
func (r *reader) mapping(n ast.Node, f fields) {
	r.each(n, func(key string, at, value ast.Node) {
		read, ok := f[key]
		if !ok {
			known := make([]string, 0, len(f))
			for name := range f {
				known = append(known, name)
			}
			slices.Sort(known)
			r.problem(at, fmt.Sprintf("unknown key %q", key), "one of "+strings.Join(known, ", "), near(key, known))
			return
		}
		read(value)
	})
}

// each reads a mapping with any keys, each once.
func (r *reader) each(n ast.Node, read func(key string, at, value ast.Node)) {
	values, ok := asMapping(n)
	if !ok {
		r.problem(n, "not a mapping: "+shown(n), "keys with values", "")
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		key := strings.Trim(v.Key.String(), `"'`)
		if seen[key] {
			r.problem(v.Key, fmt.Sprintf("key %q stands twice", key), "each key once", "")
			continue
		}
		seen[key] = true
		read(key, v.Key, v.Value)
	}
}

func (r *reader) list(n ast.Node, read func(ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(n, "not a list: "+shown(n), "a list", "")
		return
	}
	for _, item := range s.Values {
		read(item)
	}
}

func (r *reader) strings(n ast.Node) []string {
	if _, single := n.(*ast.StringNode); single {
		return []string{r.text(n)}
	}
	var out []string
	r.list(n, func(item ast.Node) { out = append(out, r.text(item)) })
	return out
}

func (r *reader) text(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.String()
	}
	r.problem(n, "not a text: "+shown(n), "a text", "")
	return ""
}

func shown(n ast.Node) string {
	if n == nil {
		return "nothing"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(n.String()), "\n")
	if len(line) > 40 {
		line = line[:40] + "…"
	}
	return line
}

func (r *reader) number(n ast.Node, least int) int {
	v, err := strconv.Atoi(strings.TrimSpace(n.String()))
	if err != nil || v < least {
		r.problem(n, "not a number: "+shown(n), fmt.Sprintf("a whole number from %d", least), "")
		return least
	}
	return v
}

func (r *reader) boolean(n ast.Node) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.problem(n, "neither true nor false: "+shown(n), "true or false", "")
		return false
	}
	return b.Value
}

func (r *reader) duration(n ast.Node) time.Duration {
	d, err := time.ParseDuration(r.text(n))
	if err != nil || d <= 0 {
		r.problem(n, "not a duration: "+shown(n), "a duration such as 90s or 15m", "")
	}
	return d
}

var sizeUnits = map[string]int64{"": 1, "B": 1, "KB": 1000, "MB": 1e6, "GB": 1e9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}

func (r *reader) size(n ast.Node) int64 {
	text := strings.TrimSpace(r.text(n))
	digits := strings.TrimRight(text, "BKMGibkmg ")
	unit, ok := sizeUnits[strings.ToUpper(strings.TrimSpace(text[len(digits):]))]
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !ok || v <= 0 || v > 1<<50/unit {
		r.problem(n, "not a size: "+shown(n), "a size such as 64MiB", "")
		return 1 << 20
	}
	return v * unit
}

func (r *reader) date(n ast.Node) time.Time {
	d, err := time.Parse("2006-01-02", strings.TrimSpace(r.text(n)))
	if err != nil {
		r.problem(n, "not a date: "+shown(n), "a date such as 2026-12-31", "")
	}
	return d
}

func (r *reader) expression(n ast.Node) string {
	text := r.text(n)
	if _, err := regexp.Compile(text); err != nil {
		r.problem(n, "not a regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "RE2 syntax", "")
		return ""
	}
	return text
}

func (r *reader) globs(n ast.Node) []string {
	list := r.strings(n)
	for _, g := range list {
		if _, err := path.Match(g, ""); err != nil {
			r.problem(n, fmt.Sprintf("not a glob: %q", g), "a pattern such as docs/**", "")
		}
	}
	return list
}

// folder is a path that stays in the repository.
func (r *reader) folder(n ast.Node) string {
	text := path.Clean(r.text(n))
	if !filepath.IsLocal(filepath.FromSlash(text)) {
		r.problem(n, fmt.Sprintf("%q leaves the repository", text), "a path below the repository's root", "")
		return ""
	}
	if text == "." {
		return ""
	}
	return text
}

func (r *reader) oneOf(n ast.Node, allowed ...string) string {
	text := r.text(n)
	if !slices.Contains(allowed, text) {
		r.problem(n, fmt.Sprintf("unknown value %q", text), "one of "+strings.Join(allowed, ", "), near(text, allowed))
	}
	return text
}

// near returns the known word that a wrong one is most like.
func near(word string, known []string) string {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to change, add or drop (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := last
			if a[i-1] != b[j-1] {
				cost = 1 + min(last, row[j], row[j-1])
			}
			last, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
