package guard

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
)

// get asks a guard with an HTTP client that is not its own, again where a busy machine
// kept the guard from answering in time.
func get(t *testing.T, method, url string) (status int, text string) {
	t.Helper()
	await(t, "an answer", func() bool {
		request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DisableKeepAlives: true}
		r, err := transport.RoundTrip(request)
		if err != nil {
			return false
		}
		defer r.Body.Close()
		all, err := io.ReadAll(r.Body)
		status, text = r.StatusCode, string(all)
		return err == nil
	})
	return status, text
}

func TestHTTP(t *testing.T) {
	t.Parallel() // it waits for seconds
	all := runThree(t, func(int, *Config) {})
	all[1].oned.become(one.Leader, 2)
	await(t, "the leader has the address", all[1].here.is)
	follower, leader := "http://"+all[0].address, "http://"+all[1].address
	await(t, "the leader says so", func() bool { status, _ := get(t, "GET", leader+"/leader"); return status == 200 })
	for _, test := range []struct {
		method, url string
		status      int
		text        string
	}{
		{"GET", follower + "/leader", 503, "not leader\n"},
		{"HEAD", follower + "/leader", 503, ""},
		{"GET", leader + "/leader?x=y", 200, "leader\n"},
		{"GET", leader + "/metrics", 200, "oneha_guard_leader 1\n"},
		{"GET", follower + "/metrics", 200, "oneha_guard_oned_state{state=\"follower\"} 1\n"},
		{"GET", leader + "/", 404, "/health"},
		{"DELETE", leader + "/leader", 405, "DELETE"},
		{"GET", leader + peerPath, 405, ""},
		{"POST", leader + peerPath, 403, "one_key"},
	} {
		await(t, test.method+" "+test.url, func() bool { // the lease may be lost for a moment
			status, text := get(t, test.method, test.url)
			return status == test.status && strings.Contains(text, test.text)
		})
	}
	_, text := get(t, "GET", leader+"/health")
	var s control.State
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Version != 1 || s.Server != 1 || len(s.Servers) != 3 || len(s.Peers) != 2 || len(s.VIPs) != 1 {
		t.Errorf("/health: %v\n%s", err, text)
	}
	_, text = get(t, "GET", leader+"/metrics")
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), " ")
		if name, _, _ = strings.Cut(name, "{"); !strings.HasPrefix(name, "oneha_guard_") {
			t.Errorf("not in Prometheus' format: %q", line)
		}
	}
}

// Clients that say nothing, or too much, keep nobody else waiting.
func TestHostileHTTP(t *testing.T) {
	t.Parallel() // it waits for seconds
	all := runThree(t, func(int, *Config) {})
	var open []net.Conn
	for range mostRequests - 8 { // the other guards have something to say too
		c, err := net.Dial("tcp", all[0].address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	if status, _ := get(t, "GET", "http://"+all[0].address+"/leader"); status != 503 {
		t.Errorf("status %d", status)
	}
	for _, c := range open { // they are ended by the guard
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		_ = c.Close()
	}
	for text, want := range map[string]string{
		"GET /leader\r\n\r\n": "HTTP/1.1 400 ",
		"GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 700):   "HTTP/1.1 413 ",
		"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n":   "HTTP/1.1 413 ",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0": "HTTP/1.1 400 ",
	} {
		c, err := net.Dial("tcp", all[0].address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, text)
		answer, _ := io.ReadAll(c)
		if !strings.HasPrefix(string(answer), want) {
			t.Errorf("%.40q: %.60q, want %q", text, answer, want)
		}
		_ = c.Close()
	}
}
