package hostlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/test/fakeone"
)

// delay is from an answer of oned to the change that it announces: a hook that is killed
// in between finds the machine as it was. The hook itself looks later, settle.
const delay = 500 * time.Millisecond

// begin makes the cloud that the front-end has anew: hosts in ERROR with these machines,
// without a record or a log of earlier incidents; their hypervisors have power and have
// booted.
func (s *site) begin(ctx context.Context, t *testing.T, dead map[int][]row) {
	t.Helper()
	cloud := fakeone.Scene{Monitors: true, Delay: delay}
	for storage, id := range datastores {
		cloud.Datastores = append(cloud.Datastores, fakeone.Datastore{ID: id, Name: storage, Shared: map[string]string{"shared": "YES", "local": "NO"}[storage]})
	}
	var hosts []int
	for h := 1; h <= hypervisors; h++ {
		host := fakeone.Host{ID: h, Name: name(h), State: 2, Before: 2, Template: map[string]string{}}
		if h%2 == 1 { // the others are in the settings
			host.Template["FENCE_IP"] = bmcOf(h).String()
		}
		rows, is := dead[h]
		if is {
			host.State = 3
			hosts = append(hosts, h)
		}
		for n, r := range rows {
			cloud.VMs = append(cloud.VMs, r.machine(t, h, n))
		}
		cloud.Hosts = append(cloud.Hosts, host)
		s.chassis[h].begin(obedient)
	}
	if len(hosts) < hypervisors { // the last one is well
		for n := range 5 {
			cloud.VMs = append(cloud.VMs, row{state: "RUNNING", storage: "shared"}.machine(t, hypervisors, n))
		}
		hosts = append(hosts, hypervisors)
	}
	if err := each(hosts, func(h int) error { return on(ctx, s.node(h)) }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.frontEnd.Exec(ctx, "sh", "-c", "rm -rf "+records+"/* "+logFile); err != nil {
		t.Fatal(err)
	}
	if err := s.write(ctx, settings.DefaultFile, s.settings("")); err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(cloud)
	if err == nil {
		_, err = s.ask(ctx, http.MethodPut, document)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ask is a request to the fake for its scene.
func (s *site) ask(ctx context.Context, method string, document []byte) (now fakeone.Scene, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, scene(), bytes.NewReader(document))
	if err != nil {
		return now, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return now, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return now, fmt.Errorf("%s %s: %s", method, scene(), answer.Status)
	}
	if method == http.MethodGet {
		err = json.NewDecoder(answer.Body).Decode(&now)
	}
	return now, err
}

// now is the cloud as it is.
func (s *site) now(ctx context.Context) (fakeone.Scene, error) {
	return s.ask(ctx, http.MethodGet, nil)
}

// settled waits until every call that a hook had sent before it was killed has come to
// oned; what it changes may come later.
func (s *site) settled(ctx context.Context, t *testing.T) {
	t.Helper()
	err := s.await(ctx, "the calls of dead hooks have come", func() error {
		now, err := s.now(ctx)
		if err == nil && now.Open > 0 {
			err = fmt.Errorf("%d connections are open", now.Open)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// changes are the calls that change something, of all hosts or of one, in their order.
func (s *site) changes(ctx context.Context, t *testing.T, host int) (list []fakeone.Call) {
	t.Helper()
	text, err := s.read(ctx, callsFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		var c fakeone.Call
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		asks := strings.HasSuffix(c.Method, ".info") || strings.HasSuffix(c.Method, ".infoextended") || strings.HasPrefix(c.Method, "one.system.")
		if !asks && (host == anyHost || host == hostOfCall(t, c)) {
			list = append(list, c)
		}
	}
	return list
}

const anyHost = -1

// vmOfCall is the machine that a changing call is about; no other call than these, and
// that which sets a host offline, may come.
func vmOfCall(t *testing.T, c fakeone.Call) (vm int, is bool) {
	t.Helper()
	at := map[string]int{"one.vm.recover": 0, "one.vm.action": 1, "one.host.status": 0}
	i, known := at[c.Method]
	if !known {
		t.Fatalf("the hook made the call %s %q", c.Method, c.Args)
	}
	id, err := strconv.Atoi(c.Args[i])
	if err != nil {
		t.Fatalf("%s %q: %v", c.Method, c.Args, err)
	}
	return id, c.Method != "one.host.status"
}

// hostOfCall is the host that a changing call is about.
func hostOfCall(t *testing.T, c fakeone.Call) int {
	t.Helper()
	id, isVM := vmOfCall(t, c)
	if isVM {
		return hostOf(id)
	}
	return id
}

// became checks that every machine of a host is where its row says, by exactly the
// changes that its row says and a call for each, and that the host is OFFLINE.
func became(t *testing.T, now fakeone.Scene, calls []fakeone.Call, host int, rows []row) error {
	t.Helper()
	told := map[int][]string{}
	for _, c := range calls {
		if vm, is := vmOfCall(t, c); is {
			told[vm] = append(told[vm], c.Method+" "+strings.Join(c.Args, " "))
		}
	}
	var errs []error
	for n, r := range rows {
		i := slices.IndexFunc(now.VMs, func(v fakeone.VM) bool { return v.ID == host*perHost+n })
		if i < 0 {
			errs = append(errs, fmt.Errorf("machine %d is gone", host*perHost+n))
			continue
		}
		v := now.VMs[i]
		state, resched := r.final()
		if got := fakeone.Name(v.State, v.LCM); got != state || v.Resched != resched || changesOf(v) != r.changes {
			errs = append(errs, fmt.Errorf("machine %d, which was %s on %s storage:\n got %s, resched %t: %s\nwant %s, resched %t: %s",
				v.ID, r.state, r.storage, got, v.Resched, changesOf(v), state, resched, r.changes))
		}
		if len(told[v.ID]) != r.calls() {
			errs = append(errs, fmt.Errorf("machine %d, which was %s on %s storage: %d calls, want %d: %q", v.ID, r.state, r.storage, len(told[v.ID]), r.calls(), told[v.ID]))
		}
	}
	if h := hostNow(now, host); h.State != 8 {
		errs = append(errs, fmt.Errorf("host %d is in state %d, not OFFLINE", host, h.State))
	}
	return errors.Join(errs...)
}

func hostNow(now fakeone.Scene, host int) fakeone.Host {
	i := slices.IndexFunc(now.Hosts, func(h fakeone.Host) bool { return h.ID == host })
	return now.Hosts[i]
}

// unharmed checks that nothing was done with the host that is well, by anybody.
func (s *site) unharmed(ctx context.Context, t *testing.T, now fakeone.Scene) {
	t.Helper()
	for _, v := range now.VMs {
		if hostOf(v.ID) == hypervisors && len(v.Changed) > 0 {
			t.Errorf("machine %d of a host that is well: %s", v.ID, changesOf(v))
		}
	}
	if calls := s.changes(ctx, t, hypervisors); len(calls) > 0 {
		t.Errorf("calls for a host that is well: %v", calls)
	}
	if h := hostNow(now, hypervisors); h.State != 2 {
		t.Errorf("the host that is well is in state %d", h.State)
	}
	if asked := s.chassis[hypervisors].log(); len(asked) > 0 || !s.node(hypervisors).Powered() {
		t.Errorf("the BMC of the host that is well was asked: %v", asked)
	}
}

// first is when the first of the calls came, after a moment.
func first(calls []fakeone.Call, after time.Time) (at time.Time, is bool) {
	for _, c := range calls {
		if c.At.After(after) {
			return c.At, true
		}
	}
	return at, false
}
