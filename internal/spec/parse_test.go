package spec

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneha/oneha/internal/diag"
)

// base is a description without a mistake; the tests change it line by line.
const base = `version: 1
cluster: c
nodes:
  a: {addr: 10.0.0.1, bmc: "ipmi://10.0.1.1"}
  b: {addr: 10.0.0.2, bmc: "ipmi://10.0.1.2"}
bmc: {username: u, password_file: /etc/oneha/bmc}
vip: 10.0.0.9/24
services: [flow, oned]
`

// with replaces one part of base.
func with(t *testing.T, old, new string) string {
	t.Helper()
	if strings.Count(base, old) != 1 {
		t.Fatalf("%q is not in base just once", old)
	}
	return strings.Replace(base, old, new, 1)
}

var addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
var prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func TestParse(t *testing.T) {
	device := func(node, ip string, delay time.Duration, more ...Option) FenceDevice {
		return FenceDevice{
			ID: "fence-" + node, Agent: "fence_bmc_ipmi", Target: node, Delay: delay,
			Options: append(append([]Option{{"ip", ip}}, more...), Option{"password_file", "/etc/oneha/bmc"}, Option{"username", "u"}),
		}
	}
	plain := Cluster{
		Name: "c", Layout: Staged, Agents: Ours, Token: 3 * time.Second, Services: []string{"oned", "flow"},
		Nodes: []Node{
			{"a", 1, []netip.Addr{netip.MustParseAddr("10.0.0.1")}},
			{"b", 2, []netip.Addr{netip.MustParseAddr("10.0.0.2")}},
		},
		Fencing: []FenceDevice{device("a", "10.0.1.1", 5*time.Second), device("b", "10.0.1.2", 0)},
		VIP:     VIP{ID: "vip", Address: netip.MustParsePrefix("10.0.0.9/24")},
		Files:   []FileRef{{"/etc/oneha/bmc", "f", 6, 35}},
	}
	for _, test := range []struct {
		name, text string
		change     func(*Cluster)
	}{
		{"as it is", base, func(*Cluster) {}},
		{"CRLF", strings.ReplaceAll(base, "\n", "\r\n"), func(*Cluster) {}},
		{"BOM", "\ufeff" + base, func(*Cluster) {}},
		{"no newline at the end", strings.TrimSpace(base), func(*Cluster) {}},
		{"document markers", "%YAML 1.2\n---\n" + base + "...\n", func(c *Cluster) { c.Files[0].Line += 2 }},
		{"tabs where they are harmless", strings.Replace(base, "cluster: c\n", "cluster:\tc\t# name\n", 1), func(*Cluster) {}},
		{"a line of tabs", base + "\t\t\n\t# end\n", func(*Cluster) {}},
		{"quotes", with(t, "cluster: c", `"cluster": 'c'`), func(*Cluster) {}},
		{"no services", with(t, "services: [flow, oned]\n", ""), func(c *Cluster) { c.Services = []string{"oned"} }},
		{"an iLO is asked over IPMI", strings.ReplaceAll(base, "ipmi://", "ilo5://"), func(*Cluster) {}},
		{"layout", base + "layout: group\n", func(c *Cluster) { c.Layout = Group }},
		{"prefer", base + "prefer: b\n", func(c *Cluster) {
			c.Prefer = "b"
			c.Fencing[0].Delay, c.Fencing[1].Delay = 0, 5*time.Second
		}},
		{"fence_delay", base + "fence_delay: 2s\n", func(c *Cluster) { c.Fencing[0].Delay = 2 * time.Second }},
		{"timing", base + "timing: fast\n", func(c *Cluster) { c.Token = time.Second }},
		{"token", base + "token: 2500ms\n", func(c *Cluster) { c.Token = 2500 * time.Millisecond }},
		{"vip with nic", with(t, "vip: 10.0.0.9/24", "vip: {nic: bond0.7, address: 192.0.2.9/32}"), func(c *Cluster) {
			c.VIP = VIP{"vip", netip.MustParsePrefix("192.0.2.9/32"), "bond0.7"}
		}},
		{"properties sorted, written as in the file", base + "properties: {stop-all-resources: no, batch-limit: 0x10}\n", func(c *Cluster) {
			c.Properties = []Option{{"batch-limit", "0x10"}, {"stop-all-resources", "no"}}
		}},
		{"fencing may be switched on", base + "properties: {stonith-enabled: Yes}\n", func(c *Cluster) {
			c.Properties = []Option{{"stonith-enabled", "Yes"}}
		}},
		{"port and options in the URL", with(t, "ipmi://10.0.1.2", "IPMI://10.0.1.2:0624/?cipher=3"), func(c *Cluster) {
			c.Fencing[1].Options = []Option{{"cipher", "3"}, {"ip", "10.0.1.2"}, {"ipport", "624"}, {"password_file", "/etc/oneha/bmc"}, {"username", "u"}}
		}},
		{"unquoted URL in a flow map", with(t, `"ipmi://10.0.1.2"`, "ipmi://BMC2.example.com.:624?cipher=17"), func(c *Cluster) {
			c.Fencing[1].Options = []Option{{"cipher", "17"}, {"ip", "bmc2.example.com"}, {"ipport", "624"}, {"password_file", "/etc/oneha/bmc"}, {"username", "u"}}
		}},
		{"how often Pacemaker calls the agent", with(t, `"ipmi://10.0.1.2"`, "{url: \"ipmi://10.0.1.2?pcmk_off_retries=3\", pcmk_reboot_retries: 1}"), func(c *Cluster) {
			c.Fencing[1].Options = append([]Option{}, c.Fencing[1].Options...)
			c.Fencing[1].Options = append(c.Fencing[1].Options, Option{"pcmk_off_retries", "3"}, Option{"pcmk_reboot_retries", "1"})
			sortOptions(c.Fencing[1].Options)
		}},
		{"a BMC with its own account", with(t, `"ipmi://10.0.1.2"`, "{url: ipmi://10.0.1.2, username: v, password_file: /b, power_wait: 0}"), func(c *Cluster) {
			c.Fencing[1].Options = []Option{{"ip", "10.0.1.2"}, {"password_file", "/b"}, {"power_wait", "0"}, {"username", "v"}}
			c.Files = append(c.Files, FileRef{"/b", "f", 5, 79})
		}},
		{"a BMC with a script for its password", with(t, `"ipmi://10.0.1.2"`, "{url: ipmi://10.0.1.2, password_script: /bin/pw 2}"), func(c *Cluster) {
			c.Fencing[1].Options = []Option{{"ip", "10.0.1.2"}, {"password_script", "/bin/pw 2"}, {"username", "u"}}
		}},
		{"Redfish", with(t, "ipmi://10.0.1.2", "redfish://10.0.1.2"), func(c *Cluster) { c.Fencing[1].Agent = "fence_bmc_redfish" }},
		{"Redfish as Metal3 writes it", with(t, "ipmi://10.0.1.2", "redfish+https://10.0.1.2:8443/redfish/v1/Systems/1/"), func(c *Cluster) {
			c.Fencing[1].Agent = "fence_bmc_redfish"
			c.Fencing[1].Options = []Option{{"ip", "10.0.1.2"}, {"ipport", "8443"}, {"password_file", "/etc/oneha/bmc"}, {"systems_uri", "/redfish/v1/Systems/1"}, {"username", "u"}}
		}},
		{"iLO 6", with(t, `"ipmi://10.0.1.2"`, "{url: ilo6://10.0.1.2, username: a-longer-name-than-ipmi, ssl_insecure: true, auth: session}"), func(c *Cluster) {
			c.Fencing[1].Agent = "fence_bmc_ilo"
			c.Fencing[1].Options = []Option{{"auth", "session"}, {"ip", "10.0.1.2"}, {"password_file", "/etc/oneha/bmc"}, {"ssl_insecure", "true"}, {"username", "a-longer-name-than-ipmi"}}
		}},
		{"shared options go to the BMCs that have them", strings.Replace(with(t, "ipmi://10.0.1.2", "redfish://10.0.1.2"), "bmc: {", "bmc: {ssl_ca_file: /ca, privlvl: operator, ", 1), func(c *Cluster) {
			c.Fencing[0].Options = []Option{{"ip", "10.0.1.1"}, {"password_file", "/etc/oneha/bmc"}, {"privlvl", "operator"}, {"username", "u"}}
			c.Fencing[1].Agent = "fence_bmc_redfish"
			c.Fencing[1].Options = []Option{{"ip", "10.0.1.2"}, {"password_file", "/etc/oneha/bmc"}, {"ssl_ca_file", "/ca"}, {"username", "u"}}
			c.Files[0].Column += 37
		}},
		{"two systems of one BMC", strings.NewReplacer("ipmi://10.0.1.1", "redfish://10.0.1.2/redfish/v1/Systems/1", "ipmi://10.0.1.2", "redfish://10.0.1.2/redfish/v1/Systems/2").Replace(base), func(c *Cluster) {
			for i := range c.Fencing {
				c.Fencing[i].Agent = "fence_bmc_redfish"
				c.Fencing[i].Options = []Option{{"ip", "10.0.1.2"}, {"password_file", "/etc/oneha/bmc"}, {"systems_uri", fmt.Sprintf("/redfish/v1/Systems/%d", i+1)}, {"username", "u"}}
			}
		}},
		{"two ports of one address", strings.ReplaceAll(base, `ipmi://10.0.1.1`, "ipmi://10.0.1.2:6231"), func(c *Cluster) {
			c.Fencing[0] = device("a", "10.0.1.2", 5*time.Second, Option{"ipport", "6231"})
		}},
		{"two links, IPv6 ones not quoted", strings.NewReplacer("addr: 10.0.0.1", "addr: [10.0.0.1, fd00::1]", "addr: 10.0.0.2", "addr: [10.0.0.2, fd00:0:0::2]").Replace(base), func(c *Cluster) {
			c.Nodes[0].Addrs = append(c.Nodes[0].Addrs, netip.MustParseAddr("fd00::1"))
			c.Nodes[1].Addrs = append(c.Nodes[1].Addrs, netip.MustParseAddr("fd00::2"))
			c.Files[0].Column = 35
		}},
		{"three nodes need no delay", with(t, "bmc: {", "  c: {addr: 10.0.0.3, bmc: ipmi://10.0.1.3}\nbmc: {"), func(c *Cluster) {
			c.Nodes = append(c.Nodes, Node{"c", 3, []netip.Addr{netip.MustParseAddr("10.0.0.3")}})
			c.Fencing = append(c.Fencing, device("c", "10.0.1.3", 0))
			c.Fencing[0].Delay = 0
			c.Files[0].Line = 7
		}},
		{"block style", strings.Replace(base, "services: [flow, oned]", "services:\n- flow\n- oned", 1), func(*Cluster) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, findings := Parse("f", []byte(test.text))
			if len(findings) > 0 {
				t.Fatalf("findings: %v", findings)
			}
			want := plain
			want.Nodes = append([]Node(nil), plain.Nodes...)
			want.Fencing = append([]FenceDevice(nil), plain.Fencing...)
			want.Files = append([]FileRef(nil), plain.Files...)
			test.change(&want)
			if diff := cmp.Diff(want, got, addresses, prefixes, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// findingTest is a text with the one finding that it gets: "LINE:COLUMN: words",
// after "warning: " if it is one.
type findingTest struct{ text, want string }

func TestFindings(t *testing.T) {
	checkFindings(t, []findingTest{
		// the file as a whole
		{"", "1:1: the file is empty"},
		{"# nothing\n\n", "1:1: the file is empty"},
		{"---\n", "1:1: the file is empty"},
		{"hello\n", "1:1: the file is a single value"},
		{"- a\n", "1:1: the file is a list"},
		{base + "---\n" + base, "10:1: a second document"},
		{with(t, "cluster: c", "cluster: \x00"), "2:10: control character U+0000"},
		{with(t, "cluster: c", "cluster: c\rlayout: group"), "2:11: control character U+000D"},
		{with(t, "cluster: c", "cluster: ü\xff"), "2:11: not UTF-8"},
		{"\xff\xfev\x00e\x00", "1:1: not UTF-8"},
		{base + strings.Repeat("# more\n", 10000), "1:1: larger than 64 KiB"},
		{base + "prefer: " + strings.Repeat("[", 10000), "9:41: nested more than 32 deep"},
		{base + "prefer: " + strings.Repeat("{a: ", 5000), "9:137: nested more than 32 deep"},
		{base + "prefer:\n  " + strings.Repeat("- ", 20000), "10:67: nested more than 32 deep"},
		{with(t, "nodes:\n", "nodes: &n\n"), "3:8: an anchor (&)"},
		{with(t, "bmc: {username: u", "bmc: {<<: *x, username: u"), "6:7: a merge key (<<)"},
		{with(t, "cluster: c", "cluster: !!str c"), "2:10: a tag (!)"},
		{with(t, "cluster: c", "? [cluster]\n: c"), "3:1: not YAML"},
		{with(t, "cluster: c", "cluster: a: b"), "2:10: not YAML"},

		{with(t, "cluster: c", `cluster: "c\u2028"`), "2:10: cluster holds a line break"},
		{with(t, "nodes:\n", "nodes:\n  '<<': {addr: 10.0.0.3, bmc: ipmi://10.0.1.3}\n"), `4:3: node name "<<" is no host name`},

		// keys
		{with(t, "version: 1\n", ""), "1:1: version is missing; add version: 1"},
		{with(t, "version: 1", "version: two"), `1:10: version "two"`},
		{with(t, "version: 1", "version:"), `1:1: version has no value`},
		{with(t, "version: 1", "version: [1]"), `1:10: version is a list`},
		{with(t, "cluster: c\n", ""), "1:1: cluster is missing"},
		{with(t, "cluster: c", "clutser: c"), `2:1: unknown key "clutser"; did you mean "cluster"?`},
		{with(t, "cluster: c", "name: c"), `2:1: unknown key "name"; it is called "cluster" here`},
		{base + "banana: 1\n", `9:1: unknown key "banana"; known here: version, mode, cluster,`},
		{with(t, "bmc: {username: u, ", "username: u\nbmc: {"), `6:1: unknown key "username"; it belongs under bmc`},
		{base + "addr: 10.0.0.3\n", `9:1: unknown key "addr"; it belongs under a node's name`},
		{base + "layout:\n", "9:1: layout has no value"},
		{base + "layout: ~\n", "9:1: layout has no value"},
		{base + "layout: ''\n", "9:9: layout is empty"},
		{base + "layout: [staged]\n", "9:9: layout is a list"},
		{base + "layout: |\n  staged\n", "9:9: layout holds a line break"},
		{base + "nodes: {}\n", `9:1: "nodes" is given twice, first in line 3`},
		{with(t, "cluster: c", "cluster: my cluster"), `2:10: cluster name "my cluster"`},
		{with(t, "cluster: c", "cluster: "+strings.Repeat("c", 33)), `2:10: cluster name`},

		// nodes
		{with(t, "  a: {addr: 10.0.0.1, bmc: \"ipmi://10.0.1.1\"}\n  b: {addr: 10.0.0.2, bmc: \"ipmi://10.0.1.2\"}\n", "  {}\n"), "4:3: nodes is empty"},
		{with(t, "nodes:\n", "nodes: []\nx: 1\n"), "not YAML"},
		{base + "prefer: C\n", `9:9: prefer names "C", which is no node`},
		{with(t, "  b:", "  A:"), `5:3: node "A" and node "a" differ only in case`},
		{with(t, "  b:", "  10.0.0.2:"), `5:3: node name "10.0.0.2" is no host name`},
		{with(t, "  b:", "  b-:"), `5:3: node name "b-" is no host name`},
		{with(t, "  b:", "  "+strings.Repeat("b", 65)+":"), `5:3: node name`},
		{with(t, `{addr: 10.0.0.2, bmc: "ipmi://10.0.1.2"}`, "10.0.0.2"), "5:6: node b is a single value; write {addr: ADDRESS, bmc: URL}"},
		{with(t, `{addr: 10.0.0.2, bmc: "ipmi://10.0.1.2"}`, ""), "5:3: node b has no value"},
		{with(t, `addr: 10.0.0.2, `, ""), "5:6: addr of node b is missing"},
		{with(t, `10.0.0.2`, "node2"), `5:13: addr of node b is "node2", which is not an IP address`},
		{with(t, `10.0.0.2`, "10.0.0.2/24"), `5:13: not an IP address; give the address without a prefix length: 10.0.0.2`},
		{with(t, `10.0.0.2`, "127.0.0.1"), `5:13: a loopback address`},
		{with(t, `10.0.0.2`, "0.0.0.0"), `5:13: the unspecified address`},
		{with(t, `10.0.0.2`, "224.0.0.1"), `5:13: a multicast address`},
		{with(t, `10.0.0.2`, "fe80::1"), `5:13: a link-local address`},
		{with(t, `10.0.0.2`, "fd00::1%eth0"), `5:13: an address with a zone`},
		{with(t, `10.0.0.2`, "fd00::1"), `5:13: link 0 is 10.0.0.1 on node a and fd00::1 on node b`},
		{with(t, `10.0.0.2`, `"::ffff:10.0.0.1"`), `5:13: addr 10.0.0.1 of node b is also given for node a`},
		{with(t, `10.0.0.2`, "[10.0.0.2, 10.0.0.2]"), `5:24: addr 10.0.0.2 of node b is also given for node b`},
		{with(t, `10.0.0.2`, "[]"), `5:13: addr of node b is an empty list`},
		{with(t, `10.0.0.2`, "{ip: 1}"), `5:13: addr of node b is a map`},
		{with(t, `10.0.0.2`, "[10.0.0.2, ~]"), `5:24: addr of node b is empty`},
		{with(t, `10.0.0.2`, "[1,2,3,4,5,6,7,8,9]"), `5:13: addr of node b lists 9 links`},

		// BMCs
		{with(t, `, bmc: "ipmi://10.0.1.2"`, ""), "5:6: bmc of node b is missing"},
		{with(t, `"ipmi://10.0.1.2"`, "10.0.1.2"), "5:28: bmc of node b has no scheme"},
		{with(t, `ipmi://10.0.1.2`, "impi://10.0.1.2"), `5:28: bmc of node b has the unknown scheme "impi"`},
		{with(t, `ipmi://10.0.1.2`, "idrac://10.0.1.2"), `5:28: bmc of node b has the unknown scheme "idrac"; use one of ipmi, ilo3, ilo4, ilo5, ilo6, ilo_ssh, ilossh, redfish, redfish+https; most`},
		{with(t, `ipmi://10.0.1.2`, "redfish://10.0.1.2?cipher=3"), `5:28: option cipher of bmc of node b is nothing for the scheme redfish; remove it; it is for ipmi, ilo3, ilo4, ilo5`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?ssl_insecure=1"), `5:28: option ssl_insecure of bmc of node b is nothing for the scheme ipmi; remove it; it is for ilo6, redfish, redfish+https`},
		{with(t, `bmc: {username: u`, "bmc: {auth: session, username: u"), `6:13: option auth of bmc is nothing for the scheme of any node's bmc; remove it`},
		{with(t, `username: u,`, "username: seventeen-letters,"), `6:17: username of bmc is "seventeen-letters"; give at most 16 bytes`},
		{with(t, `ipmi://10.0.1.2`, "redfish://10.0.1.2//x"), `5:28: systems_uri of bmc of node b is "//x"; give the path of a system`},
		{with(t, `ipmi://10.0.1.2`, "redfish://10.0.1.2/redfish/v1/Systems/1?systems_uri=/redfish/v1/Systems/1"), `5:28: option systems_uri of bmc of node b is given twice`},
		{with(t, `ipmi://10.0.1.2`, "redfish+http://10.0.1.2"), `unknown scheme "redfish+http"`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://fd00::2"), `5:28: an IPv6 address without brackets; write ipmi://[fd00::2]`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://"), `5:28: the host ""`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.256"), `5:28: the host "10.0.1.256"`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2:0"), `5:28: the port "0"`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2:65536"), `5:28: the port "65536"`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2:"), `5:28: the port ""`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2/x"), `5:28: not of the known form`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?cipher=1"), `5:28: cipher of bmc of node b is "1"; give 3 or 7`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?cypher=3"), `5:28: unknown key "cypher" in bmc of node b; did you mean "cipher"?`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?cipher=3&cipher=17"), `5:28: option cipher of bmc of node b is given twice`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?password=hidden"), `5:28: a password does not belong`},
		{with(t, `ipmi://10.0.1.2`, "ipmi://u:hidden@10.0.1.2"), `5:28: a password does not belong`},
		{with(t, `ipmi://10.0.1.2`, "http//u:hidden@10.0.1.2"), `5:28: has no scheme`},
		{with(t, `"ipmi://10.0.1.2"`, "{username: u}"), "5:28: url of bmc of node b is missing"},
		{with(t, `"ipmi://10.0.1.2"`, "{ip: ipmi://10.0.1.2}"), `5:29: unknown key "ip" in bmc of node b; it is called "url" here`},
		{with(t, `"ipmi://10.0.1.2"`, "{url: ipmi://10.0.1.2?cipher=3, cipher: 3}"), "5:34: option cipher of bmc of node b is given twice"},
		{with(t, `ipmi://10.0.1.2`, "ipmi://[::ffff:10.0.1.1]"), "5:28: nodes a and b share the BMC 10.0.1.1: whichever"},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.1.1:623"), "5:28: nodes a and b share the BMC 10.0.1.1: whichever"},
		{strings.NewReplacer("10.0.1.1", "bmc.Example.com", "10.0.1.2", "BMC.example.com.").Replace(base), "5:28: nodes a and b share the BMC bmc.example.com: whichever"},
		{strings.NewReplacer("10.0.1.1", "[fd00::1]", "10.0.1.2", "[FD00:0:0::0001]").Replace(base), "5:28: nodes a and b share the BMC fd00::1: whichever"},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.0.9"), "5:28: bmc of node b is 10.0.0.9, the address of the VIP"},
		{with(t, `ipmi://10.0.1.2`, "ipmi://10.0.0.1"), "5:28: bmc of node b is 10.0.0.1, the address of node a"},
		{with(t, `ipmi://10.0.1.2`, "ipmi://A"), "5:28: bmc of node b is a, the address of node a"},
		{with(t, "bmc: {username: u, password_file: /etc/oneha/bmc}\n", ""), "4:28: no username and no password_file for the BMCs of nodes a and b; add bmc:"},
		{with(t, "bmc: {username: u, password_file: /etc/oneha/bmc}", "bmc: ipmi://10.0.1.3"), "6:6: bmc is a single value"},
		{with(t, "bmc: {username: u, password_file: /etc/oneha/bmc}", "bmc:"), "6:1: bmc has no value"},
		{with(t, "bmc: {username: u, password_file: /etc/oneha/bmc}", "bmc: {}"), "6:6: no username and no password_file"},
		{with(t, "username: u, ", ""), "6:6: no username for the BMCs of nodes a and b; add username: NAME"},
		{with(t, "username: u", "login: u"), `6:7: unknown key "login" in bmc; it is called "username" here`},
		{with(t, "username: u", "banana: u"), `6:7: unknown key "banana" in bmc`},
		{with(t, "username: u", "username: "+strings.Repeat("u", 17)), `6:17: username of bmc is`},
		{with(t, "password_file: /etc/oneha/bmc", "passwd: hidden"), "6:20: a password does not belong"},
		{with(t, "password_file: /etc/oneha/bmc", "Password: hidden"), "6:20: a password does not belong"},
		{with(t, "password_file: /etc/oneha/bmc", "hexadecimal_kg: hidden, password_file: /etc/oneha/bmc"), "6:20: a password does not belong"},
		{with(t, "password_file: /etc/oneha/bmc", "password_file: bmc"), `6:35: password_file of bmc is not a path; give an absolute path`},
		{with(t, "password_file: /etc/oneha/bmc", "password_file: hidden"), "6:35: password_file of bmc is not a path"},
		{with(t, "password_file: /etc/oneha/bmc", "password_file: /b, password_script: /s"), `6:56: both password_file and password_script`},
		{with(t, "username: u", "username: u, privlvl: user"), `6:29: privlvl of bmc is "user"; give operator or administrator`},
		{with(t, "username: u", "username: u, pcmk_off_retries: 0"), `6:38: pcmk_off_retries of bmc is "0"; give a number from 1 to 10`},
		{with(t, "username: u", "username: u, pcmk_delay_max: 9"), `6:20: unknown key "pcmk_delay_max" in bmc`},
		{with(t, "username: u", "username: u, power_wait: 1.5"), `6:32: power_wait of bmc is "1.5"; give a number from 0 to 600`},
		{with(t, "cluster: c", "cluster: c\npassword: hidden"), "3:1: a password does not belong"},

		// floating IP
		{with(t, "vip: 10.0.0.9/24\n", ""), "1:1: vip is missing"},
		{with(t, "10.0.0.9/24", "fd00::9"), "7:6: vip fd00::9 has no prefix length; write that of its network, for example fd00::9/64"},
		{with(t, "10.0.0.9/24", "10.0.0.9/33"), `7:6: vip "10.0.0.9/33" is not an address with its prefix length`},
		{with(t, "10.0.0.9/24", "10.0.0.255/24"), `7:6: the broadcast address of its network`},
		{with(t, "10.0.0.9/24", "10.0.0.2/24"), `7:6: vip 10.0.0.2 is the address of node b`},
		{with(t, "10.0.0.9/24", "fe80::9/64"), `7:6: vip fe80::9/64 is a link-local address`},
		{with(t, "10.0.0.9/24", "[]"), `7:6: vip is an empty list`},
		{with(t, "10.0.0.9/24", "[10.0.0.9/24, [10.0.0.8/24]]"), `7:20: vip is a list`},
		{with(t, "10.0.0.9/24", "[10.0.0.9/24, 10.0.0.9/25]"), `7:20: vip 10.0.0.9 is given twice, first in line 7`},
		{with(t, "10.0.0.9/24", "[10.0.0.9/24, 10.0.0.1/24]"), `7:20: vip 10.0.0.1 is the address of node a`},
		{with(t, "10.0.0.9/24", "[10.0.0.9/24, {address: fd00::9/64, name: vip, nic: eth0}]"), `7:48: a VIP has the name "vip", which is that of a VIP`},
		{with(t, "10.0.0.9/24", "{address: 10.0.0.9/24, name: gate}"), `7:35: a VIP has the name "gate", which is that of a service`},
		{with(t, "10.0.0.9/24", "{address: 10.0.0.9/24, name: fence-a}"), `7:35: a VIP has the name "fence-a", which is that of something generated`},
		{with(t, "10.0.0.9/24", "{address: 10.0.0.9/24, name: 1st}"), `7:35: name of vip is "1st"; use letters`},
		{with(t, "10.0.0.9/24", "{ip: 10.0.0.9/24}"), `7:7: unknown key "ip" in vip; it is called "address" here`},
		{with(t, "10.0.0.9/24", "{banana: 10.0.0.9/24}"), `7:7: unknown key "banana" in vip; known here: address, nic, name`},
		{with(t, "10.0.0.9/24", "{nic: eth0}"), `7:6: address of vip is missing`},
		{with(t, "10.0.0.9/24", "{address: 10.0.0.9/24, nic: eth0/1}"), `7:34: nic "eth0/1" is no interface name`},
		{with(t, "10.0.0.9/24", "10.0.0.9/30"), `warning: 7:6: no addr of node a is in the VIP's network 10.0.0.8/30`},

		// the rest
		{with(t, "[flow, oned]", "[flow, oned, flow]"), `8:24: service "flow" is listed twice`},
		{with(t, "[flow, oned]", "[flow, one]"), `8:18: unknown service "one"; did you mean "oned"?`},
		{with(t, "[flow, oned]", "[flow, [oned]]"), `8:18: a service is a list`},
		{with(t, "[flow, oned]", "[]"), `8:11: services is an empty list`},
		{base + "timing: fast\ntoken: 2s\n", "10:8: both timing and token are given"},
		{base + "token: 3000\n", "9:8: token 3000 has no unit; write 3000s or 3000ms"},
		{base + "token: 1h\n", "9:8: token 1h0m0s is out of range; give 500ms to 1m0s"},
		{base + "token: 1.5.5s\n", `9:8: token "1.5.5s" is not a duration`},
		{base + "fence_delay: 1500ms\n", "9:14: fence_delay 1.5s is no multiple of 1s"},
		{base + "fence_delay: -1s\n", "9:14: out of range"},
		{base + "fence_delay: 0s\n", "9:14: fence_delay 0 lets two nodes shoot each other"},
		{base + "fence_delay: 0\n", "9:14: fence_delay 0 lets two nodes shoot each other"},
		{base + "properties: [a]\n", "9:13: properties is a list"},
		{base + "properties: {stonith-enabled: flase}\n", "9:14: property stonith-enabled: flase is refused"},
		{base + "properties: {startup-fencing: off}\n", "9:14: property startup-fencing: off is refused"},
		{base + "properties: {No-Quorum-Policy: ignore}\n", "warning: 9:14: property No-Quorum-Policy is not known"},
		{base + "properties: {no-quorum-policy: IGNORE}\n", "9:14: is refused"},
		{base + "properties: {stonith-watchdog-timeout: 10s}\n", "9:14: is refused"},
		{base + "properties: {cluster-name: x}\n", "9:14: property cluster-name: x is refused"},
		{base + "properties: {'a b': x}\n", `9:14: "a b" is no name of a property`},
		{base + "properties: {batch-limit: [1]}\n", "9:27: property batch-limit is a list"},
		{base + "properties: {batch-limit: }\n", "9:14: property batch-limit is empty"},
	})
}

// checkFindings: each mistake gets one finding, at its place, with these words in it.
func checkFindings(t *testing.T, tests []findingTest) {
	t.Helper()
	const warning = "warning: "
	for _, test := range tests {
		_, findings := Parse("f", []byte(test.text))
		want, severity := test.want, diag.Error
		if w, ok := strings.CutPrefix(want, warning); ok {
			want, severity = w, diag.Warning
		}
		at, words, hasPlace := strings.Cut(want, ": ")
		if !hasPlace || !strings.Contains("123456789", at[:1]) {
			at, words = "", want
		}
		if len(findings) != 1 {
			t.Errorf("want one finding with %q, got %d in\n%s\n%s", test.want, len(findings), clipped(test.text), lines(findings))
			continue
		}
		f := findings[0]
		if place := fmt.Sprintf("%d:%d", f.Line, f.Column); at != "" && place != at || f.Severity != severity || !strings.Contains(f.What+"; "+f.Fix, words) {
			t.Errorf("got  %s\nwant %s %s", f, severity, want)
		}
		if strings.Contains(f.String(), "hidden") {
			t.Errorf("a password is shown: %s", f)
		}
		if f.Fix == "" || strings.Contains(f.String(), "\n") {
			t.Errorf("no fix, or more than one line: %q", f)
		}
	}
}

// Mistakes that have nothing to do with each other are all reported, in the
// order of the file.
func TestFindingsAreComplete(t *testing.T) {
	_, findings := Parse("f", []byte(`version: 1
cluster: my cluster
nodes:
  a: {addr: 10.0.0.300, bmc: "ipmi://10.0.1.1"}
  b: {addr: 10.0.0.2, bmc: "ipmi://10.0.1.1"}
bmc: {username: u, pasword_file: /etc/oneha/bmc}
vip: 10.0.0.2/24
services: [oned, flwo]
prefer: c
token: 3
`))
	var places []string
	for _, f := range findings {
		places = append(places, fmt.Sprintf("%d:%d", f.Line, f.Column))
	}
	want := []string{"2:10", "4:13", "5:28", "6:20", "7:6", "8:18", "9:9", "10:8"}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, lines(findings))
	}
}

func lines(fs diag.Findings) string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func clipped(s string) string { return s[:min(len(s), 600)] }
