package zoneconf

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

// zone is that of an example.
func zone(t testing.TB, name string) *spec.Zone {
	t.Helper()
	text, err := os.ReadFile("../../../examples/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, findings := spec.Parse(name, text)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return c.Zone
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, file)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// files are the configuration files of all releases, and those that trip editors.
func files(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("../../confedit/testdata/*.conf")
	if err != nil || len(all) < 30 {
		t.Fatal(len(all), err)
	}
	return all
}

// Every oned.conf there is becomes that of a server of the zone, with everything else as
// it was, and the second time nothing changes.
func TestEveryOnedConf(t *testing.T) {
	var log strings.Builder
	for _, name := range []string{"raft", "raft-five", "raft-no-vip"} {
		z := zone(t, name)
		for _, file := range files(t) {
			text := read(t, file)
			got, findings := Edits(z, z.Servers[1], OnedConf, text)
			if name == "raft" {
				fmt.Fprintf(&log, "%s\n", filepath.Base(file))
				for _, f := range findings {
					fmt.Fprintf(&log, "  %s\n", f)
				}
				for _, e := range got.Edits {
					fmt.Fprintf(&log, "  %s\n", e)
				}
			}
			if findings.HasErrors() {
				if !bytes.Equal(got.Text, text) || got.Edits != nil {
					t.Errorf("%s: edited in spite of an error", file)
				}
				continue
			}
			isServer(t, z, z.Servers[1], file, got.Text)
			again, findings := Edits(z, z.Servers[1], OnedConf, got.Text)
			if findings.HasErrors() || !bytes.Equal(again.Text, got.Text) || len(again.Edits) > 0 {
				t.Errorf("%s: the second time %v %v\n%s", file, findings, again.Edits, cmp.Diff(string(got.Text), string(again.Text)))
			}
			restored(t, z, file, text, got.Text)
		}
	}
	golden(t, "oned.golden", []byte(log.String()))
}

// isServer wants an oned.conf to say what that of a server has to say.
func isServer(t *testing.T, z *spec.Zone, s spec.ZoneServer, file string, text []byte) {
	t.Helper()
	f, findings := confedit.Parse(file, text)
	if findings.HasErrors() {
		t.Errorf("%s: oned would refuse it: %v", file, findings)
		return
	}
	want := map[string]string{"FEDERATION MODE": standalone, "FEDERATION ZONE_ID": "0", "FEDERATION SERVER_ID": fmt.Sprint(s.ID)}
	for _, p := range timers(z) {
		want["RAFT "+p.Key] = p.Value
	}
	for _, h := range hooks {
		if len(z.VIPs) > 0 {
			want[h.name+" COMMAND"], want[h.name+" ARGUMENTS"] = HookCommand, HookArguments(z, h.role)
		} else if lineOf(f, h.name) > 0 {
			t.Errorf("%s: %s is there without a floating IP", file, h.name)
		}
	}
	for path, value := range want {
		if got, _ := f.Get(strings.Fields(path)...); got != value {
			t.Errorf("%s: %s is %q, want %q", file, path, got, value)
		}
	}
}

// restored wants everything but the edited attributes to be as it was.
func restored(t *testing.T, z *spec.Zone, file string, was, is []byte) {
	t.Helper()
	others := func(text []byte) (all []string) {
		f, _ := confedit.Parse(file, text)
		for _, a := range f.All() {
			if !slices.Contains([]string{federation, raft, leaderHook, followerHook, "LISTEN_ADDRESS", "GRPC_LISTEN_ADDRESS"}, a.Name) {
				all = append(all, fmt.Sprint(a.Name, a.Value, len(a.Keys)))
			}
		}
		return all
	}
	if diff := cmp.Diff(others(was), others(is)); diff != "" {
		t.Errorf("%s: something else changed:\n%s", file, diff)
	}
	alone, findings := Solo(z, OnedConf, is)
	if findings.HasErrors() {
		t.Errorf("%s: %v", file, findings)
		return
	}
	f, _ := confedit.Parse(file, alone.Text)
	if id, _ := f.Get(federation, "SERVER_ID"); id != "-1" || lineOf(f, leaderHook) > 0 || lineOf(f, followerHook) > 0 {
		t.Errorf("%s: alone it has SERVER_ID %s", file, id)
	}
	if twice, _ := Solo(z, OnedConf, alone.Text); !bytes.Equal(twice.Text, alone.Text) {
		t.Errorf("%s: alone twice is another file", file)
	}
}

func TestWholeFile(t *testing.T) {
	z := zone(t, "raft-five")
	got, findings := Edits(z, z.Servers[1], OnedConf, read(t, "../../confedit/testdata/oned-7.2.conf"))
	if len(findings) > 0 {
		t.Error(findings)
	}
	golden(t, "oned-7.2.conf", got.Text)
	got, findings = Edits(z, z.Servers[1], MonitordConf, read(t, "../../confedit/testdata/monitord-7.4.conf"))
	if len(findings) > 0 {
		t.Error(findings)
	}
	golden(t, "monitord-7.4.conf", got.Text)
}

func TestOddities(t *testing.T) {
	z := zone(t, "raft")
	for _, test := range []struct{ name, file, zone, text, finding, want string }{
		{name: "a zone of a federation stays one", file: OnedConf, text: "FEDERATION = [ MODE = \"SLAVE\", ZONE_ID = 0, SERVER_ID = -1, MASTER_ONED = \"http://m:2633/RPC2\" ]\n",
			want: `FEDERATION = [ MODE = "SLAVE", ZONE_ID = 0, SERVER_ID = 1, MASTER_ONED = "http://m:2633/RPC2" ]`},
		{name: "another zone", zone: "7", file: OnedConf, text: "FEDERATION = [ MODE = \"STANDALONE\", ZONE_ID = 0, SERVER_ID = -1 ]\n", finding: "oned takes 0 for the zone and not 7"},
		{name: "a hook of somebody's own", file: OnedConf, text: "RAFT_LEADER_HOOK = [ COMMAND = \"raft/failover.sh\", ARGUMENTS = \"leader\" ]\n", finding: "ran raft/failover.sh", want: HookArguments(z, Leader)},
		{name: "vip.sh", file: OnedConf, text: "RAFT_LEADER_HOOK = [ COMMAND = \"raft/vip.sh\", ARGUMENTS = \"leader eth0 1.2.3.4/24\" ]\n", want: HookArguments(z, Leader)},
		{name: "oned for one address", file: OnedConf, text: "LISTEN_ADDRESS = \"127.0.0.1\"\n", want: `LISTEN_ADDRESS = "0.0.0.0"`},
		{name: "oned for both families", file: OnedConf, text: "LISTEN_ADDRESS = \"::\"\n", want: `LISTEN_ADDRESS = "::"`},
		{name: "oned for IPv4, and a floating IP of IPv6", zone: "six", file: OnedConf, text: "LISTEN_ADDRESS = \"0.0.0.0\"\n", want: `LISTEN_ADDRESS = "::"`},
		{name: "oned that says nothing, and a floating IP of IPv6", zone: "six", file: OnedConf, text: "PORT = 2633\n", want: `LISTEN_ADDRESS = "::"`},
		{name: "gRPC for one address", file: OnedConf, text: "GRPC_LISTEN_ADDRESS = \"127.0.0.1\"\n", want: `GRPC_LISTEN_ADDRESS = "0.0.0.0"`},
		{name: "OneGate at a server", file: OnedConf, text: "ONEGATE_ENDPOINT = \"http://192.168.150.2:5030\"\n", finding: "set it to the floating IP 192.168.150.10"},
		{name: "OneGate at the floating IP", file: OnedConf, text: "ONEGATE_ENDPOINT = \"http://192.168.150.10:5030/\"\n"},
		{name: "broken", file: OnedConf, text: "RAFT = [ A = 1\n", finding: "oned.conf:1:8: error"},
		{name: "monitord, lower case", file: MonitordConf, text: "NETWORK = [ monitor_address = \"auto\", PORT = 4124 ]\n", want: `monitor_address = "192.168.150.10"`},
		{name: "monitord without", file: MonitordConf, text: "LOG = [ SYSTEM = \"file\" ]\n", want: `MONITOR_ADDRESS = "192.168.150.10"`},
		{name: "monitord and a load balancer", zone: "none", file: MonitordConf, text: "NETWORK = [ MONITOR_ADDRESS = \"auto\" ]\n", finding: "load balancer", want: `"auto"`},
		{name: "flow", file: FlowConf, text: ":one_xmlrpc: http://localhost:2633/RPC2\n:host: 127.0.0.1\n:port: 2474\n", want: ":host: 0.0.0.0\n"},
		{name: "flow on all", file: FlowConf, text: ":host: '::'\n", want: ":host: '::'\n"},
		{name: "flow without", file: FlowConf, text: ":port: 2474\n", want: ":host: 0.0.0.0"},
		{name: "gate, flat", file: GateConf, text: ":host: 127.0.0.1\n:port: 5030\n", want: ":host: 0.0.0.0\n:port: 5030\n"},
		{name: "gate, nested", file: GateConf, text: ":server:\n  :bind: 127.0.0.1\n  :port: 5030\n", want: ":server:\n  :bind: 0.0.0.0\n  :port: 5030\n"},
		{name: "gate, nested without", file: GateConf, text: ":server:\n  :port: 5030\n", want: "  :bind: 0.0.0.0\n"},
		{name: "form", file: FormConf, text: ":host: 127.0.0.1\n", want: ":host: 0.0.0.0\n"},
		{name: "ks", file: KSConf, text: ":server:\n  :bind: 127.0.0.1\n  :port: 10780\n", want: "  :bind: 0.0.0.0\n"},
		{name: "fireedge says nothing", file: FireedgeConf, text: "port: 2616\n", want: "port: 2616\n"},
		{name: "fireedge for itself", file: FireedgeConf, text: "host: 127.0.0.1\nport: 2616\n", want: "host: 0.0.0.0\n"},
		{name: "another file", file: "/etc/one/sched.conf", text: "X = 1\n", finding: "no file of a Raft zone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			z := *z
			switch test.zone {
			case "7":
				z.ID = 7
			case "none":
				z.VIPs = nil
			case "six":
				z.VIPs = []spec.ZoneVIP{{Address: netip.MustParsePrefix("fd00::9/64"), NIC: "eth0"}}
			}
			got, findings := Edits(&z, z.Servers[1], test.file, []byte(test.text))
			if text := lines(findings); test.finding == "" && text != "" || !strings.Contains(text, test.finding) {
				t.Errorf("findings %q, want %q", text, test.finding)
			}
			if !strings.Contains(string(got.Text), test.want) {
				t.Errorf("want %s in\n%s", test.want, got.Text)
			}
			if findings.HasErrors() && string(got.Text) != test.text {
				t.Error("edited in spite of an error")
			}
			again, _ := Edits(&z, z.Servers[1], test.file, got.Text)
			if !bytes.Equal(again.Text, got.Text) {
				t.Errorf("edited twice:\n%s", again.Text)
			}
		})
	}
}

func lines(findings diag.Findings) (text string) {
	for _, f := range findings {
		text += f.String() + "\n"
	}
	return text
}

// Every word reaches the hook as it is: oned splits at white space, and the first
// words are what sudoers allows.
func TestHookWords(t *testing.T) {
	z := zone(t, "raft-five")
	want := "-n /usr/bin/oneha raft hook follower bond0 10.3.4.2/24 bond0 2001:db8:3:4::2/64"
	if got := HookArguments(z, Follower); got != want {
		t.Errorf("got %s", got)
	}
	many := *z
	for i := range 16 {
		many.VIPs = append(many.VIPs[:i:i], spec.ZoneVIP{Address: netip.MustParsePrefix("10.0.0.1/24"), NIC: "eth0"})
	}
	if n := len(strings.Fields(HookArguments(&many, Leader))); n > 49 {
		t.Errorf("%d words, oned passes 49", n)
	}
	for _, role := range []string{Leader, Follower} {
		if rule := strings.Join(HookWords(z, role)[:4], " ") + " *"; !strings.Contains(Sudoers, rule) {
			t.Errorf("sudoers does not allow %s", rule)
		}
	}
}

func TestUnits(t *testing.T) {
	show := func(z *spec.Zone) (text string) {
		for _, u := range Units(z) {
			text += fmt.Sprintf("%s enable=%v either=%v needed=%v\n", u.Name, u.Enable, u.Either, u.Needed)
		}
		return text
	}
	var all strings.Builder
	for _, name := range []string{"raft", "raft-five", "raft-no-vip"} {
		fmt.Fprintf(&all, "# %s\n%s", name, show(zone(t, name)))
	}
	golden(t, "units.golden", []byte(all.String()))
}

// FuzzEdits: whatever file there is, no panic, and twice is once.
func FuzzEdits(f *testing.F) {
	for _, file := range files(f) {
		f.Add(read(f, file))
	}
	f.Add([]byte(":server:\n  :bind: 127.0.0.1\n"))
	z := zone(f, "raft-five")
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, file := range Files {
			got, findings := Edits(z, z.Servers[0], file, text)
			if findings.HasErrors() {
				if !bytes.Equal(got.Text, text) {
					t.Fatalf("%s: edited in spite of an error", file)
				}
				continue
			}
			again, findings := Edits(z, z.Servers[0], file, got.Text)
			if findings.HasErrors() || !bytes.Equal(again.Text, got.Text) {
				t.Fatalf("%s: twice is not once: %v\n%s", file, findings, cmp.Diff(string(got.Text), string(again.Text)))
			}
		}
	})
}
