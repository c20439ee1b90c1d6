package lab

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneha/oneha/internal/spec"
)

var compare = cmp.Options{
	cmp.AllowUnexported(plan{}, link{}, nodePlan{}, bmcPlan{}),
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// twoNodes is the cluster of examples/two-node.yaml, as far as the lab looks.
func twoNodes() spec.Cluster {
	device := func(target, ip string) spec.FenceDevice {
		return spec.FenceDevice{ID: "fence-" + target, Agent: "fence_bmc_ipmi", Target: target, Options: []spec.Option{
			{Name: "ip", Value: ip}, {Name: "password_file", Value: "/etc/oneha/bmc"}, {Name: "username", Value: "oneha"}}}
	}
	return spec.Cluster{
		Nodes:   []spec.Node{{Name: "a", ID: 1, Addrs: []netip.Addr{addr("10.3.4.20")}}, {Name: "b", ID: 2, Addrs: []netip.Addr{addr("10.3.4.21")}}},
		Fencing: []spec.FenceDevice{device("a", "10.3.5.20"), device("b", "10.3.5.21")},
		VIP:     spec.VIP{Address: netip.MustParsePrefix("10.3.4.2/24")},
	}
}

func TestPlan(t *testing.T) {
	bmc := func(link int, ip string) *bmcPlan {
		return &bmcPlan{link: link, addr: addr(ip), port: 623, username: "oneha", passwordFile: "/etc/oneha/bmc"}
	}
	got, err := planFor(twoNodes())
	if err != nil {
		t.Fatal(err)
	}
	want := plan{
		vip: netip.MustParsePrefix("10.3.4.2/24"),
		links: []link{
			{bridge: "br0", nic: "eth0", prefix: netip.MustParsePrefix("10.3.4.0/24"), addr: addr("10.3.4.254"), ring: true},
			{bridge: "bmc", nic: "eth1", prefix: netip.MustParsePrefix("10.3.5.0/24"), addr: addr("10.3.5.254")},
		},
		nodes: []nodePlan{
			{name: "a", id: 1, addrs: []netip.Addr{addr("10.3.4.20"), addr("10.3.5.253")}, bmc: bmc(1, "10.3.5.20")},
			{name: "b", id: 2, addrs: []netip.Addr{addr("10.3.4.21"), addr("10.3.5.252")}, bmc: bmc(1, "10.3.5.21")},
		},
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error(diff)
	}
}

func TestPlanBMCBesideNodes(t *testing.T) {
	c := twoNodes()
	c.Fencing[0].Options[0].Value = "10.3.4.254" // the address the switch would take
	c.Fencing[1].Options[0].Value = "10.3.4.120"
	c.Fencing[1].Options = append(c.Fencing[1].Options, spec.Option{Name: "ipport", Value: "6230"})
	c.VIP.NIC = "ens3"
	p, err := planFor(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.links) != 1 || p.links[0].addr != addr("10.3.4.253") || p.links[0].nic != "ens3" || p.nodes[1].bmc.port != 6230 || p.nodes[1].bmc.link != 0 {
		t.Errorf("planFor = %+v; want one network, the switch at .253, the floating IP's interface, the BMC's port", p)
	}
}

// Stock agents run a program for the password; the lab takes the file from it when it is cat.
func TestPlanOfStockAgents(t *testing.T) {
	stock := func(script string) spec.Cluster {
		c := twoNodes()
		for _, d := range c.Fencing {
			d.Options[1] = spec.Option{Name: "password_script", Value: script}
		}
		return c
	}
	got, err := planFor(stock("cat /etc/oneha/bmc"))
	if err != nil {
		t.Fatal(err)
	}
	if file := got.nodes[1].bmc.passwordFile; file != "/etc/oneha/bmc" {
		t.Errorf("password file %q", file)
	}
	if _, err := planFor(stock("/usr/local/bin/password")); err == nil || !strings.Contains(err.Error(), "cat FILE") {
		t.Errorf("another program: %v", err)
	}
}

func TestPlanRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*spec.Cluster){
		"no node":                    func(c *spec.Cluster) { c.Nodes = nil },
		"address 1 of node b is not": func(c *spec.Cluster) { c.Nodes[1].Addrs[0] = addr("10.9.9.9") },
		"one BMC network":            func(c *spec.Cluster) { c.Fencing[1].Options[0].Value = "10.9.5.21" },
		"option ip":                  func(c *spec.Cluster) { c.Fencing[1].Options[0].Value = "bmc.example" },
		"gives node a one BMC":       func(c *spec.Cluster) { c.Fencing[1].Target = "a" },
		"target x is no node":        func(c *spec.Cluster) { c.Fencing[1].Target = "x" },
		"username and password_file": func(c *spec.Cluster) { c.Fencing[1].Options = c.Fencing[1].Options[:1] },
		"no room": func(c *spec.Cluster) {
			c.VIP.Address = netip.MustParsePrefix("10.3.4.22/30")
			c.Nodes[0].Addrs[0] = addr("10.3.4.20")
		},
	} {
		c := twoNodes()
		spoil(&c)
		if _, err := planFor(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("planFor: %v, want an error with %q", err, want)
		}
	}
}
