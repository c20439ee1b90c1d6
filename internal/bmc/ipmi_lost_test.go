package bmc

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/bmc/bmctest"
)

// eventually waits until something is so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// A BMC does not take the same packet twice, so an answer that was lost is had by a new
// request only. Here every second answer within the session is lost.
func TestIPMIAnswersLost(t *testing.T) {
	t.Parallel()
	for _, v15 := range []bool{false, true} {
		var answers atomic.Int64
		if v15 { // there, the login's last answer has a number
			answers.Store(-1)
		}
		b := bmctest.Start(t, bmctest.Options{DropSeen: true, DropAnswer: func(p []byte) bool { return numbered(p) && answers.Add(1)%2 != 0 }})
		cfg := config(b)
		cfg.Resend, cfg.V15 = 50*time.Millisecond, v15
		ctx := limited(t, time.Minute)
		c, err := OpenIPMI(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{false, true} {
			if err := c.SetOn(ctx, want); err != nil {
				t.Fatalf("SetOn(%v): %v", want, err)
			}
			if on, err := c.On(ctx); err != nil || on != want {
				t.Fatalf("On = %v, %v; want %v", on, err, want)
			}
		}
		_ = c.Close(limited(t, time.Second)) // its answer is lost
		eventually(t, "no session is left open", func() bool { return b.Sessions() == 0 })
	}
}

// A BMC that is quick to log in, and then takes several intervals for each command, one after
// the other, does not get ever more to do: its late answers count.
func TestIPMISlowCommands(t *testing.T) {
	t.Parallel()
	var commands atomic.Int64
	b := bmctest.Start(t, bmctest.Options{Drop: func(p []byte) bool { // asked packet by packet
		if numbered(p) {
			commands.Add(1)
			time.Sleep(400 * time.Millisecond)
		}
		return false
	}})
	cfg := config(b)
	cfg.Resend = 100 * time.Millisecond
	ctx := limited(t, time.Minute)
	c, err := OpenIPMI(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{false, true, false, true} {
		if err := c.SetOn(ctx, want); err != nil {
			t.Fatalf("SetOn(%v): %v", want, err)
		}
	}
	if n := commands.Load(); n > 14 { // for 5 commands it takes 7
		t.Errorf("the BMC got %d packets", n)
	}
	_ = c.Close(limited(t, 10*time.Second))
}

// A BMC that takes longer for each answer than a share of the time for a cipher suite
// is not taken for one that has not the suite.
func TestIPMISlowIsNotSilentAboutTheSuite(t *testing.T) {
	t.Parallel()
	var others atomic.Int64
	b := bmctest.Start(t, bmctest.Options{Slow: 700 * time.Millisecond, Drop: func(p []byte) bool {
		if algorithm, ok := openSession(p); ok && algorithm != sha256 {
			others.Add(1)
		}
		return false
	}})
	cfg := config(b)
	cfg.Resend, cfg.Silence = 300*time.Millisecond, time.Second // half of it for suite 17
	c, err := OpenIPMI(limited(t, time.Minute), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close(limited(t, time.Second))
	if n := others.Load(); n != 0 {
		t.Errorf("another suite was asked for %d times", n)
	}
}

// Packets about the only suite that a BMC has may have been lost.
func TestIPMISilentAboutOneSuiteAndRefusesTheOther(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	b := bmctest.Start(t, bmctest.Options{Suites: []types.CipherSuiteID{17}, Drop: func(p []byte) bool {
		algorithm, ok := openSession(p)
		return ok && algorithm == sha256 && asked.Add(1) == 1
	}})
	cfg := config(b)
	cfg.Resend, cfg.Silence = 10*time.Second, 200*time.Millisecond
	c, err := OpenIPMI(limited(t, time.Minute), cfg)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close(limited(t, 5*time.Second))
}

// mixed has answers to RAKP message 1 mixed up: the first one comes only when the BMC
// has taken another random number, for a second one, whose answer is lost.
func mixed(logins int64) func([]byte) bool {
	var n atomic.Int64
	var mu sync.Mutex
	next := make(chan bool)
	return func(p []byte) bool {
		if payloadOf(p) != types.PayloadTypeRAKPMessage2 {
			return false
		}
		i := n.Add(1)
		if i > 2*logins {
			return false
		}
		mu.Lock()
		wait := next
		if i%2 == 0 {
			close(next)
			next = make(chan bool)
		}
		mu.Unlock()
		if i%2 == 1 {
			select {
			case <-wait:
			case <-time.After(30 * time.Second):
			}
		}
		return i%2 == 0
	}
}

// A login that is refused because its packets were mixed up is made once more, and not
// for ever: the BMC may count it as a wrong password.
func TestIPMILoginMixedUp(t *testing.T) {
	t.Parallel()
	for _, logins := range []int64{1, 100} {
		b := bmctest.Start(t, bmctest.Options{DropAnswer: mixed(logins)})
		cfg := config(b)
		cfg.Resend = 200 * time.Millisecond
		c, err := OpenIPMI(limited(t, 2*time.Minute), cfg)
		if logins == 1 {
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close(limited(t, 5*time.Second))
			continue
		}
		if n := b.Logins(); !errors.Is(err, ErrLogin) || n > 10 {
			t.Errorf("%v after %d logins", err, n)
		}
	}
}

// BMCs have few sessions, and one that nobody uses lasts for a minute.
func TestIPMILoginThatEndsFreesItsSession(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(limited(t, time.Minute))
	defer cancel()
	b := bmctest.Start(t, bmctest.Options{DropAnswer: func(p []byte) bool {
		if numbered(p) {
			cancel()
		}
		return numbered(p)
	}})
	cfg := config(b)
	cfg.Resend = 30 * time.Second // each one sent again would begin another session
	if _, err := OpenIPMI(ctx, cfg); err == nil {
		t.Fatal("OpenIPMI succeeded without an answer in the session")
	}
	eventually(t, "the session is closed", func() bool { return b.Sessions() == 0 })
}

// A second diagnostic interrupt may disturb the crash dump that the first one began.
func TestIPMIInterruptsOnce(t *testing.T) {
	t.Parallel()
	var deaf atomic.Bool
	b := bmctest.Start(t, bmctest.Options{Diag: true, DropAnswer: func([]byte) bool { return deaf.Load() }})
	cfg := config(b)
	cfg.Resend = 10 * time.Millisecond
	c, err := OpenIPMI(limited(t, time.Minute), cfg)
	if err != nil {
		t.Fatal(err)
	}
	deaf.Store(true)
	if err := c.Interrupt(limited(t, 300*time.Millisecond)); err == nil {
		t.Error("Interrupt succeeded without an answer")
	}
	eventually(t, "the interrupt has come", func() bool { return len(b.Commands()) > 0 })
	_ = c.Close(limited(t, 100*time.Millisecond))
	if diff := cmp.Diff([]string{"diag"}, b.Commands()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// A name that cannot be looked up is no answer of the BMC.
func TestIPMINameUnknown(t *testing.T) {
	cfg := config(&bmctest.BMC{Host: "bmc..invalid", Port: 623})
	if _, err := OpenIPMI(limited(t, time.Minute), cfg); !errors.Is(err, ErrSilent) {
		t.Errorf("%v is not %v", err, ErrSilent)
	}
}

func TestNumbered(t *testing.T) {
	plus, old := make([]byte, 32), make([]byte, 32)
	for _, p := range [][]byte{plus, old} {
		p[0], p[3] = 0x06, 0x07
	}
	plus[4], old[4] = 0x06, 0x02
	for _, p := range [][]byte{plus, old} {
		if numbered(p) {
			t.Errorf("%x has a number", p)
		}
	}
	binary.LittleEndian.PutUint32(plus[10:], 1)
	binary.LittleEndian.PutUint32(old[5:], 1<<24)
	for _, p := range [][]byte{plus, old} {
		if !numbered(p) {
			t.Errorf("%x has no number", p)
		}
	}
}
