package failover

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Faults that a round may be about.
const (
	Hang  = "the active node hangs"
	Power = "the active node loses power"
	Move  = "the services are moved by hand"
)

// Round is what one round measured. All moments are in seconds since the fault.
type Round struct {
	Pair   int     `json:"pair"`             // the rounds of both sides with one number belong together
	Side   string  `json:"side"`             // Ours or Stock
	Fault  string  `json:"fault"`            // Hang, Power or Move
	Fenced float64 `json:"fenced,omitempty"` // the fencing is confirmed (Pacemaker's log); 0 when nobody was fenced
	VIP    float64 `json:"vip"`              // the floating IP answers from the peer, seen from the switch
	Oned   float64 `json:"oned"`             // oned answers on it, seen from the switch
	All    float64 `json:"all"`              // the last service is started (Pacemaker's log)
	Parts  []Part  `json:"parts"`            // where the time went until oned was started; in order
	Load   float64 `json:"load"`             // the machine's load over one minute, for each core, when it began
	Error  string  `json:"error,omitempty"`  // what went wrong; the figures count for nothing then
}

// fail breaks the active node and waits for the peer to have taken over.
func (s *stack) fail(ctx context.Context, fault string) (Round, error) {
	r := Round{Side: s.side, Fault: fault, Load: Load()}
	victim := s.victim()
	if active, err := s.cluster.Active(); err != nil || active != victim {
		return r, fmt.Errorf("%s should be active, %v is: %v", victim.Name, active, err)
	}
	began := time.Now()
	hurt := victim.Freeze
	if fault == Power {
		hurt = victim.PowerOff
	}
	if err := hurt(); err != nil {
		return r, err
	}
	if err := s.follow(ctx, &r, victim, began); err != nil {
		return r, err
	}
	for _, e := range s.cluster.Events(began) {
		if e.Node != victim.Name || e.Kind == lab.Crashed {
			return r, fmt.Errorf("only %s should have been hurt, but: %s", victim.Name, e)
		}
	}
	return r, s.watch.Audit(ctx)
}

// group is what the floating IP and oned are in, which all services follow.
const group = "frontend"

// move has Pacemaker move everything from the active node to the other in order, as
// an administrator does before work on a server, and takes the constraint away that does it.
func (s *stack) move(ctx context.Context) (Round, error) {
	r := Round{Side: s.side, Fault: Move, Load: Load()}
	from, err := s.cluster.Active()
	if err != nil {
		return r, err
	}
	to := s.cluster.Peer(from)
	began := time.Now()
	if _, err := to.Exec(ctx, "crm_resource", "--move", "--resource", group, "--node", to.Name); err != nil {
		return r, err
	}
	if err := s.follow(ctx, &r, from, began); err != nil {
		return r, err
	}
	if _, err := to.Exec(ctx, "crm_resource", "--clear", "--resource", group); err != nil {
		return r, err
	}
	if err := s.settle(ctx); err != nil {
		return r, err
	}
	return r, s.watch.Audit(ctx)
}

// follow waits until all that ran on a node runs on its peer, and fills in when.
func (s *stack) follow(ctx context.Context, r *Round, from *lab.Node, began time.Time) error {
	to := s.cluster.Peer(from)
	recovering, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	vip, err := s.watch.VIP.WaitFor(recovering, to.MAC(), began)
	if err != nil {
		return err
	}
	oned, err := answers(recovering, s.cluster)
	if err != nil {
		return err
	}
	r.VIP, r.Oned = seconds(vip.Sub(began)), seconds(oned.Sub(began))
	if err := s.settle(ctx); err != nil {
		return err
	}
	if active, err := s.cluster.Active(); err != nil || active != to {
		return fmt.Errorf("%s should have taken over: %v", to.Name, err)
	}
	facts, err := facts(ctx, s.cluster)
	if err != nil {
		return err
	}
	h, err := historyOf(facts, began, to.Name)
	if err != nil {
		return err
	}
	if h.fenced.IsZero() != (r.Fault == Move) {
		return fmt.Errorf("%s: fenced at %s", r.Fault, h.fenced)
	}
	if !h.fenced.IsZero() {
		r.Fenced = seconds(h.fenced.Sub(began))
	}
	r.All, r.Parts = seconds(h.all.Sub(began)), h.parts(began)
	return nil
}
