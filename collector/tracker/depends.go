package tracker

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/verdictci/verdict/collector/lazyregexp"
)

var idList = lazyregexp.New(idForm)

var idRange = lazyregexp.New(`\b([A-Za-z][A-Za-z0-9_-]*?[-_])?(\d+)\s+(?:through|to|–)\s+(?:[A-Za-z][A-Za-z0-9_-]*?[-_])?(\d+)\b`)

// dependsOn reads a list of packets; "C-1 through C-6" is all six.
func (p *reader) dependsOn(text string) []string {
	text = idRange.ReplaceAllStringFunc(text, func(s string) string {
		m := idRange.FindStringSubmatch(s)
		from, _ := strconv.Atoi(m[2])
		to, _ := strconv.Atoi(m[3])
		if to-from > 1000 {
			return s
		}
		var ids []string
		for n := from; n <= to; n++ {
			ids = append(ids, fmt.Sprintf("%s%0*d", m[1], len(m[2]), n))
		}
		return strings.Join(ids, ", ")
	})
	return append([]string{}, idList.FindAllString(text, -1)...)
}
