package pacemaker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reads a file of testdata/status. The *.xml there were printed by the crm_mon of that
// release from one CIB, by --output-as=xml and by --as-xml.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "status", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every release says the same of the same cluster, in both forms.
func TestReadStatusOfReleases(t *testing.T) {
	want, err := ReadStatus(fixture(t, "2.1.5.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := want.On("oned"); !slices.Equal(got, []string{"one-server1"}) || len(want.Resources) != 7 || len(want.Nodes) != 2 || !want.Quorum || want.DC != "one-server2" {
		t.Fatalf("2.1.5: %+v", want)
	}
	oned := want.Resources[slices.IndexFunc(want.Resources, func(r ResourceStatus) bool { return r.ID == "oned" })]
	if diff := cmp.Diff(oned, ResourceStatus{ID: "oned", Agent: "ocf:opennebula:oned", In: []string{"frontend"}, Role: "Started", Nodes: []string{"one-server1"}, Active: true, Managed: true}); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"2.0.5.xml", "2.0.5-as-xml.xml", "2.1.5-as-xml.xml", "3.0.0.xml", "3.0.0-as-xml.xml"} {
		got, err := ReadStatus(fixture(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs from 2.1.5:\n%s", name, diff)
		}
	}
}

// old is how 1.1 prints a cluster with a promotable clone, failures and an unclean node.
const old = `<?xml version="1.0"?>
<crm_mon version="1.1.23">
  <summary>
    <current_dc present="true" version="1.1.23-1.el7_9.1-9acf116022" name="n1" id="1" with_quorum="false"/>
    <cluster_options stonith-enabled="false" symmetric-cluster="true" no-quorum-policy="ignore" maintenance-mode="true"/>
  </summary>
  <nodes>
    <node name="n1" id="1" online="true" standby="false" maintenance="false" pending="false" unclean="false" shutdown="false" is_dc="true" resources_running="2" type="member"/>
    <node name="n2" id="2" online="false" standby="true" maintenance="false" pending="true" unclean="true" shutdown="true" is_dc="false" resources_running="1" type="member"/>
  </nodes>
  <resources>
    <clone id="db-clone" multi_state="true" unique="false" managed="true" failed="false">
      <group id="db-group:0" number_resources="1">
        <resource id="db" resource_agent="ocf::heartbeat:pgsql" role="Master" active="true" orphaned="false" managed="false" failed="true" failure_ignored="false" nodes_running_on="1" pending="Monitoring"><node name="n1" id="1" cached="false"/></resource>
      </group>
      <resource id="other" resource_agent="ocf::heartbeat:pgsql" role="Slave" target_role="Stopped" active="true" orphaned="true" blocked="true" managed="true" failed="false" nodes_running_on="1"><node name="n2" id="2" cached="false"/></resource>
    </clone>
    <resource id="web" resource_agent="systemd:httpd" role="Stopped" active="false" orphaned="false" managed="true" failed="false" nodes_running_on="0"/>
  </resources>
  <node_attributes><node name="n1"><attribute name="master-db" value="1"/></node></node_attributes>
  <failures>
    <failure op_key="db_two_monitor_10000" node="n1" exitstatus="unknown error" exitreason="it said &lt;no&gt;" exitcode="1" call="14" status="complete" last-rc-change="Sat Nov 21 21:39:57 2026" queued="0" exec="0" interval="10000" task="monitor"/>
    <failure op_key="web_stop_0" node="n1" exitstatus="unknown error" exitreason="" exitcode="1" call="15" status="Timed Out" last-rc-change="" interval="0" task="stop"/>
  </failures>
</crm_mon>`

func TestReadStatusOld(t *testing.T) {
	got, err := ReadStatus([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	want := Status{
		Version: "1.1.23-1.el7_9.1-9acf116022", DC: "n1", NoQuorumPolicy: "ignore", Maintenance: true, FencingDisabled: true,
		Nodes: []NodeStatus{
			{Name: "n1", ID: "1", Online: true, Running: 2},
			{Name: "n2", ID: "2", Standby: true, Pending: true, Unclean: true, Shutdown: true, Running: 1},
		},
		Resources: []ResourceStatus{
			{ID: "db", Agent: "ocf:heartbeat:pgsql", In: []string{"db-clone", "db-group:0"}, Role: "Promoted", Nodes: []string{"n1"}, Active: true, Failed: true, Pending: "Monitoring"},
			{ID: "other", Agent: "ocf:heartbeat:pgsql", In: []string{"db-clone"}, Role: "Unpromoted", TargetRole: "Stopped", Nodes: []string{"n2"}, Active: true, Orphaned: true, Blocked: true, Managed: true},
			{ID: "web", Agent: "systemd:httpd", Role: "Stopped", Managed: true},
		},
		Failures: []FailedAction{
			{Resource: "db_two", Node: "n1", Task: "monitor", Interval: 10 * time.Second, RC: 1, Result: "unknown error", Reason: "it said <no>", Time: time.Date(2026, 11, 21, 21, 39, 57, 0, time.Local)},
			{Resource: "web", Node: "n1", Task: "stop", RC: 1, Result: "timed out"},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(in []string) []string { return append([]string{}, in...) })); diff != "" {
		t.Error(diff)
	}
}

func TestReadStatusRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":        "",
		"no XML":         "Cluster Summary:",
		"no cluster":     `<crm_mon version="2.1.5"/>`,
		"cut short":      old[:len(old)/2],
		"nested deep":    strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200),
		"other encoding": `<?xml version="1.0" encoding="latin1"?>` + old[21:],
	} {
		if s, err := ReadStatus([]byte(text)); err == nil {
			t.Errorf("%s: no error, %+v", name, s)
		}
	}
}

func TestSettled(t *testing.T) {
	rest := func(change func(*Status)) Status {
		s, err := ReadStatus(fixture(t, "2.1.5.xml"))
		if err != nil {
			t.Fatal(err)
		}
		s.DCState = "S_IDLE"
		change(&s)
		return s
	}
	recovering, err := ReadStatus(fixture(t, "2.1.5-recovering.xml"))
	if err != nil {
		t.Fatal(err)
	}
	recovering.DCState = "S_TRANSITION_ENGINE"
	unclean, err := ReadStatus(fixture(t, "2.1.5-unclean.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		s    Status
		want string
	}{
		{"at rest", rest(func(*Status) {}), ""},
		{"a failed resource rests", rest(func(s *Status) { s.Resources[0].Failed = true }), ""},
		{"a node that is away rests", rest(func(s *Status) { s.Nodes[0].Online = false }), ""},
		{"no DC", rest(func(s *Status) { s.DC = "" }), "no DC is elected"},
		{"silent DC", rest(func(s *Status) { s.DCState = "" }), "the DC one-server2 does not say what it does"},
		{"at work", rest(func(s *Status) { s.DCState = "S_POLICY_ENGINE" }), "the DC one-server2 is at work (S_POLICY_ENGINE)"},
		{"joining", rest(func(s *Status) { s.Nodes[1].Pending = true }), "node one-server2 is joining"},
		{"starting", rest(func(s *Status) { s.Resources[6].Pending = "Starting" }), "resource oned: starting"},
		{"fencing", unclean, "the DC one-server2 does not say what it does, node one-server1 waits to be fenced, reboot of node one-server1 is under way"},
		{"recovering", recovering, "the DC one-server2 is at work (S_TRANSITION_ENGINE), resource vip: monitoring, resource oned: monitoring"},
	} {
		if ok, why := test.s.Settled(); why != test.want || ok != (test.want == "") {
			t.Errorf("%s: %v, %q, want %q", test.name, ok, why, test.want)
		}
	}
}

// answers is a Runner that answers by the command line.
func answers(t *testing.T, table map[string]string, codes map[string]int) (Runner, *[]string) {
	var asked []string
	return func(_ context.Context, _ []byte, name string, args ...string) ([]byte, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		asked = append(asked, line)
		if code := codes[line]; code != 0 {
			return []byte(table[line]), &Error{Tool: name, Code: code, Stderr: "it says " + name}
		}
		text, ok := table[line]
		if !ok {
			t.Errorf("asked %q", line)
		}
		return []byte(text), nil
	}, &asked
}

const (
	newMon  = "crm_mon -1 --output-as=xml"
	oldMon  = "crm_mon --as-xml --pending"
	newHist = "stonith_admin --history * --verbose --output-as=xml"
	oldHist = "stonith_admin --history * --verbose"
)

func TestStatusOfTools(t *testing.T) {
	today := string(fixture(t, "2.1.5.xml"))
	t.Run("new", func(t *testing.T) {
		run, asked := answers(t, map[string]string{newMon: today, "crmadmin -S one-server2": "Controller on one-server2 in state S_IDLE: ok\n"}, nil)
		s, err := Tools{Run: run}.Status(t.Context())
		if err != nil || s.DCState != "S_IDLE" || len(*asked) != 2 {
			t.Errorf("%+v, %v, asked %q", s, err, *asked)
		}
	})
	t.Run("old", func(t *testing.T) {
		run, _ := answers(t, map[string]string{oldMon: old, "crmadmin -S n1": "Status of crmd@n1: S_NOT_DC (ok)"}, map[string]int{newMon: 64})
		s, err := Tools{Run: run}.Status(t.Context())
		if err != nil || s.DCState != "S_NOT_DC" || s.DC != "n1" {
			t.Errorf("%+v, %v", s, err)
		}
	})
	for name, codes := range map[string]map[string]int{"new": {newMon: 102}, "old": {newMon: 64, oldMon: 107}} {
		t.Run("no cluster, "+name, func(t *testing.T) {
			table := map[string]string{}
			if name == "new" {
				table[newMon] = `<pacemaker-result><status code="102" message="Not connected"/></pacemaker-result>`
			}
			run, _ := answers(t, table, codes)
			if _, err := (Tools{Run: run}).Status(t.Context()); !errors.Is(err, ErrNotConnected) {
				t.Errorf("error %v, want ErrNotConnected", err)
			}
		})
	}
	t.Run("no tool", func(t *testing.T) {
		run := func(_ context.Context, _ []byte, name string, _ ...string) ([]byte, error) {
			return nil, &Error{Tool: name, Code: -1, Cause: ErrNoTool}
		}
		if _, err := (Tools{Run: run}).Status(t.Context()); !errors.Is(err, ErrNoTool) {
			t.Errorf("error %v, want ErrNoTool", err)
		}
	})
}

func TestFenceHistory(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.ParseInLocation(time.DateTime, text, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, test := range []struct {
		name  string
		table map[string]string
		codes map[string]int
		want  []FenceEvent
	}{
		{"2.1", map[string]string{newHist: string(fixture(t, "history-2.1.5.xml"))}, nil, []FenceEvent{
			{Target: "one-server1", Action: "reboot", Status: FenceSuccess, Delegate: "one-server2", Origin: "one-server2", Client: "pacemaker-controld.42", Time: time.Date(2026, 11, 22, 6, 26, 16, 0, time.UTC)},
		}},
		{"2.0.1", map[string]string{oldHist: "n2 was able to turn off node n1 on behalf of pacemaker-controld.835 from n2 at Wed Oct 10 09:56:47 2018\n\n" +
			"n2 failed to reboot node n3 on behalf of stonith_admin.1 from n2 at Wed Oct 10 09:58:47 2018\n\nn2 wishes to reboot node n3 - 1 0\n"}, map[string]int{newHist: 64}, []FenceEvent{
			{Target: "n3", Action: "reboot", Status: FencePending, Origin: "n2"},
			{Target: "n3", Action: "reboot", Status: FenceFailed, Delegate: "n2", Origin: "n2", Client: "stonith_admin.1", Time: at("2018-10-10 09:58:47")},
			{Target: "n1", Action: "off", Status: FenceSuccess, Delegate: "n2", Origin: "n2", Client: "pacemaker-controld.835", Time: at("2018-10-10 09:56:47")},
		}},
		{"1.1", map[string]string{oldHist: "We were able to reboot node n1 on behalf of n2 at Wed Oct 10 09:56:47 2018\n\nsomething else\nWe were able to reboot node n1 on behalf of n2 at Wed Oct 10 09:56:47 2018\n"}, map[string]int{newHist: 64}, []FenceEvent{
			{Target: "n1", Action: "reboot", Status: FenceSuccess, Origin: "n2", Time: at("2018-10-10 09:56:47")},
		}},
		{"none", map[string]string{newHist: `<pacemaker-result><list name="fencing history" count="0"/></pacemaker-result>`}, nil, nil},
	} {
		run, _ := answers(t, test.table, test.codes)
		got, err := Tools{Run: run}.FenceHistory(t.Context())
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: error %v\n%s", test.name, err, diff)
		}
	}
}

func TestReadTime(t *testing.T) {
	want := time.Date(2026, 11, 22, 6, 26, 16, 0, time.UTC)
	for _, text := range []string{"2026-11-22 06:26:16Z", "2026-11-22 07:26:16 +01:00", "2026-11-22 06:26:16.000000Z", want.Local().Format(time.ANSIC), "1795328776"} {
		if got := ReadTime(text); !got.Equal(want) {
			t.Errorf("%q is %s", text, got)
		}
	}
	for _, text := range []string{"", "0", "soon", "2026-22-11"} {
		if got := ReadTime(text); !got.IsZero() {
			t.Errorf("%q is %s, want none", text, got)
		}
	}
}

func FuzzReadStatus(f *testing.F) {
	f.Add([]byte(old))
	f.Add(fixture(f, "2.0.5.xml"))
	f.Add(fixture(f, "2.1.5-unclean.xml"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ReadStatus(text)
		if err != nil {
			return
		}
		if ok, why := s.Settled(); ok != (why == "") {
			t.Errorf("settled %v, because %q", ok, why)
		}
	})
}

func FuzzFenceHistory(f *testing.F) {
	f.Add("n2 was able to turn off node n1 on behalf of crmd.8 from n2 at Wed Oct 10 09:56:47 2018")
	f.Add(string(fixture(f, "history-2.1.5.xml")))
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range readFenceText(text) {
			if e.Target == "" || e.Action == "" || e.Status == "" {
				t.Errorf("%+v", e)
			}
		}
		_, _ = ReadFenceHistory([]byte(text))
	})
}
