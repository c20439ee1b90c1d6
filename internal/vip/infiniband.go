package vip

import (
	"fmt"
	"net"
)

// infinibandAddress is the length of a link-layer address of IP over InfiniBand:
// a byte that is reserved or holds flags (RFC 4755, section 5), the number of
// a queue pair in three, and a GID in sixteen (RFC 4391, section 9.1.1).
const infinibandAddress = 20

// infiniband returns the link layer of the IP-over-InfiniBand link that has this
// broadcast address. Unlike Ethernet's it differs from link to link, for the
// broadcast group's GID holds the scope and the partition of the link.
//
// The group of ff02::1 is made of the same scope and partition: the signature of
// IPv6 is 601b, where broadcast has IPv4's 401b, and the lower 80 bits are those
// of the IPv6 address (RFC 4391, section 4).
func infiniband(broadcast net.HardwareAddr) (linkLayer, error) {
	if len(broadcast) != infinibandAddress {
		return linkLayer{}, fmt.Errorf("broadcast address %s of an InfiniBand link has %d bytes, not %d", broadcast, len(broadcast), infinibandAddress)
	}
	group := allNodes.As16()
	all := make(net.HardwareAddr, 0, infinibandAddress)
	all = append(all, broadcast[:6]...) // queue pair of multicast, ff1<scope>
	all = append(all, 0x60, 0x1b)
	all = append(all, broadcast[8:10]...) // partition
	all = append(all, group[6:]...)
	return linkLayer{
		hardwareType: 32, // RFC 4391, section 9.2
		broadcast:    broadcast,
		allNodes:     all,
		optionPad:    2, // RFC 4391, section 9.3
	}, nil
}
