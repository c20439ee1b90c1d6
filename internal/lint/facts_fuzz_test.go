package lint

import (
	"encoding/json"
	"math"
	"testing"
)

// The facts of a node come from another machine: whatever they say, the rules answer with
// findings of one line each.
func FuzzReadNode(f *testing.F) {
	for _, n := range []*Node{healthyNode("one-server1", "02:00:00:00:00:01", "10.3.4.20/24"), {Format: NodeFormat, Name: "\x1b[2J\n"}} {
		text, err := json.Marshal(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`null`))
	cib, bad := ReadCIB("healthy.xml", []byte(fixture(f, "healthy.xml")))
	if len(bad) > 0 {
		f.Fatal(bad)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := ReadNode(text)
		if err != nil {
			if n != nil {
				t.Errorf("both %+v and %v", n, err)
			}
			return
		}
		own := healthyNode("one-server1", "02:00:00:00:00:01", "10.3.4.20/24")
		complete(t, Check(Facts{CIB: cib, Node: n, Peer: own}, nil))
		complete(t, Check(Facts{CIB: cib, Node: own, Peer: n}, nil))
		if _, err := json.Marshal(n); err != nil {
			t.Errorf("%s cannot be told another node: %v", text, err)
		}
	})
}

// Values as Pacemaker reads them: none is below zero that cannot be, and one of whole
// seconds is read back.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"20s", "+5min", "PT10M", "P1W", "PT999999999H", "9223372036854775807h", "-1", "INFINITY", "-infinity", "green", "2.1.5-8.el9", "n1:1;n2:2,3", "n1=1 n2", "1 us", "P"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := parseDuration(s); ok {
			if d < 0 {
				t.Errorf("%q lasts %s", s, d)
			}
			if again, ok := parseDuration(seconds(d)); d%1e9 == 0 && (!ok || again != d) {
				t.Errorf("%q is %q, which is read as %s", s, seconds(d), again)
			}
		}
		if n, ok := parseScore(s); ok && (n > infinity || n < -infinity) {
			t.Errorf("%q scores %d", s, n)
		}
		if v, ok := parseVersion(s); ok {
			if again, ok := parseVersion(v.String()); !ok || again != v || v.before(v) || v[0] > math.MaxInt32 {
				t.Errorf("%q is %s, which is read as %s", s, v, again)
			}
		}
		for _, entry := range hostMap(s) {
			if entry[0] == "" {
				t.Errorf("%q maps nothing to %q", s, entry[1])
			}
		}
		for _, node := range hostList(s) {
			if node == "" {
				t.Errorf("%q has a node without a name", s)
			}
		}
	})
}
