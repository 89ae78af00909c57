package publish

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestApp posts as a GitHub App: the App's own key opens the installation, whose
// token posts as the App's bot.
func TestApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600))
	inner := &server{bot: 4711}
	isApp := func(r *http.Request) bool {
		token, err := jwt.Parse(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), func(*jwt.Token) (any, error) { return &key.PublicKey, nil })
		return err == nil && token.Valid && token.Claims.(jwt.MapClaims)["iss"] == "12"
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch key := r.Method + " " + r.URL.Path; {
		case strings.HasPrefix(r.URL.Path, "/app") || strings.HasSuffix(r.URL.Path, "/installation"):
			assert.True(t, isApp(r), "%s is asked as the App", key)
			switch key {
			case "GET /app":
				fmt.Fprint(w, `{"id":12,"slug":"our-verdict"}`)
			case "GET /repos/o/r/installation":
				fmt.Fprint(w, `{"id":34}`)
			case "POST /app/installations/34/access_tokens":
				w.WriteHeader(http.StatusCreated)
				fmt.Fprintf(w, `{"token":"short-lived","expires_at":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
			}
		default:
			assert.Equal(t, "token short-lived", r.Header.Get("Authorization"))
			if r.URL.Path == "/users/our-verdict[bot]" {
				fmt.Fprint(w, `{"id":4711,"login":"our-verdict[bot]"}`)
				return
			}
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	c, err := New(func(name string) string {
		return map[string]string{"VERDICT_APP_ID": "12", "VERDICT_APP_KEY_FILE": file, "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": h.URL}[name]
	}, nil)
	require.NoError(t, err)
	for _, text := range []string{"one", "two"} {
		_, err = c.Comment(context.Background(), target, marker+"\n"+text)
		require.NoError(t, err)
	}
	assert.Len(t, inner.comments, 1)

	for name, env := range map[string]map[string]string{
		"no number": {"VERDICT_APP_ID": "x", "VERDICT_APP_KEY_FILE": file}, "no key": {"VERDICT_APP_ID": "12"}, "a bad key": {"VERDICT_APP_ID": "12", "VERDICT_APP_KEY_FILE": os.DevNull},
	} {
		_, err := New(func(name string) string { return env[name] }, io.Discard)
		assert.Error(t, err, name)
	}
}

// TestServers: a server of one's own has its APIs elsewhere.
func TestServers(t *testing.T) {
	for api, want := range map[string][2]string{
		"":                               {"https://api.github.com/", "https://api.github.com/graphql"},
		"https://git.example.com/api/v3": {"https://git.example.com/api/v3/", "https://git.example.com/api/graphql"},
		"https://api.github.com":         {"https://api.github.com/", "https://api.github.com/graphql"},
		"https://api.octocorp.ghe.com/":  {"https://api.octocorp.ghe.com/", "https://api.octocorp.ghe.com/graphql"},
	} {
		c, err := New(func(name string) string { return map[string]string{"GITHUB_API_URL": api, "GITHUB_TOKEN": "t"}[name] }, nil)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{c.github.BaseURL.String(), c.graphql})
	}
}
