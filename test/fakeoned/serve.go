package fakeoned

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// listen opens a port.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open port: %w", err)
	}
	return l, nil
}

func listensOn(l net.Listener) string { return "listens on " + l.Addr().String() }

// serve answers HTTP until ctx ends; then it closes the port and all connections
// at once.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// serveEach gives every connection to handle until ctx ends; then it closes the
// port and all connections, and returns when the last handle has.
func serveEach(ctx context.Context, l net.Listener, handle func(net.Conn)) error {
	defer l.Close()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil: // handle sees the end of ctx by itself
		case ctx.Err() != nil:
			return nil
		default:
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		running.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			handle(conn)
		})
	}
}
