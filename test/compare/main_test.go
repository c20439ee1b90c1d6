// Package compare runs the stock agent, ocf:heartbeat:IPaddr2, and ours,
// ocf:opennebula:vip, through the same parameters and situations, and holds the
// result against docs/compatibility.md.
//
// Every scenario runs with both agents, each in a fresh network of its own: a
// node, and a peer that listens. What differs must have a row in the table of
// deliberate differences with its reason, and every row there must name a real
// difference, so neither a regression nor an outdated excuse stays. With -update
// the tables in the document are written anew.
//
// All of it happens in one disposable machine of the lab, into which this test
// binary is bound and started again (see TestInside).
package compare

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

var update = flag.Bool("update", false, "write the tables in docs/compatibility.md anew")

// place opens the lab when the first test needs it.
var place = sync.OnceValues(func() (*lab.Lab, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return lab.Open(ctx, lab.Options{Prefix: "compare", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../.."})
})

func TestMain(m *testing.M) {
	code := m.Run()
	if opened.Load() {
		l, err := place()
		if err == nil {
			err = l.Close()
		}
		if err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// opened says that place was asked for.
var opened atomic.Bool

// machine runs a command in a disposable machine and fails the test unless it
// exits with 0.
func machine(t *testing.T, c lab.Command) lab.Result {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("the lab's machines need root: run the tests as root")
		}
		t.Skip("the lab's machines need root")
	}
	opened.Store(true)
	l, err := place()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r, err := l.Run(ctx, c)
	var exit *lab.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%s: exit %d\n%s%s", c.Args[0], r.Code, r.Stdout, r.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
