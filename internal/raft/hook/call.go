package hook

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/oneha/oneha/internal/raft/floating"
)

// Roles, the first word of a call.
const (
	Leader   = "leader"
	Follower = "follower"
)

// Call is what oned wants: the words of ARGUMENTS in RAFT_LEADER_HOOK or
// RAFT_FOLLOWER_HOOK, in the form of OpenNebula's own hook, vip.sh.
type Call struct {
	Role      string
	Addresses []floating.Address // none where a load balancer stands in front of the zone
}

// usage ends the errors about words that are missing.
const usage = "want leader|follower [NIC ADDRESS/BITS ...]"

// Parse reads the words of a call: a role, then pairs of an interface and an address
// with its prefix length. Nothing else is taken: what oned's administrator got wrong
// has to show in oned's log.
func Parse(words []string) (Call, error) {
	if len(words) == 0 {
		return Call{}, errors.New("no role given: " + usage)
	}
	c := Call{Role: words[0]}
	if c.Role != Leader && c.Role != Follower {
		return Call{}, fmt.Errorf("argument 1: unknown role %q: %s", c.Role, usage)
	}
	pairs := words[1:]
	if len(pairs)%2 != 0 {
		return Call{}, fmt.Errorf("argument %d, %q, is alone: an interface and its address come in pairs: %s", len(words), pairs[len(pairs)-1], usage)
	}
	for i := 0; i < len(pairs); i += 2 {
		nic, cidr := pairs[i], pairs[i+1]
		if why := badNIC(nic); why != "" {
			return Call{}, fmt.Errorf("argument %d: %q %s", i+2, nic, why)
		}
		p, why := readAddress(cidr)
		if why != "" {
			return Call{}, fmt.Errorf("argument %d: %q %s", i+3, cidr, why)
		}
		for j, before := range c.Addresses {
			if before.Prefix.Addr() == p.Addr() {
				return Call{}, fmt.Errorf("argument %d: %s is given twice, first in argument %d", i+3, p.Addr(), 2*j+3)
			}
		}
		c.Addresses = append(c.Addresses, floating.Address{Prefix: p, NIC: nic})
	}
	return c, nil
}

// maxNIC is the longest alternative name of an interface, ALTIFNAMSIZ without the
// final zero byte (linux/if.h).
const maxNIC = 127

// badNIC says why a word is no name of an interface, "" if it is one. The kernel
// takes no others (dev_valid_name in net/core/dev.c).
func badNIC(name string) string {
	switch {
	case strings.HasPrefix(name, "-"):
		return "is no interface; options stand before the role"
	case name == "" || len(name) > maxNIC || name == "." || name == "..",
		strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '/' || r == ':' || r >= 0x7f }):
		return "is no name of an interface"
	}
	return ""
}

// readAddress reads an address with its prefix length that a server can have. The
// reason why not completes a sentence that begins with the word.
func readAddress(cidr string) (netip.Prefix, string) {
	const form = "such as 10.0.0.9/24 or fd00::9/64"
	p, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil && strings.Contains(cidr, "/"):
		return p, "is no address with a prefix length, " + form
	case err != nil:
		return p, "has no prefix length: want an address " + form
	case p.Addr().Is4In6():
		return p, "is an IPv4 address in the notation of IPv6: write " + p.Addr().Unmap().String()
	case p.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1}), p.Addr() == netip.IPv6Loopback():
		return p, "is every server's own, and a follower would lose it"
	case p.Addr().IsUnspecified(), p.Addr().IsMulticast(), p.Bits() == 0:
		return p, "is no address that one server can have"
	}
	if hosts := p.Addr().BitLen() - p.Bits(); hosts > 1 {
		if p.Addr() == p.Masked().Addr() {
			return p, "is the address of a network: want that of a server in it, " + form
		}
		if p.Addr().Is4() && isBroadcast(p) {
			return p, "is the broadcast address of its network"
		}
	}
	return p, ""
}

// isBroadcast reports whether all bits of the host are set.
func isBroadcast(p netip.Prefix) bool {
	b := p.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	hosts := uint32(1)<<(32-p.Bits()) - 1
	return n&hosts == hosts
}
