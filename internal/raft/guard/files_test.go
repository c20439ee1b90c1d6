package guard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMemory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub", "guard.json")
	if m, err := recall(file); err != nil || m.Incarnation != 0 {
		t.Errorf("no file: %+v, %v", m, err)
	}
	want := memory{Incarnation: 9, Server: 2, Servers: zone(0, 2)}
	if err := want.write(file); err != nil {
		t.Fatal(err)
	}
	got, err := recall(file)
	if err != nil || got.Incarnation != 9 || got.Server != 2 || !slices.Equal(got.Servers, want.Servers) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("{\"incarn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := recall(file); err == nil || m.Incarnation != 0 {
		t.Errorf("half a file: %+v, %v", m, err)
	}
	clock := time.Unix(100, 0)
	for last, want := range map[uint64]uint64{0: 100e9, 99e9: 100e9, 100e9: 100e9 + 1, 500e9: 500e9 + 1} {
		if got := next(last, clock); got != want {
			t.Errorf("after %d: %d, want %d", last, got, want)
		}
	}
}

const description = `version: 1
mode: raft
zone: 0
nodes: {server-0: 192.168.150.1, server-1: 192.168.150.2, server-2: 192.168.150.3}
vip: {address: 192.168.150.10/24, nic: eth0}
`

// files writes what Load reads.
func files(t *testing.T) (p Paths, write func(file, text string)) {
	t.Helper()
	dir := t.TempDir()
	p = Paths{Description: filepath.Join(dir, "oneha.yaml"), OnedConf: filepath.Join(dir, "oned.conf"), Auth: filepath.Join(dir, "auth"), Key: filepath.Join(dir, "key")}
	write = func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(p.Description, description)
	write(p.OnedConf, "PORT = 2633\nFEDERATION = [ SERVER_ID = 1 ]\n")
	write(p.Auth, "oneadmin:swordfish\n")
	write(p.Key, "0123456789abcdef\n")
	return p, write
}

func TestLoad(t *testing.T) {
	p, write := files(t)
	c, err := Load(p)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server != 1 || c.Name != "server-1" || c.Port != 2645 || c.Listen != ":2645" || len(c.VIPs) != 1 || c.VIPs[0].NIC != "eth0" || len(c.Known) != 3 ||
		c.Oned.String() != "http://127.0.0.1:2633/RPC2" || c.Timers.Lease != 3*time.Second {
		t.Errorf("%+v", c)
	}
	again, err := Load(p)
	if err != nil || !c.same(again) {
		t.Errorf("read twice, it differs: %v", err)
	}
	write(p.OnedConf, "LISTEN_ADDRESS = \"10.0.0.7\"\nPORT = 2700\nFEDERATION = [ SERVER_ID = -1 ]\n")
	solo, err := Load(p)
	if err != nil || solo.Server != -1 || solo.Oned.String() != "http://10.0.0.7:2700/RPC2" || c.same(solo) {
		t.Errorf("alone: %+v, %v", solo, err)
	}
}

// What is wrong is said with the file's name, and never with what is secret in it.
func TestLoadSays(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(p Paths, write func(file, text string))
		want  string
	}{
		{"no description", func(p Paths, _ func(string, string)) { _ = os.Remove(p.Description) }, "oneha.yaml"},
		{"a wrong description", func(p Paths, write func(string, string)) { write(p.Description, "version: 1\nmode: raft\n") }, "nodes is missing"},
		{"no key", func(p Paths, _ func(string, string)) { _ = os.Remove(p.Key) }, "key"},
		{"a short key", func(p Paths, write func(string, string)) { write(p.Key, "sesame\n") }, "copy /var/lib/one/.one"},
		{"no credentials", func(p Paths, write func(string, string)) { write(p.Auth, "swordfish") }, "user:password"},
		{"no oned.conf", func(p Paths, _ func(string, string)) { _ = os.Remove(p.OnedConf) }, "oned.conf"},
	} {
		p, write := files(t)
		test.spoil(p, write)
		_, err := Load(p)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "swordfish") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestUnchangedMappings(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-01a00000 r-xp 00000000 fe:01 123    /usr/bin/oneha": true,
		"01a00000-02a00000 r--p 01600000 fe:01 123    /usr/bin/oneha": true,
		"02a00000-02b00000 rw-p 02600000 fe:01 123    /usr/bin/oneha": false,
		"7f0000000000-7f0000001000 r-xp 00000000 00:00 0    [vdso]":   false,
		"00400000-01a00000 r-xp 00000000 fe:01 123    /usr/bin/other": false,
		"nonsense": false,
	} {
		if _, _, got := unchanged(line, "/usr/bin/oneha"); got != want {
			t.Errorf("%q: %t", line, got)
		}
	}
}

// fakeServices take their time.
type fakeServices struct {
	mu    sync.Mutex
	turns []string
	block bool // until the turn is cancelled
	fail  int  // turns
}

func (f *fakeServices) Reconcile(ctx context.Context, leader bool) (string, error) {
	f.mu.Lock()
	block, word := f.block, "stop"
	if leader {
		word = "start"
	}
	f.turns = append(f.turns, word)
	fail := f.fail > 0
	f.fail--
	f.mu.Unlock()
	if block && leader {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if fail {
		return "", errors.New("a unit failed")
	}
	return word, nil
}

func (f *fakeServices) list() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.turns, " ")
}

func runServices(t *testing.T, f *fakeServices) *still {
	g := newStill(t, 0)
	g.c.Services = f
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.workOnServices(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return g
}

// A start that takes long does not keep a stop waiting.
func TestServicesLastWordCounts(t *testing.T) {
	f := &fakeServices{block: true}
	g := runServices(t, f)
	g.wanted.set(started)
	await(t, "the start", func() bool { return f.list() == "start" })
	g.wanted.set(stopped)
	await(t, "the stop", func() bool { return strings.HasPrefix(f.list(), "start stop") })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g.wanted.wait(ctx)
	if w, reached, trouble, _ := g.wanted.get(); w != stopped || !reached || trouble != "" {
		t.Errorf("%v, reached %t, %q", w, reached, trouble)
	}
}

// What failed is tried again, and said once.
func TestServicesAgain(t *testing.T) {
	t.Parallel() // it waits for seconds
	f := &fakeServices{fail: 1}
	g := runServices(t, f)
	g.wanted.set(started)
	await(t, "a second try", func() bool { return f.list() == "start start" })
	await(t, "success", func() bool { _, reached, _, _ := g.wanted.get(); return reached })
}
