package fakeoned

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// serving runs handle behind a port until the test ends.
func serving(t *testing.T, c Config) (address string) {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	ctx, cancel := context.WithCancel(context.Background())
	does, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- Run(ctx, c, func(what string) { does <- what }, quiet) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return strings.TrimPrefix(<-does, "listens on ")
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return conn
}

func TestGuacdHandshake(t *testing.T) {
	address := serving(t, Config{Role: "guacd"})
	conn := dial(t, address)
	if _, err := io.WriteString(conn, "6.select,3.vnc;"); err != nil {
		t.Fatal(err)
	}
	got, err := readInstruction(bufio.NewReader(conn))
	if err != nil || len(got) < 3 || got[0] != "args" || got[1] != "VERSION_1_5_0" || got[2] != "hostname" {
		t.Errorf("answer %q, %v", got, err)
	}
	for _, said := range []string{"6.select,7.nothing;", "6.select,4.$abc;", "6.select;", "4.size,1.1;", "GET / HTTP/1.1\r\n\r\n", "99999999.x;"} {
		conn := dial(t, address)
		if _, err := io.WriteString(conn, said); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(conn); len(got) > 0 { // an error is a reset: closed with our bytes unread
			t.Errorf("answer to %q: %q, want none", said, got)
		}
	}
}

func FuzzInstruction(f *testing.F) {
	for _, seed := range []string{"6.select,3.vnc;", "0.;", "1.é,2.\xff\xff;", "4.args", "5.", ".", "1.a;x", "1.a:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readInstruction(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		again, err := readInstruction(bufio.NewReader(strings.NewReader(instruction(got[0], got[1:]...))))
		if err != nil || !slices.Equal(again, got) {
			t.Errorf("%q reads as %q, and written again as %q, %v", text, got, again, err)
		}
	})
}
