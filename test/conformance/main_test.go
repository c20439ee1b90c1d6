// Package conformance holds our agents against the programs that will use them:
// ocf-tester, the schemas, pcs, crmsh and Pacemaker's own tools, and a real
// systemd.
package conformance

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// place is where the tests of this package run their commands.
var place *lab.Lab

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 && os.Getenv("CI") != "true" {
		fmt.Println("skipped: the conformance tests need root for the lab's machines")
		return
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	l, err := lab.Open(ctx, lab.Options{Prefix: "conform", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../.."})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	place = l
	code := m.Run()
	if err := l.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return code
}

// run runs a shell script in a disposable machine, fails the test unless it
// exits with 0, and returns what it printed.
func run(t *testing.T, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	r, err := place.Run(ctx, lab.Command{Args: []string{"sh", "-euc", script}})
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// bootMachine boots a machine with systemd for the test.
func bootMachine(t *testing.T) *lab.Machine {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m, err := place.Boot(ctx, strings.ToLower(strings.Map(func(r rune) rune {
		if r == '_' || r == '/' {
			return '-'
		}
		return r
	}, t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// in runs a shell script in a booted machine, as run does.
func in(t *testing.T, m *lab.Machine, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r, err := m.Exec(ctx, "sh", "-euc", script)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return r.Stdout
}
