package spec

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// driver is a kind of BMC, named by the scheme of its URL.
type driver struct {
	scheme string
	agent  string
	port   string // the one used when the URL names none
	stock  string // the agent that distributions ship for it
}

// The agents that the schemes lead to.
const (
	agentIPMI    = "fence_bmc_ipmi"
	agentRedfish = "fence_bmc_redfish"
	agentILO     = "fence_bmc_ilo"
	agentILOSSH  = "fence_bmc_ilo_ssh"
)

// drivers is the table of schemes. An iLO of generation 3 to 5 is asked over
// IPMI, as the stock agents fence_ilo3, fence_ilo4 and fence_ilo5 do; iLO 6 has it
// switched off.
var drivers = []driver{
	{"ipmi", agentIPMI, "623", "fence_ipmilan"},
	{"ilo3", agentIPMI, "623", "fence_ilo3"},
	{"ilo4", agentIPMI, "623", "fence_ilo4"},
	{"ilo5", agentIPMI, "623", "fence_ilo5"},
	{"ilo6", agentILO, "443", "fence_redfish"},
	{"ilo_ssh", agentILOSSH, "22", "fence_ilo_ssh"},
	{"ilossh", agentILOSSH, "22", "fence_ilo_ssh"},
	{"redfish", agentRedfish, "443", "fence_redfish"},
	{"redfish+https", agentRedfish, "443", "fence_redfish"}, // as Metal3 writes it
}

// bmc is a device that a URL leads to, with the places that later checks point at.
type bmc struct {
	node    string // whose it is, "" for an entry of fencing
	label   string // as in messages: "bmc of node one-server1", "fencing chassis"
	at      place
	driver  driver
	host    string // normalised: an address's canonical text or a name in lower case
	port    string // "" if the URL names none
	options map[string]value
}

// endpoint is what two nodes must not share: one BMC may have several systems.
func (b bmc) endpoint() string {
	port := b.port
	if port == "" {
		port = b.driver.port
	}
	return b.host + " " + port + " " + b.options["systems_uri"].text
}

// sharedBMC reads the options that all BMCs share, with the place at which one that
// misses is to be added.
func (r *reader) sharedBMC(v value, top place) (common map[string]value, at place) {
	if !r.isMap(v, "bmc", "{username: NAME, password_file: /etc/oneha/bmc}; a node's own BMC goes under the node's name") {
		return map[string]value{}, top
	}
	return r.section("bmc", "bmc", v).options(), v.at
}

// nodeBMC reads a node's BMC: a URL, or a map of url and options.
func (r *reader) nodeBMC(n node, common map[string]value) (b bmc, ok bool) {
	label := "bmc of node " + clip(n.name)
	if n.bmc.kind == mapping {
		s := r.section("nodes.*.bmc", label, n.bmc)
		own := s.options()
		b, ok = r.bmc(s.need("url", "add url: ipmi://ADDRESS"), label, common, own)
	} else {
		b, ok = r.bmc(n.bmc, label, common, map[string]value{})
	}
	b.node = n.name
	return b, ok
}

// bmc reads a BMC's URL; own are its own options, which the URL's query adds to.
func (r *reader) bmc(v value, label string, common, own map[string]value) (b bmc, ok bool) {
	b = bmc{label: label, at: v.at, options: maps.Clone(common)}
	override(b.options, own)
	text, ok := r.text(v, label)
	if !ok {
		return b, false
	}
	query, ok := r.url(&b, text, label)
	if !ok {
		return b, false
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		f := field{key: name, at: v.at, value: value{kind: scalar, at: v.at, text: query.Get(name)}}
		if _, twice := own[name]; twice || len(query[name]) > 1 {
			r.error(v.at, fmt.Sprintf("option %s of %s is given twice", clip(name), label), "keep one of them")
			continue
		}
		s := r.section("bmc", label, value{kind: mapping, at: v.at, fields: []field{f}})
		more := s.options()
		override(b.options, more)
		maps.Copy(own, more)
	}
	r.checkFit(&b, own)
	return b, true
}

// override replaces options by a node's own. The ways to log in are one option in
// this: a node's script takes the place of the shared file.
func override(options, own map[string]value) {
	if slices.ContainsFunc(logins, func(name string) bool { _, given := own[name]; return given }) {
		for _, name := range logins {
			delete(options, name)
		}
	}
	maps.Copy(options, own)
}

// url reads a BMC's URL into b and returns its query. It never repeats a text
// that may hold a password.
func (r *reader) url(b *bmc, text, label string) (url.Values, bool) {
	fail := func(what, fix string) (url.Values, bool) {
		r.error(b.at, label+" "+what, fix)
		return nil, false
	}
	const form = "write ipmi://HOST[:PORT][?OPTION=VALUE]"
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return fail("has no scheme", "write ipmi://HOST; the scheme says how to talk to it")
	}
	if strings.Contains(rest, "@") {
		r.refuseSecret(b.at)
		return nil, false
	}
	i := slices.IndexFunc(drivers, func(d driver) bool { return d.scheme == strings.ToLower(scheme) })
	if i < 0 {
		return fail(fmt.Sprintf("has the unknown scheme %q", clip(scheme)),
			"use one of "+strings.Join(schemes(func(driver) bool { return true }), ", ")+"; most BMCs speak redfish, and ipmi when IPMI over LAN is switched on")
	}
	b.driver = drivers[i]
	if a, err := netip.ParseAddr(rest); err == nil && a.Is6() {
		return fail("is an IPv6 address without brackets", fmt.Sprintf("write %s://[%s]", b.driver.scheme, a))
	}
	u, err := url.Parse("bmc://" + rest) // not each of our schemes is one by RFC 3986
	if err != nil {
		return fail("is not a URL", form)
	}
	query, err := url.ParseQuery(u.RawQuery)
	path := strings.TrimSuffix(u.Path, "/")
	if err != nil || u.Fragment != "" || path != "" && !b.driver.has("systems_uri") {
		return fail("is not of the known form", form)
	}
	if path != "" {
		query.Add("systems_uri", path)
	}
	if b.host, ok = hostName(u.Hostname()); !ok {
		return fail(fmt.Sprintf("has the host %q, which is neither an address nor a host name", clip(u.Hostname())), form)
	}
	if u.Port() != "" || strings.HasSuffix(u.Host, ":") {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return fail(fmt.Sprintf("has the port %q", clip(u.Port())), "give 1 to 65535, or none for "+b.driver.port)
		}
		b.port = strconv.FormatUint(n, 10)
	}
	return query, true
}

// hostName normalises an address or a host name, so that two spellings of one compare equal.
func hostName(h string) (string, bool) {
	if a, err := netip.ParseAddr(h); err == nil {
		a = a.Unmap()
		return a.String(), a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast()
	}
	h = strings.ToLower(strings.TrimSuffix(h, "."))
	return h, isHostName(h, 253)
}

// schemes lists those of some drivers.
func schemes(of func(driver) bool) (names []string) {
	for _, d := range drivers {
		if of(d) {
			names = append(names, d.scheme)
		}
	}
	return names
}

// and joins names as a sentence does.
func and(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
