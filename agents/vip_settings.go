package agents

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

const (
	// maxARPInterval keeps a slip of the keyboard from making a burst endless.
	maxARPInterval = time.Hour
	// maxLabelValue is the greatest label of the kernel's policy table.
	maxLabelValue = math.MaxUint32 - 1
)

// arpSenders are the programs that IPaddr2 can announce with.
var arpSenders = []string{"", "send_arp", "ipoibarping", "iputils_arping", "libnet_arping"}

// vipSettings are the parameters of the VIP in the terms of the mechanism.
type vipSettings struct {
	address    vip.Address
	namespace  string
	burst      vip.Burst
	refresh    int  // announcements of each recurring monitor
	background bool // start sends the first announcement of the burst only
}

// vipFrom reads the parameters. Every error is Configured: it holds on all
// nodes. What depends on the node is judged by vipError.
func vipFrom(req *ocf.Request) (vipSettings, error) {
	var s vipSettings
	var err error
	if s.address.IP, err = ipOf(req); err != nil {
		return s, ocf.Configured("ip", err.Error())
	}
	for _, check := range []func(*ocf.Request, netip.Addr) error{checkClone, checkLVS, checkSender, checkNamespace} {
		if err := check(req, s.address.IP); err != nil {
			return s, err
		}
	}
	if err := s.readAddress(req); err != nil {
		return s, err
	}
	s.namespace = req.String("network_namespace")
	return s, s.readBurst(req)
}

// readAddress reads what the address is to be, but for the IP itself.
func (s *vipSettings) readAddress(req *ocf.Request) (err error) {
	a := &s.address
	a.Nic, a.Label = nicAndLabel(req)
	if strings.ContainsAny(a.Nic, "/ \t\n") {
		return ocf.Configured("nic", fmt.Sprintf("is not the name of an interface: %q", a.Nic))
	}
	if a.Nic == "" && vip.IsLinkLocal(a.IP) {
		return ocf.Configured("nic", fmt.Sprintf("is needed for %s: a link-local address says nothing of its link", a.IP))
	}
	if a.Bits, err = parseNetmask(req.String("cidr_netmask"), a.IP.BitLen()); err != nil {
		return ocf.Configured("cidr_netmask", err.Error())
	}
	if a.Protocol, err = vip.ParseProtocol(req.String("proto")); err != nil {
		return ocf.Configured("proto", fmt.Sprintf("is neither a route protocol, such as kernel, nor a number from 0 to 255: %q", req.String("proto")))
	}
	if a.Broadcast, err = vip.ParseBroadcast(req.String("broadcast")); err != nil {
		return ocf.Configured("broadcast", fmt.Sprintf("is neither an IPv4 address nor + nor -: %q", req.String("broadcast")))
	}
	if a.IP.Is6() && req.Set("broadcast") {
		return ocf.Configured("broadcast", "is set for an IPv6 address, which has none: remove it")
	}
	if a.Preferred, err = vip.ParseLifetime(req.String("preferred_lft")); err != nil {
		return ocf.Configured("preferred_lft", fmt.Sprintf("is neither forever nor a number of seconds: %q", req.String("preferred_lft")))
	}
	a.Detect = req.Bool("run_arping")
	a.NoDAD = req.Bool("nodad")
	a.NoPrefixRoute = req.Bool("noprefixroute")
	a.Resting = req.Bool("lvs_support")
	return nil
}

// readBurst reads the parameters of the announcements.
func (s *vipSettings) readBurst(req *ocf.Request) error {
	s.background = req.Bool("arp_bg")
	ms, err := number(req, "arp_interval", 1, int(maxARPInterval.Milliseconds()))
	if err != nil {
		return err
	}
	s.burst.Interval = time.Duration(ms) * time.Millisecond
	if s.burst.Count, err = number(req, "arp_count", 1, math.MaxInt32); err != nil {
		return err
	}
	s.refresh, err = number(req, "arp_count_refresh", 0, math.MaxInt32)
	return err
}

// number reads a parameter that is a number in a range.
func number(req *ocf.Request, name string, least, most int) (int, error) {
	n, err := req.Int(name)
	if err == nil && (n < least || n > most) {
		err = ocf.Configured(name, fmt.Sprintf("is not a number from %d to %d: %d", least, most, n))
	}
	return n, err
}

// checkLVS judges the parameters of LVS with direct routing.
func checkLVS(req *ocf.Request, ip netip.Addr) error {
	if req.Bool("lvs_support") {
		if ip.Is6() {
			return ocf.Configured("lvs_support", "is for IPv4: set lvs_ipv6_addrlabel instead")
		}
		if nic, _ := nicAndLabel(req); nic == "lo" || ip.IsLoopback() {
			return ocf.Configured("lvs_support", "is for an address that goes to another interface than lo")
		}
	}
	if !req.Bool("lvs_ipv6_addrlabel") {
		return nil
	}
	if ip.Is4() {
		return ocf.Configured("lvs_ipv6_addrlabel", "is for IPv6: remove it, or set lvs_support instead")
	}
	_, err := number(req, "lvs_ipv6_addrlabel_value", 0, maxLabelValue)
	return err
}

// checkSender judges arp_sender.
func checkSender(req *ocf.Request, _ netip.Addr) error {
	if name := req.String("arp_sender"); !slices.Contains(arpSenders, name) {
		return ocf.Configured("arp_sender", fmt.Sprintf("is none of %s: %q; leave it empty", strings.Join(arpSenders[1:], ", "), name))
	}
	return nil
}

// checkNamespace judges network_namespace by its form.
func checkNamespace(req *ocf.Request, _ netip.Addr) error {
	name := req.String("network_namespace")
	if name != "" && !filepath.IsAbs(name) && (filepath.Base(name) != name || name == "." || name == "..") {
		return ocf.Configured("network_namespace", fmt.Sprintf("is neither a name nor an absolute path: %q", name))
	}
	return nil
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
