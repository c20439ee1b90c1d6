package fakezone

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// namespace is a network namespace without a name: it ends with this process and
// those that run in it, so that a killed test leaves none.
type namespace struct{ handle netns.NsHandle }

func newNamespace() (namespace, error) {
	var n namespace
	err := onThread(func() (err error) {
		n.handle, err = netns.New() // leaves the thread in it
		return err
	})
	if err != nil {
		return n, fmt.Errorf("make network namespace (root is needed): %w", err)
	}
	return n, nil
}

// do runs f in the namespace. Sockets that f opens and processes that it starts
// stay there; goroutines that it starts do not.
func (n namespace) do(f func() error) error {
	return onThread(func() error {
		if err := netns.Set(n.handle); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return f()
	})
}

// onThread runs f on a thread of its own choosing and puts the thread back into
// its network namespace afterwards. A thread that cannot be put back is not used
// again.
func onThread(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("find own network namespace: %w", err)
	}
	defer home.Close()
	err = f()
	if back := netns.Set(home); back != nil {
		return fmt.Errorf("return to own network namespace: %w", back)
	}
	runtime.UnlockOSThread()
	return err
}

// dial connects from the namespace to an IP address: for a name, Go would look it
// up on another thread, which is not there.
func (n namespace) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dial: want an IP address and a port: %w", err)
	}
	var conn net.Conn
	err := n.do(func() (err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// configure sets the loopback and the interface up and gives it its addresses.
func (n namespace) configure(nic string, mac net.HardwareAddr, address netip.Prefix) error {
	h, err := netlink.NewHandleAt(n.handle)
	if err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	defer h.Close()
	for _, name := range []string{"lo", nic} {
		l, err := h.LinkByName(name)
		if err == nil && name == nic {
			err = h.LinkSetHardwareAddr(l, mac)
		}
		if err == nil && name == nic {
			err = h.AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{IP: address.Addr().AsSlice(), Mask: net.CIDRMask(address.Bits(), address.Addr().BitLen())}})
		}
		if err == nil {
			err = h.LinkSetUp(l)
		}
		if err != nil {
			return fmt.Errorf("set up interface %s: %w", name, err)
		}
	}
	return nil
}
