package vip

import (
	"fmt"
	"net"
)

// linkLayer is what address resolution has to know of a kind of link.
type linkLayer struct {
	hardwareType uint16           // in ARP packets (RFC 826)
	broadcast    net.HardwareAddr // everybody on the link
	allNodes     net.HardwareAddr // those who listen to ff02::1, which is everybody with IPv6
	optionPad    int              // zero bytes before the address in an option of neighbour discovery
}

// ethernet is the link layer of Ethernet and of what looks like it: VLANs,
// bonds, bridges, virtual interfaces. The all-nodes address is that of RFC 2464,
// section 7.
var ethernet = linkLayer{
	hardwareType: 1,
	broadcast:    net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	allNodes:     net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1},
}

// linkLayerOf returns the link layer of an interface.
func linkLayerOf(link Link) (linkLayer, error) {
	switch {
	case link.Type == "ether" && len(link.HardwareAddr) == len(ethernet.broadcast):
		return ethernet, nil
	case link.Type == "infiniband" && len(link.HardwareAddr) == infinibandAddress:
		return infiniband(link.BroadcastAddr)
	}
	return linkLayer{}, fmt.Errorf("address resolution on links of type %s is not supported", link.Type)
}
