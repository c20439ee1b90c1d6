package survey

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/hypervisor"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/test/fakeone"
)

func sourceOf(t testing.TB, cloud *fakeone.Cloud) Source {
	t.Helper()
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(file, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := one.ReadCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := one.ParseEndpoint(server.URL + "/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	return Source{Endpoint: endpoint, Credentials: credentials}
}

// absent is what a hypervisor says that runs nothing of what oned waits for.
func absent(_ context.Context, _ []one.Host, cases []hypervisor.Case) []string {
	for _, c := range cases {
		c.Facts.Domain, c.Facts.Worker = recovery.Absent, recovery.Absent
	}
	return nil
}

var quick = Pace{Every: 5 * time.Millisecond, Limit: time.Minute, Call: time.Minute, Fresh: time.Minute}

func TestFind(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2}, fakeone.Host{ID: 2, Name: "host2", State: 3},
		fakeone.Image{ID: 7, Name: "disk", State: 4}, fakeone.Image{ID: 8, Name: "iso", State: 1})
	for id, lcm := range []int{3, 1, 2, 17, 18, 16, 40} {
		host := 1
		if lcm == 16 {
			host = 2
		}
		cloud.Add(fakeone.VM{ID: id, Name: fmt.Sprintf("vm-%d", id), State: recovery.Active, LCM: lcm, Host: host})
	}
	s := sourceOf(t, cloud)
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(r.Total, " ")
	for _, m := range r.Machines {
		got += fmt.Sprintf("%d:%s:%s ", m.ID, m.State.Name, m.Proposal.Verdict)
	}
	if want := "7 5:UNKNOWN:handle 1:PROLOG:ask 3:HOTPLUG:ask 6:EPILOG_FAILURE:ask 2:BOOT:wait 4:SHUTDOWN_POWEROFF:wait "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(r.Objects) != 2 || r.Objects[0].Name != "host2" || r.Objects[1].Name != "disk" {
		t.Errorf("%+v", r.Objects)
	}
	if n := len(cloud.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}

	s.Started = time.Unix(0, 0) // the fake's machines entered their states a second later
	if r, err = Find(context.Background(), s); err != nil || r.Driven != 4 || len(r.Machines) != 2 {
		t.Errorf("%d are driven, %d listed: %v", r.Driven, len(r.Machines), err)
	}
}

// The safe ones are done, the others are not touched, and a second time nothing is.
func TestApply(t *testing.T) {
	cloud := fakeone.New()
	cloud.Delay = 10 * time.Millisecond
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	want := map[int]string{0: "BOOT", 1: "POWEROFF", 2: "BOOT_UNDEPLOY_FAILURE", 3: "HOTPLUG", 4: "RUNNING", 5: "RUNNING"}
	for id, lcm := range []int{2, 18, 32, 17, 3, 69} {
		cloud.Add(fakeone.VM{ID: id, Name: "vm", State: recovery.Active, LCM: lcm, Host: 1})
	}
	want[2] = "BOOT_UNDEPLOY" // failure, then retry
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Apply(context.Background(), s, r, quick, func(Machine, recovery.Choice, error) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		if o.Err != nil {
			t.Errorf("%d: %v", o.ID, o.Err)
		}
	}
	for id, name := range want {
		vm, _ := cloud.VM(id)
		if got := recovery.Find(vm.State, vm.LCM).Name; got != name {
			t.Errorf("%d is in %s, want %s", id, got, name)
		}
	}
	if n := len(cloud.Calls("one.vm.recover")); n != 5 {
		t.Errorf("%d answers: %v", n, cloud.Calls("one.vm.recover"))
	}
}

// Whoever was faster wins: a machine that has left its state is left alone; one that
// oned refuses is said, and the others go on.
func TestApplyTouchesOnlyWhatItSaw(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	for id := range 3 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 18, Host: 1})
	}
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Add(fakeone.VM{ID: 1, State: recovery.Active, LCM: 3, Host: 1})
	cloud.Break("one.vm.recover", func(n int) fakeone.Fault {
		if n == 1 {
			return fakeone.Fault{Code: 0x2000, Message: "no leader found"}
		}
		return fakeone.Fault{}
	})
	list, err := Apply(context.Background(), s, r, quick, func(Machine, recovery.Choice, error) {})
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	if list[0].Err == nil || list[1].Err != errMoved || list[2].Err != nil || list[2].State.Name != "POWEROFF" {
		t.Errorf("%v; %v; %v, %s", list[0].Err, list[1].Err, list[2].Err, list[2].State.Name)
	}
	if n := len(cloud.Calls("one.vm.recover")); n != 2 {
		t.Errorf("%d answers", n)
	}
}

// A large cloud costs three calls and no more memory than what is listed.
func TestLargeCloud(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	for id := range 5000 {
		lcm := 3
		if id%50 == 0 {
			lcm = 1
		}
		cloud.Add(fakeone.VM{ID: id, Name: fmt.Sprintf("machine-%d", id), State: recovery.Active, LCM: lcm, Host: 1})
	}
	s := sourceOf(t, cloud)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	r, err := Find(context.Background(), s)
	if err != nil || r.Total != 5000 || len(r.Machines) != 100 {
		t.Fatalf("%d of %d: %v", len(r.Machines), r.Total, err)
	}
	runtime.ReadMemStats(&after)
	t.Logf("%s, %d MB allocated in all, fake included", time.Since(began).Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20)
	if n := len(cloud.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// When oned is gone in the middle, nothing that was not seen counts as done.
func TestApplyIsCutShort(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	for id := range 3 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 18, Host: 1})
	}
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Break("one.vmpool.infoextended", func(n int) fakeone.Fault {
		if n > 2 { // the list, and the look before the answers
			return fakeone.Fault{Code: 0x2000, Message: "no leader found"}
		}
		return fakeone.Fault{}
	})
	list, err := Apply(context.Background(), s, r, quick, func(Machine, recovery.Choice, error) {})
	if err == nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, o := range list {
		if o.Err == nil || !strings.Contains(o.Err.Error(), "oned took success, and nobody looked") {
			t.Errorf("%d: %v", o.ID, o.Err)
		}
	}
}

// Only some machines, and those that there are not.
func TestFindOnly(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 3})
	for id := range 3 {
		cloud.Add(fakeone.VM{ID: id, State: recovery.Active, LCM: 1, Host: 1})
	}
	s := sourceOf(t, cloud)
	s.Only = []int{1, 9}
	r, err := Find(context.Background(), s)
	if err != nil || r.Total != 3 || len(r.Machines) != 1 || r.Machines[0].ID != 1 || len(r.Missing) != 1 || r.Missing[0] != 9 || len(r.Objects) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// What has changed only now is left alone: oned may be between two steps of its own.
func TestFindLeavesTheNewAlone(t *testing.T) {
	cloud := fakeone.New()
	cloud.Add(fakeone.Host{ID: 1, Name: "host1", State: 2})
	cloud.Add(fakeone.VM{ID: 1, State: recovery.Active, LCM: 2, Host: 1, Begin: time.Now().Add(time.Hour).Unix()},
		fakeone.VM{ID: 2, State: recovery.Active, LCM: 2, Host: 1, Begin: time.Now().Add(-time.Hour).Unix()})
	s := sourceOf(t, cloud)
	s.Look = absent
	r, err := Find(context.Background(), s)
	if err != nil || len(r.Machines) != 2 || r.Machines[0].ID != 2 || r.Machines[0].Proposal.Verdict != recovery.Safe || r.Machines[1].Proposal.Verdict != recovery.Wait {
		t.Errorf("%+v %v", r.Machines, err)
	}
}
