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
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Guard is who answers.
type Guard interface {
	Poke(ctx context.Context, role string) Reply
	Status(ctx context.Context) (State, error)
}

// answerWithin bounds a client: a Poke waits for several seconds.
const answerWithin = 10 * time.Second

// most is how many clients there may be at a time. Hooks pile up when elections do.
const most = 16

// Listen makes the socket. One that a killed guard left is replaced.
func Listen(path string) (*net.UnixListener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make control socket: %w", err)
	}
	c, err := net.DialTimeout("unix", path, connectTime)
	switch {
	case err == nil:
		_ = c.Close()
		return nil, fmt.Errorf("make control socket: another guard listens at %s", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("make control socket: %w", err)
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("make control socket: %w", err), l.Close())
	}
	return l, nil
}

// Serve answers clients until ctx ends, and removes the socket.
func Serve(ctx context.Context, l *net.UnixListener, g Guard) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	room := make(chan struct{}, most)
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(50 * time.Millisecond) // no descriptors left, for one
			continue
		}
		select {
		case room <- struct{}{}:
		default:
			_ = c.Close()
			continue
		}
		clients.Go(func() {
			defer func() { <-room }()
			serve(ctx, c, g)
		})
	}
}

func serve(ctx context.Context, c *net.UnixConn, g Guard) {
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if !trusted(c) || c.SetDeadline(time.Now().Add(answerWithin)) != nil {
		return
	}
	line, err := bufio.NewReader(io.LimitReader(c, 128)).ReadString('\n')
	if err != nil {
		return
	}
	_, _ = c.Write(respond(ctx, strings.Fields(line), g)) // a client that is gone needs no answer
}

func respond(ctx context.Context, words []string, g Guard) []byte {
	switch {
	case len(words) == 1 && words[0] == "status":
		s, err := g.Status(ctx)
		if err != nil {
			return nil
		}
		text, _ := json.Marshal(s) // it has nothing that cannot be encoded
		return text
	case len(words) == 2 && words[0] == "poke" && (words[1] == Leader || words[1] == Follower):
		r := g.Poke(ctx, words[1])
		word := "not"
		if r.Reached {
			word = "ok"
		}
		return []byte(word + " " + r.Text + "\n")
	}
	return []byte("not understood: want poke leader, poke follower or status\n")
}

// trusted reports whether root connected, or the user of the guard in a test.
func trusted(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	trusted := false
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		trusted = err == nil && (cred.Uid == 0 || int(cred.Uid) == os.Geteuid())
	})
	return err == nil && trusted
}
