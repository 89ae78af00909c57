package command

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/testout"
)

// tsc asks for the list of files in the same run, and takes it out of the output.
func (w *witness) tsc(cmd *exec.Cmd) func() {
	flags := testout.WeakFlags("tsc", w.argv)
	listed := !slices.Contains(w.argv, "--listFilesOnly") && !slices.Contains(w.argv, "--version") && !slices.Contains(w.argv, "--init") && !slices.Contains(w.argv, "--showConfig")
	r, pw, err := os.Pipe()
	if err != nil {
		return nil
	}
	if listed {
		cmd.Args = append(slices.Clone(w.argv), "--listFiles")
	}
	cmd.Stdout = pw
	return func() {
		defer r.Close()
		var text strings.Builder
		files := tscOutput(r, &text, listed)
		c := testout.ReadCheck("tsc", strings.NewReader(text.String()), place(""))
		c.Flags = flags
		if listed {
			c.Files, c.Unchecked = countSources(files)
			config := readTSConfig(tsconfigOf(w.argv), 0)
			if c.Files == 0 {
				c.References = config.References
			}
			if config.NoCheck != nil && *config.NoCheck {
				c.Flags = append(c.Flags, "noCheck")
			}
		}
		w.check = &c
	}
}

// tscOutput passes tsc's output on, but for the list of files, which it returns.
func tscOutput(r io.Reader, text *strings.Builder, listed bool) []string {
	var files []string
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		name := strings.TrimRight(line, "\r\n")
		if listed && filepath.IsAbs(filepath.FromSlash(name)) && tsSource(name) {
			files = append(files, name)
		} else if line != "" {
			io.WriteString(os.Stdout, line)
			if text.Len() < 4<<20 {
				text.WriteString(line)
			}
		}
		if err != nil {
			return files
		}
	}
}

func tsSource(name string) bool {
	switch filepath.Ext(name) {
	case ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".vue", ".svelte":
		return true
	}
	return false
}

// countSources counts the files of the project itself that say something, and
// lists those written by hand that ask not to be checked.
func countSources(files []string) (n int, unchecked []string) {
	for _, name := range testout.ProjectFiles(strings.Join(files, "\n")) {
		f, err := os.Open(name)
		if err != nil {
			n++
			continue
		}
		head, _ := io.ReadAll(io.LimitReader(f, 64<<10))
		f.Close()
		switch {
		case testout.Unchecked(string(head)):
			if len(unchecked) < evidence.MaxFailures && !testout.Generated(string(head)) {
				unchecked = append(unchecked, relativeTo(os.Getenv(envRoot), name))
			}
		case len(head) == 64<<10 || !testout.Blank(string(head)):
			n++
		}
	}
	return n, unchecked
}

func tsconfigOf(argv []string) string {
	project := testout.TSCProject(argv)
	if info, err := os.Stat(project); err == nil && info.IsDir() {
		project = filepath.Join(project, "tsconfig.json")
	}
	return project
}

// readTSConfig reads a tsconfig with what it inherits from files beside it.
func readTSConfig(name string, depth int) testout.TSConfig {
	src, err := os.ReadFile(name)
	if err != nil || len(src) > 1<<20 || depth > 8 {
		return testout.TSConfig{}
	}
	config := testout.ParseTSConfig(string(src))
	for _, base := range slices.Backward(config.Extends) {
		if config.NoCheck != nil || !strings.HasPrefix(base, ".") {
			continue
		}
		if path.Ext(base) != ".json" {
			base += ".json"
		}
		config.NoCheck = readTSConfig(filepath.Join(filepath.Dir(name), base), depth+1).NoCheck
	}
	return config
}
