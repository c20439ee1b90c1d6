package hypervisor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// A libvirtd that has lost a domain, or is another one than ran it, does not make it gone:
// its process is there.
func TestDomainThatLibvirtLost(t *testing.T) {
	hosts := []one.Host{{Name: "h1", State: one.HostMonitored}}
	g := cloud(t, map[string]machine{"h1": newMachine(t, map[string]string{
		"list": list("-  one-2  shut off"),
		"processes": "/usr/bin/qemu-system-x86_64 -name guest=one-1,debug-threads=on -S\n/usr/libexec/qemu-kvm -name one-2 -S\n" +
			"/usr/bin/qemu-system-x86_64 -name guest=one-33,debug-threads=on\ngrep -name guest=one-4,x\n",
	})}, nil)
	for id, want := range map[int]recovery.Presence{1: recovery.Unasked, 2: recovery.Unasked, 3: recovery.Absent, 4: recovery.Absent} {
		cases := []Case{caseOf(id, 2, 0, "h1")}
		g.Look(context.Background(), hosts, cases)
		if got := cases[0].Facts.Domain; got != want {
			t.Errorf("one-%d: %d, want %d", id, got, want)
		}
	}
}

// What is started for the first time on a host may have come there from one that was taken
// for dead: BOOT follows PROLOG_MIGRATE_UNKNOWN and a recreate, whose clean-up nobody saw.
func TestBootAfterDeadHost(t *testing.T) {
	whole := func(host string) one.WholeVM {
		return one.WholeVM{ID: 1, History: []one.Stay{{Seq: 0, Host: host, Driver: "kvm"}, {Seq: 1, Host: "h2", Driver: "kvm"}}}
	}
	up := one.Host{Name: "h2", State: one.HostMonitored}
	for name, c := range map[string]struct {
		lcm    int
		whole  map[int]one.WholeVM
		source string // its list; "" for a host that does not answer
		want   recovery.Verdict
	}{
		"it still runs there":         {2, map[int]one.WholeVM{1: whole("h1")}, list("3  one-1  running"), recovery.Ask},
		"it does not run there":       {2, map[int]one.WholeVM{1: whole("h1")}, list(), recovery.Safe},
		"nothing answers there":       {2, map[int]one.WholeVM{1: whole("h1")}, "", recovery.Ask},
		"libvirt does not say":        {36, map[int]one.WholeVM{1: whole("h1")}, "error: no libvirtd\n", recovery.Ask},
		"it was restarted here":       {2, map[int]one.WholeVM{1: whole("h2")}, "", recovery.Safe},
		"oned does not say where":     {2, nil, "", recovery.Ask},
		"to be restored from there":   {35, map[int]one.WholeVM{1: whole("h1")}, "error: no libvirtd\n", recovery.Ask},
		"restored, and nothing there": {35, map[int]one.WholeVM{1: whole("h1")}, list(), recovery.Safe},
	} {
		t.Run(name, func(t *testing.T) {
			machines := map[string]machine{"h2": newMachine(t, nil)}
			if c.source != "" {
				machines["h1"] = newMachine(t, map[string]string{"list": c.source})
			}
			cases := []Case{caseOf(1, c.lcm, 1, "h2")}
			cloud(t, machines, c.whole).Look(context.Background(), []one.Host{up, {Name: "h1", State: one.HostError}}, cases)
			if p := recovery.Propose(*cases[0].Facts); p.Verdict != c.want {
				t.Errorf("%s: %+v", p.Verdict, *cases[0].Facts)
			}
		})
	}
}

// A pipe in the place of a record is not waited for.
func TestIncidentThatIsAPipe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "4.json")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	failed := make(chan error, 1)
	go func() {
		_, err := FencedAt(dir, 4, "h1")
		failed <- err
	}()
	select {
	case err := <-failed:
		if err == nil || !strings.Contains(err.Error(), "is no regular file") {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits")
	}
}
