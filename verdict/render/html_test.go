package render_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/verdict/render"
)

func TestPageHoldsTextOnly(t *testing.T) {
	for name, r := range examples() {
		out := show(t, func(w io.Writer) error { return render.HTML(w, r, render.HTMLOptions{}) })
		assert.Len(t, regexp.MustCompile(`<script`).FindAllString(out, -1), 2, name)
		assert.NotContains(t, out, "<img", name)
		assert.NotContains(t, out, "ZgotmplZ", name)
		assert.NotRegexp(t, `(?i)(src|href)="(https?://evil|javascript:)`, out, name)
		assert.NotRegexp(t, ` style="| on[a-z]+="`, out, name)
	}
}

func TestPageIsSmallAndQuick(t *testing.T) {
	out := show(t, func(w io.Writer) error { return render.HTML(w, bigReport(50, 200), render.HTMLOptions{}) })
	t.Logf("200 commands: %d KiB", len(out)>>10)
	assert.Less(t, len(out), 2<<20)
	r := bigReport(10000, 20)
	begin := time.Now()
	require.NoError(t, render.JSON(io.Discard, r))
	json := time.Since(begin)
	begin = time.Now()
	require.NoError(t, render.HTML(io.Discard, r, render.HTMLOptions{}))
	page := time.Since(begin)
	t.Logf("10,000 findings: made in %d ms, as JSON in %d ms: ratio %.1f", page.Milliseconds(), json.Milliseconds(), page.Seconds()/json.Seconds())
}

// TestPageLinksWhatIsTooLarge: 200 commands with logs that do not pack stay below
// 2 MB, and each log is in the page or linked where it lies.
func TestPageLinksWhatIsTooLarge(t *testing.T) {
	r := bigReport(50, 200)
	logs, random := fstest.MapFS{}, rand.New(rand.NewPCG(1, 2))
	for i := range r.Commands {
		noise := make([]byte, 100_000)
		for k := range noise {
			noise[k] = byte(random.IntN(256))
		}
		e := r.Commands[i].Evidence
		e.Log.Path, e.Log.Kept, e.Log.Tail = fmt.Sprintf("logs/%03d.log", i), int64(len(noise)), strings.Repeat("the end\n", 100)
		logs[e.Log.Path] = &fstest.MapFile{Data: noise}
	}
	out := show(t, func(w io.Writer) error {
		return render.HTML(w, r, render.HTMLOptions{Logs: logs, LogDir: "../a: b/run"})
	})
	assert.Less(t, len(out), 2<<20)
	linked := strings.Count(out, `<a href="../a:%20b/run/logs/`)
	assert.Greater(t, linked, 150)
	assert.Less(t, linked, 200, "some are in the page")
}
