package fakezone

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// NIC is the interface of each server.
const NIC = "eth0"

// Path is the way of frames from one server to another.
type Path struct{ From, To int }

// wires is the switch between the servers: every server's interface is a TAP
// device, and this process passes the frames on, or not. It stands for a bridge
// with filters, which not every kernel that tests run on has. What is cut loses
// frames in silence; the carrier stays.
type wires struct {
	ports []*os.File
	wg    sync.WaitGroup

	mu     sync.Mutex
	cut    map[Path]bool
	bad    map[Path]Impairment
	random *rand.Rand
}

// Impairment is what a path does to frames.
type Impairment struct {
	Loss   float64       // part of the frames that are lost, 0 to 1
	Delay  time.Duration // of every frame
	Jitter time.Duration // up to that much more, so that frames overtake each other
}

func newWires(seed uint64) *wires {
	return &wires{cut: map[Path]bool{}, bad: map[Path]Impairment{}, random: rand.New(rand.NewPCG(seed, 0))}
}

// macOf is a server's address.
func macOf(id int) [6]byte { return [6]byte{2, 0, 0, 0, 0, byte(id + 1)} }

// maxFrame is more than an Ethernet frame with the usual MTU, in bytes.
const maxFrame = 4096

// plug makes the interface of the next server in its namespace.
func (w *wires) plug(n namespace) error {
	return n.do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open /dev/net/tun: %w", err)
		}
		ifr, err := unix.NewIfreq(NIC)
		if err == nil {
			ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("make interface: %w", err), unix.Close(fd))
		}
		w.ports = append(w.ports, os.NewFile(uintptr(fd), NIC))
		return nil
	})
}

// run passes frames on until close.
func (w *wires) run() {
	for from := range w.ports {
		w.wg.Go(func() {
			frame := make([]byte, maxFrame)
			for {
				n, err := w.ports[from].Read(frame)
				if err != nil { // closed
					return
				}
				if n >= 14 {
					w.pass(from, frame[:n])
				}
			}
		})
	}
}

// pass gives a frame to the server that it is for, or to all others.
func (w *wires) pass(from int, frame []byte) {
	group := frame[0]&1 != 0
	for to, port := range w.ports {
		if mac := macOf(to); to == from || !group && !slices.Equal(frame[:6], mac[:]) {
			continue
		}
		lost, delay := w.fate(Path{from, to})
		switch {
		case lost:
		case delay > 0:
			late := slices.Clone(frame)
			time.AfterFunc(delay, func() { _, _ = port.Write(late) }) // after close it fails
		default:
			_, _ = port.Write(frame) // an interface that is down loses it, as a wire does
		}
	}
}

// fate is what becomes of the next frame on a path.
func (w *wires) fate(p Path) (lost bool, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.bad[p]
	if w.cut[p] || i.Loss > 0 && w.random.Float64() < i.Loss {
		return true, 0
	}
	if i.Jitter > 0 {
		delay = time.Duration(w.random.Int64N(int64(i.Jitter)))
	}
	return false, i.Delay + delay
}

// close ends the switch; the interfaces are gone then.
func (w *wires) close() {
	for _, p := range w.ports {
		_ = p.Close() // it has nothing left to write
	}
	w.wg.Wait()
}

// Cut loses all frames on the paths, besides those that were cut before.
func (z *Zone) Cut(paths ...Path) {
	z.wires.mu.Lock()
	defer z.wires.mu.Unlock()
	for _, p := range paths {
		z.wires.cut[p] = true
	}
}

// Impair makes paths bad. What is cut besides stays cut.
func (z *Zone) Impair(i Impairment, paths ...Path) {
	z.wires.mu.Lock()
	defer z.wires.mu.Unlock()
	for _, p := range paths {
		z.wires.bad[p] = i
	}
}

// Heal mends every path. Frames that are late still come.
func (z *Zone) Heal() {
	z.wires.mu.Lock()
	defer z.wires.mu.Unlock()
	clear(z.wires.cut)
	clear(z.wires.bad)
}

// Isolate are the paths between some servers and all others: a partition.
func (z *Zone) Isolate(some ...int) []Path {
	var paths []Path
	for id := range z.servers {
		if slices.Contains(some, id) {
			continue
		}
		for _, s := range some {
			paths = append(paths, Between(s, id)...)
		}
	}
	return paths
}

// Between are the paths of two servers to each other: both still see the rest.
func Between(a, b int) []Path { return []Path{{a, b}, {b, a}} }

// Deaf are the paths to a server: it sends and hears nothing.
func (z *Zone) Deaf(id int) []Path {
	return slices.DeleteFunc(z.Isolate(id), func(p Path) bool { return p.To != id })
}

// Mute are the paths from a server: it hears and nobody hears it.
func (z *Zone) Mute(id int) []Path {
	return slices.DeleteFunc(z.Isolate(id), func(p Path) bool { return p.From != id })
}
