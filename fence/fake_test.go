package fence

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// fakeDevice is a machine in memory, on the fake clock. What it was asked is in
// log: "login", "status", "on", "off", "diag", "logout".
type fakeDevice struct {
	clock *fakeClock
	log   []string

	state   State
	late    time.Duration // until a command shows in the state
	stuck   State         // this state is never reached
	refuse  int           // logins that are refused, -1 for all
	noLogin int           // logins that fail without a word, -1 for all
	lost    int           // status reads that fail, -1 for all
	lostAck bool          // commands are carried out and answered with an error
	errSet  State         // commands to reach this state fail
	hang    bool          // status reads last until their context ends
	restart time.Duration // it carries out a command and is away for so long instead of answering

	next     State
	changeAt time.Time
	away     time.Time // until then nothing answers
}

var errLost = ErrSilent

func (d *fakeDevice) count(n *int) bool {
	if *n > 0 {
		*n--
		return true
	}
	return *n < 0
}

func (d *fakeDevice) open(ctx context.Context, r *Request) (Device, error) {
	d.log = append(d.log, "login")
	switch {
	case d.count(&d.refuse):
		return nil, errors.Join(errors.New("bad password"), ErrLogin)
	case d.count(&d.noLogin), d.clock.now.Before(d.away):
		return nil, errLost
	}
	return d, ctx.Err()
}

func (d *fakeDevice) Power(ctx context.Context) (State, error) {
	d.log = append(d.log, "status")
	if d.hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if d.count(&d.lost) {
		return "", errLost
	}
	if d.next != "" && !d.clock.now.Before(d.changeAt) {
		d.state, d.next = d.next, ""
	}
	return d.state, nil
}

func (d *fakeDevice) SetPower(_ context.Context, s State) error {
	d.log = append(d.log, string(s))
	if s == d.errSet {
		return errors.New("command refused")
	}
	if s != d.stuck {
		d.next, d.changeAt = s, d.clock.now.Add(d.late)
	}
	if d.restart > 0 {
		d.away = d.clock.now.Add(d.restart)
	}
	if d.lostAck || d.restart > 0 {
		return errLost
	}
	return nil
}

func (d *fakeDevice) Interrupt(context.Context) error {
	d.log = append(d.log, "diag")
	if d.lostAck {
		return errLost
	}
	return nil
}

func (d *fakeDevice) Close(ctx context.Context) error {
	d.log = append(d.log, "logout")
	return ctx.Err()
}

// switched returns the power commands only.
func (d *fakeDevice) switched() []string {
	return slices.DeleteFunc(slices.Clone(d.log), func(s string) bool { return s != "on" && s != "off" && s != "diag" })
}

// fakeClock moves only when somebody sleeps.
type fakeClock struct {
	now   time.Time
	slept []time.Duration
	wake  func(time.Time) // called after each sleep
	asked func()          // called whenever the time is asked
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *fakeClock) time() time.Time {
	if c.asked != nil {
		c.asked()
	}
	return c.now
}

func (c *fakeClock) sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	if c.wake != nil {
		c.wake(c.now)
	}
	return ctx.Err()
}

// result is what a caller of an agent sees.
type result struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// call runs the test agent once.
type call struct {
	args  []string
	stdin string
	env   map[string]string
	ctx   context.Context
	tell  func(Change)
}

func testAgent(open func(context.Context, *Request) (Device, error)) Agent {
	return Agent{
		Name: "fence_test", Version: "1.2.3", Short: "Fence agent for tests", Long: "An agent & its <device>.", URL: "https://example.org/",
		Options: []Option{
			{Name: "lanplus", Short: 'P', Type: Boolean, Default: "1", Text: "Encrypt"},
			{Name: "level", Short: 'L', Arg: "level", Type: Select, Choices: []string{"user", "administrator"}, Default: "administrator", Text: "Level"},
			{Name: "key", Old: []string{"old_key"}, Arg: "key", Type: String, Secret: true, Text: "Key"},
		},
		Defaults: map[string]string{"ipport": "623"},
		Diag:     true,
		Validate: func(r *Request) error {
			if r.String("level") == "user" && r.Bool("lanplus") {
				return errors.New("level=user does not go with lanplus")
			}
			return nil
		},
		Open: open,
	}
}

func invoke(d *fakeDevice, c call) result {
	var stdout, stderr bytes.Buffer
	clock := d.clock
	if clock == nil {
		clock = newClock()
		d.clock = clock
	}
	begin := clock.now
	ctx := c.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	agent := testAgent(d.open)
	agent.Tell = c.tell
	code := Run(ctx, agent, Env{
		Args:   c.args,
		Stdin:  strings.NewReader(c.stdin),
		Stdout: &stdout,
		Stderr: &stderr,
		Getenv: func(k string) string { return c.env[k] },
		Now:    clock.time,
		Sleep:  clock.sleep,
	})
	return result{code, stdout.String(), stderr.String(), clock.now.Sub(begin)}
}
