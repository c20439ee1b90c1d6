// Command netlink is the least that a monitor of an address can do in Go over
// netlink: one socket, one dump of all links (RTM_GETLINK), one dump of all IPv4
// addresses (RTM_GETADDR), and the end. It reads no parameters, looks for nothing
// in the answers and prints nothing.
package main

import (
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func main() {
	if err := dump(); err != nil {
		fmt.Fprintln(os.Stderr, "netlink:", err)
		os.Exit(1)
	}
}

func dump() error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	if _, err := h.LinkList(); err != nil {
		return err
	}
	_, err = h.AddrList(nil, unix.AF_INET)
	return err
}
