package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// wired is a switch with two machines that are nothing but their network.
type wired struct {
	t     *testing.T
	lab   *Lab
	nodes [2]*Node
	ends  [2]net.PacketConn
}

// node is the plan of machine i.
func node(i int) nodePlan {
	return nodePlan{name: string(rune('a' + i)), id: i + 1, addrs: []netip.Addr{addr(fmt.Sprintf("10.3.4.%d", 20+i))}}
}

func wire(t *testing.T, prefix string) *wired {
	t.Helper()
	w := &wired{t: t, lab: openLab(t, prefix, "")}
	links := []link{{bridge: "br0", nic: "eth0", prefix: netip.MustParsePrefix("10.3.4.0/24"), addr: addr("10.3.4.254"), ring: true}}
	c := &Cluster{lab: w.lab, net: netSwitch{ns: w.lab.namespace("switch"), links: links}, plan: plan{links: links}}
	c.journal.log = t.Logf
	if err := c.net.up(); err != nil {
		t.Fatal(err)
	}
	for i := range w.nodes {
		name := node(i).name
		n := &Node{Machine: &Machine{Name: name, net: w.lab.namespace(name)}, cluster: c, plan: node(i)}
		w.nodes[i] = n
		w.plug(i)
		t.Cleanup(func() { _ = errors.Join(c.net.unplug(n.plan), n.unspliceAll()) })
	}
	for i := range w.nodes { // a bridge takes its time before it forwards
		w.until(i, "end of the beginning")
	}
	return w
}

// plug gives a machine its network, as power does.
func (w *wired) plug(i int) {
	w.t.Helper()
	n := w.nodes[i]
	if err := n.cluster.net.plug(n.plan, n.net, n.cut); err != nil {
		w.t.Fatal(err)
	}
	if err := n.spliceAll(); err != nil {
		w.t.Fatal(err)
	}
	err := n.net.do(func() (err error) {
		w.ends[i], err = net.ListenPacket("udp4", listens(i))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	end := w.ends[i]
	w.t.Cleanup(func() { end.Close() })
	// A line that carries one way only carries no answers of ARP.
	other := 1 - i
	err = n.net.configure(func(h *netlink.Handle) error {
		eth, err := h.LinkByName("eth0")
		if err != nil {
			return err
		}
		return h.NeighSet(&netlink.Neigh{LinkIndex: eth.Attrs().Index, State: netlink.NUD_PERMANENT, IP: node(other).addrs[0].AsSlice(), HardwareAddr: macOf(0, node(other).id)})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// listens is where machine i does.
func listens(i int) string { return netip.AddrPortFrom(node(i).addrs[0], 5405).String() }

// send sends packets from machine i to the other.
func (w *wired) send(i, packets int, text string) {
	w.t.Helper()
	to := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(listens(1 - i)))
	for range packets {
		if _, err := w.ends[i].WriteTo([]byte(text), to); err != nil {
			w.t.Fatal(err)
		}
	}
}

// until counts what machine i receives before a packet that the other sends again and
// again. Packets do not overtake each other, so what did not arrive then was lost.
func (w *wired) until(i int, last string) int {
	w.t.Helper()
	count, buf := 0, make([]byte, 100)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		w.send(1-i, 1, last)
		_ = w.ends[i].SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		for {
			n, _, err := w.ends[i].ReadFrom(buf)
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
			case err != nil:
				w.t.Fatal(err)
			case string(buf[:n]) == last:
				return count
			case strings.HasPrefix(string(buf[:n]), "end"): // of an earlier count
				continue
			default:
				count++
				continue
			}
			break
		}
	}
	w.t.Fatalf("%q never arrived", last)
	return 0
}

func (w *wired) line(l Line) {
	w.t.Helper()
	if err := w.nodes[0].SetLine(0, l, 7); err != nil {
		w.t.Fatal(err)
	}
}

// TestLine measures what a bad cable does: both directions, each by itself.
func TestLine(t *testing.T) {
	w := wire(t, "test-line")
	const many = 200
	dead := Way{Loss: 1}
	lossy := Way{Loss: 0.2}
	for i, tt := range []struct {
		name             string
		line             Line
		sent, sentMax    int // of many, that arrive
		received, recMax int
	}{
		{"good", Line{}, many, many, many, many},
		{"sends only", Line{Receive: dead}, many, many, 0, 0},
		{"receives only", Line{Send: dead}, 0, 0, many, many},
		{"silent", Line{Send: dead, Receive: dead}, 0, 0, 0, 0},
		{"lossy", Line{Send: lossy, Receive: lossy}, 1, many - 1, 1, many - 1},
		{"slow", Line{Send: Way{Delay: 20 * time.Millisecond}}, many, many, many, many},
		{"good again", Line{}, many, many, many, many},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.line(tt.line)
			w.send(0, many, "sent")
			w.send(1, many, "received")
			// Where nothing passes, the last packet has to come over a good cable.
			if tt.line.Send.Loss == 1 || tt.line.Receive.Loss == 1 {
				for j, way := range []Way{tt.line.Receive, tt.line.Send} {
					if way.Loss < 1 { // what passes is counted before
						if got := w.until(j, fmt.Sprintf("end %d first", i)); got != many {
							t.Errorf("machine %d received %d of %d packets", j, got, many)
						}
						continue
					}
					defer func() {
						w.line(Line{})
						if got := w.until(j, fmt.Sprintf("end %d", i)); got != 0 {
							t.Errorf("machine %d received %d packets over a dead line", j, got)
						}
					}()
				}
				return
			}
			if got := w.until(1, fmt.Sprintf("end %d", i)); got < tt.sent || got > tt.sentMax {
				t.Errorf("%d of %d sent packets arrived, want %d to %d", got, many, tt.sent, tt.sentMax)
			}
			if got := w.until(0, fmt.Sprintf("end %d", i)); got < tt.received || got > tt.recMax {
				t.Errorf("%d of %d packets were received, want %d to %d", got, many, tt.received, tt.recMax)
			}
		})
	}
}

// TestLineCarriesStreams has a TCP connection over a slow line: the kernel leaves its
// checksums and its segments to the hardware, which is a bad cable here.
func TestLineCarriesStreams(t *testing.T) {
	w := wire(t, "test-stream")
	const delay = 5 * time.Millisecond
	w.line(Line{Send: Way{Delay: delay}, Receive: Way{Delay: delay}})
	data := make([]byte, 4<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	var listener net.Listener
	err := w.nodes[1].net.do(func() (err error) {
		listener, err = net.Listen("tcp4", listens(1))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	sent := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(conn, bytes.NewReader(data))
			err = errors.Join(err, conn.Close())
		}
		sent <- err
	}()
	begin := time.Now()
	conn, err := w.nodes[0].net.dial(ctx, "tcp4", listens(1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if took := time.Since(begin); took < 2*delay {
		t.Errorf("connected after %s over a line that takes %s each way", took, delay)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	got, err := io.ReadAll(conn)
	if err := errors.Join(err, <-sent); err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
		t.Errorf("%d of %d bytes, the same: %v; %v", len(got), len(data), bytes.Equal(got, data), err)
	}
}

// TestLineOutlivesPower takes a machine's power and gives it back: a cable that was bad
// or pulled still is.
func TestLineOutlivesPower(t *testing.T) {
	w := wire(t, "test-power")
	a := w.nodes[0]
	w.line(Line{Receive: Way{Loss: 1}})
	if err := errors.Join(a.cluster.net.unplug(a.plan), a.unspliceAll(), a.net.remove()); err != nil {
		t.Fatal(err)
	}
	w.ends[0].Close()
	w.plug(0)
	w.until(1, "end of the boot")
	w.send(1, 10, "received")
	w.send(0, 10, "sent")
	if got := w.until(1, "end of sent"); got != 10 {
		t.Errorf("%d of 10 packets arrived", got)
	}
	w.line(Line{})
	if got := w.until(0, "end of received"); got != 0 {
		t.Errorf("%d packets came over a line that was dead before", got)
	}

	if err := a.CutLink(0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.cluster.net.unplug(a.plan), a.unspliceAll(), a.net.remove()); err != nil {
		t.Fatal(err)
	}
	w.ends[0].Close()
	w.plug(0)
	if up := w.carrier(0); up {
		t.Error("a pulled cable has carrier after the power came back")
	}
	if err := a.HealLink(0); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); !w.carrier(0); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a cable that was plugged in again has no carrier")
		}
	}
}

// carrier reports whether a machine's interface has carrier.
func (w *wired) carrier(i int) bool {
	w.t.Helper()
	up := false
	err := w.nodes[i].net.configure(func(h *netlink.Handle) error {
		eth, err := h.LinkByName("eth0")
		up = err == nil && eth.Attrs().OperState == netlink.OperUp
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return up
}
