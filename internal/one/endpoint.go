package one

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// DefaultEndpoint is where oned answers unless its configuration says otherwise. It
// is an address, because a probe must not depend on names being resolved.
const DefaultEndpoint = "http://127.0.0.1:2633/RPC2"

// ErrHung says that what listens took the connection, or let it wait, and then
// did not answer in time: the process lives and does nothing.
var ErrHung = errors.New("it accepts connections but does not answer")

// ErrNotTaken, together with ErrHung, says that not even the connection was
// answered: of another machine that is often all there is to see when it is off.
var ErrNotTaken = errors.New("not even the connection")

// ErrNotListening says that nothing takes connections at the endpoint.
var ErrNotListening = errors.New("nothing listens there")

// Endpoint is where a service is reached over TCP. The zero Endpoint is nowhere.
type Endpoint struct {
	address string // host:port
	path    string // of an HTTP service that is asked at one path, "" for any other
	tls     bool   // it wants TLS from the first byte
}

// ParseEndpoint reads a URL like DefaultEndpoint. The error completes
// "parameter NAME ...". Only http is spoken: oned has no TLS of its own.
func ParseEndpoint(s string) (Endpoint, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Endpoint{}, errors.New("is not a URL such as " + DefaultEndpoint) // url's error would repeat a password
	}
	if u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Endpoint{}, errors.New("is not of the form " + DefaultEndpoint + " (oned itself speaks plain http, and takes no user here)")
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Endpoint{}, fmt.Errorf("has no valid port: %q", port)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/RPC2"
	}
	return Endpoint{address: net.JoinHostPort(u.Hostname(), port), path: path}, nil
}

// endpointOf is where a service that listens at host and port is asked from its
// own machine.
func endpointOf(host string, port int) Endpoint {
	return Endpoint{address: net.JoinHostPort(reachable(host), strconv.Itoa(port))}
}

// onedAt is the XML-RPC endpoint of an oned that listens at host and port.
func onedAt(host string, port int) Endpoint {
	e := endpointOf(host, port)
	e.path = "/RPC2"
	return e
}

// reachable is the address by which a process that listens at host is asked from
// its own machine: all addresses means any of them.
func reachable(host string) string {
	host = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(host), "["), "]")
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "" || host == "*":
		return "127.0.0.1"
	case err != nil || !addr.IsUnspecified():
		return host
	case addr.Is6():
		return "::1"
	}
	return "127.0.0.1"
}

// String is the endpoint's URL, or host:port for one that is asked at no path.
func (e Endpoint) String() string {
	if e.path == "" {
		return e.address
	}
	if strings.Contains(e.address, "%") { // of an IPv6 address with a zone (RFC 6874)
		return (&url.URL{Scheme: "http", Host: e.address}).String() + e.path
	}
	return "http://" + e.address + e.path
}

// local reports whether the endpoint is on this machine.
func (e Endpoint) local() bool {
	host, _, _ := net.SplitHostPort(e.address)
	if host == localhost {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if addr.IsLoopback() {
		return true
	}
	own, _ := net.InterfaceAddrs() // on error none
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == addr.WithZone("") {
			return true
		}
	}
	return false
}

// localhost is the one name that is known without a resolver (RFC 6761, 6.3).
const localhost = "localhost"

// conn is a connection whose reads and writes end with ctx.
type conn struct {
	net.Conn
	ctx     context.Context
	started time.Time
	stop    func() bool
}

// dial connects to a TCP endpoint. Errors are ErrNotListening, ErrHung, or the
// network's.
func (e Endpoint) dial(ctx context.Context) (*conn, error) {
	host, port, _ := net.SplitHostPort(e.address)
	if host != localhost {
		return dial(ctx, "tcp", e.address)
	}
	c, err := dial(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if errors.Is(err, ErrNotListening) {
		c, err = dial(ctx, "tcp", net.JoinHostPort("::1", port))
		if err != nil && !errors.Is(err, ErrHung) {
			err = ErrNotListening // without IPv6 the error would be a riddle
		}
	}
	return c, err
}

func dial(ctx context.Context, network, address string) (*conn, error) {
	started := time.Now()
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, address)
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT): // ENOENT: a Unix socket
		return nil, ErrNotListening
	case errors.Is(ctx.Err(), context.Canceled):
		if err == nil {
			nc.Close()
		}
		return nil, ctx.Err()
	case errors.As(err, &timeout) && timeout.Timeout():
		// The queue of a process that accepts nothing fills up, and then even
		// connecting is not answered.
		return nil, fmt.Errorf("%w (%w, within %s)", ErrHung, ErrNotTaken, since(started))
	case err != nil:
		return nil, err
	}
	c := &conn{Conn: nc, ctx: ctx, started: started}
	c.stop = context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	return c, nil
}

// Close ends the connection.
func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// failed tells an answer that did not come in time from one that was cut off, and
// from a caller that wants it no more.
func (c *conn) failed(err error) error {
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(c.ctx.Err(), context.Canceled):
		return c.ctx.Err()
	}
	return fmt.Errorf("%w within %s", ErrHung, since(c.started))
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }
