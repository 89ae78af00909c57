package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/plan"
)

// missing says which program or package the command needs and this machine does
// not have; empty when nothing is known to be missing. npx would install what is
// missing, and test something else than the project asks for: so it does not run.
func (s *Spec) missing() string {
	dir := filepath.Join(s.Root, filepath.FromSlash(s.Command.Dir))
	path := valueOf(s.Env, "PATH")
	for _, step := range s.Command.Shape.Steps {
		if step.Argv[0] == "cd" {
			if len(step.Argv) != 2 || !step.Literal {
				return ""
			}
			dir = filepath.Join(dir, step.Argv[1])
			if _, err := os.Stat(dir); err != nil {
				return "" // the cd fails, and that counts
			}
			continue
		}
		if !step.Probative || !step.Literal {
			continue
		}
		if reason := missingStep(&step, dir, path); reason != "" {
			return reason
		}
	}
	return ""
}

func missingStep(step *plan.Step, dir, path string) string {
	argv := step.Argv
	if name := nodeTool(argv, step.Tool); name != "" && strings.Contains(strings.Join(argv, " "), name) && argv[0] != name {
		base := dir
		for i, arg := range argv {
			if (arg == "--prefix" || arg == "-C" || arg == "--dir") && i+1 < len(argv) {
				base = filepath.Join(dir, argv[i+1])
			}
		}
		if strings.Contains(argv[0], "/") {
			if _, err := os.Stat(filepath.Join(dir, argv[0])); err != nil && !filepath.IsAbs(argv[0]) {
				return name + " is not installed: " + argv[0] + " is not there"
			}
			return ""
		}
		if localTool(base, name) == nil {
			if _, err := lookPath(name, path, ""); err != nil || argv[0] == "npx" {
				return name + " is not installed: there is no node_modules/.bin/" + name + " at or above " + relativeName(base, dir, argv)
			}
		}
	}
	program := argv[0]
	if strings.Contains(program, "/") || strings.Contains(program, "$") {
		return ""
	}
	if _, err := lookPath(program, path, ""); err != nil && !shellWords[program] {
		return program + " is not installed: it is not on PATH"
	}
	return ""
}

// shellWords are the shell's own commands.
var shellWords = map[string]bool{"[": true, "[[": true, "((": true, "test": true, "command": true, "type": true, "exec": true, "time": true, "builtin": true, "eval": true}

func relativeName(base, dir string, _ []string) string {
	if rel, err := filepath.Rel(dir, base); err == nil && rel != "." {
		return filepath.ToSlash(rel)
	}
	return filepath.Base(base)
}

// nodeTool is the package program that npx or its relatives run; empty when the
// command is none of theirs.
func nodeTool(argv []string, tool string) string {
	switch tool {
	case "vitest", "tsc", "jest", "eslint", "prettier", "biome", "vue-tsc", "mocha", "stylelint", "svelte-check", "playwright", "oxlint":
	default:
		return ""
	}
	switch name := filepath.Base(argv[0]); name {
	case "npx", "npm", "pnpm", "yarn", tool:
		if name == tool && !strings.Contains(argv[0], "/") {
			return ""
		}
		return tool
	}
	return ""
}

// ranTool is the package program that an argument list runs, with its version; nil
// when it is none.
func ranTool(argv []string, tool string) *evidence.Tool {
	if filepath.Base(argv[0]) == "node" {
		at := slices.IndexFunc(argv, func(a string) bool { return plan.PackageProgram(a) == tool })
		if at < 0 {
			return nil
		}
		real, err := filepath.EvalSymlinks(argv[at])
		if err != nil {
			return nil
		}
		return &evidence.Tool{Name: tool, Version: packageVersion(real), Path: filepath.ToSlash(real)}
	}
	if name := nodeTool(argv, tool); name != "" {
		return localTool(".", name)
	}
	return nil
}

// localTool finds node_modules/.bin/NAME at or above a folder, and the version of
// the package that it belongs to; nil when there is none.
func localTool(dir, name string) *evidence.Tool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	for {
		bin := filepath.Join(dir, "node_modules", ".bin", name)
		if real, err := filepath.EvalSymlinks(bin); err == nil {
			return &evidence.Tool{Name: name, Version: packageVersion(real), Path: filepath.ToSlash(real)}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

// packageVersion reads the version of the package that a file belongs to.
func packageVersion(file string) string {
	for dir := filepath.Dir(file); filepath.Base(dir) != "node_modules" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		src, err := os.ReadFile(filepath.Join(dir, "package.json"))
		if err != nil {
			continue
		}
		var p struct {
			Version string `json:"version"`
		}
		if json.Unmarshal(src, &p) == nil && p.Version != "" {
			return p.Version
		}
	}
	return ""
}

// Installed reports whether a package's program is still what it was; one that was not
// told is.
func Installed(ran *evidence.Tool) bool {
	return ran == nil || packageVersion(filepath.FromSlash(ran.Path)) == ran.Version
}

// hasNodeModules reports whether packages are installed where a command runs.
func hasNodeModules(dir string, c *plan.Command) bool {
	for _, step := range c.Shape.Steps {
		if step.Argv[0] == "cd" && len(step.Argv) == 2 {
			dir = filepath.Join(dir, step.Argv[1])
		}
	}
	_, err := os.Stat(filepath.Join(dir, "node_modules"))
	return err == nil
}

func valueOf(env []string, name string) string {
	i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	if i < 0 {
		return ""
	}
	return env[i][len(name)+1:]
}
