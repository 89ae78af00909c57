package policy

import "strings"

// nearest returns the word that a misspelt one was probably meant to be; empty
// when none is near.
func nearest(word string, words []string) string {
	plain := plainWord(word)
	best, limit := "", max(1, len(plain)/3)
	for _, w := range words {
		if d := distance(plain, plainWord(w)); d <= limit {
			best, limit = w, d-1
		}
	}
	return best
}

// plainWord drops what differs between spellings of one name: case, "-", "_".
func plainWord(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s))
}

// distance counts the letters to add, drop, replace or swap between two words.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
