package hook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/fakezone"
)

// fakeUnits is a systemd with OneFlow and hem, whose jobs end at once unless a test
// has them wait.
type fakeUnits struct {
	mu     sync.Mutex
	up     map[string]bool
	stuck  bool // jobs do not end
	err    error
	queued func(name string, up bool)
}

func (f *fakeUnits) Close() {}

func (f *fakeUnits) States(_ context.Context, names ...string) (all []unit.State, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		s := unit.State{Unit: name, Load: "not-found", Active: "inactive"}
		if up, known := f.up[name]; known {
			s.Load = "loaded"
			switch {
			case f.stuck && up:
				s.Active = "activating"
			case up:
				s.Active = "active"
			}
		}
		all = append(all, s)
	}
	return all, f.err
}

func (f *fakeUnits) Enabled(context.Context, string) (bool, error) { return true, nil }
func (f *fakeUnits) Unmet(context.Context, string) (string, error) { return "", nil }
func (f *fakeUnits) Why(context.Context, string) string            { return "" }
func (f *fakeUnits) ResetFailed(context.Context, string) error     { return nil }

func (f *fakeUnits) Queue(_ context.Context, name string, up bool) error {
	f.mu.Lock()
	f.up[name] = up
	queued := f.queued
	f.mu.Unlock()
	if queued != nil {
		queued(name, up)
	}
	return nil
}

// runs lists what is up.
func (f *fakeUnits) runs() (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, up := range f.up {
		if up {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

const flow, hem = "opennebula-flow.service", "opennebula-hem.service"

// alone is a server on this machine's loopback, without addresses.
func alone(t *testing.T) (*oned, Config, *fakeUnits) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &oned{}
	o.server = &http.Server{Handler: fakeoned.Handler(fakezone.Session, map[string]fakeoned.Method{
		"one.zone.raftstatus": {Answer: o.raft},
		"one.zone.info":       {Params: 1, Answer: func(_ context.Context, c fakeoned.Call) string { return c.Yield("<ZONE><ID>0</ID></ZONE>") }},
	})}
	go func() { _ = o.server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = o.server.Close() })
	dir := t.TempDir()
	conf := Config{
		Dir: dir, Socket: filepath.Join(dir, "none"), OnedConf: filepath.Join(dir, "oned.conf"), AuthFile: filepath.Join(dir, "one_auth"), Description: filepath.Join(dir, "oneha.yaml"),
		times: &times{ask: 10 * time.Second, lock: 30 * time.Second, guard: 30 * time.Second, release: 30 * time.Second, again: 10 * time.Millisecond},
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	for file, text := range map[string]string{conf.OnedConf: "PORT = " + port + "\nLISTEN_ADDRESS = \"127.0.0.1\"\n", conf.AuthFile: fakezone.Session + "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	units := &fakeUnits{up: map[string]bool{flow: false, hem: false}}
	conf.Units = units
	return o, conf, units
}

func TestServicesFollowOned(t *testing.T) {
	o, conf, _ := alone(t)
	o.is(one.Leader, 2)
	got, err := Run(t.Context(), conf, Call{Role: Leader})
	if err != nil || got.Text != "leader of term 2; started "+flow+", "+hem || len(got.Warnings) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = Run(t.Context(), conf, Call{Role: Follower}); err != nil || got.Text != "leader of term 2" {
		t.Errorf("asked twice: %+v, %v", got, err)
	}
	o.is(one.Follower, 3)
	if got, err = Run(t.Context(), conf, Call{Role: Leader}); err != nil || got.Text != "follower of term 3; stopped "+flow+", "+hem {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDescriptionNamesServices(t *testing.T) {
	o, conf, units := alone(t)
	o.is(one.Leader, 2)
	describe := func(services string) {
		text := "version: 1\nmode: raft\nnodes: {s0: 10.0.0.1, s1: 10.0.0.2, s2: 10.0.0.3}\nvip: {address: 10.0.0.9/24, nic: eth0}\n" + services
		if err := os.WriteFile(conf.Description, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	describe("services: [hem]\n")
	if got, err := Run(t.Context(), conf, Call{Role: Leader}); err != nil || !slices.Equal(units.runs(), []string{hem}) {
		t.Errorf("%+v, %v", got, err)
	}
	call, err := Parse([]string{Follower, "eth0", "10.0.0.2/24"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), conf, call); err == nil || !strings.Contains(err.Error(), "10.0.0.2 is the address of server s1 itself") {
		t.Errorf("a server's own address: %v", err)
	}
	describe("services: [nonsense]\n")
	got, err := Run(t.Context(), conf, Call{Role: Leader})
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "see oneha check") || len(units.runs()) != 2 {
		t.Errorf("a wrong description: %+v, %v", got, err)
	}
}

// What fails on a leader is an error, on a follower only a warning: the address is
// what has to go.
func TestServicesFail(t *testing.T) {
	o, conf, units := alone(t)
	units.err = unit.ErrNoSystemd
	o.is(one.Leader, 2)
	if got, err := Run(t.Context(), conf, Call{Role: Leader}); !errors.Is(err, unit.ErrNoSystemd) || got.Text != "leader of term 2" {
		t.Errorf("leader: %+v, %v", got, err)
	}
	o.is(one.Follower, 3)
	got, err := Run(t.Context(), conf, Call{Role: Follower})
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "stop services: ") {
		t.Errorf("follower: %+v, %v", got, err)
	}
}

// oned changes its mind while the leader's hook waits for services that take long:
// the follower's hook neither waits for it nor loses against it.
func TestFollowerOvertakesServicesThatStart(t *testing.T) {
	o, conf, units := alone(t)
	units.stuck = true
	waiting := make(chan struct{}, 1)
	units.queued = func(name string, up bool) {
		if name == hem && up {
			waiting <- struct{}{}
		}
	}
	o.is(one.Leader, 2)
	type result struct {
		got Outcome
		err error
	}
	ended := make(chan result, 1)
	go func() {
		got, err := Run(t.Context(), conf, Call{Role: Leader})
		ended <- result{got, err}
	}()
	receive(t, waiting, "the leader's hook to start a service")
	o.is(one.Follower, 3)
	got, err := Run(t.Context(), conf, Call{Role: Follower})
	if err != nil || len(units.runs()) != 0 {
		t.Errorf("follower: %+v, %v; up %v", got, err, units.runs())
	}
	if r := receive(t, ended, "the leader's hook to end"); r.err != nil || !strings.HasPrefix(r.got.Text, "follower of term 3") && !strings.HasPrefix(r.got.Text, "leader of term 2") {
		t.Errorf("leader: %+v, %v", r.got, r.err)
	}
	if up := units.runs(); len(up) != 0 {
		t.Errorf("up at the end: %v", up)
	}
}

// A hook that hangs with the lock of the services keeps them up on no follower.
func TestHungHolderOfTheServicesLock(t *testing.T) {
	o, conf, units := alone(t)
	o.is(one.Leader, 2)
	if got, err := Run(t.Context(), conf, Call{Role: Leader}); err != nil || len(units.runs()) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	unlock, err := lock(bounded(t), filepath.Join(conf.Dir, servicesLock), Leader)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	short := *conf.times
	short.lock = 50 * time.Millisecond
	conf.times = &short
	if got, err := Run(t.Context(), conf, Call{Role: Leader}); err == nil || !strings.Contains(err.Error(), "take lock: another hook") {
		t.Errorf("leader: %+v, %v", got, err)
	}
	o.is(one.Follower, 3)
	got, err := Run(t.Context(), conf, Call{Role: Follower})
	if err != nil || len(units.runs()) != 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "take lock: another hook") {
		t.Errorf("follower: %+v, %v; up %v", got, err, units.runs())
	}
}
