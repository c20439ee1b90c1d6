package hypervisor

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// machine is a host whose virsh and ps print files of a directory. The script runs for
// real.
type machine struct {
	remote.Host
	dir string
	err error
}

func (m machine) Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error {
	if m.err != nil {
		return m.err
	}
	return m.Host.Stream(ctx, in, out, append([]string{"env", "PATH=" + m.dir + ":" + os.Getenv("PATH")}, argv...)...)
}

const fakeVirsh = `#!/bin/sh
dir=$(dirname "$0"); shift 2
case $1 in
list) cat "$dir/list" ;;
dumpxml) cat "$dir/$3.xml" ;;
snapshot-list) cat "$dir/$4.snapshots" ;;
esac
`

// newMachine makes a host; files are put beside its programs.
func newMachine(t *testing.T, files map[string]string) machine {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"virsh": fakeVirsh, "ps": "#!/bin/sh\ncat \"$(dirname \"$0\")/processes\"\n", "processes": "init\n", "list": " Id   Name   State\n----\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return machine{Host: remote.Local(), dir: dir}
}

func list(rows ...string) string {
	return " Id   Name   State\n----------------\n " + strings.Join(rows, "\n ") + "\n"
}

// cloud is a gatherer over machines by their names.
func cloud(t *testing.T, machines map[string]machine, wholes map[int]one.WholeVM) Gatherer {
	return Gatherer{
		Visitor: Visitor{Open: func(name string) remote.Host {
			m, ok := machines[name]
			if !ok {
				m = machine{Host: remote.Local(), err: fmt.Errorf("%s %w: ssh: connect to host %s port 22: Connection timed out", name, remote.ErrUnreachable, name)}
			}
			return m
		}, Limit: time.Minute, Parallel: 4},
		Here: newMachine(t, nil), Incidents: t.TempDir(),
		Datastores: "/nonexistent",
		Whole: func(_ context.Context, id int) (one.WholeVM, error) {
			whole, ok := wholes[id]
			if !ok {
				return whole, fmt.Errorf("virtual machine %d is not there", id)
			}
			return whole, nil
		},
	}
}

func caseOf(id, lcm, seq int, host string) Case {
	return Case{VM: one.PoolVM{VM: one.VM{ID: id, State: recovery.Active, LCM: lcm, Seq: seq, Host: host}, Driver: "kvm"},
		Facts: &recovery.Facts{State: recovery.Active, LCM: lcm}}
}

func TestLookAtDomains(t *testing.T) {
	hosts := []one.Host{{Name: "h1", State: one.HostMonitored}, {Name: "h2", State: one.HostError, Monitored: 1000}, {Name: "h3", State: one.HostMonitored}}
	g := cloud(t, map[string]machine{
		"h1": newMachine(t, map[string]string{"list": list("3  one-1  running", "4  one-3  paused"), "processes": "ssh fe tar -x -C /var/lib/one/datastores/0/4\n"}),
		"h3": {Host: remote.Local(), err: fmt.Errorf("h3 %w: no key is accepted: Permission denied", remote.ErrUnreachable)},
	}, nil)
	cases := []Case{caseOf(1, 2, 0, "h1"), caseOf(2, 2, 0, "h1"), caseOf(3, 2, 0, "h1"), caseOf(4, 2, 0, "h1"), caseOf(5, 2, 0, "h2"), caseOf(6, 2, 0, "h3"), caseOf(7, 2, 0, "h1")}
	cases[6].VM.Driver = "lxc"
	notes := g.Look(context.Background(), hosts, cases)
	var got []string
	for _, c := range cases {
		got = append(got, fmt.Sprintf("%d host %d domain %d worker %d", c.VM.ID, c.Facts.Host, c.Facts.Domain, c.Facts.Worker))
	}
	want := []string{
		"1 host 1 domain 1 worker 2", "2 host 1 domain 2 worker 2",
		"3 host 1 domain 0 worker 2", // paused says nothing
		"4 host 1 domain 2 worker 1", // a copy goes on
		"5 host 2 domain 0 worker 0", // silent, and never off without a record
		"6 host 0 domain 0 worker 0", // refuses us: alive or not is not known
		"7 host 1 domain 0 worker 2", // virsh does not know containers
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(notes) != 2 || !strings.Contains(notes[0], "h2 cannot be reached") || !strings.Contains(notes[1], "no key is accepted") {
		t.Errorf("%q", notes)
	}
}

// A host is off when its power was seen off after the monitoring last heard of it, and
// nothing answers there.
func TestLookAtPower(t *testing.T) {
	const begin = `{"at":"2026-11-22T09:59:00Z","step":"begin","name":"h1","event":"x"}` + "\n"
	const fenced = `{"at":"2026-11-22T10:00:00Z","step":"fenced"}` + "\n"
	for name, c := range map[string]struct {
		record string
		state  one.HostState
		want   recovery.Power
	}{
		"fenced":              {begin + fenced, one.HostError, recovery.HostOff},
		"fenced, and offline": {begin + fenced + `{"at":"2026-11-22T10:01:00Z","step":"offline"}` + "\n", one.HostOffline, recovery.HostOff},
		"no record":           {``, one.HostError, recovery.HostSilent},
		"fenced, came back":   {begin + strings.Replace(fenced, "T10:00", "T09:00", 1), one.HostError, recovery.HostSilent},
		"another host's":      {strings.Replace(begin, "h1", "h2", 1) + fenced, one.HostError, recovery.HostSilent},
		"not fenced":          {begin + `{"at":"2026-11-22T10:00:00Z","step":"unfenced"}` + "\n", one.HostError, recovery.HostSilent},
		"torn":                {begin + strings.TrimSpace(fenced), one.HostError, recovery.HostSilent},
		"no JSON":             {"fenced\n" + begin + fenced, one.HostError, recovery.HostSilent},
		"no begin":            {fenced, one.HostError, recovery.HostSilent},
		"a newer incident":    {begin + fenced + begin, one.HostError, recovery.HostSilent},
		"monitored":           {begin + fenced, one.HostMonitored, recovery.HostUnasked},
		"in the future":       {begin + strings.Replace(fenced, "2026", "2226", 1), one.HostError, recovery.HostSilent},
	} {
		g := cloud(t, nil, nil)
		if c.record != "" {
			if err := os.WriteFile(filepath.Join(g.Incidents, "4.json"), []byte(c.record), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		seen := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC).Unix()
		cases := []Case{caseOf(1, 2, 0, "h1")}
		g.Look(context.Background(), []one.Host{{ID: 4, Name: "h1", State: c.state, Monitored: seen}}, cases)
		if got := cases[0].Facts.Host; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// In a migration the host before counts; without knowing it nothing is known to be idle.
func TestLookAtMigrations(t *testing.T) {
	datastores := t.TempDir()
	dir := filepath.Join(datastores, "0", "1")
	for path, text := range map[string]string{filepath.Join(dir, "disk.0"): "x", filepath.Join(dir, "checkpoint"): "memory"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	history := []one.Stay{{Seq: 0, Host: "h1", Driver: "kvm", Transfer: "ssh", RunBegin: 1000}, {Seq: 1, Host: "h2", Driver: "kvm", Transfer: "ssh"}}
	hosts := []one.Host{{Name: "h1", State: one.HostMonitored}, {Name: "h2", State: one.HostMonitored}}
	look := func(lcm int, whole *one.WholeVM) recovery.Facts {
		wholes := map[int]one.WholeVM{}
		if whole != nil {
			wholes[1] = *whole
		}
		g := cloud(t, map[string]machine{"h1": newMachine(t, map[string]string{"list": list("-  one-1  shut off")}), "h2": newMachine(t, nil)}, wholes)
		g.Datastores = datastores
		cases := []Case{caseOf(1, lcm, 1, "h2")}
		g.Look(context.Background(), hosts, cases)
		return *cases[0].Facts
	}
	one0 := one.WholeVM{ID: 1, Disks: []one.Disk{{ID: 0}}, History: history}
	two := one.WholeVM{ID: 1, Disks: []one.Disk{{ID: 0}, {ID: 1}}, History: history}
	shared := one.WholeVM{ID: 1, Disks: []one.Disk{{ID: 0}, {ID: 1}}, History: []one.Stay{{Seq: 0, Host: "h1", Transfer: "shared"}, {Seq: 1, Host: "h2", Transfer: "shared"}}}
	base := recovery.Facts{State: recovery.Active, Host: recovery.HostUp, Source: recovery.HostUp, Domain: recovery.Absent, OnSource: recovery.Absent, Worker: recovery.Absent}
	with := func(lcm int, change func(*recovery.Facts)) recovery.Facts {
		f := base
		f.LCM = lcm
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		lcm   int
		whole *one.WholeVM
		want  recovery.Facts
	}{
		"disks on the source":    {8, &one0, with(8, func(f *recovery.Facts) { f.Disks = recovery.There })},
		"one has arrived":        {8, &two, with(8, func(f *recovery.Facts) { f.Disks = recovery.Absent })},
		"shared storage":         {8, &shared, with(8, func(f *recovery.Facts) { f.Disks, f.OnSource = recovery.There, recovery.Unasked })},
		"saved on the source":    {7, &one0, with(7, func(f *recovery.Facts) { f.Checkpoint = recovery.There })},
		"live":                   {4, &one0, with(4, func(*recovery.Facts) {})},
		"oned does not tell all": {4, nil, with(4, func(f *recovery.Facts) { f.Source, f.OnSource, f.Worker = 0, 0, 0 })},
	} {
		if got := look(c.lcm, c.whole); got != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestLookAtDevices(t *testing.T) {
	hosts := []one.Host{{Name: "h1", State: one.HostMonitored}}
	history := func(action int) []one.Stay {
		return []one.Stay{{Seq: 0, Host: "h1", Driver: "kvm", Action: action, Begin: 10, End: 20}, {Seq: 1, Host: "h1", Driver: "kvm", Begin: 20}}
	}
	// The copy in which oned goes on has the action that was noted last before this one.
	after := func(list []one.Stay, action int) []one.Stay { list[1].Action = action; return list }
	gap := func(list []one.Stay) []one.Stay { list[1].Begin = 30; return list }
	disk := func(target string) []one.Disk {
		return []one.Disk{{ID: 0, Target: "vda"}, {ID: 1, Target: target, Attach: "YES"}}
	}
	for name, c := range map[string]struct {
		lcm   int
		whole one.WholeVM
		op    recovery.Operation
		thing recovery.Presence
	}{
		"attached":           {17, one.WholeVM{Disks: disk("sda"), History: history(21)}, recovery.Add, recovery.There},
		"not attached":       {17, one.WholeVM{Disks: disk("sdz"), History: history(21)}, recovery.Add, recovery.Absent},
		"detached":           {17, one.WholeVM{Disks: disk("sdz"), History: history(22)}, recovery.Remove, recovery.Absent},
		"not detached":       {17, one.WholeVM{Disks: disk("sda"), History: history(22)}, recovery.Remove, recovery.There},
		"a NIC":              {25, one.WholeVM{NICs: []one.NIC{{MAC: "02:00:0A:00:00:2A", Attach: "YES"}}, History: history(23)}, recovery.Add, recovery.There},
		"another action":     {25, one.WholeVM{NICs: []one.NIC{{MAC: "02:00:0a:00:00:2a", Attach: "YES"}}, History: history(21)}, recovery.OperationUnknown, recovery.There},
		"nothing is marked":  {17, one.WholeVM{Disks: []one.Disk{{Target: "vda"}}, History: history(21)}, recovery.Update, recovery.Unasked},
		"a change of a NIC":  {25, one.WholeVM{NICs: []one.NIC{{MAC: "02:00:0a:00:00:2a"}}, History: history(51)}, recovery.Update, recovery.Unasked},
		"a migration before": {17, one.WholeVM{Disks: disk("sdz"), History: after(history(22), 2)}, recovery.Remove, recovery.Absent},
		"one of long ago":    {17, one.WholeVM{Disks: disk("sdz"), History: gap(history(22))}, recovery.OperationUnknown, recovery.Absent},
		"a NIC of the host":  {25, one.WholeVM{PCIs: []one.NIC{{MAC: "x", Attach: "YES"}}, History: history(23)}, recovery.Add, recovery.Unasked},
		"an alias":           {25, one.WholeVM{Aliases: []one.NIC{{MAC: "x", Attach: "YES"}}, History: history(46)}, recovery.Add, recovery.Unasked},
		"a snapshot deleted": {24, one.WholeVM{Snapshots: []one.Snapshot{{Hypervisor: "snap-7", Active: "YES", Action: "DELETE"}}}, recovery.Remove, recovery.Absent},
		"one that is there":  {24, one.WholeVM{Snapshots: []one.Snapshot{{Hypervisor: "snap-1", Active: "YES", Action: "DELETE"}}}, recovery.Remove, recovery.There},
		"one being made":     {24, one.WholeVM{Snapshots: []one.Snapshot{{Active: "YES", Action: "CREATE"}}}, recovery.Add, recovery.Unasked},
		"a snapshot of old":  {24, one.WholeVM{Snapshots: []one.Snapshot{{Active: "YES"}}, History: history(38)}, recovery.OperationUnknown, recovery.Unasked},
	} {
		c.whole.ID = 42
		g := cloud(t, map[string]machine{"h1": newMachine(t, map[string]string{"list": list("3  one-42  running"), "one-42.xml": fixture(t, "domain.xml"), "one-42.snapshots": "snap-0\nsnap-1\n"})}, map[int]one.WholeVM{42: c.whole})
		cases := []Case{caseOf(42, c.lcm, 1, "h1")}
		cases[0].Inside = c.whole
		if notes := g.Look(context.Background(), hosts, cases); len(notes) > 0 {
			t.Error(notes)
		}
		if f := cases[0].Facts; f.Operation != c.op || f.Thing != c.thing || f.Worker != recovery.Absent {
			t.Errorf("%s: operation %d, thing %d, worker %d", name, f.Operation, f.Thing, f.Worker)
		}
	}
}

// Another front-end that cannot be asked may still work on anything.
func TestLookAtFrontEnds(t *testing.T) {
	hosts := []one.Host{{Name: "h1", State: one.HostMonitored}}
	g := cloud(t, map[string]machine{"h1": newMachine(t, nil)}, nil)
	for name, want := range map[string]recovery.Presence{"": recovery.Absent, "fe2": recovery.Unasked} {
		if g.FrontEnds = nil; name != "" {
			g.FrontEnds = []string{name}
		}
		cases := []Case{caseOf(1, 2, 0, "h1")}
		g.Look(context.Background(), hosts, cases)
		if cases[0].Facts.Worker != want {
			t.Errorf("%q: %d", name, cases[0].Facts.Worker)
		}
	}
}
