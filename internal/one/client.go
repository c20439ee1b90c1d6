package one

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
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

// ErrHung says that oned took the connection and then did not answer in time:
// the process lives and does nothing.
var ErrHung = errors.New("oned accepts connections but does not answer")

// ErrNotListening says that nothing takes connections at the endpoint.
var ErrNotListening = errors.New("nothing listens at oned's endpoint")

// Endpoint is where oned's XML-RPC API is reached.
type Endpoint struct {
	address string // host:port
	path    string
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

// String is the endpoint's URL.
func (e Endpoint) String() string { return "http://" + e.address + e.path }

// Version asks oned for its version: the cheapest call that goes all the way
// through XML-RPC and authentication. Any *APIError or *Fault proves that oned
// answers. ctx bounds the call; errors are ErrNotListening, ErrHung, those of the
// answer, or of the network.
func Version(ctx context.Context, e Endpoint, c Credentials) (string, error) {
	body, err := e.post(ctx, call("one.system.version", c.session))
	if err != nil {
		return "", fmt.Errorf("ask oned at %s for its version: %w", e, err)
	}
	v, err := answer(body)
	if err != nil {
		return "", fmt.Errorf("ask oned at %s for its version: %w", e, err)
	}
	return v, nil
}

// maxAnswer bounds an answer, in bytes; a version is short.
const maxAnswer = 1 << 20

// post makes one HTTP/1.0 request (RFC 1945): the answer then ends with the
// connection and is never chunked. Package net/http would double the program
// that Pacemaker starts every few seconds, and its start-up time, for this one
// request to the local machine.
func (e Endpoint) post(ctx context.Context, body []byte) ([]byte, error) {
	started := time.Now()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", e.address)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNotListening
	case err != nil:
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	request := fmt.Sprintf("POST %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: oneha\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", e.path, e.address, len(body), body)
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, hung(ctx, err, started)
	}
	reply, err := readReply(conn)
	if err != nil {
		return nil, hung(ctx, err, started)
	}
	return reply, nil
}

// hung tells an answer that did not come in time from one that was cut off.
func hung(ctx context.Context, err error, started time.Time) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
		return fmt.Errorf("%w within %s", ErrHung, time.Since(started).Round(time.Millisecond))
	}
	return err
}

// readReply reads an HTTP response and returns its body.
func readReply(r io.Reader) ([]byte, error) {
	in := textproto.NewReader(bufio.NewReader(io.LimitReader(r, maxAnswer)))
	status, err := in.ReadLine()
	if err != nil {
		return nil, fmt.Errorf("read HTTP answer: %w", ended(err))
	}
	proto, rest, _ := strings.Cut(status, " ")
	if !strings.HasPrefix(proto, "HTTP/1.") {
		return nil, fmt.Errorf("read HTTP answer: what answers is not an HTTP server")
	}
	header, err := in.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("read HTTP answer: %w", ended(err))
	}
	if code, _, _ := strings.Cut(rest, " "); code != "200" {
		return nil, fmt.Errorf("HTTP status %s: what answers is not oned", rest)
	}
	var body io.Reader = in.R
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		body = io.LimitReader(body, n)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read HTTP answer: %w", err)
	}
	return text, nil
}

// ended calls an answer that never began by its name.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
