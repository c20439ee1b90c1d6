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
)

// soon is how long a hook looks for the effect of a call whose answer it did not get,
// where the effect is there before it looks.
const soon = 40 * time.Millisecond

// inKill are machines of each way in which they are handled.
const inKill = 13

// died is what a test throws where a process would be killed.
type died struct{}

// A hook that dies at any point, and is run again, handles each machine exactly once:
// by the calls that came to oned.
func TestKilledAtEveryPoint(t *testing.T) {
	want := undisturbed(t, inKill)
	points := 0
	for kill := 1; ; kill++ {
		w := newWorld(t)
		w.fill(inKill)
		w.Monitor(1)
		n := 0
		w.work.Point = func(string) {
			if n++; n == kill {
				panic(died{})
			}
		}
		killed := func() (killed bool) {
			defer func() {
				if p := recover(); p != nil {
					killed = p == any(died{})
					if !killed {
						panic(p)
					}
				}
			}()
			if err := w.run("1 -m -p 0"); err != nil {
				t.Fatalf("%v\n%s", err, w.logged(t))
			}
			return false
		}()
		if !killed {
			break // it has fewer points
		}
		points++
		w.Settle()
		w.work.Point, w.work.Lost = nil, soon
		if err := w.run("1 -m -p 0"); err != nil {
			t.Fatalf("killed at point %d: %v\n%s", kill, err, w.logged(t))
		}
		got := slices.DeleteFunc(w.done(), func(c string) bool { return c == "host.status 1 2" })
		if !slices.Equal(sorted(got), want) {
			t.Fatalf("killed at point %d\ngot  %q\nwant %q\n%s", kill, sorted(got), want, w.logged(t))
		}
		if h, _ := w.Host(1); h.State != 8 || w.power.off[1].After(w.Calls(changing...)[0].At) {
			t.Fatalf("killed at point %d: host in state %d", kill, h.State)
		}
		if kill >= 12 { // a machine has eight points a call: every seventh, over all machines
			kill += 6
		}
	}
	if points < 20 {
		t.Errorf("only %d points", points)
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
	want := undisturbed(t, inKill)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const seed = 8
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
		got := slices.DeleteFunc(w.done(), func(c string) bool { return c == "host.status 1 2" })
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
