package command_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Scripts call tools by their own files, where no witness stands. What is only
// mentioned, or belongs to what did not run, is none.
func TestToolsByTheirOwnFiles(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	goTool := filepath.Join(strings.TrimSpace(string(root)), "bin", "go")
	for _, c := range []struct {
		name, command string
		files         map[string]string
		want          []string
	}{
		{"plain", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\ngo version\n"}, nil},
		{"path", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\n/opt/go/bin/go test ./... || true\n"}, []string{"check.sh: /opt/go/bin/go"}},
		{"verb", "bash -e check.sh", map[string]string{"check.sh": "/opt/real-go/go test ./... || true\n"}, []string{"check.sh: /opt/real-go/go"}},
		{"goroot", "timeout 9 ./check.sh", map[string]string{"check.sh": "#!/bin/sh\ngo version; \"$(go env GOROOT)/bin/go\" test ./... || true\n"}, []string{"check.sh: GOROOT)/bin/go"}},
		{"default", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\nGO=${GO:-/opt/go/bin/go}\n$GO test || true\n"}, []string{"check.sh: ${GO:-/opt/go/bin/go"}},
		{"own path", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\nPATH=" + filepath.Dir(goTool) + ":$PATH\ngo version\n"}, []string{"check.sh: " + goTool}},
		{"path behind", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\nPATH=$PATH:" + filepath.Dir(goTool) + "\ngo version\n"}, nil},
		{"nested", "sh check.sh", map[string]string{"check.sh": "bash lib/inner.sh\n", "lib/inner.sh": "/opt/go/bin/go test || true\n"}, []string{"lib/inner.sh: /opt/go/bin/go"}},
		{"python", "python3 check.py", map[string]string{"check.py": "import subprocess\nsubprocess.call(['/opt/go/bin/go', 'test'])\n"}, []string{"check.py: /opt/go/bin/go"}},
		{"makefile", "make check", map[string]string{"Makefile": "GO ?= /opt/go/bin/go\ncheck: dep\n\t@true\ndep:\n\t-@$(GO) version\n"}, []string{"Makefile: /opt/go/bin/go"}},
		{"another goal", "make check", map[string]string{"Makefile": "GO ?= /opt/go/bin/go\ncheck:\n\t@true\nlint:\n\t$(GO) version\n\t/opt/bin/golangci-lint run\n"}, nil},
		{"first goal", "make", map[string]string{"Makefile": ".PHONY: all\nall:\n\t@./check.sh\nlint:\n\t/opt/bin/golangci-lint run\n", "check.sh": "#!/bin/sh\n/opt/go/bin/go test || true\n"}, []string{"check.sh: /opt/go/bin/go"}},
		{"mentions", "./check.sh", map[string]string{"check.sh": "#!/bin/sh\n# /opt/go/bin/go test\necho install it to /opt/go/bin/go\nls docs/go >/dev/null 2>&1\ntest -f other.sh\ngo version\n", "other.sh": "/opt/go/bin/go test\n"}, nil},
		{"only read", "grep -q version check.sh && go version", map[string]string{"check.sh": "/opt/go/bin/go version\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			for name, text := range c.files {
				b.write(t, name, text)
			}
			assert.Equal(t, c.want, b.run(t, c.command).Unwitnessed)
		})
	}
}

// TestGoThatNoWitnessStarted: a go that a script finds by other ways is known by the
// folder that it works in; one that a go starts, or a witness, is none.
func TestGoThatNoWitnessStarted(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	bin := filepath.Join(strings.TrimSpace(string(out)), "bin")
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"path from a variable":     {"R=$(go env GOROOT)\nPATH=$R/bin:$PATH\ngo test ./... || true\n", []string{"go"}},
		"path without the witness": {"PATH=$(echo \"$PATH\" | cut -d: -f2-)\ngo test ./... || true\n", []string{"go"}},
		"hash":                     {"hash -p \"$(dirname \"$(go env GOMOD)\")/g\" go\ngo test ./... || true\n", []string{"go"}},
		"another name":             {"./g test ./... || true\n", []string{"g: " + bin + "/go"}},
		"by the witness":           {"go test ./...\n", nil},
		"go generate":              {"go generate ./...\ngo test ./...\n", nil},
		"go run":                   {"go run ./cmd/x\n", nil},
		"looks only":               {"PATH=$(go env GOROOT)/bin:$PATH\ngo version\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.module(t)
			b.write(t, "gen.go", "package m\n\n//go:generate go vet .\n")
			b.write(t, "cmd/x/main.go", "package main\n\nimport \"os/exec\"\n\nfunc main() { exec.Command(\"go\", \"vet\", \"./...\").Run() }\n")
			b.write(t, "g", "#!/bin/sh\nexec "+bin+"/go \"$@\"\n")
			require.NoError(t, os.Chmod(filepath.Join(b.root, "g"), 0o755))
			b.write(t, "check.sh", c.script)
			e := b.run(t, "bash check.sh")
			assert.Equal(t, 0, e.ExitCode, e.Log.Head)
			assert.Equal(t, c.want, e.Unwitnessed)
		})
	}
}

// TestWrappedToolsByTheirOwnFiles: what timeout or env starts by its own file is seen.
func TestWrappedToolsByTheirOwnFiles(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT", "GOCACHE").Output()
	require.NoError(t, err)
	root, cache, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	for _, line := range []string{"timeout 60 " + root + "/bin/go test ./...", "env -i GOCACHE=" + cache + " " + root + "/bin/go test ./...", "nice -n 1 env A=1 timeout 60 " + root + "/bin/go test ./..."} {
		b := newBench(t)
		b.module(t)
		e := b.run(t, line)
		require.Len(t, e.Steps, 2, line)
		assert.Equal(t, 0, e.ExitCode, e.Log.Head)
		require.NotNil(t, e.Steps[1].Tests, line)
		assert.Equal(t, 1, e.Steps[1].Tests.Passed)
		assert.Equal(t, root+"/bin/go", e.Steps[1].Argv[0])
		assert.Empty(t, e.Unwitnessed)
	}
}
