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
}

// The agents that the schemes lead to.
const (
	agentIPMI    = "fence_bmc_ipmi"
	agentRedfish = "fence_bmc_redfish"
	agentILO     = "fence_bmc_ilo"
)

// drivers is the table of schemes. An iLO of generation 3 to 5 is asked over
// IPMI, as the stock agents fence_ilo3, fence_ilo4 and fence_ilo5 do; iLO 6 has it
// switched off.
var drivers = []driver{
	{"ipmi", agentIPMI, "623"},
	{"ilo3", agentIPMI, "623"},
	{"ilo4", agentIPMI, "623"},
	{"ilo5", agentIPMI, "623"},
	{"ilo6", agentILO, "443"},
	{"redfish", agentRedfish, "443"},
	{"redfish+https", agentRedfish, "443"}, // as Metal3 writes it
}

// bmc is a BMC with the places that later checks point at.
type bmc struct {
	node    string
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

// bmcs reads the nodes' BMCs, with the options they share. It leaves out those
// that could not be read.
func (r *reader) bmcs(nodes []node, shared value, top place) []bmc {
	common := map[string]value{}
	if r.isMap(shared, "bmc", "{username: NAME, password_file: /etc/oneha/bmc}; a node's own BMC goes under the node's name") {
		common = r.section("bmc", "bmc", shared).options()
		top = shared.at
	}
	var all []bmc
	for _, n := range nodes {
		if b, ok := r.bmc(n, common); ok {
			all = append(all, b)
		}
	}
	if len(all) > 0 && len(all) == len(nodes) {
		r.checkUse(all, common)
	}
	r.checkUserNames(all, common)
	if shared.kind == absent || shared.kind == mapping {
		r.checkCredentials(all, top, shared.kind == mapping)
	}
	return all
}

// bmc reads a node's BMC: a URL, or a map of url and options.
func (r *reader) bmc(n node, common map[string]value) (b bmc, ok bool) {
	label := "bmc of node " + clip(n.name)
	b = bmc{node: n.name, options: maps.Clone(common)}
	own := map[string]value{}
	v := n.bmc
	if v.kind == mapping {
		s := r.section("nodes.*.bmc", label, v)
		own = s.options()
		v = s.need("url", "add url: ipmi://ADDRESS")
		override(b.options, own)
	}
	b.at = v.at
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

// override replaces options by a node's own. The two ways to give a password
// are one option in this: a node's script takes the place of the shared file.
func override(options, own map[string]value) {
	_, file := own["password_file"]
	_, script := own["password_script"]
	if file || script {
		delete(options, "password_file")
		delete(options, "password_script")
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
	u, err := url.Parse(b.driver.scheme + "://" + rest)
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
	if b.host, ok = bmcHost(u.Hostname()); !ok {
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

// bmcHost normalises the host of a URL, so that two spellings of one compare equal.
func bmcHost(h string) (string, bool) {
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

// checkBMCs compares the BMCs with each other, the nodes and the floating IP.
func (r *reader) checkBMCs(all []bmc, vip VIP, nodes []node) {
	owner := map[string]string{}
	for _, n := range nodes {
		owner[strings.ToLower(n.name)] = "node " + clip(n.name) + " itself"
		for _, a := range n.addresses() {
			owner[a.String()] = "node " + clip(n.name) + " itself"
		}
	}
	if vip.Address.IsValid() {
		owner[vip.Address.Addr().String()] = "the VIP"
	}
	users := map[string][]string{}
	for _, b := range all {
		users[b.endpoint()] = append(users[b.endpoint()], clip(b.node))
	}
	for _, b := range all {
		who := users[b.endpoint()]
		switch {
		case owner[b.host] != "":
			r.error(b.at, fmt.Sprintf("bmc of node %s is %s, the address of %s", clip(b.node), b.host, owner[b.host]), "give the address of its management controller")
		case len(who) > 1 && who[1] == clip(b.node):
			r.error(b.at, fmt.Sprintf("nodes %s share the BMC %s: whichever is targeted, the same machine is power-cycled", and(who), b.host), "give each node its own bmc")
		}
	}
}

// and joins names as a sentence does.
func and(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
