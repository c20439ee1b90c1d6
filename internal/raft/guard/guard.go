// Package guard is `oneha raft guard`: the program around lease.Machine, which holds
// the floating addresses of a Raft zone on its leader.
//
// One goroutine owns the machine; it never waits for anything but the next event.
// What takes time is done by others, each of which brings an event back: oned is
// asked, other guards are asked, the addresses are set (one order after the other),
// the services are started and stopped. Everything has a deadline.
//
// A description without floating addresses has a lease all the same: it decides where
// the services run, and what GET /leader says to a load balancer.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/lease"
)

// ErrChanged says that the files that Load reads say something else now: load them
// and begin anew.
var ErrChanged = errors.New("the configuration was changed")

const (
	zoneEvery     = 5 * time.Second // between two looks at the list of servers
	zoneRetry     = time.Second     // after one that failed
	serviceEvery  = 5 * time.Second // between two looks at services that are where they belong
	serviceRetry  = 2 * time.Second // after one that failed
	serviceWithin = 60 * time.Second
	idleEvery     = time.Second
	stopWithin    = 8 * time.Second // less than the unit's TimeoutStopSec
)

// addresses are the floating ones: floating.Host.
type addresses interface {
	Find(ctx context.Context) ([]floating.Present, error)
	Set(ctx context.Context, until lease.Time) (added []floating.Address, err error)
	Drop(ctx context.Context) (gone bool, err error)
	Announce(ctx context.Context, all []floating.Address) error
	Close()
}

// Guard is one guard.
type Guard struct {
	c      Config
	now    func() lease.Time
	open   func() (addresses, error) // called by the goroutine that uses it
	ask    asker
	send   func(address string, m message, tries int) // does not wait; the answer is an event
	said   *speaker
	began  time.Time
	ending time.Duration // it has for giving everything up
	stray  time.Duration // between two looks for addresses that somebody else added

	events  chan func() // for the goroutine that owns all below
	queries chan struct{}
	looks   chan struct{} // at the list of servers
	orders  chan order
	writes  chan memory // to the disk
	wanted  *wanted
	machine *lease.Machine // nil: takes no part
	idle    string         // why
	memory  memory
	pending []int   // a list of servers that waits
	changed *Config // what the files say now, not nil: it waits
	oned    onedSaid
	peers   map[int]*peer
	windows map[int]*window
	looked  time.Time
	pokes   []*poke
	here    bool // addresses, as of the last order
	ticked  time.Time
	kicked  time.Time
	ended   error // not nil: the loop is to end
	working context.Context
	numbers atomic.Uint64 // of questions to guards
	counts  counts
	workers sync.WaitGroup
	posts   sync.WaitGroup // of questions to guards
	under   int            // of them, not ended

	looking   bool      // what a takeover has left is being looked at
	lookTries int       // in this reign
	lookNext  time.Time // before which there is no further one
}

// counts are the totals in /metrics.
type counts struct {
	queries, silent, asks, granted, refused, taken, lost uint64
}

// Run is a guard until ctx ends. Then it gives up what it holds, and returns within
// eight seconds. ErrChanged asks to be run again with what Load says now.
func Run(ctx context.Context, c Config) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen for other guards: %w", err)
	}
	defer listener.Close()
	g := newGuard(c)
	return g.run(ctx, listener)
}

func newGuard(c Config) *Guard {
	g := &Guard{
		c: c, said: &speaker{to: c.Log}, began: time.Now(), ending: stopWithin, stray: strayEvery,
		now: func() lease.Time {
			now, err := floating.Now()
			if err != nil {
				panic(err) // the clock is there on every kernel that this program runs on
			}
			return now
		},
		open: func() (addresses, error) { return floating.Open("", c.VIPs) },
		ask:  onedAsker{c},

		events: make(chan func(), 16), queries: make(chan struct{}, 1), looks: make(chan struct{}, 1),
		orders: make(chan order, 1), writes: make(chan memory, 1), peers: map[int]*peer{}, windows: map[int]*window{}, wanted: newWanted(),
	}
	g.send = func(address string, m message, tries int) {
		g.posts.Go(func() { g.tell(address, m, tries) })
	}
	return g
}

// run serves until ctx ends.
func (g *Guard) run(ctx context.Context, listener net.Listener) error {
	m, err := recall(g.c.State)
	if err != nil {
		g.said.change("memory", "%v; going on without", err)
	}
	g.memory = m
	socket, err := control.Listen(g.c.Socket)
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx)) // what runs on while the guard ends
	g.working = working
	defer stop()
	for _, work := range []func(context.Context){
		func(ctx context.Context) { g.serve(ctx, listener) },
		func(ctx context.Context) { control.Serve(ctx, socket, controlled{g}) },
		g.queryOned, g.lookAtZone, g.workOnAddresses, g.workOnServices, g.workOnMemory, g.staySlim,
	} {
		g.workers.Go(func() { work(working) })
	}
	g.begin()
	Slim()
	err = g.loop(ctx)
	if ctx.Err() != nil { // otherwise another guard begins in this process
		g.notify("STOPPING=1")
	}
	g.end()
	stop()
	g.workers.Wait()
	g.posts.Wait()
	return err
}

// begin decides whether this guard takes part before the zone was asked.
func (g *Guard) begin() {
	switch {
	case g.c.Server < 0:
		g.idle = "oned is not in a zone under Raft (SERVER_ID is -1)"
		g.said.change("part", "takes no part: %s", g.idle)
	default:
		g.idle = "waiting for oned to say who is in the zone"
	}
	g.status()
	g.notify("READY=1")
}

// join makes a machine for a list of servers.
func (g *Guard) join(all []server) {
	g.memory.Incarnation = next(g.memory.Incarnation, time.Now())
	g.memory.Server, g.memory.Servers = g.c.Server, all
	err := g.memory.write(g.c.State)
	if err == nil {
		g.machine, err = lease.New(lease.Config{Server: g.c.Server, Servers: ids(all), Incarnation: g.memory.Incarnation, Timers: g.c.Timers}, g.now())
	}
	if err != nil {
		g.idle = err.Error()
		g.said.change("part", "takes no part: %v", err)
		return
	}
	g.idle, g.pending = "", nil
	g.said.change("part", "guards server %d of %v; promises nothing for %s", g.c.Server, ids(all), g.c.Timers.Quiet)
	g.meet(all)
}

// loop hands events to the machine until ctx ends or the configuration changes.
func (g *Guard) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := g.wait()
		if wait <= 0 { // looked at here, since a flood of events must not keep it waiting
			g.tick()
			wait = g.wait()
		}
		timer.Reset(max(0, wait))
		select {
		case <-ctx.Done():
			return nil
		case event := <-g.events:
			event()
		case <-timer.C:
		}
		g.answerPokes()
		if g.ended != nil {
			return g.ended
		}
	}
}

// wait is how long nothing needs to happen; 0 or less: it is time for a tick.
func (g *Guard) wait() time.Duration {
	wait := idleEvery - time.Since(g.ticked)
	if g.machine != nil {
		wait = min(wait, time.Duration(g.machine.Next()-g.now()))
	}
	if len(g.pokes) > 0 {
		wait = min(wait, pokeEvery)
	}
	return wait
}

// tick tells the machine the time. systemd's watchdog is fed here and nowhere else:
// a guard that does not get so far is to be started anew.
func (g *Guard) tick() {
	g.ticked = time.Now()
	if g.machine != nil {
		g.obey(g.machine.Tick(g.now()))
	}
	g.feed()
}

// feed feeds systemd's watchdog, as often as it is needed.
func (g *Guard) feed() {
	if g.c.Watchdog > 0 && time.Since(g.kicked) > g.c.Watchdog/4 {
		g.kicked = time.Now()
		g.notify("WATCHDOG=1")
	}
}

// event hands f to the goroutine that owns the machine; false: ctx ended first.
func (g *Guard) event(ctx context.Context, f func()) bool {
	select {
	case g.events <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

// obey gives orders to those who carry them out, in the order of the fields.
func (g *Guard) obey(o lease.Orders) {
	if o.Address != lease.Leave {
		g.orders <- order{o.Address, o.Until} // it has room: the machine waits for the end of the last one
	}
	if o.Release != nil {
		g.tellAll(message{Tell: o.Release}, tellTries)
	}
	if o.Ask != nil {
		g.counts.asks++
		g.tellAll(message{Ask: o.Ask}, 1)
	}
	if o.Query {
		poke1(g.queries)
	}
	switch o.Services {
	case lease.Start:
		g.wanted.set(started)
	case lease.Stop:
		g.wanted.set(stopped)
	}
	g.status()
}

// poke1 wakes a worker, unless it was woken already.
func poke1(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
