package incident

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/test/fakeone"
)

// soon is how long a hook looks for the effect of a call whose answer it did not get,
// where the effect is there before it looks.
const soon = 40 * time.Millisecond

// died is what a test throws where a process would be killed.
type died struct{}

// few has a machine of each chain of calls: resched; success and resched; failure and
// resched; recreate and success; success; none.
func few(w *world) {
	for id, lcm := range []int{16, 2, 19, 1, 23, 8} {
		w.Add(fakeone.VM{ID: id, Name: "vm", State: recovery.Active, LCM: lcm, Host: 1})
	}
	w.Monitor(1)
}

// ofMachines leaves out what the host is told: twice is no harm there.
func ofMachines(calls []string) []string {
	return slices.DeleteFunc(calls, func(c string) bool { return strings.HasPrefix(c, "host.status ") })
}

// A hook that dies at any point, and is run again, handles each machine exactly once:
// by the calls that came to oned. All points of a small incident.
func TestKilledAtEveryPoint(t *testing.T) {
	w, points := newWorld(t), 0
	few(w)
	w.work.Point = func(string) { points++ }
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("%v\n%s", err, w.logged(t))
	}
	want := sorted(ofMachines(w.done()))
	if points < 6*len(want) { // before and after a call and its two steps
		t.Fatalf("only %d points for %q", points, want)
	}
	for kill := 1; kill <= points; kill++ {
		t.Run(fmt.Sprint(kill), func(t *testing.T) {
			t.Parallel()
			killedAt(t, kill, want)
		})
	}
}

func killedAt(t *testing.T, kill int, want []string) {
	w := newWorld(t)
	few(w)
	n, where := 0, ""
	w.work.Point = func(name string) {
		if n++; n == kill {
			where = name
			panic(died{})
		}
	}
	func() {
		defer func() {
			if p := recover(); p != any(died{}) {
				t.Fatalf("it did not die at point %d of %d: %v", kill, n, p)
			}
		}()
		_ = w.run("1 -m -p 0")
	}()
	w.Settle()
	w.work.Point, w.work.Lost = nil, soon
	if err := w.run("1 -m -p 0"); err != nil {
		t.Fatalf("killed %s: %v\n%s", where, err, w.logged(t))
	}
	got := ofMachines(w.done())
	if !slices.Equal(sorted(got), want) {
		t.Fatalf("killed %s\ngot  %q\nwant %q\n%s", where, sorted(got), want, w.logged(t))
	}
	if h, _ := w.Host(1); h.State != 8 || w.power.off[1].After(w.Calls(changing...)[0].At) {
		t.Fatalf("killed %s: host in state %d", where, h.State)
	}
}

// childEnv makes the test's program a hook, for tests that kill it.
const childEnv = "ONEHA_TEST_HOOK"

func TestMain(m *testing.M) {
	if args := os.Getenv(childEnv); args != "" {
		os.Exit(hookProcess(strings.Fields(args)))
	}
	os.Exit(m.Run())
}

// filePower is a BMC that lives longer than the hook: a file says that it is off.
type filePower string

func (f filePower) Off(_ context.Context, _ one.HostDetail) (string, error) {
	if _, err := os.Stat(string(f)); err == nil {
		return "Success: Already OFF", nil
	}
	return "Success: Powered OFF", os.WriteFile(string(f), nil, 0o600)
}

func (f filePower) IsOff(context.Context, one.HostDetail) (bool, error) {
	_, err := os.Stat(string(f))
	return err == nil, nil
}

// hookProcess is the hook of a child: its directory, then the URL of oned.
func hookProcess(args []string) int {
	dir := args[0]
	credentials, err := one.ReadCredentials(filepath.Join(dir, "one_auth"))
	if err != nil {
		return 3
	}
	w := workAt(panicking{}, dir, args[1])
	w.Credentials, w.Power, w.Lost = credentials, filePower(filepath.Join(dir, "off")), soon
	e, err := Parse(strings.Fields("1 -m -p 0"))
	if err != nil {
		return 3
	}
	if err := Run(context.Background(), w, e); err != nil {
		return 1
	}
	return 0
}

// panicking is a testing.TB for a process that is no test.
type panicking struct{ testing.TB }

func (panicking) Helper()        {}
func (panicking) Fatal(a ...any) { panic(fmt.Sprint(a...)) }

// The same with SIGKILL, at random moments of a process of its own.
func TestKilledTwentyTimes(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const seed, inKill = 8, 13 // machines of each way
	want := ofMachines(undisturbed(t, inKill))
	random := rand.New(rand.NewPCG(seed, seed))
	kills := 0
	for try := 0; kills < 20; try++ {
		if try == 60 {
			t.Fatalf("only %d of %d were killed before their end", kills, try)
		}
		w := newWorld(t)
		w.fill(inKill)
		w.Monitor(1)
		var open atomic.Int64
		server := httptest.NewUnstartedServer(w.Handler())
		server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		}
		server.Start()
		dir := filepath.Dir(w.log)
		hook := func() (*exec.Cmd, *bytes.Buffer) {
			cmd, out := exec.Command(program), &bytes.Buffer{}
			cmd.Env = append(os.Environ(), childEnv+"="+dir+" "+server.URL+"/RPC2")
			cmd.Stdout, cmd.Stderr = out, out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			return cmd, out
		}
		cmd, _ := hook()
		// A moment is a number of calls that oned has seen, and a little more.
		moment := 2 + random.IntN(20)
		for limit := time.Now().Add(time.Minute); len(w.Calls()) < moment && time.Now().Before(limit); {
			time.Sleep(200 * time.Microsecond)
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			kills++
		}
		settled(t, w, server.URL, &open)
		again, out := hook()
		if err := again.Wait(); err != nil {
			t.Fatalf("try %d: %v\n%s\n%s", try, err, out, w.logged(t))
		}
		settled(t, w, server.URL, &open)
		got := ofMachines(w.done())
		if !slices.Equal(sorted(got), want) {
			t.Fatalf("try %d, killed behind call %d\ngot  %q\nwant %q\n%s", try, moment, sorted(got), want, w.logged(t))
		}
		server.Close()
	}
}

// settled waits until what the dead hook had sent was done. The queue of connections is
// served in its order: when one more was answered, those before it were taken.
func settled(t *testing.T, w *world, url string, open *atomic.Int64) {
	t.Helper()
	probe := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if r, err := probe.Get(url); err == nil {
		r.Body.Close()
	}
	for limit := time.Now().Add(time.Minute); open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the calls of the dead hook do not end")
		}
	}
	w.Settle()
}
