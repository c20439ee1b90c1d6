package hook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// truth is what this server is to be.
type truth struct {
	leader bool
	sure   bool // oned said so, or nobody is there who could lead
	state  one.RaftState
	server int
	term   uint64
	said   string // for people
}

// same reports whether the same has to be done.
func (t truth) same(o truth) bool { return t.leader == o.leader && t.sure == o.sure }

const (
	// earlyTime is how long oned may call itself a candidate after it ran the hook
	// for its victory: it runs the hook a moment before it says so.
	earlyTime = time.Second
	earlyPoll = 10 * time.Millisecond
	// silentTries is how often an oned that does not answer is asked before it counts
	// as no leader.
	silentTries = 3
)

// truth asks the local oned. One that was just elected is given the time to say so.
func (h *hook) truth(ctx context.Context) truth {
	for try := 1; ; try++ {
		t := h.ask(ctx)
		patience := h.call.Role == Leader && !t.leader && (t.state == one.Candidate && time.Since(h.started) < earlyTime || !t.sure && try < silentTries)
		if !patience || sleep(ctx, earlyPoll) != nil {
			return h.others.overrule(t)
		}
	}
}

// ask asks the local oned once.
func (h *hook) ask(ctx context.Context) truth {
	ctx, cancel := context.WithTimeout(ctx, h.conf.times.ask)
	defer cancel()
	s, err := one.AskRaft(ctx, h.oned, h.credentials)
	switch {
	case errors.Is(err, one.ErrNotListening):
		return truth{sure: true, server: -1, said: fmt.Sprintf("no leader: no oned listens at %s", h.oned)}
	case err != nil:
		return truth{server: -1, said: fmt.Sprintf("no leader as far as is known: %v", err)}
	}
	t := truth{leader: s.State == one.Leader, sure: true, state: s.State, server: s.ServerID, term: s.Term}
	t.said = fmt.Sprintf("%s of term %d", s.State, s.Term)
	if s.State == one.Solo {
		t.said = "no leader: oned is alone (SERVER_ID -1)"
	}
	return t
}
