package fakezone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
)

// Sampler looks again and again which server's interface has the floating address.
type Sampler struct {
	vip     netip.Addr
	every   time.Duration
	each    func(time.Time, []int)
	handles []*netlink.Handle
	links   []netlink.Link
	stop    context.CancelFunc
	wg      sync.WaitGroup

	mu   sync.Mutex
	seen Sightings
	err  error
}

// Sightings are what a sampler has seen.
type Sightings struct {
	Samples int
	Gap     time.Duration // the longest time between two looks: how sure the rest is
	Spans   []Span        // who had it, in the order of their beginnings
	Overlap time.Duration // in all, with two holders or more
	Longest time.Duration // of them at a stretch
	open    map[int]int   // index of the span that goes on, by server
	overlap time.Time     // since when there are two; zero: there are not
	last    time.Time
}

// Span is a time in which a server had the address, from the first to the last
// look that saw it.
type Span struct {
	Server      int
	First, Last time.Time
}

// SampleVIP looks every so often (20 ms is plenty) which servers have the floating
// address. The caller must Stop it.
func (z *Zone) SampleVIP(every time.Duration) (*Sampler, error) {
	return z.SampleEach(every, func(time.Time, []int) {})
}

// SampleEach does the same and tells each of every look, one after the other: when
// the look was over, and who had the address.
func (z *Zone) SampleEach(every time.Duration, each func(at time.Time, holders []int)) (*Sampler, error) {
	s := &Sampler{vip: z.o.VIP.Addr(), every: every, each: each, seen: Sightings{open: map[int]int{}}}
	for _, n := range z.servers {
		h, err := netlink.NewHandleAt(n.ns.handle)
		if err == nil {
			s.handles = append(s.handles, h)
			var l netlink.Link
			l, err = h.LinkByName(NIC)
			s.links = append(s.links, l)
		}
		if err != nil {
			s.close()
			return nil, fmt.Errorf("sample %s on server %d: %w", s.vip, n.id, err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wg.Go(func() { s.run(ctx) })
	return s, nil
}

func (s *Sampler) run(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		holders, err := s.look()
		if err != nil {
			s.mu.Lock()
			s.err = errors.Join(s.err, err)
			s.mu.Unlock()
			return
		}
		now := time.Now()
		s.mu.Lock()
		s.seen.add(now, holders)
		s.mu.Unlock()
		s.each(now, holders)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look finds who has the address at one moment. Servers are looked at one after the
// other, and the address may move meanwhile: two count only when both still had it
// after the last was looked at.
func (s *Sampler) look() ([]int, error) {
	var holders []int
	for id := range s.handles {
		has, err := s.has(id)
		if err != nil {
			return nil, err
		}
		if has {
			holders = append(holders, id)
		}
	}
	if len(holders) < 2 {
		return holders, nil
	}
	var still []int
	for _, id := range holders {
		has, err := s.has(id)
		if err != nil {
			return nil, err
		}
		if has {
			still = append(still, id)
		}
	}
	return still, nil
}

func (s *Sampler) has(id int) (bool, error) {
	list, err := s.handles[id].AddrList(s.links[id], netlink.FAMILY_ALL)
	if err != nil {
		return false, fmt.Errorf("list addresses of server %d: %w", id, err)
	}
	for _, a := range list {
		if ip, ok := netip.AddrFromSlice(a.IP); ok && ip.Unmap() == s.vip {
			return true, nil
		}
	}
	return false, nil
}

// add adds a look.
func (r *Sightings) add(now time.Time, holders []int) {
	r.Samples++
	if !r.last.IsZero() {
		r.Gap = max(r.Gap, now.Sub(r.last))
	}
	has := map[int]bool{}
	for _, id := range holders {
		has[id] = true
		if at, goesOn := r.open[id]; goesOn {
			r.Spans[at].Last = now
			continue
		}
		r.open[id] = len(r.Spans)
		r.Spans = append(r.Spans, Span{Server: id, First: now, Last: now})
	}
	for id := range r.open {
		if !has[id] {
			delete(r.open, id)
		}
	}
	switch {
	case len(holders) < 2:
		r.overlap = time.Time{}
	case r.overlap.IsZero():
		r.overlap = now
	default:
		r.Overlap += now.Sub(r.last)
		r.Longest = max(r.Longest, now.Sub(r.overlap))
	}
	r.last = now
}

// Holders are the servers that had the address at the last look.
func (r Sightings) Holders() []int {
	var ids []int
	for _, span := range r.Spans {
		if span.Last.Equal(r.last) {
			ids = append(ids, span.Server)
		}
	}
	return ids
}

// String is for people, a span per line.
func (r Sightings) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d looks, at most %v apart; two holders for %v, at a stretch %v", r.Samples, r.Gap, r.Overlap, r.Longest)
	for _, span := range r.Spans {
		fmt.Fprintf(&b, "\nserver %d from %s for %v", span.Server, span.First.Format("15:04:05.000"), span.Last.Sub(span.First))
	}
	return b.String()
}

// Seen is what was seen so far. It fails when the sampler could not look: then
// nothing seen means nothing.
func (s *Sampler) Seen() (Sightings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.seen
	r.Spans, r.open = append([]Span(nil), r.Spans...), nil
	return r, s.err
}

// Stop ends the sampler and returns what it has seen.
func (s *Sampler) Stop() (Sightings, error) {
	s.stop()
	s.wg.Wait()
	s.close()
	return s.Seen()
}

func (s *Sampler) close() {
	for _, h := range s.handles {
		h.Close()
	}
	s.handles = nil
}
