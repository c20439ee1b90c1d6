package fakeoned

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"
)

// greeting is what both ends of a ZeroMQ connection send first: the signature,
// version 3.0, the mechanism NULL and padding (ZMTP, https://rfc.zeromq.org/spec/23/).
var greeting = append(append([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00"), "NULL"...), make([]byte, 48)...)

// greetingTime bounds the exchange of greetings.
const greetingTime = 5 * time.Second

// publish is a connection to oned's hook driver: it greets and then has nothing
// to tell.
func publish(conn net.Conn) {
	if greet(conn) == nil {
		_, _ = io.Copy(io.Discard, conn) // until either side closes
	}
}

// greet exchanges greetings.
func greet(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(greetingTime))
	if _, err := conn.Write(greeting); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	got := make([]byte, len(greeting))
	if _, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("read greeting: %w", err)
	}
	// The eight bytes in the signature are any; a later minor version is fine.
	if got[0] != greeting[0] || got[9] != greeting[9] || got[10] < 3 || !bytes.Equal(got[12:16], greeting[12:16]) {
		return fmt.Errorf("read greeting: %q is no ZMTP 3 with mechanism NULL", got)
	}
	return conn.SetDeadline(time.Time{})
}

// reconnect is ZeroMQ's, as OpenNebula uses it.
const reconnect = 500 * time.Millisecond

// runHEM is the Hook Execution Manager: it keeps a connection to each of oned's
// ports for events, and waits for oned when it is not there.
func runHEM(ctx context.Context, c Config, ready func(string), log *log.Logger) error {
	var running sync.WaitGroup
	for _, address := range c.Events {
		running.Go(func() {
			for {
				err := subscribe(ctx, address, func() { log.Printf("connected to %s", address) })
				if !pause(ctx, reconnect) {
					return
				}
				if err != nil {
					log.Printf("lost %s: %v", address, err)
				}
			}
		})
	}
	ready("connects to " + strings.Join(c.Events, " and "))
	running.Wait()
	return nil
}

// subscribe keeps one connection to oned until it ends. An error means that there
// was one.
func subscribe(ctx context.Context, address string, connected func()) error {
	conn, err := (&net.Dialer{Timeout: greetingTime}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := greet(conn); err != nil {
		return err
	}
	connected()
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return err
	}
	return io.EOF
}
