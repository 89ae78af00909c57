package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/testout/nodetest"
	"github.com/verdictci/verdict/verdict/render/browsertest"
)

var shots = flag.String("shots", "", "write pictures of the page to this `folder`, to be looked at")

// TestPageOfARun opens the page of a real run, written elsewhere than beside the
// evidence: axe finds no serious fault in light, dark and on a phone, its links
// lead to files that are there, and nothing from outside runs.
func TestPageOfARun(t *testing.T) {
	axe := axeSource(t)
	page := filepath.Join(t.TempDir(), "else where", "page.html")
	require.NoError(t, os.Mkdir(filepath.Dir(page), 0o755))
	repository(t)
	for _, args := range [][]string{{"run", "-q", "tracker.md"}, {"run", "-q", "--format", "html", "-o", page, "tracker.md"}} {
		var out, progress bytes.Buffer
		require.Equal(t, exitNoGo, execute(context.Background(), args, streams{out: &out, err: &progress}), "%s%s", &out, &progress)
		edit(t, "tracker.md", "(Owner: Ada)", "(Owner: Grace)")
	}
	ctx := browsertest.Open(t) // only now: a run ends every process that it finds below its own
	info, err := os.Stat(page)
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(2<<20))
	for name, look := range map[string]struct {
		width         int64
		scheme, media string
	}{"light": {1100, "light", "screen"}, "dark": {1100, "dark", "screen"}, "phone": {390, "light", "screen"}, "print": {794, "light", "print"}} {
		t.Run(name, func(t *testing.T) {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: look.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}})
			require.NoError(t, err)
			require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(look.width, 900), chromedp.Navigate("file://"+page)))
			if look.media == "screen" {
				require.NoError(t, chromedp.Do(ctx, chromedp.Click("#command-3 summary"), chromedp.WaitVisible("#command-3 .row")))
				noFaults(ctx, t, axe)
			}
			overflow, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`))
			require.NoError(t, err)
			assert.LessOrEqual(t, overflow, 0, "the page is not scrolled sideways")
			if *shots != "" {
				picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				require.NoError(t, err)
				require.NoError(t, os.MkdirAll(*shots, 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o644))
			}
		})
	}
	sections, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("h2")].map((h) => h.id).join(" ")`))
	require.NoError(t, err)
	assert.Equal(t, "findings packets commands timeline graph checkpoints risks waivers changes tracker about", sections)
	linksLeadSomewhere(ctx, t)
}

// noFaults runs axe over everything that WCAG 2.2 AA asks for.
func noFaults(ctx context.Context, t *testing.T, axe string) {
	t.Helper()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](axe+"; true"))
	require.NoError(t, err)
	type fault struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML string }
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
		Violations []fault
		Passes     int
	}](`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => ({ violations: r.violations, passes: r.passes.length }))`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	assert.Greater(t, found.Passes, 20, "axe looked at the page")
	for _, f := range found.Violations {
		assert.Fail(t, f.Impact+" "+f.ID+": "+f.Help, "%v", f.Nodes)
	}
}

// linksLeadSomewhere follows every link of the page to files and places in it.
func linksLeadSomewhere(ctx context.Context, t *testing.T) {
	t.Helper()
	files, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll(":not(svg) > a")].map((a) => a.href).filter((h) => h.startsWith("file:") && !h.includes("#"))`))
	require.NoError(t, err)
	require.Len(t, files, 1, "the log that is too large is linked")
	for _, address := range files {
		text, err := os.ReadFile(strings.ReplaceAll(strings.TrimPrefix(address, "file://"), "%20", " "))
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(string(text), "the last line\n"))
	}
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href^='#']")].map((a) => a.getAttribute("href").replace(/-(failure|L\d+)$/, "")).filter((h) => !document.getElementById(h.slice(1)))`))
	require.NoError(t, err)
	assert.Empty(t, broken)
	outside, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll("img, iframe, object, script:not([type]) ~ script").length`))
	require.NoError(t, err)
	assert.Zero(t, outside)
}

// repository makes testdata/page.txtar the current folder, as a repository.
func repository(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	a, err := txtar.ParseFile(filepath.Join(testFolder, "page.txtar"))
	require.NoError(t, err)
	for _, f := range a.Files {
		require.NoError(t, os.MkdirAll(filepath.Dir(f.Name), 0o755))
		require.NoError(t, os.WriteFile(f.Name, f.Data, 0o644))
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	git("add", "go.mod", "calc", "big.sh", "verdict.yaml")
	git("commit", "-q", "-m", "A-00: base")
	edit(t, "tracker.md", "HASH", git("rev-parse", "HEAD"))
}

func edit(t *testing.T, path, from, to string) {
	t.Helper()
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(src, []byte(from), []byte(to)), 0o644))
}

// testFolder is this package's testdata, whatever the current folder is.
var testFolder, _ = filepath.Abs("testdata")

// axeSource is the program of axe-core.
func axeSource(t *testing.T) string {
	t.Helper()
	modules := nodetest.Install(t, os.DirFS(filepath.Join(testFolder, "axe")))
	source, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(source)
}
