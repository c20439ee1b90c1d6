package guard

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/raft/lease"
)

// fakeAddresses are addresses without a kernel.
type fakeAddresses struct {
	mu   sync.Mutex
	here bool
	did  []string
}

func (f *fakeAddresses) Set(context.Context, lease.Time) ([]floating.Address, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.here {
		return nil, nil
	}
	f.here = true
	f.did = append(f.did, "set")
	return []floating.Address{{}}, nil
}

func (f *fakeAddresses) Find(context.Context) ([]floating.Present, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.here {
		return []floating.Present{{}}, nil
	}
	return nil, nil
}

func (f *fakeAddresses) Drop(context.Context) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.here {
		f.did = append(f.did, "drop")
	}
	f.here = false
	return true, nil
}

func (f *fakeAddresses) Announce(_ context.Context, all []floating.Address) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(all) > 0 {
		f.did = append(f.did, "announce")
	}
	return nil
}

func (f *fakeAddresses) Close() {}

func (f *fakeAddresses) is() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.here
}

func (f *fakeAddresses) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.did, " ")
}

// fakeOned answers for an oned.
type fakeOned struct {
	mu     sync.Mutex
	status one.RaftStatus
	zone   one.Zone
}

func (f *fakeOned) Raft(context.Context) (one.RaftStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status, nil
}

func (f *fakeOned) Zone(context.Context) (one.Zone, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.zone, nil
}

func (f *fakeOned) become(s one.RaftState, term uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.State, f.status.Term = s, term
}

// testLog shows what a guard says when the test fails.
type testLog struct {
	t  *testing.T
	id int
}

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("guard %d: %s", l.id, b)
	return len(b), nil
}

// running is a guard with its goroutines, over the loopback interface.
type running struct {
	oned    *fakeOned
	here    *fakeAddresses
	address string
	stop    func() error
}

// listen3 takes one port at three loopback addresses.
func listen3(t *testing.T) (all []net.Listener, port int) {
	t.Helper()
	for range 50 {
		all = nil
		for i := range 3 {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%d", i+1, port))
			if err != nil {
				break
			}
			port = l.Addr().(*net.TCPAddr).Port
			all = append(all, l)
		}
		if len(all) == 3 {
			return all, port
		}
		for _, l := range all {
			_ = l.Close()
		}
		port = 0
	}
	t.Fatal("no port is free at three loopback addresses")
	return nil, 0
}

func runThree(t *testing.T, change func(id int, c *Config)) (all []*running) {
	listeners, port := listen3(t)
	z := one.Zone{}
	for id := range 3 {
		z.Servers = append(z.Servers, one.ZoneServer{ID: id, Endpoint: fmt.Sprintf("http://127.0.0.%d:2633/RPC2", id+1)})
	}
	for id, l := range listeners {
		c := config(t, id)
		c.Port = port
		c.Timers = lease.Timers{Lease: 1600 * time.Millisecond, Renew: 200 * time.Millisecond, Timeout: 200 * time.Millisecond, Retry: 50 * time.Millisecond, Quiet: 1600 * time.Millisecond}
		c.Log = testLog{t, id}
		change(id, &c)
		r := &running{oned: &fakeOned{zone: z, status: one.RaftStatus{ServerID: id, State: one.Follower, Term: 1}}, here: &fakeAddresses{}, address: l.Addr().String()}
		g := newGuard(c)
		g.ask = r.oned
		g.open = func() (addresses, error) { return r.here, nil }
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- g.run(ctx, l) }()
		var once sync.Once
		r.stop = func() (err error) {
			once.Do(func() {
				cancel()
				select {
				case err = <-ended:
				case <-time.After(time.Minute):
					err = fmt.Errorf("guard %d does not end", id)
				}
			})
			return err
		}
		t.Cleanup(func() {
			if err := r.stop(); err != nil {
				t.Error(err)
			}
		})
		all = append(all, r)
	}
	return all
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// Three guards with all their goroutines: one takes the address, announces it, gives
// it up when it is told to end, and systemd is told of it all.
func TestThreeGuards(t *testing.T) {
	t.Parallel() // it waits for seconds
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	var told []string
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for buffer := make([]byte, 1000); ; {
			n, err := systemd.Read(buffer)
			if err != nil {
				return
			}
			told = append(told, string(buffer[:n]))
			if told[len(told)-1] == "STOPPING=1" {
				return
			}
		}
	}()
	all := runThree(t, func(id int, c *Config) {
		if id == 0 {
			c.Notify, c.Watchdog = systemd.LocalAddr().String(), 100*time.Millisecond
		}
	})
	all[0].oned.become(one.Leader, 2)
	await(t, "the leader takes the address, then announces it", func() bool { return strings.HasPrefix(all[0].here.log(), "set announce") })
	if all[1].here.is() || all[2].here.is() {
		t.Error("a follower has the address")
	}
	if err := all[0].stop(); err != nil {
		t.Fatal(err)
	}
	if all[0].here.is() {
		t.Error("a guard that ended left the address")
	}
	all[1].oned.become(one.Leader, 3)
	await(t, "the heir has the address", all[1].here.is)

	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Fatal("systemd was not told of the end")
	}
	for _, want := range []string{"READY=1", "WATCHDOG=1", "STATUS=leader of term 2, holds the lease", "STOPPING=1"} {
		if !slices.Contains(told, want) {
			t.Errorf("systemd was not told %q, only %q", want, slices.Compact(told))
		}
	}
}

// A guard without a part ends at once, leaves what runs on the server alone, and feeds
// the watchdog however often it is asked.
func TestIdleGuard(t *testing.T) {
	t.Parallel() // it waits for seconds
	services := &fakeServices{}
	c := config(t, -1)
	c.Listen, c.Services, c.Watchdog = "127.0.0.1:0", services, 100*time.Millisecond
	g := newGuard(c)
	g.ask = &fakeOned{}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx, l) }()
	fed := func() (at time.Time) {
		done := make(chan struct{})
		g.event(t.Context(), func() { at = g.kicked; close(done) })
		<-done
		return at
	}
	first := fed()
	await(t, "the watchdog is fed under a flood of events", func() bool { return fed().After(first) })
	if status, text := get(t, "GET", "http://"+l.Addr().String()+"/health"); status != 200 || !strings.Contains(text, "SERVER_ID is -1") {
		t.Errorf("/health: %d %s", status, text)
	}
	begin := time.Now()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if took := time.Since(begin); took > stopWithin {
		t.Errorf("it took %s to end", took)
	}
	if got := services.list(); got != "" {
		t.Errorf("services: %s", got)
	}
}
