package survey

import (
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Package is a folder with a package.json.
type Package struct {
	Dir        string
	Scripts    map[string]string
	Vitest     string   // version asked for; empty: not a dependency
	Jest       string   // likewise
	TypeScript string   // likewise
	Node       string   // range of versions under engines; empty: any
	Lock       string   // its lock file: "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"; empty: none
	Projects   []string // tsconfig files that list files to check
	Tests      bool     // files named like tests of vitest or jest belong to it
	Workspace  bool     // it is installed by the package above it

	workspaces bool // it installs packages below it
	berry      bool // yarn 2 or later
}

// locks are the lock files, the likeliest first.
var locks = []string{"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"}

func (s *surveyor) readPackage(dir string) (Package, bool) {
	var j struct {
		Scripts              map[string]string
		Dependencies         map[string]string
		DevDependencies      map[string]string
		OptionalDependencies map[string]string
		Engines              struct{ Node string }
		Workspaces           json.RawMessage
	}
	if json.Unmarshal(s.read(path.Join(dir, "package.json")), &j) != nil {
		return Package{}, false
	}
	p := Package{Dir: dir, Scripts: j.Scripts, Node: j.Engines.Node, workspaces: len(j.Workspaces) > 0 || s.exists(path.Join(dir, "pnpm-workspace.yaml"))}
	for _, deps := range []map[string]string{j.OptionalDependencies, j.Dependencies, j.DevDependencies} {
		for name, to := range map[string]*string{"vitest": &p.Vitest, "jest": &p.Jest, "typescript": &p.TypeScript} {
			if v := deps[name]; v != "" {
				*to = v
			}
		}
	}
	for _, lock := range slices.Backward(locks) {
		if s.exists(path.Join(dir, lock)) {
			p.Lock = lock
		}
	}
	p.berry = p.Lock == "yarn.lock" && s.exists(path.Join(dir, ".yarnrc.yml"))
	p.Projects = s.projects(dir, "tsconfig.json", 0)
	return p, true
}

func (s *surveyor) exists(name string) bool {
	info, err := fs.Stat(s.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// projects follows the references of a tsconfig to the projects that list files. A
// project of references alone ("solution style") checks nothing by itself.
func (s *surveyor) projects(dir, name string, depth int) []string {
	file := path.Join(dir, name)
	if !s.exists(file) || depth > 3 || !fs.ValidPath(file) {
		return nil
	}
	var j struct {
		Files      *[]string
		Include    *[]string
		References []struct{ Path string }
	}
	if json.Unmarshal(plainJSON(s.read(file)), &j) != nil {
		return nil
	}
	if len(j.References) == 0 || j.Files != nil && len(*j.Files) > 0 || j.Include != nil && len(*j.Include) > 0 || j.Files == nil && j.Include == nil {
		return []string{path.Clean(name)}
	}
	var out []string
	for _, r := range j.References {
		next := path.Join(path.Dir(name), r.Path)
		if !strings.HasSuffix(next, ".json") {
			next = path.Join(next, "tsconfig.json")
		}
		for _, p := range s.projects(dir, next, depth+1) {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// plainJSON takes comments and trailing commas out of a tsconfig.
func plainJSON(src []byte) []byte {
	var out []byte
	for i := 0; i < len(src); i++ {
		rest := string(src[i:min(i+2, len(src))])
		switch {
		case src[i] == '"':
			end := i + 1
			for end < len(src) && src[end] != '"' {
				if src[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(src)-1)
			out = append(out, src[i:end+1]...)
			i = end
		case rest == "//":
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case rest == "/*":
			end := strings.Index(string(src[i+2:]), "*/")
			if end < 0 {
				return out
			}
			i += end + 3
		case src[i] == '}' || src[i] == ']':
			trimmed := strings.TrimRight(string(out), " \t\r\n")
			out = append([]byte(strings.TrimSuffix(trimmed, ",")), src[i])
		default:
			out = append(out, src[i])
		}
	}
	return out
}
