package spec

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

const (
	maxServers    = 7  // one.zone.raftstatus is asked of each, one after the other
	maxZoneVIPs   = 16 // oned gives a hook 49 words at most
	maxZoneID     = 1<<31 - 1
	defaultPort   = 2645
	firstWithRaft = "5.4"
)

var (
	releaseName = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?$`)
	accountName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	// endpointURL has nothing that OpenNebula's templates or a shell give a meaning.
	endpointURL = regexp.MustCompile(`^http://[][A-Za-z0-9.:_-]+(/[A-Za-z0-9._~/-]*)?$`)
	databases   = []string{defaultDatabase, "mysql"}
)

// zone reads the keys of the top level in mode raft.
func (r *reader) zone(top section) Cluster {
	top.need("version", "add version: 1")
	top.get("mode") // was read first
	z := &Zone{Port: defaultPort, User: defaultUser}
	c := Cluster{Name: r.clusterName(top.get("cluster")), Zone: z}
	if id, ok := r.number(top.get("zone"), "zone", 0, maxZoneID); ok {
		z.ID = id
	}
	if c.Name == "" {
		c.Name = zoneName(z.ID)
	}
	z.Release = r.release(top.get("release"))
	z.Database = r.word(top.get("database"), "database", databases, defaultDatabase)
	servers := r.servers(top.need("nodes", "add nodes: with NAME: ADDRESS for each server"))
	vips := r.zoneVIPs(top.get("vip"))
	for _, s := range servers {
		z.Servers = append(z.Servers, s.ZoneServer)
	}
	for _, v := range vips {
		z.VIPs = append(z.VIPs, ZoneVIP{v.Address, v.NIC})
	}
	z.Services = r.following(top.get("services"), z.Release)
	if user := top.get("ssh_user"); user.kind != absent {
		text, ok := r.text(user, "ssh_user")
		if z.User = text; ok && !accountName.MatchString(text) {
			r.error(user.at, fmt.Sprintf("ssh_user %q is no account", clip(text)), "give the name of a Linux account, such as root")
		}
	}
	t := r.timers(top.get("timers"), z.Release)
	z.Election, z.Heartbeat, z.Rest = t.election, t.heartbeat, t.rest
	port := top.get("guard_port")
	if n, ok := r.number(port, "guard_port", 1, 65535); ok {
		z.Port = n
		r.checkPort(port.at, n)
	}
	r.checkServers(servers, vips)
	return c
}

// zoneName is the name of a zone that has none.
func zoneName(id int) string { return fmt.Sprintf("zone-%d", id) }

func (r *reader) release(v value) string {
	text, ok := r.text(v, "release")
	switch {
	case !ok:
	case !releaseName.MatchString(text):
		r.error(v.at, fmt.Sprintf("release %q is no release of OpenNebula", clip(text)), "write it as 6.10")
	case one.Before(text, firstWithRaft):
		r.error(v.at, fmt.Sprintf("OpenNebula %s has no Raft", text), "upgrade to "+firstWithRaft+" at least, or write mode: pacemaker")
	default:
		return text
	}
	return ""
}

// server is a server with the places that later checks point at.
type server struct {
	ZoneServer
	at, addrAt, idAt, endpointAt place
}

// servers reads the map of nodes.
func (r *reader) servers(v value) (servers []server) {
	if !r.isMap(v, "nodes", "NAME: ADDRESS for each server") {
		return nil
	}
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		s := r.server(f, len(servers))
		if i := slices.IndexFunc(servers, func(o server) bool { return strings.EqualFold(o.Name, s.Name) }); i >= 0 {
			r.error(s.at, fmt.Sprintf("node %q and node %q differ only in case", clip(s.Name), clip(servers[i].Name)), "host names ignore case; rename or remove one")
			continue
		}
		servers = append(servers, s)
	}
	switch n := len(v.fields) + v.again; {
	case n == 0:
		r.error(v.at, "nodes is empty", "add three servers")
	case n == 1 && len(servers) == 1:
		r.warn(v.at, "a single server is no high availability", "add two, one after the other with oneha raft join")
	case n > maxServers:
		r.error(v.at, fmt.Sprintf("%d servers are too many for a zone", n), "give 3 or 5: every change waits for a majority of them")
	case n%2 == 0:
		r.error(v.at, fmt.Sprintf("%d servers are an even number", n), fmt.Sprintf("give %d or %d: a majority of %d is %d, so no more of them may fail than of %d", n-1, n+1, n, n/2+1, n-1))
	}
	return servers
}

// server reads one entry of nodes, the index-th.
func (r *reader) server(f field, index int) server {
	s := server{ZoneServer: ZoneServer{Name: f.key, ID: index}, at: f.at, addrAt: f.value.at, idAt: f.at, endpointAt: f.at}
	label := fmt.Sprintf("node %s", clip(f.key))
	if !isHostName(f.key, maxNodeName) {
		r.error(f.at, fmt.Sprintf("node name %q is no host name", clip(f.key)), "use what `uname -n` prints on the server: letters, digits and - in labels separated by dots")
	}
	addr := f.value
	var endpoint value
	switch addr.kind {
	case null:
		r.error(f.at, label+" has no value", "write its address, such as 10.3.4.20")
		return s
	case mapping:
		in := r.section("nodes.*", label, f.value)
		addr, endpoint = in.need("addr", "add addr: ADDRESS, where the other servers reach it"), in.get("endpoint")
		id := in.get("id")
		if n, ok := r.number(id, "id of "+label, 0, maxZoneID); ok {
			s.ID, s.idAt = n, id.at
		}
	}
	if addr.kind == list {
		r.error(addr.at, "addr of "+label+" is a list", "give one address: oned of a zone has one")
	} else if a, ok := r.hostAddr(addr, "addr of "+label); ok {
		s.Addr, s.addrAt, s.Endpoint = a, addr.at, endpointOf(a)
	}
	if text, ok := r.text(endpoint, "endpoint of "+label); ok {
		s.Endpoint, s.endpointAt = text, endpoint.at
		r.checkEndpoint(endpoint.at, text, label)
	}
	return s
}

// endpointOf is the endpoint of a server by its address.
func endpointOf(a netip.Addr) string {
	return "http://" + netip.AddrPortFrom(a, 2633).String() + "/RPC2"
}

func (r *reader) checkEndpoint(at place, text, label string) {
	host, port := "", 0
	u, err := url.Parse(text)
	if err == nil {
		host = u.Hostname()
		port, err = strconv.Atoi(cmp.Or(u.Port(), "80"))
	}
	addr, notAddr := netip.ParseAddr(host)
	switch {
	case strings.Contains(text, "@"):
		r.error(at, "endpoint of "+label+" holds an account", "write it without: whoever calls it has credentials of his own")
	case strings.HasPrefix(strings.ToLower(text), "https:"):
		r.error(at, fmt.Sprintf("endpoint of %s is %s, and oned speaks plain http", label, clip(text)), "give oned's own, as http://10.3.4.20:2633/RPC2: the servers and the guards ask it there; TLS is for what stands before the floating IP")
	case !endpointURL.MatchString(text) || err != nil || host == "" || port < 1 || port > 65535:
		r.error(at, fmt.Sprintf("endpoint of %s is %q, which is no URL of an oned", label, clip(text)), "write it as http://10.3.4.20:2633/RPC2")
	case strings.EqualFold(host, "localhost") || notAddr == nil && (addr.IsLoopback() || addr.IsUnspecified()):
		r.error(at, fmt.Sprintf("endpoint of %s is %s, which is another machine on each server", label, clip(text)), "give the server's own address")
	case notAddr != nil && !isHostName(host, 253):
		r.error(at, fmt.Sprintf("endpoint of %s names %q, which is neither an address nor a host name", label, clip(host)), "write it as http://10.3.4.20:2633/RPC2")
	}
}

// zoneVIPs reads the floating IPs, each with its interface.
func (r *reader) zoneVIPs(v value) (vips []vip) {
	if v.kind == broken || v.kind == absent {
		return nil
	}
	items := []value{v}
	if v.kind == list {
		items = v.items
		if len(items) == 0 {
			r.error(v.at, "vip is an empty list", "give an address, or leave vip out")
		}
		if len(items) > maxZoneVIPs {
			r.error(v.at, fmt.Sprintf("%d floating IPs are too many", len(items)), fmt.Sprintf("oned gives its hooks room for %d", maxZoneVIPs))
			return nil
		}
	}
	for _, item := range items {
		before := r.errors()
		one := r.vip(item, "vip", "vip")
		switch {
		case r.errors() > before:
		case one.NIC == "":
			r.error(item.at, fmt.Sprintf("vip %s has no nic", one.Address), "write vip: {address: "+one.Address.String()+", nic: NAME}; oned calls its hooks with the interface")
		case strings.HasPrefix(one.NIC, "-"):
			r.error(item.at, fmt.Sprintf("nic %q begins with a -", one.NIC), "give the interface another name: commands take this one for an option")
		}
		vips = append(vips, one)
	}
	return vips
}

// following reads the services that run beside the leader only.
func (r *reader) following(v value, release string) (names []string) {
	if v.kind == absent {
		return nil
	}
	items, ok := r.texts(v, "services", false)
	if !ok {
		return nil
	}
	var known []string
	for _, s := range one.Services {
		if s.Name != defaultService {
			known = append(known, s.Name)
		}
	}
	for _, item := range items {
		name, ok := r.text(item, "a service")
		service, exists := one.ServiceNamed(name)
		switch {
		case !ok:
		case name == defaultService:
			r.error(item.at, "oned does not follow the leader", "remove it: it runs on every server of a zone, or it could not vote")
		case !exists:
			r.error(item.at, fmt.Sprintf("unknown service %q", clip(name)), suggest(name, known))
		case !service.ShippedIn(release):
			r.error(item.at, fmt.Sprintf("OpenNebula %s has no service %s", release, name), "remove it, or correct release")
		case slices.Contains(names, name):
			r.error(item.at, fmt.Sprintf("service %q is listed twice", name), "keep one of them")
		default:
			names = append(names, name)
		}
	}
	return names
}

// checkPort wants the guards' port to be nobody else's.
func (r *reader) checkPort(at place, port int) {
	taken := map[int]string{2634: "oned's gRPC", 2101: "oned's events", 2102: "oned's hooks", 4124: "the monitor daemon", 22: "ssh"}
	for _, s := range one.Services {
		if s.Port != 0 {
			taken[s.Port] = s.Name
		}
	}
	if who, is := taken[port]; is {
		r.error(at, fmt.Sprintf("guard_port %d is the port of %s", port, who), fmt.Sprintf("remove it, to take %d", defaultPort))
	}
}

// checkServers compares the servers with each other and with the floating IPs.
func (r *reader) checkServers(servers []server, vips []vip) {
	floating := map[netip.Addr]bool{}
	for _, v := range vips {
		a := v.Address.Addr()
		if floating[a] {
			r.error(v.at, fmt.Sprintf("vip %s is given twice", a), "keep one of them; an address can be in one place only")
		}
		if a.IsValid() {
			floating[a] = true
		}
	}
	for i, s := range servers {
		host := ""
		if u, err := url.Parse(s.Endpoint); err == nil {
			host = u.Hostname()
		}
		a, err := netip.ParseAddr(host)
		switch label := clip(s.Name); {
		case s.Addr.IsValid() && floating[s.Addr]:
			r.error(s.addrAt, fmt.Sprintf("addr of node %s is the floating IP %s", label, s.Addr), "give the server's own address; the floating IP moves from one to the other")
		case err == nil && floating[a]:
			r.error(s.endpointAt, fmt.Sprintf("endpoint of node %s is the floating IP %s", label, a), "give the server's own address; the floating IP is the endpoint of the zone")
		}
		for _, o := range servers[:i] {
			switch {
			case s.ID == o.ID:
				r.error(s.idAt, fmt.Sprintf("nodes %s and %s both have the id %d", clip(o.Name), clip(s.Name), s.ID), "give each the number that onezone show has for it; without id it is the place in the file")
			case s.Addr.IsValid() && s.Addr == o.Addr:
				r.error(s.addrAt, fmt.Sprintf("addr %s of node %s is also given for node %s", s.Addr, clip(s.Name), clip(o.Name)), "give every server its own address")
			case s.Endpoint != "" && s.Endpoint == o.Endpoint:
				r.error(s.endpointAt, fmt.Sprintf("nodes %s and %s have one endpoint", clip(o.Name), clip(s.Name)), "give every server its own")
			}
		}
	}
}
