package cib

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// FuzzCanonical: whatever the bytes, no panic, and a configuration equals itself.
func FuzzCanonical(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/cib.xml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`<cib><configuration><resources><clone><primitive/></clone><group id="g"><meta_attributes id="m"><rule/></meta_attributes></group></resources></configuration></cib>`))
	f.Add([]byte(`<cib><configuration><!-- x --><constraints>text<rsc_order score="1"><resource_set/></rsc_order></constraints></configuration></cib>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := Canonical(b)
		if err != nil {
			return
		}
		second, err := Canonical(b)
		if err != nil || first.Diff(second) != "" || !slices.IsSorted(first) {
			t.Errorf("the same bytes differ: %v\n%s", err, first.Diff(second))
		}
	})
}

// FuzzGenerate: a cluster that is not refused comes out as a CIB that says what
// went in.
func FuzzGenerate(f *testing.F) {
	f.Add("opennebula", "n1", "n2", "username", "oneha", "eth0", uint8(0), uint8(15), int64(5*time.Second), true)
	f.Add("c", "1", "b.c-d_e", "x", `it's "q" \ $HOME <&>`, "", uint8(1), uint8(2), int64(0), false)
	f.Add("c\n", "n1", "n1", "password", "secret", "e\t0", uint8(2), uint8(0), int64(-1), false)
	f.Add("c", "a", "b", "x", "\u00e9\ufffe\U0010ffff", "--", uint8(9), uint8(31), int64(1), true)
	f.Fuzz(func(t *testing.T, name, node1, node2, option, value, nic string, layout, services uint8, delay int64, prefer bool) {
		c := twoNodes(layouts[int(layout)%len(layouts)], "oned")
		for i, s := range []string{"sunstone", "fireedge", "gate", "flow"} {
			if services&(1<<i) != 0 {
				c.Services = append(c.Services, s)
			}
		}
		c.Name, c.VIP.NIC = name, nic
		c.VIP.Address = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, layout, services}), 24)
		for i, n := range []string{node1, node2} {
			c.Nodes[i].Name = n
			c.Fencing[i] = bmc(n, "10.9.9.9", time.Duration(delay))
		}
		c.Fencing[0].Options = append(c.Fencing[0].Options, spec.Option{Name: option, Value: value})
		if prefer {
			c.Prefer = node2
		}
		files, err := Generate(c, "xml", "pcs", "corosync")
		if err != nil {
			return
		}
		cib, err := Canonical(files[0].Data)
		if err != nil {
			t.Fatalf("%v\n%s", err, files[0].Data)
		}
		want := fmt.Sprintf("primitive fence-%s param %s=%q", node1, option, normalOption("instance_attributes", option, value))
		if !slices.Contains(cib, want) {
			t.Errorf("no fact %s in\n%s", want, strings.Join(cib, "\n"))
		}
		again, err := Generate(c, "xml")
		if err != nil || string(again[0].Data) != string(files[0].Data) {
			t.Errorf("a second run differs: %v", err)
		}
	})
}
