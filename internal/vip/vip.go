// Package vip keeps a floating IP address: it finds where the address is, adds
// it, announces it to the network and takes it away again, over netlink and
// packet sockets, without starting a process.
//
// The package knows nothing of who asks. Its contract is level-triggered: every
// function looks at what is, changes only what differs from what was asked, and
// looks again before it claims anything. Looking never changes anything, and
// "gone" is only said of an address that a complete dump did not show.
//
// Everything happens in one network namespace, that of Open's calling thread or
// the one that OpenIn was told.
package vip

import (
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Address is a floating IP as it was asked for. What is left empty is inferred
// by Resolve.
type Address struct {
	IP            netip.Addr // without a zone
	Nic           string     // interface name or alternative name; "": from the routes
	Bits          int        // prefix length; 0: from the routes
	Protocol      Protocol   // of the routes that Nic and Bits are inferred from
	Broadcast     Broadcast  // IPv4 only
	Label         string     // what follows "<nic>:" in the address's label; IPv4 only, "": none
	Preferred     Lifetime   // how long the kernel may choose it as a source address
	Detect        bool       // ask the network for another owner before adding it; IPv4 only
	NoDAD         bool       // skip duplicate address detection; IPv6 only
	NoPrefixRoute bool       // the kernel makes no route for the prefix
	Resting       bool       // on the loopback interface with all prefix bits it rests: it is not held there
}

// Errors that say whose fault it is. They are wrapped with the details.
var (
	// ErrNoNamespace: the network namespace that was asked for is not on this node.
	ErrNoNamespace = errors.New("no such network namespace on this node")
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
	// ErrDuplicate: another machine on the network has the address; see
	// DuplicateError.
	ErrDuplicate = errors.New("another machine has the address")
	// ErrStillThere: the address could not be removed.
	ErrStillThere = errors.New("the address is still there")
	// ErrLost: the address is gone, but the kernel dropped another one with it,
	// which could not be put back.
	ErrLost = errors.New("lost another address with it")
)

// Host is the network of this node, more exactly one network namespace of it. It
// is used by one goroutine at a time.
type Host struct {
	sockets sockets
	opened  *netlink.Handle // nil until it is needed, see handle
	leave   func()          // goes back to the namespace of before
}

// Open connects to the kernel, in the network namespace of the calling thread. A
// caller that switches namespaces locks its goroutine to the thread before and
// keeps it locked until Close.
func Open() (*Host, error) {
	sockets, err := openSockets()
	if err != nil {
		return nil, err
	}
	return &Host{sockets: sockets, leave: func() {}}, nil
}

// Close releases the sockets and leaves the namespace that OpenIn entered.
func (h *Host) Close() {
	h.sockets.close()
	if h.opened != nil {
		h.opened.Close()
	}
	h.leave()
}

// IsLinkLocal reports whether the address means another one on every link
// (RFC 4291, section 2.5.6), so that it says nothing without its interface.
func IsLinkLocal(ip netip.Addr) bool { return ip.Is6() && ip.IsLinkLocalUnicast() }
