package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/redact"
)

func TestCommand(t *testing.T) {
	pat := "ghp_" + strings.Repeat("a1B2", 9)
	for text, want := range map[string]string{
		`curl -H "Authorization: Bearer ` + pat + `" https://example.com`: `curl -H "Authorization: Bearer [redacted]" https://example.com`,
		`curl -H 'authorization: token abc123' https://example.com`:       `curl -H 'authorization: token [redacted]' https://example.com`,
		`curl -H 'PRIVATE-TOKEN: abc' https://example.com`:                `curl -H 'PRIVATE-TOKEN: [redacted]' https://example.com`,
		`curl -fsS -u ada:pw https://example.com`:                         `curl -fsS -u ada:[redacted] https://example.com`,
		`git clone https://ada:hunter2@example.com/x`:                     `git clone https://[redacted]@example.com/x`,
		`PASSWORD=hunter2 go test ./...`:                                  `PASSWORD=[redacted] go test ./...`,
		`DB_PASSWORD='a b' go test ./... && A=1 x`:                        `DB_PASSWORD='[redacted]' go test ./... && A=1 x`,
		`export API_KEY="x y"; go test ./...`:                             `export API_KEY="[redacted]"; go test ./...`,
		`deploy --api-token abc --region eu`:                              `deploy --api-token [redacted] --region eu`,
		`deploy --password=abc`:                                           `deploy --password=[redacted]`,
	} {
		got, found := redact.Command(text)
		assert.Equal(t, want, got)
		assert.Len(t, found, 1, text)
		again, found := redact.Command(got)
		assert.Equal(t, want, again)
		assert.Empty(t, found, got)
	}
	for _, text := range []string{
		`go test ./... -run TestToken`, `PASSWORD=$DB_PASSWORD go test ./...`, `curl -H "Authorization: Bearer $TOKEN" https://example.com`, `API_KEY="${API_KEY}" go test`, `TOKEN=$(cat token) go test`,
		`go test -run 'TestPassword|TestSecret' ./secret/...`, `grep -r password= src`, `PASSWORD= go test`, `npm test -- --key value`, `go test ./token ./secrets`,
		`Authorization: the admin route is not checked yet`, `API-Key: rotated by hand`,
	} {
		got, found := redact.Command(text)
		assert.Equal(t, text, got)
		assert.Empty(t, found)
	}
}

func TestProse(t *testing.T) {
	for text, want := range map[string]string{
		"the --token flag is not documented":           "the --token flag is not documented",
		"`deploy --token s3cret` is run by hand":       "`deploy --token [redacted]` is run by hand",
		"it starts with DB_PASSWORD=hunter":            "it starts with DB_PASSWORD=[redacted]",
		"Authorization: bearer tokens are not checked": "Authorization: bearer tokens are not checked",
	} {
		got, _ := redact.Prose(text)
		assert.Equal(t, want, got)
	}
}

func TestWords(t *testing.T) {
	words := []string{"deploy", "-H", "Authorization: Bearer abc", "--password", "abc", "--token", "--force", "API_KEY=x", "abc"}
	redact.Words(words)
	assert.Equal(t, []string{"deploy", "-H", "Authorization: Bearer [redacted]", "--password", "[redacted]", "--token", "--force", "API_KEY=[redacted]", "abc"}, words)
}
