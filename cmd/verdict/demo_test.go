package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDemo runs the demo: NO_GO for the reasons that it names, then
// GO_WITH_CONDITIONS. README shows the beginning of its report.
func TestDemo(t *testing.T) {
	for name, npm := range map[string]bool{"with npm": true, "without npm": false} {
		t.Run(name, func(t *testing.T) {
			if !npm {
				hideNpm(t)
			}
			var out, progress bytes.Buffer
			dir := filepath.Join(t.TempDir(), "demo")
			code := execute(context.Background(), []string{"demo", "--dir", dir}, streams{out: &out, err: &progress})
			require.Equal(t, 0, code, progress.String())
			text := out.String()
			if npm && strings.Contains(text, "npm") && strings.Contains(text, "Go part alone") {
				if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
					t.Fatal("npm is required: " + text)
				}
				t.Skip("npm cannot install vitest and tsc here: " + strings.SplitN(text, "\n", 3)[1])
			}
			first, second, ok := strings.Cut(text, "Why NO_GO")
			require.True(t, ok)
			assert.Contains(t, first, "NO_GO  docs/progress.md")
			assert.Contains(t, second, "GO_WITH_CONDITIONS  docs/progress.md")
			assert.Contains(t, second, "checkpoint 4f2a9c1e")
			if npm {
				assert.Contains(t, second, "three of its statements")
				readme, err := os.ReadFile("../../README.md")
				require.NoError(t, err)
				shown := strings.SplitN(string(readme), "```\n", 3)
				require.Len(t, shown, 3)
				assert.Contains(t, text, shown[1], "README shows another report")
			} else {
				assert.Contains(t, second, "two of its statements")
			}
		})
	}
}

// hideNpm leaves all programs but npm on PATH.
func hideNpm(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.Name() != "npm" && e.Name() != "npx" {
				os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(bin, e.Name())) // the first of a name wins
			}
		}
	}
	t.Setenv("PATH", bin)
}
