package render_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict"
	"github.com/verdictci/verdict/verdict/render"
	"github.com/verdictci/verdict/verdict/render/browsertest"
)

// browser opens pages in a real Chromium; scripts that threw are collected.
func browser(t *testing.T) (context.Context, *[]string) {
	t.Helper()
	ctx := browsertest.Open(t)
	var thrown []string
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
	assert.Equal(t, "line 40002 of 50001, the first that looks like a failure", ask[string](ctx, t, `document.querySelector("#command-2 .log-status").textContent`))
	assert.LessOrEqual(t, ask[int](ctx, t, `document.querySelectorAll("#command-2 .row").length`), 120, "only what is in view becomes elements")
	assert.Equal(t, "NO_GO: docs/progress.md at 1f0c2ab3", ask[string](ctx, t, `document.title`))
	assert.Empty(t, *thrown)
}

// TestLinksLeadToLines: a finding leads to the failure in the log and to the
// tracker's line, in the page itself, with the keyboard alone.
func TestLinksLeadToLines(t *testing.T) {
	ctx, thrown := browser(t)
	r := noGoReport()
	source := []byte(strings.Repeat("a line\n", 80) + "2. `go test ./... -count=1` -> exit 0\n")
	sum := sha256.Sum256(source)
	r.Trackers[0].SHA256 = hex.EncodeToString(sum[:])
	address := pageFile(t, r, render.HTMLOptions{Trackers: map[string][]byte{"docs/progress.md": source}})
	press := func(selector string) {
		require.NoError(t, chromedp.Do(ctx, chromedp.Focus(selector), chromedp.KeyEvent(kb.Enter)))
	}
	hit := func(box string) string {
		require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible(box+" .hit")))
		assert.True(t, ask[bool](ctx, t, `document.activeElement.matches(".log")`), "the log has the focus")
		return ask[string](ctx, t, `document.querySelector("`+box+` .hit").textContent`)
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	press(`.finding a[href="#tracker-1-L81"]`)
	assert.Equal(t, "812. `go test ./... -count=1` -> exit 0", hit("#tracker-1"))
	press(`.finding a[href="#command-2-failure"]`)
	assert.Equal(t, "2FAIL: TestVAT: got 19, want 21", hit("#command-2"))
	press("#command-1 summary")
	require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible("#command-1 .row"), chromedp.Focus("#command-1 input"), chromedp.KeyEvent("SHOP"), chromedp.KeyEvent(kb.Enter)))
	assert.Equal(t, "line 1 of 2, match 1 of 1", ask[string](ctx, t, `document.querySelector("#command-1 output").textContent`))
	assert.Equal(t, "c2", ask[string](ctx, t, `[...document.querySelectorAll("#command-1 .hit span")].find((s) => s.textContent === "shop/vat").className`), "ANSI colours are kept")
	assert.Empty(t, *thrown)
}

// TestKeyboard walks the page with the Tab key alone: everything that can be used
// gets the focus, visibly, in the order of the page, and works.
func TestKeyboard(t *testing.T) {
	ctx, thrown := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, noGoReport(), render.HTMLOptions{}))))
	press := func(key string) { require.NoError(t, chromedp.Do(ctx, chromedp.KeyEvent(key))) }
	focused := func() string {
		return ask[string](ctx, t, `{
			const e = document.activeElement, style = getComputedStyle(e);
			(e.id || e.textContent.trim().slice(0, 20)) + (e.matches(":focus-visible") && style.outlineStyle !== "none" ? "" : " (not visible)")
		}`)
	}
	press(kb.Tab)
	assert.Equal(t, "Skip to the report", focused())
	seen := []string{}
	shown := func(want string) {
		assert.Eventually(t, func() bool {
			return ask[string](ctx, t, `document.getElementById("filter-count").textContent`) == want
		}, 5*time.Second, 10*time.Millisecond, want)
	}
	for range 60 {
		press(kb.Tab)
		if ask[bool](ctx, t, `document.activeElement === document.body`) {
			break // round once
		}
		seen = append(seen, focused())
		switch seen[len(seen)-1] {
		case "filter-severity":
			press("b") // the first letter chooses
			shown("2 of 4 shown")
		case "Show all":
			press(kb.Enter)
			shown("4 of 4 shown")
		}
	}
	for _, s := range seen {
		assert.NotContains(t, s, "not visible")
	}
	assert.Subset(t, seen, []string{"Findings", "filter-severity", "filter-rule", "filter-packet", "Show all"})
	assert.Equal(t, ask[int](ctx, t, `document.querySelectorAll("summary").length`), len(slices.DeleteFunc(seen, func(s string) bool {
		return !regexp.MustCompile(`^\d (passed|failed|vacuous)`).MatchString(s)
	})), "every command")
	press(kb.Tab) // round again: the skip link
	press(kb.Enter)
	press(kb.Tab)
	assert.Equal(t, "filter-severity", focused(), "the skip link leads past the sections")
	require.NoError(t, chromedp.Do(ctx, chromedp.Focus("#command-2 summary"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("#command-2 .row")))
	press(kb.Tab)
	press(kb.Escape)
	assert.Equal(t, "false SUMMARY", ask[string](ctx, t, `document.getElementById("command-2").open + " " + document.activeElement.tagName`), "Escape folds it")
	assert.Empty(t, *thrown)
}

// TestLargeGraph: a drawing of very many packets keeps the size of its words.
func TestLargeGraph(t *testing.T) {
	ctx, _ := browser(t)
	for name, dependsOn := range map[string]func(i int) []string{
		"a chain": func(i int) []string { return []string{fmt.Sprintf("SHOP-%d", i-1)} },
		"a fan":   func(int) []string { return []string{"SHOP-0"} },
		"apart":   func(int) []string { return nil },
	} {
		r := goReport()
		r.Packets, r.Checkpoints = nil, nil
		for i := range 300 {
			r.Packets = append(r.Packets, packet(fmt.Sprintf("SHOP-%d", i), i+1, dependsOn(i)...))
			r.Checkpoints = append(r.Checkpoints, checkpoint(fmt.Sprintf("SHOP-%d", i), "4f2a9c1e", i+1))
		}
		require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, r, render.HTMLOptions{}))))
		assert.Equal(t, 600, ask[int](ctx, t, `document.querySelectorAll("[aria-labelledby=graph] :is(rect, circle)").length`), name)
		assert.Equal(t, "1", ask[string](ctx, t, `String(document.querySelector("[aria-labelledby=graph] svg").getScreenCTM().a)`), "%s: not shrunk", name)
		overlaps := ask[int](ctx, t, `{
			const boxes = [...document.querySelectorAll("[aria-labelledby=graph] :is(rect, g)")].map((e) => e.getBoundingClientRect());
			boxes.filter((a, i) => boxes.some((b, j) => j > i && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length
		}`)
		assert.Zero(t, overlaps, name)
		assert.LessOrEqual(t, ask[int](ctx, t, `document.documentElement.scrollWidth - innerWidth`), 0, "%s: the page itself is not scrolled sideways", name)
	}
}

// TestLongLogScrollsSmoothly scrolls through 50,000 lines: no frame takes long, and
// in every one there are lines in view.
func TestLongLogScrollsSmoothly(t *testing.T) {
	ctx, thrown := browser(t)
	r := noGoReport()
	log := strings.Repeat("\x1b[32mok\x1b[0m    example.com/shop/vat  0.21s  a line of a log that is as long as most are\n", 50000)
	r.Commands[1].Evidence.Log.Path, r.Commands[1].Evidence.Log.Kept = "logs/001.log", int64(len(log))
	require.NoError(t, chromedp.Do(ctx,
		chromedp.Navigate(pageFile(t, r, render.HTMLOptions{Logs: fstest.MapFS{"logs/001.log": {Data: []byte(log)}}})),
		chromedp.Click("#command-2 summary"), chromedp.WaitVisible("#command-2 .row"),
	))
	found, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
		Slow, Blank, Last float64
		Frames            int
	}](`new Promise((done) => {
		const view = document.querySelector("#command-2 .log"), gaps = [], end = view.scrollHeight - view.clientHeight;
		view.scrollIntoView({ block: "center" });
		let before = performance.now(), blank = 0;
		const frame = (now) => {
			gaps.push(now - before);
			before = now;
			const box = view.getBoundingClientRect();
			if (!document.elementFromPoint(box.left + 120, box.top + box.height / 2)?.closest(".row")) blank++;
			if (view.scrollTop >= end - 1 || gaps.length > 400) {
				gaps.sort((a, b) => a - b);
				return done({ slow: gaps[Math.floor(gaps.length * 0.95)], blank, last: view.scrollTop / end, frames: gaps.length });
			}
			view.scrollTop += end / 200;
			requestAnimationFrame(() => requestAnimationFrame(frame));
		};
		requestAnimationFrame(frame);
	})`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	t.Logf("50,000 lines: %d jumps through the log, 95 of 100 drawn within %.0f ms, %.0f without lines in view", found.Frames, found.Slow, found.Blank)
	assert.Zero(t, found.Blank)
	assert.InDelta(t, 1, found.Last, 0.01)
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

// TestPagePolicyHolds: were text from outside to become markup after all, the
// page's policy would stop it: nothing runs, nothing is fetched, nothing is sent.
func TestPagePolicyHolds(t *testing.T) {
	ctx, _ := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, noGoReport(), render.HTMLOptions{}))))
	blocked, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise((done) => {
		const seen = new Set();
		addEventListener("securitypolicyviolation", (e) => seen.add(e.effectiveDirective));
		const holder = document.createElement("div");
		holder.innerHTML = '<img src=x onerror="window.ran = 1"><p style="color: red">x</p><iframe src="data:text/html,x"></iframe>';
		document.body.append(holder);
		const script = document.createElement("script");
		script.textContent = "window.ran = 2";
		document.body.append(script);
		fetch("https://example.invalid/").catch(() => 0);
		setTimeout(() => done([...seen].sort().join(" ") + " ran: " + window.ran), 300);
	})`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	assert.Equal(t, "connect-src frame-src img-src script-src-attr script-src-elem style-src-attr ran: undefined", blocked)
}

func TestBigPageOpensQuickly(t *testing.T) {
	ctx, _ := browser(t)
	open := func(r *verdict.Report) time.Duration {
		address := pageFile(t, r, render.HTMLOptions{})
		begin := time.Now()
		require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address)))
		return time.Since(begin)
	}
	open(noGoReport()) // the browser is awake
	small, took := open(noGoReport()), open(bigReport(10000, 200))
	t.Logf("10,000 findings: opened in %d ms, a page of four in %d ms: ratio %.1f", took.Milliseconds(), small.Milliseconds(), took.Seconds()/small.Seconds())
	rows, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.querySelectorAll("article.finding").length`))
	require.NoError(t, err)
	assert.Equal(t, 10000, rows)
}
