package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// state is what the node's network looks like: the lines that describe it, and
// the addresses in it.
type state struct {
	lines     []string // sorted
	addresses []address
}

// address is one address of an interface.
type address struct {
	local string
	up    bool // the interface is switched on
}

// link is an interface as `ip -json address` prints it.
type link struct {
	Name      string   `json:"ifname"`
	Flags     []string `json:"flags"`
	Addresses []struct {
		Local         string `json:"local"`
		Bits          int    `json:"prefixlen"`
		Broadcast     string `json:"broadcast"`
		Scope         string `json:"scope"`
		Label         string `json:"label"`
		Preferred     int64  `json:"preferred_life_time"`
		Valid         int64  `json:"valid_life_time"`
		NoDAD         bool   `json:"nodad"`
		NoPrefixRoute bool   `json:"noprefixroute"`
		Deprecated    bool   `json:"deprecated"`
		Tentative     bool   `json:"tentative"`
		DADFailed     bool   `json:"dadfailed"`
	} `json:"addr_info"`
}

// route is a route as `ip -json route` prints it.
type route struct {
	Destination string `json:"dst"`
	Nic         string `json:"dev"`
}

// forever is how long what has no end lasts, in seconds.
const forever = 1<<32 - 1

// look returns the state of the node's network. What the kernel does for itself
// on every link, IPv6 link-local addresses, is left out.
func (n *network) look() (s state) {
	n.t.Helper()
	const show = "{ip} -json address; echo --; {ip} -json -4 route; echo --; {ip} -json -6 route; echo --; {ip} addrlabel list"
	n.describe(&s, strings.ReplaceAll(show, "{ip}", "ip"), "")
	if n.named {
		n.describe(&s, strings.ReplaceAll(show, "{ip}", "ip -n "+namespace), " in "+namespace)
	}
	slices.Sort(s.lines)
	s.lines = slices.Compact(s.lines)
	return s
}

// describe adds what the script shows of one network namespace.
func (n *network) describe(s *state, script, where string) {
	n.t.Helper()
	add := func(format string, args ...any) { s.lines = append(s.lines, fmt.Sprintf(format, args...)+where) }
	parts := strings.Split(n.script(n.node, script), "--\n")
	var links []link
	n.decode(parts[0], &links)
	for _, l := range links {
		up := slices.Contains(l.Flags, "UP")
		if up {
			add("%s up", l.Name)
		}
		for _, a := range l.Addresses {
			if strings.HasPrefix(a.Local, "fe80:") {
				continue
			}
			s.addresses = append(s.addresses, address{local: a.Local, up: up})
			text := fmt.Sprintf("%s/%d", a.Local, a.Bits)
			for _, part := range []struct {
				say  bool
				what string
			}{
				{a.Broadcast != "", "brd " + a.Broadcast},
				{true, "on " + l.Name},
				{a.Label != "" && a.Label != l.Name, "label " + a.Label},
				{a.Scope != "global", "scope " + a.Scope},
				{a.NoDAD, "nodad"},
				{a.NoPrefixRoute, "noprefixroute"},
				{a.Deprecated, "deprecated"},
				{a.Tentative, "tentative"},
				{a.DADFailed, "dadfailed"},
				{a.Preferred < forever, "preferred_lft " + lifetime(a.Preferred)},
				{a.Valid < forever, "valid_lft " + lifetime(a.Valid)},
			} {
				if part.say {
					text += " " + part.what
				}
			}
			add("%s", text)
		}
	}
	for _, part := range parts[1:3] {
		var routes []route
		n.decode(part, &routes)
		for _, r := range routes {
			if !strings.HasPrefix(r.Destination, "fe80:") {
				add("route %s on %s", r.Destination, r.Nic)
			}
		}
	}
	for line := range strings.Lines(parts[3]) {
		add("address label %s", strings.TrimSpace(line))
	}
}

func (n *network) decode(text string, into any) {
	n.t.Helper()
	if text == "" { // of nothing, ip prints no list
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		n.t.Fatalf("read what ip prints: %v: %s", err, text)
	}
}

// lifetime rounds, for the seconds that a test takes are gone already.
func lifetime(seconds int64) string { return fmt.Sprint((seconds + 99) / 100 * 100) }

// since tells what differs from the state before, "" for nothing.
func (s state) since(before state) string {
	var parts []string
	for _, line := range s.lines {
		if !slices.Contains(before.lines, line) {
			parts = append(parts, line)
		}
	}
	for _, line := range before.lines {
		if !slices.Contains(s.lines, line) {
			parts = append(parts, "no longer "+line)
		}
	}
	return strings.Join(parts, "; ")
}

// holding returns where ip is configured.
func (s state) holding(ip string) (places []address) {
	for _, a := range s.addresses {
		if a.local == ip {
			places = append(places, a)
		}
	}
	return places
}
