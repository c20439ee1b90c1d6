// Package hook is what oned runs when its place in Raft changes, in place of
// OpenNebula's own vip.sh: it brings the floating addresses and the services that
// follow the leader where they belong on this server.
//
// oned neither waits for its hooks nor puts them in order: they were seen to overlap,
// and the later one to end first. So the role in the call is only a hint. A hook asks
// oned what is true, under a lock, makes it so, and asks again before it ends: the
// hook that ends last has seen the last change. Nothing that takes long happens under
// a lock: a follower never waits for the announcements or the services of the leader
// that it was.
//
// Where a guard runs, the addresses are a lease and the guard's: the hook only tells
// it to look at once.
package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/following"
	"github.com/oneha/oneha/internal/raft/guard/control"
)

// How long things may take. A hook that found its locks free has done what decides
// within a few milliseconds; the rest are bounds for a server that hangs.
const (
	limit        = 55 * time.Second // of a whole call
	systemdLimit = 10 * time.Second // of queuing jobs
)

// times are those that tests have shorter.
type times struct {
	ask     time.Duration   // of a question to an oned
	lock    time.Duration   // of waiting for another hook
	guard   time.Duration   // of waiting for the guard to take the addresses
	release time.Duration   // of waiting for the guard to let go, which can be done without it
	again   time.Duration   // when a hook whose role oned contradicted asks again at the earliest: it may have been faster than oned
	repeats []time.Duration // pauses before the later announcements
}

// usual times. An heir's guard waits out the promises to a leader that vanished; a
// guard that hangs is restarted by its watchdog, in about five seconds, and is then
// silent for eight (docs/decisions/0020-raft-vip-lease.md). The first announcement
// reaches everybody on an idle network, the others are for a switch port that still
// learns, and for queues that were full.
var usual = times{
	ask: time.Second, lock: 25 * time.Second, guard: 30 * time.Second, release: 8 * time.Second, again: 500 * time.Millisecond,
	repeats: []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Second},
}

// Config is where things are on this server. Empty fields are the usual places.
type Config struct {
	Dir         string // of the locks
	Socket      string // of the guard
	OnedConf    string
	AuthFile    string // credentials for oned
	Description string // the zone's, which need not be there
	Units       Units  // nil: the services are left alone
	Guarded     bool   // a guard comes back when it is away, whatever systemd says

	times *times // nil: usual
}

// Units is what is needed of systemd: *unit.Manager.
type Units interface {
	following.Manager
	Close()
}

// Outcome is what a hook did, for oned's log.
type Outcome struct {
	Text     string   // a line
	Warnings []string // what went wrong besides
}

// Run makes true on this server what oned says. The error is that the goal was not
// reached: the addresses, and on a leader the services, are not where they belong.
// It takes no longer than a minute.
func Run(ctx context.Context, conf Config, call Call) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	h := &hook{conf: conf.complete(), call: call, started: time.Now(), mayHold: true}
	if err := h.read(); err != nil {
		return Outcome{}, err
	}
	done, err := h.leaveToGuard(ctx)
	if !done && err == nil {
		err = h.alone(ctx)
	}
	return h.outcome, err
}

func (c Config) complete() Config {
	c.Dir = cmp.Or(c.Dir, "/run/oneha")
	c.Socket = cmp.Or(c.Socket, control.Socket)
	c.OnedConf = cmp.Or(c.OnedConf, "/etc/one/oned.conf")
	c.AuthFile = cmp.Or(c.AuthFile, one.DefaultAuthFile)
	c.Description = cmp.Or(c.Description, "/etc/oneha/oneha.yaml")
	c.times = cmp.Or(c.times, &usual)
	return c
}

// hook is one call.
type hook struct {
	conf    Config
	call    Call
	started time.Time

	oned        one.Endpoint
	zone        int // ID
	credentials one.Credentials
	services    []string // that the description names
	mayHold     bool     // false: there is a guard, and it hangs

	others others

	mu      sync.Mutex // of what follows: addresses and services are seen to at the same time
	outcome Outcome
}

func (h *hook) warn(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outcome.Warnings = append(h.outcome.Warnings, fmt.Sprintf(format, args...))
}

// alone reconciles without a guard: the addresses and the services at the same time,
// each under a lock of its own.
func (h *hook) alone(ctx context.Context) error {
	var wg sync.WaitGroup
	var did string
	var failed error
	if h.conf.Units != nil {
		wg.Go(func() { did, failed = h.reconcileServices(ctx) })
	}
	a := h.reconcileAddresses(ctx)
	wg.Wait()
	h.outcome.Text = a.truth.said
	for _, text := range []string{a.did, did} {
		if text != "" {
			h.outcome.Text += "; " + text
		}
	}
	switch {
	case failed != nil && a.truth.leader:
		return errors.Join(a.err, failed)
	case failed != nil:
		h.warn("%v", failed) // that the address is gone is what counts
	}
	return a.err
}

// file is a file beside the lock.
func (h *hook) file(name string) string { return filepath.Join(h.conf.Dir, name) }
