package survey

import (
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

// version is major, minor and patch.
type version [3]int

func (v version) less(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

var versionForm = lazyregexp.New(`(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?`)

// readVersion finds the first version in a text, and how many of its three numbers
// stand there.
func readVersion(text string) (v version, parts int) {
	m := versionForm.FindStringSubmatch(text)
	for i := 1; i < len(m) && m[i] != ""; i++ {
		n, err := strconv.Atoi(m[i])
		if err != nil {
			break // "x"
		}
		v[i-1] = n
		parts++
	}
	return v, parts
}

var comparator = lazyregexp.New(`^(>=|<=|>|<|=|\^|~|)v?(\d[\d.xX*]*)$`)

// satisfies reports whether a version is in a range as package.json writes it. known
// is false for a range of a form that is not read here.
func satisfies(v version, wanted string) (ok, known bool) {
	for _, alternative := range strings.Split(wanted, "||") {
		text := strings.Join(strings.Fields(alternative), " ")
		for _, sign := range []string{">=", "<=", ">", "<", "=", "^", "~"} {
			text = strings.ReplaceAll(text, sign+" ", sign)
		}
		if low, high, hyphen := strings.Cut(text, " - "); hyphen {
			text = ">=" + low + " <=" + high
		}
		all := true
		for _, c := range strings.Fields(text) {
			if c == "*" || c == "x" {
				continue
			}
			m := comparator.FindStringSubmatch(c)
			if m == nil {
				return false, false
			}
			all = all && compares(v, m[1], m[2])
		}
		if all {
			return true, true
		}
	}
	return false, true
}

// compares reports whether v stands in a relation to a version of which the last
// numbers may be missing.
func compares(v version, sign, text string) bool {
	low, parts := readVersion(text)
	next := func(part int) version { // the first version after all that share this many numbers
		n := low
		if part == 0 {
			return version{1 << 30}
		}
		n[part-1]++
		for i := part; i < len(n); i++ {
			n[i] = 0
		}
		return n
	}
	first := 1 // the first number that is not zero
	for first < 3 && low[first-1] == 0 {
		first++
	}
	switch sign {
	case ">=":
		return !v.less(low)
	case ">":
		return !v.less(next(parts))
	case "<":
		return v.less(low)
	case "<=":
		return v.less(next(parts))
	case "^":
		return !v.less(low) && v.less(next(min(first, max(parts, 1))))
	case "~":
		return !v.less(low) && v.less(next(min(parts, 2)))
	}
	return !v.less(low) && v.less(next(parts))
}
