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
//   - sends again, at intervals that double, and the longer the BMC took last;
//   - takes an answer to any of those;
//   - keeps back what is no answer to the last request, but for garbage, which is
//     go-ipmi's to judge.
type line struct {
	net.Conn               // nil until go-ipmi dials
	resend   time.Duration // first interval
	silence  time.Duration // about a cipher suite, after which the BMC does not have it; 0 is never
	answered func()        // called for each packet of the BMC

	// Of the exchange that is under way; go-ipmi has one at a time.
	request []byte
	began   time.Time
	sent    time.Time     // the last time
	again   time.Time     // when it is sent again
	pause   time.Duration // then until the next time
	giveUp  time.Time     // zero is never
	of      int           // the call that it belongs to
	replied bool          // an answer was handed over
	took    time.Duration // the answer to the last one
	slow    bool          // late answers came: what was sent again was not lost

	anything atomic.Bool // was heard of the BMC

	mu   sync.Mutex
	call int  // counts the calls of the driver
	busy bool // one is under way
}

// mostPause is the longest that a BMC's slowness makes a request wait for being sent
// again the first time.
const mostPause = 5 * time.Second

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
func (l *line) during(ctx context.Context, call func(context.Context) error) error {
	l.turn(true)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	end := sync.OnceFunc(func() {
		cancel() // first: go-ipmi looks at it when it is woken
		l.turn(false)
	})
	defer end()
	defer context.AfterFunc(ctx, end)()
	if ctx.Err() != nil {
		end()
	}
	return call(inner)
}

// turn begins or ends a call and wakes whoever reads for the one before.
func (l *line) turn(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call, l.busy = l.call+1, busy
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
	// A RAKP message 1 that is sent again without need ends the login: the BMC takes
	// another random number for each. The margin is for its sake.
	first := l.resend + min(2*l.took, mostPause)
	l.request, l.began, l.sent, l.replied = append(l.request[:0], packet...), now, now, false
	l.again, l.pause, l.giveUp = now.Add(first), 2*first, time.Time{}
	if payloadOf(packet) == types.PayloadTypeRmcpOpenSessionRequest && l.silence > 0 {
		// A BMC that is slow anyway is not silent about the suite yet.
		l.giveUp = now.Add(max(l.silence, 3*l.took))
	}
	return l.Conn.Write(packet)
}

// Read returns an answer to the last request. It is a timeout when the BMC keeps
// silent about a cipher suite, or when the call is over.
func (l *line) Read(buf []byte) (int, error) {
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
	over := l.of != l.call || !l.busy
	l.mu.Unlock()
	if over {
		return errOver
	}
	l.sent, l.again, l.pause = now, now.Add(l.pause), 2*l.pause
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
		l.slow = true
		if again := now.Add(l.pause / 2); again.After(l.again) {
			l.again = again
		}
	}
	if !wanted {
		return false
	}
	if l.took = now.Sub(l.sent); l.slow {
		l.took = now.Sub(l.began)
	}
	l.replied = true
	return true
}

// SetReadDeadline has no effect: the context of the call decides.
func (l *line) SetReadDeadline(time.Time) error { return nil }

// Payload types beside those of RMCP+.
const (
	oldPayload types.PayloadType = 0xfe // IPMI 1.5, in which RMCP+ begins as well
	noPayload  types.PayloadType = 0xff // not IPMI
)

// payloadOf is the payload type of a packet (IPMI 2.0, tables 13-1, 13-8 and 13-16).
func payloadOf(packet []byte) types.PayloadType {
	const (
		ipmiClass = 0x07
		plusType  = 0x06
		mostType  = 0x05 // of authentication of IPMI 1.5
	)
	switch {
	case len(packet) < 14 || packet[0] != 0x06 || packet[3] != ipmiClass:
		return noPayload
	case packet[4] == plusType:
		return types.PayloadType(packet[5] & 0x3f)
	case packet[4] <= mostType:
		return oldPayload
	}
	return noPayload
}

// answerTo is the payload type of the answer to a request.
func answerTo(request types.PayloadType) types.PayloadType {
	switch request {
	case types.PayloadTypeRmcpOpenSessionRequest:
		return types.PayloadTypeRmcpOpenSessionResponse
	case types.PayloadTypeRAKPMessage1:
		return types.PayloadTypeRAKPMessage2
	case types.PayloadTypeRAKPMessage3:
		return types.PayloadTypeRAKPMessage4
	}
	return request
}
