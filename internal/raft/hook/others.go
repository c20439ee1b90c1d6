package hook

import (
	"context"
	"fmt"
	"sync"

	"github.com/oneha/oneha/internal/one"
)

// others is what the other servers of the zone say about who leads. An oned that was
// cut off or stood still calls itself leader although a later term has another one.
type others struct {
	mu     sync.Mutex
	asked  map[uint64]chan struct{} // by our term; closed when the answers are in
	leader int                      // another server that leads
	term   uint64                   // its term; 0: none is known
}

// overrule corrects what the local oned says about itself.
func (o *others) overrule(t truth) truth {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.leader && o.term > t.term {
		t.leader = false
		t.said = fmt.Sprintf("no leader: oned calls itself leader of term %d, but server %d leads term %d", t.term, o.leader, o.term)
	}
	return t
}

// challenge asks the others whether one of them leads a later term than ours, once
// for each of our terms. It returns when all have answered or their time is over.
func (h *hook) challenge(ctx context.Context, t truth) {
	o := &h.others
	o.mu.Lock()
	answered, asking := o.asked[t.term]
	if !asking {
		answered = make(chan struct{})
		if o.asked == nil {
			o.asked = map[uint64]chan struct{}{}
		}
		o.asked[t.term] = answered
	}
	o.mu.Unlock()
	if !asking {
		h.askOthers(ctx, t)
		close(answered)
	}
	<-answered // soon: every question has its deadline
}

func (h *hook) askOthers(ctx context.Context, t truth) {
	ctx, cancel := context.WithTimeout(ctx, h.conf.times.ask)
	defer cancel()
	zone, err := one.AskZone(ctx, h.oned, h.credentials, h.zone)
	if err != nil {
		h.warn("the other servers were not asked who leads: %v", err)
		return
	}
	var wg sync.WaitGroup
	for _, server := range zone.Servers {
		if server.ID == t.server {
			continue
		}
		wg.Go(func() {
			e, err := one.ParseEndpoint(server.Endpoint)
			if err != nil {
				h.warn("server %d was not asked who leads: its endpoint %q %v", server.ID, server.Endpoint, err)
				return
			}
			// One that does not answer contradicts nobody: it may be the dead leader.
			if s, err := one.AskRaft(ctx, e, h.credentials); err == nil && s.State == one.Leader {
				h.heard(t, server.ID, s.Term)
			}
		})
	}
	wg.Wait()
}

// heard takes note of another leader.
func (h *hook) heard(t truth, server int, term uint64) {
	if term < t.term {
		h.warn("server %d still calls itself leader, of term %d: without a guard there it keeps the floating address until it hears of term %d", server, term, t.term)
		return
	}
	h.others.mu.Lock()
	defer h.others.mu.Unlock()
	if term > h.others.term {
		h.others.leader, h.others.term = server, term
	}
}
