package vip

import (
	"strconv"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// The kernel deprecates the address in time, it stays, and asking again begins
// anew; without a lifetime it is for ever, whatever it was before.
func TestLifetime(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	l.Node.Add("n0", "2001:db8:77::1/64")
	for text, bits := range map[string]int{"10.77.0.100": 24, "2001:db8:77::100": 64} {
		a := address(text)
		a.NoDAD = true
		flags := func() kernelAddr { return find(t, l, text)[0].kernel }
		want := func(lifetime string, deprecated, lasting, change bool) {
			t.Helper()
			var err error
			if a.Preferred, err = ParseLifetime(lifetime); err != nil {
				t.Fatal(err)
			}
			changed, err := ensure(t, l, a)
			if err != nil || changed != change {
				t.Errorf("%s %s: changed %v, %v, want %v", text, lifetime, changed, err, change)
			}
			got := flags()
			if got.Flags&unix.IFA_F_DEPRECATED != 0 != deprecated || (got.Preferred == forever && got.Flags&unix.IFA_F_DEPRECATED == 0) != lasting {
				t.Errorf("%s %s: %+v, want deprecated %v, for ever %v", text, lifetime, got, deprecated, lasting)
			}
			if got.Valid < 1<<31 {
				t.Errorf("%s %s: it will vanish after %d s", text, lifetime, got.Valid)
			}
		}
		want("forever", false, true, true)
		want("forever", false, true, false)
		want("0", true, false, true)
		want("forever", false, true, true)
		want("1", false, false, true)
		settle(t, func() bool { return flags().Flags&unix.IFA_F_DEPRECATED != 0 })
		if held := find(t, l, text); !held[0].Usable() {
			t.Errorf("deprecated, and so %s", held[0].Why())
		}
		want("1000", false, false, true)
		want("4294967295", false, true, true)
		if _, err := remove(t, l, text); err != nil {
			t.Fatal(err)
		}

		// One that would vanish is made to stay.
		l.Node.Add("n0", text+"/"+strconv.Itoa(bits), func(a *netlink.Addr) { a.ValidLft, a.PreferedLft = 100, 100 })
		want("forever", false, true, true)
	}
}

func FuzzParseLifetime(f *testing.F) {
	for _, seed := range []string{"forever", "0", "1", "4294967295", "4294967296", "-1", "1s", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLifetime(text)
		if err != nil {
			return
		}
		valid, preferred := l.of(address("10.0.0.1").IP)
		if n, err := strconv.ParseUint(text, 10, 32); text != "forever" && (err != nil || uint32(n) != preferred) || valid < preferred {
			t.Errorf("%q is %d of %d seconds", text, preferred, valid)
		}
	})
}
