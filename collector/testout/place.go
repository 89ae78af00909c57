package testout

import (
	"path"
	"path/filepath"
	"strings"
)

// Place is where a tool ran; by it the names of files that the tool prints become
// names in the repository.
type Place struct {
	Root string // of the repository, absolute; empty: unknown
	Dir  string // where the tool ran, relative to Root; empty: there
	// Module is the Go module there, and ModuleDir its folder, relative to Root.
	Module, ModuleDir string
}

// file is a name that the tool printed, relative to the root.
func (p Place) file(name string) string {
	if name = filepath.ToSlash(name); path.IsAbs(name) || filepath.IsAbs(name) {
		file, _ := p.inside(name)
		return file
	}
	return path.Join(p.Dir, name)
}

// inside makes an absolute name relative to the root, and says whether it is
// there; another one stays as it is.
func (p Place) inside(name string) (string, bool) {
	rest, ok := strings.CutPrefix(filepath.ToSlash(name), strings.TrimSuffix(filepath.ToSlash(p.Root), "/")+"/")
	return rest, ok && p.Root != ""
}

// ofPackage is a file of a Go package: tests name their files without a folder.
func (p Place) ofPackage(pkg, name string) string {
	if strings.Contains(name, "/") {
		return p.file(name)
	}
	pkg = strings.TrimSuffix(pkg, "_test")
	if pkg == p.Module && pkg != "" {
		return path.Join(p.ModuleDir, name)
	}
	if sub, ok := strings.CutPrefix(pkg, p.Module+"/"); ok && p.Module != "" {
		return path.Join(p.ModuleDir, sub, name)
	}
	return name
}
