package fakezone

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // zones mostly wait
	os.Exit(func() int {
		if os.Getuid() != 0 {
			return m.Run()
		}
		dir, err := os.MkdirTemp("", "fakezone-test-")
		if err == nil {
			defer os.RemoveAll(dir)
			program, err = Build(context.Background(), dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// quick are times for tests that do not look at the start. The election timeout
// is 20 heartbeats and not 10: a busy machine stalls for longer than half a second.
func quick() Timers {
	t := Fast()
	t.Load, t.Open, t.WarmUp, t.Stop = 20*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	t.Election, t.XMLRPC = election, 200*time.Millisecond
	return t
}

const election = time.Second

// up makes a zone for a test, and a time limit for all that is done with it.
func up(t *testing.T, o Options) (*Zone, context.Context) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a fake zone needs root, for network namespaces")
		}
		t.Skip("a fake zone needs root, for network namespaces")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	o.Program = program
	if o.Timers == (Timers{}) {
		o.Timers = quick()
	}
	z, err := Up(ctx, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for id := range z.Servers() {
				for _, name := range []string{"var/stderr", EventsFile, LogFile} {
					text, _ := os.ReadFile(z.Path(id, name))
					t.Logf("server %d: %s:\n%s", id, name, text)
				}
			}
		}
		cancel()
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	})
	return z, ctx
}

// must returns the value of a call that succeeded.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// since are the events of a server from a time on; those of hooks with process
// IDs left out of their texts.
func since(t *testing.T, z *Zone, id int, from time.Time, what ...string) []Event {
	t.Helper()
	var found []Event
	for _, e := range must[[]Event](t)(z.Events(id)) {
		if !e.Time.Before(from) && strings.Contains(" "+strings.Join(what, " ")+" ", " "+e.What+" ") {
			found = append(found, e)
		}
	}
	return found
}

// words are the events' texts.
func words(events []Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Text)
	}
	return strings.Join(all, " ")
}

// write writes, again when an election is in the way.
func write(ctx context.Context, t *testing.T, z *Zone, id int, key, value string) {
	t.Helper()
	ok(t, z.Wait(ctx, "a write", func(ctx context.Context) bool {
		err := z.Write(ctx, id, key, value)
		if err != nil && refusalCode(err) != internal {
			t.Error(err)
		}
		return err == nil
	}))
}

// ledAfter is how long after a time a server became leader.
func ledAfter(t *testing.T, z *Zone, id int, from time.Time) time.Duration {
	t.Helper()
	for _, e := range since(t, z, id, from, "state") {
		if e.Text == "leader" {
			return e.Time.Sub(from)
		}
	}
	t.Fatalf("server %d did not become leader", id)
	return 0
}

// waitState waits until a server is in a state.
func waitState(ctx context.Context, t *testing.T, z *Zone, id int, want State) {
	t.Helper()
	ok(t, z.Wait(ctx, fmt.Sprintf("server %d as %s", id, want), func(ctx context.Context) bool {
		s, err := z.Status(ctx, id)
		return err == nil && s.State == want
	}))
}

// setID changes SERVER_ID in the configuration of a server.
func setID(t *testing.T, z *Zone, id int, from, to string) {
	t.Helper()
	file := z.Path(id, ConfFile)
	text := string(must[[]byte](t)(os.ReadFile(file)))
	changed := strings.Replace(text, "SERVER_ID     = "+from, "SERVER_ID     = "+to, 1)
	if changed == text {
		t.Fatalf("%s has no SERVER_ID %s", filepath.Base(file), from)
	}
	ok(t, os.WriteFile(file, []byte(changed), 0o644))
}

// between fails when d is not what was measured, with the room that a busy
// machine needs.
func between(t *testing.T, what string, d, low, high time.Duration) {
	t.Helper()
	t.Logf("%s: %v", what, d.Round(time.Millisecond))
	if d < low || d > high {
		t.Errorf("%s: %v, want %v to %v", what, d, low, high)
	}
}

// refusalCode is the code of a refusal, 0 for any other error and for none.
func refusalCode(err error) int {
	var no *Refusal
	if errors.As(err, &no) {
		return no.Code
	}
	return 0
}
