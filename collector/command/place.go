package command

import (
	"os"
	"path/filepath"

	"github.com/verdictci/verdict/collector/lazyregexp"
	"github.com/verdictci/verdict/collector/testout"
)

// place is where a tool runs that goes to a folder of its own first.
func place(chdir string) testout.Place {
	p := testout.Place{Root: os.Getenv(envRoot)}
	dir, err := os.Getwd()
	if err != nil || p.Root == "" {
		return p
	}
	if filepath.IsAbs(chdir) {
		dir = chdir
	} else {
		dir = filepath.Join(dir, chdir)
	}
	p.Dir = relativeTo(p.Root, dir)
	for ; ; dir = filepath.Dir(dir) {
		if src, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
			if m := moduleLine.FindSubmatch(src); m != nil {
				p.Module, p.ModuleDir = string(m[1]), relativeTo(p.Root, dir)
			}
			return p
		}
		if dir == filepath.Dir(dir) || dir == p.Root {
			return p
		}
	}
}

var moduleLine = lazyregexp.New(`(?m)^module\s+"?([^\s"]+)`)
