package cloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/fakeone"
)

// prefix begins the name of everything that these tests make.
const prefix = "oneha-test-"

// site is an oned and what is needed to talk to it.
type site struct {
	url, auth   string // endpoint; file with the credentials
	session     string
	endpoint    one.Endpoint
	credentials one.Credentials
	actions     string         // where the dummy driver looks for its answers, "" if nobody knows
	fake        *fakeone.Cloud // nil for a real one
	run         string         // begins the names of this test's objects: prefix and a number
}

// open is the oned that the environment names, or a stand-in with a host and a machine
// that are nobody's of these tests.
func open(t *testing.T) *site {
	t.Helper()
	s := &site{url: os.Getenv("ONEHA_ONE_ENDPOINT"), auth: os.Getenv("ONEHA_ONE_AUTH"), actions: os.Getenv("ONEHA_ONE_ACTIONS"),
		run: fmt.Sprintf("%s%06d", prefix, rand.IntN(1e6))}
	if (s.url == "") != (s.auth == "") {
		t.Fatal("set both ONEHA_ONE_ENDPOINT and ONEHA_ONE_AUTH, a file with user:password, or none of them")
	}
	if s.url == "" {
		s.pretend(t)
	}
	var err error
	if s.endpoint, err = one.ParseEndpoint(s.url); err != nil {
		t.Fatalf("ONEHA_ONE_ENDPOINT %v", err)
	}
	if s.credentials, err = one.ReadCredentials(s.auth); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.auth)
	if err != nil {
		t.Fatal(err)
	}
	s.session, _, _ = strings.Cut(string(text), "\n")
	t.Cleanup(func() { s.nothingLeft(t) })
	return s
}

// nothingLeft is the last thing of a test: what it has made is gone.
func (s *site) nothingLeft(t *testing.T) {
	const everybody, all, notDone = -2, -1, -1
	for pool, params := range map[string][]any{"one.hostpool.info": nil, "one.datastorepool.info": nil, "one.vmpool.info": {everybody, all, all, notDone}} {
		r := s.call(t, pool, params...)
		if !r.ok || strings.Contains(r.value, s.run) {
			t.Errorf("%s still has something of %s: %.2000s", pool, s.run, r.value)
		}
	}
}

func (s *site) pretend(t *testing.T) {
	t.Helper()
	s.fake = fakeone.New()
	s.fake.Add(fakeone.Host{ID: 0, Name: "kvm1", State: 2, Monitored: time.Now().Unix()}, fakeone.Datastore{ID: 0, Name: "system", Shared: "YES"},
		fakeone.Image{ID: 0, Name: "debian", State: 1}, fakeone.VM{ID: 0, Name: "production", State: 3, LCM: 3, Host: 0})
	server := httptest.NewServer(s.fake.Handler())
	t.Cleanup(server.Close)
	s.actions = t.TempDir()
	s.fake.Actions = s.actions
	s.url, s.auth = server.URL+"/RPC2", filepath.Join(t.TempDir(), "one_auth")
	if err := os.WriteFile(s.auth, []byte(fakeone.Session+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cannot skips a test that the endpoint is not able to do; the stand-in is always able.
func (s *site) cannot(t *testing.T, format string, args ...any) {
	t.Helper()
	if s.fake != nil {
		t.Fatalf("the stand-in: "+format, args...)
	}
	t.Skipf("this OpenNebula: "+format, args...)
}

// patience is how long a change may take: the monitoring of a real one needs minutes to
// give up a host.
const patience = 6 * time.Minute

// await polls until something is so; what says it in words.
func (s *site) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	if !s.eventually(so, patience) {
		t.Fatalf("not within %s: %s", patience, what)
	}
}

func (s *site) eventually(so func() bool, limit time.Duration) bool {
	pause := time.Second
	if s.fake != nil {
		pause = 2 * time.Millisecond
	}
	for end := time.Now().Add(limit); ; time.Sleep(pause) {
		if so() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// callLimit is far more than a call takes.
const callLimit = time.Minute

// asked makes a call of package internal/one with a deadline of its own.
func asked[T any](t *testing.T, call func(ctx context.Context) (T, error)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	answer, err := call(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
