package verdict

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/verdictci/verdict/collector/tracker"
)

// TestFollows compares with every way from packet to packet, in graphs with and
// without circles; and many ways from one to the other take no longer for it.
func TestFollows(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 60 {
		packets := make([]tracker.Packet, 12)
		var reach [12][12]bool
		for i := range packets {
			packets[i].ID = fmt.Sprintf("Packet %d", i)
			for range random.IntN(3) {
				on := random.IntN(len(packets))
				packets[i].DependsOn = append(packets[i].DependsOn, fmt.Sprintf("packet %d", on))
				reach[i][on] = true
			}
			packets[i].DependsOn = append(packets[i].DependsOn, "elsewhere")
		}
		for via := range reach {
			for a := range reach {
				for b := range reach {
					reach[a][b] = reach[a][b] || reach[a][via] && reach[via][b]
				}
			}
		}
		d := newDependencies(packets)
		for a := range packets {
			for b := range packets {
				assert.Equal(t, reach[a][b], d.follows(packets[a].ID, packets[b].ID), "%d %d", a, b)
			}
			assert.False(t, d.follows(packets[a].ID, "elsewhere"))
		}
	}
	ways := make([]tracker.Packet, 200)
	for i := range ways {
		ways[i].ID = fmt.Sprint("A-", i)
		for back := 1; back <= 3 && back <= i; back++ {
			ways[i].DependsOn = append(ways[i].DependsOn, fmt.Sprint("A-", i-back))
		}
	}
	d := newDependencies(ways)
	assert.True(t, d.follows("A-199", "A-0"))
	assert.False(t, d.follows("A-0", "A-199"))
}
