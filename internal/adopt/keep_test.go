package adopt_test

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/adopt"
)

// TestKeep: raw.xml holds what is no resource and no constraint either, but nothing that
// a description refuses, that is how things are now, or that would not count.
func TestKeep(t *testing.T) {
	for name, test := range map[string]struct {
		section, xml string
		want, not    string // in the description above its leftovers
		lost         string // what a leftover still says
	}{
		"default": {"rsc_defaults", `<meta_attributes id="rsc-options"><nvpair id="d1" name="priority" value="1"/><nvpair id="d2" name="resource-stickiness" value="7"/></meta_attributes>`,
			`name="priority"`, `name="resource-stickiness"`, "resource default resource-stickiness 100, was 7"},
		"default with a rule": {"rsc_defaults", `<meta_attributes id="night" score="5"><rule id="r" score="0"><date_expression id="e" operation="gt" start="2030-01-01"/></rule><nvpair id="d2" name="resource-stickiness" value="0"/></meta_attributes>`,
			`<date_expression`, "", ""},
		"operation default":  {"op_defaults", `<meta_attributes id="o"><nvpair id="o1" name="timeout" value="99s"/></meta_attributes>`, `value="99s"`, "", ""},
		"node attribute":     {"nodes", `<node id="1" uname="a"><instance_attributes id="n1"><nvpair id="n11" name="rack" value="r1"/></instance_attributes></node>`, `name="rack"`, "", ""},
		"node with its id":   {"nodes", `<node id="7" uname="a"><instance_attributes id="n1"><nvpair id="n11" name="rack" value="r1"/></instance_attributes></node>`, "", `name="rack"`, "node a: removes rack, was r1"},
		"state of a node":    {"nodes", `<node id="1" uname="a"><instance_attributes id="n1"><nvpair id="n11" name="standby" value="on"/></instance_attributes></node>`, "", "standby", "node a: removes standby, was on"},
		"secret of a node":   {"nodes", `<node id="1" uname="a"><instance_attributes id="n1"><nvpair id="n11" name="password" value="x"/></instance_attributes></node>`, "", "password\"", "node a: password changed"},
		"property":           {"crm_config", `<cluster_property_set id="q"><nvpair id="q1" name="batch-limit" value="30"/></cluster_property_set>`, "  batch-limit: 30", "raw:", ""},
		"refused property":   {"crm_config", `<cluster_property_set id="q"><nvpair id="q1" name="no-quorum-policy" value="ignore"/></cluster_property_set>`, "", "no-quorum-policy", "removes property no-quorum-policy"},
		"property with rule": {"crm_config", `<cluster_property_set id="q" score="3"><rule id="r" score="0"><date_expression id="e" operation="gt" start="2030-01-01"/></rule><nvpair id="q1" name="batch-limit" value="30"/></cluster_property_set>`, `<cluster_property_set`, "", ""},
		"refused with rule":  {"crm_config", `<cluster_property_set id="q" score="3"><rule id="r" score="0"><date_expression id="e" operation="gt" start="2030-01-01"/></rule><nvpair id="q1" name="stonith-enabled" value="false"/></cluster_property_set>`, "", `stonith-enabled`, "stonith-enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(pair("pcmk_delay_base=5s", "", ""))
			switch text := string(data); test.section {
			case "nodes":
				data = []byte(strings.Replace(text, `<nodes><node id="1" uname="a"/>`, "<nodes>"+test.xml, 1))
			case "crm_config":
				data = []byte(strings.Replace(text, "</crm_config>", test.xml+"</crm_config>", 1))
			default:
				data = []byte(strings.Replace(text, "</configuration>", "<"+test.section+">"+test.xml+"</"+test.section+"></configuration>", 1))
			}
			got, err := adopt.From(adopt.Source{Name: "cib.xml", CIB: data, CorosyncName: "corosync.conf", Corosync: []byte(pairConf), KeepRaw: true})
			if err != nil || len(got.Errors) > 0 {
				t.Fatal(err, got.Errors)
			}
			honest(t, data, got)
			nothingLost(t, data, got)
			text, _, _ := strings.Cut(string(got.Description("x")), "\n# What")
			if !strings.Contains(text, test.want) || test.not != "" && strings.Contains(text, test.not) {
				t.Errorf("want %q, not %q:\n%s", test.want, test.not, text)
			}
			said := ""
			for _, l := range got.Leftovers {
				if l.Kind == adopt.Lost {
					said += l.What + "\n"
				}
			}
			if !strings.Contains(said, test.lost) {
				t.Errorf("want %q left over:\n%s", test.lost, said)
			}
		})
	}
}
