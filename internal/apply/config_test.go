package apply

import (
	"fmt"
	"strings"
	"testing"
)

func TestWanted(t *testing.T) {
	live := `<cib epoch="7" num_updates="3" admin_epoch="0" validate-with="pacemaker-3.9">
  <configuration>
    <crm_config>
      <cluster_property_set id="mine">
        <nvpair id="mine-v" name="dc-version" value="2.1.5"/>
        <nvpair id="mine-t" name="stonith-timeout" value="1s"/>
      </cluster_property_set>
    </crm_config>
    <nodes>
      <node id="1" uname="a"><instance_attributes id="n1"><nvpair id="n1-s" name="standby" value="on"/></instance_attributes></node>
      <node id="2" uname="b"/>
    </nodes>
    <resources><primitive id="foreign" class="ocf" provider="heartbeat" type="Dummy"/></resources>
    <constraints/>
    <tags><tag id="t"/></tags>
  </configuration>
  <status><node_state id="1"/></status>
</cib>`
	generated := `<?xml version="1.0"?>
<!-- header -->
<cib epoch="1" num_updates="0" admin_epoch="0" validate-with="pacemaker-3.0">
  <configuration>
    <crm_config/>
    <nodes><node id="2" uname="b"><utilization id="u"/></node></nodes>
    <resources><primitive id="vip" class="ocf" provider="opennebula" type="vip"/></resources>
    <constraints/>
  </configuration>
  <status/>
</cib>`
	got, err := Wanted([]byte(live), []byte(generated))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<cib epoch="8" num_updates="0" admin_epoch="0" validate-with="pacemaker-3.9">`,
		`name="dc-version" value="2.1.5"`, `name="standby" value="on"`, `<utilization id="u"/>`, `id="vip"`, `<status><node_state id="1"/></status>`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, gone := range []string{"stonith-timeout", "foreign", "tags", "header"} {
		if strings.Contains(string(got), gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	if t.Failed() {
		t.Logf("%s", got)
	}
	again, err := Wanted(got, []byte(generated))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := Same(got, again); !same || err != nil {
		t.Errorf("a second time it is another configuration: %v", err)
	}
}

// What came or went of the cluster itself since is not taken back.
func TestRestoredKeepsTheCluster(t *testing.T) {
	then, err := Configuration([]byte(fmt.Sprintf(fakeCIB, 1, 0, option("stonith-timeout", "60s"))))
	if err != nil {
		t.Fatal(err)
	}
	now := fmt.Sprintf(fakeCIB, 9, 4, option("stonith-timeout", "90s"))
	for _, test := range []struct{ what, from, to string }{
		{"node", `<node id="1" uname="one-server1"/>`, `<node id="1" uname="one-server1"/><node id="2" uname="one-server2"/>`},
		{"release", `value="2.1.5"`, `value="3.0.0"`},
	} {
		live := strings.Replace(now, test.from, test.to, 1)
		got, exact, err := Restored([]byte(live), then)
		if err != nil || exact {
			t.Errorf("%s: exact %t, %v", test.what, exact, err)
		}
		flat := strings.Join(strings.Fields(string(got)), " ")
		flat = strings.ReplaceAll(flat, "> <", "><")
		if !strings.Contains(flat, test.to) || !strings.Contains(flat, `"60s"`) || strings.Contains(flat, `"90s"`) {
			t.Errorf("%s: restored\n%s", test.what, got)
		}
	}
}

func TestConfigurationOfDamaged(t *testing.T) {
	for _, bad := range []string{"", "<cib/>", "<cib><configuration>", "<configuration/>", "<cib><status><configuration/></status></cib>", "no xml"} {
		if got, err := Configuration([]byte(bad)); err == nil {
			t.Errorf("Configuration(%q) = %q", bad, got)
		}
	}
}

func FuzzWanted(f *testing.F) {
	whole := fmt.Sprintf(fakeCIB, 1, 0, option("stonith-timeout", "60s"))
	f.Add(whole, whole)
	f.Add("<cib epoch='1'><configuration/></cib>", whole)
	f.Add("<cib><configuration", "")
	f.Fuzz(func(t *testing.T, live, generated string) {
		wanted, err := Wanted([]byte(live), []byte(generated))
		if err != nil {
			return
		}
		if _, err := Configuration(wanted); err != nil {
			t.Errorf("what Wanted made cannot be read: %v", err)
		}
	})
}
