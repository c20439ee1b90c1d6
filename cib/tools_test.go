package cib

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
)

// TestToolsAgree: Pacemaker and corosync accept our files as they stand, and pcs and
// crm make of theirs what our XML says.
func TestToolsAgree(t *testing.T) {
	t.Parallel()
	for name, c := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			toolsAgree(t, c)
		})
	}
}

// TestToolsAgreeOnExamples is the same for the examples: the two that use most, or
// with ONEHA_EQUALITY=all every one.
func TestToolsAgreeOnExamples(t *testing.T) {
	t.Parallel()
	some := []string{"every-key", "stock"}
	for name, c := range examples(t) {
		if os.Getenv("ONEHA_EQUALITY") == "all" || slices.Contains(some, name) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				toolsAgree(t, c)
			})
		}
	}
}

// toolsAgree needs no systemd in the chamber: there, pcs and crm have to be told to
// take a unit that they cannot see.
func toolsAgree(t *testing.T, c spec.Cluster) {
	box := newChamber(t)
	box.generate(c, "")
	nodes := ""
	for _, n := range c.Nodes {
		nodes += " " + n.Name
		for _, a := range n.Addrs {
			nodes += " addr=" + a.String()
		}
	}
	qdevice := ""
	if c.QDevice.Host != "" {
		qdevice = "pcs --corosync_conf oracle.conf " + strings.Join(pcsQDevice(c.QDevice), " ")
	}
	crm := "crm"
	if slices.ContainsFunc(Build(c).Primitives, func(p Primitive) bool { return p.Class == "systemd" }) {
		crm = "crm -F"
	}
	box.put("pcs", []byte(`#!/bin/sh
case " $* " in
*" systemd:"*) exec pcs "$@" --force ;;
esac
exec pcs "$@"
`))
	box.run(`
crm_verify -V -x cib.xml
for schema in 3.0 3.9; do xmllint --noout --relaxng /usr/share/pacemaker/pacemaker-$schema.rng cib.xml; done

cibadmin --empty >pcs.xml
PCS='sh /chamber/pcs' sh cluster.pcs.sh -f pcs.xml
crm_verify -V -x pcs.xml

cibadmin --empty >crm.xml
CIB_file=/chamber/crm.xml ` + crm + ` configure load update cluster.crm
crm_verify -V -x crm.xml
cp crm.xml crm2.xml
CIB_file=/chamber/crm2.xml ` + crm + ` configure load update cluster.crm
cmp crm.xml crm2.xml

head -c 256 /dev/urandom >/etc/corosync/authkey
hostname ` + c.Nodes[0].Name + `
corosync -t -c corosync.conf
pcs cluster setup ` + c.Name + nodes + fmt.Sprintf(" totem token=%d", c.Token.Milliseconds()) + ` --no-cluster-uuid --corosync_conf oracle.conf
` + qdevice + "\n")
	box.same("cib.xml", "pcs.xml")
	box.same("cib.xml", "crm.xml")
	ours, _, _ := strings.Cut(string(box.get("corosync.conf")), "# From the description")
	if diff := cmp.Diff(settings(string(box.get("oracle.conf"))), settings(ours)); diff != "" {
		t.Errorf("corosync.conf: -pcs +ours:\n%s", diff)
	}
}

// settings reads a corosync.conf into sorted lines "section.key: value"; nodes are
// numbered in their order.
func settings(conf string) (lines []string) {
	var path []string
	nodes := 0
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasSuffix(line, "{"):
			name := strings.TrimSpace(strings.TrimSuffix(line, "{"))
			if name == "node" {
				nodes++
				name += fmt.Sprint(nodes)
			}
			path = append(path, name)
		case line == "}":
			path = path[:len(path)-1]
		default:
			lines = append(lines, strings.Join(path, ".")+"."+line)
		}
	}
	slices.Sort(lines)
	return lines
}

// TestToolsReadAwkwardValues takes values through pcs and crm that a careless
// quoting breaks. The stock IPaddr2 lends its many free parameters.
func TestToolsReadAwkwardValues(t *testing.T) {
	t.Parallel()
	box := newChamber(t)
	params := []string{
		"nic", "cidr_netmask", "broadcast", "iflabel", "mac", "clusterip_hash", "arp_sender", "send_arp_opts", "preferred_lft",
		"network_namespace", "lvs_support", "unique_clone_address", "flush_routes", "run_arping", "nodad", "noprefixroute",
	}
	model := func(values []string) Model {
		m := Model{Properties: []spec.Option{{Name: "stonith-enabled", Value: "false"}}, Defaults: defaults}
		for i, v := range values {
			if i%len(params) == 0 {
				m.Primitives = append(m.Primitives, Primitive{
					ID: fmt.Sprintf("p%d", i/len(params)), Class: "ocf", Provider: "heartbeat", Type: "IPaddr2",
					Params: []spec.Option{{Name: "ip", Value: fmt.Sprintf("10.0.0.%d", i+1)}}, Ops: vipOps,
				})
			}
			p := &m.Primitives[len(m.Primitives)-1]
			p.Params = append(p.Params, spec.Option{Name: params[i%len(params)], Value: v})
		}
		return m
	}
	put := func(name string, d dialect, m Model) {
		data, err := d.render(m)
		if err != nil {
			t.Fatal(err)
		}
		box.put(name, data)
	}
	all := model(awkward)
	put("pcs-ours.xml", xmlDialect{}, all)
	put("pcs.sh", pcsDialect{}, all)
	sayable := model(slices.DeleteFunc(slices.Clone(awkward), func(v string) bool { return !crmCanQuote(v) }))
	put("crm-ours.xml", xmlDialect{}, sayable)
	put("crm.crm", crmDialect{}, sayable)
	box.run(`
cibadmin --empty >pcs.xml
sh pcs.sh -f pcs.xml
cibadmin --empty >crm.xml
CIB_file=/chamber/crm.xml crm configure load update crm.crm
`)
	box.same("pcs-ours.xml", "pcs.xml")
	box.same("crm-ours.xml", "crm.xml")
}

// TestScriptRefusesToRepeat: a second run of the pcs script changes nothing.
func TestScriptRefusesToRepeat(t *testing.T) {
	t.Parallel()
	box := newChamber(t)
	box.generate(twoNodes(spec.Staged, "oned"), "")
	out := box.run(`
cp cib.xml again.xml
if sh cluster.pcs.sh -f again.xml; then exit 1; fi
cmp cib.xml again.xml
`)
	if !strings.Contains(out, "the configuration is as it was") {
		t.Error(out)
	}
}
