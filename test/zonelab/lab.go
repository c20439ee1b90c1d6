package zonelab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// bootTime bounds the boot of a machine beside others, on a machine that is busy.
const bootTime = 2 * time.Minute

// Lab is a zone on machines. Its methods may be called concurrently.
type Lab struct {
	Cluster *lab.Cluster // the machines and the switch: SampleVIP, Dial, Events
	opt     Options
	secrets secrets
	place   *lab.Lab
}

// Up brings the machines up and returns when they have booted: a Blank server then
// can be logged in to, on the others oned answers. A leader comes later, see
// WaitLeader. The caller must Down it. Building the root file system, once, takes half
// a minute and more.
func Up(ctx context.Context, o Options) (*Lab, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("make zone: %w", err)
	}
	l := &Lab{opt: o}
	if l.secrets, err = newSecrets(o.Servers); err != nil {
		return nil, fmt.Errorf("make zone: %w", err)
	}
	l.place, err = lab.Open(ctx, lab.Options{Prefix: o.Prefix, CacheDir: o.CacheDir, Image: imageOf(o.Source), Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("make zone: %w", err)
	}
	if err := l.up(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("make zone: %w", err), l.Down())
	}
	return l, nil
}

func (l *Lab) up(ctx context.Context) error {
	p := lab.Plain{VIP: VIP, NIC: NIC}
	for id := range l.opt.Servers {
		p.Machines = append(p.Machines, lab.PlainMachine{Name: Name(id), Addr: Addr(id), Units: bootUnits, Seed: l.seed(id, l.opt.stateOf(id))})
	}
	c, err := l.place.UpPlain(p)
	if err != nil {
		return err
	}
	l.Cluster = c
	return l.each(func(n *lab.Node) error {
		if err := n.PowerOn(); err != nil {
			return err
		}
		return booted(ctx, n)
	})
}

// each does something to all machines at once.
func (l *Lab) each(do func(*lab.Node) error) error {
	errs := make([]error, len(l.Cluster.Nodes))
	var wg sync.WaitGroup
	for i, n := range l.Cluster.Nodes {
		wg.Add(1)
		go func() { defer wg.Done(); errs[i] = do(n) }()
	}
	wg.Wait()
	return errors.Join(errs...)
}

func booted(ctx context.Context, n *lab.Node) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	return n.Booted(ctx)
}

// Serve does to servers what other processes ask for by lab.Ask (off, on, freeze,
// thaw, cut, heal, reinstall), until ctx ends or one asks for "down".
func (l *Lab) Serve(ctx context.Context) error {
	return l.Cluster.Serve(ctx, map[string]lab.Deed{
		"on":        func(ctx context.Context, n *lab.Node) error { return l.On(ctx, n.Name) },
		"reinstall": func(ctx context.Context, n *lab.Node) error { return l.Reinstall(ctx, n.Name) },
	})
}

// Down ends all and removes every trace. It may be called again.
func (l *Lab) Down() error { return l.place.Close() }

// Remove removes what a killed process left of the zone with this prefix ("": the
// default one's).
func Remove(prefix string) error {
	if prefix == "" {
		prefix = "zone"
	}
	return lab.Remove(prefix)
}

// Servers are the servers' names.
func (l *Lab) Servers() []string {
	var names []string
	for id := range l.opt.Servers {
		names = append(names, Name(id))
	}
	return names
}
