package vip

import (
	"encoding/binary"
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The kernel is spoken to through github.com/vishvananda/netlink. Its Handle does
// not pass on all that the kernel says (when an address was added, the broadcast
// address of a link) and has no address labels; those requests are put together
// here from the parts in its package nl. A handle does not share its socket, so
// there may be two: that of these requests, which is all that a monitor needs, and
// the handle's, opened by the first who needs it.
//
// Neither has a timeout: the kernel deals with a request while it is sent, so that
// every answer is there when somebody reads it (netlink_rcv_skb and netlink_dump in
// net/netlink/af_netlink.c). A request that waits for the kernel's routing lock waits
// in sending, which no timeout of a socket ends.

// native is the byte order of netlink, that of the machine.
var native = binary.NativeEndian

// sockets are the netlink sockets for requests, by protocol.
type sockets map[int]*nl.SocketHandle

// openSockets opens the one there is in the network namespace of the calling thread.
func openSockets() (sockets, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	return sockets{unix.NETLINK_ROUTE: {Socket: s}}, nil
}

func (s sockets) close() {
	for _, handle := range s {
		handle.Close()
	}
}

// request makes a request of the parts and returns the bodies of the answers. Of a
// dump the error is netlink.ErrDumpInterrupted when some may be missing.
func (s sockets) request(kind, flags int, parts ...nl.NetlinkRequestData) ([][]byte, error) {
	r := nl.NewNetlinkRequest(kind, flags)
	r.Sockets = s
	for _, p := range parts {
		r.AddData(p)
	}
	return r.Execute(unix.NETLINK_ROUTE, 0)
}

// change is request for what has no answer but that it is done.
func (s sockets) change(kind, flags int, parts ...nl.NetlinkRequestData) error {
	_, err := s.request(kind, flags|unix.NLM_F_ACK, parts...)
	return err
}

// raw is part of a request that is in the kernel's form already.
type raw []byte

func (r raw) Len() int          { return len(r) }
func (r raw) Serialize() []byte { return r }

// handle returns the library's handle.
func (h *Host) handle() (*netlink.Handle, error) {
	if h.opened != nil {
		return h.opened, nil
	}
	opened, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	h.opened = opened
	return opened, nil
}
