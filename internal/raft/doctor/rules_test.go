package doctor

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

func theZone() *zone.Zone {
	return &zone.Zone{Described: true, Guarded: true, VIPs: []spec.ZoneVIP{{Address: netip.MustParsePrefix("192.168.150.10/24"), NIC: "eth0"}}}
}

// alike are three machines as they should be.
func alike() []Machine {
	var all []Machine
	for id := range 3 {
		version, yes := "6.10.5", true
		z := &spec.Zone{VIPs: theZone().VIPs}
		m := Machine{
			Server: "server-" + string(rune('0'+id)), ID: id, Version: &version, Synced: &yes, Sudo: &yes,
			Space:  &Space{Free: 40 << 30, Percent: 31},
			Units:  map[string]string{"opennebula.service": "enabled", "oneha-raft-guard.service": "enabled", "pacemaker.service": ""},
			Hashes: map[string]string{"one_key": strings.Repeat("a", 64), "one_auth": strings.Repeat("b", 64)},
			Hooks:  map[string]bool{zoneconf.HookCommand: true},
			Conf: &Conf{Mode: "STANDALONE", ZoneID: "0", ServerID: string(rune('0' + id)), HasRaft: true,
				Raft: map[string]string{"LIMIT_PURGE": "100000", "LOG_RETENTION": "250000", "LOG_PURGE_TIMEOUT": "60", "ELECTION_TIMEOUT_MS": "5000", "BROADCAST_TIMEOUT_MS": "500", "XMLRPC_TIMEOUT_MS": "1000"},
				Hooks: map[string]Hook{
					leaderHook:   {zoneconf.HookCommand, zoneconf.HookArguments(z, zoneconf.Leader)},
					followerHook: {zoneconf.HookCommand, zoneconf.HookArguments(z, zoneconf.Follower)},
				}},
		}
		all = append(all, m)
	}
	return all
}

// Every rule has machines on which it finds something.
var fires = map[string]struct {
	change func(z *zone.Zone, all []Machine)
	server string
	says   string
}{
	"Z50": {func(_ *zone.Zone, all []Machine) { all[1].Units["pacemaker.service"] = "enabled" }, "server-1", "pacemaker.service is enabled on server-1"},
	"Z51": {func(_ *zone.Zone, all []Machine) { all[2].Conf.ServerID = "0" }, "server-2", `SERVER_ID in oned.conf of server-2 is "0", and the zone knows the server as 2`},
	"Z52": {func(_ *zone.Zone, all []Machine) { delete(all[0].Conf.Raft, "XMLRPC_TIMEOUT_MS") }, "server-0", "RAFT in oned.conf of server-0 lacks XMLRPC_TIMEOUT_MS"},
	"Z53": {func(_ *zone.Zone, all []Machine) { all[2].Conf.Mode = "SLAVE" }, "", "FEDERATION differs: MODE SLAVE, ZONE_ID 0 on server-2; MODE STANDALONE, ZONE_ID 0 on server-0 and server-1"},
	"Z54": {func(_ *zone.Zone, all []Machine) {
		all[1].Conf.Hooks[leaderHook] = Hook{"raft/vip.sh", "leader eth0 192.168.150.10/24"}
	}, "server-1", `RAFT_LEADER_HOOK of server-1 runs "raft/vip.sh leader eth0 192.168.150.10/24", want "/usr/bin/sudo -n /usr/bin/oneha raft hook leader eth0 192.168.150.10/24"`},
	"Z55": {func(_ *zone.Zone, all []Machine) { all[0].Hooks["raft/follower.sh"] = false }, "server-0", "the hook raft/follower.sh cannot be run on server-0"},
	"Z56": {func(_ *zone.Zone, all []Machine) { no := false; all[0].Sudo = &no }, "server-0", "oneadmin may not run oneha raft hook on server-0"},
	"Z57": {func(_ *zone.Zone, all []Machine) { all[1].Hashes["one_key"] = strings.Repeat("c", 64) }, "", "one_key is not the same everywhere: server-0 and server-2; server-1"},
	"Z58": {func(_ *zone.Zone, all []Machine) { v := "6.8.0"; all[2].Version = &v }, "", "OpenNebula's version differs: 6.10.5 on server-0 and server-1; 6.8.0 on server-2"},
	"Z59": {func(_ *zone.Zone, all []Machine) { all[2].Space.Free = 200 << 20 }, "server-2", "200 MiB are free below /var/lib/one of server-2"},
	"Z60": {func(_ *zone.Zone, all []Machine) { all[2].Units["oneha-raft-guard.service"] = "disabled" }, "server-2", "oneha-raft-guard.service is disabled on server-2"},
	"Z61": {func(_ *zone.Zone, all []Machine) { all[0].Conf.Raft["ELECTION_TIMEOUT_MS"] = "2500" }, "", "RAFT/ELECTION_TIMEOUT_MS differs: 2500 on server-0; 5000 on server-1 and server-2"},
	"Z62": {func(_ *zone.Zone, all []Machine) {
		for i := range all {
			all[i].Conf.Raft["LOG_RETENTION"] = "10000"
		}
	}, "server-0", "LOG_RETENTION of server-0 is 10000 records"},
	"Z63": {func(_ *zone.Zone, all []Machine) { no := false; all[1].Synced = &no }, "server-1", "the clock of server-1 is not synchronised"},
}

func TestEveryRuleFires(t *testing.T) {
	var seen []string
	for _, r := range Rules() {
		seen = append(seen, r.ID())
		t.Run(r.ID(), func(t *testing.T) {
			test, ok := fires[r.ID()]
			if !ok {
				t.Fatal("no machines show that it finds anything")
			}
			if r.About() == "" || r.Source() == "" {
				t.Error("it does not say what it looks for, or where that is known from")
			}
			z := theZone()
			if found := r.find(z, alike()); len(found) > 0 {
				t.Errorf("found on machines that are as they should be: %+v", found)
			}
			all := alike()
			test.change(z, all)
			hit := false
			for _, f := range Examine(*z, health.Picture{}, all).Findings {
				if f.ID == r.ID() {
					hit = hit || f.Server == test.server && strings.Contains(f.What, test.says)
					if f.Next == "" || f.Severity != r.severity {
						t.Errorf("next %q, severity %s", f.Next, f.Severity)
					}
				} else if !strings.HasPrefix(f.ID, "Z0") { // of the empty picture
					t.Errorf("%s finds something too: %s", f.ID, f.What)
				}
			}
			if !hit {
				t.Errorf("not found for %q: %q; but %+v", test.server, test.says, r.find(z, all))
			}
			// What nobody could find out is neither good nor bad.
			if found := r.find(z, []Machine{{Server: "server-0"}, {Server: "server-1", ID: 1}}); len(found) > 0 {
				t.Errorf("found where nothing is known: %+v", found)
			}
		})
	}
	if !slices.IsSorted(seen) || len(seen) != len(fires) {
		t.Errorf("the rules are not numbered one after the other: %v", seen)
	}
	var others []string
	for _, r := range health.Rules() {
		others = append(others, r.ID())
	}
	if slices.ContainsFunc(seen, func(id string) bool { return slices.Contains(others, id) }) {
		t.Errorf("a number is given twice: %v, %v", others, seen)
	}
}

// Nothing of ours is missed in a zone that has nothing of ours.
func TestStockZone(t *testing.T) {
	z, all := theZone(), alike()
	z.Guarded = false
	for i := range all {
		no := false
		all[i].Sudo, all[i].Units["oneha-raft-guard.service"] = &no, ""
		all[i].Conf.Hooks = map[string]Hook{leaderHook: {"raft/vip.sh", "leader eth0 192.168.150.10/24"}}
	}
	for _, r := range Rules() {
		if found := r.find(z, all); len(found) > 0 {
			t.Errorf("%s: %+v", r.ID(), found)
		}
	}
}

func TestFirstThingsFirst(t *testing.T) {
	all := alike()
	no := false
	all[0].Synced = &no                     // a warning of the machines
	all[1].Conf.ServerID = "7"              // an error of the machines
	all[2].Unknown = []string{"who knows?"} // neither
	p := health.Picture{Time: time.Unix(1, 0), Guarded: true, Servers: []health.Server{{Name: "server-0", Oned: health.Oned{Answer: health.Refuses, Error: "nothing listens there"}, Guard: health.Guard{Answer: health.Refuses, Error: "refused"}}}}
	r := Examine(*theZone(), p, all)
	var ids []string
	for _, f := range r.Findings {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "Z01 Z11 Z23 Z51 Z63" {
		t.Errorf("the order is %s", got)
	}
	want := []string{"server-0, its place in Raft: nothing listens there", "server-0, what its guard does: refused", "who knows?"}
	if !slices.Equal(r.Unknown, want) {
		t.Errorf("unknown: %q", r.Unknown)
	}
	if !r.Errors() || (Report{Findings: []health.Problem{{Severity: diag.Warning}}}).Errors() {
		t.Error("warnings are taken for errors, or errors for warnings")
	}
}
