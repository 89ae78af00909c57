package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

var update = flag.Bool("update", false, "write the golden files")

func examples() map[string]*verdict.Report {
	return map[string]*verdict.Report{
		"go": goReport(), "conditions": conditionsReport(), "nogo": noGoReport(), "hostile": hostileReport(hostile), "empty": {},
	}
}

// golden compares with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func show(t *testing.T, f func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f(&b))
	return b.String()
}

func TestTextGolden(t *testing.T) {
	for name, r := range examples() {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", show(t, func(w io.Writer) error { return render.Text(w, r, render.TextOptions{Width: 100}) }))
			golden(t, name+".md", show(t, func(w io.Writer) error { return render.Markdown(w, r) }))
		})
	}
}

func TestTextIsFitForATerminal(t *testing.T) {
	for name, r := range examples() {
		for _, width := range []int{10, 60, 80, 137, 200, 900} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				out := show(t, func(w io.Writer) error { return render.Text(w, r, render.TextOptions{Width: width, Verbose: true}) })
				for _, line := range strings.Split(out, "\n") {
					assert.LessOrEqual(t, utf8.RuneCountInString(strings.ReplaceAll(line, "\u200b", "")), min(max(width, 60), 200), line)
					assert.Equal(t, strings.TrimRight(line, " \t"), line)
					assert.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), line)
				}
				assert.NotRegexp(t, regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2066}-\x{2069}]|##\[`), out)
				assert.True(t, utf8.ValidString(out))
			})
		}
	}
}

func TestTextColourOnlyAddsColour(t *testing.T) {
	for name, r := range examples() {
		without := show(t, func(w io.Writer) error { return render.Text(w, r, render.TextOptions{}) })
		with := show(t, func(w io.Writer) error { return render.Text(w, r, render.TextOptions{Color: true}) })
		assert.Equal(t, without, regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(with, ""), name)
		assert.NotEqual(t, without, with, name)
	}
}

func TestFirstTenLines(t *testing.T) {
	for _, r := range []*verdict.Report{noGoReport(), bigReport(1000, 5), conditionsReport()} {
		out := show(t, func(w io.Writer) error { return render.Text(w, r, render.TextOptions{Quiet: true}) })
		assert.LessOrEqual(t, strings.Count(out, "\n"), 10)
		assert.True(t, strings.HasPrefix(out, string(r.Verdict)+"  "))
		assert.Contains(t, out, "docs/progress.md:")
		assert.Contains(t, out, "→ ")
	}
}

func TestUnknownDecisionIsNoGo(t *testing.T) {
	out := show(t, func(w io.Writer) error { return render.Text(w, &verdict.Report{}, render.TextOptions{}) })
	assert.True(t, strings.HasPrefix(out, "NO_GO"))
}
