package verdict

import (
	"fmt"
	"path"
	"strings"

	"github.com/verdictci/verdict/collector/evidence"
)

// worktree judges whether the evidence is about the commit.
func (j *judge) worktree() {
	if j.Bundle == nil || j.Bundle.Subject.CleanCheckout {
		return
	}
	w := &j.Bundle.Subject.Worktree
	if len(w.Beside) > 0 {
		j.find("worktree/untracked", Finding{Severity: Condition, Message: "what builds read here is not all in " + short(j.Bundle.Subject.Commit) + ": " + list(w.Beside), Observed: list(w.Beside), Hint: "commit it, or run 'verdict run --at HEAD', which sees the commit alone"})
	}
	if len(w.ByHand) > 0 {
		j.find("worktree/untracked", Finding{Message: "Go sources that git ignores were compiled by a check, and are not in " + short(j.Bundle.Subject.Commit) + ": " + list(w.ByHand), Observed: list(w.ByHand), Hint: "commit it, or run 'verdict run --at HEAD', which sees the commit alone"})
	}
	var changed, sources, data, documents []string
	for _, c := range w.Changes {
		switch {
		case documentFile(c.Path):
			documents = append(documents, c.Path)
		case c.Status != "?":
			changed = append(changed, c.Path)
		case sourceFile(c.Path):
			sources = append(sources, c.Path)
		case dataFile(c.Path):
			data = append(data, c.Path)
		default:
			documents = append(documents, c.Path)
		}
	}
	if w.State == evidence.WorktreeDirty && w.More > 0 {
		changed = append(changed, fmt.Sprintf("and %d more", w.More))
	}
	if w.State == evidence.WorktreeDirty && len(w.Changes) == 0 && w.More == 0 {
		changed = append(changed, "which ones is not told")
	}
	commit := short(j.Bundle.Subject.Commit)
	switch {
	case w.State == evidence.WorktreeUnknown:
		j.find("worktree/unknown", Finding{Message: "it is not known whether the files that were tested are those of " + commit + ": " + orElse(w.Reason, "the work tree was not looked at")})
	case w.State == evidence.WorktreeNone:
		j.find("worktree/unknown", Finding{Message: "there is no work tree of a commit, so the evidence is about no commit"})
	}
	if len(changed) > 0 {
		j.find("worktree/changed", Finding{Message: "the files that were tested are not those of " + commit + ": " + list(changed), Observed: list(changed)})
	}
	if len(sources) > 0 {
		j.find("worktree/untracked", Finding{Message: "source files that were there are not in " + commit + ": " + list(sources), Observed: list(sources)})
	}
	if len(data) > 0 {
		j.find("worktree/untracked", Finding{Severity: Condition, Message: "files that a test may read are not in " + commit + ": " + list(data), Observed: list(data)})
	}
	if len(documents) > 0 {
		j.find("worktree/documents", Finding{Message: "not as in " + commit + ", and read by no build: " + list(documents), Observed: list(documents)})
	}
}

// documentFile are files that builds and tests do not read.
func documentFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".rst", ".adoc", ".pdf":
		return true
	}
	return strings.HasPrefix(name, ".verdict/")
}

// sourceFile are files that a build or a test may read.
func sourceFile(name string) bool {
	switch path.Base(name) {
	case "Makefile", "Dockerfile", "go.mod", "go.sum", "go.work", "package.json", "package-lock.json", "BUILD", "Rakefile", "Gemfile", "justfile", "CMakeLists.txt":
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".go", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".py", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt", ".scala", ".rb", ".php", ".cs", ".swift", ".zig", ".sh", ".bash",
		".proto", ".graphql", ".s", ".lua", ".ex", ".exs":
		return true
	}
	return false
}

// compiledFile are sources that a compiler reads. Scripts may be a tool's output as well,
// such as a page on coverage.
func compiledFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".go", ".tsx", ".rs", ".java", ".kt", ".py":
		return true
	case ".ts":
		return !strings.HasSuffix(name, ".d.ts")
	}
	return false
}

// dataFile are files that are no source, but that a test may read.
func dataFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".yaml", ".yml", ".toml", ".sql", ".css", ".scss", ".html", ".tmpl", ".txtar", ".golden", ".snap", ".env":
		return path.Base(name) != "verdict.yaml"
	}
	return strings.Contains(name, "testdata/")
}
