package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/bmc/bmctest"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/test/fakeone"
)

// takeoverWords look at the cloud of a hookSite.
func (s *hookSite) takeover(t *testing.T) []string {
	t.Helper()
	settings, err := os.ReadFile(s.path("host-error.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	endpoint, _, _ := strings.Cut(strings.TrimPrefix(string(settings), "endpoint: "), "\n")
	return []string{"recover", "takeover", "--endpoint", endpoint, "--credentials", s.path("one_auth"), "--since", time.Now().Format(time.RFC3339Nano),
		"--within", "1m", "--settings", s.path("host-error.yaml"), "--records", s.path("records")}
}

// The lines name what was missed, secrets are in none of them, and nothing is changed.
func TestRecoverTakeover(t *testing.T) {
	s := newHookSite(t, bmctest.Password)
	code, out, stderr := s.run("", s.takeover(t)...)
	if code != 1 || stderr != "" || !strings.Contains(out, "host 1 (kvm1) is in ERROR: no hook has handled it: sudo -u oneadmin oneha hook missed --handle") ||
		!strings.Contains(out, "4 of 4 virtual machines") || strings.Contains(out, bmctest.Password) || strings.Contains(out, fakeone.Session) {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	if n := len(s.cloud.Calls("one.vm.action", "one.vm.recover", "one.host.status")); n != 0 || !s.bmc.On() {
		t.Errorf("%d changes, the machine is on: %t", n, s.bmc.On())
	}

	// What cannot be read is said, and the rest is there all the same.
	s.write(t, "host-error.yaml", "missed: nonsense", 0o644)
	words := s.takeover(t)
	words[3] = "http://127.0.0.1:1/RPC2"
	if code, out, stderr := s.run("", words...); code != 1 || out != "" || !strings.Contains(stderr, "nothing listens") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}

// With missed: handle a unit is to handle them. There is no systemd here, or none that a
// test may use: the line says what to do by hand.
func TestRecoverTakeoverHandle(t *testing.T) {
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Skip("a unit would really be started")
	}
	s := newHookSite(t, bmctest.Password)
	settings, err := os.ReadFile(s.path("host-error.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	words := s.takeover(t)
	s.write(t, "host-error.yaml", string(settings)+"missed: handle", 0o644)
	code, out, stderr := s.run("", words...)
	if code != 1 || stderr != "" || !strings.Contains(out, "the settings say missed: handle, but it could not be started") || !strings.Contains(out, "sudo -u oneadmin oneha hook missed --handle\n") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
	s.write(t, "host-error.yaml", "missed: nonsense", 0o644)
	if code, out, stderr := s.run("", words...); code != 1 || !strings.Contains(out, "host 1 (kvm1)") || !strings.Contains(stderr, "only named") {
		t.Errorf("exit code %d\n%s%s", code, out, stderr)
	}
}

// A host is handled as the hook that is installed would have: options that systemd or
// the hook does not take are not used.
func TestHookArguments(t *testing.T) {
	for arguments, want := range map[string]string{
		"$TEMPLATE -m -p 2": "-m -p 2", "$TEMPLATE  -r  -u": "-r -u", "$TEMPLATE -m $HOME": "", "$TEMPLATE --nonsense": "", "-d": "-d",
	} {
		s := newHookSite(t, bmctest.Password)
		s.cloud.Add(fakeone.Hook{ID: 1, Template: fmt.Sprintf("NAME=x\nRESOURCE=HOST\nSTATE=\"ERROR\"\nCOMMAND=\"%s\"\nARGUMENTS=\"%s\"\n", hookScriptName, arguments)})
		endpoint, err := one.ParseEndpoint(s.takeover(t)[3])
		if err != nil {
			t.Fatal(err)
		}
		credentials, err := one.ReadCredentials(s.path("one_auth"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := hookArguments(t.Context(), endpoint, credentials); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", arguments, got, err, want)
		}
	}
}

// The guard of a leader knows since when it leads; one that speaks of another term or
// server, or does not know, is no answer.
func TestLeadsSince(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	raft := one.RaftStatus{ServerID: 2, State: one.Leader, Term: 7}
	for name, tt := range map[string]struct {
		change func(*control.State)
		raft   one.RaftStatus
		err    string
	}{
		"leader":         {func(*control.State) {}, raft, ""},
		"follower":       {func(*control.State) {}, one.RaftStatus{ServerID: 2, State: one.Follower, Term: 7}, "does not lead"},
		"another server": {func(s *control.State) { s.Server = 1 }, raft, "does not know of term 7 of server 2"},
		"another term":   {func(s *control.State) { s.Oned.Term = 6 }, raft, "does not know of term 7"},
		"not known":      {func(s *control.State) { s.Oned.Since = nil }, raft, "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			state := control.State{Version: control.Version, Server: 2, Oned: control.Oned{State: "leader", Term: 7, Since: &since}}
			tt.change(&state)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/health" {
					_ = json.NewEncoder(w).Encode(state)
				}
			}))
			defer server.Close()
			_, port, err := net.SplitHostPort(server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			var n int
			fmt.Sscan(port, &n)
			endpoint, err := one.ParseEndpoint(one.DefaultEndpoint)
			if err != nil {
				t.Fatal(err)
			}
			at, by, err := startedAuto(t.Context(), endpoint, tt.raft, n)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || !at.Equal(since) || by != "server 2 leads since then, says its guard" {
				t.Errorf("%s %q %v", at, by, err)
			}
		})
	}
	if _, err := leadsSince(t.Context(), "127.0.0.1:1", raft); err == nil || !strings.Contains(err.Error(), "ask its guard") {
		t.Errorf("%v", err)
	}
	elsewhere, err := one.ParseEndpoint("http://192.0.2.1:2633/RPC2")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := startedAuto(t.Context(), elsewhere, one.RaftStatus{State: one.Solo}, 1); err == nil || !strings.Contains(err.Error(), "the oned there") {
		t.Errorf("%v", err)
	}
}
