package lab

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// bmc is the simulated BMC of a node: an ipmi_sim in the switch namespace, with
// the lab as its chassis control.
type bmc struct {
	node   *Node
	plan   bmcPlan
	dir    string // bound to /mnt in its container
	cgroup cgroup

	chassis Chassis    // nil for the lab's own
	asking  sync.Mutex // a request at a time

	mu  sync.Mutex
	cmd *exec.Cmd // nil when it is down
}

// lanConf is ipmi_lan(5), simEmu ipmi_sim_cmd(5). No authentication is allowed
// to IPMI 1.5 sessions, so whatever a client achieves it achieved over IPMI 2.0.
const lanConf = `name "%[1]s"
set_working_mc 0x20
  startlan 1
    addr %[2]s %[3]d
    priv_limit admin
    guid a123456789abcdefa1234567%08[4]x
  endlan
  chassis_control "/mnt/hook %[1]s"
  user 2 true "%[5]s" "%[6]s" admin 10 none md2 md5 straight
`

const simEmu = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`

// hook is what ipmi_sim runs to learn or change the power: a client that passes
// its arguments to the lab and prints the answer. ipmi_sim has one thread and
// waits for it, and a child must not inherit its socket, so the hook itself does
// nothing. Perl's base system is in every Debian.
const hook = `#!/usr/bin/perl
use strict;
use IO::Socket::UNIX;
my $lab = IO::Socket::UNIX->new(Peer => "/mnt/lab") or die "lab: $!\n";
print $lab "@ARGV\n";
$lab->flush;
my $verdict = <$lab> // "";
print while <$lab>;
exit($verdict eq "ok\n" ? 0 : 1);
`

// newBMC writes the files of a node's BMC and answers its hook; it is still
// down.
func (c *Cluster) newBMC(n *Node, p bmcPlan, password string) (*bmc, error) {
	name := fmt.Sprintf("bmc%d", n.plan.id)
	b := &bmc{node: n, plan: p, dir: filepath.Join(c.lab.state, name), cgroup: c.lab.cgroup.sub(name)}
	files := []struct {
		name, text string
		mode       os.FileMode
	}{
		{"lan.conf", fmt.Sprintf(lanConf, n.Name, p.addr, p.port, n.plan.id, p.username, password), 0o600},
		{"sim.emu", simEmu, 0o600},
		{"hook", hook, 0o755},
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(b.dir, f.name), f.text, f.mode); err != nil {
			return nil, fmt.Errorf("make BMC of %s: %w", n.Name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(b.dir, "state"), 0o700); err != nil {
		return nil, fmt.Errorf("make BMC of %s: %w", n.Name, err)
	}
	err := c.serve(filepath.Join(b.dir, "lab"), func(_ context.Context, request string) (string, error) { return b.request(request) })
	if err != nil {
		return nil, fmt.Errorf("make BMC of %s: %w", n.Name, err)
	}
	return b, nil
}

// up starts the BMC and waits until it listens.
func (b *bmc) up(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cmd != nil {
		return nil
	}
	c := b.node.cluster
	if err := c.net.addBMC(b.plan); err != nil {
		return fmt.Errorf("start BMC of %s: %w", b.node.Name, err)
	}
	log, err := os.OpenFile(filepath.Join(b.dir, "sim.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start BMC of %s: %w", b.node.Name, err)
	}
	defer log.Close()
	cmd, err := container{
		name: namespacePrefix(c.lab.opt.Prefix) + filepath.Base(b.dir), hostname: "bmc", root: c.lab.layers[len(c.lab.layers)-1], readOnly: true,
		cgroup: b.cgroup, net: c.net.ns, binds: []Bind{{Host: b.dir, Inside: "/mnt"}}, env: basicEnv,
		args: []string{"ipmi_sim", "-n", "-c", "/mnt/lan.conf", "-f", "/mnt/sim.emu", "-s", "/mnt/state"},
	}.start(context.Background(), Streams{Stdout: log, Stderr: log})
	if err != nil {
		return fmt.Errorf("start BMC of %s: %w", b.node.Name, err)
	}
	b.cmd = cmd
	for deadline := time.Now().Add(30 * time.Second); !b.listening(); {
		if time.Now().After(deadline) || pause(ctx, 10*time.Millisecond) != nil {
			said, _ := os.ReadFile(filepath.Join(b.dir, "sim.log"))
			return errors.Join(fmt.Errorf("start BMC of %s: ipmi_sim does not listen on %s port %d: %s", b.node.Name, b.plan.addr, b.plan.port, said), b.halt())
		}
	}
	return nil
}

// down takes the BMC off its network.
func (b *bmc) down() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.halt()
}

func (b *bmc) halt() error {
	if b.cmd == nil {
		return nil
	}
	err := b.cgroup.kill()
	_ = b.cmd.Wait() // it was killed; how it ended says nothing
	b.cmd = nil
	return errors.Join(err, b.node.cluster.net.removeBMC(b.plan))
}

// listening reports whether the BMC's port is bound: nobody else can have it.
func (b *bmc) listening() bool {
	var sockets string
	err := b.node.cluster.net.ns.do(func() error {
		for _, file := range []string{"/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"} {
			text, err := os.ReadFile(file)
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			sockets += string(text)
		}
		return nil
	})
	return err == nil && udpBound(sockets, b.plan.addr, b.plan.port)
}

// request answers what ipmi_sim asks of the chassis.
func (b *bmc) request(request string) (string, error) {
	b.asking.Lock()
	defer b.asking.Unlock()
	if b.chassis == nil {
		return b.control(request)
	}
	return b.chassis(b.node, request, b.control)
}

// control does what ipmi_sim asks of the chassis and answers in its words.
// Requests look like "NODE get power boot" and "NODE set power 1".
func (b *bmc) control(request string) (string, error) {
	f := strings.Fields(strings.ReplaceAll(request, `"`, ""))
	if len(f) < 3 || f[0] != b.node.Name {
		return "", fmt.Errorf("request %q is not for %s", request, b.node.Name)
	}
	switch f[1] {
	case "get":
		var answer strings.Builder
		for _, what := range f[2:] {
			switch what {
			case "power":
				fmt.Fprintf(&answer, "power:%d\n", map[bool]int{true: 1}[b.node.Powered()])
			case "boot":
				answer.WriteString("boot:default\n")
			default:
				return "", fmt.Errorf("get %s: the lab's chassis has no such thing", what)
			}
		}
		return answer.String(), nil
	case "set":
		for i := 2; i+1 < len(f); i += 2 {
			if err := b.set(f[i], f[i+1]); err != nil {
				return "", err
			}
		}
		return "", nil
	case "check": // may these be set? yes
		return "", nil
	}
	return "", fmt.Errorf("request %q: unknown verb", request)
}

func (b *bmc) set(what, value string) error {
	by := fmt.Sprintf("bmc: set %s %s", what, value)
	switch what + " " + value {
	case "power 1":
		return b.node.powerOn(by, b.node.cluster.lab.opt.Firmware)
	case "power 0", "shutdown 1":
		return b.node.powerOff(by)
	case "reset 1":
		if err := b.node.powerOff(by); err != nil {
			return err
		}
		return b.node.powerOn(by, b.node.cluster.lab.opt.Firmware)
	case "boot default":
		return nil
	}
	return fmt.Errorf("set %s %s: the lab's chassis cannot", what, value)
}

// serve answers one-line requests on a unix socket at path until the cluster
// ends: a first line "ok" or an error, then the answer.
func (c *Cluster) serve(path string, answer func(context.Context, string) (string, error)) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("listen for requests: %w", err)
	}
	c.background(func(ctx context.Context) {
		stop := context.AfterFunc(ctx, func() { listener.Close() })
		defer stop()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.background(func(ctx context.Context) {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				request, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil {
					return
				}
				text, err := answer(ctx, strings.TrimSpace(request))
				if err != nil {
					fmt.Fprintf(conn, "error: %v\n", err)
					c.lab.opt.Log("lab: %v", err)
					return
				}
				fmt.Fprintf(conn, "ok\n%s", text)
			})
		}
	})
	return nil
}

// udpBound reports whether a socket is bound to port at addr in the text of
// /proc/net/udp and udp6, where addresses are words in the machine's byte order.
func udpBound(sockets string, addr netip.Addr, port uint16) bool {
	var local strings.Builder
	for word := range slices.Chunk(addr.AsSlice(), 4) {
		fmt.Fprintf(&local, "%08X", binary.NativeEndian.Uint32(word))
	}
	fmt.Fprintf(&local, ":%04X", port)
	for line := range strings.Lines(sockets) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == local.String() {
			return true
		}
	}
	return false
}
