package one

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// connected proves that one of the processes holds an established TCP connection
// to the endpoint. This is all that shows from outside that hem hears oned's
// events: it has no port of its own. Where nobody publishes events it is ErrOned:
// hem connects by itself as soon as oned is back.
func connected(ctx context.Context, pids []int, e Endpoint) error {
	if len(pids) == 0 {
		return errors.New("it has no process")
	}
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return err
		}
		inodes := socketInodes(pid)
		if len(inodes) == 0 {
			continue // it ended, or holds none
		}
		for _, table := range []string{"tcp", "tcp6"} {
			// The process's own table: it may be in a network namespace of its own.
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
			if err != nil {
				continue
			}
			for _, s := range establishedSockets(string(text)) {
				if inodes[s.inode] && e.is(s.remote) {
					return nil
				}
			}
		}
	}
	lost := fmt.Errorf("none of its processes is connected to oned's events at %s", e)
	c, err := e.dial(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w: %v", ErrOned, lost, err)
	}
	_ = c.Close()
	return lost
}

// socketInodes are the numbers of the sockets that a process has open.
func socketInodes(pid int) map[string]bool {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	inodes := map[string]bool{}
	for _, entry := range entries {
		target, err := os.Readlink(dir + entry.Name())
		if number, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(number, "]")] = true
		}
	}
	return inodes
}

// socket is a line of /proc/net/tcp.
type socket struct {
	remote netip.AddrPort
	inode  string
}

// tcpEstablished is the state of a connection in /proc/net/tcp (TCP_ESTABLISHED in
// the kernel's include/net/tcp_states.h).
const tcpEstablished = "01"

// establishedSockets reads the established connections from a /proc/net/tcp or
// tcp6 (Linux, Documentation/networking/proc_net_tcp.rst).
func establishedSockets(text string) []socket {
	var all []socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != tcpEstablished {
			continue
		}
		if remote, ok := parseSocketAddress(f[2]); ok {
			all = append(all, socket{remote: remote, inode: f[9]})
		}
	}
	return all
}

// parseSocketAddress reads ADDRESS:PORT in hexadecimal digits. The address is
// printed as 32-bit words of the machine's byte order.
func parseSocketAddress(s string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	n, errPort := strconv.ParseUint(port, 16, 16)
	if err != nil || errPort != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), true
}

// is reports whether the remote end of a connection is this endpoint. Of a name
// only the port is compared: who it stood for when it was resolved is not known.
func (e Endpoint) is(remote netip.AddrPort) bool {
	host, port, _ := net.SplitHostPort(e.address)
	if port != strconv.Itoa(int(remote.Port())) {
		return false
	}
	if host == localhost {
		return remote.Addr().IsLoopback()
	}
	addr, err := netip.ParseAddr(host)
	return err != nil || addr.Unmap() == remote.Addr()
}
