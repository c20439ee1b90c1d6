package nodefacts

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
)

// units is a systemd in which every unit that it names is active.
type units struct {
	active    map[string]unit.Settings
	clustered []string
	err       error
	calls     int
	open      bool
}

func (u *units) State(_ context.Context, name string) (unit.State, error) {
	u.calls++
	u.open = true
	st := unit.State{Unit: name, Load: "loaded", Active: "inactive"}
	if _, ok := u.active[name]; ok {
		st.Active = "active"
	}
	return st, u.err
}

func (u *units) Settings(_ context.Context, name string) (unit.Settings, error) {
	return u.active[name], u.err
}
func (u *units) Clustered(name string) bool { return slices.Contains(u.clustered, name) }
func (u *units) Close()                     { u.open = false }

// oneha status --watch looks for days: every look that kept its connection to systemd
// would bring it nearer to the end of its descriptors, and systemd to that of its own.
func TestCollectKeepsNoConnection(t *testing.T) {
	for _, fault := range []error{nil, errors.New("systemd is silent")} {
		m, u := machine(t, nil)
		u.err = fault
		Collect(t.Context(), m, lint.Wanted{Units: []string{"opennebula.service", "pacemaker.service"}})
		if u.calls == 0 {
			t.Fatal("systemd was not asked, so this tests nothing")
		}
		if u.open {
			t.Errorf("the connection to systemd is still open (%v)", fault)
		}
	}
}

// tree writes files below a directory; a value that begins with "-> " is a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// machine is a node of the cluster, in good order.
func machine(t *testing.T, files map[string]string) (Machine, *units) {
	t.Helper()
	all := map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\noneadmin:x:9869:9869::/var/lib/one:/bin/bash\n",
		"usr/lib/systemd/system/opennebula.service":                    "",
		"usr/lib/systemd/system/opennebula-gate.service":               "",
		"usr/lib/systemd/system/pacemaker.service":                     "",
		"usr/lib/systemd/system/corosync.service":                      "",
		"etc/systemd/system/multi-user.target.wants/pacemaker.service": "-> /usr/lib/systemd/system/pacemaker.service",
		"etc/systemd/system/multi-user.target.wants/corosync.service":  "-> /usr/lib/systemd/system/corosync.service",
		"etc/corosync/authkey":                                         strings.Repeat("k", 128),
		"etc/corosync/corosync.conf":                                   "totem {\n}\n",
		"etc/one/oned.conf":                                            "PORT = 2633\nDB = [ BACKEND = \"mysql\", SERVER = \"db.example.com\", PASSWD = \"opensesame\" ]\nFEDERATION = [ MODE = \"STANDALONE\", ZONE_ID = 0, SERVER_ID = -1 ]\n",
		"etc/one/monitord.conf":                                        "# MONITOR_ADDRESS = \"no\"\nNETWORK = [ ADDRESS = \"0.0.0.0\", MONITOR_ADDRESS = \"10.3.4.2\", PORT = 4124 ]\n",
		"var/lib/one/.one/one_key":                                     "key",
	}
	for name, text := range files {
		if all[name] = text; text == "gone" {
			delete(all, name)
		}
	}
	u := &units{active: map[string]unit.Settings{"pacemaker.service": {}, "opennebula.service": {Restart: "no", StopTimeout: 90 * time.Second}}, clustered: []string{"opennebula.service"}}
	return Machine{
		Root: tree(t, all), Name: "one-server1", Units: u,
		Clock: func() (bool, error) { return true, nil },
		Room:  func(string) (lint.Room, error) { return lint.Room{Free: 1 << 30, Files: 1 << 20}, nil },
		Interfaces: func() ([]lint.Interface, error) {
			return []lint.Interface{{Name: "eth0", Hardware: "02:00:00:00:00:01", Addresses: []string{"10.3.4.20/24"}}}, nil
		},
		Claim: func(context.Context, lint.Floating) (string, error) { return "", nil },
		BMC:   func(context.Context, lint.Device) (bool, error) { return true, nil },
	}, u
}

const cluster = `<cib><configuration><crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
<nodes/><resources>
<primitive id="fence1" class="stonith" type="fence_bmc_ipmi"><instance_attributes id="f"><nvpair id="f1" name="pcmk_host_list" value="one-server1"/><nvpair id="f2" name="ip" value="10.3.5.20"/><nvpair id="f3" name="password_file" value="/etc/oneha/bmc"/></instance_attributes></primitive>
<primitive id="vip" class="ocf" provider="opennebula" type="vip"><instance_attributes id="v"><nvpair id="v1" name="ip" value="10.3.4.2"/><nvpair id="v2" name="cidr_netmask" value="24"/></instance_attributes></primitive>
<primitive id="oned" class="ocf" provider="opennebula" type="oned"><operations><op id="o" name="stop" interval="0" timeout="150s"/></operations></primitive>
<primitive id="gate" class="ocf" provider="opennebula" type="gate"/>
</resources><constraints/></configuration></cib>`

func facts(t *testing.T) lint.Facts {
	t.Helper()
	c, bad := lint.ReadCIB("cib.xml", []byte(cluster))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return lint.Facts{CIB: c}
}

// onNode are the rules about nodes.
func onNode(id string) bool {
	return slices.Contains([]string{"F14", "Q03", "Q05", "Q06", "Q08", "Q09", "R02", "R07", "R08", "R09", "O01", "O02", "O03", "O04", "O05", "O06"}, id)
}

// Each fault of a node is found, and a node without one has none.
func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		change func(*Machine, *units)
		want   string
	}{
		"none":            {},
		"enabled at boot": {files: map[string]string{"etc/systemd/system/multi-user.target.wants/opennebula.service": "-> /usr/lib/systemd/system/opennebula.service"}, want: "R02: opennebula.service is enabled at boot"},
		"by its package":  {files: map[string]string{"usr/lib/systemd/system/graphical.target.requires/opennebula-gate.service": "-> ../opennebula-gate.service"}, want: "R02: opennebula-gate.service is enabled at boot"},
		"init script":     {files: map[string]string{"usr/lib/systemd/system/opennebula-gate.service": "gone", "etc/init.d/opennebula-gate": "#!/bin/sh\n", "etc/rc3.d/S20opennebula-gate": "-> ../init.d/opennebula-gate"}, want: "R02: opennebula-gate.service is enabled at boot"},
		"masked":          {files: map[string]string{"etc/systemd/system/opennebula-gate.service": "-> /dev/null"}, want: "R02: opennebula-gate.service is masked"},
		"masked in vain":  {files: map[string]string{"etc/systemd/system/opennebula-gate.service": "", "run/systemd/system/opennebula-gate.service": "-> /dev/null"}},
		"plugin":          {files: map[string]string{"etc/corosync/service.d/pcmk": "service {\n}\n"}, want: "Q05: the file tells corosync 1"},
		"sbd":             {files: map[string]string{"usr/lib/systemd/system/sbd.service": "", "etc/default/sbd": "#SBD_DEVICE=\"/dev/sdx\"\nSBD_DEVICE=\"\"\n", "etc/systemd/system/pacemaker.service.requires/sbd.service": "-> /usr/lib/systemd/system/sbd.service"}, want: "Q08: sbd is enabled at boot"},
		"its disk":        {files: map[string]string{"usr/lib/systemd/system/sbd.service": "", "etc/default/sbd": "SBD_DEVICE=\"/dev/sdx\"\n", "etc/systemd/system/pacemaker.service.requires/sbd.service": "-> /usr/lib/systemd/system/sbd.service"}},
		"Raft":            {files: map[string]string{"etc/one/oned.conf": "DB = [ BACKEND = \"mysql\", SERVER = \"db\" ]\nFEDERATION = [ SERVER_ID = 0 ]\n"}, want: "O01: FEDERATION SERVER_ID is 0"},
		"sqlite":          {files: map[string]string{"etc/one/oned.conf": "DB = [ BACKEND = \"sqlite\" ]\n"}, want: "O03: the database is SQLite"},
		"database here":   {files: map[string]string{"etc/one/oned.conf": "DB = [ BACKEND = \"mysql\", SERVER = \"10.3.4.20\" ]\n"}, want: "O03: the database host 10.3.4.20 is this node"},
		"monitor":         {files: map[string]string{"etc/one/monitord.conf": "NETWORK = [ MONITOR_ADDRESS = \"10.3.4.20\" ]\n"}, want: "O02: MONITOR_ADDRESS is 10.3.4.20"},
		"lock":            {files: map[string]string{"var/lock/one/one": ""}, want: "O05: the lock file of oned is there"},
		"lock in use":     {files: map[string]string{"var/lock/one/one": "", "proc/77/comm": "oned\n"}},
		"time":            {change: func(m *Machine, _ *units) { m.Clock = func() (bool, error) { return false, nil } }, want: "Q06: the clock is not synchronised"},
		"no room": {files: map[string]string{"var/lib/corosync/ringid_1": ""}, change: func(m *Machine, _ *units) {
			m.Room = func(string) (lint.Room, error) { return lint.Room{Free: 4096, Files: 1 << 20}, nil }
		}, want: "Q09: the file system of /var/lib/corosync is full (4 kB left)"},
		"no state yet": {change: func(m *Machine, _ *units) {
			m.Room = func(string) (lint.Room, error) {
				return lint.Room{}, errors.New("asked for a directory that is not there")
			}
		}},
		"BMC": {change: func(m *Machine, _ *units) {
			m.BMC = func(context.Context, lint.Device) (bool, error) { return true, errors.New("login refused") }
		}, want: "F14: fence1 (fence_bmc_ipmi) does not work from this node: login refused"},
		"no agent for it": {change: func(m *Machine, _ *units) {
			m.BMC = func(context.Context, lint.Device) (bool, error) { return false, nil }
		}},
		"restarts": {change: func(_ *Machine, u *units) {
			u.active["opennebula-gate.service"] = unit.Settings{Restart: "on-failure", StopTimeout: 10 * time.Second}
		}, want: "R09: opennebula-gate.service runs with Restart=on-failure"},
		"stop": {change: func(_ *Machine, u *units) {
			u.active["opennebula.service"] = unit.Settings{Restart: "no", StopTimeout: 200 * time.Second}
		}, want: "R07: stop of oned may take 150 s"},
		"address in use": {change: func(m *Machine, u *units) {
			delete(u.active, "pacemaker.service")
			m.Claim = func(context.Context, lint.Floating) (string, error) { return "02:00:00:00:00:99", nil }
		}, want: "R08: 10.3.4.2 is answered for by 02:00:00:00:00:99"},
		"port":            {files: listener("nginx.service"), want: "O06: port 2633 of oned is taken by thief of nginx.service"},
		"port of its own": {files: listener("opennebula.service")},
		"prefix": {change: func(m *Machine, _ *units) {
			m.Interfaces = func() ([]lint.Interface, error) {
				return []lint.Interface{{Name: "eth0", Addresses: []string{"10.3.4.20/25"}}}, nil
			}
		}, want: "R08: the floating IP 10.3.4.2 has the prefix length 24"},
	} {
		t.Run(name, func(t *testing.T) {
			m, u := machine(t, test.files)
			if test.change != nil {
				test.change(&m, u)
			}
			f := facts(t)
			f.Node = Collect(t.Context(), m, f.Wanted())
			var got []string
			for _, finding := range lint.Check(f, onNode) {
				got = append(got, finding.ID+": "+finding.What)
			}
			switch {
			case test.want == "" && len(got) > 0, test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], test.want)):
				t.Errorf("got %q, want %q", got, test.want)
			}
			if len(f.Node.Unknown) > 0 {
				t.Errorf("not found out: %q", f.Node.Unknown)
			}
		})
	}
}

// listener is the files of a process that listens at oned's port (2633 is A49).
func listener(unit string) map[string]string {
	return map[string]string{
		"proc/net/tcp":   "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 00000000:0A49 00000000:0000 0A 00000000:00000000 00:00000000 00000000  9869        0 4711 1 0 100 0 0 10 0\n",
		"proc/99/comm":   "thief\n",
		"proc/99/cgroup": "0::/system.slice/" + unit + "\n",
		"proc/99/fd/3":   "-> socket:[4711]",
		"proc/99/fd/4":   "-> /dev/null",
	}
}

// Two nodes are compared by digests that tell nothing of a file, and no fact holds
// a secret.
func TestTwins(t *testing.T) {
	collect := func(name string, files map[string]string) *lint.Node {
		m, _ := machine(t, files)
		m.Name = name
		f := facts(t)
		n := Collect(t.Context(), m, f.Wanted())
		data, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"opensesame", "kkkk", "s3cret"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s is in the facts", secret)
			}
		}
		again, err := lint.ReadNode(data)
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	check := func(n, p *lint.Node) (got []string) {
		f := facts(t)
		f.Node, f.Peer = n, p
		for _, finding := range lint.Check(f, onNode) {
			got = append(got, finding.ID+" "+finding.File+": "+finding.What)
		}
		return got
	}
	here := collect("one-server1", map[string]string{"etc/oneha/bmc": "s3cret"})
	if got := check(here, collect("one-server2", map[string]string{"etc/oneha/bmc": "s3cret"})); len(got) > 0 {
		t.Errorf("twins: %q", got)
	}
	raft := "PORT = 2633\nDB = [ BACKEND = \"mysql\", SERVER = \"db.example.com\", PASSWD = \"opensesame\" ]\nFEDERATION = [ MODE = \"STANDALONE\", ZONE_ID = 0, SERVER_ID = -1 ]\nHOSTNAME = \"two\"\n"
	got := check(here, collect("one-server2", map[string]string{
		"etc/oneha/bmc": "other s3cret", "etc/corosync/corosync.conf": "totem {\n token: 1\n}\n", "var/lib/one/.one/one_key": "gone", "etc/one/oned.conf": strings.Replace(raft, "2633", "2634", 1),
		"etc/passwd": "oneadmin:x:1001:1001::/:/bin/sh\n",
	}))
	want := []string{
		"Q03 /etc/corosync/corosync.conf: the file differs from that on one-server2",
		"O04 /etc/one/oned.conf: the file differs from that on one-server2",
		"O04 /etc/oneha/bmc: the file differs from that on one-server2",
		"O04 /var/lib/one/.one/one_key: the file is here and not on one-server2",
		"O04 node one-server1: oneadmin is 9869:9869 here and 1001:1001 on one-server2: files on shared storage belong to somebody else after a failover",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = check(here, collect("one-server2", map[string]string{"etc/corosync/authkey": strings.Repeat("K", 128)}))
	if len(got) != 1 || !strings.HasPrefix(got[0], "O04 /etc/corosync/authkey: the key differs") {
		t.Errorf("another key: %q", got)
	}
	if a, b := string(comparable("/etc/one/oned.conf", []byte("FEDERATION = [ SERVER_ID = 0 ]\nHOSTNAME = a\n"))), string(comparable("/etc/one/oned.conf", []byte("FEDERATION = [ SERVER_ID = 12 ]\nHOSTNAME = b\n"))); a != b {
		t.Errorf("servers of a zone may differ in this: %q and %q", a, b)
	}
}

// What cannot be found out is said, once, and hides nothing else.
func TestUnknown(t *testing.T) {
	m, u := machine(t, map[string]string{"etc/one/oned.conf": "PORT = ?\nDB = [ BACKEND = \"mysql\", SERVER = \"db\" ]\n"})
	u.err = errors.New("no answer")
	m.Clock = func() (bool, error) { return false, errors.New("not allowed") }
	m.Claim = func(ctx context.Context, _ lint.Floating) (string, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("no deadline")
		}
		return "", errors.New("no route")
	}
	m.BMC = func(ctx context.Context, _ lint.Device) (bool, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("no deadline")
		}
		return false, errors.New("cibsecret keeps its password")
	}
	f := facts(t)
	n := Collect(t.Context(), m, f.Wanted())
	if n.Clock != nil || len(n.BMCs) > 0 || u.calls != 1 || n.Oned.Database != "db" {
		t.Errorf("%+v, %d calls", n, u.calls)
	}
	var got []string
	for _, line := range n.Unknown {
		what, _, _ := strings.Cut(line, ":")
		got = append(got, what)
		if strings.Contains(line, m.Root) {
			t.Errorf("a path of elsewhere: %s", line)
		}
	}
	if want := []string{"OpenNebula", "fence device fence1", "systemd", "time", "who else has 10.3.4.2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", n.Unknown, want)
	}
}

func TestHooks(t *testing.T) {
	const text = `# RAFT_LEADER_HOOK = [ COMMAND = "no" ]
RAFT_LEADER_HOOK = [
     COMMAND = "raft/vip.sh",
     ARGUMENTS = "leader eth0 10.3.4.2/24"
]
RAFT_FOLLOWER_HOOK = [ COMMAND = "raft/follower.sh", ARGUMENTS = "" ]
`
	root := map[string]string{"etc/one/oned.conf": text, "var/lib/one/remotes/hooks/raft/vip.sh": "#!/bin/sh\n"}
	m, _ := machine(t, root)
	if err := os.Chmod(filepath.Join(m.Root, "var/lib/one/remotes/hooks/raft/vip.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := Collect(t.Context(), m, lint.Wanted{}).Oned
	if o.LeaderHook != "raft/vip.sh leader eth0 10.3.4.2/24" || o.FollowerHook != "raft/follower.sh" || !slices.Equal(o.MissingHooks, []string{"raft/follower.sh"}) {
		t.Errorf("%+v", o)
	}
}

// The parts that look at this machine: they answer, or say why not, and change
// nothing.
func TestHere(t *testing.T) {
	m := Here("name")
	all, err := m.Interfaces()
	if err != nil || !slices.ContainsFunc(all, func(i lint.Interface) bool {
		return i.Name == "lo" && i.Up && slices.Contains(i.Addresses, "127.0.0.1/8")
	}) {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := m.Clock(); err != nil {
		t.Error(err)
	}
	if hardware, err := m.Claim(t.Context(), lint.Floating{IP: netip.MustParseAddr("fd00::2")}); hardware != "" || err != nil {
		t.Errorf("%s %v", hardware, err)
	}
	if hardware, err := m.Claim(t.Context(), lint.Floating{IP: netip.MustParseAddr("192.0.2.2"), NIC: "no-such-nic"}); hardware != "" || err != nil {
		t.Errorf("%s %v", hardware, err)
	}
	if asked, err := m.BMC(t.Context(), lint.Device{Agent: "fence_apc_snmp"}); asked || err != nil {
		t.Errorf("an agent that is not ours: %v %v", asked, err)
	}
	if asked, err := m.BMC(t.Context(), lint.Device{Agent: "fence_ilo4", Options: [][2]string{{"password", "lrm://"}}}); asked || err == nil {
		t.Errorf("a password elsewhere: %v %v", asked, err)
	}
	asked, err := m.BMC(t.Context(), lint.Device{Agent: "fence_ilo4", Options: [][2]string{{"ip", "127.0.0.1"}, {"ipport", "9"}, {"username", "u"}, {"password", "opensesame"}, {"login_timeout", "1"}}})
	if !asked || err == nil || strings.Contains(err.Error(), "opensesame") || strings.HasPrefix(err.Error(), "Failed") {
		t.Errorf("no BMC there: %v %v", asked, err)
	}
}

// A password that is refused is offered once.
func TestRefusedOnce(t *testing.T) {
	for password, want := range map[string]string{bmctest.Password: "", "nonsense": "refused the user name or the password"} {
		b := bmctest.Start(t, bmctest.Options{})
		asked, err := askBMC(t.Context(), lint.Device{Agent: "fence_bmc_ipmi", Options: [][2]string{
			{"ip", b.Host}, {"ipport", strconv.Itoa(b.Port)}, {"username", bmctest.Username}, {"password", password},
		}})
		if !asked || b.Logins() != 1 || want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: asked %v, %d logins, %v", password, asked, b.Logins(), err)
		}
	}
}

func TestPorts(t *testing.T) {
	m, _ := machine(t, map[string]string{"etc/one/oned.conf": "PORT = 3000\n", "etc/one/onegate-server.conf": ":host: 0.0.0.0\n:port: 5031\n"})
	c := &collector{Machine: m, facts: &lint.Node{}}
	for name, want := range map[string]int{"oned": 3000, "gate": 5031, "flow": 2474} {
		s, _ := one.ServiceNamed(name)
		if got := c.portOf(s); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
