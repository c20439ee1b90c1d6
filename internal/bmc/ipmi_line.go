package bmc

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
)

// line is one go-ipmi client's way to its BMC. go-ipmi would send a request again
// every so often and take the first packet that comes for the answer, which a BMC
// that is slower than that never gets over: it has ever more to do, and late answers
// to what was asked before break the login. So go-ipmi sends once, and the line
//   - sends again, at intervals that double, and begin longer after a slow answer; where
//     packets were seen to get lost, they begin shorter and grow by a quarter;
//   - takes an answer to any of those;
//   - keeps back what is no answer to the last request, but for garbage, which is
//     go-ipmi's to judge;
//   - has a numbered request made anew after a while: many BMCs drop a packet
//     whose sequence number they have seen (IPMI 2.0, section 6.12.13), and when it was
//     their answer that got lost, the same packet never gets another one.
type line struct {
	net.Conn               // nil until go-ipmi dials
	resend   time.Duration // first interval
	silence  time.Duration // about a cipher suite, after which the BMC does not have it; 0 is never
	answered func()        // called for each packet of the BMC

	// Of the exchange that is under way; go-ipmi has one at a time.
	request []byte
	began   time.Time     // it, or the request that it asks anew
	packed  time.Time     // it
	sent    time.Time     // the last time
	again   time.Time     // when it is sent again
	pause   time.Duration // then until the next time
	giveUp  time.Time     // zero is never
	of      int           // the call that it belongs to
	replied bool          // an answer was handed over
	took    time.Duration // the answer to the last one
	longest time.Duration // any answer took since its request was first sent
	slow    bool          // late answers came: what was sent again was not lost
	lossy   bool          // an answer came at once after a request was sent again

	anything atomic.Bool // was heard of the BMC
	anew     atomic.Bool // the last request was given up, to be made anew
	twice    atomic.Bool // RAKP message 1 was sent more than once

	mu   sync.Mutex
	call int     // counts the calls of the driver
	busy bool    // one is under way
	how  repeats // of the call
}

// mostPause is the longest that a BMC's slowness makes a request wait for being sent
// again the first time.
const mostPause = 5 * time.Second

// repeats says what happens when a request gets no answer.
type repeats int

const (
	samePacket repeats = iota // it is sent again
	newRequest                // the same, and a numbered one is given up after sameFor, for the caller to make anew
	never                     // it must not come to the BMC twice
)

// How long the same numbered packet is sent again, in first intervals: a slow BMC's answer
// counts only as long as go-ipmi has not made another one, and one that deals with one
// request after the other would have ever more to do. So it is short only where packets
// get lost.
const (
	sameFor      = 5
	sameForLossy = 2
)

// errAnew ends an exchange that gets no answer by the same packet any more. It must not
// be a timeout, which go-ipmi would not end it for.
var errAnew = errors.New("no answer; the request is to be made anew")

// errOver ends what go-ipmi does on its own, between the calls of the driver or after one.
var errOver = errors.New("the call is over")

// Dial makes line go-ipmi's dialer.
func (l *line) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Conn = conn
	return l, nil
}

// during makes a call of the driver, whose context ends all waiting. go-ipmi gets
// another one, without a deadline: it would look at that only once.
func (l *line) during(ctx context.Context, how repeats, call func(context.Context) error) error {
	l.turn(true, how)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	end := sync.OnceFunc(func() {
		cancel() // first: go-ipmi looks at it when it is woken
		l.turn(false, never)
	})
	defer end()
	defer context.AfterFunc(ctx, end)()
	if ctx.Err() != nil {
		end()
	}
	return call(inner)
}

// askUntilAnswered makes a call of the driver that is one request, and does so anew, with a new
// sequence number, as long as the BMC does not answer.
func (l *line) askUntilAnswered(ctx context.Context, call func(context.Context) error) error {
	l.anew.Store(false)
	for {
		err := l.during(ctx, newRequest, call)
		if err == nil || !l.anew.Load() || ctx.Err() != nil {
			return err
		}
	}
}

// turn begins or ends a call and wakes whoever reads for the one before.
func (l *line) turn(busy bool, how repeats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call, l.busy, l.how = l.call+1, busy, how
	if l.Conn != nil {
		_ = l.Conn.SetReadDeadline(time.Now()) // a closed one wakes as well
	}
}

// Write sends a request.
func (l *line) Write(packet []byte) (int, error) {
	l.mu.Lock()
	l.of = l.call
	l.mu.Unlock()
	now := time.Now()
	l.request, l.packed, l.sent, l.replied = append(l.request[:0], packet...), now, now, false
	l.giveUp = time.Time{}
	if l.anew.Swap(false) { // the pauses go on growing
		l.again, l.pause = now.Add(l.pause), l.longer(l.pause)
		return l.Conn.Write(packet)
	}
	first := l.resend + min(2*l.took, mostPause)
	if l.took > 0 && l.took < l.resend/8 && l.loses() { // no answer will mean a loss
		first /= 2
	}
	l.pause = l.longer(first)
	switch payloadOf(packet) {
	case types.PayloadTypeRmcpOpenSessionRequest:
		if l.silence > 0 {
			l.giveUp = now.Add(l.patience())
		}
	case types.PayloadTypeRAKPMessage1:
		// Sent again without need, it ends the login: the BMC takes another random number
		// for each, and the answer to the first one is of no use any more.
		first *= 2
	}
	l.began, l.again = now, now.Add(first)
	return l.Conn.Write(packet)
}

// patience is how long a BMC may keep silent about a cipher suite. One that is slow
// anyway is not silent about the suite yet.
func (l *line) patience() time.Duration { return max(l.silence, 2*l.longest) }

// Read returns an answer to the last request. It is a timeout when the BMC keeps
// silent about a cipher suite, or when the call is over.
func (l *line) Read(buf []byte) (int, error) {
	if l.replied { // and go-ipmi found that it belongs to an earlier request
		l.late(time.Now())
	}
	for {
		if err := l.await(); err != nil {
			return 0, err
		}
		n, err := l.Conn.Read(buf)
		switch now := time.Now(); {
		case err == nil:
			if l.take(buf[:n], now) {
				return n, nil
			}
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return 0, err
		case !l.giveUp.IsZero() && !now.Before(l.giveUp):
			return 0, &net.OpError{Op: "read", Net: "udp", Err: os.ErrDeadlineExceeded}
		case !now.Before(l.again):
			if err := l.repeat(now); err != nil {
				return 0, err
			}
		}
	}
}

// loses reports whether no answer means that a packet was lost, and not that the BMC is slow.
func (l *line) loses() bool { return l.lossy && !l.slow }

// longer is the pause after a pause.
func (l *line) longer(pause time.Duration) time.Duration {
	if l.loses() {
		return pause * 5 / 4
	}
	return 2 * pause
}

// sameUntil is until when the same numbered packet is sent again.
func (l *line) sameUntil() time.Time {
	if l.loses() {
		return l.packed.Add(sameForLossy * l.resend)
	}
	return l.packed.Add(sameFor * l.resend)
}

// await sets the time until which to read, unless the call is over.
func (l *line) await() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of != l.call || !l.busy && time.Since(l.began) >= l.resend {
		return errOver
	}
	until := l.again
	if !l.giveUp.IsZero() && l.giveUp.Before(until) {
		until = l.giveUp
	}
	return l.Conn.SetReadDeadline(until)
}

// repeat sends the request again. Between the calls nobody waits for the answer.
func (l *line) repeat(now time.Time) error {
	l.mu.Lock()
	over, how := l.of != l.call || !l.busy, l.how
	l.mu.Unlock()
	switch {
	case over:
		return errOver
	case how == never:
		l.again = now.Add(l.pause)
		return nil
	case how == newRequest && !now.Before(l.sameUntil()) && numbered(l.request):
		l.anew.Store(true)
		return errAnew
	}
	if payloadOf(l.request) == types.PayloadTypeRAKPMessage1 {
		l.twice.Store(true)
	}
	l.sent, l.again, l.pause = now, now.Add(l.pause), l.longer(l.pause)
	_, err := l.Conn.Write(l.request)
	return err
}

// take reports whether a packet is to be handed over. One that is an answer to an
// earlier request shows that the BMC is busy with what was sent again in vain.
func (l *line) take(packet []byte, now time.Time) bool {
	got := payloadOf(packet)
	if got == noPayload {
		return true
	}
	l.anything.Store(true)
	if l.answered != nil {
		l.answered()
	}
	wanted := got == answerTo(payloadOf(l.request))
	if !wanted || l.replied {
		l.late(now)
	}
	if !wanted {
		return false
	}
	l.took = now.Sub(l.began)
	if at := now.Sub(l.sent); l.sent.After(l.began) && at < l.resend/4 && !l.slow {
		// To which of the packets it is the answer cannot be known, but it is like that.
		l.lossy, l.took = true, at
	}
	l.longest = max(l.longest, now.Sub(l.began))
	l.replied = true
	return true
}

// late notes that the BMC is still busy with what was asked before.
func (l *line) late(now time.Time) {
	l.slow = true
	if again := now.Add(l.pause / 2); again.After(l.again) {
		l.again = again
	}
	if giveUp := now.Add(l.patience()); !l.giveUp.IsZero() && giveUp.After(l.giveUp) {
		l.giveUp = giveUp
	}
}

// SetReadDeadline has no effect: the context of the call decides.
func (l *line) SetReadDeadline(time.Time) error { return nil }
