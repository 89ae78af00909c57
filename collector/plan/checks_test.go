package plan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proving are commands whose exit status tells of a check; beside each the tool.
var proving = map[string]string{
	"gofmt -d .": "gofmt", "prettier --check .": "prettier", "npx prettier -c src": "prettier", "prettier -l .": "prettier", "black --check .": "black", "ruff check .": "ruff", "ruff format --check .": "ruff", "shfmt -d .": "shfmt",
	"golangci-lint run": "golangci-lint", "golangci-lint -c x.yml run ./...": "golangci-lint", "golangci-lint run --issues-exit-code=2": "golangci-lint", "golangci-lint run --issues-exit-code 1": "golangci-lint", "golangci-lint fmt --diff": "golangci-lint",
	"vitest": "vitest", "vitest run list": "vitest", "vitest run -t list": "vitest", "npx vitest run": "vitest", "pnpm vitest run": "vitest", "vitest related a.ts --run": "vitest", "tsc -b": "tsc", "tsc -p x --noEmit": "tsc", "vue-tsc --noEmit": "vue-tsc",
	"jest --ci": "jest", "eslint --fix .": "eslint", "biome check .": "biome", "biome format .": "biome", "playwright test": "playwright", "pytest -q": "pytest", "python -m pytest -v": "pytest", "python3 -m unittest": "unittest", "uv run pytest": "pytest", "poetry run mypy .": "mypy", "bundle exec rspec": "rspec",
	"go test ./...": "go test", "go test -c ./a": "go test", "go test ./a -args --version": "go test", "go vet ./...": "go vet", "go -C sub build ./...": "go build", "go fix -diff ./...": "go fix", "cargo test": "cargo test", "cargo +nightly clippy -- -D warnings": "cargo clippy", "cargo fmt -- --check": "cargo fmt",
	"mvn -q clean verify": "mvn", "mvn package -DskipTests": "mvn", "./gradlew clean build": "gradlew", "sbt test": "sbt", "dotnet test": "dotnet test", "dotnet format --verify-no-changes": "dotnet format", "mix test": "mix test", "zig fmt --check src": "zig fmt", "bazel test //...": "bazel test",
	"npm audit": "npm audit", "ctest": "ctest", "buf lint": "buf", "buf format --exit-code": "buf", "node --test": "node test", "bun test": "bun test", "npx --yes -p typescript tsc --noEmit": "tsc",
}

// asking are commands whose exit status can say whether something holds.
var asking = []string{
	"git diff --exit-code", "git diff --quiet HEAD", "git diff --check", "git --no-pager diff --exit-code", "git rev-parse --verify main", "git merge-base --is-ancestor a b", "git grep x", "git ls-files --error-unmatch a", "go mod verify", "go mod tidy -diff", "go list ./...", "rg TODO", "test -f a", "jq -e .ok a.json",
	"terraform validate", "terraform fmt -check", "docker build .", "grep -- --version a",
}

// idle are commands of tools that check, with words by which they do not.
var idle = []string{
	"tsc --listFilesOnly -p x", "tsc --init", "tsc --showConfig", "npx tsc --listFilesOnly", "golangci-lint run --issues-exit-code=0", "golangci-lint run --issues-exit-code 0 ./...", "pytest --collect-only", "python -m pytest --co", "ruff check --exit-zero .", "eslint --print-config a.js", "jest --listTests",
	"go vet -json ./...", "go vet -n ./...", "go build -n ./...", "go test -n ./...", "prettier --write .", "prettier --check --write .", "biome format --write .", "gofmt -w .", "ctest -N", "playwright test --list", "./gradlew build --dry-run", "pnpm tsc --listFilesOnly",
}

// nothing are commands that decide nothing, and do not claim to.
var nothing = []string{
	"gofmt -l .", "gofmt .", "prettier src", "black .", "ruff format .", "shfmt .", "golangci-lint fmt", "golangci-lint linters", "golangci-lint version", "cargo fmt", "mix format", "dotnet format", "zig fmt src", "go fix ./...", "buf format", "isort .",
	"vitest list", "npx vitest list", "vitest --root web list", "vitest init browser", "playwright install", "biome init", "go env", "go version", "go fmt ./...", "go mod download", "go mod tidy", "go clean -testcache", "go help", "git status", "git -C a status --porcelain", "git diff", "git diff --stat", "git log -1",
	"tsc --version", "npx tsc -v", "vitest --version", "pytest --help", "mypy -V", "eslint -v", "cargo --version", "cargo clean", "mvn clean", "gradle tasks", "npm ci", "npm install", "echo ok", "true", "sleep 1", "rm -f a", "mkdir -p a",
}

// opaque are commands that start what cannot be seen from here.
var opaque = []string{"./check.sh", "make test", "make -n test", "npm test", "npm run lint", "yarn build", "pnpm -r test", "bash scripts/smoke.sh", "go run ./cmd/check", "go generate ./...", "cargo run", "uv run script.py", "eval x", "unknown-tool --check", "sbt run", "cargo unknown"}

func stepsOf(t *testing.T, text string) []Step {
	t.Helper()
	shape := ShapeOf(text, "")
	require.True(t, shape.Parses, shape.Error)
	require.NotEmpty(t, shape.Steps)
	return shape.Steps
}

func TestWhatProves(t *testing.T) {
	type answer struct{ probative, status, opaque, idle bool }
	want := map[string]answer{}
	for text := range proving {
		want[text] = answer{probative: true}
	}
	for _, list := range []struct {
		texts []string
		answer
	}{{asking, answer{status: true}}, {idle, answer{idle: true}}, {nothing, answer{}}, {opaque, answer{opaque: true}}} {
		for _, text := range list.texts {
			want[text] = list.answer
		}
	}
	for text, expected := range want {
		s := stepsOf(t, text)[0]
		assert.Equal(t, expected, answer{s.Probative, s.Status, s.Opaque, s.Idle}, text)
		if name := proving[text]; name != "" {
			assert.Equal(t, name, s.Tool, text)
		}
	}
}

// TestTablesAreReached: what the tables say of a program or verb that is not there
// would never be used.
func TestTablesAreReached(t *testing.T) {
	for _, table := range []map[string]string{onlyWith, neverWith, informs} {
		for key, words := range table {
			assert.NotEmpty(t, strings.Fields(words), key)
			if key == "" {
				continue
			}
			name, _, _ := strings.Cut(key, " ")
			_, program := programs[name]
			_, verb := verbs[name]
			assert.True(t, program || verb, key)
			if strings.Contains(key, " ") {
				assert.True(t, verb, key)
			}
		}
	}
	for name := range goals {
		assert.Equal(t, checks, programs[name], name)
	}
}

// TestIdleWhereNobodyReads: what a tool only prints counts where something reads it.
func TestIdleWhereNobodyReads(t *testing.T) {
	for text, want := range map[string]bool{
		"tsc --listFilesOnly && go test ./...": true, "tsc --listFilesOnly | grep src": false, `test -n "$(tsc --listFilesOnly)"`: false, "bash -c 'tsc --init'": true,
	} {
		assert.Equal(t, want, stepsOf(t, text)[0].Idle || len(stepsOf(t, text)) > 1 && stepsOf(t, text)[1].Idle, text)
	}
}

func TestLanes(t *testing.T) {
	cases := map[string]string{
		"go test ./...": "go", "cd a && go vet ./...": "go", "go -C sub test ./...": "go", "golangci-lint run": "go", "go build ./... && go test ./...": "go", "GOOS=windows go build ./...": "go", "go test ./... > /dev/null 2>&1": "go", "rg TODO && go test ./...": "go", "go version && go test ./...": "go",
		"cd web && npx vitest run": "node:web", "npx --prefix web tsc --noEmit": "node:web", "web/node_modules/.bin/tsc -p web": "node:web", "npx vitest run": "node:.", "cd web && npx tsc --noEmit && npx vitest run": "node:web", "cd web; cd admin && npx tsc": "node:web/admin",
		"cd a && ../web/node_modules/.bin/tsc": "node:web", "npx vitest run 2> /dev/null": "node:.",
		"true": "", "make test": "", "./check.sh": "", "npm test": "", "go generate ./...": "", "go mod tidy": "", "go fmt ./...": "", "gofmt -w .": "", "go install ./...": "", "npx prettier --write .": "", "npx eslint --fix .": "", "npx vitest run -u": "", "npm ci": "",
		"go test ./... && npx vitest run": "", "cd a && npx tsc && cd ../b && npx tsc": "", "go test ./... > log": "", "go test ./... | tee log": "", "git diff --exit-code": "", "FOO=1 ./x": "", "cp a b": "", "go test -coverprofile=a.out ./... >> all.log": "",
	}
	for text, want := range cases {
		shape := ShapeOf(text, "")
		assert.Equal(t, want, laneOf(&Command{Text: text, Shape: shape}), text)
	}
	assert.Equal(t, "node:web", laneOf(&Command{Dir: "web", Shape: ShapeOf("npx vitest run", "web")}))
}

func TestNear(t *testing.T) {
	near := func(required, claimed string) bool {
		a, b := ShapeOf(required, ""), ShapeOf(claimed, "")
		return Near(&a, &b)
	}
	required := "go test ./a ./b -run X -timeout=5m && npx vitest run"
	for claimed, want := range map[string]bool{
		required: true, "go test -timeout=5m ./a ./b -run 'X' -v -race && npx vitest run --reporter=verbose": true, "go test ./a ./b -run X -timeout=5m -count=1 && npx vitest run": true,
		"go test ./b ./a -run X -timeout=5m && npx vitest run": false, "go test ./a ./b -run Y -timeout=5m && npx vitest run": false, "go test ./a ./b -run X -timeout=5m; npx vitest run": false, "go test ./a ./b -run X -timeout=5m": false,
		"go test ./a ./b -run X -timeout=9m && npx vitest run": false, "go test ./a ./b -run X -timeout=5m -short && npx vitest run": false, "A=1 go test ./a ./b -run X -timeout=5m && npx vitest run": false, "go test ./a ./b -run X -timeout=5m && npx vitest run --retry=3": false, "": false, "(": false,
	} {
		assert.Equal(t, want, near(required, claimed), claimed)
	}
	assert.False(t, near("", ""))
	assert.True(t, near("go test ./... -count=1", "go test ./... -count=1 -v"))
	assert.True(t, near("go test ./a -run 'X'", "go test ./a -run X -race"))
	assert.False(t, near("go test ./a ./b", "go test ./a"))
	assert.False(t, near("go test ./a -run A", "go test ./a -run B"))
	assert.False(t, near("frontend/node_modules/.bin/tsc --noEmit", "tsc --noEmit"))
	assert.False(t, near("go test ./...", "go test ./... || true"))
}
