package zone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

const conf = `LISTEN_ADDRESS = "127.0.0.1"
PORT = %s
DB = [ BACKEND = "mysql", SERVER = "localhost", USER = "oneadmin", PASSWD = "not for anybody" ]
FEDERATION = [ MODE = "STANDALONE", ZONE_ID = 3, SERVER_ID = %d, MASTER_ONED = "" ]
RAFT = [
    LIMIT_PURGE          = 100000,
    LOG_RETENTION        = 250000,
    LOG_PURGE_TIMEOUT    = 60,
    ELECTION_TIMEOUT_MS  = 5000,
    BROADCAST_TIMEOUT_MS = 500,
    XMLRPC_TIMEOUT_MS    = 1000
]
RAFT_LEADER_HOOK = [
    COMMAND = "/usr/bin/sudo",
    ARGUMENTS = "-n /usr/bin/oneha raft hook leader eth0 192.168.150.10/24 eth1 2001:db8::10/64"
]
`

const answer = `<?xml version="1.0" encoding="UTF-8"?><methodResponse><params><param><value><array><data>
<value><boolean>1</boolean></value>
<value><string>&lt;ZONE&gt;&lt;ID&gt;0&lt;/ID&gt;&lt;NAME&gt;OpenNebula&lt;/NAME&gt;&lt;TEMPLATE&gt;&lt;ENDPOINT&gt;x&lt;/ENDPOINT&gt;&lt;/TEMPLATE&gt;&lt;SERVER_POOL&gt;%s&lt;/SERVER_POOL&gt;&lt;/ZONE&gt;</string></value>
<value><i4>0</i4></value></data></array></value></param></params></methodResponse>`

// oned answers one.zone.info with these servers, and stores its configuration.
func oned(t *testing.T, id int, servers string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, answer, servers)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "oned.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, conf, u.Port(), id), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const twoServers = `&lt;SERVER&gt;&lt;ID&gt;4&lt;/ID&gt;&lt;NAME&gt;b&lt;/NAME&gt;&lt;ENDPOINT&gt;http://10.0.0.2:2633/RPC2&lt;/ENDPOINT&gt;&lt;/SERVER&gt;` +
	`&lt;SERVER&gt;&lt;ID&gt;1&lt;/ID&gt;&lt;NAME&gt;a&lt;/NAME&gt;&lt;ENDPOINT&gt;http://one-a.example.com:2633/RPC2&lt;/ENDPOINT&gt;&lt;/SERVER&gt;`

func TestLocal(t *testing.T) {
	z, err := Local(t.Context(), oned(t, 4, twoServers), one.Credentials{})
	if err != nil {
		t.Fatal(err)
	}
	if z.ID != 0 || z.Here != 4 || z.Described || !z.Guarded || z.GuardPort != GuardPort || z.User != "root" || z.Database != "mysql" {
		t.Errorf("%+v", z)
	}
	if z.Election != 5*time.Second || z.Heartbeat != 500*time.Millisecond || z.Rest != (spec.RaftTimers{LimitPurge: 100000, LogRetention: 250000, LogPurge: time.Minute, XMLRPC: time.Second}) {
		t.Errorf("timers %v, %v, %+v", z.Election, z.Heartbeat, z.Rest)
	}
	if len(z.VIPs) != 2 || z.VIPs[0] != (spec.ZoneVIP{Address: netip.MustParsePrefix("192.168.150.10/24"), NIC: "eth0"}) || z.VIPs[1].NIC != "eth1" {
		t.Errorf("floating addresses %+v", z.VIPs)
	}
	a, b := z.Servers[0], z.Servers[1]
	if a.ID != 1 || a.Addr.IsValid() || a.Host() != "one-a.example.com" || a.Port() != "2633" || b.ID != 4 || b.Host() != "10.0.0.2" || b.Addr != netip.MustParseAddr("10.0.0.2") {
		t.Errorf("servers %+v", z.Servers)
	}
	for name, want := range map[string]int{"a": 1, "b": 4, "4": 4} {
		if s, ok := z.Named(name); !ok || s.ID != want {
			t.Errorf("server %s is %+v, %t", name, s, ok)
		}
	}
	if s, ok := z.Named("c"); ok {
		t.Errorf("server c is %+v", s)
	}
}

func TestLocalIsNoServer(t *testing.T) {
	for what, file := range map[string]string{"SERVER_ID -1": oned(t, -1, twoServers), "no servers": oned(t, 0, "")} {
		if _, err := Local(t.Context(), file, one.Credentials{}); !errors.Is(err, ErrNoRaft) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Local(t.Context(), filepath.Join(t.TempDir(), "oned.conf"), one.Credentials{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no oned.conf: %v", err)
	}
	bad := oned(t, 0, `&lt;SERVER&gt;&lt;ID&gt;1&lt;/ID&gt;&lt;NAME&gt;a&lt;/NAME&gt;&lt;ENDPOINT&gt;ftp://a&lt;/ENDPOINT&gt;&lt;/SERVER&gt;`)
	if _, err := Local(t.Context(), bad, one.Credentials{}); err == nil || !strings.Contains(err.Error(), `endpoint of server 1, "ftp://a"`) {
		t.Errorf("an endpoint that is none: %v", err)
	}
}

// A server whose oned is silent keeps nobody waiting.
func TestLocalIsSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	file := filepath.Join(t.TempDir(), "oned.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, conf, port, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Local(ctx, file, one.Credentials{}); !errors.Is(err, one.ErrHung) {
		t.Errorf("got %v", err)
	}
}

func TestHookVIPs(t *testing.T) {
	for arguments, want := range map[string]string{
		"leader eth0 10.0.0.1/24": "[{10.0.0.1/24 eth0}]",
		"-n /usr/bin/oneha raft hook leader eth0 10.0.0.1/24 eth1 fd::1/8": "[{10.0.0.1/24 eth0} {fd::1/8 eth1}]",
		"follower eth0 10.0.0.1/24":                                        "[]",
		"leader eth0 10.0.0.1":                                             "[]",
		"leader eth0":                                                      "[]",
		"leader":                                                           "[]",
		"":                                                                 "[]",
	} {
		if got := fmt.Sprint(hookVIPs(arguments)); got != want {
			t.Errorf("%q: %s, want %s", arguments, got, want)
		}
	}
}

func TestDefaultsOfOned(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "1.5s 500ms 0",
		"RAFT = [ LOG_RETENTION = 7 ]": "0s 0s 7", // what is missing is what happens to be in memory: unknown
		"RAFT = [ ELECTION_TIMEOUT_MS = 2500, BROADCAST_TIMEOUT_MS = x ]": "2.5s 0s 0",
	} {
		z := parse("oned.conf", []byte(text))
		if got := fmt.Sprint(z.Election, z.Heartbeat, z.Rest.LogRetention); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if z := parse("oned.conf", []byte(`FEDERATION = [ MODE = "SLAVE", ZONE_ID = 100 ]`)); z.ID != 100 {
		t.Errorf("zone %d of a federation", z.ID)
	}
}

func TestOf(t *testing.T) {
	d := spec.Zone{ID: 0, Port: 2700, Servers: []spec.ZoneServer{
		{Name: "b", ID: 1, Addr: netip.MustParseAddr("10.0.0.2"), Endpoint: "http://10.0.0.2:2633/RPC2"},
		{Name: "a", ID: 0, Addr: netip.MustParseAddr("10.0.0.1"), Endpoint: "http://front-a:2633/RPC2"},
	}}
	z, err := Of(d, one.Credentials{})
	if err != nil || !z.Described || !z.Guarded || z.GuardPort != 2700 || z.Here != -1 || fmt.Sprint(z.Names()) != "[a b]" {
		t.Errorf("%+v, %v", z, err)
	}
	if host := z.Servers[0].Host(); host != "10.0.0.1" {
		t.Errorf("a is reached at %s, not at its address", host)
	}
	_, network, _ := net.ParseCIDR("10.0.0.0/24")
	z.Locate([]net.Addr{&net.IPNet{IP: net.IPv4(127, 0, 0, 1), Mask: net.CIDRMask(8, 32)}, network, &net.IPNet{IP: net.IPv4(10, 0, 0, 2), Mask: net.CIDRMask(24, 32)}})
	if z.Here != 1 {
		t.Errorf("this machine is server %d", z.Here)
	}
}
