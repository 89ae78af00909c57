package lazyregexp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

func TestBadPatternFailsEveryTest(t *testing.T) {
	assert.Panics(t, func() { lazyregexp.New(`(`) })
}
