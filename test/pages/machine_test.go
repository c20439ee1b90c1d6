package pages

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/packages/build"
)

// machine is where a page is pasted.
type machine struct {
	lab   *lab.Lab
	binds []lab.Bind
	first string // commands of a shell before the page's own, each with a semicolon behind it
}

// installs are the pages that begin with an installation: their machine has never heard
// of oneha, and the packages lie in the directory where they are pasted.
var installs = map[string]bool{"quickstart.md": true}

// machineFor is the machine of a page.
func machineFor(t *testing.T, page string) machine {
	t.Helper()
	if place == nil {
		t.Skip("the machine needs root")
	}
	if !installs[page] {
		return machine{lab: place}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	fresh, err := lab.Open(ctx, lab.Options{Prefix: "pages-fresh", CacheDir: os.Getenv("ONEHA_CACHE_DIR")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	})
	made, err := build.Make(ctx, "../..", t.TempDir(), "1.0.0", runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	const there = "/mnt/packages"
	return machine{
		lab: fresh, binds: []lab.Bind{{Host: made, Inside: there, ReadOnly: true}},
		first: "! command -v oneha || exit 99; cp " + there + "/* .; export DEBIAN_FRONTEND=noninteractive; ",
	}
}
