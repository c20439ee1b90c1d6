package lab

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const targets = `Packages|Debian|bookworm|bookworm|main|http://mirror.example/debian/
DEP-11|Debian|bookworm|bookworm|main|http://mirror.example/debian/
Packages|Debian|bookworm|bookworm|contrib|http://mirror.example/debian/
Packages|Debian|bookworm-security|bookworm-security|main|http://mirror.example/security/
Packages|Debian|bookworm-security|bookworm-security|main|http://mirror.example/security/
Packages|Debian|bookworm-updates|oldstable-updates|main|http://mirror.example/debian/
Packages|Elsewhere|bookworm|bookworm|main|http://third.example/
`

func TestParseSources(t *testing.T) {
	for _, tt := range []struct {
		name, targets, release string
		want                   []string
	}{
		{"the release with updates and security", targets, "bookworm", []string{
			"deb http://mirror.example/debian/ bookworm main",
			"deb http://mirror.example/debian/ oldstable-updates main",
			"deb http://mirror.example/security/ bookworm-security main",
		}},
		{"another release than the host's", targets, "trixie", nil},
		{"security without the release is not enough", "Packages|Debian|trixie-security|trixie-security|main|http://m.example/\n", "trixie", nil},
		{"not fetched yet: no origin", "Packages||||main|http://m.example/\n", "bookworm", nil},
		{"empty", "", "bookworm", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseSources(tt.targets, tt.release)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseSettings(t *testing.T) {
	dump := `APT::Architecture "amd64";
Acquire "";
Acquire::Check-Valid-Until "false";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::http::Proxy "";
Acquire::GzipIndexes "true";
DPkg::Pre-Invoke:: "rm -rf /";
`
	want := `Acquire::Check-Valid-Until "false";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::http::Proxy::mirror.example "DIRECT";
`
	if diff := cmp.Diff(want, parseSettings(dump)); diff != "" {
		t.Error(diff)
	}
}

func TestImageName(t *testing.T) {
	a, b := imageName("bookworm", []string{"a", "b"}), imageName("bookworm", []string{"a", "c"})
	if a == b || !strings.HasPrefix(a, "bookworm-") {
		t.Errorf("imageName: %q and %q; want two names that begin with the release", a, b)
	}
	if imageName("bookworm", []string{"ab"}) == imageName("bookworm", []string{"a", "b"}) {
		t.Error("imageName: the packages ab, and a and b, have one name")
	}
}

func TestMountsUnder(t *testing.T) {
	info := `22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:40 / /run/oneha-lab-a rw - tmpfs x rw
31 30 0:41 / /run/oneha-lab-a/machine/n1/root rw - overlay x rw
32 22 0:42 / /run/oneha-lab-a-b rw - tmpfs x rw
33 30 0:43 / /run/oneha-lab-a/with\040space rw - tmpfs x rw
short line
`
	want := []string{"/run/oneha-lab-a/with space", "/run/oneha-lab-a/machine/n1/root", "/run/oneha-lab-a"}
	if diff := cmp.Diff(want, mountsUnder(info, "/run/oneha-lab-a")); diff != "" {
		t.Error(diff)
	}
}

func TestInnerPID(t *testing.T) {
	for status, want := range map[string]int{
		"Name:\tsystemd\nNSpid:\t4711\t1\n":  1,
		"Name:\tsleep\nNSpid:\t4711\t8\t2\n": 2,
		"Name:\tbash\nNSpid:\t1\n":           0, // the host's own PID 1 is in no container
		"Name:\tbash\n":                      0,
	} {
		if got := innerPID(status); got != want {
			t.Errorf("innerPID(%q) = %d, want %d", status, got, want)
		}
	}
}

func TestUDPBound(t *testing.T) {
	// /proc/net/udp and udp6 of a little-endian machine.
	sockets := `  sl  local_address rem_address   st
  100: 1405030A:026F 00000000:0000 07
  101: B80D0120000000000000000001000000:026F 00000000000000000000000000000000:0000 07
`
	for _, tt := range []struct {
		addr string
		port uint16
		want bool
	}{
		{"10.3.5.20", 623, true},
		{"10.3.5.21", 623, false},
		{"10.3.5.20", 624, false},
		{"2001:db8::1", 623, true},
		{"2001:db8::2", 623, false},
	} {
		if got := udpBound(sockets, netip.MustParseAddr(tt.addr), tt.port); got != tt.want {
			t.Errorf("udpBound(%s, %d) = %v, want %v", tt.addr, tt.port, got, tt.want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	s, err := parseStatus(testdata(t, "crm_mon-settled.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if why := s.Unsettled(); why != "" {
		t.Errorf("Unsettled() = %q, want nothing to wait for", why)
	}
	if s.DC == "" || !s.Quorum || len(s.Nodes) != 2 || len(s.Failures) != 0 {
		t.Errorf("parseStatus: DC %q, quorum %v, %d nodes, failures %q; want a DC, quorum, 2 nodes, no failures", s.DC, s.Quorum, len(s.Nodes), s.Failures)
	}
	if s.On("vip") == "" || s.On("vip") != s.On("oned") {
		t.Errorf("On: vip on %q, oned on %q; want one node for both", s.On("vip"), s.On("oned"))
	}

	s, err = parseStatus(testdata(t, "crm_mon-unclean.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if why := s.Unsettled(); !strings.Contains(why, "unclean") {
		t.Errorf("Unsettled() = %q, want an unclean node named", why)
	}
}

func TestUnsettled(t *testing.T) {
	good := func() Status {
		return Status{DC: "a", Nodes: []NodeStatus{{Name: "a", Online: true}, {Name: "b", Online: true}},
			Resources: []ResourceStatus{{ID: "vip", Role: "Started", Active: true, Managed: true, Nodes: []string{"a"}}}}
	}
	if why := good().Unsettled(); why != "" {
		t.Fatalf("Unsettled() = %q for a settled cluster", why)
	}
	for want, spoil := range map[string]func(*Status){
		"no DC elected":                   func(s *Status) { s.DC = "" },
		"node b offline":                  func(s *Status) { s.Nodes[1].Online = false },
		"node b unclean":                  func(s *Status) { s.Nodes[1].Unclean = true },
		"node b pending":                  func(s *Status) { s.Nodes[1].Pending = true },
		"resource vip failed":             func(s *Status) { s.Resources[0].Failed = true },
		"resource vip: Monitoring":        func(s *Status) { s.Resources[0].Pending = "Monitoring" },
		"resource vip started on 2 nodes": func(s *Status) { s.Resources[0].Nodes = []string{"a", "b"} },
		"resource vip stopped on 0 nodes": func(s *Status) {
			s.Resources[0].Active, s.Resources[0].Role, s.Resources[0].Nodes = false, "Stopped", nil
		},
		"no nodes": func(s *Status) { s.Nodes = nil },
	} {
		s := good()
		spoil(&s)
		if got := s.Unsettled(); got != want {
			t.Errorf("Unsettled() = %q, want %q", got, want)
		}
	}
}

func TestParseFencings(t *testing.T) {
	list, err := parseFencings(testdata(t, "fence-history.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Status != "success" || list[0].Target == "" || list[0].Delegate == "" || list[0].Target == list[0].Delegate || list[0].Completed.IsZero() {
		t.Errorf("parseFencings = %+v; want one success, one node by another, at a time", list)
	}
}

func TestDeviceIn(t *testing.T) {
	log := `Nov 21 21:00:01 notice: Operation 'reboot' [9] targeting n1 using fence-n1 returned 1 (error)
Nov 21 21:00:02 notice: Operation 'reboot' [9] targeting n1 using fence-n1-pdu returned 0 (OK)
Nov 21 21:00:03 notice: Operation 'reboot' [9] targeting n2 using fence-n2 returned 0 (OK)
`
	for target, want := range map[string]string{"n1": "fence-n1-pdu", "n2": "fence-n2", "n3": ""} {
		if got := deviceIn(log, target); got != want {
			t.Errorf("deviceIn(%s) = %q, want %q", target, got, want)
		}
	}
}

// FuzzParse feeds every reader of foreign text: none may panic.
func FuzzParse(f *testing.F) {
	f.Add(targets)
	f.Add(`Acquire::http::Proxy "x";`)
	f.Add("22 1 254:0 / /a\\040b rw\nNSpid:\t1\t1\n")
	f.Add("  1: 1405030A:026F 0:0\n")
	for _, name := range []string{"crm_mon-settled.xml", "fence-history.xml"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, line := range parseSources(text, "bookworm") {
			if !strings.HasPrefix(line, "deb ") || strings.Contains(line, "\n") {
				t.Errorf("parseSources gave %q", line)
			}
		}
		parseSettings(text)
		mountsUnder(text, "/a b")
		innerPID(text)
		udpBound(text, netip.MustParseAddr("10.3.5.20"), 623)
		deviceIn(text, "n1")
		if s, err := parseStatus(text); err == nil {
			s.Unsettled()
			s.On("vip")
		}
		_, _ = parseFencings(text)
		_, _ = accountID(text, "hacluster")
		if mac, _, ok := arpClaims([]byte(text), netip.MustParseAddr("10.3.4.2")); ok && string(mac[:]) != text[22:28] {
			t.Errorf("arpClaims gave %x", mac)
		}
	})
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
