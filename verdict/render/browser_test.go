package render_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
)

// browser opens pages in a real Chromium; scripts that threw are collected.
func browser(t *testing.T) (context.Context, *[]string) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("VERDICT_TEST_REQUIRE_BROWSER") == "1" {
			t.Fatal("VERDICT_TEST_REQUIRE_BROWSER=1, and no Chromium is installed")
		}
		t.Skip("no Chromium is installed; the page is not opened")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	var thrown []string
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			thrown = append(thrown, e.ExceptionDetails.Text)
		}
	}))
	return ctx, &thrown
}

// ask evaluates a script in the page.
func ask[T any](ctx context.Context, t *testing.T, script string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	require.NoError(t, err)
	return value
}

func pageFile(t *testing.T, r *verdict.Report, o render.HTMLOptions) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, []byte(show(t, func(w io.Writer) error { return render.HTML(w, r, o) })), 0o644))
	return "file://" + path
}

func TestPageInABrowser(t *testing.T) {
	ctx, thrown := browser(t)
	r := noGoReport()
	var log strings.Builder
	for i := range 50000 {
		fmt.Fprintf(&log, "\x1b[32mok\x1b[0m line %d\n", i+1)
		if i == 40000 {
			log.WriteString("--- FAIL: TestVAT <img src=x onerror=\"document.title='run'\">\n")
		}
	}
	r.Commands[1].Evidence.Log.Path, r.Commands[1].Evidence.Log.Kept = "logs/001.log", int64(log.Len())
	logs := fstest.MapFS{"logs/001.log": {Data: []byte(log.String())}}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, r, render.HTMLOptions{Logs: logs}))))
	shown := ask[int](ctx, t, `{
		const severity = document.getElementById("filter-severity");
		severity.value = "blocker";
		severity.dispatchEvent(new Event("change"));
		[...document.querySelectorAll(".finding")].filter((f) => !f.hidden).length
	}`)
	assert.Equal(t, 2, shown)
	assert.Equal(t, "2 of 4 shown", ask[string](ctx, t, `document.getElementById("filter-count").textContent`))
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Click("#command-2 summary"),
		chromedp.WaitVisible("#command-2 .row"),
		chromedp.Click("#command-2 .failure"),
		chromedp.WaitVisible("#command-2 .hit"),
	))
	assert.Equal(t, "line 40002 of 50001", ask[string](ctx, t, `document.querySelector("#command-2 .log-status").textContent`))
	assert.LessOrEqual(t, ask[int](ctx, t, `document.querySelectorAll("#command-2 .row").length`), 120, "only what is in view becomes elements")
	assert.Equal(t, "NO_GO: docs/progress.md at 1f0c2ab3", ask[string](ctx, t, `document.title`))
	assert.Empty(t, *thrown)
}

func TestHostilePageRunsNothing(t *testing.T) {
	ctx, thrown := browser(t)
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Navigate(pageFile(t, hostileReport(hostile), render.HTMLOptions{})),
		chromedp.Click("#command-2 summary"),
		chromedp.WaitVisible("#command-2 .row"),
	))
	elements := ask[int](ctx, t, `document.querySelectorAll("img, iframe, script").length`)
	assert.Equal(t, 2, elements, "the page's own two scripts")
	assert.Empty(t, *thrown)
}

func TestBigPageOpensQuickly(t *testing.T) {
	ctx, _ := browser(t)
	address := pageFile(t, bigReport(10000, 200), render.HTMLOptions{})
	begin := time.Now()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	took := time.Since(begin)
	t.Logf("10,000 findings opened in %v", took)
	assert.Less(t, took, 6*time.Second)
}
