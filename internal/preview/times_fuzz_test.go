package preview

import (
	"encoding/json"
	"testing"
	"time"
)

// Times can be added up, wherever they come from: none is below zero, none is endless.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"20s", "+5min", "PT10M", "P9999DT999999H999999999M999999999S", "999999999h", "PT", "1 ms", "5 x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := duration(s); ok && (d < 0 || d > maxDuration) {
			t.Errorf("%q lasts %s", s, d)
		}
		var span Span
		if json.Unmarshal([]byte(s), &span) != nil {
			return
		}
		text, err := json.Marshal(span)
		if err != nil || span.Typical < 0 || span.Worst < 0 || span.Typical > maxDuration || span.Worst > maxDuration {
			t.Fatalf("%q is %+v, %v", s, span, err)
		}
		var again Span
		if err := json.Unmarshal(text, &again); err != nil || (again.Worst-span.Worst).Abs() > 51*time.Millisecond {
			t.Errorf("%q is %s, which is read as %+v, %v", s, text, again, err)
		}
	})
}

// A corosync.conf in any state gives times and nodes that a budget can be made of.
func FuzzReadCorosync(f *testing.F) {
	f.Add([]byte("totem {\n  token: 5000\n  consensus: 7500\n}\nnodelist {\n  node {\n    name: a\n  }\n  node {\n    name: b\n  }\n}\nquorum {\n  two_node: 1\n}\n"), 2)
	f.Add([]byte("quorum {\n device {\n net {\n algorithm: lms\n}\n}\n}\n}\n}"), 5)
	f.Add([]byte("totem {\ntoken: 2147483647\ntoken_coefficient: 4294967295\n"), -1)
	f.Add([]byte(""), 2)
	f.Fuzz(func(t *testing.T, text []byte, nodes int) {
		c := ReadCorosync(text, nodes)
		if c.Token <= 0 || c.Consensus <= 0 || c.Known != (len(text) > 0) || c.Token > maxDuration {
			t.Errorf("%q is %+v", text, c)
		}
		if c.LastMan && !c.QDevice {
			t.Errorf("%q has no device, and an algorithm of it", text)
		}
	})
}
