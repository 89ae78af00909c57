package verdict_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Of several commands of the same tool, the evidence's nearest is the one to show.
func TestTheNearestOtherCommandIsNamed(t *testing.T) {
	f := &fixture{doc: goodTracker}
	f.replace(t, "1. `go vet ./...` -> exit 0\n", "1. `go vet ./other` -> exit 0\n2. `go vet -tags x ./...` -> exit 0\n")
	observed := ""
	for _, finding := range f.lint(t).Findings {
		if finding.Rule == "claims/other-command" {
			observed = finding.Observed
		}
	}
	assert.Equal(t, "go vet -tags x ./...", observed)
}
