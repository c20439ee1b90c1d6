package ocf

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestLocalSyslog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	send := localSyslog(path)
	if err := send([]byte("nobody listens")); err == nil {
		t.Error("a missing socket took a message")
	}
	server, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := send([]byte("<30>hello")); err != nil {
		t.Fatal(err)
	}
	if err := server.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := server.Read(buf); err != nil || string(buf[:n]) != "<30>hello" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	// A reader that is stuck must not hold up an agent.
	for range 100_000 {
		if err := send([]byte("<30>more")); err != nil {
			return
		}
	}
	t.Error("a full socket took everything")
}

func TestTimeBudget(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		0:                      0,
		100 * time.Millisecond: 50 * time.Millisecond,
		time.Second:            800 * time.Millisecond,
		20 * time.Second:       19 * time.Second,
		10 * time.Minute:       10*time.Minute - 5*time.Second,
	} {
		if got := timeBudget(timeout); got != want {
			t.Errorf("of %s: %s, want %s", timeout, got, want)
		}
	}
}
