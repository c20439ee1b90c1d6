package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/fakeredfish"
)

// site is a description of two nodes whose BMCs are stand-ins on loopback:
// one-server1 has one for IPMI, one-server2 one for Redfish.
type site struct {
	ipmi    *bmctest.BMC
	redfish *fakeredfish.BMC
	file    string
}

// siteOptions say how a site differs from one in which all is well.
type siteOptions struct {
	ipmi     bmctest.Options
	redfish  fakeredfish.Options
	password string      // in the password file
	mode     os.FileMode // of the password file
	bmc      string      // more options of all BMCs, such as ", login_timeout: 1"
	more     string      // more lines of the description
}

func newSite(t *testing.T, o siteOptions) *site {
	t.Helper()
	s := &site{ipmi: bmctest.Start(t, o.ipmi)}
	var err error
	if s.redfish, err = fakeredfish.Start(o.redfish); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.redfish.Close() })
	if o.password == "" {
		o.password = bmctest.Password // the same as Redfish's
	}
	if o.mode == 0 {
		o.mode = 0o600
	}
	dir := t.TempDir()
	s.file = filepath.Join(dir, "oneha.yaml")
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("password", o.password+"\n", o.mode)
	write("ca.pem", string(s.redfish.CA), 0o644)
	write("oneha.yaml", fmt.Sprintf(`version: 1
cluster: opennebula
nodes:
  one-server1: {addr: 10.3.4.20, bmc: "ipmi://127.0.0.1:%d"}
  one-server2: {addr: 10.3.4.21, bmc: "redfish://127.0.0.1:%d?ssl_ca_file=%[3]s/ca.pem"}
bmc: {username: admin, password_file: %[3]s/password%s}
vip: 10.3.4.2/24
%s`, s.ipmi.Port, s.redfish.Port, dir, o.bmc, o.more), 0o644)
	return s
}

// switched returns what both BMCs were told.
func (s *site) switched() []string {
	told := s.ipmi.Commands()
	for _, c := range s.redfish.Commands() {
		told = append(told, c.ResetType)
	}
	return told
}

// said is what a command wrote, and its exit code.
type said struct {
	code           int
	stdout, stderr string
}

// desk is where a command is typed.
type desk struct {
	typed    string // what a person answers; with none there is no terminal
	hostname string
	address  string // of the machine
	terminal bool
}

// run runs one command.
func (d desk) run(t *testing.T, args ...string) said {
	t.Helper()
	var stdout, stderr bytes.Buffer
	one := tool{
		stdin: strings.NewReader(d.typed), stdout: &stdout, stderr: &stderr, asks: d.typed != "", terminal: d.terminal,
		root: fstest.MapFS{"proc/sys/kernel/hostname": {Data: []byte(d.hostname + "\n")}},
		addresses: func() ([]net.Addr, error) {
			_, ipnet, err := net.ParseCIDR("127.0.0.1/8")
			addrs := []net.Addr{ipnet}
			if d.address != "" {
				ip, ipnet, err := net.ParseCIDR(d.address)
				if err != nil {
					t.Error(err)
				}
				addrs = append(addrs, &net.IPNet{IP: ip, Mask: ipnet.Mask})
			}
			return addrs, err
		},
	}
	code := one.run(context.Background(), append([]string{"oneha"}, args...))
	for _, secret := range []string{bmctest.Password, "nonsense"} {
		if strings.Contains(stdout.String()+stderr.String(), secret) {
			t.Errorf("%v shows the password:\n%s%s", args, &stdout, &stderr)
		}
	}
	return said{code, stdout.String(), stderr.String()}
}

// What each command says, how it ends, and what the BMCs saw.
func TestFencePower(t *testing.T) {
	off := siteOptions{ipmi: bmctest.Options{Off: true}, redfish: fakeredfish.Options{Off: true}}
	tests := []struct {
		name   string
		site   siteOptions
		args   string
		desk   desk
		code   int
		stdout string // the beginning
		stderr string // in it; "" is nothing at all
		told   []string
	}{
		{"status", siteOptions{}, "status one-server1", desk{}, 0, "one-server1: on\n", "", nil},
		{"status by Redfish", siteOptions{}, "status one-server2", desk{}, 0, "one-server2: on\n", "", nil},
		{"status of one that is off", off, "status one-server1", desk{}, 0, "one-server1: off\n", "", nil},
		{"status by Redfish of one that is off", off, "status one-server2", desk{}, 0, "one-server2: off\n", "", nil},
		{"verbose", siteOptions{}, "status one-server1 -v", desk{}, 0, "one-server1: on\n", "log in to 127.0.0.1", nil},
		{"on", off, "on one-server1", desk{}, 0, "one-server1: on after ", "", []string{"on"}},
		{"on already", siteOptions{}, "on one-server2", desk{}, 0, "one-server2: on already\n", "", nil},
		{"off confirmed", siteOptions{}, "off one-server1", desk{typed: "one-server1\n"}, 0, "one-server1: off after ", "one-server1 will be switched off at once", []string{"off"}},
		{"off by Redfish confirmed", siteOptions{}, "off one-server2", desk{typed: "one-server2\n"}, 0, "one-server2: off after ", "power  on\n", []string{"ForceOff"}},
		{"off of the other", siteOptions{}, "off one-server1", desk{typed: "one-server2\n"}, 1, "", `nothing was done: "one-server2" is not one-server1`, nil},
		{"off with yes typed", siteOptions{}, "off one-server1", desk{typed: "yes\n"}, 1, "", "nothing was done", nil},
		{"off with an empty line", siteOptions{}, "off one-server1", desk{typed: "\n"}, 1, "", "nothing was done", nil},
		{"off with an answer cut short", siteOptions{}, "off one-server1", desk{typed: "one-server1"}, 1, "", "nothing was done: no answer", nil},
		{"off without a terminal", siteOptions{}, "off one-server1", desk{}, 2, "", "no terminal to ask on: use --yes", nil},
		{"off --yes", siteOptions{}, "off one-server1 --yes", desk{}, 0, "one-server1: off after ", "", []string{"off"}},
		{"off already", off, "off one-server1 --yes", desk{}, 0, "one-server1: off already\n", "", nil},
		{"reboot confirmed", siteOptions{}, "reboot one-server1", desk{typed: "one-server1\n"}, 0, "one-server1: rebooted in ", "switched off and on again", []string{"off", "on"}},
		{"reboot not confirmed", siteOptions{}, "reboot one-server2", desk{typed: "no\n"}, 1, "", "nothing was done", nil},
		{"reboot without a terminal", siteOptions{}, "reboot one-server2", desk{}, 2, "", "use --yes", nil},
		{"reboot --yes", siteOptions{}, "reboot one-server2 --yes", desk{}, 0, "one-server2: rebooted in ", "", []string{"ForceOff", "On"}},
		{"this machine by name", siteOptions{}, "off one-server1", desk{typed: "no\n", hostname: "one-server1.example.org"}, 1, "", "warning: this machine is one-server1", nil},
		{"this machine by address", siteOptions{}, "off one-server2 --yes", desk{address: "10.3.4.21/24"}, 0, "one-server2: off", "warning: this machine is one-server2", []string{"ForceOff"}},
		{"another machine", siteOptions{}, "off one-server2 --yes", desk{hostname: "one-server1", address: "10.3.4.20/24"}, 0, "one-server2: off", "", []string{"ForceOff"}},

		{"wrong password", siteOptions{password: "nonsense"}, "status one-server1", desk{}, 1, "", "oneha: one-server1: read the power state of 127.0.0.1: log in: the BMC refused", nil},
		{"wrong password by Redfish", siteOptions{password: "nonsense"}, "off one-server2 --yes", desk{}, 1, "", "refused the user name or the password", nil},
		{"off where nobody can ask the BMC", siteOptions{password: "nonsense"}, "off one-server1", desk{typed: "one-server1\n"}, 1, "", "nothing was done: read the power state", nil},
		{"password file that others read", siteOptions{mode: 0o644}, "status one-server1", desk{}, 1, "", "run chmod 600", nil},
		{"off refused by the BMC", siteOptions{ipmi: bmctest.Options{Refuse: true}}, "off one-server1 --yes", desk{}, 1, "", "oneha: one-server1: switch 127.0.0.1 off", []string{"off", "off"}},
		{"silent", siteOptions{ipmi: bmctest.Options{Drop: func([]byte) bool { return true }}, bmc: ", login_timeout: 1"}, "status one-server1", desk{}, 1, "", "the BMC does not answer: check its address", nil},
		{"silent Redfish", siteOptions{redfish: fakeredfish.Options{Deaf: true}, bmc: ", login_timeout: 1"}, "status one-server2", desk{}, 1, "", "does not answer", nil},

		{"unknown node", siteOptions{}, "status one-server3", desk{}, 2, "", `unknown node "one-server3": did you mean "one-server1"? the nodes are one-server1, one-server2`, nil},
		{"no node", siteOptions{}, "off --yes", desk{}, 2, "", "0 nodes given: name one; see oneha fence off --help", nil},
		{"two nodes", siteOptions{}, "off one-server1 one-server2 --yes", desk{}, 2, "", "2 nodes given", nil},
		{"yes where nothing is to confirm", siteOptions{}, "status one-server1 --yes", desk{}, 2, "", "flag provided but not defined: -yes", nil},
		{"unknown command", siteOptions{}, "rebot one-server1", desk{}, 2, "", `unknown command "rebot": did you mean "reboot"?`, nil},
		{"broken description", siteOptions{more: "banana: 1\n"}, "off one-server1 --yes", desk{}, 1, "", `oneha.yaml:8:1: error: unknown key "banana"`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // some wait for seconds
			s := newSite(t, test.site)
			got := test.desk.run(t, append([]string{"fence"}, append(strings.Fields(test.args), "-f", s.file)...)...)
			if got.code != test.code || !strings.HasPrefix(got.stdout, test.stdout) || test.stdout == "" && got.stdout != "" {
				t.Errorf("%+v", got)
			}
			if !strings.Contains(got.stderr, test.stderr) || test.stderr == "" && got.stderr != "" {
				t.Errorf("stderr: %s", got.stderr)
			}
			if told := s.switched(); !slices.Equal(told, test.told) {
				t.Errorf("the BMCs were told %q, want %q", told, test.told)
			}
			// A refused login is a session to go-ipmi's server for a while.
			if open := s.ipmi.Sessions(); open != 0 && test.site.password == "" {
				t.Error("a session was left open")
			}
		})
	}
}

// A machine that something else switches on again is not off.
func TestFenceOffThatDoesNotLast(t *testing.T) {
	s := newSite(t, siteOptions{})
	var polls atomic.Int32
	s.redfish.SetRules(fakeredfish.Rule{Method: "GET", Path: "/Systems/1", Fault: func(next http.Handler) http.Handler {
		on := fakeredfish.Text(200, `{"@odata.id":"/redfish/v1/Systems/1","Id":"1","PowerState":"On"}`)(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(s.redfish.Commands()) > 0 && polls.Add(1) > 1 {
				on.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	got := desk{}.run(t, "fence", "off", "one-server2", "--yes", "-f", s.file)
	if got.code != 1 || !strings.Contains(got.stderr, "the power was seen off, but now it is on") {
		t.Errorf("%+v", got)
	}
}

func TestFenceDescription(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := (desk{}).run(t, "fence", "status", "n"); got.code != 2 || !strings.Contains(got.stderr, "no -f FILE given, and there is no oneha.yaml") {
		t.Errorf("%+v", got)
	}
	s := newSite(t, siteOptions{})
	t.Chdir(filepath.Dir(s.file))
	if got := (desk{}).run(t, "fence", "status", "one-server1"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := (desk{}).run(t, "fence", "status", "one-server1", "-f", "nothing.yaml"); got.code != 2 || !strings.Contains(got.stderr, "read description: open nothing.yaml") {
		t.Errorf("%+v", got)
	}
	data, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if got := (desk{typed: string(data)}).run(t, "fence", "off", "one-server1", "-f", "-"); got.code != 2 || !strings.Contains(got.stderr, "standard input is the description") {
		t.Errorf("%+v", got)
	}
	if told := s.switched(); told != nil {
		t.Errorf("the BMCs were told %q", told)
	}
}

func TestFenceJSON(t *testing.T) {
	t.Parallel() // it waits for seconds
	tests := []struct {
		args, password string
		code           int
		want           map[string]any
	}{
		{"status one-server1", "", 0, map[string]any{"node": "one-server1", "agent": "fence_bmc_ipmi", "action": "status", "ok": true, "power": "on", "already": false}},
		{"off one-server2 --yes", "", 0, map[string]any{"node": "one-server2", "agent": "fence_bmc_redfish", "action": "off", "ok": true, "power": "off"}},
		{"status one-server1", "nonsense", 1, map[string]any{"ok": false, "power": ""}},
		{"test one-server1", "", 0, map[string]any{"node": "one-server1", "ok": true}},
		{"test one-server2", "nonsense", 1, map[string]any{"node": "one-server2", "ok": false}},
	}
	for _, test := range tests {
		s := newSite(t, siteOptions{password: test.password})
		got := desk{}.run(t, append([]string{"fence"}, append(strings.Fields(test.args), "--json", "-f", s.file)...)...)
		var have map[string]any
		if err := json.Unmarshal([]byte(got.stdout), &have); err != nil || got.code != test.code || got.stderr != "" {
			t.Errorf("%s: %v %+v", test.args, err, got)
		}
		for k, v := range test.want {
			if have[k] != v {
				t.Errorf("%s: %s is %v, want %v", test.args, k, have[k], v)
			}
		}
		if said, _ := have["error"].(string); test.args[0] == 's' && (said != "") != (test.code != 0) {
			t.Errorf("%s: error %q", test.args, said)
		}
	}
}

// On a terminal a line shows what takes longer than a second, and goes away.
func TestFenceShowsThatItWaits(t *testing.T) {
	t.Parallel() // it waits for seconds
	s := newSite(t, siteOptions{redfish: fakeredfish.Options{Rules: []fakeredfish.Rule{{Path: "/Systems/1", Fault: fakeredfish.Slow(1200 * time.Millisecond)}}}})
	for _, terminal := range []bool{true, false} {
		got := desk{terminal: terminal}.run(t, "fence", "status", "one-server2", "-f", s.file)
		shown := strings.Contains(got.stderr, "\r\x1b[Kone-server2: waiting for the BMC at 127.0.0.1:") && strings.HasSuffix(got.stderr, "\r\x1b[K")
		if got.code != 0 || shown != terminal || !terminal && got.stderr != "" {
			t.Errorf("terminal %t: %+v", terminal, got)
		}
	}
}

// Which device of several is meant, and with which plug.
func TestDevices(t *testing.T) {
	load := func(name string) spec.Cluster {
		data, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		c, findings := spec.Parse(name, data)
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		return c
	}
	for _, test := range []struct{ file, node, device, want string }{
		{"two-node.yaml", "one-server2", "", "fence-one-server2 fence_bmc_ipmi"},
		{"stock.yaml", "one-server1", "", "fence-one-server1 fence_bmc_ipmi"}, // in whose place it is
		{"fencing-levels.yaml", "one-server1", "", "fence-one-server1 fence_bmc_redfish"},
		{"fencing-levels.yaml", "one-server1", "fence-pdu-left", "fence-pdu-left is a device of fence_apc_snmp, whose place no agent of oneha takes: try that agent itself"},
		{"fencing-levels.yaml", "one-server1", "fence-pdu", `node one-server1 has no device "fence-pdu": it has fence-one-server1, fence-pdu-left, fence-pdu-right`},
		{"chassis.yaml", "one-server2", "", "fence-chassis fence_bmc_redfish"},
	} {
		devices, others := devicesOf(load(test.file))
		d, err := choose(test.node, test.device, devices, others)
		got := d.ID + " " + d.Agent.Name
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s, %s: %s", test.file, test.node, got)
		}
	}
	c := load("chassis.yaml")
	devices, _ := devicesOf(c)
	for i, d := range devices {
		if plug := c.Fencing[0].Plugs[i].Plug; !strings.HasSuffix(d.Input("status"), "\nplug="+plug+"\n") {
			t.Errorf("%s: %q in %q", d.Node, plug, d.Input("status"))
		}
		if delayed := d.Delay > 0; delayed != (d.Node == c.Protected()) {
			t.Errorf("%s has a delay of %s", d.Node, d.Delay)
		}
	}
}
