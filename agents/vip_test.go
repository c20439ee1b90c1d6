package agents

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
	"github.com/oneha/oneha/ocf"
)

// vars are environment variables of a call; names without capitals are
// parameters.
type vars map[string]string

// outcome is what Pacemaker sees of a call.
type outcome struct {
	Code   ocf.Code
	Reason string // the exit reason
}

// recurring makes a monitor a recurring one of every ten seconds.
var recurring = vars{"OCF_RESKEY_CRM_meta_interval": "10000"}

// with returns the union of the variables, the last one winning.
func (v vars) with(others ...vars) vars {
	out := vars{}
	for _, m := range append([]vars{v}, others...) {
		for name, value := range m {
			out[name] = value
		}
	}
	return out
}

// runVIP performs one call of the agent on the node.
func runVIP(node *viptest.Namespace, action string, v vars) (o outcome) {
	node.Do(func() { o = callVIP(action, v) })
	return o
}

// callVIP performs one call of the agent in the network namespace of the thread.
func callVIP(action string, v vars) outcome { return callAgent(VIP, action, v) }

func callAgent(a ocf.Agent, action string, v vars) (o outcome) {
	var stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o.Code = ocf.Run(ctx, a, ocf.Env{
		Args: []string{action},
		Lookup: func(name string) (string, bool) {
			if value, ok := v[name]; ok {
				return value, true
			}
			value, ok := v[strings.TrimPrefix(name, "OCF_RESKEY_")]
			return value, ok && strings.HasPrefix(name, "OCF_RESKEY_")
		},
		Stderr: &stderr,
	})
	for line := range strings.Lines(stderr.String()) {
		if reason, ok := strings.CutPrefix(line, "ocf-exit-reason:"); ok {
			o.Reason = strings.TrimSpace(reason)
		}
	}
	return o
}

// vipLab is a node with 10.77.0.1/24 and 2001:db8:77::1/64 on n0.
func vipLab(t *testing.T) *viptest.Lab {
	t.Helper()
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	l.Node.Add("n0", "2001:db8:77::1/64")
	return l
}

// expect performs a call and judges its code.
func expect(t *testing.T, node *viptest.Namespace, action string, v vars, want ocf.Code) outcome {
	t.Helper()
	got := runVIP(node, action, v)
	if got.Code != want {
		t.Errorf("%s %v: exit %d (%s), want %d", action, v, got.Code, got.Reason, want)
	}
	return got
}

func TestVIPDeclaration(t *testing.T) {
	if err := VIP.Check(); err != nil {
		t.Error(err)
	}
}

// The life of an address as ocf-tester and Pacemaker go through it.
func TestVIPLife(t *testing.T) {
	l := vipLab(t)
	for _, v := range []vars{
		{"ip": "10.77.0.100", "arp_count": "1"},
		{"ip": "10.77.0.100", "nic": "n0:vip", "netmask": "255.255.255.0", "broadcast": "+", "arp_count": "1"},
		{"ip": "2001:DB8:77:0::100", "nodad": "true", "arp_count": "1"},
	} {
		before := l.Node.Addresses("n0")
		expect(t, l.Node, "validate-all", v, 0)
		expect(t, l.Node, "monitor", v, 7)
		expect(t, l.Node, "monitor", v.with(recurring), 7)
		expect(t, l.Node, "stop", v, 0)
		expect(t, l.Node, "start", v, 0)
		started := l.Node.Addresses("n0")
		if len(started) != len(before)+1 {
			t.Errorf("after start: %q", started)
		}
		expect(t, l.Node, "monitor", v, 0)
		expect(t, l.Node, "monitor", v.with(recurring), 0)
		expect(t, l.Node, "start", v, 0)
		if diff := cmp.Diff(started, l.Node.Addresses("n0")); diff != "" {
			t.Errorf("second start (-before +after):\n%s", diff)
		}
		expect(t, l.Node, "stop", v, 0)
		expect(t, l.Node, "monitor", v, 7)
		expect(t, l.Node, "stop", v, 0)
		if diff := cmp.Diff(before, l.Node.Addresses("n0")); diff != "" {
			t.Errorf("after stop (-before +after):\n%s", diff)
		}
	}
}

// A duplicate that IPv6 detection finds: start fails and leaves nothing.
func TestVIPDuplicateIPv6(t *testing.T) {
	l := vipLab(t)
	l.Peer.Add("p0", "2001:db8:77::100/64")
	v := vars{"ip": "2001:db8:77::100"}
	got := expect(t, l.Node, "start", v, 1)
	if !strings.Contains(got.Reason, "another machine has the address") {
		t.Errorf("reason %q", got.Reason)
	}
	expect(t, l.Node, "monitor", v, 7)
}

// A probe and a validation change no address and send nothing.
func TestVIPProbeIsSilent(t *testing.T) {
	l := vipLab(t)
	capture := l.Peer.Capture("p0")
	var before, after []netlink.Addr
	list := func(out *[]netlink.Addr) {
		l.Node.Do(func() {
			var err error
			if *out, err = netlink.AddrList(nil, netlink.FAMILY_V4); err != nil {
				t.Fatal(err)
			}
		})
	}
	l.Node.Add("n0", "10.77.0.100/24")
	list(&before)
	for _, ip := range []string{"10.77.0.100", "10.77.0.101", "2001:db8:77::100"} {
		runVIP(l.Node, "monitor", vars{"ip": ip, "nic": "n0"})
		runVIP(l.Node, "validate-all", vars{"ip": ip, "nic": "n0"})
	}
	list(&after)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a probe changed addresses (-before +after):\n%s", diff)
	}
	quiet := func(frame []byte) bool { return viptest.IsARP(frame) || viptest.IsNA(frame) }
	for _, f := range capture.Next(1, 100*time.Millisecond, quiet) {
		t.Errorf("a probe sent %s", hex.EncodeToString(f.Bytes))
	}
}
