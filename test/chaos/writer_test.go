package chaos

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/fakezone"
)

const writeEvery = 50 * time.Millisecond

const session = "oneadmin:a-fake-needs-no-secret"

// startOned runs the stand-in on a database directory until the test ends, and returns
// where it answers.
func startOned(t *testing.T, shared, node string) string {
	t.Helper()
	dir := t.TempDir()
	auth := filepath.Join(dir, "auth")
	if err := os.WriteFile(auth, []byte(session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := fakeoned.Config{Role: "oned", Listen: "127.0.0.1:0", Auth: auth, Shared: shared, Modes: dir, Node: node,
		Lock: filepath.Join(dir, "lock"), SQLite: filepath.Join(dir, "one.db")}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- fakeoned.Run(ctx, c, func(does string) { ready <- does }, log.New(io.Discard, "", 0))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case does := <-ready:
		return "http://" + strings.TrimPrefix(does, "listens on ") + "/RPC2"
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("oned does not start")
	}
	return ""
}

// client is a writer to an address, and a context for what the test does with it.
func client(t *testing.T, address string) (*Writer, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	w := startWriter(documentStore{fakezone.Calls(impatient((&net.Dialer{}).DialContext)), address, session}, writeEvery)
	t.Cleanup(w.Stop)
	return w, ctx
}

// wrote waits until there are a few more acknowledged writes.
func wrote(t *testing.T, ctx context.Context, w *Writer) {
	t.Helper()
	for at := time.Now(); ; {
		w.mu.Lock()
		n := 0
		for _, a := range w.acks {
			if a.begun.After(at) {
				n++
			}
		}
		w.mu.Unlock()
		if n >= 3 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(writeEvery / 4):
		}
	}
}

func lost(t *testing.T, ctx context.Context, w *Writer) []string {
	t.Helper()
	lost, err := w.Lost(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return lost
}

func TestWritesAreReadBackAndForgotten(t *testing.T) {
	w, ctx := client(t, startOned(t, t.TempDir(), "a"))
	wrote(t, ctx, w)
	for range 2 {
		if lost := lost(t, ctx, w); len(lost) > 0 {
			t.Error(lost)
		}
	}
	w.mu.Lock()
	old := len(w.acks) > 0 && w.acks[0].number == 1
	w.mu.Unlock()
	if old {
		t.Error("what was read back twice is remembered")
	}
	if _, err := w.WaitAcknowledged(ctx, time.Now()); err != nil {
		t.Error(err)
	}
}

func TestDocumentThatIsGoneIsLost(t *testing.T) {
	shared := t.TempDir()
	w, ctx := client(t, startOned(t, shared, "a"))
	wrote(t, ctx, w)
	w.Stop()
	if err := os.Truncate(filepath.Join(shared, fakeoned.DocumentsName), 0); err != nil {
		t.Fatal(err)
	}
	found := lost(t, ctx, w)
	if len(found) < 3 || !strings.Contains(found[0], "is not there") {
		t.Error(found)
	}
	if again := lost(t, ctx, w); len(again) > 0 {
		t.Errorf("reported again: %v", again)
	}
}

// Two oned that are alive on one database overwrite each other's writes.
func TestWriteOfTwoOnedIsLost(t *testing.T) {
	shared := t.TempDir()
	a, b := startOned(t, shared, "a"), startOned(t, shared, "b")
	w, ctx := client(t, a)
	wrote(t, ctx, w)
	w.Stop()
	if _, err := (documentStore{fakezone.Calls(nil), b, session}).write(ctx, 77); err != nil {
		t.Fatal(err)
	}
	if found := lost(t, ctx, w); len(found) != 1 || !strings.Contains(found[0], "is write 77 now") {
		t.Error(found)
	}
}

// A oned that does not answer, or refuses, makes a gap, and no lost write.
func TestGap(t *testing.T) {
	shared := t.TempDir()
	target, err := url.Parse(startOned(t, shared, "a"))
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target.Host})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if away.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w, ctx := client(t, server.URL+"/RPC2")
	from := time.Now()
	wrote(t, ctx, w)
	away.Store(true)
	for refused := false; !refused; time.Sleep(writeEvery / 4) { // the last write that passed was acknowledged before
		w.mu.Lock()
		refused = w.fault != nil
		w.mu.Unlock()
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
	}
	gone := time.Now()
	time.Sleep(2 * writeEvery)
	back := time.Now()
	away.Store(false)
	at, err := w.WaitAcknowledged(ctx, back)
	if err != nil {
		t.Fatal(err)
	}
	if gap, begin := w.Gap(from, at.Add(time.Nanosecond)); begin.After(gone) || begin.Add(gap).Before(back) {
		t.Errorf("gap of %v from %v, away from %v to %v", gap, begin, gone, back)
	}
	if gap, begin := w.Gap(from, from.Add(time.Nanosecond)); gap != time.Nanosecond || !begin.Equal(from) {
		t.Errorf("without a write the gap is all of the time: %v from %v", gap, begin)
	}
	if lost := lost(t, ctx, w); len(lost) > 0 {
		t.Error(lost)
	}
}

func TestWriterThatIsNotAnsweredSaysWhy(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	w, ctx := client(t, server.URL)
	ctx, cancel := context.WithTimeout(ctx, 3*writeEvery)
	defer cancel()
	if _, err := w.WaitAcknowledged(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
