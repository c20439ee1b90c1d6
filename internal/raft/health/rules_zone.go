package health

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

func listsDiffer(v *view) (all []Problem) {
	if v.list == nil {
		return nil
	}
	want := ids(v.list)
	for _, s := range v.of() {
		if l := s.Oned.List; l != nil && s.Oned.Raft != nil && s.Oned.Raft.State != Solo && !slices.Equal(ids(l), want) {
			all = append(all, Problem{
				Server: s.Name, What: fmt.Sprintf("%s counts the servers %s, and the zone has %s", s.Name, words(ids(l)), words(want)), Why: "it has not got the last changes yet, or was restored from an old backup",
				Next: "oneha raft status --watch: when its lag does not go, oneha raft reset " + s.Name,
			})
		}
	}
	return all
}

func ids(l *List) (all []int) {
	for _, m := range l.Servers {
		all = append(all, m.ID)
	}
	slices.Sort(all)
	return all
}

func words(ids []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
}

func endpointsDiffer(v *view) (all []Problem) {
	if v.list == nil {
		return nil
	}
	for _, s := range v.Servers {
		for _, m := range v.list.Servers {
			if s.Described && m.ID == s.ID && m.Endpoint != s.Endpoint {
				all = append(all, Problem{
					Server: s.Name, What: fmt.Sprintf("%s is at %s in the zone, and at %s in the description", s.Name, m.Endpoint, s.Endpoint), Why: "its address or its place in the file changed",
					Next: "correct the description (addr, endpoint or id); to change the zone: oneha raft leave and oneha raft join",
				})
			}
		}
	}
	return all
}

func otherID(v *view) (all []Problem) {
	for _, s := range v.Servers {
		if s.Stated != nil {
			all = append(all, Problem{
				Server: s.Name, What: fmt.Sprintf("%s is server %d in the zone, and %d in the description", s.Name, s.ID, *s.Stated), Why: "it was added again: a new server gets a new ID",
				Next: fmt.Sprintf("write id: %d for %s in the description, and give the file to all servers", s.ID, s.Name),
			})
		}
	}
	return all
}

func notJoined(v *view) (all []Problem) {
	if v.list == nil {
		return nil
	}
	for i := range v.Servers {
		s := &v.Servers[i]
		running := s.Oned.Raft != nil && s.Oned.Raft.ServerID >= 0 // then another rule says it
		if s.Described && !v.in(s) && !running {
			all = append(all, Problem{Server: s.Name, What: s.Name + " is described, but not in the zone", Next: "oneha raft join " + s.Name})
		}
	}
	return all
}

func notDescribed(v *view) (all []Problem) {
	if v.list == nil || !v.Described {
		return nil
	}
	for _, m := range v.list.Servers {
		if slices.ContainsFunc(v.Servers, func(s Server) bool { return s.Described && (s.ID == m.ID || s.Endpoint == m.Endpoint) }) {
			continue
		}
		all = append(all, Problem{
			Server: m.Name, What: fmt.Sprintf("the zone has %s (server %d), and the description does not", m.Name, m.ID), Why: "it was added by hand, or the file is an old one",
			Next: "add it to the description, or remove it from the zone: oneha raft leave " + m.Name,
		})
	}
	return all
}

// hostOf is the host of a URL; an address is written as addresses are.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil {
		return ip.String()
	}
	return u.Hostname()
}

func otherEndpoint(v *view) []Problem {
	if v.list == nil || len(v.VIPs) == 0 || len(v.members) == 0 {
		return nil
	}
	host := hostOf(v.list.Endpoint)
	if slices.ContainsFunc(v.VIPs, func(f VIP) bool { return f.Address.Addr().String() == host }) {
		return nil
	}
	if host != "" && net.ParseIP(host) == nil && host != "localhost" {
		return nil // a name: it may well be that of the floating IP
	}
	return []Problem{{
		What: fmt.Sprintf("the zone's endpoint is %s, which is no floating IP", v.list.Endpoint), Why: "it is what other zones and clients are told; it was not changed when the zone was made",
		Next: fmt.Sprintf("echo 'ENDPOINT=\"http://%s:2633/RPC2\"' | onezone update %d --append", bracketed(v.VIPs[0].Address.Addr().String()), v.Zone),
	}}
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
