package one

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/textproto"
	"strconv"
	"strings"
)

const (
	maxHead   = 64 << 10 // bytes of an answer's status line and header
	maxAnswer = 1 << 20  // bytes of the body of an answer that is kept whole
)

// reply is an HTTP response whose body is still to be read.
type reply struct {
	status int
	reason string // e.g. "Not Found"
	body   io.Reader
}

// exchange makes one HTTP/1.0 request (RFC 1945), whose answer ends with the
// connection and is never chunked, and hands the answer over while the connection
// is open. Package net/http would double the program that Pacemaker starts every
// few seconds, and its start-up time, for this one request to the local machine.
//
// The head is the request's own lines, each ended with CR LF. Errors are
// ErrNotListening, ErrHung, that of read, or say how the answer is malformed.
func (e Endpoint) exchange(ctx context.Context, method, path, head string, body []byte, read func(reply) error) error {
	c, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	request := fmt.Sprintf("%s %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: oneha\r\n%s\r\n%s", method, path, e.address, head, body)
	if _, err := io.WriteString(c, request); err != nil {
		return c.failed(err)
	}
	r, err := readReply(c)
	if err != nil {
		return c.failed(err)
	}
	return c.failed(read(r))
}

// readReply reads an HTTP response as far as its body.
func readReply(r io.Reader) (reply, error) {
	limited := &io.LimitedReader{R: r, N: maxHead}
	buffered := bufio.NewReader(limited)
	line, err := buffered.ReadString('\n')
	if err != nil {
		return reply{}, fmt.Errorf("read HTTP answer: %w", ended(err))
	}
	proto, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	word, reason, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(word)
	if !strings.HasPrefix(proto, "HTTP/1.") || err != nil || status < 100 || status > 999 {
		return reply{}, errors.New("read HTTP answer: what answers is not an HTTP server")
	}
	header, err := textproto.NewReader(buffered).ReadMIMEHeader()
	if err != nil {
		return reply{}, fmt.Errorf("read HTTP answer: %w", ended(err))
	}
	limited.N = math.MaxInt64 // from here the reader of the body sets its own bounds
	out := reply{status: status, reason: reason, body: buffered}
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		out.body = io.LimitReader(buffered, n)
	}
	return out, nil
}

// get asks for a path and returns the status of the answer, in number and words.
func (e Endpoint) get(ctx context.Context, path, head string) (int, string, error) {
	var status int
	var reason string
	err := e.exchange(ctx, "GET", path, head, nil, func(r reply) error {
		status, reason = r.status, r.reason
		return nil
	})
	return status, reason, err
}

// ended calls an answer that never began by its name.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
