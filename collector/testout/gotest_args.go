package testout

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// GoTest is a "go test" command line, understood as go does.
type GoTest struct {
	// Args give the results as JSON. The place matters: -json stands after the word
	// test (and after a leading -C folder), and no -v of the user's stays, since it
	// would let a test forge events.
	Args    []string
	Chdir   string // -C
	Filter  string // -run
	Verbose bool   // -v: the text is what go test -v prints
	JSON    bool   // -json was asked for: the text is the stream itself
	Times   int    // how often each test runs by -count and -cpu; 0: not known
	Some    bool   // -run, -skip or -short may leave tests out
	Tags    string // -tags
	Overlay bool   // -overlay: sources are not where they seem to be
	Files   string // the folder of the files that stand on the line instead of packages

	head, kept, tail []string // the parts of Args: go test -json, flags, words for the test
	packages         []string // packages or files

	named    bool // packages stand on the line
	streamed bool // go test prints as it goes, and all of it
}

// goSwitches are the flags of go test that take no value in the next word.
var goSwitches = []string{
	"a", "artifacts", "asan", "benchmem", "buildvcs", "c", "cover", "failfast", "fullpath", "i", "json", "linkshared", "modcacherw", "msan", "n", "race", "short", "trimpath", "v", "work", "x",
}

// goValues are those that take one.
var goValues = []string{
	"asmflags", "bench", "benchtime", "blockprofile", "blockprofilerate", "buildmode", "compiler", "count", "covermode", "coverpkg", "coverprofile", "cpu", "cpuprofile", "exec", "fuzz", "fuzzminimizetime", "fuzztime",
	"gccgoflags", "gcflags", "installsuffix", "ldflags", "list", "memprofile", "memprofilerate", "mod", "modfile", "mutexprofile", "mutexprofilefraction", "o", "outputdir", "overlay", "p", "parallel", "pgo", "pkgdir",
	"run", "shuffle", "skip", "tags", "timeout", "toolexec", "trace", "vet",
}

// ParseGoTest reads a command line whose program is go and whose command is test.
// ok is false for runs that give no test results: -c, -n, -list, -h.
func ParseGoTest(argv []string) (g GoTest, ok bool) {
	at := 1
	for at < len(argv) && strings.HasPrefix(argv[at], "-") {
		if folder, whole := chdir(argv[at:]); whole > 0 {
			g.Chdir, at = folder, at+whole
			continue
		}
		at++
	}
	if at >= len(argv) || argv[at] != "test" {
		return g, false
	}
	rest := argv[at+1:]
	g.Args = slices.Clone(argv[:at+1])
	if folder, whole := chdir(rest); whole > 0 {
		g.Chdir = folder
		g.Args, rest = append(g.Args, rest[:whole]...), rest[whole:]
	}
	g.Args = append(g.Args, "-json")
	g.head, g.Times = slices.Clone(g.Args), 1
	return g, g.flags(rest)
}

// chdir reads -C DIR or -C=DIR, and says how many words it is; 0: there is none.
func chdir(words []string) (folder string, whole int) {
	if len(words) == 0 {
		return "", 0
	}
	name, value, cut := strings.Cut(words[0], "=")
	switch {
	case name != "-C" && name != "--C":
		return "", 0
	case cut:
		return value, 1
	case len(words) > 1:
		return words[1], 2
	}
	return "", 0
}

// flags reads the words after "go test" as cmd/go does: packages stand together,
// and what follows a flag that go does not know is for the test itself.
func (g *GoTest) flags(words []string) bool {
	const before, within, past = 0, 1, 2 // the list of packages
	list := before
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" || word == "-" || !strings.HasPrefix(word, "-") && list == past {
			g.forTest(words[i:])
			return true
		}
		if !strings.HasPrefix(word, "-") {
			g.named, list, g.packages = true, within, append(g.packages, word)
			if strings.HasSuffix(word, ".go") {
				g.Files = path.Dir(word)
			}
			g.Args = append(g.Args, word)
			continue
		}
		if list == within {
			list = past
		}
		name, value, cut := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(word, "-"), "-"), "=")
		name = strings.TrimPrefix(name, "test.")
		whole := words[i : i+1]
		switch {
		case name == "args":
			g.Args, g.tail = append(g.Args, word), append(g.tail, word)
			g.forTest(words[i+1:])
			return true
		case slices.Contains(goValues, name) && !cut && i+1 < len(words):
			i++
			value, whole = words[i], words[i-1:i+1]
		case !slices.Contains(goValues, name) && !slices.Contains(goSwitches, name):
			list = past
		}
		keep, ok := g.flag(name, value)
		if !ok {
			return false
		}
		if keep {
			g.Args = append(g.Args, whole...)
			if !slices.Contains(goOutputs, name) {
				g.kept = append(g.kept, whole...)
			}
		}
	}
	g.streamed = g.streamed || !g.named
	return true
}

// flag takes one flag; keep: it stays on the line. ok is false where it leaves no
// results.
func (g *GoTest) flag(name, value string) (keep, ok bool) {
	on := value != "false" && value != "0"
	switch name {
	case "c", "n":
		return true, !on
	case "list", "h", "help":
		return true, false
	case "json":
		g.JSON = on
		return false, true
	case "v":
		g.Verbose = on
		return false, true
	case "run":
		g.Filter, g.Some = value, true
	case "skip", "short":
		g.Some = true
	case "tags":
		g.Tags = value
	case "overlay":
		g.Overlay = true
	case "count":
		g.times(value)
	case "cpu":
		g.times(strconv.Itoa(strings.Count(value, ",") + 1))
	case "bench", "fuzz":
		g.streamed = g.streamed || value != ""
	}
	return true, true
}

// forTest passes words on to the test, but for a -test.v, by which it could forge
// events.
func (g *GoTest) forTest(words []string) {
	for _, word := range words {
		name, value, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if strings.HasPrefix(word, "-") && name == "test.v" {
			g.Verbose = value != "false"
			continue
		}
		if name == "test.count" || name == "test.cpu" {
			g.Times = 0
		}
		g.Args, g.tail = append(g.Args, word), append(g.tail, word)
	}
	g.streamed = g.streamed || !g.named
}

// times multiplies how often each test runs.
func (g *GoTest) times(by string) {
	n, err := strconv.Atoi(by)
	if err != nil || n < 1 {
		n = 0
	}
	g.Times *= n
}

// goOutputs are flags that write a file.
var goOutputs = []string{"o", "coverprofile", "cpuprofile", "memprofile", "blockprofile", "mutexprofile", "trace", "outputdir", "artifacts"}

// Packages are the words that name packages or files.
func (g GoTest) Packages() []string { return g.packages }

// RunsNone is the command line that starts the same tests' programs of some
// packages, and lets none of their tests run.
func (g GoTest) RunsNone(packages []string) []string {
	return slices.Concat(g.head, g.kept, []string{"-count=1", "-run=^$", "-bench=", "-fuzz=", "-timeout=1m"}, packages, g.tail)
}
