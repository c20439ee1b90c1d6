package fakeoned

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// The server follows the mode: greets, refuses connections, is silent, greets.
func TestMySQLFollowsMode(t *testing.T) {
	c := Config{Role: "database", Listen: freePort(t), Shared: t.TempDir(), Modes: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c, func(string) {}, quiet) }()
	for _, step := range []struct {
		mode Mode
		want string
	}{{Up, "greets"}, {Away, "refuses"}, {Hung, "is silent"}, {Up, "greets"}, {Hung, "is silent"}, {Away, "refuses"}} {
		set(t, c.Shared, step.mode)
		var got string
		for end := time.Now().Add(5 * time.Second); got != step.want && time.Now().Before(end); {
			got = look(c.Listen)
		}
		if got != step.want {
			t.Errorf("%s: it %s", step.mode, got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// look is what somebody without a user sees of a MySQL server.
func look(address string) string {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "refuses"
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		if err, ok := err.(net.Error); ok && err.Timeout() {
			return "is silent"
		}
		return "hangs up"
	}
	if head[3] != 0 || head[4] != 10 {
		return "greets with something else"
	}
	if _, err := io.CopyN(io.Discard, conn, int64(head[0])-1); err != nil {
		return "cuts its greeting"
	}
	if _, err := conn.Write(packet(1, []byte("login"))); err != nil {
		return "takes no login"
	}
	answer, _ := io.ReadAll(conn)
	if len(answer) < 7 || answer[3] != 2 || answer[4] != 0xff || !strings.Contains(string(answer), "#28000Access denied") {
		return "lets me in"
	}
	return "greets"
}
