package lease

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The tests here are about the kernel that the protocol leans on.

// network makes a namespace with one interface, on this thread only.
func network(t *testing.T) netlink.Link {
	t.Helper()
	runtime.LockOSThread() // and never unlocked: the thread ends with the test, and the namespace with it
	ns, err := netns.New()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("network namespaces need root: %v", err)
		}
		t.Skipf("network namespaces need root: %v", err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "n0"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "p0"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"n0", "p0"} {
		l, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetUp(l)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := netlink.LinkByName("n0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func set(l netlink.Link, address string, seconds int) error {
	p := netip.MustParsePrefix(address)
	return netlink.AddrReplace(l, &netlink.Addr{
		IPNet:    &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())},
		ValidLft: seconds, PreferedLft: seconds, Flags: unix.IFA_F_NODAD,
	})
}

func has(t *testing.T, l netlink.Link, address string) bool {
	t.Helper()
	p := netip.MustParsePrefix(address)
	all, err := netlink.AddrList(l, netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(a netlink.Addr) bool { return a.IP.Equal(p.Addr().AsSlice()) })
}

var addresses = []string{"10.77.0.100/24", "fd77::100/64"}

// The kernel removes an address by itself within Late, and as late as that: when
// another address changes just before the end, it looks again only a second later.
func TestKernelIsLateWithinBound(t *testing.T) {
	for _, test := range []struct {
		name    string
		disturb time.Duration // another address changes so long before the end; 0: none
		trials  int
	}{{"undisturbed", 0, 3}, {"another address changes", 50 * time.Millisecond, 2}} {
		for _, address := range addresses {
			t.Run(test.name+" "+address[:2], func(t *testing.T) {
				t.Parallel()
				l := network(t)
				var worst time.Duration
				for range test.trials {
					begin := time.Now()
					if err := set(l, address, 1); err != nil {
						t.Fatal(err)
					}
					end := begin.Add(time.Second)
					// Counted is when it was last seen: a busy machine may look too late, and that is
					// no lateness of the kernel's.
					seen := begin
					for disturbed := test.disturb == 0; ; time.Sleep(2 * time.Millisecond) {
						looked := time.Now()
						if !has(t, l, address) {
							break
						}
						seen = looked
						if !disturbed && time.Until(end) < test.disturb {
							disturbed = true
							for _, other := range []string{"10.78.0.1/24", "fd78::1/64"} {
								if err := set(l, other, 1000); err != nil {
									t.Fatal(err)
								}
							}
						}
						if time.Since(end) > 5*time.Second {
							t.Fatal("the kernel does not remove the address")
						}
					}
					worst = max(worst, seen.Sub(end))
				}
				t.Logf("removed at most %s late", worst.Round(time.Millisecond))
				if late := Default().Late; worst > late {
					t.Errorf("removed %s late, the bound is %s", worst, late)
				}
			})
		}
	}
}

// helper is this program as the guard: it arms a timer if told to, stops itself
// where a pause would be worst, between reading the clock and the system call, and
// sets the address.
const helper = "ONEHA_LEASE_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helper); mode != "" {
		help(mode)
		return
	}
	os.Exit(m.Run())
}

func help(mode string) {
	l, err := netlink.LinkByName("n0")
	if err != nil {
		panic(err)
	}
	switch mode {
	case "hold": // renews until it is stopped
		for {
			for _, address := range addresses {
				if err := set(l, address, 1); err != nil {
					panic(err)
				}
			}
			_, _ = os.Stdout.WriteString("set\n")
			time.Sleep(200 * time.Millisecond)
		}
	case "timer":
		killAfter(300 * time.Millisecond)
	}
	_, _ = os.Stdout.WriteString("ready\n")
	pause()
	_ = set(l, addresses[0], 100)
	os.Exit(0)
}

// pause stops this process before the caller's next instruction: a signal to the
// process might be taken by another thread, while this one runs on for a moment.
func pause() {
	runtime.LockOSThread()
	if err := unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGSTOP); err != nil {
		panic(err)
	}
}

// killAfter arms a timer of the kernel that kills this process.
func killAfter(d time.Duration) {
	event := struct { // struct sigevent
		value       uint64
		signo, kind int32
		_           [48]byte
	}{signo: int32(unix.SIGKILL)} // kind 0: SIGEV_SIGNAL
	var timer int32
	if _, _, e := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_BOOTTIME, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); e != 0 {
		panic(e)
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(d.Nanoseconds())}
	if _, _, e := unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); e != 0 {
		panic(e)
	}
}

// startHelper starts it in the namespace of this thread.
func startHelper(t *testing.T, mode, ready string) *os.Process {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{helper + "=" + mode}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == ready {
			return cmd.Process
		}
	}
	t.Fatalf("the helper did not get ready: %v", lines.Err())
	return nil
}

// A guard that hangs keeps no address.
func TestKernelRemovesAddressOfStoppedGuard(t *testing.T) {
	t.Parallel()
	l := network(t)
	guard := startHelper(t, "hold", "set")
	time.Sleep(1500 * time.Millisecond)
	for _, address := range addresses {
		if !has(t, l, address) {
			t.Fatalf("%s is not held while it is renewed", address)
		}
	}
	if err := guard.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	for has(t, l, addresses[0]) || has(t, l, addresses[1]) {
		if time.Since(stopped) > 5*time.Second {
			t.Fatal("the kernel does not remove the address")
		}
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(stopped)
	t.Logf("gone %s after SIGSTOP, with a lifetime of 1 s", took.Round(time.Millisecond))
	if bound := time.Second + Default().Late; took > bound {
		t.Errorf("gone after %s, the bound is %s", took, bound)
	}
}

// A guard that pauses between deciding and doing never does it: the timer kills it.
// Without the timer it does.
func TestPauseBeforeSystemCall(t *testing.T) {
	for _, test := range []struct {
		mode string
		held bool
	}{{"timer", false}, {"plain", true}} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			l := network(t)
			guard := startHelper(t, test.mode, "ready")
			time.Sleep(600 * time.Millisecond) // past the timer
			_ = guard.Signal(unix.SIGCONT)
			held := has(t, l, addresses[0])
			for n := 0; n < 30 || test.held && !held && n < 1000; n++ { // it may be slow, and must not come late
				time.Sleep(10 * time.Millisecond)
				held = has(t, l, addresses[0])
			}
			if held != test.held {
				t.Errorf("address set after the pause: %t, want %t", held, test.held)
			}
		})
	}
}
