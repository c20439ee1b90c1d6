package one

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Version asks oned for its version: the cheapest call that goes all the way
// through XML-RPC and authentication. Any *APIError or *Fault proves that oned
// answers. ctx bounds the call; errors are ErrNotListening, ErrHung, those of the
// answer, or of the network.
func Version(ctx context.Context, e Endpoint, c Credentials) (string, error) {
	v, err := e.call(ctx, "one.system.version", c.session)
	if err != nil {
		return "", fmt.Errorf("ask oned at %s for its version: %w", e, err)
	}
	return v, nil
}

// readDatabase makes oned read its database: the pool of zones is short, always
// comes from a SELECT, and every user and every server of a Raft zone may read it.
// (The version does not ask the database where oned keeps its users in memory.)
func readDatabase(ctx context.Context, e Endpoint, c Credentials) error {
	if _, err := e.call(ctx, "one.zonepool.info", c.session); err != nil {
		return fmt.Errorf("ask oned at %s for its zones: %w", e, err)
	}
	return nil
}

// call makes an XML-RPC call whose answer is short.
func (e Endpoint) call(ctx context.Context, method string, params ...any) (string, error) {
	var result string
	err := e.post(ctx, call(method, params...), func(body io.Reader) error {
		text, err := io.ReadAll(io.LimitReader(body, maxAnswer))
		if err != nil {
			return fmt.Errorf("read HTTP answer: %w", err)
		}
		result, err = answer(text)
		return err
	})
	return result, err
}

// post sends an XML-RPC call and hands over the answer's body.
func (e Endpoint) post(ctx context.Context, body []byte, read func(io.Reader) error) error {
	if e.address == "" {
		return errors.New("there is no endpoint to ask")
	}
	head := "Content-Type: text/xml\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	return e.exchange(ctx, "POST", e.path, head, body, func(r reply) error {
		if r.status != 200 {
			return fmt.Errorf("HTTP status %d %s: what answers is not oned", r.status, r.reason)
		}
		return read(r.body)
	})
}
