package vip

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// Holding is one place where the address is configured on this node.
type Holding struct {
	Prefix    netip.Prefix // the address with the prefix length it has there
	Link      Link
	Label     string
	Tentative bool // IPv6: duplicate detection has not finished, the kernel does not use it yet
	Duplicate bool // IPv6: duplicate detection found another owner

	kernel kernelAddr // as the kernel showed it, for taking it away
}

// Held is every place where an address is configured, in the order of the
// interfaces' numbers. IPv4 allows several, even on one interface.
type Held []Holding

// deprecated is IFA_F_DEPRECATED (linux/if_addr.h).
const deprecated = unix.IFA_F_DEPRECATED

// holdingOf is an address on its link.
func holdingOf(a kernelAddr, link Link) Holding {
	return Holding{
		Prefix: a.Prefix,
		Link:   link,
		Label:  a.Label,
		// Optimistic addresses are used while detection runs (RFC 4429).
		Tentative: a.Flags&unix.IFA_F_TENTATIVE != 0 && a.Flags&unix.IFA_F_OPTIMISTIC == 0,
		Duplicate: a.Flags&unix.IFA_F_DADFAILED != 0,
		kernel:    a,
	}
}

// Usable reports whether the node answers for the address there.
func (h Holding) Usable() bool { return h.Why() == "" }

// Why says what keeps the address from being used there, "" if nothing does.
func (h Holding) Why() string {
	switch {
	case h.Duplicate:
		return fmt.Sprintf("%s on %s is a duplicate: another machine on the network has the address", h.Prefix.Addr(), h.Link.Name)
	case !h.Link.Operational:
		return fmt.Sprintf("%s is on %s, but %s", h.Prefix, h.Link.Name, h.Link.fault())
	case h.Tentative:
		return fmt.Sprintf("%s on %s is tentative: duplicate detection has not finished", h.Prefix, h.Link.Name)
	}
	return ""
}

// rests reports whether the address is where a real server of a load balancer has
// it while it is not the director: it takes packets, but nobody is told.
func (h Holding) rests() bool { return h.Link.Loopback && h.Prefix.IsSingleIP() }

// String returns the place as "10.0.0.9/24 on eth0".
func (h Holding) String() string { return fmt.Sprintf("%s on %s", h.Prefix, h.Link.Name) }

// String lists the places.
func (hs Held) String() string {
	all := make([]string, len(hs))
	for i, h := range hs {
		all[i] = h.String()
	}
	return strings.Join(all, ", ")
}

// awake returns the places where the address does not rest.
func (hs Held) awake() Held {
	var out Held
	for _, h := range hs {
		if !h.rests() {
			out = append(out, h)
		}
	}
	return out
}

// Serving returns the place where the address serves as it was asked for; why is
// "" then, else it says what keeps it from serving. An interface or prefix length
// that was not asked for may be any, except that nobody outside reaches an
// address on the loopback interface.
func (hs Held) Serving(want Address) (place Holding, why string) {
	if len(hs) == 0 {
		return Holding{}, want.IP.String() + " is on no interface"
	}
	var whys []string
	for _, h := range hs {
		why := cmp.Or(h.misplaced(want), h.Why())
		if why == "" {
			return h, ""
		}
		whys = append(whys, why)
	}
	return Holding{}, strings.Join(whys, "; ")
}

// misplaced says how the place differs from what was asked for, "" if not.
func (h Holding) misplaced(want Address) string {
	switch {
	case want.Nic != "" && !h.Link.Is(want.Nic):
		return fmt.Sprintf("%s is on %s, not on %s", h.Prefix, h.Link.Name, want.Nic)
	case want.Nic == "" && h.Link.Loopback && !want.IP.IsLoopback():
		return fmt.Sprintf("%s is on %s, where nobody outside reaches it", h.Prefix, h.Link.Name)
	case want.Bits != 0 && h.Prefix.Bits() != want.Bits:
		return fmt.Sprintf("%s is on %s with another prefix length than %d", h.Prefix, h.Link.Name, want.Bits)
	}
	return ""
}
