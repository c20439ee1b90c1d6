package adopt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/adopt"
)

// pair is a CIB of two nodes, a and b, with the options of their fence devices.
func pair(a, b, properties string) string {
	pairs := func(id, options string) (s string) {
		for i, o := range strings.Fields(options) {
			name, value, _ := strings.Cut(o, "=")
			s += fmt.Sprintf(`<nvpair id="%s-%d" name="%s" value="%s"/>`, id, i, name, value)
		}
		return s
	}
	device := func(node, bmc, options string) string {
		id := "fence-" + node
		return fmt.Sprintf(`<primitive id="%s" class="stonith" type="fence_bmc_ipmi"><instance_attributes id="%s-i">%s</instance_attributes></primitive>`, id, id,
			pairs(id, "ip="+bmc+" username=u password_file=/etc/oneha/bmc pcmk_host_list="+node+" "+options))
	}
	return `<cib><configuration><crm_config><cluster_property_set id="p">` + pairs("p", properties) + `</cluster_property_set></crm_config>
<nodes><node id="1" uname="a"/><node id="2" uname="b"/></nodes><resources>` + device("a", "10.3.5.20", a) + device("b", "10.3.5.21", b) + `
<group id="frontend"><primitive id="vip" class="ocf" provider="opennebula" type="vip"><instance_attributes id="v">` + pairs("v", "ip=10.3.4.2 cidr_netmask=24") + `</instance_attributes></primitive>
<primitive id="oned" class="ocf" provider="opennebula" type="oned"/></group></resources><constraints/></configuration></cib>`
}

const pairConf = `totem { 
}
totem {
  cluster_name: c
}
nodelist {
  node {
    name: a
    nodeid: 1
    ring0_addr: 10.3.4.20
  }
  node {
    name: b
    nodeid: 2
    ring0_addr: 10.3.4.21
  }
}
`

// TestDelays: what fencing waits is fence_delay as far as that can say it, and it is
// said what became of it.
func TestDelays(t *testing.T) {
	for _, test := range []struct {
		a, b, properties string
		want             string // the line of the description, "" for the default
		why              string // in a leftover about a delay, "" for none
	}{
		{"delay=30", "delay=15", "", "fence_delay: 15s", "fencing waits 30s for a and 15s for b; the difference is what decides a race, so it is fence_delay: 15s here"},
		{"delay=15", "", "", "fence_delay: 15s", "that is fence_delay: 15s here"},
		{"", "delay=15", "", "fence_delay: 15s", "which protects a: write prefer: b"},
		{"pcmk_delay_base=7s", "", "", "fence_delay: 7s", ""},
		{"pcmk_delay_base=5s", "", "", "", ""},
		{"pcmk_delay_base=12s", "pcmk_delay_base=2", "", "fence_delay: 10s", "the difference"},
		{"pcmk_delay_base=5s delay=5", "", "", "fence_delay: 10s", "fencing waits 10s for a and 0s for b"},
		{"pcmk_delay_base=5s", "pcmk_delay_base=5s", "", "", "so chance decides a race; the description leaves fence_delay at its default"},
		{"pcmk_delay_max=15", "pcmk_delay_max=15", "", "", "fencing waits up to 15s for a and up to 15s for b, so chance decides"},
		{"pcmk_delay_base=10s pcmk_delay_max=15s", "", "", "fence_delay: 10s", "fencing waits 10s to 15s for a"},
		{"pcmk_delay_base=2min", "", "", "fence_delay: 60s", "fencing waits 2m0s for a"},
		{"pcmk_delay_base=nonsense", "", "", "", "fencing waits 0s for a"},
		{"", "", "priority-fencing-delay=15s", "priority-fencing-delay: 15s", "stays among the properties, but protects the node with the higher priority"},
	} {
		t.Run(test.a+" "+test.b+" "+test.properties, func(t *testing.T) {
			data := []byte(pair(test.a, test.b, test.properties))
			got, err := adopt.From(adopt.Source{Name: "cib.xml", CIB: data, CorosyncName: "corosync.conf", Corosync: []byte(pairConf)})
			if err != nil || len(got.Errors) > 0 {
				t.Fatal(err, got.Errors)
			}
			honest(t, data, got)
			nothingLost(t, data, got)
			text, _, _ := strings.Cut(string(got.Description("x")), "\n# What")
			if test.want == "" && strings.Contains(text, "fence_delay") || !strings.Contains(text, test.want) {
				t.Errorf("want %q:\n%s", test.want, text)
			}
			said := ""
			for _, l := range got.Leftovers {
				if strings.Contains(l.What, "delay") {
					said += l.Why + "\n"
				}
			}
			if !strings.Contains(said, test.why) || test.why == "" && strings.Contains(said, "fencing waits") {
				t.Errorf("want %q, it says %q", test.why, said)
			}
		})
	}
}
