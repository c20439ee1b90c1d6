package one

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve gives every connection to handle and closes it then. It ends with the test.
func serve(t testing.TB, handle func(net.Conn)) Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(time.Minute)) // so that no test leaves one behind
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return Endpoint{address: l.Addr().String()}
}

// freePort is an endpoint where nothing listens.
func freePort(t testing.TB) Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return Endpoint{address: l.Addr().String()}
}

// stopped listens and accepts nothing, as a process that was sent SIGSTOP: the
// kernel takes the connections.
func stopped(t testing.TB) Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return Endpoint{address: l.Addr().String()}
}

// hang reads until the client is gone and answers nothing.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// hangUp closes without a word.
func hangUp(net.Conn) {}

// babble answers anything with what no protocol says.
func babble(c net.Conn) {
	_, _ = c.Read(make([]byte, 4096))
	_, _ = io.WriteString(c, "hello, who are you?\n;\x00\xff")
}

// drip answers one byte after the other, for ever.
func drip(c net.Conn) {
	for _, err := c.Read(make([]byte, 4096)); err == nil; {
		_, err = io.WriteString(c, "H")
		time.Sleep(20 * time.Millisecond)
	}
}

// readRequest reads an HTTP request: its first line, header lines and body.
func readRequest(c net.Conn) (line string, head map[string]string, body string) {
	in := bufio.NewReader(c)
	line, _ = in.ReadString('\n')
	head = map[string]string{}
	for {
		h, err := in.ReadString('\n')
		name, value, ok := strings.Cut(strings.TrimSpace(h), ": ")
		if err != nil || !ok {
			break
		}
		head[name] = value
	}
	n, _ := strconv.Atoi(head["Content-Length"])
	b := make([]byte, n)
	_, _ = io.ReadFull(in, b)
	return strings.TrimSpace(line), head, string(b)
}

// respond is an HTTP server that says the same to everyone.
func respond(status string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n<html/>", status)
	}
}

// fakeOned answers every XML-RPC call with the body of a file, by method, else with
// that of "".
func fakeOned(t testing.TB, files map[string]string) Endpoint {
	t.Helper()
	bodies := map[string][]byte{}
	for method, file := range files {
		bodies[method] = read(t, file)
	}
	e := serve(t, func(c net.Conn) {
		_, _, request := readRequest(c)
		body := bodies[""]
		for method, b := range bodies {
			if method != "" && strings.Contains(request, "<methodName>"+method+"<") {
				body = b
			}
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})
	e.path = "/RPC2"
	return e
}

// noFDLeak fails the test if it ends with more open files than it began with.
func noFDLeak(t *testing.T) {
	t.Helper()
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	t.Cleanup(func() {
		for range 200 {
			if count() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d files were open, now %d", before, count())
	})
}
