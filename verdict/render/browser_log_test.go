package render_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict/render"
)

// TestFirstFailure: from a finding, the log opens at the failure that was counted,
// past what only looks like one; where none is known, at what looks like one, else
// at the end.
func TestFirstFailure(t *testing.T) {
	ctx, thrown := browser(t)
	failed := func(tests ...string) evidence.Step {
		s := evidence.Step{Probative: true, Outcome: evidence.Exited, ExitCode: 1, Tests: &evidence.Tests{Failed: len(tests)}}
		for _, name := range tests {
			s.Tests.Failures = append(s.Tests.Failures, evidence.Failure{Unit: "shop/vat", Test: name})
		}
		return s
	}
	found := func(file string, line int) evidence.Step {
		return evidence.Step{Probative: true, Outcome: evidence.Exited, ExitCode: 2, Check: &evidence.Check{Files: 4, Diagnostics: []evidence.Diagnostic{{File: file, Line: line, Column: 14, Message: "no"}}}}
	}
	padding := strings.Repeat("a line\n", 300)
	for name, c := range map[string]struct {
		step      evidence.Step
		log, want string
	}{
		"go test": {
			failed("TestVAT/zero", "TestVAT"),
			"=== RUN   TestVAT/zero\nError: only a log line\n--- FAIL: TestVAT (0.00s)\n" + padding + "    --- FAIL: TestVAT/zero (0.00s)\n        vat_test.go:9: got 19\nFAIL\n",
			"    --- FAIL: TestVAT/zero (0.00s)",
		},
		"vitest": {
			failed("label > names the thing"),
			" ✓ label > names the price 1ms\nstdout | Error: only a log line\n" + padding + "\x1b[41m\x1b[1m FAIL \x1b[22m\x1b[49m src/label.test.ts\x1b[2m > \x1b[22mlabel\x1b[2m > \x1b[22mnames the thing\nAssertionError: expected 1\n",
			" FAIL  src/label.test.ts > label > names the thing",
		},
		"tsc": {
			found("frontend/src/label.ts", 7), padding + "src/label.ts(7,14): error TS2322: Type 'string' is not assignable.\n",
			"src/label.ts(7,14): error TS2322: Type 'string' is not assignable.",
		},
		"go build": {
			found("vat/vat.go", 7), "# example.com/shop/vat\nvat/vat.go:7:14: undefined: rate\n",
			"vat/vat.go:7:14: undefined: rate",
		},
		"a script":             {evidence.Step{}, padding + "make: *** [all] Error 1\nnpm error code 1\nbye\n", "npm error code 1"},
		"nothing recognisable": {evidence.Step{}, padding + "bye\n", "bye"},
	} {
		r := noGoReport()
		e := r.Commands[1].Evidence
		e.Steps = []evidence.Step{c.step}
		e.Log.Path, e.Log.Kept, e.Log.Bytes = "logs/001.log", int64(len(c.log)), int64(len(c.log))
		require.NoError(t, chromedp.Do(ctx,
			chromedp.Navigate(pageFile(t, r, render.HTMLOptions{Logs: fstest.MapFS{"logs/001.log": {Data: []byte(c.log)}}})),
			chromedp.Click(`.finding a[href="#command-2-failure"]`), chromedp.WaitVisible("#command-2 .hit"),
		))
		assert.Equal(t, c.want, ask[string](ctx, t, `document.querySelector("#command-2 .hit").textContent.replace(/^\d+/, "")`), name)
	}
	assert.Empty(t, *thrown)
}

// TestColoursOfALog: the colours and styles of ANSI output are kept, whatever way
// they are written in, and what is no text leaves nothing behind.
func TestColoursOfALog(t *testing.T) {
	ctx, _ := browser(t)
	for escape, want := range map[string]string{
		"1;31":                        "b c1",
		"38;5;2":                      "c2",
		"38;5;196":                    "c1",
		"38;2;255;0;0":                "c1",
		"38;2;20;20;240;1":            "b c4",
		"93":                          "c3",
		"41":                          "g g1",
		"7;32":                        "g g2",
		"48;5;4;37":                   "g g4",
		"2":                           "d",
		"3;4;9":                       "i u s",
		"":                            "",
		"31m\x1b[0":                   "",
		"31m\x1b[39":                  "",
		"1m\x1b]8;;http://x\a\x1b[32": "b c2",
	} {
		r := noGoReport()
		r.Commands[1].Evidence.Log.Head = "before \x1b[" + escape + "mword\x1b[m\n"
		require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, r, render.HTMLOptions{})), chromedp.Click("#command-2 summary"), chromedp.WaitVisible("#command-2 .row")))
		assert.Equal(t, want, ask[string](ctx, t, `[...document.querySelectorAll("#command-2 .row span")].find((s) => s.textContent === "word").className`), "%q", escape)
		assert.Equal(t, "1before word", ask[string](ctx, t, `document.querySelector("#command-2 .row").textContent`), "%q", escape)
	}
}

// TestPaperIsUnfolded: what is folded on a screen is printed.
func TestPaperIsUnfolded(t *testing.T) {
	ctx, _ := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, noGoReport(), render.HTMLOptions{}))))
	visible := `[...document.querySelectorAll("details dl")].filter((e) => e.checkVisibility()).length`
	assert.Zero(t, ask[int](ctx, t, visible))
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	require.NoError(t, err)
	assert.Equal(t, 3, ask[int](ctx, t, visible))
	assert.Zero(t, ask[int](ctx, t, `[...document.querySelectorAll("nav, form, .log")].filter((e) => e.checkVisibility()).length`), "what cannot be used on paper")
}

// TestFilterCounts: each choice says how many findings it has, and shows as many.
func TestFilterCounts(t *testing.T) {
	ctx, _ := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(pageFile(t, bigReport(60, 5), render.HTMLOptions{}))))
	wrong := ask[[]string](ctx, t, `{
		const wrong = [], shown = () => [...document.querySelectorAll(".finding")].filter((f) => f.checkVisibility());
		for (const name of ["severity", "rule", "packet"]) {
			const select = document.getElementById("filter-" + name);
			for (const option of [...select.options].slice(1)) {
				select.value = option.value;
				select.dispatchEvent(new Event("change"));
				const said = option.value + " (" + shown().length + ")", count = document.getElementById("filter-count").textContent;
				if (option.text !== said || count !== shown().length + " of 60 shown" || !shown().every((f) => f.dataset[name] === option.value)) wrong.push(option.text + ": " + said + ", " + count);
			}
			select.value = "";
		}
		wrong
	}`)
	assert.Empty(t, wrong)
	assert.Greater(t, ask[int](ctx, t, `document.querySelectorAll("option").length`), 6, "there is something to choose")
}
