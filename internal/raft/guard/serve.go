package guard

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	requestWithin = 2 * time.Second
	mostRequests  = 32 // at a time, from anywhere
	mostOfPeers   = 16 // besides, from the addresses of guards
)

// serve takes connections of other guards and of load balancers until ctx ends.
func (g *Guard) serve(ctx context.Context, l net.Listener) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	anybody, guards := make(chan struct{}, mostRequests), make(chan struct{}, mostOfPeers)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				break
			}
			g.said.change("accept", "take connections: %v", err) // no descriptors left, for one
			time.Sleep(50 * time.Millisecond)
			continue
		}
		room := anybody
		select {
		case room <- struct{}{}:
		default:
			if room = guards; !g.fromPeer(ctx, c) {
				_ = c.Close()
				continue
			}
			select {
			case room <- struct{}{}:
			default:
				_ = c.Close()
				continue
			}
		}
		requests.Go(func() {
			defer func() { <-room }()
			g.request(ctx, c)
		})
	}
}

// fromPeer reports whether a connection comes from the address of another guard.
func (g *Guard) fromPeer(ctx context.Context, c net.Conn) bool {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return false
	}
	found := make(chan bool, 1)
	within, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	if !g.event(within, func() {
		is := false
		for _, p := range g.peers {
			a, err := netip.ParseAddr(p.host)
			is = is || err == nil && a == from.Addr().Unmap()
		}
		found <- is
	}) {
		return false
	}
	select {
	case is := <-found:
		return is
	case <-within.Done():
		return false
	}
}

// request answers one request.
func (g *Guard) request(ctx context.Context, c net.Conn) {
	defer finish(c)
	if c.SetDeadline(time.Now().Add(requestWithin)) != nil {
		return
	}
	h, body, err := readMessage(c)
	method, rest, _ := strings.Cut(h.first, " ")
	var r response
	switch {
	case errors.Is(err, errTooLong):
		r = text(413, "%v", err)
	case errors.Is(err, errBadHTTP):
		r = text(400, "%v", err)
	case err != nil:
		return // it said nothing, or not all: nobody waits for an answer
	default:
		path, proto, _ := strings.Cut(rest, " ")
		if !strings.HasPrefix(proto, "HTTP/1.") {
			r = text(400, "%v", errBadHTTP)
			break
		}
		path, _, _ = strings.Cut(path, "?")
		r = g.respond(ctx, method, path, h.mac, body)
	}
	_ = r.write(c, method) // whoever is gone needs no answer
}

// respond finds the answer to a request.
func (g *Guard) respond(ctx context.Context, method, path, mac string, body []byte) response {
	get := method == "GET" || method == "HEAD"
	switch {
	case path == peerPath && method == "POST":
		return g.fromGuard(ctx, mac, body)
	case path == "/leader" && get:
		return g.inside(ctx, g.leader)
	case path == "/health" && get:
		return g.inside(ctx, g.health)
	case path == "/metrics" && get:
		return g.inside(ctx, g.metrics)
	case path == peerPath || path == "/leader" || path == "/health" || path == "/metrics":
		return text(405, "not with %.20q", method)
	}
	return text(404, "ask for /leader, /health or /metrics")
}

// inside lets the goroutine that owns everything make the answer.
func (g *Guard) inside(ctx context.Context, f func() response) response {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	made := make(chan response, 1)
	if g.event(ctx, func() { made <- f() }) {
		select {
		case r := <-made:
			return r
		case <-ctx.Done():
		}
	}
	return text(503, "this guard is ending, or too busy")
}

// leader is what a load balancer asks for.
func (g *Guard) leader() response {
	if g.leads() {
		return text(200, "leader")
	}
	return text(503, "not leader")
}

func (g *Guard) leads() bool { return g.machine != nil && g.machine.View(g.now()).Holding }

func (g *Guard) health() response {
	body, err := json.Marshal(g.state())
	if err != nil {
		return text(503, "%v", err)
	}
	return response{status: 200, kind: "application/json", body: append(body, '\n')}
}

// fromGuard answers another guard. What is not authenticated reaches nothing else.
func (g *Guard) fromGuard(ctx context.Context, mac string, body []byte) response {
	m, err := g.c.Peers.open(question, body, mac)
	if err != nil {
		return text(403, "%v", err)
	}
	return g.inside(ctx, func() response {
		if g.machine == nil {
			return text(503, "it takes no part so far")
		}
		a, err := g.asked(m)
		if err != nil {
			return text(400, "%v", err)
		}
		body, mac, err := g.c.Peers.seal(answer, a)
		if err != nil {
			return text(503, "%v", err)
		}
		return response{status: 200, kind: "application/json", mac: mac, body: body}
	})
}
