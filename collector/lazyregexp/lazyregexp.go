// Package lazyregexp is regexp for package-level variables: a pattern is
// compiled when it is first used. Compiling all three hundred took most of the
// time that this program needs to start, and it starts once more in front of
// every command that it watches.
package lazyregexp

import (
	"regexp"
	"sync"
	"testing"
)

// Regexp gives the compiled pattern.
type Regexp func() *regexp.Regexp

// New compiles nothing yet, except in a test: there a pattern that cannot be
// compiled panics at once, whether or not the test uses it.
func New(pattern string) Regexp {
	re := Regexp(sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) }))
	if testing.Testing() {
		re()
	}
	return re
}

// The methods are those of [regexp.Regexp].

func (re Regexp) Match(b []byte) bool                        { return re().Match(b) }
func (re Regexp) MatchString(s string) bool                  { return re().MatchString(s) }
func (re Regexp) Find(b []byte) []byte                       { return re().Find(b) }
func (re Regexp) FindIndex(b []byte) []int                   { return re().FindIndex(b) }
func (re Regexp) FindSubmatch(b []byte) [][]byte             { return re().FindSubmatch(b) }
func (re Regexp) FindSubmatchIndex(b []byte) []int           { return re().FindSubmatchIndex(b) }
func (re Regexp) FindString(s string) string                 { return re().FindString(s) }
func (re Regexp) FindStringIndex(s string) []int             { return re().FindStringIndex(s) }
func (re Regexp) FindStringSubmatch(s string) []string       { return re().FindStringSubmatch(s) }
func (re Regexp) FindStringSubmatchIndex(s string) []int     { return re().FindStringSubmatchIndex(s) }
func (re Regexp) FindAllIndex(b []byte, n int) [][]int       { return re().FindAllIndex(b, n) }
func (re Regexp) FindAllString(s string, n int) []string     { return re().FindAllString(s, n) }
func (re Regexp) FindAllStringIndex(s string, n int) [][]int { return re().FindAllStringIndex(s, n) }
func (re Regexp) FindAllStringSubmatch(s string, n int) [][]string {
	return re().FindAllStringSubmatch(s, n)
}
func (re Regexp) ReplaceAll(src, repl []byte) []byte { return re().ReplaceAll(src, repl) }
func (re Regexp) ReplaceAllFunc(src []byte, repl func([]byte) []byte) []byte {
	return re().ReplaceAllFunc(src, repl)
}
func (re Regexp) ReplaceAllString(s, repl string) string { return re().ReplaceAllString(s, repl) }
func (re Regexp) ReplaceAllStringFunc(s string, repl func(string) string) string {
	return re().ReplaceAllStringFunc(s, repl)
}
func (re Regexp) FindAllSubmatch(b []byte, n int) [][][]byte { return re().FindAllSubmatch(b, n) }
func (re Regexp) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return re().FindAllStringSubmatchIndex(s, n)
}
func (re Regexp) Split(s string, n int) []string { return re().Split(s, n) }
