package plan

import (
	"slices"
	"strings"
)

// outward are the commands by which something leaves for a registry, GitHub or a
// server: the words that come first, one form after the other.
var outward = map[string][]string{
	"npm": {"publish", "unpublish", "dist-tag", "deprecate"}, "pnpm": {"publish"}, "yarn": {"publish", "npm publish"}, "cargo": {"publish", "yank"}, "twine": {"upload"}, "gem": {"push", "yank"}, "docker": {"push", "image push", "compose push"}, "uv": {"publish"}, "poetry": {"publish"},
	"gh":        {"release create", "release delete", "release edit", "release upload", "pr create", "pr merge", "pr close", "pr edit", "pr comment", "pr review", "issue create", "issue close", "issue edit", "issue comment", "repo create", "repo delete", "repo edit", "workflow run", "secret set"},
	"terraform": {"apply", "destroy"}, "aws": {"s3 rm"},
}

// outwardRuin knows the commands that change something elsewhere.
func outwardRuin(name string, args []string) string {
	known := name
	if name == "pnpm" || name == "yarn" {
		known = "npm"
	}
	words := operands(known, args)
	said := strings.Join(words, " ") + " "
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--dry-run") && a != "--dry-run=none" }) {
		return ""
	}
	for _, form := range outward[name] {
		if strings.HasPrefix(said, form+" ") {
			return name + " " + form + " would change something outside of this machine"
		}
	}
	if name == "gh" && strings.HasPrefix(said, "api ") && (given(args, "-X=POST -X=PUT -X=PATCH -X=DELETE --method=POST --method=PUT --method=PATCH --method=DELETE") || given(args, "-f -F --field --raw-field --input")) {
		return "gh api would change something on GitHub"
	}
	return ""
}
