package testout

import (
	"encoding/json"
	"regexp"
	"testing"
)

// FuzzGoEvent: what is read by hand is what encoding/json reads.
func FuzzGoEvent(f *testing.F) {
	for _, line := range []string{
		`{"Time":"2026-11-25T17:04:08.82Z","Action":"output","Package":"example.com/m","Test":"TestA/x","Output":"=== RUN   TestA/x\n"}` + "\n",
		`{"Action":"pass","Package":"m","Test":"TestA","Elapsed":0.01}`, `{"Action":"pass","Package":"m","Elapsed":0}` + "\n", `{"Action":"pass","Elapsed":01}`, `{"Action":"pass","Elapsed":1.}`, `{"Action":"pass","Elapsed":1e3}`,
		`{"Action":"output","Output":"a \u003cb\u003e \u0026 \\ \" \/ \t \u00e9 é \ud83d\ude00"}`, "{\"Action\":\"output\",\"Output\":\"\xff\"}", "{\"Action\":\"output\",\"Output\":\"a\tb\"}", `{"Action":"output","Output":"\u00"}`, `{"Action":"output","Output":"\`,
		`{"action":"pass"}`, `{"Action":"pass","Action":"fail"}`, `{"Action":"","Action":"fail"}`, `{"Action":"pass","Other":"x"}`, `{"Action":null}`, `{"Action":"pass"}}`, `{"Action":"pass",}`, `{"Action":"pass"} `, ` {"Action":"pass"}`, `{}`, `{"`, ``, `{"Action":"pass","ImportPath":"a","FailedBuild":"b"}`,
		`{"Action":"pass","Elapsed":"1"}`, `{"Action":"pass","Time":1}`, `{"Action" :"pass"}`, `{"Output":"a\":b","Action":"x"}`, "PASS\n",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var want goEvent
		valid := len(line) > 0 && line[0] == '{' && json.Unmarshal(line, &want) == nil && want.Action != ""
		r := goEvents{last: goEvent{Action: "pass", Package: "m", Output: "a"}}
		for range 2 { // the second time beside itself
			got, ok := r.parse(line)
			if ok != valid || ok && *got != want {
				t.Fatalf("%q: %v %+v, want %v %+v", line, ok, *got, valid, want)
			}
		}
	})
}

// FuzzGoLine: words that are compared here are found where the patterns find them.
func FuzzGoLine(f *testing.F) {
	for _, line := range []string{"=== RUN   TestA\n", "=== NAME  \n", "===RUN", "=== RUNS x", "=== RUN", "    --- PASS: TestA (0.00s)\n", "\t\n --- FAIL: x", "--- SKIP:x", "--- OK: x", "x --- PASS: y", "--- BENCH: ", "\v--- PASS: x"} {
		f.Add(line)
	}
	frame, result := regexp.MustCompile(`^=== (?:RUN|PAUSE|CONT|NAME|ATTR|ARTIFACTS)\s`), regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP|BENCH): `)
	f.Fuzz(func(t *testing.T, line string) {
		if got := isFrame(line); got != frame.MatchString(line) {
			t.Fatalf("%q: %v", line, got)
		}
		want := ""
		if m := result.FindStringSubmatch(line); m != nil {
			want = m[1]
		}
		if got := resultOf(line); got != want {
			t.Fatalf("%q: %q, want %q", line, got, want)
		}
	})
}
