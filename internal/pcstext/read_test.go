package pcstext

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/rogpeppe/go-internal/txtar"
)

// old is what pcs 0.9 prints, from its documentation and from guides for CentOS 7: not
// from a run of it.
const old = `Cluster Name: opennebula
Corosync Nodes:
 one-server1 one-server2
Pacemaker Nodes:
 one-server1 one-server2

Resources:
 Resource: VIP (class=ocf provider=heartbeat type=IPaddr2)
  Attributes: cidr_netmask=24 ip=10.3.4.2
  Operations: monitor interval=20s (VIP-monitor-interval-20s)
              start interval=0s timeout=20s (VIP-start-interval-0s)
 Master: ms_drbd
  Meta Attrs: master-max=1 clone-max=2
  Resource: drbd (class=ocf provider=linbit type=drbd)
   Attributes: drbd_resource=r0

Stonith Devices:
 Resource: fence1 (class=stonith type=fence_ilo4)
  Attributes: ipaddr=10.3.5.20 login=admin passwd="two words" pcmk_host_list=one-server1 delay=15
Fencing Levels:
  Target: one-server1
    Level 1 - fence1,fence2

Location Constraints:
  Resource: fence1
    Disabled on: one-server1 (score:-INFINITY) (id:location-fence1-one-server1--INFINITY)
  Resource: VIP
    Enabled on: one-server1 (score:50) (role: Started) (id:location-VIP)
Ordering Constraints:
  promote ms_drbd then start VIP (kind:Mandatory) (Options: require-all=false) (id:order-1)
Colocation Constraints:
  VIP with ms_drbd (score:INFINITY) (rsc-role:Started) (with-rsc-role:Master) (id:colocation-1)
Ticket Constraints:

Alerts:
 No alerts defined

Resources Defaults:
 resource-stickiness: 100
Operations Defaults:
 No defaults set

Cluster Properties:
 cluster-infrastructure: corosync
 have-watchdog: false
 stonith-enabled: true

Quorum:
  Options:
`

const oldCIB = `<crm_config>
  <cluster_property_set id="cib-bootstrap-options">
    <nvpair id="cib-bootstrap-options-cluster-infrastructure" name="cluster-infrastructure" value="corosync"/>
    <nvpair id="cib-bootstrap-options-have-watchdog" name="have-watchdog" value="false"/>
    <nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="true"/>
    <nvpair id="cib-bootstrap-options-cluster-name" name="cluster-name" value="opennebula"/>
  </cluster_property_set>
</crm_config>
<nodes>
  <node id="1" uname="one-server1"/>
  <node id="2" uname="one-server2"/>
</nodes>
<resources>
  <primitive id="VIP" class="ocf" provider="heartbeat" type="IPaddr2">
    <instance_attributes id="VIP-instance_attributes">
      <nvpair id="VIP-instance_attributes-cidr_netmask" name="cidr_netmask" value="24"/>
      <nvpair id="VIP-instance_attributes-ip" name="ip" value="10.3.4.2"/>
    </instance_attributes>
    <operations>
      <op id="VIP-monitor-interval-20s" name="monitor" interval="20s"/>
      <op id="VIP-start-interval-0s" name="start" interval="0s" timeout="20s"/>
    </operations>
  </primitive>
  <master id="ms_drbd">
    <meta_attributes id="ms_drbd-meta_attributes">
      <nvpair id="ms_drbd-meta_attributes-master-max" name="master-max" value="1"/>
      <nvpair id="ms_drbd-meta_attributes-clone-max" name="clone-max" value="2"/>
    </meta_attributes>
    <primitive id="drbd" class="ocf" provider="linbit" type="drbd">
      <instance_attributes id="drbd-instance_attributes">
        <nvpair id="drbd-instance_attributes-drbd_resource" name="drbd_resource" value="r0"/>
      </instance_attributes>
    </primitive>
  </master>
  <primitive id="fence1" class="stonith" type="fence_ilo4">
    <instance_attributes id="fence1-instance_attributes">
      <nvpair id="fence1-instance_attributes-ipaddr" name="ipaddr" value="10.3.5.20"/>
      <nvpair id="fence1-instance_attributes-login" name="login" value="admin"/>
      <nvpair id="fence1-instance_attributes-passwd" name="passwd" value="two words"/>
      <nvpair id="fence1-instance_attributes-pcmk_host_list" name="pcmk_host_list" value="one-server1"/>
      <nvpair id="fence1-instance_attributes-delay" name="delay" value="15"/>
    </instance_attributes>
  </primitive>
</resources>
<constraints>
  <rsc_location rsc="fence1" node="one-server1" score="-INFINITY" id="location-fence1-one-server1--INFINITY"/>
  <rsc_location rsc="VIP" node="one-server1" score="50" role="Started" id="location-VIP"/>
  <rsc_order first-action="promote" first="ms_drbd" then-action="start" then="VIP" require-all="false" id="order-1"/>
  <rsc_colocation rsc="VIP" with-rsc="ms_drbd" score="INFINITY" rsc-role="Started" with-rsc-role="Master" id="colocation-1"/>
</constraints>
<fencing-topology>
  <fencing-level target="one-server1" id="fl-one-server1-1" index="1" devices="fence1,fence2"/>
</fencing-topology>
<rsc_defaults>
  <meta_attributes id="rsc_defaults-options">
    <nvpair id="rsc_defaults-options-resource-stickiness" name="resource-stickiness" value="100"/>
  </meta_attributes>
</rsc_defaults>
`

func TestReadOf09(t *testing.T) {
	cib, _, findings := Read("centos7", []byte(old))
	if len(findings) > 0 {
		t.Error(findings)
	}
	if got := configuration(t, cib); got != oldCIB {
		t.Errorf("got\n%s", got)
	}
}

// configuration is what is in <configuration>, at the margin.
func configuration(t *testing.T, cib []byte) string {
	t.Helper()
	_, inner, _ := strings.Cut(string(cib), "<configuration>\n")
	inner, _, found := strings.Cut(inner, "  </configuration>")
	if !found {
		t.Fatalf("no configuration:\n%s", cib)
	}
	return strings.ReplaceAll("\n"+inner, "\n    ", "\n")[1:]
}

// TestFindings: what cannot be read is said once, at its place, and nothing else is
// lost.
func TestFindings(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"another heading", "Alerts:\n No", "Ghosts:\n No", "f:35:1: warning: left out, with the 1 line below: not a heading of pcs config; see what the line says, and configure it by hand"},
		{"a prompt", "Cluster Name:", "[root@one ~]# pcs config\nCluster Name:", "f:1:1: warning: left out: not a heading of pcs config; see what the line says, and configure it by hand"},
		{"an operation", "monitor interval=20s", "monitor 20s", "f:10:15: warning: left out: the operation cannot be read; see what the line says, and configure it by hand"},
		{"options", `passwd="two words"`, `passwd=two words`, "f:19:3: warning: left out: the options cannot be read; see what the line says, and configure it by hand"},
		{"an order", "promote ms_drbd then start VIP", "promote ms_drbd before start VIP", "f:30:3: warning: left out: the constraint cannot be read; see what the line says, and configure it by hand"},
		{"an option of a constraint", "(score:50)", "(heat:50)", "f:28:5: warning: left out: an option of the constraint is not known; see what the line says, and configure it by hand"},
		{"an id again", "id:order-1", "id:colocation-1", "f:32:3: warning: left out: there is something else of that id; see what the line says, and configure it by hand"},
		{"a type", " (class=stonith type=fence_ilo4)", "", "f:18:2: warning: the type of the resource is not there; add the part in parentheses: pcs config prints it"},
		{"not text", "ipaddr=10.3.5.20", "ipaddr=\x00", "f:19:1: warning: the text is damaged: there are characters that are no text; print it again, in UTF-8"},
	} {
		text := strings.Replace(old, tt.old, tt.new, 1)
		cib, _, findings := Read("f", []byte(text))
		if len(findings) != 1 || findings[0].String() != tt.want {
			t.Errorf("%s: %v\nwant %s", tt.name, findings, tt.want)
		}
		if !bytes.Contains(cib, []byte(`id="VIP"`)) {
			t.Errorf("%s: the rest is lost", tt.name)
		}
	}
}

func TestForeign(t *testing.T) {
	for _, text := range []string{"", "\n\n", "version: 1\ncluster: x\n", "primitive a Dummy\n", "<cib/>"} {
		cib, _, findings := Read("f", []byte(text))
		if cib != nil || len(findings) != 1 || !findings.HasErrors() {
			t.Errorf("%q: %s, %v", text, cib, findings)
		}
	}
}

// TestParts: what other pcs commands print is read, too.
func TestParts(t *testing.T) {
	for text, want := range map[string]string{
		"Resource: a (class=ocf provider=heartbeat type=Dummy)\n  Attributes: a-i\n    x=1\n": `<nvpair id="a-i-x" name="x" value="1"/>`,
		" Resource: a (class=systemd type=cron)\n":                                            `<primitive id="a" class="systemd" type="cron"/>`,
		"Location Constraints:\n  Resource: a\n    Enabled on: n\n":                           `<rsc_location rsc="a" node="n" id="rsc_location"/>`,
		"Target: n1\n  Level 1 - a\n":                                                         `<fencing-level target="n1" id="fl-n1-1" index="1" devices="a"/>`,
		"Cluster Properties:\n x: y\nNode Attributes:\n n1: standby=on\n":                     `name="standby" value="on"`,
		"Resources Defaults:\n  resource-stickiness=5\n":                                      `name="resource-stickiness" value="5"`,
	} {
		if strings.HasPrefix(text, "Target") {
			text = "Fencing Levels:\n" + text
		}
		cib, _, findings := Read("f", []byte(text))
		if len(findings) > 0 || !bytes.Contains(cib, []byte(want)) {
			t.Errorf("%s%v\n%s", text, findings, cib)
		}
	}
}

// processorTime is what the test has used; what else the machine does is not in it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestSpeed: no input of 1 MB takes seconds of a processor, so that nothing is quadratic.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a while")
	}
	fill := func(head, body string) string { return head + strings.Repeat(body, (1<<20)/len(body)) }
	deep := "Resources:\n"
	for n := range 1400 {
		deep += strings.Repeat(" ", n) + "Group: g\n"
	}
	for name, text := range map[string]string{
		"open quotes":  fill("Resources:\n Resource: a (class=ocf type=b)\n  Attributes: ", `a="x `),
		"more quotes":  fill("Resources:\n Resource: a (class=ocf type=b)\n  Attributes: ", `a="x 'y" z=' `),
		"parentheses":  fill("Ordering Constraints:\n  a then b ", "(a:b) ("),
		"one id":       fill("Resources:\n", " Resource: a (class=ocf type=b)\n"),
		"one name":     fill("Cluster Properties:\n", " a: b\n"),
		"operations":   fill("Resources:\n Resource: a (class=ocf type=b)\n  Operations: ", "monitor interval=1s\n              "),
		"sets":         fill("Ordering Constraints:\n  Resource Sets:\n    ", "set a b "),
		"broken lines": fill("Resources:\n", "          x\n"),
		"deep":         deep,
		"headings":     fill("", "Resources:\n"),
		"colours":      fill("Resources:\n", "\x1b["),
		"nodes":        fill("Corosync Nodes:\n", " n"),
	} {
		start := processorTime(t)
		Read("f", []byte(text))
		took := processorTime(t) - start
		if t.Logf("%s: %v", name, took); took > 3*time.Second { // with what collects the garbage of all
			t.Errorf("%s: %v", name, took)
		}
	}
}

// FuzzRead: whatever the text, no panic, and a CIB that is XML, or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(old))
	paths, err := filepath.Glob("../../test/shown/testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captures: %v", err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".pcs") || strings.HasSuffix(file.Name, ".wrapped") {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cib, _, findings := Read("f", text)
		if (cib == nil) != findings.HasErrors() {
			t.Fatalf("%s\n%v", cib, findings)
		}
		lines := bytes.Count(text, []byte("\n")) + 1
		if len(findings) > 4*lines+len(text)/8 {
			t.Errorf("%d findings about %d lines", len(findings), lines)
		}
		for _, found := range findings {
			if found.What == "" || found.Fix == "" || found.Line > lines || strings.Contains(found.String(), "\n") {
				t.Errorf("%v", found)
			}
		}
		if cib == nil {
			return
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(cib); err != nil {
			t.Fatalf("%v\n%s", err, cib)
		}
		if again, _, _ := Read("f", text); !bytes.Equal(cib, again) {
			t.Error("a second run differs")
		}
	})
}
