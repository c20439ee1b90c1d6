package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

const cib = `<cib epoch="%" num_updates="%"><configuration><crm_config><cluster_property_set id="c"><nvpair id="c-x" name="x" value="1"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="a"/></nodes><resources/><constraints/></configuration><status><node_state id="1" uname="a"/></status></cib>`

func TestConfigurationIsCompared(t *testing.T) {
	read := func(text string) []string {
		t.Helper()
		lines, err := configuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	before := read(cib)
	for name, tt := range map[string]struct {
		old, new string
		want     []string
	}{
		"versions":                  {`epoch="%"`, `epoch="7"`, nil},
		"status":                    {`<node_state id="1" uname="a"/>`, "", nil},
		"order of attributes":       {`id="1" uname="a"`, `uname="a" id="1"`, nil},
		"a set without attributes":  {`<node id="1" uname="a"/>`, `<node id="1" uname="a"><instance_attributes id="nodes-1"/></node>`, nil},
		"a clean-up":                {`</cluster_property_set>`, `<nvpair id="r" name="last-lrm-refresh" value="7"/></cluster_property_set>`, nil},
		"standby":                   {`<node id="1" uname="a"/>`, `<node id="1" uname="a"><instance_attributes id="nodes-1"><nvpair id="s" name="standby" value="on"/></instance_attributes></node>`, []string{`new: cib configuration nodes node#1 instance_attributes#nodes-1 nvpair id="s" name="standby"`}},
		"a ban":                     {"<constraints/>", `<constraints><rsc_location id="cli-ban-vip-on-a" rsc="vip"/></constraints>`, []string{"new: cib configuration constraints rsc_location id=\"cli-ban"}},
		"a value":                   {`value="1"`, `value="2"`, []string{`gone: cib configuration crm_config cluster_property_set#c nvpair id="c-x" name="x" value="1"`, `value="2"`}},
		"an option":                 {`<nvpair id="c-x" name="x" value="1"/>`, "", []string{"gone: "}},
		"an element that was empty": {"<resources/>", "", []string{"gone: cib configuration resources"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(cib, tt.old, tt.new, 1)
			if text == cib {
				t.Fatal("nothing is different")
			}
			check(t, changes(before, read(text)), tt.want...)
		})
	}
	if _, err := configuration(cib[:100]); err == nil {
		t.Error("half a CIB is read")
	}
}

func TestJudgeLeaks(t *testing.T) {
	before := leaks{host: lab.Footprint{Namespaces: 3, Mounts: 4, Groups: 2}, files: map[string]string{"a:/tmp/oneha-old": "a"}, descriptors: map[string]int{"corosync": 30}}
	same := leaks{host: before.host, files: before.files, descriptors: map[string]int{"corosync": 30 + slack}}
	check(t, judgeLeaks(before, same))
	check(t, judgeLeaks(before, leaks{host: before.host}))
	worse := leaks{host: lab.Footprint{Namespaces: 4, Mounts: 4, Groups: 2}, files: map[string]string{"a:/tmp/oneha-new": "a"}, descriptors: map[string]int{"corosync": 31 + slack}}
	check(t, judgeLeaks(before, worse), "Namespaces:4", "only begun: a:/tmp/oneha-new", "corosync has 51 open files, more than 50")
}

// What a killed agent leaves is a leak when the node has stopped everything since.
func TestWhatKilledAgentsLeaveIsForgivenUntilTheNextStop(t *testing.T) {
	before := leaks{files: map[string]string{}, forgiven: map[string]bool{}}
	const draft = "a:/run/resource-agents/vip.new"
	now := leaks{files: map[string]string{draft: "a"}}
	for _, round := range []struct {
		unclean bool
		cleaned string
		want    []string
	}{
		{true, "a", nil}, {false, "", nil}, {false, "b", nil}, {true, "a", nil}, {false, "a", []string{draft}}, {false, "", []string{draft}},
	} {
		before.forgive(now.files, round.unclean, map[string]bool{round.cleaned: true})
		check(t, judgeLeaks(before, now), round.want...)
	}
}

func TestDraftsAreFound(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"run/systemd/system/opennebula.service.d/oneha.conf", "run/systemd/system/opennebula.service.d/.oneha.conf.123", "run/resource-agents/vip.state", "run/resource-agents/vip.state.new",
		"etc/oneha/bmc", "var/lib/oneha/rollback/.lock", "var/lib/oneha/.new-7", "tmp/oneha-diff-1/a.xml", "tmp/.oneha-x", "tmp/other", "tmp/.X11-unix/x", "var/tmp/oneha", "run/other.new"} {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"/run/resource-agents/vip.state.new", "/run/systemd/system/opennebula.service.d/.oneha.conf.123", "/tmp/.oneha-x", "/tmp/oneha-diff-1", "/var/lib/oneha/.new-7", "/var/tmp/oneha"}
	got := drafts(root)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseStat(t *testing.T) {
	const rest = " 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %s 0 0\n"
	for stat, want := range map[string]running{
		"7 (vip) S" + strings.Replace(rest, "%s", "1000", 1):       {pid: 7, parent: 1, program: "vip", age: 25 * time.Second},
		"7 (a ) (b) c) Z" + strings.Replace(rest, "%s", "3500", 1): {pid: 7, parent: 1, program: "a ) (b) c", dead: true},
	} {
		if got, ok := parseStat(stat, "35.00 60.00\n"); !ok || got != want {
			t.Errorf("got %+v %t, want %+v", got, ok, want)
		}
	}
	for _, bad := range []string{"", "7 (vip", "7 (vip) S 1 2", "7 )vip( S" + rest} {
		if _, ok := parseStat(bad, "35.00 60.00"); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

// A child that nobody waits for is found among all processes, as one of a node's would be.
func TestDeadProcessIsSeen(t *testing.T) {
	parent := exec.Command("sh", "-c", "sleep 0 & exec sleep 60") // sleep does not know that it has a child
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		dead := slices.ContainsFunc(processesAmong([]int{parent.Process.Pid}), func(p running) bool { return p.dead && p.parent == parent.Process.Pid })
		if dead {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the dead child is not seen")
		}
	}
}
