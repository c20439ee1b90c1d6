package agents

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// maxARPInterval keeps a slip of the keyboard from making a burst endless.
const maxARPInterval = time.Hour

// vipSettings are the parameters of the VIP in the terms of the mechanism.
type vipSettings struct {
	address    vip.Address
	burst      vip.Burst
	background bool // start sends the first announcement of the burst only
}

// vipFrom reads the parameters. Every error is Configured: it holds on all
// nodes. What depends on the node is judged by vipError.
func vipFrom(req *ocf.Request) (vipSettings, error) {
	var s vipSettings
	var err error
	if s.address.IP, err = parseIP(req.String("ip")); err != nil {
		return s, ocf.Configured("ip", err.Error())
	}
	s.address.Nic, s.address.Label = nicAndLabel(req)
	if strings.ContainsAny(s.address.Nic, "/ \t\n") {
		return s, ocf.Configured("nic", fmt.Sprintf("is not the name of an interface: %q", s.address.Nic))
	}
	if s.address.Nic == "" && isLinkLocal6(s.address.IP) {
		return s, ocf.Configured("nic", fmt.Sprintf("is needed for %s: a link-local address says nothing of its link", s.address.IP))
	}
	if s.address.Bits, err = parseNetmask(req.String("cidr_netmask"), s.address.IP.BitLen()); err != nil {
		return s, ocf.Configured("cidr_netmask", err.Error())
	}
	if s.address.Broadcast, err = vip.ParseBroadcast(req.String("broadcast")); err != nil {
		return s, ocf.Configured("broadcast", fmt.Sprintf("is neither an IPv4 address nor + nor -: %q", req.String("broadcast")))
	}
	if s.address.IP.Is6() && req.Set("broadcast") {
		return s, ocf.Configured("broadcast", "is set for an IPv6 address, which has none: remove it")
	}
	s.address.NoDAD = req.Bool("nodad")
	s.address.NoPrefixRoute = req.Bool("noprefixroute")
	s.background = req.Bool("arp_bg")
	s.burst, err = burstFrom(req)
	return s, err
}

// burstFrom reads the parameters of the announcements.
func burstFrom(req *ocf.Request) (vip.Burst, error) {
	count, err := req.Int("arp_count")
	if err != nil {
		return vip.Burst{}, err
	}
	if count < 1 {
		return vip.Burst{}, ocf.Configured("arp_count", fmt.Sprintf("is not a number from 1: %d", count))
	}
	ms, err := req.Int("arp_interval")
	if err != nil {
		return vip.Burst{}, err
	}
	if ms < 1 || ms > int(maxARPInterval.Milliseconds()) {
		return vip.Burst{}, ocf.Configured("arp_interval", fmt.Sprintf("is not a number of milliseconds from 1 to %d: %d", maxARPInterval.Milliseconds(), ms))
	}
	return vip.Burst{Count: count, Interval: time.Duration(ms) * time.Millisecond}, nil
}

// parseIP reads an address that can float. Errors complete "parameter ip ...".
func parseIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil && strings.Contains(text, "/"):
		return ip, fmt.Errorf("is not an IP address: %q; the prefix length goes into cidr_netmask", text)
	case err != nil:
		return ip, fmt.Errorf("is not an IP address: %q", text)
	case ip.Zone() != "":
		return ip, fmt.Errorf("has a zone: %q; the interface goes into nic", text)
	case ip.Is4In6():
		return ip, fmt.Errorf("is an IPv4 address in IPv6 notation: %q; write %s", text, ip.Unmap())
	case ip.IsUnspecified(), ip.IsMulticast(), ip.Is4() && (ip.As4()[0] == 0 || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255})):
		return ip, fmt.Errorf("is not the address of one machine: %q", text)
	}
	return ip, nil
}

// isLinkLocal6 reports whether the address means another one on every link.
func isLinkLocal6(ip netip.Addr) bool { return ip.Is6() && ip.IsLinkLocalUnicast() }

// nicAndLabel splits the deprecated form eth0:label of nic, whose label wins
// over iflabel, as in IPaddr2.
func nicAndLabel(req *ocf.Request) (nic, label string) {
	if nic, label, found := strings.Cut(req.String("nic"), ":"); found {
		return nic, label
	}
	return req.String("nic"), req.String("iflabel")
}

// parseNetmask reads a prefix length from 1 to max, or for IPv4 a netmask; ""
// is 0, to be inferred. Errors complete "parameter cidr_netmask ...".
func parseNetmask(text string, max int) (bits int, err error) {
	if text == "" {
		return 0, nil
	}
	mask, err := netip.ParseAddr(text)
	if err == nil && mask.Is4() && max == 32 {
		bits, _ = net.IPMask(mask.AsSlice()).Size() // 0 for a mask with gaps
	} else if bits, err = strconv.Atoi(text); err != nil {
		bits = 0
	}
	if bits < 1 || bits > max {
		return 0, fmt.Errorf("is not a prefix length from 1 to %d: %q", max, text)
	}
	return bits, nil
}
