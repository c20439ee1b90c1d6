package scenario

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/oneha/oneha/test/lab"
)

// Wire is a second address of an ipmi_sim that counts the logins and can go
// silent.
type Wire struct {
	Addr  netip.Addr
	front net.PacketConn
	dial  func() (net.Conn, error)
	wait  sync.WaitGroup

	mu     sync.Mutex
	logins int
	silent bool
	backs  map[string]net.Conn // by the client's address; nil after Close
}

// Tap starts a wire at an address of the BMC network to the BMC that a node has in
// the spec. It ends with the cluster.
func Tap(c *lab.Cluster, addr netip.Addr, target string) (*Wire, error) {
	options, err := specOptions(c, target)
	if err != nil {
		return nil, err
	}
	bmc, err := netip.ParseAddr(options["ip"])
	if err != nil {
		return nil, fmt.Errorf("find the BMC of %s: %w", target, err)
	}
	w := &Wire{Addr: addr, backs: map[string]net.Conn{}}
	w.dial = func() (net.Conn, error) {
		return c.Dial(context.Background(), "udp", netip.AddrPortFrom(bmc, 623).String())
	}
	err = c.AddBMC(addr, func() (_ io.Closer, err error) {
		if w.front, err = net.ListenPacket("udp", netip.AddrPortFrom(addr, 623).String()); err == nil {
			w.wait.Go(w.forward)
		}
		return w, err
	})
	return w, err
}

// Close ends the wire.
func (w *Wire) Close() error {
	err := w.front.Close()
	w.mu.Lock()
	for _, b := range w.backs {
		_ = b.Close()
	}
	w.backs = nil
	w.mu.Unlock()
	w.wait.Wait()
	return err
}

func (w *Wire) forward() {
	buf := make([]byte, 2048)
	for {
		n, client, err := w.front.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		if back := w.back(client); back != nil && w.pass(buf[:n]) {
			_, _ = back.Write(buf[:n]) // a lost packet is the client's business
		}
	}
}

// back is the connection to the BMC for one client, nil when there is none.
func (w *Wire) back(client net.Addr) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.backs[client.String()]; b != nil || w.backs == nil {
		return b
	}
	b, err := w.dial()
	if err != nil {
		return nil
	}
	w.backs[client.String()] = b
	w.wait.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, err := b.Read(buf)
			if err != nil {
				return // closed, or the BMC is gone
			}
			_, _ = w.front.WriteTo(buf[:n], client)
		}
	})
	return b
}

// pass counts a RAKP message 1, which says who logs in (IPMI 2.0, 13.20), and
// reports whether packets get through.
func (w *Wire) pass(packet []byte) bool {
	const rmcpPlus, payload, rakp1 = 4, 5, 0x12
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(packet) > payload && packet[rmcpPlus] == 0x06 && packet[payload]&0x3f == rakp1 {
		w.logins++
	}
	return !w.silent
}

// Logins returns how many there were.
func (w *Wire) Logins() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logins
}

// Silence makes the BMC take packets and never answer, from now on.
func (w *Wire) Silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
}
