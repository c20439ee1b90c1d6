package incident

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/fakeone"
)

// Fifty machines in mixed states, on shared, local and silent storage: each ends done,
// skipped with a reason, or failed; the power is off before the first change; and the
// calls are the changes and a few.
func TestFiftyMachines(t *testing.T) {
	w := newWorld(t)
	w.fill(50)
	for id, datastore := range map[int]int{21: 1, 22: 2} {
		vm, _ := w.VM(id)
		vm.Datastore = datastore
		w.Add(vm)
	}
	w.Monitor(1) // as it did when the host went to ERROR
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	w.Settle()
	log := w.logged(t)
	if !strings.Contains(log, "50 machines: ") || !strings.Contains(log, ", 0 failed") {
		t.Error(log)
	}
	for id := range 50 {
		n := fmt.Sprint(id)
		if !regexp.MustCompile(`(VM|resched|recreate) ` + n + `\b`).MatchString(log) {
			t.Errorf("nothing is said of machine %d", id)
		}
	}
	calls := w.Calls(changing...)
	if len(calls) == 0 || !w.power.off[1].Before(calls[0].At) || w.power.cuts != 1 {
		t.Errorf("the power was off at %v, the first change at %v; it was cut %d times", w.power.off[1], calls[0].At, w.power.cuts)
	}
	if h, _ := w.Host(1); h.State != 8 {
		t.Errorf("the host is in state %d", h.State)
	}
	if last := w.done()[len(calls)-1]; last != "host.status 1 2" {
		t.Errorf("the last change is %s", last)
	}
	// Which of the 21 kinds of machine come to where: 0, 1 and 20 are UNKNOWN, ...
	for id, want := range map[int]string{
		0: "0 UNKNOWN resched", 2: "2 UNKNOWN resched", 3: "3 UNKNOWN resched", 4: "4 UNKNOWN resched", 5: "5 PENDING", 6: "6 UNKNOWN resched",
		7: "7 POWEROFF", 8: "8 POWEROFF", 9: "9 SUSPENDED", 10: "10 POWEROFF resched", 11: "11 PENDING", 12: "12 DONE", 13: "13 PROLOG_MIGRATE",
		14: "14 SHUTDOWN", 15: "15 UNKNOWN resched", 16: "16 UNKNOWN resched", 17: "17 UNKNOWN resched", 18: "18 PENDING", 19: "19 HOTPLUG_SAVEAS_POWEROFF",
		20: "20 UNKNOWN resched", 21: "21 UNKNOWN", 22: "22 UNKNOWN",
	} {
		if got := w.states(50)[id]; got != want {
			t.Errorf("machine %s, want %s", got, want)
		}
	}
	if !strings.Contains(log, "[I] Skipping VM 21 deployed on non-shared datastore\n") || !strings.Contains(log, "[E] Could not get Datastore ID or SHARED attribute\n") {
		t.Error(log)
	}
	for method, most := range map[string]int{"one.vm.info": 0, "one.host.info": 1, "one.datastorepool.info": 1, "one.system.version": 1} {
		if n := len(w.Calls(method)); n > most {
			t.Errorf("%s was called %d times", method, n)
		}
	}
}

// The first changes are of those with the highest priority.
func TestPriority(t *testing.T) {
	w := newWorld(t)
	for id, priority := range []string{"", "7", "-3", "banana", "40"} {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 16, Host: 1, User: map[string]string{"ONEHA_PRIORITY": priority}})
	}
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatal(err)
	}
	want := []string{"vm.action resched 4", "vm.action resched 1", "vm.action resched 0", "vm.action resched 3", "vm.action resched 2", "host.status 1 2"}
	if got := w.done(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if log := w.logged(t); !strings.Contains(log, `[E] VM 3: ONEHA_PRIORITY = "banana" is no whole number`) {
		t.Error(log)
	}
}

func TestFencingFails(t *testing.T) {
	w := newWorld(t)
	w.fill(21)
	w.Monitor(1)
	w.power.err = errors.New("the BMC at 10.0.0.1 does not answer")
	for range 2 { // a second event is no way around it
		if err := w.run("1 -m -p 0"); err == nil {
			t.Error("it says that all is done")
		}
	}
	if calls := w.done(); len(calls) > 0 {
		t.Errorf("touched: %q", calls)
	}
	log := w.logged(t)
	for _, want := range []string{"[E] the BMC at 10.0.0.1 does not answer\n", "[E] Fencing error\n", "[E] Exiting due to previous error.\n"} {
		if strings.Count(log, want) != 2 {
			t.Errorf("want %q twice:\n%s", want, log)
		}
	}
	w.power.err = nil
	if err := w.run("1 -m -p 0"); err != nil || len(w.done()) == 0 {
		t.Errorf("%v: %q", err, w.done())
	}
}

// What a monitoring of the original's log looks for, and its lines in their order.
func TestLinesOfTheOriginal(t *testing.T) {
	w := newWorld(t)
	for id := range 2 {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 16, Host: 1})
	}
	if err := w.run("1 -m -p 3"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(w.logged(t)), "\n")
	form := regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\]\[HOST 1\]\[[IE]\] (.*)$`)
	var texts []string
	for _, l := range lines {
		m := form.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("not of the form: %s", l)
		}
		texts = append(texts, m[1])
	}
	at := -1
	for _, want := range []string{"Hook launched", "hostname: kvm1", "Wait 3 cycles.", "Sleeping 0 seconds.", "Fencing enabled", "Success: Powered OFF", "Fencing success",
		"states: 3, 5, 8", `vms: ["0", "1"]`, "resched 0", "resched 1", "Hook finished"} {
		i := slices.Index(texts, want)
		if i <= at {
			t.Errorf("%q is line %d, behind line %d", want, i, at)
		}
		at = i
	}
	// Without machines, without fencing.
	if err := w.run("2 -r -p 0 -u --anew"); err != nil {
		t.Fatal(err)
	}
}

func TestNoFencing(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	if err := w.run("1 -r -p 0 -u"); err != nil {
		t.Fatal(err)
	}
	if w.power.cuts != 0 || !slices.Equal(w.done(), []string{"vm.recover 0 4"}) {
		t.Errorf("%d cuts, %q", w.power.cuts, w.done())
	}
	if log := w.logged(t); !strings.Contains(log, "[I] WARNING: Fencing disabled\n") || !strings.Contains(log, "[E] WARNING: nobody saw the power of host kvm1 off") ||
		!strings.Contains(log, "[I] states: 3\n") || !strings.Contains(log, "[I] recreate 0\n") {
		t.Error(log)
	}
}

func TestRefusalIsReported(t *testing.T) {
	w := newWorld(t)
	for id := range 3 {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: 16, Host: 1})
	}
	w.Break("one.vm.action", func(n int) fakeone.Fault {
		if n == 2 {
			return fakeone.Fault{Code: 0x800, Message: "not today"}
		}
		return fakeone.Fault{}
	})
	if err := w.run("1 -m -p 0"); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	if log := w.logged(t); !strings.Contains(log, "[E] VM 1: resched virtual machine 1: oned refuses (code 2048, ACTION): [one.vm.action] not today\n") || !strings.Contains(log, "3 machines: 2 done, 0 skipped, 1 failed") {
		t.Error(log)
	}
	// Once more: only that one.
	before := len(w.Calls("one.vm.action"))
	if err := w.run("1 -m -p 0"); err != nil {
		t.Errorf("%v\n%s", err, w.logged(t))
	}
	if again := w.Calls("one.vm.action")[before:]; len(again) != 1 || again[0].Args[1] != "1" {
		t.Errorf("%+v", again)
	}
	if w.power.cuts != 1 {
		t.Errorf("fenced %d times", w.power.cuts)
	}
}

// A zone that loses its leader refuses everything for some seconds; an answer that is
// lost is not given twice when its effect shows.
func TestLeaderlessAndLostAnswers(t *testing.T) {
	w := newWorld(t)
	w.fill(21)
	w.Monitor(1)
	for _, method := range []string{"one.host.info", "one.vmpool.infoextended", "one.datastorepool.info", "one.host.status"} {
		w.Break(method, func(n int) fakeone.Fault {
			if n <= 2 {
				return fakeone.Fault{Code: 0x2000, Message: "oned cluster in election mode"}
			}
			return fakeone.Fault{}
		})
	}
	for _, method := range []string{"one.vm.action", "one.vm.recover"} {
		w.Break(method, func(n int) fakeone.Fault { return fakeone.Fault{Drop: n%2 == 1} })
	}
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	disabled := 0
	got := sorted(slices.DeleteFunc(w.done(), func(c string) bool { // what the host was given was refused twice
		if c == "host.status 1 1" {
			disabled++
		}
		return c == "host.status 1 2" || c == "host.status 1 1" && disabled > 1
	}))
	if want := undisturbed(t, 21); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// undisturbed are the changes of machines in a run in which nothing fails, sorted.
func undisturbed(t *testing.T, machines int) []string {
	t.Helper()
	w := newWorld(t)
	w.fill(machines)
	w.Monitor(1)
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	return sorted(slices.DeleteFunc(w.done(), func(c string) bool { return c == "host.status 1 2" }))
}
