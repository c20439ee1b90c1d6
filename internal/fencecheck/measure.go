package fencecheck

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// Visit is one login with one read of the power state.
type Visit struct{ Login, Status time.Duration }

// Total is how long the visit took.
func (v Visit) Total() time.Duration { return v.Login + v.Status }

// Measurement is what one device answered.
type Measurement struct {
	Device    Device
	Asked     bool        // the options are right, so that it was asked at all
	Reachable bool        // something answered there
	Tries     int         // how often it was visited
	Visits    []Visit     // those that succeeded
	Power     fence.State // as last read, "" when it never was
	Err       error       // the last one, nil when every visit succeeded
	Timing    Timing      // of the agent
}

// Timing is the agent's own time limits and pauses.
type Timing struct{ LoginTimeout, PowerTimeout, PowerWait time.Duration }

// LoggedIn reports whether a login succeeded and the state could be read.
func (m Measurement) LoggedIn() bool { return len(m.Visits) > 0 }

// Fastest returns the shortest visit, Median the one in the middle (of an even
// number the longer), Worst the longest; all are 0 when none succeeded.
func (m Measurement) Fastest() time.Duration { return m.ranked(0) }
func (m Measurement) Median() time.Duration  { return m.ranked(len(m.Visits) / 2) }
func (m Measurement) Worst() time.Duration   { return m.ranked(len(m.Visits) - 1) }

func (m Measurement) ranked(i int) time.Duration {
	if !m.LoggedIn() {
		return 0
	}
	var all []time.Duration
	for _, v := range m.Visits {
		all = append(all, v.Total())
	}
	slices.Sort(all)
	return all[i]
}

// command is how long a power command is taken to need: as long as the slowest
// read of the state, which is one request too.
func (m Measurement) command() time.Duration {
	var d time.Duration
	for _, v := range m.Visits {
		d = max(d, v.Status)
	}
	return d
}

// Measure visits every device so often, all devices at the same time, and
// returns the measurements in their order. It switches nothing. Each step has the
// agent's own time limit.
func Measure(ctx context.Context, devices []Device, tries int) []Measurement {
	all := make([]Measurement, len(devices))
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() { all[i] = measure(ctx, d, tries) })
	}
	wg.Wait()
	return all
}

// most is how many visits in a row may fail. An agent tries twice too, and more
// refused logins could lock the account.
const most = 2

func measure(ctx context.Context, d Device, tries int) Measurement {
	m := Measurement{Device: d}
	probe, err := fence.NewProbe(ctx, d.Agent, d.Input(fence.ActionStatus))
	if err != nil {
		m.Err = err
		return m
	}
	r := probe.Request()
	m.Asked = true
	m.Timing = Timing{LoginTimeout: r.Limit("login_timeout"), PowerTimeout: r.Seconds("power_timeout"), PowerWait: r.Seconds("power_wait")}
	if !isIPMI(d.Agent) {
		if m.Err = connect(ctx, r); m.Err != nil {
			return m
		}
		m.Reachable = true
	}
	for failed := 0; m.Tries < tries && failed < most && ctx.Err() == nil; {
		m.Tries++
		visit, state, err := visit(ctx, probe)
		if ctx.Err() != nil {
			break
		}
		m.Reachable = m.Reachable || answered(err)
		if err != nil {
			m.Err, failed = err, failed+1
			if errors.Is(err, fence.ErrUntrusted) {
				break
			}
			continue
		}
		failed, m.Power, m.Visits = 0, state, append(m.Visits, visit)
	}
	if ctx.Err() != nil {
		m.Err = errors.New("interrupted")
	}
	return m
}

func visit(ctx context.Context, p *fence.Probe) (Visit, fence.State, error) {
	defer p.Logout(ctx)
	begin := time.Now()
	if err := p.Login(ctx); err != nil {
		return Visit{}, "", err
	}
	in := time.Now()
	state, err := p.Power(ctx)
	return Visit{Login: in.Sub(begin), Status: time.Since(in)}, state, err
}

// answered reports whether what came of a visit shows that a device is there.
func answered(err error) bool {
	return err == nil || errors.Is(err, fence.ErrLogin) || !errors.Is(err, bmc.ErrSilent) && !errors.Is(err, context.DeadlineExceeded)
}
