package incident

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// What an answer makes RUNNING on a host that is in ERROR already becomes UNKNOWN only when
// the host is disabled, in releases in which oned says it once. It is disabled once, and
// offline in the end unless nobody was to see its power off.
func TestDisabledForUnknown(t *testing.T) {
	for _, c := range []struct {
		name, release, words string
		keep                 bool // the settings do not set it offline
		disabled, fails      bool
	}{
		{"6.10", "6.10", "1 -m -p 0", false, true, false},
		{"5.12", "5.12", "1 -m -p 0", false, true, false},
		{"5.10 says it again and again", "5.10", "1 -m -p 0", false, false, false},
		{"its power was not seen off", "6.10", "1 -m -u -p 0", false, true, false},
		{"it is to stay as it is", "6.10", "1 -m -p 0", true, false, true},
	} {
		w := newWorld(t)
		w.Release = c.release
		w.work.Settings.Unknown, w.work.Settings.Offline = time.Minute, !c.keep
		if c.fails {
			w.work.Settings.Unknown = 50 * time.Millisecond
		}
		for id, lcm := range []int{2, 36, 17} {
			w.Add(fakeone.VM{ID: id, Name: "vm", State: 3, LCM: lcm, Host: 1})
		}
		if err := w.run(c.words); (err != nil) != c.fails {
			t.Errorf("%s: %v\n%s", c.name, err, w.logged(t))
		}
		n := 0
		for _, call := range w.done() {
			if call == "host.status 1 1" {
				n++
			}
		}
		if want := map[bool]int{true: 1}[c.disabled]; n != want {
			t.Errorf("%s: disabled %d times, want %d: %q", c.name, n, want, w.done())
		}
		want := "UNKNOWN resched"
		if c.fails {
			want = "RUNNING"
			if !strings.Contains(w.logged(t), "onehost disable 1") {
				t.Errorf("%s: the log does not say what to do:\n%s", c.name, w.logged(t))
			}
		}
		for id, got := range w.states(3) {
			if !strings.HasSuffix(got, want) {
				t.Errorf("%s: machine %d: %s, want %s", c.name, id, got, want)
			}
		}
		if h, _ := w.Host(1); c.disabled && h.State != map[bool]int{false: 8, true: 4}[strings.Contains(c.words, "-u")] {
			t.Errorf("%s: the host is in state %d in the end", c.name, h.State)
		}
	}
}

// A machine that is UNKNOWN already needs no host that is disabled.
func TestNotDisabledWithoutNeed(t *testing.T) {
	w := newWorld(t)
	w.Add(fakeone.VM{ID: 0, Name: "vm", State: 3, LCM: 16, Host: 1})
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(w.done(), "host.status 1 1") {
		t.Errorf("%q", w.done())
	}
}
