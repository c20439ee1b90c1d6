package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
)

// maxHealth bounds a guard's answer, in bytes.
const maxHealth = 64 << 10

// askGuard asks the guard of a server for its state, and its machine for the time.
func (g *gatherer) askGuard(ctx context.Context, host string) Guard {
	if g.NoGuards {
		return Guard{Answer: NotAsked}
	}
	var connected atomic.Bool // the dialling may outlive the question
	client := http.Client{
		Transport: &http.Transport{ // no proxy: the server itself is asked
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				connected.Store(err == nil)
				return c, err
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	began := time.Now()
	text, date, err := get(ctx, &client, "http://"+net.JoinHostPort(host, strconv.Itoa(g.zone.GuardPort))+"/health")
	took := time.Since(began)
	var found *control.State
	if err == nil {
		found, err = readState(text)
	}
	if err != nil {
		answer := guardAnswer(err, connected.Load())
		return Guard{Answer: answer, Error: err.Error()}
	}
	return Guard{Answer: Answers, State: found, Clock: offset(began, took, found.Now, date)}
}

// get makes one request, and returns what came and the time that the server says it is.
func get(ctx context.Context, client *http.Client, url string) ([]byte, time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ask guard: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ask guard: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxHealth))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ask guard: %w", err)
	}
	// A guard may give its judgement as the status too (503); only the text counts here.
	date, _ := http.ParseTime(response.Header.Get("Date")) // zero: not known
	return text, date, nil
}

// guardAnswer says how a guard took the question.
func guardAnswer(err error, connected bool) Answer {
	var net net.Error
	switch late := errors.As(err, &net) && net.Timeout(); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refuses
	case connected && (late || errors.Is(err, context.DeadlineExceeded)):
		return Hangs
	case !connected:
		return Unreachable
	}
	return Denies
}

// offset is how far a server's clock is ahead. It said its time at some moment
// between question and answer; the header of HTTP has whole seconds, cut down.
func offset(began time.Time, took time.Duration, exact, date time.Time) *Offset {
	middle, doubt := began.Add(took/2), took/2
	switch {
	case !exact.IsZero():
		date = exact
	case !date.IsZero():
		date, doubt = date.Add(time.Second/2), doubt+time.Second/2
	default:
		return nil
	}
	return &Offset{By: Millis(date.Sub(middle.Round(0))), Error: Millis(doubt)}
}
