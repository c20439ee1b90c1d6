package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// Rule is a row of the table of what only servers themselves tell.
type Rule struct {
	id       string
	severity diag.Severity
	about    string // what it looks for
	source   string // where it is known from
	find     func(z *zone.Zone, all []Machine) []health.Problem
}

// ID names the rule for ever. The numbers go on after a gap from those of package
// health, which come before.
func (r Rule) ID() string { return r.id }

// About is what the rule looks for.
func (r Rule) About() string { return r.about }

// Source is where what the rule says is known from.
func (r Rule) Source() string { return r.source }

// Rules are all there are, in the order in which somebody sees to what they find.
func Rules() []Rule { return slices.Clone(rules) }

const (
	raftDocs = "OpenNebula, Front-end HA"
	raftCode = "src/nebula/Nebula.cc"
)

var rules = []Rule{
	{"Z50", diag.Error, "Pacemaker beside Raft", "a front-end is kept up by one of the two", pacemakerToo},
	{"Z51", diag.Error, "SERVER_ID in oned.conf is another one than in the zone", raftDocs, serverID},
	{"Z52", diag.Error, "RAFT in oned.conf is incomplete", raftCode + ": of a vector that is there no key has a default", raftIncomplete},
	{"Z53", diag.Error, "FEDERATION differs between servers", raftDocs + ": same configuration but for SERVER_ID", federationDiffers},
	{"Z54", diag.Error, "a hook is missing or is not ours", raftDocs + ": both hooks on every server", hooksMissing},
	{"Z55", diag.Error, "a hook cannot be run", "src/hm/ExecuteHook.cc: it fails with a line in oned.log and nothing else", hooksBroken},
	{"Z56", diag.Error, "oneadmin may not run the hook", "sudo(8), packaging/sudoers", sudoMissing},
	{"Z57", diag.Error, "keys in .one differ", raftDocs + ": shared credentials; one_key encrypts what is in the database", keysDiffer},
	{"Z58", diag.Error, "versions of OpenNebula differ", raftDocs + ": same software on all servers", versionsDiffer},
	{"Z59", diag.Error, "little room for the database", "a leader whose database cannot write stays leader (OpenNebula issue 4336)", littleRoom},
	{"Z60", diag.Error, "a unit is not enabled", "after a boot the server would stay away", notEnabled},
	{"Z61", diag.Warning, "RAFT differs between servers", raftDocs + ": timers may differ on purpose, to prefer a server", raftDiffers},
	{"Z62", diag.Warning, "the log window is short", "LOG_RETENTION is 250000 as shipped since 5.8", windowShort},
	{"Z63", diag.Warning, "a clock is not synchronised", "src/raft/RaftManager.cc: timers run by the wall clock", notSynced},
}

func on(m Machine, command string) string { return "on " + m.Server + ": " + command }

func pacemakerToo(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Units["pacemaker.service"] == "enabled" {
			found = append(found, health.Problem{Server: m.Server, What: "pacemaker.service is enabled on " + m.Server + ": two would move the services", Why: "it is left from another layout", Next: on(m, "systemctl disable --now pacemaker corosync")})
		}
	}
	return found
}

func serverID(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Conf != nil && m.Conf.ServerID != strconv.Itoa(m.ID) {
			found = append(found, health.Problem{
				Server: m.Server, What: fmt.Sprintf("SERVER_ID in oned.conf of %s is %q, and the zone knows the server as %d", m.Server, m.Conf.ServerID, m.ID), Why: "the file was copied from another server, or the server was added again",
				Next: on(m, fmt.Sprintf("set SERVER_ID = %d in FEDERATION of %s, then systemctl restart opennebula", m.ID, onedConf)),
			})
		}
	}
	return found
}

func raftIncomplete(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Conf == nil || !m.Conf.HasRaft {
			continue
		}
		var missing []string
		for _, key := range zoneconf.RaftKeys {
			if _, ok := m.Conf.Raft[key]; !ok {
				missing = append(missing, key)
			}
		}
		if len(missing) > 0 {
			found = append(found, health.Problem{
				Server: m.Server, What: fmt.Sprintf("RAFT in oned.conf of %s lacks %s", m.Server, strings.Join(missing, ", ")), Why: "oned then uses whatever is in memory there",
				Next: "oneha generate writes the whole of it; " + on(m, "systemctl restart opennebula"),
			})
		}
	}
	return found
}

func federationDiffers(_ *zone.Zone, all []Machine) []health.Problem {
	return differs(all, func(m Machine) (string, bool) {
		if m.Conf == nil {
			return "", false
		}
		return fmt.Sprintf("MODE %s, ZONE_ID %s", m.Conf.Mode, m.Conf.ZoneID), true
	}, "FEDERATION differs", "it was changed on one server and not on the others", "oneha sync --check")
}

// differs compares a fact of all servers on which it is known.
func differs(all []Machine, fact func(Machine) (string, bool), what, why, next string) []health.Problem {
	by := map[string][]string{}
	for _, m := range all {
		if value, known := fact(m); known {
			by[value] = append(by[value], m.Server)
		}
	}
	if len(by) < 2 {
		return nil
	}
	var parts []string
	for _, value := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, value+" on "+strings.Join(by[value], " and "))
	}
	return []health.Problem{{What: what + ": " + strings.Join(parts, "; "), Why: why, Next: next}}
}

func hooksMissing(z *zone.Zone, all []Machine) (found []health.Problem) {
	if !z.Guarded || len(z.VIPs) == 0 {
		return nil
	}
	for _, m := range all {
		if m.Conf == nil {
			continue
		}
		for name, role := range map[string]string{leaderHook: zoneconf.Leader, followerHook: zoneconf.Follower} {
			want := Hook{zoneconf.HookCommand, zoneconf.HookArguments(&spec.Zone{VIPs: z.VIPs}, role)}
			has, ok := m.Conf.Hooks[name]
			if has == want {
				continue
			}
			p := health.Problem{Server: m.Server, What: fmt.Sprintf("%s of %s has no %s", onedConf, m.Server, name), Why: "it was never set, or sync took it away", Next: "oneha generate writes it; " + on(m, "systemctl restart opennebula")}
			if ok {
				p.What = fmt.Sprintf("%s of %s runs %q, want %q", name, m.Server, has.Command+" "+has.Arguments, want.Command+" "+want.Arguments)
				p.Why = "it is OpenNebula's own, or of another floating IP"
			}
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b health.Problem) int { return strings.Compare(a.Server+a.What, b.Server+b.What) })
	return found
}

func hooksBroken(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		for _, command := range slices.Sorted(maps.Keys(m.Hooks)) {
			if !m.Hooks[command] {
				found = append(found, health.Problem{
					Server: m.Server, What: fmt.Sprintf("the hook %s cannot be run on %s", command, m.Server), Why: "it is missing or not executable; the documentation names a raft/follower.sh that never was",
					Next: "correct the hook in " + onedConf + ": oneha generate writes both",
				})
			}
		}
	}
	return found
}

func sudoMissing(z *zone.Zone, all []Machine) (found []health.Problem) {
	if !z.Guarded || len(z.VIPs) == 0 {
		return nil
	}
	for _, m := range all {
		if m.Sudo != nil && !*m.Sudo {
			found = append(found, health.Problem{
				Server: m.Server, What: "oneadmin may not run oneha raft hook on " + m.Server, Why: "the rule in /etc/sudoers.d is missing",
				Next: on(m, "install oneha's package again, or its packaging/sudoers/oneha-raft as /etc/sudoers.d/oneha-raft (0440 root)"),
			})
		}
	}
	return found
}

func keysDiffer(_ *zone.Zone, all []Machine) (found []health.Problem) {
	names := map[string]bool{}
	for _, m := range all {
		for name := range m.Hashes {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		by := map[string][]string{}
		for _, m := range all {
			if m.Hashes != nil {
				by[m.Hashes[name]] = append(by[m.Hashes[name]], m.Server)
			}
		}
		if len(by) < 2 {
			continue
		}
		var groups []string
		for sum, servers := range by {
			group := strings.Join(servers, " and ")
			if sum == "" {
				group = "missing on " + group
			}
			groups = append(groups, group)
		}
		slices.Sort(groups)
		found = append(found, health.Problem{
			What: fmt.Sprintf("%s/%s is not the same everywhere: %s", keysDir, name, strings.Join(groups, "; ")), Why: "a server was set up by itself; when it leads, it cannot read what the others encrypted, or its services are refused",
			Next: "oneha sync --from LEADER, on the servers that differ from the leader",
		})
	}
	return found
}

func versionsDiffer(_ *zone.Zone, all []Machine) []health.Problem {
	return differs(all, func(m Machine) (string, bool) {
		if m.Version == nil {
			return "", false
		}
		return *m.Version, true
	}, "OpenNebula's version differs", "an upgrade is not finished", "upgrade the rest: leader first, then a fresh database and the same packages for each follower")
}

// What a database needs to go on for a while.
const (
	leastFree   = 1 << 30 // bytes
	mostPercent = 95
)

func littleRoom(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Space != nil && (m.Space.Free < leastFree || m.Space.Percent >= mostPercent) {
			found = append(found, health.Problem{
				Server: m.Server, What: fmt.Sprintf("%d MiB are free below %s of %s (%d %% used)", m.Space.Free>>20, dataDir, m.Server, m.Space.Percent), Why: "logs, old backups or images fill it",
				Next: on(m, "du -xh --max-depth=2 "+dataDir+" | sort -h | tail"),
			})
		}
	}
	return found
}

func notEnabled(z *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		for _, unit := range units[:2] {
			state, known := m.Units[unit]
			if !known || state == "enabled" || unit == units[1] && !z.Guarded {
				continue
			}
			if state == "" {
				state = "not installed"
			}
			found = append(found, health.Problem{
				Server: m.Server, What: fmt.Sprintf("%s is %s on %s", unit, state, m.Server), Why: "after a boot nothing starts it",
				Next: on(m, "systemctl enable "+strings.TrimSuffix(unit, ".service")),
			})
		}
	}
	return found
}

func raftDiffers(_ *zone.Zone, all []Machine) []health.Problem {
	var found []health.Problem
	for _, key := range zoneconf.RaftKeys {
		found = append(found, differs(all, func(m Machine) (string, bool) {
			if m.Conf == nil {
				return "", false
			}
			value, ok := m.Conf.Raft[key]
			return value, ok
		}, "RAFT/"+key+" differs", "it was changed on one server and not on the others, or to prefer one", "oneha generate writes the same for all")...)
	}
	return found
}

// leastWindow is a fifth of what OpenNebula ships.
const leastWindow = 50000

func windowShort(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Conf == nil {
			continue
		}
		if n, err := strconv.Atoi(m.Conf.Raft["LOG_RETENTION"]); err == nil && n < leastWindow {
			found = append(found, health.Problem{
				Server: m.Server, What: fmt.Sprintf("LOG_RETENTION of %s is %d records, a server that misses more needs a reset", m.Server, n), Why: "it was lowered for a small database",
				Next: on(m, "set LOG_RETENTION = 250000 in RAFT of "+onedConf+", then systemctl restart opennebula"),
			})
		}
	}
	return found
}

func notSynced(_ *zone.Zone, all []Machine) (found []health.Problem) {
	for _, m := range all {
		if m.Synced != nil && !*m.Synced {
			found = append(found, health.Problem{Server: m.Server, What: "the clock of " + m.Server + " is not synchronised", Why: "no NTP client runs, or it reaches no server", Next: on(m, "chronyc sources (or timedatectl timesync-status)")})
		}
	}
	return found
}
