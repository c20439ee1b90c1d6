package incident

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/test/fakeone"
)

// changing are the calls that change something.
var changing = []string{"one.vm.recover", "one.vm.action", "one.host.status"}

// switches are a fake of the BMCs of all hosts.
type switches struct {
	mu   sync.Mutex
	off  map[int]time.Time
	cuts int
	err  error
}

func (s *switches) Off(_ context.Context, h one.HostDetail) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts++
	if s.err != nil {
		return "", s.err
	}
	if s.off == nil {
		s.off = map[int]time.Time{}
	}
	if s.off[h.ID].IsZero() {
		s.off[h.ID] = time.Now()
	}
	return "Success: Powered OFF", nil
}

func (s *switches) IsOff(_ context.Context, h one.HostDetail) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.off[h.ID].IsZero(), nil
}

// world is a cloud with the hook's surroundings.
type world struct {
	*fakeone.Cloud
	power *switches
	log   string
	work  Work
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Cloud: fakeone.New(), power: &switches{}}
	w.Monitors = true
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	dir := t.TempDir()
	w.log = filepath.Join(dir, "host_error.log")
	w.work = workAt(t, dir, server.URL+"/RPC2")
	w.work.Power = w.power
	w.Add(fakeone.Datastore{ID: 0, Name: "shared", Shared: "YES"}, fakeone.Datastore{ID: 1, Name: "local", Shared: "NO"}, fakeone.Datastore{ID: 2, Name: "silent"},
		fakeone.Host{ID: 1, Name: "kvm1", State: 3, Before: 2}, fakeone.Host{ID: 2, Name: "kvm2", State: 2})
	return w
}

// workAt is what the hook is handled with, beside the BMCs. Every wait is for what a
// fake does at once, so its limit is never met unless something is broken.
func workAt(t testing.TB, dir, url string) Work {
	t.Helper()
	file := filepath.Join(dir, "one_auth")
	if err := os.WriteFile(file, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := one.ReadCredentials(file)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := one.ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	set := settings.Default()
	set.Wait = settings.Wait{Cycle: time.Millisecond, Interval: time.Millisecond, Samples: 1, Agree: 2}
	set.Settle, set.Unknown, set.Deadline = time.Minute, time.Minute, time.Minute
	return Work{Endpoint: endpoint, Credentials: credentials, Settings: set, Dir: filepath.Join(dir, "records"),
		Log: &Log{File: filepath.Join(dir, "host_error.log"), Host: 1}, Every: time.Millisecond}
}

func (w *world) run(words string) error {
	e, err := Parse(strings.Fields(words))
	if err != nil {
		return err
	}
	return Run(context.Background(), w.work, e)
}

func (w *world) logged(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(w.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// done are the changing calls as words, in their order.
func (w *world) done() (list []string) {
	for _, c := range w.Calls(changing...) {
		list = append(list, strings.TrimPrefix(c.Method, "one.")+" "+strings.Join(c.Args, " "))
	}
	return list
}

// states are where the machines are in the end.
func (w *world) states(n int) (list []string) {
	for id := range n {
		vm, _ := w.VM(id)
		s := fmt.Sprintf("%d %s", id, fakeone.Name(vm.State, vm.LCM))
		if vm.Resched {
			s += " resched"
		}
		list = append(list, s)
	}
	return list
}

// mixed are the LCM_STATEs of machines on a host that dies; 0 is POWEROFF, -1 SUSPENDED.
var mixed = []int{16, 16, 2, 19, 17, 1, 36, 18, 0, -1, 20, 15, 23, 8, 12, 60, 5, 69, 39, 27, 3}

func (w *world) fill(n int) {
	for id := range n {
		vm := fakeone.VM{ID: id, Name: fmt.Sprintf("vm-%d", id), State: recovery.Active, LCM: mixed[id%len(mixed)], Host: 1, User: map[string]string{}}
		switch vm.LCM {
		case 0:
			vm.State = recovery.Poweroff
		case -1:
			vm.State, vm.LCM = recovery.Suspended, 0
		}
		if id%5 == 4 {
			vm.User["ONEHA_PRIORITY"] = fmt.Sprint(id)
		}
		w.Add(vm)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func encoded(document string) string { return base64.StdEncoding.EncodeToString([]byte(document)) }
