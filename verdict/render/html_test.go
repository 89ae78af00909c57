package render_test

import (
	"io"
	"regexp"
	"testing"
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
	assert.Less(t, len(out), 2<<20)
	r := bigReport(10000, 20)
	begin := time.Now()
	require.NoError(t, render.HTML(io.Discard, r, render.HTMLOptions{}))
	took := time.Since(begin)
	t.Logf("10,000 findings: %v", took)
	assert.Less(t, took, 3*time.Second)
}
