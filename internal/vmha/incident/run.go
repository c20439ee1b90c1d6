package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// Power cuts the power of hosts. Off returns only when it was seen off.
type Power interface {
	Off(ctx context.Context, h one.HostDetail) (said string, err error)
	IsOff(ctx context.Context, h one.HostDetail) (bool, error)
}

// Work is what an incident is handled with.
type Work struct {
	Endpoint    one.Endpoint
	Credentials one.Credentials
	Settings    settings.Settings
	Power       Power
	Self        func(host string) bool // whether a host is this machine; nil for no
	Dir         string                 // of the records
	Log         *Log
	Every       time.Duration // to the second look at all machines or try of a call; the pauses grow from there, see pace
	Fresh       time.Duration // nothing is changed by a look at the machines that is older; 0 is 30 seconds
	Lost        time.Duration // after a call without an answer its effect must show within; 0 is Settings.Settle
	// Point is called before and after every step of the record, and before and after every
	// call that changes something; for tests. May be nil.
	Point func(name string)
}

// DefaultDir is where the records are.
const DefaultDir = "/var/lib/oneha/incidents"

// ErrFailed says that something is left to do; the log says what.
var ErrFailed = errors.New("not everything was done: see the log; run it again, it goes on where it stopped")

// errOver ends an incident early, with nothing to be done.
var errOver = errors.New("there is nothing to do")

// Run handles an event. Errors were written to the log.
func Run(ctx context.Context, w Work, e Event) error {
	w.Log.Info("Hook launched")
	err := w.run(ctx, e)
	switch {
	case errors.Is(err, errOver):
		return nil
	case err != nil:
		if !errors.Is(err, ErrFailed) {
			w.Log.Error("%v", err)
		}
		w.Log.Error("Exiting due to previous error.")
		return err
	}
	w.Log.Info("Hook finished")
	return nil
}

func (w Work) run(ctx context.Context, e Event) error {
	record, err := openRecord(w.Dir, e.Host)
	if errors.Is(err, ErrBusy) {
		w.Log.Info("Exiting. %v.", err)
		return errOver
	}
	if err != nil {
		return err
	}
	defer record.Close()
	if w.Point == nil {
		w.Point = func(string) {}
	}
	record.point = w.Point

	h, err := w.host(ctx, e.Host)
	if err != nil {
		//lint:ignore ST1005 a line of the original
		return fmt.Errorf("Could not get host info\n%w", err)
	}
	w.Log.Info("hostname: %s", h.Name)
	if w.Self != nil && w.Self(h.Name) {
		return fmt.Errorf("host %s is this front-end, and what runs this hook is not dead: nothing is done. See why its monitoring fails: onehost show %d", h.Name, h.ID)
	}
	if isNew(record.steps, e, h, time.Now()) {
		if err := record.begin(step{Name: h.Name, Event: e.Text}); err != nil {
			return err
		}
	} else if ended(record.steps) {
		w.Log.Info("Exiting. This incident was handled already, and the host was not seen alive since; --anew forgets that.")
		return errOver
	} else if len(record.steps) > 1 {
		w.Log.Info("An earlier hook did not come to its end: this one goes on with its work.")
	}
	if h, err = w.powerless(ctx, record, e, h); err != nil {
		return err
	}
	left, err := w.machines(ctx, record, e.Options, h)
	if err != nil {
		return err
	}
	if err := w.offline(ctx, record, h); err != nil {
		return err
	}
	if err := record.add(step{Step: stepEnd, Left: left}); err != nil {
		return err
	}
	if left > 0 {
		return ErrFailed
	}
	return nil
}

// margin is how old a sign of life may be when it arrives.
const margin = 30 * time.Second

// isNew reports whether an event begins an incident of its own, and is not one more of
// an incident that has a record: the host was alive in between, or is another one.
func isNew(steps []step, e Event, h one.HostDetail, now time.Time) bool {
	if end, _ := lastOf(steps, stepEnd); len(steps) == 0 || e.Options.Anew || end.What == stoppedEarly {
		return true
	}
	if steps[0].Name != h.Name {
		return true
	}
	at := steps[len(steps)-1].At
	if fenced, is := lastOf(steps, stepFenced); is {
		at = fenced.At
	}
	// LAST_MON_TIME of old releases is no sign of life: a monitoring that failed sets it, too.
	// Nor is a time to come: the clock was put back, and would have the host fenced for ever.
	if alive := time.Unix(h.Monitored, 0); alive.After(at.Add(margin)) && !alive.After(now.Add(margin)) {
		return true
	}
	// MONITORED before, and not the very event that began it: onehook retry sends that one.
	return e.Text != "" && e.Text != steps[0].Event && (e.Before == one.HostMonitored || e.Before == 1)
}

// powerless waits for the host, and returns when its power was seen off, or nobody
// wanted that. No machine is touched before.
func (w Work) powerless(ctx context.Context, record *Record, e Event, h one.HostDetail) (one.HostDetail, error) {
	_, off := record.last(stepFenced)
	_, unasked := record.last(stepUnasked)
	switch {
	case off && !e.Options.NoFencing:
		limited, cancel := context.WithTimeout(ctx, w.Settings.Deadline)
		defer cancel()
		still, err := w.Power.IsOff(limited, h)
		if err != nil {
			return h, fmt.Errorf("%w\nits power was seen off before, and now nobody knows: no machine is touched", err)
		}
		if !still {
			err := errors.New("its power was seen off, and now it is on again: somebody, or its BMC, switched it on. No machine is touched; --anew fences it again")
			return h, errors.Join(err, record.add(step{Step: stepOn})) // oneha recover must not take it for off
		}
		return h, nil
	case unasked && e.Options.NoFencing:
		return h, nil
	}
	pause := e.Options.Pause
	if _, waited := record.last(stepWaited); waited {
		pause = 0 // but it is looked at: it may be back since the hook was killed
	}
	h, err := w.wait(ctx, pause, h)
	if errors.Is(err, errOver) {
		if failed := record.add(step{Step: stepEnd, What: stoppedEarly}); failed != nil {
			return h, failed
		}
	}
	if err != nil {
		return h, err
	}
	if err := record.add(step{Step: stepWaited}); err != nil {
		return h, err
	}
	if err := w.leads(ctx, h); err != nil {
		return h, err
	}
	if err := w.notAlone(ctx, h); err != nil {
		return h, err
	}
	if e.Options.NoFencing {
		w.Log.Info("WARNING: Fencing disabled")
		w.Log.Error("WARNING: nobody saw the power of host %s off: a machine that still runs there will run twice, and write to the same disks", h.Name)
		return h, record.add(step{Step: stepUnasked})
	}
	return h, w.fence(ctx, record, h)
}

func (w Work) fence(ctx context.Context, record *Record, h one.HostDetail) error {
	if err := record.add(step{Step: stepFencing}); err != nil {
		return err
	}
	w.Log.Info("Fencing enabled")
	limited, cancel := context.WithTimeout(ctx, w.Settings.Deadline)
	defer cancel()
	said, err := w.Power.Off(limited, h)
	if err != nil {
		return fmt.Errorf("%w\nFencing error", err)
	}
	if said != "" {
		w.Log.Info("%s", said)
	}
	w.Log.Info("Fencing success")
	return record.add(step{Step: stepFenced})
}

// notAlone refuses to go on where oned hears of no host at all any more: then it is this
// front-end that is cut off, with hosts that are well and BMCs that still obey it. Where
// all hosts are dead indeed, there is nowhere to bring a machine to.
func (w Work) notAlone(ctx context.Context, h one.HostDetail) error {
	var hosts []one.Host
	err := w.retry(ctx, func(ctx context.Context) (err error) {
		hosts, err = one.Hosts(ctx, w.Endpoint, w.Credentials)
		return err
	})
	if err != nil {
		//lint:ignore ST1005 a line of the original
		return fmt.Errorf("Could not get host info\n%w", err)
	}
	dead := 0 // of the others
	for _, other := range hosts {
		switch {
		case other.ID == h.ID:
		case other.State == one.HostMonitored || other.State == 1:
			return nil
		case isDead(other.State):
			dead++
		}
	}
	if dead == 0 {
		return nil // it is the only one
	}
	return fmt.Errorf("no host is MONITORED any more, and %d more in ERROR: more likely this front-end is cut off than that all of them died. Nothing is done\nWhen a host is MONITORED again: oneha hook missed --handle", dead)
}

// isDead reports whether oned gave a host up.
func isDead(s one.HostState) bool { return s == one.HostError || s == 5 }

// offline takes the host out of service, so that nothing places a machine on it, and no
// further event fences it when somebody mends it.
func (w Work) offline(ctx context.Context, record *Record, h one.HostDetail) error {
	_, fenced := record.last(stepFenced)
	if _, done := record.last(stepOffline); done || !fenced || !w.Settings.Offline {
		return nil
	}
	err := w.retry(ctx, func(ctx context.Context) error {
		w.Point("before call")
		defer w.Point("after call")
		return one.SetHostOffline(ctx, w.Endpoint, w.Credentials, h.ID)
	})
	if err != nil {
		return err
	}
	w.Log.Info("Host %s is OFFLINE now. When it is mended: onehost enable %d", h.Name, h.ID)
	return record.add(step{Step: stepOffline})
}
