package cib

import (
	"slices"
	"strings"
	"testing"
)

// TestEffectsAreTheSchedulers holds what a change is said to stop and restart against
// what Pacemaker's scheduler does about it in a running cluster.
func TestEffectsAreTheSchedulers(t *testing.T) {
	box := newChamber(t)
	box.put("new.xml", quorum([]byte(addNodes(string(render(t, examples(t)["two-node"])), n1, n2)), "1"))
	box.run("crm_simulate -x new.xml -S -u " + n1 + " -u " + n2 + " -O running.xml >new.txt\n")
	running := string(box.get("running.xml"))
	sunstone := `<primitive id="sunstone" class="ocf" provider="opennebula" type="sunstone">`
	cases := map[string][2]string{
		"address":  {`name="ip" value="10.3.4.2"`, `name="ip" value="10.3.4.9"`},
		"side":     {sunstone, sunstone + `<instance_attributes id="s"><nvpair id="s1" name="port" value="1"/></instance_attributes>`},
		"interval": {`name="monitor" interval="15s"`, `name="monitor" interval="25s"`},
		"timeout":  {`name="stop" interval="0s" timeout="150s"`, `name="stop" interval="0s" timeout="151s"`},
		"stopped":  {sunstone, sunstone + `<meta_attributes id="s"><nvpair id="s1" name="target-role" value="Stopped"/></meta_attributes>`},
		"agent":    {sunstone, strings.Replace(sunstone, `type="sunstone"`, `type="fireedge"`, 1)},
		"fencing":  {`name="ip" value="10.3.5.20"`, `name="ip" value="10.3.5.99"`},
	}
	script := ""
	for name, c := range cases {
		if !strings.Contains(running, c[0]) {
			t.Fatalf("%s: %s is not in\n%s", name, c[0], running)
		}
		box.put(name+".xml", []byte(strings.Replace(running, c[0], c[1], 1)))
		script += "crm_simulate -x " + name + ".xml -S >" + name + ".txt\n"
	}
	box.run(script)
	for name := range cases {
		t.Run(name, func(t *testing.T) {
			var said []string
			for _, ch := range compare(t, []byte(running), box.get(name+".xml")) {
				said = append(append(said, ch.Stops...), ch.Restarts...)
			}
			var stopped []string
			for _, a := range parseOutcome(string(box.get(name + ".txt"))).actions {
				if f := strings.Fields(a); f[1] == "stop" && !strings.HasPrefix(f[0], "fence-") {
					stopped = append(stopped, f[0])
				}
			}
			slices.Sort(said)
			slices.Sort(stopped)
			if !slices.Equal(said, stopped) {
				t.Errorf("said to stop: %q; the scheduler stops: %q\n%s", said, stopped, box.get(name+".txt"))
			}
		})
	}
}
