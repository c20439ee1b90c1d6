package vip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Link is what matters of a network interface here.
type Link struct {
	Index         int
	Name          string
	AltNames      []string
	AdminUp       bool   // an administrator has it up
	Operational   bool   // and it passes packets
	State         string // operational state in words, as `ip link` shows it
	Loopback      bool
	NoARP         bool   // resolves no addresses: nothing to announce there
	Type          string // link layer: "ether", "loopback", "infiniband", ...
	HardwareAddr  net.HardwareAddr
	BroadcastAddr net.HardwareAddr // that of everybody on the link
}

// parseLink reads one message about a link. Operational is the kernel's own verdict:
// IFF_RUNNING stands for RFC 2863's operational states up and unknown, the latter
// being that of drivers that cannot tell.
func parseLink(message []byte) (link Link, err error) {
	// The library takes every length in it for granted.
	defer func() {
		if bad := recover(); bad != nil {
			link, err = Link{}, fmt.Errorf("the kernel's message about a link cannot be read: %v", bad)
		}
	}()
	l, err := netlink.LinkDeserialize(nil, message)
	if err != nil {
		return Link{}, err
	}
	attributes, err := nl.ParseRouteAttr(message[unix.SizeofIfInfomsg:])
	if err != nil {
		return Link{}, err
	}
	var broadcast net.HardwareAddr
	for _, attribute := range attributes {
		if attribute.Attr.Type == unix.IFLA_BROADCAST { // the library leaves it out
			broadcast = attribute.Value
		}
	}
	a := l.Attrs()
	up := a.RawFlags&unix.IFF_UP != 0
	return Link{
		Index:         a.Index,
		Name:          a.Name,
		AltNames:      a.AltNames,
		AdminUp:       up,
		Operational:   up && a.RawFlags&unix.IFF_RUNNING != 0,
		State:         a.OperState.String(),
		Loopback:      a.RawFlags&unix.IFF_LOOPBACK != 0,
		NoARP:         a.RawFlags&unix.IFF_NOARP != 0,
		Type:          a.EncapType,
		HardwareAddr:  a.HardwareAddr,
		BroadcastAddr: broadcast,
	}, nil
}

// Is reports whether name is one of the link's names.
func (l Link) Is(name string) bool { return l.Name == name || slices.Contains(l.AltNames, name) }

// fault says why the link passes no packets, "" if it does.
func (l Link) fault() string {
	switch {
	case l.Operational:
		return ""
	case !l.AdminUp:
		return fmt.Sprintf("link %s is down: switched off", l.Name)
	default:
		return fmt.Sprintf("link %s is down: state %s", l.Name, l.State)
	}
}

// linkNamed returns the interface of that name or alternative name, else ErrNoNic.
func (h *Host) linkNamed(name string) (Link, error) {
	kind := unix.IFLA_IFNAME // alternative names of that length too
	if len(name) >= unix.IFNAMSIZ {
		kind = unix.IFLA_ALT_IFNAME
	}
	l, err := h.link(nl.NewIfInfomsg(unix.AF_UNSPEC), nl.NewRtAttr(kind, nl.ZeroTerminated(name)))
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ERANGE) { // no interface can have that name
		err = ErrNoNic
	}
	if err != nil {
		return Link{}, fmt.Errorf("find interface %s: %w", name, err)
	}
	return l, nil
}

// linkAt returns the interface with that index, else ErrNoNic.
func (h *Host) linkAt(index int) (Link, error) {
	which := nl.NewIfInfomsg(unix.AF_UNSPEC)
	which.Index = int32(index)
	l, err := h.link(which)
	if err != nil {
		return Link{}, fmt.Errorf("find interface number %d: %w", index, err)
	}
	return l, nil
}

// link returns the interface that the parts of the request choose, else ErrNoNic.
func (h *Host) link(parts ...nl.NetlinkRequestData) (Link, error) {
	messages, err := h.sockets.request(unix.RTM_GETLINK, 0, append(parts, withoutStats())...)
	if errors.Is(err, unix.ENODEV) || err == nil && len(messages) == 0 {
		return Link{}, ErrNoNic
	}
	if err != nil {
		return Link{}, err
	}
	return parseLink(messages[0])
}

// links returns every interface.
func (h *Host) links(ctx context.Context) ([]Link, error) {
	messages, err := steady(ctx, func() ([][]byte, error) {
		return h.sockets.request(unix.RTM_GETLINK, unix.NLM_F_DUMP, nl.NewIfInfomsg(unix.AF_UNSPEC), withoutStats())
	})
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	all := make([]Link, len(messages))
	for i, m := range messages {
		if all[i], err = parseLink(m); err != nil {
			return nil, fmt.Errorf("list interfaces: %w", err)
		}
	}
	return all, nil
}

// withoutStats makes the kernel leave out the counters, which are half of the answer.
func withoutStats() nl.NetlinkRequestData {
	const skipStats = 8 // RTEXT_FILTER_SKIP_STATS (linux/rtnetlink.h)
	return nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStats))
}

// switchOn switches the link on.
func (h *Host) switchOn(l Link) error {
	handle, err := h.handle()
	if err != nil {
		return err
	}
	return handle.LinkSetUp(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: l.Index}})
}
