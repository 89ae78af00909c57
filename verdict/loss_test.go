package verdict_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
)

// loss is one way to lose a part of a bundle.
type loss struct {
	path string
	take func()
}

// losses walks a value and lists every way to lose a part of it.
func losses(v reflect.Value, path string, out *[]loss) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			*out = append(*out, loss{path + "=nil", func() { v.SetZero() }})
			losses(v.Elem(), path, out)
		}
	case reflect.Struct:
		if v.Type().String() == "time.Time" {
			return
		}
		for i := range v.NumField() {
			losses(v.Field(i), path+"."+v.Type().Field(i).Name, out)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			*out = append(*out, loss{path + "=[]", func() { v.SetZero() }})
		}
		for i := range v.Len() {
			*out = append(*out, loss{path + "[-]", func() {
				n := reflect.MakeSlice(v.Type(), 0, v.Len())
				for k := range v.Len() {
					if k != i {
						n = reflect.Append(n, v.Index(k))
					}
				}
				v.Set(n)
			}})
			losses(v.Index(i), path+"[]", out)
		}
	default:
		if !v.IsZero() {
			*out = append(*out, loss{path + "=0", func() { v.SetZero() }})
		}
	}
}

// accusations are parts of a bundle that speak against the work: what a command
// changed, tests that were lost, marks on results. Without them nothing is
// accused; what must be seen for a GO is none of them.
var accusations = regexp.MustCompile(`^\.Commands\[\]\.(ExitCode=0|TreeChanges|Unwitnessed|Rewritten|Attempts|Steps\[-\]|Steps\[\]\.(Argv|ExitCode|Check\.Flags|Tests\.(Cached|Only|Retried|Snapshots|Unhandled|Forged|Failed|Unmatched|Flags|Skipped)))|` +
	`^\.Repository\.(Contracts|Relations|Tests|Naming|State|Checkpoints\[\]\.(Files|Names|State|Signature|Twin|Packet|Token|Tracker))|^\.Subject\.Worktree\.Changes(\[-\]|\[\])|^\.Environment|^\.Redacted`)

// TestAnyLossNeverImproves takes parts out of the bundles of every rule's lie and
// twin, and of the good tracker: nothing that is lost makes a decision better.
func TestAnyLossNeverImproves(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	changes := map[string]func(*testing.T, *fixture){"good": nil}
	for id, c := range ruleCases {
		changes[id], changes[id+" (twin)"] = c.lie, c.twin
	}
	for _, id := range sortedNames(changes) {
		decide := func(lose func(*evidence.Bundle)) int {
			f := &fixture{doc: goodTracker}
			if changes[id] != nil {
				changes[id](t, f)
			}
			inner := f.change
			f.change = func(b *evidence.Bundle) {
				if inner != nil {
					inner(b)
				}
				lose(b)
			}
			return rank(f.decide(t).Verdict)
		}
		var whole evidence.Bundle
		before := decide(func(b *evidence.Bundle) {
			src, err := json.Marshal(b)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(src, &whole))
		})
		var all []loss
		losses(reflect.ValueOf(&whole).Elem(), "", &all)
		for range 8 {
			i := random.IntN(len(all))
			if accusations.MatchString(all[i].path) {
				continue
			}
			after := decide(func(b *evidence.Bundle) {
				var own []loss
				if losses(reflect.ValueOf(b).Elem(), "", &own); i < len(own) && own[i].path == all[i].path {
					own[i].take()
				}
			})
			if after > before {
				t.Errorf("%s: without %s, %d becomes %d", id, all[i].path, before, after)
			}
		}
	}
}

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
