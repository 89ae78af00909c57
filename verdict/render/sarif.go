package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/verdictci/verdict/verdict"
)

// SARIF 2.1.0, as far as a report needs it.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Artifacts   []sarifArtifact   `json:"artifacts"`
	Results     []sarifResult     `json:"results"`
	ColumnKind  string            `json:"columnKind"`
	Properties  map[string]string `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID     string       `json:"id"`
	Name   string       `json:"name,omitempty"`
	Short  sarifMessage `json:"shortDescription"`
	Full   sarifMessage `json:"fullDescription"`
	Help   sarifHelp    `json:"help"`
	Config sarifConfig  `json:"defaultConfiguration"`
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful bool                `json:"executionSuccessful"`
	End        string              `json:"endTimeUtc,omitempty"`
	Said       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

// mostResults is how many results of a run GitHub's code scanning takes: a file
// with more is refused as a whole.
const mostResults = 25000

type sarifArtifact struct {
	Location sarifURI          `json:"location"`
	Hashes   map[string]string `json:"hashes,omitempty"`
}

type sarifURI struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifURI    `json:"artifactLocation"`
	Region   sarifRegion `json:"region"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
}

var sarifLevels = map[verdict.Severity]string{verdict.Blocker: "error", verdict.Condition: "warning", verdict.Note: "note"}

// SARIF writes the findings as SARIF 2.1.0, placed on the tracker's lines. A
// waived finding stays a result; the waiver is named in its message.
func SARIF(w io.Writer, r *verdict.Report) error {
	rules, index := sarifRules(r)
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "verdict", Version: clean(r.Tool.Version), Rules: rules}},
		Invocations: []sarifInvocation{{Successful: r.Complete}},
		Artifacts:   []sarifArtifact{},
		Results:     []sarifResult{},
		ColumnKind:  "unicodeCodePoints",
		Properties:  map[string]string{"verdict": string(decisionOf(r.Verdict)), "commit": r.Subject.Commit, "tree": r.Subject.Tree},
	}
	if !r.Generated.IsZero() {
		run.Invocations[0].End = r.Generated.UTC().Format(time.RFC3339)
	}
	for _, t := range r.Trackers {
		run.Artifacts = append(run.Artifacts, sarifArtifact{Location: sarifFile(t.Path), Hashes: map[string]string{"sha-256": t.SHA256}})
	}
	for i := range r.Findings[:min(len(r.Findings), mostResults)] { // the most severe come first
		run.Results = append(run.Results, sarifFinding(r, &r.Findings[i], index))
	}
	if left := len(r.Findings) - mostResults; left > 0 {
		run.Invocations[0].Said = []sarifNotification{{"warning", sarifMessage{fmt.Sprintf("%d of %d findings are left out: code scanning takes no more", left, len(r.Findings))}}}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	_, err := w.Write(inertJSON(b.Bytes()))
	return err
}

// sarifRules are all rules of the catalogue, and those of the report that it does
// not have: a report of another version shows what it found.
func sarifRules(r *verdict.Report) ([]sarifRule, map[string]int) {
	rules, index := []sarifRule{}, map[string]int{}
	add := func(rule sarifRule) {
		if _, have := index[rule.ID]; !have {
			index[rule.ID] = len(rules)
			rules = append(rules, rule)
		}
	}
	for _, k := range verdict.Rules() {
		add(sarifRule{
			ID: k.ID, Name: sarifName(k.ID), Short: sarifMessage{k.Title + "."},
			Full: sarifMessage{"Looks at " + k.Looks + ". Finds: " + k.Lie + ". Lets pass: " + k.Twin + "."},
			Help: sarifHelp{
				Text:     "To do: " + k.Fix + ".",
				Markdown: fmt.Sprintf("**%s.**\n\n- Looks at: %s\n- Finds: %s\n- Lets pass: %s\n- To do: %s\n", k.Title, k.Looks, k.Lie, k.Twin, k.Fix),
			},
			Config: sarifConfig{sarifLevels[k.Severity]},
		})
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		id := clean(f.Rule)
		add(sarifRule{
			ID: id, Short: sarifMessage{id + "."}, Full: sarifMessage{"A rule of another version of verdict."},
			Help: sarifHelp{Text: "A rule of another version of verdict."}, Config: sarifConfig{sarifLevel(f.Severity)},
		})
	}
	return rules, index
}

// sarifName is a rule's id as one word: "evidence/no-tests" is EvidenceNoTests.
func sarifName(id string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(id, func(r rune) bool { return r == '/' || r == '-' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// sarifLevel is a severity in SARIF's words; one that is not known is an error.
func sarifLevel(s verdict.Severity) string {
	if level, ok := sarifLevels[s]; ok {
		return level
	}
	return "error"
}

func sarifFinding(r *verdict.Report, f *verdict.Finding, index map[string]int) sarifResult {
	text := clean(f.Message)
	for _, field := range [...]struct{ label, content string }{{"Claimed", f.Claimed}, {"Observed", f.Observed}, {"Commit", f.Commit}, {"To do", f.Hint}} {
		if field.content != "" {
			text += "\n" + field.label + ": " + clean(field.content)
		}
	}
	if f.Waived != nil {
		text += "\nWaived until " + clean(f.Waived.Expires) + " by " + clean(f.Waived.Owner) + ": " + clean(f.Waived.Reason)
	}
	rule := clean(f.Rule)
	result := sarifResult{RuleID: rule, RuleIndex: index[rule], Level: sarifLevel(f.Severity), Message: sarifMessage{text}, Fingerprints: map[string]string{"verdictFinding/v1": f.ID}}
	pos := f.Pos
	if pos.File == "" {
		pos.File = f.Tracker
	}
	if pos.File == "" && len(r.Trackers) > 0 {
		pos.File = r.Trackers[0].Path
	}
	if pos.File != "" { // code scanning shows nothing without a place: the first line stands for the file
		result.Locations = []sarifLocation{{sarifPhysical{sarifFile(pos.File), sarifRegion{max(pos.Line, 1), max(pos.Column, 0)}}}}
	}
	return result
}

func sarifFile(path string) sarifURI {
	return sarifURI{URI: (&url.URL{Path: path}).EscapedPath(), Base: "%SRCROOT%"}
}
