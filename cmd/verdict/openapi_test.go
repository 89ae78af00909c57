package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// GitHub's own description of its API, as npm has it.
const (
	apiPackage = "@octokit/openapi@23.0.2"
	apiFile    = "package/generated/api.github.com.json"
	apiDigest  = "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a"
)

// apiPaths are the parts of it that verdict uses.
var apiPaths = []string{
	"/user", "/repos/{owner}/{repo}/actions/runs/{run_id}", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
	"/repos/{owner}/{repo}/actions/runs/{run_id}/rerun", "/repos/{owner}/{repo}/actions/artifacts", "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
	"/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/pulls/{pull_number}", "/repos/{owner}/{repo}/pulls/{pull_number}/files", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
	"/repos/{owner}/{repo}/contents/{path}", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "/repos/{owner}/{repo}/issues/{issue_number}/comments",
	"/repos/{owner}/{repo}/issues/comments/{comment_id}", "/repos/{owner}/{repo}/check-runs", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "/repos/{owner}/{repo}/statuses/{sha}",
	"/repos/{owner}/{repo}/collaborators/{username}/permission", "/repos/{owner}/{repo}/branches/{branch}", "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/git/trees/{tree_sha}", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "/repos/{owner}/{repo}/commits/{ref}/statuses",
}

// description judges requests and answers by GitHub's own description.
type description struct {
	router routers.Router
	// examples are GitHub's own that fit GitHub's own schema: "GET /path 200 KIND".
	examples map[string]any
}

var describeOnce = sync.OnceValues(describe)

// published is GitHub's description; the test goes on without it where npm cannot
// fetch it.
func published(t *testing.T) *description {
	t.Helper()
	d, err := describeOnce()
	if err != nil {
		if os.Getenv("VERDICT_TEST_REQUIRE_NODE") != "" {
			t.Fatalf("GitHub's description is needed: %v", err)
		}
		t.Logf("requests are not held against GitHub's description: %v", err)
	}
	return d
}

func describe() (*description, error) {
	data, err := fetchDescription()
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	trimmed, err := json.Marshal(trim(whole))
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(trimmed)
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	return &description{router: router, examples: map[string]any{}}, nil
}

// fetchDescription gets the file once for this machine.
func fetchDescription() ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(cache, "verdict-tests", "github-api-"+apiDigest[:12]+".json")
	data, err := os.ReadFile(path)
	if err != nil {
		dir, err := os.MkdirTemp("", "verdict-api-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		script := exec.Command("bash", "-ec", `npm pack --silent "$1" >/dev/null; tar -xzf *.tgz "$2"`, "bash", apiPackage, apiFile)
		script.Dir = dir
		if out, err := script.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		if data, err = os.ReadFile(filepath.Join(dir, apiFile)); err != nil {
			return nil, err
		}
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, data, 0o644)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != apiDigest {
		os.Remove(path)
		return nil, fmt.Errorf("%s has another digest than expected", apiPackage)
	}
	return data, nil
}

// trim keeps the used paths and what they refer to.
func trim(whole map[string]any) map[string]any {
	paths := map[string]any{}
	all := whole["paths"].(map[string]any)
	for _, p := range apiPaths {
		paths[p] = all[p]
	}
	components := map[string]any{}
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				visit(e)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, "#/components/") {
				parts := strings.Split(ref, "/")
				kind, name := parts[2], parts[3]
				group, _ := components[kind].(map[string]any)
				if group == nil {
					group = map[string]any{}
					components[kind] = group
				}
				if _, done := group[name]; !done {
					group[name] = whole["components"].(map[string]any)[kind].(map[string]any)[name]
					visit(group[name])
				}
			}
			for _, e := range v {
				visit(e)
			}
		}
	}
	visit(paths)
	return map[string]any{"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": components}
}

// judge finds what describes a request, and checks it. The result is nil for what
// the description does not know: the GraphQL API, and an artifact's address.
func (d *description) judge(t *testing.T, r *http.Request, body []byte) *openapi3filter.RequestValidationInput {
	if d == nil || r.URL.Path == "/graphql" || strings.HasPrefix(r.URL.Path, "/blob") {
		return nil
	}
	asked := r.Clone(r.Context())
	asked.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if at := strings.Index(asked.URL.Path, "/contents/"); at >= 0 { // a path with slashes is one parameter
		asked.URL.Path = asked.URL.Path[:at] + "/contents/" + strings.ReplaceAll(asked.URL.Path[at+len("/contents/"):], "/", "_")
	}
	asked.Body = io.NopCloser(bytes.NewReader(body))
	asked.Header.Set("Content-Type", "application/json")
	route, params, err := d.router.FindRoute(asked)
	if !assert.NoError(t, err, "GitHub has no %s %s", r.Method, r.URL.Path) {
		return nil
	}
	in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	assert.NoError(t, openapi3filter.ValidateRequest(context.Background(), in), "%s %s", r.Method, r.URL.Path)
	return in
}

// complete puts what a test says into GitHub's own example of the answer, and
// checks the whole against the description. Where GitHub's example does not fit
// GitHub's schema, nothing can be told.
func (d *description) complete(t *testing.T, in *openapi3filter.RequestValidationInput, status int, said any) any {
	if in == nil {
		return said
	}
	response := in.Route.Operation.Responses.Value(strconv.Itoa(status))
	if response == nil || response.Value == nil {
		return said
	}
	media := response.Value.Content.Get("application/json")
	if media == nil {
		return said
	}
	said = plainJSON(t, said)
	key := fmt.Sprintf("%s %s %d %T", in.Route.Method, in.Route.Path, status, said)
	example, asked := d.examples[key]
	if !asked {
		for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
			e := plainJSON(t, media.Examples[name].Value.Value)
			if fmt.Sprintf("%T", e) == fmt.Sprintf("%T", said) && d.fits(t, in, status, e) == nil {
				example = e
				break
			}
		}
		d.examples[key] = example
	}
	whole := merged(example, said)
	if example != nil {
		assert.NoError(t, d.fits(t, in, status, whole), key)
	}
	return whole
}

func (d *description) fits(t *testing.T, in *openapi3filter.RequestValidationInput, status int, body any) error {
	data, err := json.Marshal(body)
	require.NoError(t, err)
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(data)), Options: in.Options,
	})
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

// merged is the example with what is said in its place; each element of a list is
// the example's first one with what is said of it.
func merged(example, said any) any {
	switch s := said.(type) {
	case map[string]any:
		e, ok := example.(map[string]any)
		if !ok {
			return said
		}
		out := map[string]any{}
		for k, v := range e {
			out[k] = v
		}
		for k, v := range s {
			out[k] = merged(e[k], v)
		}
		return out
	case []any:
		e, ok := example.([]any)
		if !ok || len(e) == 0 {
			return said
		}
		out := []any{}
		for _, v := range s {
			out = append(out, merged(e[0], v))
		}
		return out
	}
	return said
}
