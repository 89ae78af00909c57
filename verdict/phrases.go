package verdict

import (
	"iter"
	"regexp"
	"regexp/syntax"
)

// phrases finds expressions that begin with a letter or a digit, as whole words, in
// texts of lower-case letters. Lists of a hundred are compared with every risk of
// every packet; so only those words of a text are looked at whose first two bytes
// begin some expression.
type phrases struct {
	here   *regexp.Regexp // at the beginning of a text
	begins [128][128]bool
}

func newPhrases(expressions string) *phrases {
	p := &phrases{here: regexp.MustCompile(`^(?:` + expressions + `)(?:\b|$)`)}
	tree, err := syntax.Parse(expressions, syntax.Perl)
	if err != nil {
		panic(err) // MustCompile took it
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		panic(err)
	}
	for _, first := range consuming(prog, uint32(prog.Start)) {
		second := consuming(prog, prog.Inst[first].Out)
		for a := range p.begins {
			if !prog.Inst[first].MatchRune(rune(a)) {
				continue
			}
			for b := range p.begins[a] {
				p.begins[a][b] = p.begins[a][b] || mayFollow(prog, second, rune(b))
			}
		}
	}
	return p
}

// consuming are the instructions that take a character next, from a place in a
// program; one that ends the program is among them.
func consuming(prog *syntax.Prog, start uint32) (found []uint32) {
	seen := map[uint32]bool{}
	for todo := []uint32{start}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		switch i := &prog.Inst[at]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, i.Out, i.Arg)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			todo = append(todo, i.Out)
		case syntax.InstFail:
		default:
			found = append(found, at)
		}
	}
	return found
}

func mayFollow(prog *syntax.Prog, next []uint32, r rune) bool {
	for _, at := range next {
		if i := &prog.Inst[at]; i.Op == syntax.InstMatch || i.MatchRune(r) {
			return true
		}
	}
	return false
}

// all gives the begin and the end of each match, from left to right; none overlap.
func (p *phrases) all(text string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for at := 0; at < len(text); at++ {
			if !isWordByte(text[at]) || at > 0 && isWordByte(text[at-1]) {
				continue
			}
			if at+1 < len(text) && text[at+1] < 128 && !p.begins[text[at]][text[at+1]] {
				continue
			}
			if m := p.here.FindStringIndex(text[at:]); m != nil {
				if !yield(at, at+m[1]) {
					return
				}
				at += max(m[1], 1) - 1
			}
		}
	}
}

// isWordByte is what \b of a regular expression takes for a part of a word.
func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
