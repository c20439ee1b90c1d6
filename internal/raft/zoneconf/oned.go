package zoneconf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// The attributes of oned.conf and monitord.conf that make a server of a zone.
const (
	federation   = "FEDERATION"
	raft         = "RAFT"
	leaderHook   = "RAFT_LEADER_HOOK"
	followerHook = "RAFT_FOLLOWER_HOOK"
	standalone   = "STANDALONE"
)

// hooks are the attributes by the role that they are for.
var hooks = []struct{ name, role string }{{leaderHook, Leader}, {followerHook, Follower}}

// editOned edits a file in OpenNebula's grammar. After an error it is as it was.
func editOned(file string, text []byte, edit func(*confedit.File) diag.Findings) (Edited, diag.Findings) {
	f, findings := confedit.Parse(file, text)
	if !findings.HasErrors() {
		findings = append(findings, edit(f)...)
	}
	if findings.HasErrors() {
		return Edited{Text: text}, findings
	}
	return Edited{Text: f.Bytes(), Edits: f.Edits()}, findings
}

// failed is an edit that confedit refused.
func failed(file string, err error) diag.Findings {
	return diag.Findings{{File: file, Severity: diag.Error, What: err.Error(), Fix: "make this change by hand"}}
}

// member makes oned a server of the zone.
func member(f *confedit.File, z *spec.Zone, server spec.ZoneServer) (findings diag.Findings) {
	if err := f.SetVector(federation, membership(f, z, server.ID)...); err != nil {
		return failed(OnedConf, err)
	}
	if mode, _ := f.Get(federation, "MODE"); mode == standalone && z.ID != 0 {
		findings = append(findings, diag.Finding{File: OnedConf, Line: lineOf(f, federation), Column: 1, Severity: diag.Error,
			What: fmt.Sprintf("FEDERATION MODE is STANDALONE, where oned takes 0 for the zone and not %d", z.ID), Fix: "set MODE to SLAVE or MASTER, as the federation has it, or give the description zone: 0"})
	}
	if err := f.SetVector(raft, timers(z)...); err != nil {
		return failed(OnedConf, err)
	}
	for _, h := range hooks {
		if len(z.VIPs) == 0 {
			if err := remove(f, h.name); err != nil {
				return failed(OnedConf, err)
			}
			continue
		}
		findings = append(findings, replaced(f, h.name)...)
		if err := f.SetVector(h.name, confedit.Pair{Key: "COMMAND", Value: HookCommand}, confedit.Pair{Key: "ARGUMENTS", Value: HookArguments(z, h.role)}); err != nil {
			return failed(OnedConf, err)
		}
	}
	if err := listenOnAll(f, z, server); err != nil {
		return failed(OnedConf, err)
	}
	return append(findings, gateEndpoint(f, z)...)
}

// membership is FEDERATION, whole. What a federation of zones needs is left as it is.
func membership(f *confedit.File, z *spec.Zone, id int) []confedit.Pair {
	mode, _ := f.Get(federation, "MODE")
	if !slices.Contains([]string{"MASTER", "SLAVE", "CACHE"}, mode) {
		mode = standalone
	}
	master, _ := f.Get(federation, "MASTER_ONED")
	return []confedit.Pair{{Key: "MODE", Value: mode}, {Key: "ZONE_ID", Value: strconv.Itoa(z.ID)}, {Key: "SERVER_ID", Value: strconv.Itoa(id)}, {Key: "MASTER_ONED", Value: master}}
}

// timers is RAFT with all of its keys: oned has defaults for the whole or for nothing
// of it.
func timers(z *spec.Zone) []confedit.Pair {
	number := func(key string, n int64) confedit.Pair {
		return confedit.Pair{Key: key, Value: strconv.FormatInt(n, 10)}
	}
	return []confedit.Pair{
		number("LIMIT_PURGE", int64(z.Rest.LimitPurge)),
		number("LOG_RETENTION", int64(z.Rest.LogRetention)),
		number("LOG_PURGE_TIMEOUT", int64(z.Rest.LogPurge/time.Second)),
		number("ELECTION_TIMEOUT_MS", z.Election.Milliseconds()),
		number("BROADCAST_TIMEOUT_MS", z.Heartbeat.Milliseconds()),
		number("XMLRPC_TIMEOUT_MS", z.Rest.XMLRPC.Milliseconds()),
	}
}

// RaftKeys are the keys that RAFT must have, all of them.
var RaftKeys = []string{"LIMIT_PURGE", "LOG_RETENTION", "LOG_PURGE_TIMEOUT", "ELECTION_TIMEOUT_MS", "BROADCAST_TIMEOUT_MS", "XMLRPC_TIMEOUT_MS"}

// alone makes oned no server of a zone.
func alone(f *confedit.File, z *spec.Zone) diag.Findings {
	if err := f.SetVector(federation, membership(f, z, -1)...); err != nil {
		return failed(OnedConf, err)
	}
	for _, h := range hooks {
		if err := remove(f, h.name); err != nil {
			return failed(OnedConf, err)
		}
	}
	return nil
}

// remove takes an attribute away, if it is there.
func remove(f *confedit.File, name string) error {
	if lineOf(f, name) == 0 {
		return nil
	}
	return f.Remove(name)
}

// lineOf is where the attribute of a name stands, 0 for nowhere.
func lineOf(f *confedit.File, name string) int {
	for _, a := range f.All() {
		if a.Name == name {
			return a.Line
		}
	}
	return 0
}

// replaced warns of a hook of somebody's own that gives way to ours.
func replaced(f *confedit.File, name string) diag.Findings {
	command, _ := f.Get(name, "COMMAND")
	arguments, _ := f.Get(name, "ARGUMENTS")
	if command == "" || strings.HasSuffix(command, "raft/vip.sh") || command == HookCommand && strings.Contains(" "+arguments, " "+Program+" raft hook ") {
		return nil
	}
	return diag.Findings{{File: OnedConf, Line: lineOf(f, name), Column: 1, Severity: diag.Warning,
		What: fmt.Sprintf("%s ran %s, which nobody runs any more", name, command), Fix: "what it did beside the floating IP and the services of OpenNebula needs another place, such as a unit of its own"}}
}

// gateEndpoint looks at the address that virtual machines are told for OneGate: one
// server's own leads to OneGate only while that server is leader.
func gateEndpoint(f *confedit.File, z *spec.Zone) diag.Findings {
	text, set := f.Get("ONEGATE_ENDPOINT")
	_, host, ok := strings.Cut(text, "://")
	if !set || !ok {
		return nil
	}
	if host, _, _ = strings.Cut(host, "/"); strings.Count(host, ":") == 1 || strings.HasPrefix(host, "[") {
		if i := strings.LastIndex(host, ":"); i > strings.LastIndex(host, "]") {
			host = host[:i]
		}
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	own := strings.EqualFold(host, "localhost") || err == nil && (a.IsLoopback() || slices.ContainsFunc(z.Servers, func(s spec.ZoneServer) bool { return s.Addr == a }))
	if !own {
		return nil
	}
	fix := "set it to the load balancer's address"
	if len(z.VIPs) > 0 {
		fix = "set it to the floating IP " + z.VIPs[0].Address.Addr().String()
	}
	return diag.Findings{{File: OnedConf, Line: lineOf(f, "ONEGATE_ENDPOINT"), Column: 1, Severity: diag.Warning,
		What: fmt.Sprintf("ONEGATE_ENDPOINT is %s: virtual machines ask one server, whoever leads", text), Fix: fix}}
}

// monitor lets the hosts report to the leader.
func monitor(f *confedit.File, z *spec.Zone) diag.Findings {
	now, set := f.Get("NETWORK", "MONITOR_ADDRESS")
	if len(z.VIPs) == 0 {
		if !set || now == "auto" || slices.ContainsFunc(z.Servers, func(s spec.ZoneServer) bool { return s.Addr.String() == now }) {
			return diag.Findings{{File: MonitordConf, Line: max(1, lineOf(f, "NETWORK")), Column: 1, Severity: diag.Warning,
				What: "MONITOR_ADDRESS is not an address that leads to the leader: the hosts report to the server that started their agents", Fix: "set it to the load balancer's address"}}
		}
		return nil
	}
	if slices.ContainsFunc(z.VIPs, func(v spec.ZoneVIP) bool { return v.Address.Addr().String() == now }) {
		return nil
	}
	if err := f.SetVector("NETWORK", confedit.Pair{Key: "MONITOR_ADDRESS", Value: z.VIPs[0].Address.Addr().String()}); err != nil {
		return failed(MonitordConf, err)
	}
	return nil
}

// isAny reports whether who listens there listens on every address.
func isAny(listen string) bool {
	a, err := netip.ParseAddr(listen)
	return err == nil && a.IsUnspecified()
}

// listenOnAll has oned listen where it is reached at the server's own address and at
// the floating IPs. "::" is IPv4 too; at 0.0.0.0, and without LISTEN_ADDRESS, XML-RPC is
// for IPv4 alone, and gRPC, since 7.2, for both.
func listenOnAll(f *confedit.File, z *spec.Zone, server spec.ZoneServer) error {
	all := "0.0.0.0"
	if server.Addr.Is6() || slices.ContainsFunc(z.VIPs, func(v spec.ZoneVIP) bool { return v.Address.Addr().Is6() }) {
		all = "::"
	}
	listen, set := f.Get("LISTEN_ADDRESS")
	if !set {
		listen = "0.0.0.0"
	}
	if listen != all && listen != "::" {
		if err := f.Set(all, "LISTEN_ADDRESS"); err != nil {
			return err
		}
	}
	if listen, set := f.Get("GRPC_LISTEN_ADDRESS"); set && !isAny(listen) {
		return f.Set("0.0.0.0", "GRPC_LISTEN_ADDRESS")
	}
	return nil
}
