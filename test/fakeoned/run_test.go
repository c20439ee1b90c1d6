package fakeoned

import (
	"errors"
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
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"stale lock":        {[]string{"-lock", stale.lock}, stale.lock},
		"no credentials":    {[]string{"-auth", empty + "x"}, "no such file"},
		"empty credentials": {[]string{"-auth", empty}, "user:password"},
		"no shared":         {[]string{"-shared", empty + "x"}, "open database"},
		"bad role":          {[]string{"-role", "king"}, "sunstone"},
		"word":              {[]string{"start"}, "start"},
		"port":              {[]string{"-listen", "127.0.0.1:99999"}, "open port"},
	} {
		t.Run(name, func(t *testing.T) {
			lock := filepath.Join(t.TempDir(), "lock")
			args := append([]string{"-listen", "127.0.0.1:0", "-auth", s.auth, "-shared", s.shared, "-lock", lock}, tt.args...)
			out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != failed || !strings.Contains(string(out), tt.want) {
				t.Errorf("%v, want exit code %d and %q in:\n%s", err, failed, tt.want, out)
			}
			if strings.Contains(string(out), "sec<") {
				t.Errorf("the password is in:\n%s", out)
			}
			if _, err := os.Stat(lock); !os.IsNotExist(err) {
				t.Error("the lock is left")
			}
		})
	}
}
