package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/fakeoned"
)

// firmwareTime is how long a machine takes from power to PID 1, when it was not
// a person who switched it on and Options do not say it. A container boots in half a
// second, which its peers could miss; a server never does. On a busy machine they could
// miss three as well: corosync needs 2.2 times its token to do without a node.
const firmwareTime = 3 * time.Second

// Cluster is the cluster of a spec file: nodes, their BMCs and the switch
// between them.
type Cluster struct {
	Spec  spec.Cluster
	Nodes []*Node // in the order of the spec

	lab     *Lab
	plan    plan
	net     netSwitch
	journal journal
	token   string // user:password of OpenNebula's API

	ctx  context.Context // ends with the cluster
	stop context.CancelFunc

	mu   sync.Mutex
	gone bool
	wg   sync.WaitGroup
}

// Up starts the cluster that the spec file describes and returns when its nodes
// and BMCs have power; WaitSettled waits for the cluster software. What
// configures it is what cib.Generate writes, or nothing at all where Options say
// so. A lab holds one cluster at a time.
func (l *Lab) Up(ctx context.Context, file string) (*Cluster, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("start cluster: read spec: %w", err)
	}
	described, findings := spec.Parse(file, text)
	if findings.HasErrors() {
		var lines []string
		for _, f := range findings {
			lines = append(lines, f.String())
		}
		return nil, fmt.Errorf("start cluster: the spec has errors:\n%s", strings.Join(lines, "\n"))
	}
	p, err := planFor(described)
	if err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	c := &Cluster{Spec: described, lab: l, plan: p, net: netSwitch{ns: l.namespace("switch"), links: p.links}}
	c.journal.log = l.opt.Log
	c.ctx, c.stop = context.WithCancel(context.Background())
	if err := l.adopt(c); err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	if err := c.up(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Down())
	}
	return c, nil
}

func (c *Cluster) up(ctx context.Context) error {
	files, err := c.configuration()
	if err != nil {
		return err
	}
	if err := c.net.up(); err != nil {
		return err
	}
	if err := os.Mkdir(c.shared(), 0o755); err != nil {
		return fmt.Errorf("make shared directory: %w", err)
	}
	for _, p := range c.plan.nodes {
		m, err := c.lab.newMachine(p.name, c.lab.namespace(p.name), clusterUnits, files.write)
		if err != nil {
			return err
		}
		m.binds = []Bind{{Host: c.shared(), Inside: fakeoned.SharedDir}}
		n := &Node{Machine: m, cluster: c, plan: p}
		c.Nodes = append(c.Nodes, n)
		if p.bmc == nil {
			continue
		}
		if n.bmc, err = c.newBMC(n, *p.bmc, files.passwords[p.bmc.passwordFile]); err != nil {
			return err
		}
		if err := n.bmc.up(ctx); err != nil {
			return err
		}
	}
	for _, n := range c.Nodes {
		if err := n.PowerOn(); err != nil {
			return err
		}
	}
	return nil
}

// Down ends the cluster and removes its nodes, disks and networks. It may be
// called more than once.
func (c *Cluster) Down() error {
	c.mu.Lock()
	first := !c.gone
	c.gone = true
	c.mu.Unlock()
	if !first {
		return nil
	}
	c.stop()
	var errs []error
	for _, n := range c.Nodes {
		errs = append(errs, n.powerOff(ByLab))
		if n.bmc != nil {
			errs = append(errs, n.bmc.down())
		}
	}
	c.wg.Wait()
	for _, n := range c.Nodes {
		errs = append(errs, n.Machine.Close())
		if n.bmc != nil {
			errs = append(errs, removeTree(n.bmc.dir))
		}
	}
	errs = append(errs, c.net.ns.remove(), removeTree(c.shared()))
	c.lab.release(c)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("end cluster: %w", err)
	}
	return nil
}

// background runs f until it ends or the cluster does; the cluster's end waits
// for it.
func (c *Cluster) background(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return
	}
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		f(c.ctx)
	}()
}

// Node returns the node called name; it panics on a name that the spec does not
// have, which is the caller's mistake.
func (c *Cluster) Node(name string) *Node {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	panic("lab: no node " + name)
}

// Peer returns the first node that is not n.
func (c *Cluster) Peer(n *Node) *Node {
	for _, other := range c.Nodes {
		if other != n {
			return other
		}
	}
	panic("lab: a cluster of one node has no peers")
}

// shared is the directory that stands for the nodes' shared storage.
func (c *Cluster) shared() string { return filepath.Join(c.lab.state, "shared") }

// SecondWriter returns the alarm that a fakeoned raises when it finds another
// one alive on the same database, "" when none did.
func (c *Cluster) SecondWriter() (string, error) {
	text, err := os.ReadFile(filepath.Join(c.shared(), fakeoned.AlarmName))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read alarm: %w", err)
	}
	return string(text), nil
}

// Events returns what happened to nodes after t, in order.
func (c *Cluster) Events(t time.Time) []Event { return c.journal.since(t) }

// SetBMC takes the node's BMC off its network, or puts it back.
func (n *Node) SetBMC(ctx context.Context, up bool) error {
	if n.bmc == nil {
		return fmt.Errorf("node %s has no BMC", n.Name)
	}
	kind, err := BMCBack, error(nil)
	if up {
		err = n.bmc.up(ctx)
	} else {
		kind, err = BMCLost, n.bmc.down()
	}
	if err == nil {
		n.cluster.journal.add(n.Name, kind, ByLab)
	}
	return err
}

// Active returns the node that holds the floating IP, as the kernel says,
// whatever state its processes are in.
func (c *Cluster) Active() (*Node, error) {
	var holders []*Node
	for _, n := range c.Nodes {
		held, err := n.holdsVIP()
		if err != nil {
			return nil, err
		}
		if held {
			holders = append(holders, n)
		}
	}
	switch len(holders) {
	case 0:
		return nil, errors.New("no node holds the floating IP")
	case 1:
		return holders[0], nil
	}
	return nil, fmt.Errorf("%d nodes hold the floating IP", len(holders))
}

func (n *Node) holdsVIP() (bool, error) { return n.Holds(n.cluster.Spec.VIP.Address.Addr()) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// secret is a random password. IPMI 2.0 takes at most 20 characters, 1.5 16.
func secret() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
