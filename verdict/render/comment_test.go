package render_test

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

const reportURL = "https://ci.example/report/7"

var targets = map[string]int{"comment": 65536, "check": 65535, "check-text": 65535, "summary": 1 << 18, "status": 140}

func TestCommentFitsAndCountsWhatIsOwed(t *testing.T) {
	for _, n := range []int{5, 200, 1000, 10000} {
		for target, budget := range targets {
			t.Run(fmt.Sprintf("%d findings, %s", n, target), func(t *testing.T) {
				r := bigReport(n, 200)
				out, err := render.Comment(r, render.CommentOptions{Target: target, ReportURL: reportURL})
				require.NoError(t, err)
				assert.LessOrEqual(t, len(utf16.Encode([]rune(out))), budget)
				if target == "check-text" {
					return
				}
				assert.Contains(t, strings.ReplaceAll(out, `\_`, "_"), "NO_GO")
				if target == "status" {
					return
				}
				for word, severity := range map[string]string{"blocker": "Blockers", "condition": "Conditions"} {
					section := out[strings.Index(out, "### "+severity):]
					if end := strings.Index(section[4:], "###"); end > 0 {
						section = section[:end+4]
					}
					listed := strings.Count(section, "docs/progress.md:") / max(1, strings.Count(section, "](https://github.com/acme/shop/blob")/max(1, strings.Count(section, "\n- [")))
					if m := regexp.MustCompile(`and (\d+) more? ?` + word + `|and (\d+) ` + word + `s? more`).FindString(section); m != "" {
						assert.Contains(t, section, reportURL)
						continue
					}
					assert.Positive(t, listed, severity)
				}
			})
		}
	}
}

// TestCommentCountsEveryFinding: what is listed and what is counted make them all,
// however much room there is.
func TestCommentCountsEveryFinding(t *testing.T) {
	for _, n := range []int{1, 100, 300, 330, 400, 10_000} {
		for _, message := range []string{"short", strings.Repeat("日本語 @x ", 40), strings.Repeat("`a` #1 ", 300)} {
			r := &verdict.Report{Schema: verdict.ReportSchema, Verdict: verdict.NoGo}
			for i := range n {
				f := verdict.Finding{Rule: "evidence/failed", ID: fmt.Sprint("x/", i), Severity: verdict.Blocker, Message: fmt.Sprintf("m%d %s", i, message)}
				r.Findings = append(r.Findings, f)
				f.ID, f.Severity = f.ID+"c", verdict.Condition
				r.Findings = append(r.Findings, f)
			}
			out, err := render.Comment(r, render.CommentOptions{ReportURL: reportURL})
			require.NoError(t, err)
			for _, c := range [][2]string{{"### Blockers", "blocker"}, {"### Conditions", "condition"}} {
				_, section, found := strings.Cut(out, c[0])
				require.True(t, found, c[0])
				section, _, _ = strings.Cut(section, "\n#")
				section, _, _ = strings.Cut(section, "\n---")
				listed, more := len(regexp.MustCompile(`(?m)^- .*m\d+`).FindAllString(section, -1)), 0
				if m := regexp.MustCompile(`and (\d+) ` + c[1] + `s? more, in the \[full report\]`).FindStringSubmatch(section); m != nil {
					more, _ = strconv.Atoi(m[1])
				}
				assert.Equal(t, n, listed+more, "%d findings, %s: %d listed, %d counted", n, c[1], listed, more)
			}
		}
	}
}

func TestCommentRefuses(t *testing.T) {
	for name, o := range map[string]render.CommentOptions{
		"target": {Target: "mail"}, "id": {ID: "a --> b"}, "id with dashes": {ID: "a--b"}, "address": {ReportURL: "javascript:alert(1)"},
	} {
		_, err := render.Comment(goReport(), o)
		assert.Error(t, err, name)
	}
}

// owned are the only pieces of HTML that a comment holds.
var owned = regexp.MustCompile(`^(<!-- verdict:comment id=default -->|<!-- verdict:state class=NO_GO evidence=\S+ (?:run=\d+\.\d+ )?head=[0-9a-f]* -->|</?details>|<summary>(?:Packets|Commands|Checkpoints|Residual risks|Waivers|Notes|Where it ran|Changes since the last report|Output of command \d+)[a-z0-9 (),-]*</summary>)$`)

// checkInert parses a comment as GitHub does and looks for anything that text
// from outside brought to life.
func checkInert(t *testing.T, out string) {
	t.Helper()
	lines := strings.SplitN(out, "\n", 4)
	assert.Equal(t, "<!-- verdict:comment id=default -->", lines[0], "the marker comes first")
	assert.True(t, strings.HasPrefix(lines[1], "<!-- verdict:state class=NO_GO "), "then its state")
	assert.Equal(t, "## ⛔ NO\\_GO", lines[2], "then the decision")
	assert.Equal(t, 1, strings.Count(out, "<!-- verdict:comment"))
	assert.NotRegexp(t, `(?m)^\s*::|##\[`, out)
	source := []byte(out)
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	require.NoError(t, ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock:
			lines := n.Lines()
			for i := range lines.Len() {
				line := lines.At(i)
				assert.Regexp(t, owned, strings.TrimSpace(string(line.Value(source))))
			}
		case *ast.RawHTML, *ast.AutoLink, *ast.Image:
			t.Errorf("%s from outside", n.Kind())
		case *ast.Link:
			assert.Regexp(t, `^https://(ci\.example|github\.com/acme/shop)/`, string(n.Destination))
		case *ast.CodeSpan, *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			// What stands outside of code must mean nothing to GitHub.
			assert.NotRegexp(t, `[@#<>]|(?i)gh-\d|[0-9a-f]{7,}|://|www\.`, string(n.Segment.Value(source)))
		}
		return ast.WalkContinue, nil
	}))
}

func TestCommentIsInert(t *testing.T) {
	for _, s := range []string{
		hostile, "", " ", "`", "``", "\\", "\\|", "\\\\|", "|", "a`b``c```", "- [ ] x", "# h", "1. x", "---", "```\n```", "<!--", "-->", "[a]: https://evil.example", "&#64;octocat", "\\@octocat", "@octocat\u200b@x",
		"(@octocat)", "it's@octocat", "fixes\u00a0#1", "org/team@1234567", "~~~", "*x*", "_x_", "x\n\n</details>\n\n@x", "GH-1.", "(GH-1)", "a/GH-1", "https://github.com/a/b/issues/1",
	} {
		out, err := render.Comment(hostileReport(s), render.CommentOptions{ReportURL: reportURL})
		require.NoError(t, err)
		checkInert(t, out)
	}
}

// skeleton is the structure of a text, without its words and what stands in a line.
func skeleton(md string) string {
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList)).Parser().Parse(text.NewReader([]byte(md)))
	var b strings.Builder
	ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Type() == ast.TypeInline {
			return ast.WalkSkipChildren, nil
		}
		if entering {
			b.WriteString("(" + n.Kind().String())
		} else {
			b.WriteString(")")
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// checkShape: whatever stands in it, a comment has the structure that it has with
// plain words.
func checkShape(t *testing.T, s string) {
	t.Helper()
	shape := func(s string) string {
		out, err := render.Comment(hostileReport(s), render.CommentOptions{ReportURL: reportURL})
		require.NoError(t, err)
		return skeleton(out)
	}
	if strings.TrimSpace(s) != "" && len(s) < 2000 {
		assert.Equal(t, shape("word"), shape(s), "%q", s)
	}
}

func TestCommentKeepsItsShape(t *testing.T) {
	for _, s := range []string{
		hostile, "1. x", "1.", "12)", "- x", "+ x", "* x", "# h", "#", "> q", "---", "===", "| a | b |\n|---|---|", "```", "~~~", "    code", "\tcode", "<div>", "<!-- x", "[ ] task", "[x] task", "[^1]: note", "[a]: b",
		": definition", "$$", "$x$", "![i](u)", "<details>", "</details>", "\u202e#1", "\u200b- x", "\x1b[31m- x", "a|b\\|c", "\\", "x\\", "``", "` `", "\u3164", "\u2028- x", "=", "\u2003- x", "–", "1.1.", "2026.",
	} {
		checkShape(t, s)
	}
}

func FuzzComment(f *testing.F) {
	f.Add(hostile)
	f.Add("`@a` #1 \\`@b")
	f.Add("a|`|\\`@x`|b")
	f.Fuzz(func(t *testing.T, s string) {
		r := hostileReport(s)
		out, err := render.Comment(r, render.CommentOptions{ReportURL: reportURL})
		require.NoError(t, err)
		assert.LessOrEqual(t, len(utf16.Encode([]rune(out))), 65536)
		checkInert(t, out)
		checkShape(t, s)
		require.NoError(t, render.Text(io.Discard, r, render.TextOptions{}))
	})
}

// TestQuotationsStayWhole: what a message has between back-quotes is one code span,
// and a back-quote without a partner is text.
func TestQuotationsStayWhole(t *testing.T) {
	for message, want := range map[string]string{
		"`go test ./... -run 'a b'` exits 1: no": "`go test ./... -run 'a b'` exits 1: no",
		"it says `exit 0`, and more":             "it says `exit 0`, and more",
		"`open and @ada":                         "`` `open `` and `@ada`",
		"`a `b` c`":                              "`` `a `` `b` `` c` ``",
		"`@ada #1 fixes` #2":                     "`@ada #1 fixes` `#2`",
		"`one` `two words`":                      "`one` `two words`",
	} {
		r := noGoReport()
		r.Findings = r.Findings[:1]
		r.Findings[0].Message = message
		out := show(t, func(w io.Writer) error { return render.Markdown(w, r) })
		_, line, _ := strings.Cut(out, "(`evidence/contradicted-7a`) ")
		line, _, _ = strings.Cut(line, "\n")
		assert.Equal(t, want, line, message)
	}
}
