package incident

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

func TestWaiting(t *testing.T) {
	for _, test := range []struct {
		name    string
		state   int // that the host has; 2 and 8 only after it was asked twice
		machine int // LCM_STATE
		want    string
		touched bool
	}{
		{"back", 2, 16, "[I] Exiting. Host came back after waiting.\n", false},
		{"offline", 8, 16, "[I] Exiting. Host is OFFLINE: somebody took it out of service", false},
		{"disabled and alive", 4, 3, "[I] Exiting. Host is DISABLED, and nothing shows that it is dead", false},
		{"disabled and dead", 4, 16, "[I] Host is DISABLED, and still dead", true},
		{"dead", 3, 16, "[I] Fencing success\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: test.machine, Host: 1})
			host := fakeone.Host{ID: 1, Name: "kvm1", State: test.state}
			if test.state == 2 || test.state == 8 {
				w.work.Settings.Wait.Cycle = time.Minute // it ends long before
				w.Break("one.host.info", func(n int) fakeone.Fault {
					if n == 3 { // the cloud is locked here
						go w.Add(host)
					}
					return fakeone.Fault{}
				})
			} else {
				w.Add(host)
			}
			if err := w.run("1 -m -p 5"); err != nil {
				t.Fatal(err)
			}
			if log := w.logged(t); !strings.Contains(log, test.want) {
				t.Error(log)
			}
			if touched := len(w.done()) > 0 || w.power.cuts > 0; touched != test.touched {
				t.Errorf("touched: %t", touched)
			}
		})
	}
}

func TestIncidents(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	document := func(before int, more string) string {
		return encoded(fmt.Sprintf("<HOST><ID>1</ID><NAME>kvm1</NAME><STATE>3</STATE><PREV_STATE>%d</PREV_STATE><X>%s</X></HOST>", before, more))
	}
	run := func(words string, cuts int) {
		t.Helper()
		if err := w.run(words); err != nil {
			t.Fatalf("%v\n%s", err, w.logged(t))
		}
		if w.power.cuts != cuts {
			t.Fatalf("%d cuts, want %d\n%s", w.power.cuts, cuts, w.logged(t))
		}
	}
	run(document(2, "a")+" -m -p 0", 1)
	w.Add(fakeone.Host{ID: 1, Name: "kvm1", State: 3}) // an operator enabled it too early
	run(document(2, "a")+" -m -p 0", 1)                // the same event once more: onehook retry
	run(document(3, "b")+" -m -p 0", 1)                // ERROR and still ERROR
	run(document(0, "c")+" -m -p 0", 1)                // INIT and ERROR: it was never alive
	run("1 -m -p 0", 1)                                // by hand
	run(document(2, "d")+" -m -p 0", 2)                // it was MONITORED in between
	w.Add(fakeone.Host{ID: 1, Name: "kvm1", State: 3})
	run("1 -m -p 0 --anew", 3)
}

func TestMissed(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.Host{ID: 3, Name: "kvm3", State: 3}, fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	missed := func() (names []string) {
		list, err := FindMissed(t.Context(), w.work)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			names = append(names, m.Name)
		}
		return sorted(names)
	}
	if got := missed(); !slices.Equal(got, []string{"kvm1", "kvm3"}) {
		t.Error(got)
	}
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatal(err)
	}
	if got := missed(); !slices.Equal(got, []string{"kvm3"}) {
		t.Error(got)
	}
	w.Add(fakeone.Host{ID: 1, Name: "kvm1", State: 3}) // handled: it is not reported again
	w.power.err = errors.New("no answer")
	if err := w.run("3 -m -p 0"); err == nil {
		t.Error("fencing did not fail")
	}
	if got := missed(); !slices.Equal(got, []string{"kvm3"}) {
		t.Error(got)
	}
}

// A second event while one is handled ends without a word to oned.
func TestOneProcessPerHost(t *testing.T) {
	w := newWorld(t)
	r, err := openRecord(w.work.Dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := w.run("1 -m -p 0"); err != nil || len(w.Calls()) > 0 {
		t.Errorf("%v, %d calls", err, len(w.Calls()))
	}
	if log := w.logged(t); !strings.Contains(log, "[I] Exiting. another hook handles this host at this moment.") {
		t.Error(log)
	}
	if info, err := os.Stat(recordFile(w.work.Dir, 1) + ".lock"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestTenHostsAtOnce(t *testing.T) {
	w := newWorld(t)
	for h := 10; h < 20; h++ {
		w.Add(fakeone.Host{ID: h, Name: fmt.Sprintf("node%d", h), State: 3})
		for n := range 5 {
			w.Add(fakeone.VM{ID: h*10 + n, Name: "vm", State: 3, LCM: []int{16, 2, 19, 1, 17}[n], Host: h})
		}
	}
	var all sync.WaitGroup
	errs := make([]error, 10)
	for i := range 10 {
		all.Go(func() {
			own := *w
			log := *w.work.Log
			log.Host = i + 10
			own.work.Log = &log
			errs[i] = own.run(fmt.Sprintf("%d -m -p 0", i+10))
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	if w.power.cuts != 10 || strings.Count(w.logged(t), "5 machines: 5 done, 0 skipped, 0 failed") != 10 {
		t.Error(w.logged(t))
	}
	for h := 10; h < 20; h++ {
		for _, c := range w.Calls(changing...) {
			if c.Method == "one.host.status" && c.Args[0] == fmt.Sprint(h) && c.At.Before(w.power.off[h]) {
				t.Errorf("host %d was touched before its power was off", h)
			}
		}
	}
}
