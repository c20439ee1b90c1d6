package lint

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/spec"
)

const zoneText = `version: 1
mode: raft
nodes:
  one-server1: 10.3.4.20
  one-server2: 10.3.4.21
  one-server3: 10.3.4.22
vip: {address: 10.3.4.2/24, nic: eth0}
`

// asServers makes the two healthy nodes servers of the zone, and then changes them.
func asServers(change func(n, p *Node)) func(n, p *Node) {
	return func(n, p *Node) {
		for i, s := range []*Node{n, p} {
			s.Oned = &Oned{
				Config: "/etc/one/oned.conf", ServerID: i, Backend: "sqlite", Monitor: "10.3.4.2", ElectionMS: 5000, HeartbeatMS: 500,
				LeaderHook:   "/usr/bin/sudo -n /usr/bin/oneha raft hook leader eth0 10.3.4.2/24",
				FollowerHook: "/usr/bin/sudo -n /usr/bin/oneha raft hook follower eth0 10.3.4.2/24",
			}
			s.Zone = &Member{Server: s.Name, Sudoers: true}
			s.Units = []Unit{
				{Name: "opennebula.service", Boot: "enabled", Active: true, Restart: "on-failure"},
				{Name: "oneha-raft-guard.service", Boot: "enabled", Active: true, Restart: "always"},
				{Name: "opennebula-flow.service", Boot: "enabled"},
			}
		}
		if change != nil {
			change(n, p)
		}
	}
}

// says adds a setting that is not as the description makes it.
func says(file, name, is, want string) func(n, p *Node) {
	return asServers(func(n, _ *Node) { n.Zone.Settings = append(n.Zone.Settings, Setting{file, 7, name, is, want}) })
}

const (
	oned    = "/etc/one/oned.conf"
	sudo    = "/usr/bin/sudo -n /usr/bin/oneha raft hook "
	address = " eth0 10.3.4.2/24"
)

// zoneCases have the mistakes of servers of a zone and what comes near them.
var zoneCases = []ruleCase{
	{rule: "S02", name: "not there", without: "ck", described: zoneText, node: says(oned, "RAFT_LEADER_HOOK COMMAND", "not set", "/usr/bin/sudo"), severity: bad},
	{rule: "S02", name: "there without an address", without: "ck", described: strings.Replace(zoneText, "vip: {address: 10.3.4.2/24, nic: eth0}\n", "", 1),
		node: says(oned, "RAFT_FOLLOWER_HOOK COMMAND", "raft/vip.sh", "not set"), severity: bad},
	{rule: "S02", name: "vip.sh beside the guard", without: "ck", node: asServers(func(n, _ *Node) {
		n.Zone = nil
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader"+address, "raft/vip.sh follower"+address
	}), severity: bad},
	{rule: "S02", name: "vip.sh alone", without: "ck", node: asServers(func(n, _ *Node) {
		n.Zone, n.Units = nil, n.Units[:1]
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader"+address, "raft/vip.sh follower"+address
	})},
	{rule: "S02", name: "as it should be", without: "ck", described: zoneText, node: asServers(nil)},

	{rule: "S03", name: "other addresses", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.FollowerHook = sudo + "follower eth0 10.3.4.3/24" }), severity: bad},
	{rule: "S03", name: "the same twice", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.FollowerHook = n.Oned.LeaderHook }), severity: bad},
	{rule: "S03", name: "the leader's is the follower's", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.LeaderHook = n.Oned.FollowerHook }), severity: bad},
	{rule: "S03", name: "a pair", without: "ck", node: asServers(nil)},

	{rule: "S04", name: "one key", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.RaftMissing = []string{"LIMIT_PURGE"} }), severity: bad},
	{rule: "S04", name: "alone it does not matter", without: "ck", node: asServers(func(n, _ *Node) {
		n.Oned.ServerID, n.Oned.LeaderHook, n.Oned.FollowerHook, n.Oned.RaftMissing = -1, "", "", []string{"LIMIT_PURGE"}
	})},

	{rule: "S05", name: "other than described", without: "ck", described: zoneText, node: says(oned, "FEDERATION SERVER_ID", "4", "0"), severity: bad},
	{rule: "S05", name: "two with one number", without: "ck", node: asServers(func(_, p *Node) { p.Oned.ServerID = 0 }), severity: bad},
	{rule: "S05", name: "no OpenNebula", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Oned = nil }), severity: warn},
	{rule: "S05", name: "a stranger", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Zone.Server = "" }), severity: warn},
	{rule: "S05", name: "both alone", without: "ck", node: asServers(func(n, p *Node) {
		for _, s := range []*Node{n, p} {
			s.Oned.ServerID, s.Oned.LeaderHook, s.Oned.FollowerHook = -1, "", ""
		}
	})},

	{rule: "S06", name: "OneFlow", without: "ck", described: zoneText, node: says("/etc/one/oneflow-server.conf", ":host", "127.0.0.1", "0.0.0.0"), severity: bad},
	{rule: "S06", name: "oned", without: "ck", described: zoneText, node: says(oned, "LISTEN_ADDRESS", "127.0.0.1", "0.0.0.0"), severity: bad},
	{rule: "S06", name: "on all addresses", without: "ck", described: zoneText, node: asServers(nil)},

	{rule: "S07", name: "few heartbeats", without: "ckn", described: zoneText + "timers: {heartbeat: 1500ms}\n", severity: warn},
	{rule: "S07", name: "an election before the lease is over", without: "ckn", described: zoneText + "timers: {election: 1500ms, heartbeat: 250ms}\n", severity: warn},
	{rule: "S07", name: "other than described", without: "ck", described: zoneText, node: says(oned, "RAFT ELECTION_TIMEOUT_MS", "2500", "5000"), severity: warn},
	{rule: "S07", name: "no RAFT", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) {
		n.Zone.Settings = []Setting{{oned, 7, "RAFT LIMIT_PURGE", "not set", `"100000"`}, {oned, 7, "RAFT LOG_RETENTION", "not set", `"250000"`}}
	}), severity: warn},
	{rule: "S07", name: "oned.conf alone", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.ElectionMS = 1000 }), severity: warn},
	{rule: "S07", name: "the old values", without: "ckn", described: zoneText + "timers: classic\n"},
	{rule: "S07", name: "not known", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.ElectionMS = 0 })},

	{rule: "S08", name: "not in step", without: "ck", node: asServers(func(n, _ *Node) { n.Clock.Synchronised = false }), severity: warn},
	{rule: "S08", name: "in step", without: "ck", node: asServers(nil)},

	{rule: "S09", name: "one for two", without: "ck", node: asServers(func(n, p *Node) {
		for _, s := range []*Node{n, p} {
			s.Oned.Backend, s.Oned.Database, s.Oned.DatabaseName = "mysql", "db.example.com", "opennebula"
		}
	}), severity: bad},
	{rule: "S09", name: "at the floating IP", without: "ck", described: strings.Replace(zoneText, "mode: raft\n", "mode: raft\ndatabase: mysql\n", 1), node: asServers(func(n, _ *Node) { n.Oned.Backend, n.Oned.Database = "mysql", "10.3.4.2" }), severity: bad},
	{rule: "S09", name: "elsewhere", without: "ck", node: asServers(func(n, _ *Node) { n.Oned.Backend, n.Oned.Database = "mysql", "db.example.com" }), severity: warn},
	{rule: "S09", name: "other than described", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Oned.Backend, n.Oned.Database = "mysql", "localhost" }), severity: warn},
	{rule: "S09", name: "its own", without: "ck", node: asServers(func(n, p *Node) {
		for _, s := range []*Node{n, p} {
			s.Oned.Backend, s.Oned.Database, s.Oned.DatabaseName = "mysql", "localhost", "opennebula"
		}
	})},

	{rule: "S10", name: "runs", without: "ck", node: asServers(func(n, _ *Node) {
		n.Units = append(n.Units, Unit{Name: "corosync.service", Boot: "disabled", Active: true})
	}), severity: warn},
	{rule: "S10", name: "has OpenNebula", without: "ck", node: asServers(func(n, _ *Node) {
		n.Units[0].Clustered = true
		n.Units = append(n.Units, Unit{Name: "pacemaker.service", Boot: "enabled"})
	}), severity: bad, also: "R02"},
	{rule: "S10", name: "a cluster and a zone", without: "kn", described: zoneText, severity: bad},
	{rule: "S10", name: "installed", without: "ck", node: asServers(func(n, _ *Node) { n.Units = append(n.Units, Unit{Name: "pacemaker.service", Boot: "disabled"}) })},

	{rule: "S11", name: "no such interface", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Interfaces[0].Name = "ens3" }), severity: bad},
	{rule: "S11", name: "another prefix length", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Interfaces[0].Addresses[0] = "10.3.4.20/16" }), severity: bad},
	{rule: "S11", name: "another network", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Interfaces[0].Addresses[0] = "10.9.4.20/24" }), severity: warn},
	{rule: "S11", name: "held here", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) {
		n.Interfaces[0].Addresses = append(n.Interfaces[0].Addresses, "10.3.4.2/24")
	})},

	{rule: "S12", name: "no guard", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Units = n.Units[:1] }), severity: bad},
	{rule: "S12", name: "not at boot", without: "ck", node: asServers(func(n, _ *Node) { n.Zone, n.Units[1].Boot = nil, "disabled" }), severity: bad},
	{rule: "S12", name: "stopped", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Units[1].Active = false }), severity: bad},
	{rule: "S12", name: "sudo", without: "ck", described: zoneText, node: asServers(func(n, _ *Node) { n.Zone.Sudoers = false }), severity: bad},
	{rule: "S12", name: "a zone that does without us", without: "ck", node: asServers(func(n, _ *Node) {
		n.Zone, n.Units = nil, n.Units[:1]
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader"+address, "raft/vip.sh follower"+address
	})},
}

// The findings about the description stand where it says what is wrong.
func TestZonePlaces(t *testing.T) {
	d, _ := describe(t, "raft.yaml", zoneText+"timers:\n  election: 1500ms\n  heartbeat: 250ms\n")
	findings := Check(Facts{Description: d}, nil)
	if len(findings) != 1 || !strings.HasPrefix(findings[0].String(), "raft.yaml:9:3: warning S07: a new leader may come 1.25s after") {
		t.Error(lines(findings))
	}
	want := Facts{Description: d}.Wanted()
	if want.Zone == nil || len(want.Addresses) > 0 || len(want.Devices) > 0 {
		t.Errorf("wanted %+v", want)
	}
}

// The ids of what spec finds in a zone.
func TestNumberZone(t *testing.T) {
	for id, text := range map[string]string{
		"S01": strings.Replace(zoneText, "  one-server3: 10.3.4.22\n", "", 1),
		"S06": strings.Replace(zoneText, "10.3.4.22", `{addr: 10.3.4.22, endpoint: "http://10.3.4.2:2633/RPC2"}`, 1),
		"S07": zoneText + "timers: {rpc: 5s}\n",
		"S11": strings.Replace(zoneText, ", nic: eth0", "", 1),
	} {
		_, findings := spec.Parse("x", []byte(text))
		Number(findings)
		if got := ids(findings); len(got) != 1 || got[0] != id {
			t.Errorf("want %s: %s", id, lines(findings))
		}
	}
}
