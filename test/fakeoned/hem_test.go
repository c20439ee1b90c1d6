package fakeoned

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

var quiet = log.New(io.Discard, "", 0)

// freePort is an address where nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestGreeting(t *testing.T) {
	if len(greeting) != 64 {
		t.Errorf("the greeting has %d bytes, ZMTP 3 has 64", len(greeting))
	}
	for name, tt := range map[string]struct {
		peer string
		good bool
	}{
		"ours":     {string(greeting), true},
		"3.1":      {"\xff12345678\x7f\x03\x01NULL" + strings.Repeat("\x00", 48), true},
		"2.0":      {"\xff12345678\x7f\x01\x00NULL" + strings.Repeat("\x00", 48), false},
		"PLAIN":    {"\xff12345678\x7f\x03\x00PLAIN" + strings.Repeat("\x00", 47), false},
		"HTTP":     {"HTTP/1.1 200 OK\r\n" + strings.Repeat("x", 64), false},
		"cut off":  {string(greeting[:20]), false},
		"nothing ": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := net.Pipe()
			go func() {
				_, _ = io.CopyN(io.Discard, there, int64(len(greeting)))
				_, _ = io.WriteString(there, tt.peer)
				if !tt.good { // a pipe whose other end is closed takes no deadline any more
					_ = there.Close()
				}
			}()
			if err := greet(here); (err == nil) != tt.good {
				t.Errorf("error %v, want none: %t", err, tt.good)
			}
			_, _ = here.Close(), there.Close()
		})
	}
}

// The Hook Execution Manager waits for oned, connects to both its ports and does
// so again when oned comes back.
func TestHEMFindsOnedAgain(t *testing.T) {
	events := []string{freePort(t), freePort(t)}
	s := newSite(t)
	hem := s.launch(t, "a", "-role", "hem", "-events", strings.Join(events, ","))
	hem.waitReady(t)
	if said := hem.said(t); !strings.Contains(said, "a stand-in for hem, not OpenNebula, connects to "+events[0]) {
		t.Errorf("it said %s", said)
	}
	for round := 1; round <= 2; round++ {
		oned := s.start(t, "a", "-events", strings.Join(events, ","))
		for _, address := range events {
			waitFor(t, fmt.Sprintf("connection %d to %s", round, address), func() bool {
				return strings.Count(hem.said(t), "connected to "+address) == round
			})
		}
		_ = oned.end(t, []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}[round-1])
	}
	if err := hem.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// The scheduler and the showback calculation ask oned as oneadmin.
func TestClientsOfOned(t *testing.T) {
	s := newSite(t)
	oned := s.start(t, "a")
	scheduler := s.launch(t, "a", "-role", "scheduler", "-endpoint", oned.url)
	waitFor(t, "an answer", func() bool { return strings.Contains(scheduler.said(t), "oned: answers") })
	if err := scheduler.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := s.launch(t, "a", "-role", "showback", "-endpoint", oned.url).wait(t); err != nil {
		t.Error(err)
	}
	set(t, s.shared, Away)
	refused := s.launch(t, "a", "-role", "showback", "-endpoint", oned.url)
	if err := refused.wait(t); err == nil || !strings.Contains(refused.said(t), "refuses") {
		t.Errorf("%v, it said %s", err, refused.said(t))
	}
	_ = oned.end(t, syscall.SIGKILL)
	down := s.launch(t, "a", "-role", "showback", "-endpoint", oned.url)
	if err := down.wait(t); err == nil || !strings.Contains(down.said(t), "connection refused") {
		t.Errorf("%v, it said %s", err, down.said(t))
	}
}

func TestSchedulerOutlivesOned(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var said strings.Builder
	c := Config{Role: "scheduler", Endpoint: "http://" + freePort(t) + "/RPC2", Auth: s.auth}
	if err := Run(ctx, c, func(string) {}, log.New(&said, "", 0)); err != nil || !strings.Contains(said.String(), "connection refused") {
		t.Errorf("%v, it said %s", err, said.String())
	}
}
