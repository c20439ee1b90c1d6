// Package foresight compares what oneha plan says of each failure with what a real
// cluster does when it happens: the same nodes are fenced, the same resources run at
// the same places and were started again, and it takes no longer than the budget allows.
package foresight

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// example is the cluster that everything happens to, with the timing of its description:
// the plan knows nothing else of the cluster either.
const example = "../../examples/two-node.yaml"

// limit ends a broken run; a good one takes a third of it.
const limit = 20 * time.Minute

// TestEveryPredictionHappens does the failures of the table; those that are rare only with
// ONEHA_FORESIGHT=all (make foresight).
func TestEveryPredictionHappens(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	w := startCluster(t, ctx)
	var done []comparison
	figures := budget{}
	t.Cleanup(func() { // also when one of them stops the test
		var tables strings.Builder
		if err := errors.Join(writeTable(&tables, done), figures.write(&tables)); err != nil {
			t.Error(err)
		}
		t.Logf("\n%s", &tables)
	})
	for _, f := range failures {
		if f.rare && os.Getenv("ONEHA_FORESIGHT") != "all" {
			continue
		}
		c, err := compare(ctx, w, f, t.Logf)
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		done = append(done, c)
		for _, d := range c.differences() {
			t.Errorf("%s (%s): %s", c.name, c.predicted.Failure, d)
		}
		if err := figures.add(c); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, e := range figures.exceeded() {
		t.Error(e)
	}
	if err := w.Audit(ctx); err != nil {
		t.Error(err)
	}
}

// startCluster brings the cluster up, and takes it down after the test, with the logs
// kept when it failed.
func startCluster(t *testing.T, ctx context.Context) *scenario.Watch {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs root")
		}
		t.Skip("needs root: the lab makes namespaces, mounts and control groups")
	}
	logs := filepath.Join(os.TempDir(), "oneha-foresight")
	l, err := lab.Open(ctx, lab.Options{Prefix: "foresight", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: "../..", Diagnostics: logs, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := l.Up(ctx, example)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if err := c.Collect(context.Background()); err != nil {
				t.Log(err)
			}
			t.Logf("logs of the nodes are in %s", logs)
		}
	})
	w, err := scenario.NewWatch(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	for _, n := range c.Nodes {
		if err := n.Copy(example, description); err != nil {
			t.Fatal(err)
		}
	}
	settling, cancel := context.WithTimeout(ctx, healLimit)
	defer cancel()
	if err := c.WaitSettled(settling); err != nil {
		t.Fatal(err)
	}
	return w
}
