// Package control is the socket through which programs on the same server talk to
// the guard: the hook of oned tells it to look at once, status asks how it is. Only
// root may connect.
//
// The protocol is text. A client sends one line, and reads until the guard closes:
//
//	poke leader      -> "ok TEXT" or "not TEXT"
//	poke follower    -> the same
//	status           -> State, in JSON
package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Socket is where the guard listens.
const Socket = "/run/oneha/guard.sock"

// Roles of Poke.
const (
	Leader   = "leader"
	Follower = "follower"
)

// ErrNoGuard says that no guard listens: there is no socket, or nobody behind it.
// Any other error comes from a guard that does not answer as it should.
var ErrNoGuard = errors.New("no guard runs on this server")

// Reply is the answer to Poke.
type Reply struct {
	// Reached: role leader: the addresses are here and the first announcement was
	// sent; role follower: they are not here.
	Reached bool
	Text    string // what was done, or what holds it up
}

// longest is more than any answer has.
const longest = 64 << 10

// connectTime bounds a connection that a stopped guard's queue does not take.
const connectTime = time.Second

// Poke tells the guard that oned just became leader or follower. The guard asks
// oned itself; the role only says what the caller waits for. It returns when that
// is reached, when it is known that it is not to be, or when ctx ends.
func Poke(ctx context.Context, path, role string) (Reply, error) {
	if role != Leader && role != Follower {
		return Reply{}, fmt.Errorf("poke guard: role %q: want %s or %s", role, Leader, Follower)
	}
	text, err := ask(ctx, path, "poke "+role)
	if err != nil {
		return Reply{}, fmt.Errorf("poke guard: %w", err)
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	switch word {
	case "ok":
		return Reply{Reached: true, Text: rest}, nil
	case "not":
		return Reply{Text: rest}, nil
	}
	return Reply{}, fmt.Errorf("poke guard: it answered %.80q", text)
}

// Status asks the guard for its state.
func Status(ctx context.Context, path string) (State, error) {
	text, err := ask(ctx, path, "status")
	if err != nil {
		return State{}, fmt.Errorf("ask guard: %w", err)
	}
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, fmt.Errorf("ask guard: %w", err)
	}
	return s, nil
}

func ask(ctx context.Context, path, line string) ([]byte, error) {
	d := net.Dialer{Timeout: connectTime}
	c, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoGuard, path, err)
	}
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return nil, because(ctx, err)
	}
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(c), longest))
	if err != nil {
		return nil, because(ctx, err)
	}
	if len(text) == 0 {
		return nil, errors.New("it closed the connection without an answer")
	}
	return text, nil
}

// because prefers the end of ctx, which is what ended the connection.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
