package vip

import (
	"context"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// packetSockets counts the packet sockets of the namespace the thread is in.
func packetSockets(t *testing.T) int {
	t.Helper()
	table, err := os.ReadFile("/proc/thread-self/net/packet")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(table), "\n") - 1 // the first line names the columns
}

// descriptors counts the descriptors of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// openOnN0 opens a packet socket on n0 that receives.
func openOnN0(t *testing.T, h *Host) packetSocket {
	t.Helper()
	link, err := h.linkNamed("n0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := openPacketSocket(link, unix.ETH_P_ARP)
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

// The socket is closed, though not by the caller, and nothing is left behind.
func TestCloseLater(t *testing.T) {
	const times = 5
	l := viptest.New(t)
	on(t, l.Node, func(_ context.Context, h *Host) {
		before := descriptors(t)
		var plain, later time.Duration
		for range times {
			socket := openOnN0(t, h)
			start := time.Now()
			if err := unix.Close(socket.fd); err != nil {
				t.Fatal(err)
			}
			plain += time.Since(start)
		}
		for range times {
			socket := openOnN0(t, h)
			start := time.Now()
			if err := closeLater(socket.fd); err != nil {
				t.Fatal(err)
			}
			later += time.Since(start)
			settle(t, func() bool { return packetSockets(t) == 0 })
		}
		t.Logf("a plain close took %s, this one %s", plain/times, later/times)
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	})
}

// Without a free descriptor it is a plain close.
func TestCloseLaterFallsBack(t *testing.T) {
	l := viptest.New(t)
	on(t, l.Node, func(_ context.Context, h *Host) {
		socket := openOnN0(t, h)
		if n := packetSockets(t); n != 1 {
			t.Fatalf("%d packet sockets, want 1", n)
		}
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		low := limit
		low.Cur = 0
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		err := closeLater(socket.fd)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Error(err)
		}
		if n := packetSockets(t); n != 0 {
			t.Errorf("%d packet sockets are left", n)
		}
	})
}

// Neither announcing nor detecting leaves anything in the process or the kernel.
func TestNothingLeft(t *testing.T) {
	l := viptest.New(t)
	l.Peer.Add("p0", "10.77.0.100/24")
	on(t, l.Node, func(ctx context.Context, h *Host) {
		ip := netip.MustParseAddr("10.77.0.100")
		files, goroutines := descriptors(t), runtime.NumGoroutine()
		for range 5 {
			if _, err := h.Announce(ctx, "n0", ip, Burst{Count: 1}); err != nil {
				t.Fatal(err)
			}
			if err := h.Detect(ctx, "n0", ip); err == nil {
				t.Fatal("the peer was not detected")
			}
		}
		if n := descriptors(t); n != files {
			t.Errorf("%d descriptors before, %d after", files, n)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%d goroutines before, %d after", goroutines, n)
		}
		settle(t, func() bool { return packetSockets(t) == 0 })
	})
}
