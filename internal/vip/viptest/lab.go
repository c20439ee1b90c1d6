// Package viptest makes networks for tests: two namespaces, the node under test
// and a peer that watches it, joined by pairs of virtual Ethernet interfaces.
// Nothing is done in the namespace of the caller, and all of it is gone when the
// test ends, for the namespaces have no names.
package viptest

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Hardware addresses of the first pair.
var (
	NodeMAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	PeerMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// Lab is the two namespaces. The first pair is n0 on the node and p0 on the
// peer, both up, without IPv4 addresses.
type Lab struct {
	Node, Peer *Namespace
}

// Namespace is one network namespace.
type Namespace struct {
	t  *testing.T
	ns netns.NsHandle
}

// New makes a lab. Without the privileges for it the test is skipped, or fails
// where the environment has CI=true.
func New(t *testing.T) *Lab {
	t.Helper()
	l := &Lab{Node: newNamespace(t), Peer: newNamespace(t)}
	l.Pair(0, NodeMAC, PeerMAC)
	return l
}

// newNamespace makes a namespace whose loopback interface is up.
func newNamespace(t *testing.T) *Namespace {
	t.Helper()
	n := &Namespace{t: t}
	err := apart(func() (err error) {
		n.ns, err = netns.New()
		return err
	})
	if errors.Is(err, unix.EPERM) {
		if os.Getenv("CI") == "true" {
			t.Fatal("network namespaces need root: run the tests as root")
		}
		t.Skip("network namespaces need root")
	}
	if err != nil {
		t.Fatalf("make network namespace: %v", err)
	}
	t.Cleanup(func() { _ = n.ns.Close() })
	n.Up("lo")
	return n
}

// apart runs fn on a thread that may change its namespace.
func apart(fn func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		return err
	}
	defer func() {
		if netns.Set(home) == nil {
			runtime.UnlockOSThread() // else the thread ends with the goroutine
		}
		_ = home.Close()
	}()
	return fn()
}

// Do runs fn in the namespace. fn must not start goroutines that use the network.
func (n *Namespace) Do(fn func()) {
	n.t.Helper()
	n.must("enter network namespace", apart(func() error {
		if err := netns.Set(n.ns); err != nil {
			return err
		}
		fn()
		return nil
	}))
}

func (n *Namespace) must(what string, err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("%s: %v", what, err)
	}
}

// Pair joins n<i> on the node with p<i> on the peer and switches both on.
func (l *Lab) Pair(i int, node, peer net.HardwareAddr) {
	l.Node.t.Helper()
	digit := string(rune('0' + i))
	l.Node.Do(func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.HardwareAddr = "n"+digit, node
		l.Node.must("make veth pair", netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attrs, PeerName: "p" + digit, PeerHardwareAddr: peer, PeerNamespace: netlink.NsFd(l.Peer.ns),
		}))
	})
	l.Node.Up("n" + digit)
	l.Peer.Up("p" + digit)
}

// Bridge joins interfaces of the namespace to one network, by a bridge that is up.
func (n *Namespace) Bridge(name string, nics ...string) {
	n.t.Helper()
	n.Do(func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = name
		n.must("make bridge", netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}))
		for _, nic := range nics {
			n.must("put "+nic+" on the bridge", netlink.LinkSetMaster(n.link(nic), n.link(name)))
		}
	})
	n.Up(name)
}

// link returns the interface; the caller is in the namespace.
func (n *Namespace) link(nic string) netlink.Link {
	n.t.Helper()
	l, err := netlink.LinkByName(nic)
	n.must("find interface "+nic, err)
	return l
}

// Up switches the interface on.
func (n *Namespace) Up(nic string) {
	n.t.Helper()
	n.Do(func() { n.must("switch "+nic+" on", netlink.LinkSetUp(n.link(nic))) })
}

// Down switches the interface off.
func (n *Namespace) Down(nic string) {
	n.t.Helper()
	n.Do(func() { n.must("switch "+nic+" off", netlink.LinkSetDown(n.link(nic))) })
}

// Delete removes the interface.
func (n *Namespace) Delete(nic string) {
	n.t.Helper()
	n.Do(func() { n.must("delete "+nic, netlink.LinkDel(n.link(nic))) })
}

// Add adds an address such as "10.0.0.1/24 n0:label"; change, if given, changes
// it before. IPv6 addresses skip duplicate detection.
func (n *Namespace) Add(nic, address string, change ...func(*netlink.Addr)) {
	n.t.Helper()
	a, err := netlink.ParseAddr(address)
	n.must("parse address", err)
	if a.IP.To4() == nil {
		a.Flags |= unix.IFA_F_NODAD
	}
	for _, c := range change {
		c(a)
	}
	n.Do(func() { n.must("add "+address, netlink.AddrAdd(n.link(nic), a)) })
}

// Remove removes an address.
func (n *Namespace) Remove(nic, address string) {
	n.t.Helper()
	a, err := netlink.ParseAddr(address)
	n.must("parse address", err)
	n.Do(func() { n.must("remove "+address, netlink.AddrDel(n.link(nic), a)) })
}

// Set writes a setting under /proc/sys/net.
func (n *Namespace) Set(path, value string) {
	n.t.Helper()
	n.Do(func() { n.must("set "+path, os.WriteFile("/proc/sys/net/"+path, []byte(value), 0)) })
}

// Get reads a setting under /proc/sys/net, without the final newline.
func (n *Namespace) Get(path string) (value string) {
	n.t.Helper()
	n.Do(func() {
		b, err := os.ReadFile("/proc/sys/net/" + path)
		n.must("get "+path, err)
		value = string(b[:max(len(b)-1, 0)])
	})
	return value
}

// Addresses returns the addresses of the interface as "10.0.0.1/24 label",
// IPv6 ones without label; those the kernel made itself (link-local) are left out.
func (n *Namespace) Addresses(nic string) (list []string) {
	n.t.Helper()
	n.Do(func() {
		all, err := netlink.AddrList(n.link(nic), netlink.FAMILY_ALL)
		n.must("list addresses", err)
		for _, a := range all {
			if ip, _ := netip.AddrFromSlice(a.IP); !ip.Is6() || !ip.IsLinkLocalUnicast() {
				list = append(list, a.String())
			}
		}
	})
	return list
}
