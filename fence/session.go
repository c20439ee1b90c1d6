package fence

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// session keeps a Device open over the steps of an action. Each login and each
// command has its own time limit, and each step is tried once more on a new
// login: networks lose packets and BMCs drop sessions.
type session struct {
	agent   *Agent
	req     *Request
	pause   func(context.Context, time.Duration) error // as Env.Sleep
	dev     Device                                     // nil when not logged in
	offers  int                                        // how often credentials are offered that the device refuses
	refused int                                        // logins that it refused; offers when there must be no more
	lastErr error                                      // of the last of them
	silent  bool                                       // it did not answer the last try
	giveUp  time.Duration                              // without any answer the device is gone; 0 is never
}

// closeLimit bounds a logout: it is a courtesy to the device, not a result. With
// hurry it keeps the end within a second of a termination signal.
const closeLimit = 500 * time.Millisecond

// maxOffers is how often refused credentials are offered in one process: once
// more than once, because a single lost or garbled reply looks the same.
const maxOffers = 2

// offersOf is one, where pacemaker-fenced calls an agent for a look only: it calls
// again itself after a failure, and it does so on every node.
func offersOf(action string, fenced bool) int {
	if fenced && (action == ActionStatus || action == ActionMonitor) {
		return 1
	}
	return maxOffers
}

// power reads the power state.
func (s *session) power(ctx context.Context) (State, error) { return s.read(ctx, 2) }

// look reads the power state with a single try, for callers that ask again.
func (s *session) look(ctx context.Context) (State, error) { return s.read(ctx, 1) }

func (s *session) read(ctx context.Context, tries int) (State, error) {
	var state State
	err := s.try(ctx, tries, "read the power state of "+s.req.Host(), func(ctx context.Context, d Device) (err error) {
		state, err = bounded(ctx, func() (State, error) { return d.Power(ctx) })
		if err == nil && state != On && state != Off {
			err = fmt.Errorf("it is neither on nor off: %q", string(state))
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.req.Logf("the power of %s is %s", s.req.Host(), state)
	return state, nil
}

func (s *session) setPower(ctx context.Context, want State) error {
	return s.try(ctx, 2, fmt.Sprintf("switch %s %s", s.req.Host(), want), func(ctx context.Context, d Device) error {
		return boundedCall(ctx, func() error { return d.SetPower(ctx, want) })
	})
}

func (s *session) diag(ctx context.Context) error {
	return s.try(ctx, 1, "send a diagnostic interrupt to "+s.req.Host(), func(ctx context.Context, d Device) error {
		i, ok := d.(Interrupter)
		if !ok {
			return errors.New("the device has none")
		}
		return boundedCall(ctx, func() error { return i.Interrupt(ctx) })
	})
}

// gone reports whether a device that was told to change the power has not answered
// anything for too long since, although it was asked.
func (s *session) gone() bool { return s.giveUp > 0 && s.silent && s.req.unanswered() >= s.giveUp }

// retryPause is the pause before a step is tried once more: a device that was
// busy or has just dropped its sessions is often back after it.
const retryPause = time.Second

// try runs a step, up to so many times, each after the first on a new login.
func (s *session) try(ctx context.Context, tries int, what string, step func(context.Context, Device) error) error {
	s.req.Logf("%s", what)
	err := s.once(ctx, step)
	for ; tries > 1 && err != nil && ctx.Err() == nil && s.refused < s.offers && !s.gone(); tries-- {
		s.req.Logf("%s: %v; trying once more", what, err)
		if s.pause(ctx, retryPause) == nil {
			err = s.once(ctx, step)
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted", what)
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// once logs in if need be and runs the step. After any error the session is
// closed, so that the next step starts from a known state.
func (s *session) once(ctx context.Context, step func(context.Context, Device) error) (err error) {
	if !s.silent { // nobody asked since the last answer, as in power_wait: that is no silence
		s.req.Answered()
	}
	defer func() {
		if s.silent = err != nil && isSilence(err); !s.silent {
			s.req.Answered()
		}
	}()
	if err := s.open(ctx); err != nil {
		return err
	}
	ctx, cancel := s.limited(ctx, "shell_timeout")
	defer cancel()
	err = step(ctx, s.dev)
	switch {
	case errors.Is(err, errStuck): // the driver still uses it
		s.dev = nil
	case err != nil:
		s.close(ctx)
	}
	return err
}

func (s *session) open(ctx context.Context) error {
	if s.dev != nil {
		return nil
	}
	if s.refused >= s.offers {
		return s.lastErr
	}
	ctx, cancel := s.limited(ctx, "login_timeout")
	defer cancel()
	s.req.Logf("log in to %s", s.req.Host())
	dev, err := bounded(ctx, func() (Device, error) { return s.agent.Open(ctx, s.req) })
	if err != nil {
		err = fmt.Errorf("log in: %w", err)
		switch {
		case errors.Is(err, ErrLogin):
			s.refused, s.lastErr = s.refused+1, err
		case errors.Is(err, ErrUntrusted):
			s.refused, s.lastErr = s.offers, err
		}
		return err
	}
	s.dev = dev
	s.req.Answered()
	return nil
}

// close logs out, also when the caller's context has ended.
func (s *session) close(ctx context.Context) {
	if s.dev == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer time.AfterFunc(closeLimit, cancel).Stop()
	dev := s.dev
	s.dev = nil
	if err := boundedCall(ctx, func() error { return dev.Close(ctx) }); err != nil {
		s.req.Logf("log out of %s: %v", s.req.Host(), err)
	}
}
