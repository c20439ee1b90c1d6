package floating

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/internal/vip/viptest"
)

var both = []Address{
	{netip.MustParsePrefix("10.77.0.100/24"), "n0"},
	{netip.MustParsePrefix("fd77::100/64"), "n0"},
}

// on runs f with a Host in the namespace of the node.
func on(t *testing.T, l *viptest.Lab, f func(ctx context.Context, h *Host)) {
	t.Helper()
	l.Node.Do(func() {
		h, err := Open("", both)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		f(t.Context(), h)
	})
}

// lab has a node with an address in each of the networks.
func lab(t *testing.T) *viptest.Lab {
	t.Helper()
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	l.Node.Add("n0", "fd77::1/64")
	return l
}

func in(t *testing.T, d time.Duration) lease.Time {
	t.Helper()
	now, err := Now()
	if err != nil {
		t.Fatal(err)
	}
	return now + lease.Time(d)
}

func find(ctx context.Context, t *testing.T, h *Host) []Present {
	t.Helper()
	all, err := h.Find(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Set gives both families a lifetime that ends before the lease, and says which of
// them are new; the kernel removes them, and nothing else.
func TestSet(t *testing.T) {
	l := lab(t)
	before := l.Node.Addresses("n0")
	on(t, l, func(ctx context.Context, h *Host) {
		added, err := h.Set(ctx, in(t, 100500*time.Millisecond))
		if err != nil || !slices.Equal(added, both) {
			t.Fatalf("added %v, %v", added, err)
		}
		for _, p := range find(ctx, t, h) {
			if p.Forever || p.Seconds > 100 || p.Seconds < 60 {
				t.Errorf("%s: forever %t, %d s; want 100 s at most", p.Address, p.Forever, p.Seconds)
			}
		}
		if added, err = h.Set(ctx, in(t, 1900*time.Millisecond)); err != nil || len(added) != 0 {
			t.Fatalf("again: added %v, %v", added, err)
		}
		for deadline := time.Now().Add(30 * time.Second); len(find(ctx, t, h)) > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the kernel does not remove the addresses")
			}
		}
	})
	if after := l.Node.Addresses("n0"); !slices.Equal(before, after) {
		t.Errorf("addresses %q, before %q", after, before)
	}
}

// The route of an IPv6 prefix that the server has itself does not end with the lease,
// nor do IPv4 addresses that came after the floating one.
func TestNeighboursSurvive(t *testing.T) {
	l := viptest.New(t)
	l.Node.Set("ipv4/conf/n0/promote_secondaries", "0")
	l.Node.Add("n0", "fd77::1/64")
	on(t, l, func(ctx context.Context, h *Host) {
		if _, err := h.Set(ctx, in(t, 2500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		l.Node.Add("n0", "10.77.0.1/24") // comes second, so that it hangs on the floating one
		if _, err := h.Set(ctx, in(t, 2500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ip", "-6", "route", "show", "fd77::/64").CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("expires")) || !bytes.Contains(out, []byte("fd77::/64")) {
			t.Errorf("route of the prefix: %s, %v", out, err)
		}
		for deadline := time.Now().Add(30 * time.Second); len(find(ctx, t, h)) > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the kernel does not remove the addresses")
			}
		}
	})
	if got := l.Node.Addresses("n0"); !slices.Contains(got, "10.77.0.1/24 n0") {
		t.Errorf("the server lost its own address together with the floating one: %q", got)
	}
}

// What a predecessor left is taken over: an address for ever, one on another interface,
// one with another prefix length.
func TestSetTakesOver(t *testing.T) {
	l := lab(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.77.0.100/24")
	l.Node.Add("n0", "10.77.0.100/32")
	l.Node.Add("n1", "fd77::100/64")
	on(t, l, func(ctx context.Context, h *Host) {
		added, err := h.Set(ctx, in(t, 100*time.Second))
		if err != nil || len(added) != 1 || added[0] != both[1] {
			t.Fatalf("added %v, %v; want the IPv6 address only", added, err)
		}
		found := find(ctx, t, h)
		if len(found) != 2 || found[0].Address != both[0] || found[1].Address != both[1] || found[0].Forever || found[1].Forever {
			t.Errorf("found %+v", found)
		}
	})
}

func TestSetTooLate(t *testing.T) {
	l := lab(t)
	on(t, l, func(ctx context.Context, h *Host) {
		if _, err := h.Set(ctx, in(t, 900*time.Millisecond)); !errors.Is(err, ErrLate) {
			t.Errorf("error %v, want ErrLate", err)
		}
		if found := find(ctx, t, h); len(found) > 0 {
			t.Errorf("found %v", found)
		}
	})
}

func TestForeverAndDrop(t *testing.T) {
	l := lab(t)
	on(t, l, func(ctx context.Context, h *Host) {
		for n, want := range []int{2, 0} {
			added, err := h.Forever(ctx)
			if err != nil || len(added) != want {
				t.Fatalf("time %d: added %v, %v", n, added, err)
			}
		}
		for _, p := range find(ctx, t, h) {
			if !p.Forever {
				t.Errorf("%s ends in %d s", p.Address, p.Seconds)
			}
		}
		for range 2 {
			if gone, err := h.Drop(ctx); err != nil || !gone {
				t.Fatalf("gone %t, %v", gone, err)
			}
		}
		if found := find(ctx, t, h); len(found) > 0 {
			t.Errorf("found %v", found)
		}
		if _, err := h.Set(ctx, in(t, 100*time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Forever(ctx); err != nil {
			t.Fatal(err)
		}
		for _, p := range find(ctx, t, h) {
			if !p.Forever {
				t.Errorf("%s still ends in %d s", p.Address, p.Seconds)
			}
		}
	})
}

// The first announcement of both families is on the wire when Announce returns; more
// follow. An interface that is gone is an error.
func TestAnnounce(t *testing.T) {
	l := lab(t)
	capture := l.Peer.Capture("p0")
	on(t, l, func(ctx context.Context, h *Host) {
		if _, err := h.Set(ctx, in(t, 100*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := h.Announce(ctx, both); err != nil {
			t.Fatal(err)
		}
		first := capture.Next(3, 10*time.Second, func(b []byte) bool { return viptest.IsARP(b) || viptest.IsNA(b) })
		if len(first) != 3 {
			t.Errorf("%d frames of the first announcement, want 2 of ARP and an advertisement", len(first))
		}
		if err := h.Announce(ctx, []Address{{both[0].Prefix, "nowhere"}}); err == nil {
			t.Error("announced on an interface that is not there")
		}
		h.Wait()
	})
}

// helper is this program as a guard that pauses at the worst moment.
const helper = "ONEHA_FLOATING_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		pauseInside()
		return
	}
	os.Exit(m.Run())
}

// pauseInside arms the timer as lend does, and stops itself before the system call.
func pauseInside() {
	timer, err := newTimer()
	if err != nil {
		panic(err)
	}
	now, err := Now()
	if err != nil {
		panic(err)
	}
	if err := timer.arm(now + lease.Time(300*time.Millisecond)); err != nil {
		panic(err)
	}
	runtime.LockOSThread() // a signal to the process might be taken by another thread
	if err := unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("went on\n")
}

// A process that is stopped while the timer is armed is killed, and never goes on.
func TestTimerKillsStoppedProcess(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{helper + "=1"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watch := time.AfterFunc(60*time.Second, func() { _ = cmd.Process.Kill(); t.Error("the timer killed nobody") })
	defer watch.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.String() != "signal: killed" || out.Len() > 0 {
		t.Errorf("ended with %v, output %q; want killed, without output", err, out.String())
	}
}

// A timer that was disarmed does nothing, and can be armed again.
func TestTimerDisarmed(t *testing.T) {
	timer, err := newTimer()
	if err != nil {
		t.Fatal(err)
	}
	defer timer.close()
	for range 3 {
		if err := timer.arm(in(t, time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := timer.disarm(); err != nil {
			t.Fatal(err)
		}
	}
}
