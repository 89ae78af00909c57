package verdict

import (
	"math"

	"github.com/verdictci/verdict/collector/tracker"
)

// dependencies are which packets of a tracker depend on which.
type dependencies struct {
	place map[string]int // of a packet, by normal id
	on    [][]int        // what each depends on
	depth []int          // higher than that of all that it depends on; unknown in and above a circle
	seen  []int          // the last question that met it
	asked int
}

const unknownDepth = math.MaxInt

func newDependencies(packets []tracker.Packet) *dependencies {
	d := &dependencies{place: map[string]int{}, on: make([][]int, len(packets)), depth: make([]int, len(packets)), seen: make([]int, len(packets))}
	for i := len(packets) - 1; i >= 0; i-- { // the first of equal ids counts
		d.place[tracker.NormalID(packets[i].ID)] = i
	}
	needed := make([][]int, len(packets))
	open := make([]int, len(packets))
	for i := range packets {
		for _, id := range packets[i].DependsOn {
			if on, ok := d.place[tracker.NormalID(id)]; ok {
				d.on[i] = append(d.on[i], on)
				needed[on] = append(needed[on], i)
				open[i]++
			}
		}
	}
	var ready []int
	for i := range packets {
		if d.depth[i] = unknownDepth; open[i] == 0 {
			d.depth[i] = 0
			ready = append(ready, i)
		}
	}
	for at := 0; at < len(ready); at++ {
		for _, i := range needed[ready[at]] {
			if open[i]--; open[i] > 0 {
				continue
			}
			d.depth[i] = 0
			for _, on := range d.on[i] {
				d.depth[i] = max(d.depth[i], d.depth[on]+1)
			}
			ready = append(ready, i)
		}
	}
	return d
}

// follows reports whether a packet depends on another, over any others.
func (d *dependencies) follows(id, on string) bool {
	from, ok1 := d.place[tracker.NormalID(id)]
	to, ok2 := d.place[tracker.NormalID(on)]
	if !ok1 || !ok2 {
		return false
	}
	d.asked++
	for next := []int{from}; len(next) > 0; {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, on := range d.on[at] {
			if on == to {
				return true
			}
			if d.seen[on] != d.asked && (d.depth[on] > d.depth[to] || d.depth[to] == unknownDepth) {
				d.seen[on] = d.asked
				next = append(next, on)
			}
		}
	}
	return false
}
