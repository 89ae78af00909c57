package tracker

import (
	"slices"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// scoped is a pattern with its place in the line.
type scoped struct {
	text string
	at   int
	out  bool
}

// cut takes a mark from the pattern's beginning, and reports whether it was there.
func (s *scoped) cut(mark string) bool {
	rest, ok := strings.CutPrefix(s.text, mark)
	s.at += len(s.text) - len(rest)
	s.text = rest
	return ok
}

// joining are the words that stand between patterns, and say nothing else.
var joining = wordSet(`only just everything anything all any the a an file files folder folders directory directories dir path paths package packages module modules in under below within inside of from
	and or but as well plus also new its their tests code with to changes change edits edit limited confined restricted this these following located & + / | etc else itself alone there`)

// excepting are the words that turn the sense of the patterns after them.
var excepting = wordSet(`except excepting excluding excludes exclude without minus outside beyond besides not other save unless nothing`)

// closing are the words after which a line names files that it is not about.
var closing = wordSet(`leave leaves left never no don't see cf cf. stays stay unlike instead like`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// scopePatterns are the patterns that a line of a scope lists; none where the line
// is prose, although it may mention a path: "fix what docs/issue.md describes" does
// not say that this file may be touched. out: the line is about what must not be
// touched; alone: it is no list where anything follows the patterns. What is in doubt
// allows more, and forbids less.
func scopePatterns(line string, out, alone bool) []scoped {
	var found []scoped
	way := out      // of the next pattern
	turned := false // by an exception
	first := false  // the next pattern is the first after it
	remark := false // what follows explains the patterns
	all, weak := false, false
	words := scopeSplit(line)
	for i := range words {
		w := &words[i]
		word := strings.ToLower(w.text)
		dash := strings.Trim(word, "-–—→") == ""
		remark = remark || len(found) > 0 && (w.opens || dash)
		switch {
		case remark && alone:
			return nil
		case w.pattern && remark && out: // a remark forbids nothing
		case w.pattern:
			s := scoped{w.text, w.at, way}
			if turned && !out && way && !first {
				s.out = lies(s.text, found)
			}
			if s.cut("!") {
				if s.out = true; out {
					return nil // an exception of what must not be touched
				}
			}
			s.cut("./")
			s.cut("/")
			weak = weak || w.weak && len(found) == 0
			found = append(found, s)
			first = false
		case excepting[word], word == "but" && all:
			if out && (len(found) > 0 || word == "nothing") {
				return nil // not all of it must not be touched
			}
			way, turned, first = !way, true, true
		case dash, joining[word]:
			all = all || word == "everything" || word == "anything" || word == "all"
		case len(found) == 0:
			return parenthesised(words[i:], out)
		case turned, closing[word], (out || weak) && remark:
			return found
		case out, weak, alone:
			return nil
		default:
			remark = true
		}
		remark = remark || len(found) > 0 && w.ends == ':'
	}
	return found
}

// lies reports whether an exception lies in what was allowed before it: in "src/**
// except src/gen/**, docs/**" the last is none.
func lies(pattern string, allowed []scoped) bool {
	literal := func(s string) string { return strings.TrimSuffix(s[:strings.IndexAny(s+"*", "*?[{")], "...") }
	folder := literal(pattern)
	return folder == "" || slices.ContainsFunc(allowed, func(s scoped) bool { return !s.out && strings.HasPrefix(folder, literal(s.text)) })
}

// parenthesised are the folders and globs that prose names in parentheses, with
// nothing beside them: "harden the importer (`src/importer/**`)". A file there may
// be what the prose is about.
func parenthesised(words []scopeWord, out bool) []scoped {
	at := slices.IndexFunc(words, func(w scopeWord) bool { return w.opens })
	if at < 0 {
		return nil
	}
	var found []scoped
	for _, w := range words[at:] {
		switch {
		case w.pattern && (strings.Contains(w.text, "*") || strings.HasSuffix(w.text, "/") || strings.HasSuffix(w.text, "/...")):
			s := scoped{w.text, w.at, out}
			s.cut("./")
			found = append(found, s)
		case !joining[strings.ToLower(w.text)]:
			return nil
		}
		if w.closes {
			break
		}
	}
	return found
}

// scopeWord is a word of a line in a scope.
type scopeWord struct {
	text    string // without markup and what ends it
	at      int
	ends    byte // "," or ";" after it, or ":"
	opens   bool // "(" before it
	closes  bool // ")" after it
	pattern bool
	weak    bool // a pattern that may as well be prose: "read/write", "Node.js"
}

// scopeSplit cuts a line, as it was written, into words. What stands in code or is a
// link's text is one.
func scopeSplit(line string) []scopeWord {
	var words []scopeWord
	for i := 0; i < len(line); {
		switch line[i] {
		case ' ', '\t', '\r', ',', ';':
			if n := len(words); n > 0 && (line[i] == ',' || line[i] == ';') {
				words[n-1].ends = line[i]
			}
			i++
			continue
		}
		w := scopeWord{opens: line[i] == '('}
		if w.opens {
			i++
		}
		marks := len(line[i:]) - len(strings.TrimLeft(line[i:], "*_"))
		text, at, size := quotedWord(line[i+marks:])
		rest := ""
		if size > 0 {
			w.text, w.at = text, i+marks+at
			w.pattern, w.weak = pathLike(text, true)
			i += marks + size
			i += len(line[i:]) - len(strings.TrimLeft(line[i:], "*_"))
			for rest = line[i:]; i < len(line) && strings.IndexByte(".:)", line[i]) >= 0; i++ {
			}
			rest = rest[:len(rest)-len(line[i:])]
		} else {
			end := bareEnd(line, i)
			w.text, w.at = line[i:end], i
			rest = w.trim()
			w.pattern, w.weak = pathLike(w.text, false)
			i = max(end, i+1)
		}
		w.closes = strings.Contains(rest, ")")
		if strings.HasSuffix(rest, ":") {
			w.ends = ':'
		}
		words = append(words, w)
	}
	return words
}

var lineNumber = lazyregexp.New(`:\d+(?:[-:]\d+)?$`)

// trim takes from a word what is no part of it, and returns what ended it.
func (w *scopeWord) trim() (ended string) {
	end := strings.TrimRight(w.text, ".:)\"'")
	if strings.HasSuffix(end, "/") && strings.HasPrefix(w.text[len(end):], "...") {
		end += "..."
	}
	if strings.Contains(end, "/(") && strings.HasPrefix(w.text[len(end):], ")") { // app/(shop)
		end += ")"
	}
	ended = w.text[len(end):]
	text := strings.TrimLeft(end, `"'`)
	for _, mark := range []string{"**", "*", "_"} {
		inner, ok := strings.CutPrefix(text, mark)
		if inner, both := strings.CutSuffix(inner, mark); ok && both && inner != "" && isWord(rune(inner[0])) && !strings.HasSuffix(inner, "/") {
			text = inner
			w.at += len(mark)
			break
		}
	}
	w.at += len(end) - len(strings.TrimLeft(end, `"'`))
	text = strings.NewReplacer(`\_`, "_", `\*`, "*").Replace(text)
	w.text = text[:len(text)-len(lineNumber.FindString(text))]
	return ended
}

// maxQuoted bounds what is searched for the end of a word.
const maxQuoted = 4096

// quotedWord is what a line begins with in code or as a link: its text, where that
// stands, and the size of all of it; 0 where it begins with neither.
func quotedWord(line string) (text string, at, size int) {
	line = line[:min(len(line), maxQuoted)]
	switch {
	case strings.HasPrefix(line, "`"):
		run := len(line) - len(strings.TrimLeft(line, "`"))
		end := strings.Index(line[run:], line[:run])
		if end < 0 {
			return "", 0, 0
		}
		inner := line[run : run+end]
		return strings.TrimSpace(inner), run + len(inner) - len(strings.TrimLeft(inner, " ")), run*2 + end
	case strings.HasPrefix(line, "["):
		middle := strings.Index(line, "](")
		if middle < 0 {
			return "", 0, 0
		}
		end := strings.IndexByte(line[middle:], ')')
		if end < 0 {
			return "", 0, 0
		}
		text = strings.Trim(line[1:middle], "`*")
		return text, strings.Index(line, text), middle + end + 1
	}
	return "", 0, 0
}

// bareEnd is where a word ends that stands neither in code nor in a link: at white
// space, or at a comma that is not between braces.
func bareEnd(line string, from int) int {
	depth := 0
	for i := from; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\r', depth == 0 && (c == ',' || c == ';'):
			return i
		case c == '{' && strings.IndexByte(line[i:min(len(line), i+256)], '}') > 0:
			depth++
		case c == '}' && depth > 0:
			depth--
		}
	}
	return len(line)
}

var (
	fileExtension = lazyregexp.New(`[^./]\.(?:[a-z][a-z0-9_+-]{0,11}|[A-Z]{1,4}|7z)$`)
	webHost       = lazyregexp.New(`^(?:[\w-]+\.)+(?:com|org|io|net|dev|ai|co)(?:/|$)`)
	wordsAndSlash = lazyregexp.New(`^\pL+(?:/\pL+)+$`)
)

// prosePairs are words with a "/" or a "." that are no paths.
var prosePairs = wordSet(`and/or either/or n/a i/o read/write input/output import/export client/server request/response yes/no on/off true/false pass/fail start/stop open/close upload/download
	login/logout add/remove get/set ci/cd tcp/ip before/after ui/ux push/pull load/store encode/decode create/update go/no-go w/o he/she frontend/backend backend/frontend
	node.js next.js vue.js nuxt.js three.js d3.js express.js react.js asp.net e.g i.e`)

// pathNames are names without "/" and "." that only files and folders have.
var pathNames = wordSet(`makefile dockerfile license licence readme changelog codeowners procfile gemfile rakefile jenkinsfile vagrantfile justfile taskfile
	src lib libs internal pkg cmd docs doc tests scripts apps packages examples testdata vendor node_modules`)

// pathLike reports whether a word looks like a path or a glob, and whether it may as
// well be prose. A word in code may have spaces, and be a bare name that only files
// have.
func pathLike(word string, code bool) (is, weak bool) {
	word = strings.TrimPrefix(word, "!")
	lower := strings.ToLower(word)
	switch {
	case word == "" || prosePairs[lower] || strings.Contains(word, "://") || webHost.MatchString(lower) || strings.ContainsAny(word, "<>\"'`=|;$\\\n") || word[0] == '-' || word[0] == '@':
		return false, false
	case strings.Trim(word, "*") == "":
		return code || len(word) > 1, false
	}
	file, glob, slash := fileExtension.MatchString(word), strings.Contains(word, "*"), strings.Contains(word, "/")
	switch {
	case strings.Contains(word, " ") && (!code || knownCommand(word) || strings.Contains(word, " /") || !slash && !file):
		return false, false // a command, a route, or words
	case strings.ContainsAny(word, "()") && !strings.Contains(word, "/("):
		return false, false // a call
	case word[0] == '/' && !file && !strings.Contains(word, "**") && !strings.HasSuffix(word, "/"):
		return false, false // a route
	case slash:
		return strings.Trim(word, "/.") != "", !code && !file && !glob && wordsAndSlash.MatchString(word)
	case glob:
		return strings.Contains(word, "."), false
	case file:
		return true, !code
	}
	return code && (pathNames[lower] || word[0] == '.' && len(word) > 3) || strings.HasPrefix(lower, ".git") || strings.HasPrefix(lower, ".env"), false
}
