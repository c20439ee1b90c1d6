package compare

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// usual is the network of every scenario: eth0 with an address of each family,
// eth1 without, and the other ends of their cables at a peer. The addresses that
// float are 192.0.2.9 and 2001:db8::9.
const usual = `
ip link set n0 down
ip link set n0 name eth0 up
ip addr add 192.0.2.10/24 brd + dev eth0
ip addr add 2001:db8::10/64 dev eth0 nodad
ip link set n1 down
ip link set n1 name eth1 up
`

// namespace is what scenarios call a named network namespace; every network
// has one of its own, since the name is one of the whole machine.
const namespace = "blue"

var networks atomic.Int64

// network is a fresh network for one call of an agent, or a few in a row.
type network struct {
	t      *testing.T
	node   *viptest.Namespace
	peer   *viptest.Namespace
	wire   *wire  // what the peer hears
	rundir string // in the place of /run/resource-agents
	blue   string // the real name of namespace
	named  bool   // there is one of that name
}

// newNetwork makes the usual network, changed by the scripts.
func newNetwork(t *testing.T, node, peer string) *network {
	t.Helper()
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	n := &network{t: t, node: l.Node, peer: l.Peer, blue: fmt.Sprint(namespace, networks.Add(1)), named: strings.Contains(node, namespace)}
	var err error
	if n.rundir, err = os.MkdirTemp("", "run"); err != nil {
		t.Fatal(err)
	}
	n.script(l.Peer, peer) // before the node's, which may wait for what it does
	n.script(l.Node, usual+node)
	n.wire = listen(t, l.Peer)
	return n
}

// script runs shell commands in a namespace and returns what they print.
func (n *network) script(where *viptest.Namespace, script string) string {
	n.t.Helper()
	if script == "" {
		return ""
	}
	var out []byte
	var err error
	where.Do(func() { out, err = exec.Command("sh", "-euc", n.real(script)).CombinedOutput() })
	if err != nil {
		n.t.Fatalf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

// real puts the real name of the named namespace into text, plain takes it out.
func (n *network) real(text string) string  { return strings.ReplaceAll(text, namespace, n.blue) }
func (n *network) plain(text string) string { return strings.ReplaceAll(text, n.blue, namespace) }
