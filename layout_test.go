// Package layout_test holds the rules of this repository that a compiler does
// not check: which package may import which, and what every package must have.
package layout_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/verdictci/verdict/"

// layout says what each package may import of this module; a package that is
// not here does not belong. Whoever adds one adds its row, here and in
// docs/design.md.
var layout = map[string][]string{
	"collector/tracker":             {},
	"collector/evidence":            {},
	"collector/survey":              {"collector/tracker", "verdict/policy"},
	"collector/plan":                {"collector/tracker", "verdict/policy"},
	"collector/command":             {"collector/plan", "collector/evidence", "collector/testout"},
	"collector/testout":             {"collector/evidence"},
	"collector/testout/nodetest":    {},
	"verdict/render/browsertest":    {},
	"collector/checkpoint":          {"collector/tracker", "collector/evidence", "collector/checkpoint/gitstore"},
	"collector/checkpoint/gitstore": {},
	"collector": {
		"collector/tracker", "collector/evidence", "collector/plan", "collector/command", "collector/testout",
		"collector/checkpoint", "verdict/policy",
	},
	"verdict/policy":       {"collector/tracker"},
	"verdict":              {"collector/tracker", "collector/evidence", "collector/plan", "verdict/policy"},
	"verdict/render":       {"verdict", "collector/tracker", "collector/evidence", "templates"},
	"verdict/publish":      {},
	"templates":            {},
	"collector/lazyregexp": {}, // any package may import it, and
	"collector/redact":     {},
	"examples":             {},
	"bench/checkpoint":     {"collector/checkpoint", "collector/checkpoint/gitstore", "collector/tracker"},
	"cmd/verdict":          nil, // all
}

// alone names the package that alone may import a module.
var alone = map[string][]string{
	"github.com/go-git/":             {"collector/checkpoint", "collector/checkpoint/gitstore", "bench/checkpoint"},
	"github.com/google/go-github/":   {"verdict/publish"},
	"github.com/bradleyfalzon/":      {"verdict/publish"},
	"github.com/spf13/cobra":         {"cmd/verdict"},
	"github.com/yuin/goldmark":       {"collector/tracker"},
	"github.com/goccy/go-yaml":       {"verdict/policy"},
	"github.com/hiddeco/sshsig":      {"collector/checkpoint"},
	"github.com/ProtonMail/":         {"collector/checkpoint"},
	"github.com/stretchr/testify":    {},
	"github.com/chromedp/":           {"verdict/render/browsertest"},
	"github.com/getkin/kin-openapi/": {},
	// what tests share is in no program
	module + "verdict/render/browsertest": {},
	module + "collector/testout/nodetest": {},
}

// pure packages touch neither processes, nor the network, nor files.
var pure = []string{"collector/tracker", "collector/plan", "verdict", "verdict/policy"}

type goPackage struct {
	ImportPath, Name, Doc string
	Dir                   string
	GoFiles, Imports      []string
}

func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Dir,GoFiles,Imports", "./...").Output()
	require.NoError(t, err)
	found := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		found[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

func TestImports(t *testing.T) {
	for name, p := range packages(t) {
		if p.ImportPath+"/" == module || len(p.Imports) == 0 && p.Doc == "" {
			continue // tests only
		}
		allowed, known := layout[name]
		if !assert.True(t, known, "package %s has no row in the layout", name) {
			continue
		}
		for _, path := range p.Imports {
			if local, ok := strings.CutPrefix(path, module); ok && allowed != nil && local != "collector/lazyregexp" && local != "collector/redact" {
				assert.Contains(t, allowed, local, "%s must not import %s", name, local)
			}
			for prefix, owners := range alone {
				if strings.HasPrefix(path, prefix) {
					assert.Contains(t, owners, name, "%s must not import %s", name, path)
				}
			}
			if slices.Contains(pure, name) {
				assert.NotContains(t, []string{"os", "os/exec", "net", "net/http", "syscall"}, path, "%s must stay pure", name)
			}
		}
	}
}

func TestEveryPackageIsThere(t *testing.T) {
	found := packages(t)
	for name := range layout {
		assert.Contains(t, found, name, "the layout names a package that does not exist")
	}
}

// TestPatternsWait: compiling the patterns of all packages took most of the time
// that the program needs to start.
func TestPatternsWait(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			require.NoError(t, err)
			for _, d := range file.Decls {
				if _, ok := d.(*ast.GenDecl); !ok {
					continue
				}
				ast.Inspect(d, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok {
						called := types.ExprString(call.Fun)
						assert.NotEqual(t, "regexp.MustCompile", called, "%s: a pattern that every start compiles: use lazyregexp.New", fset.Position(n.Pos()))
					}
					return true
				})
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	for name, p := range packages(t) {
		if len(p.Imports) > 0 {
			assert.NotEmpty(t, p.Doc, "package %s has no package comment", name)
		}
	}
}
