package incident

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeone"
)

// A host that came back between the death of a hook and the next one is well, however far
// that hook had come before the power was cut.
func TestBackAfterTheHookDied(t *testing.T) {
	for _, point := range []string{"after begin", "after waited", "before fencing", "after fencing"} {
		w := newWorld(t)
		w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
		w.dieAt(t, point)
		w.Add(fakeone.Host{ID: 1, Name: "kvm1", State: 2, Before: 3})
		if err := w.run("1 -m -p 0"); err != nil || w.power.cuts > 0 || len(w.done()) > 0 {
			t.Errorf("died %s: %v, %d cuts, %q", point, err, w.power.cuts, w.done())
		}
		if log := w.logged(t); !strings.Contains(log, "Host came back after waiting.") {
			t.Errorf("died %s: %s", point, log)
		}
	}
}

// A front-end that is cut off sees all hosts die, and its BMCs obey: none is fenced.
func TestCutOff(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.Host{ID: 2, Name: "kvm2", State: 3}, fakeone.Host{ID: 4, Name: "spare", State: 4}, fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	for _, words := range []string{"1 -m -p 0", "1 -m -p 0 -u", "1 -m -p 0"} {
		if err := w.run(words); err == nil || w.power.cuts > 0 || len(w.done()) > 0 {
			t.Errorf("%s: %v, %d cuts, %q", words, err, w.power.cuts, w.done())
		}
	}
	if log := w.logged(t); strings.Count(log, "[E] no host is MONITORED any more, and 1 more in ERROR") != 3 {
		t.Error(log)
	}
	w.Add(fakeone.Host{ID: 2, Name: "kvm2", State: 2})
	if err := w.run("1 -m -p 0"); err != nil || w.power.cuts != 1 {
		t.Errorf("%v, %d cuts", err, w.power.cuts)
	}
}

// A front-end that is a hypervisor as well does not switch itself off.
func TestThisFrontEnd(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	w.work.Self = func(host string) bool { return host == "kvm1" }
	if err := w.run("1 -m -p 0"); err == nil || w.power.cuts > 0 || len(w.done()) > 0 {
		t.Errorf("%v, %d cuts, %q", err, w.power.cuts, w.done())
	}
	if log := w.logged(t); !strings.Contains(log, "[E] host kvm1 is this front-end, and what runs this hook is not dead") {
		t.Error(log)
	}
}

// Without a record nothing is done: the next hook could not know of it.
func TestRecordCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	w.work.Point = func(name string) {
		if name == "after begin" {
			if err := os.Remove(recordFile(w.work.Dir, 1)); err != nil {
				t.Error(err)
			}
		}
	}
	if err := w.run("1 -m -p 0"); err == nil || w.power.cuts > 0 || len(w.done()) > 0 {
		t.Errorf("%v, %d cuts, %q", err, w.power.cuts, w.done())
	}
	w.work.Point = nil
	if err := w.run("1 -m -p 0"); err != nil || w.power.cuts != 1 {
		t.Errorf("%v, %d cuts", err, w.power.cuts)
	}
}

// A step that a full disk took only half of is no step, and an error.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	r, err := openRecord(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.begin(step{Name: "kvm1"}); err != nil {
		t.Fatal(err)
	}
	if r.out, err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	if err := r.add(step{Step: stepFenced}); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if _, fenced := r.last(stepFenced); fenced {
		t.Error("it counts as written")
	}
	r.Close()
}

func TestIsNew(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ended := []step{{Step: stepBegin, Name: "kvm1", Event: "e", At: at}, {Step: stepFenced, At: at}, {Step: stepEnd, At: at.Add(time.Minute)}}
	early := append(slices.Clone(ended[:1]), step{Step: stepEnd, What: stoppedEarly, At: at})
	now := at.Add(time.Hour)
	for _, test := range []struct {
		name  string
		steps []step
		event Event
		host  string
		alive time.Time
		want  bool
	}{
		{"no record", nil, Event{}, "kvm1", time.Time{}, true},
		{"ended", ended, Event{}, "kvm1", time.Time{}, false},
		{"stopped early", early, Event{}, "kvm1", time.Time{}, true},
		{"asked for", ended, Event{Options: Options{Anew: true}}, "kvm1", time.Time{}, true},
		{"another host of that ID", ended, Event{}, "kvm9", time.Time{}, true},
		{"alive before", ended, Event{}, "kvm1", at.Add(-time.Hour), false},
		{"alive at that moment", ended, Event{}, "kvm1", at.Add(margin), false},
		{"alive since", ended, Event{}, "kvm1", at.Add(margin + time.Second), true},
		{"alive in a time to come", ended, Event{}, "kvm1", now.Add(24 * time.Hour), false},
		{"fenced in a time to come", ended, Event{}, "kvm1", at.Add(-time.Hour), false},
		{"MONITORED in between", ended, Event{Text: "f", Before: one.HostMonitored}, "kvm1", time.Time{}, true},
		{"the same event", ended, Event{Text: "e", Before: one.HostMonitored}, "kvm1", time.Time{}, false},
		{"ERROR once more", ended, Event{Text: "f", Before: one.HostError}, "kvm1", time.Time{}, false},
	} {
		h := one.HostDetail{Host: one.Host{ID: 1, Name: test.host}}
		if !test.alive.IsZero() {
			h.Monitored = test.alive.Unix()
		}
		if got := isNew(test.steps, test.event, h, now); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// What is handled at this moment was not missed; what cannot be read is said of its host.
func TestMissedBesideTheHook(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.Host{ID: 3, Name: "kvm3", State: 3})
	r, err := openRecord(w.work.Dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(recordFile(w.work.Dir, 3), 0o700); err != nil { // no file: it cannot be read
		t.Fatal(err)
	}
	list, err := FindMissed(t.Context(), w.work)
	if err != nil || len(list) != 1 || list[0].Name != "kvm3" || !strings.HasPrefix(list[0].Why, "read the record: ") {
		t.Errorf("%+v %v", list, err)
	}
	r.Close()
	if list, err := FindMissed(t.Context(), w.work); err != nil || len(list) != 2 {
		t.Errorf("%+v %v", list, err)
	}
}

// A machine that somebody else changed between the look and the call is refused, and
// looked at again: it failed only where it is still what it was.
func TestRefusedBecauseOfSomebodyElse(t *testing.T) {
	w := newWorld(t)
	for id := range 3 {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 16, Host: 1})
	}
	changed := make(chan struct{})
	calls := 0
	w.Break("one.vm.recover", func(n int) fakeone.Fault { // the cloud is locked here
		if n == 3 {
			go func() {
				w.Add(fakeone.VM{ID: 1, Name: "vm", State: 3, LCM: 3, Host: 2}) // migrated by hand
				w.Add(fakeone.VM{ID: 2, Name: "vm", State: 6, Host: 1})         // terminated
				close(changed)
			}()
		}
		if n == 2 || n == 3 {
			return fakeone.Fault{Code: 0x800, Message: "wrong state"}
		}
		return fakeone.Fault{}
	})
	w.work.Point = func(name string) {
		if name == "after call" {
			if calls++; calls == 3 {
				<-changed
			}
		}
	}
	if err := w.run("1 -r -p 0"); err != nil {
		t.Errorf("%v\n%s", err, w.logged(t))
	}
	// The first one's host is dead, so its clean-up is ended for it.
	if got, want := w.done(), []string{"vm.recover 0 4", "vm.recover 1 4", "vm.recover 2 4", "vm.recover 0 1", "host.status 1 2"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if log := w.logged(t); !strings.Contains(log, "VM 1: it is on kvm2") || !strings.Contains(log, "VM 2: it is DONE") {
		t.Error(log)
	}
}

// While thousands are told, a look becomes old: who was brought elsewhere since is not
// deployed anew there.
func TestOldLooks(t *testing.T) {
	w := newWorld(t)
	for id := range 6 {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 16, Host: 1})
	}
	w.work.Fresh = time.Nanosecond
	moved := make(chan struct{})
	w.Break("one.vm.recover", func(n int) fakeone.Fault {
		if n == 1 { // the cloud is locked here
			go func() {
				w.Add(fakeone.VM{ID: 5, Name: "vm", State: 3, LCM: 3, Host: 2})
				close(moved)
			}()
		}
		return fakeone.Fault{}
	})
	w.work.Point = func(name string) {
		if name == "after call" {
			<-moved
		}
	}
	if err := w.run("1 -r -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	if slices.Contains(w.done(), "vm.recover 5 4") || !strings.Contains(w.logged(t), "[I] VM 5: it is on kvm2\n") {
		t.Errorf("%q\n%s", w.done(), w.logged(t))
	}
}

// The calls are those that change a machine, one for each change, and a number that does
// not grow with the machines.
func TestNumberOfCalls(t *testing.T) {
	for _, machines := range []int{20, 300} {
		w := newWorld(t)
		w.work.Fresh = time.Hour
		w.fill(machines)
		w.Monitor(1)
		for id := machines; id < 2*machines; id++ {
			w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 3, Host: 2})
		}
		if err := w.run("1 -m -p 0"); err != nil {
			t.Fatalf("%v\n%s", err, w.logged(t))
		}
		told := strings.Count(w.logged(t), " recover --") + strings.Count(w.logged(t), "[I] resched ") + strings.Count(w.logged(t), "[I] recreate ")
		changes, all := len(w.Calls(changing...)), len(w.Calls())
		t.Logf("%d machines of the host: %d changes, %d other calls", machines, changes, all-changes)
		if changes != told+2 { // and the host: disabled, then offline
			t.Errorf("%d machines: %d changes, %d were said", machines, changes, told)
		}
		if all-changes > 60 {
			t.Errorf("%d machines: %d calls that change nothing", machines, all-changes)
		}
	}
}

// A call that is refused for a while is made again ever more rarely.
func TestPace(t *testing.T) {
	p := Work{Every: 2 * time.Second}.pace()
	total, pauses := time.Duration(0), 0
	for ; total < 10*time.Minute && pauses < 1000; pauses++ {
		d := p.step()
		if pauses == 0 && d != 2*time.Second || d > 30*time.Second {
			t.Errorf("pause %d is %s", pauses, d)
		}
		total += d
	}
	if pauses != 25 { // as docs/decisions/0025-host-errors.md says
		t.Errorf("%d pauses in %s", pauses, total)
	}
}

// A machine that is in another state at every look, and refused in each, is given up.
func TestNeverTheSame(t *testing.T) {
	w := newWorld(t)
	vm := fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1}
	w.Add(vm)
	w.Break("one.vm.recover", func(int) fakeone.Fault { return fakeone.Fault{Code: 0x800, Message: "wrong state"} })
	w.work.Point = func(name string) {
		if name == "after call" {
			vm.LCM = 16 + 3 - vm.LCM // UNKNOWN and RUNNING
			w.Add(vm)
		}
	}
	if err := w.run("1 -r -p 0"); !errors.Is(err, ErrFailed) || len(w.Calls("one.vm.recover")) != maxTold {
		t.Errorf("%v, %d calls\n%s", err, len(w.Calls("one.vm.recover")), w.logged(t))
	}
	if log := w.logged(t); !strings.Contains(log, "[E] VM 0: oned was told 20 times what to do with it, and it is ") {
		t.Error(log)
	}
}

// The record of another user is named with what makes it oneadmin's again.
func TestRecordOfRoot(t *testing.T) {
	err := denied(fmt.Errorf("lock the record: %w", os.ErrPermission), "/records")
	if !errors.Is(err, os.ErrPermission) || !strings.HasSuffix(err.Error(), "as root, chown -R oneadmin:oneadmin /records") {
		t.Error(err)
	}
}
