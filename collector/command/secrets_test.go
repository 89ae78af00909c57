package command_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/command"
)

func TestSecretsAreRedacted(t *testing.T) {
	b := newBench(t)
	b.spec.Secrets = command.NewSecrets([]string{"correct-horse-battery"})
	token := "ghp_" + strings.Repeat("a1B2", 9)
	e := b.run(t, "printf 'x correct-horse-'; sleep 0.05; echo 'battery y'; echo "+token+"; echo https://user:hunter22@example.com/x; echo plain")
	log := b.log(t, e)
	assert.Equal(t, "x [redacted] y\n[redacted]\nhttps://[redacted]@example.com/x\nplain\n", log)
	assert.Equal(t, 3, b.spec.Secrets.Count())
	for _, text := range []string{e.Log.Head, fmt.Sprint(e.Steps)} {
		assert.NotContains(t, text, "battery")
		assert.NotContains(t, text, token)
	}
	sum := sha256.Sum256([]byte(log))
	assert.Equal(t, hex.EncodeToString(sum[:]), e.Log.SHA256)
}

// TestSecretsInEveryForm: what is kept beside the log holds no secret either, and a
// secret is known as JSON, addresses and base64 write it, and by its lines.
func TestSecretsInEveryForm(t *testing.T) {
	b := newBench(t)
	b.spec.Secrets = command.NewSecrets([]string{"pass\"word<&>1", "line-number-one\nline-number-two", "plain-old-secret"})
	b.module(t)
	token := "ghp_" + strings.Repeat("a1B2", 9)
	b.write(t, "s_test.go", "package m\n\nimport \"testing\"\n\nfunc TestPrints(t *testing.T) {\n\tt.Log(`pass\"word<&>1`)\n\tt.Run(\""+token+"\", func(t *testing.T) { t.Error(\"plain-old-secret\") })\n}\n")
	b.write(t, "print.sh", "echo line-number-two; echo cGxhaW4tb2xkLXNlY3JldA==; echo 'a=pass%22word%3C%26%3E1'\n")
	e := b.run(t, "go test ./... -count=1 -v; sh print.sh")
	require.NotEmpty(t, e.Steps)
	require.NotEmpty(t, e.Steps[0].Raw)
	raw, err := os.ReadFile(filepath.Join(b.bundle, filepath.FromSlash(e.Steps[0].Raw)))
	require.NoError(t, err)
	kept, err := json.Marshal(e)
	require.NoError(t, err)
	for _, secret := range []string{token, "word<&>1", `word\u003c`, "word%3C", "plain-old", "cGxhaW4t", "number-two"} {
		assert.NotContains(t, b.log(t, e), secret)
		assert.NotContains(t, string(raw), secret)
		assert.NotContains(t, string(kept), secret)
	}
}
