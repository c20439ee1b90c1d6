package interview

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func host(name string, addrs ...string) Host {
	h := Host{Name: name}
	for _, a := range addrs {
		h.Addrs = append(h.Addrs, netip.MustParseAddr(a))
	}
	return h
}

// full is a machine that shows everything.
func full() Machine {
	return Machine{
		Name: "one-server1", Default: "eno1",
		Interfaces: []Interface{{"docker0", prefixes("172.17.0.1/16")}, {"eno2", prefixes("10.9.4.20/24")}, {"eno1", prefixes("10.3.4.2/24", "10.3.4.20/24")}},
		Hosts:      []Host{host("db", "10.3.4.30"), host("one-server2", "10.3.4.21", "10.9.4.21"), host("one-server2-ilo", "10.3.5.21")},
		BMC:        netip.MustParseAddr("10.3.5.20"), Model: "HPE ProLiant DL360 Gen10",
		Target: "debian-12", Release: "6.10.2",
		Oned:     &Oned{Database: one.Database{Backend: "mysql", Server: "db.example.com"}},
		Services: []Service{{"oned", true}, {"sunstone", false}, {"fireedge", true}, {"gate", true}, {"hem", true}},
		VIPs:     []Floating{{netip.MustParsePrefix("10.3.4.2/32"), "MONITOR_ADDRESS"}},
	}
}

// script answers with lines, and then no more.
func script(lines ...string) func() (string, error) {
	return func() (string, error) {
		if len(lines) == 0 {
			return "", io.EOF
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	}
}

func begin(t *testing.T, m Machine, given Given, advanced bool) *Interview {
	t.Helper()
	if given == nil {
		given = Given{}
	}
	iv, found := New(m, given, advanced)
	if found.HasErrors() {
		t.Fatal(found)
	}
	return iv
}

// Enter alone takes what was found.
func TestDefaults(t *testing.T) {
	want := Answers{
		Cluster: "opennebula",
		Nodes: []Node{
			{"one-server1", []string{"10.3.4.20", "10.9.4.20"}, "ilo5://10.3.5.20"},
			{"one-server2", []string{"10.3.4.21", "10.9.4.21"}, "ilo5://10.3.5.21"},
		},
		Username: "oneha", PasswordFile: "/etc/oneha/bmc", VIP: "10.3.4.2/24", Services: []string{"oned", "fireedge", "gate"}, Target: "debian-12",
	}
	iv := begin(t, full(), nil, false)
	var said bytes.Buffer
	if err := iv.Converse(Talk{Read: script(make([]string, 12)...), To: &said}); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	if diff := cmp.Diff(want, iv.Answers()); diff != "" {
		t.Error(diff)
	}
	iv = begin(t, full(), nil, false)
	if missing, found := iv.Defaults(); len(missing) > 0 || len(found) > 0 {
		t.Errorf("%v %v", missing, found)
	}
	if p, more := iv.Next(); more {
		t.Errorf("%s is still asked for", p.Key)
	}
	if diff := cmp.Diff(want, iv.Answers()); diff != "" {
		t.Error(diff)
	}
}

// What a machine shows of its peer, its addresses and its floating IP.
func TestProposals(t *testing.T) {
	tests := []struct {
		name             string
		change           func(m *Machine)
		nodes, addr, vip string // of one-server1
	}{
		{"everything", func(*Machine) {}, "one-server1 one-server2", "10.3.4.20, 10.9.4.20", "10.3.4.2/24"},
		{"the peer has no second address", func(m *Machine) { m.Hosts[1].Addrs = m.Hosts[1].Addrs[:1] }, "one-server1 one-server2", "10.3.4.20", "10.3.4.2/24"},
		{"two that may be the peer", func(m *Machine) { m.Hosts = []Host{host("a", "10.3.4.30"), host("b", "10.3.4.31")} }, "", "10.3.4.20, 10.9.4.20", "10.3.4.2/24"},
		{"one that is called otherwise", func(m *Machine) { m.Hosts = []Host{host("other", "10.3.4.30")} }, "one-server1 other", "10.3.4.20", "10.3.4.2/24"},
		{"three of a kind", func(m *Machine) { m.Hosts = append(m.Hosts, host("one-server3", "10.3.4.22")) }, "one-server1 one-server2 one-server3", "10.3.4.20", "10.3.4.2/24"},
		{"a name for the floating IP", func(m *Machine) { m.Hosts = []Host{host("one-server9", "10.3.4.2")} }, "", "10.3.4.20, 10.9.4.20", "10.3.4.2/24"},
		{"elsewhere", func(m *Machine) { m.Hosts = []Host{host("one-server2", "192.0.2.1")} }, "", "10.3.4.20, 10.9.4.20", "10.3.4.2/24"},
		{"a cluster", func(m *Machine) {
			m.Nodes = []Host{host("one-server2", "10.9.4.21"), host("one-server1", "10.9.4.20")}
		}, "one-server2 one-server1", "10.9.4.20", "10.3.4.2/24"},
		{"a cluster of names", func(m *Machine) { m.Nodes = []Host{{Name: "one-server1"}, {Name: "one-server2"}} }, "one-server1 one-server2", "10.3.4.20, 10.9.4.20", "10.3.4.2/24"},
		{"nothing floats", func(m *Machine) { m.VIPs, m.Interfaces[2].Addresses = nil, prefixes("10.3.4.20/24") }, "one-server1 one-server2", "10.3.4.20, 10.9.4.20", ""},
		{"floats in no network", func(m *Machine) { m.VIPs[0].Address = netip.MustParsePrefix("192.0.2.1/32") }, "one-server1 one-server2", "10.3.4.2, 10.9.4.20", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := full()
			test.change(&m)
			vip := ""
			if p, _ := m.vip(); p.IsValid() {
				vip = p.String()
			}
			names := m.members()
			nodes := ""
			if len(names) > 1 {
				nodes = strings.Join(names, " ")
			} else {
				names = []string{"one-server1"}
			}
			if addr := joined(m.addresses("one-server1", names)); nodes != test.nodes || addr != test.addr || vip != test.vip {
				t.Errorf("nodes %q, address %q, vip %q", nodes, addr, vip)
			}
		})
	}
}

func TestServices(t *testing.T) {
	for want, services := range map[string][]Service{
		"oned":                   nil,
		"oned sunstone flow":     {{"oned", false}, {"sunstone", false}, {"flow", false}, {"hem", false}, {"scheduler", true}},
		"oned flow":              {{"oned", true}, {"sunstone", false}, {"flow", true}},
		"oned sunstone fireedge": {{"sunstone", true}, {"fireedge", true}, {"flow", false}, {"novnc", true}},
	} {
		if got := strings.Join((Machine{Services: services}).services(), " "); got != want {
			t.Errorf("%v: %s, want %s", services, got, want)
		}
	}
}

func TestSchemes(t *testing.T) {
	for model, want := range map[string]string{
		"": "ipmi", "Dell Inc. PowerEdge R650": "ipmi", "HP ProLiant DL360 G7": "ilo3", "HP ProLiant DL380p Gen8": "ilo4", "HPE ProLiant DL360 Gen10 Plus": "ilo5",
		"HPE ProLiant DL380 Gen11": "ilo6", "HPE ProLiant DL380 Gen12": "redfish", "Acme Gen10": "ipmi",
	} {
		if got := (Machine{Model: model}).scheme(); got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
}

// A bad answer is refused with the reason of the parser, and the question is asked
// again; nothing of it stays.
func TestBadAnswers(t *testing.T) {
	good := []string{"one", "n1 n2", "10.3.4.20", "10.3.4.21", "10.3.4.2/24", "oned flow", "ipmi://10.3.5.20", "ipmi://10.3.5.21", "oneha", "/etc/oneha/bmc", ""}
	tests := []struct {
		at         int // the question
		bad, wants string
	}{
		{0, "a b", "is not valid"},
		{0, "a\x1b[31m", "control character"},
		{1, "", "nothing was answered"},
		{1, "n1", "one node is no cluster"},
		{1, "n1 n1", "twice"},
		{1, "n1 N1", "differ only in case"},
		{1, "n_1 n2", "is no host name"},
		{1, "a b c d e f g h i j k l m n o p q", "too many"},
		{2, "10.3.4.20/24", "without a prefix length"},
		{2, "127.0.0.1", "a loopback address"},
		{3, "10.3.4.20", "also given for node n1"},
		{3, "10.3.4.21 10.9.4.21", "2 links"},
		{3, "fd00::21", "one address family per link"},
		{4, "10.3.4.2", "has no prefix length"},
		{4, "10.3.4.20/24", "is the address of node n1"},
		{4, "10.3.4.2/24 an interface", "no interface name"},
		{5, "banana", "unknown service"},
		{5, "flow", "lacks oned"},
		{6, "10.3.5.20", "has no scheme"},
		{6, "ipmi://root:opensesame@10.3.5.20", "a password does not belong"},
		{6, "ipmi://10.3.4.20", "address of node n1 itself"},
		{7, "ipmi://10.3.5.20", "share the BMC"},
		{8, "averylongusername", "16 bytes"},
		{9, "opensesame", "is not a path"},
		{10, "n3", "which is no node"},
	}
	for _, test := range tests {
		var said bytes.Buffer
		iv := begin(t, Machine{}, nil, false)
		answers := slices.Insert(slices.Clone(good), test.at, test.bad)
		if err := iv.Converse(Talk{Read: script(answers...), To: &said, Echo: true}); err != nil {
			t.Errorf("%q: %v\n%s", test.bad, err, &said)
			continue
		}
		text := said.String()
		if !strings.Contains(text, test.wants) {
			t.Errorf("%q: does not say %q:\n%s", test.bad, test.wants, text)
		}
		if strings.Contains(text, "placeholder") || strings.Contains(text, "\x1b") || strings.Contains(text, "opensesame") {
			t.Errorf("%q:\n%s", test.bad, text)
		}
		want := Answers{
			Cluster: "one", Username: "oneha", PasswordFile: "/etc/oneha/bmc", VIP: "10.3.4.2/24", Services: []string{"oned", "flow"},
			Nodes: []Node{{"n1", []string{"10.3.4.20"}, "ipmi://10.3.5.20"}, {"n2", []string{"10.3.4.21"}, "ipmi://10.3.5.21"}},
		}
		if diff := cmp.Diff(want, iv.Answers()); diff != "" {
			t.Errorf("%q: %s", test.bad, diff)
		}
	}
}

// A warning is said once and does not ask again.
func TestWarning(t *testing.T) {
	var said bytes.Buffer
	iv := begin(t, Machine{}, nil, false)
	if err := iv.Converse(Talk{Read: script("one", "n1 n2", "10.3.4.20", "10.3.4.21", "10.3.5.2/24", "", "ipmi://a", "ipmi://b", "", "", "?", ""), To: &said}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "warning: no addr of node n1 is in the VIP's network"); n != 1 {
		t.Errorf("said %d times:\n%s", n, &said)
	}
	if !strings.Contains(said.String(), "prefer: name of a node.") {
		t.Errorf("? explains nothing:\n%s", &said)
	}
}

func TestGiven(t *testing.T) {
	given := Given{"cluster": "one", "vip": "10.3.4.2/24", "services": "oned,flow", "bmc.username": "u", "bmc.password_file": "/p", "prefer": "n2", "qdevice": "10.3.7.1", "layout": "group"}
	if err := given.Nodes([]string{"n1=10.3.4.20,10.9.4.20", "n2=10.3.4.21,10.9.4.21", "n3=10.3.4.22,10.9.4.22"}, []string{"n1=ipmi://a", "n2=redfish://b?auth=basic", "n3=ilo5://c"}); err != nil {
		t.Fatal(err)
	}
	iv, found := New(full(), given, false)
	if found.HasErrors() {
		t.Error(found)
	}
	if p, asks := iv.Next(); asks {
		t.Errorf("asks for %s", p.Key)
	}
	got := iv.Answers()
	if len(got.Nodes) != 3 || got.Nodes[2].Addrs[1] != "10.9.4.22" || got.Prefer != "n2" || got.QDevice != "10.3.7.1" || got.Layout != "group" || got.Target != "debian-12" {
		t.Errorf("%+v", got)
	}

	// Everything that is wrong is said at once.
	given = Given{"cluster": "a b", "vip": "10.3.4.2", "services": "banana", "layout": "l"}
	if err := given.Nodes([]string{"n1=10.3.4.20", "n2=10.3.4.20"}, []string{"n1=nothing", "n4=ipmi://d"}); err != nil {
		t.Fatal(err)
	}
	_, found = New(full(), given, false)
	for _, flag := range []string{"--cluster: cluster name", "--vip: vip", "--services: unknown", "--layout: ", "--node: addr 10.3.4.20 of node n2", "--bmc: bmc of node n1", `--bmc: "n4" is no node`} {
		if !slices.ContainsFunc(found, func(f diag.Finding) bool { return strings.HasPrefix(f.What, flag) && f.Severity == diag.Error }) {
			t.Errorf("nothing begins with %q: %v", flag, found)
		}
	}
	for _, bad := range []struct{ nodes, bmcs []string }{
		{[]string{"=10.3.4.20"}, nil}, {[]string{"a b=10.3.4.20"}, nil}, {[]string{"a=1", "a=2"}, nil},
		{nil, []string{"a"}}, {nil, []string{"a="}}, {nil, []string{"ipmi://root:opensesame@h?x=1"}}, {nil, []string{"a=ipmi://a", "a=ipmi://b"}},
	} {
		if err := (Given{}).Nodes(bad.nodes, bad.bmcs); err == nil || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// What is missing is named with its flag, all at once.
func TestMissing(t *testing.T) {
	labels := func(all []Missing) (s []string) {
		for _, m := range all {
			s = append(s, m.Flag)
		}
		return s
	}
	iv := begin(t, Machine{Name: "n1"}, nil, false)
	missing, found := iv.Defaults()
	if want := []string{"--node NAME=ADDRESS for each node", "--vip ADDRESS/PREFIX", "--bmc NAME=URL"}; !slices.Equal(labels(missing), want) || len(found) > 0 {
		t.Errorf("%q %v", labels(missing), found)
	}
	given := Given{}
	if err := given.Nodes([]string{"n1", "n2=10.3.4.21"}, []string{"n1=ipmi://a"}); err != nil {
		t.Fatal(err)
	}
	iv = begin(t, Machine{Name: "n1"}, given, false)
	missing, _ = iv.Defaults()
	if want := []string{"--node n1=ADDRESS", "--vip ADDRESS/PREFIX", "--bmc n2=URL"}; !slices.Equal(labels(missing), want) {
		t.Errorf("%q", labels(missing))
	}
	// A BMC was given of a node whose name is answered later.
	given = Given{"nodes.x.bmc": "ipmi://x-bmc", "nodes.n1.bmc": "ipmi://a"}
	iv = begin(t, Machine{}, given, false)
	iv.Answer("")
	if found := iv.Answer("n1 n2"); found.HasErrors() || len(found) != 1 || !strings.Contains(found[0].What, `"x" is no node`) {
		t.Errorf("%v", found)
	}
	if got := iv.Answers().Nodes; len(got) != 2 || got[0].BMC != "ipmi://a" {
		t.Errorf("%+v", got)
	}
}

// The further questions are asked when that is wished; "-" is no answer to those that
// may go without one.
func TestAdvanced(t *testing.T) {
	m := full()
	m.QDevice = "10.3.7.1"
	enter := make([]string, 11)
	for _, test := range []struct{ layout, qdevice, target, want string }{
		{"group", "", "", "group, 10.3.7.1, debian-12"},
		{"", "-", "rhel-9", ", , rhel-9"},
		{"-", "10.3.7.2", "-", ", 10.3.7.2, "},
	} {
		iv := begin(t, m, nil, true)
		var said bytes.Buffer
		if err := iv.Converse(Talk{Read: script(append(slices.Clone(enter), test.layout, test.qdevice, test.target)...), To: &said}); err != nil {
			t.Errorf("%v\n%s", err, &said)
		}
		a := iv.Answers()
		if got := a.Layout + ", " + a.QDevice + ", " + a.Target; got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
		if !strings.Contains(said.String(), "quorum device [10.3.7.1, - for none]:") {
			t.Error(said.String())
		}
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("broken")
	iv := begin(t, full(), nil, false)
	if err := iv.Converse(Talk{Read: func() (string, error) { return "", broken }, To: io.Discard}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if open := iv.Open(); len(open) == 0 || open[0].Flag != "--cluster NAME" {
		t.Errorf("%v", open)
	}
}

func answered() Answers {
	return Answers{
		Cluster: "opennebula", Username: "oneha", PasswordFile: "/etc/oneha/bmc", VIP: "10.3.4.2/24", Services: []string{"oned", "fireedge"}, Target: "debian-12", Prefer: "one-server2",
		Nodes: []Node{{"one-server1", []string{"10.3.4.20", "10.9.4.20"}, "ipmi://10.3.5.20"}, {"one-server2", []string{"10.3.4.21", "10.9.4.21"}, "redfish://10.3.5.21"}},
	}
}

func TestFile(t *testing.T) {
	got := answered().File("oneha.yaml", []string{"the database is on this machine and lost with it, which nobody wants to find out when it is too late to mend"})
	golden := filepath.Join("testdata", "oneha.yaml")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	cluster, findings := spec.Parse("oneha.yaml", got)
	short, more := spec.Parse("oneha.yaml", []byte(answered().text()))
	if len(findings) > 0 || len(more) > 0 {
		t.Errorf("%v %v", findings, more)
	}
	cluster.Files, short.Files = nil, nil
	if diff := cmp.Diff(short, cluster, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("the file says something else than the answers: %s", diff)
	}
	for n, line := range strings.Split(string(got), "\n") {
		if len(line) > column+1 && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			t.Errorf("line %d has %d characters", n+1, len(line))
		}
	}
}

// Every key of the table is in the file: as an answer, or as an example.
func TestEveryKey(t *testing.T) {
	var shown []string
	for _, q := range questions {
		shown = append(shown, q.key)
	}
	shown = append(shown, "version", "bmc")
	for _, e := range examples {
		shown = append(shown, e.keys...)
	}
	file := string(answered().File("oneha.yaml", nil))
	for _, k := range spec.Keys {
		if k.Only() == spec.Raft || k.Path == "mode" {
			continue // init is for a cluster of Pacemaker
		}
		if !slices.Contains(shown, k.Path) {
			t.Errorf("%s is neither asked for nor shown in an example: add it to the table of examples", k.Path)
		}
		if name := k.Path[strings.LastIndex(k.Path, ".")+1:]; !strings.Contains(file, name+":") {
			t.Errorf("%s is not in the file", k.Path)
		}
	}
	for _, path := range shown {
		if keyOf(path).Why == "" {
			t.Errorf("%s is no key any more", path)
		}
	}
}

// Every example is one: without its # the description has no error, and says the keys
// that it is there for.
func TestExamples(t *testing.T) {
	for _, e := range examples {
		schemes := []string{"ipmi"}
		if e.below == "bmc." {
			schemes = []string{"ipmi", "redfish", "ilo_ssh"} // each option is for one of them at least
		}
		var why []string
		for _, scheme := range schemes {
			a := answered()
			a.Prefer, a.Target = "", ""
			for i := range a.Nodes {
				a.Nodes[i].BMC = scheme + "://10.3.5.2" + string(rune('0'+i))
				if scheme == "ilo_ssh" && e.keys[0] != "bmc.host_key" && e.keys[0] != "bmc.known_hosts" {
					a.Nodes[i].BMC += "?known_hosts=/root/.ssh/known_hosts"
				}
			}
			text := used(t, a, e)
			_, findings := spec.Parse("oneha.yaml", []byte(text))
			findings = slices.DeleteFunc(findings, func(f diag.Finding) bool { return f.Severity != diag.Error })
			if len(findings) > 0 {
				why = append(why, findings[0].String())
				continue
			}
			why = nil
			given := spec.GivenBy([]byte(text))
			for _, path := range e.keys {
				if !slices.ContainsFunc(paths(given), func(p string) bool { return matches(path, p) }) {
					t.Errorf("%s: its example does not say it", path)
				}
			}
			break
		}
		if why != nil {
			t.Errorf("%s: %s", e.keys[0], strings.Join(why, "\n"))
		}
	}
}

// used is the file with one example used, in place of what it stands for.
func used(t *testing.T, a Answers, e example) string {
	t.Helper()
	text := string(a.File("oneha.yaml", nil))
	for line := range strings.SplitSeq(e.lines(a), "\n") {
		if strings.Count(text, "#"+line+"\n") == 0 {
			t.Fatalf("%s: %q is not in the file", e.keys[0], line)
		}
		text = strings.Replace(text, "#"+line+"\n", line+"\n", 1)
	}
	instead := map[string]string{"bmc.password_script": "  password_file: /etc/oneha/bmc\n", "bmc.identity_file": "  password_file: /etc/oneha/bmc\n", "vip.nic": "vip: 10.3.4.2/24\n", "nodes.*.bmc.url": "  " + a.Nodes[0].line() + "\n"}
	return strings.Replace(text, instead[e.keys[0]], "", min(1, len(instead[e.keys[0]])))
}

func paths(g spec.Given) (all []string) {
	for p := range g {
		all = append(all, p)
	}
	return all
}

// matches reports whether a path is one of a key's, whose * stands for a name.
func matches(key, path string) bool {
	p := strings.Split(path, ".")
	for i, part := range strings.Split(key, ".") {
		if i >= len(p) || part != "*" && part != p[i] {
			return false
		}
	}
	return len(p) == strings.Count(key, ".")+1
}

// A default that the example repeats is package spec's own.
func TestDefaultsOfExamples(t *testing.T) {
	a := answered()
	if got := delay(a); got != "5s" {
		t.Errorf("fence_delay %s with two nodes", got)
	}
	a.Nodes = append(a.Nodes, Node{"one-server3", []string{"10.3.4.22", "10.9.4.22"}, "ipmi://10.3.5.22"})
	if got := delay(a); got != "0s" {
		t.Errorf("fence_delay %s with three nodes", got)
	}
	if _, findings := spec.Parse("", a.File("", nil)); findings.HasErrors() {
		t.Error(findings)
	}
}

func TestNotes(t *testing.T) {
	for want, oned := range map[string]*Oned{
		"":                {Database: one.Database{Backend: "mysql", Server: "db"}},
		"SQLite":          {Database: one.Database{Backend: "sqlite", File: "/var/lib/one/one.db"}},
		"localhost":       {Database: one.Database{Backend: "mysql", Server: "localhost"}},
		"on this machine": {Database: one.Database{Backend: "mysql", Server: "me"}},
		"Raft":            {Raft: "SERVER_ID is 0", Database: one.Database{Server: "db"}},
	} {
		got := strings.Join(Machine{Name: "me", Oned: oned}.Notes(), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", oned, got, want)
		}
	}
}

// The stand-ins have no fault of their own, however much is answered.
func TestStandIns(t *testing.T) {
	for _, a := range []Answers{{}, {Nodes: []Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}}, {Nodes: []Node{{Name: "a", Addrs: []string{"10.0.0.1", "fd00::1"}}, {Name: "b"}}}} {
		if _, findings := spec.Parse("", []byte(a.whole().text())); len(findings) > 0 {
			t.Errorf("%+v: %v", a, findings)
		}
	}
}

func TestScalar(t *testing.T) {
	for s, want := range map[string]string{
		"one-server1": "one-server1", "10.3.4.2/24": "10.3.4.2/24", "fd00::2/64": `"fd00::2/64"`, "ipmi://h": `"ipmi://h"`, "yes": `"yes"`, "Null": `"Null"`,
		"12": `"12"`, "1e3": `"1e3"`, "1_000": `"1_000"`, "0x1": `"0x1"`, "a#b": `"a#b"`, "": `""`, "<&>": `"<&>"`, `a"b`: `"a\"b"`, "debian-12,pcs=0.10": `"debian-12,pcs=0.10"`,
	} {
		if got := scalar(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// FuzzConverse holds the conversation to its contract: it ends, whatever the answers
// are, and a description that comes out of it has no error and says what was answered.
func FuzzConverse(f *testing.F) {
	f.Add("", true)
	f.Add(strings.Repeat("\n", 14), true)
	f.Add("one\nn1 n2\n10.3.4.20\n10.3.4.21\n10.3.4.2/24\noned flow\nipmi://10.3.5.20\nredfish://10.3.5.21\nu\n/p\nn1\n", false)
	f.Add("a b\n?\n\x00\n-\nn1,n2,n3\nfd00::1\nfd00::2\nfd00::3\nfd00::9/64 bond0\n\nipmi://[fd00::4]\n", false)
	f.Add("x\n{}\n[a, b]\n\"\n'\n: #\nyes no\n", false)
	f.Fuzz(func(t *testing.T, text string, shows bool) {
		m := Machine{}
		if shows {
			m = full()
		}
		iv, _ := New(m, Given{}, true)
		err := iv.Converse(Talk{Read: script(strings.Split(text, "\n")...), To: io.Discard, Echo: true})
		if err != nil {
			if len(iv.Open()) == 0 {
				if p, more := iv.Next(); !more || !p.Optional {
					t.Fatalf("%v, and nothing is open", err)
				}
			}
			return
		}
		a := iv.Answers()
		data := a.File("f", m.Notes())
		cluster, findings := spec.Parse("f", data)
		if findings.HasErrors() {
			t.Fatalf("%v\n%s", findings, data)
		}
		if cluster.Name != a.Cluster || len(cluster.Nodes) != len(a.Nodes) || cluster.Nodes[0].Name != a.Nodes[0].Name {
			t.Fatalf("%+v became\n%s", a, data)
		}
	})
}
