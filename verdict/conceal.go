package verdict

import (
	"reflect"

	"github.com/verdictci/verdict/collector/evidence"
	"github.com/verdictci/verdict/collector/redact"
)

// conceal replaces secrets in every text of a report. What a tracker says may hold
// some, in commands as in prose. The evidence was redacted when it was collected.
func conceal(r *Report) *Report {
	if v, changed := concealed(reflect.ValueOf(*r)); changed {
		out := v.Interface().(Report)
		return &out
	}
	return r
}

var evidencePackage = reflect.TypeFor[evidence.Bundle]().PkgPath()

// concealed returns a copy of a value where a text in it changes: what a report shares
// with its input stays as it is.
func concealed(v reflect.Value) (reflect.Value, bool) {
	if v.Type().PkgPath() == evidencePackage {
		return v, false
	}
	switch v.Kind() {
	case reflect.String:
		text, found := redact.Prose(v.String())
		if len(found) == 0 {
			return v, false
		}
		return reflect.ValueOf(text).Convert(v.Type()), true
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		inner, changed := concealed(v.Elem())
		if !changed {
			return v, false
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(inner)
		return out, true
	case reflect.Slice:
		return concealedParts(v, v.Len(), reflect.Value.Index, func() reflect.Value {
			out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(out, v)
			return out
		})
	case reflect.Struct:
		return concealedParts(v, v.NumField(), reflect.Value.Field, func() reflect.Value {
			out := reflect.New(v.Type()).Elem()
			out.Set(v)
			return out
		})
	}
	return v, false
}

// concealedParts goes through the parts of a value, and copies it at the first that
// changes.
func concealedParts(v reflect.Value, n int, part func(reflect.Value, int) reflect.Value, clone func() reflect.Value) (reflect.Value, bool) {
	changed := false
	for i := range n {
		p := part(v, i)
		if !p.CanInterface() { // not exported
			continue
		}
		inner, other := concealed(p)
		if !other {
			continue
		}
		if !changed {
			v, changed = clone(), true
		}
		part(v, i).Set(inner)
	}
	return v, changed
}
