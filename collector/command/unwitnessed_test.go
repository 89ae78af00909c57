package command_test

import (
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
