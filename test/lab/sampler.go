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

// Overlap is a claim by one MAC address while another still claimed the address.
type Overlap struct {
	At         time.Time
	MAC, Other net.HardwareAddr
	After      time.Duration // since Other's last claim
}

// overlapWindow is the time after a claim in which its MAC address counts as
// still answering: two samples. An owner that lives answers in each of them, and
// a new owner cannot come sooner after the old one's end, since stopping or
// fencing, and starting elsewhere, take the cluster several times as long.
const overlapWindow = 2 * sampleInterval

// analyse turns claims, in the order of their arrival, into a report.
func analyse(claims []claim, asked int) Report {
	r := Report{Asked: asked, Claims: len(claims)}
	last := map[[6]byte]time.Time{}
	for _, c := range claims {
		mac := net.HardwareAddr(append([]byte{}, c.mac[:]...))
		for other, seen := range last {
			if other != c.mac && c.at.Sub(seen) <= overlapWindow {
				r.Overlaps = append(r.Overlaps, Overlap{At: c.at, MAC: mac, Other: append(net.HardwareAddr{}, other[:]...), After: c.at.Sub(seen)})
			}
		}
		last[c.mac] = c.at
		if n := len(r.Spans); n > 0 && string(r.Spans[n-1].MAC) == string(mac) {
			span := &r.Spans[n-1]
			span.Gap = max(span.Gap, c.at.Sub(span.Last))
			span.Last = c.at
			span.Claims++
			continue
		}
		r.Spans = append(r.Spans, Span{MAC: mac, First: c.at, Last: c.at, Claims: 1})
	}
	return r
}

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
