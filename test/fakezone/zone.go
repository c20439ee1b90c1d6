package fakezone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Session are the credentials of every zone.
const Session = "oneadmin:a-fake-needs-no-secret"

// collideTime is how long the one that lost waits. Both then take saveTime.
const collideTime = 5 * time.Millisecond

// defaultVIP is the floating address that was used where a zone was watched.
var defaultVIP = netip.MustParsePrefix("10.99.0.100/24")

// Options say what zone to make.
type Options struct {
	Servers          int               // 3 when 0
	Timers           Timers            // Fast when zero
	VIP              netip.Prefix      // 10.99.0.100/24 when zero
	Leader, Follower Hook              // of every server
	HookFiles        map[string]string // programs in each server's HooksDir, by name
	Without          []Deviation       // what OpenNebula does wrong and this zone does not
	Seed             uint64            // of random waits
	Program          string            // the built command; built when ""
	Dir              string            // of the servers' directories, kept by Close; a temporary one when ""
	DB               func(int) string  // what is between the brackets of DB in a server's oned.conf, see Store; JSON when nil

	// Collide makes the first election one that was seen: the first and the last
	// server become candidates at the same moment; one wins, and the other outvotes
	// it in the next round, 10 to 20 ms later, before it heard of it. A machine that
	// is too busy for that shows an ordinary election.
	Collide bool
	// Bare makes no zone of the servers: each has the configuration of a server
	// alone (SERVER_ID -1) and no database, and is not started.
	Bare bool
}

// Zone is N servers, each in a network namespace of its own, with a switch between.
type Zone struct {
	o       Options
	dir     string
	servers []*node
	wires   *wires
	own     bool      // dir is to be removed
	born    time.Time // see Options.Collide
}

// node is the machine of a server.
type node struct {
	id       int
	ns       namespace
	address  netip.Addr
	location string
	caller   caller
	process  *exec.Cmd // nil: none runs
	leash    io.Closer
	ended    chan struct{} // closed when process has ended
}

// Up makes a zone and starts its servers. It does not wait for a leader. The
// caller must Close it.
func Up(ctx context.Context, o Options) (*Zone, error) {
	o.Servers = cmp.Or(o.Servers, 3)
	if o.Timers == (Timers{}) {
		o.Timers = Fast()
	}
	if !o.VIP.IsValid() {
		o.VIP = defaultVIP
	}
	if o.DB == nil {
		o.DB = func(int) string { return `BACKEND = "json"` }
	}
	z := &Zone{o: o, dir: o.Dir, wires: newWires(o.Seed)}
	if err := z.up(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("make fake zone: %w", err), z.Close())
	}
	return z, nil
}

func (z *Zone) up(ctx context.Context) (err error) {
	if z.dir == "" {
		z.own = true
		if z.dir, err = os.MkdirTemp("", "fakezone-"); err != nil {
			return err
		}
	}
	if z.o.Program == "" {
		if z.o.Program, err = Build(ctx, z.dir); err != nil {
			return err
		}
	}
	var members []Member
	for id := range z.o.Servers {
		members = append(members, Member{ID: id, Name: fmt.Sprintf("s%d", id+1), Endpoint: endpoint(addressOf(id))})
	}
	for id := range z.o.Servers {
		n := &node{id: id, address: addressOf(id), location: filepath.Join(z.dir, fmt.Sprintf("server-%d", id))}
		if n.ns, err = newNamespace(); err != nil {
			return err
		}
		n.caller = newCaller(n.ns.dial)
		z.servers = append(z.servers, n)
		if err := z.wires.plug(n.ns); err != nil {
			return err
		}
		mac := macOf(id)
		if err := n.ns.configure(NIC, mac[:], netip.PrefixFrom(n.address, z.o.VIP.Bits())); err != nil {
			return err
		}
		if err := z.install(n, members); err != nil {
			return err
		}
	}
	z.wires.run()
	if z.o.Bare {
		return nil
	}
	z.born = time.Now().Add(z.o.Timers.Open) // of Collide: all ports must be open before
	for id := range z.servers {
		if err := z.Start(id); err != nil {
			return err
		}
	}
	z.born = time.Time{} // later starts are ordinary ones
	return nil
}

func addressOf(id int) netip.Addr { return netip.AddrFrom4([4]byte{10, 99, 0, byte(id + 1)}) }

func endpoint(a netip.Addr) string { return fmt.Sprintf("http://%s:2633/RPC2", a) }

// Build builds the command into dir and returns its file.
func Build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "fakezone")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/oneha/oneha/test/fakezone/cmd/fakezone").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build command: %w\n%s", err, out)
	}
	return program, nil
}

// install makes a server's directory.
func (z *Zone) install(n *node, members []Member) error {
	id, leader, follower := n.id, z.o.Leader, z.o.Follower
	if z.o.Bare {
		id, leader, follower = -1, Hook{}, Hook{}
	}
	files := map[string]string{ConfFile: z.o.Timers.conf(id, z.o.DB(n.id), leader, follower), AuthFile: Session + "\n", KeyFile: "a-fake-needs-no-secret\n"}
	for name, text := range z.o.HookFiles {
		files[filepath.Join(HooksDir, name)] = text
	}
	for name, text := range files {
		mode := fs.FileMode(0o644)
		switch {
		case strings.HasPrefix(name, HooksDir):
			mode = 0o755
		case name == AuthFile || name == KeyFile:
			mode = 0o600
		}
		file := z.Path(n.id, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(text), mode)
		}
		if err != nil {
			return fmt.Errorf("install server %d: %w", n.id, err)
		}
	}
	if z.o.Bare {
		return nil
	}
	store, err := OpenStore(n.location)
	if err != nil {
		return err
	}
	return store.Save(NewDatabase(members...))
}

// Servers is how many there are.
func (z *Zone) Servers() int { return len(z.servers) }

// Path is a file of a server, such as ConfFile.
func (z *Zone) Path(id int, name string) string { return filepath.Join(z.servers[id].location, name) }

// Endpoint is where a server answers, seen from any of the namespaces.
func (z *Zone) Endpoint(id int) string { return endpoint(z.servers[id].address) }

// VIP is the floating address.
func (z *Zone) VIP() netip.Prefix { return z.o.VIP }

// In runs f in the network namespace of a server: processes that f starts are
// there, until Close kills them.
func (z *Zone) In(id int, f func() error) error { return z.servers[id].ns.do(f) }

// Dialer connects from the network namespace of a server, to IP addresses.
func (z *Zone) Dialer(id int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return z.servers[id].ns.dial
}

// Close kills everything that runs in the namespaces and removes all. It may be
// called again.
func (z *Zone) Close() error {
	var errs []error
	for _, n := range z.servers {
		if n.running() {
			errs = append(errs, z.Kill(n.id))
		}
		if n.leash != nil {
			_ = n.leash.Close() // closed by Wait before
		}
		errs = append(errs, n.ns.killAll())
	}
	z.wires.close()
	for _, n := range z.servers {
		if n.ns.handle.IsOpen() {
			errs = append(errs, n.ns.handle.Close())
		}
	}
	z.servers = nil
	if z.own {
		errs = append(errs, os.RemoveAll(z.dir))
	}
	return errors.Join(errs...)
}
