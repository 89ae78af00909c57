package verdict_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/verdict"
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

// TestAnyLossIsSeen takes parts out of the stored record of every rule's lie and
// twin, and of the good tracker. Whatever is lost, its seal tells: the decision is
// the strictest there is, and never better than before.
func TestAnyLossIsSeen(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(7, 8))
	eachRuleCase(t, func(id string, decide func(change func(*evidence.Bundle)) *verdict.Report) {
		path := filepath.Join(dir, evidence.FileName)
		var src []byte
		before := decide(func(b *evidence.Bundle) {
			require.NoError(t, evidence.Write(dir, b))
			var err error
			src, err = os.ReadFile(path)
			require.NoError(t, err)
		})
		stored := func(edit func(record map[string]any)) *verdict.Report {
			return decide(func(b *evidence.Bundle) {
				var record map[string]any
				require.NoError(t, json.Unmarshal(src, &record))
				edit(record)
				edited, err := json.Marshal(record)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, edited, 0o644))
				read, err := evidence.ReadRecord(dir)
				require.NoError(t, err)
				altered := b.Altered
				*b = *read
				b.Altered = b.Altered || altered
			})
		}
		formatted := stored(func(map[string]any) {})
		require.Equal(t, before.Verdict, formatted.Verdict, "%s: formatted anew", id)
		for range 4 {
			var path string
			after := stored(func(record map[string]any) {
				all := jsonLosses(record, "")
				lost := all[random.IntN(len(all))]
				lost.take()
				path = lost.path
			})
			require.Equal(t, verdict.NoGo, after.Verdict, "%s: without %s, before: %s", id, path, before.Verdict)
		}
	})
}

// jsonLosses lists every way to lose a part of a record: a member, or an element
// of a list. The schema is not one: without it nothing is read.
func jsonLosses(v any, path string) []loss {
	var out []loss
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedNames(v) {
			if at := path + "." + name; at != ".schema" {
				out = append(out, loss{at, func() { delete(v, name) }})
				out = append(out, jsonLosses(v[name], at)...)
			}
			if list, ok := v[name].([]any); ok {
				for i := range list {
					out = append(out, loss{path + "." + name + "[-]", func() { v[name] = slices.Delete(slices.Clone(list), i, i+1) }})
				}
			}
		}
	case []any:
		for _, element := range v {
			out = append(out, jsonLosses(element, path+"[]")...)
		}
	}
	return out
}

// eachRuleCase gives every rule's lie and twin, and the good tracker, a decision
// with a change to its bundle.
func eachRuleCase(t *testing.T, use func(id string, decide func(change func(*evidence.Bundle)) *verdict.Report)) {
	changes := map[string]func(*testing.T, *fixture){"good": nil}
	for id, c := range ruleCases {
		changes[id], changes[id+" (twin)"] = c.lie, c.twin
	}
	for _, id := range sortedNames(changes) {
		use(id, func(change func(*evidence.Bundle)) *verdict.Report {
			f := &fixture{doc: goodTracker}
			if changes[id] != nil {
				changes[id](t, f)
			}
			inner := f.change
			f.change = func(b *evidence.Bundle) {
				if inner != nil {
					inner(b)
				}
				change(b)
			}
			return f.decide(t)
		})
	}
}

// accusations are parts of a bundle that speak against the work: what a command
// changed, tests that were lost, marks on results. Only the seal tells that one is
// gone; what must be seen for a GO is none of them.
var accusations = regexp.MustCompile(`^\.Commands\[\]\.(ExitCode=0|TreeChanges|Steps\[\]\.(Saw|Lent)|Unwitnessed|Rewritten|Attempts|Steps\[-\]|Steps\[\]\.(Argv|ExitCode|Check\.(Flags|Unchecked)|Tests\.(Cached|Only|Retried|Snapshots|Unhandled|Forged|Inverted|Invented|Unrun|Failed|Unmatched|Flags|Skipped)))|` +
	`^\.Repository\.(Contracts|Relations|Tests|Naming|State|Checkpoints\[\]\.(Files|Names|State|Signature|Twin|Packet|Token|Tracker))|^\.Subject\.Worktree\.(Changes|ByHand|Beside)(\[-\]|\[\])|^\.Environment|^\.Redacted`)

// TestAnyLossNeverImproves: the same, were the record sealed again after it. What
// must be seen for a GO cannot be lost even so.
func TestAnyLossNeverImproves(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	eachRuleCase(t, func(id string, decide func(change func(*evidence.Bundle)) *verdict.Report) {
		var whole evidence.Bundle
		before := rank(decide(func(b *evidence.Bundle) {
			src, err := json.Marshal(b)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(src, &whole))
		}).Verdict)
		var all []loss
		losses(reflect.ValueOf(&whole).Elem(), "", &all)
		for range 8 {
			i := random.IntN(len(all))
			if accusations.MatchString(all[i].path) {
				continue
			}
			after := rank(decide(func(b *evidence.Bundle) {
				var own []loss
				if losses(reflect.ValueOf(b).Elem(), "", &own); i < len(own) && own[i].path == all[i].path {
					own[i].take()
				}
			}).Verdict)
			if after > before {
				t.Errorf("%s: without %s, %d becomes %d", id, all[i].path, before, after)
			}
		}
	})
}

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
