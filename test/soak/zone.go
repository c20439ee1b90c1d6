package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/guardproc"
)

// servers is the size of the zone, steady the server whose guard is never ended.
const (
	servers = 3
	steady  = 0
)

// zone is a Raft zone with a guard beside each server.
type zone struct {
	*fakezone.Zone
	oneha  string
	record *record
	sample *fakezone.Sampler

	mu     sync.Mutex // of the guards: one goroutine at a time has one
	guards []*guardproc.Guard
	beside map[int]bool // numbers of the commands that run beside the zone
	fell   []string     // guards that ended by themselves, with their last words
}

func upZone(ctx context.Context, fake, oneha string, seed uint64, r *record) (_ *zone, err error) {
	timers := fakezone.Real()
	timers.Load, timers.Open, timers.WarmUp, timers.Stop = 100*time.Millisecond, 500*time.Millisecond, 500*time.Millisecond, 300*time.Millisecond
	timers.Election = 5 * time.Second // guards have the address only from leaders whom a busy machine lets lead
	z := &zone{oneha: oneha, record: r, beside: map[int]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make zone: %w", err), z.Close())
		}
	}()
	if z.Zone, err = fakezone.Up(ctx, fakezone.Options{Servers: servers, Timers: timers, Seed: seed, Program: fake}); err != nil {
		return z, err
	}
	for id := range servers {
		g, err := guardproc.New(z.Zone, id, oneha)
		if err == nil {
			err = g.Start()
		}
		if err != nil {
			return z, err
		}
		z.guards = append(z.guards, g)
	}
	if z.sample, err = z.SampleVIP(100 * time.Millisecond); err != nil {
		return z, err
	}
	return z, z.settle(ctx)
}

// Close ends all of it.
func (z *zone) Close() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	var errs []error
	if z.sample != nil {
		_, err := z.sample.Stop()
		errs = append(errs, err)
	}
	for _, g := range z.guards {
		errs = append(errs, g.Close())
	}
	if z.Zone != nil {
		errs = append(errs, z.Zone.Close())
	}
	return errors.Join(errs...)
}

// collect writes what the guards have said into a directory.
func (z *zone) collect(dir string) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	errs := []error{os.MkdirAll(dir, 0o755)}
	for id, g := range z.guards {
		errs = append(errs, os.WriteFile(filepath.Join(dir, fmt.Sprintf("guard-%d.log", id+1)), []byte(g.Log()), 0o644))
	}
	return errors.Join(errs...)
}

// settle waits until a leader that a majority follows has the address, alone.
func (z *zone) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if _, err := z.WaitLeader(ctx); err != nil {
		return err
	}
	return z.Wait(ctx, "the address on the leader", func(ctx context.Context) bool {
		seen, err := z.sample.Seen()
		holders := seen.Holders()
		return err == nil && len(holders) == 1 && holders[0] == z.Leader(ctx)
	})
}

// look adds what the guards hold, and the commands beside them.
func (z *zone) look() {
	z.mu.Lock()
	defer z.mu.Unlock()
	for pid, runs := range z.beside {
		if p, there := read(pid); runs && there {
			z.record.weigh("beside the zone", watching(p), p)
		}
	}
	for id, g := range z.guards {
		where := serverName(id)
		z.record.add(Key{where, "what the guard says", lines}, "", float64(strings.Count(g.Log(), "\n")))
		if !g.Running() { // systemd would start it again, and so it is done here; but it had no reason to end
			words := strings.Split(strings.TrimSpace(g.Log()), "\n")
			z.fell = append(z.fell, fmt.Sprintf("guard of %s ended by itself: %s", where, strings.Join(words[max(0, len(words)-lastWords):], "; ")))
			if err := g.Start(); err != nil {
				z.fell = append(z.fell, err.Error())
			}
			continue
		}
		if p, there := read(g.PID()); there {
			z.record.weigh(where, "oneha raft guard", p)
		}
	}
}

// lastWords are so many lines of a guard's log that tell why it ended.
const lastWords = 4

func serverName(id int) string { return fmt.Sprintf("zone server %d", id+1) }

// askTime bounds a question to a guard.
const askTime = 2 * time.Second

// visit asks the guards what others ask them all day: a load balancer who leads, a
// monitoring for figures, `oneha raft status` how it is, the hook that it looks. A guard
// that is being ended does not answer, and whether it should is not asked here.
func (z *zone) visit(ctx context.Context, n int) {
	for id, g := range z.guards {
		asking, cancel := context.WithTimeout(ctx, askTime)
		_, _, _ = g.Get(asking, "/leader")
		if n%5 == id {
			_, _, _ = g.Get(asking, "/metrics")
			_, _ = g.Status(asking)
		}
		if n%10 == id {
			_, _ = g.Poke(asking, []string{control.Leader, control.Follower}[n/10%2])
		}
		cancel()
	}
}

// end ends a guard in some way and starts it again, as systemd does.
func (z *zone) end(ctx context.Context, id int, how func(*guardproc.Guard) error) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := how(z.guards[id]); err != nil {
		return err
	}
	if err := pause(ctx, 100*time.Millisecond); err != nil { // RestartSec of its unit
		return err
	}
	return z.guards[id].Start()
}

// zoneDeed is a light fault of the zone.
type zoneDeed struct {
	name string
	do   func(context.Context, *zone, *rand.Rand) error
}

var zoneDeeds = []zoneDeed{
	{"guard killed", func(ctx context.Context, z *zone, random *rand.Rand) error {
		return z.end(ctx, 1+random.IntN(servers-1), (*guardproc.Guard).Kill)
	}},
	{"guard ended", func(ctx context.Context, z *zone, random *rand.Rand) error {
		return z.end(ctx, 1+random.IntN(servers-1), func(g *guardproc.Guard) error { return g.Stop(ctx) })
	}},
	{"oned of the leader killed", func(ctx context.Context, z *zone, _ *rand.Rand) error {
		leader, err := z.WaitLeader(ctx)
		if err != nil {
			return err
		}
		if err := z.Kill(leader); err != nil {
			return err
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
		return z.Start(leader)
	}},
	{"address of the zone removed by hand", func(ctx context.Context, z *zone, _ *rand.Rand) error {
		leader, err := z.WaitLeader(ctx)
		if err != nil {
			return err
		}
		return z.In(leader, func() error {
			link, err := netlink.LinkByName(fakezone.NIC)
			if err != nil {
				return err
			}
			list, err := netlink.AddrList(link, netlink.FAMILY_V4)
			if err != nil {
				return err
			}
			for _, a := range list {
				if a.IP.String() == z.VIP().Addr().String() {
					return netlink.AddrDel(link, &a)
				}
			}
			return nil // it moved this moment
		})
	}},
	{"server of the zone cut off", func(ctx context.Context, z *zone, random *rand.Rand) error {
		z.Cut(z.Isolate(random.IntN(servers))...)
		defer z.Heal()
		return pause(ctx, 8*time.Second)
	}},
}

// status runs `oneha raft status --watch` beside the steady server until ctx ends.
func (z *zone) status(ctx context.Context, out *said) error {
	cmd := exec.CommandContext(ctx, z.oneha, "raft", "status", "--watch=2", "--json", "--file", z.Path(steady, "oneha.yaml"), "--credentials", z.Path(steady, fakezone.AuthFile))
	return z.run(cmd, out, func(start func() error) error { return z.In(steady, start) })
}

// run runs a command that is watched, started by begin.
func (z *zone) run(cmd *exec.Cmd, out *said, begin func(start func() error) error) error {
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := begin(cmd.Start); err != nil {
		return err
	}
	note := func(runs bool) {
		z.mu.Lock()
		defer z.mu.Unlock()
		z.beside[cmd.Process.Pid] = runs
	}
	note(true)
	defer note(false)
	return cmd.Wait()
}

// get asks what visit asks, and looks at the answers: visit cannot.
func (z *zone) get(ctx context.Context) error {
	for id, g := range z.guards {
		for _, path := range []string{"/leader", "/metrics"} {
			code, body, err := g.Get(ctx, path)
			if err != nil {
				return err
			}
			if code != http.StatusOK && code != http.StatusServiceUnavailable {
				return fmt.Errorf("guard of %s answers %d to %s: %s", serverName(id), code, path, body)
			}
		}
	}
	return nil
}
