package target

import (
	"slices"
	"strings"
	"testing"
)

func TestTableIsReadable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Releases {
		for _, name := range append([]string{r.Name}, r.Aliases...) {
			if seen[name] || name != strings.ToLower(name) || !strings.Contains(name, "-") {
				t.Errorf("release name %q", name)
			}
			seen[name] = true
		}
		if !r.Pacemaker.Known() || !r.Corosync.Known() || !r.PCS.Known() && !r.Crmsh.Known() {
			t.Errorf("%s: %+v lacks a program", r.Name, r.Target())
		}
		for _, tool := range Tools {
			if v := r.Target().Version(tool); v.Max.Before(v.Min) {
				t.Errorf("%s: %s from %s", r.Name, tool, v)
			}
		}
		if r.Family == RedHat && r.Crmsh.Known() || r.Family == SUSE && r.PCS.Known() {
			t.Errorf("%s: %s have one shell", r.Name, r.Family)
		}
		if r.Title == "" || len(r.ResourceAgents) == 0 || len(r.FenceAgents) == 0 || r.Install() == "" || r.WebServer() == "" {
			t.Errorf("%s: not all is told", r.Name)
		}
		// pcs 0.9 is the one for corosync 2 and Pacemaker 1.1, and the others for later ones
		if old := r.PCS.Until(Version{0, 10}); r.PCS.Known() && (old != r.Corosync.Until(Version{3}) || old != r.Pacemaker.Until(Version{2})) {
			t.Errorf("%s: pcs %s, corosync %s, pacemaker %s", r.Name, r.PCS, r.Corosync, r.Pacemaker)
		}
	}
	if len(Releases) < 16 {
		t.Errorf("%d releases", len(Releases))
	}
}

func TestCapabilities(t *testing.T) {
	seen := map[Capability]bool{}
	for _, row := range capabilities {
		if seen[row.of] || row.name == "" || row.source == "" || !slices.Contains(Tools, row.tool) || row.until != (Version{}) && !row.since.Before(row.until) {
			t.Errorf("row %+v", row)
		}
		seen[row.of] = true
	}
	for c := range CrmKnet + 1 {
		if !seen[c] {
			t.Errorf("capability %d has no row", c)
		}
	}
	is := func(release string, c Capability, want bool) {
		t.Helper()
		target, err := Parse(release)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.Can(c); got != want {
			t.Errorf("%s can %s: %v, want %v", release, c, got, want)
		}
	}
	is("debian-11", PriorityFencingDelay, true)
	is("debian-11", Critical, false)
	is("debian-12", Critical, true)
	is("debian-12", DelayMap, true)
	is("debian-12", DelayBesideTimeout, false)
	is("ubuntu-24.04", DelayBesideTimeout, true)
	is("debian-13", FencingNames, false)
	is("pacemaker=3.0.2", FencingNames, true)
	is("pacemaker=3.0", FencingNames, false) // 3.0.0 is one of them
	is("rhel-7", Schema3, false)
	is("rhel-7", Knet, false)
	is("rhel-7", EncryptedUDP, true)
	is("sles-15", Knet, false)
	is("sles-15", DefaultsPlain, false) // there is no pcs
	is("debian-13", EncryptedUDP, false)
	is("debian-10", DefaultsUpdate, false)
	is("debian-10", DefaultsPlain, true)
	is("debian-13", DefaultsPlain, false)
	is("pcs=0.10.7", DefaultsPlain, true)
	is("pcs=0.10", DefaultsUpdate, false)
	is("portable", DefaultsUpdate, true)
	is("portable", DefaultsPlain, false)
	is("portable", Critical, false)
	is("portable", SetupToFile, true)
	for release, want := range map[string]bool{"debian-11": true, "debian-12": false, "portable": false, "sles-15": false, "rhel-7": true} {
		if on, _ := Parse(release); on.Lacks(DelayMap) != want {
			t.Errorf("%s lacks %s: %v", release, DelayMap, !want)
		}
	}
	if on, _ := Parse("debian-13"); !on.Lacks(EncryptedUDP) || !on.Lacks(DefaultsPlain) || on.Lacks(Knet) {
		t.Error("what newer versions no longer have is there")
	}
	if on, _ := Parse("rhel-9"); !on.Lacks(CrmKnet) || on.Can(CrmKnet) {
		t.Error("a program that is not there can something")
	}
}

// TestPortable: the current releases are within it, and it is no wider than they are.
func TestPortable(t *testing.T) {
	reach := Target{}
	for _, name := range []string{"debian-11", "debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04", "rhel-8", "rhel-9", "rhel-10", "sles-16"} {
		r, ok := Named(name)
		if !ok {
			t.Fatal(name)
		}
		for _, tool := range Tools {
			v := r.Target().Version(tool)
			if v.Known() && (v.Min.Before(Portable.Version(tool).Min) || Portable.Version(tool).Max.Before(v.Max)) {
				t.Errorf("%s has %s %s, portable is %s", name, tool, v, Portable.Version(tool))
			}
			*reach.at(tool) = reach.Version(tool).join(v)
		}
	}
	if reach.Pacemaker.Min != Portable.Pacemaker.Min || reach.PCS.Min != Portable.PCS.Min {
		t.Errorf("portable reaches further back than needed: %s", reach)
	}
}

func TestRelease(t *testing.T) {
	for _, tt := range []struct{ release, want string }{
		{"debian-12", "[]"},
		{"ubuntu-24.04", "[ufw allow proto udp from 10.0.0.1 to any port 5405:5406 ufw allow proto udp from fd00::1 to any port 5405:5406]"},
		{"rhel-9", "[firewall-cmd --permanent --add-port=5405-5406/udp firewall-cmd --reload]"},
		{"rhel-7", "[firewall-cmd --permanent --add-port=5404-5407/udp firewall-cmd --reload]"},
		{"sles-12", "[SuSEfirewall2 open EXT UDP 5404:5407 SuSEfirewall2]"},
	} {
		r, _ := Named(tt.release)
		first, last := r.Target().CorosyncPorts(2)
		if got := strings.Join(r.Open("udp", first, last, "10.0.0.1", "fd00::1"), " "); "["+got+"]" != tt.want {
			t.Errorf("%s: [%s], want %s", tt.release, got, tt.want)
		}
	}
	r, _ := Named("sles-12")
	if got := r.Open("tcp", PortQNetd, PortQNetd); !slices.Equal(got, []string{"SuSEfirewall2 open EXT TCP 5403", "SuSEfirewall2"}) {
		t.Errorf("%q", got)
	}
	if unit, pkg := r.TimeUnit(); unit != "ntpd" || pkg != "ntp" {
		t.Errorf("%s of %s keeps the time", unit, pkg)
	}
	r, _ = Named("CentOS-7")
	if r.Install() != "yum install -y" || r.Remove() != "yum remove -y" || r.WebServer() != "httpd" || r.StartsOnInstall() || r.Update() != "" {
		t.Errorf("%+v", r.habits())
	}
	r, _ = Named("ubuntu-22.04")
	if got := r.Open("tcp", 2224, 2224); !slices.Equal(got, []string{"ufw allow 2224/tcp"}) || !r.StartsOnInstall() {
		t.Errorf("%q", got)
	}
}
