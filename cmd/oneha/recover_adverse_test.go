package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeone"
)

// What others named, and what oned says of it, does not steer the terminal, nor look like
// a line of its own.
func TestRecoverHostileNames(t *testing.T) {
	cloud, flags := afterFailover(t)
	began := time.Now().Add(-3 * time.Hour).Unix()
	const name = "x\u009b2J\u202e\n99 root: oned was told delete"
	cloud.Add(fakeone.VM{ID: 12, Name: name, State: 3, LCM: 2, Host: 1, Begin: began})
	cloud.Break("one.vm.recover", func(n int) fakeone.Fault {
		if n == 2 {
			return fakeone.Fault{Code: 0x800, Message: "not\u009b2J\nso"}
		}
		return fakeone.Fault{}
	})
	_, out, errs := typed(flags, "oneha recover --ssh --apply --yes")
	for _, text := range []string{out, errs} {
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
			t.Errorf("%q", text[i:])
		}
		if strings.Contains(text, "\n99 root") || strings.Contains(text, "\nso") {
			t.Errorf("%s", text)
		}
	}
	if !strings.Contains(errs, "12 x") || !strings.Contains(errs, "not 2J so") {
		t.Error(errs)
	}
}

// The scripts of the oned that is asked work on its machine, which is not this one when it
// is asked from a follower at the floating IP, or from a desk.
func TestRecoverFrontEnds(t *testing.T) {
	servers := []one.ZoneServer{{ID: 0, Endpoint: "http://10.0.0.1:2633/RPC2"}, {ID: 1, Endpoint: "http://10.0.0.2:2633/RPC2"}, {ID: 2, Endpoint: "http://front3:2633/RPC2"}}
	alone := func(endpoint string) []one.ZoneServer { return []one.ZoneServer{{Endpoint: endpoint}} }
	for name, c := range map[string]struct {
		host      string
		addresses []string
		asked     string
		servers   []one.ZoneServer
		want      string
	}{
		"on the leader":                 {"front1", []string{"10.0.0.1/24"}, "localhost", servers, "10.0.0.2 front3"},
		"on the leader, at the VIP":     {"front1", []string{"10.0.0.1/24", "10.0.0.100/32"}, "10.0.0.100", servers, "10.0.0.2 front3"},
		"on a follower, at the VIP":     {"front2", []string{"10.0.0.2/24"}, "10.0.0.100", servers, "10.0.0.1 front3"},
		"on a follower that has a name": {"front3", nil, "10.0.0.100", servers, "10.0.0.1 10.0.0.2"},
		"at a desk":                     {"desk", []string{"10.0.0.9/24"}, "10.0.0.100", servers, "10.0.0.1 10.0.0.2 front3"},
		"no zone":                       {"front1", nil, "127.0.0.1", alone("http://127.0.0.1:2633/RPC2"), ""},
		"no zone, at a desk":            {"desk", nil, "10.0.0.1", alone("http://10.0.0.1:2633/RPC2"), "10.0.0.1"},
	} {
		here := tool{root: fstest.MapFS{"proc/sys/kernel/hostname": {Data: []byte(c.host + "\n")}}, addresses: func() (list []net.Addr, err error) {
			for _, text := range c.addresses {
				ip, prefix, err := net.ParseCIDR(text)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, &net.IPNet{IP: ip, Mask: prefix.Mask})
			}
			return list, nil
		}}
		if got := here.elsewhere(c.asked, 0, c.servers); fmt.Sprint(got) != fmt.Sprint(strings.Fields(c.want)) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// typing is a person who types while something happens to the cloud.
type typing struct {
	*strings.Reader
	meanwhile func()
}

func (p *typing) Read(b []byte) (int, error) {
	if p.meanwhile != nil {
		p.meanwhile()
		p.meanwhile = nil
	}
	return p.Reader.Read(b)
}

// What a person agrees to is an answer in a state: not the same answer in another one.
func TestRecoverStateChangedWhileAsked(t *testing.T) {
	cloud, flags := afterFailover(t)
	var stdout, stderr bytes.Buffer
	began := time.Now().Add(-3 * time.Hour).Unix()
	tl := newTool(&typing{strings.NewReader("yes\n"), func() {
		cloud.Add(fakeone.VM{ID: 12, Name: "web-1", State: 3, LCM: 17, Host: 1, Begin: began})
	}}, &stdout, &stderr)
	tl.asks = true
	tl.run(t.Context(), append([]string{"oneha", "recover", "--ssh", "--apply"}, flags...))
	for _, call := range cloud.Calls("one.vm.recover") {
		if call.Args[0] == "12" {
			t.Errorf("%v\n%s", call.Args, &stderr)
		}
	}
	if !strings.Contains(stdout.String(), "it changed while") || len(cloud.Calls("one.vm.recover")) != 2 {
		t.Errorf("%s", &stdout)
	}
}
