package zone

import (
	"fmt"
	"os"
	"testing"

	"github.com/oneha/oneha/internal/one"
)

// An oned.conf in any state gives a zone whose figures can be used.
func FuzzOnedConf(f *testing.F) {
	f.Add(fmt.Appendf(nil, conf, "2633", 1))
	for _, release := range []string{"5.4", "6.10", "7.4"} {
		text, err := os.ReadFile("../../one/testdata/etc/" + release + "/oned.conf")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`RAFT = [ ELECTION_TIMEOUT_MS = 9223372036854775807, LOG_PURGE_TIMEOUT = 9223372036854775807 ] RAFT_LEADER_HOOK = [ ARGUMENTS = "leader eth0 10.0.0.9/24 eth1" ]`))
	f.Add([]byte(`FEDERATION = [ ZONE_ID = -5 ]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		z := parse("oned.conf", text)
		if z.ID < 0 || z.Election < 0 || z.Heartbeat < 0 || z.Rest.LogPurge < 0 || z.Rest.XMLRPC < 0 || z.Rest.LimitPurge < 0 || z.Rest.LogRetention < 0 || z.Here != -1 {
			t.Errorf("%q is %+v", text, z)
		}
		for _, v := range z.VIPs {
			if !v.Address.IsValid() || v.NIC == "" {
				t.Errorf("%q has the address %+v", text, v)
			}
		}
	})
}

// A server as a zone lists it: its port is one, and its address that of the endpoint.
func FuzzNewServer(f *testing.F) {
	for _, url := range []string{"http://10.0.0.1:2633/RPC2", "http://one-server1/RPC2", "http://[2001:db8::1]:2633/RPC2", "http://[fe80::1%25eth0]:2633/", "https://10.0.0.1/", "http://:2633/", "10.0.0.1:2633", ""} {
		f.Add(1, "one-server1", url)
	}
	f.Fuzz(func(t *testing.T, id int, name, url string) {
		s, err := NewServer(id, name, url)
		if s.Name == "" || s.URL != url || s.ID != id {
			t.Errorf("%d, %q at %q is %+v", id, name, url, s)
		}
		if (err == nil) == (s.Endpoint == one.Endpoint{}) {
			t.Errorf("%q is %+v, %v", url, s, err)
		}
		if err == nil && s.Port() == "" {
			t.Errorf("%q has no port", url)
		}
		z, _ := From(one.Zone{ID: 1, Servers: []one.ZoneServer{{ID: id, Name: name, Endpoint: url}, {ID: 0, Name: "x", Endpoint: url}}}, one.Credentials{})
		if len(z.Servers) != 2 || z.Servers[0].ID > z.Servers[1].ID {
			t.Errorf("servers %+v", z.Servers)
		}
	})
}
