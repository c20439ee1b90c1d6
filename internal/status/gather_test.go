package status

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/vip"
)

func file(t testing.TB, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wire is a network on which machines answer for addresses.
type wire struct {
	here    []string            // addresses of this node
	answers map[string][]string // hardware by address
	err     error
	hang    bool
}

func (w wire) Close() {}

func (w wire) Find(_ context.Context, a vip.Address) (held vip.Held, err error) {
	for _, ip := range w.here {
		if ip == a.IP.String() {
			held = append(held, vip.Holding{Prefix: netip.PrefixFrom(a.IP, 24), Link: vip.Link{Name: "eth0", AdminUp: true, Operational: true}})
		}
	}
	return held, nil
}

func (w wire) Resolve(_ context.Context, a vip.Address) (vip.Place, error) {
	return vip.Place{Nic: "eth0"}, w.err
}

func (w wire) Owners(ctx context.Context, _ string, ip netip.Addr) (all []net.HardwareAddr, err error) {
	if w.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, text := range w.answers[ip.String()] {
		hw, err := net.ParseMAC(text)
		if err != nil {
			return nil, err
		}
		all = append(all, hw)
	}
	return all, nil
}

// tools answers for the cluster that the fixtures of package pacemaker are of, where
// one-server1 runs everything.
func tools(t *testing.T, change func(line string) (string, error, bool)) pacemaker.Tools {
	mon := file(t, "..", "pacemaker", "testdata", "status", "2.1.5.xml")
	history := file(t, "..", "pacemaker", "testdata", "status", "history-2.1.5.xml")
	cib := file(t, "testdata", "cib-2.1.5.xml")
	return pacemaker.Tools{Run: func(ctx context.Context, _ []byte, name string, args ...string) ([]byte, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		if change != nil {
			if text, err, ok := change(line); ok {
				if text == "hang" {
					<-ctx.Done()
					return nil, &pacemaker.Error{Tool: name, Code: -1, Cause: fmt.Errorf("it did not end in time: %w", ctx.Err())}
				}
				return []byte(text), err
			}
		}
		switch name {
		case "crm_mon":
			return []byte(mon), nil
		case "cibadmin":
			return []byte(cib), nil
		case "stonith_admin":
			return []byte(history), nil
		case "crm_simulate":
			return nil, simulate(line, "vip", "oned", "sunstone", "gate", "flow")
		case "crmadmin":
			return []byte("Controller on one-server2 in state S_IDLE: ok"), nil
		}
		return nil, fmt.Errorf("asked %q", line)
	}}
}

const mac2 = "02:00:0a:1a:00:02"

// sources are those of a node of that cluster.
// simulate answers for crm_simulate into the files that it is told to write: it starts
// these resources elsewhere.
func simulate(line string, starts ...string) error {
	graph := "<transition_graph>"
	for _, id := range starts {
		graph += `<synapse><action_set><rsc_op operation="start" on_node="one-server2"><primitive id="` + id + `"/></rsc_op></action_set></synapse>`
	}
	args := strings.Fields(line)
	for flag, text := range map[string]string{"-O": "<cib/>", "-G": graph + "</transition_graph>"} {
		if err := os.WriteFile(args[slices.Index(args, flag)+1], []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func sources(t *testing.T, node string, w wire) Sources {
	return Sources{
		Pacemaker: tools(t, nil), Node: node, Root: true,
		Network: func() (Network, error) { return w, nil },
		Peers: func(_ context.Context, name string) []netip.Addr {
			return map[string][]netip.Addr{n1: {netip.MustParseAddr("10.3.4.20")}, n2: {netip.MustParseAddr("10.3.4.21")}}[name]
		},
		Probe: func(_ context.Context, s one.Service, depth int, p one.Probe) error { return nil },
		Links: func(context.Context) (string, error) {
			return "Local node ID 2, transport knet\nLINK ID 0 udp\n\taddr\t= 10.3.4.21\n\tstatus:\n\t\tnodeid:          1:\tconnected\n\t\tnodeid:          2:\tlocalhost\n", nil
		},
	}
}

func TestLocate(t *testing.T) {
	own := func(more map[string][]string) map[string][]string {
		all := map[string][]string{"10.3.4.20": {mac1}, "10.3.4.21": {mac2}}
		for ip, hw := range more {
			all[ip] = hw
		}
		return all
	}
	for _, test := range []struct {
		name, node string
		wire       wire
		want       []Holder
		unknown    string
		says       string // of the first problem
	}{
		{"on the other node", n2, wire{answers: own(map[string][]string{"10.3.4.2": {mac1}})}, []Holder{{Node: n1, Hardware: mac1}}, "", ""},
		{"here", n1, wire{here: []string{"10.3.4.2"}, answers: own(nil)}, []Holder{{Node: n1, Place: "10.3.4.2/24 on eth0"}}, "", ""},
		{"here and there", n1, wire{here: []string{"10.3.4.2"}, answers: own(map[string][]string{"10.3.4.2": {mac2}})}, []Holder{{Node: n1, Place: "10.3.4.2/24 on eth0"}, {Node: n2, Hardware: mac2}}, "", "10.3.4.2 is held by one-server1 and one-server2 at once: connections reach now one, now the other"},
		{"here, wrongly", n2, wire{here: []string{"10.3.4.2"}, answers: own(nil)}, []Holder{{Node: n2, Place: "10.3.4.2/24 on eth0"}}, "", "10.3.4.2 is held by one-server2; Pacemaker says one-server1"},
		{"a stranger", n2, wire{answers: own(map[string][]string{"10.3.4.2": {stranger}})}, []Holder{{Hardware: stranger, Stranger: true}}, "", "10.3.4.2 is held by " + stranger + " (none of the nodes); Pacemaker says one-server1"},
		{"a stranger or a silent node", n2, wire{answers: map[string][]string{"10.3.4.2": {stranger}}}, []Holder{{Hardware: stranger}}, "", "10.3.4.2 is held by " + stranger + " (which node that is cannot be told); Pacemaker says one-server1"},
		{"nobody", n2, wire{answers: own(nil)}, []Holder{}, "", "10.3.4.2 is held by nobody; Pacemaker says one-server1"},
		{"not to be told", n2, wire{err: vip.ErrNoRoute}, []Holder{}, "no connected route contains the address", "where 10.3.4.2 is cannot be told from here: no connected route contains the address"},
	} {
		r := Gather(t.Context(), sources(t, test.node, test.wire))
		if len(r.Addresses) != 1 {
			t.Fatalf("%s: addresses %+v", test.name, r.Addresses)
		}
		if diff := cmp.Diff(test.want, r.Addresses[0].Holders); diff != "" || r.Addresses[0].Unknown != test.unknown {
			t.Errorf("%s: unknown %q\n%s", test.name, r.Addresses[0].Unknown, diff)
		}
		says := ""
		for _, p := range r.Problems {
			if says == "" && strings.Contains(p.What, "10.3.4.2 is") {
				says = p.What
			}
		}
		if says != test.says {
			t.Errorf("%s: it says %q, want %q", test.name, says, test.says)
		}
	}
}

// Whatever hangs, the rest is there, and in time.
func TestHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for deadlines")
	}
	for _, test := range []struct {
		name, command string
		wire          bool
		unknown       string
		verdict       Verdict
	}{
		{"crm_mon", "crm_mon -1 --output-as=xml", false, "the state of the cluster (crm_mon) cannot be told: no answer in time", Unknown},
		{"cibadmin", "cibadmin --query", false, "the configuration (cibadmin) cannot be told: ", Degraded},
		{"stonith_admin", "stonith_admin --history * --verbose --output-as=xml", false, "the history of fencing (stonith_admin) cannot be told: no answer in time", Degraded},
		{"crmadmin", "crmadmin -S one-server2", false, "", Degraded},
		{"network", "", true, "", Degraded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from := sources(t, n1, wire{here: []string{"10.3.4.2"}, hang: test.wire})
			from.Pacemaker = tools(t, func(line string) (string, error, bool) { return "hang", nil, line == test.command })
			began := time.Now()
			r := Gather(t.Context(), from)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			found := test.unknown == "" && len(r.Unknown) == 0 || test.unknown != "" && slices.ContainsFunc(r.Unknown, func(u string) bool { return strings.HasPrefix(u, test.unknown) })
			if !found {
				t.Errorf("unknown %q, want %q", r.Unknown, test.unknown)
			}
			if r.Verdict != test.verdict {
				t.Errorf("verdict %s: %s, %v", r.Verdict, r.Summary, r.Problems)
			}
		})
	}
}

func TestNoCluster(t *testing.T) {
	for code, want := range map[error]string{
		&pacemaker.Error{Tool: "x", Code: 4}:                                            "this user may not ask Pacemaker",
		&pacemaker.Error{Tool: "x", Code: 102}:                                          "the cluster does not run on this node",
		&pacemaker.Error{Tool: "crm_mon", Code: -1, Cause: pacemaker.ErrNoTool}:         "Pacemaker is not installed on this machine",
		&pacemaker.Error{Tool: "crm_mon", Code: 1, Stderr: "something went wrong here"}: "Pacemaker does not answer: its state is not known",
	} {
		from := sources(t, n1, wire{})
		from.Pacemaker = tools(t, func(string) (string, error, bool) { return "", code, true })
		var lock sync.Mutex
		var asked []string
		from.Unit = func(_ context.Context, name string) (Unit, error) {
			lock.Lock()
			defer lock.Unlock()
			asked = append(asked, name)
			return Unit{Name: name, State: "inactive"}, nil
		}
		r := Gather(t.Context(), from)
		if r.Verdict != Unknown || r.Summary != want {
			t.Errorf("%v: %s, %q, want %q", code, r.Verdict, r.Summary, want)
		}
		if !strings.HasPrefix(want, "Pacemaker does not answer") && len(asked) != 3 {
			t.Errorf("%v: asked for %q", code, asked)
		}
	}
}

// What lint finds comes in once, and not as more than a warning.
func TestLinted(t *testing.T) {
	from := sources(t, n1, wire{here: []string{"10.3.4.2"}})
	from.Lint = func([]byte) diag.Findings {
		return diag.Findings{{ID: "R02", Severity: diag.Error, What: "opennebula.service is enabled at boot", Fix: "systemctl disable it"}}
	}
	r := Gather(t.Context(), from)
	if !slices.ContainsFunc(r.Problems, func(f diag.Finding) bool { return f.ID == "R02" && f.Severity == diag.Warning }) {
		t.Errorf("problems %v", r.Problems)
	}
}

func TestReadConfig(t *testing.T) {
	c, err := readConfig([]byte(file(t, "testdata", "cib-2.1.5.xml")))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.named("vip")
	if !ok || !p.floating() || p.address() != "10.3.4.2" || c.cluster != "opennebula" {
		t.Errorf("vip is %+v, cluster %q", p, c.cluster)
	}
	op, ok := c.monitored("oned", n1)
	if !ok || !op.works() || op.since.IsZero() {
		t.Errorf("monitor of oned: %+v, %v", op, ok)
	}
}

func TestReadConfigTemplates(t *testing.T) {
	c, err := readConfig([]byte(`<cib><configuration><crm_config/><resources>
<template id="any" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="a"><nvpair id="b" name="nic" value="eth0"/><nvpair id="c" name="ip" value="10.0.0.1"/></instance_attributes></template>
<clone id="c1"><primitive id="ip" template="any"><instance_attributes id="d"><nvpair id="e" name="ip" value="10.0.0.9"/></instance_attributes><meta_attributes id="f"><nvpair id="g" name="ip" value="no"/></meta_attributes></primitive></clone>
<primitive id="web" class="systemd" type="opennebula-sunstone"/>
</resources></configuration><status><node_state uname="n1"><lrm><lrm_resources><lrm_resource id="web">
<lrm_rsc_op id="web_last_failure_0" operation="monitor" interval="10000" rc-code="7" last-rc-change="100"/>
<lrm_rsc_op id="web_monitor_0" operation="monitor" interval="0" rc-code="7" last-rc-change="300"/>
<lrm_rsc_op id="web_monitor_10000" operation="monitor" interval="10000" rc-code="0" last-rc-change="200"/>
<lrm_rsc_op id="web_monitor_20000" operation="monitor" interval="20000" rc-code="190" last-rc-change="250"/>
<lrm_rsc_op id="web_monitor_30000" operation="monitor" interval="30000" rc-code="193" op-status="-1" last-rc-change="300"/>
</lrm_resource></lrm_resources></lrm></node_state></status></cib>`))
	if err != nil {
		t.Fatal(err)
	}
	ip, _ := c.named("ip:1")
	if !ip.floating() || ip.address() != "10.0.0.9" || ip.params["nic"] != "eth0" {
		t.Errorf("ip is %+v", ip)
	}
	web, _ := c.named("web")
	if s, ok := web.service(); !ok || s.Name != "sunstone" {
		t.Errorf("web is %+v", web)
	}
	if op, ok := c.monitored("web", "n1"); !ok || !op.works() || !op.degraded() || op.since.Unix() != 250 {
		t.Errorf("its monitor: %+v, %v", op, ok)
	}
}

func TestReadLinks(t *testing.T) {
	name := func(id string) string { return "n" + id }
	for what, test := range map[string]struct {
		text string
		want []Link
	}{
		"3.1":          {"LINK ID 0 udp\n\taddr\t= 10.3.4.21\n\tstatus:\n\t\tnodeid:          1:\tdisconnected\n\t\tnodeid:          2:\tlocalhost\nLINK ID 1 udp\n\taddr\t= 10.3.6.21\n\tstatus:\n\t\tnodeid:          1:\tconnected\n", []Link{{0, "10.3.4.21", []string{"n1"}, true}, {1, "10.3.6.21", nil, false}}},
		"3.0":          {"LINK ID 0\n\taddr\t= 10.0.0.2\n\tstatus:\n\t\tnodeid  1:\tlink enabled:1\tlink connected:0\n\t\tnodeid  2:\tlink enabled:1\tlink connected:1\n", []Link{{0, "10.0.0.2", []string{"n1"}, true}}},
		"2":            {"Printing ring status.\nLocal node ID 1\nRING ID 0\n\tid\t= 10.0.0.1\n\tstatus\t= ring 0 active with no faults\nRING ID 1\n\tid\t= 10.1.0.1\n\tstatus\t= Marking ringid 1 interface 10.1.0.1 FAULTY\n", []Link{{0, "10.0.0.1", nil, false}, {1, "10.1.0.1", nil, true}}},
		"no corosync":  {"Could not initialize corosync configuration API error 2\n", nil},
		"out of place": {"nodeid: 1: disconnected\naddr = 1\n", nil},
	} {
		if diff := cmp.Diff(test.want, readLinks(test.text, name)); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}
}

func TestReadPeers(t *testing.T) {
	got := ReadPeers("totem {\n name: no\n interface {\n ring0_addr: 9.9.9.9\n }\n}\nnodelist {\n\tnode {\n\t\tring0_addr: 10.0.0.1\n\t\tring1_addr: 10.1.0.1\n\t\tname: n1\n\t}\n# node {\n\tnode {\n\t\tring0_addr: n2\n\t}\n\tnode {\n\t}\n}\n")
	if diff := cmp.Diff(map[string][]string{"n1": {"10.0.0.1", "10.1.0.1"}, "n2": {"n2"}}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add(file(f, "testdata", "cib-2.1.5.xml"))
	f.Add(`<cib><template id="a"/><primitive id="b" template="a"><instance_attributes><nvpair name="ip"/></instance_attributes></primitive></cib>`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readConfig([]byte(text))
		if err != nil {
			return
		}
		for _, p := range c.primitives {
			if _, ok := c.named(p.id); !ok && !strings.Contains(p.id, ":") {
				t.Errorf("%q is not found", p.id)
			}
			_, _ = p.service()
		}
	})
}

func FuzzReadLinks(f *testing.F) {
	f.Add("LINK ID 0 udp\n\taddr\t= 10.3.4.21\n\tstatus:\n\t\tnodeid:          1:\tdisconnected\n")
	f.Add("nodelist {\nnode {\nring0_addr: 1\n}\n}\n}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range readLinks(text, func(id string) string { return id }) {
			if len(l.Lost) > 0 && !l.Fault {
				t.Errorf("%+v", l)
			}
		}
		for name, addrs := range ReadPeers(text) {
			if name == "" || len(addrs) == 0 {
				t.Errorf("%q has %q", name, addrs)
			}
		}
	})
}

// The oned of another node is asked through the address, without credentials: whoever
// has the address would read them.
func TestThroughAddress(t *testing.T) {
	from := sources(t, n2, wire{answers: map[string][]string{"10.3.4.2": {mac1}, "10.3.4.20": {mac1}}})
	var asked []string
	var lock sync.Mutex
	from.Probe = func(ctx context.Context, s one.Service, depth int, p one.Probe) error {
		lock.Lock()
		defer lock.Unlock()
		asked = append(asked, fmt.Sprintf("%s %d %s", s.Name, depth, p.Endpoint))
		if p.Credentials != (one.Credentials{}) {
			t.Error("it sends credentials")
		}
		if _, limited := ctx.Deadline(); !limited {
			t.Error("no deadline")
		}
		return fmt.Errorf("probe oned: %w", one.ErrHung)
	}
	r := Gather(t.Context(), from)
	if want := []string{"oned 10 http://10.3.4.2:2633/RPC2"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if r.Verdict != Down || r.Summary != "oned does not answer at 10.3.4.2: silence for 1.5 s" {
		t.Errorf("%s: %s", r.Verdict, r.Summary)
	}
}

// Services of this node are asked by their agents' parameters; what a restart does not
// mend is no failure of the service.
func TestProbeHere(t *testing.T) {
	from := sources(t, n1, wire{here: []string{"10.3.4.2"}})
	var lock sync.Mutex
	asked := map[string]int{}
	from.Probe = func(_ context.Context, s one.Service, depth int, p one.Probe) error {
		lock.Lock()
		defer lock.Unlock()
		asked[s.Name] = depth
		switch s.Name {
		case "flow":
			return fmt.Errorf("probe flow: its oned: %w", one.ErrOned)
		case "gate":
			return fmt.Errorf("probe gate: GET http://127.0.0.1:5030/: %w", one.ErrNotListening)
		}
		return nil
	}
	r := Gather(t.Context(), from)
	if len(asked) != 4 {
		t.Errorf("asked %v", asked)
	}
	want := map[string]Check{
		"oned": {By: ByProbe, OK: true, Works: true}, "sunstone": {By: ByProbe, OK: true, Works: true},
		"flow": {By: ByProbe, Works: true, Says: "its oned: the service works, its path to oned does not"},
		"gate": {By: ByProbe, Says: "nothing listens there"},
	}
	for _, s := range r.Services {
		if diff := cmp.Diff(want[s.ID], s.Checks[0]); diff != "" {
			t.Errorf("%s:\n%s", s.ID, diff)
		}
	}
	if r.Verdict != Degraded { // the web of virtual machines is not what all stands on
		t.Errorf("%s: %s", r.Verdict, r.Summary)
	}
}

// Of a clone the instances that run are shown; of one that does not run at all, one.
func TestCloneInstances(t *testing.T) {
	instance := func(id string, active bool) pacemaker.ResourceStatus {
		return pacemaker.ResourceStatus{ID: id, Active: active}
	}
	all := []pacemaker.ResourceStatus{instance("a", true), instance("a", false), instance("b:0", false), instance("b:1", false), instance("c", false)}
	var hidden []int
	for i := range all {
		if !all[i].Active && runsElsewhere(all, i) {
			hidden = append(hidden, i)
		}
	}
	if !slices.Equal(hidden, []int{1, 3}) {
		t.Errorf("hidden are %v", hidden)
	}
}
