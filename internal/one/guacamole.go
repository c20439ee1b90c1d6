package one

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Instructions of the Guacamole protocol (Apache Guacamole Manual, "The Guacamole
// protocol", "Design"): elements LENGTH.TEXT between commas, ended by a semicolon.
//
// A client may join a connection that exists, by an identifier that begins with $.
// guacd looks this one up, does not find it, says so and hangs up. It starts no
// process, as it would for the name of a protocol, and writes one line at level
// info that names the probe.
const (
	guacamoleJoin  = "6.select,14.$oneha-monitor;"
	guacamoleError = "5.error,"
)

// guacamolePause is how long guacd must wait for the second half of an
// instruction; it waits 15 seconds.
const guacamolePause = 200 * time.Millisecond

var errNotGuacamole = errors.New("what answers does not speak the Guacamole protocol")

// probeGuacamole proves that a guacd works at the endpoint.
func probeGuacamole(ctx context.Context, e Endpoint) error {
	c, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, guacamoleJoin); err != nil {
		return c.failed(err)
	}
	in := bufio.NewReader(io.LimitReader(c, 4096))
	answer, err := in.ReadString(';')
	switch {
	case strings.HasPrefix(answer, guacamoleError):
		return nil
	case err == io.EOF && answer == "":
		return hangsUpAsGuacd(ctx, e)
	case err != nil && err != io.EOF:
		return c.failed(err)
	}
	return errNotGuacamole
}

// hangsUpAsGuacd proves as much as a guacd before 1.4.0 lets: it hangs up on that
// instruction without a word, but not before the instruction is complete.
func hangsUpAsGuacd(ctx context.Context, e Endpoint) error {
	c, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, guacamoleJoin[:len(guacamoleJoin)/2]); err != nil {
		return c.failed(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(guacamolePause)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	_, err = c.Read(make([]byte, 1))
	switch {
	case ctx.Err() != nil:
		return c.failed(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil // it waits
	}
	return errNotGuacamole
}
