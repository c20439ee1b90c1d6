package vip

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestBroadcast(t *testing.T) {
	own := netip.MustParseAddr("10.77.255.255")
	for _, test := range []struct{ text, prefix, want string }{
		{"", "10.77.0.9/24", "10.77.255.255"},
		{"-", "10.77.0.9/24", "10.77.0.0"},
		{"-", "10.77.0.200/25", "10.77.0.128"},
		{"-", "10.77.0.9/32", ""},
		{"+", "10.77.0.9/24", "10.77.0.255"},
		{"+", "10.77.0.9/20", "10.77.15.255"},
		{"+", "10.77.0.9/1", "127.255.255.255"},
		{"+", "10.77.0.9/30", "10.77.0.11"},
		{"+", "10.77.0.9/31", ""},
		{"+", "10.77.0.9/32", ""},
		{"10.77.0.7", "10.77.0.9/24", "10.77.0.7"},
	} {
		b, err := ParseBroadcast(test.text)
		if err != nil {
			t.Errorf("ParseBroadcast(%q): %v", test.text, err)
			continue
		}
		got := ""
		if a := b.of(netip.MustParsePrefix(test.prefix), own); a.IsValid() {
			got = a.String()
		}
		if got != test.want {
			t.Errorf("broadcast %q of %s is %q, want %q", test.text, test.prefix, got, test.want)
		}
	}
	for _, text := range []string{"bad", "++", "none", "10.77.0.300", "ff02::1", "10.77.0.255/24"} {
		if b, err := ParseBroadcast(text); err == nil {
			t.Errorf("ParseBroadcast(%q) = %+v, want an error", text, b)
		}
	}
}

func FuzzParseBroadcast(f *testing.F) {
	for _, seed := range []string{"", "+", "-", "10.0.0.255", "10.0.0.999", "::1", "255.255.255.255"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBroadcast(text)
		if err == nil && b.mode == broadcastGiven && !b.addr.Is4() {
			t.Errorf("ParseBroadcast(%q) accepted %v", text, b.addr)
		}
	})
}

func TestBest(t *testing.T) {
	r := func(dst string, index int, metric int, own bool) route {
		return route{dst: netip.MustParsePrefix(dst), index: index, metric: metric, own: own}
	}
	for _, test := range []struct {
		name   string
		routes []route
		index  int
		want   int // position in routes
		err    error
	}{
		{"none", nil, 0, -1, ErrNoRoute},
		{"one", []route{r("10.0.0.0/8", 2, 0, false)}, 0, 0, nil},
		{"longest", []route{r("10.0.0.0/8", 2, 0, false), r("10.0.0.0/24", 3, 9, false), r("10.0.0.0/16", 4, 0, false)}, 0, 1, nil},
		{"lowest metric", []route{r("10.0.0.0/24", 2, 101, false), r("10.0.0.0/24", 3, 100, false)}, 0, 1, nil},
		{"equally good", []route{r("10.0.0.0/24", 2, 0, false), r("10.0.0.0/24", 3, 0, false)}, 0, -1, ErrAmbiguous},
		{"equal, but one nic", []route{r("10.0.0.0/24", 2, 0, false), r("10.0.0.0/24", 2, 0, false)}, 0, 0, nil},
		{"nic given", []route{r("10.0.0.0/24", 2, 0, false), r("10.0.0.0/24", 3, 0, false)}, 3, 1, nil},
		{"nic given, not there", []route{r("10.0.0.0/24", 2, 0, false)}, 3, -1, ErrNoRoute},
		{"own route is longer", []route{r("10.0.0.9/32", 2, 0, true), r("10.0.0.0/8", 3, 0, false)}, 0, 1, nil},
		{"own route is all there is", []route{r("10.0.0.0/24", 2, 0, true)}, 0, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := best(test.routes, test.index)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err == nil && got != test.routes[test.want] {
				t.Errorf("got %+v, want %+v", got, test.routes[test.want])
			}
		})
	}
}

func TestSince(t *testing.T) {
	for _, test := range []struct {
		stamp uint32
		now   time.Duration
		want  time.Duration
	}{
		{1000, 10 * time.Second, 0},
		{1000, 12500 * time.Millisecond, 2500 * time.Millisecond},
		{1005, 10 * time.Second, 0},                                           // the stamp's clock is ahead
		{1<<32 - 100, (1<<32 + 100) * 10 * time.Millisecond, 2 * time.Second}, // wrapped
		{0, 400 * 24 * time.Hour, 400 * 24 * time.Hour},
	} {
		if got := since(test.stamp, test.now); got != test.want {
			t.Errorf("since(%d, %s) = %s, want %s", test.stamp, test.now, got, test.want)
		}
	}
}

func TestLabel(t *testing.T) {
	if got, err := label("eth0", "0123456789"); got != "eth0:0123456789" || err != nil {
		t.Errorf("15 characters: %q, %v", got, err)
	}
	if got, err := label("eth0", "0123456789a"); !errors.Is(err, ErrLabel) {
		t.Errorf("16 characters: %q, %v, want ErrLabel", got, err)
	}
	if got, err := label("averylonginterface", ""); got != "" || err != nil {
		t.Errorf("no label: %q, %v", got, err)
	}
}

func TestSteadyRepeatsInterruptedDumps(t *testing.T) {
	calls := 0
	got, err := steady(context.Background(), func() ([]int, error) {
		if calls++; calls < 3 {
			return []int{1}, netlink.ErrDumpInterrupted
		}
		return []int{1, 2}, nil
	})
	if len(got) != 2 || err != nil || calls != 3 {
		t.Errorf("got %v, %v after %d calls", got, err, calls)
	}

	calls = 0
	got, err = steady(context.Background(), func() ([]int, error) { calls++; return []int{1}, netlink.ErrDumpInterrupted })
	if got != nil || !errors.Is(err, netlink.ErrDumpInterrupted) || calls != dumpTries {
		t.Errorf("always interrupted: got %v, %v after %d calls", got, err, calls)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = steady(ctx, func() ([]int, error) { return nil, netlink.ErrDumpInterrupted }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestProtocol(t *testing.T) {
	for _, test := range []struct {
		text    string
		number  uint8
		matches bool
	}{
		{"", 2, true},
		{"", 99, true},
		{"kernel", 2, true},
		{"kernel", 3, false},
		{"static", 4, true},
		{"0", 0, true},
		{"0", 2, false},
		{"255", 255, true},
	} {
		p, err := ParseProtocol(test.text)
		if err != nil {
			t.Error(err)
		}
		if got := p.matches(test.number); got != test.matches {
			t.Errorf("%q matches %d: %v", test.text, test.number, got)
		}
	}
	for _, text := range []string{"kernal", "256", "-1", " ", "Kernel"} {
		if p, err := ParseProtocol(text); err == nil {
			t.Errorf("ParseProtocol(%q) = %+v, want an error", text, p)
		}
	}
}

func FuzzParseProtocol(f *testing.F) {
	for _, seed := range []string{"", "kernel", "4", "256", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProtocol(text)
		if err == nil && p.given == (text == "") {
			t.Errorf("ParseProtocol(%q) = %+v", text, p)
		}
	})
}
