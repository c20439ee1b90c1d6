package agents

import (
	"testing"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/internal/vip/viptest"
	"github.com/oneha/oneha/ocf"
)

// The burst: one announcement in start, the rest in the first recurring monitor,
// all of it in start without arp_bg, and one again when the address was there.
func TestVIPAnnouncements(t *testing.T) {
	for _, test := range []struct {
		ip   string
		seen func([]byte) bool
		per  int // frames of one announcement
	}{
		{"10.77.0.100", viptest.IsARP, 2},
		{"2001:db8:77::100", viptest.IsNA, 1},
	} {
		t.Run(test.ip, func(t *testing.T) {
			l := vipLab(t)
			v := vars{"ip": test.ip, "nic": "n0", "nodad": "1", "arp_count": "4", "arp_interval": "400"}
			capture := l.Peer.Capture("p0")
			count := func() int { return len(capture.Next(100, 100*time.Millisecond, test.seen)) }

			begin := time.Now()
			expect(t, l.Node, "start", v, 0)
			if took := time.Since(begin); took > 1100*time.Millisecond {
				t.Errorf("start took %s, as long as if it waited", took)
			}
			if got := count(); got != test.per {
				t.Errorf("start sent %d frames, want %d", got, test.per)
			}
			expect(t, l.Node, "monitor", v, 0)
			if got := count(); got != 0 {
				t.Errorf("a probe sent %d frames", got)
			}
			begin = time.Now()
			expect(t, l.Node, "monitor", v.with(recurring), 0)
			if took := time.Since(begin); took < 800*time.Millisecond {
				t.Errorf("three announcements took %s, want two intervals of 400 ms", took)
			}
			if got := count(); got != 3*test.per {
				t.Errorf("the first recurring monitor sent %d frames, want %d", got, 3*test.per)
			}
			expect(t, l.Node, "start", v, 0)
			if got := count(); got != test.per {
				t.Errorf("start with the address there sent %d frames, want %d", got, test.per)
			}
			expect(t, l.Node, "stop", v, 0)
			expect(t, l.Node, "start", v.with(vars{"arp_bg": "no"}), 0)
			if got := count(); got != 4*test.per {
				t.Errorf("start with arp_bg=no sent %d frames, want %d", got, 4*test.per)
			}
			expect(t, l.Node, "monitor", v.with(recurring, vars{"arp_bg": "no"}), 0)
			if got := count(); got != 0 {
				t.Errorf("a monitor with arp_bg=no sent %d frames", got)
			}
			// An address that is no longer new is left in peace.
			if test.per == 2 {
				time.Sleep(freshAddress)
				expect(t, l.Node, "monitor", v.with(vars{"OCF_RESKEY_CRM_meta_interval": "1000"}), 0)
				if got := count(); got != 0 {
					t.Errorf("a later monitor sent %d frames", got)
				}
			}
		})
	}
}

// A burst longer than the monitor's timeout is cut, and the monitor succeeds.
func TestVIPBurstFitsTimeout(t *testing.T) {
	l := vipLab(t)
	v := vars{"ip": "10.77.0.100", "arp_count": "100", "arp_interval": "50", "OCF_RESKEY_CRM_meta_timeout": "4000"}
	expect(t, l.Node, "start", v, 0)
	begin := time.Now()
	expect(t, l.Node, "monitor", v.with(recurring), 0)
	if took := time.Since(begin); took < 1600*time.Millisecond || took > 3900*time.Millisecond {
		t.Errorf("the monitor took %s, want about two seconds", took)
	}
}

// The refresh: each recurring monitor that finds the address well, no other.
func TestVIPRefresh(t *testing.T) {
	for _, test := range []struct {
		ip   string
		seen func([]byte) bool
		per  int
	}{
		{"10.77.0.100", viptest.IsARP, 2},
		{"2001:db8:77::100", viptest.IsNA, 1},
	} {
		l := vipLab(t)
		v := vars{"ip": test.ip, "nic": "n0", "nodad": "1", "arp_count": "1", "arp_interval": "10", "arp_count_refresh": "2"}
		capture := l.Peer.Capture("p0")
		count := func() int { return len(capture.Next(100, 100*time.Millisecond, test.seen)) }
		expect(t, l.Node, "start", v, 0)
		if got := count(); got != test.per {
			t.Errorf("start sent %d frames, want %d", got, test.per)
		}
		for range 2 {
			expect(t, l.Node, "monitor", v.with(recurring), 0)
			if got := count(); got != 2*test.per {
				t.Errorf("a recurring monitor sent %d frames, want %d", got, 2*test.per)
			}
		}
		expect(t, l.Node, "monitor", v, 0)
		expect(t, l.Node, "stop", v, 0)
		expect(t, l.Node, "monitor", v.with(recurring), 7)
		if got := count(); got != 0 {
			t.Errorf("a probe and a monitor without the address sent %d frames", got)
		}
	}
}

// Who writes down that the address is set may wait for a disk, so the network has heard of
// the address before.
func TestVIPIsAnnouncedBeforeItIsWrittenDown(t *testing.T) {
	l := vipLab(t)
	capture := l.Peer.Capture("p0")
	told, frames := 0, 0
	recordedVIP := Recorded(VIP, func(_ *ocf.Request, e events.Event) {
		if e.What == events.AddressSet {
			told, frames = told+1, len(capture.Next(1, 30*time.Second, viptest.IsARP))
		}
	}, func(*ocf.Request) {})
	l.Node.Do(func() { callAgent(recordedVIP, "start", vars{"ip": "10.77.0.100", "nic": "n0", "arp_count": "1"}) })
	if told != 1 || frames != 1 {
		t.Errorf("told %d times, with %d frames sent before", told, frames)
	}
}
