package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse holds Parse to its contract: no panic, places inside the file, one
// answer for one input, and a Cluster without errors keeps its promises.
func FuzzParse(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte(zoneBase))
	for _, pattern := range []string{"*.yaml", "invalid/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, findings := Parse("f", data)
		if again, same := Parse("f", data); !cmp.Equal(findings, same) || !cmp.Equal(c, again, addresses, prefixes) {
			t.Fatal("a second look at the same input gives another answer")
		}
		lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
		for _, x := range findings {
			if x.Line < 1 || x.Line > len(lines) || x.Column < 1 || x.Column > utf8.RuneCountInString(lines[x.Line-1])+1 {
				t.Errorf("outside the file: %s", x)
			}
			if x.File != "f" || x.What == "" || x.Fix == "" || strings.ContainsFunc(x.String(), isControl) {
				t.Errorf("not one line with what and fix: %q", x)
			}
		}
		if !findings.HasErrors() {
			checkInvariants(t, c)
		}
	})
}

// checkInvariants holds a Cluster to what package cib relies on.
func checkInvariants(t *testing.T, c Cluster) {
	t.Helper()
	expect := func(ok bool, what string) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, c)
		}
	}
	expect(clusterName.MatchString(c.Name), "cluster name")
	if c.Zone != nil {
		checkZone(c, expect)
		return
	}
	expect(c.Layout == Staged || c.Layout == Colocation || c.Layout == Group, "layout")
	expect(c.Token >= minToken && c.Token <= maxToken && c.Token%time.Millisecond == 0, "token")
	expect(len(c.Nodes) >= minNodes && len(c.Nodes) <= maxNodes, "number of nodes")
	expect(c.Agents == Ours || c.Agents == Stock, "agents")
	for _, n := range c.Nodes {
		expect(c.first(n.Name) != "", "a fence device for each node")
	}
	expect(len(c.Files) > 0 || c.Agents == Stock || !slices.ContainsFunc(c.Fencing, func(d FenceDevice) bool { return has(d, "password_file") }), "password files are listed")

	seen, ids, services := map[string]bool{}, map[string]bool{}, map[string]bool{}
	main := Domain{Name: mainGroup, VIPs: append([]VIP{c.VIP}, c.MoreVIPs...), Services: c.Services, Prefer: c.Prefer}
	for _, d := range append([]Domain{main}, c.Domains...) {
		expect(!ids[d.Name] && len(d.VIPs) > 0 && len(d.Services) > 0, "domain")
		ids[d.Name] = true
		for _, v := range d.VIPs {
			expect(v.Address.IsValid() && unfit(v.Address.Addr()) == "" && !seen[v.Address.Addr().String()], "VIP")
			expect(idName.MatchString(strings.TrimPrefix(v.ID, d.Name+"-")) && !ids[v.ID], "id of a VIP")
			seen[v.Address.Addr().String()], ids[v.ID] = true, true
		}
		for i, s := range d.Services {
			unit, _ := Unit(s)
			expect(unit != "" && !services[s] && (s == "oned") == (i == 0 && d.Name == mainGroup), "service")
			services[s] = true
		}
		expect(d.Prefer == "" || slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.Name == d.Prefer }), "preferred node")
	}
	names := map[string]bool{}
	delays := 0
	for i, n := range c.Nodes {
		expect(n.ID == i+1, "node id")
		expect(isHostName(n.Name, maxNodeName) && !names[strings.ToLower(n.Name)], "node name")
		names[strings.ToLower(n.Name)] = true
		expect(len(n.Addrs) > 0 && len(n.Addrs) == len(c.Nodes[0].Addrs), "links")
		for link, a := range n.Addrs {
			expect(unfit(a) == "" && !seen[a.String()], "address")
			expect(a.Is4() == c.Nodes[0].Addrs[link].Is4(), "family of a link")
			seen[a.String()] = true
		}
	}
	devices := map[string][]string{}
	for _, d := range c.Fencing {
		nodes := d.Nodes()
		expect(len(nodes) > 0 && (len(nodes) == 1) == (d.Target != "") && devices[d.ID] == nil, "targets")
		devices[d.ID] = nodes
		for i, n := range nodes {
			expect(names[strings.ToLower(n)] && slices.Index(nodes, n) == i, "target")
		}
		expect(strings.HasPrefix(d.ID, "fence-") && strings.HasPrefix(d.Agent, "fence_"), "fence device")
		expect(slices.IsSortedFunc(d.Options, func(a, b Option) int { return strings.Compare(a.Name, b.Name) }), "order of options")
		if strings.HasPrefix(d.Agent, "fence_bmc_") {
			ways := 0
			for _, name := range logins {
				if has(d, name) {
					ways++
				}
			}
			expect(c.Agents == Ours && has(d, "ip") && has(d, "username") && ways == 1, "options")
		}
		expect(!slices.ContainsFunc(d.Options, func(o Option) bool { return IsSecretOption(o.Name) && o.Value != StoredSecret }), "secret")
		if d.Delay != 0 {
			delays++
			expect(d.Delay > 0 && d.Delay <= maxFenceDelay && d.Delay%time.Second == 0, "delay")
			expect(d.ID == c.first(c.Protected()) && slices.Contains(nodes, c.Protected()), "node that is protected")
		}
	}
	expect(delays <= 1 && (delays == 1 || len(c.Nodes) > 2 || c.QDevice.Host != ""), "number of delays")
	for i, l := range c.Levels {
		expect(l.Index == 1 || i > 0 && c.Levels[i-1].Node == l.Node && c.Levels[i-1].Index == l.Index-1, "index of a level")
		for _, id := range l.Devices {
			expect(slices.Contains(devices[id], l.Node), "device of a level")
		}
	}
	expect(c.QDevice.Host == "" || slices.Contains(algorithms, c.QDevice.Algorithm), "quorum device")
	for i, p := range c.Properties {
		expect(property.MatchString(p.Name) && p.Value != "", "property")
		expect(i == 0 || c.Properties[i-1].Name < p.Name, "order of properties")
	}
}

// checkZone holds a Zone to what its guards and procedures rely on.
func checkZone(c Cluster, expect func(ok bool, what string)) {
	z := *c.Zone
	rest := c
	rest.Name, rest.Zone = "", nil
	expect(cmp.Equal(rest, Cluster{}, addresses, prefixes), "a zone has nothing of a cluster")
	expect(len(z.Servers) > 0 && len(z.Servers)%2 == 1 && len(z.Servers) <= maxServers, "number of servers")
	expect(z.Database == "sqlite" || z.Database == "mysql", "database")
	expect(accountName.MatchString(z.User) && z.Port > 0 && z.Port < 65536 && z.ID >= 0, "account, port, zone")
	expect(z.Heartbeat > 10*time.Millisecond && 2*z.Heartbeat <= z.Election && z.Rest.XMLRPC < z.Election && z.Rest.XMLRPC > 10*time.Millisecond, "timeouts")
	expect(z.Rest.LimitPurge > 0 && z.Rest.LogRetention > 0 && z.Rest.LogPurge >= time.Second && z.Rest.LogPurge%time.Second == 0, "log")
	ids, taken := map[int]bool{}, map[string]bool{}
	for _, s := range z.Servers {
		expect(isHostName(s.Name, maxNodeName) && s.ID >= 0 && !ids[s.ID], "server")
		expect(unfit(s.Addr) == "" && !taken[s.Addr.String()] && !taken[s.Endpoint] && endpointURL.MatchString(s.Endpoint), "address and endpoint")
		ids[s.ID], taken[s.Addr.String()], taken[s.Endpoint] = true, true, true
	}
	expect(len(z.VIPs) <= maxZoneVIPs, "number of VIPs")
	for _, v := range z.VIPs {
		expect(v.Address.IsValid() && !taken[v.Address.Addr().String()] && nicName.MatchString(v.NIC) && v.NIC[0] != '-', "VIP")
		taken[v.Address.Addr().String()] = true
	}
	for i, s := range z.Services {
		expect(s != "oned" && slices.Index(z.Services, s) == i, "service")
	}
}

func has(d FenceDevice, option string) bool {
	return slices.ContainsFunc(d.Options, func(o Option) bool { return o.Name == option })
}
