package checkpoint

import (
	"fmt"
	"go/build"
	"io"
	"path"
	"runtime"
	"strings"
)

// passedOver reports whether Go's tools look at no file of a name, or in its folder.
func passedOver(name string) bool {
	return strings.IndexByte("_.", name[0]) >= 0 || strings.Contains(name, "/_") || strings.Contains(name, "/.")
}

// excluded reports whether an ordinary build on this machine leaves a Go file out, by
// its name or by a build constraint. The race detector is on in some and off in
// others, so what asks for either is in.
func excluded(name, source string) bool {
	if i := strings.Index(source, "\npackage "); i >= 0 {
		source = source[:i+1+lineLength(source[i+1:])] // what is behind constrains nothing
	}
	base := path.Base(name)
	if !strings.Contains(source, "build") && strings.Count(base, "_") == 1 {
		return false
	}
	for _, tags := range [][]string{nil, {"race"}} {
		b := build.Context{
			GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Compiler: "gc", CgoEnabled: true, BuildTags: tags, ReleaseTags: goReleases,
			JoinPath: path.Join,
			OpenFile: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(source)), nil },
		}
		if in, err := b.MatchFile("", base); in || err != nil {
			return false // what cannot be told is in
		}
	}
	return true
}

// goReleases are the tags of all releases: that a repository needs a newer Go than
// this program was built with leaves nothing out.
var goReleases = func() (tags []string) {
	for i := 1; i < 100; i++ {
		tags = append(tags, fmt.Sprintf("go1.%d", i))
	}
	return tags
}()
