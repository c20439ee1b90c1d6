package vip

import (
	"testing"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Whatever a message about a link says, one that is read has a link's number, and a link
// that passes packets has no fault.
func FuzzParseLink(f *testing.F) {
	message := func(flags uint32, parts ...nl.NetlinkRequestData) (m []byte) {
		head := nl.NewIfInfomsg(unix.AF_UNSPEC)
		head.Index, head.Flags, head.Type = 7, flags, unix.ARPHRD_ETHER
		for _, p := range append([]nl.NetlinkRequestData{head}, parts...) {
			m = append(m, p.Serialize()...)
		}
		return m
	}
	name, hardware := nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated("eth0")), nl.NewRtAttr(unix.IFLA_ADDRESS, []byte{2, 0, 0, 0, 0, 1})
	more := nl.NewRtAttr(unix.IFLA_PROP_LIST, nil)
	more.AddRtAttr(unix.IFLA_ALT_IFNAME, nl.ZeroTerminated("the-front-of-the-house"))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated("bond"))
	f.Add(message(unix.IFF_UP|unix.IFF_RUNNING, name, hardware, nl.NewRtAttr(unix.IFLA_BROADCAST, []byte{255, 255, 255, 255, 255, 255}), more))
	f.Add(message(unix.IFF_UP|unix.IFF_LOOPBACK, name, nl.NewRtAttr(unix.IFLA_OPERSTATE, []byte{2}), info))
	f.Add(message(unix.IFF_NOARP, nl.NewRtAttr(unix.IFLA_MTU, []byte{1}), nl.NewRtAttr(unix.IFLA_OPERSTATE, nil)))
	f.Add([]byte{0, 0, 1, 0, 7, 0, 0, 0})
	f.Add(append(message(0), 3, 0, 1, 0))
	f.Fuzz(func(t *testing.T, message []byte) {
		l, err := parseLink(message)
		if err != nil {
			return
		}
		if (l.fault() == "") != l.Operational || l.Operational && !l.AdminUp {
			t.Errorf("%x is %+v with the fault %q", message, l, l.fault())
		}
	})
}
