package testout

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/lazyregexp"
)

var (
	tscLine  = lazyregexp.New(`^(.+?)(?:\(|:)(\d+)[,:](\d+)(?:\):| -) (error|warning|message) (TS\d+): (.*)$`) // plain and --pretty
	tscPlain = lazyregexp.New(`^(error|warning) (TS\d+): (.*)$`)
	goLine   = lazyregexp.New(`^(?:vet: )?([^\s:]+\.go):(\d+):(?:(\d+):)? (.*)$`)
)

// ReadCheck reads the text that a compiler or linter printed. tool is "tsc",
// "go build", "go vet" or another; of others only their silence is known.
func ReadCheck(tool string, r io.Reader, at Place) evidence.Check {
	c := evidence.Check{Files: -1, Packages: -1}
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		raw, err := readLine(lines)
		if len(raw) > 0 {
			c = checkLine(tool, c, string(bytes.TrimRight(ansi.ReplaceAll(raw, nil), "\r\n")), at)
		}
		if err != nil {
			return c
		}
	}
}

var ansi = lazyregexp.New("\x1b\\[[0-9;]*[A-Za-z]")

func checkLine(tool string, c evidence.Check, line string, at Place) evidence.Check {
	var d evidence.Diagnostic
	switch {
	case tool == "tsc" || tool == "vue-tsc":
		if m := tscLine.FindStringSubmatch(line); m != nil {
			d = evidence.Diagnostic{File: m[1], Line: atoi(m[2]), Column: atoi(m[3]), Severity: m[4], Code: m[5], Message: m[6]}
		} else if m := tscPlain.FindStringSubmatch(line); m != nil {
			d = evidence.Diagnostic{Severity: m[1], Code: m[2], Message: m[3]}
		}
		if d.Code == "TS18003" || d.Code == "TS18002" {
			c.Nothing = true
		}
	case strings.HasPrefix(tool, "go "):
		if strings.Contains(line, "matched no packages") {
			c.Nothing = true
		}
		if m := goLine.FindStringSubmatch(line); m != nil {
			d = evidence.Diagnostic{File: m[1], Line: atoi(m[2]), Column: atoi(m[3]), Severity: "error", Message: m[4]}
		}
	}
	if d.Message == "" {
		return c
	}
	if d.File != "" {
		d.File = at.file(d.File)
	}
	if d.Severity == "error" {
		c.Errors++
	} else {
		c.Warnings++
	}
	if len(c.Diagnostics) < evidence.MaxFailures {
		c.Diagnostics = append(c.Diagnostics, d)
	}
	return c
}

// WeakFlags returns the options by which a compiler checks less than it says.
func WeakFlags(tool string, argv []string) []string {
	weak := map[string][]string{
		"tsc":      {"--noCheck", "--dry"},
		"go test":  {"-c", "-vet=off", "-overlay"},
		"go build": {"-overlay"},
		"go vet":   {"-overlay"},
		"vitest":   {"--passWithNoTests", "--passWithNoTests=true", "--dangerouslyIgnoreUnhandledErrors", "-u", "--update", "--allowOnly", "--retry"},
		"jest":     {"--passWithNoTests", "-u", "--updateSnapshot"},
		"eslint":   {"--no-error-on-unmatched-pattern", "--pass-on-no-patterns"},
	}[tool]
	var found []string
	for _, arg := range argv {
		name, value, _ := strings.Cut(arg, "=")
		if tool == "go vet" && strings.HasPrefix(arg, "-") && value == "false" {
			found = append(found, arg) // an analyzer that is left out
		}
		if slices.Contains(weak, arg) || name != arg && slices.Contains(weak, name) && !strings.HasSuffix(arg, "=false") {
			found = append(found, arg)
		}
	}
	return found
}

// TSCProject returns the -p argument of tsc; "." when there is none.
func TSCProject(argv []string) string {
	for i, arg := range argv {
		if (arg == "-p" || arg == "--project") && i+1 < len(argv) {
			return argv[i+1]
		}
	}
	return "."
}

// ProjectFiles returns the lines of a file list that are not of a dependency.
func ProjectFiles(list string) []string {
	var files []string
	for _, line := range strings.Split(list, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.Contains(line, "node_modules/") && !strings.HasPrefix(line, "error ") {
			files = append(files, line)
		}
	}
	return files
}

// TSConfig is what a tsconfig says of how much is checked.
type TSConfig struct {
	References []string // projects that it only refers to
	Extends    []string
	NoCheck    *bool // nil: it does not say
}

// ParseTSConfig reads a tsconfig; what cannot be read says nothing.
func ParseTSConfig(src string) (c TSConfig) {
	var config struct {
		References      []struct{ Path string } `json:"references"`
		Extends         any                     `json:"extends"`
		CompilerOptions struct {
			NoCheck *bool `json:"noCheck"`
		} `json:"compilerOptions"`
	}
	if json.Unmarshal(plainJSON(src), &config) != nil {
		return c
	}
	for _, r := range config.References {
		c.References = append(c.References, r.Path)
	}
	switch e := config.Extends.(type) {
	case string:
		c.Extends = []string{e}
	case []any:
		for _, one := range e {
			if name, ok := one.(string); ok {
				c.Extends = append(c.Extends, name)
			}
		}
	}
	c.NoCheck = config.CompilerOptions.NoCheck
	return c
}

// jsonExtra is what a tsconfig may have and JSON has not: comments, and a comma
// before the end. Strings come first, so that nothing inside them counts.
var jsonExtra = lazyregexp.New(`(?s)"(?:\\.|[^"\\])*"|/\*.*?\*/|//[^\n]*|,(?:\s|/\*.*?\*/|//[^\n]*)*[\]}]`)

func plainJSON(s string) []byte {
	return jsonExtra.ReplaceAllFunc([]byte(strings.TrimPrefix(s, "\ufeff")), func(m []byte) []byte {
		switch m[0] {
		case '"':
			return m
		case ',':
			return m[len(m)-1:]
		}
		return nil
	})
}

var tsComments = lazyregexp.New(`(?s)/\*.*?\*/|//[^\n]*`)

var tsNoCheck = lazyregexp.New(`(?m)^\s*//+\s*@ts-nocheck\b`)

// Unchecked reports whether a source file asks not to be checked: by a comment that
// stands before everything else.
func Unchecked(source string) bool {
	at := tsNoCheck.FindStringIndex(source)
	return at != nil && Blank(source[:at[0]])
}

var saysGenerated = lazyregexp.New(`(?i)@generated\b|\b(auto(matically)?[- ]?|code |file )generated\b|\bgenerated (automatically|by|code|file|from|using|with)\b|\bdo not (edit|modify)\b`)

// Generated reports whether a source file says at its beginning that a program wrote it.
func Generated(source string) bool {
	const beginning = 1000
	return saysGenerated.MatchString(source[:min(beginning, len(source))])
}

// Blank reports whether a source file holds nothing but blanks and comments.
func Blank(source string) bool {
	return strings.TrimSpace(tsComments.ReplaceAllString(strings.TrimPrefix(source, "\ufeff"), "")) == ""
}
