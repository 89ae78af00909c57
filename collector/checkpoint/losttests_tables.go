package checkpoint

import (
	"cmp"
	"path"
	"slices"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// unknownRows is the number of rows of a table that is no literal.
const unknownRows = -1

// timesRows is how often something runs that two tables make run; 0 is no table.
func timesRows(a, b int) int {
	if a == unknownRows || b == unknownRows {
		return unknownRows
	}
	return max(a, b, a*b)
}

// The share of a test's own words that the table has which it went into, or came from:
// in a file of the same name, and in another.
const (
	minWithin      = 0.75
	minWithinOther = 0.9
)

// intoTables finds what is gone, tests and rows, in tables and out of them: a table
// with as many rows as tests went into it has lost nothing, and so it is with one that
// became several tests or tables. It notes in now where a test went as a whole, and
// returns how many rows of each are nowhere.
func intoTables(before, after []testCase, now []*testCase) (fewer []int) {
	fewer = make([]int, len(before))
	var sought []int
	for i := range before {
		old, new := &before[i], now[i]
		switch {
		case new == nil && !old.row && !old.weak && !old.empty:
			fewer[i] = max(1, old.rows)
		case new != nil && !new.listed && !old.skipped && !new.skipped && new.rows > 0 && old.rows > new.rows:
			fewer[i] = old.rows - new.rows
		}
		if fewer[i] > 0 {
			sought = append(sought, i)
		}
	}
	if len(sought) == 0 || len(sought) > maxRenamedTests {
		return fewer
	}
	room := roomFor(before, after, now)
	if len(room) > maxRenamedTests {
		return fewer
	}
	type candidate struct {
		old, new int
		within   float64
	}
	var list []candidate
	words := map[int]map[string]bool{}
	for j := range room {
		words[j] = ownWords(after[j].body + "\n" + after[j].table)
	}
	for _, i := range sought {
		own := ownWords(before[i].body + "\n" + before[i].table)
		for j := range room {
			if before[i].rows == 0 && after[j].rows == 0 || now[i] == &after[j] {
				continue // a test became a test, if anything
			}
			least := minWithin
			if path.Base(before[i].file) != path.Base(after[j].file) {
				least = minWithinOther
			}
			s := shareIn(own, words[j])
			if after[j].rows == 0 {
				s = shareIn(words[j], own)
			}
			if s >= least {
				list = append(list, candidate{i, j, s - least})
			}
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.within, a.within), cmp.Compare(a.old, b.old), cmp.Compare(a.new, b.new))
	})
	for _, c := range list {
		n := min(fewer[c.old], room[c.new])
		fewer[c.old] -= n
		room[c.new] -= n
		if n > 0 && fewer[c.old] == 0 && now[c.old] == nil {
			now[c.old] = &after[c.new]
			for i := range before { // its rows went with it
				if t := &before[i]; t.row && now[i] == nil && t.file == before[c.old].file && t.parent == before[c.old].name {
					now[i] = &after[c.new]
				}
			}
		}
	}
	return fewer
}

// roomFor counts, by the tests of after that have any, the rows that nothing became
// yet; a test without a table that is new is one row.
func roomFor(before, after []testCase, now []*testCase) map[int]int {
	type id struct{ file, name string }
	parts := map[id]bool{}       // tests of before with others in them
	whole := map[id]*testCase{}  // what a test of before became
	tables := map[id]*testCase{} // tests of after
	taken := map[*testCase]int{} // rows of after that are something from before
	known, closed := map[*testCase]bool{}, map[*testCase]bool{}
	for i := range before {
		parts[id{before[i].file, before[i].parent}] = true
		whole[id{before[i].file, before[i].name}] = now[i]
	}
	for j := range after {
		tables[id{after[j].file, after[j].name}] = &after[j]
	}
	for i := range before {
		old, new := &before[i], now[i]
		if new == nil {
			continue
		}
		known[new] = true
		closed[new] = old.rows == unknownRows // nothing says that it grew
		if new.row {
			if table := tables[id{new.file, new.parent}]; table != nil && whole[id{old.file, old.parent}] != table {
				taken[table]++
			}
		} else if old.rows != 0 || !parts[id{old.file, old.name}] {
			taken[new] += max(1, old.rows)
		}
	}
	room := map[int]int{}
	for j := range after {
		t := &after[j]
		switch {
		case t.row || t.empty || closed[t]:
		case t.rows == unknownRows:
			room[j] = 1 << 30
		case t.rows > 0 || !known[t]:
			if n := max(1, t.rows) - taken[t]; n > 0 {
				room[j] = n
			}
		}
	}
	return room
}

var (
	textOrName = lazyregexp.New("\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])*'|`[^`]*`" + `|[A-Za-z_]\w*`)
	// commonWord is what tests are written in, whatever they test.
	commonWord = lazyregexp.New(`^(?:expect\w*|to[A-Z]\w*|assert\w*|require|not|resolves|rejects|async|await|const|let|var|return|func|function|def|self|with|as|in|is|and|or|if|else|for|of|range|[tT]rue|[fF]alse|None|null|nil|undefined|new|err|error|Error\w*|Fatal\w*|NoError\w*|(?:Not)?(?:Equal|Nil|True|False)\w*|Run|Parallel|Helper|testing|got|want|actual|result|name|test\w*|it|tt|tc|pytest|raises|string|bool|u?int\d*|byte|any|struct|map|len|\w)$`)
)

// ownWords are the names in a test's text that say what it is about.
func ownWords(text string) map[string]bool {
	words := map[string]bool{}
	for _, w := range textOrName.FindAllString(text, -1) {
		if wordByte[w[0]] && !commonWord.MatchString(w) {
			words[w] = true
		}
	}
	return words
}

// shareIn is the share of words that are in others as well.
func shareIn(words, others map[string]bool) float64 {
	n := 0
	for w := range words {
		if others[w] {
			n++
		}
	}
	return float64(n) / float64(max(1, len(words)))
}
