package fence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// statusOff is the exit code of status for a machine that is off.
const statusOff = 2

// control carries out the actions that need the device.
type control struct {
	session
	stdout io.Writer
	log    *logger
	env    Env
	fenced bool // run by pacemaker-fenced
	taken  bool // the device said that it took the command of the change that is under way
}

// run carries out one action and returns the exit code of its success.
func (c *control) run(ctx context.Context) (int, error) { return c.changes(ctx, c.perform) }

func (c *control) perform(ctx context.Context) (int, error) {
	action := c.req.Action
	if action == ActionOff || action == ActionReboot {
		if err := c.sleep(ctx, c.req.Seconds("delay")); err != nil {
			return 1, fmt.Errorf("%s: interrupted during delay", action)
		}
	}
	if changesPower(action) {
		c.tell(Begun, "", nil)
	}
	state, err := c.power(ctx)
	if err != nil {
		return 1, err
	}
	switch action {
	case ActionDiag:
		return 0, c.interrupt(ctx, state)
	case ActionStatus:
		c.say("Status: %s", word(state))
		if state == Off {
			return statusOff, nil
		}
		return 0, nil
	case ActionMonitor:
		return 0, nil
	case ActionReboot:
		return 0, c.reboot(ctx, state)
	case ActionOn:
		return 0, c.reach(ctx, state, On)
	case ActionOff:
		return 0, c.reach(ctx, state, Off)
	}
	return 1, fmt.Errorf("no such action on a device: %q", action)
}

func (c *control) reach(ctx context.Context, state, want State) error {
	if state == want {
		c.tell(Seen, want, nil)
		c.say("Success: Already %s", word(want))
		return nil
	}
	if err := c.change(ctx, want, c.limit()); err != nil {
		return err
	}
	c.say("Success: Powered %s", word(want))
	return nil
}

// interrupt sends the diagnostic interrupt, once: a second one may disturb the
// crash dump that the first one started.
func (c *control) interrupt(ctx context.Context, state State) error {
	if state == Off {
		return errors.New("the machine is off, nothing is there to interrupt")
	}
	if err := c.diag(ctx); err != nil {
		return err
	}
	c.say("Success: Diagnostic interrupt sent")
	return nil
}

// reboot is done when the machine was seen off: that is what the cluster waits
// for. Whether it comes up again is worth a warning, not a failed fencing, and
// is bounded under pacemaker-fenced too, which would otherwise run into its own
// time limit and call the whole reboot failed.
func (c *control) reboot(ctx context.Context, state State) error {
	if state == On {
		if err := c.change(ctx, Off, c.limit()); err != nil {
			return err
		}
	} else {
		c.tell(Seen, Off, nil)
	}
	if err := c.change(ctx, On, c.powerTimeout()); err != nil {
		c.log.warn("the machine was seen off, so it is fenced, but it does not come on again: %v", err)
	}
	c.say("Success: Rebooted")
	return nil
}

// awayPause is the longest pause before a device that does not answer is asked
// again. It is longer than between answers: each try is a login, and BMCs lock
// accounts after too many that end badly.
const awayPause = 4 * time.Second

// change asks for a power state and polls until the device reports it. While it
// waits it repeats the command, in case the device took it and lost it, and
// bears with reads that fail: some BMCs are away for seconds when the power
// changes. One that answers nothing at all for power_timeout is given up, so that
// the cluster can turn to the next fencing level. A limit of 0 is none other.
func (c *control) change(ctx context.Context, want State, limit time.Duration) error {
	begin := c.env.Now()
	c.req.answers.count(c.env.Now)
	c.taken = false
	c.giveUp = max(c.powerTimeout(), c.req.Limit("login_timeout")+c.req.Limit("shell_timeout")) // as long as one try may last
	defer func() { c.giveUp = 0 }()
	err := c.command(ctx, want)
	c.tellAt(begin, Asked, want, nil) // afterwards: whoever is told may take his time
	if err == nil {
		err = c.sleep(ctx, c.req.Seconds("power_wait"))
	}
	if err != nil {
		return err
	}
	repeat := max(c.powerTimeout()/time.Duration(1+c.req.Int("retry_on")), time.Second)
	repeats, next := c.req.Int("retry_on"), begin.Add(repeat)
	longest := max(c.req.Seconds("stonith_status_sleep"), 10*time.Millisecond)
	pause := longest / 8
	for {
		if c.gone() {
			took := "whether it took the command is not known"
			if c.taken {
				took = "though it took the command"
			}
			return fmt.Errorf("timed out waiting to power %s (power_timeout, %s): %s has not answered anything for so long, and %s: look at the machine", word(want), c.giveUp, c.req.Host(), took)
		}
		state, err := c.look(ctx)
		now := c.env.Now()
		switch {
		case err == nil && state == want:
			c.tell(Seen, want, nil)
			return nil
		case err != nil && (ctx.Err() != nil || c.refused >= c.offers):
			return err
		case ctx.Err() != nil: // since it was read; it is another than the one that is wanted
			return fmt.Errorf("power %s: interrupted", word(want))
		case limit > 0 && now.Sub(begin) >= limit:
			if err == nil {
				err = fmt.Errorf("%s still says %s", c.req.Host(), state)
			}
			return fmt.Errorf("timed out waiting to power %s (power_timeout, %s): %w", word(want), limit, err)
		case err == nil && repeats > 0 && !now.Before(next): // one that is away may be restarting for the last command
			repeats, next = repeats-1, now.Add(repeat)
			err := c.command(ctx, want)
			if err == nil {
				err = c.sleep(ctx, c.req.Seconds("power_wait"))
			}
			if err != nil {
				c.req.Logf("repeat the command: %v", err)
			}
			continue
		}
		if err := c.sleep(ctx, pause); err != nil {
			return fmt.Errorf("power %s: interrupted", word(want))
		}
		if pause *= 2; err != nil {
			pause = min(pause, max(longest, awayPause))
		} else {
			pause = min(pause, longest)
		}
	}
}

// command asks for a power state. When the answer is an error, the state
// decides: the command may have been carried out and its answer lost. A device
// that cannot be read either may be restarting for the command's sake, so whoever
// polls has to find out.
func (c *control) command(ctx context.Context, want State) error {
	err := c.setPower(ctx, want)
	c.taken = c.taken || err == nil
	if err != nil {
		state, e := c.power(ctx)
		switch {
		case ctx.Err() != nil, c.refused >= c.offers, e == nil && state != want:
			return err
		case e != nil:
			c.req.Logf("%v; what became of it is not known yet", err)
		}
	}
	return nil
}

// limit is how long a change of power may take, 0 for as long as the cluster
// lets us: under pacemaker-fenced its own time limit decides, unless
// disable_timeout says otherwise.
func (c *control) limit() time.Duration {
	disabled := c.fenced
	if c.req.Given("disable_timeout") {
		disabled = c.req.Bool("disable_timeout")
	}
	if disabled {
		return 0
	}
	return c.req.Seconds("power_timeout")
}

// powerTimeout is power_timeout where a limit is needed in any case.
func (c *control) powerTimeout() time.Duration {
	if d := c.req.Seconds("power_timeout"); d > 0 {
		return d
	}
	return 20 * time.Second
}

func (c *control) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	c.req.Logf("wait %s", d)
	return c.env.Sleep(ctx, d)
}

// say writes the outcome of an action.
func (c *control) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintln(c.stdout, text)
	if action := c.req.Action; action != ActionStatus {
		c.log.note(fmt.Sprintf("%s of %s (%s): %s", action, cmp.Or(c.req.Node, "a machine"), c.req.Host(), text))
	}
}

// word is a state as the messages of fence agents spell it.
func word(s State) string { return strings.ToUpper(string(s)) }
