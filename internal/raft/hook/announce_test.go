package hook

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakezone"
)

// The first packet is what clients wait for. On an idle machine it leaves some 10 ms
// after oned started the hook; here only that it leaves before vip.sh would have
// started a service.
func TestFirstAnnouncement(t *testing.T) {
	t.Parallel()
	z := bareZone(t, 2)
	o := newOned(t, z, 0)
	o.is(one.Leader, 2)
	for name, c := range map[string]struct {
		cidr string
		kind uint16
		mark []byte // in the frame
	}{
		"ARP": {"10.99.0.100/24", unix.ETH_P_ARP, []byte{10, 99, 0, 100}},
		"NA":  {"fd00:99::100/64", unix.ETH_P_IPV6, netip.MustParseAddr("fd00:99::100").AsSlice()},
	} {
		seen := sniff(t, z, 1, c.kind, c.mark)
		begin := time.Now()
		r := start(t, z, 0, Leader, fakezone.NIC, c.cidr)
		select {
		case at := <-seen:
			took := at.Sub(begin)
			t.Logf("%s: %s after the start of the process", name, took.Round(100*time.Microsecond))
			if took > 10*time.Second {
				t.Errorf("%s: took %s", name, took)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("%s: nothing was announced", name)
		}
		if said, code := r.end(); code != 0 {
			t.Errorf("%s: exit code %d:\n%s", name, code, said)
		}
	}
}

// The later announcements depend on this look.
func TestHeld(t *testing.T) {
	t.Parallel()
	z := bareZone(t, 1)
	o := newOned(t, z, 0)
	o.is(one.Leader, 2)
	hookOn(t, z, 0, words(Leader)...)
	a, err := Parse(words(Leader))
	if err != nil {
		t.Fatal(err)
	}
	check := func(want bool) {
		t.Helper()
		got := false
		if err := z.In(0, func() error { got = held(bounded(t), a.Addresses[0]); return nil }); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("held %t, want %t", got, want)
		}
	}
	check(true)
	o.is(one.Follower, 3)
	hookOn(t, z, 0, words(Follower)...)
	check(false)
}

// sniff tells when the first frame of a kind with a mark comes to a server.
func sniff(t *testing.T, z *fakezone.Zone, id int, kind uint16, mark []byte) chan time.Time {
	t.Helper()
	fd := -1
	network := kind<<8 | kind>>8
	err := z.In(id, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(network))
		if err == nil {
			err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000})
		}
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("listen to frames: %w", err))
	}
	seen, ended := make(chan time.Time, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		frame := make([]byte, 2048)
		for {
			if ctx.Err() != nil {
				return
			}
			n, _, err := unix.Recvfrom(fd, frame, 0) // an error is the time limit
			if err == nil && bytes.Contains(frame[:n], mark) {
				seen <- time.Now()
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended // its time limit is over, or it has seen it
		_ = unix.Close(fd)
	})
	return seen
}
