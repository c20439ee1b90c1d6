package fakeoned

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFrozenThenThawed(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a")
	noAlarm(t, s, "alone")
	a.signal(t, syscall.SIGSTOP)
	s.start(t, "b")
	noAlarm(t, s, "while a is frozen")
	thaw := time.Now()
	a.signal(t, syscall.SIGCONT)
	text := waitAlarm(t, s)
	t.Logf("after %v:\n%s", time.Since(thaw), text)
	if !strings.Contains(text, "node=a ") || !strings.Contains(text, "node=b ") {
		t.Errorf("alarm does not name both:\n%s", text)
	}
}

func TestThawedAfterTheOtherEnded(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a")
	a.signal(t, syscall.SIGSTOP)
	b := s.start(t, "b")
	noAlarm(t, s, "while a is frozen")
	if err := b.end(t, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	a.signal(t, syscall.SIGCONT)
	waitAlarm(t, s)
}

func TestTwoAlive(t *testing.T) {
	s := newSite(t)
	s.start(t, "a")
	s.start(t, "b")
	waitAlarm(t, s)
}

// An early start of the other while this one still stops is a second writer too.
func TestOtherStartsWhileStopping(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a", "-stop-time", "5s")
	a.signal(t, syscall.SIGTERM)
	s.start(t, "b")
	waitAlarm(t, s)
}

func TestTakeoverRaisesNoAlarm(t *testing.T) {
	s := newSite(t)
	for _, way := range []struct {
		node   string
		frozen bool
		sig    syscall.Signal
	}{
		{"a", false, syscall.SIGTERM},
		{"b", false, syscall.SIGKILL},
		{"b", false, syscall.SIGKILL}, // a restart in place
		{"a", true, syscall.SIGKILL},  // fenced while it was frozen
		{"b", false, syscall.SIGTERM},
	} {
		d := s.start(t, way.node)
		noAlarm(t, s, "takeover by "+way.node)
		if way.frozen {
			d.signal(t, syscall.SIGSTOP)
		}
		_ = d.end(t, way.sig)
	}
	// And fenced only after the other one runs, as without fencing's order.
	a := s.start(t, "a")
	a.signal(t, syscall.SIGSTOP)
	s.start(t, "b")
	_ = a.end(t, syscall.SIGKILL)
	noAlarm(t, s, "frozen a killed while b runs")
}

func TestStartAndOrderlyEnd(t *testing.T) {
	s := newSite(t)
	best := time.Hour
	for range 3 { // the machine may be busy
		d := s.start(t, "a")
		best = min(best, d.took)
		if status, _, body := exchange(t, http.MethodPost, d.url, rpc("one.system.version", good)); status != 200 || !strings.Contains(body, Version) {
			t.Errorf("status %d: %s", status, body)
		}
		if _, err := os.Stat(d.lock); err != nil {
			t.Error(err)
		}
		begin := time.Now()
		err := d.end(t, syscall.SIGTERM)
		if took := time.Since(begin); err != nil || took < 300*time.Millisecond {
			t.Errorf("end: %v after %v", err, took)
		}
		if _, err := os.Stat(d.lock); !os.IsNotExist(err) {
			t.Errorf("the lock is left: %v", err)
		}
	}
	t.Logf("ready after %v", best)
	if best > 100*time.Millisecond {
		t.Errorf("ready only after %v", best)
	}
}

// failed is the exit code of a oned that cannot start.
const failed = 255

func TestCannotStart(t *testing.T) {
	s := newSite(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := s.start(t, "a")
	_ = stale.end(t, syscall.SIGKILL)
	away := t.TempDir()
	if err := SetMode(away, Away); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tt := range map[string]struct {
		args  []string
		want  string
		after time.Duration
	}{
		"stale lock":        {[]string{"-lock", stale.lock}, "Error: Cannot start oned, opening lock file " + stale.lock + "\n", 0},
		"no credentials":    {[]string{"-auth", empty + "x"}, "no such file", 0},
		"empty credentials": {[]string{"-auth", empty}, "user:password", 0},
		"no shared":         {[]string{"-shared", empty + "x"}, "open database", 0},
		"bad role":          {[]string{"-role", "king"}, "sunstone", 0},
		"word":              {[]string{"start"}, "start", 0},
		"port":              {[]string{"-listen", "127.0.0.1:99999"}, "open port", 0},
		"database away":     {[]string{"-modes", away}, "Could not open connect to database server: Can't connect to server on '127.0.0.1' (115)\n", 0},
		"port taken": {[]string{"-listen", taken.Addr().String(), "-port-wait", "500ms"}, "Driver initialization time out\n" +
			"open port: listen tcp " + taken.Addr().String() + ": bind: address already in use\n", 500 * time.Millisecond},
		"driver's port taken": {[]string{"-events", taken.Addr().String(), "-port-wait", "500ms"}, "address already in use\n", 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			d := s.launch(t, "b", tt.args...)
			err := d.wait(t)
			took, said := time.Since(d.began), d.said(t)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != failed || !strings.Contains(said, tt.want) {
				t.Errorf("%v, want exit code %d and %q in:\n%s", err, failed, tt.want, said)
			}
			if took < tt.after || took > tt.after+10*time.Second {
				t.Errorf("failed after %v, want %v and little more", took, tt.after)
			}
			if strings.Contains(said, "sec<") {
				t.Errorf("the password is in:\n%s", said)
			}
			if _, err := os.Stat(d.lock); !os.IsNotExist(err) {
				t.Error("the lock is left")
			}
		})
	}
}

// A hung database delays the start, and SIGTERM ends it in an orderly way.
func TestStartWaits(t *testing.T) {
	for name, args := range map[string][]string{"database hung": nil, "slow": {"-start-time", "1h"}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if args == nil {
				if err := SetMode(s.shared, Hung); err != nil {
					t.Fatal(err)
				}
			}
			d := s.launch(t, "a", args...)
			waitFor(t, "the lock", func() bool { _, err := os.Stat(d.lock); return err == nil })
			if args == nil {
				if err := SetMode(s.shared, Up); err != nil {
					t.Fatal(err)
				}
				d.waitReady(t)
			}
			if err := d.end(t, syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(d.lock); !os.IsNotExist(err) {
				t.Error("the lock is left")
			}
		})
	}
}

// A oned that ignores SIGTERM closes its ports and goes on writing to its
// database; killed, it leaves its lock.
func TestIgnoresTerm(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a", "-stop-time", "0s")
	if err := os.WriteFile(filepath.Join(a.mode, IgnoreTerm("oned")), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	a.signal(t, syscall.SIGTERM)
	waitFor(t, "closed port", func() bool {
		conn, err := net.Dial("tcp", a.address())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	b := s.start(t, "b")
	waitAlarm(t, s)
	a.signal(t, syscall.SIGTERM)
	time.Sleep(several)
	select {
	case err := <-a.done:
		t.Fatalf("SIGTERM ended it: %v", err)
	default:
	}
	_ = a.end(t, syscall.SIGKILL)
	if _, err := os.Stat(a.lock); err != nil {
		t.Errorf("no lock: %v", err)
	}
	if err := b.end(t, syscall.SIGTERM); err != nil { // the switch is a node's own
		t.Error(err)
	}
}

// Another service too, by the switch with its own name.
func TestServiceIgnoresTerm(t *testing.T) {
	s := newSite(t)
	for role, stays := range map[string]bool{"flow": true, "gate": false} {
		d := s.start(t, "a", "-role", role)
		if err := os.WriteFile(filepath.Join(d.mode, IgnoreTerm("flow")), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		d.signal(t, syscall.SIGTERM)
		select {
		case err := <-d.done:
			d.done <- err
			if stays || err != nil {
				t.Errorf("%s ended: %v", role, err)
			}
		case <-time.After(several):
			if !stays {
				t.Errorf("%s stays", role)
			}
		}
	}
}
