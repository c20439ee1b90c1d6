package spec

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// bare is base without the nodes' BMCs.
var bare = strings.NewReplacer(`, bmc: "ipmi://10.0.1.1"`, "", `, bmc: "ipmi://10.0.1.2"`, "").Replace(base)

// What goes beyond two nodes with a BMC each, part by part.
func TestParseLayouts(t *testing.T) {
	account := []Option{{"password_file", "/etc/oneha/bmc"}, {"username", "u"}}
	ip := func(s string, more ...Option) []Option {
		return append(append([]Option{{"ip", s}}, more...), account...)
	}
	level := func(node string, index int, devices ...string) FenceLevel { return FenceLevel{node, index, devices} }
	for _, test := range []struct {
		name, text string
		part       func(Cluster) any
		want       any
	}{
		{"a second level", base + "fencing:\n  pdu: {agent: fence_pdu, options: {ip: 10.0.2.1, pcmk_off_timeout: 90}, plugs: {b: 2, a: [1, 3]}}\n",
			func(c Cluster) any { return []any{c.Levels, c.Fencing[2], c.Fencing[0].Delay} },
			[]any{
				[]FenceLevel{level("a", 1, "fence-a"), level("a", 2, "fence-pdu"), level("b", 1, "fence-b"), level("b", 2, "fence-pdu")},
				FenceDevice{ID: "fence-pdu", Agent: "fence_pdu", Plugs: []Plug{{"a", "1,3"}, {"b", "2"}}, Options: []Option{{"ip", "10.0.2.1"}, {"pcmk_off_timeout", "90"}}},
				5 * time.Second,
			}},
		{"two supplies are one level, and levels close up", base + "fencing:\n  l: {agent: fence_pdu, options: {ip: 10.0.2.1}, plugs: {a: 1}, level: 3}\n  r: {agent: fence_pdu, options: {ip: 10.0.2.2}, plugs: {a: 1}, level: 3}\n  s: {agent: fence_sbd, targets: [b, a]}\n",
			func(c Cluster) any { return c.Levels },
			[]FenceLevel{level("a", 1, "fence-a"), level("a", 2, "fence-l", "fence-r"), level("a", 3, "fence-s"), level("b", 1, "fence-b"), level("b", 2, "fence-s")}},
		{"a level beside the BMC", base + "fencing:\n  p: {agent: fence_pdu, plugs: {b: 1}, level: 1}\n",
			func(c Cluster) any { return c.Levels }, []FenceLevel{level("b", 1, "fence-b", "fence-p")}},
		{"one node, no plug", base + "fencing:\n  s: {agent: fence_sbd, targets: b}\n",
			func(c Cluster) any { return c.Fencing[2] }, FenceDevice{ID: "fence-s", Agent: "fence_sbd", Target: "b"}},
		{"no BMC where an entry covers the node", bare + "fencing:\n  x: {url: ipmi://10.0.1.1, targets: [a], power_wait: 3}\n  y: {url: ipmi://10.0.1.2, username: v, password_file: /f, targets: [b]}\nprefer: b\n",
			func(c Cluster) any { return []any{c.Fencing, c.Levels} },
			[]any{[]FenceDevice{
				{ID: "fence-x", Agent: agentIPMI, Target: "a", Options: []Option{{"ip", "10.0.1.1"}, {"password_file", "/etc/oneha/bmc"}, {"power_wait", "3"}, {"username", "u"}}},
				{ID: "fence-y", Agent: agentIPMI, Target: "b", Delay: 5 * time.Second, Options: []Option{{"ip", "10.0.1.2"}, {"password_file", "/f"}, {"username", "v"}}},
			}, []FenceLevel(nil)}},
		{"a chassis with plugs", bare + "fencing:\n  c: {url: redfish://10.0.1.1, plugs: {a: Blade1, b: Blade2}}\n",
			func(c Cluster) any { return c.Fencing },
			[]FenceDevice{{ID: "fence-c", Agent: agentRedfish, Plugs: []Plug{{"a", "Blade1"}, {"b", "Blade2"}}, Delay: 5 * time.Second, Options: ip("10.0.1.1")}}},
		{"the delay is that of the first level", strings.Replace(base, `, bmc: "ipmi://10.0.1.1"`, "", 1) + "fencing:\n  p: {agent: fence_pdu, plugs: {a: 1, b: 2}, level: 2}\n  q: {url: ipmi://10.0.1.3, targets: [a], level: 1}\n",
			func(c Cluster) any {
				return []time.Duration{c.Fencing[0].Delay, c.Fencing[1].Delay, c.Fencing[2].Delay}
			},
			[]time.Duration{0, 0, 5 * time.Second}},
		{"a plug that is an address", base + "fencing:\n  p: {agent: fence_ipmilan, options: {port_as_ip: 1, username: x, password_script: cat /f}, plugs: {a: 10.0.1.8, b: 10.0.1.9}}\n",
			func(c Cluster) any { return c.Fencing[2].Plugs }, []Plug{{"a", "10.0.1.8"}, {"b", "10.0.1.9"}}},
		{"a secret that cibsecret keeps", base + "fencing:\n  p: {agent: fence_pdu, options: {passwd: 'lrm://'}, targets: [a]}\n",
			func(c Cluster) any { return c.Fencing[2].Options }, []Option{{"passwd", "lrm://"}}},

		{"SSH", strings.Replace(base, `"ipmi://10.0.1.1"`, `{url: "ilo_ssh://10.0.1.1:2222", identity_file: /k, known_hosts: /h, username: a-name-longer-than-ipmi}`, 1),
			func(c Cluster) any { return c.Fencing[0] },
			FenceDevice{ID: "fence-a", Agent: agentILOSSH, Target: "a", Delay: 5 * time.Second, Options: []Option{{"identity_file", "/k"}, {"ip", "10.0.1.1"}, {"ipport", "2222"}, {"known_hosts", "/h"}, {"username", "a-name-longer-than-ipmi"}}}},

		{"stock IPMI", base + "agents: stock\n", func(c Cluster) any { return []any{c.Agents, c.Fencing[0].Agent, c.Fencing[0].Options} },
			[]any{Stock, "fence_ipmilan", []Option{{"ip", "10.0.1.1"}, {"lanplus", "1"}, {"password_script", "cat /etc/oneha/bmc"}, {"username", "u"}}}},
		{"stock iLO", strings.Replace(base, "ipmi://10.0.1.1", "ilo4://10.0.1.1?cipher=3", 1) + "agents: stock\n", func(c Cluster) any { return []any{c.Fencing[0].Agent, c.Fencing[0].Options[0]} },
			[]any{"fence_ilo4", Option{"cipher", "3"}}},
		{"stock iLO 6", strings.Replace(base, `"ipmi://10.0.1.1"`, "{url: ilo6://10.0.1.1, ssl_insecure: true, auth: basic, password_script: /bin/pw 1}", 1) + "agents: stock\n",
			func(c Cluster) any { return []any{c.Fencing[0].Agent, c.Fencing[0].Options} },
			[]any{"fence_redfish", []Option{{"ip", "10.0.1.1"}, {"password_script", "/bin/pw 1"}, {"ssl_insecure", "1"}, {"systems_uri", "/redfish/v1/Systems/1"}, {"username", "u"}}}},
		// To fence_redfish a flag that is there is set, whatever its value.
		{"stock Redfish", strings.Replace(base, `"ipmi://10.0.1.1"`, "{url: redfish://10.0.1.1, ssl_insecure: false, password_file: \"/a b's\"}", 1) + "agents: stock\n",
			func(c Cluster) any { return []any{c.Fencing[0].Agent, c.Fencing[0].Options} },
			[]any{"fence_redfish", []Option{{"ip", "10.0.1.1"}, {"password_script", `cat '/a b'\''s'`}, {"username", "u"}}}},
		{"stock SSH", strings.Replace(base, `"ipmi://10.0.1.1"`, "{url: ilossh://10.0.1.1, known_hosts: /h}", 1) + "agents: stock\n",
			func(c Cluster) any { return []any{c.Fencing[0].Agent, c.Fencing[0].Options} },
			[]any{"fence_ilo_ssh", []Option{{"ip", "10.0.1.1"}, {"password_script", "cat /etc/oneha/bmc"}, {"ssh", "1"}, {"ssh_options", "-o UserKnownHostsFile=/h -o StrictHostKeyChecking=yes"}, {"username", "u"}}}},

		{"several VIPs", strings.Replace(base, "vip: 10.0.0.9/24", "vip: [10.0.0.9/24, {address: 'fd00::9/64', nic: eth0, name: six}, {address: 192.0.2.1/32, nic: lo}]", 1),
			func(c Cluster) any { return []any{c.VIP, c.MoreVIPs} },
			[]any{VIP{"vip", netip.MustParsePrefix("10.0.0.9/24"), ""}, []VIP{{"six", netip.MustParsePrefix("fd00::9/64"), "eth0"}, {"vip-3", netip.MustParsePrefix("192.0.2.1/32"), "lo"}}}},
		{"a domain", base + "domains:\n  web: {vip: [10.0.0.8/24, 10.0.0.7/24], services: [novnc, sunstone], prefer: b}\n", func(c Cluster) any { return c.Domains },
			[]Domain{{"web", []VIP{{"web-vip", netip.MustParsePrefix("10.0.0.8/24"), ""}, {"web-vip-2", netip.MustParsePrefix("10.0.0.7/24"), ""}}, []string{"novnc", "sunstone"}, "b"}}},
		{"a domain does not change who is protected", base + "domains:\n  web: {vip: 10.0.0.8/24, services: [gate], prefer: b}\n",
			func(c Cluster) any { return []any{c.Protected(), c.Fencing[0].Delay} }, []any{"a", 5 * time.Second}},
		{"Apache", strings.Replace(base, "[flow, oned]", "[oned, apache2]", 1), func(c Cluster) any { return c.Services }, []string{"oned", "apache2"}},

		{"a quorum device needs no delay", base + "qdevice: Witness.Example.com\n", func(c Cluster) any { return []any{c.QDevice, c.Fencing[0].Delay} },
			[]any{QDevice{"witness.example.com", "ffsplit", ""}, time.Duration(0)}},
		{"and takes one", base + "qdevice: {host: fd00::7, algorithm: lms, tls: off}\nfence_delay: 2s\n", func(c Cluster) any { return []any{c.QDevice, c.Fencing[0].Delay} },
			[]any{QDevice{"fd00::7", "lms", "off"}, 2 * time.Second}},

		{"raw", base + "raw:\n  xml: |\n    <tags/>\n  corosync: \"totem {\\n x: 1\\n}\"\n", func(c Cluster) any { return c.Raw },
			Raw{XML: "<tags/>\n", Corosync: "totem {\n x: 1\n}\n", At: FileRef{"", "f", 10, 3}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, findings := Parse("f", []byte(test.text))
			if len(findings) > 0 {
				t.Fatalf("findings: %v", findings)
			}
			if diff := cmp.Diff(test.want, test.part(c), addresses, prefixes, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkInvariants(t, c)
		})
	}
}

func TestFindingsOfLayouts(t *testing.T) {
	fencing := func(entry string) string { return base + "fencing:\n  x: " + entry + "\n" }
	stock := func(url string) string {
		return strings.Replace(base, `"ipmi://10.0.1.2"`, url, 1) + "agents: stock\n"
	}
	domain := func(d string) string { return base + "domains:\n  web: " + d + "\n" }
	raw := func(lines ...string) string { return base + "raw:\n" + strings.Join(lines, "\n") + "\n" }
	checkFindings(t, []findingTest{
		// fencing
		{base + "fencing: [a]\n", "9:10: fencing is a list; write NAME: {url: URL"},
		{base + "fencing: {1x: {url: ipmi://10.0.1.3, targets: [a]}}\n", `9:11: name "1x" in fencing`},
		{base + "fencing: {a: {url: ipmi://10.0.1.3, targets: [a]}}\n", `9:11: fencing a has the name of a node`},
		{fencing(""), "10:3: fencing x has no value"},
		{fencing("ipmi://10.0.1.3"), "10:6: fencing x is a single value"},
		{fencing("{targets: [a]}"), "10:6: fencing x has neither url nor agent"},
		{fencing("{url: ipmi://10.0.1.3}"), "10:6: fencing x has neither targets nor plugs"},
		{fencing("{url: ipmi://10.0.1.3, agent: fence_pdu, targets: [a]}"), "10:36: both url and agent of fencing x are given"},
		{fencing("{url: ipmi://10.0.1.3, targets: [a], plugs: {a: 1}}"), "10:50: both targets and plugs of fencing x are given"},
		{fencing("{url: ipmi://10.0.1.3, options: {x: 1}, targets: [a]}"), "10:38: options of fencing x are for an agent"},
		{fencing("{agent: fence_pdu, username: u, targets: [a]}"), "10:35: username of fencing x is for a device that url names"},
		{fencing("{agent: fence_bmc_redfish, targets: [a]}"), "10:14: agent of fencing x is fence_bmc_redfish, which a url stands for; write url: redfish://HOST"},
		{fencing("{agent: external/ipmi, targets: [a]}"), `10:14: agent of fencing x is "external/ipmi"`},
		{fencing("{agent: fence_pdu, targets: [c]}"), `10:35: fencing x names "c", which is no node`},
		{fencing("{agent: fence_pdu, targets: [a, a]}"), `10:38: fencing x names node a twice`},
		{fencing("{agent: fence_pdu, targets: []}"), `10:34: targets of fencing x is an empty list`},
		{fencing("{agent: fence_pdu, plugs: {}}"), `10:32: plugs of fencing x is empty`},
		{fencing("{agent: fence_pdu, plugs: [a]}"), `10:32: plugs of fencing x is a list`},
		{fencing("{agent: fence_pdu, plugs: {a: 'x;y'}}"), `10:36: plug of node a in fencing x is "x;y"`},
		{fencing("{agent: fence_pdu, plugs: {a: }}"), `10:33: plug of node a in fencing x is empty`},
		{fencing("{agent: fence_pdu, targets: [a], level: 10}"), `10:46: level of fencing x is "10"; give a number from 1 to 9`},
		{fencing("{agent: fence_pdu, targets: [a], level: first}"), `10:46: level of fencing x is "first"`},
		{fencing("{agent: fence_pdu, target: [a]}"), `10:25: unknown key "target" in fencing x; it is called "targets" here`},
		{fencing("{agent: fence_pdu, targets: [a], password: hidden}"), `10:39: a password does not belong`},
		{fencing("{agent: fence_pdu, targets: [a], options: {passwd: hidden}}"), `10:49: option passwd of fencing x would show a secret`},
		{fencing("{agent: fence_pdu, targets: [a], options: {snmp_priv_passwd: hidden}}"), `10:49: option snmp_priv_passwd of fencing x would show a secret`},
		{fencing("{agent: fence_pdu, targets: [a], options: {api-token: hidden}}"), `10:49: option api-token of fencing x would show a secret`},
		{fencing("{agent: fence_pdu, targets: [a], options: {community: public}}"), "warning: 10:49: option community of fencing x lets everybody"},
		{fencing("{agent: fence_pdu, targets: [a], options: {action: reboot}}"), `10:49: option action of fencing x is refused`},
		{fencing("{agent: fence_pdu, targets: [a], options: {delay: 15}}"), `10:49: option delay of fencing x is refused: it delays every fencing`},
		{fencing("{agent: fence_pdu, targets: [a], options: {pcmk_host_list: a}}"), `10:49: option pcmk_host_list of fencing x is refused`},
		{fencing("{agent: fence_pdu, targets: [a], options: {pcmk_delay_max: 9}}"), `10:49: option pcmk_delay_max of fencing x is refused: a random delay`},
		{fencing("{agent: fence_pdu, targets: [a], options: {'a b': 9}}"), `10:49: "a b" is no name of an option`},
		{fencing("{agent: fence_pdu, targets: [a], options: [ip]}"), `10:48: options of fencing x is a list`},
		{fencing("{agent: fence_pdu, targets: [a], options: {ip: }}"), `10:49: option ip of fencing x is empty`},
		{fencing("{url: ipmi://10.0.1.3, targets: [a, b]}"), "10:12: nodes a and b share the BMC 10.0.1.3: whichever is targeted"},
		{fencing("{agent: fence_ipmilan, options: {ip: 10.0.1.3}, targets: [a, b]}"), "10:14: nodes a and b share the BMC 10.0.1.3: whichever is targeted"},
		{fencing("{url: ipmi://10.0.1.3, plugs: {a: 1, b: 2}}"), "10:36: plugs of fencing x: ipmi switches one machine"},
		{fencing("{url: ilo6://10.0.1.3, plugs: {a: 1}}"), "10:36: plugs of fencing x: ilo6 switches one machine"},
		{fencing("{agent: fence_ilo5, plugs: {a: 1}}"), "10:33: plugs of fencing x: fence_ilo5 switches one machine"},
		{fencing("{url: redfish://10.0.1.3/redfish/v1/Systems/1, plugs: {a: 1}}"), "10:60: both plugs and a system's path of fencing x"},
		{fencing("{url: ipmi://10.0.1.1, targets: [b]}"), "10:12: nodes a and b share the BMC 10.0.1.1: whichever"},
		{fencing("{url: ipmi://10.0.1.1, targets: [a]}"), "10:12: fencing x is the same as bmc of node a; remove one"},
		{fencing("{url: ipmi://10.0.0.2, targets: [a]}"), "10:12: fencing x is 10.0.0.2, the address of node b itself"},
		{fencing("{agent: fence_pdu, options: {ip: 10.0.2.1}, plugs: {a: 1, b: [2, 1]}}"), "10:64: nodes a and b share the plug 1 of 10.0.2.1: whichever is targeted"},
		{fencing("{url: ipmi://10.0.1.3, targets: [a], auth: basic}"), "10:49: option auth of fencing x is nothing for the scheme ipmi"},
		{fencing("{url: ipmi://10.0.1.3, targets: [a], password_file: /f, password_script: /s}"), "10:79: both password_file and password_script are given"},
		{fencing("{url: ilo_ssh://10.0.1.3, targets: [a], identity_file: /f, password_file: /f}"), "10:61: both password_file and identity_file are given"},
		{strings.Replace(bare, "bmc: {username: u, password_file: /etc/oneha/bmc}\n", "", 1) + "fencing: {x: {url: ipmi://10.0.1.3, targets: [a]}, y: {url: ipmi://10.0.1.4, targets: [b]}}\n",
			"8:20: no username and no password_file for fencing x and fencing y; add bmc:"},
		{bare + "fencing: {x: {agent: fence_sbd, targets: [a]}}\n", "5:6: bmc of node b is missing; add bmc: ipmi://ADDRESS, or an entry of fencing"},

		// SSH
		{strings.Replace(base, `"ipmi://10.0.1.2"`, "{url: ilo_ssh://10.0.1.2, host_key: 'MD5:aa:bb'}", 1), `5:64: host_key of bmc of node b is "MD5:aa:bb"; give a fingerprint`},
		{strings.Replace(base, `ipmi://10.0.1.2`, "ipmi://10.0.1.2?known_hosts=/h", 1), "5:28: option known_hosts of bmc of node b is nothing for the scheme ipmi; remove it; it is for ilo_ssh, ilossh"},

		// stock
		{base + "agents: ours\n", `9:9: unknown agents "ours"; known are oneha, stock`},
		{stock("{url: redfish://10.0.1.2, ssl_ca_file: /ca}"), "5:67: option ssl_ca_file of bmc of node b: fence_redfish knows only the system's authorities"},
		{stock("{url: ilo6://10.0.1.2, auth: session}"), "5:57: option auth of bmc of node b: fence_redfish has basic authentication only; remove the key, or write agents: oneha"},
		{stock("{url: ilo_ssh://10.0.1.2, host_key: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'}"), "5:64: option host_key of bmc of node b: fence_ilo_ssh cannot be told a fingerprint"},
		{stock("{url: ilo_ssh://10.0.1.2, known_hosts: '/a b'}"), "5:67: option known_hosts of bmc of node b: fence_ilo_ssh cannot take"},

		// domains
		{base + "domains: [web]\n", "9:10: domains is a list"},
		{base + "domains: {frontend: {vip: 10.0.0.8/24, services: [gate]}}\n", `9:11: domain frontend has the name "frontend", which is that of the group`},
		{base + "domains: {gate: {vip: 10.0.0.8/24, services: [gate]}}\n", `9:11: domain gate has the name "gate", which is that of a service`},
		{base + "domains: {vip: {vip: 10.0.0.8/24, services: [gate]}}\n", `7:6: a VIP has the name "vip", which is that of domain vip`},
		{base + "domains: {-w: {vip: 10.0.0.8/24, services: [gate]}}\n", `9:11: domain name "-w"`},
		{domain(""), "10:3: domain web has no value"},
		{domain("10.0.0.8/24"), "10:8: domain web is a single value"},
		{domain("{services: [gate]}"), "10:8: vip of domain web is missing"},
		{domain("{vip: 10.0.0.8/24}"), "10:8: services of domain web is missing"},
		{domain("{vip: 10.0.0.8, services: [gate]}"), "10:14: vip of domain web 10.0.0.8 has no prefix length"},
		{domain("{vip: 10.0.0.9/24, services: [gate]}"), "10:14: vip 10.0.0.9 is given twice, first in line 7"},
		{domain("{vip: 10.0.0.8/24, services: [flow]}"), `10:38: service "flow" is listed twice`},
		{domain("{vip: 10.0.0.8/24, services: [gate, oned]}"), `10:44: service "oned" is listed twice`},
		{strings.Replace(domain("{vip: 10.0.0.8/24, services: [gate, oned]}"), "services: [flow, oned]", "services: [flow]", 1), `10:44: oned is a service of domain web; oned runs in the main domain`},
		{domain("{vip: 10.0.0.8/24, services: [gat]}"), `10:38: unknown service "gat"; did you mean "gate"?`},
		{domain("{vip: 10.0.0.8/24, services: [gate], prefer: c}"), `10:53: prefer of domain web names "c", which is no node`},
		{domain("{vip: 10.0.0.8/24, services: [gate], layout: group}"), `10:45: unknown key "layout" in domain web; it belongs at the top level`},
		{strings.Replace(base, "[flow, oned]", "[oned, httpd, apache2]", 1), `8:25: httpd and apache2 are one program`},
		{strings.Replace(base, "[flow, oned]", "["+strings.Repeat("flow, ", 40)+"oned]", 1), `8:11: services lists 41 services`},

		// quorum device
		{base + "qdevice: [a]\n", "9:10: qdevice is a list"},
		{base + "qdevice: 'a b'\n", `9:10: qdevice is "a b", which is neither an address nor a host name`},
		{base + "qdevice: 10.0.0.2\n", "9:10: qdevice 10.0.0.2 is node b"},
		{base + "qdevice: {host: B}\n", "9:17: qdevice b is node b"},
		{base + "qdevice: 10.0.0.9\n", "9:10: qdevice 10.0.0.9 is a VIP"},
		{base + "qdevice: {algorithm: lms}\n", "9:10: host of qdevice is missing"},
		{base + "qdevice: {host: q, algorithm: 2nodelms}\n", `9:31: unknown algorithm of qdevice "2nodelms"; known are ffsplit, lms`},
		{base + "qdevice: {host: q, tls: yes}\n", `9:25: unknown tls of qdevice "yes"; known are on, off, required`},
		{strings.Replace(base, "bmc: {", "  c: {addr: 10.0.0.3, bmc: ipmi://10.0.1.3}\nbmc: {", 1) + "qdevice: q\n", "warning: 10:10: qdevice with ffsplit makes 3 nodes less available"},

		// raw
		{base + "raw: x\n", "9:6: raw is a single value"},
		{raw("  json: x"), `10:3: unknown key "json" in raw; known here: xml, pcs, crm, corosync`},
		{raw("  xml: [a]"), "10:8: xml of raw is a list"},
		{raw("  xml: |", "", "  pcs: x"), "10:8: xml of raw is empty"},
		{raw("  xml: \"<tags/>\\e\""), "10:8: xml of raw holds a control character"},
		{raw("  xml: |", "    <tags>", "      <tag id='t'>", "    </tags>"), "13:5: xml of raw is no well-formed XML: element <tag> closed by </tags>"},
		{raw("  xml: |", "    <tags>"), "xml of raw is no well-formed XML: unexpected EOF"},
		{raw("  xml: |", "    <primitive id='x'/>"), "11:5: xml of raw has <primitive>, which is no section"},
		{raw("  xml: |", "    text"), "10:8: xml of raw has text outside of elements"},
		{raw("  xml: |", "    <!-- nothing -->"), "11:5: xml of raw has no element"},
		{raw("  xml: |", "    <?xml version='1.0'?>", "    <tags/>"), "11:5: xml of raw has a declaration"},
		{raw("  xml: |", "    "+strings.Repeat("<tags>", 17)+strings.Repeat("</tags>", 17)), "11:5: xml of raw is nested more than 16 deep"},
		{raw("  xml: |", "    <resources>", "    <primitive id='x'><instance_attributes id='y'>", "        <nvpair id='z' name='passwd' value='hidden'/></instance_attributes></primitive></resources>"), "13:9: a password does not belong"},
		{raw("  pcs: |", "    pcs tag", "    pcs stonith update fence-a password='hidden'"), "12:5: a password does not belong"},
		{raw("  crm: primitive x stonith:fence_y params passwd=hidden"), "10:8: a password does not belong"},
		{raw("  corosync: |", "    totem {", "      token: 1"), "12:7: corosync of raw ends inside a section"},
		{raw("  corosync: |", "    totem {", "    }", "    }"), "13:5: corosync of raw closes a section"},
		{raw("  corosync: |", "    token: 1"), `11:5: corosync of raw has "token: 1" outside of a section`},
		{raw("  corosync: |", "    totem {", "    token = 1", "    }"), `12:5: corosync of raw has the line "token = 1"`},
	})
}

func TestCheckFormats(t *testing.T) {
	all := []string{"xml", "pcs", "crm", "corosync"}
	for _, test := range []struct {
		raw     Raw
		formats []string
		want    string
	}{
		{Raw{}, all, ""},
		{Raw{Corosync: "x"}, all, ""},
		{Raw{XML: "x", PCS: "x", Crm: "x"}, all, ""},
		{Raw{XML: "x"}, []string{"xml", "corosync"}, ""},
		{Raw{XML: "x"}, all, "f:3:4: error: raw has xml and lacks pcs and crm: the files would say different things; add pcs and crm to raw, or generate --format xml,corosync"},
		{Raw{PCS: "x", Crm: "x"}, all, "f:3:4: error: raw has pcs and crm and lacks xml: the files would say different things; add xml to raw, or generate --format pcs,crm,corosync"},
	} {
		test.raw.At = FileRef{"", "f", 3, 4}
		got := ""
		for _, f := range CheckFormats(Cluster{Raw: test.raw}, test.formats) {
			got += f.String()
		}
		if got != test.want {
			t.Errorf("%+v %q: got %q, want %q", test.raw, test.formats, got, test.want)
		}
	}
}

func TestIsSecretOption(t *testing.T) {
	for name, want := range map[string]bool{
		"password": true, "Passwd": true, "snmp_priv_passwd": true, "api_key": true, "pve_token": true, "hexadecimal_kg": true, "secret_key": true,
		"password_script": false, "passwd_script": false, "password_file": false, "identity_file": false, "snmp_auth_prot": false,
		"plug": false, "ip": false, "devices": false, "login": false, "ssh_options": false, "community": false,
	} {
		if got := IsSecretOption(name); got != want {
			t.Errorf("IsSecretOption(%s) = %v", name, got)
		}
	}
}
