package plan

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each of these ends with 0 in bash although its check does not run or fails.
func TestNotSoundWhereTheListCanBeLeft(t *testing.T) {
	for _, text := range []string{
		"exit 0 && go test ./...", "exit && go test ./...", "builtin exit 0 && go test ./...", "exec true && go test ./...", "set -n && go test ./...",
		"trap 'exit $((0))' EXIT && go test ./...", "eval 'go test ./... || true'", "hash -p /bin/true go && go test ./...", "setsid go test ./...",
		"bash -c 'true || go test ./...'", "bash -c 'if false; then go test ./...; fi'", "bash -c 'exit 0; go test ./...'", "sh -nc 'go test ./...'", "env bash -c 'true || go vet'",
	} {
		assert.False(t, ShapeOf(text, "").Sound, text)
	}
	for _, text := range []string{
		"go test ./...", "cd a && go test ./... && go vet ./...", "bash -c 'go test ./...'", "timeout 60 go test ./...", "env A=1 bash -c 'cd a && go vet ./...'", "bash check.sh", "A=1 go test ./... > log",
	} {
		assert.True(t, ShapeOf(text, "").Sound, text)
	}
}
