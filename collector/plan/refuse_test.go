package plan

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRuinBehindOtherWords(t *testing.T) {
	for _, text := range []string{
		"eval 'git reset --hard'", "trap 'git reset --hard' EXIT; go test", "git --git-dir .git reset --hard", "git stash -u",
		"rm -rf ./", "rm -rf ./*", "rm -rf src/..", `rm -rf "${HOME}"`, "mkfs.ext4 /dev/sda",
	} {
		shape := shapeOf(text)
		assert.NotNil(t, refusal(text, &shape, nil), text)
	}
	for _, text := range []string{"git stash list", "rm -rf ./dist", "rm -rf dist", "trap 'rm -rf dist' EXIT; go test", "eval 'go test ./...'"} {
		shape := shapeOf(text)
		assert.Nil(t, refusal(text, &shape, nil), text)
	}
}
