package render

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
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
	ID    string       `json:"id"`
	Short sarifMessage `json:"shortDescription"`
	Help  sarifMessage `json:"help"`
	Level struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful bool   `json:"executionSuccessful"`
	End        string `json:"endTimeUtc,omitempty"`
}

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
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "verdict", Version: clean(r.Tool.Version), Rules: sarifRules(r)}},
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
	for i := range r.Findings {
		run.Results = append(run.Results, sarifFinding(r, &r.Findings[i], run.Tool.Driver.Rules))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifRules are the rules that have findings, sorted by id.
func sarifRules(r *verdict.Report) []sarifRule {
	rules := []sarifRule{}
	for i := range r.Findings {
		f := &r.Findings[i]
		at, found := slices.BinarySearchFunc(rules, f.Rule, func(have sarifRule, id string) int { return strings.Compare(have.ID, id) })
		if found {
			continue
		}
		rule := sarifRule{ID: f.Rule, Short: sarifMessage{f.Rule}, Help: sarifMessage{"'verdict explain " + clean(f.Rule) + "' says what this rule looks at and how to put it right."}}
		rule.Level.Level = sarifLevels[f.Severity]
		rules = slices.Insert(rules, at, rule)
	}
	return rules
}

func sarifFinding(r *verdict.Report, f *verdict.Finding, rules []sarifRule) sarifResult {
	text := clean(f.Message)
	for _, field := range [...]struct{ label, content string }{{"Claimed", f.Claimed}, {"Observed", f.Observed}, {"To do", f.Hint}} {
		if field.content != "" {
			text += "\n" + field.label + ": " + clean(field.content)
		}
	}
	if f.Waived != nil {
		text += "\nWaived until " + clean(f.Waived.Expires) + " by " + clean(f.Waived.Owner) + ": " + clean(f.Waived.Reason)
	}
	index, _ := slices.BinarySearchFunc(rules, f.Rule, func(have sarifRule, id string) int { return strings.Compare(have.ID, id) })
	result := sarifResult{RuleID: f.Rule, RuleIndex: index, Level: sarifLevels[f.Severity], Message: sarifMessage{text}, Fingerprints: map[string]string{"verdictFinding/v1": f.ID}}
	if result.Level == "" {
		result.Level = "error"
	}
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
