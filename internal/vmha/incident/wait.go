package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// wait watches the host for so many cycles, as the original does, but with a sample
// every few seconds instead of one at the end. It returns when the host is dead, or
// errOver.
func (w Work) wait(ctx context.Context, cycles int, h one.HostDetail) (one.HostDetail, error) {
	set := w.Settings.Wait
	until := time.Duration(cycles) * set.Cycle
	if cycles > 0 {
		w.Log.Info("Wait %d cycles.", cycles)
		w.Log.Info("Sleeping %d seconds.", int(until/time.Second))
	}
	begun := time.Now()
	back, dead := 0, 0 // samples in a row
	for samples := 1; ; samples++ {
		switch h.State {
		case one.HostMonitored, 1:
			back, dead = back+1, 0
		case one.HostOffline:
			w.Log.Info("Exiting. Host is OFFLINE: somebody took it out of service, so what is on it is theirs. To go on: onehost enable %d, or run the hook again by hand.", h.ID)
			return h, errOver
		case one.HostDisabled, 7:
			back, dead = 0, dead+1
		case one.HostError, 5:
			back, dead = 0, dead+1
		default: // INIT and the like: it is being asked at this moment
			back = 0
		}
		if back >= set.Agree {
			w.Log.Info("Exiting. Host came back after waiting.")
			return h, errOver
		}
		if dead > 0 && samples >= set.Samples && time.Since(begun) >= until {
			break
		}
		if over := time.Since(begun) - until; over > w.Settings.Deadline {
			return h, fmt.Errorf("host %s is neither back nor dead: %s after the time to wait it is %s", h.Name, over.Round(time.Second), h.State)
		}
		if err := sleep(ctx, set.Interval); err != nil {
			return h, err
		}
		var err error
		if h, err = w.host(ctx, h.ID); err != nil {
			//lint:ignore ST1005 a line of the original
			return h, fmt.Errorf("Could not get host info\n%w", err)
		}
	}
	if h.State == one.HostDisabled || h.State == 7 {
		return h, w.disabled(ctx, h)
	}
	return h, nil
}

// disabled decides about a host that somebody disabled in the meantime: oned does not
// say any more whether it answers, but its machines do.
func (w Work) disabled(ctx context.Context, h one.HostDetail) error {
	unknown, running := 0, 0
	err := w.retry(ctx, func(ctx context.Context) error {
		unknown, running = 0, 0
		return one.EachPlaced(ctx, w.Endpoint, w.Credentials, "", func(vm one.PlacedVM) {
			switch {
			case !onHost(vm, h) || vm.State != recovery.Active:
			case vm.LCM == 16:
				unknown++
			case vm.LCM == 3:
				running++
			}
		})
	})
	switch {
	case err != nil:
		return err
	case running == 0 && unknown > 0:
		w.Log.Info("Host is DISABLED, and still dead: %d of its machines are UNKNOWN, none is RUNNING.", unknown)
		return nil
	}
	w.Log.Info("Exiting. Host is DISABLED, and nothing shows that it is dead: %d of its machines are RUNNING, %d UNKNOWN.", running, unknown)
	return errOver
}

// onHost reports whether a machine's last history record is of the host.
func onHost(vm one.PlacedVM, h one.HostDetail) bool {
	if vm.Placed.Host >= 0 {
		return vm.Placed.Host == h.ID
	}
	return vm.VM.Host == h.Name
}

func (w Work) host(ctx context.Context, id int) (h one.HostDetail, err error) {
	err = w.retry(ctx, func(ctx context.Context) error {
		h, err = one.AskHost(ctx, w.Endpoint, w.Credentials, id)
		return err
	})
	return h, err
}

// pace is for asking again and again: the pauses grow by half, from Every to mostPauses
// of it, so that the number of calls is bounded by the time and not by the machines.
type pace struct{ next, most time.Duration }

const mostPauses = 15

func (w Work) pace() *pace { return &pace{w.Every, mostPauses * w.Every} }

// step is how long to pause now.
func (p *pace) step() time.Duration {
	d := p.next
	p.next = min(d+d/2, p.most)
	return d
}

func (p *pace) pause(ctx context.Context) error { return sleep(ctx, p.step()) }

// retry makes a call again until it succeeds or is refused, within the deadline: a zone
// without a leader refuses everything for some seconds.
func (w Work) retry(ctx context.Context, call func(context.Context) error) error {
	begun, pace := time.Now(), w.pace()
	for {
		err := within(ctx, call)
		if err == nil || refused(err) || ctx.Err() != nil {
			return err
		}
		if time.Since(begun) > w.Settings.Deadline {
			return fmt.Errorf("%w, for %s by now", err, time.Since(begun).Round(time.Second))
		}
		if err := pace.pause(ctx); err != nil {
			return err
		}
	}
}

// callLimit is far more than a call takes on a busy front-end.
const callLimit = time.Minute

func within(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return call(ctx)
}

// refused reports whether oned has understood a call and will never do it. A zone
// without a leader, a database that is away and a lost connection are no refusals.
func refused(err error) bool {
	if fault, ok := errors.AsType[*one.Fault](err); ok {
		return fault != nil
	}
	refusal, ok := errors.AsType[*one.APIError](err)
	const replication = 0x10000
	return ok && refusal.Code != one.CodeInternal && refusal.Code != one.CodeAuthentication && refusal.Code != replication
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
