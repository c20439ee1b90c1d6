package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// sampleInterval is the time between two questions of a Sampler.
const sampleInterval = 20 * time.Millisecond

// Sampler asks every 20 ms, in the switch namespace, who has an IPv4 address,
// and keeps every answer, asked for or not (a gratuitous announcement is a claim
// to the address like any other).
type Sampler struct {
	target netip.Addr
	sender netip.Addr
	socket *arpSocket
	stop   context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	claims []claim
	asked  int
	err    error // why it ended early
}

// SampleVIP starts a sampler for the floating IP. The caller must Stop it.
func (c *Cluster) SampleVIP() (*Sampler, error) {
	l := c.plan.links[0]
	return sample(c.net.ns, l.bridge, l.addr, c.Spec.VIP.Address.Addr())
}

// sample starts a sampler for target that asks as sender from an interface of a
// namespace.
func sample(ns namespace, nic string, sender, target netip.Addr) (*Sampler, error) {
	if !target.Is4() || !sender.Is4() {
		return nil, fmt.Errorf("sample %s: the sampler speaks ARP, so it needs an IPv4 address", target)
	}
	socket, err := openARP(ns, nic)
	if err != nil {
		return nil, fmt.Errorf("sample %s: %w", target, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Sampler{target: target, sender: sender, socket: socket, stop: stop}
	s.wg.Add(2)
	go func() { defer s.wg.Done(); s.ask(ctx) }()
	go func() { defer s.wg.Done(); s.listen(ctx) }()
	return s, nil
}

func (s *Sampler) ask(ctx context.Context) {
	tick := time.NewTicker(sampleInterval)
	defer tick.Stop()
	for {
		if err := s.socket.ask(s.sender, s.target); err != nil {
			s.fail(err)
			return
		}
		s.mu.Lock()
		s.asked++
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Sampler) listen(ctx context.Context) {
	for ctx.Err() == nil {
		c, ok, err := s.socket.next(s.target)
		if err != nil {
			s.fail(err)
			return
		}
		if ok {
			s.mu.Lock()
			s.claims = append(s.claims, c)
			s.mu.Unlock()
		}
	}
}

func (s *Sampler) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
}

// Report says what the sampler has seen so far. It fails when the sampler could
// not sample: silence is then no evidence.
func (s *Sampler) Report() (Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return analyse(s.claims, s.asked), s.err
}

// Stop ends the sampler and gives its last report. It may be called again.
func (s *Sampler) Stop() (Report, error) {
	s.stop()
	s.wg.Wait()
	s.mu.Lock()
	if s.socket != nil {
		s.socket.close()
		s.socket = nil
	}
	s.mu.Unlock()
	return s.Report()
}

// WaitFor waits until mac answers after t, and returns when it first did.
func (s *Sampler) WaitFor(ctx context.Context, mac net.HardwareAddr, t time.Time) (time.Time, error) {
	for {
		s.mu.Lock()
		claims, err := s.claims, s.err
		s.mu.Unlock()
		for _, c := range claims {
			if c.at.After(t) && string(c.mac[:]) == string(mac) {
				return c.at, nil
			}
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("sample %s: %w", s.target, err)
		}
		if err := pause(ctx, sampleInterval); err != nil {
			return time.Time{}, fmt.Errorf("wait for %s to answer for %s: %w", mac, s.target, err)
		}
	}
}

// Announcements counts the gratuitous ARP packets of mac after t: nobody asked for
// them.
func (s *Sampler) Announcements(mac net.HardwareAddr, t time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.claims {
		if c.at.After(t) && !c.reply && c.mac == [6]byte(mac) {
			n++
		}
	}
	return n
}

// Announced returns when mac first sent a gratuitous ARP packet after t; the zero
// time when it has sent none yet.
func (s *Sampler) Announced(mac net.HardwareAddr, t time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.claims {
		if c.at.After(t) && !c.reply && c.mac == [6]byte(mac) {
			return c.at
		}
	}
	return time.Time{}
}

// Silence returns when the longest time ended, since t, in which nobody claimed the
// address: t itself when somebody always did, a claim in the time of ten samples
// counting as always.
func (s *Sampler) Silence(t time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end, longest, last := t, 10*sampleInterval, t
	for _, c := range s.claims {
		if c.at.Before(t) {
			continue
		}
		if gap := c.at.Sub(last); gap > longest {
			end, longest = c.at, gap
		}
		last = c.at
	}
	return end, s.err
}

// Report is what a sampler has seen.
type Report struct {
	Asked    int       // questions
	Claims   int       // answers and announcements
	Spans    []Span    // who answered when, in order
	Overlaps []Overlap // must be empty: moments when two answered
}

// Span is a time in which one MAC address answered, with no other in between.
type Span struct {
	MAC         net.HardwareAddr
	First, Last time.Time
	Claims      int
	Gap         time.Duration // longest silence within
}

// Overlap is a moment in which two MAC addresses had the address.
type Overlap struct {
	At         time.Time // of the later claim
	MAC, Other net.HardwareAddr
	After      time.Duration // since Other's claim
}

// An orderly move can be quick: stop on one node and start on the other are as
// little as 25 ms apart. So that one claims soon after another is no overlap. It
// is one when both reply to the same question, or when one claims, another does,
// and the first does again, in the time of a few samples.
const (
	sameQuestion  = 5 * time.Millisecond // kernels reply at once, and questions are 20 ms apart
	overlapWindow = 2 * sampleInterval
)

// analyse turns claims, in the order of their arrival, into a report.
func analyse(claims []claim, asked int) Report {
	r := Report{Asked: asked, Claims: len(claims)}
	last := map[[6]byte]claim{}
	for _, c := range claims {
		for other, theirs := range last {
			if other != c.mac && overlap(last[c.mac], theirs, c) {
				r.Overlaps = append(r.Overlaps, Overlap{At: c.at, MAC: hardware(c.mac), Other: hardware(other), After: c.at.Sub(theirs.at)})
			}
		}
		last[c.mac] = c
		if n := len(r.Spans); n > 0 && [6]byte(r.Spans[n-1].MAC) == c.mac {
			span := &r.Spans[n-1]
			span.Gap = max(span.Gap, c.at.Sub(span.Last))
			span.Last = c.at
			span.Claims++
			continue
		}
		r.Spans = append(r.Spans, Span{MAC: hardware(c.mac), First: c.at, Last: c.at, Claims: 1})
	}
	return r
}

// overlap reports whether the claim now, with theirs as the other's last one and
// before as the own one before (zero for none), shows two owners.
func overlap(before, theirs, now claim) bool {
	since := now.at.Sub(theirs.at)
	if theirs.reply && now.reply && since <= sameQuestion {
		return true
	}
	between := !before.at.IsZero() && before.at.Before(theirs.at)
	return between && theirs.at.Sub(before.at) <= overlapWindow && since <= overlapWindow
}

func hardware(mac [6]byte) net.HardwareAddr { return mac[:] }

// String is the report for people, one span per line.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d questions, %d answers, %d overlaps", r.Asked, r.Claims, len(r.Overlaps))
	for i, s := range r.Spans {
		silence := ""
		if i > 0 {
			silence = fmt.Sprintf(", after %.2f s of silence", s.First.Sub(r.Spans[i-1].Last).Seconds())
		}
		fmt.Fprintf(&b, "\n%s for %.2f s (%d answers, longest gap %.2f s%s)", s.MAC, s.Last.Sub(s.First).Seconds(), s.Claims, s.Gap.Seconds(), silence)
	}
	for _, o := range r.Overlaps {
		fmt.Fprintf(&b, "\noverlap: %s answered %.1f ms after %s", o.MAC, float64(o.After.Microseconds())/1000, o.Other)
	}
	return b.String()
}

// MAC is the node's address in the network of the floating IP.
func (n *Node) MAC() net.HardwareAddr { return macOf(0, n.plan.id) }
