package lint

import "time"

const (
	pdu = `      <primitive id="pdu" class="stonith" type="fence_apc_snmp">
        <instance_attributes id="pdu-i">
          <nvpair id="f3a" name="pcmk_host_map" value="one-server1:1;one-server2:2"/>
          <nvpair id="f3b" name="ip" value="10.3.5.30"/>
          <nvpair id="f3c" name="pcmk_delay_base" value="one-server1:5s;one-server2:0s"/>
        </instance_attributes>
        <operations><op id="f3m" name="monitor" interval="60s"/></operations>
      </primitive>
`
	levels = `    <fencing-topology>
      <fencing-level id="t1" target="one-server1" index="1" devices="fence1"/>
      <fencing-level id="t2" target="one-server1" index="2" devices="pdu"/>
      <fencing-level id="t3" target="one-server2" index="1" devices="fence2"/>
      <fencing-level id="t4" target="one-server2" index="2" devices="pdu"/>
    </fencing-topology>
`
	theColocation = `      <rsc_colocation id="c1" score="INFINITY">
        <resource_set id="c1a" sequential="false"><resource_ref id="gate"/><resource_ref id="flow"/></resource_set>
        <resource_set id="c1b"><resource_ref id="frontend"/></resource_set>
      </rsc_colocation>
`
	orderSet = `      <rsc_order id="r1" kind="Mandatory">
        <resource_set id="r1a"><resource_ref id="frontend"/></resource_set>
        <resource_set id="r1b" sequential="false"><resource_ref id="gate"/><resource_ref id="flow"/></resource_set>
      </rsc_order>
`
	ring1a     = "\t\tring1_addr: 10.9.4.20\n"
	ring1b     = "\t\tring1_addr: 10.9.4.21\n"
	thirdNode  = "\tnode {\n\t\tnodeid: 3\n\t\tname: one-server3\n\t\tring0_addr: 10.3.4.22\n\t\tring1_addr: 10.9.4.22\n\t}\n"
	secondNode = "\t\tring1_addr: 10.9.4.21\n\t}\n"
	timeout120 = `name="stonith-timeout" value="120s"`
	recheck    = `name="cluster-recheck-interval" value="2min"`
	gateOrders = `<rsc_order id="r1" first="frontend" then="gate"/><rsc_order id="r2" first="frontend" then="flow"/>`
	onlyPDU    = `name="pcmk_delay_base" value="one-server1:5s;one-server2:0s"`
	enabled    = `name="stonith-enabled" value="true"/>`
)

// prop adds a cluster option.
func prop(name, value string) edits {
	return edits{enabled, enabled + `<nvpair id="x" name="` + name + `" value="` + value + `"/>`}
}

// on1 adds a parameter to the device that fences node 1.
func on1(name, value string) edits {
	const last = `<nvpair id="f1e"`
	return edits{last, `<nvpair id="x" name="` + name + `" value="` + value + `"/>` + last}
}

// meta adds a meta attribute to oned.
func meta(name, value string) edits {
	const first = `<nvpair id="om1"`
	return edits{first, `<nvpair id="x" name="` + name + `" value="` + value + `"/>` + first}
}

// noDelay takes all delays away.
var noDelay = edits{`<nvpair id="f1f" name="pcmk_delay_base" value="5s"/>`, ``, `<nvpair id="f3c" ` + onlyPDU + `/>`, ``}

// disabled takes the device that fences node 2 out of use.
var disabled = edits{`<instance_attributes id="fence2-i">`, `<meta_attributes id="x"><nvpair id="y" name="target-role" value="Stopped"/></meta_attributes><instance_attributes id="fence2-i">`}

func with(parts ...edits) (all edits) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// ruleCases has the mistakes of every rule and what comes near them. Those marked
// common are the ones that people make most; crm_verify 2.1.5 finds three of them.
var ruleCases = []ruleCase{
	{rule: "F01", name: "off, common", cib: edits{enabled, `name="stonith-enabled" value="false"/>`}, severity: bad},
	{rule: "F01", name: "off by its new name", cib: edits{enabled, `name="fencing-enabled" value="no"/>`}, severity: bad},
	{rule: "F01", name: "maintenance", cib: prop("maintenance-mode", "true"), severity: bad},
	{rule: "F01", name: "no device, common", cib: edits{`class="stonith" type="fence_ipmilan"`, `class="ocf" provider="x" type="y"`, `class="stonith" type="fence_ipmilan"`, `class="ocf" provider="x" type="y"`, `class="stonith" type="fence_apc_snmp"`, `class="ocf" provider="x" type="y"`}, severity: bad},
	{rule: "F01", name: "watchdog alone", without: "n", cib: with(prop("stonith-watchdog-timeout", "10s"), edits{`class="stonith" type="fence_ipmilan"`, `class="ocf" provider="x" type="y"`, `class="stonith" type="fence_ipmilan"`, `class="ocf" provider="x" type="y"`, `class="stonith" type="fence_apc_snmp"`, `class="ocf" provider="x" type="y"`})},
	{rule: "F01", name: "as it should be"},
	{rule: "F01", name: "maintenance over", cib: prop("maintenance-mode", "false")},

	{rule: "F02", name: "a node without", cib: edits{`name="pcmk_host_list" value="one-server2"`, `name="pcmk_host_list" value="one-server1"`, `name="ip" value="10.3.5.21"`, `name="ip" value="10.3.5.20"`,
		`rsc="fence2" node="one-server2"`, `rsc="fence2" node="one-server1"`, `one-server1:1;one-server2:2`, `one-server1:1`, `rsc="frontend" node="one-server1" score="50"`, `rsc="pdu" node="one-server1" score="-INFINITY"`}, severity: bad},
	{rule: "F02", name: "its device is disabled", cib: with(disabled, edits{pdu, ``, levels, ``}), severity: bad, also: "F09"},
	{rule: "F02", name: "one of its two is disabled", cib: disabled},
	{rule: "F02", name: "the device knows", cib: edits{`<nvpair id="f3a" name="pcmk_host_map" value="one-server1:1;one-server2:2"/>`, ``}},

	{rule: "F03", name: "one device, common", cib: edits{`name="pcmk_host_list" value="one-server1"`, `name="pcmk_host_list" value="one-server1 one-server2"`}, severity: bad},
	{rule: "F03", name: "one address", cib: edits{`value="10.3.5.21"`, `value="10.3.5.20"`}, severity: bad},
	{rule: "F03", name: "two ports", cib: edits{`<nvpair id="f2b" name="ip" value="10.3.5.21"/>`, `<nvpair id="f2b" name="ip" value="10.3.5.20"/><nvpair id="x" name="ipport" value="6231"/>`}},
	{rule: "F03", name: "plugs", cib: edits{`name="pcmk_host_list" value="one-server1"`, `name="pcmk_host_map" value="one-server1:1,one-server2:2"`, `<nvpair id="f1f" name="pcmk_delay_base" value="5s"/>`, ``}},

	{rule: "F04", name: "no location, common", cib: edits{`      <rsc_location id="l2" rsc="fence2" node="one-server2" score="-INFINITY"/>` + "\n", ``}, severity: warn},
	{rule: "F04", name: "a finite score", cib: edits{`node="one-server2" score="-INFINITY"`, `node="one-server2" score="-100"`}, severity: warn},
	{rule: "F04", name: "a rule of crm", cib: edits{`rsc="fence2" node="one-server2" score="-INFINITY"/>`, `rsc="fence2"><rule id="x" score="-INFINITY"><expression id="y" attribute="#uname" operation="eq" value="one-server2"/></rule></rsc_location>`}},
	{rule: "F04", name: "a set", cib: edits{`<rsc_location id="l2" rsc="fence2" node="one-server2" score="-INFINITY"/>`, `<rsc_location id="l2" node="one-server2" score="-INFINITY"><resource_set id="x"><resource_ref id="fence2"/></resource_set></rsc_location>`}},
	{rule: "F04", name: "opt-in", cib: with(prop("symmetric-cluster", "false"), edits{`      <rsc_location id="l2" rsc="fence2" node="one-server2" score="-INFINITY"/>` + "\n", ``})},

	{rule: "F05", name: "no delay", cib: noDelay, severity: bad},
	{rule: "F05", name: "equal delays", cib: with(noDelay, on1("pcmk_delay_base", "5s"), edits{`<nvpair id="f2a"`, `<nvpair id="y" name="pcmk_delay_base" value="5s"/><nvpair id="f2a"`}), severity: bad},
	{rule: "F05", name: "by chance", cib: with(noDelay, on1("pcmk_delay_max", "10s"))},
	{rule: "F05", name: "quorum device", cib: noDelay, conf: edits{"two_node: 1", "device {\n\t\tmodel: net\n\t}"}},
	{rule: "F05", name: "priority", cib: with(noDelay, prop("priority-fencing-delay", "10s"))},

	{rule: "F06", name: "agent", cib: on1("delay", "15"), severity: warn},
	{rule: "F06", name: "both", cib: with(edits{`<nvpair id="f2a"`, `<nvpair id="x" name="pcmk_delay_base" value="2s"/><nvpair id="f2a"`}), severity: warn},
	{rule: "F06", name: "one side"},
	{rule: "F06", name: "agent does not wait", cib: on1("delay", "0")},

	{rule: "F07", name: "600 s, common", cib: edits{`name="pcmk_delay_base" value="5s"`, `name="pcmk_delay_base" value="600s"`}, severity: bad},
	{rule: "F07", name: "no time", cib: edits{timeout120, `name="stonith-timeout" value="8s"`}, severity: bad},
	{rule: "F07", name: "waits", cib: with(edits{timeout120, `name="stonith-timeout" value="30s"`}, on1("power_wait", "12")), severity: bad},
	{rule: "F07", name: "iLO", cib: edits{timeout120, `name="stonith-timeout" value="50s"`, `type="fence_ipmilan"`, `type="fence_ilo4"`}, severity: warn},
	{rule: "F07", name: "no iLO", cib: edits{timeout120, `name="stonith-timeout" value="50s"`}},
	{rule: "F07", name: "own timeout", cib: with(edits{timeout120, `name="stonith-timeout" value="50s"`, `type="fence_ipmilan"`, `type="fence_ilo4"`}, on1("pcmk_reboot_timeout", "90s"))},

	{rule: "F08", name: "less", cib: prop("priority-fencing-delay", "9s"), severity: warn},
	{rule: "F08", name: "no priority", cib: with(prop("priority-fencing-delay", "15s"), edits{`name="priority" value="10"`, `name="priority" value="0"`}), severity: warn},
	{rule: "F08", name: "twice", cib: prop("priority-fencing-delay", "10s")},

	{rule: "F09", name: "on board", cib: edits{pdu, ``, levels, ``}, severity: warn},
	{rule: "F09", name: "second device without levels", cib: edits{levels, ``}},

	{rule: "F10", name: "host list, common", cib: edits{`name="pcmk_host_list" value="one-server2"`, `name="pcmk_host_list" value="one-sever2"`, `<rsc_location id="l2" rsc="fence2" node="one-server2" score="-INFINITY"/>`, ``}, severity: bad},
	{rule: "F10", name: "location, common", cib: edits{`rsc="frontend" node="one-server1"`, `rsc="frontend" node="one-server9"`}, severity: bad},
	{rule: "F10", name: "rule", cib: edits{`rsc="frontend" node="one-server1" score="50"/>`, `rsc="frontend"><rule id="x" score="50"><expression id="y" attribute="#uname" operation="eq" value="nobody"/></rule></rsc_location>`}, severity: bad},
	{rule: "F10", name: "level", cib: edits{`target="one-server2" index="2"`, `target="two" index="2"`}, severity: bad},
	{rule: "F10", name: "delays", cib: edits{`one-server2:0s`, `two:0s`}, severity: warn},
	{rule: "F10", name: "a power switch for others too", cib: edits{`one-server1:1;one-server2:2`, `one-server1:1;one-server2:2;db:3`}, severity: warn},
	{rule: "F10", name: "case", cib: edits{`rsc="frontend" node="one-server1"`, `rsc="frontend" node="One-Server1"`}},
	{rule: "F10", name: "remote node", cib: edits{`<node id="2" uname="one-server2"/>`, `<node id="2" uname="one-server2"/><node id="r" type="remote" uname="remote1"/>`, `rsc="frontend" node="one-server1"`, `rsc="frontend" node="remote1"`}},

	{rule: "F11", name: "lanplus", cib: edits{`<nvpair id="f1c" name="lanplus" value="1"/>`, ``}, severity: bad},
	{rule: "F11", name: "cycle", cib: on1("method", "cycle"), severity: bad},
	{rule: "F11", name: "action", cib: on1("action", "reboot"), severity: bad},
	{rule: "F11", name: "old names", cib: edits{`name="ip" value="10.3.5.20"`, `name="ipaddr" value="10.3.5.20"`, `name="username"`, `name="login"`}, severity: warn},
	{rule: "F11", name: "lanplus by the agent's name", cib: edits{`type="fence_ipmilan"`, `type="fence_ilo5"`, `<nvpair id="f1c" name="lanplus" value="1"/>`, ``}},
	{rule: "F11", name: "onoff", cib: on1("method", "onoff")},

	{rule: "F12", name: "same network", conf: edits{ring1a, "", ring1b, ""}, cib: edits{`value="10.3.5.20"`, `value="10.3.4.120"`}, severity: warn, also: "Q04"},
	{rule: "F12", name: "two links", cib: edits{`value="10.3.5.20"`, `value="10.3.4.120"`}},

	{rule: "F13", name: "in the open", cib: on1("password", "opensesame"), severity: bad},
	{rule: "F13", name: "cibsecret", cib: on1("password", "lrm://")},

	{rule: "F14", name: "refused", node: func(n, _ *Node) { n.BMCs[0].Error = "login refused" }, severity: bad},
	{rule: "F14", name: "answers"},

	{rule: "F15", name: "not set", cib: edits{`<nvpair id="p4" ` + recheck + `/>`, ``}, severity: warn},
	{rule: "F15", name: "long", cib: edits{recheck, `name="cluster-recheck-interval" value="6min"`}, severity: warn},
	{rule: "F15", name: "never", cib: edits{recheck, `name="cluster-recheck-interval" value="0"`}, severity: warn},
	{rule: "F15", name: "attempts as they are", cib: with(prop("stonith-max-attempts", "10"), edits{`<nvpair id="p4" ` + recheck + `/>`, ``}), severity: warn},
	{rule: "F15", name: "five minutes", cib: edits{recheck, `name="cluster-recheck-interval" value="300"`}},
	{rule: "F15", name: "more attempts", cib: with(prop("stonith-max-attempts", "100"), edits{`<nvpair id="p4" ` + recheck + `/>`, ``})},
	{rule: "F15", name: "attempts without end", cib: with(prop("stonith-max-attempts", "INFINITY"), edits{`<nvpair id="p4" ` + recheck + `/>`, ``})},

	{rule: "Q01", name: "no two_node", conf: edits{"two_node: 1", ""}, severity: bad},
	{rule: "Q01", name: "three with two_node", conf: edits{secondNode, secondNode + thirdNode}, without: "cn", severity: bad},
	{rule: "Q01", name: "expected_votes", conf: edits{"two_node: 1", "two_node: 1\n\texpected_votes: 3"}, severity: bad},
	{rule: "Q01", name: "another name", conf: edits{"one-server2", "one-server2.example.com"}, severity: bad},
	{rule: "Q01", name: "the CIB has another", cib: edits{`<node id="2" uname="one-server2"/>`, `<node id="2" uname="one-server2"/><node id="3" uname="gone"/>`, `one-server2:2`, `one-server2:2;gone:3`}, severity: bad},
	{rule: "Q01", name: "no provider", conf: edits{"\tprovider: corosync_votequorum\n", ""}, severity: bad},
	{rule: "Q01", name: "quorum device beside two_node", conf: edits{"two_node: 1", "two_node: 1\n\tdevice {\n\t\tmodel: net\n\t}"}, severity: bad},
	{rule: "Q01", name: "three", conf: edits{secondNode, secondNode + thirdNode, "\ttwo_node: 1\n", ""}, without: "cn"},
	{rule: "Q01", name: "expected as there are", conf: edits{"two_node: 1", "two_node: 1\n\texpected_votes: 2"}},

	{rule: "Q02", name: "ignore, common", cib: prop("no-quorum-policy", "ignore"), severity: bad},
	{rule: "Q02", name: "wait_for_all", conf: edits{"two_node: 1", "two_node: 1\n\twait_for_all: 0"}, severity: bad},
	{rule: "Q02", name: "stop", cib: prop("no-quorum-policy", "stop")},
	{rule: "Q02", name: "the plugin of corosync 1", without: "kn", cib: with(edits{`value="corosync"`, `value="classic openais (with plugin)"`}, prop("no-quorum-policy", "ignore"))},

	{rule: "Q03", name: "token", conf: edits{"token: 3000", "token: 1000"}, severity: warn},
	{rule: "Q03", name: "consensus", conf: edits{"token: 3000", "token: 3000\n\tconsensus: 3000"}, severity: warn},
	{rule: "Q03", name: "old default", conf: edits{"\ttoken: 3000\n", ""}, corosync: "2.4.5", severity: warn},
	{rule: "Q03", name: "files differ", node: func(n, _ *Node) { n.Twins[1].Digest = "other" }, severity: warn},
	{rule: "Q03", name: "today's default", conf: edits{"\ttoken: 3000\n", ""}, corosync: "3.1.7"},
	{rule: "Q03", name: "consensus of 1.2", conf: edits{"token: 3000", "token: 3000\n\tconsensus: 3600"}},

	{rule: "Q04", name: "udpu", conf: edits{"transport: knet", "transport: udpu"}, severity: warn},
	{rule: "Q04", name: "no encryption", conf: edits{"\tcrypto_cipher: aes256\n", ""}, severity: warn},
	{rule: "Q04", name: "one link", conf: edits{ring1a, "", ring1b, ""}, severity: warn},
	{rule: "Q04", name: "two links"},

	{rule: "Q05", name: "file", node: func(n, _ *Node) { n.ServiceD = "/etc/corosync/service.d/pcmk" }, severity: bad},
	{rule: "Q05", name: "section", conf: edits{"quorum {", "service {\n\tname: pacemaker\n\tver: 1\n}\n\nquorum {"}, severity: bad},
	{rule: "Q05", name: "another service", conf: edits{"quorum {", "service {\n\tname: other\n}\n\nquorum {"}},

	{rule: "Q06", name: "adrift", node: func(n, _ *Node) { n.Clock.Synchronised = false }, severity: warn},
	{rule: "Q06", name: "not known", node: func(n, _ *Node) { n.Clock = nil }},

	{rule: "Q07", name: "a stranger", node: func(n, _ *Node) { n.Name = "monitoring"; n.Interfaces[0].Addresses = []string{"10.3.4.99/24"} }, severity: bad},
	{rule: "Q07", name: "a stranger's facts", node: func(_, p *Node) { p.Name, p.Interfaces[0].Addresses = "one-server9", nil }, severity: bad},
	{rule: "Q07", name: "renamed", node: func(n, _ *Node) { n.Name = "one-server1.example.com" }, severity: warn},
	{rule: "Q07", name: "case", node: func(n, _ *Node) { n.Name = "One-Server1" }},
	{rule: "Q07", name: "remote node", cib: edits{`<node id="2" uname="one-server2"/>`, `<node id="2" uname="one-server2"/><node id="r" type="remote" uname="remote1"/>`}, node: func(n, _ *Node) { n.Name = "remote1" }},
	{rule: "Q07", name: "no cluster", without: "ck", node: func(n, _ *Node) { n.Name = "monitoring" }},

	{rule: "Q08", name: "of a package", node: func(n, _ *Node) { n.Units = append(n.Units, Unit{Name: "sbd.service", Boot: "enabled"}) }, severity: bad},
	{rule: "Q08", name: "disabled", node: func(n, _ *Node) { n.Units = append(n.Units, Unit{Name: "sbd.service", Boot: "disabled"}) }},
	{rule: "Q08", name: "with a disk", node: func(n, _ *Node) {
		n.Units, n.SBDDevice = append(n.Units, Unit{Name: "sbd.service", Boot: "enabled"}), "/dev/disk/by-id/sbd"
	}},
	{rule: "Q08", name: "watchdog", cib: prop("stonith-watchdog-timeout", "10"), node: func(n, _ *Node) { n.Units = append(n.Units, Unit{Name: "sbd.service", Boot: "enabled"}) }},

	{rule: "Q09", name: "plenty", node: withRoom(Room{Free: 10 << 30, Files: 1 << 20})},
	{rule: "Q09", name: "full", node: withRoom(Room{Free: 4096, Files: 1 << 20}), severity: bad},
	{rule: "Q09", name: "read-only", node: withRoom(Room{ReadOnly: true, Free: 10 << 30, Files: 1 << 20}), severity: bad},
	{rule: "Q09", name: "no inodes", node: withRoom(Room{Free: 10 << 30}), severity: bad},
	{rule: "Q09", name: "little", node: withRoom(Room{Free: 20 << 20, Files: 1 << 20}), severity: warn},

	{rule: "R01", name: "no order", cib: edits{orderSet, ``}, severity: bad},
	{rule: "R01", name: "order of one", cib: edits{orderSet, `<rsc_order id="r1" first="frontend" then="gate"/>`}, severity: bad},
	{rule: "R01", name: "our agents", without: "n", cib: edits{orderSet, ``, `class="systemd" type="opennebula"`, `class="ocf" provider="opennebula" type="oned"`, `class="systemd" type="opennebula-gate"`, `class="ocf" provider="opennebula" type="gate"`, `class="systemd" type="opennebula-flow"`, `class="ocf" provider="opennebula" type="flow"`}, severity: warn},
	{rule: "R01", name: "order without colocation", cib: edits{theColocation, `<rsc_order id="r3" first="vip2" then="gate"/>`, `<primitive id="gate"`, `<primitive id="vip2" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="q"><nvpair id="q1" name="ip" value="10.3.4.3"/></instance_attributes><operations><op id="q2" name="monitor" interval="20s"/></operations></primitive><primitive id="gate"`}, severity: warn},
	{rule: "R01", name: "orders of their own", cib: edits{orderSet, gateOrders}},
	{rule: "R01", name: "order against a member", cib: edits{orderSet, `<rsc_order id="r1" first="oned" then="gate"/><rsc_order id="r2" first="oned" then="flow"/>`}},
	{rule: "R01", name: "apart", cib: edits{theColocation, ``}},
	{rule: "R01", name: "optional", cib: edits{`<rsc_colocation id="c1" score="INFINITY">`, `<rsc_colocation id="c1" score="100">`, orderSet, ``}},

	{rule: "R02", name: "enabled", node: func(n, _ *Node) { unitOf(n, "opennebula.service").Boot = "enabled" }, severity: bad},
	{rule: "R02", name: "masked", node: func(n, _ *Node) { unitOf(n, "opennebula-flow.service").Boot = "masked" }, severity: bad},
	{rule: "R02", name: "Raft", without: "ck", node: func(n, _ *Node) { noCluster(n, 0) }, severity: bad},
	{rule: "R02", name: "the node only votes", node: func(n, p *Node) {
		unitOf(n, "pacemaker.service").Boot = "disabled"
		unitOf(p, "pacemaker.service").Boot = "disabled"
	}, severity: warn},
	{rule: "R02", name: "nodes differ", node: func(n, p *Node) { unitOf(p, "pacemaker.service").Boot = "disabled" }, severity: warn},
	{rule: "R02", name: "what starts with a service", node: func(n, _ *Node) {
		n.Units = append(n.Units, Unit{Name: "opennebula-showback.timer", Boot: "enabled"})
	}, severity: bad},
	{rule: "R02", name: "what starts with a service that the cluster does not run", node: func(n, _ *Node) {
		n.Units = append(n.Units, Unit{Name: "opennebula-guacd.service", Boot: "enabled"})
	}},
	{rule: "R02", name: "what starts with a service, and only so", node: func(n, _ *Node) {
		n.Units = append(n.Units, Unit{Name: "opennebula-hem.service", Boot: "disabled", Active: true, Restart: "on-failure"}, Unit{Name: "opennebula-scheduler.service", Boot: "masked"})
	}},
	{rule: "R02", name: "a unit that is not the cluster's", node: func(n, _ *Node) {
		n.Units = append(n.Units, Unit{Name: "opennebula-ssh-agent.service", Boot: "enabled"})
	}},
	{rule: "R02", name: "Raft as it should be", without: "ck", node: func(n, _ *Node) { noCluster(n, 0); unitOf(n, "opennebula.service").Boot = "enabled" }},

	{rule: "R03", name: "none", cib: edits{`<op id="g1" name="monitor" interval="30s" timeout="20s"/>`, ``}, severity: warn},
	{rule: "R03", name: "none that recurs", cib: edits{`<op id="g1" name="monitor" interval="30s"`, `<op id="g1" name="monitor" interval="0s"`}, severity: warn},
	{rule: "R03", name: "too often", cib: edits{`interval="10s" timeout="20s"`, `interval="9s" timeout="20s"`}, severity: warn},
	{rule: "R03", name: "same interval", cib: edits{`<op id="o2"`, `<op id="x" name="monitor" interval="15000ms" timeout="20s"/><op id="o2"`}, severity: warn},
	{rule: "R03", name: "half", cib: edits{`interval="10s" timeout="20s"`, `interval="10s" timeout="20"`}},
	{rule: "R03", name: "two", cib: edits{`<op id="o2"`, `<op id="x" name="monitor" interval="60s" timeout="30s"/><op id="o2"`}},

	{rule: "R04", name: "none", cib: edits{`<nvpair id="d1" name="resource-stickiness" value="100"/>`, ``}, severity: warn},
	{rule: "R04", name: "outweighed", cib: edits{`score="50"`, `score="200"`}, severity: warn},
	{rule: "R04", name: "its own", cib: with(edits{`<nvpair id="d1" name="resource-stickiness" value="100"/>`, ``}, meta("resource-stickiness", "60"))},
	{rule: "R04", name: "less than the group's", cib: edits{`score="50"`, `score="150"`}},

	{rule: "R05", name: "ban", cib: edits{`<rsc_location id="l3"`, `<rsc_location id="cli-ban-gate-on-one-server1" rsc="gate" node="one-server1" role="Started" score="-INFINITY"/><rsc_location id="l3"`}, severity: warn},
	{rule: "R05", name: "prefer", cib: edits{`<rsc_location id="l3"`, `<rsc_location id="cli-prefer-gate" rsc="gate" node="one-server1" role="Started" score="INFINITY"/><rsc_location id="l3"`}, severity: warn},
	{rule: "R05", name: "standby", cib: edits{`uname="one-server2"/>`, `uname="one-server2"><instance_attributes id="nodes-2"><nvpair id="nodes-2-standby" name="standby" value="on"/></instance_attributes></node>`}, severity: warn},
	{rule: "R05", name: "unmanaged", cib: meta("is-managed", "false"), severity: warn},
	{rule: "R05", name: "failed", cib: edits{`<node_state id="1" uname="one-server1"/>`, `<node_state id="1" uname="one-server1"><transient_attributes id="1"><instance_attributes id="status-1"><nvpair id="s" name="fail-count-gate#monitor_30000" value="2"/></instance_attributes></transient_attributes></node_state>`}, severity: warn},
	{rule: "R05", name: "not failed", cib: edits{`<node_state id="1" uname="one-server1"/>`, `<node_state id="1" uname="one-server1"><transient_attributes id="1"><instance_attributes id="status-1"><nvpair id="s" name="fail-count-gate#monitor_30000" value="0"/><nvpair id="s2" name="probe_complete" value="true"/></instance_attributes></transient_attributes></node_state>`}},
	{rule: "R05", name: "back", cib: edits{`uname="one-server2"/>`, `uname="one-server2"><instance_attributes id="nodes-2"><nvpair id="nodes-2-standby" name="standby" value="off"/></instance_attributes></node>`}},

	{rule: "R06", name: "parameter, common", cib: edits{`name="cidr_netmask"`, `name="cidr_netmas"`}, severity: bad},
	{rule: "R06", name: "of a fence device", cib: on1("pcmk_host_lst", "x"), severity: bad},
	{rule: "R06", name: "meta attribute, common", cib: edits{`name="failure-timeout"`, `name="failure-timout"`}, severity: bad},
	{rule: "R06", name: "of oned", cib: meta("migration-treshold", "3"), severity: bad},
	{rule: "R06", name: "somebody's own", cib: meta("billing-code", "42"), severity: warn},
	{rule: "R06", name: "an agent that is not known", cib: edits{`provider="heartbeat" type="IPaddr2"`, `provider="site" type="IPaddr2"`, `name="cidr_netmask"`, `name="cidr_netmas"`}},
	{rule: "R06", name: "fencer's own", cib: on1("pcmk_off_timeout", "90s")},

	{rule: "R07", name: "stop", node: func(n, _ *Node) { unitOf(n, "opennebula-gate.service").StopTimeout = Duration(90 * time.Second) }, severity: warn},
	{rule: "R07", name: "no limit", node: func(n, _ *Node) { unitOf(n, "opennebula.service").StopTimeout = -1 }, severity: warn},
	{rule: "R07", name: "our agent", cib: edits{`class="systemd" type="opennebula"`, `class="ocf" provider="opennebula" type="oned"`}, node: func(n, _ *Node) { unitOf(n, "opennebula.service").StopTimeout = Duration(121 * time.Second) }, severity: warn},
	{rule: "R07", name: "our agent kills what only serves", cib: edits{`class="systemd" type="opennebula-gate"`, `class="ocf" provider="opennebula" type="gate"`}, node: func(n, _ *Node) { unitOf(n, "opennebula-gate.service").StopTimeout = -1 }},
	{rule: "R07", name: "forgets", cib: edits{`name="failure-timeout" value="10min"`, `name="failure-timeout" value="1min"`}, severity: warn},
	{rule: "R07", name: "longer", cib: edits{`name="failure-timeout" value="10min"`, `name="failure-timeout" value="3min"`}},
	{rule: "R07", name: "exactly", node: func(n, _ *Node) { unitOf(n, "opennebula.service").StopTimeout = Duration(120 * time.Second) }},

	{rule: "R08", name: "no such interface", cib: edits{`<nvpair id="v1"`, `<nvpair id="x" name="nic" value="bond0"/><nvpair id="v1"`}, severity: bad},
	{rule: "R08", name: "prefix", cib: edits{`name="cidr_netmask" value="24"`, `name="cidr_netmask" value="16"`}, severity: bad},
	{rule: "R08", name: "a node's", cib: edits{`name="ip" value="10.3.4.2"`, `name="ip" value="10.3.4.20"`}, node: func(n, p *Node) { n.Oned.Monitor, p.Oned.Monitor = "", "" }, severity: bad},
	{rule: "R08", name: "two hold it", node: func(n, _ *Node) {
		n.Interfaces[0].Addresses = append(n.Interfaces[0].Addresses, "10.3.4.2/24")
		n.Claims = []Claim{{"10.3.4.2", "02:00:00:00:00:99"}}
	}, severity: bad},
	{rule: "R08", name: "somebody has it", node: func(n, p *Node) {
		p.Interfaces = nil
		unitOf(n, "pacemaker.service").Active = false
		n.Claims = []Claim{{"10.3.4.2", "02:00:00:00:00:99"}}
	}, severity: warn},
	{rule: "R08", name: "neither of two has it", node: func(n, _ *Node) { n.Claims = []Claim{{"10.3.4.2", "02:00:00:00:00:99"}} }, severity: bad},
	{rule: "R08", name: "one of three may have it", conf: edits{"two_node: 1", "", secondNode, secondNode + thirdNode}, cib: edits{`<node id="2" uname="one-server2"/>`, `<node id="2" uname="one-server2"/><node id="3" uname="one-server3"/>`, `one-server2:2`, `one-server2:2;one-server3:3`, `one-server2:0s`, `one-server2:0s;one-server3:0s`},
		node: func(n, _ *Node) { n.Claims = []Claim{{"10.3.4.2", "02:00:00:00:00:99"}} }},
	{rule: "R08", name: "the peer has it", node: func(n, p *Node) { n.Claims = []Claim{{"10.3.4.2", p.Interfaces[0].Hardware}} }},
	{rule: "R08", name: "interface", cib: edits{`<nvpair id="v1"`, `<nvpair id="x" name="nic" value="eth0:one"/><nvpair id="v1"`}},
	{rule: "R08", name: "one address of its network", cib: edits{`name="cidr_netmask" value="24"`, `name="cidr_netmask" value="32"`}},

	{rule: "R09", name: "restarts", node: func(n, _ *Node) {
		u := unitOf(n, "opennebula.service")
		u.Restart, u.Clustered = "on-failure", false
	}, severity: warn},
	{rule: "R09", name: "does not run here", node: func(n, _ *Node) {
		u := unitOf(n, "opennebula.service")
		u.Restart, u.Clustered, u.Active = "on-failure", false, false
	}},

	{rule: "R10", name: "chain", cib: edits{"      </group>\n", "", `<primitive id="flow"`, `<primitive id="flow"`, "    </resources>", "</group></resources>", theColocation, "", orderSet, ""}, severity: warn},
	{rule: "R10", name: "not ordered", cib: edits{"      </group>\n", "", "    </resources>", "</group></resources>", theColocation, "", orderSet, "", `<group id="frontend">`, `<group id="frontend"><meta_attributes id="x"><nvpair id="y" name="ordered" value="false"/></meta_attributes>`}},

	{rule: "R11", name: "colocation, common", cib: edits{`<rsc_colocation id="c1"`, `<rsc_colocation id="c2" rsc="opennebula-novnc" with-rsc="vip" score="INFINITY"/><rsc_colocation id="c1"`}, severity: bad},
	{rule: "R11", name: "set", cib: edits{`<resource_set id="r1b" sequential="false"><resource_ref id="gate"/>`, `<resource_set id="r1b" sequential="false"><resource_ref id="gat"/><resource_ref id="gate"/>`}, severity: bad},
	{rule: "R11", name: "level", cib: edits{`index="2" devices="pdu"`, `index="2" devices="pdu1"`}, severity: bad},
	{rule: "R11", name: "a tag", cib: edits{`    <rsc_defaults>`, `<tags><tag id="all"><obj_ref id="gate"/><obj_ref id="flow"/></tag></tags><rsc_defaults>`, `<rsc_location id="l3"`, `<rsc_location id="l4" rsc="all" node="one-server1" score="10"/><rsc_location id="l3"`}},

	{rule: "R12", name: "duration, common", cib: edits{`interval="30s" timeout="20s"`, `interval="30s" timeout="20 parsecs"`}, severity: bad},
	{rule: "R12", name: "score", cib: edits{`score="50"`, `score="fifty"`}, severity: bad},
	{rule: "R12", name: "boolean", cib: prop("start-failure-is-fatal", "maybe"), severity: bad},
	{rule: "R12", name: "policy", cib: prop("no-quorum-policy", "ignored"), severity: bad},
	{rule: "R12", name: "delay", cib: edits{`one-server2:0s`, `one-server2:none`}, severity: bad},
	{rule: "R12", name: "ISO 8601", cib: edits{`name="failure-timeout" value="10min"`, `name="failure-timeout" value="PT10M"`}},
	{rule: "R12", name: "infinity", cib: edits{`name="migration-threshold" value="3"`, `name="migration-threshold" value="INFINITY"`}},
	{rule: "R12", name: "negative watchdog", cib: prop("stonith-watchdog-timeout", "-1")},

	{rule: "R13", name: "init script", cib: edits{`class="systemd" type="opennebula-flow"`, `class="lsb" type="opennebula-flow"`}, severity: warn},
	{rule: "R13", name: "upstart", without: "n", cib: edits{`class="systemd" type="opennebula-flow"`, `class="upstart" type="flow"`}, severity: warn},
	{rule: "R13", name: "service", without: "n", cib: edits{`class="systemd" type="opennebula-flow"`, `class="service" type="opennebula-flow"`}},

	{rule: "O01", name: "server", node: func(n, _ *Node) { n.Oned.ServerID = 1 }, severity: bad},
	{rule: "O01", name: "hooks", node: func(n, _ *Node) {
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader eth0 10.3.4.2/24", "raft/vip.sh follower eth0 10.3.4.2/24"
	}, severity: bad},
	{rule: "O01", name: "and no rule of Raft's about the hooks", node: func(n, _ *Node) {
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh eth0 10.3.4.2/24", "raft/vip.sh eth0 10.3.4.2/24"
	}, severity: bad},
	{rule: "O01", name: "nor about the clock", node: func(n, _ *Node) { n.Oned.ServerID, n.Clock.Synchronised = 1, false }, severity: bad, also: "Q06"},
	{rule: "O01", name: "no cluster", without: "ck", node: func(n, _ *Node) {
		noCluster(n, 1)
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader eth0 10.3.4.2/24", "raft/vip.sh follower eth0 10.3.4.2/24"
		unitOf(n, "opennebula.service").Boot = "enabled"
	}},

	{rule: "O02", name: "one hook", without: "ck", node: raft(func(o *Oned) { o.FollowerHook = "" }), severity: bad},
	{rule: "O02", name: "no such hook", without: "ck", node: raft(func(o *Oned) { o.MissingHooks = []string{"raft/follower.sh"} }), severity: bad},
	{rule: "O02", name: "monitor", without: "ck", node: raft(func(o *Oned) { o.Monitor = "auto" }), severity: bad},
	{rule: "O02", name: "monitor of a node", node: func(n, _ *Node) { n.Oned.Monitor = "10.3.4.20" }, severity: warn},
	{rule: "O02", name: "monitor is for oned to say", node: func(n, _ *Node) { n.Oned.Monitor = "auto" }},
	{rule: "O02", name: "as it should be", without: "ck", node: raft(func(*Oned) {})},

	{rule: "O03", name: "file", node: func(n, _ *Node) { n.Oned.Backend, n.Oned.Database = "sqlite", "/var/lib/one/one.db" }, severity: bad},
	{rule: "O03", name: "this node", node: func(n, _ *Node) { n.Oned.Database, n.Oned.LocalDB = "10.3.4.20", true }, severity: bad},
	{rule: "O03", name: "localhost", node: func(n, _ *Node) { n.Oned.Database = "localhost" }, severity: warn},
	{rule: "O03", name: "on a file system that moves", cib: edits{`<primitive id="oned"`, `<primitive id="fs" class="ocf" provider="heartbeat" type="Filesystem"><instance_attributes id="fs-i"><nvpair id="fs1" name="device" value="/dev/drbd0"/><nvpair id="fs2" name="directory" value="/var/lib/one"/><nvpair id="fs3" name="fstype" value="ext4"/></instance_attributes><operations><op id="fs4" name="monitor" interval="20s"/></operations></primitive><primitive id="oned"`},
		node: func(n, _ *Node) { n.Oned.Backend, n.Oned.Database = "sqlite", "/var/lib/one/one.db" }},

	{rule: "O04", name: "oned.conf", node: func(_, p *Node) { p.Twins[2].Digest = "other" }, severity: warn},
	{rule: "O04", name: "no one_key", node: func(n, _ *Node) { n.Twins[3].Digest = "" }, severity: warn},
	{rule: "O04", name: "account", node: func(_, p *Node) { p.Oneadmin.UID = 1001 }, severity: warn},
	{rule: "O04", name: "keys", node: func(_, p *Node) { p.TwinKey = "authkey:01" }, severity: bad},
	{rule: "O04", name: "itself", node: func(n, p *Node) { *p = *n }, severity: bad},
	{rule: "O04", name: "unreadable", node: func(_, p *Node) { p.Twins[2] = Twin{Path: p.Twins[2].Path, Note: "permission denied"} }},

	{rule: "O05", name: "lock", node: func(n, _ *Node) { n.StaleLock = "/var/lock/one/one" }, severity: warn},
	{rule: "O05", name: "none"},

	{rule: "O06", name: "taken", node: func(n, _ *Node) { n.Listeners[0] = Listener{2633, "oned", "python3", "web.service"} }, severity: bad},
	{rule: "O06", name: "its own"},

	{rule: "V01", name: "critical", cib: with(meta("critical", "false"), edits{`pacemaker-3.9`, `pacemaker-3.0`, `<nvpair id="f3c" ` + onlyPDU + `/>`, ``}), pacemaker: "2.0.5", severity: bad},
	{rule: "V01", name: "delay map", pacemaker: "2.1.1", severity: bad},
	{rule: "V01", name: "new names", cib: prop("fencing-timeout", "120s"), pacemaker: "3.0.1", severity: bad},
	{rule: "V01", name: "promoted", cib: edits{`<op id="g1" name="monitor"`, `<op id="g1" role="Promoted" name="monitor"`, `<nvpair id="f3c" ` + onlyPDU + `/>`, ``}, pacemaker: "2.0.5", severity: bad},
	{rule: "V01", name: "new enough", cib: meta("critical", "false"), pacemaker: "2.1.6"},
	{rule: "V01", name: "not known", cib: prop("fencing-timeout", "120s")},

	{rule: "V02", name: "61 s", cib: edits{timeout120, `name="stonith-timeout" value="61s"`}, pacemaker: "2.1.5-8.el9-a3f44794f94", severity: warn},
	{rule: "V02", name: "by the CIB", cib: with(prop("dc-version", "2.1.5-a3f44794f94"), edits{timeout120, `name="stonith-timeout" value="61s"`}), severity: warn},
	{rule: "V02", name: "enough", cib: edits{timeout120, `name="stonith-timeout" value="65s"`}, pacemaker: "2.1.5"},
	{rule: "V02", name: "newer", cib: edits{timeout120, `name="stonith-timeout" value="61s"`}, pacemaker: "2.1.6"},
}

// noCluster makes a node a server of a Raft zone, without a cluster and with a database
// of its own.
func noCluster(n *Node, id int) {
	n.Oned.ServerID, n.Oned.Database = id, "localhost"
	for _, name := range []string{"corosync.service", "pacemaker.service"} {
		u := unitOf(n, name)
		u.Name, u.Boot, u.Active = "not-"+name, "absent", false
	}
	for i := range n.Units {
		n.Units[i].Clustered = false
	}
}

// raft makes the node a sound server of a Raft zone, and changes that.
func raft(change func(*Oned)) func(n, p *Node) {
	return func(n, _ *Node) {
		unitOf(n, "opennebula.service").Boot = "enabled"
		noCluster(n, 0)
		n.Oned.LeaderHook, n.Oned.FollowerHook = "raft/vip.sh leader eth0 10.3.4.2/24", "raft/vip.sh follower eth0 10.3.4.2/24"
		change(n.Oned)
	}
}

// withRoom gives a node such a directory for the cluster's state.
func withRoom(room Room) func(n, p *Node) {
	room.Path = "/var/lib/corosync"
	return func(n, _ *Node) { n.Rooms = []Room{room} }
}
