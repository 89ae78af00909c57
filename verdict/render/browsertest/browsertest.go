// Package browsertest opens pages in a real Chromium. It is for tests alone.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Open starts a browser with an empty page, and gives the context that chromedp
// takes; both end with the test, or after two minutes. Where no Chromium is
// installed the test is skipped, or fails if VERDICT_TEST_REQUIRE_BROWSER is set.
func Open(t testing.TB) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("VERDICT_TEST_REQUIRE_BROWSER") != "" {
			t.Fatal("VERDICT_TEST_REQUIRE_BROWSER is set, and no Chromium is installed")
		}
		t.Skip("no Chromium is installed; the page is not opened")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// the first action starts the browser: under a context with a time limit, the
	// browser would end with it
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
