package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/fence"
)

// device is an outlet, on at first.
type device struct {
	mu     sync.Mutex
	set    string // what was set
	broken string // what it answers instead, "" for the truth
	login  int    // how often somebody logged in with a wrong password
}

func (s *device) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user, password, _ := r.BasicAuth(); r.URL.Path != "/power" || user != "oneha" || password != "right" {
		s.login++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodPut {
		state, _ := io.ReadAll(r.Body)
		s.set = string(state)
	}
	answer := s.set
	if answer == "" {
		answer = "on"
	}
	if s.broken != "" {
		answer = s.broken
	}
	_, _ = io.WriteString(w, answer+"\n")
}

// call runs the agent as the cluster does, with options on standard input.
func call(t *testing.T, s *device, options string) (code int, output string) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	env := fence.Env{
		Stdin:  strings.NewReader("ip=" + host + "\nipport=" + port + "\nusername=oneha\n" + options),
		Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return nil },
	}
	return fence.Run(context.Background(), agent, env), out.String()
}

func TestSwitches(t *testing.T) {
	s := &device{}
	for _, c := range []struct {
		action string
		code   int
		state  string
	}{
		{"status", 0, ""}, {"off", 0, "off"}, {"status", 2, "off"}, {"on", 0, "on"}, {"reboot", 0, "on"}, {"monitor", 0, "on"},
	} {
		code, out := call(t, s, "password=right\naction="+c.action+"\n")
		if code != c.code || s.set != c.state {
			t.Errorf("%s: exit code %d, the outlet is %q; want %d, %q\n%s", c.action, code, s.set, c.code, c.state, out)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, options, broken, want string
	}{
		{"a wrong password", "password=wrong\naction=off\n", "", "login refused"},
		{"an outlet that does not know", "password=right\naction=off\n", "busy", "neither on nor off"},
	} {
		s := &device{broken: c.broken}
		code, out := call(t, s, c.options)
		if code != 1 || !strings.Contains(out, c.want) || s.set != "" || s.login > 2 {
			t.Errorf("%s: exit code %d, switched %q, %d logins:\n%s", c.name, code, s.set, s.login, out)
		}
	}
}
