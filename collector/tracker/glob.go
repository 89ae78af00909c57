package tracker

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Glob reports whether a path fits a glob: "*" and "?" stand for what is within one
// folder, "**" for any folders, {a,b} for either, [ab] for one of the characters or
// for itself, since folders of some frameworks are named so. A glob without a "/"
// fits the last part of a path.
func Glob(pattern, name string) bool {
	if !strings.ContainsAny(pattern, "*?[{") {
		return pattern == name
	}
	if !strings.Contains(pattern, "/") {
		name = path.Base(name)
	}
	re, err := regexp.Compile("^" + globPattern(pattern) + "$")
	return err == nil && re.MatchString(name)
}

// globPattern is the regular expression of a glob.
func globPattern(glob string) string {
	var b strings.Builder
	groups := 0
	for i := 0; i < len(glob); i++ {
		c, rest := glob[i], glob[i:]
		switch {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(rest, "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '{' && strings.Contains(rest, "}"):
			b.WriteString("(?:")
			groups++
		case c == '}' && groups > 0:
			b.WriteString(")")
			groups--
		case c == ',' && groups > 0:
			b.WriteString("|")
		case c == '[' && strings.IndexByte(rest, ']') > 1:
			end := strings.IndexByte(rest, ']')
			b.WriteString("(?:" + regexp.QuoteMeta(rest[:end+1]) + "|" + characters(rest[1:end]) + ")")
			i += end
		case c >= utf8.RuneSelf: // a part of a character
			b.WriteByte(c)
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// characters is the regular expression of what stands in brackets.
func characters(set string) string {
	not := ""
	if rest, ok := strings.CutPrefix(set, "!"); ok {
		set, not = rest, "^"
	}
	class := "[" + not + strings.ReplaceAll(regexp.QuoteMeta(set), `\-`, "-") + "]"
	if _, err := regexp.Compile(class); err != nil || set == "" {
		return `\b\B` // nothing
	}
	return class
}
