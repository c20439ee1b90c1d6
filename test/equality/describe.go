package equality

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// Describe writes a valid description of a cluster, chosen by chance: the same seed
// and number give the same text. Together the descriptions use every key that all
// dialects can say (raw is left to the examples: three texts by chance would not
// mean the same).
func Describe(seed, number uint64) []byte {
	g := &chance{rand.New(rand.NewPCG(seed, number))}
	return []byte(g.description())
}

// chance writes the parts of a description.
type chance struct{ *rand.Rand }

// one in n.
func (g *chance) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *chance, of ...T) T { return of[g.IntN(len(of))] }

// some returns a part of a list, in its order.
func some[T any](g *chance, of []T) (part []T) {
	for _, v := range of {
		if g.one(2) {
			part = append(part, v)
		}
	}
	return part
}

// quoted writes a YAML scalar that means s whatever s holds.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// texts are values that a careless quoting breaks and that every dialect can say:
// the crm shell cannot say all that pcs can (cib/crm.go).
var texts = []string{"two words", "it's", `say "hi" twice`, `back\slash`, "$HOME", "$(id)", "a;b", "a|b&c", "# none", "*", "a=b=c", "<x>", "{a,b}", "%s", "~"}

func (g *chance) description() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	stock := g.one(3)
	names := g.names()
	chassis := g.one(8)

	line("version: 1")
	line("cluster: %s", pick(g, "opennebula", "c", "front_end-2", "7clusters"))
	line("nodes:")
	for i, n := range g.nodes(names, chassis, stock) {
		line("  %s: %s", names[i], n)
	}
	line("bmc: {%s}", strings.Join(g.account(strings.Contains(b.String(), "redfish") && !stock), ", "))
	entries := g.entries(names, chassis)
	if len(entries) > 0 {
		line("fencing:")
	}
	for _, e := range entries {
		line("  %s", e)
	}
	if stock {
		line("agents: stock")
	}
	services := g.services()
	var domains []string
	if g.one(4) {
		services, domains = g.domains(services, names)
	}
	line("vip: %s", g.vips())
	line("services: [%s]", strings.Join(services, ", "))
	if g.one(2) {
		line("layout: %s", pick(g, "staged", "colocation", "group"))
	}
	if g.one(3) {
		line("prefer: %s", pick(g, names...))
	}
	if len(domains) > 0 {
		line("domains:")
	}
	for _, d := range domains {
		line("  %s", d)
	}
	if g.one(4) {
		line("qdevice: %s", pick(g, "10.200.7.1", "witness.example.com", "{host: witness, algorithm: lms}", "{host: 'fd00:7::1', tls: required}", "{host: w, algorithm: ffsplit, tls: 'off'}"))
	}
	if g.one(3) {
		line("fence_delay: %ds", 1+g.IntN(60))
	}
	switch g.IntN(4) {
	case 0:
		line("timing: %s", pick(g, "default", "tolerant", "fast"))
	case 1:
		line("token: %dms", 500+g.IntN(20000))
	}
	g.properties(line)
	return b.String()
}

// names are two to eight, most often two.
func (g *chance) names() (names []string) {
	form := pick(g, "one-server%d", "fe%d.example.com", "n%d", "%d-site.example", "ONE%d")
	for i := range pick(g, 2, 2, 2, 2, 3, 3, 4, 5+g.IntN(4)) {
		names = append(names, fmt.Sprintf(form, i+1))
	}
	return names
}

// nodes writes each node's map. With a chassis none has a BMC of its own.
func (g *chance) nodes(names []string, chassis, stock bool) (nodes []string) {
	links := pick(g, 1, 1, 2, 3)
	six := make([]bool, links)
	for i := range six {
		six[i] = g.one(3)
	}
	scheme := g.scheme()
	for i := range names {
		var addrs []string
		for l, six := range six {
			if six {
				addrs = append(addrs, fmt.Sprintf("'fd00:%d:4::%x'", l, 20+i))
			} else {
				addrs = append(addrs, fmt.Sprintf("10.%d.4.%d", l, 20+i))
			}
		}
		addr := "[" + strings.Join(addrs, ", ") + "]"
		if links == 1 {
			addr = addrs[0]
		}
		if chassis {
			nodes = append(nodes, fmt.Sprintf("{addr: %s}", addr))
			continue
		}
		if g.one(4) {
			scheme = g.scheme()
		}
		nodes = append(nodes, fmt.Sprintf("{addr: %s, bmc: %s}", addr, g.bmc(scheme, i, stock)))
	}
	return nodes
}

func (g *chance) scheme() string {
	return pick(g, "ipmi", "ipmi", "ilo3", "ilo4", "ilo5", "ilo6", "ilo_ssh", "redfish", "redfish+https")
}

// bmc writes the BMC of the node with that index.
func (g *chance) bmc(scheme string, i int, stock bool) string {
	url := scheme + "://" + pick(g, fmt.Sprintf("10.100.5.%d", 20+i), fmt.Sprintf("bmc%d.example.com", i), fmt.Sprintf("[fd00:100::%x]", 20+i))
	if g.one(4) {
		url += fmt.Sprintf(":%d", 1024+g.IntN(60000))
	}
	if strings.HasPrefix(scheme, "redfish") && g.one(3) {
		url += pick(g, "/redfish/v1/Systems/1", "/redfish/v1/Systems/System.Embedded.1")
	}
	var own []string
	if g.one(4) {
		own = append(own, "username: "+quoted(pick(g, "admin", "Administrator", "a b", "o'neil")))
	}
	if g.one(5) {
		own = append(own, "password_file: "+quoted("/etc/oneha/"+pick(g, texts...)))
	}
	if scheme == "ilo_ssh" && !stock && g.one(2) {
		own = append(own, "host_key: SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU")
	}
	if scheme == "ipmi" && g.one(3) {
		own = append(own, fmt.Sprintf("cipher: %d", pick(g, 3, 17)), "privlvl: "+pick(g, "operator", "administrator"))
	}
	if len(own) == 0 {
		return quoted(url)
	}
	return fmt.Sprintf("{url: %s, %s}", quoted(url), strings.Join(own, ", "))
}

// account writes the keys that all BMCs share; tls for those of a Redfish BMC that
// an agent of ours asks.
func (g *chance) account(tls bool) []string {
	options := []string{"username: " + quoted(pick(g, "oneha", "one ha", "o'neil", "<ops>"))}
	if g.one(4) {
		options = append(options, "password_script: "+quoted("/usr/local/bin/show "+pick(g, texts...)))
	} else {
		options = append(options, "password_file: "+quoted("/etc/oneha/"+pick(g, append(texts, "bmc", "bmc", "bmc")...)))
	}
	for _, name := range some(g, []string{"login_timeout", "shell_timeout", "power_timeout", "power_wait"}) {
		options = append(options, fmt.Sprintf("%s: %d", name, 1+g.IntN(60)))
	}
	if tls && g.one(2) {
		options = append(options, pick(g, "ssl_ca_file: /etc/oneha/ca.pem", "ssl_insecure: true", "auth: session"))
	}
	return options
}

// entries are the fence devices beside the BMCs, or the chassis instead of them.
func (g *chance) entries(names []string, chassis bool) (entries []string) {
	plugs := func(form string, nodes []string) string {
		var pairs []string
		for i, n := range nodes {
			pairs = append(pairs, fmt.Sprintf("%s: "+form, n, i+1))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	level := func() string {
		if g.one(2) {
			return ""
		}
		return fmt.Sprintf(", level: %d", pick(g, 2, 2, 3, 9))
	}
	if chassis {
		entries = append(entries, "chassis: {url: 'redfish://chassis.example.com', plugs: "+plugs("Blade%d", names)+"}")
	}
	pdus := pick(g, 0, 0, 0, 1, 2)
	same := level()
	for i := range pdus {
		nodes := names
		if g.one(3) {
			nodes = names[:1]
		}
		at := same
		if g.one(3) {
			at = level()
		}
		entries = append(entries, fmt.Sprintf("pdu-%d: {agent: fence_apc_snmp, options: {ip: 10.101.6.%d, snmp_version: 3, username: %s, password_script: %s}, plugs: %s%s}",
			i, i+1, quoted(pick(g, "oneha", "one ha")), quoted("cat /etc/oneha/"+pick(g, texts...)), plugs(pick(g, "%d", "[%d, 1%[2]d]", "outlet-%d"), nodes), at))
	}
	if g.one(8) {
		entries = append(entries, "disk: {agent: fence_sbd, options: {devices: /dev/disk/by-id/scsi-sbd}, targets: ["+strings.Join(names, ", ")+"]}")
	}
	return entries
}

// services has oned, and a web server under one of its names at most.
func (g *chance) services() []string {
	names := []string{pick(g, "httpd", "apache2")}
	for _, s := range one.Services {
		if s.Name != "oned" {
			names = append(names, s.Name)
		}
	}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return append([]string{"oned"}, names[:g.IntN(6)]...)
}

// domains moves the last services into failover domains of their own.
func (g *chance) domains(services, names []string) (left, domains []string) {
	for i := range 1 + g.IntN(2) {
		last := len(services) - 1 - g.IntN(2)
		if last < 1 {
			break
		}
		prefer := ""
		if g.one(2) {
			prefer = ", prefer: " + pick(g, names...)
		}
		domains = append(domains, fmt.Sprintf("%s: {vip: %s, services: [%s]%s}", pick(g, "web", "side", "D_", "a-b")+fmt.Sprint(i),
			pick(g, fmt.Sprintf("10.0.4.%d/24", 100+i), fmt.Sprintf("[10.0.4.%d/24, 'fd00:0:4::d%d/64']", 100+i, i)), strings.Join(services[last:], ", "), prefer))
		services = services[:last]
	}
	return services, domains
}

// vips are one to three.
func (g *chance) vips() string {
	var list []string
	for i := range pick(g, 1, 1, 1, 2, 3) {
		address := pick(g, fmt.Sprintf("10.0.4.%d/24", 2+i), fmt.Sprintf("'fd00:0:4::%d/64'", 2+i), fmt.Sprintf("192.0.2.%d/32", 1+i))
		switch g.IntN(4) {
		case 0:
			address = fmt.Sprintf("{address: %s, nic: %s}", address, pick(g, "bond0", "eth0.12", "br-public"))
		case 1:
			address = fmt.Sprintf("{address: %s, name: %s}", address, pick(g, "public", "VIP_", "a")+fmt.Sprint(i))
		}
		list = append(list, address)
	}
	if len(list) == 1 {
		return list[0]
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// properties are such that every release that is tried here knows them.
func (g *chance) properties(line func(string, ...any)) {
	all := []string{
		"cluster-recheck-interval: 5min", "stonith-max-attempts: 5", "priority-fencing-delay: 15s", "stonith-action: 'off'", "stonith-timeout: 300s",
		"node-health-strategy: migrate-on-red", "placement-strategy: balanced", "dc-deadtime: 1min", "cluster-ipc-limit: 1000", "shutdown-lock: true",
		"no-quorum-policy: freeze", "batch-limit: 20", "stop-orphan-resources: false", "maintenance-mode: true", "cluster-delay: 90s",
	}
	if !g.one(3) {
		return
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	chosen := all[:1+g.IntN(4)]
	slices.Sort(chosen)
	line("properties: {%s}", strings.Join(chosen, ", "))
}
