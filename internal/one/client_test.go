package one

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const secret = "oneadmin:not-to-be-seen"

// ask calls Version on a server that answers as handler says.
func ask(t *testing.T, handler http.HandlerFunc, timeout time.Duration) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return askAt(t, server.URL+"/RPC2", timeout)
}

func askAt(t *testing.T, url string, timeout time.Duration) (string, error) {
	t.Helper()
	e, err := ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	v, err := Version(ctx, e, Credentials{session: secret})
	if err != nil && strings.Contains(err.Error(), "not-to-be-seen") {
		t.Errorf("the password is in the error: %v", err)
	}
	return v, err
}

func TestVersionAsksAsOnedExpects(t *testing.T) {
	got, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/RPC2" || r.Header.Get("Content-Type") != "text/xml" ||
			!strings.Contains(string(body), "<methodName>one.system.version</methodName>") || !strings.Contains(string(body), secret) {
			t.Errorf("request %s %s %v:\n%s", r.Method, r.URL, r.Header, body)
		}
		_, _ = w.Write(read(t, "system_version_ok"))
	}, 5*time.Second)
	if got != "6.10.5" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestVersionSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		is      error
		says    string
	}{
		"hangs before an answer": {func(_ http.ResponseWriter, r *http.Request) { untilGone(r) }, ErrHung, "does not answer"},
		"hangs in the answer": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "<?xml")
			w.(http.Flusher).Flush()
			untilGone(r)
		}, ErrHung, "does not answer"},
		"another web server":    {http.NotFound, nil, "404"},
		"not XML":               {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, nil, "read XML-RPC answer"},
		"closes without a word": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, io.ErrUnexpectedEOF, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, c.handler, 300*time.Millisecond)
			if err == nil || (c.is != nil && !errors.Is(err, c.is)) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// untilGone waits until the client has closed the connection, which a server
// notices only when it has read the request.
func untilGone(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestNothingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String() + "/RPC2"
	l.Close()
	if _, err := askAt(t, url, time.Second); !errors.Is(err, ErrNotListening) {
		t.Errorf("error %v, want ErrNotListening", err)
	}
}

// A stopped process: the kernel takes the connection for it.
func TestAcceptedButNeverRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	begin := time.Now()
	if _, err := askAt(t, "http://"+l.Addr().String(), 200*time.Millisecond); !errors.Is(err, ErrHung) {
		t.Errorf("error %v, want ErrHung", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s to give up", took)
	}
}

func TestParseEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		DefaultEndpoint:                DefaultEndpoint,
		"http://10.3.4.2:2633":         "http://10.3.4.2:2633/RPC2",
		"http://[::1]:2633/RPC2":       "http://[::1]:2633/RPC2",
		"http://one.example/RPC2":      "http://one.example:80/RPC2",
		"":                             "",
		"localhost:2633":               "",
		"https://localhost:2633/RPC2":  "",
		"http://:2633/RPC2":            "",
		"http://u:p@localhost:2633/":   "",
		"http://localhost:0/RPC2":      "",
		"http://localhost:99999/RPC2":  "",
		"http://localhost:2633/RPC2?x": "",
		"http://local host:2633/RPC2":  "",
	} {
		e, err := ParseEndpoint(in)
		if got := ""; (err == nil && e.String() != want) || (err != nil && want != got) {
			t.Errorf("ParseEndpoint(%q) = %s, %v; want %q", in, e, err, want)
		}
	}
}

func TestReadCredentials(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"oneadmin:pw\n":        "oneadmin:pw",
		"oneadmin:p:w x\nmore": "oneadmin:p:w x",
		"  oneadmin:pw  \r\n":  "oneadmin:pw",
		"":                     "",
		"\noneadmin:pw\n":      "",
		"not-to-be-seen\n":     "",
		":not-to-be-seen\n":    "",
	} {
		file := filepath.Join(dir, "one_auth")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadCredentials(file)
		if c.session != want || (err == nil) != (want != "") {
			t.Errorf("ReadCredentials of %q = %q, %v; want %q", text, c.session, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "not-to-be-seen") || !strings.Contains(err.Error(), file)) {
			t.Errorf("error %v must name the file and not its content", err)
		}
		if s := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); want != "" && strings.Contains(s, "pw") {
			t.Errorf("credentials print as %s", s)
		}
	}
}

func TestCredentialsFromAPipeDoNotHang(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCredentials(pipe); err == nil {
		t.Error("a named pipe was taken for credentials")
	}
}

func FuzzCredentials(f *testing.F) {
	f.Add("oneadmin:pw\n")
	f.Add("::\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCredentials(text)
		if err == nil && (!strings.Contains(c.session, ":") || strings.Contains(c.session, "\n")) {
			t.Errorf("%q became %q", text, c.session)
		}
		if err != nil && c.session != "" {
			t.Errorf("%q gave both credentials and %v", text, err)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")
	f.Add("HTTP/1.0 404 Not Found\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readReply(strings.NewReader(text))
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.body)
		if len(body) > len(text) || r.status < 100 {
			t.Errorf("status %d and %d bytes from %d", r.status, len(body), len(text))
		}
	})
}
