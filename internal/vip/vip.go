// Package vip keeps a floating IP address: it finds where the address is, adds
// it, announces it to the network and takes it away again, over netlink and
// packet sockets, without starting a process.
//
// The package knows nothing of who asks. Its contract is level-triggered: every
// function looks at what is, changes only what differs from what was asked, and
// looks again before it claims anything. Looking never changes anything, and
// "gone" is only said of an address that a complete dump did not show.
//
// Everything happens in the network namespace of the calling thread. A caller
// that switches namespaces locks its goroutine to the thread before Open and
// keeps it locked until Close.
package vip

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Address is a floating IP as it was asked for. What is left empty is inferred
// by Resolve.
type Address struct {
	IP            netip.Addr // without a zone
	Nic           string     // interface name or alternative name; "": from the routes
	Bits          int        // prefix length; 0: from the routes
	Broadcast     Broadcast  // IPv4 only
	Label         string     // what follows "<nic>:" in the address's label; IPv4 only, "": none
	NoDAD         bool       // skip duplicate address detection; IPv6 only
	NoPrefixRoute bool       // the kernel makes no route for the prefix
}

// Errors that say whose fault it is. They are wrapped with the details.
var (
	// ErrNoNic: the interface that was asked for is not on this node.
	ErrNoNic = errors.New("no such interface on this node")
	// ErrNoRoute: no connected route says where the address belongs.
	ErrNoRoute = errors.New("no connected route contains the address")
	// ErrAmbiguous: several interfaces are equally good places.
	ErrAmbiguous = errors.New("several interfaces lead to the address equally well")
	// ErrLabel: interface name and label together are too long for the kernel.
	ErrLabel = errors.New("label is too long")
	// ErrLinkDown: the interface passes no packets.
	ErrLinkDown = errors.New("link is down")
	// ErrDuplicate: another machine on the network has the address.
	ErrDuplicate = errors.New("another machine has the address")
	// ErrStillThere: the address could not be removed.
	ErrStillThere = errors.New("the address is still there")
	// ErrLost: the address is gone, but the kernel dropped another one with it,
	// which could not be put back.
	ErrLost = errors.New("lost another address with it")
)

// netlinkTimeout bounds one netlink request; the kernel answers in microseconds
// unless something holds its routing lock.
const netlinkTimeout = 5 * time.Second

// Host is the network of this node, more exactly of the network namespace in
// which Open was called. It is used by one goroutine at a time.
type Host struct {
	nl *netlink.Handle
}

// Open connects to the kernel.
func Open() (*Host, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	if err := nl.SetSocketTimeout(netlinkTimeout); err != nil {
		nl.Close()
		return nil, fmt.Errorf("set netlink timeout: %w", err)
	}
	return &Host{nl: nl}, nil
}

// Close releases the connection.
func (h *Host) Close() { h.nl.Close() }

// family is the address family of ip as netlink numbers it.
func family(ip netip.Addr) int {
	if ip.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
