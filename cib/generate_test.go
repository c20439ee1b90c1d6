package cib

import (
	"bytes"
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldens are the clusters whose files are kept under testdata.
var goldens = map[string]spec.Cluster{
	"staged":      twoNodes(spec.Staged, allServices...),
	"colocation":  twoNodes(spec.Colocation, allServices...),
	"group":       twoNodes(spec.Group, allServices...),
	"oned-only":   twoNodes(spec.Staged, "oned"),
	"three-nodes": threeNodes(),
}

func TestGolden(t *testing.T) {
	clusters := examples(t)
	maps.Copy(clusters, goldens)
	for name, c := range clusters {
		t.Run(name, func(t *testing.T) {
			files, err := Generate(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				path := filepath.Join("testdata", name, f.Name)
				if *update {
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, f.Data, f.Mode); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(f.Data)); diff != "" {
					t.Errorf("%s: -want +got:\n%s", path, diff)
				}
			}
		})
	}
}

func TestGenerateFormats(t *testing.T) {
	names := func(files []File) (names []string) {
		for _, f := range files {
			names = append(names, f.Name)
		}
		return names
	}
	all := []string{"cib.xml", "cluster.pcs.sh", "cluster.crm", "corosync.conf"}
	if got := Formats(); !slices.Equal(got, []string{"xml", "pcs", "crm", "corosync"}) {
		t.Errorf("Formats() = %q", got)
	}
	for _, tt := range []struct{ formats, want []string }{
		{nil, all},
		{Formats(), all},
		{[]string{"corosync", "xml", "xml"}, []string{"cib.xml", "corosync.conf"}},
		{[]string{"crm"}, []string{"cluster.crm"}},
	} {
		files, err := Generate(threeNodes(), tt.formats...)
		if err != nil || !slices.Equal(names(files), tt.want) {
			t.Errorf("Generate(%q) = %q, %v; want %q", tt.formats, names(files), err, tt.want)
		}
	}
	files, err := Generate(threeNodes(), "xml", "puppet")
	if err == nil || len(files) > 0 || !strings.Contains(err.Error(), `"puppet"`) {
		t.Errorf("unknown format: %q, %v", names(files), err)
	}
}

func TestGenerateIsStable(t *testing.T) {
	first, _ := Generate(threeNodes())
	for range 20 {
		again, _ := Generate(threeNodes())
		for i := range first {
			if !bytes.Equal(first[i].Data, again[i].Data) {
				t.Fatalf("%s differs from one run to the next", first[i].Name)
			}
		}
	}
}

func TestHeaderNamesTheDescription(t *testing.T) {
	c := twoNodes(spec.Staged, allServices...)
	before := Build(c).Source
	files, err := Generate(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if top := f.Data[:min(len(f.Data), 300)]; !bytes.Contains(top, []byte("description "+before)) {
			t.Errorf("%s: no hash of the description at the top", f.Name)
		}
	}
	c.Fencing[1].Options[0].Value = "10.3.5.99"
	if after := Build(c).Source; after == before || len(after) != 12 {
		t.Errorf("hash %s after a change, %s before", after, before)
	}
}

// TestBuildLeavesItsInputAlone guards against appending into the caller's slices.
func TestBuildLeavesItsInputAlone(t *testing.T) {
	c := threeNodes()
	c.Services = append(make([]string, 0, 8), c.Services...)
	c.Properties = append(make([]spec.Option, 0, 8), c.Properties...)
	for _, layout := range layouts {
		c.Layout = layout
		want := Build(c)
		got := Build(c)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s: second Build differs:\n%s", layout, diff)
		}
	}
	if diff := cmp.Diff([]string{"oned", "fireedge"}, c.Services); diff != "" {
		t.Error(diff)
	}
}

func TestGenerateRefuses(t *testing.T) {
	option := func(name, value string) func(*spec.Cluster) {
		return func(c *spec.Cluster) {
			c.Fencing[0].Options = append(c.Fencing[0].Options, spec.Option{Name: name, Value: value})
		}
	}
	for name, tt := range map[string]struct {
		change func(*spec.Cluster)
		want   string // part of the error
	}{
		"cluster name":       {func(c *spec.Cluster) { c.Name = "a b" }, `cluster name "a b"`},
		"comment in a name":  {func(c *spec.Cluster) { c.Name = "x\n}" }, "cluster name"},
		"node name":          {func(c *spec.Cluster) { c.Nodes[0].Name = "n1;reboot" }, `node name "n1;reboot"`},
		"no address":         {func(c *spec.Cluster) { c.Nodes[1].Addrs = nil }, "node one-server2 has 0 addresses"},
		"uneven links":       {func(c *spec.Cluster) { c.Nodes[1].Addrs = addrs("10.3.4.21", "10.9.4.21") }, "node one-server2 has 2 addresses"},
		"nine links":         {func(c *spec.Cluster) { c.Nodes[0].Addrs = slices.Repeat(addrs("10.3.4.20"), 9) }, "1 to 8"},
		"zone":               {func(c *spec.Cluster) { c.Nodes[0].Addrs = addrs("fe80::1%eth0") }, "without a zone"},
		"unset address":      {func(c *spec.Cluster) { c.Nodes[0].Addrs[0] = netip.Addr{} }, "give an IP address"},
		"service twice":      {func(c *spec.Cluster) { c.Services = append(c.Services, "flow") }, `"flow" is used twice`},
		"service like group": {func(c *spec.Cluster) { c.Services = append(c.Services, "frontend") }, `"frontend" is used twice`},
		"device id":          {func(c *spec.Cluster) { c.Fencing[0].ID = "1x" }, `id "1x"`},
		"device agent":       {func(c *spec.Cluster) { c.Fencing[0].Agent = "fence x" }, `agent "fence x"`},
		"device target":      {func(c *spec.Cluster) { c.Fencing[0].Target = "other" }, `node "other"`},
		"preferred node":     {func(c *spec.Cluster) { c.Prefer = "other" }, `node "other"`},
		"option name":        {option("a b", "x"), `option "a b"`},
		"option twice":       {option("ip", "10.0.0.1"), "option ip is given twice"},
		"option of ours":     {option("pcmk_host_list", "n9"), "option pcmk_host_list is given twice"},
		"empty value":        {option("lanplus", ""), "option lanplus is empty"},
		"newline":            {option("lanplus", "a\nb"), "option lanplus holds a line break"},
		"escape":             {option("lanplus", "a\x1bb"), "option lanplus holds a line break or another control character"},
		"invalid UTF-8":      {option("lanplus", "a\xffb"), "option lanplus holds"},
		"password":           {option("password", "xyzzy"), "option password would put a secret"},
		"old password":       {option("passwd", "xyzzy"), "option passwd would put a secret"},
		"crm, not ASCII":     {option("username", "Jörg"), "username"},
		"property value":     {func(c *spec.Cluster) { c.Properties = []spec.Option{{Name: "batch-limit", Value: "1\n2"}} }, "cluster property batch-limit"},
		"level's device":     {func(c *spec.Cluster) { c.Levels = []spec.FenceLevel{{Node: n1, Index: 1, Devices: []string{"vip"}}} }, `names the device "vip"`},
		"level's node":       {func(c *spec.Cluster) { c.Levels = []spec.FenceLevel{{Node: "x", Index: 1}} }, `fencing level names node "x"`},
		"raw for one":        {func(c *spec.Cluster) { c.Raw.Crm = "x\n" }, "raw has crm and lacks xml and pcs"},
		"raw XML":            {func(c *spec.Cluster) { c.Raw = spec.Raw{XML: "<tags>", PCS: "x", Crm: "x"} }, "parse raw xml"},
		"raw id":             {func(c *spec.Cluster) { c.Raw = spec.Raw{XML: `<tags><tag id="vip"/></tags>`, PCS: "x", Crm: "x"} }, `the id "vip"`},
		"nic":                {func(c *spec.Cluster) { c.VIP.NIC = "eth0\n" }, "resource vip, option nic"},
	} {
		t.Run(name, func(t *testing.T) {
			c := twoNodes(spec.Staged, allServices...)
			tt.change(&c)
			files, err := Generate(c)
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(files) > 0 {
				t.Errorf("%d files, error %v; want an error with %q", len(files), err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "xyzzy") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

// TestCrmCannotSay checks that what only the crm shell cannot read is refused for
// it and for nobody else.
func TestCrmCannotSay(t *testing.T) {
	for _, value := range []string{"Jörg", `a\"b`, `ends\`, "a\u2003b"} {
		c := twoNodes(spec.Staged, allServices...)
		c.Fencing[0].Options[2].Value = value
		if _, err := Generate(c, "xml", "pcs", "corosync"); err != nil {
			t.Errorf("%q: %v", value, err)
		}
		if _, err := Generate(c, "crm"); err == nil || !strings.Contains(err.Error(), "fence-one-server1, option username") {
			t.Errorf("%q for crm: error %v", value, err)
		}
	}
}

func TestStoredSecretMarkerPasses(t *testing.T) {
	c := twoNodes(spec.Staged, "oned")
	c.Fencing[0].Options = append(c.Fencing[0].Options, spec.Option{Name: "password", Value: "lrm://"})
	if _, err := Generate(c); err != nil {
		t.Error(err)
	}
}

func TestStonithTimeoutHoldsTheDelay(t *testing.T) {
	for delay, want := range map[time.Duration]string{0: "120s", 5 * time.Second: "125s", 2500 * time.Millisecond: "123s"} {
		c := twoNodes(spec.Staged, "oned")
		c.Fencing[0].Delay, c.Fencing[1].Delay = 0, delay
		if got := Build(c).Properties[1]; got.Name != "stonith-timeout" || got.Value != want {
			t.Errorf("delay %v: %v, want stonith-timeout %s", delay, got, want)
		}
	}
}

// TestOperations: Pacemaker knows an operation by its name and interval.
func TestOperations(t *testing.T) {
	for _, resource := range append([]string{vipType}, allServices...) {
		seen := map[string]bool{}
		for _, o := range OpsOf(resource) {
			key := o.Name + seconds(o.Interval)
			if seen[key] {
				t.Errorf("%s: two operations %s", resource, key)
			}
			seen[key] = true
			if o.Timeout <= 0 || (o.Name == "monitor") != (o.Interval > 0) {
				t.Errorf("%s: %+v", resource, o)
			}
		}
		if !seen["start0s"] || !seen["stop0s"] {
			t.Errorf("%s: start or stop is missing", resource)
		}
	}
	OpsOf(onedID)[0].Timeout = 1
	if OpsOf(onedID)[0].Timeout == 1 {
		t.Error("OpsOf hands out the table itself")
	}
}
