package raftrounds

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/guardproc"
)

// restartAfter is RestartSec of the guard's unit, and watchdog its WatchdogSec.
const (
	restartAfter = 100 * time.Millisecond
	watchdog     = 5 * time.Second
)

// guards are the guards of a zone. Those that end come back as systemd would bring
// them back, unless they are held down.
type guards struct {
	mu   sync.Mutex
	each []*guardState
	stop chan struct{}
	wg   sync.WaitGroup
}

type guardState struct {
	*guardproc.Guard
	started time.Time
	frozen  bool
	down    bool      // must not come back
	bite    time.Time // when it is killed if it stands still then; zero: never
}

// startGuards starts one beside each server. more are lines of the description.
func startGuards(z *fakezone.Zone, program string, more ...string) (*guards, error) {
	g := &guards{stop: make(chan struct{})}
	for id := range z.Servers() {
		one, err := guardproc.New(z, id, program, more...)
		if err == nil {
			err = one.Start()
		}
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		g.each = append(g.each, &guardState{Guard: one, started: time.Now()})
	}
	g.wg.Go(g.supervise)
	return g, nil
}

// supervise starts guards that have ended.
func (g *guards) supervise() {
	ended := make([]time.Time, len(g.each))
	for {
		select {
		case <-g.stop:
			return
		case <-time.After(restartAfter / 4):
		}
		g.mu.Lock()
		for i, e := range g.each {
			switch {
			case e.Running() && e.frozen && !e.bite.IsZero() && time.Now().After(e.bite):
				e.bite = time.Time{}
				_ = e.Signal(syscall.SIGKILL) // it may have ended
			case e.Running():
				ended[i] = time.Time{}
			case ended[i].IsZero():
				ended[i], e.frozen = time.Now(), false
			case !e.down && time.Since(ended[i]) >= restartAfter:
				if e.Start() == nil { // else the next time
					e.started = time.Now()
				}
			}
		}
		g.mu.Unlock()
	}
}

// signal sends one to a guard, if it runs.
func (g *guards) signal(id int, s syscall.Signal, change func(*guardState)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(g.each[id])
	if !g.each[id].Running() {
		return nil
	}
	if err := g.each[id].Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal guard %d: %w", id, err)
	}
	return nil
}

// Kill kills a guard; it comes back at once, or not before it is raised.
func (g *guards) Kill(id int, back bool) error {
	return g.signal(id, syscall.SIGKILL, func(e *guardState) { e.down = !back })
}

// End ends a guard in good order; it comes back at once, or not before it is raised.
func (g *guards) End(id int, back bool) error {
	return g.signal(id, syscall.SIGTERM, func(e *guardState) { e.down = !back })
}

// Raise lets a guard come back and go on.
func (g *guards) Raise(id int) error {
	return g.signal(id, syscall.SIGCONT, func(e *guardState) { e.down, e.frozen, e.bite = false, false, time.Time{} })
}

// Watch has a guard killed, as systemd does, when it stands still for long.
func (g *guards) Watch(id int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.each[id].bite = time.Now().Add(watchdog)
}

// Freeze stops a guard, and waits until all its threads stand still.
func (g *guards) Freeze(id int) error {
	if err := g.signal(id, syscall.SIGSTOP, func(e *guardState) { e.frozen = true }); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		g.mu.Lock()
		stands := !g.each[id].Running() || still(g.each[id].PID())
		g.mu.Unlock()
		if stands {
			return nil
		}
	}
	return fmt.Errorf("freeze guard %d: it does not stand still", id)
}

// still reports whether all threads of a process are stopped (proc(5), "stat").
func still(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, stat := range threads {
		text, err := os.ReadFile(stat)
		_, state, _ := strings.Cut(string(text), ") ")
		if err != nil || !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// votes reports whether a guard runs and may promise: for a time after its start it
// does not.
func (g *guards) votes(id int, quiet time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.each[id]
	return e.Running() && !e.frozen && time.Since(e.started) > quiet
}

// Close ends all guards.
func (g *guards) Close() error {
	if g == nil {
		return nil
	}
	close(g.stop)
	g.wg.Wait()
	var errs []error
	for _, e := range g.each {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}
