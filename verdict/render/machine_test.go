package render_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// TestSARIFIsWhatCodeScanningNeeds checks the members without which GitHub
// refuses or does not show a result.
func TestSARIFIsWhatCodeScanningNeeds(t *testing.T) {
	for name, r := range examples() {
		t.Run(name, func(t *testing.T) {
			var log struct {
				Version string
				Runs    []struct {
					Tool struct {
						Driver struct{ Rules []struct{ ID string } }
					}
					ColumnKind string
					Results    []struct {
						RuleID    string
						RuleIndex int
						Level     string
						Message   struct{ Text string }
						Locations []struct {
							PhysicalLocation struct {
								ArtifactLocation struct{ URI string }
								Region           struct{ StartLine int }
							}
						}
						PartialFingerprints map[string]string
					}
				}
			}
			out := show(t, func(w io.Writer) error { return render.SARIF(w, r) })
			require.NoError(t, json.Unmarshal([]byte(out), &log))
			require.Len(t, log.Runs, 1)
			run := log.Runs[0]
			assert.Equal(t, "2.1.0", log.Version)
			assert.Equal(t, "unicodeCodePoints", run.ColumnKind)
			require.Len(t, run.Results, len(r.Findings))
			for i, result := range run.Results {
				assert.Equal(t, result.RuleID, run.Tool.Driver.Rules[result.RuleIndex].ID)
				assert.Equal(t, map[verdict.Severity]string{"blocker": "error", "condition": "warning", "note": "note"}[r.Findings[i].Severity], result.Level)
				assert.NotEmpty(t, result.Message.Text)
				assert.NotEmpty(t, result.PartialFingerprints)
				require.Len(t, result.Locations, 1)
				place := result.Locations[0].PhysicalLocation
				u, err := url.Parse(place.ArtifactLocation.URI)
				require.NoError(t, err)
				assert.False(t, u.IsAbs())
				assert.Positive(t, place.Region.StartLine)
			}
		})
	}
}

// TestSARIFFitsTheSchema checks against the standard's own schema, which is
// taken out of a pinned Go module that carries it.
func TestSARIFFitsTheSchema(t *testing.T) {
	const module, digest = "github.com/owenrumney/go-sarif/v3@v3.3.1", "h1:bKY8YnWcY8zYTiGVObC5wZLlfEvMkCxK9XMGXBbzEtQ="
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		if os.Getenv("VERDICT_TEST_REQUIRE_NODE") == "1" {
			t.Fatalf("go mod download %s: %v", module, err)
		}
		t.Skip("the module with the SARIF schema cannot be downloaded here")
	}
	var at struct{ Dir, Sum string }
	require.NoError(t, json.Unmarshal(out, &at))
	require.Equal(t, digest, at.Sum)
	source, err := os.ReadFile(filepath.Join(at.Dir, "pkg", "report", "v210", "sarif", "schema.go"))
	require.NoError(t, err)
	_, text, ok := strings.Cut(string(source), "const schema = `")
	require.True(t, ok)
	text = strings.TrimRight(text, "`\n ")
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("sarif.json", value))
	schema, err := compiler.Compile("sarif.json")
	require.NoError(t, err)
	valid := func(sarif string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(sarif))
		require.NoError(t, err)
		return schema.Validate(value)
	}
	cases := examples()
	cases["more than code scanning takes"] = bigReport(25100, 3)
	for name, r := range cases {
		sarif := show(t, func(w io.Writer) error { return render.SARIF(w, r) })
		assert.NoError(t, valid(sarif), name)
		assert.Equal(t, min(len(r.Findings), 25000), strings.Count(sarif, `"ruleIndex":`), name)
		assert.Equal(t, len(r.Findings) > 25000, strings.Contains(sarif, `"100 of 25100 findings are left out: code scanning takes no more"`), name)
		assert.Error(t, valid(strings.Replace(sarif, `"version": "2.1.0"`, `"version": "2"`, 1)), "%s: the schema refuses something", name)
	}
}

// TestSARIFHasTheCatalogue: code scanning shows what each rule means.
func TestSARIFHasTheCatalogue(t *testing.T) {
	out := show(t, func(w io.Writer) error { return render.SARIF(w, goReport()) })
	for _, rule := range verdict.Rules() {
		assert.Contains(t, out, strconv.Quote(rule.ID))
	}
}

func TestJUnitNeverSkips(t *testing.T) {
	for _, state := range []verdict.CommandState{
		"", "anything", verdict.CommandPassed, verdict.CommandFailed, verdict.CommandVacuous, verdict.CommandUnproven,
		verdict.CommandNotEvaluated, verdict.CommandRefused, verdict.CommandTimedOut, verdict.CommandMissing,
	} {
		r := hostileReport(hostile)
		r.Commands[1].State = state
		out := show(t, func(w io.Writer) error { return render.JUnit(w, r) })
		var suites struct {
			Tests int `xml:"tests,attr"`
			Suite []struct {
				Case []struct {
					Failure *struct{} `xml:"failure"`
					Error   *struct{} `xml:"error"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		require.NoError(t, xml.NewDecoder(strings.NewReader(out)).Decode(&suites))
		require.Equal(t, 3, suites.Tests)
		assert.NotContains(t, out, "<skipped")
		k := suites.Suite[0].Case[1]
		bad := k.Failure != nil || k.Error != nil
		assert.Equal(t, state != verdict.CommandPassed, bad, "state %q", state)
	}
}

func TestReadJSON(t *testing.T) {
	for name, r := range examples() {
		if name == "empty" {
			continue
		}
		out := show(t, func(w io.Writer) error { return render.JSON(w, r) })
		back, err := render.ReadJSON(strings.NewReader(out))
		require.NoError(t, err, name)
		assert.Equal(t, out, show(t, func(w io.Writer) error { return render.JSON(w, back) }), name)
	}
	for name, c := range map[string]struct{ in, want string }{
		"no object":       {"hello", "line 1"},
		"no schema":       {`{"verdict":"GO"}`, "no schema"},
		"another schema":  {`{"schema":"verdict/bundle/v1"}`, `schema is "verdict/bundle/v1"`},
		"unknown member":  {`{"schema":"verdict/report/v1","verdict":"GO","more":1}`, "more"},
		"no decision":     {`{"schema":"verdict/report/v1"}`, `verdict is ""`},
		"text after":      {`{"schema":"verdict/report/v1","verdict":"GO"} x`, "after top-level value"},
		"wrong kind":      {"{\"schema\":\"verdict/report/v1\",\n\"verdict\":7}", "line 2"},
		"truncated":       {`{"schema":"verdict/report/v1","verdict":"GO"`, "unexpected end"},
		"nothing to read": {"", "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render.ReadJSON(strings.NewReader(c.in))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// TestJUnitNamesWhatFailed: readers show a failure's text, not the output.
func TestJUnitNamesWhatFailed(t *testing.T) {
	r := noGoReport()
	r.Commands[1].Evidence.Steps[0].Tests.Failures = []evidence.Failure{{Unit: "shop/vat", Test: "TestVAT", Message: "\x1b[31mgot 19\x1b[0m, want 21"}}
	out := show(t, func(w io.Writer) error { return render.JUnit(w, r) })
	assert.Contains(t, out, `type="failed">shop/vat TestVAT: got 19, want 21</failure>`)
}

// TestCommitInFull: the commit that a finding is about is there with all its digits,
// where the finding says it nowhere else, too.
func TestCommitInFull(t *testing.T) {
	commit := strings.Repeat("c0ffee7", 6)[:40]
	r := &verdict.Report{Findings: []verdict.Finding{{ID: "checkpoint/unreachable/1", Rule: "checkpoint/unreachable", Severity: verdict.Blocker, Message: "it is not in the history", Claimed: "c0ffee7c", Commit: commit}}}
	for name, f := range map[string]func(io.Writer) error{
		"Markdown": func(w io.Writer) error { return render.Markdown(w, r) },
		"HTML":     func(w io.Writer) error { return render.HTML(w, r, render.HTMLOptions{}) },
		"SARIF":    func(w io.Writer) error { return render.SARIF(w, r) },
	} {
		assert.Contains(t, show(t, f), commit, name)
	}
}
