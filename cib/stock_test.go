package cib

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
)

// stockText asks of each stock agent everything that can be asked.
const stockText = `version: 1
cluster: c
agents: stock
nodes:
  a: {addr: 10.0.0.1, bmc: {url: "ipmi://10.0.1.1:6230", cipher: 17, privlvl: operator}}
  b: {addr: 10.0.0.2, bmc: "ilo3://10.0.1.2"}
  c: {addr: 10.0.0.3, bmc: "ilo4://10.0.1.3"}
  d: {addr: 10.0.0.4, bmc: "ilo5://10.0.1.4"}
  e: {addr: 10.0.0.5, bmc: {url: "ilo6://10.0.1.5", ssl_insecure: true}}
  f: {addr: 10.0.0.6, bmc: {url: "redfish://10.0.1.6/redfish/v1/Systems/1", auth: basic}}
  g: {addr: 10.0.0.7, bmc: {url: "ilo_ssh://10.0.1.7", known_hosts: /h}}
  h: {addr: 10.0.0.8, bmc: {url: "ilo_ssh://10.0.1.8", identity_file: /k}}
bmc: {username: u, password_file: /f, login_timeout: 5, power_timeout: 30, power_wait: 1, shell_timeout: 9}
vip: {address: 10.0.0.9/24, nic: eth0}
`

// TestStockAgentsKnowTheirOptions holds what is generated for agents of others
// against their own metadata: every option, and the timing of IPaddr2.
func TestStockAgentsKnowTheirOptions(t *testing.T) {
	t.Parallel()
	c, findings := spec.Parse("f", []byte(stockText))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	box := newChamber(t)
	script := "OCF_ROOT=/usr/lib/ocf /usr/lib/ocf/resource.d/heartbeat/IPaddr2 meta-data >IPaddr2.xml\n"
	agents := map[string]bool{}
	m := Build(c)
	for _, p := range m.Primitives {
		if p.Class == "stonith" && !agents[p.Type] {
			agents[p.Type] = true
			script += fmt.Sprintf("%s -o metadata >%[1]s.xml\n", p.Type)
		}
	}
	if len(agents) != 6 {
		t.Errorf("%d agents: %v", len(agents), agents)
	}
	box.run(script)
	for _, p := range m.Primitives {
		if p.Class == "systemd" {
			continue
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(box.get(p.Type + ".xml")); err != nil {
			t.Fatal(err)
		}
		var known []string
		for _, e := range doc.FindElements("//parameter") {
			if e.SelectAttr("deprecated") == nil {
				known = append(known, e.SelectAttrValue("name", ""))
			}
		}
		for _, o := range p.Params {
			if !strings.HasPrefix(o.Name, "pcmk_") && !slices.Contains(known, o.Name) {
				t.Errorf("%s has no option %s", p.Type, o.Name)
			}
		}
		if p.Type != "IPaddr2" {
			continue
		}
		for _, op := range p.Ops {
			e := doc.FindElement("//action[@name='" + op.Name + "']")
			if e == nil || normalDuration(e.SelectAttrValue("timeout", "")) != normalDuration(seconds(op.Timeout)) || normalDuration(e.SelectAttrValue("interval", "0")) != normalDuration(seconds(op.Interval)) {
				t.Errorf("operation %+v is not what IPaddr2 advises", op)
			}
		}
	}
}
