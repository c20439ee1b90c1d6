package bmc

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

// openSession is an Open Session Request; its suite is told by its authentication
// algorithm (IPMI 2.0, tables 13-9 and 13-17).
func openSession(packet []byte) (algorithm byte, ok bool) {
	const at = 16 + 12
	if payloadOf(packet) != types.PayloadTypeRmcpOpenSessionRequest || len(packet) <= at {
		return 0, false
	}
	return packet[at], true
}

const sha256 = 3 // of suite 17

// A BMC that takes its time for one packet after the other, and one whose network
// loses packets, are switched all the same.
func TestIPMISlowAndLossy(t *testing.T) {
	var packets atomic.Int64
	tests := []struct {
		name    string
		options bmctest.Options
		change  func(*IPMI)
	}{
		{"eight times slower than requests are sent again", bmctest.Options{Slow: 400 * time.Millisecond}, nil},
		{"the same, IPMI 1.5", bmctest.Options{Slow: 400 * time.Millisecond}, func(c *IPMI) { c.V15 = true }},
		{"every second packet is lost", bmctest.Options{Drop: func([]byte) bool { return packets.Add(1)%2 == 1 }}, nil},
		{"silent about suite 17", bmctest.Options{Drop: func(p []byte) bool {
			algorithm, ok := openSession(p)
			return ok && algorithm == sha256
		}}, func(c *IPMI) { c.Silence = time.Second }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bmctest.Start(t, tt.options)
			cfg := config(b)
			cfg.Resend = 50 * time.Millisecond
			var answers atomic.Int64
			cfg.Answered = func() { answers.Add(1) }
			if tt.change != nil {
				tt.change(&cfg)
			}
			ctx := limited(t, time.Minute)
			c, err := OpenIPMI(ctx, cfg)
			if err != nil {
				t.Fatalf("OpenIPMI: %v", err)
			}
			for _, want := range []bool{true, false} {
				if err := c.SetOn(ctx, want); err != nil {
					t.Fatalf("SetOn(%v): %v", want, err)
				}
				if on, err := c.On(ctx); err != nil || on != want || b.On() != want {
					t.Fatalf("On = %v, %v; the chassis says %v; want %v", on, err, b.On(), want)
				}
			}
			if err := c.Close(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
			if n := answers.Load(); n < 8 {
				t.Errorf("told of %d answers", n)
			}
		})
	}
}

// What is to be done differs: a suite that is refused is to be changed, a BMC that does
// not answer in time needs more of it.
func TestIPMILoginNotInTime(t *testing.T) {
	about := func(want types.PayloadType) func([]byte) bool {
		return func(p []byte) bool { return payloadOf(p) == want }
	}
	tests := []struct {
		name    string
		options bmctest.Options
		silent  bool
		text    string
		not     string
	}{
		{"refused", bmctest.Options{Suites: []types.CipherSuiteID{17}}, false, "no session with cipher suite 3: set cipher", "login_timeout"},
		{"silent about all suites", bmctest.Options{Drop: about(types.PayloadTypeRmcpOpenSessionRequest)}, true, "not in time about a session with cipher suite 17, 3: raise login_timeout", "no session"},
		{"silent in the middle", bmctest.Options{Drop: about(types.PayloadTypeRAKPMessage1)}, true, "not in time now: if it is slow or the network loses packets, raise login_timeout", "cipher"},
		{"too slow", bmctest.Options{Slow: 700 * time.Millisecond}, true, "raise login_timeout", "no session"},
		{"garbage", bmctest.Options{Garbage: true}, true, "does not answer: check its address", "login_timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bmctest.Start(t, tt.options)
			cfg := config(b)
			if !tt.silent {
				cfg.CipherSuites = []int{3}
			}
			_, err := OpenIPMI(limited(t, time.Second), cfg)
			if err == nil {
				t.Fatal("OpenIPMI succeeded")
			}
			if text := err.Error(); errors.Is(err, ErrSilent) != tt.silent || errors.Is(err, ErrLogin) || !strings.Contains(text, tt.text) || strings.Contains(text, tt.not) {
				t.Errorf("silent %v, want %v: %q, want %q and not %q in it", errors.Is(err, ErrSilent), tt.silent, text, tt.text, tt.not)
			}
		})
	}
}

// A call that was given up leaves nothing behind that the next one would wait for.
func TestIPMICallAfterOneThatEnded(t *testing.T) {
	var deaf atomic.Bool
	b := bmctest.Start(t, bmctest.Options{Drop: func([]byte) bool { return deaf.Load() }})
	ctx := limited(t, time.Minute)
	cfg := config(b)
	cfg.Resend = 20 * time.Second // longer than what may be waited for
	c, err := OpenIPMI(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		deaf.Store(true)
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if _, err := c.On(short); err == nil {
			t.Fatal("On succeeded with a deaf BMC")
		}
		cancel()
		deaf.Store(false)
		if on, err := c.On(ctx); err != nil || !on {
			t.Fatalf("On = %v, %v", on, err)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}
