package fence

import (
	"context"
	"errors"
	"sync"
	"time"
)

// answers is what is known of the answers of a device. Drivers tell of them from
// goroutines of their own.
type answers struct {
	mu     sync.Mutex
	now    func() time.Time // nil: nobody asks when the last one was
	last   time.Time        // the last one, or when they began to be counted
	extend func()           // gives the step that is under way more time, nil for none
}

// longest bounds a step that goes on because the device goes on answering.
const longest = 30 * time.Second

// Answered tells that the device answered something, be it late or of no use: it is
// there. Where Agent.Answers says that its driver does so, login_timeout and
// shell_timeout are the longest time without an answer, and a step takes at most 30
// seconds, or its limit where that is longer.
func (r *Request) Answered() {
	r.answers.mu.Lock()
	defer r.answers.mu.Unlock()
	if r.answers.now != nil {
		r.answers.last = r.answers.now()
	}
	if r.answers.extend != nil {
		r.answers.extend()
	}
}

// unanswered is how long the device has not answered anything.
func (r *Request) unanswered() time.Duration {
	r.answers.mu.Lock()
	defer r.answers.mu.Unlock()
	return r.answers.now().Sub(r.answers.last)
}

// count has the time of the last answer known; it begins to run now.
func (a *answers) count(now func() time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now, a.last = now, now()
}

func (a *answers) extendBy(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.extend = f
}

// isSilence reports whether an error of a driver says that nothing was answered.
func isSilence(err error) bool {
	return errors.Is(err, ErrSilent) || errors.Is(err, context.DeadlineExceeded)
}

// limited bounds a step by login_timeout or shell_timeout.
func (s *session) limited(ctx context.Context, name string) (context.Context, context.CancelFunc) {
	limit := s.req.Limit(name)
	if s.agent.Answers == nil || !s.agent.Answers(s.req) {
		return context.WithTimeout(ctx, limit)
	}
	ctx, stop := context.WithTimeout(ctx, max(limit, longest))
	ctx, silent := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { silent(context.DeadlineExceeded) })
	s.req.answers.extendBy(func() { timer.Reset(limit) })
	return ctx, func() {
		s.req.answers.extendBy(nil)
		timer.Stop()
		silent(nil)
		stop()
	}
}
