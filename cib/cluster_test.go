package cib

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/spec"
	known "github.com/oneha/oneha/test/examples"
)

var (
	layouts     = []spec.Layout{spec.Staged, spec.Colocation, spec.Group}
	allServices = []string{"oned", "sunstone", "gate", "flow"}
)

// examples are the clusters of the example files, by their names.
func examples(t testing.TB) map[string]spec.Cluster {
	t.Helper()
	clusters := map[string]spec.Cluster{}
	for _, file := range known.Pacemaker(t, "../examples") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, findings := spec.Parse(file, data)
		if len(findings) > 0 {
			t.Fatalf("%s: %v", file, findings)
		}
		clusters[strings.TrimSuffix(filepath.Base(file), ".yaml")] = c
	}
	return clusters
}

// twoNodes is the cluster that most tests configure.
func twoNodes(layout spec.Layout, services ...string) spec.Cluster {
	return spec.Cluster{
		Name:   "opennebula",
		Layout: layout,
		Nodes: []spec.Node{
			{Name: "one-server1", ID: 1, Addrs: addrs("10.3.4.20")},
			{Name: "one-server2", ID: 2, Addrs: addrs("10.3.4.21")},
		},
		Fencing: []spec.FenceDevice{
			bmc("one-server1", "10.3.5.20", 5*time.Second),
			bmc("one-server2", "10.3.5.21", 0),
		},
		VIP:      spec.VIP{ID: "vip", Address: netip.MustParsePrefix("10.3.4.2/24")},
		Services: services,
		Token:    3 * time.Second,
	}
}

// threeNodes uses what twoNodes leaves out: IPv6, two links, an interface, a
// preferred node, a delay with a fraction, properties old and new, awkward values.
func threeNodes() spec.Cluster {
	c := twoNodes(spec.Staged, "oned", "fireedge")
	c.Name = "frontends"
	c.Nodes = []spec.Node{
		{Name: "one-server1", ID: 1, Addrs: addrs("2001:db8::20", "10.9.4.20")},
		{Name: "one-server2", ID: 2, Addrs: addrs("2001:db8::21", "10.9.4.21")},
		{Name: "2nd-site.example", ID: 3, Addrs: addrs("2001:db8::22", "10.9.4.22")},
	}
	third := bmc("2nd-site.example", "10.3.5.22", 1500*time.Millisecond)
	third.Options = append(third.Options, spec.Option{Name: "password_script", Value: `/etc/oneha/it's "the" $BMC \d password`})
	c.Fencing = append(c.Fencing, third)
	c.VIP = spec.VIP{ID: "vip", Address: netip.MustParsePrefix("2001:db8::2/64"), NIC: "bond0.12"}
	c.Prefer = "one-server2"
	c.Token = 5 * time.Second
	c.Properties = []spec.Option{{Name: "cluster-recheck-interval", Value: "60s"}, {Name: "stonith-timeout", Value: "300s"}}
	return c
}

func bmc(node, ip string, delay time.Duration) spec.FenceDevice {
	return spec.FenceDevice{
		ID: "fence-" + node, Agent: "fence_bmc_ipmi", Target: node, Delay: delay,
		Options: []spec.Option{{Name: "ip", Value: ip}, {Name: "password_file", Value: "/etc/oneha/bmc"}, {Name: "username", Value: "oneha"}},
	}
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, s := range texts {
		list = append(list, netip.MustParseAddr(s))
	}
	return list
}
