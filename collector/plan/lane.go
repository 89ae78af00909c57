package plan

import (
	"path"
	"slices"
	"strings"
)

// goTools run beside each other's lane, not beside each other: they share a cache,
// and each takes the whole machine.
var goTools = []string{"gofmt", "staticcheck", "golangci-lint", "govulncheck"}

// goChanges change files that other commands of Go read.
var goChanges = []string{"go mod", "go get", "go work", "go install", "go fix", "go fmt", "go clean"}

// nodeTools run beside Go's, and beside those of another folder.
var nodeTools = []string{"vitest", "tsc", "vue-tsc", "eslint", "jest", "prettier", "biome"}

// changing are words by which those tools change the files that others read.
var changing = []string{"-w", "--fix", "--write", "-u", "--update"}

// laneOf says beside what a command may run: Go's tools in one lane, those of each
// front-end folder in another. A command that changes the tree, uses both, or is
// not wholly known is in no lane, and runs alone.
func laneOf(c *Command) string {
	lane := ""
	for _, s := range c.Shape.Steps {
		own, beside := laneOfStep(&s)
		if !beside || lane != "" && own != "" && own != lane {
			return ""
		}
		if own != "" {
			lane = own
		}
	}
	for _, file := range c.Shape.written {
		if !device(file) {
			return ""
		}
	}
	return lane
}

// laneOfStep is the lane of a simple command; beside: it may run beside another
// lane. A step that only looks is of no lane.
func laneOfStep(s *Step) (lane string, beside bool) {
	changes := slices.ContainsFunc(s.Argv, func(a string) bool { return slices.Contains(changing, a) })
	switch {
	case s.Opaque || len(s.Env) > 0 && !s.Probative:
		return "", false
	case strings.HasPrefix(s.Tool, "go ") || slices.Contains(goTools, s.Tool):
		return "go", !changes && !slices.Contains(goChanges, s.Tool)
	case slices.Contains(nodeTools, s.Tool):
		return "node:" + folderOf(s), !changes
	}
	return "", s.Status && s.Tool != "git" || slices.Contains([]string{"true", "echo", "cd", ":"}, s.Tool)
}

// folderOf is the front-end folder that a step is about.
func folderOf(s *Step) string {
	folder := s.dir
	if head, _, ok := strings.Cut(s.Argv[0], "/node_modules/.bin/"); ok {
		folder = inFolder(s.dir, head)
	}
	for i, arg := range s.Argv {
		if (arg == "--prefix" || arg == "--dir" || arg == "-C") && i+1 < len(s.Argv) {
			folder = inFolder(s.dir, s.Argv[i+1])
		}
	}
	return path.Clean(folder)
}
