// Package labtest is what tests of whole machines have in common: who may run them,
// how long they wait, and what becomes of them when they fail.
package labtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// NeedMachines skips a test where machines are impossible, except in CI, where it
// fails.
func NeedMachines(t testing.TB) {
	t.Helper()
	missing := ""
	if os.Geteuid() != 0 {
		missing = "root"
	}
	for _, tool := range []string{"mmdebstrap", "systemd-nspawn", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = tool
		}
	}
	switch {
	case missing == "":
	case os.Getenv("CI") == "true":
		t.Fatalf("the lab needs %s", missing)
	default:
		t.Skipf("the lab needs %s", missing)
	}
}

// CacheDir is where root file systems are kept, "" for the usual place.
func CacheDir() string { return os.Getenv("ONEHA_CACHE_DIR") }

// All reports whether a suite is to run in full: its variable is "all".
func All(variable string) bool { return os.Getenv(variable) == "all" }

// Machines is a set of machines that a test brought up.
type Machines interface {
	Logs(ctx context.Context, dir string) error
	Down() error
}

// Up brings machines up by make and takes them down after the test, with the logs
// kept in a directory called name when it failed. The context, for all that the test
// does with them, ends a minute before the tests' own time does, so that there is
// time for that.
func Up[M Machines](t testing.TB, name string, make func(context.Context) (M, error)) (M, context.Context) {
	t.Helper()
	NeedMachines(t)
	ctx, cancel := Within(t)
	t.Cleanup(cancel)
	m, err := make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			keep(t, m, filepath.Join(os.TempDir(), "oneha-"+name))
		}
		if err := m.Down(); err != nil {
			t.Error(err)
		}
	})
	return m, ctx
}

// Within is a context that ends a minute before the tests' own time.
func Within(t testing.TB) (context.Context, context.CancelFunc) {
	if t, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := t.Deadline(); ok {
			return context.WithDeadline(context.Background(), end.Add(-time.Minute))
		}
	}
	return context.WithTimeout(context.Background(), 30*time.Minute)
}

func keep(t testing.TB, m Machines, dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := m.Logs(ctx, dir); err != nil {
		t.Log(err)
	}
	t.Logf("logs of the machines are in %s", dir)
}
