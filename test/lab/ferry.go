package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Way is what a cable does to the frames of one direction.
type Way struct {
	Loss  float64       // share of the frames that are lost: 0 none, 1 all
	Delay time.Duration // of every frame; their order stays
}

// ferry carries frames between two interfaces of a namespace, badly.
type ferry struct {
	ends [2]*os.File
	done chan struct{}
	wait sync.WaitGroup
}

// startFerry carries frames between the interfaces node and net: from the first as
// line.Send says, to it as line.Receive says.
func startFerry(ns namespace, node, net string, line Line, seed uint64) (*ferry, error) {
	f := &ferry{done: make(chan struct{})}
	for i, name := range []string{node, net} {
		end, err := openFrames(ns, name)
		if err != nil {
			f.stop()
			return nil, err
		}
		f.ends[i] = end
	}
	f.carry(f.ends[0], f.ends[1], line.Send, rand.New(rand.NewPCG(seed, 0)))
	f.carry(f.ends[1], f.ends[0], line.Receive, rand.New(rand.NewPCG(seed, 1)))
	return f, nil
}

// openFrames opens a socket for the frames that arrive at an interface, each with the
// kernel's header for what is still to be done to it (virtio_net_hdr, packet(7)): between
// interfaces of one machine checksums are not computed, and frames can be 64 KiB long.
func openFrames(ns namespace, nic string) (*os.File, error) {
	fd := -1
	err := ns.do(func() error {
		found, err := net.InterfaceByName(nic)
		if err != nil {
			return err
		}
		// Without a protocol nothing arrives before it is bound.
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		return errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1),
			unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: swap16(unix.ETH_P_ALL), Ifindex: found.Index}))
	})
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return nil, fmt.Errorf("open frames of %s: %w", nic, err)
	}
	return os.NewFile(uintptr(fd), nic), nil
}

// stop ends the carrying; what is under way is lost.
func (f *ferry) stop() {
	close(f.done)
	for _, end := range f.ends {
		if end != nil {
			_ = end.Close()
		}
	}
	f.wait.Wait()
}

// frame is one with the time at which it is due.
type frame struct {
	data []byte
	due  time.Time
}

// underWay bounds the frames that are delayed at one time; a switch's buffer is no
// larger.
const underWay = 1000

// carry takes frames from one end to the other.
func (f *ferry) carry(from, to *os.File, way Way, random *rand.Rand) {
	frames := make(chan frame, underWay)
	f.wait.Go(func() {
		defer close(frames)
		buf := make([]byte, 80<<10)
		for {
			n, err := from.Read(buf)
			switch {
			case errors.Is(err, os.ErrClosed):
				return
			case err != nil: // the interface went down, and may come up again
				select {
				case <-f.done:
					return
				case <-time.After(10 * time.Millisecond):
				}
				continue
			case random.Float64() < way.Loss:
				continue
			}
			select {
			case frames <- frame{append([]byte(nil), buf[:n]...), time.Now().Add(way.Delay)}:
			default: // the buffer is full
			}
		}
	})
	f.wait.Go(func() {
		for one := range frames {
			if d := time.Until(one.due); d > 0 {
				select {
				case <-f.done:
				case <-time.After(d):
				}
			}
			_, _ = to.Write(one.data) // lost where the other end is down, as on any cable
		}
	})
}
