// Package inside is what tests need that run something in disposable machines of
// the lab: the lab itself, until the test ends, and programs to bind into the
// machines.
package inside

import (
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Open opens a lab until the test ends. Source is the module's root, for machines
// in which this project is installed, or empty. Without root the test is skipped,
// in CI it fails.
func Open(t *testing.T, prefix, source string) *lab.Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		const why = "the lab's machines need root: run the tests as root"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	// The root file system may have to be built first.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: prefix, CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: source})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Build builds a command of this module, such as "../cmd/fakeredfish", and returns
// a bind that puts it under /mnt in a machine.
func Build(t *testing.T, command string) lab.Bind {
	t.Helper()
	file := filepath.Join(t.TempDir(), path.Base(command))
	build := exec.Command("go", "build", "-o", file, command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // the machine may have another C library
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", command, err, out)
	}
	return lab.Bind{Host: file, Inside: "/mnt/" + path.Base(command), ReadOnly: true}
}
