package guard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// HTTP/1.1 as far as it is needed here, one request on a connection: package net/http
// would take a third of the memory that a guard may have.

const (
	maxHead = 4 << 10 // bytes of the lines before the body
	maxBody = 8 << 10
	// macHeader authenticates messages of guards.
	macHeader = "X-Oneha-Mac"
)

// head are the lines before a body.
type head struct {
	first  string // request line or status line
	length int    // of the body
	mac    string
}

var (
	errTooLong = errors.New("the message is too long")
	errBadHTTP = errors.New("it is not HTTP/1.1 as guards speak it")
)

// readMessage reads one message: its head, and the body that the head announces.
func readMessage(r io.Reader) (h head, body []byte, err error) {
	limited := &io.LimitedReader{R: r, N: maxHead}
	buffered := bufio.NewReaderSize(limited, 1024)
	for n := 0; ; n++ {
		line, err := buffered.ReadString('\n')
		if err != nil {
			if limited.N <= 0 {
				err = errTooLong
			}
			return h, nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case n == 0:
			h.first = line
			continue
		case line == "":
			limited.N = maxBody
			body = make([]byte, h.length)
			_, err := io.ReadFull(buffered, body)
			return h, body, err
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok:
			return h, nil, errBadHTTP
		case strings.EqualFold(name, "Content-Length"):
			length, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return h, nil, errBadHTTP
			}
			if length > maxBody {
				return h, nil, errTooLong
			}
			h.length = int(length)
		case strings.EqualFold(name, "Transfer-Encoding"):
			return h, nil, errBadHTTP
		case strings.EqualFold(name, macHeader):
			h.mac = value
		}
	}
}

// response is what a handler answers.
type response struct {
	status int
	kind   string // content type
	mac    string
	body   []byte
}

var reasons = map[int]string{
	200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	413: "Content Too Large", 503: "Service Unavailable",
}

func text(status int, format string, args ...any) response {
	return response{status: status, kind: "text/plain; charset=utf-8", body: fmt.Appendf(nil, format+"\n", args...)}
}

// write writes the response; without its body to a HEAD request.
func (r response) write(w io.Writer, method string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n",
		r.status, reasons[r.status], r.kind, len(r.body))
	if r.mac != "" {
		fmt.Fprintf(&b, "%s: %s\r\n", macHeader, r.mac)
	}
	b.WriteString("\r\n")
	if method != "HEAD" {
		b.Write(r.body)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// post sends a message to another guard and returns the body of its answer and what
// authenticates that. ctx bounds all of it.
func post(ctx context.Context, address, path string, body []byte, mac string) (answer []byte, signature string, err error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, "", err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, "", err
		}
	}
	request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s: %s\r\nConnection: close\r\n\r\n%s",
		path, address, len(body), macHeader, mac, body)
	if _, err := io.WriteString(c, request); err != nil {
		return nil, "", err
	}
	h, answer, err := readMessage(c)
	if err != nil {
		return nil, "", fmt.Errorf("read answer: %w", err)
	}
	if _, status, _ := strings.Cut(h.first, " "); !strings.HasPrefix(h.first, "HTTP/1.") || !strings.HasPrefix(status, "200") {
		return nil, "", fmt.Errorf("it refused: %.60q", strings.TrimSpace(string(answer)))
	}
	return answer, h.mac, nil
}

// finish ends a connection so that what was written arrives: closing while something
// is unread would reset it.
func finish(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.CloseWrite()
		_ = t.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		_, _ = io.CopyN(io.Discard, t, 64<<10)
	}
	_ = c.Close()
}
