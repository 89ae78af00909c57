package checkpoint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/checkpoint"
)

func TestRanges(t *testing.T) {
	r := newRepo(t)
	first := r.commit("one")
	r.git("tag", "v1")
	r.git("checkout", "-q", "-b", "side")
	r.commit("side")
	r.git("checkout", "-q", "main")
	r.commit("two")
	r.git("tag", "v2")
	r.git("checkout", "-q", "-b", "later")
	r.commit("three")
	r.git("tag", "-a", "-m", "annotated", "v3")
	r.git("checkout", "-q", "main")

	got := r.verify(checkpoint.Options{Ranges: []checkpoint.Range{
		{From: "v1"}, {From: first, To: "v3"}, {To: "v2"}, {From: "side"}, {From: "v1", To: "v1"}, {From: "v9"}, {From: "later"},
	}}, first).Ranges
	var states []string
	for _, g := range got {
		states = append(states, g.State)
	}
	assert.Equal(t, []string{"inside", "inside", "inside", "outside", "outside", "unknown", "outside"}, states)
	assert.NotEmpty(t, got[5].Reason)
}
