package fakeoned

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func set(t *testing.T, dir string, m Mode) {
	t.Helper()
	if err := SetMode(dir, m); err != nil {
		t.Fatal(err)
	}
}

func TestNodesModeWins(t *testing.T) {
	s := switches{shared: t.TempDir(), node: t.TempDir()}
	for _, tt := range []struct{ shared, node, want Mode }{
		{"", "", Up}, {Away, "", Away}, {Away, Up, Up}, {"", Hung, Hung}, {Hung, "", Hung}, {Hung, Away, Away},
	} {
		set(t, s.shared, tt.shared)
		set(t, s.node, tt.node)
		if got, err := s.database(); got != tt.want || err != nil {
			t.Errorf("shared %q, node %q: %q, %v; want %q", tt.shared, tt.node, got, err, tt.want)
		}
	}
	set(t, s.node, "gone")
	if _, err := s.database(); err == nil || !strings.Contains(err.Error(), "gone in "+s.node) {
		t.Errorf("error %v, want one that names the word and the place", err)
	}
}

// The captures are of a oned whose MariaDB was stopped.
func TestDatabaseAwayAnswersAsCaptured(t *testing.T) {
	s := switches{shared: t.TempDir()}
	set(t, s.shared, Away)
	for method, request := range map[string]string{
		"one.system.version":  rpc("one.system.version", good),
		"one.vmpool.info":     rpc("one.vmpool.info", good, any2, any1, any1, any2),
		"one.zone.raftstatus": rpc("one.zone.raftstatus", good),
	} {
		if got, want := oned(s).answer(t.Context(), strings.NewReader(request)), captured(t, "dbdown_"+method); got != want {
			t.Errorf("answer\n%q, captured\n%q", got, want)
		}
	}
	for request, want := range map[string]string{"junk": "-503", rpc("one.foo.bar", good): "-506", rpc("one.system.version"): "-501"} {
		if got := oned(s).answer(t.Context(), strings.NewReader(request)); !strings.Contains(got, want) {
			t.Errorf("want fault %s without the database too, got %s", want, got)
		}
	}
	set(t, s.shared, Up)
	if got := oned(s).answer(t.Context(), strings.NewReader(rpc("one.system.version", good))); !strings.Contains(got, Version) {
		t.Errorf("back again: %s", got)
	}
}

func TestDatabaseHungHangs(t *testing.T) {
	s := switches{shared: t.TempDir()}
	set(t, s.shared, Hung)
	srv := httptest.NewServer(oned(s).handler())
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 4*writeInterval)
	defer cancel()
	if body, err := call(ctx, srv.URL+"/RPC2", rpc("one.system.version", good)); err == nil {
		t.Errorf("answered %s", body)
	}
	if status, _, _ := exchange(t, http.MethodGet, srv.URL+"/RPC2", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d; the process itself is well", status)
	}
	asked, left := make(chan struct{}), make(chan struct{}) // a client that leaves is not waited for
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		oned(s).handler().ServeHTTP(w, r)
		close(left)
	}))
	defer gone.Close()
	ctx, cancel = context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, _ = call(ctx, gone.URL+"/RPC2", rpc("one.system.version", good)+strings.Repeat("\n", 1<<14))
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		t.Error("still waits for the database, for nobody")
		set(t, s.shared, Up) // or Close waits for it for ever
	}

	time.AfterFunc(2*writeInterval, func() { _ = SetMode(s.shared, Up) })
	if body, err := call(t.Context(), srv.URL+"/RPC2", rpc("one.system.version", good)); err != nil || !strings.Contains(body, Version) {
		t.Errorf("%v; a call that waited got %s", err, body)
	}
}

// While the database is away, oned lives, its SQLite file is missing on this node
// alone, and it is no writer: another may be one.
func TestDatabaseAwayFromOneNode(t *testing.T) {
	s := newSite(t)
	a := s.start(t, "a")
	shows := func(d *daemon) bool {
		file, err := os.Open(d.link)
		if err != nil {
			return false
		}
		defer file.Close()
		magic := make([]byte, 16)
		_, err = io.ReadFull(file, magic)
		return err == nil && string(magic) == "SQLite format 3\x00"
	}
	waitFor(t, "SQLite file", func() bool { return shows(a) })
	set(t, a.mode, Away)
	waitFor(t, "no SQLite file", func() bool { return !shows(a) })
	if _, err := os.Stat(filepath.Join(s.shared, "one.db")); err != nil {
		t.Error(err)
	}
	begin := time.Now()
	ok, err := ask(t.Context(), a.url, session, "one.system.version")
	if took := time.Since(begin); ok || err != nil || took > 5*time.Second {
		t.Errorf("carried out %t, %v, after %v; want a refusal at once", ok, err, took)
	}
	b := s.start(t, "b")
	waitFor(t, "SQLite file of b", func() bool { return shows(b) })
	noAlarm(t, s, "a cannot write")
	set(t, a.mode, Up)
	waitAlarm(t, s)
	waitFor(t, "SQLite file again", func() bool { return shows(a) })
}
