package spec

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// zoneBase is a zone without a mistake; the tests change it line by line.
const zoneBase = `version: 1
mode: raft
nodes:
  a: 10.0.0.1
  b: {addr: 10.0.0.2}
  c: 10.0.0.3
vip: {address: 10.0.0.9/24, nic: eth0}
`

func inZone(t *testing.T, old, new string) string {
	t.Helper()
	if strings.Count(zoneBase, old) != 1 {
		t.Fatalf("%q is not in zoneBase just once", old)
	}
	return strings.Replace(zoneBase, old, new, 1)
}

func TestParseZone(t *testing.T) {
	server := func(name string, id int, addr string) ZoneServer {
		return ZoneServer{name, id, netip.MustParseAddr(addr), "http://" + addr + ":2633/RPC2"}
	}
	plain := func() Cluster {
		return Cluster{Name: "zone-0", Zone: &Zone{
			Servers:  []ZoneServer{server("a", 0, "10.0.0.1"), server("b", 1, "10.0.0.2"), server("c", 2, "10.0.0.3")},
			VIPs:     []ZoneVIP{{netip.MustParsePrefix("10.0.0.9/24"), "eth0"}},
			Database: "sqlite", User: "root", Election: 5 * time.Second, Heartbeat: 500 * time.Millisecond, Port: 2645,
			Rest: RaftTimers{100000, 250000, time.Minute, time.Second},
		}}
	}
	for _, test := range []struct {
		name, text string
		change     func(*Cluster, *Zone)
	}{
		{"as it is", zoneBase, func(*Cluster, *Zone) {}},
		{"named", zoneBase + "cluster: east\nzone: 7\n", func(c *Cluster, z *Zone) { c.Name, z.ID = "east", 7 }},
		{"named by its number", zoneBase + "zone: 7\n", func(c *Cluster, z *Zone) { c.Name, z.ID = "zone-7", 7 }},
		{"no VIP", inZone(t, "vip: {address: 10.0.0.9/24, nic: eth0}\n", ""), func(_ *Cluster, z *Zone) { z.VIPs = nil }},
		{"several VIPs", inZone(t, "vip: {address: 10.0.0.9/24, nic: eth0}", "vip: [{address: 10.0.0.9/24, nic: eth0}, {address: fd00::9/64, nic: br0.7}]"), func(_ *Cluster, z *Zone) {
			z.VIPs = append(z.VIPs, ZoneVIP{netip.MustParsePrefix("fd00::9/64"), "br0.7"})
		}},
		{"ids", inZone(t, "c: 10.0.0.3", "c: {addr: 10.0.0.3, id: 9}"), func(_ *Cluster, z *Zone) { z.Servers[2].ID = 9 }},
		{"IPv6", inZone(t, "c: 10.0.0.3", "c: fd00::3"), func(_ *Cluster, z *Zone) {
			z.Servers[2] = ZoneServer{"c", 2, netip.MustParseAddr("fd00::3"), "http://[fd00::3]:2633/RPC2"}
		}},
		{"endpoint", inZone(t, "{addr: 10.0.0.2}", `{addr: 10.0.0.2, endpoint: "http://b.example.com:2633/RPC2"}`), func(_ *Cluster, z *Zone) {
			z.Servers[1].Endpoint = "http://b.example.com:2633/RPC2"
		}},
		{"five", inZone(t, "c: 10.0.0.3", "c: 10.0.0.3\n  d: 10.0.0.4\n  e: 10.0.0.5"), func(_ *Cluster, z *Zone) {
			z.Servers = append(z.Servers, server("d", 3, "10.0.0.4"), server("e", 4, "10.0.0.5"))
		}},
		{"services", zoneBase + "services: [gate, flow]\n", func(_ *Cluster, z *Zone) { z.Services = []string{"gate", "flow"} }},
		{"an old release has old timers", zoneBase + "release: 5.6.2\n", func(_ *Cluster, z *Zone) {
			z.Release, z.Election, z.Rest = "5.6.2", 2500*time.Millisecond, RaftTimers{100000, 500000, 10 * time.Minute, 450 * time.Millisecond}
		}},
		{"classic timers", zoneBase + "timers: classic\n", func(_ *Cluster, z *Zone) {
			z.Election, z.Rest = 2500*time.Millisecond, RaftTimers{100000, 500000, 10 * time.Minute, 450 * time.Millisecond}
		}},
		{"an old release with new timers", zoneBase + "release: 5.6\ntimers: default\n", func(_ *Cluster, z *Zone) { z.Release = "5.6" }},
		{"one timer", zoneBase + "timers: {election: 4s}\n", func(_ *Cluster, z *Zone) { z.Election = 4 * time.Second }},
		{"the rest", zoneBase + "database: mysql\nssh_user: oneha\nguard_port: 7000\n", func(_ *Cluster, z *Zone) { z.Database, z.User, z.Port = "mysql", "oneha", 7000 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := plain()
			test.change(&want, want.Zone)
			got, findings := Parse("f", []byte(test.text))
			if len(findings) > 0 {
				t.Fatalf("findings: %v", findings)
			}
			if diff := cmp.Diff(want, got, addresses, prefixes); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, findings := Parse("again", Format(got, nil))
			if diff := cmp.Diff(got, again, addresses, prefixes); diff != "" || len(findings) > 0 {
				t.Errorf("Format gives another zone: %v\n%s\n%s", findings, diff, Format(got, nil))
			}
		})
	}
	if s, ok := plain().Zone.Server("b"); !ok || s.ID != 1 {
		t.Error("server b is not found")
	}
	if _, ok := plain().Zone.Server("d"); ok {
		t.Error("server d is found")
	}
}

func TestZoneFindings(t *testing.T) {
	const vip = "vip: {address: 10.0.0.9/24, nic: eth0}"
	checkFindings(t, []findingTest{
		{inZone(t, "mode: raft", "mode: rafty"), `2:7: unknown mode "rafty"; did you mean "raft"?`},
		{inZone(t, "mode: raft", "mode: [raft]"), "2:7: mode is a list"},
		{inZone(t, "mode: raft", "mode:"), "2:1: mode is empty"},
		{zoneBase + "zone: -1\n", `8:7: zone is "-1"; give a whole number`},
		{zoneBase + "zone: 0x1\n", `8:7: zone is "0x1"`},
		{zoneBase + "cluster: my zone\n", `8:10: cluster name "my zone" is not valid`},
		{inZone(t, "  c: 10.0.0.3\n", ""), "4:3: 2 servers are an even number; give 1 or 3: a majority of 2 is 2"},
		{inZone(t, "  c: 10.0.0.3\n", "  c: 10.0.0.3\n  d: 10.0.0.4\n"), "4:3: 4 servers are an even number"},
		{inZone(t, "  b: {addr: 10.0.0.2}\n  c: 10.0.0.3\n", ""), "warning: 4:3: a single server is no high availability"},
		{inZone(t, "  c: 10.0.0.3\n", "  c: 10.0.0.3\n  d: 10.0.0.4\n  e: 10.0.0.5\n  f: 10.0.0.6\n  g: 10.0.0.7\n  h: 10.0.0.8\n  i: 10.0.0.10\n"), "9 servers are too many"},
		{inZone(t, "c: 10.0.0.3", "c: 10.0.0.2"), "6:6: addr 10.0.0.2 of node c is also given for node b"},
		{inZone(t, "c: 10.0.0.3", "c: 10.0.0.9"), "6:6: addr of node c is the floating IP 10.0.0.9"},
		{inZone(t, "c: 10.0.0.3", "c: [10.0.0.3, 10.0.1.3]"), "6:6: addr of node c is a list"},
		{inZone(t, "c: 10.0.0.3", "c:"), "6:3: node c has no value"},
		{inZone(t, "c: 10.0.0.3", "c: fe80::1"), "a link-local address"},
		{inZone(t, "c: 10.0.0.3", "c: {addr: 10.0.0.3, id: 0}"), "6:27: nodes a and c both have the id 0"},
		{inZone(t, "c: 10.0.0.3", "c: {addr: 10.0.0.3, id: one}"), `6:27: id of node c is "one"`},
		{inZone(t, "c: 10.0.0.3", "c: {addr: 10.0.0.3, server_id: 2}"), `it is called "id" here`},
		{inZone(t, "c: 10.0.0.3", "B: 10.0.0.3"), `node "B" and node "b" differ only in case`},
		{inZone(t, "c: 10.0.0.3", "c_: 10.0.0.3"), `node name "c_" is no host name`},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://10.0.0.9:2633/RPC2"}`), "6:33: endpoint of node c is the floating IP 10.0.0.9; give the server's own address"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://localhost:2633/RPC2"}`), "which is another machine on each server"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://[::1]:2633/RPC2"}`), "which is another machine on each server"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://10.0.0.1:2633/RPC2"}`), "nodes a and c have one endpoint"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://u:hidden@10.0.0.3/"}`), "endpoint of node c holds an account"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "10.0.0.3:2633"}`), "which is no URL of an oned"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://10.0.0.3:99999/RPC2"}`), "which is no URL of an oned"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "https://10.0.0.3/RPC2"}`), "6:33: endpoint of node c is https://10.0.0.3/RPC2, and oned speaks plain http"},
		{inZone(t, "c: 10.0.0.3", `c: {addr: 10.0.0.3, endpoint: "http://a_b/"}`), "neither an address nor a host name"},
		{inZone(t, vip, "vip: 10.0.0.9/24"), "7:6: vip 10.0.0.9/24 has no nic; write vip: {address: 10.0.0.9/24, nic: NAME}"},
		{inZone(t, vip, "vip: {address: 10.0.0.9, nic: eth0}"), "7:16: vip 10.0.0.9 has no prefix length"},
		{inZone(t, vip, `vip: {address: 10.0.0.9/24, nic: "e 0"}`), `nic "e 0" is no interface name`},
		{inZone(t, vip, "vip: {address: 10.0.0.9/24, nic: -f}"), `nic "-f" begins with a -`},
		{inZone(t, vip, "vip: {address: 10.0.0.9/24, nic: eth0, name: ip}"), `7:40: "name" is a key of mode: pacemaker, in vip`},
		{inZone(t, vip, "vip: [{address: 10.0.0.9/24, nic: a}, {address: 10.0.0.9/25, nic: a}]"), "vip 10.0.0.9 is given twice"},
		{inZone(t, vip, "vip: []"), "vip is an empty list"},
		{zoneBase + "services: [oned]\n", "8:12: oned does not follow the leader"},
		{zoneBase + "services: [flwo]\n", `8:12: unknown service "flwo"; did you mean "flow"?`},
		{zoneBase + "services: [flow, flow]\n", "listed twice"},
		{zoneBase + "services: [form]\nrelease: 6.10\n", "OpenNebula 6.10 has no service form"},
		{zoneBase + "release: six\n", `release "six" is no release`},
		{zoneBase + "release: 5.2\n", "OpenNebula 5.2 has no Raft"},
		{zoneBase + "database: postgresql\n", `unknown database "postgresql"`},
		{zoneBase + "db: mysql\n", `it is called "database" here`},
		{zoneBase + "ssh_user: a b\n", `ssh_user "a b" is no account`},
		{zoneBase + "timers: fast\n", `unknown timers "fast"`},
		{zoneBase + "timers: {election: 4}\n", "election of timers 4 has no unit"},
		{zoneBase + "timers: {election: 500ms}\n", "out of range"},
		{zoneBase + "timers: {heartbeat: 3s}\n", "8:21: a heartbeat every 3s is too seldom"},
		{zoneBase + "timers: {rpc: 5s}\n", "8:15: rpc 5s is not shorter than election 5s"},
		{zoneBase + "timers: {log_purge: 1500ms}\n", "no multiple of 1s"},
		{zoneBase + "timers: {limit_purge: 0}\n", `limit_purge of timers is "0"`},
		{zoneBase + "guard_port: 2633\n", "guard_port 2633 is the port of oned"},
		{zoneBase + "guard_port: 70000\n", "give a whole number from 1 to 65535"},
		{zoneBase + "password: hidden\n", "a password does not belong in this file"},
	})
}

// A key of the other mode gets one finding that says what to do, at any depth.
func TestKeysOfTheOtherMode(t *testing.T) {
	checked := map[Mode]int{}
	for _, k := range Keys {
		if k.parent() != "" || k.Only() == "" {
			continue
		}
		text, line := zoneBase, "8"
		if k.Only() == Raft {
			text, line = base, "9"
		}
		checkFindings(t, []findingTest{{text + k.Path + ": x\n", line + `:1: "` + k.Path + `" is a key of mode: ` + string(k.Only())}})
		checked[k.Only()]++
	}
	if checked[Pacemaker] < 10 || checked[Raft] < 6 {
		t.Errorf("checked %v", checked)
	}
	checkFindings(t, []findingTest{
		{with(t, "b: {addr: 10.0.0.2,", "b: {addr: 10.0.0.2, id: 1,"), `5:23: "id" is a key of mode: raft, in node b; remove it, or write mode: raft`},
		{inZone(t, "b: {addr: 10.0.0.2}", "b: {addr: 10.0.0.2, bmc: ipmi://10.0.1.2}"), `5:23: "bmc" is a key of mode: pacemaker, in node b; a zone under Raft needs no fencing`},
	})
	if c, findings := Parse("f", []byte(base+"mode: pacemaker\n")); len(findings) > 0 || c.Zone != nil {
		t.Errorf("mode: pacemaker is not the default: %v", findings)
	}
}
