package vip

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Burst is how often an announcement is repeated.
type Burst struct {
	Count    int           // announcements; IPv4 sends two packets for each
	Interval time.Duration // between two of them
}

// Announce tells the network of nic that the address is here now: by gratuitous
// ARP as a request and as a reply, or by an unsolicited neighbour advertisement.
// The first announcement is sent at once, the others at the interval while ctx
// lasts. It returns how many were sent; an error only if that is none. On a link
// that resolves no addresses (loopback, point to point) there is nothing to
// announce: 0 and no error.
func (h *Host) Announce(ctx context.Context, nic string, ip netip.Addr, b Burst) (sent int, err error) {
	link, err := h.linkNamed(nic)
	if err != nil {
		return 0, err
	}
	if link.Loopback || link.NoARP {
		return 0, nil
	}
	sent, err = announce(ctx, link, ip, b)
	if err != nil {
		return 0, fmt.Errorf("announce %s on %s: %w", ip, nic, err)
	}
	return sent, nil
}

func announce(ctx context.Context, link Link, ip netip.Addr, b Burst) (sent int, err error) {
	layer, err := linkLayerOf(link)
	if err != nil {
		return 0, err
	}
	router := ip.Is6() && sysctl(6, link.Name, "forwarding") == "1"
	packets := announcement(layer, link, ip, router)
	socket, err := openPacketSocket(link, 0)
	if err != nil {
		return 0, err
	}
	defer socket.close()

	for i := range b.Count {
		if i > 0 && pause(ctx, b.Interval) != nil {
			break
		}
		if sendErr := socket.send(packets...); sendErr != nil {
			err = sendErr // a full queue or a link that blinks: the next may pass
			continue
		}
		sent++
	}
	if sent > 0 {
		return sent, nil
	}
	return 0, err
}

// announcement returns the packets of one announcement. router says whether the
// node forwards IPv6.
func announcement(layer linkLayer, link Link, ip netip.Addr, router bool) []packet {
	if ip.Is4() {
		request := gratuitousARP(arpRequest, layer.hardwareType, link.HardwareAddr, ip)
		reply := gratuitousARP(arpReply, layer.hardwareType, link.HardwareAddr, ip)
		return []packet{
			{unix.ETH_P_ARP, layer.broadcast, request.bytes()},
			{unix.ETH_P_ARP, layer.broadcast, reply.bytes()},
		}
	}
	option := linkLayerOption(link.HardwareAddr, layer.optionPad)
	return []packet{{unix.ETH_P_IPV6, layer.allNodes, unsolicitedNA(option, ip, router)}}
}
